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

from storyboard.disk import disk_errors
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
from storyboard.film import MediaFacts, Take
from storyboard.graph.steps import BESIDE
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
from storyboard.providers.catalog import catalog
from storyboard.run import events as ev
from storyboard.run.attempts import Attempt, State
from storyboard.run.batches import Batches, one_by_one
from storyboard.run.deciding import undecided
from storyboard.run.faults import foreseen
from storyboard.run.studio import Studio
from storyboard.run.workplace import Room

_POLL_S = 10.0
_SLOWER = 1.05
"""A twentieth: asking late costs a chain of shots as much at every hop; asking costs nothing."""
_SLOWEST = 3.0
_PARTS = 4
_FETCHES = 4
_DEAF_POLLS = 8
_UNUSABLE_POLLS = 20
"""How often one render asks again for a job that ended with nothing usable: some minutes."""

_RETENTION_H = 48
"""How long services keep a result of which the catalogue says nothing."""
_AT_ONCE = 64
"""Files on their way in."""
OTHER_WORDS = "other words help; `cast` and `look` are part of the prompt too"
_FREE = "it cost nothing; render again asks once more"
_FEWER = Failed("the job ended with fewer results than were asked, and not why", billed=True)


class AskedAgain(OperationFailed):
    """A job that the service itself asks to be sent again."""

    def __init__(self, message: str, provider: str, after_s: float) -> None:
        super().__init__(message, hint=_FREE, provider=provider)
        self.after_s = after_s


@dataclass(frozen=True, slots=True)
class Brought:
    """A sample with its file, and what is in it where that was looked at."""

    sample: Sample
    facts: MediaFacts | None = None


Keep = Callable[[Attempt, Brought], Awaitable[Take]]


