"""One thread that writes a database, many writes to a commit."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from storyboard.disk import DiskProblem

Statement = tuple[str, tuple[Any, ...]]
_Waiter = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]
_Work = tuple[Sequence[Statement], _Waiter | None]


class Writer:
    """Owns `connection`; what is handed over while a commit runs goes into the next one.

    With full flushes a commit costs milliseconds; shared, it costs each write almost nothing.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._queue: SimpleQueue[list[_Work] | None] = SimpleQueue()
        self._gathered: list[_Work] = []
        self._turn: asyncio.AbstractEventLoop | None = None
        """Whose turn of work is being gathered: a turn wakes the thread once."""
        self._thread: threading.Thread | None = None
        self._lost: sqlite3.Error | None = None
        """Why something that nobody waited for is not on the disk."""

    async def write(self, statements: Sequence[Statement]) -> None:
        """Returns when the statements are on the disk; raises DiskProblem if they can't."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._hand_over((statements, (loop, done)))
        await done

    def post(self, statements: Sequence[Statement]) -> None:
        """Hands over what nothing depends on: it goes before whatever is written later.

        When it can't be written, every later `write` says so.
        """
        self._hand_over((statements, None))

    def _hand_over(self, work: _Work) -> None:
        loop = asyncio.get_running_loop()
        self._gathered.append(work)
        if self._turn is not loop:
            self._turn = loop
            loop.call_soon(self._send)

    def _send(self) -> None:
        self._turn = None
        if not self._gathered:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="ledger", daemon=True)
            self._thread.start()
        self._queue.put(self._gathered)
        self._gathered = []

    def close(self) -> None:
        """Writes what was handed over, and closes the connection."""
        self._send()
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        self._connection.close()

    def _work(self) -> None:
        while True:
            batch = [self._queue.get()]
            with suppress(Empty):
                while True:
                    batch.append(self._queue.get_nowait())
            work = [each for turn in batch if turn is not None for each in turn]
            error = self._lost or self._commit([each for some, _ in work for each in some])
            if any(waiter is None for _, waiter in work):
                self._lost = error
            self._release([waiter for _, waiter in work if waiter is not None], error)
            if None in batch:
                return

    def _commit(self, statements: list[Statement]) -> sqlite3.Error | None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for sql, values in statements:
                self._connection.execute(sql, values)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            return error
        return None

    @staticmethod
    def _release(waiters: list[_Waiter], error: sqlite3.Error | None) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
        for loop, done in waiters:
            by_loop.setdefault(loop, []).append(done)
        for loop, some in by_loop.items():
            with suppress(RuntimeError):  # the loop ended; nobody waits any more
                loop.call_soon_threadsafe(_settle, some, error)


def _settle(waiting: list[asyncio.Future[None]], error: sqlite3.Error | None) -> None:
    for done in waiting:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(
                DiskProblem(
                    f"the ledger can't be written: {error}",
                    hint="make room on the disk, then render again; finished takes are safe",
                )
            )
