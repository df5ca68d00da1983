"""The plan: what would run, why, and what it costs; a value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from storyboard.graph.compiler import Graph
from storyboard.graph.steps import Step
from storyboard.graph.timeline import Timeline
from storyboard.model.film import Film, Take
from storyboard.plan.take_chooser import Decisions
from storyboard.timecode import FrameRange


class Action(StrEnum):
    CREATE = "create"
    REDO = "redo"
    KEEP = "keep"
    IMPORT = "import"
    BLOCKED = "blocked"


class Reason(StrEnum):
    NEW_SHOT = "new_shot"
    PROMPT_CHANGED = "prompt_changed"
    SETTINGS_CHANGED = "settings_changed"
    UPSTREAM_CHANGED = "upstream_changed"
    REFERENCE_CHANGED = "reference_changed"
    PROVIDER_CHANGED = "provider_changed"
    MODEL_CHANGED = "model_changed"
    TAKE_MISSING = "take_missing"
    TAKE_CORRUPT = "take_corrupt"
    RETAKE_REQUESTED = "retake_requested"
    URI_EXPIRED = "uri_expired"
    URI_EXPIRING = "uri_expiring"
    FORCED = "forced"
    STALE_ACCEPTED = "stale_accepted"
    LOCKED = "locked"
    SHARED = "shared"
    IN_FLIGHT = "in_flight"
    UNDECIDED = "undecided"
    FILTERED = "filtered"


class TakeLibrary(Decisions, Protocol):
    """What is known of takes: the store's index joined with the film's lock file."""

    def find_takes(self, digest: str) -> tuple[Take, ...]:
        """Every take of that step digest: the lowest ordinal first, of equal ones the oldest."""

    def has_file(self, sha256: str) -> bool:
        """Whether those bytes are in the store (by name and size; `store verify` reads them)."""

    def is_corrupt(self, sha256: str) -> bool:
        """Whether `has_file` found other bytes under that name."""

    def find_past_digests(self, step: str, provider: str) -> tuple[str, ...]:
        """Digests that lock or store know takes of for this step id and provider, oldest first.

        The id of a shot's only step is the shot's. An empty provider means any.
        """

    def find_parts(self, digest: str) -> Mapping[str, str]:
        """The named parts a step digest was made of, to say what changed; empty if unknown."""


@dataclass(frozen=True, slots=True)
class PendingTake:
    """A take that an earlier run asked for and that has not come.

    Its money is held already, or was given back where a filter took it.
    """

    step: str
    digest: str
    ordinal: int
    held_micros: int
    unknown: bool = False
    """Nobody knows whether it was bought: a person decides."""
    filtered: bool = False
    """A filter took it, and the film leaves it to a person whether to ask again."""
    replaces_pick: bool = False
    """It was asked for in place of a take that is there."""

    @property
    def name(self) -> str:
        """`SH010:t01`."""
        return f"{self.step}:t{self.ordinal:02d}"

    @property
    def needs_decision(self) -> bool:
        """No render goes on with it before a person has decided."""
        return self.unknown or self.filtered


@dataclass(frozen=True, slots=True)
class Node:
    """One line of the plan."""

    step: Step
    action: Action
    reasons: tuple[Reason, ...] = ()
    cost_micros: int = 0
    """Worst case of this run, micro-dollars; what is held for `pending` is not part of it."""
    certain: bool = True
    """False where it may still become `keep`, once an input is made."""
    digest: str = ""
    """Empty while an input's content is not known."""
    parts: Mapping[str, str] | None = None
    ordinals: tuple[int, ...] = ()
    """Takes to make, by ordinal."""
    pending: tuple[PendingTake, ...] = ()
    """Those of them that an earlier run has asked for."""
    select: Take | None = None
    """The take that plays, where it exists."""
    is_repeatable: bool = False
    """Whether its takes cost nothing and can be made again."""
    record: FrameRange | None = None
    plays_frames: int = 0

    @property
    def new_take_count(self) -> int:
        """How many takes are to be asked for."""
        return len(self.ordinals) - len(self.pending)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a render would do, in running order, parents first."""

    film: Film
    graph: Graph
    nodes: tuple[Node, ...]
    pending: tuple[PendingTake, ...] = ()
    """All that the film has asked for and that has not come, wanted still or not."""

    @property
    def timeline(self) -> Timeline:
        return self.graph.timeline

    @property
    def cost_micros(self) -> int:
        """Micro-dollars that this run may cost at most."""
        return sum(node.cost_micros for node in self.nodes)

    @property
    def held_micros(self) -> int:
        """Micro-dollars that are held for what is pending."""
        return sum(pending_take.held_micros for pending_take in self.pending)

    def count_nodes(self, action: Action) -> int:
        return sum(node.action is action for node in self.nodes)

    @property
    def has_work(self) -> bool:
        """Whether anything would be made or is blocked."""
        return any(node.action is not Action.KEEP for node in self.nodes)

    def restrict_to(self, step_ids: Collection[str]) -> Plan:
        """The same plan for those steps and what they hang on."""
        wanted = set(step_ids)
        for node in reversed(self.nodes):
            if node.step.id in wanted:
                wanted.update(node.step.parents)
        return replace(self, nodes=tuple(n for n in self.nodes if n.step.id in wanted))


def describe_expired_source(step: Step) -> str:
    """What is wrong with an extension whose reason is `uri_expired`, in words."""
    return f"extends {step.source}, which {step.provider} no longer keeps"


def suggest_source_renewal(step: Step) -> str:
    """The choices that a film has then."""
    shot = step.source.partition(".")[0]
    return (
        f"`policy: {{on_expired: reanchor}}` starts again from its last frame; "
        f"--retake {shot} buys the source anew"
    )


@dataclass(frozen=True, slots=True)
class TakeRequests:
    """What the command line asks of a plan, by id of a shot, which means its picture, or a step."""

    retake: frozenset[str] = frozenset()
    force: frozenset[str] = frozenset()
    rebuy: frozenset[str] = frozenset()
    accept_stale: bool = False
