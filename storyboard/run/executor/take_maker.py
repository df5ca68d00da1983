"""Making one take: the way of an attempt from its intent to the store.

Every act stands after the ledger's word for it. What may have cost money is never given up: a
paid submit is finished even when the run is being stopped, and a job that runs is left running.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from storyboard.errors import (
    AuthenticationError,
    NotNow,
    OperationFailed,
    QuotaError,
    RefusedError,
    StoryboardError,
    UnknownOutcome,
)
from storyboard.graph.steps import Step
from storyboard.model.film import Take
from storyboard.providers.base import Operation, Provider, Role, Sample
from storyboard.run import events as ev
from storyboard.run.executor.context import RunContext
from storyboard.run.executor.errors import (
    filter_hold_error,
    operation_not_saved_error,
    outcome_unknown_error,
    to_storyboard_error,
)
from storyboard.run.executor.ingest import TakeIngest
from storyboard.run.executor.poller import (
    REWORD_HINT,
    Download,
    Poller,
    ResubmitRequested,
    pad_delay,
)
from storyboard.run.executor.rate_limiter import RateLimiter
from storyboard.run.executor.take_request import TakeRequest, format_operation_tag, ignore_delivery
from storyboard.run.executor.workspace import AttemptWorkspace
from storyboard.run.ledger.attempts import Attempt, State
from storyboard.util.disk_errors import DiskProblem

_T = TypeVar("_T")
_MAX_RESUBMITS = 2
"""How often a job is sent again because the service asks for it."""


class TakeMaker:
    """Makes takes for one run; shared by all of its steps."""

    def __init__(
        self, context: RunContext, cap_micros: int | None, rate_limiter: RateLimiter
    ) -> None:
        self._policy = context.film.policy
        self._ledger = context.ledger
        self._store = context.store
        self._workspace = context.workspace
        self._emit = context.emit
        self._cap_micros = cap_micros
        self._rate_limiter = rate_limiter
        self._poller = Poller(context)
        self._ingest = TakeIngest(context)
        self._key_errors: dict[str, AuthenticationError] = {}
        """By provider, what it said of our key; asking again would say the same."""
        self.critical_tasks: set[asyncio.Task[Any]] = set()
        """Acts that must not be cut short: a request on its way, a take on its way in."""

    async def make_takes(
        self, take_request: TakeRequest, provider: Provider
    ) -> list[Take | StoryboardError]:
        """For every ordinal the take, once it is in the store, or why there is none.

        Goes on with attempts that an earlier run left open. An UnknownOutcome says that a person
        must decide.
        """
        if len(take_request.ordinals) == 1:
            return [await self._make_take_or_error(take_request, provider, None)]
        first: dict[int, Attempt | StoryboardError] = {}
        has_open = any(
            self._ledger.find_open_attempt(take_request.identity.digest, n)
            for n in take_request.ordinals
        )
        is_held = any(self._is_filter_held(take_request, n) for n in take_request.ordinals)
        if not has_open and not is_held:
            try:
                first = {
                    item.ordinal: item
                    for item in await self._submit_with_retries(take_request, provider)
                }
            except Exception as error:
                failure = to_storyboard_error(
                    error, take_request.step.provider, take_request.step.id
                )
                first = dict.fromkeys(take_request.ordinals, failure)
        singles = [replace(take_request, ordinals=(n,)) for n in take_request.ordinals]
        tries = [
            self._make_take_or_error(item, provider, first.get(item.ordinal)) for item in singles
        ]
        return await asyncio.gather(*tries)

    async def _make_take_or_error(
        self,
        take_request: TakeRequest,
        provider: Provider,
        group_outcome: Attempt | StoryboardError | None,
    ) -> Take | StoryboardError:
        try:
            return await self._make_take_with_retries(take_request, provider, group_outcome)
        except Exception as error:
            return to_storyboard_error(error, take_request.step.provider, take_request.step.id)

    async def _make_take_with_retries(
        self,
        take_request: TakeRequest,
        provider: Provider,
        group_outcome: Attempt | StoryboardError | None,
    ) -> Take:
        """One take; `group_outcome` is what came of an attempt that was made together with others.

        The film's policy tries again what cost nothing; what was charged is bought again by a
        person only. Raises the error that ended the last attempt.
        """
        policy = self._policy
        retries = resubmits = 0
        if group_outcome is None and self._is_filter_held(take_request, take_request.ordinal):
            raise filter_hold_error(take_request, "an earlier render of these words was filtered")
        while True:
            try:
                return await self._make_take_once(take_request, provider, group_outcome)
            except RefusedError as error:
                if policy.on_filtered == "hold":
                    raise filter_hold_error(take_request, error) from error
                if error.charged or policy.on_filtered != "retry" or retries >= policy.retries:
                    raise
            except ResubmitRequested as error:
                resubmits += 1
                if resubmits > _MAX_RESUBMITS:
                    raise
                self._emit_note(
                    take_request.step, f"{error}; sends it again in {error.retry_after_s:.0f} s"
                )
                await asyncio.sleep(pad_delay(error.retry_after_s))
                continue
            except OperationFailed as error:
                if error.charged or policy.on_failed != "retry" or retries >= policy.retries:
                    raise
            finally:
                group_outcome = None
            retries += 1
            self._emit_note(take_request.step, f"tries again, {retries} of {policy.retries}")

    def _is_filter_held(self, take_request: TakeRequest, ordinal: int) -> bool:
        """Whether a filter took this take before, and the film leaves it to a person."""
        key = (take_request.identity.digest, ordinal)
        was_filtered = self._policy.on_filtered == "hold" and key in self._ledger.filtered_takes
        return (
            was_filtered
            and not take_request.is_forced
            and self._ledger.find_open_attempt(*key) is None
        )

    async def _make_take_once(
        self,
        take_request: TakeRequest,
        provider: Provider,
        group_outcome: Attempt | StoryboardError | None,
    ) -> Take:
        if isinstance(group_outcome, StoryboardError):
            raise group_outcome
        attempt = group_outcome or self._ledger.find_open_attempt(
            take_request.identity.digest, take_request.ordinal
        )
        if attempt is None:
            (attempt,) = await self._submit_with_retries(take_request, provider)
        elif attempt.state is State.UNKNOWN:
            attempt = await self._recover_unknown_attempt(attempt, provider)
        elif group_outcome is None:
            self._report_start(attempt, resumed=True)
        video = next((source for source in take_request.inputs if source.role is Role.VIDEO), None)
        return await self.finish_attempt(
            attempt, provider, take_request.on_delivery, video.path if video else None
        )

    async def finish_attempt(
        self,
        attempt: Attempt,
        provider: Provider,
        on_delivery: Callable[[], Awaitable[None]] = ignore_delivery,
        source_video: Path | None = None,
    ) -> Take:
        """The take of an attempt that was submitted, by this run or an earlier one.

        `source_video` is the file of the video that it goes on from, where that is known here.
        """
        if stored_take := self._ingest.find_stored_take(attempt):
            return await self._ingest.commit_attempt(attempt, stored_take)

        async def ingest_download(finished: Attempt, download: Download) -> Take:
            await on_delivery()
            return await self._run_shielded(
                self._ingest.ingest_sample(finished, download, source_video)
            )

        return await self._poller.fetch_result(attempt, provider, ingest_download)

    async def _recover_unknown_attempt(self, attempt: Attempt, provider: Provider) -> Attempt:
        """An unknown attempt whose result lies where only it would lie; else raises.

        The prefix is its order's alone, so what is there was bought by it. Which result is which
        is known once all are there.
        """
        trace = getattr(provider, "trace", None)
        samples: tuple[Sample, ...] = ()
        if trace is not None:
            try:
                samples = await trace(format_operation_tag(*attempt.group_key))
            except Exception as error:
                message = str(to_storyboard_error(error, provider.name, attempt.name))
                self._emit(ev.Note(step=attempt.step, shot=attempt.shot, message=message))
        current = self._ledger.find_open_attempt(attempt.digest, attempt.ordinal)
        if current is not None and current.state is not State.UNKNOWN:
            return current  # another take of the order has looked meanwhile
        group = self._ledger.find_attempts_to_resolve(attempt)
        if len(samples) <= max(member.sample for member in group):
            raise outcome_unknown_error([attempt], attempt.message or "no answer came")
        first_uri = samples[0].uri
        for member in group:
            message = (
                f"{member.name} was bought after all: its result is at {samples[member.sample].uri}"
            )
            self._emit(ev.Note(step=member.step, shot=member.shot, message=message))
        moved = await self._ledger.transition_together(
            group, State.DONE_REMOTE, operation=first_uri, samples=samples
        )
        return next(member for member in moved if member.id == attempt.id)

    # submitting

    async def _submit_with_retries(
        self, take_request: TakeRequest, provider: Provider
    ) -> tuple[Attempt, ...]:
        tries = 0
        while True:
            if key_error := self._key_errors.get(provider.name):
                raise key_error
            if not provider.repeatable:
                await self._wait_for_quota(take_request.step, provider)
            try:
                submission = self._submit_once(take_request, provider)
                attempts = await (
                    submission if provider.repeatable else self._run_shielded(submission)
                )
                for attempt in attempts:
                    self._report_start(attempt)
                return attempts
            except AuthenticationError as error:
                self._key_errors[provider.name] = error
                raise
            except NotNow as error:
                tries += 1
                if tries >= error.tries:
                    raise
                pause = error.retry_after_s or self._poller.poll_s * 2 ** (tries - 1)
                if isinstance(error, QuotaError):
                    self._rate_limiter.pause_queue(
                        take_request.step, pad_delay(pause), error
                    )  # for all of its lane
                self._emit_note(take_request.step, f"{error}; asks again in {pause:.0f} s")
                if not isinstance(error, QuotaError):
                    await asyncio.sleep(pad_delay(pause))

    async def _wait_for_quota(self, step: Step, provider: Provider) -> None:
        """Waits for the quota of the step's lane."""
        read_account = getattr(provider, "account", None)
        account = await read_account() if read_account is not None else ""

        def note_wait(seconds: float) -> None:
            self._emit_note(step, f"waits {seconds:.0f} s for the quota of {step.model}")

        await self._rate_limiter.wait_for_submission_quota(step, account, note_wait)

    async def _submit_once(
        self, take_request: TakeRequest, provider: Provider
    ) -> tuple[Attempt, ...]:
        """From the reservation of the money to the operation's name in the ledger."""
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
            raise await self._record_submit_failure_as_error(attempts, provider, error) from error
        if owner := self._describe_other_owner(operation, provider, attempts):
            conflict = UnknownOutcome(f"{provider.name} named {operation.name}, which {owner}")
            raise await self._record_submit_failure_as_error(attempts, provider, conflict)
        try:
            # What came with the answer is written with the name: nobody can ask for it again.
            attempts = await self._ledger.transition_together(
                attempts, State.SUBMITTED, operation=operation.name, samples=operation.samples
            )
        except DiskProblem as error:
            failure = operation_not_saved_error(attempts, operation.name, error)
            self._emit_note(
                take_request.step, f"{failure}; {failure.hint}"
            )  # nobody may wait for this any more
            raise failure from error
        if operation.samples:
            attempts = await self._ledger.transition_together(attempts, State.DONE_REMOTE)
        return attempts

    def _describe_other_owner(
        self, operation: Operation, provider: Provider, attempts: Sequence[Attempt]
    ) -> str:
        """Whose job that is, in words, where it is another order's: one clip is never two takes.

        An answer that brings its result along needs no name of its own.
        """
        if provider.repeatable or operation.samples:
            return ""
        if owner_name := self._ledger.find_other_owner_name(operation.name, attempts):
            return f"is the job of {owner_name}"
        with suppress(StoryboardError):  # a store that can't be asked knows of nobody
            for record in self._store.find_records_by_operation(provider.name, operation.name):
                return f"made {record.step}:{record.take.name} of film {record.film or '?'}"
        return ""

    async def _record_submit_failure_as_error(
        self, attempts: tuple[Attempt, ...], provider: Provider, error: Exception
    ) -> StoryboardError:
        """Writes down why a submit failed; only a definite no sets the money free."""
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

    async def _run_shielded(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Waits for `coroutine`, which goes on to its end even when the waiting is given up."""
        task = asyncio.create_task(coroutine)
        self.critical_tasks.add(task)
        task.add_done_callback(self._forget_task)
        return await asyncio.shield(task)

    def _forget_task(self, task: asyncio.Task[Any]) -> None:
        self.critical_tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited may be gone; then the ledger has it

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

    def _emit_note(self, step: Step, message: str) -> None:
        self._emit(ev.Note(step=step.id, shot=step.shot, message=message))
