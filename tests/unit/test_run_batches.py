"""Work that is done together: batches, flushes of many files, and words nobody waits for."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from storyboard.run.ledger.writer import GroupCommitWriter
from storyboard.util import atomic_files
from storyboard.util.atomic_files import flush_to_disk, write_texts
from storyboard.util.batching import Batcher
from storyboard.util.machine_errors import MachineProblem


def test_what_comes_while_a_batch_is_done_goes_into_the_next() -> None:
    done: list[list[int]] = []
    go_on = threading.Event()

    def process_batch(items: Sequence[int]) -> Sequence[int]:
        if not done:
            go_on.wait(5)
        done.append(list(items))
        return [10 * n for n in items]

    async def submit_all() -> None:
        batches = Batcher(process_batch)
        first = asyncio.create_task(batches.run_in_batch(0))
        await asyncio.sleep(0.01)
        others = [asyncio.create_task(batches.run_in_batch(n)) for n in range(1, 50)]
        await asyncio.sleep(0.01)
        go_on.set()
        assert await asyncio.gather(first, *others) == [10 * n for n in range(50)]
        await batches.run_in_batch(50)

    asyncio.run(submit_all())
    assert done == [[0], list(range(1, 50)), [50]]


def test_a_fault_reaches_every_caller_of_its_batch_and_no_other() -> None:
    def process_batch(items: Sequence[int]) -> Sequence[int]:
        if 3 in items:
            raise OSError("no")
        return items

    async def submit_all() -> list[Any]:
        batches = Batcher(process_batch)
        told = await asyncio.gather(
            *(batches.run_in_batch(n) for n in range(5)), return_exceptions=True
        )
        await batches.run_in_batch(6)
        return told

    assert [type(each) for each in asyncio.run(submit_all())] == [OSError] * 5


def test_a_fault_of_one_item_reaches_only_its_caller() -> None:
    def process_batch(items: Sequence[int]) -> Sequence[int | Exception]:
        return [OSError("no") if n == 3 else n for n in items]

    async def submit_all() -> list[Any]:
        batches = Batcher(process_batch)
        return await asyncio.gather(
            *(batches.run_in_batch(n) for n in range(5)), return_exceptions=True
        )

    results = asyncio.run(submit_all())
    assert [each for each in results if isinstance(each, int)] == [0, 1, 2, 4]
    assert isinstance(results[3], OSError)


def test_a_cancelled_caller_does_not_affect_the_others() -> None:
    done: list[int] = []
    go_on = threading.Event()

    def process_batch(items: Sequence[int]) -> Sequence[None]:
        go_on.wait(5)
        done.extend(items)
        return [None] * len(items)

    async def submit_all() -> None:
        batches = Batcher(process_batch)
        one, two = (asyncio.create_task(batches.run_in_batch(n)) for n in (1, 2))
        await asyncio.sleep(0.01)
        one.cancel()
        go_on.set()
        await two

    asyncio.run(submit_all())
    assert done == [1, 2]


@pytest.mark.parametrize("many", [1, 3, 40])
def test_many_texts_are_whole_and_leave_nothing_beside(tmp_path: Path, many: int) -> None:
    texts = {tmp_path / f"{n}" / "t01.json": f"text {n}" for n in range(many)}
    for path in texts:
        path.parent.mkdir()
    handle = atomic_files.os.open(tmp_path, atomic_files.os.O_RDONLY)
    try:
        write_texts(texts, [tmp_path], handle)
    finally:
        atomic_files.os.close(handle)
    texts_by_path = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert texts_by_path == texts


def test_few_files_are_flushed_one_by_one_and_many_with_their_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    fsync = atomic_files.os.fsync
    monkeypatch.setattr(atomic_files.os, "fsync", lambda h: (flushed.append("file"), fsync(h)))
    monkeypatch.setattr(
        atomic_files, "_find_disk_flush", lambda: lambda disk: flushed.append("disk")
    )
    paths = [tmp_path / str(n) for n in range(20)]
    for path in paths:
        path.write_text("bytes")
    flush_to_disk(paths[:2], 3)
    assert flushed == ["file"] * 2
    flush_to_disk(paths, 3)
    assert flushed == ["file"] * 2 + ["disk"]
    flush_to_disk(paths)
    assert flushed[3:] == ["file"] * 20, "nobody named the disk"


@pytest.mark.parametrize(
    ("release", "tells"),
    [("5.8.0", True), ("6.18.44-fc", True), ("5.4.0-42", False), ("4.19", False), ("odd", False)],
)
def test_a_disk_is_flushed_as_a_whole_only_if_it_reports_errors(release: str, tells: bool) -> None:
    assert atomic_files._has_syncfs_error_reports(release) is tells


def test_a_write_that_nobody_awaits_comes_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    writer = GroupCommitWriter(_create_database(path))

    async def write_all() -> None:
        for n in range(10):
            writer.queue_write([("INSERT INTO told VALUES (?)", (n,))])
        await writer.write_durably([("INSERT INTO told VALUES (?)", (10,))])

    asyncio.run(write_all())
    writer.close()
    with sqlite3.connect(path) as connection:
        assert [row[0] for row in connection.execute("SELECT n FROM told")] == list(range(11))
    connection.close()


def test_a_lost_write_is_reported_to_the_next_writer(tmp_path: Path) -> None:
    writer = GroupCommitWriter(_create_database(tmp_path / "a.sqlite"))

    async def write_all() -> None:
        writer.queue_write([("INSERT INTO nowhere VALUES (1)", ())])
        for _ in range(2):
            with pytest.raises(MachineProblem):
                await writer.write_durably([("INSERT INTO told VALUES (1)", ())])

    asyncio.run(write_all())
    writer.close()


def _create_database(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE told (n INTEGER)")
    return connection
