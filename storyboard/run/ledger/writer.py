"""One thread that writes a database, many writes to a commit."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from storyboard.util.machine_errors import MachineProblem
from storyboard.util.sqlite import explain_database_error

Statement = tuple[str, tuple[Any, ...]]
_Waiter = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]
_Work = tuple[Sequence[Statement], _Waiter | None]


class GroupCommitWriter:
    """Owns `connection`; what is handed over while a commit runs goes into the next one.

    With full flushes a commit costs milliseconds; shared, it costs each write almost nothing.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        _, _, path = connection.execute("PRAGMA database_list").fetchone()
        self._path = Path(path)
        self._queue: SimpleQueue[list[_Work] | None] = SimpleQueue()
        self._pending_work: list[_Work] = []
        self._waking_loop: asyncio.AbstractEventLoop | None = None
        """Whose turn of work is being gathered: a turn wakes the thread once."""
        self._thread: threading.Thread | None = None
        self._lost_write: sqlite3.Error | None = None
        """Why something that nobody waited for is not on the disk."""

    async def write_durably(self, statements: Sequence[Statement]) -> None:
        """Returns when the statements are on the disk; raises MachineProblem if they can't."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._enqueue_work((statements, (loop, future)))
        await future

    def queue_write(self, statements: Sequence[Statement]) -> None:
        """Hands over what nothing depends on: it goes before whatever is written later.

        When it can't be written, every later `write_durably` says so.
        """
        self._enqueue_work((statements, None))

    def _enqueue_work(self, work: _Work) -> None:
        loop = asyncio.get_running_loop()
        self._pending_work.append(work)
        if self._waking_loop is not loop:
            self._waking_loop = loop
            loop.call_soon(self._send_to_thread)

    def _send_to_thread(self) -> None:
        self._waking_loop = None
        if not self._pending_work:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run_thread, name="ledger", daemon=True)
            self._thread.start()
        self._queue.put(self._pending_work)
        self._pending_work = []

    def close(self) -> None:
        """Writes what was handed over, and closes the connection."""
        self._send_to_thread()
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        self._connection.close()

    def _run_thread(self) -> None:
        while True:
            batch = [self._queue.get()]
            with suppress(Empty):
                while True:
                    batch.append(self._queue.get_nowait())
            work = [item for turn in batch if turn is not None for item in turn]
            error = self._lost_write or self._commit_statements(
                [item for statements, _ in work for item in statements]
            )
            if any(waiter is None for _, waiter in work):
                self._lost_write = error
            self._notify_waiters([waiter for _, waiter in work if waiter is not None], error)
            if None in batch:
                return

    def _commit_statements(self, statements: list[Statement]) -> sqlite3.Error | None:
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

    def _notify_waiters(self, waiters: list[_Waiter], error: sqlite3.Error | None) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
        for loop, future in waiters:
            by_loop.setdefault(loop, []).append(future)
        for loop, futures in by_loop.items():
            with suppress(RuntimeError):  # the loop ended; nobody waits any more
                loop.call_soon_threadsafe(_complete_futures, futures, error, self._path)


def _complete_futures(
    futures: list[asyncio.Future[None]], error: sqlite3.Error | None, path: Path
) -> None:
    for future in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(
                explain_database_error(error, path)
                or MachineProblem(
                    f"the ledger {path} is damaged and can't be written: {error}",
                    hint="run `storyboard runs FILM --rebuild`: it moves the file aside and "
                    "recovers as much as possible; finished takes are safe",
                )
            )
