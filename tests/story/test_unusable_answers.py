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

from storyboard.run.ledger.attempts import Attempt, State
from storyboard.simulator.fault_injection import STRANGE_ANSWERS
from storyboard.simulator.server import Simulator
from tests.story.wires import SimulatorFilm, run_in_process, set_up_film

WIRES = ("vertex", "bucket", "vertex-omni", "gemini", "omni", "videos")
LOST_DOWNLOADS = ("not_found", "not_found=page", "redirect=gone")
NO_RETENTION = ("storyboard.run.executor.result_expiry.find_retention_s", lambda attempt: 0.0)

CreateFilm = Callable[[str], SimulatorFilm]


@pytest.fixture
def create_film(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], SimulatorFilm]:
    return lambda wire: set_up_film(simulator, wire, tmp_path, monkeypatch)


def write_shots(film: SimulatorFilm, count: int) -> None:
    """A film of so many paid shots, all of them rendered."""
    shots = [
        f"{{id: SH{n:03d}, prompt: Boat {n} at the quay, duration: 4}}" for n in range(1, count + 1)
    ]
    film.write_film("\n  - ".join(shots))
    film.shots = tuple(f"SH{n:03d}" for n in range(1, count + 1))


def find_states(film: SimulatorFilm) -> list[State]:
    return [attempt.state for attempt in film.attempts]


@pytest.mark.parametrize("wire", WIRES)
def test_each_unusable_answer_once_at_a_poll_ends_in_one_job(
    create_film: CreateFilm, capsys: pytest.CaptureFixture[str], wire: str
) -> None:
    film = create_film(wire)
    shapes = [shape for shape in STRANGE_ANSWERS if shape != "expired" or wire == "videos"]
    write_shots(film, len(shapes))
    for shape in shapes:
        film.simulator.world.faults.add(f"strange={shape}@poll" if shape else "strange@poll")
    result = film.render(capsys)
    assert result.code == 0, result.err
    assert not film.simulator.world.faults.waiting, "every answer was given"
    assert find_states(film) == [State.COMMITTED] * len(shapes)
    assert len(film.charges) == len(film.jobs) == film.submission_count == len(shapes)


@pytest.mark.parametrize("wire", [*WIRES, "chat"])
def test_each_lost_download_ends_in_one_job(
    create_film: CreateFilm, capsys: pytest.CaptureFixture[str], wire: str
) -> None:
    film = create_film(wire)
    write_shots(film, len(LOST_DOWNLOADS))
    for fault in LOST_DOWNLOADS:
        film.simulator.world.faults.add(f"{fault}:3@download")
    codes = [film.render(capsys).code]
    film.simulator.world.faults.clear()
    codes.append(film.render(capsys).code)
    assert codes[0] in (0, 3)
    assert codes[1] == 0
    assert find_states(film) == [State.COMMITTED] * len(LOST_DOWNLOADS)
    assert len(film.charges) == film.submission_count == len(LOST_DOWNLOADS)


def test_later_renders_ask_until_the_service_keeps_no_results(
    create_film: CreateFilm, capsys: pytest.CaptureFixture[str]
) -> None:
    film = create_film("vertex")
    film.simulator.world.faults.add("strange:1000@poll")
    for _ in range(2):
        result = film.render(capsys)
        assert result.code == 3
        assert "the job is kept until " in result.err
        assert find_states(film) == [State.SUBMITTED]
    (attempt,) = film.attempts
    assert attempt.unusable_until is not None
    change_ledger(film, "samples = json_replace(samples, '$[0].expires_at', 1.0)")
    result = film.render(capsys)
    assert (result.code, find_states(film)) == (3, [State.LOST])
    assert film.submission_count == 1


