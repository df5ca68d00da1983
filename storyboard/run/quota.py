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
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path

from storyboard.digest import digest
from storyboard.disk import DiskProblem
from storyboard.errors import QuotaError
from storyboard.graph.pace import WINDOW_S
from storyboard.graph.steps import Step
from storyboard.run.database import connect

_VERSIONS = (
    """
    CREATE TABLE submits (lane TEXT NOT NULL, at REAL NOT NULL);
    CREATE INDEX submits_by_lane ON submits (lane, at)
    """,
)
_LONGEST_S = 600.0
"""A pause that a run waits for; a longer one ends the orders of its lane."""

_OPEN = 64
"""Jobs that may be open at a platform whose limit nobody knows."""

Rank = tuple[int, float]


class Windows:
    """The submits of the last minute, by lane, in one database for all processes of a store."""

    def __init__(self, store: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = store / "quota.sqlite"
        self._clock = clock
        self._guard = threading.Lock()
        """Lanes ask side by side, in threads; a connection has one transaction at a time."""
        self._connection: sqlite3.Connection | None = None

    def take(self, lane: str, limit: int) -> float:
        """Counts one more submit and returns 0, or the seconds until the window has room.

        A clock that was set back leaves submits in the future; they count as made now.
        """
        with self._guard:
            self._connection = self._connection or self._open()
            try:
                return self._taken(self._connection, lane, limit)
            except sqlite3.Error as error:
                raise self._problem(error) from error

    def _taken(self, connection: sqlite3.Connection, lane: str, limit: int) -> float:
        connection.execute("BEGIN IMMEDIATE")
        try:
            now = self._clock()
            connection.execute("UPDATE submits SET at = ? WHERE at > ?", (now, now))
            connection.execute("DELETE FROM submits WHERE at <= ?", (now - WINDOW_S,))
            recent = connection.execute(
                "SELECT at FROM submits WHERE lane = ? ORDER BY at DESC LIMIT 1 OFFSET ?",
                (lane, limit - 1),
            ).fetchone()
            if recent is None:
                connection.execute("INSERT INTO submits VALUES (?, ?)", (lane, now))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return 0.0 if recent is None else max(0.001, recent[0] + WINDOW_S - now)

    def _open(self) -> sqlite3.Connection:
        """The database; one that is damaged is begun again, for it only knows of a minute."""
        try:
            return connect(self._path, _VERSIONS, "quota windows")
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise self._problem(error) from error
            self._path.unlink()
            return connect(self._path, _VERSIONS, "quota windows")

    def _problem(self, error: sqlite3.Error) -> DiskProblem:
        return DiskProblem(
            f"the quota windows {self._path} can't be used: {error}",
            hint="check that the disk has room and the store may be written",
        )

    def close(self) -> None:
        """Lets the database go."""
        with self._guard:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


class Lanes:
    """The lanes of one run. Belongs to one event loop."""

    def __init__(self, windows: Windows, rank: Callable[[str], Rank]) -> None:
        self._windows = windows
        self._rank = rank
        self._lanes: dict[str, _Lane] = {}

    @asynccontextmanager
    async def open(self, step: Step) -> AsyncIterator[None]:
        """Holds one of the jobs that a platform may have open, from submit to download."""
        async with self._lane(step).open.held(self._rank(step.id)):
            yield

    async def turn(self, step: Step, account: str, tell: Callable[[float], None]) -> None:
        """Waits until one more request fits into the minute; `tell` hears of waits, in seconds.

        Raises QuotaError in a lane that takes no more orders in this run.
        """
        lane = self._lane(step)
        lane.confirm_open()
        limit = step.pace.per_minute
        if limit is None and not lane.pause_s():
            return
        name = digest("lane", [step.provider, account, step.model])[:16]
        rank, let_in = self._rank(step.id), False
        while not let_in:
            async with lane.submits.held(rank):
                while not let_in and not lane.submits.outranked(rank):
                    lane.confirm_open()
                    wait = lane.pause_s()
                    if not wait and limit is not None:
                        wait = await asyncio.to_thread(self._windows.take, name, limit)
                    let_in = not wait
                    if wait > 1:
                        tell(wait)
                    await asyncio.sleep(wait)

    def pause(self, step: Step, seconds: float, error: QuotaError) -> None:
        """Slows a lane down that has been told to wait; the others go on.

        Raises QuotaError, now and for every further order, where that is no time to wait for.
        """
        lane = self._lane(step)
        if (told := error.retry_after_s or 0.0) > _LONGEST_S:
            lane.shut = (time.time() + told, error)
        lane.confirm_open()
        lane.pause(seconds)

    def close(self) -> None:
        """Lets the windows go."""
        self._windows.close()

    def _lane(self, step: Step) -> _Lane:
        name = f"{step.provider} {step.model}"
        if name not in self._lanes:
            self._lanes[name] = _Lane(step.pace.at_once or _OPEN)
        return self._lanes[name]


class _Lane:
    def __init__(self, at_once: int) -> None:
        self.open = Turns(at_once)
        self.submits = Turns(1)
        self.shut: tuple[float, QuotaError] | None = None
        """When it takes orders again, by the clock, and what the service said."""
        self._until = 0.0

    def confirm_open(self) -> None:
        """Raises QuotaError while it takes no orders."""
        if self.shut is not None:
            until, error = self.shut
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(until))
            raise QuotaError(
                f"{error}; it takes no order before {when}",
                hint="nothing was ordered and nothing is held; render again then",
                provider=error.provider,
                retry_after_s=max(0.0, until - time.time()),
            )

    def pause(self, seconds: float) -> None:
        self._until = max(self._until, time.monotonic() + seconds)

    def pause_s(self) -> float:
        return max(0.0, self._until - time.monotonic())


class Turns:
    """A semaphore whose waiters go in the order of their rank, lowest first."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: list[tuple[Rank, int, asyncio.Future[None]]] = []
        self._count = count()

    @asynccontextmanager
    async def held(self, rank: Rank) -> AsyncIterator[None]:
        """Holds one of the places."""
        await self._acquire(rank)
        try:
            yield
        finally:
            self._release()

    def outranked(self, rank: Rank) -> bool:
        """Whether somebody waits who should go before a holder of that rank."""
        return any(each < rank for each, _, turn in self._waiting[:1] if not turn.done())

    async def _acquire(self, rank: Rank) -> None:
        if self._free and not self._waiting:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._count), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release()  # the place came with the cancellation
            raise

    def _release(self) -> None:
        self._free += 1
        while self._free and self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                self._free -= 1
                with suppress(asyncio.InvalidStateError):
                    turn.set_result(None)
