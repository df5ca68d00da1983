"""The ledger: the durable journal of every attempt of one film.

At most once, by itself: a state is on the disk before the act that depends on it, so whatever
dies, the next run knows what may have been sent, and asks a person where nobody can know.
"""

from __future__ import annotations

import dataclasses
import secrets
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from storyboard.errors import EnvironmentProblem, MoneyRefused, UsageError
from storyboard.model.take import TakeKey
from storyboard.money import micros_to_usd
from storyboard.run.ledger import schema
from storyboard.run.ledger.attempts import (
    ADOPTED_MESSAGE,
    FINAL_STATES,
    Attempt,
    State,
    is_uncharged_failure,
)
from storyboard.run.ledger.open_attempts import OpenAttempts, OperationOwners
from storyboard.run.ledger.writer import GroupCommitWriter, Statement
from storyboard.run.paths import create_git_ignored_folder
from storyboard.util.file_lock import FileLock

_FILTERED_SQL = f"""
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

    What a dead run left is sorted out on opening (`recovered_attempts`). Methods belong to one
    event loop.
    """

    def __init__(self, folder: Path) -> None:
        create_git_ignored_folder(folder)
        self.folder = folder
        self.run = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"
        """The id of this run."""
        self._lock = lock_film(folder)
        try:
            connection = schema.open_ledger(folder)
            with schema.explain_read_errors(folder):
                self._open_attempts = OpenAttempts(schema.read_attempts(connection, open_only=True))
                last_id = connection.execute("SELECT coalesce(max(id), 0) FROM attempts").fetchone()
                self._next_id = 1 + int(last_id[0])
                self._runs = schema.read_known_runs(connection)
                self._owners = OperationOwners(connection)
                self.recovered_attempts = self._recover_interrupted_attempts(connection)
                filtered = frozenset(connection.execute(_FILTERED_SQL))
                self._charged_attempts = {
                    (attempt.digest, attempt.ordinal): attempt
                    for attempt in _read_charged_without_take(connection)
                }
            self.filtered_takes: frozenset[tuple[str, int]] = filtered
            """(digest, ordinal) of takes whose last attempt a filter took, when this was opened."""
        except BaseException:
            self._lock.release()
            raise
        self._reserved_micros = self._run_settled_micros = self._settled_micros = 0
        self._writer = GroupCommitWriter(connection)

    @staticmethod
    def read_attempts(
        state_folder: Path, *, open_or_picked_only: bool = False
    ) -> tuple[Attempt, ...]:
        """Every attempt of the ledger in `state_folder`, oldest first, without holding it.

        `open_or_picked_only` leaves out what is over, but for takes that were to be picked.
        """
        if not (state_folder / schema.LEDGER_FILE).exists():
            return ()
        with (
            schema.explain_read_errors(state_folder),
            closing(schema.open_ledger(state_folder, read_only=True)) as connection,
        ):
            return tuple(
                schema.read_attempts(
                    connection, open_only=open_or_picked_only, include_picks=open_or_picked_only
                )
            )

    @staticmethod
    def read_filtered_takes(state_folder: Path) -> frozenset[tuple[str, int]]:
        """(digest, ordinal) of takes in `state_folder`'s ledger whose last try a filter took."""
        if not (state_folder / schema.LEDGER_FILE).exists():
            return frozenset()
        with (
            schema.explain_read_errors(state_folder),
            closing(schema.open_ledger(state_folder, read_only=True)) as connection,
        ):
            return frozenset(connection.execute(_FILTERED_SQL))

    @staticmethod
    def read_charged_without_take(state_folder: Path) -> frozenset[tuple[str, int]]:
        """(digest, ordinal) of takes in `state_folder`'s ledger, charged, that never came."""
        if not (state_folder / schema.LEDGER_FILE).exists():
            return frozenset()
        with (
            schema.explain_read_errors(state_folder),
            closing(schema.open_ledger(state_folder, read_only=True)) as connection,
        ):
            charged = _read_charged_without_take(connection)
            return frozenset((attempt.digest, attempt.ordinal) for attempt in charged)

    @staticmethod
    def read_runs(state_folder: Path) -> frozenset[str]:
        """The runs that the ledger in `state_folder` has seen; none where there is no ledger."""
        if not (state_folder / schema.LEDGER_FILE).exists():
            return frozenset()
        with (
            schema.explain_read_errors(state_folder),
            closing(schema.open_ledger(state_folder, read_only=True)) as connection,
        ):
            return schema.read_known_runs(connection)

    def has_run(self, run: str) -> bool:
        """Whether this ledger was there when that run bought: what it does not know is not owed."""
        return run in self._runs

    def find_other_owner_name(self, operation: str, attempts: Sequence[Attempt]) -> str:
        """Which attempt, such as `SH010:t01`, has that job already, so that these can't; or empty.

        A job of their own that failed free they may be given again.
        """
        takes = {(attempt.digest, attempt.ordinal) for attempt in attempts}
        return self._owners.find_other_owner_name(attempts[0].provider, operation, takes)

    async def record_run(self) -> None:
        """Enters this run, on the disk before anything else may name it."""
        if self.run not in self._runs:
            await self._writer.write_durably([schema.build_run_insert(self.run, time.time())])
            self._runs |= {self.run}

    def close(self) -> None:
        """Writes what is under way, and lets the film go."""
        self._writer.close()
        self._lock.release()

    @property
    def open_attempts(self) -> tuple[Attempt, ...]:
        """Attempts that are not over, unknown ones too, oldest first."""
        return tuple(self._open_attempts)

    def find_open_attempt(self, digest: str, ordinal: int | None = None) -> Attempt | None:
        """The attempt at that take that is not over."""
        return self._open_attempts.find_attempt(digest, ordinal)

    def find_charged_without_take(self, digest: str) -> tuple[Attempt, ...]:
        """Attempts at takes of that digest that were charged and brought none, by ordinal.

        Only a person buys such a take again.
        """
        attempts = [
            attempt
            for (other_digest, _), attempt in self._charged_attempts.items()
            if other_digest == digest
        ]
        return tuple(sorted(attempts, key=lambda attempt: attempt.ordinal))

    @property
    def spent_micros(self) -> int:
        """What was settled while this ledger was open, jobs of earlier runs too."""
        return self._settled_micros

    async def reserve_attempts(
        self, attempts: Sequence[Attempt], *, price_micros: int, cap_micros: int | None
    ) -> tuple[Attempt, ...]:
        """Reserves the price of each and enters them as `intent`, all or none.

        Raises MoneyRefused, with nothing entered, when this run would pass `cap_micros`.
        """
        total_price = price_micros * len(attempts)
        total_micros = self._reserved_micros + self._run_settled_micros + total_price
        if cap_micros is not None and total_price and total_micros > cap_micros:
            raise MoneyRefused(
                f"{attempts[0].name} would exceed the limit of this run: "
                f"${micros_to_usd(total_micros):.2f} of ${micros_to_usd(cap_micros):.2f}",
                hint="raise --max-cost or policy.budget_usd; finished takes are kept",
            )
        now = time.time()
        new_attempts = tuple(
            dataclasses.replace(
                attempt,
                id=self._next_id + number,
                run=self.run,
                state=State.INTENT,
                reserved_micros=price_micros,
                created_at=now,
                updated_at=now,
            )
            for number, attempt in enumerate(attempts)
        )
        self._next_id += len(new_attempts)
        for new_attempt in new_attempts:
            self._open_attempts.enter_or_drop_attempt(new_attempt)
        self._reserved_micros += total_price
        await self._write_statements(
            new_attempts,
            [
                line
                for new_attempt in new_attempts
                for line in (
                    schema.build_attempt_insert(new_attempt),
                    schema.build_move_insert(new_attempt),
                )
            ],
        )
        return new_attempts

    async def transition(self, attempt: Attempt, state: State, **changes: Any) -> Attempt:
        """Moves an attempt on and returns when that is on the disk, where anything depends on it.

        A repeatable one that dies is simply made again, so only its end is waited for.

        `changes` are fields of Attempt that became known: operation, samples, sha256, message,
        settled_micros. A move that is not legal raises ValueError.
        """
        (moved,) = await self.transition_together((attempt,), state, **changes)
        return moved

    async def transition_together(
        self, attempts: Sequence[Attempt], state: State, **changes: Any
    ) -> tuple[Attempt, ...]:
        """Moves attempts on together: after a crash, all of them have gone or none has."""
        moved = tuple(self._apply_transition(attempt, state, changes) for attempt in attempts)
        await self._write_statements(
            moved,
            [
                line
                for attempt in moved
                for line in (
                    schema.build_attempt_update(attempt),
                    schema.build_move_insert(attempt),
                )
            ],
        )
        return moved

    async def _write_statements(
        self, attempts: Sequence[Attempt], statements: Sequence[Statement]
    ) -> None:
        if all(attempt.repeatable and attempt.state not in FINAL_STATES for attempt in attempts):
            self._writer.queue_write(statements)
        else:
            await self._writer.write_durably(statements)

    def _apply_transition(
        self, attempt: Attempt, state: State, changes: Mapping[str, Any]
    ) -> Attempt:
        current = self._find_current(attempt)
        if not current.can_become(state):
            raise ValueError(f"an attempt can't go from {current.state} to {state}")
        moved = dataclasses.replace(current, state=state, updated_at=time.time(), **changes)
        self._open_attempts.enter_or_drop_attempt(moved)
        self._owners.record_owner(moved)
        if moved.is_charged_without_take:
            self._charged_attempts[moved.digest, moved.ordinal] = moved
        elif current.is_charged_without_take or moved.state is State.COMMITTED:
            self._charged_attempts.pop((moved.digest, moved.ordinal), None)
        settled = moved.settled_micros - current.settled_micros
        self._settled_micros += settled
        if moved.run == self.run:
            self._reserved_micros += moved.held_micros - current.held_micros
            self._run_settled_micros += settled
        return moved

    def _find_current(self, attempt: Attempt) -> Attempt:
        """The attempt as it stands now; one that was charged and brought nothing may come back."""
        charged = self._charged_attempts.get((attempt.digest, attempt.ordinal))
        if charged is not None and charged.id == attempt.id:
            return charged
        return self._open_attempts[attempt.id]

    def find_attempts_by_name(self, name: str) -> list[Attempt]:
        """Attempts by operation, `SH010:t01`, step, shot, or id (`#12`).

        Those that are open, and those that were charged and brought no take.
        """
        charged = [
            attempt
            for key, attempt in self._charged_attempts.items()
            if not self._open_attempts.find_attempt(*key)
        ]
        return [
            attempt
            for attempt in (*self._open_attempts, *charged)
            if name
            in (attempt.operation, attempt.name, attempt.step, attempt.shot, f"#{attempt.id}")
        ]

    async def resolve_attempt(
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
            raise UsageError("choose one of: adopt an operation, lost, not sent")
        allowed = {
            State.UNKNOWN: adopt or lost or not_sent,
            State.SUBMITTED: adopt or lost or attempt.is_adopted,
            State.DONE_REMOTE: lost,
        }
        charged = attempt.is_charged_without_take
        if charged and not adopt:
            raise UsageError(
                f"{attempt.name} is {attempt.state} and already counts as charged",
                hint="use --adopt OP to download its result, or `storyboard render FILM "
                f"--rebuy {attempt.shot or attempt.step}` to buy it again",
            )
        if not charged and not allowed.get(attempt.state):
            raise UsageError(
                f"{attempt.name} is {attempt.state}: it was sent, as {attempt.operation}",
                hint="render again to continue with it, or use --assume-lost to give it up",
            )
        group = self.find_attempts_to_resolve(attempt, lost=lost)
        if adopt:
            if charged and self.find_open_attempt(attempt.digest, attempt.ordinal):
                raise UsageError(
                    f"{attempt.name} was bought again, and the new attempt is still open",
                    hint="render again to continue with it",
                )
            self._refuse_owned_operation(adopt, attempt)
            return await self.transition_together(
                group,
                State.SUBMITTED,
                operation=adopt,
                message=ADOPTED_MESSAGE,
                samples=(),
                # of the job itself, a person who has seen what it brought takes it
                sha256=attempt.sha256 if adopt == attempt.operation else "",
                settled_micros=0,
            )
        if lost:
            return await self.transition_together(
                group,
                State.LOST,
                settled_micros=attempt.reserved_micros,
                message="given up by the user",
            )
        return await self.transition_together(
            group, State.FAILED, operation="", message="not sent, according to the user"
        )

    def _refuse_owned_operation(self, operation: str, attempt: Attempt) -> None:
        """One job made one attempt's take: the same clip is never counted for two."""
        takes = {(row.digest, row.ordinal) for row in self.find_attempts_to_resolve(attempt)}
        for row in self.read_attempts(self.folder):
            is_free = is_uncharged_failure(row.state, row.settled_micros)
            if is_free and (row.digest, row.ordinal) in takes:
                continue  # its own job, which the service may have begun again
            is_same_operation = operation in _list_path_suffixes(
                row.operation
            ) or row.operation in _list_path_suffixes(operation)
            if (
                is_same_operation
                and row.provider == attempt.provider
                and row.group_key != attempt.group_key
            ):
                raise UsageError(
                    f"{operation} already belongs to {row.name}, which is {row.state}",
                    hint=f"look for another job at {attempt.provider}",
                )

    def find_attempts_to_resolve(
        self, attempt: Attempt, *, lost: bool = False
    ) -> tuple[Attempt, ...]:
        """What a person's word on an attempt is about: those of its order that stand as it does."""
        if attempt.is_charged_without_take or (attempt.state is not State.UNKNOWN and lost):
            return (attempt,)
        return tuple(
            candidate
            for candidate in self._open_attempts
            if (candidate.group_key, candidate.state) == (attempt.group_key, attempt.state)
        )

    def _recover_interrupted_attempts(self, connection: sqlite3.Connection) -> tuple[Attempt, ...]:
        changed = []
        for attempt in self.open_attempts:
            if attempt.state in (State.PLANNED, State.INTENT) or (
                attempt.repeatable and attempt.state is not State.UNKNOWN
            ):
                state, message = State.ABANDONED, "the run ended before the take was made"
            elif attempt.state is State.SUBMITTING:
                state, message = State.UNKNOWN, "the run ended during the submission"
            else:
                continue
            moved = dataclasses.replace(
                attempt, state=state, message=message, updated_at=time.time()
            )
            changed.append(moved)
            self._open_attempts.enter_or_drop_attempt(moved)
        if not changed:
            return ()
        connection.execute("BEGIN IMMEDIATE")
        for moved in changed:
            for sql, values in (
                schema.build_attempt_update(moved),
                schema.build_move_insert(moved),
            ):
                connection.execute(sql, values)
        connection.execute("COMMIT")
        return tuple(changed)


def _read_charged_without_take(connection: sqlite3.Connection) -> tuple[Attempt, ...]:
    """The attempts that were charged and brought no take, and whose take nobody bought since."""
    ids = [id for (id,) in connection.execute(_CHARGED_WITHOUT_TAKE)]
    return tuple(schema.read_attempts(connection, ids=ids)) if ids else ()


def sum_lifetime_cost_micros(
    attempts: Iterable[Attempt], locked_prices: Mapping[TakeKey, int]
) -> int:
    """What a film has cost so far: settled and held money, and what the lock file says was paid.

    A take that stands in both counts once.
    """
    attempts = tuple(attempts)
    own_micros = sum(attempt.settled_micros + attempt.held_micros for attempt in attempts)
    return own_micros + sum_other_takes_cost_micros(attempts, locked_prices)


def sum_other_takes_cost_micros(
    attempts: Iterable[Attempt], locked_prices: Mapping[TakeKey, int]
) -> int:
    """What the lock file says was paid beyond what these attempts paid for the same takes."""
    own_micros: Counter[TakeKey] = Counter()
    for attempt in attempts:
        if attempt.state is State.COMMITTED:
            own_micros[attempt.digest, attempt.ordinal, attempt.sha256] += attempt.reserved_micros
    return sum(max(0, price - own_micros[key]) for key, price in locked_prices.items())


def _list_path_suffixes(operation: str) -> Iterable[str]:
    """An operation's name, and those that leave out what stands before it."""
    parts = operation.split("/") if operation else []
    return ("/".join(parts[n:]) for n in range(len(parts)))


def is_film_locked(state_folder: Path) -> bool:
    """Whether a process holds that film's ledger right now."""
    return FileLock(state_folder / "lock").is_held()


def lock_film(state_folder: Path) -> FileLock:
    """Holds a film's state for this process; EnvironmentProblem while another one does."""
    lock = FileLock(state_folder / "lock")
    if not lock.acquire_with_retry(str(state_folder)):
        raise EnvironmentProblem(
            f"another storyboard process is working on this film: {lock.read_owner()}",
            hint="wait until it has finished, or stop it; finished takes are safe",
        )
    return lock
