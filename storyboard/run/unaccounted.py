"""Paid takes that a store has of a film, and that neither its ledger nor its lock file tells of.

So it is once both were lost: the money is spent, and only the sidecars say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from storyboard.run.attempts import OVER, Attempt, State
from storyboard.run.record import Record
from storyboard.run.store import Store


def unaccounted(
    store: Store | None,
    film: Path,
    attempts: Iterable[Attempt],
    locked: Mapping[tuple[str, int], int],
) -> tuple[Record, ...]:
    """Those of the film in that file, oldest first; `locked` is what its lock file has as paid.

    A sidecar names its film by the stem: where another film of the store has the same, nobody can
    say whose a take is, and there are none.
    """
    if store is None or not named_alone(store, film):
        return ()
    return tuple(store.paid(film.stem, accounted(attempts) | set(locked)))


def named_alone(store: Store, film: Path) -> bool:
    """Whether no other film that uses the store has the same stem."""
    others = (each for each in store.tenants.films() if each.stem == film.stem)
    return all(each.parent.resolve() == film.parent.resolve() for each in others)


def accounted(attempts: Iterable[Attempt]) -> set[tuple[str, int]]:
    """(digest, ordinal) of the takes that a ledger has, or is still about to have."""
    return {
        (each.digest, each.ordinal)
        for each in attempts
        if each.state not in OVER or each.state is State.COMMITTED
    }
