"""Brings results to files in the workspace; fetching is free, so it is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from storyboard.errors import (
    AuthenticationError,
    EnvironmentProblem,
    Gone,
    MediaError,
    OperationFailed,
    ProviderError,
    UnknownOutcome,
)
from storyboard.model.film import MediaFacts
from storyboard.providers.base import Failed, Kind, Provider, Sample
from storyboard.run.executor.context import RunContext
from storyboard.run.executor.errors import StillRunning, result_not_fetched_error
from storyboard.run.executor.failure_recorder import FailureRecorder
from storyboard.run.executor.operation_wait import OperationWait
from storyboard.run.executor.poll_schedule import add_jitter, read_poll_interval_s
from storyboard.run.executor.poller import Poller, ReadyResult
from storyboard.run.executor.result_expiry import is_sample_expired
from storyboard.run.executor.workspace import AttemptWorkspace
from storyboard.run.ledger.attempts import Attempt
from storyboard.util.batching import Batcher, build_batch_function
from storyboard.util.machine_errors import explain_machine_errors

_FETCH_TRIES = 4
_MAX_DOWNLOADS = 64
"""Files on their way in."""


@dataclass(frozen=True, slots=True)
class Download:
    """The file of a result."""

    attempt: Attempt
    """`done_remote`."""
    sample: Sample
    """With its `path`."""
    facts: MediaFacts | None = None
    """What the file holds, where that was looked at."""


class Downloader:
    """Downloads the results of one run."""

    def __init__(self, context: RunContext, poller: Poller) -> None:
        self._workspace = context.workspace
        self._poller = poller
        self._patience = context.patience
        self._emit = context.emit
        self._failures = FailureRecorder(context.ledger)
        self._longest_pause_s = read_poll_interval_s()
        self._slots = asyncio.Semaphore(_MAX_DOWNLOADS)
        self._inspector = Batcher(build_batch_function(context.media.probe_and_decode))

    @asynccontextmanager
    async def download_result(
        self, result: ReadyResult, provider: Provider
    ) -> AsyncIterator[Download]:
        """Downloads a result, which is ingested inside the block.

        So few files are in the workspace at once, and those that are here go first. Raises
        OperationFailed where the result is lost; any other error leaves the attempt open for the
        next run.
        """
        async with self._slots:
            yield await self._download_from_location(result, provider)

    async def _download_from_location(self, result: ReadyResult, provider: Provider) -> Download:
        attempt = result.attempt
        if result.is_location_current:
            return await self._download_with_retries(attempt, provider)
        if not (sample := attempt.samples[attempt.sample]).uri:
            return Download(attempt, sample)  # it came with the answer to the submission
        try:
            return await self._download_with_retries(attempt, provider, is_last_chance=False)
        except (OperationFailed, AuthenticationError, StillRunning):
            raise
        except ProviderError as error:
            attempt = await self._refresh_location(attempt, provider, error)
        return await self._download_with_retries(attempt, provider)

    async def _refresh_location(
        self, attempt: Attempt, provider: Provider, download_error: ProviderError
    ) -> Attempt:
        """Asks once more where a result lies: that may have changed since an earlier run was told.

        Raises the download's own error where nobody can say: the result was there, so this may
        pass, and what was paid for is not given up.
        """
        try:
            if isinstance(download_error, Gone):
                return await self._poller.poll_until_done(attempt, provider)
            current = await self._poller.find_current_location(attempt, provider)
        except UnknownOutcome:  # an operation that can't be polled; only its address is known
            current = None
        if current is None and isinstance(download_error, Gone):
            # before its time is over; a bare Gone would speak of the source of an extension
            raise result_not_fetched_error(attempt, download_error) from download_error
        if current is None:
            raise download_error
        return current

    async def _download_with_retries(
        self, attempt: Attempt, provider: Provider, *, is_last_chance: bool = True
    ) -> Download:
        """The result's file, from where the attempt's sample says.

        Only when the service itself says that the result is gone, after the time until which it
        keeps results, is the attempt lost. Before that time the answer may be a passing fault; and
        our clock alone is no proof, since it may have jumped. `is_last_chance` says that this is
        the only place where the result can lie.
        """
        sample = attempt.samples[attempt.sample]
        if sample.path is not None and provider.repeatable:
            return Download(attempt, sample)
        wait = OperationWait(attempt, self._patience, self._emit, self._longest_pause_s)
        for try_number in range(1, _FETCH_TRIES + 1):
            try:
                with explain_machine_errors(str(self._workspace.scratch)):
                    download = self._download_once(attempt, provider, is_retry=try_number > 1)
                    return await wait.run_request(download, "still downloads")
            except (AuthenticationError, EnvironmentProblem, StillRunning):
                raise
            except OperationFailed as error:  # what it said was done came to nothing
                failure = Failed(str(error), billed=error.charged)
                raise await self._failures.record_failed_operation(attempt, failure) from error
            except Exception as error:
                is_gone = isinstance(error, Gone)
                if is_gone and is_sample_expired(attempt, sample):
                    raise await self._failures.record_expired_result(attempt, error) from error
                if is_gone and not is_last_chance:
                    raise
                if try_number == _FETCH_TRIES:
                    raise result_not_fetched_error(attempt, error) from error
                await asyncio.sleep(add_jitter(min(self._longest_pause_s, 2.0**try_number / 2)))
        raise AssertionError("unreachable")

    async def _download_once(
        self, attempt: Attempt, provider: Provider, *, is_retry: bool
    ) -> Download:
        """The sample's file, looked into; with `is_retry`, inline bytes are asked for again."""
        sample = attempt.samples[attempt.sample]
        if is_retry and sample.uri:
            sample = replace(sample, path=None)
        elif is_retry:
            sample = await self._poll_for_inline_sample(attempt, provider)
        if sample.problem:
            raise ProviderError(sample.problem, provider=attempt.provider)
        if sample.path is None:
            workspace = AttemptWorkspace(self._workspace, f"a{attempt.id}")
            sample = await provider.fetch(sample, workspace)
        if sample.path is None:
            raise ProviderError("no file was received", provider=attempt.provider)
        return Download(attempt, sample, await self._probe_file(attempt, sample.path))

    async def _poll_for_inline_sample(self, attempt: Attempt, provider: Provider) -> Sample:
        """The sample as a further answer brings it along."""
        try:
            current = await self._poller.find_current_location(attempt, provider)
        except Gone as error:  # whether the operation is forgotten is for a person to judge
            raise ProviderError(str(error), provider=attempt.provider) from error
        if current is None:
            return Sample(problem="the download failed again")
        return current.samples[current.sample]

    async def _probe_file(self, attempt: Attempt, path: Path) -> MediaFacts | None:
        """What a file holds; raises for one that is cut off: the service may well have it whole."""
        if attempt.kind == Kind.WRITE:
            return None
        try:
            return await self._inspector.run_in_batch(path)
        except MediaError as error:
            path.unlink(missing_ok=True)
            message = str(error).replace(str(path), "the result").replace(path.name, "the result")
            raise ProviderError(message, provider=attempt.provider) from error
