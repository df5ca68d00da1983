"""Following a job that a provider has: asking how it stands, and fetching what it made."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from storyboard.errors import (
    AuthenticationError,
    DecisionNeeded,
    EnvironmentProblem,
    Gone,
    MediaError,
    OperationFailed,
    ProviderError,
    RefusedError,
    StoryboardError,
    UnknownOutcome,
)
from storyboard.graph.steps import HELPER_KINDS
from storyboard.model.film import MediaFacts, Take
from storyboard.providers.base import (
    Done,
    Failed,
    Filtered,
    Kind,
    Operation,
    Outcome,
    Provider,
    Running,
    Sample,
    Unusable,
)
from storyboard.providers.catalog import load_catalog
from storyboard.run import events as ev
from storyboard.run.executor.context import RunContext
from storyboard.run.executor.errors import outcome_unknown_error, to_storyboard_error
from storyboard.run.executor.workspace import AttemptWorkspace
from storyboard.run.ledger.attempts import Attempt, State
from storyboard.util.batching import Batcher, build_batch_function
from storyboard.util.disk_errors import explain_disk_errors

_USUAL_POLL_S = 10.0
_BACKOFF = 1.05
"""A twentieth: asking late costs a chain of shots as much at every hop; asking costs nothing."""
_MAX_BACKOFF = 3.0
_GAP_PARTS = 4
_FETCH_TRIES = 4
_MAX_FAILED_POLLS = 8
_MAX_UNUSABLE_POLLS = 20
"""How often one render asks again for a job that ended with nothing usable: some minutes."""

_USUAL_RETENTION_H = 48
"""How long services keep a result of which the catalogue says nothing."""
_MAX_DOWNLOADS = 64
"""Files on their way in."""
REWORD_HINT = "other words help; `cast` and `look` are part of the prompt too"
_FREE_HINT = "it cost nothing; render again asks once more"
_TOO_FEW_RESULTS = Failed(
    "the job ended with fewer results than were asked, and not why", billed=True
)


class ResubmitRequested(OperationFailed):
    """A job that the service itself asks to be sent again."""

    def __init__(self, message: str, provider: str, retry_after_s: float) -> None:
        super().__init__(message, hint=_FREE_HINT, provider=provider)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Download:
    """A sample with its file, and what is in it where that was looked at."""

    sample: Sample
    facts: MediaFacts | None = None


DownloadHandler = Callable[[Attempt, Download], Awaitable[Take]]


class Poller:
    """Brings submitted attempts of one run to their files; asking and fetching is free."""

    def __init__(self, context: RunContext) -> None:
        self._ledger = context.ledger
        self._workspace = context.workspace
        self._emit = context.emit
        self.poll_s = read_poll_interval_s()
        self._schedule = _PollSchedule(context.ledger.run, self.poll_s)
        self._download_slots = asyncio.Semaphore(_MAX_DOWNLOADS)
        self._inspector = Batcher(build_batch_function(context.media.probe_and_decode))

    async def fetch_result(
        self, attempt: Attempt, provider: Provider, on_download: DownloadHandler
    ) -> Take:
        """What `on_download` makes of the attempt, `done_remote` by now, and of its file.

        Few files are on their way in at once, and those that have arrived before others.
        Raises OperationFailed or RefusedError when the job is over without one; any other error
        leaves the attempt open for the next run.
        """
        if attempt.state is State.FETCHED:
            attempt = await self._ledger.transition(attempt, State.DONE_REMOTE)
        sample = attempt.samples[attempt.sample] if len(attempt.samples) > attempt.sample else None
        has_location = sample is not None and bool(sample.path or sample.uri)
        if not has_location:
            attempt = await self._poll_until_done(attempt, provider)
        elif attempt.state is State.SUBMITTED:  # its run ended right after the answer
            attempt = await self._ledger.transition(attempt, State.DONE_REMOTE)
        async with self._download_slots:
            if has_location and sample and not sample.uri:
                # it came with the answer to the submission: that is all there is
                return await on_download(attempt, Download(sample))
            try:
                download = await self._download_with_retries(
                    attempt, provider, is_last_chance=not has_location
                )
            except (OperationFailed, AuthenticationError):
                raise
            except ProviderError as error:
                if not has_location:
                    raise
                # Where it lies may have changed since an earlier run was told.
                attempt = await self._refresh_location(attempt, provider, error)
                download = await self._download_with_retries(attempt, provider)
            return await on_download(attempt, download)

    async def _refresh_location(
        self, attempt: Attempt, provider: Provider, download_error: ProviderError
    ) -> Attempt:
        """Asks once more where the result of a job lies that was done before.

        Raises the download's own error where nobody can say: the result was there, so this may
        pass, and what was paid for is not given up.
        """
        try:
            if isinstance(download_error, Gone):
                return await self._poll_until_done(attempt, provider)
            refreshed = await self._poll_for_new_samples(attempt, provider)
        except UnknownOutcome:  # a job that can't be asked about; only its address is known
            refreshed = None
        if refreshed is None and isinstance(download_error, Gone):
            # before its time is over; a bare Gone would speak of the source of an extension
            raise _not_fetched_error(attempt, download_error) from download_error
        if refreshed is None:
            raise download_error
        return refreshed

    async def _poll_for_new_samples(self, attempt: Attempt, provider: Provider) -> Attempt | None:
        """The attempt with what its job, done before, names now; None where that is not enough."""
        outcome = await provider.poll(Operation(attempt.operation), self._open_workspace(attempt))
        if not isinstance(outcome, Done) or len(outcome.samples) <= attempt.sample:
            return None
        return replace(attempt, samples=outcome.samples)

    def _open_workspace(self, attempt: Attempt) -> AttemptWorkspace:
        return AttemptWorkspace(self._workspace, f"a{attempt.id}")

    async def _poll_until_done(self, attempt: Attempt, provider: Provider) -> Attempt:
        """Asks until the job is over."""
        clock = asyncio.get_running_loop().time
        started_at = clock()
        pause, failed_polls, unusable_polls, running_s = self.poll_s, 0, 0, 0.0
        while True:
            try:
                with explain_disk_errors(str(self._workspace.scratch)):
                    outcome = await provider.poll(
                        Operation(attempt.operation), self._open_workspace(attempt)
                    )
                failed_polls = 0
                if attempt.is_adopted:
                    attempt = await self._ledger.transition(attempt, State.SUBMITTED, message="")
            except (AuthenticationError, EnvironmentProblem):
                raise
            except UnknownOutcome as error:
                if attempt.state is State.SUBMITTED:
                    attempt = await self._ledger.transition(
                        attempt, State.UNKNOWN, message=str(error)
                    )
                raise outcome_unknown_error([attempt], error) from error
            except Exception as error:
                failed_polls += 1
                if provider.repeatable:
                    failure = to_storyboard_error(error, provider.name, attempt.name)
                    await self._ledger.transition(attempt, State.FAILED, message=str(failure))
                    raise failure from error
                other_options = "--adopt OP, --assume-not-sent or " if attempt.is_adopted else ""
                resolve = f"`storyboard resolve FILM {attempt.name} {other_options}--assume-lost`"
                if failed_polls >= _MAX_FAILED_POLLS and isinstance(error, Gone):
                    raise DecisionNeeded(
                        f"{attempt.provider} knows nothing of {attempt.name}: {error}",
                        hint="see that key, project and address are those that it was ordered"
                        f" with, and render again; if it is gone for good: {resolve}",
                    ) from error
                if failed_polls >= _MAX_FAILED_POLLS:
                    raise ProviderError(
                        f"{attempt.provider} does not say how {attempt.name} stands: {error}",
                        hint="the job is kept; render again goes on asking"
                        f" ({resolve} gives it up)",
                        provider=attempt.provider,
                    ) from error
                outcome = Running(f"no answer: {error}")
            outcome = _narrow_outcome_to_attempt(outcome, attempt, provider)
            if isinstance(outcome, Done):
                self._schedule.record_job_times(attempt, running_s, clock() - started_at)
                break
            if isinstance(outcome, (Failed, Filtered)):
                raise await self._record_failure_as_error(attempt, outcome)
            if isinstance(outcome, Unusable):
                unusable_polls += 1
                attempt = await self._keep_unusable_until_deadline(attempt, outcome)
                if unusable_polls >= _MAX_UNUSABLE_POLLS:
                    raise _unusable_error(attempt, outcome)
                outcome = Running(outcome.message)
            self._emit(
                ev.OperationProgress(
                    step=attempt.step,
                    shot=attempt.shot,
                    operation=attempt.operation,
                    elapsed_s=round(clock() - started_at, 1),
                    message=outcome.note,
                )
            )
            running_s = clock() - started_at
            await asyncio.sleep(
                self._schedule.choose_pause_s(attempt, running_s, add_jitter(pause))
            )
            pause = min(pause * _BACKOFF, self.poll_s * _MAX_BACKOFF)
        if attempt.state is State.DONE_REMOTE:  # asked again for what an earlier run lost
            return replace(attempt, samples=outcome.samples)
        return await self._ledger.transition(
            attempt, State.DONE_REMOTE, samples=outcome.samples, message=""
        )

    async def _keep_unusable_until_deadline(self, attempt: Attempt, outcome: Unusable) -> Attempt:
        """Keeps a job that ended with nothing usable, until its result would be gone anyway.

        The first such answer is noted with the time until which the service keeps results. When an
        answer is still unusable after that time, the attempt is lost and OperationFailed is raised.
        """
        if (deadline := _find_unusable_deadline(attempt)) is None:
            deadline = time.time() + find_retention_s(attempt)
            note = Sample(problem=outcome.message, expires_at=deadline)
            return await self._ledger.transition(
                attempt, State.SUBMITTED, samples=(note,), message=outcome.message
            )
        if time.time() < deadline:
            return attempt
        await self._record_loss(attempt, outcome.message)
        raise OperationFailed(
            f"{attempt.name} was paid for and is lost: {outcome.message}",
            hint=format_rebuy_hint(attempt),
            provider=attempt.provider,
            charged=True,
        )

    async def _record_loss(self, attempt: Attempt, message: str) -> None:
        await self._ledger.transition(
            attempt, State.LOST, message=message, settled_micros=attempt.reserved_micros
        )

    async def _record_failure_as_error(
        self, attempt: Attempt, outcome: Failed | Filtered
    ) -> StoryboardError:
        """Writes down why there is no take."""
        state = State.FAILED if isinstance(outcome, Failed) else State.FILTERED
        if attempt.state is State.DONE_REMOTE:
            state = State.LOST
        billed = outcome.billed or state is State.LOST
        await self._ledger.transition(
            attempt,
            state,
            message=outcome.message,
            settled_micros=attempt.reserved_micros if billed else 0,
        )
        if isinstance(outcome, Filtered):
            return RefusedError(
                outcome.message,
                hint=outcome.hint or REWORD_HINT,
                provider=attempt.provider,
                category=outcome.category,
                charged=billed,
            )
        if outcome.again_s is not None and state is State.FAILED:
            return ResubmitRequested(outcome.message, attempt.provider, outcome.again_s)
        retry_hint = f"{_FREE_HINT}, `policy: {{on_failed: retry}}` does by itself"
        return OperationFailed(
            outcome.message,
            hint=f"it is counted as charged; {format_rebuy_hint(attempt)}"
            if billed
            else outcome.hint or retry_hint,
            provider=attempt.provider,
            charged=billed,
        )

    async def _download_with_retries(
        self, attempt: Attempt, provider: Provider, *, is_last_chance: bool = True
    ) -> Download:
        """The sample with its file; fetching is free, so it is tried again.

        Only when the service itself says that the result is gone, after the time until which it
        keeps results, is the attempt lost. Before that time the answer may be a passing fault; and
        our clock alone is no proof, since it may have jumped. `is_last_chance` says that this is
        the only place where the result can lie.
        """
        sample = attempt.samples[attempt.sample]
        if sample.path is not None and provider.repeatable:
            return Download(sample)
        for try_number in range(1, _FETCH_TRIES + 1):
            try:
                with explain_disk_errors(str(self._workspace.scratch)):
                    return await self._download_sample(attempt, provider, is_retry=try_number > 1)
            except (AuthenticationError, EnvironmentProblem):
                raise
            except OperationFailed as error:  # what it said was done came to nothing
                failure = Failed(str(error), billed=error.charged)
                raise await self._record_failure_as_error(attempt, failure) from error
            except Exception as error:
                is_gone = isinstance(error, Gone)
                if is_gone and _find_sample_expiry(attempt, sample) < time.time():
                    await self._record_loss(attempt, f"expired before it was fetched: {error}")
                    raise OperationFailed(
                        f"{attempt.name} expired before it was fetched",
                        hint=f"it was paid for and is lost; {format_rebuy_hint(attempt)}",
                        provider=attempt.provider,
                        charged=True,
                    ) from error
                if is_gone and not is_last_chance:
                    raise
                if try_number == _FETCH_TRIES:
                    raise _not_fetched_error(attempt, error) from error
                await asyncio.sleep(add_jitter(min(self.poll_s, 2.0**try_number / 2)))
        raise AssertionError("unreachable")

    async def _download_sample(
        self, attempt: Attempt, provider: Provider, *, is_retry: bool
    ) -> Download:
        """The sample's file, looked into; with `is_retry`, inline bytes are asked for again."""
        sample = attempt.samples[attempt.sample]
        if is_retry and not sample.uri:
            try:
                refreshed = await self._poll_for_new_samples(attempt, provider)
            except Gone as error:  # that the job is forgotten is for a person to judge
                raise ProviderError(str(error), provider=attempt.provider) from error
            sample = (
                refreshed.samples[attempt.sample]
                if refreshed
                else Sample(problem="it came no more")
            )
        elif is_retry:
            sample = replace(sample, path=None)
        if sample.problem:
            raise ProviderError(sample.problem, provider=attempt.provider)
        if sample.path is None:
            sample = await provider.fetch(sample, self._open_workspace(attempt))
        if sample.path is None:
            raise ProviderError("no file came", provider=attempt.provider)
        return Download(sample, await self._probe_downloaded_file(attempt, sample.path))

    async def _probe_downloaded_file(self, attempt: Attempt, path: Path) -> MediaFacts | None:
        """What a file holds; raises for one that is cut off: the service may well have it whole."""
        if attempt.kind == Kind.WRITE:
            return None
        try:
            return await self._inspector.run_in_batch(path)
        except MediaError as error:
            path.unlink(missing_ok=True)
            message = str(error).replace(str(path), "what came").replace(path.name, "what came")
            raise ProviderError(message, provider=attempt.provider) from error


