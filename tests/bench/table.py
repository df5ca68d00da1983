"""The lines that a benchmark prints."""

from __future__ import annotations

from tests.bench.clock import Usage


def print_heading(text: str) -> None:
    print(f"\n{text}", flush=True)


def print_row(label: str, usage: Usage, ratio: str = "", aim: str = "") -> None:
    """One line: what, CPU and wall seconds, a ratio and what was aimed at."""
    print_line(f"{label:<52} {usage.cpu_s:8.2f} s CPU {usage.wall_s:8.2f} s wall", ratio, aim)


def print_step_row(label: str, usage: Usage, n: int, ratio: str = "", aim: str = "") -> None:
    """The same for one of `n` steps, in microseconds."""
    cpu, wall = usage.cpu_s / n * 1e6, usage.wall_s / n * 1e6
    print_line(f"{label:<52} {cpu:7.0f} us CPU {wall:7.0f} us wall a step", ratio, aim)


def print_memory_row(label: str, usage: Usage) -> None:
    print_line(f"{label:<52} {usage.peak_mb:7.0f} MB peak {usage.wall_s:8.2f} s wall")


def print_line(text: str, ratio: str = "", aim: str = "") -> None:
    columns = (text, ratio, f"(aim: {aim})" if aim else "")
    print("  " + "   ".join(filter(None, columns)), flush=True)