class Follower:
    """Brings submitted attempts of one run to their files; asking and fetching is free."""

    def __init__(self, studio: Studio) -> None:
        self._ledger = studio.ledger
        self._place = studio.place
        self._tell = studio.tell
        self.poll_s = poll_seconds()
        self._pace = _Pace(studio.ledger.run, self.poll_s)
        self._arrivals = asyncio.Semaphore(_AT_ONCE)
        self._probed = Batches(one_by_one(studio.media.examine))

    async def result(self, attempt: Attempt, provider: Provider, keep: Keep) -> Take:
        """What `keep` makes of the attempt, `done_remote` by now, and of its file.

        Few files are on their way in at once, and those that have arrived before others.
        Raises OperationFailed or RefusedError when the job is over without one; any other error
        leaves the attempt open for the next run.
        """
        if attempt.state is State.FETCHED:
            attempt = await self._ledger.advance(attempt, State.DONE_REMOTE)
        sample = attempt.samples[attempt.sample] if len(attempt.samples) > attempt.sample else None
        known = sample is not None and bool(sample.path or sample.uri)
        if not known:
            attempt = await self._done(attempt, provider)
        elif attempt.state is State.SUBMITTED:  # its run ended right after the answer
            attempt = await self._ledger.advance(attempt, State.DONE_REMOTE)
        async with self._arrivals:
            if known and sample and not sample.uri:  # it came with the order: that is all there is
                return await keep(attempt, Brought(sample))
            try:
                brought = await self._fetched(attempt, provider, last=not known)
            except (OperationFailed, AuthenticationError):
                raise
            except ProviderError as error:
                if not known:
                    raise
                # Where it lies may have changed since an earlier run was told.
                attempt = await self._told_again(attempt, provider, error)
                brought = await self._fetched(attempt, provider)
            return await keep(attempt, brought)

    async def _told_again(
        self, attempt: Attempt, provider: Provider, error: ProviderError
    ) -> Attempt:
        """Asks once more where the result of a job lies that was done before."""
        if isinstance(error, Gone):
            return await self._done(attempt, provider)
        if (found := await self._asked(attempt, provider)) is None:
            raise error  # it was there, so this may pass; what was paid for is not given up
        return found

    async def _asked(self, attempt: Attempt, provider: Provider) -> Attempt | None:
        """The attempt with what its job, done before, names now; None where that is not enough."""
        outcome = await provider.poll(Operation(attempt.operation), self._room(attempt))
        if not isinstance(outcome, Done) or len(outcome.samples) <= attempt.sample:
            return None
        return replace(attempt, samples=outcome.samples)

    def _room(self, attempt: Attempt) -> Room:
        return Room(self._place, f"a{attempt.id}")

    async def _done(self, attempt: Attempt, provider: Provider) -> Attempt:
        """Asks until the job is over."""
        clock = asyncio.get_running_loop().time
        began = clock()
        pause, deaf, unusable, going = self.poll_s, 0, 0, 0.0
        while True:
            try:
                with disk_errors(str(self._place.scratch)):
                    outcome = await provider.poll(Operation(attempt.operation), self._room(attempt))
                deaf = 0
                if attempt.adopted:
                    attempt = await self._ledger.advance(attempt, State.SUBMITTED, message="")
            except (AuthenticationError, EnvironmentProblem):
                raise
            except UnknownOutcome as error:
                if attempt.state is State.SUBMITTED:
                    attempt = await self._ledger.advance(attempt, State.UNKNOWN, message=str(error))
                raise undecided([attempt], error) from error
            except Exception as error:
                deaf += 1
                if provider.repeatable:
                    told = foreseen(error, provider.name, attempt.name)
                    await self._ledger.advance(attempt, State.FAILED, message=str(told))
                    raise told from error
                words = "--adopt OP, --assume-not-sent or " if attempt.adopted else ""
                resolve = f"`storyboard resolve FILM {attempt.name} {words}--assume-lost`"
                if deaf >= _DEAF_POLLS and isinstance(error, Gone):
                    raise DecisionNeeded(
                        f"{attempt.provider} knows nothing of {attempt.name}: {error}",
                        hint="see that key, project and address are those that it was ordered"
                        f" with, and render again; if it is gone for good: {resolve}",
                    ) from error
                if deaf >= _DEAF_POLLS:
                    raise ProviderError(
                        f"{attempt.provider} does not say how {attempt.name} stands: {error}",
                        hint="the job is kept; render again goes on asking"
                        f" ({resolve} gives it up)",
                        provider=attempt.provider,
                    ) from error
                outcome = Running(f"no answer: {error}")
            outcome = _find_own_outcome(outcome, attempt, provider)
            if isinstance(outcome, Done):
                self._pace.learn(attempt, going, clock() - began)
                break
            if isinstance(outcome, (Failed, Filtered)):
                raise await self._said_no(attempt, outcome)
            if isinstance(outcome, Unusable):
                unusable += 1
                attempt = await self._note_unusable(attempt, outcome)
                if unusable >= _UNUSABLE_POLLS:
                    raise _unusable_so_far(attempt, outcome)
                outcome = Running(outcome.message)
            self._tell(
                ev.OperationProgress(
                    step=attempt.step,
                    shot=attempt.shot,
                    operation=attempt.operation,
                    elapsed_s=round(clock() - began, 1),
                    message=outcome.note,
                )
            )
            going = clock() - began
            await asyncio.sleep(self._pace.until(attempt, going, jittered(pause)))
            pause = min(pause * _SLOWER, self.poll_s * _SLOWEST)
        if attempt.state is State.DONE_REMOTE:  # asked again for what an earlier run lost
            return replace(attempt, samples=outcome.samples)
        return await self._ledger.advance(
            attempt, State.DONE_REMOTE, samples=outcome.samples, message=""
        )

    async def _note_unusable(self, attempt: Attempt, outcome: Unusable) -> Attempt:
        """Keeps a job that ended with nothing usable, until its result would be gone anyway.

        The first such answer is noted with the time until which the service keeps results. When an
        answer is still unusable after that time, the attempt is lost and OperationFailed is raised.
        """
        if (until := _unusable_until(attempt)) is None:
            until = time.time() + retention_s(attempt)
            note = Sample(problem=outcome.message, expires_at=until)
            return await self._ledger.advance(
                attempt, State.SUBMITTED, samples=(note,), message=outcome.message
            )
        if time.time() < until:
            return attempt
        await self._lose(attempt, outcome.message)
        raise OperationFailed(
            f"{attempt.name} was paid for and is lost: {outcome.message}",
            hint=rebuy_hint(attempt),
            provider=attempt.provider,
            charged=True,
        )

    async def _lose(self, attempt: Attempt, message: str) -> None:
        await self._ledger.advance(
            attempt, State.LOST, message=message, settled_micros=attempt.reserved_micros
        )

    async def _said_no(self, attempt: Attempt, outcome: Failed | Filtered) -> StoryboardError:
        """Writes down why there is no take."""
        state = State.FAILED if isinstance(outcome, Failed) else State.FILTERED
        if attempt.state is State.DONE_REMOTE:
            state = State.LOST
        billed = outcome.billed or state is State.LOST
        await self._ledger.advance(
            attempt,
            state,
            message=outcome.message,
            settled_micros=attempt.reserved_micros if billed else 0,
        )
        if isinstance(outcome, Filtered):
            return RefusedError(
                outcome.message,
                hint=outcome.hint or OTHER_WORDS,
                provider=attempt.provider,
                category=outcome.category,
                charged=billed,
            )
        if outcome.again_s is not None and state is State.FAILED:
            return AskedAgain(outcome.message, attempt.provider, outcome.again_s)
        again = f"{_FREE}, `policy: {{on_failed: retry}}` does by itself"
        return OperationFailed(
            outcome.message,
            hint=f"it is counted as charged; {rebuy_hint(attempt)}"
            if billed
            else outcome.hint or again,
            provider=attempt.provider,
            charged=billed,
        )

    async def _fetched(self, attempt: Attempt, provider: Provider, *, last: bool = True) -> Brought:
        """The sample with its file; fetching is free, so it is tried again.

        Only when the service itself says that the result is gone, after the time until which it
        keeps results, is the attempt lost. Before that time the answer may be a passing fault; and
        our clock alone is no proof, since it may have jumped. `last` says that this is the only
        place where the result can lie.
        """
        sample = attempt.samples[attempt.sample]
        if sample.path is not None and provider.repeatable:
            return Brought(sample)
        for tried in range(1, _FETCHES + 1):
            try:
                with disk_errors(str(self._place.scratch)):
                    return await self._opened(attempt, provider, again=tried > 1)
            except (AuthenticationError, EnvironmentProblem):
                raise
            except OperationFailed as error:  # what it said was done came to nothing
                told = Failed(str(error), billed=error.charged)
                raise await self._said_no(attempt, told) from error
            except Exception as error:
                gone = isinstance(error, Gone)
                if gone and _kept_until(attempt, sample) < time.time():
                    await self._lose(attempt, f"expired before it was fetched: {error}")
                    raise OperationFailed(
                        f"{attempt.name} expired before it was fetched",
                        hint=f"it was paid for and is lost; {rebuy_hint(attempt)}",
                        provider=attempt.provider,
                        charged=True,
                    ) from error
                if gone and not last:
                    raise
                if tried == _FETCHES:
                    raise ProviderError(
                        f"{attempt.name} is ready but can't be fetched: {error}",
                        hint="nothing is lost; render again fetches it"
                        f" (`storyboard resolve FILM {attempt.name} --assume-lost` gives it up)",
                        provider=attempt.provider,
                    ) from error
                await asyncio.sleep(jittered(min(self.poll_s, 2.0**tried / 2)))
        raise AssertionError("unreachable")

    async def _opened(self, attempt: Attempt, provider: Provider, *, again: bool) -> Brought:
        """The sample's file, looked into; what came along with the answer is asked for `again`."""
        sample = attempt.samples[attempt.sample]
        if again and not sample.uri:
            try:
                found = await self._asked(attempt, provider)
            except Gone as error:  # that the job is forgotten is for a person to judge
                raise ProviderError(str(error), provider=attempt.provider) from error
            sample = found.samples[attempt.sample] if found else Sample(problem="it came no more")
        elif again:
            sample = replace(sample, path=None)
        if sample.problem:
            raise ProviderError(sample.problem, provider=attempt.provider)
        if sample.path is None:
            sample = await provider.fetch(sample, self._room(attempt))
        if sample.path is None:
            raise ProviderError("no file came", provider=attempt.provider)
        return Brought(sample, await self._legible(attempt, sample.path))

    async def _legible(self, attempt: Attempt, path: Path) -> MediaFacts | None:
        """What a file holds; raises for one that is cut off: the service may well have it whole."""
        if attempt.kind == Kind.WRITE:
            return None
        try:
            return await self._probed.do(path)
        except MediaError as error:
            path.unlink(missing_ok=True)
            told = str(error).replace(str(path), "what came").replace(path.name, "what came")
            raise ProviderError(told, provider=attempt.provider) from error


