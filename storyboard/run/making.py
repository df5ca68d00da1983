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

from storyboard.disk import DiskProblem
from storyboard.errors import (
    AuthenticationError,
    NotNow,
    OperationFailed,
    QuotaError,
    RefusedError,
    StoryboardError,
    UnknownOutcome,
)
from storyboard.film import Take
from storyboard.graph.steps import Step
from storyboard.providers.base import Operation, Provider, Role, Sample
from storyboard.run import events as ev
from storyboard.run.attempts import Attempt, State
from storyboard.run.deciding import filtered, undecided
from storyboard.run.faults import foreseen
from storyboard.run.following import OTHER_WORDS, AskedAgain, Brought, Follower, later
from storyboard.run.job import Job, nobody_waits, tag
from storyboard.run.quota import Lanes
from storyboard.run.shelving import Shelver
from storyboard.run.studio import Studio
from storyboard.run.unwritten import unwritten
from storyboard.run.workplace import Room

_T = TypeVar("_T")
_AGAIN = 2
"""How often a job is sent again because the service asks for it."""


class Maker:
    """Makes takes for one run; shared by all of its steps."""

    def __init__(self, studio: Studio, cap_micros: int | None, lanes: Lanes) -> None:
        self._policy = studio.film.policy
        self._ledger = studio.ledger
        self._store = studio.store
        self._place = studio.place
        self._tell = studio.tell
        self._cap = cap_micros
        self._lanes = lanes
        self._follower = Follower(studio)
        self._shelver = Shelver(studio)
        self._bad_keys: dict[str, AuthenticationError] = {}
        """By provider, what it said of our key; asking again would say the same."""
        self.vital: set[asyncio.Task[Any]] = set()
        """Acts that must not be cut short: a request on its way, a take on its way in."""

    async def make(self, job: Job, provider: Provider) -> list[Take | StoryboardError]:
        """For every ordinal the take, once it is in the store, or why there is none.

        Goes on with attempts that an earlier run left open. An UnknownOutcome says that a person
        must decide.
        """
        if len(job.ordinals) == 1:
            return [await self._tried(job, provider, None)]
        first: dict[int, Attempt | StoryboardError] = {}
        left = any(self._ledger.open_for(job.identity.digest, n) for n in job.ordinals)
        held = any(self._held(job, n) for n in job.ordinals)
        if not left and not held:
            try:
                first = {each.ordinal: each for each in await self._submitted(job, provider)}
            except Exception as error:
                told = foreseen(error, job.step.provider, job.step.id)
                first = dict.fromkeys(job.ordinals, told)
        singles = [replace(job, ordinals=(n,)) for n in job.ordinals]
        tries = [self._tried(each, provider, first.get(each.ordinal)) for each in singles]
        return await asyncio.gather(*tries)

    async def _tried(
        self, job: Job, provider: Provider, first: Attempt | StoryboardError | None
    ) -> Take | StoryboardError:
        try:
            return await self._one(job, provider, first)
        except Exception as error:
            return foreseen(error, job.step.provider, job.step.id)

    async def _one(
        self, job: Job, provider: Provider, first: Attempt | StoryboardError | None
    ) -> Take:
        """One take; `first` is what came of an attempt that was made together with others.

        The film's policy tries again what cost nothing; what was charged is bought again by a
        person only. Raises the error that ended the last attempt.
        """
        policy = self._policy
        retries = again = 0
        if first is None and self._held(job, job.ordinal):
            raise filtered(job, "an earlier render of these words was filtered")
        while True:
            try:
                return await self._attempt(job, provider, first)
            except RefusedError as error:
                if policy.on_filtered == "hold":
                    raise filtered(job, error) from error
                if error.charged or policy.on_filtered != "retry" or retries >= policy.retries:
                    raise
            except AskedAgain as error:
                again += 1
                if again > _AGAIN:
                    raise
                self._note(job.step, f"{error}; sends it again in {error.after_s:.0f} s")
                await asyncio.sleep(later(error.after_s))
                continue
            except OperationFailed as error:
                if error.charged or policy.on_failed != "retry" or retries >= policy.retries:
                    raise
            finally:
                first = None
            retries += 1
            self._note(job.step, f"tries again, {retries} of {policy.retries}")

    def _held(self, job: Job, ordinal: int) -> bool:
        """Whether a filter took this take before, and the film leaves it to a person."""
        key = (job.identity.digest, ordinal)
        waits = self._policy.on_filtered == "hold" and key in self._ledger.filtered
        return waits and not job.insists and self._ledger.open_for(*key) is None

    async def _attempt(
        self, job: Job, provider: Provider, first: Attempt | StoryboardError | None
    ) -> Take:
        if isinstance(first, StoryboardError):
            raise first
        left = first or self._ledger.open_for(job.identity.digest, job.ordinal)
        if left is None:
            (left,) = await self._submitted(job, provider)
        elif left.state is State.UNKNOWN:
            left = await self._traced(left, provider)
        elif first is None:
            self._started(left, resumed=True)
        video = next((each for each in job.inputs if each.role is Role.VIDEO), None)
        return await self.follow(left, provider, job.delivered, video.path if video else None)

    async def follow(
        self,
        attempt: Attempt,
        provider: Provider,
        delivered: Callable[[], Awaitable[None]] = nobody_waits,
        source: Path | None = None,
    ) -> Take:
        """The take of an attempt that was submitted, by this run or an earlier one.

        `source` is the file of the video that it goes on from, where that is known here.
        """
        if stored := self._shelver.stored(attempt):
            return await self._shelver.commit(attempt, stored)

        async def keep(done: Attempt, brought: Brought) -> Take:
            await delivered()
            return await self._vitally(self._shelver.shelve(done, brought, source))

        return await self._follower.result(attempt, provider, keep)

    async def _traced(self, attempt: Attempt, provider: Provider) -> Attempt:
        """An unknown attempt whose result lies where only it would lie; else raises.

        The prefix is its order's alone, so what is there was bought by it. Which result is which
        is known once all are there.
        """
        look = getattr(provider, "trace", None)
        samples: tuple[Sample, ...] = ()
        if look is not None:
            try:
                samples = await look(tag(*attempt.order))
            except Exception as error:
                told = str(foreseen(error, provider.name, attempt.name))
                self._tell(ev.Note(step=attempt.step, shot=attempt.shot, message=told))
        now = self._ledger.open_for(attempt.digest, attempt.ordinal)
        if now is not None and now.state is not State.UNKNOWN:
            return now  # another take of the order has looked meanwhile
        order = self._ledger.meant(attempt)
        if len(samples) <= max(each.sample for each in order):
            raise undecided([attempt], attempt.message or "no answer came")
        place = samples[0].uri
        for each in order:
            told = f"{each.name} was bought after all: its result is at {samples[each.sample].uri}"
            self._tell(ev.Note(step=each.step, shot=each.shot, message=told))
        moved = await self._ledger.advance_all(
            order, State.DONE_REMOTE, operation=place, samples=samples
        )
        return next(each for each in moved if each.id == attempt.id)

    # submitting

    async def _submitted(self, job: Job, provider: Provider) -> tuple[Attempt, ...]:
        waits = 0
        while True:
            if bad := self._bad_keys.get(provider.name):
                raise bad
            if not provider.repeatable:
                await self._turn(job.step, provider)
            try:
                sending = self._submit(job, provider)
                attempts = await (sending if provider.repeatable else self._vitally(sending))
                for attempt in attempts:
                    self._started(attempt)
                return attempts
            except AuthenticationError as error:
                self._bad_keys[provider.name] = error
                raise
            except NotNow as error:
                waits += 1
                if waits >= error.tries:
                    raise
                pause = error.retry_after_s or self._follower.poll_s * 2 ** (waits - 1)
                if isinstance(error, QuotaError):
                    self._lanes.pause(job.step, later(pause), error)  # for all of its lane
                self._note(job.step, f"{error}; asks again in {pause:.0f} s")
                if not isinstance(error, QuotaError):
                    await asyncio.sleep(later(pause))

    async def _turn(self, step: Step, provider: Provider) -> None:
        """Waits for the quota of the step's lane."""
        ask = getattr(provider, "account", None)
        account = await ask() if ask is not None else ""

        def tell(seconds: float) -> None:
            self._note(step, f"waits {seconds:.0f} s for the quota of {step.model}")

        await self._lanes.turn(step, account, tell)

    async def _submit(self, job: Job, provider: Provider) -> tuple[Attempt, ...]:
        """From the reservation of the money to the operation's name in the ledger."""
        attempts = await self._ledger.begin(
            job.attempts(provider),
            price_micros=job.step.price_micros,
            cap_micros=self._cap,
        )
        await self._ledger.advance_all(attempts, State.SUBMITTING)
        asked = job.asked(tag(self._ledger.run, attempts[0].id))
        try:
            operation = await provider.submit(asked, Room(self._place, f"a{attempts[0].id}"))
        except Exception as error:
            raise await self._not_submitted(attempts, provider, error) from error
        if owner := self._owner(operation, provider, attempts):
            taken = UnknownOutcome(f"{provider.name} named {operation.name}, which {owner}")
            raise await self._not_submitted(attempts, provider, taken)
        try:
            # What came with the answer is written with the name: nobody can ask for it again.
            attempts = await self._ledger.advance_all(
                attempts, State.SUBMITTED, operation=operation.name, samples=operation.samples
            )
        except DiskProblem as error:
            told = unwritten(attempts, operation.name, error)
            self._note(job.step, f"{told}; {told.hint}")  # nobody may wait for this any more
            raise told from error
        if operation.samples:
            attempts = await self._ledger.advance_all(attempts, State.DONE_REMOTE)
        return attempts

    def _owner(self, operation: Operation, provider: Provider, attempts: Sequence[Attempt]) -> str:
        """Whose job that is, in words, where it is another order's: one clip is never two takes.

        An answer that brings its result along needs no name of its own.
        """
        if provider.repeatable or operation.samples:
            return ""
        if has := self._ledger.owner(operation.name, attempts):
            return f"is the job of {has}"
        with suppress(StoryboardError):  # a store that can't be asked knows of nobody
            for record in self._store.made_by(provider.name, operation.name):
                return f"made {record.step}:{record.take.name} of film {record.film or '?'}"
        return ""

    async def _not_submitted(
        self, attempts: tuple[Attempt, ...], provider: Provider, error: Exception
    ) -> StoryboardError:
        """Writes down why a submit failed; only a definite no sets the money free."""
        told = foreseen(error, provider.name, attempts[0].name)
        if isinstance(error, RefusedError):
            error.hint = error.hint or OTHER_WORDS
            await self._ledger.advance_all(attempts, State.FILTERED, message=str(error))
        elif isinstance(error, StoryboardError) and not isinstance(error, UnknownOutcome):
            await self._ledger.advance_all(attempts, State.FAILED, message=str(error))
        elif provider.repeatable:
            await self._ledger.advance_all(attempts, State.FAILED, message=str(told))
        else:
            message = str(error) or repr(error)
            await self._ledger.advance_all(attempts, State.UNKNOWN, message=message)
            return undecided(attempts, error)
        return told

    async def _vitally(self, act: Coroutine[Any, Any, _T]) -> _T:
        """Waits for `act`, which goes on to its end even when the waiting is given up."""
        task = asyncio.create_task(act)
        self.vital.add(task)
        task.add_done_callback(self._over)
        return await asyncio.shield(task)

    def _over(self, task: asyncio.Task[Any]) -> None:
        self.vital.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited may be gone; then the ledger has it

    def _started(self, attempt: Attempt, *, resumed: bool = False) -> None:
        self._tell(
            ev.OperationStarted(
                step=attempt.step,
                shot=attempt.shot,
                operation=attempt.operation,
                provider=attempt.provider,
                take=f"t{attempt.ordinal:02d}",
                resumed=resumed,
            )
        )

    def _note(self, step: Step, message: str) -> None:
        self._tell(ev.Note(step=step.id, shot=step.shot, message=message))