def find_retention_s(attempt: Attempt) -> float:
    """How long the service keeps the result of a job once it is made, in seconds."""
    model = load_catalog().models.get((attempt.provider, attempt.model))
    hours = model.retention_h if model is not None else None
    return 3600.0 * (_USUAL_RETENTION_H if hours is None else hours)


def format_rebuy_hint(attempt: Attempt) -> str:
    """What a person can do about an attempt that was charged and brought no take."""
    shot = attempt.step if attempt.kind in HELPER_KINDS else attempt.shot or attempt.step
    return (
        f"`storyboard render FILM --rebuy {shot}` buys it again; if"
        f" {attempt.provider} has the job after all: `storyboard resolve FILM {attempt.name}"
        f" --adopt {attempt.operation or 'OP'}`"
    )


def _find_sample_expiry(attempt: Attempt, sample: Sample) -> float:
    """Until when the service keeps a sample, in seconds since 1970, by its word or the catalogue's.

    The attempt's last move was the answer that named the sample.
    """
    if sample.expires_at is not None:
        return sample.expires_at
    return attempt.updated_at + find_retention_s(attempt)


def _find_unusable_deadline(attempt: Attempt) -> float | None:
    """When a job with unusable answers counts as lost; None where this is the first of them."""
    if attempt.state is State.DONE_REMOTE:  # it was usable once: that is when its time began
        return attempt.updated_at + find_retention_s(attempt)
    return attempt.unusable_until


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
            outcome = Filtered(outcome.filtered, taken=outcome.taken)
        elif provider.repeatable:
            return _TOO_FEW_RESULTS
        else:
            return Unusable("fewer results came than were asked for, and no word of why")
    if isinstance(outcome, Filtered) and outcome.taken is not None and position >= outcome.taken:
        return Unusable(f"a filter took {outcome.taken} of the results, and the others are missing")
    return outcome


