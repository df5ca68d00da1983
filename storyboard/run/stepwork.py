"""The work on one step: know it, look whether its takes exist, make those that are missing."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from storyboard.disk import disk_errors
from storyboard.errors import DecisionNeeded, Gone, StoryboardError, UnknownOutcome
from storyboard.film import Take
from storyboard.graph.identity import Identity, identity
from storyboard.graph.plan import Action, Node, Reason, expired_source, renewal
from storyboard.graph.steps import BESIDE, UNCHOSEN, Step
from storyboard.providers.base import Input, Kind, Provider
from storyboard.run import events as ev
from storyboard.run.attempts import Attempt, State
from storyboard.run.claiming import Claiming
from storyboard.run.deciding import undecided
from storyboard.run.faults import foreseen
from storyboard.run.following import rebuy_hint
from storyboard.run.inputs import InputChanged, Inputs
from storyboard.run.job import Job
from storyboard.run.lockfile import LockFile
from storyboard.run.making import Maker
from storyboard.run.quota import Lanes
from storyboard.run.studio import Studio

_CHANGES = 3


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of a step that could be tried."""

    take: Take | None
    """The one that plays."""
    made: int = 0
    error: StoryboardError | None = None
    """Of a take that could not be made, others aside."""
    elapsed_s: float = 0.0


