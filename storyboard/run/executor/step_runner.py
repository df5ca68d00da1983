"""The work on one step: know it, look whether its takes exist, make those that are missing."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from storyboard.errors import DecisionNeeded, Gone, StoryboardError, UnknownOutcome
from storyboard.graph.step_identity import Identity, compute_identity
from storyboard.graph.steps import HELPER_KINDS, Step
from storyboard.model.film import Take
from storyboard.plan.plan import (
    Action,
    Node,
    Reason,
    describe_expired_source,
    suggest_source_renewal,
)
from storyboard.plan.take_chooser import TakeChooser
from storyboard.providers.base import Input, Kind, Provider
from storyboard.run import events as ev
from storyboard.run.executor.claim_guard import ClaimGuard
from storyboard.run.executor.context import RunContext
from storyboard.run.executor.errors import outcome_unknown_error, to_storyboard_error
from storyboard.run.executor.inputs import InputChanged, InputResolver
from storyboard.run.executor.lockfile_recorder import LockFileRecorder
from storyboard.run.executor.poller import format_rebuy_hint
from storyboard.run.executor.rate_limiter import RateLimiter
from storyboard.run.executor.take_maker import TakeMaker
from storyboard.run.executor.take_request import TakeRequest
from storyboard.run.ledger.attempts import Attempt, State
from storyboard.util.disk_errors import explain_disk_errors

_MAX_CHANGES = 3


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came of a step that could be tried."""

    take: Take | None
    """The one that plays."""
    made_count: int = 0
    error: StoryboardError | None = None
    """Of a take that could not be made, others aside."""
    elapsed_s: float = 0.0


