"""Takes as the cut uses them: conformed, counted, and read slice by slice."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from storyboard.errors import MediaError, StitchError
from storyboard.graph.timeline import ClipKey, ShotEvent, Slice, Timeline
from storyboard.model.film import Delivery
from storyboard.model.framing import FitKind
from storyboard.stitching.cut_inputs import StepMedia
from storyboard.stitching.media.frames import read_frames
from storyboard.stitching.media.probe import read_frame_index
from storyboard.stitching.media.yuv import Frame, Size, create_solid_frame
from storyboard.stitching.picture.conform import (
    compute_fitted_size,
    conform_take,
    describe_format_differences,
)
from storyboard.stitching.text.fonts import OURS, FontSet
from storyboard.stitching.text.titles import draw_title_card
from storyboard.timecode import FrameRange

MAX_HELD_FRAMES = 2
"""Frames that a take may lack at its end; its last frame is then held."""
_MAX_NAMED_SHOTS = 5
"""The most shots that a note names."""


@dataclass(frozen=True, slots=True)
class ConformedClip:
    """A take or still in the delivery format."""

    path: Path
    frames: int
    """All of the file's frames, at the film's rate."""
    first: int
    """Where the step's own new material begins, at the film's rate."""
    still: bool = False
    """Whether it is a still, whose one frame is shown for any length."""
    barred: bool = False
    """Whether its aspect ratio differs, so it has black bars."""
    differences: tuple[str, ...] = ()
    """How the take differed from the delivery format."""

    @property
    def new_frame_count(self) -> int:
        """Frames of the step's own new material."""
        return self.frames - self.first


def conform_shown_takes(
    timeline: Timeline,
    media: Mapping[str, StepMedia],
    delivery: Delivery,
    cache: Path,
    *,
    jobs: int = 2,
) -> dict[ClipKey, ConformedClip]:
    """The clips of all steps that the timeline shows, conformed where needed.

    Raises StitchError when a step has no take, and MediaError when one can't be read.
    """
    shots: dict[ClipKey, str] = {}
    shown_frames: dict[ClipKey, int] = {}
    for event, part in _find_take_slices(timeline):
        if part.step not in media:
            raise StitchError(f"shot {event.shot} has no take: step {part.step} has no result")
        key = part.clip_key
        shots[key] = event.shot
        shown_frames[key] = max(shown_frames.get(key, 0), part.source.end)

    def conform_clip(key: ClipKey) -> ConformedClip:
        step, framing = key
        medium = media[step]
        try:
            path = conform_take(
                *(medium.path, medium.sha256, delivery, cache),
                framing=framing,
                still_frames=shown_frames[key],
            )
            take_index, index = read_frame_index(medium.path), read_frame_index(path)
        except MediaError as error:
            message = f"the take of shot {shots[key]}, step {step}: {error}"
            raise MediaError(
                message, hint=error.hint, command=error.command, log=error.log
            ) from error
        assert take_index is not None
        assert index is not None
        first = medium.first_frame
        if take_index.rate is not None and take_index.rate != delivery.rate:
            first = delivery.rate.to_frames(take_index.rate.to_seconds(first))
        return ConformedClip(
            path,
            len(index.pts),
            first,
            # a move makes a clip of a still
            still=take_index.rate is None and len(index.pts) == 1,
            barred=compute_fitted_size(take_index, delivery) != delivery.size
            and (framing is None or framing.fit[0].kind is FitKind.PAD),
            differences=describe_format_differences(take_index, delivery),
        )

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        return dict(zip(shots, pool.map(conform_clip, shots), strict=True))


def check_clips_with_notes(
    timeline: Timeline, clips: Mapping[ClipKey, ConformedClip]
) -> tuple[str, ...]:
    """Notes on takes that are up to MAX_HELD_FRAMES short, have black bars or were conformed.

    Raises StitchError, `take_short`, for a take that lacks more frames.
    """
    notes: dict[str, None] = {}
    shots_by_difference: dict[str, dict[str, None]] = {}
    for event, part in _find_take_slices(timeline):
        clip = clips[part.clip_key]
        if clip.barred:
            notes[f"{event.shot}: the take of step {part.step} gets black bars"] = None
        if clip.differences and not clip.still:
            shots_by_difference.setdefault(", ".join(clip.differences), {})[event.shot] = None
        # A held slice needs only the frame that it holds.
        planned = part.source.end if part.hold_frame is None else part.hold_frame + 1
        missing = planned - clip.new_frame_count
        if clip.still or missing <= 0:
            continue
        if missing > MAX_HELD_FRAMES or clip.new_frame_count < 1:
            raise StitchError(
                f"take_short: shot {event.shot}, step {part.step}: the take has "
                f"{max(0, clip.new_frame_count)} frames, not {planned}",
                hint=f"shorten {event.shot} or its transition, or make another take",
            )
        frames = "frame" if missing == 1 else "frames"
        notes[
            f"{event.shot}: the take of step {part.step} is {missing} {frames} too short; its "
            "last frame is repeated"
        ] = None
    for difference, shots in shots_by_difference.items():
        notes[
            (
                f"converted to the format of the film: {_join_first_shot_ids(list(shots))}: "
                f"{difference}"
            )
        ] = None
    return tuple(notes)


def _join_first_shot_ids(shot_ids: Sequence[str]) -> str:
    more = (
        f" and {len(shot_ids) - _MAX_NAMED_SHOTS} more" if len(shot_ids) > _MAX_NAMED_SHOTS else ""
    )
    return ", ".join(shot_ids[:_MAX_NAMED_SHOTS]) + more


def render_slice_frames(
    slices: Sequence[Slice],
    clips: Mapping[ClipKey, ConformedClip],
    size: Size,
    *,
    threads: int = 0,
    fonts: FontSet = OURS,
) -> Generator[Frame, None, None]:
    """The frames of `slices`, in order; some may be the same array, so callers must not write to
    them.
    """
    for part in slices:
        if part.step:
            yield from _read_take_slice_frames(part, clips[part.clip_key], threads)
        elif part.card:
            yield from repeat(draw_title_card(part.card, size, fonts), part.source.length)
        else:
            yield from repeat(create_solid_frame(part.color or "black", size), part.source.length)


def _read_take_slice_frames(
    part: Slice, clip: ConformedClip, threads: int
) -> Generator[Frame, None, None]:
    last, length = clip.frames - 1, part.source.length
    start = clip.first + part.source.start
    held_frame: int | None = None
    if clip.still:
        held_frame = 0
    elif part.hold_frame is not None:
        held_frame = min(clip.first + part.hold_frame, last)
    # A slice that starts after the take's end shows only its last frame.
    elif start > last:
        held_frame = last
    if held_frame is not None:
        for frame in read_frames(
            clip.path, FrameRange(held_frame, held_frame + 1), threads=threads
        ):
            yield from repeat(frame, length)
        return
    end = min(start + length, clip.frames)
    frames = read_frames(clip.path, FrameRange(start, end), threads=threads)
    for number, frame in enumerate(frames, start):
        # A short take's last frame is repeated for the frames that it lacks.
        yield from repeat(frame, 1 if number < end - 1 else 1 + length - (end - start))


def _find_take_slices(timeline: Timeline) -> Iterator[tuple[ShotEvent, Slice]]:
    """Every slice that shows a take, with its event."""
    for event in timeline.events:
        for part in event.slices:
            if part.step:
                yield event, part