class StepWork:
    """Works on the steps of one run."""

    def __init__(
        self,
        studio: Studio,
        inputs: Inputs,
        maker: Maker,
        provider: Callable[[str], Provider],
        *,
        lanes: Lanes,
        jobs: int,
        frozen: bool,
    ) -> None:
        self._studio = studio
        self._inputs = inputs
        self._maker = maker
        self._provider = provider
        self._frozen = frozen
        self._claiming = Claiming(studio)
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._local = asyncio.Semaphore(2 * max(1, jobs))
        self._lanes = lanes
        self._lock = LockFile(studio)
        self._locks = {shot.id: shot.lock for shot in studio.film.shots if shot.lock}
        self.touched: set[tuple[str, int]] = set()
        """Takes that this run has looked after, as (digest, ordinal)."""

    async def do(self, node: Node, parents: Mapping[str, Take]) -> Finished:
        """Brings a step to its takes, once the selects of its parents are there."""
        step = node.step
        if Reason.URI_EXPIRED in node.reasons:
            raise DecisionNeeded(f"{step.id} {expired_source(step)}", hint=renewal(step))
        if node.action is Action.BLOCKED:
            if charged := self._studio.ledger.find_charged(node.digest):
                raise _came_to_nothing(step, charged)
            damaged = Reason.TAKE_CORRUPT in node.reasons
            raise _bought_elsewhere(step, node.select.name if node.select else "", damaged)
        for _ in range(_CHANGES):
            known = self._inputs.known(step, parents)
            try:
                if step.kind is Kind.IMPORT:
                    return await self._import(step, known)
                provider = self._provider(step.provider)
                name = identity(step, known, provider.reads, provider.revision)
                return await self._takes(node, provider, name, known, parents)
            except InputChanged:
                continue
        raise StoryboardError(
            f"the files of {step.id} change while they are read",
            hint="let whatever writes them finish, then render again",
        )

    def keep(self, node: Node, take: Take) -> None:
        """Enters a take that was there into the lock file."""
        records = self._studio.store.records(take.digest)
        new = not self._studio.selects.has(take)
        parts = records[0].parts if records else {}
        self._lock.enter_all(node.step, take, self._present(take.digest), parts)
        plays = self._select(node.step, take.digest)
        if new and plays is not None and plays.ordinal != take.ordinal:
            self._lock.pick(node.step.id, take)  # a run that died had no time to

    def undecided(self, take: Take) -> bool:
        """Whether a person wants to pick before anything hangs on this select."""
        selects = self._studio.selects
        if self._studio.film.policy.on_pick != "wait" or selects.pick(take.digest) is not None:
            return False
        rejected = selects.rejected(take.digest)
        return sum(each.ordinal not in rejected for each in self._present(take.digest)) > 1

    async def collect(self) -> None:
        """Fetches what earlier runs paid for and this plan no longer asks for.

        What expires first goes first; a job that still runs keeps no other waiting.
        """
        left = [
            each
            for each in self._studio.ledger.open
            if (each.digest, each.ordinal) not in self.touched and each.state is not State.UNKNOWN
        ]
        left.sort(key=lambda attempt: attempt.expires_at)
        await asyncio.gather(*(self._collected(each) for each in left))

    async def _collected(self, attempt: Attempt) -> None:
        try:
            take = await self._maker.follow(attempt, self._provider(attempt.provider))
        except Exception as error:
            told = foreseen(error, attempt.provider, attempt.name)
            self._note(f"{attempt.name} was ordered by an earlier run: {told}", attempt.step)
            return
        self._note(f"{attempt.name} of an earlier run was fetched", attempt.step)
        self._studio.selects.add(take, step=attempt.step, parts=attempt.parts)
        if attempt.picks:
            self._lock.pick(attempt.step, take)

    async def _takes(
        self,
        node: Node,
        provider: Provider,
        name: Identity,
        known: tuple[Input, ...],
        parents: Mapping[str, Take],
    ) -> Finished:
        digest, made = name.digest, 0
        error: StoryboardError | None = None
        began = time.monotonic()
        async with self._turns[digest]:
            wanted = self._wanted(node, digest, provider)
            if wanted:
                async with AsyncExitStack() as making:
                    place = self._local if provider.repeatable else self._lanes.open(node.step)
                    await making.enter_async_context(place)
                    began = time.monotonic()
                    paid = not provider.repeatable
                    async with self._claiming.held(node.step, digest, paid=paid):
                        wanted = self._wanted(node, digest, provider, fresh=True)
                        made, error = await self._make(
                            node, provider, name, known, parents, wanted, making
                        )
        take = self._select(node.step, digest)
        if take is None:
            raise error or StoryboardError(f"{node.step.id} has no take that is not rejected")
        self._lock.enter_all(node.step, take, self._present(take.digest), name.parts)
        return Finished(take, made, error, time.monotonic() - began)

    async def _make(
        self,
        node: Node,
        provider: Provider,
        name: Identity,
        known: tuple[Input, ...],
        parents: Mapping[str, Take],
        wanted: tuple[int, ...],
        making: AsyncExitStack,
    ) -> tuple[int, StoryboardError | None]:
        """Makes the wanted takes at once; how many came, and the worst error of the others.

        `making` is left as soon as all of them are delivered: they need no maker from then on.
        """
        if not wanted:
            return 0, None
        step = node.step
        self.touched.update((name.digest, ordinal) for ordinal in wanted)
        if self._frozen and not all(self._studio.ledger.open_for(name.digest, n) for n in wanted):
            raise StoryboardError(
                f"{step.id} would be made, and --frozen never submits",
                hint="render without --frozen",
            )
        inputs = await self._inputs.ready(step, known, parents)
        self._started(step, name, wanted)
        together = 1 if provider.repeatable else max(1, step.samples)
        insists = bool({Reason.FORCED, Reason.RETAKE_REQUESTED}.intersection(node.reasons))
        plays = node.select is None and bool(node.ordinals) and node.digest == name.digest
        picks = plays and node.ordinals[0] > 1
        left = len(wanted)

        async def delivered() -> None:
            nonlocal left
            left -= 1
            if not left:
                await making.aclose()

        jobs = [
            Job(step, name, wanted[n : n + together], inputs, delivered, insists, picks)
            for n in range(0, len(wanted), together)
        ]
        if len(jobs) == 1:
            made = [await self._maker.make(jobs[0], provider)]
        else:
            made = await asyncio.gather(*(self._maker.make(job, provider) for job in jobs))
        done = [self._sourced(step, parents, each) for some in made for each in some]
        takes = [each for each in done if isinstance(each, Take)]
        forced = Reason.FORCED in node.reasons or not provider.repeatable
        for take in takes:
            if step.settings.audio and take.facts.frames > 1 and not take.facts.has_audio:
                self._note(f"{take.name} came without the sound that was asked for", step.id)
            pick = plays and take is takes[0]
            if not self._lock.enter(step, take, name.parts, replace=forced, pick=pick):
                self._note(
                    f"{take.name} came out other than the lock file has it; both are equal in"
                    " what was asked",
                    step.id,
                )
        return len(takes), self._worst(step, name.digest, done)

    def _sourced(
        self, step: Step, parents: Mapping[str, Take], made: Take | StoryboardError
    ) -> Take | StoryboardError:
        """Remembers that a source is gone where the platform said so, whatever our clock says."""
        if not isinstance(made, Gone) or step.source not in parents or not step.remote:
            return made
        self._studio.store.expire(parents[step.source])
        again = self._studio.film.policy.on_expired == "reanchor"
        hint = "render again: it starts anew from the last frame" if again else renewal(step)
        return DecisionNeeded(f"{step.id} {expired_source(step)}", hint=hint)

    def _worst(
        self, step: Step, digest: str, done: Sequence[Take | StoryboardError]
    ) -> StoryboardError | None:
        """The error that the step ends with; of the others there is a note."""
        errors = {str(each): each for each in done if isinstance(each, StoryboardError)}
        worst = max(errors.values(), key=lambda fault: fault.exit_code, default=None)
        for told, error in errors.items():
            if error is not worst and not isinstance(error, UnknownOutcome):
                self._note(told, step.id)
        if isinstance(worst, UnknownOutcome):
            mine = [each for each in self._studio.ledger.open if each.digest == digest]
            return undecided([each for each in mine if each.state is State.UNKNOWN])
        return worst

    def _wanted(
        self, node: Node, digest: str, provider: Provider, *, fresh: bool = False
    ) -> tuple[int, ...]:
        """Ordinals to make now."""
        have = {take.ordinal for take in self._present(digest, fresh=fresh)}
        rejected = self._studio.selects.rejected(digest)
        planned = bool(node.ordinals) and node.digest == digest
        if planned and Reason.FORCED in node.reasons:
            return node.ordinals
        wanted = node.ordinals if planned else tuple(range(1, max(1, node.step.takes) + 1))
        missing = tuple(n for n in wanted if n not in have)
        if not missing and not planned and have <= rejected:
            missing = (max(have) + 1,)
        if not planned and not provider.repeatable:
            self._never_rebuy(node.step, digest, missing)
        return missing

    def _never_rebuy(self, step: Step, digest: str, missing: tuple[int, ...]) -> None:
        """What was bought is not bought again because its bytes are absent, or never came."""
        charged = self._studio.ledger.find_charged(digest)
        if lost := [attempt for attempt in charged if attempt.ordinal in missing]:
            raise _came_to_nothing(step, lost)
        locked = {take.ordinal for take in self._studio.selects.takes(digest)}
        if bought := sorted(locked & set(missing)):
            names = ", ".join(f"t{n:02d}" for n in bought)
            raise _bought_elsewhere(step, names)

    def _select(self, step: Step, digest: str) -> Take | None:
        """What `lock` names, else the pick, else the lowest that was not rejected."""
        takes = self._present(digest)
        lock = "" if step.kind in UNCHOSEN else self._locks.get(step.shot, "")
        pick = self._studio.selects.pick(digest)
        rejected = self._studio.selects.rejected(digest)
        named = [take for take in takes if take.name == lock]
        picked = [take for take in takes if take.ordinal == pick]
        free = [take for take in takes if take.ordinal not in rejected]
        return next(iter((*named, *picked, *free)), None)

    def _present(self, digest: str, *, fresh: bool = False) -> list[Take]:
        store = self._studio.store
        return [take for take in store.takes(digest, fresh=fresh) if store.present(take.sha256)]

    async def _import(self, step: Step, known: tuple[Input, ...]) -> Finished:
        """Takes footage of the film's own into the store, by its content."""
        file = step.links[0].file
        assert file is not None
        if file.uri:
            raise StoryboardError(
                f"{file.name} is not fetched from its address yet", hint="download it first"
            )
        name = identity(step, known, frozenset(), "")
        async with self._turns[name.digest]:
            if take := self._select(step, name.digest):
                self._lock.enter(step, take, name.parts)
                return Finished(take)
            began = time.monotonic()
            self._started(step, name, (1,))
            take = await asyncio.to_thread(self._take_in, step, name, file.path, known[0].sha256)
        self._lock.enter(step, take, name.parts)
        self._studio.tell(
            ev.TakeAdded(
                step=step.id,
                shot=step.shot,
                take=take.name,
                sha256=take.sha256,
                digest=take.digest,
                frames=take.facts.frames,
            )
        )
        return Finished(take, 1, None, time.monotonic() - began)

    def _take_in(self, step: Step, name: Identity, path: Path, sha256: str) -> Take:
        store = self._studio.store
        with disk_errors(str(store.root)):
            media = self._studio.media
            facts = (media.probe if store.present(sha256) else media.examine)(path)
            if store.put(path, move=False) != sha256:
                raise InputChanged(path)
            take = Take(
                digest=name.digest,
                ordinal=1,
                sha256=sha256,
                provider="import",
                model="",
                facts=facts,
                created_at=round(time.time(), 3),
                shot=step.shot,
            )
            store.add(
                take, name.parts, kind=step.kind.value, step=step.id, film=self._studio.film.stem
            )
        return take

    def _started(self, step: Step, name: Identity, ordinals: tuple[int, ...]) -> None:
        self._studio.tell(
            ev.StepStarted(
                step=step.id,
                shot=step.shot,
                kind=step.kind.value,
                provider=step.provider,
                model=step.model,
                digest=name.digest,
                take=", ".join(f"t{n:02d}" for n in ordinals),
            )
        )

    def _note(self, message: str, step: str) -> None:
        self._studio.tell(ev.Note(step=step, message=message))


def _came_to_nothing(step: Step, attempts: Sequence[Attempt]) -> DecisionNeeded:
    first = attempts[0]
    names = ", ".join(attempt.name for attempt in attempts)
    return DecisionNeeded(
        f"{names} was charged and brought no take: {first.message}", hint=rebuy_hint(first)
    )


def _bought_elsewhere(step: Step, names: str, damaged: bool = False) -> DecisionNeeded:
    named = f" as {names}" if names else ""
    how, cure = "its bytes are not in the store", "set STORYBOARD_STORE to the store that has them"
    if damaged:
        how = "its bytes in the store are damaged"
        cure = "set them aside with `storyboard store verify --repair` and fetch them"
    return DecisionNeeded(
        f"{step.id} was bought{named}, and {how}",
        hint=f"{cure}, or buy it again with"
        f" --rebuy {step.id if step.kind in BESIDE else step.shot}",
    )
