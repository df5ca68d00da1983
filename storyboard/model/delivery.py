"""The delivery format: aspect ratio, resolution and rate of the finished film."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType

from storyboard.timecode import Rate


@dataclass(frozen=True, slots=True)
class Delivery:
    """The delivery format."""

    aspect_ratio: str = "16:9"
    resolution: str = "720p"
    rate: Rate = Rate(Fraction(24))

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, both even."""
        return compute_frame_size(self.resolution, self.aspect_ratio)


RESOLUTIONS: Mapping[str, int] = MappingProxyType(
    {"180p": 180, "360p": 360, "480p": 480, "720p": 720, "1080p": 1080, "4k": 2160}
)
"""Pixels of the shorter side by name; `180p` is the proxy."""


@lru_cache(maxsize=64)
def compute_frame_size(resolution: str, aspect_ratio: str) -> tuple[int, int]:
    """(width, height) in pixels, both even; the named number is the shorter side.

    >>> compute_frame_size("720p", "16:9"), compute_frame_size("1080p", "9:16")
    ((1280, 720), (1080, 1920))
    """
    across, down = (Fraction(part) for part in aspect_ratio.split(":"))
    short = RESOLUTIONS[resolution]
    long = round(short * max(across, down) / min(across, down) / 2) * 2
    return (long, short) if across >= down else (short, long)
