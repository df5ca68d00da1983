"""A full disk, a forbidden folder and a failing disk are told as what they are."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storyboard.run.ledger.schema import LEDGER_FILE
from storyboard.run.maintenance import rebuild_ledger
from storyboard.simulator.server import Simulator
from storyboard.util.machine_errors import MachineProblem
from storyboard.util.sqlite import explain_database_error, open_database
from tests.story.wires import run_in_process, set_up_film

Capture = pytest.CaptureFixture[str]
OPEN = "{id: SH010, prompt: A boat at the quay, duration: 4}"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte, mounted where the film keeps its state."""
    folder = tmp_path / ".storyboard"
    folder.mkdir()
    mounted = (
        shutil.which("mount")
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_disk(folder: Path) -> Path:
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as stream:
        try:
            while stream.write(bytes(4096)):
                pass
        except OSError:
            pass
    return filler


def test_a_full_disk_leaves_the_ledger_alone_and_says_so(
    small_disk: Path,
    simulator: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    film = set_up_film(simulator, "vertex", tmp_path, monkeypatch)
    monkeypatch.setenv("STORYBOARD_STORE", str(tmp_path / "store"))
    film.write_film(OPEN)
    film.shots = ("SH010",)
    simulator.world.faults.add("html:40@poll")
    assert film.render(capsys).code == 3
    simulator.world.faults.clear()
    ledger = small_disk / "film" / LEDGER_FILE
    before = ledger.read_bytes()
    filler = fill_disk(small_disk)
    for command in (("runs", "film.yaml"), ("runs", "film.yaml", "--rebuild")):
        result = run_in_process(capsys, *command)
        assert result.code in (0, 4), result.err
        if result.code:
            assert "the disk is full" in result.err
            assert "backup" not in result.err
            assert "--rebuild" not in result.err
    assert not list(small_disk.rglob("ledger.damaged*"))
    assert ledger.read_bytes()[:100] == before[:100]
    filler.unlink()
    assert "$1.60" in run_in_process(capsys, "runs", "film.yaml").out
    assert film.render(capsys).code == 0
    assert len(film.charges) == 1


def test_the_old_ledger_comes_back_where_a_new_one_cant_be_finished(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    film = set_up_film(simulator, "vertex", tmp_path, monkeypatch)
    film.write_film(OPEN)
    film.shots = ("SH010",)
    assert film.render(capsys).code == 0
    ledger = tmp_path / ".storyboard" / "film" / LEDGER_FILE
    pages = ledger.read_bytes()
    ledger.write_bytes(pages[:4096] + b"\xff" * (len(pages) - 4096))
    damaged = ledger.read_bytes()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rebuild_ledger, "_insert_attempts_and_runs", refuse)
    result = run_in_process(capsys, "runs", "film.yaml", "--rebuild")
    assert result.code == 4
    assert "the disk is full" in result.err
    assert ledger.read_bytes() == damaged
    assert not list(ledger.parent.glob("ledger.damaged*"))


def test_what_sqlite_says_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "some.sqlite"
    with closing(open_database(path, ("CREATE TABLE t (x)",), "test")) as connection:
        connection.execute("PRAGMA max_page_count = 2")
        with pytest.raises(sqlite3.Error) as full:
            connection.execute("INSERT INTO t VALUES (zeroblob(99999))")
    assert isinstance(problem := explain_database_error(full.value, path), MachineProblem)
    assert "full" in str(problem)
    with closing(open_database(path, ("CREATE TABLE t (x)",), "test")) as one:
        one.execute("BEGIN IMMEDIATE")
        other = sqlite3.connect(path, timeout=0, isolation_level=None)
        with closing(other), pytest.raises(sqlite3.Error) as busy:
            other.execute("BEGIN IMMEDIATE")
    assert "locked by another process" in str(explain_database_error(busy.value, path))
    path.write_bytes(b"no database at all" * 99)
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.Error) as damaged:
        connection.execute("SELECT * FROM t")
    assert explain_database_error(damaged.value, path) is None
    gone = tmp_path / "nowhere" / "some.sqlite"
    with pytest.raises(sqlite3.Error) as missing:
        sqlite3.connect(gone)
    assert isinstance(explain_database_error(missing.value, gone), MachineProblem)
