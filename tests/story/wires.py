"""A film of one paid shot on every wire, rendered in this process against the simulator."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from storyboard.cli.main import run
from storyboard.run.attempts import Attempt
from storyboard.run.ledger import Ledger
from storyboard.simulator.bill import Charge
from storyboard.simulator.serve import Simulator
from tests.conftest import Said

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
class Stage:
    """The film of one wire in a folder of its own; the simulator, emptied."""

    sim: Simulator
    wire: str
    folder: Path
    shots: Sequence[str] = ("SH010",)
    flags: list[str] = field(default_factory=list)

    def write(self, shot: str = SHOT, more: str = "") -> None:
        defaults, line = WIRES[self.wire]
        (self.folder / "film.yaml").write_text(_FILM % (defaults, f"{line}\n{more}", shot))

    def render(self, capsys: pytest.CaptureFixture[str], *flags: str) -> Said:
        retired = ["--allow-retired"] if self.wire == "gemini" else []
        return cli(capsys, "render", "film.yaml", *self.shots, "--yes", *retired, *flags)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return Ledger.read(self.folder / ".storyboard" / "film")

    @property
    def charges(self) -> list[Charge]:
        """What is to be paid."""
        return [each for each in self.sim.world.bill.charges if each.usd]

    @property
    def jobs(self) -> list[str]:
        """The jobs that were ever begun."""
        return list(self.sim.world.jobs)

    @property
    def submits(self) -> int:
        """Requests for a job that came in, taken or not."""
        return sum(each.route == "submit" for each in self.sim.world.journal)

    @property
    def stored(self) -> list[Path]:
        """The media in the store."""
        takes = self.folder / ".storyboard" / "store" / "takes"
        return [path for path in takes.rglob("*") if path.suffix in (".mp4", ".png", ".jpg")]


def cli(capsys: pytest.CaptureFixture[str], *arguments: str) -> Said:
    """One command line in this process, in the current folder."""
    before = gc.get_threshold()
    capsys.readouterr()
    try:
        code = run(arguments)
    finally:
        gc.set_threshold(*before)
    told = capsys.readouterr()
    assert "Traceback" not in told.err, told.err
    return Said(code, told.out, told.err)


def staged(
    sim: Simulator,
    wire: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    env: Mapping[str, str] | None = None,
) -> Stage:
    """A stage whose simulator has nothing in it, with the environment pointed at it."""
    sim.world.reset()
    for name, value in environment(sim, env).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    stage = Stage(sim, wire, folder)
    stage.write()
    return stage


def environment(sim: Simulator, more: Mapping[str, Any] | None = None) -> dict[str, str]:
    return {**sim.environment(), "STORYBOARD_POLL_S": "0.02", **(more or {})}
