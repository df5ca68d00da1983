"""Plans a film from its graph and take library: for every step, what a render would do and why.

The plan is an upper bound: during the run a node may become `keep` (an input came out the same),
but never the reverse.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from storyboard.graph.compiler import Graph
from storyboard.graph.narration import apply_spoken_narration
from storyboard.graph.step_identity import (
    Identity,
    compute_identity,
    hash_frame,
    hash_picture,
    resolve_frame_number,
)
from storyboard.graph.steps import Link, Step
from storyboard.graph.timeline import ShotEvent, Timeline
from storyboard.model.film import Take
from storyboard.plan.plan import Action, Node, PendingTake, Plan, Reason, TakeLibrary, TakeRequests
from storyboard.plan.take_chooser import TakeChooser
from storyboard.providers.base import Input, Kind, ProviderTraits
from storyboard.timecode import FrameRange

SOON_S = 6 * 3600.0
"""A source that expires sooner than this is reported, and used first."""

_EXPLICIT_REASONS = frozenset({Reason.FORCED, Reason.RETAKE_REQUESTED})
_REASON_OF_PART = {
    "provider": Reason.PROVIDER_CHANGED,
    "model": Reason.MODEL_CHANGED,
    "prompt": Reason.PROMPT_CHANGED,
    "settings": Reason.SETTINGS_CHANGED,
    "references": Reason.REFERENCE_CHANGED,
    "upstream": Reason.UPSTREAM_CHANGED,
}


def plan_film(
    graph: Graph,
    library: TakeLibrary,
    *,
    traits_of: Callable[[str], ProviderTraits],
    hashes: Callable[[Path], str],
    requests: TakeRequests | None = None,
    now: float = 0.0,
    pending: Sequence[PendingTake] = (),
    filtered: Collection[tuple[str, int]] = (),
    charged: Collection[tuple[str, int]] = (),
) -> Plan:
    """Plans for every step what a render would do.

    `traits_of` gives what identity reads of a provider; `hashes` the sha256 of a file of the film;
    `now` is seconds since the epoch, for sources that platforms keep only for a time. `pending` is
    what earlier runs have submitted: it costs nothing more. `filtered` are takes, by digest and
    ordinal, that a filter removed and that are submitted again only on request. `charged` are takes
    that were paid for and never arrived: only `rebuy` buys them again.
    """
    planner = _Planner(
        graph,
        library,
        traits_of,
        hashes,
        requests or TakeRequests(),
        now,
        frozenset(filtered),
        frozenset(charged),
    )
    for pending_take in pending:
        planner.pending[pending_take.digest].append(pending_take)
    nodes = list(map(planner.plan_step, graph.steps.values()))
    filtered_takes = [
        pending_take for node in nodes for pending_take in node.pending if pending_take.filtered
    ]
    return Plan(
        graph.film,
        graph,
        tuple(_place_narration_nodes(nodes, graph.timeline)),
        (*pending, *filtered_takes),
    )


@dataclass(slots=True)
class _Planner:
    graph: Graph
    library: TakeLibrary
    traits_of: Callable[[str], ProviderTraits]
    hashes: Callable[[Path], str]
    requests: TakeRequests
    now: float
    filtered: frozenset[tuple[str, int]]
    charged: frozenset[tuple[str, int]]
    selects: dict[str, Take] = field(default_factory=dict)
    """Takes whose content is known, by step; a step still to be made has none."""
    planned_digests: set[str] = field(default_factory=set)
    """Digests that an earlier step of this plan makes."""
    blocked: set[str] = field(default_factory=set)
    pending: dict[str, list[PendingTake]] = field(default_factory=lambda: defaultdict(list))
    """By digest."""
    events: dict[str, ShotEvent] = field(default_factory=dict)
    chooser: TakeChooser = field(init=False)
    locked_shots: frozenset[str] = field(init=False)
    """Shots with `lock`: the film keeps one take of each."""

    def __post_init__(self) -> None:
        shots = self.graph.film.shots
        self.chooser = TakeChooser(shots, self.library)
        self.locked_shots = frozenset(shot.id for shot in shots if shot.lock)
        self.events = {event.shot: event for event in self.graph.timeline.events}

    def plan_step(self, step: Step) -> Node:
        identity = self._compute_identity(step)
        node = (
            self._plan_identified_step(step, identity)
            if identity
            else self._plan_unidentified_step(step)
        )
        node = replace(node, is_repeatable=self.traits_of(step.provider).repeatable)
        if any((node.digest, ordinal) in self.charged for ordinal in node.ordinals):
            node = self._require_rebuy(node)
        running_ordinals = {
            pending_take.ordinal
            for pending_take in self.pending.get(node.digest, ())
            if not pending_take.unknown
        }
        # A take in flight needs its source no more, so an expired source blocks only new
        # submissions.
        if step.remote and not running_ordinals.issuperset(node.ordinals):
            node = self._apply_source_expiry(node)
        if node.ordinals and self.blocked.intersection(step.parents):
            node = replace(node, action=Action.BLOCKED, reasons=(Reason.TAKE_MISSING,), ordinals=())
        if node.action is Action.BLOCKED:
            self.blocked.add(step.id)
        if node.select is not None and (node.action is Action.KEEP or identity):
            self.selects[step.id] = node.select
        if node.action is not Action.KEEP and node.digest:
            # Later steps with the same digest share this one's take instead of making their own.
            self.planned_digests.add(node.digest)
        return self._add_cost_and_record_range(node)

    # what goes in --------------------------------------------------------------------------

    def _compute_identity(self, step: Step) -> Identity | None:
        """The step's identity; None while an input is still to be made."""
        inputs = []
        for link in step.links:
            sha256 = self._find_content_hash(link)
            if sha256 is None:
                return None
            inputs.append(Input(link.role, sha256))
        traits = self.traits_of(step.provider)
        return compute_identity(step, inputs, traits.reads, traits.revision)

    def _find_content_hash(self, link: Link) -> str | None:
        if link.file is not None:
            return hash_picture(self.hashes(link.file.path), link.file.reading)
        take = self.selects.get(link.step)
        if take is None:
            return None
        if link.pick is None:
            return take.sha256
        rate = self.graph.film.delivery.rate
        frame = resolve_frame_number(take, link.pick, rate)
        return hash_frame(take.sha256, frame, link.pick.reading)

    # what to do ----------------------------------------------------------------------------

    def _plan_identified_step(self, step: Step, identity: Identity) -> Node:
        node = Node(step, Action.KEEP, digest=identity.digest, parts=identity.parts)
        takes = self.library.find_takes(identity.digest)
        if not takes:
            return self._plan_first_takes(node)
        select = self.chooser.choose_take(step, identity.digest, takes)
        next_ordinal = max(take.ordinal for take in takes) + 1
        node = replace(node, select=select)
        if step.is_selected_by(self.requests.force) and step.kind is not Kind.IMPORT:
            # A repeatable provider makes the same take again, so it replaces the file instead of
            # adding one.
            free = self.traits_of(step.provider).repeatable and select is not None
            ordinal = select.ordinal if free and select else next_ordinal
            return replace(
                node, action=Action.REDO, reasons=(Reason.FORCED,), ordinals=(ordinal,), select=None
            )
        if step.is_selected_by(self.requests.retake) and step.kind is not Kind.IMPORT:
            return replace(
                node,
                action=Action.REDO,
                reasons=(Reason.RETAKE_REQUESTED,),
                ordinals=(next_ordinal,),
                select=None,
            )
        if (retake := self._find_pending_retake(identity.digest, takes)) is not None:
            return replace(
                node,
                action=Action.REDO,
                reasons=(Reason.RETAKE_REQUESTED,),
                ordinals=(retake.ordinal,),
                select=None,
            )
        # Every take was rejected, so one more is needed.
        if select is None:
            return replace(
                node,
                action=Action.REDO,
                reasons=(Reason.RETAKE_REQUESTED,),
                ordinals=(next_ordinal,),
            )
        return self._plan_remaining_takes(node, takes, select, next_ordinal)

    def _find_pending_retake(self, digest: str, takes: tuple[Take, ...]) -> PendingTake | None:
        """A retake that is in flight; while its outcome is unknown, the older take keeps
        playing.
        """
        present_ordinals = {take.ordinal for take in takes}
        for pending_take in self.pending.get(digest, ()):
            if (
                pending_take.replaces_pick
                and not pending_take.unknown
                and pending_take.ordinal not in present_ordinals
            ):
                return pending_take
        return None

    def _plan_remaining_takes(
        self, node: Node, takes: tuple[Take, ...], select: Take, next_ordinal: int
    ) -> Node:
        """Plans a step whose select is known: is its file here, and are all wanted takes?"""
        step = node.step
        if not self.library.has_file(select.sha256):
            return self._plan_missing_take_file(node, select, next_ordinal)
        present_ordinals = {take.ordinal for take in takes}
        wanted = tuple(n for n in range(1, step.takes + 1) if n not in present_ordinals)
        if not wanted:
            return node
        if node.digest in self.planned_digests:
            return replace(node, reasons=(Reason.SHARED,))
        return replace(node, action=Action.CREATE, reasons=(Reason.TAKE_MISSING,), ordinals=wanted)

    def _plan_missing_take_file(self, node: Node, select: Take, next_ordinal: int) -> Node:
        """Plans a step whose select is known and whose file is missing or corrupt."""
        step = node.step
        damaged = self.library.is_corrupt(select.sha256)
        node = replace(node, reasons=(Reason.TAKE_CORRUPT if damaged else Reason.TAKE_MISSING,))
        if step.kind is Kind.IMPORT:
            return replace(node, action=Action.IMPORT, ordinals=(1,))
        if self.traits_of(step.provider).repeatable:
            return replace(node, action=Action.REDO, ordinals=(select.ordinal,))
        if self._is_rebuy_requested(step):
            return replace(node, action=Action.REDO, ordinals=(next_ordinal,), select=None)
        # Making it again would cost money: only `--rebuy` does that.
        return replace(node, action=Action.BLOCKED)

    def _require_rebuy(self, node: Node) -> Node:
        """Blocks takes that were charged and never arrived, unless the user requests to buy them
        again.

        If another take exists, `--retake` and `--force` add one more, which is such a request.
        """
        step = node.step
        running_ordinals = {
            pending_take.ordinal for pending_take in self.pending.get(node.digest, ())
        }
        is_requested = step.is_selected_by(self.requests.force) or step.is_selected_by(
            self.requests.retake
        )
        if running_ordinals.issuperset(node.ordinals) or (
            is_requested and self.library.find_takes(node.digest)
        ):
            return node
        reasons = (Reason.TAKE_MISSING,)
        if self._is_rebuy_requested(step):
            return replace(node, action=Action.REDO, reasons=reasons)
        return replace(node, action=Action.BLOCKED, reasons=reasons, ordinals=())

    def _is_rebuy_requested(self, step: Step) -> bool:
        return step.id in self.requests.rebuy or step.shot in self.requests.rebuy

    def _plan_first_takes(self, node: Node) -> Node:
        """Plans a step without any take of its digest: its first one, or one after a change."""
        step = node.step
        if node.digest in self.planned_digests:
            return replace(node, reasons=(Reason.SHARED,))
        ordinals = tuple(range(1, step.takes + 1))
        if step.kind is Kind.IMPORT:
            changed = bool(self.library.find_past_digests(step.id, step.provider))
            reason = Reason.REFERENCE_CHANGED if changed else Reason.NEW_SHOT
            return replace(node, action=Action.IMPORT, reasons=(reason,), ordinals=(1,))
        stale = self._plan_stale_take(node)
        if stale is not None:
            return stale
        history = self.library.find_past_digests(step.id, step.provider)
        forced = (Reason.FORCED,) if step.is_selected_by(self.requests.force) else ()
        if not history:
            reasons = (self._find_first_reason(step), *forced)
            return replace(node, action=Action.CREATE, reasons=reasons, ordinals=ordinals)
        reasons = (*self._find_change_reasons(node, history), *forced)
        return replace(node, action=Action.REDO, reasons=reasons, ordinals=ordinals)

    def _plan_unidentified_step(self, step: Step) -> Node:
        """Plans a step with an input still to be made: most likely the step will be made too."""
        node = Node(step, Action.CREATE, ordinals=tuple(range(1, step.takes + 1)))
        stale = self._plan_stale_take(node)
        if stale is not None:
            return stale
        if not self.library.find_past_digests(step.id, step.provider):
            return replace(node, reasons=(self._find_first_reason(step),))
        return replace(node, action=Action.REDO, reasons=(Reason.UPSTREAM_CHANGED,), certain=False)

    def _apply_source_expiry(self, node: Node) -> Node:
        """Blocks or warns about an extension whose source the platform no longer, or not much
        longer, keeps.
        """
        take = self.selects.get(node.step.source)
        if take is None:
            return node
        if not take.uri or (take.expires_at is not None and take.expires_at <= self.now):
            reasons = (*node.reasons, Reason.URI_EXPIRED)
            return replace(node, action=Action.BLOCKED, reasons=reasons, ordinals=())
        if take.expires_at is not None and take.expires_at - self.now < SOON_S:
            return replace(node, reasons=(*node.reasons, Reason.URI_EXPIRING))
        return node

    def _find_first_reason(self, step: Step) -> Reason:
        others = self.library.find_past_digests(step.id, "")
        return Reason.PROVIDER_CHANGED if others else Reason.NEW_SHOT

    def _find_change_reasons(self, node: Node, past_digests: tuple[str, ...]) -> tuple[Reason, ...]:
        """What differs from the most similar earlier digest of this step."""
        now = node.parts or {}
        best: list[Reason] = []
        for digest in reversed(past_digests):
            before = self.library.find_parts(digest)
            if not before:
                continue
            changed = [
                reason
                for part, reason in _REASON_OF_PART.items()
                if before.get(part) != now.get(part)
            ]
            if changed and (not best or len(changed) < len(best)):
                best = changed
        return tuple(best) or (Reason.SETTINGS_CHANGED,)

    def _plan_stale_take(self, node: Node) -> Node | None:
        """Keeps the take of an older digest, if `lock` or `--accept-stale` says so."""
        step = node.step
        is_locked = self._is_locked(step)
        if not is_locked and not self.requests.accept_stale:
            return None
        for digest in reversed(self.library.find_past_digests(step.id, step.provider)):
            takes = self.library.find_takes(digest)
            select = self.chooser.choose_take(step, digest, takes)
            if select is not None and self.library.has_file(select.sha256):
                reason = Reason.LOCKED if is_locked else Reason.STALE_ACCEPTED
                return replace(
                    node,
                    action=Action.KEEP,
                    reasons=(reason,),
                    select=select,
                    digest=digest,
                    ordinals=(),
                )
        return None

    def _is_locked(self, step: Step) -> bool:
        """Whether the film keeps a take of the shot, and so the steps that serve that take."""
        return step.shot in self.locked_shots and step.kind is not Kind.EFFECT  # follows its take

    # where it stands -------------------------------------------------------------------------

    def _add_pending_takes_and_cost(self, node: Node) -> Node:
        """Adds the price of takes still to be submitted; submitted ones are paid or reserved."""
        pending_takes = self.pending.get(node.digest, ())
        pending = [
            pending_take for pending_take in pending_takes if pending_take.ordinal in node.ordinals
        ]
        # Without an explicit request, takes that a filter removed wait for a person.
        if not _EXPLICIT_REASONS.intersection(node.reasons):
            pending += [
                PendingTake(node.step.id, node.digest, ordinal, 0, filtered=True)
                for ordinal in node.ordinals
                if (node.digest, ordinal) in self.filtered
            ]
        node = replace(node, pending=tuple(pending))
        pending_reasons = [_find_pending_reason(pending_take) for pending_take in pending]
        reasons = (*node.reasons, *dict.fromkeys(pending_reasons))
        return replace(
            node, reasons=reasons, cost_micros=node.step.price_micros * node.new_take_count
        )

    def _add_cost_and_record_range(self, node: Node) -> Node:
        step = node.step
        if node.action not in (Action.KEEP, Action.BLOCKED):
            node = self._add_pending_takes_and_cost(node)
        event = self.events.get(step.shot)
        if event is None:
            return node
        start = event.record.start
        for id, source in self.graph.materials[step.shot].split_range_by_step(event.used_range):
            if id == step.id:
                record = FrameRange(start, start + source.length)
                return replace(node, record=record, plays_frames=source.length)
            start += source.length
        return node


def _find_pending_reason(pending: PendingTake) -> Reason:
    if pending.filtered:
        return Reason.FILTERED
    return Reason.UNDECIDED if pending.unknown else Reason.IN_FLIGHT


def _place_narration_nodes(nodes: list[Node], timeline: Timeline) -> list[Node]:
    """Places narration on the film, with its spoken length if that is known."""
    spoken = {node.step.id: node.select.facts.seconds for node in nodes if node.select}
    spans = {
        item.step: item.span for item in apply_spoken_narration(timeline, spoken, {}).narration
    }
    spans |= {
        item.writer: FrameRange(spans[item.step].start, spans[item.step].start)
        for item in timeline.narration
        if item.writer
    }
    return [
        replace(node, record=span, plays_frames=span.length)
        if (span := spans.get(node.step.id))
        else node
        for node in nodes
    ]
