"""Finds the attempts that are not over, and the attempts that own each operation.

One operation belongs to one take, so one clip is never two takes.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from storyboard.run.ledger.attempts import FINAL_STATES, Attempt, State, is_uncharged_failure


class OpenAttempts:
    """Attempts that are not over, unknown ones too, oldest first."""

    def __init__(self, attempts: Iterable[Attempt] = ()) -> None:
        self._by_id: dict[int, Attempt] = {}
        self._ids_by_digest: dict[str, list[int]] = defaultdict(list)
        for attempt in attempts:
            self.enter_or_drop_attempt(attempt)

    def __iter__(self) -> Iterator[Attempt]:
        return iter(self._by_id.values())

    def __getitem__(self, id: int) -> Attempt:
        return self._by_id[id]

    def find_attempt(self, digest: str, ordinal: int | None = None) -> Attempt | None:
        """The attempt at that take, or at any take of the digest."""
        for id in self._ids_by_digest.get(digest, ()):
            if ordinal in (None, self._by_id[id].ordinal):
                return self._by_id[id]
        return None

    def enter_or_drop_attempt(self, attempt: Attempt) -> None:
        """Enters an attempt in place of what was known of it; one that is over is let go."""
        is_listed = attempt.id in self._by_id
        if attempt.state not in FINAL_STATES:
            self._by_id[attempt.id] = attempt
            if not is_listed:
                self._ids_by_digest[attempt.digest].append(attempt.id)
        elif is_listed:
            del self._by_id[attempt.id]
            self._ids_by_digest[attempt.digest].remove(attempt.id)
            if not self._ids_by_digest[attempt.digest]:
                del self._ids_by_digest[attempt.digest]


class _Owner(NamedTuple):
    take: tuple[str, int]
    name: str
    is_free: bool
    """Its job came to nothing and cost nothing, so it is its take's to have again."""


class OperationOwners:
    """By provider and operation, the attempts whose job it is; what may be repeated has none."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._owners: dict[tuple[str, str], dict[int, _Owner]] = {}
        for provider, operation, id, digest, ordinal, step, state, settled in connection.execute(
            "SELECT provider, operation, id, digest, ordinal, step, state, settled_micros"
            " FROM attempts WHERE NOT repeatable AND operation <> '' ORDER BY id"
        ):
            is_free = is_uncharged_failure(State(state), settled)
            owner = _Owner((digest, ordinal), f"{step}:t{ordinal:02d}", is_free)
            self._owners.setdefault((provider, operation), {})[id] = owner

    def record_owner(self, attempt: Attempt) -> None:
        """Notes whose job it is, and what became of that."""
        if attempt.operation and not attempt.repeatable:
            is_free = is_uncharged_failure(attempt.state, attempt.settled_micros)
            owner = _Owner((attempt.digest, attempt.ordinal), attempt.name, is_free)
            self._owners.setdefault((attempt.provider, attempt.operation), {})[attempt.id] = owner

    def find_other_owner_name(
        self, provider: str, operation: str, own_takes: Collection[tuple[str, int]]
    ) -> str:
        """The first attempt, such as `SH010:t01`, whose job it is; empty if none's.

        A service may name the same job again where it failed free: for `own_takes`, by (digest,
        ordinal), their own earlier attempts of that kind don't count.
        """
        owners = self._owners.get((provider, operation), {}).values()
        return next(
            (owner.name for owner in owners if not (owner.is_free and owner.take in own_takes)), ""
        )
