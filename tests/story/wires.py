"""A film of one paid shot on every wire, rendered in this process against the simulator."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from storyboard.cli.app import run_command_line
from storyboard.run.ledger.attempts import Attempt
from storyboard.run.ledger.ledger import Ledger
from storyboard.simulator.billing import Charge
from storyboard.simulator.server import Simulator
from tests.conftest import CommandResult

BUCKET = "providers: {vertex: {storage_uri: gs://films/tests}}"
WIRES = {
    "vertex": ("provider: vertex, model: veo-3.1", ""),
    "bucket": ("provider: vertex, model: veo-3.1", BUCKET),
    "vertex-omni": ("provider: vertex, model: omni-flash", ""),
    "gemini": ("provider: gemini, model: veo-3.1", ""),
    "omni": ("provider: gemini, model: omni-flash", ""),
    "videos": ("provider: cometapi, model: veo-3.1", ""),
    "chat": ("provider: cometapi, model: veo-3.1", "providers: {cometapi: {transport: chat}}"),
}
"""The defaults of the film, and a line of its own."""

SHOT = "{id: SH010, prompt: A boat at the quay, duration: 4}"
# A partial render of a film that is not whole does not cut it.
_FILM = """\
storyboard: 1
defaults: {%s, resolution: 720p}
%s
shots:
  - %s
  - {id: SH900, provider: previz, prompt: A gull, duration: 4}
"""


@dataclass
class SimulatorFilm:
    """The film of one wire in a folder of its own; the simulator, emptied."""

    simulator: Simulator
    wire: str
    folder: Path
    shots: Sequence[str] = ("SH010",)
    flags: list[str] = field(default_factory=list)

    def write_film(self, shot: str = SHOT, more: str = "") -> None:
        defaults, line = WIRES[self.wire]
        (self.folder / "film.yaml").write_text(_FILM % (defaults, f"{line}\n{more}", shot))

    def render(self, capsys: pytest.CaptureFixture[str], *flags: str) -> CommandResult:
        retired = ["--allow-retired"] if self.wire == "gemini" else []
        return run_in_process(capsys, "render", "film.yaml", *self.shots, "--yes", *retired, *flags)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return Ledger.read_attempts(self.folder / ".storyboard" / "film")

    @property
    def charges(self) -> list[Charge]:
        """What is to be paid."""
        return [charge for charge in self.simulator.world.bill.charges if charge.usd]

    @property
    def jobs(self) -> list[str]:
        """The jobs that were ever begun."""
        return list(self.simulator.world.jobs)

    @property
    def submission_count(self) -> int:
        """Requests for a job that came in, taken or not."""
        return sum(request.route == "submit" for request in self.simulator.world.journal)

    @property
    def stored_media(self) -> list[Path]:
        """The media in the store."""
        takes = self.folder / ".storyboard" / "store" / "takes"
        return [path for path in takes.rglob("*") if path.suffix in (".mp4", ".png", ".jpg")]


def run_in_process(capsys: pytest.CaptureFixture[str], *arguments: str) -> CommandResult:
    """One command line in this process, in the current folder."""
    before = gc.get_threshold()
    capsys.readouterr()
    try:
        code = run_command_line(arguments)
    finally:
        gc.set_threshold(*before)
    output = capsys.readouterr()
    assert "Traceback" not in output.err, output.err
    return CommandResult(code, output.out, output.err)


def set_up_film(
    simulator: Simulator,
    wire: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    env: Mapping[str, str] | None = None,
) -> SimulatorFilm:
    """A stage whose simulator has nothing in it, with the environment pointed at it."""
    simulator.world.reset()
    for name, value in build_environment(simulator, env).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    film = SimulatorFilm(simulator, wire, folder)
    film.write_film()
    return film


def build_environment(
    simulator: Simulator, more: Mapping[str, Any] | None = None
) -> dict[str, str]:
    return {**simulator.environment(), "STORYBOARD_POLL_S": "0.02", **(more or {})}
