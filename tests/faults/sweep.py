"""Runs a command with one failing call, then without: what was said, and what was kept."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import PLUGINS
from tests.faults.injector import ERRORS
from tests.kill.forkserver import ForkServer

_PREVIZ = "storyboard: 1\ntitle: T\nshots: [{id: A, prompt: A quay, length: 1}]\n"
_PAID = (
    "storyboard: 1\ntitle: T\ndefaults: {provider: studio, model: studio-1, duration: 4}\n"
    "shots: [{id: A, prompt: A quay, length: 1}, {id: B, prompt: A boat, length: 1}]\n"
)
_RENDER_PREVIZ = ("render", "film.yaml", "--proxy", "-o", "film.mp4")
_RENDER_PAID = ("render", "film.yaml", "--yes", "-o", "film.mp4")
SCENARIOS = {
    "previz render": (_PREVIZ, False, _RENDER_PREVIZ),
    "paid render": (_PAID, False, _RENDER_PAID),
    "plan": (_PAID, True, ("plan", "film.yaml")),
    "gc": (_PAID, True, ("store", "gc", "--dry-run")),
}
"""By name, the film, whether it was rendered before, and the command that meets the fault."""
_CAUSES = {
    "ENOSPC": ("disk is full",),
    "EIO": ("disk fails", "disk error", "Input/output", "damaged"),
    "EMFILE": ("too many files", "Too many open files"),
    "EACCES": ("no permission", "Permission denied", "read-only"),
}
_BLAMES = ("bug in the adapter", "internal error", "Traceback")


@dataclass
class FaultTally:
    """What became of the faults."""

    count: int = 0
    passed: int = 0
    """Runs that ended well all the same."""
    wrong: list[str] = field(default_factory=list)

    def describe(self) -> str:
        """The figures on one line, then each fault that broke a promise."""
        head = (
            f"{self.count} faults: {self.passed} did no harm, {len(self.wrong)} told or kept wrong"
        )
        return "\n".join([head, *self.wrong])


class FaultSweep:
    """Faults in one folder of the caller's; `close` ends the process that it forks."""

    def __init__(self, folder: Path) -> None:
        self.tally = FaultTally()
        self._folder = folder.resolve()
        self._server = ForkServer(str(PLUGINS))
        self._clip = self._folder / "clip.mp4"
        self._bases: dict[str, Path] = {}

    def close(self) -> None:
        self._server.close()

    def count_calls(self, scenario: str, operation: str) -> int:
        """How many calls of that operation the command makes when nothing fails."""
        film = self._prepare(scenario)
        self._run(film, SCENARIOS[scenario][2], f"{operation}:0:")
        count = film.parent / "count"
        return int(count.read_text()) if count.exists() else 0

    def try_fault(self, scenario: str, operation: str, number: int, error_name: str) -> None:
        """Lets one call fail, and checks what is said and kept."""
        film = self._prepare(scenario)
        command = SCENARIOS[scenario][2]
        label = f"{scenario}, {operation} {number}, {error_name}"
        code, said = self._run(film, command, f"{operation}:{number}:{error_name}")
        self.tally.count += 1
        self.tally.passed += code == 0
        if blamed := [words for words in _BLAMES if words in said]:
            self.tally.wrong.append(f"{label}: {blamed[0]}: {said[-400:]}")
        elif code not in (0, 3, 4, 7):
            self.tally.wrong.append(f"{label}: exit {code}: {said[-400:]}")
        elif code and not any(words in said for words in _CAUSES[error_name]):
            self.tally.wrong.append(f"{label}: the cause isn't told: {said[-400:]}")
        if command[0] == "render":
            self._check_next_render(film, command, label, code)

    def _check_next_render(
        self, film: Path, command: tuple[str, ...], label: str, code: int
    ) -> None:
        again, said = self._run(film, command, "")
        bill = film.parent / "bill.jsonl"
        bought = (
            [json.loads(line)["prompt"] for line in bill.read_text().splitlines()]
            if bill.exists()
            else []
        )
        if again not in (0, 7):
            self.tally.wrong.append(f"{label}: exit {code}, then {again}: {said[-400:]}")
        if len(bought) != len(set(bought)):
            self.tally.wrong.append(f"{label}: bought twice: {bought}")
        if again == 0 and not (film / "film.mp4").exists():
            self.tally.wrong.append(f"{label}: no film")

    def _prepare(self, scenario: str) -> Path:
        """A fresh copy of the scenario's film folder."""
        text, is_rendered, _ = SCENARIOS[scenario]
        if scenario not in self._bases:
            base = self._folder / "bases" / scenario.replace(" ", "-")
            (base / "film").mkdir(parents=True)
            (base / "film" / "film.yaml").write_text(text)
            if is_rendered:
                self._run(base / "film", _RENDER_PAID, "")
            self._bases[scenario] = base
        work = self._folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(self._bases[scenario], work, symlinks=True)
        return work / "film"

    def _run(self, film: Path, command: tuple[str, ...], fault: str) -> tuple[int, str]:
        said = film.parent / "said.txt"
        env = {
            "STUDIO_BILL": str(film.parent / "bill.jsonl"),
            "STUDIO_CLIP": str(self._clip),
            "STORYBOARD_POLL_S": "0.01",
        }
        pid = self._server.start_command(film, command, env, said=said, fault=fault)
        return self._server.wait_for_exit(pid), said.read_text("utf-8", "replace")


def list_faults(sweep: FaultSweep) -> list[tuple[str, str, int, str]]:
    """Every fault that the scenarios can meet."""
    return [
        (scenario, operation, number, error_name)
        for scenario in SCENARIOS
        for operation in ("open", "fsync", "rename")
        for number in range(1, sweep.count_calls(scenario, operation) + 1)
        for error_name in ERRORS
    ]
