"""A finished job whose answer can't be used is kept and asked for again: asking is free.

Every wire is given every answer that says "done" and brings nothing usable, and every way in which
a download can say "not found", once each. Each shot is bought once.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from storyboard.run.attempts import Attempt, State
from storyboard.simulator.gate import STRANGE_ANSWERS
from storyboard.simulator.serve import Simulator
from tests.story.wires import Stage, cli, staged

WIRES = ("vertex", "bucket", "vertex-omni", "gemini", "omni", "videos")
LOST_DOWNLOADS = ("not_found", "not_found=page", "redirect=gone")
NO_RETENTION = ("storyboard.run.following.retention_s", lambda attempt: 0.0)

Prepare = Callable[[str], Stage]


@pytest.fixture
def prepare(
    services: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Stage]:
    return lambda wire: staged(services, wire, tmp_path, monkeypatch)


def write_shots(stage: Stage, count: int) -> None:
    """A film of so many paid shots, all of them rendered."""
    shots = [
        f"{{id: SH{n:03d}, prompt: Boat {n} at the quay, duration: 4}}" for n in range(1, count + 1)
    ]
    stage.write("\n  - ".join(shots))
    stage.shots = tuple(f"SH{n:03d}" for n in range(1, count + 1))


def find_states(stage: Stage) -> list[State]:
    return [attempt.state for attempt in stage.attempts]


@pytest.mark.parametrize("wire", WIRES)
def test_each_unusable_answer_once_at_a_poll_ends_in_one_job(
    prepare: Prepare, capsys: pytest.CaptureFixture[str], wire: str
) -> None:
    stage = prepare(wire)
    shapes = [shape for shape in STRANGE_ANSWERS if (shape == "expired") == (wire == "videos")]
    write_shots(stage, len(shapes))
    for shape in shapes:
        stage.sim.world.faults.add(f"strange={shape}@poll" if shape else "strange@poll")
    said = stage.render(capsys)
    assert said.code == 0, said.err
    assert not stage.sim.world.faults.waiting, "every answer was given"
    assert find_states(stage) == [State.COMMITTED] * len(shapes)
    assert len(stage.charges) == len(stage.jobs) == stage.submits == len(shapes)


@pytest.mark.parametrize("wire", [*WIRES, "chat"])
def test_each_lost_download_ends_in_one_job(
    prepare: Prepare, capsys: pytest.CaptureFixture[str], wire: str
) -> None:
    stage = prepare(wire)
    write_shots(stage, len(LOST_DOWNLOADS))
    for fault in LOST_DOWNLOADS:
        stage.sim.world.faults.add(f"{fault}:3@download")
    codes = [stage.render(capsys).code]
    stage.sim.world.faults.clear()
    codes.append(stage.render(capsys).code)
    assert codes[0] in (0, 3)
    assert codes[1] == 0
    assert find_states(stage) == [State.COMMITTED] * len(LOST_DOWNLOADS)
    assert len(stage.charges) == stage.submits == len(LOST_DOWNLOADS)


def test_later_renders_ask_until_the_service_keeps_no_results(
    prepare: Prepare, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = prepare("vertex")
    stage.sim.world.faults.add("strange:1000@poll")
    for _ in range(2):
        said = stage.render(capsys)
        assert said.code == 3
        assert "the job is kept; until " in said.err
        assert find_states(stage) == [State.SUBMITTED]
    (noted,) = stage.attempts
    assert noted.unusable_until is not None
    change_ledger(stage, "samples = json_replace(samples, '$[0].expires_at', 1.0)")
    said = stage.render(capsys)
    assert (said.code, find_states(stage)) == (3, [State.LOST])
    assert stage.submits == 1


def lose_take(stage: Stage, capsys: pytest.CaptureFixture[str]) -> Attempt:
    """A paid job whose result the service says is gone, after the time that it keeps results."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*NO_RETENTION)
        stage.sim.world.faults.add("not_found:40@download")
        assert stage.render(capsys).code == 3
    stage.sim.world.faults.clear()
    (attempt,) = stage.attempts
    assert attempt.state is State.LOST
    return attempt


def test_a_lost_take_is_adopted_back_and_fetched(
    prepare: Prepare, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = prepare("bucket")
    lost = lose_take(stage, capsys)
    said = cli(capsys, "resolve", "film.yaml", "SH010:t01", "--adopt", lost.operation)
    assert said.code == 0, said.err
    (held,) = stage.attempts
    assert (held.state, held.settled_micros) == (State.SUBMITTED, 0)
    assert held.held_micros == lost.settled_micros, "its money is held again, and counts once"
    assert stage.render(capsys).code == 0
    assert (stage.submits, len(stage.charges)) == (1, 1)


def test_only_rebuy_buys_a_lost_take_again(
    prepare: Prepare, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = prepare("bucket")
    stage.write(more="policy: {on_failed: retry, on_filtered: retry, retries: 5}")
    lost = lose_take(stage, capsys)
    for flags in ((), ("--force", "SH010"), ("--accept-stale",)):
        said = stage.render(capsys, *flags)
        assert said.code == 7, flags
        assert "--rebuy SH010" in said.err
    plan = cli(capsys, "plan", "film.yaml", "SH010")
    assert "charged by the service, and no take came" in plan.out + plan.err
    plan = cli(capsys, "plan", "film.yaml", "SH010", "--rebuy", "SH010")
    assert "take missing" in plan.out
    assert "$1.60" in plan.out, "it is priced"
    said = stage.render(capsys, "--rebuy", "SH010", "--max-cost", "1")
    assert said.code == 6, "under the budget"
    assert stage.submits == 1
    assert stage.render(capsys, "--rebuy", "SH010").code == 0
    assert stage.render(capsys, "--rebuy", "SH010").code == 0, "it is there now"
    assert (stage.submits, len(stage.charges)) == (2, 2)
    said = cli(capsys, "resolve", "film.yaml", "SH010:t01", "--adopt", lost.operation)
    assert said.code == 2, "its take was bought again"


def test_two_shots_that_share_a_charged_take_buy_it_once(
    prepare: Prepare, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = prepare("vertex")
    same = "prompt: A boat at the quay, duration: 4, seed: 7"
    stage.write(f"{{id: SH010, {same}}}\n  - {{id: SH020, {same}}}")
    stage.shots = ("SH010", "SH020")
    stage.sim.world.faults.add("wrong_length")
    said = stage.render(capsys)
    assert (said.code, stage.submits) == (7, 1), said.err


def test_a_chat_that_died_before_its_result_was_noted_is_a_persons_to_decide(
    prepare: Prepare, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = prepare("chat")
    assert stage.render(capsys).code == 0
    forget_result(stage)
    for _ in range(2):
        said = stage.render(capsys)
        assert (said.code, find_states(stage)) == (7, [State.UNKNOWN]), said.err
        assert "may have been bought" in said.err
    assert stage.submits == 1


def forget_result(stage: Stage) -> None:
    """The state that a run leaves which dies between the name of its job and the result."""
    change_ledger(stage, "state = 'submitted', samples = '[]', sha256 = '', settled_micros = 0")
    shutil.rmtree(stage.folder / ".storyboard" / "store")
    (stage.folder / "film.selects.yaml").unlink()


def change_ledger(stage: Stage, facts: str) -> None:
    """Writes into the ledger what time, or a death, would have left there."""
    with closing(sqlite3.connect(stage.folder / ".storyboard/film/ledger.sqlite")) as ledger:
        ledger.execute(f"UPDATE attempts SET {facts} WHERE provider <> 'previz'")
        ledger.commit()
