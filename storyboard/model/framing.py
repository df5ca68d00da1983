"""How a picture of any shape fills the delivered frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

from storyboard.timecode import FrameRange
from storyboard.util.serialization import Serialized

Position: TypeAlias = tuple[float, float]
"""A point of the frame: from the left and from the top, each from 0 to 1."""

POSITIONS: Mapping[str, Position] = MappingProxyType(
    {
        "top-left": (0.0, 0.0),
        "top": (0.5, 0.0),
        "top-right": (1.0, 0.0),
        "left": (0.0, 0.5),
        "center": (0.5, 0.5),
        "right": (1.0, 0.5),
        "bottom-left": (0.0, 1.0),
        "bottom": (0.5, 1.0),
        "bottom-right": (1.0, 1.0),
    }
)
"""The nine words for positions in the frame."""


def describe_position(position: Position) -> str | list[float]:
    """The position as a storyboard writes it: a word where there is one."""
    words = {at: word for word, at in POSITIONS.items()}
    return words.get(position) or [float(f"{part:g}") for part in position]


class FitKind(StrEnum):
    CROP = "crop"
    """The picture covers the frame; what is outside is cut off."""
    PAD = "pad"
    """The whole picture is visible, between black bars."""
    BLUR = "blur"
    """The whole picture is visible, over a blurred copy that covers the frame."""


@dataclass(frozen=True, slots=True)
class Framing(Serialized):
    """One way to fill the frame."""

    kind: FitKind = FitKind.CROP
    position: Position = (0.5, 0.5)
    """The point of the picture that lies at the same point of the frame; for `CROP`."""
    zoom: float = 1.0
    """How much larger than just covering the frame; at least 1; for `CROP`."""

    def to_fields(self) -> dict[str, Any]:
        return {"kind": self.kind, "position": list(self.position), "zoom": self.zoom}


Fit: TypeAlias = tuple[Framing, ...]
"""Nothing said, one framing, or the first and the last of a move."""

PLAIN_CROP = Framing()
PADDED = Framing(FitKind.PAD)


@dataclass(frozen=True, slots=True)
class ShownFraming:
    """The framing of a shot's picture, and for a move also the frames that it takes."""

    fit: Fit
    """One framing, or two."""
    move: FrameRange | None = None
    """From the first to the last frame of the move, in source frames; outside of them the picture
    stands still. None without a move.
    """

    @property
    def changes_same_shape(self) -> bool:
        """Whether a picture that already has the shape of the frame looks different too."""
        return self.move is not None or self.fit[0].zoom > 1

    def to_digest_value(self) -> list[Any]:
        """Plain values for a digest."""
        parts = [[str(f.kind), list(f.position), f.zoom] for f in self.fit]
        return [*parts, [self.move.start, self.move.end] if self.move else None]


def build_shown_framing(fit: Fit, used_range: FrameRange) -> ShownFraming | None:
    """The framing for a shot that uses `used_range`; None if the picture only gets bars."""
    if fit in ((), (PADDED,)):
        return None
    return ShownFraming(fit, used_range if len(fit) > 1 else None)
