"""How long commands take: CPU seconds of the process and its children, and wall seconds."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
"""Bytecode is kept, as on any user's machine: else every import is compiled again."""


@dataclass(frozen=True)
class Took:
    cpu_s: float
    wall_s: float


def command(argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> Took:
    """Runs a command to its end; raises when it fails."""
    started = time.monotonic()
    process = subprocess.Popen(
        argv,
        cwd=cwd,
        env={**_ENVIRONMENT, **(env or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {said.decode(errors='replace')[-2000:]}")
    return Took(usage.ru_utime + usage.ru_stime, time.monotonic() - started)


def interleaved(rounds: int, runs: Mapping[str, Callable[[], Took]]) -> dict[str, Took]:
    """Medians by name of `rounds` rounds in which every run has its turn; one round warms up."""
    taken: dict[str, list[Took]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            took = run()
            if number:
                taken[name].append(took)
    return {
        name: Took(
            statistics.median(each.cpu_s for each in all_),
            statistics.median(each.wall_s for each in all_),
        )
        for name, all_ in taken.items()
    }