class StepRunner:
    """Works on the steps of one run."""

    def __init__(
        self,
        context: RunContext,
        input_resolver: InputResolver,
        take_maker: TakeMaker,
        find_provider: Callable[[str], Provider],
        *,
        rate_limiter: RateLimiter,
        jobs: int,
        is_frozen: bool,
    ) -> None:
        self._context = context
        self._inputs = input_resolver
        self._take_maker = take_maker
        self._find_provider = find_provider
        self._is_frozen = is_frozen
        self._claim_guard = ClaimGuard(context)
        self._digest_locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._local_slots = asyncio.Semaphore(2 * max(1, jobs))
        self._rate_limiter = rate_limiter
        self._recorder = LockFileRecorder(context)
        self._chooser = TakeChooser(context.film.shots, context.lock_file)
        self.visited_takes: set[tuple[str, int]] = set()
        """Takes that this run has looked after, as (digest, ordinal)."""

    async def run_step(self, node: Node, parent_takes: Mapping[str, Take]) -> StepResult:
        """Brings a step to its takes, once the selects of its parents are there."""
        step = node.step
        if Reason.URI_EXPIRED in node.reasons:
            raise DecisionNeeded(
                f"{step.id} {describe_expired_source(step)}", hint=suggest_source_renewal(step)
            )
        if node.action is Action.BLOCKED:
            if charged := self._context.ledger.find_charged_without_take(node.digest):
                raise _lost_purchase_error(step, charged)
            is_damaged = Reason.TAKE_CORRUPT in node.reasons
            raise _missing_bytes_error(step, node.select.name if node.select else "", is_damaged)
        for _ in range(_MAX_CHANGES):
            identified = self._inputs.identify_inputs(step, parent_takes)
            try:
                if step.kind is Kind.IMPORT:
                    return await self._import_footage(step, identified)
                provider = self._find_provider(step.provider)
                take_identity = compute_identity(
                    step, identified, provider.reads, provider.revision
                )
                return await self._ensure_takes(
                    node, provider, take_identity, identified, parent_takes
                )
            except InputChanged:
                continue
        raise StoryboardError(
            f"the files of {step.id} change while they are read",
            hint="let whatever writes them finish, then render again",
        )

    def record_kept_take(self, node: Node, take: Take) -> None:
        """Enters a take that was there into the lock file."""
        records = self._context.store.find_records(take.digest)
        is_new = not self._context.lock_file.has_take(take)
        parts = records[0].parts if records else {}
        self._recorder.record_takes(node.step, take, self._find_present_takes(take.digest), parts)
        selected = self._choose_present_take(node.step, take.digest)
        if is_new and selected is not None and selected.ordinal != take.ordinal:
            self._recorder.pick_if_not_default(node.step.id, take)  # a run that died had no time to

    def is_awaiting_pick(self, take: Take) -> bool:
        """Whether a person wants to pick before anything hangs on this select."""
        lock_file = self._context.lock_file
        if (
            self._context.film.policy.on_pick != "wait"
            or lock_file.find_pick(take.digest) is not None
        ):
            return False
        rejected = lock_file.find_rejected(take.digest)
        return (
            sum(
                sibling.ordinal not in rejected for sibling in self._find_present_takes(take.digest)
            )
            > 1
        )

    async def fetch_leftover_attempts(self) -> None:
        """Fetches what earlier runs paid for and this plan no longer asks for.

        What expires first goes first; a job that still runs keeps no other waiting.
        """
        leftovers = [
            attempt
            for attempt in self._context.ledger.open_attempts
            if (attempt.digest, attempt.ordinal) not in self.visited_takes
            and attempt.state is not State.UNKNOWN
        ]
        leftovers.sort(key=lambda attempt: attempt.expires_at)
        await asyncio.gather(*(self._fetch_leftover_attempt(attempt) for attempt in leftovers))

    async def _fetch_leftover_attempt(self, attempt: Attempt) -> None:
        try:
            take = await self._take_maker.finish_attempt(
                attempt, self._find_provider(attempt.provider)
            )
        except Exception as error:
            failure = to_storyboard_error(error, attempt.provider, attempt.name)
            self._emit_note(
                f"{attempt.name} was ordered by an earlier run: {failure}", attempt.step
            )
            return
        self._emit_note(f"{attempt.name} of an earlier run was fetched", attempt.step)
        self._context.lock_file.add_take(take, step=attempt.step, parts=attempt.parts)
        if attempt.picks:
            self._recorder.pick_if_not_default(attempt.step, take)

    async def _ensure_takes(
        self,
        node: Node,
        provider: Provider,
        take_identity: Identity,
        identified_inputs: tuple[Input, ...],
        parent_takes: Mapping[str, Take],
    ) -> StepResult:
        digest, made_count = take_identity.digest, 0
        error: StoryboardError | None = None
        started_at = time.monotonic()
        async with self._digest_locks[digest]:
            missing = self._find_missing_ordinals(node, digest, provider)
            if missing:
                async with AsyncExitStack() as slot_stack:
                    slot = (
                        self._local_slots
                        if provider.repeatable
                        else self._rate_limiter.acquire_operation_slot(node.step)
                    )
                    await slot_stack.enter_async_context(slot)
                    started_at = time.monotonic()
                    paid = not provider.repeatable
                    async with self._claim_guard.acquire_claim(node.step, digest, paid=paid):
                        missing = self._find_missing_ordinals(node, digest, provider, fresh=True)
                        made_count, error = await self._make_takes_with_worst_error(
                            node,
                            provider,
                            take_identity,
                            identified_inputs,
                            parent_takes,
                            missing,
                            slot_stack,
                        )
        take = self._choose_present_take(node.step, digest)
        if take is None:
            raise error or StoryboardError(f"{node.step.id} has no take that is not rejected")
        self._recorder.record_takes(
            node.step, take, self._find_present_takes(take.digest), take_identity.parts
        )
        return StepResult(take, made_count, error, time.monotonic() - started_at)

    async def _make_takes_with_worst_error(
        self,
        node: Node,
        provider: Provider,
        take_identity: Identity,
        identified_inputs: tuple[Input, ...],
        parent_takes: Mapping[str, Take],
        missing_ordinals: tuple[int, ...],
        slot_stack: AsyncExitStack,
    ) -> tuple[int, StoryboardError | None]:
        """Makes the wanted takes at once; how many came, and the worst error of the others.

        `slot_stack` is left as soon as all of them are delivered: they need no maker from then on.
        """
        if not missing_ordinals:
            return 0, None
        step = node.step
        self.visited_takes.update((take_identity.digest, ordinal) for ordinal in missing_ordinals)
        if self._is_frozen and not all(
            self._context.ledger.find_open_attempt(take_identity.digest, n)
            for n in missing_ordinals
        ):
            raise StoryboardError(
                f"{step.id} would be made, and --frozen never submits",
                hint="render without --frozen",
            )
        inputs = await self._inputs.prepare_inputs(step, identified_inputs, parent_takes)
        self._report_start(step, take_identity, missing_ordinals)
        batch_size = 1 if provider.repeatable else max(1, step.samples)
        is_forced = bool({Reason.FORCED, Reason.RETAKE_REQUESTED}.intersection(node.reasons))
        must_play = (
            node.select is None and bool(node.ordinals) and node.digest == take_identity.digest
        )
        must_pick = must_play and node.ordinals[0] > 1
        remaining = len(missing_ordinals)

        async def count_delivery() -> None:
            nonlocal remaining
            remaining -= 1
            if not remaining:
                await slot_stack.aclose()

        take_requests = [
            TakeRequest(
                step,
                take_identity,
                missing_ordinals[n : n + batch_size],
                inputs,
                count_delivery,
                is_forced,
                must_pick,
            )
            for n in range(0, len(missing_ordinals), batch_size)
        ]
        if len(take_requests) == 1:
            made_groups = [await self._take_maker.make_takes(take_requests[0], provider)]
        else:
            made_groups = await asyncio.gather(
                *(
                    self._take_maker.make_takes(take_request, provider)
                    for take_request in take_requests
                )
            )
        outcomes = [
            self._record_lost_source(step, parent_takes, outcome)
            for group in made_groups
            for outcome in group
        ]
        takes = [outcome for outcome in outcomes if isinstance(outcome, Take)]
        can_replace = Reason.FORCED in node.reasons or not provider.repeatable
        for take in takes:
            if step.settings.audio and take.facts.frames > 1 and not take.facts.has_audio:
                self._emit_note(f"{take.name} came without the sound that was asked for", step.id)
            pick = must_play and take is takes[0]
            if not self._recorder.record_take(
                step, take, take_identity.parts, can_replace=can_replace, must_pick=pick
            ):
                self._emit_note(
                    f"{take.name} came out other than the lock file has it; both are equal in"
                    " what was asked",
                    step.id,
                )
        return len(takes), self._choose_worst_error(step, take_identity.digest, outcomes)

    def _record_lost_source(
        self, step: Step, parent_takes: Mapping[str, Take], outcome: Take | StoryboardError
    ) -> Take | StoryboardError:
        """Remembers that a source is gone where the platform said so, whatever our clock says."""
        if not isinstance(outcome, Gone) or step.source not in parent_takes or not step.remote:
            return outcome
        self._context.store.mark_expired(parent_takes[step.source])
        can_reanchor = self._context.film.policy.on_expired == "reanchor"
        hint = (
            "render again: it starts anew from the last frame"
            if can_reanchor
            else suggest_source_renewal(step)
        )
        return DecisionNeeded(f"{step.id} {describe_expired_source(step)}", hint=hint)

    def _choose_worst_error(
        self, step: Step, digest: str, outcomes: Sequence[Take | StoryboardError]
    ) -> StoryboardError | None:
        """The error that the step ends with; of the others there is a note."""
        errors = {str(item): item for item in outcomes if isinstance(item, StoryboardError)}
        worst = max(errors.values(), key=lambda fault: fault.exit_code, default=None)
        for message, error in errors.items():
            if error is not worst and not isinstance(error, UnknownOutcome):
                self._emit_note(message, step.id)
        if isinstance(worst, UnknownOutcome):
            own_attempts = [
                item for item in self._context.ledger.open_attempts if item.digest == digest
            ]
            return outcome_unknown_error(
                [item for item in own_attempts if item.state is State.UNKNOWN]
            )
        return worst

    def _find_missing_ordinals(
        self, node: Node, digest: str, provider: Provider, *, fresh: bool = False
    ) -> tuple[int, ...]:
        """Ordinals to make now."""
        step = node.step
        takes = self._find_present_takes(digest, fresh=fresh)
        present = {take.ordinal for take in takes}
        is_planned = bool(node.ordinals) and node.digest == digest
        if is_planned and Reason.FORCED in node.reasons:
            return node.ordinals
        ordinals = node.ordinals if is_planned else tuple(range(1, max(1, step.takes) + 1))
        missing = tuple(n for n in ordinals if n not in present)
        if not missing and not is_planned and not self._chooser.choose_take(step, digest, takes):
            missing = (max(present) + 1,)
        if not is_planned and not provider.repeatable:
            self._refuse_rebuy(step, digest, missing)
        return missing

    def _refuse_rebuy(self, step: Step, digest: str, missing_ordinals: tuple[int, ...]) -> None:
        """What was bought is not bought again because its bytes are absent, or never came."""
        charged = self._context.ledger.find_charged_without_take(digest)
        if lost := [attempt for attempt in charged if attempt.ordinal in missing_ordinals]:
            raise _lost_purchase_error(step, lost)
        locked_ordinals = {take.ordinal for take in self._context.lock_file.find_takes(digest)}
        if bought_ordinals := sorted(locked_ordinals & set(missing_ordinals)):
            names = ", ".join(f"t{n:02d}" for n in bought_ordinals)
            raise _missing_bytes_error(step, names)

    def _choose_present_take(self, step: Step, digest: str) -> Take | None:
        """The take that plays, of those whose bytes are here."""
        return self._chooser.choose_take(step, digest, self._find_present_takes(digest))

    def _find_present_takes(self, digest: str, *, fresh: bool = False) -> list[Take]:
        store = self._context.store
        return [
            take
            for take in store.find_takes(digest, fresh=fresh)
            if store.has_complete_file(take.sha256)
        ]

    async def _import_footage(self, step: Step, identified_inputs: tuple[Input, ...]) -> StepResult:
        """Takes footage of the film's own into the store, by its content."""
        file = step.links[0].file
        assert file is not None
        if file.uri:
            raise StoryboardError(
                f"{file.name} is not fetched from its address yet", hint="download it first"
            )
        take_identity = compute_identity(step, identified_inputs, frozenset(), "")
        async with self._digest_locks[take_identity.digest]:
            if take := self._choose_present_take(step, take_identity.digest):
                self._recorder.record_take(step, take, take_identity.parts)
                return StepResult(take)
            started_at = time.monotonic()
            self._report_start(step, take_identity, (1,))
            take = await asyncio.to_thread(
                self._ingest_footage, step, take_identity, file.path, identified_inputs[0].sha256
            )
        self._recorder.record_take(step, take, take_identity.parts)
        self._context.emit(
            ev.TakeAdded(
                step=step.id,
                shot=step.shot,
                take=take.name,
                sha256=take.sha256,
                digest=take.digest,
                frames=take.facts.frames,
            )
        )
        return StepResult(take, 1, None, time.monotonic() - started_at)

    def _ingest_footage(self, step: Step, take_identity: Identity, path: Path, sha256: str) -> Take:
        store = self._context.store
        with explain_disk_errors(str(store.root)):
            media = self._context.media
            facts = (media.probe if store.has_complete_file(sha256) else media.probe_and_decode)(
                path
            )
            if store.put_file(path, move=False) != sha256:
                raise InputChanged(path)
            take = Take(
                digest=take_identity.digest,
                ordinal=1,
                sha256=sha256,
                provider="import",
                model="",
                facts=facts,
                created_at=round(time.time(), 3),
                shot=step.shot,
            )
            store.add_take(
                take,
                take_identity.parts,
                kind=step.kind.value,
                step=step.id,
                film=self._context.film.stem,
            )
        return take

    def _report_start(self, step: Step, take_identity: Identity, ordinals: tuple[int, ...]) -> None:
        self._context.emit(
            ev.StepStarted(
                step=step.id,
                shot=step.shot,
                kind=step.kind.value,
                provider=step.provider,
                model=step.model,
                digest=take_identity.digest,
                take=", ".join(f"t{n:02d}" for n in ordinals),
            )
        )

    def _emit_note(self, message: str, step: str) -> None:
        self._context.emit(ev.Note(step=step, message=message))


def _lost_purchase_error(step: Step, attempts: Sequence[Attempt]) -> DecisionNeeded:
    first = attempts[0]
    names = ", ".join(attempt.name for attempt in attempts)
    return DecisionNeeded(
        f"{names} was charged and brought no take: {first.message}", hint=format_rebuy_hint(first)
    )


def _missing_bytes_error(step: Step, take_names: str, is_corrupt: bool = False) -> DecisionNeeded:
    label = f" as {take_names}" if take_names else ""
    state, cure = (
        "its bytes are not in the store",
        "set STORYBOARD_STORE to the store that has them",
    )
    if is_corrupt:
        state = "its bytes in the store are damaged"
        cure = "set them aside with `storyboard store verify --repair` and fetch them"
    return DecisionNeeded(
        f"{step.id} was bought{label}, and {state}",
        hint=f"{cure}, or buy it again with"
        f" --rebuy {step.id if step.kind in HELPER_KINDS else step.shot}",
    )
