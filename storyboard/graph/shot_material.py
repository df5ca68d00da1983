"""What a shot has to play: the pieces of picture its steps bring, joined end to end."""

from __future__ import annotations

from dataclasses import dataclass

from storyboard.timecode import FrameRange

ENDLESS = 1 << 40
"""Frames of a colour or a card: as many as anybody wants."""


@dataclass(frozen=True, slots=True)
class StepSegment:
    """What one step brings to the shot's material."""

    step: str
    start: int
    """Where it begins in the material."""
    frames: int
    skip: int = 0
    """Frames at the head of the step's own tail that are not used."""


@dataclass(frozen=True, slots=True)
class ShotMaterial:
    """A shot's own new picture, in film frames from 0; the source of an extension is not in it."""

    shot: str
    segments: tuple[StepSegment, ...] = ()
    color: str = ""
    card: str = ""

    @property
    def frames(self) -> int:
        if self.color or self.card:
            return ENDLESS
        return sum(segment.frames for segment in self.segments)

    @property
    def last_step(self) -> str:
        return self.segments[-1].step if self.segments else ""

    def locate_frame(self, frame: int) -> tuple[StepSegment, int]:
        """The piece that holds a frame of the material, and the frame of that step's tail."""
        for segment in self.segments:
            if frame < segment.start + segment.frames:
                return segment, frame - segment.start + segment.skip
        raise IndexError(frame)

    def split_range_by_step(self, wanted_range: FrameRange) -> list[tuple[str, FrameRange]]:
        """(step, frames of its tail) that play `wanted_range`, which lies inside, in order."""
        ranges = []
        for segment in self.segments:
            whole = FrameRange(segment.start, segment.start + segment.frames)
            if part := whole.intersect_with(wanted_range):
                ranges.append((segment.step, part.shift_by(segment.skip - segment.start)))
        return ranges


@dataclass(frozen=True, slots=True)
class UsedRange:
    """The used range of a shot's material, before transitions."""

    range: FrameRange
    head: int
    """Frames of the material before it."""
    tail: int
    """Frames of the material after it."""
