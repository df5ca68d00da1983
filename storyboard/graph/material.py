"""What a shot has to play: the pieces of picture its steps bring, joined end to end."""

from __future__ import annotations

from dataclasses import dataclass

from storyboard.timecode import FrameRange

ENDLESS = 1 << 40
"""Frames of a colour or a card: as many as anybody wants."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one step brings to the shot's material."""

    step: str
    start: int
    """Where it begins in the material."""
    frames: int
    skip: int = 0
    """Frames at the head of the step's own tail that are not used."""


@dataclass(frozen=True, slots=True)
class Material:
    """A shot's own new picture, in film frames from 0; the source of an extension is not in it."""

    shot: str
    pieces: tuple[Piece, ...] = ()
    color: str = ""
    card: str = ""

    @property
    def frames(self) -> int:
        if self.color or self.card:
            return ENDLESS
        return sum(piece.frames for piece in self.pieces)

    @property
    def last_step(self) -> str:
        return self.pieces[-1].step if self.pieces else ""

    def locate(self, frame: int) -> tuple[Piece, int]:
        """The piece that holds a frame of the material, and the frame of that step's tail."""
        for piece in self.pieces:
            if frame < piece.start + piece.frames:
                return piece, frame - piece.start + piece.skip
        raise IndexError(frame)

    def cut(self, wanted: FrameRange) -> list[tuple[str, FrameRange]]:
        """(step, frames of its tail) that play `wanted`, in order; `wanted` lies inside."""
        found = []
        for piece in self.pieces:
            whole = FrameRange(piece.start, piece.start + piece.frames)
            if part := whole.intersection(wanted):
                found.append((piece.step, part.shifted(piece.skip - piece.start)))
        return found


@dataclass(frozen=True, slots=True)
class Use:
    """The used range of a shot's material, before transitions."""

    range: FrameRange
    head: int
    """Frames of the material before it."""
    tail: int
    """Frames of the material after it."""
