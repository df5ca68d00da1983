"""Ends attempts that bring no take.

Each method writes the ledger's last word on an attempt, which says whether it was charged, and
then returns the error that a person reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from storyboard.errors import OperationFailed, RefusedError, StoryboardError, UnknownOutcome
from storyboard.providers.base import Failed, Filtered, Provider
from storyboard.run.executor.errors import (
    REWORD_HINT,
    ResubmitRequested,
    format_rebuy_hint,
    outcome_unknown_error,
    to_storyboard_error,
)
from storyboard.run.ledger.attempts import Attempt, State
from storyboard.run.ledger.ledger import Ledger

_FREE_HINT = "render again to submit it once more; it cost nothing"


class FailureRecorder:
    """Ends attempts of one run; money is free only where the service says so."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def record_failed_submission(
        self, attempts: Sequence[Attempt], provider: Provider, error: Exception
    ) -> StoryboardError:
        """A submission that raised; only a definite no releases the money."""
        failure = to_storyboard_error(error, provider.name, attempts[0].name)
        if isinstance(error, RefusedError):
            error.hint = error.hint or REWORD_HINT
            await self._ledger.transition_together(attempts, State.FILTERED, message=str(error))
        elif isinstance(error, StoryboardError) and not isinstance(error, UnknownOutcome):
            await self._ledger.transition_together(attempts, State.FAILED, message=str(error))
        elif provider.repeatable:
            await self._ledger.transition_together(attempts, State.FAILED, message=str(failure))
        else:
            message = str(error) or repr(error)
            await self._ledger.transition_together(attempts, State.UNKNOWN, message=message)
            return outcome_unknown_error(attempts, error)
        return failure

    async def record_failed_operation(
        self, attempt: Attempt, outcome: Failed | Filtered
    ) -> OperationFailed | RefusedError:
        """An operation that the service says is over without a result."""
        state = State.FAILED if isinstance(outcome, Failed) else State.FILTERED
        if attempt.state is State.DONE_REMOTE:
            state = State.LOST
        charged = outcome.billed or state is State.LOST
        await self._ledger.transition(
            attempt,
            state,
            message=outcome.message,
            settled_micros=attempt.reserved_micros if charged else 0,
        )
        if isinstance(outcome, Filtered):
            return RefusedError(
                outcome.message,
                hint=outcome.hint or REWORD_HINT,
                provider=attempt.provider,
                category=outcome.category,
                charged=charged,
            )
        if outcome.again_s is not None and state is State.FAILED:
            return ResubmitRequested(
                outcome.message,
                hint=_FREE_HINT,
                provider=attempt.provider,
                retry_after_s=outcome.again_s,
            )
        retry_hint = f"{_FREE_HINT}; to retry automatically, set `policy: {{on_failed: retry}}`"
        return OperationFailed(
            outcome.message,
            hint=f"{format_rebuy_hint(attempt)}; it counts as charged"
            if charged
            else outcome.hint or retry_hint,
            provider=attempt.provider,
            charged=charged,
        )

    async def record_unusable_answer(self, attempt: Attempt, message: str) -> OperationFailed:
        """An operation that is over, with nothing usable until its result would be gone."""
        await self._record_loss(attempt, message)
        return OperationFailed(
            f"{attempt.name} was charged, but its result is lost: {message}",
            hint=format_rebuy_hint(attempt),
            provider=attempt.provider,
            charged=True,
        )

    async def record_expired_result(self, attempt: Attempt, error: Exception) -> OperationFailed:
        """A result that the service no longer has, after the time until which it keeps it."""
        await self._record_loss(attempt, f"expired before it was downloaded: {error}")
        return OperationFailed(
            f"{attempt.name} expired before it was downloaded",
            hint=f"{format_rebuy_hint(attempt)}; it was charged and its result is lost",
            provider=attempt.provider,
            charged=True,
        )

    async def record_bad_download(
        self, attempt: Attempt, path: Path | None, error: StoryboardError
    ) -> OperationFailed:
        """A file that can't be read or is not what was bought."""
        message = str(error).replace(str(path), "the result")
        await self._ledger.transition(
            attempt, State.FAILED, message=message, settled_micros=attempt.reserved_micros
        )
        charged = attempt.reserved_micros > 0
        if not isinstance(error, OperationFailed):
            message = f"it can't be read: {message}"
        charged_hint = (
            f"{format_rebuy_hint(attempt)}; it counts as charged, and the file was not kept"
        )
        return OperationFailed(
            f"{attempt.name} doesn't match the request: {message}",
            hint=charged_hint if charged else error.hint,
            provider=attempt.provider,
            charged=charged,
        )

    async def record_foreign_result(
        self, attempt: Attempt, sha256: str, owner_name: str
    ) -> UnknownOutcome:
        """A result whose bytes are those of another job's take; whose they are a person decides."""
        message = f"{attempt.operation} brought the very bytes of {owner_name}, another job's take"
        attempt = await self._ledger.transition(
            attempt, State.UNKNOWN, sha256=sha256, message=message
        )
        return outcome_unknown_error([attempt])

    async def _record_loss(self, attempt: Attempt, message: str) -> None:
        await self._ledger.transition(
            attempt, State.LOST, message=message, settled_micros=attempt.reserved_micros
        )
