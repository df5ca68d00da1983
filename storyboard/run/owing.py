"""What the ledger owes a plan: takes that were asked for, and those that were to be picked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from storyboard.graph.plan import Pending
from storyboard.run.attempts import OVER, Attempt, State

_UNSENT = frozenset({State.PLANNED, State.INTENT})
_HERE = frozenset({State.FETCHED, State.COMMITTED})


def unsent(attempt: Attempt) -> bool:
    """Whether its request never left: the next run gives it up and frees its money."""
    return attempt.state in _UNSENT


def pending(attempts: Iterable[Attempt]) -> tuple[Pending, ...]:
    """What was asked for and has not come; free work that died simply runs again."""
    return tuple(
        Pending(
            step=each.step,
            digest=each.digest,
            ordinal=each.ordinal,
            held_micros=each.held_micros,
            unknown=each.state in (State.UNKNOWN, State.SUBMITTING),
            picks=each.picks,
        )
        for each in attempts
        if each.state not in OVER
        and not unsent(each)
        and (each.state is State.UNKNOWN or not each.repeatable)
    )


def wished(attempts: Iterable[Attempt]) -> Mapping[str, int]:
    """By step digest, the take that came last of those that were to be picked."""
    return {each.digest: each.ordinal for each in attempts if each.picks and each.state in _HERE}