def retention_s(attempt: Attempt) -> float:
    """How long the service keeps the result of a job once it is made, in seconds."""
    model = catalog().models.get((attempt.provider, attempt.model))
    hours = model.retention_h if model is not None else None
    return 3600.0 * (_RETENTION_H if hours is None else hours)


def rebuy_hint(attempt: Attempt) -> str:
    """What a person can do about an attempt that was charged and brought no take."""
    shot = attempt.step if attempt.kind in BESIDE else attempt.shot or attempt.step
    return (
        f"`storyboard render FILM --rebuy {shot}` buys it again; if"
        f" {attempt.provider} has the job after all: `storyboard resolve FILM {attempt.name}"
        f" --adopt {attempt.operation or 'OP'}`"
    )


def _kept_until(attempt: Attempt, sample: Sample) -> float:
    """Until when the service keeps a sample, in seconds since 1970, by its word or the catalogue's.

    The attempt's last move was the answer that named the sample.
    """
    if sample.expires_at is not None:
        return sample.expires_at
    return attempt.updated_at + retention_s(attempt)


def _unusable_until(attempt: Attempt) -> float | None:
    """When a job with unusable answers counts as lost; None where this is the first of them."""
    if attempt.state is State.DONE_REMOTE:  # it was usable once: that is when its time began
        return attempt.updated_at + retention_s(attempt)
    return attempt.unusable_until


