"""Unfinished files: nobody takes away what somebody still writes, and what was left goes."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path
from typing import Any

import pytest

from storyboard.util import atomic_files
from storyboard.util.atomic_files import open_draft
from tests.fakes.child import start_process


def test_a_draft_removed_before_it_was_locked_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Path] = []
    flock = fcntl.flock

    def lock_too_late(stream: Any, how: int) -> None:
        if how == fcntl.LOCK_EX and len(taken) < 3:
            (draft,) = tmp_path.glob(".copy.*")
            taken.append(draft)
            atomic_files._remove_stale_draft(draft)
            assert not draft.exists(), "it had no lock yet"
        flock(stream, how)

    monkeypatch.setattr(atomic_files.fcntl, "flock", lock_too_late)
    with open_draft(tmp_path / "copy") as (draft, stream):
        stream.write(b"bytes")
        stream.flush()
        draft.replace(tmp_path / "copy")
    assert len(set(taken)) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]
    assert (tmp_path / "copy").read_bytes() == b"bytes"


def test_what_a_dead_writer_left_goes_and_what_is_being_written_stays(tmp_path: Path) -> None:
    left = tmp_path / ".copy.0123abcd"
    left.write_text("half")
    with open_draft(tmp_path / "copy") as (one, _), open_draft(tmp_path / "copy") as (two, _):
        assert not left.exists()
        assert one.exists()
        assert two.exists()
    assert not list(tmp_path.iterdir())


def test_where_nothing_can_be_locked_a_draft_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_lock(*_: object) -> None:
        raise OSError("no locks here")

    monkeypatch.setattr(atomic_files.fcntl, "flock", refuse_lock)
    with open_draft(tmp_path / "copy") as (one, _), open_draft(tmp_path / "copy") as (two, _):
        assert one.exists()
        assert two.exists()


def _write_often(folder: Path, name: str, times: int) -> None:
    for _ in range(times):
        with open_draft(folder / "copy") as (draft, stream):
            stream.write(b"x")
            draft.replace(folder / name)


def _write_from_two_threads(folder: Path, name: str, times: int) -> None:
    faults: list[BaseException] = []

    def write_in_thread(thread: int) -> None:
        try:
            _write_often(folder, f"{name}{thread}", times)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=write_in_thread, args=(n,)) for n in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if faults:
        raise faults[0]


def test_many_writers_of_one_name_never_lose_a_file(tmp_path: Path) -> None:
    others = [start_process(_write_from_two_threads, tmp_path, name, 600) for name in "ab"]
    for each in others:
        each.join()
    assert [each.exitcode for each in others] == [0, 0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a0", "a1", "b0", "b1"]
