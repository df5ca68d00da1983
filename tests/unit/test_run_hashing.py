"""The film's own files are read again only when they may have changed."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from storyboard.run import file_hashes
from storyboard.run.file_hashes import FileHashCache
from storyboard.util import file_memory


def write_old_file(path: Path, content: str, *, seconds: float = 60) -> Path:
    """A file that was written a while ago."""
    path.write_text(content)
    mtime = time.time() - seconds
    os.utime(path, (mtime, mtime))
    return path


@pytest.fixture
def files_read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files that were really read; a file at rest is one whose times lie back."""
    seen: list[Path] = []

    def hash_and_note(path: Path) -> str:
        seen.append(path)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    monkeypatch.setattr(file_hashes, "hash_file", hash_and_note)
    monkeypatch.setattr(file_memory, "_RACY_NS", 0)
    return seen


def test_a_file_at_rest_is_read_once_by_all_runs(tmp_path: Path, files_read: list[Path]) -> None:
    path = write_old_file(tmp_path / "ana.png", "ana")
    first = FileHashCache(tmp_path / "state")
    assert first(path) == hashlib.sha256(b"ana").hexdigest()
    assert first(path) == first(path)
    first.save()
    assert FileHashCache(tmp_path / "state")(path) == first(path)
    assert len(files_read) == 1


def test_a_file_changed_in_place_is_read_again_even_with_its_old_time(
    tmp_path: Path, files_read: list[Path]
) -> None:
    path = write_old_file(tmp_path / "ana.png", "ana")
    hashes = FileHashCache(tmp_path / "state")
    before, told = hashes(path), path.stat()
    path.write_text("bob")
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert hashes(path) != before


def test_a_file_written_a_moment_ago_is_never_trusted(tmp_path: Path) -> None:
    path = tmp_path / "ana.png"
    hashes = FileHashCache(tmp_path / "state")
    for content in ("ana", "bob", "eva"):
        path.write_text(content)
        assert hashes(path) == hashlib.sha256(content.encode()).hexdigest()
    hashes.save()
    assert not (tmp_path / "state").exists(), "there was nothing to remember"


def test_a_damaged_memory_is_no_error(tmp_path: Path) -> None:
    path = write_old_file(tmp_path / "ana.png", "ana")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "hashes.json").write_text('{"format": 1, "files": {"' + str(path))
    assert FileHashCache(tmp_path / "state")(path) == hashlib.sha256(b"ana").hexdigest()


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileHashCache(tmp_path)(tmp_path / "none.png")
