"""A ledger that can't be read is built again: nothing is forgotten, and nothing bought again."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from storyboard.run.ledger.attempts import State
from storyboard.simulator.server import Simulator
from tests.story.wires import SimulatorFilm, run_in_process, set_up_film

Capture = pytest.CaptureFixture[str]
DONE = "{id: SH020, prompt: A car, duration: 4}"
OPEN = "{id: SH010, prompt: A boat at the quay, duration: 4}"
TAKES = "{id: SH010, prompt: A boat at the quay, duration: 4, takes: 3}"
REBUILD = ("runs", "film.yaml", "--rebuild")


@pytest.fixture
def film(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> SimulatorFilm:
    """A film with a finished shot."""
    film = set_up_film(simulator, "vertex", tmp_path, monkeypatch)
    film.write_film(DONE)
    film.shots = ("SH020",)
    assert film.render(capsys).code == 0
    return film


def leave_open_job(film: SimulatorFilm, capsys: Capture, shot: str = OPEN) -> None:
    """One more shot, whose job nobody can ask about for now."""
    film.write_film(f"{DONE}\n  - {shot}")
    film.shots = ("SH010", "SH020")
    film.simulator.world.faults.add("html:40@poll")
    assert film.render(capsys).code == 3
    film.simulator.world.faults.clear()


def locate_ledger(film: SimulatorFilm) -> Path:
    return film.folder / ".storyboard" / "film" / "ledger.sqlite"


def delete_ledger(path: Path) -> None:
    path.unlink()


def empty_ledger(path: Path) -> None:
    path.write_bytes(b"")


def overwrite_rows(path: Path) -> None:
    """The rows are rubbish, from the second page on."""
    pages = path.read_bytes()
    path.write_bytes(pages[:4096] + b"\xff" * (len(pages) - 4096))


def write_nonsense_state(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE attempts SET state = 'weird' WHERE shot = 'SH010'")


@pytest.mark.parametrize("spoil", [empty_ledger, overwrite_rows, write_nonsense_state])
def test_rebuild_names_open_jobs_and_nothing_is_paid_twice(
    film: SimulatorFilm, capsys: Capture, spoil: Callable[[Path], None]
) -> None:
    leave_open_job(film, capsys)
    (_, job) = film.jobs
    spoil(locate_ledger(film))
    damaged_bytes = locate_ledger(film).read_bytes()
    for command in ("render", "runs"):
        result = run_in_process(capsys, command, "film.yaml")
        assert result.code == 4
        assert "--rebuild" in result.err

    rebuilt = run_in_process(capsys, *REBUILD)
    assert rebuilt.code == 7
    assert "SH010:t01: unknown, $1.60 held" in rebuilt.err
    assert job in rebuilt.err
    quarantined = list(locate_ledger(film).parent.glob("ledger.damaged-*.sqlite"))
    assert [path.read_bytes() for path in quarantined] == [damaged_bytes]
    (finished,) = [each for each in film.attempts if each.shot == "SH020"]
    assert (finished.state, finished.settled_micros > 0) == (State.COMMITTED, True)

    assert film.render(capsys).code == 7
    assert run_in_process(capsys, "resolve", "film.yaml", "SH010:t01", "--adopt", job).code == 0
    assert film.render(capsys).code == 0
    assert (len(film.charges), film.submission_count) == (2, 2)
    assert not any(each.held_micros for each in film.attempts)
    bill = sum(each.usd for each in film.charges)
    assert sum(each.settled_micros for each in film.attempts) == int(bill * 1_000_000)
    assert run_in_process(capsys, *REBUILD).code == 0
    assert (len(film.charges), len(film.attempts)) == (2, 2)


def test_takes_of_one_submission_share_their_operation_again(
    film: SimulatorFilm, capsys: Capture
) -> None:
    leave_open_job(film, capsys, TAKES)
    (_, job) = film.jobs
    delete_ledger(locate_ledger(film))
    assert run_in_process(capsys, *REBUILD).code == 7
    assert run_in_process(capsys, "resolve", "film.yaml", "SH010", "--adopt", job).code == 0
    assert film.render(capsys).code == 0
    assert film.submission_count == 2
    assert [attempt.state for attempt in film.attempts].count(State.COMMITTED) == 4


def test_an_attempt_marked_as_not_sent_needs_no_second_resolve(
    film: SimulatorFilm, capsys: Capture
) -> None:
    film.write_film(f"{DONE}\n  - {OPEN}")
    film.shots = ("SH010", "SH020")
    film.simulator.world.faults.add("drop_before@submit")
    assert film.render(capsys).code == 7
    delete_ledger(locate_ledger(film))
    assert run_in_process(capsys, *REBUILD).code == 7
    assert run_in_process(capsys, "resolve", "film.yaml", "SH010", "--assume-not-sent").code == 0
    assert run_in_process(capsys, *REBUILD).code == 0
    assert film.render(capsys).code == 0
    assert len(film.charges) == 2


def test_without_a_state_folder_the_store_still_names_open_jobs(
    film: SimulatorFilm, capsys: Capture
) -> None:
    leave_open_job(film, capsys)
    (_, job) = film.jobs
    shutil.rmtree(locate_ledger(film).parent)
    assert film.render(capsys).code == 7
    shutil.rmtree(locate_ledger(film).parent)
    result = run_in_process(capsys, *REBUILD)
    assert result.code == 7
    assert "SH010:t01: unknown, $1.60 held" in result.err
    assert run_in_process(capsys, "resolve", "film.yaml", "SH010", "--adopt", job).code == 0
    assert film.render(capsys).code == 0
    assert (len(film.charges), film.submission_count) == (2, 2)


def test_runs_and_resolve_know_a_film_by_its_state(film: SimulatorFilm, capsys: Capture) -> None:
    (film.folder / "film.yaml").rename(film.folder / "movie.yaml")
    result = run_in_process(capsys, "runs", "film.yaml", "--cost")
    assert result.code == 0
    assert "SH020" in result.out
    assert run_in_process(capsys, "runs", "nothing.yaml").code == 2
