"""What a person says of a job that nobody can ask about, and what can't be said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from storyboard.run.ledger.attempts import State
from storyboard.simulator.server import Simulator
from tests.story.test_lost_ledger import build_shared_films
from tests.story.wires import SimulatorFilm, run_in_process, set_up_film

Capture = pytest.CaptureFixture[str]
RESOLVE = ("resolve", "film.yaml", "SH010:t01")


@pytest.fixture
def film(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> SimulatorFilm:
    """A film whose order never came to be, which nobody can know."""
    new_film = set_up_film(simulator, "vertex", tmp_path, monkeypatch)
    new_film.simulator.world.faults.add("drop_before@submit")
    assert new_film.render(capsys).code == 7
    return new_film


def test_a_mistyped_operation_can_be_taken_back(film: SimulatorFilm, capsys: Capture) -> None:
    assert run_in_process(capsys, *RESOLVE, "--adopt", " ").code == 2
    assert run_in_process(capsys, *RESOLVE, "--adopt", "typo").code == 0
    assert "adopted as typo" in run_in_process(capsys, *RESOLVE).err
    result = film.render(capsys)
    assert result.code == 7
    assert "--assume-not-sent" in result.err
    assert run_in_process(capsys, *RESOLVE, "--assume-not-sent").code == 0
    assert film.render(capsys).code == 0
    (failed, committed) = film.attempts
    assert (failed.state, committed.state) == (State.FAILED, State.COMMITTED)
    assert len(film.charges) == 1


def test_a_job_that_has_its_take_can_not_be_adopted(film: SimulatorFilm, capsys: Capture) -> None:
    film.write_film("{id: SH020, prompt: A car, duration: 4}")
    film.shots = ("SH020",)
    assert film.render(capsys).code == 0
    (job,) = film.jobs
    for name in (job, job.rpartition("/")[2]):
        result = run_in_process(capsys, *RESOLVE, "--adopt", name)
        assert result.code == 2
        assert "belongs to SH020:t01" in result.err
    assert film.attempts[0].state is State.UNKNOWN


def test_attempts_of_a_deleted_film_can_be_resolved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.005")
    _, storm, provider = build_shared_films(tmp_path)
    monkeypatch.setenv("STORYBOARD_STORE", str(tmp_path / "store"))
    shutil.rmtree(tmp_path / "letter")
    name = storm.render().unknown["SH020"].hint.rpartition(" ")[2].strip("`")
    result = run_in_process(capsys, "resolve", str(storm.path), name)
    assert result.code == 7
    assert str(tmp_path / "letter") in result.err
    assert run_in_process(capsys, "resolve", str(storm.path), name, "--adopt", "op").code == 2
    assert storm.render().exit_code == 7
    assert run_in_process(capsys, "resolve", str(storm.path), name, "--assume-lost").code == 0
    assert storm.render().exit_code == 0
    assert len(provider.read_bill()) == 3
