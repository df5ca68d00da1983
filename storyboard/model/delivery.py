"""The delivery format: aspect ratio, resolution and rate of the finished film."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType

from storyboard.model.framing import Fit
from storyboard.timecode import Rate


@dataclass(frozen=True, slots=True)
class Delivery:
    """The delivery format."""

    aspect_ratio: str = "16:9"
    resolution: str = "720p"
    rate: Rate = Rate(Fraction(24))
    fit: Fit = ()
    """How pictures of another shape fill the frame; nothing said is ()."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, both even."""
        return compute_frame_size(self.resolution, self.aspect_ratio)


RESOLUTIONS: Mapping[str, int] = MappingProxyType(
    {"180p": 180, "360p": 360, "480p": 480, "720p": 720, "1080p": 1080, "4k": 2160}
)
"""Pixels of the shorter side by name; `180p` is the proxy."""


_WIDE = Fraction(16, 9)


@lru_cache(maxsize=64)
def compute_frame_size(resolution: str, aspect_ratio: str) -> tuple[int, int]:
    """(width, height) in pixels, both even.

    The named number is the shorter side, up to 16:9 and 9:16. A longer frame keeps the long side of
    16:9, as scope in HD does.

    >>> compute_frame_size("720p", "16:9"), compute_frame_size("1080p", "9:16")
    ((1280, 720), (1080, 1920))
    >>> compute_frame_size("1080p", "2.39:1"), compute_frame_size("1080p", "4:5")
    ((1920, 804), (1080, 1350))
    """
    shape = parse_aspect_ratio(aspect_ratio)
    ratio, short = max(shape, 1 / shape), Fraction(RESOLUTIONS[resolution])
    long = short * min(ratio, _WIDE)
    short = long / ratio
    sides = tuple(round(side / 2) * 2 for side in (long, short))
    return (sides[0], sides[1]) if shape >= 1 else (sides[1], sides[0])


def parse_aspect_ratio(aspect_ratio: str) -> Fraction:
    """Width over height of a ratio such as `2.39:1`."""
    across, down = (Fraction(part) for part in aspect_ratio.split(":"))
    return across / down
