"""A ledger that can't be read is built again: nothing is forgotten, and nothing bought again."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from storyboard.run.attempts import State
from storyboard.simulator.serve import Simulator
from tests.story.wires import Stage, cli, staged

Capture = pytest.CaptureFixture[str]
DONE = "{id: SH020, prompt: A car, duration: 4}"
OPEN = "{id: SH010, prompt: A boat at the quay, duration: 4}"
TAKES = "{id: SH010, prompt: A boat at the quay, duration: 4, takes: 3}"
REBUILD = ("runs", "film.yaml", "--rebuild")


@pytest.fixture
def stage(
    services: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> Stage:
    """A film with a finished shot."""
    stage = staged(services, "vertex", tmp_path, monkeypatch)
    stage.write(DONE)
    stage.shots = ("SH020",)
    assert stage.render(capsys).code == 0
    return stage


def ordered(stage: Stage, capsys: Capture, shot: str = OPEN) -> None:
    """One more shot, whose job nobody can ask about for now."""
    stage.write(f"{DONE}\n  - {shot}")
    stage.shots = ("SH010", "SH020")
    stage.sim.world.faults.add("html:40@poll")
    assert stage.render(capsys).code == 3
    stage.sim.world.faults.clear()


def ledger(stage: Stage) -> Path:
    return stage.folder / ".storyboard" / "film" / "ledger.sqlite"


def deleted(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def overwritten(path: Path) -> None:
    """The rows are rubbish, from the second page on."""
    pages = path.read_bytes()
    path.write_bytes(pages[:4096] + b"\xff" * (len(pages) - 4096))


def nonsense(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE attempts SET state = 'weird' WHERE shot = 'SH010'")


@pytest.mark.parametrize("spoil", [emptied, overwritten, nonsense])
def test_what_is_at_stake_is_named_and_no_cent_is_spent_twice(
    stage: Stage, capsys: Capture, spoil: Callable[[Path], None]
) -> None:
    ordered(stage, capsys)
    (_, job) = stage.jobs
    spoil(ledger(stage))
    spoilt = ledger(stage).read_bytes()
    for command in ("render", "runs"):
        said = cli(capsys, command, "film.yaml")
        assert said.code == 4
        assert "--rebuild" in said.err

    rebuilt = cli(capsys, *REBUILD)
    assert rebuilt.code == 7
    assert "SH010:t01: unknown, $1.60 held" in rebuilt.err
    assert job in rebuilt.err
    aside = list(ledger(stage).parent.glob("ledger.damaged-*.sqlite"))
    assert [path.read_bytes() for path in aside] == [spoilt]
    (done,) = [each for each in stage.attempts if each.shot == "SH020"]
    assert (done.state, done.settled_micros > 0) == (State.COMMITTED, True)

    assert stage.render(capsys).code == 7
    assert cli(capsys, "resolve", "film.yaml", "SH010:t01", "--adopt", job).code == 0
    assert stage.render(capsys).code == 0
    assert (len(stage.charges), stage.submits) == (2, 2)
    assert not any(each.held_micros for each in stage.attempts)
    bill = sum(each.usd for each in stage.charges)
    assert sum(each.settled_micros for each in stage.attempts) == int(bill * 1_000_000)
    assert cli(capsys, *REBUILD).code == 0
    assert (len(stage.charges), len(stage.attempts)) == (2, 2)


def test_takes_of_one_order_share_their_operation_again(stage: Stage, capsys: Capture) -> None:
    ordered(stage, capsys, TAKES)
    (_, job) = stage.jobs
    deleted(ledger(stage))
    assert cli(capsys, *REBUILD).code == 7
    assert cli(capsys, "resolve", "film.yaml", "SH010", "--adopt", job).code == 0
    assert stage.render(capsys).code == 0
    assert stage.submits == 2
    assert [each.state for each in stage.attempts].count(State.COMMITTED) == 4


def test_a_person_may_say_that_it_was_not_sent_and_is_asked_once(
    stage: Stage, capsys: Capture
) -> None:
    stage.write(f"{DONE}\n  - {OPEN}")
    stage.shots = ("SH010", "SH020")
    stage.sim.world.faults.add("drop_before@submit")
    assert stage.render(capsys).code == 7
    deleted(ledger(stage))
    assert cli(capsys, *REBUILD).code == 7
    assert cli(capsys, "resolve", "film.yaml", "SH010", "--assume-not-sent").code == 0
    assert cli(capsys, *REBUILD).code == 0
    assert stage.render(capsys).code == 0
    assert len(stage.charges) == 2


def test_without_any_state_the_store_still_knows_what_is_at_stake(
    stage: Stage, capsys: Capture
) -> None:
    ordered(stage, capsys)
    (_, job) = stage.jobs
    shutil.rmtree(ledger(stage).parent)
    assert stage.render(capsys).code == 7
    shutil.rmtree(ledger(stage).parent)
    told = cli(capsys, *REBUILD)
    assert told.code == 7
    assert "SH010:t01: unknown, $1.60 held" in told.err
    assert cli(capsys, "resolve", "film.yaml", "SH010", "--adopt", job).code == 0
    assert stage.render(capsys).code == 0
    assert (len(stage.charges), stage.submits) == (2, 2)


def test_runs_and_resolve_know_a_film_by_its_state(stage: Stage, capsys: Capture) -> None:
    (stage.folder / "film.yaml").rename(stage.folder / "movie.yaml")
    told = cli(capsys, "runs", "film.yaml", "--cost")
    assert told.code == 0
    assert "SH020" in told.out
    assert cli(capsys, "runs", "nothing.yaml").code == 2
