"""Makes takes: submits a request, waits for its results, downloads and ingests them.

What cost nothing is tried again as the film's policy says; what was charged never is.
"""

from __future__ import annotations

import asyncio

from storyboard.errors import OperationFailed, RefusedError, StoryboardError
from storyboard.model.film import Take
from storyboard.providers.base import Provider
from storyboard.run import events as ev
from storyboard.run.executor.context import RunContext
from storyboard.run.executor.downloader import Downloader
from storyboard.run.executor.errors import (
    ResubmitRequested,
    filter_hold_error,
    to_storyboard_error,
)
from storyboard.run.executor.ingest import TakeIngest
from storyboard.run.executor.poll_schedule import pad_delay
from storyboard.run.executor.poller import Poller
from storyboard.run.executor.rate_limiter import RateLimiter
from storyboard.run.executor.submitter import Submitter
from storyboard.run.executor.take_request import TakeRequest
from storyboard.run.ledger.attempts import Attempt

_MAX_RESUBMITS = 2
"""How often a request is submitted again because the service asks for it."""


class TakeMaker:
    """Makes takes for one run; shared by all of its steps."""

    def __init__(
        self,
        context: RunContext,
        ingest: TakeIngest,
        cap_micros: int | None,
        rate_limiter: RateLimiter,
    ) -> None:
        self._policy = context.film.policy
        self._ledger = context.ledger
        self._emit = context.emit
        self._submitter = Submitter(context, cap_micros, rate_limiter)
        self._poller = Poller(context)
        self._downloader = Downloader(context, self._poller)
        self._ingest = ingest

    async def make_takes(
        self, take_request: TakeRequest, provider: Provider
    ) -> list[Take | StoryboardError]:
        """For every ordinal the take, once it is in the store, or why there is none.

        Goes on with attempts that an earlier run left open. An UnknownOutcome says that a person
        must decide.
        """
        batch_size = 1 if provider.repeatable else max(1, take_request.step.samples)
        groups = await asyncio.gather(
            *(
                self._make_take_group(part, provider)
                for part in take_request.split_ordinals(batch_size)
            )
        )
        return [outcome for group in groups for outcome in group]

    async def _make_take_group(
        self, take_request: TakeRequest, provider: Provider
    ) -> list[Take | StoryboardError]:
        """The takes of one submission; where some can't go with it, each is made alone."""
        submitted: dict[int, Attempt | StoryboardError] = {}
        if len(take_request.ordinals) > 1 and not self._has_earlier_attempts(take_request):
            try:
                attempts = await self._submitter.submit_request(take_request, provider)
                submitted = {attempt.ordinal: attempt for attempt in attempts}
            except Exception as error:
                failure = to_storyboard_error(
                    error, take_request.step.provider, take_request.step.id
                )
                submitted = dict.fromkeys(take_request.ordinals, failure)
        return await asyncio.gather(
            *(
                self._make_single_take(single, provider, submitted.get(single.ordinal))
                for single in take_request.split_ordinals(1)
            )
        )

    def _has_earlier_attempts(self, take_request: TakeRequest) -> bool:
        """Whether some of its takes are on their way, or wait for a person after a filter."""
        return any(
            self._ledger.find_open_attempt(single.digest, single.ordinal)
            or self._is_filter_held(single)
            for single in take_request.split_ordinals(1)
        )

    async def _make_single_take(
        self,
        take_request: TakeRequest,
        provider: Provider,
        submitted: Attempt | StoryboardError | None,
    ) -> Take | StoryboardError:
        """One take; `submitted` is what came of a submission that was made for several."""
        try:
            if submitted is None and self._is_filter_held(take_request):
                raise filter_hold_error(
                    take_request, "a safety filter blocked the same prompt in an earlier render"
                )
            return await self._make_take_with_retries(take_request, provider, submitted)
        except Exception as error:
            return to_storyboard_error(error, take_request.step.provider, take_request.step.id)

    async def _make_take_with_retries(
        self,
        take_request: TakeRequest,
        provider: Provider,
        submitted: Attempt | StoryboardError | None,
    ) -> Take:
        """Raises the error that ended the last attempt."""
        policy = self._policy
        retries = resubmits = 0
        while True:
            try:
                if isinstance(submitted, StoryboardError):
                    raise submitted
                attempt = submitted or await self._submitter.resume_or_submit(
                    take_request, provider
                )
                return await self.finish_attempt(attempt, provider, take_request)
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
                    take_request, f"{error}; submitting again in {error.retry_after_s:.0f} s"
                )
                await asyncio.sleep(pad_delay(error.retry_after_s))
                continue
            except OperationFailed as error:
                if error.charged or policy.on_failed != "retry" or retries >= policy.retries:
                    raise
            finally:
                submitted = None
            retries += 1
            self._emit_note(take_request, f"retry {retries} of {policy.retries}")

    async def finish_attempt(
        self, attempt: Attempt, provider: Provider, take_request: TakeRequest | None = None
    ) -> Take:
        """The take of an attempt that was submitted, by this run or an earlier one.

        `take_request` is None where no step of this run asks for the take.
        """
        if stored_take := self._ingest.find_stored_take(attempt):
            return await self._ingest.commit_attempt(attempt, stored_take)
        result = await self._poller.wait_for_result(attempt, provider)
        async with self._downloader.download_result(result, provider) as download:
            if take_request is not None:
                await take_request.slot.record_download(attempt.ordinal)
            source_video = take_request.source_video if take_request else None
            return await self._ingest.ingest_download(download, source_video)

    def _is_filter_held(self, take_request: TakeRequest) -> bool:
        """Whether a filter took this take before, and the film leaves it to a person."""
        key = (take_request.digest, take_request.ordinal)
        was_filtered = self._policy.on_filtered == "hold" and key in self._ledger.filtered_takes
        return (
            was_filtered
            and not take_request.is_forced
            and self._ledger.find_open_attempt(*key) is None
        )

    def _emit_note(self, take_request: TakeRequest, message: str) -> None:
        step = take_request.step
        self._emit(ev.Note(step=step.id, shot=step.shot, message=message))
