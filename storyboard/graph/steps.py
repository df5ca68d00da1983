"""Steps: the nodes of the graph that make takes, and the links between them.

A step is provider-neutral until `build_request` joins it with the content of its inputs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from storyboard.graph.rate_limits import RateLimits
from storyboard.model.film import MediaFile
from storyboard.providers.base import Intent, Kind, Role, Settings

HELPER_KINDS = frozenset({Kind.STILL, Kind.WRITE, Kind.SPEECH})
"""Steps that serve a shot and are not its picture: chosen, picked and retaken by their own id."""
UNSELECTABLE_KINDS = HELPER_KINDS | {Kind.EFFECT}
"""Steps that what is said of a shot's takes (`lock`, a retake) does not mean."""


@dataclass(frozen=True, slots=True)
class FramePick:
    """Which frame of a step's take a link carries, as a rule that the timeline resolves."""

    frame: int = 0
    """Counted from the start of the step's own material; from its end when `from_end`."""
    from_end: bool = False
    """-0 is the last frame: `FramePick(0, True)`."""
    counts_take_frames: bool = False
    """`frame` is of the take's own count, not the film's."""
    reading: str = ""
    """What a player does to the coded frame, where that is more than to decode it."""


@dataclass(frozen=True, slots=True)
class Link:
    """One input of a step: a file of the film, or what another step made."""

    role: Role
    file: MediaFile | None = None
    step: str = ""
    """The id of the step it comes from; empty for a file."""
    pick: FramePick | None = None
    """For a frame of a take or of footage; None hands on the whole medium."""
    cast: str = ""
    """The cast name behind a reference; for people and for prompts."""


@dataclass(frozen=True, slots=True)
class Step:
    """One purchase or import: what makes one take."""

    id: str
    """`SH010`, or `SH085.2` for the second hop of a long take, or `cast.ben`."""
    kind: Kind
    shot: str
    """Empty for what serves the whole film."""
    provider: str
    """Who makes it: `previz` in a rehearsal."""
    model: str
    """Exact id."""
    target: str
    """The platform whose limits were applied; equals `provider` for a paid one."""
    settings: Settings
    prompt: str = ""
    intent: Intent = field(default_factory=Intent)
    links: tuple[Link, ...] = ()
    takes: int = 1
    samples: int = 1
    """Takes that one operation may be asked for at once."""
    price_micros: int = 0
    """Of one take, micro-dollars."""
    buys_frames: int = 0
    """New frames at the film's rate that one take adds."""
    contains_source: bool = False
    """The platform's extensions begin with their source."""
    seeded: bool = False
    """The model takes a seed."""
    depth_s: int = 0
    """Seconds of the chain from its root to the end of this step."""
    hops: int = 0
    """Extensions between the chain's root and this step, itself included."""
    remote: bool = False
    """An extension whose source is named by where the platform keeps it."""
    rate_limits: RateLimits = RateLimits()
    """Of who makes it."""
    instead: str = ""
    """What stands here in place of what was asked, because the film allows it; for people."""

    def is_selected_by(self, names: Collection[str]) -> bool:
        """Whether `names` (of shots or steps) mean this step; a shot's name means its picture."""
        return self.id in names or (self.shot in names and self.kind not in UNSELECTABLE_KINDS)

    @property
    def parents(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(link.step for link in self.links if link.step))

    @property
    def source(self) -> str:
        """The step that it extends; empty where it extends none."""
        return next((link.step for link in self.links if link.role is Role.VIDEO), "")


def find_catalog_operation(kind: Kind, roles: Iterable[Role]) -> str:
    """What the catalogue calls a step of moving pictures, by the roles of its inputs."""
    role_set = set(roles)
    if kind is Kind.EXTEND:
        return "extend"
    if Role.REFERENCE in role_set:
        return "references"
    if Role.LAST_FRAME in role_set:
        return "interpolate"
    return "image" if Role.FIRST_FRAME in role_set else "text"
