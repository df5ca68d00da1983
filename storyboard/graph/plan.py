"""The plan: what would run, why, and what it costs; a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from storyboard.film import Take
from storyboard.graph.steps import Step
from storyboard.graph.timeline import Timeline
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


class Shelf(Protocol):
    """What is known of takes: the store's index joined with the film's lock file."""

    def takes(self, digest: str) -> tuple[Take, ...]:
        """Every take of that step digest, lowest ordinal first."""

    def present(self, sha256: str) -> bool:
        """Whether those bytes are in the store (by name and size; `store verify` reads them)."""

    def pick(self, digest: str) -> int | None:
        """The ordinal a person picked for that digest."""

    def rejected(self, digest: str) -> frozenset[int]:
        """Ordinals a person rejected."""

    def history(self, shot: str, provider: str) -> tuple[str, ...]:
        """Digests that lock or store know takes of for this shot and provider, oldest first."""

    def parts(self, digest: str) -> Mapping[str, str]:
        """The named parts a step digest was made of, to say what changed; empty if unknown."""


@dataclass(frozen=True, slots=True)
class Node:
    """One line of the plan."""

    step: Step
    action: Action
    reasons: tuple[Reason, ...] = ()
    cost_micros: int = 0
    """Worst case of this run, micro-dollars."""
    certain: bool = True
    """False while an input is not made yet; a node may then still become `keep`."""
    digest: str = ""
    """Empty while an input's content is not known."""
    parts: Mapping[str, str] | None = None
    ordinals: tuple[int, ...] = ()
    """Takes to make, by ordinal."""
    select: Take | None = None
    """The take that plays, where it exists."""
    record: FrameRange | None = None
    plays_frames: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a render would do, in running order, parents first."""

    nodes: tuple[Node, ...]
    timeline: Timeline

    @property
    def cost_micros(self) -> int:
        return sum(node.cost_micros for node in self.nodes)
