"""Which take of a step plays: the one that `lock` names, else the pick, else the lowest."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol

from storyboard.graph.steps import UNSELECTABLE_KINDS, Step
from storyboard.model.film import Shot, Take


class Decisions(Protocol):
    """What a person decided about the takes of a step digest."""

    def find_pick(self, digest: str) -> int | None:
        """The ordinal a person picked for that digest."""

    def find_rejected(self, digest: str) -> frozenset[int]:
        """Ordinals a person rejected."""


class TakeChooser:
    """Applies the rule to the steps of one film, by its `lock` keys and a person's decisions."""

    def __init__(self, shots: Iterable[Shot], decisions: Decisions) -> None:
        self._locks = {shot.id: shot.lock for shot in shots if shot.lock}
        self._decisions = decisions

    def choose_take(self, step: Step, digest: str, takes: Collection[Take]) -> Take | None:
        """The one of `takes`, all of that digest, that plays; None where none may."""
        return choose_take(
            takes,
            # the lock of a shot means its picture, not what serves it
            lock="" if step.kind in UNSELECTABLE_KINDS else self._locks.get(step.shot, ""),
            pick=self._decisions.find_pick(digest),
            rejected=self._decisions.find_rejected(digest),
        )


def choose_take(
    takes: Collection[Take],
    *,
    lock: str = "",
    pick: int | None = None,
    rejected: Collection[int] = (),
) -> Take | None:
    """The take that `lock` names, else the picked one, else the lowest that was not rejected.

    A lock or a pick of a take that is not among `takes` decides nothing. Either may name a take
    that was rejected.
    """
    locked = (take for take in takes if take.name == lock)
    picked = (take for take in takes if take.ordinal == pick)
    free = (take for take in takes if take.ordinal not in rejected)
    lowest = min(free, key=lambda take: take.ordinal, default=None)
    return next(locked, None) or next(picked, None) or lowest
