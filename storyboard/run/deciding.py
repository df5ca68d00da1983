"""What only a person can decide, with the money at stake and the way to say it."""

from __future__ import annotations

from collections.abc import Sequence

from storyboard.errors import DecisionNeeded, UnknownOutcome
from storyboard.graph.notices import format_usd
from storyboard.run.attempts import Attempt
from storyboard.run.job import TakeRequest


def outcome_unknown_error(attempts: Sequence[Attempt], why: object = "") -> UnknownOutcome:
    """What a person must decide of attempts at one step, with the money at stake."""
    first = attempts[0]
    names = ", ".join(attempt.name for attempt in attempts)
    reserved = format_usd(sum(attempt.reserved_micros for attempt in attempts))
    return UnknownOutcome(
        f"{names} may have been bought: {why or first.message}; {reserved} is held",
        hint="look for the job with the provider, then say what came of it: "
        f"`storyboard resolve FILM {first.name}`",
        provider=first.provider,
    )


def filter_hold_error(take_request: TakeRequest, why: object) -> DecisionNeeded:
    """That a filter took a take, and the film leaves it to a person."""
    name = take_request.step.shot or take_request.step.id
    return DecisionNeeded(
        f"{take_request.step.id} was filtered and is held: {why}",
        hint=f"change its words, or ask once more: `storyboard render FILM --force {name}`",
    )
