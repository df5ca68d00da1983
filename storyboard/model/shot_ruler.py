"""Where each shot begins, as far as the text alone tells, and on which beat.

Shots are measured in the order of the cut, with straight cuts. A shot whose length only its take
tells ends what is known: the positions after it belong to another span, which starts at 0 again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from storyboard.model.tempo import BeatGrid, MusicalTime
from storyboard.timecode import Rate


@dataclass(frozen=True, slots=True)
class ShotPosition:
    """The start of a shot."""

    span: int
    """Positions can be compared only inside one span."""
    frame: int
    """Frames from the start of the span."""
    beats: BeatPosition | None
    """Where it is in its block's music; None if no tempo applies to it."""


@dataclass(frozen=True, slots=True)
class BeatPosition:
    """A point in the music of a block."""

    grid: BeatGrid
    frame: int
    """Frames from the start of the block."""
    rate: Rate

    def measure_frames(self, time: MusicalTime) -> int:
        """The whole frames from here to the beat that is `time` after the nearest beat.

        So a cut is always within half a frame of its beat, and rounding never adds up.
        """
        start_s = self.rate.to_seconds(self.frame)
        beat = self.grid.find_nearest_beat(start_s) + time.to_beats(self.grid.meter)
        return self.rate.to_frames(self.grid.to_seconds(beat)) - self.frame

    def measure_duration(self, time: MusicalTime) -> int:
        """The nearest whole frames of `time` at the tempo that the music has here."""
        beat = self.grid.find_nearest_beat(self.rate.to_seconds(self.frame))
        end_s = self.grid.to_seconds(beat + time.to_beats(self.grid.meter))
        return self.rate.to_frames(end_s - self.grid.to_seconds(beat))


class ShotRuler:
    """Measures the shots of one film, in the order in which they are built."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._span = 0
        self._frame = 0
        self._blocks: dict[int, tuple[int, int]] = {}
        """By block, the span and frame at which its music starts."""
        self._starts: dict[str, ShotPosition] = {}

    @property
    def starts(self) -> Mapping[str, ShotPosition]:
        """By shot id, the starts of the shots that were measured so far."""
        return self._starts

    def find_position(self, block: int, grid: BeatGrid | None) -> ShotPosition:
        """The position of the next shot; `block` identifies the block that has the tempo."""
        if grid is None:
            return ShotPosition(self._span, self._frame, None)
        span, start = self._blocks.setdefault(block, (self._span, self._frame))
        if span != self._span:
            # Nobody knows on which beat this shot starts, so the beats are counted from it.
            first_s = grid.to_seconds(Fraction(0))
            start = self._frame - self._rate.to_frames(first_s)
            self._blocks[block] = (self._span, start)
        beats = BeatPosition(grid, self._frame - start, self._rate)
        return ShotPosition(self._span, self._frame, beats)

    def add_shot(self, shot_id: str, position: ShotPosition, frames: int | None) -> None:
        """Adds a shot that plays `frames`; None if only its take tells."""
        self._starts[shot_id] = position
        if frames is None:
            self._span, self._frame = self._span + 1, 0
        else:
            self._frame += frames
