"""The ledger: the durable journal of every attempt of one film.

At most once, by itself: a state is on the disk before the act that depends on it, so whatever
dies, the next run knows what may have been sent, and asks a person where nobody can know.
"""

from __future__ import annotations

import dataclasses
import secrets
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from storyboard.errors import EnvironmentProblem, MoneyRefused, UsageError
from storyboard.run import rows
from storyboard.run.afoot import Afoot
from storyboard.run.attempts import ADOPTED, OVER, Attempt, State, ended_free
from storyboard.run.filelock import FileLock
from storyboard.run.owners import Owners
from storyboard.run.places import make_folder
from storyboard.run.record import usd
from storyboard.run.writer import Statement, Writer

_FILTERED = f"""
    SELECT digest, ordinal FROM attempts WHERE state = '{State.FILTERED}'
    AND id IN (SELECT max(id) FROM attempts GROUP BY digest, ordinal)
"""


_CHARGED_WITHOUT_TAKE = f"""
    WITH charged AS (
        SELECT id, digest, ordinal FROM attempts WHERE state = '{State.LOST}'
        OR (state IN ('{State.FAILED}', '{State.FILTERED}') AND settled_micros > 0)
    )
    SELECT max(id) FROM charged WHERE NOT EXISTS (
        SELECT 1 FROM attempts AS later WHERE later.digest = charged.digest
        AND later.ordinal = charged.ordinal AND later.id > charged.id
        AND later.state = '{State.COMMITTED}'
    ) GROUP BY digest, ordinal
"""
"""The last attempt at each take that was charged and never came."""


