"""How long things take and what they hold: CPU and wall seconds, and the peak of memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
"""Bytecode is kept, as on any user's machine: else every import is compiled again."""


@dataclass(frozen=True)
class Usage:
    cpu_s: float
    wall_s: float
    peak_mb: float = 0.0
    """Of the largest process."""


def run_command(argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> Usage:
    """Runs a command to its end; raises when it fails."""
    started = time.monotonic()
    process = subprocess.Popen(
        argv,
        cwd=cwd,
        env={**ENVIRONMENT, **(env or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {errors.decode(errors='replace')[-2000:]}")
    wall = time.monotonic() - started
    return Usage(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


class PeerProcess:
    """A process that stays and works through n no-op steps whenever it is told to.

    It reads n from a line and answers with a line of JSON, `cpu_s` and `wall_s` of the work alone;
    its first line says that it is ready, or in `skip` why it never will be.
    """

    def __init__(self, argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            argv,
            cwd=cwd,
            env={**ENVIRONMENT, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.skip_reason = str(self._read_answer().get("skip", ""))

    def run_steps(self, n: int) -> Usage:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{n}\n")
        self._process.stdin.flush()
        return Usage(**self._read_answer())

    def stop(self) -> None:
        self._process.communicate()

    def _read_answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        return {"skip": f"it ended with {self._process.wait()}"}


def run_interleaved(rounds: int, runs: Mapping[str, Callable[[], Usage]]) -> dict[str, Usage]:
    """Medians by name of `rounds` rounds in which every run has its turn; one round warms up."""
    usages_by_name: dict[str, list[Usage]] = {name: [] for name in runs}
    for round_number in range(rounds + 1):
        for name, run in runs.items():
            usage = run()
            if round_number:
                usages_by_name[name].append(usage)
    return {
        name: Usage(*map(statistics.median, zip(*map(astuple, usages), strict=True)))
        for name, usages in usages_by_name.items()
    }
