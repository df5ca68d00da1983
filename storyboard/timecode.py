"""Time is whole frames at an exact rate; seconds exist only at the edges.

Rates are fractions (24, 25, 30000/1001). Ranges are half-open everywhere.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from storyboard.util.serialization import Serialized

_FRAMES = re.compile(r"([+-]?\d+)f")
_SECONDS = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")


@dataclass(frozen=True, slots=True, order=True)
class Rate(Serialized):
    """Frames per second, exact.

    >>> Rate.parse("23.976").value
    Fraction(24000, 1001)
    >>> Rate.parse(24).frames(Fraction(1, 2))
    12
    """

    value: Fraction

    def to_fields(self) -> dict[str, Any]:
        return {"value": self.value}

    @classmethod
    def parse(cls, text: str | int | float) -> Rate:
        """The rate that people mean: whole, `24000/1001`, or the usual NTSC decimals.

        Raises ValueError for anything that is no positive rate of at most 240.
        """
        value = Fraction(str(text))
        nearest = round(value)
        if value.denominator != 1 and nearest and str(text).count("/") == 0:
            ntsc = Fraction(nearest * 1000, 1001)
            if abs(value - ntsc) < Fraction(1, 100):
                value = ntsc
        if not 0 < value <= 240:
            raise ValueError(f"{text} is not a frame rate")
        return cls(value)

    def to_frames(self, seconds: Fraction | int | float) -> int:
        """The nearest whole number of frames; a half goes away from zero."""
        if seconds < 0:
            return -self.to_frames(-seconds)
        if isinstance(seconds, int) and self.value.denominator == 1:
            return seconds * self.value.numerator
        exact = Fraction(seconds) * self.value
        return int((2 * exact.numerator + exact.denominator) // (2 * exact.denominator))

    def to_frames_rounded_up(self, seconds: Fraction | int) -> int:
        """The least whole number of frames that holds `seconds`."""
        return int(-((-Fraction(seconds) * self.value) // 1))

    def to_seconds(self, frames: int) -> Fraction:
        """Exact seconds of `frames`."""
        return Fraction(frames) / self.value

    @property
    def nominal(self) -> int:
        """The whole rate that a timecode counts in (24 for 23.976)."""
        return round(self.value)

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True, slots=True)
class Time:
    """A time as the storyboard states it, set on the frame grid."""

    frames: int
    """Nearest frame, may be negative where the key allows it."""
    exact: bool
    """False when the stated seconds lay between two frames."""


def parse_time(value: str | int | float, rate: Rate) -> Time:
    """Frames of seconds (`2.5`, `"2.5"`) or of frames (`"12f"`).

    Raises ValueError when `value` is neither.

    >>> parse_time("12f", Rate(Fraction(24))).frames
    12
    >>> parse_time(0.51, Rate(Fraction(24)))
    Time(frames=12, exact=False)
    """
    text = str(value).strip()
    if match := _FRAMES.fullmatch(text):
        return Time(int(match[1]), exact=True)
    if isinstance(value, str) and not _SECONDS.fullmatch(text):
        raise ValueError(f"{value!r} is not a time")
    seconds = Fraction(text)
    frames = rate.to_frames(seconds)
    return Time(frames, exact=rate.to_seconds(frames) == seconds)


@dataclass(frozen=True, slots=True)
class FrameRange(Serialized):
    """Half-open: frame `start` is in, frame `end` is not."""

    start: int
    end: int

    def to_fields(self) -> dict[str, Any]:
        return {"start": self.start, "end": self.end}

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a range can't end before it starts: [{self.start}, {self.end})")

    @property
    def length(self) -> int:
        return self.end - self.start

    def shift_by(self, frames: int) -> FrameRange:
        return FrameRange(self.start + frames, self.end + frames)

    def intersect_with(self, other: FrameRange) -> FrameRange | None:
        """The frames in both, or None when they share none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return FrameRange(start, end) if start < end else None

    def __contains__(self, frame: int) -> bool:
        return self.start <= frame < self.end


@dataclass(frozen=True, slots=True)
class Timecode:
    """A frame number written `HH:MM:SS:FF`, non-drop."""

    frame: int
    rate: Rate

    def __str__(self) -> str:
        seconds, frames = divmod(self.frame, self.rate.nominal)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours:02d}:{minutes:02d}:{seconds:02d}:{frames:02d}"


_MAX_STRAY = Fraction(3, 4)
"""Frames that a picture may stand beside its place."""


def has_nearly_constant_rate(frame_times: Sequence[Fraction], rate: Rate) -> bool:
    """Whether every frame stands nearer to its own place at `rate` than a whole frame away.

    Times that were rounded or cut together stray so far; then no frame is dropped or repeated.
    """
    stray = [at * rate.value - number for number, at in enumerate(frame_times)]
    return max(map(abs, stray)) <= _MAX_STRAY


def find_shown_frames(
    frame_times: Sequence[Fraction], film_frames: Iterable[int], rate: Rate
) -> list[int]:
    """The frame of a clip that stands at each of `film_frames` where it plays at `rate`.

    `frame_times` are seconds from the clip's first frame. As ffmpeg's `fps` filter has it, which
    the cut conforms with: the last frame whose time, rounded to the grid, has come.
    """
    if has_nearly_constant_rate(frame_times, rate):
        return [min(frame, len(frame_times) - 1) for frame in film_frames]
    grid = [int(at * rate.value + Fraction(1, 2)) for at in frame_times]
    return [max(0, bisect_right(grid, frame) - 1) for frame in film_frames]