def lose_take(film: SimulatorFilm, capsys: pytest.CaptureFixture[str]) -> Attempt:
    """A paid job whose result the service says is gone, after the time that it keeps results."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*NO_RETENTION)
        film.simulator.world.faults.add("not_found:40@download")
        assert film.render(capsys).code == 3
    film.simulator.world.faults.clear()
    (attempt,) = film.attempts
    assert attempt.state is State.LOST
    return attempt


def test_a_lost_take_is_adopted_back_and_fetched(
    create_film: CreateFilm, capsys: pytest.CaptureFixture[str]
) -> None:
    film = create_film("bucket")
    lost = lose_take(film, capsys)
    result = run_in_process(capsys, "resolve", "film.yaml", "SH010:t01", "--adopt", lost.operation)
    assert result.code == 0, result.err
    (adopted,) = film.attempts
    assert (adopted.state, adopted.settled_micros) == (State.SUBMITTED, 0)
    assert adopted.held_micros == lost.settled_micros, "its money is held again, and counts once"
    assert film.render(capsys).code == 0
    assert (film.submission_count, len(film.charges)) == (1, 1)


def test_only_rebuy_buys_a_lost_take_again(
    create_film: CreateFilm, capsys: pytest.CaptureFixture[str]
) -> None:
    film = create_film("bucket")
    film.write_film(more="policy: {on_failed: retry, on_filtered: retry, retries: 5}")
    lost = lose_take(film, capsys)
    for flags in ((), ("--force", "SH010"), ("--accept-stale",)):
        result = film.render(capsys, *flags)
        assert result.code == 7, flags
        assert "--rebuy SH010" in result.err
    plan = run_in_process(capsys, "plan", "film.yaml", "SH010")
    assert "charged, but no take was delivered" in plan.out + plan.err
    plan = run_in_process(capsys, "plan", "film.yaml", "SH010", "--rebuy", "SH010")
    assert "take missing" in plan.out
    assert "$1.60" in plan.out, "it is priced"
    result = film.render(capsys, "--rebuy", "SH010", "--max-cost", "1")
    assert result.code == 6, "under the budget"
    assert film.submission_count == 1
    assert film.render(capsys, "--rebuy", "SH010").code == 0
    assert film.render(capsys, "--rebuy", "SH010").code == 0, "it is there now"
    assert (film.submission_count, len(film.charges)) == (2, 2)
    result = run_in_process(capsys, "resolve", "film.yaml", "SH010:t01", "--adopt", lost.operation)
    assert result.code == 2, "its take was bought again"


def test_two_shots_that_share_a_charged_take_buy_it_once(
    create_film: CreateFilm, capsys: pytest.CaptureFixture[str]
) -> None:
    film = create_film("vertex")
    same = "prompt: A boat at the quay, duration: 4, seed: 7"
    film.write_film(f"{{id: SH010, {same}}}\n  - {{id: SH020, {same}}}")
    film.shots = ("SH010", "SH020")
    film.simulator.world.faults.add("wrong_length")
    result = film.render(capsys)
    assert (result.code, film.submission_count) == (7, 1), result.err


def test_a_chat_killed_before_its_result_was_noted_needs_resolve(
    create_film: CreateFilm, capsys: pytest.CaptureFixture[str]
) -> None:
    film = create_film("chat")
    assert film.render(capsys).code == 0
    forget_result(film)
    for _ in range(2):
        result = film.render(capsys)
        assert (result.code, find_states(film)) == (7, [State.UNKNOWN]), result.err
        assert "submission outcome unknown" in result.err
    assert film.submission_count == 1


@pytest.mark.parametrize("fault", ["html", "not_found", "not_found=page", "redirect=gone"])
def test_a_chat_whose_video_can_not_be_fetched_yet_is_kept_by_every_render(
    create_film: CreateFilm, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    film = create_film("chat")
    film.simulator.world.faults.add(f"{fault}:1000@download")
    for _ in range(2):
        result = film.render(capsys)
        assert (result.code, find_states(film)) == (3, [State.DONE_REMOTE]), result.err
        assert "is finished, but the download failed" in result.err
    film.simulator.world.faults.clear()
    assert film.render(capsys).code == 0
    assert film.submission_count == 1


def forget_result(film: SimulatorFilm) -> None:
    """The state that a run leaves which dies between the name of its job and the result."""
    change_ledger(film, "state = 'submitted', samples = '[]', sha256 = '', settled_micros = 0")
    shutil.rmtree(film.folder / ".storyboard" / "store")
    (film.folder / "film.selects.yaml").unlink()


def change_ledger(film: SimulatorFilm, facts: str) -> None:
    """Writes into the ledger what time, or a death, would have left there."""
    with closing(sqlite3.connect(film.folder / ".storyboard/film/ledger.sqlite")) as ledger:
        ledger.execute(f"UPDATE attempts SET {facts} WHERE provider <> 'previz'")
        ledger.commit()
