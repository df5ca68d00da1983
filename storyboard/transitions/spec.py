"""The declaration of a transition.

The schema, the parser, `show`, the hints, the timeline and the compositor read it, so none of them
depends on a transition's name.
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

`share` is a Fraction above 0 and below 1: how much of the incoming picture to show. Don't write to
the pictures.
"""


@dataclass(frozen=True, slots=True)
class TransitionParameter:
    """An additional key of a transition."""

    name: str
    description: str
    """What it means, in a sentence for users."""
    schema: Mapping[str, Any]
    """The values that it accepts, as JSON schema."""
    default: Any
    examples: tuple[Any, ...]
    argument: str
    """The keyword of the drawing function; also its permanent name in digests and saved plans."""


FROM_SIDE = TransitionParameter(
    "from",
    "The side from which the new picture comes.",
    MappingProxyType({"type": "string", "enum": list(SIDES)}),
    default="left",
    examples=("right",),
    argument="direction",
)


@dataclass(frozen=True, slots=True)
class TransitionSpec:
    """One transition.

    It joins two pictures, whose extra frames come from handles, overlap or hold, unless
    `is_with_color`: then it shows one picture at a time, within its own frames, and comes from a
    colour, goes through one, or ends the film in one.
    """

    name: str
    """Its key in a storyboard; part of digests, so it can't change."""
    description: str
    """What viewers see, in a sentence for users."""
    draw_frame: DrawFrame
    parameters: tuple[TransitionParameter, ...] = ()
    is_with_color: bool = False
    examples: tuple[Any, ...] = (0.5,)
    """Durations, as a storyboard writes them."""

    def to_arguments(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments for drawing, from the keys as written; missing ones get their default."""
        return {
            parameter.argument: settings.get(parameter.name, parameter.default)
            for parameter in self.parameters
        }

    def to_settings(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The keys that a storyboard writes for these arguments."""
        return {parameter.name: arguments[parameter.argument] for parameter in self.parameters}
