"""Paid takes that a store has of a film, and that neither its ledger nor its lock file tells of.

So it is once both were lost: the money is spent, and only the sidecars say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from storyboard.model.take import TakeKey
from storyboard.run.ledger.attempts import FINAL_STATES, Attempt, State
from storyboard.run.store.store import Store
from storyboard.run.store.take_record import TakeRecord


def find_untracked_takes(
    store: Store | None,
    film: Path,
    attempts: Iterable[Attempt],
    locked_prices: Mapping[TakeKey, int],
) -> tuple[TakeRecord, ...]:
    """Those of the film in that file, oldest first; `locked_prices` are those in its lock file.

    A sidecar names its film by the stem: where another film of the store has the same, nobody can
    say whose a take is, and there are none.
    """
    if store is None or not has_unique_stem(store, film):
        return ()
    return tuple(
        store.find_paid_records(film.stem, list_known_take_keys(attempts) | set(locked_prices))
    )


def has_unique_stem(store: Store, film: Path) -> bool:
    """Whether no other film that uses the store has the same stem."""
    same_stem = (
        other_film for other_film in store.films.list_films() if other_film.stem == film.stem
    )
    return all(other_film.parent.resolve() == film.parent.resolve() for other_film in same_stem)


def list_known_take_keys(attempts: Iterable[Attempt]) -> set[TakeKey]:
    """The takes that a ledger has, or is still about to have; those without content."""
    return {
        (attempt.digest, attempt.ordinal, attempt.sha256)
        for attempt in attempts
        if attempt.state not in FINAL_STATES or attempt.state is State.COMMITTED
    }
