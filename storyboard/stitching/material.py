"""Takes as the cut needs them: conformed, counted, and read slice by slice."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from storyboard.errors import MediaError, StitchError
from storyboard.film import Delivery, MediaFacts
from storyboard.graph.timeline import Event, Slice, Timeline
from storyboard.stitching.conform import conformed, framed, needs
from storyboard.stitching.frames import read_frames
from storyboard.stitching.packets import index_of
from storyboard.stitching.planes import Frame, Size, solid
from storyboard.stitching.titles import card_frame
from storyboard.timecode import FrameRange

HELD = 2
"""Frames that a take may lack at its end; its last frame then stands for them."""
_NAMED = 5
"""Shots that a note names."""


@dataclass(frozen=True, slots=True)
class Medium:
    """The select of one step, as the caller knows it."""

    path: Path
    sha256: str
    """Of the file's bytes."""
    facts: MediaFacts
    first_frame: int = 0
    """Where the step's own new material begins, in the file's own frames."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A medium in the delivery format."""

    path: Path
    frames: int
    """All of the file's frames, at the film's rate."""
    first: int
    """Where the step's own new material begins, at the film's rate."""
    still: bool = False
    """A picture: its one frame stands for any length."""
    barred: bool = False
    """Its shape is another one, so it stands between black bars."""
    conformed: tuple[str, ...] = ()
    """What of the take differed from the delivery format."""

    @property
    def found(self) -> int:
        """Frames of the step's own new material."""
        return self.frames - self.first


def prepared(
    timeline: Timeline,
    media: Mapping[str, Medium],
    delivery: Delivery,
    cache: Path,
    *,
    jobs: int = 2,
) -> dict[str, Clip]:
    """The clips of every step that the timeline shows, conformed where they need it.

    Raises StitchError when a step has no medium, and MediaError when one can't be read.
    """
    shots = {part.step: event.shot for event, part in _parts(timeline)}
    for step, shot in shots.items():
        if step not in media:
            raise StitchError(f"shot {shot} has no take: nothing was made by step {step}")

    def prepare(step: str) -> Clip:
        medium = media[step]
        try:
            path = conformed(medium.path, medium.sha256, delivery, cache)
            taken, index = index_of(medium.path), index_of(path)
        except MediaError as error:
            message = f"the take of shot {shots[step]}, step {step}: {error}"
            raise MediaError(
                message, hint=error.hint, command=error.command, log=error.log
            ) from error
        assert taken is not None
        assert index is not None
        first = medium.first_frame
        if taken.rate is not None and taken.rate != delivery.rate:
            first = delivery.rate.frames(taken.rate.seconds(first))
        return Clip(
            path,
            len(index.pts),
            first,
            still=taken.rate is None,
            barred=framed(taken, delivery) != delivery.size,
            conformed=needs(taken, delivery),
        )

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        return dict(zip(shots, pool.map(prepare, shots), strict=True))


def reviewed(timeline: Timeline, clips: Mapping[str, Clip]) -> tuple[str, ...]:
    """A note for every take that is up to HELD frames shorter than planned, or of another shape.

    Raises StitchError, `take_short`, for one that lacks more.
    """
    notes: dict[str, None] = {}
    conformed: dict[str, dict[str, None]] = {}
    for event, part in _parts(timeline):
        clip = clips[part.step]
        if clip.barred:
            notes[f"{event.shot}: the take of step {part.step} stands between black bars"] = None
        if clip.conformed and not clip.still:
            conformed.setdefault(", ".join(clip.conformed), {})[event.shot] = None
        planned = part.source.end if part.freeze is None else part.freeze + 1
        missing = planned - clip.found
        if clip.still or missing <= 0:
            continue
        if missing > HELD or clip.found < 1:
            raise StitchError(
                f"take_short: shot {event.shot}, step {part.step}: "
                f"{planned} frames planned, {max(0, clip.found)} found",
                hint=f"shorten {event.shot} or its transition, or make another take of it",
            )
        frames = "frame" if missing == 1 else "frames"
        notes[
            f"{event.shot}: the take of step {part.step} is {missing} {frames} short; "
            "its last frame is held"
        ] = None
    for what, shots in conformed.items():
        notes[f"conformed to the film's format: {_listed(list(shots))}: {what}"] = None
    return tuple(notes)


def _listed(shots: Sequence[str]) -> str:
    more = f" and {len(shots) - _NAMED} more" if len(shots) > _NAMED else ""
    return ", ".join(shots[:_NAMED]) + more


def frames_of(
    slices: Sequence[Slice], clips: Mapping[str, Clip], size: Size, *, threads: int = 0
) -> Generator[Frame, None, None]:
    """The frames of `slices`, one after another; some may be the same array, so don't write."""
    for part in slices:
        if part.step:
            yield from _taken(part, clips[part.step], threads)
        elif part.card:
            yield from repeat(card_frame(part.card, size), part.source.length)
        else:
            yield from repeat(solid(part.color or "black", size), part.source.length)


def _taken(part: Slice, clip: Clip, threads: int) -> Generator[Frame, None, None]:
    last, length = clip.frames - 1, part.source.length
    start = clip.first + part.source.start
    stands: int | None = None
    if clip.still:
        stands = 0
    elif part.freeze is not None:
        stands = min(clip.first + part.freeze, last)
    elif start > last:
        stands = last
    if stands is not None:
        for frame in read_frames(clip.path, FrameRange(stands, stands + 1), threads=threads):
            yield from repeat(frame, length)
        return
    end = min(start + length, clip.frames)
    frames = read_frames(clip.path, FrameRange(start, end), threads=threads)
    for number, frame in enumerate(frames, start):
        yield from repeat(frame, 1 if number < end - 1 else 1 + length - (end - start))


def _parts(timeline: Timeline) -> Iterator[tuple[Event, Slice]]:
    """Every slice that shows a take, with its event."""
    for event in timeline.events:
        for part in event.slices:
            if part.step:
                yield event, part
