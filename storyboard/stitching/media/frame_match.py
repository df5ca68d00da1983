"""Image similarity, and locating one clip's frame in another clip."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from storyboard.stitching.media.frames import read_frames
from storyboard.timecode import FrameRange

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALIKE = 6.0
"""Mean difference of two small grey pictures, in levels of 255, up to which they are the same."""
CLEAR = 0.5
"""How much smaller the difference at another position must be to count as a better match."""
_DIFFERENT = 20.0
"""Pictures that differ at least this much are different, however they were encoded."""
_NEAR = 4
"""Frames to search on both sides of the expected position."""
_SMALL = (80, 45)


def count_source_frames_in_result(
    source: Path, expected_source_frames: int, result: Path, result_frames: int
) -> int | None:
    """How many frames at the start of `result` come from `source`.

    The last of `expected_source_frames` is searched around its expected position, and another
    position wins only if it is clearly more similar. None if no frame there matches. Raises
    MediaError for a file that can't be read.
    """
    place = expected_source_frames - 1
    if not 0 <= place < result_frames:
        return None
    search_range = FrameRange(max(0, place - _NEAR), min(place + _NEAR + 1, result_frames))
    target = read_grey_thumbnails(source, place)[0]
    differences = [
        measure_picture_difference(target, thumbnail)
        for thumbnail in read_grey_thumbnails(result, search_range.start, search_range.length)
    ]
    least, own = min(differences), differences[place - search_range.start]
    if least >= _DIFFERENT:
        return None
    # In a still scene many positions match equally well: keep the expected one unless another is
    # clearly better.
    if own <= least + CLEAR or least > ALIKE:
        return expected_source_frames
    return search_range.start + differences.index(least) + 1


def read_grey_thumbnails(path: Path, first_frame: int, count: int = 1) -> list[NDArray[np.uint8]]:
    """Small grey pictures of `count` frames from `first_frame` on."""
    import cv2
    import numpy as np

    frame_range = FrameRange(first_frame, first_frame + count)
    return [
        np.asarray(cv2.resize(frame[: len(frame) * 2 // 3], _SMALL, interpolation=cv2.INTER_AREA))
        for frame in read_frames(path, frame_range, threads=1)
    ]


def measure_picture_difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Their mean difference in levels of 255."""
    import cv2

    return float(cv2.absdiff(one, other).mean())
