"""Plays takes that continue one another from the longest one, which contains the others.

An extension's file often begins with its source. Where the untrimmed source comes right before the
extension, both become one range of one file, with no seam and nothing to encode. Whether the file
really contains the source, frame for frame, is measured; if not, the seam stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from storyboard.errors import MediaError
from storyboard.graph.timeline import ClipKey, ShotEvent, Slice, Timeline
from storyboard.stitching.media.frame_match import (
    ALIKE,
    CLEAR,
    measure_picture_difference,
    read_grey_thumbnails,
)
from storyboard.stitching.picture.clips import ConformedClip
from storyboard.timecode import FrameRange

_NEAR = 2
"""Frames on both sides of the expected position that are compared too."""


def move_slices_to_extensions(
    timeline: Timeline, clips: Mapping[ClipKey, ConformedClip]
) -> Timeline:
    """`timeline` with every slice moved to a longer take of its chain that contains it."""
    slices = [list(event.slices) for event in timeline.events]
    # From the end back, a slice has already been moved when the one before it follows it.
    for earlier, later in _find_seams(timeline.events):
        before, after = (slices[event][part] for event, part in (earlier, later))
        original = timeline.events[later[0]].slices[later[1]]
        if moved := _move_slice_to_extension(before, after, original, clips):
            slices[earlier[0]][earlier[1]] = moved
    events = (
        replace(event, slices=tuple(parts))
        for event, parts in zip(timeline.events, slices, strict=True)
    )
    return replace(timeline, events=tuple(events))


def _find_seams(events: tuple[ShotEvent, ...]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Pairs of slices joined by a plain cut, each as (event, slice), from the end back."""
    for number in range(len(events) - 1, -1, -1):
        event = events[number]
        for part in range(len(event.slices) - 1, 0, -1):
            yield (number, part - 1), (number, part)
        before = events[number - 1] if number else None
        if (
            before
            and event.entering is None
            and before.visible.end == event.visible.start == event.record.start
        ):
            yield (number - 1, len(before.slices) - 1), (number, 0)


def _move_slice_to_extension(
    before: Slice, after: Slice, original: Slice, clips: Mapping[ClipKey, ConformedClip]
) -> Slice | None:
    """`before` as a slice of the take that `after` plays, if that take contains it.

    `original` is `after` as in the timeline; `after` itself may already play from a longer take.
    """
    if not (before.step and after.step) or before.framing != after.framing:
        return None
    if not before.hold_frame is original.hold_frame is None:
        return None
    if clips[before.clip_key].still or before.step == after.step:
        return None
    source, result = clips[before.clip_key], clips[after.clip_key]
    first = source.first + before.source.start
    # Only a source that plays to its last frame, before an extension that plays from its first.
    if original.source.start or source.first + before.source.end != source.frames:
        return None
    position = result.first + after.source.start - before.source.length
    span = (before.source.length, result.frames)
    if position < 0 or not _has_source_at(source.path, result.path, first, position, span):
        return None
    start = position - result.first
    return replace(before, step=after.step, source=FrameRange(start, start + before.source.length))


@lru_cache(maxsize=1024)
def _has_source_at(
    source: Path, result: Path, source_start: int, result_start: int, lengths: tuple[int, int]
) -> bool:
    """Whether `source` from `source_start` on equals `result` from `result_start` on.

    `lengths` are the number of frames to match, and the number of frames of `result`. The first and
    the last frame are compared, and the last must match its position at least about as well as the
    neighbouring ones.
    """
    frames, whole = lengths
    last = result_start + frames - 1
    search_range = FrameRange(max(0, last - _NEAR), min(last + _NEAR + 1, whole))
    if last not in search_range:
        return False
    try:
        if (
            measure_picture_difference(
                read_grey_thumbnails(source, source_start)[0],
                read_grey_thumbnails(result, result_start)[0],
            )
            > ALIKE
        ):
            return False
        last_thumbnail = read_grey_thumbnails(source, source_start + frames - 1)[0]
        differences = [
            measure_picture_difference(last_thumbnail, thumbnail)
            for thumbnail in read_grey_thumbnails(result, search_range.start, search_range.length)
        ]
    except MediaError:
        return False
    own_difference = differences[last - search_range.start]
    return own_difference <= min(ALIKE, min(differences) + CLEAR)
