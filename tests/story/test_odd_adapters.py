"""An adapter that breaks in a way nobody foresaw: its step fails, and the others go on."""

from __future__ import annotations

import errno
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "fakes"))
from run_fakes import Pretend, Set, last_of, shot

from storyboard.cli import main
from storyboard.disk import DiskProblem
from storyboard.providers.base import Operation, Outcome, Sample, Workplace
from storyboard.run.attempts import State
from storyboard.run.ledger import Ledger


@pytest.fixture(autouse=True)
def _quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.005")


@dataclass
class Odd(Pretend):
    """Trips over what its service lists of the account."""

    async def account(self) -> str:
        raise KeyError("project")


@dataclass
class Listing(Pretend):
    """Loses an answer, and trips over the listing where its result would be."""

    async def submit(self, request: object, place: object) -> Operation:
        raise ConnectionError("reset")

    async def trace(self, tag: str) -> tuple[Sample, ...]:
        raise KeyError("name")


class Broken(Set):
    """Whose adapter can't even be made."""

    def _provider(self, name: str) -> Pretend:
        raise KeyError(name)


@pytest.mark.parametrize("takes", [1, 2])
def test_its_step_fails_with_the_traceback_in_the_log_and_others_go_on(
    tmp_path: Path, takes: int
) -> None:
    providers = {"paid": Pretend(tmp_path / "remote"), "odd": Odd(tmp_path / "odd", "odd")}
    steps = [
        shot("SH010", provider="odd", takes=takes),
        shot("SH020", provider="odd", links=[last_of("SH010")]),
        shot("SH030"),
    ]
    film = Set(tmp_path / "film.yaml", steps, providers)
    result = film.render()
    assert (result.exit_code, list(result.selects)) == (3, ["SH030"])
    assert (list(result.failed), list(result.blocked)) == (["SH010"], ["SH020"])
    (told,) = film.told("step_failed")
    assert "a fault of the adapter of odd" in told["message"]
    assert "KeyError: 'project'" in told["trace"]


@pytest.mark.parametrize("where", ["submit", "poll"])
@pytest.mark.parametrize(
    ("fault", "words", "logged"),
    [
        (ConnectionError("no line"), "a fault of the adapter of local", "ConnectionError: no line"),
        (KeyError("frame"), "a fault of the adapter of local", "KeyError: 'frame'"),
        (OSError(errno.ENOSPC, "full"), "the disk is full", ""),
    ],
)
def test_whatever_it_trips_over_is_told_in_the_same_words_and_logged(
    tmp_path: Path, where: str, fault: Exception, words: str, logged: str
) -> None:
    async def trips(*_: object) -> None:
        raise fault

    local = Pretend(tmp_path / "local", "local", repeatable=True)
    setattr(local, where, trips)
    film = Set(tmp_path / "film.yaml", [shot("SH010", provider="local")], {"local": local})
    if logged:
        assert film.render().exit_code == 3
    else:
        with pytest.raises(DiskProblem):
            film.render()
    (told,) = film.told("step_failed")
    assert words in told["message"]
    assert logged in told.get("trace", "")
    assert bool(told.get("trace")) is bool(logged)
    assert ("the run log has its traceback" in told["hint"]) is bool(logged)


def test_an_order_that_can_not_be_looked_for_stays_held(tmp_path: Path) -> None:
    providers = {"paid": Pretend(tmp_path / "remote"), "odd": Listing(tmp_path / "odd", "odd")}
    steps = [shot("SH010", provider="odd"), shot("SH020")]
    film = Set(tmp_path / "film.yaml", steps, providers)
    for _ in range(2):
        result = film.render()
        assert (result.exit_code, list(result.selects)) == (7, ["SH020"])
    states = {each.step: each.state for each in Ledger.read(film.state)}
    assert states == {"SH010": State.UNKNOWN, "SH020": State.COMMITTED}


def test_a_job_of_an_earlier_run_waits_until_its_adapter_is_whole(tmp_path: Path) -> None:
    maker = Pretend(tmp_path / "remote")

    async def unheard(operation: Operation, place: Workplace) -> Outcome:
        raise OSError("no line")

    film = Set(tmp_path / "film.yaml", [shot("SH010")], {"paid": maker})
    poll, maker.poll = maker.poll, unheard  # type: ignore[method-assign]
    assert film.render().exit_code == 3
    maker.poll = poll  # type: ignore[method-assign]
    broken = Broken(film.path, [], film.providers)
    assert broken.render().exit_code == 0
    (note,) = broken.told("note")
    assert "SH010:t01 failed by a fault of the adapter" in note["message"]
    assert film.render().exit_code == 0
    assert len(maker.bill()) == 1


def test_a_fault_of_our_own_ends_in_a_last_line_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_: object, **__: object) -> int:
        raise KeyError("nobody foresaw it")

    monkeypatch.setattr(main.cli, "main", faulty)
    assert main.run(["render", "film.yaml", "--json"]) == 3
    said = capsys.readouterr()
    assert json.loads(said.out.splitlines()[-1])["error"]["exit_code"] == 3
    assert "KeyError: 'nobody foresaw it'" in said.err
