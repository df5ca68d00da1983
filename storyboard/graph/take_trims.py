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


class TakeTrimOverlay:
    """Lays the lock file's trims, by step, over the shots of one film."""

    def __init__(self, context: CompileContext, trims: Mapping[str, TakeTrim]) -> None:
        self._desk = context
        self._trims = trims
        self._written = {shot.id: shot for shot in context.film.shots}

    def apply_take_trims(self, shot: Shot, material: ShotMaterial) -> Shot | None:
        """The shot with the trim of its take; None where that can't be, which is said."""
        take_trims = [self._trims.get(segment.step) for segment in material.segments]
        if not any(take_trims) or (shot.clip and shot.clip.shot and shot.trim != Trim()):
            return shot
        start: int | None = None
        end: int | None = None
        for segment, take_trim in zip(material.segments, take_trims, strict=True):
            if take_trim is None:
                continue
            first, last = _compute_trim_ends(segment, take_trim.trim)
            if not segment.start <= first < last <= segment.start + segment.frames:
                self._reject_misfit_trim(shot, segment, take_trim)
                return None
            heads, tails = segment is material.segments[0], segment is material.segments[-1]
            cuts_head, cuts_tail = first > segment.start, last < segment.start + segment.frames
            if (cuts_head and not heads) or (cuts_tail and not tails):
                self._reject_trim_inside_shot(shot, segment, take_trim)
                return None
            start = first if heads and cuts_head else start
            end = last if tails and cuts_tail else end
        written = self._written.get(shot.id, shot)
        return adjust_length_for_effects(replace(written, trim=Trim(start, end)), self._desk.rate)

    def reject_short_trim(
        self, shot: Shot, material: ShotMaterial, wanted_frames: int, remaining_frames: int
    ) -> None:
        """Says that a trim leaves less of the take than the shot plays."""
        take_trim = next(self._trims[p.step] for p in material.segments if p.step in self._trims)
        self._add_trim_error(
            shot,
            take_trim,
            f"the trim of {take_trim.take} leaves "
            f"{self._format_seconds(max(remaining_frames, 0))} of the take, but {shot.id} "
            f"needs {self._format_seconds(wanted_frames)}",
            f"change `trim` here, or set a shorter `length` for {shot.id}",
        )

    def reject_unused_trims(self) -> None:
        """Refuses trims of what has no picture that runs: stills, speech, what effects made."""
        playing = {p.step for material in self._desk.materials.values() for p in material.segments}
        for id, take_trim in self._trims.items():
            step = self._desk.steps.get(id)
            if step is not None and id not in playing:
                hint = "delete `trim` here; trim the take that the shot plays"
                message = f"{id} is a step of kind {step.kind.value} and can't be trimmed"
                self._desk.diagnostics.add_error(CODE, take_trim.place, message, hint)

    def _reject_misfit_trim(self, shot: Shot, segment: StepSegment, take_trim: TakeTrim) -> None:
        first, last = _compute_trim_ends(segment, take_trim.trim)
        holds = f"{self._format_seconds(segment.frames)} ({segment.frames} frames)"
        if last <= first:
            message = (
                f"the trim of {take_trim.take} leaves no frame of {segment.step}, which has {holds}"
            )
        else:
            message = f"the trim of {take_trim.take} is outside {segment.step}, which has {holds}"
        self._add_trim_error(shot, take_trim, message, "change or delete `trim` here")

    def _reject_trim_inside_shot(
        self, shot: Shot, segment: StepSegment, take_trim: TakeTrim
    ) -> None:
        self._add_trim_error(
            shot,
            take_trim,
            f"the trim of {take_trim.take} would cut frames of {segment.step} from the middle "
            f"of {shot.id}",
            "trim only the start of its first take and the end of its last take",
        )

    def _add_trim_error(self, shot: Shot, take_trim: TakeTrim, message: str, cure: str) -> None:
        hint = f"{cure}; without it, the `trim` of the storyboard applies"
        self._desk.diagnostics.add_error(CODE, take_trim.place, message, hint, shot=shot)

    def _format_seconds(self, frames: int) -> str:
        return f"{float(self._desk.rate.to_seconds(frames)):g} s"


def _compute_trim_ends(segment: StepSegment, trim: Trim) -> tuple[int, int]:
    """The frames of the material between which that trim lets the piece play."""
    begin, tail = segment.start - segment.skip, segment.start + segment.frames

    def to_material_frame(frame: int) -> int:
        return tail + frame if frame < 0 else begin + frame

    start = to_material_frame(trim.start or 0)
    if (trim.start or 0) >= 0:
        start = max(start, segment.start)  # frames that the piece skips are never played
    return start, tail if trim.end is None else to_material_frame(trim.end)
