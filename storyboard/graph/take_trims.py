"""Trims of the lock file: each belongs to a take, and wins over the trim of its shot.

A shot that plays another one's take again (`clip: SHOT`) plays it as it is trimmed, unless it says
another `trim` itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from storyboard.errors import Span
from storyboard.graph.context import CompileContext
from storyboard.graph.effects import adjust_length_for_effects
from storyboard.graph.shot_material import ShotMaterial, StepSegment
from storyboard.model.film import Shot, Trim

CODE = "SB367"


@dataclass(frozen=True, slots=True)
class TakeTrim:
    """How one take is trimmed."""

    take: str
    """`t01`."""
    trim: Trim
    """In frames of the film, counted in the take's own new picture."""
    place: Span = field(default=Span("<lock file>"), compare=False)
    """Where the lock file says it."""


class Trims:
    """Lays the lock file's trims, by step, over the shots of one film."""

    def __init__(self, desk: CompileContext, trims: Mapping[str, TakeTrim]) -> None:
        self._desk = desk
        self._trims = trims
        self._written = {shot.id: shot for shot in desk.film.shots}

    def lay_over(self, shot: Shot, material: ShotMaterial) -> Shot | None:
        """The shot with the trim of its take; None where that can't be, which is said."""
        told = [self._trims.get(piece.step) for piece in material.segments]
        if not any(told) or (shot.clip and shot.clip.shot and shot.trim != Trim()):
            return shot
        start: int | None = None
        end: int | None = None
        for piece, each in zip(material.segments, told, strict=True):
            if each is None:
                continue
            first, last = _ends(piece, each.trim)
            if not piece.start <= first < last <= piece.start + piece.frames:
                self._misfit(shot, piece, each)
                return None
            heads, tails = piece is material.segments[0], piece is material.segments[-1]
            cuts_head, cuts_tail = first > piece.start, last < piece.start + piece.frames
            if (cuts_head and not heads) or (cuts_tail and not tails):
                self._inside(shot, piece, each)
                return None
            start = first if heads and cuts_head else start
            end = last if tails and cuts_tail else end
        written = self._written.get(shot.id, shot)
        return adjust_length_for_effects(replace(written, trim=Trim(start, end)), self._desk.rate)

    def refuse(self, shot: Shot, material: ShotMaterial, wanted: int, left: int) -> None:
        """Says that a trim leaves less of the take than the shot plays."""
        told = next(self._trims[p.step] for p in material.segments if p.step in self._trims)
        self._error(
            shot,
            told,
            f"the trim of {told.take} leaves {self._seconds(max(left, 0))} of the take, and "
            f"{shot.id} plays {self._seconds(wanted)}",
            f"another `trim` here, or a shorter `length` of {shot.id}",
        )

    def refuse_idle(self) -> None:
        """Refuses trims of what has no picture that runs: stills, speech, what effects made."""
        playing = {p.step for each in self._desk.materials.values() for p in each.segments}
        for id, told in self._trims.items():
            step = self._desk.steps.get(id)
            if step is not None and id not in playing:
                hint = "delete `trim`; the trim of a shot belongs to the take it was made from"
                message = f"{id} is a step of kind {step.kind.value}, which nothing trims"
                self._desk.diagnostics.add_error(CODE, None, told.place, message, hint)

    def _misfit(self, shot: Shot, piece: StepSegment, told: TakeTrim) -> None:
        first, last = _ends(piece, told.trim)
        holds = f"{self._seconds(piece.frames)} ({piece.frames} frames)"
        if last <= first:
            message = f"the trim of {told.take} leaves nothing of {piece.step}, which holds {holds}"
        else:
            message = f"the trim of {told.take} goes beyond {piece.step}, which holds {holds}"
        self._error(shot, told, message, "another `trim` here, or none")

    def _inside(self, shot: Shot, piece: StepSegment, told: TakeTrim) -> None:
        self._error(
            shot,
            told,
            f"the trim of {told.take} cuts {piece.step} out of the middle of {shot.id}",
            "trim the start of its first take and the end of its last one",
        )

    def _error(self, shot: Shot, told: TakeTrim, message: str, cure: str) -> None:
        hint = f"{cure}; without it the storyboard's own `trim` holds"
        self._desk.diagnostics.add_error(CODE, shot, told.place, message, hint)

    def _seconds(self, frames: int) -> str:
        return f"{float(self._desk.rate.to_seconds(frames)):g} s"


def _ends(piece: StepSegment, trim: Trim) -> tuple[int, int]:
    """The frames of the material between which that trim lets the piece play."""
    begin, tail = piece.start - piece.skip, piece.start + piece.frames

    def at(frame: int) -> int:
        return tail + frame if frame < 0 else begin + frame

    start = at(trim.start or 0)
    if (trim.start or 0) >= 0:
        start = max(start, piece.start)  # frames that the piece skips are never played
    return start, tail if trim.end is None else at(trim.end)
