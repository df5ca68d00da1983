"""The lines that a benchmark prints."""

from __future__ import annotations

from tests.bench.clock import Took


def heading(text: str) -> None:
    print(f"\n{text}", flush=True)


def row(what: str, took: Took, ratio: str = "", aim: str = "") -> None:
    """One line: what, CPU and wall seconds, a ratio and what was aimed at."""
    line(f"{what:<52} {took.cpu_s:8.2f} s CPU {took.wall_s:8.2f} s wall", ratio, aim)


def step_row(what: str, took: Took, n: int, ratio: str = "", aim: str = "") -> None:
    """The same for one of `n` steps, in microseconds."""
    cpu, wall = took.cpu_s / n * 1e6, took.wall_s / n * 1e6
    line(f"{what:<52} {cpu:7.0f} us CPU {wall:7.0f} us wall a step", ratio, aim)


def memory_row(what: str, took: Took) -> None:
    line(f"{what:<52} {took.peak_mb:7.0f} MB peak {took.wall_s:8.2f} s wall")


def line(text: str, ratio: str = "", aim: str = "") -> None:
    told = (text, ratio, f"(aim: {aim})" if aim else "")
    print("  " + "   ".join(filter(None, told)), flush=True)
