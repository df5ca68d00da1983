"""One rule says whether a file is as it was; whoever remembers files goes by it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from storyboard.pipeline.up_to_date import OutputCache, read_current_stamp, write_stamp
from storyboard.run.file_hashes import FileHashCache
from storyboard.util import file_memory
from storyboard.util.file_memory import FileMemory, is_at_rest, read_file_facts


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file counts as one that has lain still for long."""
    monkeypatch.setattr(file_memory, "_RACY_NS", 0)


def _overwrite_keeping_time(path: Path, text: str) -> None:
    """As a tool does that unpacks or restores: same size, same time."""
    status = path.stat()
    path.write_text(text)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replace_by_another(path: Path, text: str) -> None:
    other = path.with_suffix(".new")
    other.write_text(text)
    status = path.stat()
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("change", [_overwrite_keeping_time, _replace_by_another])
@pytest.mark.usefixtures("settled")
def test_what_was_read_holds_until_the_file_is_another(
    tmp_path: Path, change: Callable[[Path, str], None]
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("ana")
    reads: list[str] = []

    def read_and_note(path: Path) -> str:
        reads.append(path.read_text())
        return reads[-1]

    memory = FileMemory(read_and_note)
    assert [memory(path), memory(path)] == ["ana", "ana"]
    change(path, "bob")
    assert memory(path) == "bob"
    assert reads == ["ana", "bob"]


def test_nothing_is_remembered_of_a_file_that_changed_a_moment_ago(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("ana")
    assert not is_at_rest(read_file_facts(path))
    memory = FileMemory(Path.read_text)
    assert memory(path) == "ana"
    assert not memory.entries


@pytest.mark.usefixtures("settled")
def test_the_oldest_are_forgotten_where_only_some_are_kept(tmp_path: Path) -> None:
    memory = FileMemory(Path.read_text, max_files=2)
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
        memory(tmp_path / name)
    assert list(memory.entries) == [str(tmp_path / name) for name in ("b", "c")]


def _leave_stamp(film: Path, out: Path) -> bool:
    """Whether a render whose film lies at `out` is known by its stamp."""
    OutputCache(film.parent / ".storyboard" / film.stem).record_output(out, "f" * 64)
    write_stamp(film, "key", out, [film], 3)
    return read_current_stamp(film, "key") is not None


def _keep_hash(film: Path, out: Path) -> bool:
    """Whether the hash of a file that was read is known to the next run."""
    hashes = FileHashCache(film.parent)
    hashes(film)
    hashes.save()
    return (film.parent / "hashes.json").exists()


@pytest.mark.parametrize("remember", [_leave_stamp, _keep_hash])
def test_stamps_and_hashes_trust_a_file_at_rest_and_no_other(
    tmp_path: Path, remember: Callable[[Path, Path], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    film, out = tmp_path / "film.yaml", tmp_path / "film.mp4"
    film.write_text("storyboard: 1")
    out.write_bytes(b"film")
    assert not remember(film, out)
    monkeypatch.setattr(file_memory, "_RACY_NS", 0)
    assert remember(film, out)


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", '{"format": 1, "films": 3}', '{"format": 1, "films": {"%s": 3}}']
)
def test_a_lost_record_of_films_cuts_again_and_is_no_error(tmp_path: Path, text: str) -> None:
    out = tmp_path / "film.mp4"
    out.write_bytes(b"film")
    (tmp_path / "films.json").write_text(text.replace("%s", str(out)))
    outputs = OutputCache(tmp_path)
    assert not outputs.is_current(out, "f" * 64)
    outputs.record_output(out, "f" * 64)
    assert OutputCache(tmp_path).is_current(out, "f" * 64)


def test_a_film_that_was_linked_elsewhere_or_opened_is_still_the_one_that_was_cut(
    tmp_path: Path,
) -> None:
    out = tmp_path / "film.mp4"
    out.write_bytes(b"film")
    OutputCache(tmp_path).record_output(out, "f" * 64)
    (tmp_path / "copy.mp4").hardlink_to(out)
    out.chmod(0o444)
    assert OutputCache(tmp_path).is_current(out, "f" * 64)
