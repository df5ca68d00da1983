"""The frames of one picture track, in display order."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction

from storyboard.timecode import Rate


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """The picture of one file: its frames in display order, and its format."""

    pts: tuple[int, ...]
    """Presentation time of every frame, ascending, in ticks of `time_base`."""
    entries: tuple[int, ...]
    """Presentation times where decoding may start, ascending; empty: only at the start."""
    time_base: Fraction
    rate: Rate | None
    """None for a still picture."""
    constant: bool
    """Whether every frame is where `rate` puts it."""
    codec: str
    pixel_format: str
    coded_size: tuple[int, int]
    """(width, height) as coded, before pixel aspect and rotation."""
    pixel_aspect: Fraction
    rotation: int
    """Degrees counter-clockwise that a player turns the picture: 0, 90, 180, 270."""
    mirrored: bool
    """Whether a player swaps left and right before it turns the picture."""
    interlaced: bool
    color_range: int
    """libav's number: 0 unspecified, 1 limited, 2 full."""
    colorspace: int
    """The matrix, libav's number: 1 is BT.709, 2 unspecified."""
    transfer: int
    """libav's number: 16 and 18 are the HDR curves PQ and HLG."""
    has_audio: bool
    seconds: Fraction
    track: int = 0
    """Its number among the file's picture tracks."""

    @property
    def display_size(self) -> tuple[int, int]:
        """(width, height) with square pixels, upright."""
        width, height = self.coded_size
        width = round(width * self.pixel_aspect)
        return (height, width) if self.rotation in (90, 270) else (width, height)

    @property
    def frame_times(self) -> tuple[Fraction, ...]:
        """Seconds from the first frame to each."""
        return tuple((at - self.pts[0]) * self.time_base for at in self.pts)

    def find_decoding_start_pts(self, frame: int) -> int | None:
        """Where decoding must start to show `frame`; None is the start of the file."""
        at = bisect_right(self.entries, self.pts[frame])
        return self.entries[at - 1] if at > 1 else None
