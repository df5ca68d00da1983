"""Builds the errors of a run that people read.

They tell of failures that nobody foresaw, of what only a person can decide, with the money at
stake, and of an operation that the ledger could not record.
"""

from __future__ import annotations

from collections.abc import Sequence

from storyboard.errors import (
    DecisionNeeded,
    OperationFailed,
    ProviderError,
    StoryboardError,
    UnknownOutcome,
)
from storyboard.graph.steps import HELPER_KINDS
from storyboard.money import format_usd
from storyboard.run.executor.take_request import TakeRequest
from storyboard.run.ledger.attempts import Attempt
from storyboard.util.machine_errors import MachineProblem, explain_machine_error

REWORD_HINT = "change the wording; `cast` and `look` are part of the prompt too"


class ResubmitRequested(OperationFailed):
    """The service itself asks for the same submission once more; nothing was charged."""

    def __init__(self, message: str, *, hint: str, provider: str, retry_after_s: float) -> None:
        super().__init__(message, hint=hint, provider=provider)
        self.retry_after_s = retry_after_s


class StillRunning(ProviderError):
    """An operation or a download takes longer than the run waits; the job is kept."""


def to_storyboard_error(error: Exception, provider: str, subject: str) -> StoryboardError:
    """The error itself where it is one of ours, else what is known of it; its cause is kept.

    `subject` names what `provider` was to make: a step, or one attempt at it. Whatever was ordered
    stays as it stands in the ledger, so the next render goes on with it.
    """
    if isinstance(error, StoryboardError):
        return error
    if problem := explain_machine_error(error, f"{subject} could not be written"):
        return problem
    message = (
        f"{subject} failed because of a bug in the adapter of {provider} or in storyboard: "
        f"{type(error).__name__}: {error}"
    )
    hint = "see the traceback in the run log; submitted jobs are kept"
    provider_error = ProviderError(message, hint=hint, provider=provider)
    provider_error.__cause__ = error
    return provider_error


def outcome_unknown_error(attempts: Sequence[Attempt], why: object = "") -> UnknownOutcome:
    """What a person must decide of attempts at one step, with the money at stake."""
    first = attempts[0]
    names = ", ".join(attempt.name for attempt in attempts)
    reserved = format_usd(sum(attempt.reserved_micros for attempt in attempts))
    return UnknownOutcome(
        f"{names}: submission outcome unknown ({why or first.message}); {reserved} stays reserved",
        hint="look for the job at the provider, then record the outcome: `storyboard resolve "
        f"FILM {first.name}`",
        provider=first.provider,
    )


def filter_hold_error(take_request: TakeRequest, why: object) -> DecisionNeeded:
    """That a filter took a take, and the film leaves it to a person."""
    name = take_request.step.shot or take_request.step.id
    return DecisionNeeded(
        f"{take_request.step.id} was blocked by a safety filter: {why}",
        hint="change the wording, or submit it again unchanged: `storyboard render FILM --force "
        f"{name}`",
    )


def operation_not_saved_error(
    attempts: Sequence[Attempt], operation: str, error: MachineProblem
) -> MachineProblem:
    """Names the operation, and what makes it known once there is room again."""
    first = attempts[0]
    names = ", ".join(attempt.name for attempt in attempts)
    return MachineProblem(
        f"{names} was submitted as {operation}, but the ledger could not record it: {error}",
        hint=f"free some disk space, then run: storyboard resolve FILM {first.name} --adopt "
        f"{operation}",
    )


def result_not_fetched_error(attempt: Attempt, why: Exception) -> ProviderError:
    """That a result is ready and can't be downloaded now; the attempt stays open."""
    return ProviderError(
        f"{attempt.name} is finished, but the download failed: {why}",
        hint="render again to download it; nothing is lost (to give it up: `storyboard "
        f"resolve FILM {attempt.name} --assume-lost`)",
        provider=attempt.provider,
    )


def format_rebuy_hint(attempt: Attempt) -> str:
    """What a person can do about an attempt that was charged and brought no take."""
    shot = attempt.step if attempt.kind in HELPER_KINDS else attempt.shot or attempt.step
    return (
        f"buy it again: `storyboard render FILM --rebuy {shot}`; or, if {attempt.provider} "
        f"still has the job: `storyboard resolve FILM {attempt.name} --adopt "
        f"{attempt.operation or 'OP'}`"
    )
