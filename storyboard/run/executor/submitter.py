"""Submits requests: from the reservation of the money to the operation's name in the ledger.

A submission that may have cost money is never given up: it is finished even when the run is being
stopped, and what an earlier run submitted is gone on with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from storyboard.errors import (
    AuthenticationError,
    NotNow,
    QuotaError,
    StoryboardError,
    UnknownOutcome,
    Unreachable,
)
from storyboard.providers.base import Operation, Provider, Sample
from storyboard.run import events as ev
from storyboard.run.executor.context import RunContext
from storyboard.run.executor.errors import (
    operation_not_saved_error,
    outcome_unknown_error,
    to_storyboard_error,
)
from storyboard.run.executor.failure_recorder import FailureRecorder
from storyboard.run.executor.poll_schedule import pad_delay, read_poll_interval_s
from storyboard.run.executor.rate_limiter import RateLimiter
from storyboard.run.executor.take_request import TakeRequest, format_operation_tag
from storyboard.run.executor.workspace import AttemptWorkspace
from storyboard.run.ledger.attempts import Attempt, State
from storyboard.util.machine_errors import MachineProblem


class Submitter:
    """Submits the requests of one run."""

    def __init__(
        self, context: RunContext, cap_micros: int | None, rate_limiter: RateLimiter
    ) -> None:
        self._ledger = context.ledger
        self._store = context.store
        self._workspace = context.workspace
        self._critical_tasks = context.critical_tasks
        self._emit = context.emit
        self._cap_micros = cap_micros
        self._rate_limiter = rate_limiter
        self._failures = FailureRecorder(context.ledger)
        self._first_pause_s = read_poll_interval_s()
        self._key_errors: dict[str, AuthenticationError] = {}
        """By provider, what it said of our key; asking again would say the same."""

    async def resume_or_submit(self, take_request: TakeRequest, provider: Provider) -> Attempt:
        """The attempt at a request for one take: an open one, else a new one."""
        attempt = self._ledger.find_open_attempt(take_request.digest, take_request.ordinal)
        if attempt is None:
            (attempt,) = await self.submit_request(take_request, provider)
        elif attempt.state is State.UNKNOWN:
            attempt = await self._recover_unknown_attempt(attempt, provider)
        else:
            self._report_start(attempt, resumed=True)
        return attempt

    async def submit_request(
        self, take_request: TakeRequest, provider: Provider
    ) -> tuple[Attempt, ...]:
        """Submits once it may; the attempt group has one attempt for each take.

        Submits again where the service says that no operation was made and a later time may do.
        """
        tries = 0
        while True:
            if key_error := self._key_errors.get(provider.name):
                raise key_error
            account = ""
            if not provider.repeatable:
                read_account = getattr(provider, "account", None)
                account = await read_account() if read_account is not None else ""
                await self._rate_limiter.wait_for_submission_quota(take_request.step, account)
            try:
                submission = self._submit_once(take_request, provider)
                if provider.repeatable:
                    return await submission
                return await self._critical_tasks.run_to_end(submission)
            except AuthenticationError as error:
                self._key_errors[provider.name] = error
                raise
            except NotNow as error:
                if isinstance(error, Unreachable):
                    await self._rate_limiter.take_back_submission(take_request.step, account)
                tries += 1
                if tries >= error.tries:
                    raise
                await self._pause_before_retry(take_request, error, tries)

    async def _pause_before_retry(
        self, take_request: TakeRequest, error: NotNow, tries: int
    ) -> None:
        pause = error.retry_after_s or self._first_pause_s * 2 ** (tries - 1)
        if isinstance(error, QuotaError):  # a full quota is full for all of its queue
            self._rate_limiter.pause_queue(take_request.step, pad_delay(pause), error)
        self._emit_note(take_request, f"{error}; retrying in {pause:.0f} s")
        if not isinstance(error, QuotaError):
            await asyncio.sleep(pad_delay(pause))

    async def _submit_once(
        self, take_request: TakeRequest, provider: Provider
    ) -> tuple[Attempt, ...]:
        attempts = await self._ledger.reserve_attempts(
            take_request.build_attempts(provider),
            price_micros=take_request.step.price_micros,
            cap_micros=self._cap_micros,
        )
        await self._ledger.transition_together(attempts, State.SUBMITTING)
        request = take_request.build_request(format_operation_tag(self._ledger.run, attempts[0].id))
        try:
            operation = await provider.submit(
                request, AttemptWorkspace(self._workspace, f"a{attempts[0].id}")
            )
        except Exception as error:
            raise await self._failures.record_failed_submission(
                attempts, provider, error
            ) from error
        if owner := self._describe_other_owner(operation, provider, attempts):
            conflict = UnknownOutcome(
                f"{provider.name} returned the job {operation.name}, which {owner}"
            )
            raise await self._failures.record_failed_submission(attempts, provider, conflict)
        try:
            # What came with the answer is written with the name: nobody can ask for it again.
            attempts = await self._ledger.transition_together(
                attempts, State.SUBMITTED, operation=operation.name, samples=operation.samples
            )
        except MachineProblem as error:
            failure = operation_not_saved_error(attempts, operation.name, error)
            self._emit_note(
                take_request, f"{failure}; {failure.hint}"
            )  # nobody may wait for this any more
            raise failure from error
        if operation.samples:
            attempts = await self._ledger.transition_together(attempts, State.DONE_REMOTE)
        for attempt in attempts:
            self._report_start(attempt)
        return attempts

    def _describe_other_owner(
        self, operation: Operation, provider: Provider, attempts: Sequence[Attempt]
    ) -> str:
        """Whose operation that is, where another submission made it: one clip is never two takes.

        An answer that brings its result along needs no name of its own.
        """
        if provider.repeatable or operation.samples:
            return ""
        if owner_name := self._ledger.find_other_owner_name(operation.name, attempts):
            return f"already belongs to {owner_name}"
        with suppress(StoryboardError):  # a store that can't be asked knows of nobody
            for record in self._store.find_records_by_operation(provider.name, operation.name):
                return f"already made {record.step}:{record.take.name} of film {record.film or '?'}"
        return ""

    async def _recover_unknown_attempt(self, attempt: Attempt, provider: Provider) -> Attempt:
        """An unknown attempt whose result lies where only it would lie; else raises.

        The prefix is its submission's alone, so what is there was bought by it. Which result is
        which is known once all are there.
        """
        samples = await self._trace_samples(attempt, provider)
        current = self._ledger.find_open_attempt(attempt.digest, attempt.ordinal)
        if current is not None and current.state is not State.UNKNOWN:
            return current  # another attempt of the group has looked meanwhile
        group = self._ledger.find_attempts_to_resolve(attempt)
        if len(samples) <= max(member.sample for member in group):
            raise outcome_unknown_error([attempt], attempt.message or "no answer was received")
        for member in group:
            message = f"{member.name} was bought: its result is at {samples[member.sample].uri}"
            self._emit(ev.Note(step=member.step, shot=member.shot, message=message))
        moved = await self._ledger.transition_together(
            group, State.DONE_REMOTE, operation=samples[0].uri, samples=samples
        )
        return next(member for member in moved if member.id == attempt.id)

    async def _trace_samples(self, attempt: Attempt, provider: Provider) -> Sequence[Sample]:
        """What lies under the prefix of the attempt's submission, where the provider can look."""
        trace = getattr(provider, "trace", None)
        if trace is None:
            return ()
        try:
            samples: tuple[Sample, ...] = await trace(format_operation_tag(*attempt.group_key))
        except Exception as error:
            message = str(to_storyboard_error(error, provider.name, attempt.name))
            self._emit(ev.Note(step=attempt.step, shot=attempt.shot, message=message))
            return ()
        return samples

    def _report_start(self, attempt: Attempt, *, resumed: bool = False) -> None:
        self._emit(
            ev.OperationStarted(
                step=attempt.step,
                shot=attempt.shot,
                operation=attempt.operation,
                provider=attempt.provider,
                take=f"t{attempt.ordinal:02d}",
                resumed=resumed,
            )
        )

    def _emit_note(self, take_request: TakeRequest, message: str) -> None:
        step = take_request.step
        self._emit(ev.Note(step=step.id, shot=step.shot, message=message))
