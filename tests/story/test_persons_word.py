"""What a person says of a job that nobody can ask about, and what can't be said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from storyboard.run.attempts import State
from storyboard.simulator.serve import Simulator
from tests.story.test_lost_ledger import shared
from tests.story.wires import Stage, cli, staged

Capture = pytest.CaptureFixture[str]
RESOLVE = ("resolve", "film.yaml", "SH010:t01")


@pytest.fixture
def unanswered(
    services: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> Stage:
    """A film whose order never came to be, which nobody can know."""
    stage = staged(services, "vertex", tmp_path, monkeypatch)
    stage.sim.world.faults.add("drop_before@submit")
    assert stage.render(capsys).code == 7
    return stage


def test_a_mistyped_operation_can_be_taken_back(unanswered: Stage, capsys: Capture) -> None:
    assert cli(capsys, *RESOLVE, "--adopt", " ").code == 2
    assert cli(capsys, *RESOLVE, "--adopt", "typo").code == 0
    assert "a person says it is typo" in cli(capsys, *RESOLVE).err
    rendered = unanswered.render(capsys)
    assert rendered.code == 7
    assert "--assume-not-sent" in rendered.err
    assert cli(capsys, *RESOLVE, "--assume-not-sent").code == 0
    assert unanswered.render(capsys).code == 0
    (failed, made) = unanswered.attempts
    assert (failed.state, made.state) == (State.FAILED, State.COMMITTED)
    assert len(unanswered.charges) == 1


def test_a_job_that_has_its_take_is_no_other_ones(unanswered: Stage, capsys: Capture) -> None:
    unanswered.write("{id: SH020, prompt: A car, duration: 4}")
    unanswered.shots = ("SH020",)
    assert unanswered.render(capsys).code == 0
    (job,) = unanswered.jobs
    for name in (job, job.rpartition("/")[2]):
        refused = cli(capsys, *RESOLVE, "--adopt", name)
        assert refused.code == 2
        assert "is SH020:t01" in refused.err
    assert unanswered.attempts[0].state is State.UNKNOWN


def test_of_what_a_film_that_is_gone_may_have_bought_a_person_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.005")
    _, storm, maker = shared(tmp_path)
    monkeypatch.setenv("STORYBOARD_STORE", str(tmp_path / "store"))
    shutil.rmtree(tmp_path / "letter")
    name = storm.render().unknown["SH020"].hint.rpartition(" ")[2].strip("`")
    asked = cli(capsys, "resolve", str(storm.path), name)
    assert asked.code == 7
    assert str(tmp_path / "letter") in asked.err
    assert cli(capsys, "resolve", str(storm.path), name, "--adopt", "op").code == 2
    assert storm.render().exit_code == 7
    assert cli(capsys, "resolve", str(storm.path), name, "--assume-lost").code == 0
    assert storm.render().exit_code == 0
    assert len(maker.bill()) == 3
