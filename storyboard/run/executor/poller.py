"""Asks how the operations of submitted attempts stand, until each is over; asking is free."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from storyboard.errors import (
    AuthenticationError,
    DecisionNeeded,
    EnvironmentProblem,
    Gone,
    ProviderError,
    StoryboardError,
    UnknownOutcome,
)
from storyboard.providers.base import (
    Done,
    Failed,
    Filtered,
    Operation,
    Outcome,
    Provider,
    Running,
    Sample,
    Unusable,
)
from storyboard.run.executor.context import RunContext
from storyboard.run.executor.errors import (
    StillRunning,
    outcome_unknown_error,
    to_storyboard_error,
)
from storyboard.run.executor.failure_recorder import FailureRecorder
from storyboard.run.executor.operation_wait import OperationWait
from storyboard.run.executor.poll_schedule import PollSchedule, add_jitter, read_poll_interval_s
from storyboard.run.executor.result_expiry import (
    compute_expiry_from_now,
    find_unusable_deadline,
    is_unusable_deadline_over,
)
from storyboard.run.executor.workspace import AttemptWorkspace
from storyboard.run.ledger.attempts import Attempt, State
from storyboard.util.machine_errors import explain_machine_errors

_MAX_FAILED_POLLS = 8
_MAX_UNUSABLE_POLLS = 20
"""How often one render polls an operation that ended with nothing usable: some minutes."""

_TOO_FEW_RESULTS = Failed(
    "the job ended with fewer results than requested, without a reason", billed=True
)


@dataclass(frozen=True, slots=True)
class ReadyResult:
    """A result that the provider has."""

    attempt: Attempt
    """`done_remote`; its samples say where the result lies."""
    is_location_current: bool
    """Whether the provider said just now where; an earlier answer may be out of date."""


class Poller:
    """Polls the operations of one run."""

    def __init__(self, context: RunContext) -> None:
        self._ledger = context.ledger
        self._workspace = context.workspace
        self._emit = context.emit
        self._patience = context.patience
        self._failures = FailureRecorder(context.ledger)
        self._interval_s = read_poll_interval_s()
        self._schedule = PollSchedule(context.ledger.run, self._interval_s)

    async def wait_for_result(self, attempt: Attempt, provider: Provider) -> ReadyResult:
        """Waits until the attempt's result is ready; one whose location is known is not polled.

        Raises OperationFailed or RefusedError when the operation is over without a result; any
        other error leaves the attempt open for the next run.
        """
        if attempt.state is State.FETCHED:  # its bytes did not reach the store
            attempt = await self._ledger.transition(attempt, State.DONE_REMOTE)
        if not attempt.has_result_location:
            return ReadyResult(await self.poll_until_done(attempt, provider), True)
        if attempt.state is State.SUBMITTED:  # its run ended right after the answer
            attempt = await self._ledger.transition(attempt, State.DONE_REMOTE)
        return ReadyResult(attempt, False)

    async def poll_until_done(self, attempt: Attempt, provider: Provider) -> Attempt:
        """Asks until the operation is done; the attempt then has the samples it named.

        Raises StillRunning where that takes longer than the run waits.
        """
        wait = OperationWait(attempt, self._patience, self._emit, self._interval_s)
        pause, failed_polls, unusable_polls, running_s = self._interval_s, 0, 0, 0.0
        while True:
            try:
                outcome = await wait.run_request(self._poll_once(attempt, provider), "still runs")
                failed_polls = 0
                if attempt.is_adopted:
                    attempt = await self._ledger.transition(attempt, State.SUBMITTED, message="")
            except (AuthenticationError, EnvironmentProblem, StillRunning):
                raise
            except UnknownOutcome as error:
                raise await self._record_unknown_outcome(attempt, error) from error
            except Exception as error:
                failed_polls += 1
                if provider.repeatable or failed_polls >= _MAX_FAILED_POLLS:
                    raise await self._record_failed_polls(attempt, provider, error) from error
                outcome = Running(f"no answer: {error}")
            outcome = _narrow_outcome_to_attempt(outcome, attempt, provider)
            if isinstance(outcome, Done):
                self._schedule.record_job_times(attempt, running_s, wait.elapsed_s)
                return await self._record_result(attempt, outcome.samples)
            if isinstance(outcome, (Failed, Filtered)):
                raise await self._failures.record_failed_operation(attempt, outcome)
            if isinstance(outcome, Unusable):
                unusable_polls += 1
                attempt = await self._keep_unusable_until_deadline(attempt, outcome)
                if unusable_polls >= _MAX_UNUSABLE_POLLS:
                    raise _unusable_error(attempt, outcome)
                outcome = Running(outcome.message)
            running_s = wait.elapsed_s
            wait.report_progress(outcome.note)
            await wait.pause(self._schedule.choose_pause_s(attempt, running_s, add_jitter(pause)))
            pause = self._schedule.lengthen_pause(pause)

    async def find_current_location(self, attempt: Attempt, provider: Provider) -> Attempt | None:
        """The attempt with the samples that its operation, done before, names now.

        None where the operation no longer names this attempt's sample.
        """
        outcome = await self._poll_once(attempt, provider)
        if not isinstance(outcome, Done) or len(outcome.samples) <= attempt.sample:
            return None
        return replace(attempt, samples=outcome.samples)

    async def _poll_once(self, attempt: Attempt, provider: Provider) -> Outcome:
        with explain_machine_errors(str(self._workspace.scratch)):
            return await provider.poll(
                Operation(attempt.operation), AttemptWorkspace(self._workspace, f"a{attempt.id}")
            )

    async def _record_unknown_outcome(
        self, attempt: Attempt, error: UnknownOutcome
    ) -> UnknownOutcome:
        if attempt.state is State.SUBMITTED:
            attempt = await self._ledger.transition(attempt, State.UNKNOWN, message=str(error))
        return outcome_unknown_error([attempt], error)

    async def _record_failed_polls(
        self, attempt: Attempt, provider: Provider, error: Exception
    ) -> StoryboardError:
        """Polling that ends without an answer: free work is over, a paid operation is kept."""
        if provider.repeatable:
            failure = to_storyboard_error(error, provider.name, attempt.name)
            await self._ledger.transition(attempt, State.FAILED, message=str(failure))
            return failure
        other_options = "--adopt OP, --assume-not-sent or " if attempt.is_adopted else ""
        resolve = f"`storyboard resolve FILM {attempt.name} {other_options}--assume-lost`"
        if isinstance(error, Gone):
            return DecisionNeeded(
                f"{attempt.provider} can't find {attempt.name}: {error}",
                hint="check that the key, project and address are the same as when it was "
                f"submitted, and render again; if the job no longer exists: {resolve}",
            )
        return ProviderError(
            f"{attempt.provider} doesn't report the state of {attempt.name}: {error}",
            hint=f"render again to ask again; the job is kept (to give it up: {resolve})",
            provider=attempt.provider,
        )

    async def _record_result(self, attempt: Attempt, samples: tuple[Sample, ...]) -> Attempt:
        if attempt.state is State.DONE_REMOTE:  # asked again for what an earlier run lost
            return replace(attempt, samples=samples)
        return await self._ledger.transition(
            attempt, State.DONE_REMOTE, samples=samples, message=""
        )

    async def _keep_unusable_until_deadline(self, attempt: Attempt, outcome: Unusable) -> Attempt:
        """Keeps an operation that ended with nothing usable until its result would be gone anyway.

        The first such answer is noted with the time until which the service keeps results. When an
        answer is still unusable after that time, the attempt is lost and OperationFailed is raised.
        """
        if find_unusable_deadline(attempt) is None:
            note = Sample(problem=outcome.message, expires_at=compute_expiry_from_now(attempt))
            return await self._ledger.transition(
                attempt, State.SUBMITTED, samples=(note,), message=outcome.message
            )
        if is_unusable_deadline_over(attempt):
            raise await self._failures.record_unusable_answer(attempt, outcome.message)
        return attempt


def _narrow_outcome_to_attempt(outcome: Outcome, attempt: Attempt, provider: Provider) -> Outcome:
    """What an operation's outcome means for this attempt's sample, one of several perhaps.

    The samples that came are counted first, then those that a filter is said to have taken. A
    sample that is neither is missing without a word, so it may still come.
    """
    position = (
        attempt.sample - len(outcome.samples) if isinstance(outcome, Done) else attempt.sample
    )
    if isinstance(outcome, Done) and position < 0 and not provider.repeatable:
        problem = outcome.samples[attempt.sample].problem
        return Unusable(problem) if problem else outcome
    if isinstance(outcome, Done) and position >= 0:
        if outcome.filtered:
            outcome = Filtered(
                outcome.filtered, outcome.category, hint=outcome.hint, taken=outcome.taken
            )
        elif provider.repeatable:
            return _TOO_FEW_RESULTS
        else:
            return Unusable("the provider returned fewer results than requested, without a reason")
    if isinstance(outcome, Filtered) and outcome.taken is not None and position >= outcome.taken:
        return Unusable(
            f"a safety filter removed {outcome.taken} of the results, and the others are missing"
        )
    return outcome


def _unusable_error(attempt: Attempt, outcome: Unusable) -> ProviderError:
    deadline = find_unusable_deadline(attempt) or 0.0
    date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(deadline))
    return ProviderError(
        f"{attempt.provider} finished {attempt.name}, but its answer can't be used: "
        f"{outcome.message}",
        hint=f"render again to ask again; the job is kept until {date} and then counts as "
        f"lost (to give it up now: `storyboard resolve FILM {attempt.name} "
        "--assume-lost`)",
        provider=attempt.provider,
    )
