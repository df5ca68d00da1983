"""Chooses the take of a step that plays: the one that `lock` names, else the pick, else the
lowest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol

from storyboard.graph.steps import UNSELECTABLE_KINDS, Step
from storyboard.model.film import Shot, Take
from storyboard.plan.take_names import find_takes_by_name, list_take_keys, order_key


class Decisions(Protocol):
    """What a person decided about the takes of a step digest, which are named by their keys.

    The key of a take is the hash of its bytes, or its name where it can be made again.
    """

    def find_pick(self, digest: str) -> str | None:
        """The key of the take that a person picked for that digest."""

    def find_rejected(self, digest: str) -> frozenset[str]:
        """The keys of the takes that a person rejected."""


class TakeChooser:
    """Chooses takes for the steps of one film, by its `lock` keys and a person's decisions."""

    def __init__(self, shots: Iterable[Shot], decisions: Decisions) -> None:
        self._locks = {shot.id: shot.lock for shot in shots if shot.lock}
        self._decisions = decisions

    def find_lock(self, step: Step) -> str:
        """What the film's `lock` says of the step's takes; it means the picture of a shot."""
        return "" if step.kind in UNSELECTABLE_KINDS else self._locks.get(step.shot, "")

    def choose_take(self, step: Step, digest: str, takes: Collection[Take]) -> Take | None:
        """The one of `takes`, all of that digest, that plays; None if none may."""
        return choose_take(
            takes,
            lock=self.find_lock(step),
            pick=self._decisions.find_pick(digest),
            rejected=self._decisions.find_rejected(digest),
        )


def choose_take(
    takes: Collection[Take],
    *,
    lock: str = "",
    pick: str | None = None,
    rejected: Collection[str] = (),
) -> Take | None:
    """The take that `lock` names, else the picked one, else the lowest that was not rejected.

    Of takes with the same number the one that was made first is the lower. A lock or a pick of a
    take that is not among `takes` decides nothing. Either may name a take that was rejected.
    """
    in_order = sorted(takes, key=order_key)
    locked = find_takes_by_name(in_order, lock)
    picked = (take for take in in_order if pick is not None and has_key(take, (pick,)))
    free = (take for take in in_order if not has_key(take, rejected))
    return next(iter(locked), None) or next(picked, None) or next(free, None)


def has_key(take: Take, keys: Collection[str]) -> bool:
    """Whether one of `keys` is the take's."""
    return any(key in keys for key in list_take_keys(take))
