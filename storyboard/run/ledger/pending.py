"""What the ledger owes a plan: takes that were asked for, and those that were to be picked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from storyboard.plan.plan import PendingTake
from storyboard.run.ledger.attempts import FINAL_STATES, Attempt, State

_UNSENT_STATES = frozenset({State.PLANNED, State.INTENT})
_DELIVERED_STATES = frozenset({State.FETCHED, State.COMMITTED})


def is_unsent(attempt: Attempt) -> bool:
    """Whether its request never left: the next run gives it up and frees its money."""
    return attempt.state in _UNSENT_STATES


def list_pending_takes(attempts: Iterable[Attempt]) -> tuple[PendingTake, ...]:
    """What was asked for and has not come; free work that died simply runs again."""
    return tuple(
        PendingTake(
            step=attempt.step,
            digest=attempt.digest,
            ordinal=attempt.ordinal,
            held_micros=attempt.held_micros,
            unknown=attempt.state in (State.UNKNOWN, State.SUBMITTING),
            replaces_pick=attempt.picks,
        )
        for attempt in attempts
        if attempt.state not in FINAL_STATES
        and not is_unsent(attempt)
        and (attempt.state is State.UNKNOWN or not attempt.repeatable)
    )


def find_takes_to_pick(attempts: Iterable[Attempt]) -> Mapping[str, str]:
    """By step digest, the content of the take that came last of those that were to be picked."""
    return {
        attempt.digest: attempt.sha256
        for attempt in attempts
        if attempt.picks and attempt.state in _DELIVERED_STATES
    }