def _find_own_outcome(outcome: Outcome, attempt: Attempt, provider: Provider) -> Outcome:
    """What an operation's outcome means for this attempt's sample, one of several perhaps.

    The samples that came are counted first, then those that a filter is said to have taken. A
    sample that is neither is missing without a word, so it may still come.
    """
    missing = attempt.sample - len(outcome.samples) if isinstance(outcome, Done) else attempt.sample
    if isinstance(outcome, Done) and missing < 0 and not provider.repeatable:
        problem = outcome.samples[attempt.sample].problem
        return Unusable(problem) if problem else outcome
    if isinstance(outcome, Done) and missing >= 0:
        if outcome.filtered:
            outcome = Filtered(outcome.filtered, taken=outcome.taken)
        elif provider.repeatable:
            return _FEWER
        else:
            return Unusable("fewer results came than were asked for, and no word of why")
    if isinstance(outcome, Filtered) and outcome.taken is not None and missing >= outcome.taken:
        return Unusable(f"a filter took {outcome.taken} of the results, and the others are missing")
    return outcome


def _unusable_so_far(attempt: Attempt, outcome: Unusable) -> ProviderError:
    until = _unusable_until(attempt) or 0.0
    date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(until))
    return ProviderError(
        f"{attempt.provider} says that {attempt.name} is over, and its answer can't be used:"
        f" {outcome.message}",
        hint=f"the job is kept; until {date} each render asks for it again, after that it counts"
        f" as lost (`storyboard resolve FILM {attempt.name} --assume-lost` gives it up now)",
        provider=attempt.provider,
    )


class _Pace:
    """How long the last jobs of each model took, so that one is asked for when it may be done.

    Of a job it is only known when it was last seen going and when it was first seen done. Before
    the quickest was seen done others are asked for more often, so the next gap is smaller.
    """

    def __init__(self, run: str, poll_s: float) -> None:
        self._run = run
        self._least = poll_s / 10
        self._took: dict[tuple[str, ...], deque[tuple[float, float]]] = defaultdict(
            lambda: deque(maxlen=8)
        )

    def learn(self, attempt: Attempt, going: float, done: float) -> None:
        """Remembers when a job still went on, and when it was done, in seconds from its beginning.

        Of an earlier run's job nobody knows that.
        """
        if attempt.run == self._run:
            self._took[_lane(attempt)].append((going, done))

    def until(self, attempt: Attempt, elapsed: float, pause: float) -> float:
        """Seconds to the next question: `pause`, or less where the quickest was done by then."""
        if not (took := self._took[_lane(attempt)]):
            return pause
        done = min(done for _, done in took)
        if elapsed >= done:
            return pause
        going = max(going for going, _ in took if going < done)
        step = max((done - going) / _PARTS, self._least)
        return min(pause, max(going - elapsed, 0.0) + step)


def _lane(attempt: Attempt) -> tuple[str, ...]:
    return attempt.provider, attempt.model, attempt.kind


def poll_seconds() -> float:
    """STORYBOARD_POLL_S: seconds until a job is asked for the second time; 10 by default."""
    told = os.environ.get("STORYBOARD_POLL_S", "")
    try:
        seconds = float(told) if told else _POLL_S
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise EnvironmentProblem(f"STORYBOARD_POLL_S is {told!r}", hint="give seconds, such as 10")
    return seconds


def jittered(seconds: float) -> float:
    return seconds * random.uniform(0.85, 1.15)


def later(seconds: float) -> float:
    """A little more: a service that names a pause means no less."""
    return seconds * random.uniform(1.0, 1.15)
