"""A store and a state folder that one may only read: everything that only looks works."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storyboard.run.database import connect, peek
from storyboard.simulator.serve import Simulator
from tests.kill.reel import INLINE, Reel, theatre
from tests.kill.zygote import Zygote

SHOT = "shots:\n  - {id: SH010, prompt: SH010 of a quay, duration: 4, seed: 7}\n"
LOOKS = (
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
def stage() -> Iterator[tuple[Simulator, Zygote]]:
    with theatre() as both:
        yield both


@contextmanager
def protected(folder: Path) -> Iterator[None]:
    """Nobody but root may write there, and nothing changes there."""
    before = seen(folder)
    for path in (folder, *before):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield
    assert seen(folder) == before
    for path in (folder, *before):
        path.chmod(0o755 if path.is_dir() else 0o644)


def seen(folder: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def test_who_may_only_read_sees_everything_and_buys_nothing(
    stage: tuple[Simulator, Zygote], tmp_path: Path
) -> None:
    reel = Reel(tmp_path, INLINE + SHOT, *stage)
    assert reel.command("render", "film.yaml", "--yes") == 0
    reel.film.write_text(reel.text.replace("seed: 7", "seed: 7, gain_db: -1"))
    kept = tmp_path / ".storyboard"
    for lost in ("", "store/index.sqlite"):
        if lost:
            (kept / lost).unlink()
        with protected(kept):
            for look in LOOKS:
                assert reel.command(*look.split(), humble=True) == 0, (look, reel.said)
            for act in ("render film.yaml SH010 --retake SH010 --yes", "store gc"):
                assert reel.command(*act.split(), humble=True) == 4, (act, reel.said)
                assert "permission" in reel.said.lower()
    assert len(reel.sim.world.jobs) == 1


def test_what_a_crash_left_unmerged_in_a_database_is_read_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = ("CREATE TABLE takes (name TEXT)",)
    writer = connect(tmp_path / "x.sqlite", versions, "index")
    writer.execute("INSERT INTO takes VALUES ('t01')")
    monkeypatch.setattr("os.access", lambda *_: False)
    for _ in range(2):  # with the writer still there, and once all is merged
        copy = peek(tmp_path / "x.sqlite", versions, "index")
        assert copy.execute("SELECT name FROM takes").fetchall() == [("t01",)]
        copy.execute("DELETE FROM takes")
        copy.close()
        writer.close()
    with pytest.raises(sqlite3.DatabaseError):
        peek(tmp_path / "none.sqlite", versions, "index")


def test_where_the_lock_file_can_not_be_written_nothing_is_ordered(
    stage: tuple[Simulator, Zygote], tmp_path: Path
) -> None:
    reel = Reel(tmp_path, INLINE + SHOT, *stage)
    for name in (".storyboard", "build"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name).chmod(0o777)
    before = len(reel.sim.world.jobs)
    tmp_path.chmod(0o555)
    try:
        assert reel.command("render", "film.yaml", "--yes", humble=True) == 4, reel.said
    finally:
        tmp_path.chmod(0o755)
    assert "film.selects.yaml can't be written" in reel.said
    assert len(reel.sim.world.jobs) == before