class Ledger:
    """The ledger in a film's state folder, held by this process alone until `close`.

    What a dead run left is sorted out on opening (`recovered`). Methods belong to one event loop.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self.folder = folder
        self.run = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"
        """The id of this run."""
        self._lock = lock_film(folder)
        try:
            connection = rows.opened(folder)
            with rows.legible(folder):
                self._afoot = Afoot(rows.read(connection, open_only=True))
                last = connection.execute("SELECT coalesce(max(id), 0) FROM attempts").fetchone()
                self._next = 1 + int(last[0])
                self._runs = rows.remembered(connection)
                self._owners = Owners(connection)
                self.recovered = self._recover(connection)
                filtered = frozenset(connection.execute(_FILTERED))
                self._charged = {
                    (attempt.digest, attempt.ordinal): attempt
                    for attempt in _read_charged(connection)
                }
            self.filtered: frozenset[tuple[str, int]] = filtered
            """(digest, ordinal) of takes whose last attempt a filter took, when this was opened."""
        except BaseException:
            self._lock.release()
            raise
        self._held = self._paid = self._settled = 0
        self._writer = Writer(connection)

    @staticmethod
    def read(folder: Path, *, owing: bool = False) -> tuple[Attempt, ...]:
        """Every attempt of the ledger in `folder`, oldest first, without holding it.

        `owing` leaves out what is over, but for takes that were to be picked.
        """
        if not (folder / rows.FILE).exists():
            return ()
        with rows.legible(folder), closing(rows.opened(folder, look=True)) as connection:
            return tuple(rows.read(connection, open_only=owing, picks=owing))

    @staticmethod
    def filtered_in(folder: Path) -> frozenset[tuple[str, int]]:
        """(digest, ordinal) of takes in `folder`'s ledger whose last attempt a filter took."""
        if not (folder / rows.FILE).exists():
            return frozenset()
        with rows.legible(folder), closing(rows.opened(folder, look=True)) as connection:
            return frozenset(connection.execute(_FILTERED))

    @staticmethod
    def charged_in(folder: Path) -> frozenset[tuple[str, int]]:
        """(digest, ordinal) of takes in `folder`'s ledger that were charged and never came."""
        if not (folder / rows.FILE).exists():
            return frozenset()
        with rows.legible(folder), closing(rows.opened(folder, look=True)) as connection:
            charged = _read_charged(connection)
            return frozenset((attempt.digest, attempt.ordinal) for attempt in charged)

    @staticmethod
    def runs(folder: Path) -> frozenset[str]:
        """The runs that the ledger in `folder` has seen; none where there is no ledger."""
        if not (folder / rows.FILE).exists():
            return frozenset()
        with rows.legible(folder), closing(rows.opened(folder, look=True)) as connection:
            return rows.remembered(connection)

    def remembers(self, run: str) -> bool:
        """Whether this ledger was there when that run bought: what it does not know is not owed."""
        return run in self._runs

    def owner(self, operation: str, attempts: Sequence[Attempt]) -> str:
        """Which attempt, such as `SH010:t01`, has that job already, so that these can't; or empty.

        A job of their own that failed free they may be given again.
        """
        takes = {(each.digest, each.ordinal) for each in attempts}
        return self._owners.other(attempts[0].provider, operation, takes)

    async def sign(self) -> None:
        """Enters this run, on the disk before anything else may name it."""
        if self.run not in self._runs:
            await self._writer.write([rows.sign(self.run, time.time())])
            self._runs |= {self.run}

    def close(self) -> None:
        """Writes what is under way, and lets the film go."""
        self._writer.close()
        self._lock.release()

    @property
    def open(self) -> tuple[Attempt, ...]:
        """Attempts that are not over, unknown ones too, oldest first."""
        return tuple(self._afoot)

    def open_for(self, digest: str, ordinal: int | None = None) -> Attempt | None:
        """The attempt at that take that is not over."""
        return self._afoot.at(digest, ordinal)

    def find_charged(self, digest: str) -> tuple[Attempt, ...]:
        """Attempts at takes of that digest that were charged and brought none, by ordinal.

        Only a person buys such a take again.
        """
        found = [attempt for (of, _), attempt in self._charged.items() if of == digest]
        return tuple(sorted(found, key=lambda attempt: attempt.ordinal))

    @property
    def spent_micros(self) -> int:
        """What was settled while this ledger was open, jobs of earlier runs too."""
        return self._settled

    @property
    def held_micros(self) -> int:
        """What this run has reserved and not yet settled."""
        return self._held

    async def begin(
        self, attempts: Sequence[Attempt], *, price_micros: int, cap_micros: int | None
    ) -> tuple[Attempt, ...]:
        """Reserves the price of each and enters them as `intent`, all or none.

        Raises MoneyRefused, with nothing entered, when this run would pass `cap_micros`.
        """
        price = price_micros * len(attempts)
        after = self._held + self._paid + price
        if cap_micros is not None and price and after > cap_micros:
            raise MoneyRefused(
                f"{attempts[0].name} would bring this run to ${usd(after):.2f},"
                f" over its limit of ${usd(cap_micros):.2f}",
                hint="raise --max-cost or policy.budget_usd; finished takes are kept",
            )
        now = time.time()
        entered = tuple(
            dataclasses.replace(
                attempt,
                id=self._next + number,
                run=self.run,
                state=State.INTENT,
                reserved_micros=price_micros,
                created_at=now,
                updated_at=now,
            )
            for number, attempt in enumerate(attempts)
        )
        self._next += len(entered)
        for each in entered:
            self._afoot.put(each)
        self._held += price
        await self._write(
            entered, [line for each in entered for line in (rows.insert(each), rows.move(each))]
        )
        return entered

    async def advance(self, attempt: Attempt, state: State, **facts: Any) -> Attempt:
        """Moves an attempt on and returns when that is on the disk, where anything depends on it.

        A repeatable one that dies is simply made again, so only its end is waited for.

        `facts` are fields of Attempt that became known: operation, samples, sha256, message,
        settled_micros. A move that is not legal raises ValueError.
        """
        (moved,) = await self.advance_all((attempt,), state, **facts)
        return moved

    async def advance_all(
        self, attempts: Sequence[Attempt], state: State, **facts: Any
    ) -> tuple[Attempt, ...]:
        """Moves attempts on together: after a crash, all of them have gone or none has."""
        moved = tuple(self._moved(attempt, state, facts) for attempt in attempts)
        await self._write(
            moved, [line for each in moved for line in (rows.update(each), rows.move(each))]
        )
        return moved

    async def _write(self, attempts: Sequence[Attempt], lines: Sequence[Statement]) -> None:
        if all(each.repeatable and each.state not in OVER for each in attempts):
            self._writer.post(lines)
        else:
            await self._writer.write(lines)

    def _moved(self, attempt: Attempt, state: State, facts: Mapping[str, Any]) -> Attempt:
        current = self._current(attempt)
        if not current.may_become(state):
            raise ValueError(f"an attempt can't go from {current.state} to {state}")
        moved = dataclasses.replace(current, state=state, updated_at=time.time(), **facts)
        self._afoot.put(moved)
        self._owners.enter(moved)
        if moved.is_charged_without_take:
            self._charged[moved.digest, moved.ordinal] = moved
        elif current.is_charged_without_take or moved.state is State.COMMITTED:
            self._charged.pop((moved.digest, moved.ordinal), None)
        settled = moved.settled_micros - current.settled_micros
        self._settled += settled
        if moved.run == self.run:
            self._held += moved.held_micros - current.held_micros
            self._paid += settled
        return moved

    def _current(self, attempt: Attempt) -> Attempt:
        """The attempt as it stands now; one that was charged and brought nothing may come back."""
        charged = self._charged.get((attempt.digest, attempt.ordinal))
        if charged is not None and charged.id == attempt.id:
            return charged
        return self._afoot[attempt.id]

    def find(self, name: str) -> list[Attempt]:
        """Attempts by operation, `SH010:t01`, step, shot, or id (`#12`).

        Those that are open, and those that were charged and brought no take.
        """
        charged = [each for key, each in self._charged.items() if not self._afoot.at(*key)]
        return [
            each
            for each in (*self._afoot, *charged)
            if name in (each.operation, each.name, each.step, each.shot, f"#{each.id}")
        ]

    async def resolve(
        self, attempt: Attempt, *, adopt: str = "", lost: bool = False, not_sent: bool = False
    ) -> tuple[Attempt, ...]:
        """A person's word on an unknown attempt; exactly one of the three.

        `adopt` names the operation that it became, which the next run polls; `lost` gives its
        money up; `not_sent` sets the money free. After the last two the step may be bought again.
        Of a job that has a name the first two may be said as well: another name, or given up;
        and all three until the provider has answered for a name that a person gave it. One that
        was charged and brought no take may be adopted back, which holds its money again.
        Takes that were asked for together became one operation or none, so the word is about
        all of them, but for one of a known job that is given up. Returns what it was about.
        Raises UsageError for what can't be said of it, or an operation that is another attempt's.
        """
        if (bool(adopt), lost, not_sent).count(True) != 1:
            raise UsageError("say one of: adopt an operation, lost, or not sent")
        words = {
            State.UNKNOWN: adopt or lost or not_sent,
            State.SUBMITTED: adopt or lost or attempt.adopted,
            State.DONE_REMOTE: lost,
        }
        charged = attempt.is_charged_without_take
        if charged and not adopt:
            raise UsageError(
                f"{attempt.name} is {attempt.state} and counted as charged already",
                hint="--adopt OP fetches it after all; `storyboard render FILM --rebuy"
                f" {attempt.shot or attempt.step}` buys it again",
            )
        if not charged and not words.get(attempt.state):
            raise UsageError(
                f"{attempt.name} is {attempt.state}: it was sent, and is {attempt.operation}",
                hint="the next render goes on with it; --assume-lost gives it up",
            )
        meant = self.meant(attempt, lost=lost)
        if adopt:
            if charged and self.open_for(attempt.digest, attempt.ordinal):
                raise UsageError(
                    f"{attempt.name} was bought again, and that attempt is open",
                    hint="the next render goes on with it",
                )
            self._see_that_nobody_has(adopt, attempt)
            return await self.advance_all(
                meant,
                State.SUBMITTED,
                operation=adopt,
                message=ADOPTED,
                samples=(),
                settled_micros=0,
            )
        if lost:
            return await self.advance_all(
                meant,
                State.LOST,
                settled_micros=attempt.reserved_micros,
                message="given up by a person",
            )
        return await self.advance_all(
            meant, State.FAILED, operation="", message="not sent, says a person"
        )

    def _see_that_nobody_has(self, operation: str, attempt: Attempt) -> None:
        """One job made one attempt's take: the same clip is never counted for two."""
        takes = {(each.digest, each.ordinal) for each in self.meant(attempt)}
        for each in self.read(self.folder):
            free = ended_free(each.state, each.settled_micros)
            if free and (each.digest, each.ordinal) in takes:
                continue  # its own job, which the service may have begun again
            same = operation in _names(each.operation) or each.operation in _names(operation)
            if same and each.provider == attempt.provider and each.order != attempt.order:
                raise UsageError(
                    f"{operation} is {each.name}, which is {each.state}",
                    hint=f"look for another job with {attempt.provider}",
                )

    def meant(self, attempt: Attempt, *, lost: bool = False) -> tuple[Attempt, ...]:
        """What a person's word on an attempt is about: those of its order that stand as it does."""
        if attempt.is_charged_without_take or (attempt.state is not State.UNKNOWN and lost):
            return (attempt,)
        return tuple(
            each
            for each in self._afoot
            if (each.order, each.state) == (attempt.order, attempt.state)
        )

    def _recover(self, connection: sqlite3.Connection) -> tuple[Attempt, ...]:
        found = []
        for each in self.open:
            if each.state in (State.PLANNED, State.INTENT) or (
                each.repeatable and each.state is not State.UNKNOWN
            ):
                state, message = State.ABANDONED, "the run ended before it was made"
            elif each.state is State.SUBMITTING:
                state, message = State.UNKNOWN, "the run ended while it was being sent"
            else:
                continue
            moved = dataclasses.replace(each, state=state, message=message, updated_at=time.time())
            found.append(moved)
            self._afoot.put(moved)
        if not found:
            return ()
        connection.execute("BEGIN IMMEDIATE")
        for moved in found:
            for sql, values in (rows.update(moved), rows.move(moved)):
                connection.execute(sql, values)
        connection.execute("COMMIT")
        return tuple(found)


