"""What only a person can decide, with the money at stake and the way to say it."""

from __future__ import annotations

from collections.abc import Sequence

from storyboard.errors import DecisionNeeded, UnknownOutcome
from storyboard.graph.notices import usd
from storyboard.run.attempts import Attempt
from storyboard.run.job import Job


def undecided(attempts: Sequence[Attempt], why: object = "") -> UnknownOutcome:
    """What a person must decide of attempts at one step, with the money at stake."""
    first = attempts[0]
    names = ", ".join(each.name for each in attempts)
    held = usd(sum(each.reserved_micros for each in attempts))
    return UnknownOutcome(
        f"{names} may have been bought: {why or first.message}; {held} is held",
        hint="look for the job with the provider, then say what came of it: "
        f"`storyboard resolve FILM {first.name}`",
        provider=first.provider,
    )


def filtered(job: Job, why: object) -> DecisionNeeded:
    """That a filter took a take, and the film leaves it to a person."""
    name = job.step.shot or job.step.id
    return DecisionNeeded(
        f"{job.step.id} was filtered and is held: {why}",
        hint=f"change its words, or ask once more: `storyboard render FILM --force {name}`",
    )
