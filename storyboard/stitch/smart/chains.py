"""Takes that run on from one another: played from the longest, which holds the others.

An extension's file often begins with its source. Where that source stands untrimmed before it,
both are one stretch of one file, with no seam and nothing to encode. That the source is really in
there, frame for frame, is measured; a file that doesn't hold it keeps its seam.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from storyboard.errors import MediaError
from storyboard.graph.timeline import Event, Slice, Timeline
from storyboard.stitch.frames import read_frames
from storyboard.stitch.material import Clip
from storyboard.timecode import FrameRange

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ALIKE = 6.0
"""Mean difference of two small grey pictures, in levels of 255, up to which they are the same."""
_CLEAR = 0.5
"""By so much less another place must be to be the better one."""
_NEAR = 2
"""Frames on both sides of its place at which a frame is looked for too."""
_SMALL = (80, 45)


def unbroken(timeline: Timeline, clips: Mapping[str, Clip]) -> Timeline:
    """`timeline` with every slice that a longer take of its chain holds played from that one."""
    slices = [list(event.slices) for event in timeline.events]
    for earlier, later in _seams(timeline.events):
        before, after = (slices[event][part] for event, part in (earlier, later))
        held = timeline.events[later[0]].slices[later[1]]
        if moved := _moved(before, after, held, clips):
            slices[earlier[0]][earlier[1]] = moved
    events = (
        replace(event, slices=tuple(parts))
        for event, parts in zip(timeline.events, slices, strict=True)
    )
    return replace(timeline, events=tuple(events))


def _seams(events: tuple[Event, ...]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Slices that follow each other by a plain cut, as (event, slice) pairs, from the end back."""
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


def _moved(before: Slice, after: Slice, held: Slice, clips: Mapping[str, Clip]) -> Slice | None:
    """`before` as a slice of the take that `after` plays from, where that take holds it.

    `held` is `after` as the timeline has it, which may play from a longer take already.
    """
    if not (before.step and after.step) or not before.freeze is held.freeze is None:
        return None
    if clips[before.step].still or before.step == after.step:
        return None
    source, result = clips[before.step], clips[after.step]
    first = source.first + before.source.start
    if held.source.start or source.first + before.source.end != source.frames:
        return None
    behind = result.first + after.source.start - before.source.length
    span = (before.source.length, result.frames)
    if behind < 0 or not _holds(source.path, result.path, first, behind, span):
        return None
    start = behind - result.first
    return replace(before, step=after.step, source=FrameRange(start, start + before.source.length))


@lru_cache(maxsize=1024)
def _holds(source: Path, result: Path, first: int, behind: int, span: tuple[int, int]) -> bool:
    """Whether frames of `source` from `first` on stand in `result` from `behind` on.

    `span` is how many, and how many frames `result` has. The first and the last are compared, and
    the last must not be less like its own place than like those around it.
    """
    frames, whole = span
    last = behind + frames - 1
    near = FrameRange(max(0, last - _NEAR), min(last + _NEAR + 1, whole))
    if last not in near:
        return False
    try:
        if _apart(_seen(source, first)[0], _seen(result, behind)[0]) > _ALIKE:
            return False
        due = _seen(source, first + frames - 1)[0]
        apart = [_apart(due, each) for each in _seen(result, near.start, near.length)]
    except MediaError:
        return False
    own = apart[last - near.start]
    return own <= min(_ALIKE, min(apart) + _CLEAR)


def _seen(path: Path, first: int, frames: int = 1) -> list[NDArray[np.uint8]]:
    """Small grey pictures of the frames from `first` on."""
    import cv2
    import numpy as np

    wanted = FrameRange(first, first + frames)
    return [
        np.asarray(cv2.resize(frame[: len(frame) * 2 // 3], _SMALL, interpolation=cv2.INTER_AREA))
        for frame in read_frames(path, wanted, threads=1)
    ]


def _apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    import cv2

    return float(cv2.absdiff(one, other).mean())
