"""A store and a state folder that one may only read: everything that only looks works."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storyboard.simulator.server import Simulator
from storyboard.util.sqlite import open_database, open_database_read_only
from tests.kill.forkserver import ForkServer
from tests.kill.scenarios import INLINE, KilledFilm, start_harness

SHOT = "shots:\n  - {id: SH010, prompt: SH010 of a quay, duration: 4, seed: 7}\n"
READ_COMMANDS = (
    "plan film.yaml",
    "takes film.yaml",
    "runs film.yaml",
    "check film.yaml",
    "store ls",
    "store why SH010",
    "store verify",
    "store gc --dry-run",
    "render film.yaml",
)


@pytest.fixture(scope="module")
def harness() -> Iterator[tuple[Simulator, ForkServer]]:
    with start_harness() as both:
        yield both


@contextmanager
def make_read_only(folder: Path) -> Iterator[None]:
    """Nobody but root may write there, and nothing changes there."""
    before = read_stats(folder)
    for path in (folder, *before):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield
    assert read_stats(folder) == before
    for path in (folder, *before):
        path.chmod(0o755 if path.is_dir() else 0o644)


def read_stats(folder: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def test_with_read_access_everything_is_shown_and_nothing_bought(
    harness: tuple[Simulator, ForkServer], tmp_path: Path
) -> None:
    film = KilledFilm(tmp_path, INLINE + SHOT, *harness)
    assert film.run_command("render", "film.yaml", "--yes") == 0
    film.film_path.write_text(film.text.replace("seed: 7", "seed: 7, gain_db: -1"))
    state_folder = tmp_path / ".storyboard"
    for lost_file in ("", "store/index.sqlite"):
        if lost_file:
            (state_folder / lost_file).unlink()
        with make_read_only(state_folder):
            for command_line in READ_COMMANDS:
                assert film.run_command(*command_line.split(), humble=True) == 0, (
                    command_line,
                    film.output,
                )
            for write_command in ("render film.yaml SH010 --retake SH010 --yes", "store gc"):
                assert film.run_command(*write_command.split(), humble=True) == 4, (
                    write_command,
                    film.output,
                )
                assert "permission" in film.output.lower()
    assert len(film.simulator.world.jobs) == 1


def test_what_a_crash_left_unmerged_in_a_database_is_read_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = ("CREATE TABLE takes (name TEXT)",)
    writer = open_database(tmp_path / "x.sqlite", versions, "index")
    writer.execute("INSERT INTO takes VALUES ('t01')")
    monkeypatch.setattr("os.access", lambda *_: False)
    for _ in range(2):  # with the writer still there, and once all is merged
        copy = open_database_read_only(tmp_path / "x.sqlite", versions, "index")
        assert copy.execute("SELECT name FROM takes").fetchall() == [("t01",)]
        copy.execute("DELETE FROM takes")
        copy.close()
        writer.close()
    with pytest.raises(sqlite3.DatabaseError):
        open_database_read_only(tmp_path / "none.sqlite", versions, "index")


def test_nothing_is_submitted_where_the_lock_file_can_not_be_written(
    harness: tuple[Simulator, ForkServer], tmp_path: Path
) -> None:
    film = KilledFilm(tmp_path, INLINE + SHOT, *harness)
    for name in (".storyboard", "build"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name).chmod(0o777)
    before = len(film.simulator.world.jobs)
    tmp_path.chmod(0o555)
    try:
        assert film.run_command("render", "film.yaml", "--yes", humble=True) == 4, film.output
    finally:
        tmp_path.chmod(0o755)
    assert "film.selects.yaml can't be written" in film.output
    assert len(film.simulator.world.jobs) == before
