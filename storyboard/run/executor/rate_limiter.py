"""Quotas: how many requests a platform takes in a minute, and how many jobs it has open.

The windows are kept in the store, so that the films that share it, and a run after a crash, count
the same minute. A lane is one model of one account; lanes don't wait for one another.
"""

from __future__ import annotations

import asyncio
import heapq
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TypeVar

from storyboard.digest import digest_value
from storyboard.errors import QuotaError
from storyboard.graph.rate_limits import WINDOW_S
from storyboard.graph.steps import Step
from storyboard.run import events as ev
from storyboard.util.sqlite import explain_database_error, open_database

_VERSIONS = (
    """
    CREATE TABLE submits (lane TEXT NOT NULL, at REAL NOT NULL);
    CREATE INDEX submits_by_lane ON submits (lane, at)
    """,
)
_LONGEST_PAUSE_S = 600.0
"""A pause that a run waits for; a longer one ends the orders of its lane."""

_USUAL_SLOTS = 64
"""Jobs that may be open at a platform whose limit nobody knows."""

Rank = tuple[int, float]
_USUAL_RANK = (1, 0.0)


_T = TypeVar("_T")


class SlidingWindow:
    """The submits of the last minute, by lane, in one database for all processes of a store."""

    def __init__(self, store: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = store / "quota.sqlite"
        self._clock = clock
        self._guard = threading.Lock()
        """Lanes ask side by side, in threads; a connection has one transaction at a time."""
        self._connection: sqlite3.Connection | None = None

    def admit_or_compute_wait_s(self, window_key: str, limit_per_minute: int) -> float:
        """Counts one more submit and returns 0, or the seconds until the window has room.

        A clock that was set back leaves submits in the future; they count as made now.
        """
        return self._run_with_repair(
            lambda connection: self._admit_in_transaction(connection, window_key, limit_per_minute)
        )

    def take_back_submission(self, window_key: str) -> None:
        """Counts one submit less: it never left this machine."""
        self._run_with_repair(
            lambda connection: connection.execute(
                "DELETE FROM submits WHERE rowid = "
                "(SELECT rowid FROM submits WHERE lane = ? ORDER BY at DESC LIMIT 1)",
                (window_key,),
            )
        )

    def _run_with_repair(self, act: Callable[[sqlite3.Connection], _T]) -> _T:
        """Acts on the database; one that is damaged is begun again first."""
        with self._guard:
            self._connection = self._connection or self._open_or_recreate_database()
            try:
                return act(self._connection)
            except sqlite3.Error as error:
                if problem := explain_database_error(error, self._path):
                    raise problem from error
            self._connection.close()
            self._path.unlink(missing_ok=True)
            self._connection = self._open_or_recreate_database()
            return act(self._connection)

    def _admit_in_transaction(
        self, connection: sqlite3.Connection, window_key: str, limit_per_minute: int
    ) -> float:
        connection.execute("BEGIN IMMEDIATE")
        try:
            now = self._clock()
            connection.execute("UPDATE submits SET at = ? WHERE at > ?", (now, now))
            connection.execute("DELETE FROM submits WHERE at <= ?", (now - WINDOW_S,))
            recent = connection.execute(
                "SELECT at FROM submits WHERE lane = ? ORDER BY at DESC LIMIT 1 OFFSET ?",
                (window_key, limit_per_minute - 1),
            ).fetchone()
            if recent is None:
                connection.execute("INSERT INTO submits VALUES (?, ?)", (window_key, now))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return 0.0 if recent is None else max(0.001, recent[0] + WINDOW_S - now)

    def _open_or_recreate_database(self) -> sqlite3.Connection:
        """The database; one that is damaged is begun again, for it only knows of a minute."""
        try:
            return open_database(self._path, _VERSIONS, "quota windows")
        except sqlite3.DatabaseError as error:
            if problem := explain_database_error(error, self._path):
                raise problem from error
            self._path.unlink()
            return open_database(self._path, _VERSIONS, "quota windows")

    def close(self) -> None:
        """Lets the database go."""
        with self._guard:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


class RateLimiter:
    """The lanes of one run; by `ranks` of steps, lower goes first. Belongs to one event loop."""

    def __init__(
        self, window: SlidingWindow, ranks: Mapping[str, Rank], emit: ev.EventSink
    ) -> None:
        self._window = window
        self._ranks = ranks
        self._emit = emit
        self._queues: dict[str, _Queue] = {}

    @asynccontextmanager
    async def acquire_operation_slot(self, step: Step) -> AsyncIterator[None]:
        """Holds one of the jobs that a platform may have open, from submit to download."""
        async with self._find_or_create_queue(step).slots.acquire_slot(self._find_rank(step)):
            yield

    async def wait_for_submission_quota(self, step: Step, account: str) -> None:
        """Waits until one more request of the account fits into the minute.

        Raises QuotaError in a lane that takes no more orders in this run.
        """
        queue = self._find_or_create_queue(step)
        queue.confirm_accepts_submissions()
        limit = step.rate_limits.per_minute
        if limit is None and not queue.compute_remaining_pause_s():
            return
        window_key = _build_window_key(step, account)
        rank, is_admitted = self._find_rank(step), False
        while not is_admitted:
            async with queue.submissions.acquire_slot(rank):
                while not is_admitted and not queue.submissions.is_outranked(rank):
                    queue.confirm_accepts_submissions()
                    wait = queue.compute_remaining_pause_s()
                    if not wait and limit is not None:
                        wait = await asyncio.to_thread(
                            self._window.admit_or_compute_wait_s, window_key, limit
                        )
                    is_admitted = not wait
                    if wait > 1:
                        message = f"waiting {wait:.0f} s for the quota of {step.model}"
                        self._emit(ev.Note(step=step.id, shot=step.shot, message=message))
                    await asyncio.sleep(wait)

    async def take_back_submission(self, step: Step, account: str) -> None:
        """Gives the minute back what was counted for a request that could not be sent."""
        if step.rate_limits.per_minute is not None:
            await asyncio.to_thread(
                self._window.take_back_submission, _build_window_key(step, account)
            )

    def pause_queue(self, step: Step, pause_s: float, error: QuotaError) -> None:
        """Slows a lane down that has been told to wait; the others go on.

        Raises QuotaError, now and for every further order, where that is no time to wait for.
        """
        queue = self._find_or_create_queue(step)
        if (retry_after_s := error.retry_after_s or 0.0) > _LONGEST_PAUSE_S:
            queue.closure = (time.time() + retry_after_s, error)
        queue.confirm_accepts_submissions()
        queue.pause_for(pause_s)

    def close(self) -> None:
        """Lets the windows go."""
        self._window.close()

    def _find_rank(self, step: Step) -> Rank:
        return self._ranks.get(step.id, _USUAL_RANK)

    def _find_or_create_queue(self, step: Step) -> _Queue:
        name = f"{step.provider} {step.model}"
        if name not in self._queues:
            self._queues[name] = _Queue(step.rate_limits.at_once or _USUAL_SLOTS)
        return self._queues[name]


def _build_window_key(step: Step, account: str) -> str:
    return digest_value("lane", [step.provider, account, step.model])[:16]


class _Queue:
    def __init__(self, at_once: int) -> None:
        self.slots = PrioritySemaphore(at_once)
        self.submissions = PrioritySemaphore(1)
        self.closure: tuple[float, QuotaError] | None = None
        """When it takes orders again, by the clock, and what the service said."""
        self._paused_until = 0.0

    def confirm_accepts_submissions(self) -> None:
        """Raises QuotaError while it takes no orders."""
        if self.closure is not None:
            until, error = self.closure
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(until))
            raise QuotaError(
                f"{error}; the quota resets at {when}",
                hint="render again at that time; nothing was submitted and nothing is reserved",
                provider=error.provider,
                retry_after_s=max(0.0, until - time.time()),
            )

    def pause_for(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    def compute_remaining_pause_s(self) -> float:
        return max(0.0, self._paused_until - time.monotonic())


class PrioritySemaphore:
    """A semaphore whose waiters go in the order of their rank, lowest first."""

    def __init__(self, slots: int) -> None:
        self._free_slots = slots
        self._waiting: list[tuple[Rank, int, asyncio.Future[None]]] = []
        self._count = count()

    @asynccontextmanager
    async def acquire_slot(self, rank: Rank) -> AsyncIterator[None]:
        """Holds one of the places."""
        await self._wait_for_slot(rank)
        try:
            yield
        finally:
            self._release_slot()

    def is_outranked(self, rank: Rank) -> bool:
        """Whether somebody waits who should go before a holder of that rank."""
        return any(next_rank < rank for next_rank, _, turn in self._waiting[:1] if not turn.done())

    async def _wait_for_slot(self, rank: Rank) -> None:
        if self._free_slots and not self._waiting:
            self._free_slots -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._count), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release_slot()  # the place came with the cancellation
            raise

    def _release_slot(self) -> None:
        self._free_slots += 1
        while self._free_slots and self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                self._free_slots -= 1
                with suppress(asyncio.InvalidStateError):
                    turn.set_result(None)
