"""What a transition declares of itself.

The schema, the parser, `show`, the hints, the timeline and the compositor ask for it here, so none
of them knows a transition by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any, TypeAlias

from storyboard.stitching.media.yuv import Frame

DEFAULT_DURATION_S = Fraction(1, 2)
"""Seconds of a transition that is only named."""
SIDES = ("left", "right", "top", "bottom")

DrawFrame: TypeAlias = Callable[..., Frame]
"""(outgoing, incoming, share, **arguments) -> a new frame.

`share` is a Fraction between 0 and 1, neither of them: how much of the incoming picture is due.
Both pictures are read only.
"""


@dataclass(frozen=True, slots=True)
class TransitionParameter:
    """A key that stands beside a transition's own."""

    name: str
    description: str
    """What it means, in a sentence for people."""
    schema: Mapping[str, Any]
    """Which values it may have, as JSON schema."""
    default: Any
    examples: tuple[Any, ...]
    argument: str
    """Its keyword in the drawing, and its name for good in digests and saved plans."""


FROM_SIDE = TransitionParameter(
    "from",
    "The side that the new picture comes from.",
    MappingProxyType({"type": "string", "enum": list(SIDES)}),
    default="left",
    examples=("right",),
    argument="direction",
)


@dataclass(frozen=True, slots=True)
class TransitionSpec:
    """One transition.

    It stands between two pictures, which take the frames that it needs from their handles, overlap
    or hold, unless `is_with_color`: then it shows one picture at a time, in that picture's own
    frames, and comes from a colour, goes through one, or ends the film in one.
    """

    name: str
    """Its key in a storyboard; it stands in digests, so it stays."""
    description: str
    """What is seen, in a sentence for people."""
    draw_frame: DrawFrame
    parameters: tuple[TransitionParameter, ...] = ()
    is_with_color: bool = False
    examples: tuple[Any, ...] = (0.5,)
    """Durations, as a storyboard writes them."""

    def to_arguments(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of its drawing, of the keys as written; absent ones have their default."""
        return {
            parameter.argument: settings.get(parameter.name, parameter.default)
            for parameter in self.parameters
        }

    def to_settings(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The keys that a storyboard writes for these arguments."""
        return {parameter.name: arguments[parameter.argument] for parameter in self.parameters}