def _not_fetched_error(attempt: Attempt, error: Exception) -> ProviderError:
    return ProviderError(
        f"{attempt.name} is ready but can't be fetched: {error}",
        hint="nothing is lost; render again fetches it"
        f" (`storyboard resolve FILM {attempt.name} --assume-lost` gives it up)",
        provider=attempt.provider,
    )


def _unusable_error(attempt: Attempt, outcome: Unusable) -> ProviderError:
    deadline = _find_unusable_deadline(attempt) or 0.0
    date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(deadline))
    return ProviderError(
        f"{attempt.provider} says that {attempt.name} is over, and its answer can't be used:"
        f" {outcome.message}",
        hint=f"the job is kept; until {date} each render asks for it again, after that it counts"
        f" as lost (`storyboard resolve FILM {attempt.name} --assume-lost` gives it up now)",
        provider=attempt.provider,
    )


class _PollSchedule:
    """How long the last jobs of each model took, so that one is asked for when it may be done.

    Of a job it is only known when it was last seen going and when it was first seen done. Before
    the quickest was seen done others are asked for more often, so the next gap is smaller.
    """

    def __init__(self, run: str, interval_s: float) -> None:
        self._run = run
        self._shortest_pause_s = interval_s / 10
        self._durations: dict[tuple[str, ...], deque[tuple[float, float]]] = defaultdict(
            lambda: deque(maxlen=8)
        )

    def record_job_times(
        self, attempt: Attempt, last_running_s: float, first_done_s: float
    ) -> None:
        """Remembers when a job still went on, and when it was done, in seconds from its beginning.

        Of an earlier run's job nobody knows that.
        """
        if attempt.run == self._run:
            self._durations[_to_schedule_key(attempt)].append((last_running_s, first_done_s))

    def choose_pause_s(self, attempt: Attempt, elapsed_s: float, default_pause_s: float) -> float:
        """Seconds to the next question: `default_pause_s`, less if the quickest was done then."""
        if not (durations := self._durations[_to_schedule_key(attempt)]):
            return default_pause_s
        done_s = min(done_s for _, done_s in durations)
        if elapsed_s >= done_s:
            return default_pause_s
        running_s = max(running_s for running_s, _ in durations if running_s < done_s)
        step = max((done_s - running_s) / _GAP_PARTS, self._shortest_pause_s)
        return min(default_pause_s, max(running_s - elapsed_s, 0.0) + step)


def _to_schedule_key(attempt: Attempt) -> tuple[str, ...]:
    return attempt.provider, attempt.model, attempt.kind


def read_poll_interval_s() -> float:
    """STORYBOARD_POLL_S: seconds until a job is asked for the second time; 10 by default."""
    text = os.environ.get("STORYBOARD_POLL_S", "")
    try:
        seconds = float(text) if text else _USUAL_POLL_S
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise EnvironmentProblem(f"STORYBOARD_POLL_S is {text!r}", hint="give seconds, such as 10")
    return seconds


def add_jitter(seconds: float) -> float:
    return seconds * random.uniform(0.85, 1.15)


def pad_delay(seconds: float) -> float:
    """A little more: a service that names a pause means no less."""
    return seconds * random.uniform(1.0, 1.15)
