"""The plan, as a value: what would run, why, and at what cost."""

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
    """What is known about takes: the store's index joined with the film's lock file."""

    def find_takes(self, digest: str) -> tuple[Take, ...]:
        """Every take of that step digest: the lowest ordinal first, of equal ones the oldest."""

    def has_file(self, sha256: str) -> bool:
        """Whether the store has that file (by name and size; `store verify` reads it)."""

    def is_corrupt(self, sha256: str) -> bool:
        """Whether the file that the store has under that name has other content."""

    def find_past_digests(self, step: str, provider: str) -> tuple[str, ...]:
        """Digests of this step id and provider of which lock or store has takes, oldest first.

        The id of a shot's only step is the shot's. An empty provider means any.
        """

    def find_parts(self, digest: str) -> Mapping[str, str]:
        """The named parts of a step digest, to explain changes; empty if unknown."""


@dataclass(frozen=True, slots=True)
class PendingTake:
    """A take that an earlier run submitted and that has not arrived.

    Its money is already reserved, or was released because a filter removed it.
    """

    step: str
    digest: str
    ordinal: int
    held_micros: int
    unknown: bool = False
    """Whether it is unknown if it was bought: a person decides."""
    filtered: bool = False
    """A filter removed it, and the film leaves it to a person whether to submit again."""
    replaces_pick: bool = False
    """It was submitted to replace a take that exists."""

    @property
    def name(self) -> str:
        """`SH010:t01`."""
        return f"{self.step}:t{self.ordinal:02d}"

    @property
    def needs_decision(self) -> bool:
        """Whether no render continues it until a person has decided."""
        return self.unknown or self.filtered


@dataclass(frozen=True, slots=True)
class Node:
    """One line of the plan."""

    step: Step
    action: Action
    reasons: tuple[Reason, ...] = ()
    cost_micros: int = 0
    """The most that this run may spend, micro-dollars, without what is reserved for `pending`."""
    certain: bool = True
    """False if it may still become `keep`, once an input is made."""
    digest: str = ""
    """Empty while the content of an input is unknown."""
    parts: Mapping[str, str] | None = None
    ordinals: tuple[int, ...] = ()
    """Takes to make, by ordinal."""
    pending: tuple[PendingTake, ...] = ()
    """Those of them that an earlier run has submitted."""
    select: Take | None = None
    """The take that plays, where it exists."""
    is_repeatable: bool = False
    """Whether its takes cost nothing and can be made again."""
    record: FrameRange | None = None
    plays_frames: int = 0

    @property
    def new_take_count(self) -> int:
        """How many takes must be submitted."""
        return len(self.ordinals) - len(self.pending)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a render would do, in running order, parents first."""

    film: Film
    graph: Graph
    nodes: tuple[Node, ...]
    pending: tuple[PendingTake, ...] = ()
    """Everything that the film has submitted and that has not arrived, still wanted or not."""

    @property
    def timeline(self) -> Timeline:
        return self.graph.timeline

    @property
    def cost_micros(self) -> int:
        """The most that this run may spend, in micro-dollars."""
        return sum(node.cost_micros for node in self.nodes)

    @property
    def held_micros(self) -> int:
        """Micro-dollars reserved for pending takes."""
        return sum(pending_take.held_micros for pending_take in self.pending)

    def count_nodes(self, action: Action) -> int:
        return sum(node.action is action for node in self.nodes)

    @property
    def has_work(self) -> bool:
        """Whether anything would be made or is blocked."""
        return any(node.action is not Action.KEEP for node in self.nodes)

    def restrict_to(self, step_ids: Collection[str]) -> Plan:
        """The same plan for those steps and all that they depend on."""
        wanted = set(step_ids)
        for node in reversed(self.nodes):
            if node.step.id in wanted:
                wanted.update(node.step.parents)
        return replace(self, nodes=tuple(n for n in self.nodes if n.step.id in wanted))


def describe_expired_source(step: Step) -> str:
    """Explains the reason `uri_expired` of an extension, in words."""
    return f"extends {step.source}, which has expired on {step.provider}"


def suggest_source_renewal(step: Step) -> str:
    """The choices that a film has in that case."""
    shot = step.source.partition(".")[0]
    return (
        "set `policy: {on_expired: reanchor}` to start again from its last frame, or use "
        f"--retake {shot} to buy the source again"
    )


@dataclass(frozen=True, slots=True)
class TakeRequests:
    """What the command line requests, by step id, or by shot id for the shot's picture."""

    retake: frozenset[str] = frozenset()
    force: frozenset[str] = frozenset()
    rebuy: frozenset[str] = frozenset()
    accept_stale: bool = False