def _read_charged(connection: sqlite3.Connection) -> tuple[Attempt, ...]:
    """The attempts that were charged and brought no take, and whose take nobody bought since."""
    ids = [id for (id,) in connection.execute(_CHARGED_WITHOUT_TAKE)]
    return tuple(rows.read(connection, ids=ids)) if ids else ()


def lifetime_micros(attempts: Iterable[Attempt], locked: Mapping[tuple[str, int], int]) -> int:
    """What a film has cost so far: settled and held money, and what the lock file says was paid.

    A take that stands in both counts once.
    """
    attempts = tuple(attempts)
    own = sum(each.settled_micros + each.held_micros for each in attempts)
    return own + elsewhere_micros(attempts, locked)


def elsewhere_micros(attempts: Iterable[Attempt], locked: Mapping[tuple[str, int], int]) -> int:
    """What the lock file says was paid for takes that are not of these attempts' making."""
    own = {(each.digest, each.ordinal) for each in attempts if each.state is State.COMMITTED}
    return sum(price for key, price in locked.items() if key not in own)


def _names(operation: str) -> Iterable[str]:
    """An operation's name, and those that leave out what stands before it."""
    parts = operation.split("/") if operation else []
    return ("/".join(parts[n:]) for n in range(len(parts)))


def is_at_work(folder: Path) -> bool:
    """Whether a process holds that film's ledger right now."""
    return FileLock(folder / "lock").is_held()


def lock_film(folder: Path) -> FileLock:
    """Holds a film's state for this process; EnvironmentProblem while another one does."""
    lock = FileLock(folder / "lock")
    if not lock.take_unless_held(str(folder)):
        raise EnvironmentProblem(
            f"another storyboard works on this film: {lock.holder()}",
            hint="wait until it is done, or stop it; finished takes are safe",
        )
    return lock
