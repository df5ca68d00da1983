"""Making one take: the way of an attempt from its intent to the store.

Every act stands after the ledger's word for it. What may have cost money is never given up: a
paid submit is finished even when the run is being stopped, and a job that runs is left running.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from storyboard.digest import digest
from storyboard.errors import (
    AuthenticationError,
    DecisionNeeded,
    OperationFailed,
    QuotaError,
    RefusedError,
    StoryboardError,
    UnknownOutcome,
)
from storyboard.film import Take
from storyboard.graph.identity import Identity, request
from storyboard.graph.steps import Step
from storyboard.providers.base import Input, Provider, Role
from storyboard.run import events as ev
from storyboard.run.attempts import Attempt, State
from storyboard.run.following import Follower, jittered, readable
from storyboard.run.shelving import Shelver
from storyboard.run.studio import Studio
from storyboard.run.workplace import Room

_T = TypeVar("_T")
_QUOTA_WAITS = 6


@dataclass(frozen=True, slots=True)
class Job:
    """One take to make."""

    step: Step
    identity: Identity
    ordinal: int
    inputs: tuple[Input, ...]


class Maker:
    """Makes takes for one run; shared by all of its steps."""

    def __init__(self, studio: Studio, cap_micros: int | None) -> None:
        self._policy = studio.film.policy
        self._ledger = studio.ledger
        self._place = studio.place
        self._tell = studio.tell
        self._cap = cap_micros
        self._follower = Follower(studio)
        self._shelver = Shelver(studio)
        self._refusals: dict[str, AuthenticationError] = {}
        """By provider, what it said of our key; asking again would say the same."""
        self.vital: set[asyncio.Task[Any]] = set()
        """Acts that must not be cut short: a request on its way, a take on its way in."""

    async def make(self, job: Job, provider: Provider) -> Take:
        """The take, once it is in the store.

        Goes on with an attempt that an earlier run left open. Raises the error that ended the
        last attempt; UnknownOutcome when a person must decide.
        """
        policy = self._policy
        retries = 0
        while True:
            try:
                return await self._attempt(job, provider)
            except RefusedError as error:
                if policy.on_filtered == "hold":
                    raise DecisionNeeded(
                        f"{job.step.id} was filtered and is held: {error}",
                        hint="change the prompt, or set policy.on_filtered",
                    ) from error
                again = policy.on_filtered == "retry"
                if not again or retries >= policy.retries:
                    raise
            except OperationFailed:
                if policy.on_failed != "retry" or retries >= policy.retries:
                    raise
            retries += 1
            self._note(job.step, f"tries again, {retries} of {policy.retries}")

    async def _attempt(self, job: Job, provider: Provider) -> Take:
        left = self._ledger.open_for(job.identity.digest, job.ordinal)
        if left is None:
            left = await self._submitted(job, provider)
        elif left.state is State.UNKNOWN:
            raise _unknown(left, left.message or "no answer came")
        else:
            self._started(left, resumed=True)
        return await self.follow(left, provider)

    async def follow(self, attempt: Attempt, provider: Provider) -> Take:
        """The take of an attempt that was submitted, by this run or an earlier one."""
        if stored := self._shelver.stored(attempt):
            return await self._shelver.commit(attempt, stored)
        attempt, sample = await self._follower.sample(attempt, provider)
        return await self._vitally(self._shelver.shelve(attempt, sample))

    # submitting

    async def _submitted(self, job: Job, provider: Provider) -> Attempt:
        waits = 0
        while True:
            if refused := self._refusals.get(provider.name):
                raise refused
            try:
                sending = self._submit(job, provider)
                attempt = await (sending if provider.repeatable else self._vitally(sending))
                self._started(attempt)
                return attempt
            except AuthenticationError as error:
                self._refusals[provider.name] = error
                raise
            except QuotaError as error:
                waits += 1
                if waits > _QUOTA_WAITS:
                    raise
                pause = error.retry_after_s or self._follower.poll_s * 2 ** (waits - 1)
                self._note(job.step, f"{error}; asks again in {pause:.0f} s")
                await asyncio.sleep(jittered(pause))

    async def _submit(self, job: Job, provider: Provider) -> Attempt:
        """From the reservation of the money to the operation's name in the ledger."""
        step = job.step
        asked = request(step, job.inputs, ordinal=job.ordinal)
        video = asked.input(Role.VIDEO)
        attempt = await self._ledger.begin(
            Attempt(
                digest=job.identity.digest,
                ordinal=job.ordinal,
                step=step.id,
                shot=step.shot,
                kind=step.kind.value,
                provider=step.provider,
                model=step.model,
                repeatable=provider.repeatable,
                request=digest("request", [job.identity.digest, job.ordinal, asked.settings.seed]),
                seed=asked.settings.seed,
                parts=job.identity.parts,
                buys_frames=step.buys_frames,
                given_frames=video.facts.frames if video and video.facts else 0,
            ),
            price_micros=step.price_micros,
            cap_micros=self._cap,
        )
        await self._ledger.advance(attempt, State.SUBMITTING)
        try:
            operation = await provider.submit(asked, Room(self._place, f"a{attempt.id}"))
        except Exception as error:
            raise await self._refused(attempt, provider, error) from error
        return await self._ledger.advance(attempt, State.SUBMITTED, operation=operation.name)

    async def _refused(
        self, attempt: Attempt, provider: Provider, error: Exception
    ) -> StoryboardError:
        """Writes down why a submit failed; only a definite no sets the money free."""
        told = readable(error, provider, attempt)
        if isinstance(error, RefusedError):
            await self._ledger.advance(attempt, State.FILTERED, message=str(error))
        elif isinstance(error, StoryboardError) and not isinstance(error, UnknownOutcome):
            await self._ledger.advance(attempt, State.FAILED, message=str(error))
        elif provider.repeatable:
            await self._ledger.advance(attempt, State.FAILED, message=str(told))
        else:
            await self._ledger.advance(attempt, State.UNKNOWN, message=str(error) or repr(error))
            return _unknown(attempt, error)
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


def _unknown(attempt: Attempt, why: object) -> UnknownOutcome:
    return UnknownOutcome(
        f"{attempt.name} may have been bought: {why}",
        hint="look for the job with the provider, then say what came of it: "
        f"`storyboard resolve FILM {attempt.name}`",
        provider=attempt.provider,
    )
