"""Graph and shelf -> plan: for every step, what a render would do and why.

The plan is an upper bound: a node may become `keep` while the run goes (an input came out the
same), never the reverse.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from storyboard.film import Take
from storyboard.graph.compile import Graph
from storyboard.graph.identity import Identity, frame_number, frame_sha, identity
from storyboard.graph.narration import settled
from storyboard.graph.plan import Action, Makers, Node, Pending, Plan, Reason, Shelf, Wishes
from storyboard.graph.steps import UNCHOSEN, Link, Step
from storyboard.graph.timeline import Event, Timeline
from storyboard.providers.base import Input, Kind
from storyboard.timecode import FrameRange

SOON_S = 6 * 3600.0
"""A source that expires sooner than this is shown, and used first."""

_INSISTS = frozenset({Reason.FORCED, Reason.RETAKE_REQUESTED})
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
    shelf: Shelf,
    *,
    makers: Callable[[str], Makers],
    hashes: Callable[[Path], str],
    wishes: Wishes | None = None,
    now: float = 0.0,
    pending: Sequence[Pending] = (),
    filtered: Collection[tuple[str, int]] = (),
    charged: Collection[tuple[str, int]] = (),
) -> Plan:
    """Says for every step what a render would do.

    `makers` gives what identity reads of a provider; `hashes` the sha256 of a file of the film;
    `now` is seconds since the epoch, for what platforms keep for a time only. `pending` is what
    earlier runs have asked for: it costs nothing more. `filtered` are takes, by digest and ordinal,
    that a filter took and that are asked for again only where a person insists. `charged` are
    takes that were paid for and never came: only `rebuy` buys them again.
    """
    planner = _Planner(
        graph,
        shelf,
        makers,
        hashes,
        wishes or Wishes(),
        now,
        frozenset(filtered),
        frozenset(charged),
    )
    for each in pending:
        planner.pending[each.digest].append(each)
    nodes = list(map(planner.node, graph.steps.values()))
    held = [each for node in nodes for each in node.pending if each.filtered]
    return Plan(graph.film, graph, tuple(_heard(nodes, graph.timeline)), (*pending, *held))


@dataclass(slots=True)
class _Planner:
    graph: Graph
    shelf: Shelf
    makers: Callable[[str], Makers]
    hashes: Callable[[Path], str]
    wishes: Wishes
    now: float
    filtered: frozenset[tuple[str, int]]
    charged: frozenset[tuple[str, int]]
    selects: dict[str, Take] = field(default_factory=dict)
    """The takes whose content is known, by step; a step still to be made has none."""
    making: set[str] = field(default_factory=set)
    """Digests that an earlier step of this plan makes."""
    blocked: set[str] = field(default_factory=set)
    pending: dict[str, list[Pending]] = field(default_factory=lambda: defaultdict(list))
    """By digest."""
    events: dict[str, Event] = field(default_factory=dict)
    locks: dict[str, str] = field(default_factory=dict)
    """By shot, the take that the film holds on to."""

    def __post_init__(self) -> None:
        self.locks = {shot.id: shot.lock for shot in self.graph.film.shots}
        self.events = {event.shot: event for event in self.graph.timeline.events}

    def node(self, step: Step) -> Node:
        found = self._identity(step)
        node = self._known(step, found) if found else self._unknown(step)
        if any((node.digest, ordinal) in self.charged for ordinal in node.ordinals):
            node = self._buy_again(node)
        runs = {each.ordinal for each in self.pending.get(node.digest, ()) if not each.unknown}
        if step.remote and not runs.issuperset(node.ordinals):
            node = self._sourced(node)
        if node.ordinals and self.blocked.intersection(step.parents):
            node = replace(node, action=Action.BLOCKED, reasons=(Reason.TAKE_MISSING,), ordinals=())
        if node.action is Action.BLOCKED:
            self.blocked.add(step.id)
        if node.select is not None and (node.action is Action.KEEP or found):
            self.selects[step.id] = node.select
        if node.action is not Action.KEEP and node.digest:
            self.making.add(node.digest)
        return self._placed(node)

    # what goes in --------------------------------------------------------------------------

    def _identity(self, step: Step) -> Identity | None:
        """The step's identity, or None while an input is still to be made."""
        inputs = []
        for link in step.links:
            sha256 = self._content(link)
            if sha256 is None:
                return None
            inputs.append(Input(link.role, sha256))
        maker = self.makers(step.provider)
        return identity(step, inputs, maker.reads, maker.revision)

    def _content(self, link: Link) -> str | None:
        if link.file is not None:
            return self.hashes(link.file.path)
        take = self.selects.get(link.step)
        if take is None:
            return None
        if link.pick is None:
            return take.sha256
        rate = self.graph.film.delivery.rate
        return frame_sha(take.sha256, frame_number(take, link.pick, rate))

    # what to do ----------------------------------------------------------------------------

    def _known(self, step: Step, found: Identity) -> Node:
        node = Node(step, Action.KEEP, digest=found.digest, parts=found.parts)
        takes = self.shelf.takes(found.digest)
        if not takes:
            return self._missing(node)
        select = self._select(step, found.digest, takes)
        more = max(take.ordinal for take in takes) + 1
        node = replace(node, select=select)
        if step.meant_by(self.wishes.force) and step.kind is not Kind.IMPORT:
            free = self.makers(step.provider).repeatable and select is not None
            ordinal = select.ordinal if free and select else more
            return replace(
                node, action=Action.REDO, reasons=(Reason.FORCED,), ordinals=(ordinal,), select=None
            )
        if step.meant_by(self.wishes.retake) and step.kind is not Kind.IMPORT:
            return replace(
                node,
                action=Action.REDO,
                reasons=(Reason.RETAKE_REQUESTED,),
                ordinals=(more,),
                select=None,
            )
        if (asked := self._asked(found.digest, takes)) is not None:
            return replace(
                node,
                action=Action.REDO,
                reasons=(Reason.RETAKE_REQUESTED,),
                ordinals=(asked.ordinal,),
                select=None,
            )
        if select is None:
            return replace(
                node, action=Action.REDO, reasons=(Reason.RETAKE_REQUESTED,), ordinals=(more,)
            )
        return self._held(node, takes, select, more)

    def _asked(self, digest: str, takes: tuple[Take, ...]) -> Pending | None:
        """A retake that runs already; one of which nobody knows leaves the older take playing."""
        have = {take.ordinal for take in takes}
        for each in self.pending.get(digest, ()):
            if each.picks and not each.unknown and each.ordinal not in have:
                return each
        return None

    def _held(self, node: Node, takes: tuple[Take, ...], select: Take, more: int) -> Node:
        """The select is known; are its bytes here, and are all wanted takes?"""
        step = node.step
        if not self.shelf.present(select.sha256):
            return self._absent(node, select, more)
        have = {take.ordinal for take in takes}
        wanted = tuple(n for n in range(1, step.takes + 1) if n not in have)
        if not wanted:
            return node
        if node.digest in self.making:
            return replace(node, reasons=(Reason.SHARED,))
        return replace(node, action=Action.CREATE, reasons=(Reason.TAKE_MISSING,), ordinals=wanted)

    def _absent(self, node: Node, select: Take, more: int) -> Node:
        """The select is known and its bytes are not here, or are no longer what they were."""
        step = node.step
        damaged = self.shelf.damaged(select.sha256)
        node = replace(node, reasons=(Reason.TAKE_CORRUPT if damaged else Reason.TAKE_MISSING,))
        if step.kind is Kind.IMPORT:
            return replace(node, action=Action.IMPORT, ordinals=(1,))
        if self.makers(step.provider).repeatable:
            return replace(node, action=Action.REDO, ordinals=(select.ordinal,))
        if self._wants_rebuy(step):
            return replace(node, action=Action.REDO, ordinals=(more,), select=None)
        return replace(node, action=Action.BLOCKED)

    def _buy_again(self, node: Node) -> Node:
        """A take that was charged and never came is bought again only where a person says so.

        Beside a take that is there, `--retake` and `--force` order one more, which says so too.
        """
        step = node.step
        running = {each.ordinal for each in self.pending.get(node.digest, ())}
        asked = step.meant_by(self.wishes.force) or step.meant_by(self.wishes.retake)
        if running.issuperset(node.ordinals) or (asked and self.shelf.takes(node.digest)):
            return node
        reasons = (Reason.TAKE_MISSING,)
        if self._wants_rebuy(step):
            return replace(node, action=Action.REDO, reasons=reasons)
        return replace(node, action=Action.BLOCKED, reasons=reasons, ordinals=())

    def _wants_rebuy(self, step: Step) -> bool:
        return step.id in self.wishes.rebuy or step.shot in self.wishes.rebuy

    def _missing(self, node: Node) -> Node:
        """No take of this digest is known: the first one, or one that replaces another."""
        step = node.step
        if node.digest in self.making:
            return replace(node, reasons=(Reason.SHARED,))
        ordinals = tuple(range(1, step.takes + 1))
        if step.kind is Kind.IMPORT:
            changed = bool(self.shelf.history(step.id, step.provider))
            reason = Reason.REFERENCE_CHANGED if changed else Reason.NEW_SHOT
            return replace(node, action=Action.IMPORT, reasons=(reason,), ordinals=(1,))
        stale = self._stale(node)
        if stale is not None:
            return stale
        history = self.shelf.history(step.id, step.provider)
        forced = (Reason.FORCED,) if step.meant_by(self.wishes.force) else ()
        if not history:
            reasons = (self._first(step), *forced)
            return replace(node, action=Action.CREATE, reasons=reasons, ordinals=ordinals)
        reasons = (*self._changes(node, history), *forced)
        return replace(node, action=Action.REDO, reasons=reasons, ordinals=ordinals)

    def _unknown(self, step: Step) -> Node:
        """An input is still to be made, so the step will most likely be made too."""
        node = Node(step, Action.CREATE, ordinals=tuple(range(1, step.takes + 1)))
        stale = self._stale(node)
        if stale is not None:
            return stale
        if not self.shelf.history(step.id, step.provider):
            return replace(node, reasons=(self._first(step),))
        return replace(node, action=Action.REDO, reasons=(Reason.UPSTREAM_CHANGED,), certain=False)

    def _sourced(self, node: Node) -> Node:
        """An extension hangs on what the platform keeps of its source, and for how long."""
        take = self.selects.get(node.step.source)
        if take is None:
            return node
        if not take.uri or (take.expires_at is not None and take.expires_at <= self.now):
            reasons = (*node.reasons, Reason.URI_EXPIRED)
            return replace(node, action=Action.BLOCKED, reasons=reasons, ordinals=())
        if take.expires_at is not None and take.expires_at - self.now < SOON_S:
            return replace(node, reasons=(*node.reasons, Reason.URI_EXPIRING))
        return node

    def _first(self, step: Step) -> Reason:
        others = self.shelf.history(step.id, "")
        return Reason.PROVIDER_CHANGED if others else Reason.NEW_SHOT

    def _changes(self, node: Node, history: tuple[str, ...]) -> tuple[Reason, ...]:
        """What differs from the closest digest that this shot had before."""
        now = node.parts or {}
        best: list[Reason] = []
        for digest in reversed(history):
            before = self.shelf.parts(digest)
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

    # which take plays ------------------------------------------------------------------------

    def _select(self, step: Step, digest: str, takes: tuple[Take, ...]) -> Take | None:
        """What `lock` names, else the pick, else the lowest that was not rejected."""
        lock = self._lock(step) if step.kind not in UNCHOSEN else ""
        if named := next((take for take in takes if take.name == lock), None):
            return named
        pick = self.shelf.pick(digest)
        rejected = self.shelf.rejected(digest)
        picked = next((take for take in takes if take.ordinal == pick), None)
        return picked or next((take for take in takes if take.ordinal not in rejected), None)

    def _stale(self, node: Node) -> Node | None:
        """The take of an older digest, where `lock` or `--accept-stale` keeps it."""
        step = node.step
        lock = self._lock(step)
        if not lock and not self.wishes.accept_stale:
            return None
        for digest in reversed(self.shelf.history(step.id, step.provider)):
            takes = self.shelf.takes(digest)
            select = self._select(step, digest, takes)
            if select is not None and self.shelf.present(select.sha256):
                reason = Reason.LOCKED if lock else Reason.STALE_ACCEPTED
                return replace(
                    node,
                    action=Action.KEEP,
                    reasons=(reason,),
                    select=select,
                    digest=digest,
                    ordinals=(),
                )
        return None

    def _lock(self, step: Step) -> str:
        if not step.shot or step.kind is Kind.EFFECT:
            return ""  # it follows its take
        return self.locks[step.shot]

    # where it stands -------------------------------------------------------------------------

    def _priced(self, node: Node) -> Node:
        """With the price of what is to be asked for; what was asked for is paid or held."""
        asked = self.pending.get(node.digest, ())
        pending = [each for each in asked if each.ordinal in node.ordinals]
        if not _INSISTS.intersection(node.reasons):
            pending += [
                Pending(node.step.id, node.digest, ordinal, 0, filtered=True)
                for ordinal in node.ordinals
                if (node.digest, ordinal) in self.filtered
            ]
        node = replace(node, pending=tuple(pending))
        told = [_told(each) for each in pending]
        reasons = (*node.reasons, *dict.fromkeys(told))
        return replace(node, reasons=reasons, cost_micros=node.step.price_micros * node.fresh)

    def _placed(self, node: Node) -> Node:
        step = node.step
        if node.action not in (Action.KEEP, Action.BLOCKED):
            node = self._priced(node)
        event = self.events.get(step.shot)
        if event is None:
            return node
        start = event.record.start
        for id, source in self.graph.materials[step.shot].cut(event.used):
            if id == step.id:
                record = FrameRange(start, start + source.length)
                return replace(node, record=record, plays_frames=source.length)
            start += source.length
        return node


def _told(pending: Pending) -> Reason:
    if pending.filtered:
        return Reason.FILTERED
    return Reason.UNDECIDED if pending.unknown else Reason.IN_FLIGHT


def _heard(nodes: list[Node], timeline: Timeline) -> list[Node]:
    """Narration with its place on the film, as long as it is spoken, where that is known."""
    spoken = {node.step.id: node.select.facts.seconds for node in nodes if node.select}
    spans = {each.step: each.span for each in settled(timeline, spoken, {}).told}
    spans |= {
        each.writer: FrameRange(spans[each.step].start, spans[each.step].start)
        for each in timeline.told
        if each.writer
    }
    return [
        replace(node, record=span, plays_frames=span.length)
        if (span := spans.get(node.step.id))
        else node
        for node in nodes
    ]
