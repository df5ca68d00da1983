"""An adapter that breaks in a way nobody foresaw: its step fails, and the others go on."""

from __future__ import annotations

import errno
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "fakes"))
from run_fakes import FakeFilm, FakeProvider, build_step, link_last_frame

from storyboard.cli import app
from storyboard.providers.base import Operation, Outcome, Sample, Workplace
from storyboard.run.ledger.attempts import State
from storyboard.run.ledger.ledger import Ledger
from storyboard.util.machine_errors import MachineProblem


@pytest.fixture(autouse=True)
def _poll_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.005")


@dataclass
class FaultyAccountProvider(FakeProvider):
    """Trips over what its service lists of the account."""

    async def account(self) -> str:
        raise KeyError("project")


@dataclass
class FaultyListingProvider(FakeProvider):
    """Loses an answer, and trips over the listing where its result would be."""

    async def submit(self, request: object, place: object) -> Operation:
        raise ConnectionError("reset")

    async def trace(self, tag: str) -> tuple[Sample, ...]:
        raise KeyError("name")


class UnloadableFilm(FakeFilm):
    """Whose adapter can't even be made."""

    def _load_provider(self, name: str) -> FakeProvider:
        raise KeyError(name)


@pytest.mark.parametrize("takes", [1, 2])
def test_its_step_fails_with_the_traceback_in_the_log_and_others_go_on(
    tmp_path: Path, takes: int
) -> None:
    providers = {
        "paid": FakeProvider(tmp_path / "remote"),
        "odd": FaultyAccountProvider(tmp_path / "odd", "odd"),
    }
    steps = [
        build_step("SH010", provider="odd", takes=takes),
        build_step("SH020", provider="odd", links=[link_last_frame("SH010")]),
        build_step("SH030"),
    ]
    film = FakeFilm(tmp_path / "film.yaml", steps, providers)
    result = film.render()
    assert (result.exit_code, list(result.selects)) == (3, ["SH030"])
    assert (list(result.failed), list(result.blocked)) == (["SH010"], ["SH020"])
    (failure,) = film.find_events("step_failed")
    assert "a bug in the adapter of odd" in failure["message"]
    assert "KeyError: 'project'" in failure["trace"]


@pytest.mark.parametrize("where", ["submit", "poll"])
@pytest.mark.parametrize(
    ("fault", "words", "logged"),
    [
        (ConnectionError("no line"), "a bug in the adapter of local", "ConnectionError: no line"),
        (KeyError("frame"), "a bug in the adapter of local", "KeyError: 'frame'"),
        (OSError(errno.ENOSPC, "full"), "the disk is full", ""),
    ],
)
def test_every_adapter_fault_is_reported_alike_and_logged(
    tmp_path: Path, where: str, fault: Exception, words: str, logged: str
) -> None:
    async def raise_fault(*_: object) -> None:
        raise fault

    local = FakeProvider(tmp_path / "local", "local", repeatable=True)
    setattr(local, where, raise_fault)
    film = FakeFilm(
        tmp_path / "film.yaml", [build_step("SH010", provider="local")], {"local": local}
    )
    if logged:
        assert film.render().exit_code == 3
    else:
        with pytest.raises(MachineProblem):
            film.render()
    (failure,) = film.find_events("step_failed")
    assert words in failure["message"]
    assert logged in failure.get("trace", "")
    assert bool(failure.get("trace")) is bool(logged)
    assert ("see the traceback in the run log" in failure["hint"]) is bool(logged)


def test_money_of_an_untraceable_submission_stays_reserved(tmp_path: Path) -> None:
    providers = {
        "paid": FakeProvider(tmp_path / "remote"),
        "odd": FaultyListingProvider(tmp_path / "odd", "odd"),
    }
    steps = [build_step("SH010", provider="odd"), build_step("SH020")]
    film = FakeFilm(tmp_path / "film.yaml", steps, providers)
    for _ in range(2):
        result = film.render()
        assert (result.exit_code, list(result.selects)) == (7, ["SH020"])
    states = {attempt.step: attempt.state for attempt in Ledger.read_attempts(film.state)}
    assert states == {"SH010": State.UNKNOWN, "SH020": State.COMMITTED}


def test_a_job_of_an_earlier_run_waits_until_its_adapter_is_whole(tmp_path: Path) -> None:
    provider = FakeProvider(tmp_path / "remote")

    async def fail_to_poll(operation: Operation, place: Workplace) -> Outcome:
        raise OSError("no line")

    film = FakeFilm(tmp_path / "film.yaml", [build_step("SH010")], {"paid": provider})
    poll, provider.poll = provider.poll, fail_to_poll  # type: ignore[method-assign]
    assert film.render().exit_code == 3
    provider.poll = poll  # type: ignore[method-assign]
    broken = UnloadableFilm(film.path, [], film.providers)
    assert broken.render().exit_code == 0
    (note,) = broken.find_events("note")
    assert "SH010:t01 failed because of a bug in the adapter" in note["message"]
    assert film.render().exit_code == 0
    assert len(provider.read_bill()) == 1


def test_a_fault_of_our_own_ends_in_a_last_line_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_unexpectedly(*_: object, **__: object) -> int:
        raise KeyError("nobody foresaw it")

    monkeypatch.setattr(app.cli, "main", raise_unexpectedly)
    assert app.run_command_line(["render", "film.yaml", "--json"]) == 3
    output = capsys.readouterr()
    assert json.loads(output.out.splitlines()[-1])["error"]["exit_code"] == 3
    assert "KeyError: 'nobody foresaw it'" in output.err
