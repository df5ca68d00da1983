"""Work that is done together: batches, flushes of many files, and words nobody waits for."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from storyboard.disk import DiskProblem
from storyboard.run import durable
from storyboard.run.batches import Batches
from storyboard.run.durable import sync, write_texts
from storyboard.run.writer import Writer


def test_what_comes_while_a_batch_is_done_goes_into_the_next() -> None:
    done: list[list[int]] = []
    go_on = threading.Event()

    def act(items: Sequence[int]) -> Sequence[int]:
        if not done:
            go_on.wait(5)
        done.append(list(items))
        return [10 * n for n in items]

    async def all_() -> None:
        batches = Batches(act)
        first = asyncio.create_task(batches.do(0))
        await asyncio.sleep(0.01)
        others = [asyncio.create_task(batches.do(n)) for n in range(1, 50)]
        await asyncio.sleep(0.01)
        go_on.set()
        assert await asyncio.gather(first, *others) == [10 * n for n in range(50)]
        await batches.do(50)

    asyncio.run(all_())
    assert done == [[0], list(range(1, 50)), [50]]


def test_a_fault_is_everybodys_in_its_batch_and_nobody_elses() -> None:
    def act(items: Sequence[int]) -> Sequence[int]:
        if 3 in items:
            raise OSError("no")
        return items

    async def all_() -> list[Any]:
        batches = Batches(act)
        told = await asyncio.gather(*(batches.do(n) for n in range(5)), return_exceptions=True)
        await batches.do(6)
        return told

    assert [type(each) for each in asyncio.run(all_())] == [OSError] * 5


def test_a_fault_that_a_batch_tells_of_one_is_that_ones_alone() -> None:
    def act(items: Sequence[int]) -> Sequence[int | Exception]:
        return [OSError("no") if n == 3 else n for n in items]

    async def all_() -> list[Any]:
        batches = Batches(act)
        return await asyncio.gather(*(batches.do(n) for n in range(5)), return_exceptions=True)

    told = asyncio.run(all_())
    assert [each for each in told if isinstance(each, int)] == [0, 1, 2, 4]
    assert isinstance(told[3], OSError)


def test_who_gives_up_waiting_leaves_the_others_alone() -> None:
    done: list[int] = []
    go_on = threading.Event()

    def act(items: Sequence[int]) -> Sequence[None]:
        go_on.wait(5)
        done.extend(items)
        return [None] * len(items)

    async def all_() -> None:
        batches = Batches(act)
        one, two = (asyncio.create_task(batches.do(n)) for n in (1, 2))
        await asyncio.sleep(0.01)
        one.cancel()
        go_on.set()
        await two

    asyncio.run(all_())
    assert done == [1, 2]


@pytest.mark.parametrize("many", [1, 3, 40])
def test_many_texts_are_whole_and_leave_nothing_beside(tmp_path: Path, many: int) -> None:
    texts = {tmp_path / f"{n}" / "t01.json": f"text {n}" for n in range(many)}
    for path in texts:
        path.parent.mkdir()
    handle = durable.os.open(tmp_path, durable.os.O_RDONLY)
    try:
        write_texts(texts, [tmp_path], handle)
    finally:
        durable.os.close(handle)
    found = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == texts


def test_few_files_are_flushed_one_by_one_and_many_with_their_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    fsync = durable.os.fsync
    monkeypatch.setattr(durable.os, "fsync", lambda h: (flushed.append("file"), fsync(h)))
    monkeypatch.setattr(durable, "_flush_of_disk", lambda: lambda disk: flushed.append("disk"))
    paths = [tmp_path / str(n) for n in range(20)]
    for path in paths:
        path.write_text("bytes")
    sync(paths[:2], 3)
    assert flushed == ["file"] * 2
    sync(paths, 3)
    assert flushed == ["file"] * 2 + ["disk"]
    sync(paths)
    assert flushed[3:] == ["file"] * 20, "nobody named the disk"


@pytest.mark.parametrize(
    ("release", "tells"),
    [("5.8.0", True), ("6.18.44-fc", True), ("5.4.0-42", False), ("4.19", False), ("odd", False)],
)
def test_a_disk_is_only_flushed_whole_where_its_errors_are_told(release: str, tells: bool) -> None:
    assert durable._tells_errors(release) is tells


def test_a_word_that_nobody_waits_for_goes_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    writer = Writer(_database(path))

    async def all_() -> None:
        for n in range(10):
            writer.post([("INSERT INTO told VALUES (?)", (n,))])
        await writer.write([("INSERT INTO told VALUES (?)", (10,))])

    asyncio.run(all_())
    writer.close()
    with sqlite3.connect(path) as connection:
        assert [row[0] for row in connection.execute("SELECT n FROM told")] == list(range(11))
    connection.close()


def test_a_word_that_was_lost_is_told_to_whoever_writes_later(tmp_path: Path) -> None:
    writer = Writer(_database(tmp_path / "a.sqlite"))

    async def all_() -> None:
        writer.post([("INSERT INTO nowhere VALUES (1)", ())])
        for _ in range(2):
            with pytest.raises(DiskProblem):
                await writer.write([("INSERT INTO told VALUES (1)", ())])

    asyncio.run(all_())
    writer.close()


def _database(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE told (n INTEGER)")
    return connection
