"""Runs a step: identifies it, finds which of its takes are missing, and has those made."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
from storyboard.plan.take_chooser import TakeChooser, has_key
from storyboard.providers.base import Input, Kind, Provider
from storyboard.run import events as ev
from storyboard.run.executor.claim_guard import ClaimGuard
from storyboard.run.executor.context import RunContext
from storyboard.run.executor.errors import (
    format_rebuy_hint,
    outcome_unknown_error,
    to_storyboard_error,
)
from storyboard.run.executor.ingest import TakeIngest
from storyboard.run.executor.inputs import InputChanged, InputResolver
from storyboard.run.executor.lockfile_recorder import LockFileRecorder
from storyboard.run.executor.operation_slot import OperationSlot
from storyboard.run.executor.provider_pool import ProviderPool
from storyboard.run.executor.rate_limiter import RateLimiter
from storyboard.run.executor.take_maker import TakeMaker
from storyboard.run.executor.take_request import TakeRequest
from storyboard.run.ledger.attempts import Attempt, State

_MAX_CHANGES = 3


@dataclass(frozen=True, slots=True)
class _StepWork:
    """What is known of a step before its takes are made."""

    node: Node
    provider: Provider
    identity: Identity
    inputs: tuple[Input, ...]
    """By content alone."""
    parent_takes: Mapping[str, Take]

    @property
    def step(self) -> Step:
        return self.node.step

    @property
    def digest(self) -> str:
        return self.identity.digest

    @property
    def is_planned(self) -> bool:
        """Whether the plan says which takes of this very digest to make."""
        return bool(self.node.ordinals) and self.node.digest == self.digest

    @property
    def must_play(self) -> bool:
        """Whether its first new take is to play, whatever takes are there."""
        return self.is_planned and self.node.select is None


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
        ingest: TakeIngest,
        providers: ProviderPool,
        *,
        rate_limiter: RateLimiter,
        jobs: int,
        is_frozen: bool,
    ) -> None:
        self._context = context
        self._inputs = input_resolver
        self._take_maker = take_maker
        self._ingest = ingest
        self._providers = providers
        self._is_frozen = is_frozen
        self._claim_guard = ClaimGuard(context)
        self._digest_locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._local_slots = asyncio.Semaphore(2 * max(1, jobs))
        self._rate_limiter = rate_limiter
        self._recorder = LockFileRecorder(context)
        self._chooser = TakeChooser(context.film.shots, context.lock_file)
        self._visited_takes: set[tuple[str, int]] = set()
        """Takes that this run has looked after, as (digest, ordinal)."""

    async def run_step(self, node: Node, parent_takes: Mapping[str, Take]) -> StepResult:
        """Brings a step to its takes, once the selects of its parents are there."""
        step = node.step
        self._refuse_blocked_step(node)
        for _ in range(_MAX_CHANGES):
            inputs = self._inputs.identify_inputs(step, parent_takes)
            try:
                if step.kind is Kind.IMPORT:
                    return await self._import_footage(step, inputs)
                provider = self._providers.load_provider(step.provider)
                identity = compute_identity(step, inputs, provider.reads, provider.revision)
                return await self._ensure_takes(
                    _StepWork(node, provider, identity, inputs, parent_takes)
                )
            except InputChanged:
                continue
        raise StoryboardError(
            f"the files of {step.id} changed while they were read",
            hint="wait until the program that writes them has finished, then render again",
        )

    def _refuse_blocked_step(self, node: Node) -> None:
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

    def record_kept_take(self, node: Node, take: Take) -> None:
        """Enters a take that was there into the lock file."""
        records = self._context.store.find_records(take.digest)
        is_new = not self._context.lock_file.has_take(take)
        parts = records[0].parts if records else {}
        self._recorder.record_takes(
            node.step,
            take,
            self._find_present_takes(take.digest),
            parts,
            is_repeatable=node.is_repeatable,
        )
        selected = self._choose_present_take(node.step, take.digest)
        if is_new and selected is not None and selected.sha256 != take.sha256:
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
            sum(not has_key(sibling, rejected) for sibling in self._find_present_takes(take.digest))
            > 1
        )

    async def fetch_leftover_attempts(self) -> None:
        """Fetches what earlier runs paid for and this plan no longer asks for.

        What expires first goes first; a job that still runs keeps no other waiting.
        """
        leftovers = [
            attempt
            for attempt in self._context.ledger.open_attempts
            if (attempt.digest, attempt.ordinal) not in self._visited_takes
            and attempt.state is not State.UNKNOWN
        ]
        leftovers.sort(key=lambda attempt: attempt.expires_at)
        await asyncio.gather(*(self._fetch_leftover_attempt(attempt) for attempt in leftovers))

    async def _fetch_leftover_attempt(self, attempt: Attempt) -> None:
        try:
            take = await self._take_maker.finish_attempt(
                attempt, self._providers.load_provider(attempt.provider)
            )
        except Exception as error:
            failure = to_storyboard_error(error, attempt.provider, attempt.name)
            self._emit_note(f"{attempt.name}, submitted by an earlier run: {failure}", attempt.step)
            return
        self._emit_note(
            f"{attempt.name}, submitted by an earlier run, was downloaded", attempt.step
        )
        self._context.lock_file.add_take(
            take, step=attempt.step, parts=attempt.parts, is_repeatable=attempt.repeatable
        )
        if attempt.picks:
            self._recorder.pick_if_not_default(attempt.step, take)

    async def _ensure_takes(self, work: _StepWork) -> StepResult:
        """The take that plays, once those that are missing were made."""
        step, digest = work.step, work.digest
        outcomes: list[Take | StoryboardError] = []
        started_at = time.monotonic()
        async with self._digest_locks[digest]:
            if self._find_missing_ordinals(work):
                async with self._acquire_slot(work) as slot:
                    started_at = time.monotonic()
                    outcomes = await self._make_missing_takes(work, slot)
        error = self._choose_worst_error(work, outcomes)
        take = self._choose_present_take(step, digest)
        if take is None:
            raise error or StoryboardError(f"all takes of {step.id} are rejected")
        self._recorder.record_takes(
            step,
            take,
            self._find_present_takes(digest),
            work.identity.parts,
            is_repeatable=work.provider.repeatable,
        )
        made_count = sum(isinstance(outcome, Take) for outcome in outcomes)
        return StepResult(take, made_count, error, time.monotonic() - started_at)

    def _acquire_slot(self, work: _StepWork) -> OperationSlot:
        if work.provider.repeatable:
            return OperationSlot(self._local_slots)
        return OperationSlot(self._rate_limiter.acquire_operation_slot(work.step))

    async def _make_missing_takes(
        self, work: _StepWork, slot: OperationSlot
    ) -> list[Take | StoryboardError]:
        """Makes the missing takes at once; for each the take, or why there is none."""
        step, provider = work.step, work.provider
        async with self._claim_guard.acquire_claim(step, work.digest, paid=not provider.repeatable):
            missing = self._find_missing_ordinals(work, fresh=True)
            if not missing:
                return []
            take_request = await self._build_take_request(work, missing, slot)
            outcomes = [
                self._record_lost_source(work, outcome)
                for outcome in await self._take_maker.make_takes(take_request, provider)
            ]
            self._record_new_takes(
                work, [outcome for outcome in outcomes if isinstance(outcome, Take)]
            )
            return outcomes

    async def _build_take_request(
        self, work: _StepWork, missing_ordinals: tuple[int, ...], slot: OperationSlot
    ) -> TakeRequest:
        step, digest, reasons = work.step, work.digest, work.node.reasons
        self._visited_takes.update((digest, ordinal) for ordinal in missing_ordinals)
        if self._is_frozen and not all(
            self._context.ledger.find_open_attempt(digest, n) for n in missing_ordinals
        ):
            raise StoryboardError(
                f"{step.id} has no take, and --frozen submits nothing",
                hint="render without --frozen",
            )
        inputs = await self._inputs.prepare_inputs(step, work.inputs, work.parent_takes)
        self._report_start(step, work.identity, missing_ordinals)
        slot.expect_takes(missing_ordinals)
        return TakeRequest(
            step,
            work.identity,
            missing_ordinals,
            inputs,
            slot,
            is_forced=bool({Reason.FORCED, Reason.RETAKE_REQUESTED}.intersection(reasons)),
            is_pick=work.must_play and work.node.ordinals[0] > 1,
        )

    def _record_new_takes(self, work: _StepWork, takes: Sequence[Take]) -> None:
        """Enters takes that were made into the lock file."""
        step = work.step
        is_forced = Reason.FORCED in work.node.reasons
        for take in takes:
            if step.settings.audio and take.facts.frames > 1 and not take.facts.has_audio:
                self._emit_note(
                    f"{take.name} has no sound, although the request asked for it", step.id
                )
            is_as_known = self._recorder.record_take(
                step,
                take,
                work.identity.parts,
                is_repeatable=work.provider.repeatable,
                must_pick=work.must_play and take is takes[0],
            )
            if not is_as_known and not is_forced:
                self._emit_note(
                    f"{take.name} differs from the take in the lock file, although the "
                    "request is the same",
                    step.id,
                )

    def _record_lost_source(
        self, work: _StepWork, outcome: Take | StoryboardError
    ) -> Take | StoryboardError:
        """Remembers that a source is gone where the platform said so, whatever our clock says."""
        step = work.step
        source_take = work.parent_takes.get(step.source)
        if not isinstance(outcome, Gone) or source_take is None or not step.remote:
            return outcome
        self._context.store.mark_expired(source_take)
        can_reanchor = self._context.film.policy.on_expired == "reanchor"
        hint = (
            "render again to start again from the last frame"
            if can_reanchor
            else suggest_source_renewal(step)
        )
        return DecisionNeeded(f"{step.id} {describe_expired_source(step)}", hint=hint)

    def _choose_worst_error(
        self, work: _StepWork, outcomes: Sequence[Take | StoryboardError]
    ) -> StoryboardError | None:
        """The error that the step ends with; of the others there is a note."""
        errors = {str(item): item for item in outcomes if isinstance(item, StoryboardError)}
        worst = max(errors.values(), key=lambda fault: fault.exit_code, default=None)
        for message, error in errors.items():
            if error is not worst and not isinstance(error, UnknownOutcome):
                self._emit_note(message, work.step.id)
        if isinstance(worst, UnknownOutcome):
            return outcome_unknown_error(
                [
                    attempt
                    for attempt in self._context.ledger.open_attempts
                    if attempt.digest == work.digest and attempt.state is State.UNKNOWN
                ]
            )
        return worst

    def _find_missing_ordinals(self, work: _StepWork, *, fresh: bool = False) -> tuple[int, ...]:
        """Ordinals to make now."""
        node, step, digest = work.node, work.step, work.digest
        takes = self._find_present_takes(digest, fresh=fresh)
        if work.is_planned and Reason.FORCED in node.reasons:
            return node.ordinals
        wanted = node.ordinals if work.is_planned else range(1, max(1, step.takes) + 1)
        present = {take.ordinal for take in takes}
        missing = tuple(n for n in wanted if n not in present)
        if work.is_planned:
            return missing
        if not missing and not self._chooser.choose_take(step, digest, takes):
            missing = (max(present) + 1,)
        if not work.provider.repeatable:
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

    async def _import_footage(self, step: Step, inputs: tuple[Input, ...]) -> StepResult:
        """Takes footage of the film's own into the store."""
        file = step.links[0].file
        assert file is not None
        if file.uri:
            raise StoryboardError(
                f"{file.name} is not downloaded yet", hint="download the file first"
            )
        identity = compute_identity(step, inputs, frozenset(), "")
        made_count, elapsed_s = 0, 0.0
        async with self._digest_locks[identity.digest]:
            take = self._choose_present_take(step, identity.digest)
            if take is None:
                started_at = time.monotonic()
                self._report_start(step, identity, (1,))
                take = await self._ingest.ingest_footage(
                    step, identity, file.path, inputs[0].sha256
                )
                made_count, elapsed_s = 1, time.monotonic() - started_at
        self._recorder.record_take(step, take, identity.parts, is_repeatable=True)
        return StepResult(take, made_count, None, elapsed_s)

    def _report_start(self, step: Step, identity: Identity, ordinals: tuple[int, ...]) -> None:
        self._context.emit(
            ev.StepStarted(
                step=step.id,
                shot=step.shot,
                kind=step.kind.value,
                provider=step.provider,
                model=step.model,
                digest=identity.digest,
                take=", ".join(f"t{n:02d}" for n in ordinals),
            )
        )

    def _emit_note(self, message: str, step: str) -> None:
        self._context.emit(ev.Note(step=step, message=message))


def _lost_purchase_error(step: Step, attempts: Sequence[Attempt]) -> DecisionNeeded:
    first = attempts[0]
    names = ", ".join(attempt.name for attempt in attempts)
    return DecisionNeeded(
        f"{names} was charged but delivered no take: {first.message}", hint=format_rebuy_hint(first)
    )


def _missing_bytes_error(step: Step, take_names: str, is_corrupt: bool = False) -> DecisionNeeded:
    label = f" as {take_names}" if take_names else ""
    state, cure = (
        "its file is not in the store",
        "set STORYBOARD_STORE to the store that has it",
    )
    if is_corrupt:
        state = "its file in the store is damaged"
        cure = "move it aside with `storyboard store verify --repair` and fetch it again"
    return DecisionNeeded(
        f"{step.id} was bought{label}, but {state}",
        hint=f"{cure}, or buy it again with"
        f" --rebuy {step.id if step.kind in HELPER_KINDS else step.shot}",
    )
