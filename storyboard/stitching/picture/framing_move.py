"""Moves the frame over a picture: from a first framing to a last one, eased.

Each frame is resampled from the source with a window of fractional pixels, so that a slow move is
smooth.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

from storyboard.model.film import Delivery
from storyboard.model.framing import Framing, ShownFraming
from storyboard.stitching.media.ffmpeg import run_ffmpeg
from storyboard.stitching.media.frames import read_frames
from storyboard.stitching.media.yuv import Frame, split_planes
from storyboard.timecode import FrameRange

if TYPE_CHECKING:
    import numpy as np

_TAGS = (
    *("-color_range", "tv", "-colorspace", "bt709"),
    *("-color_primaries", "bt709", "-color_trc", "bt709"),
)


@dataclass(frozen=True, slots=True)
class _Window:
    """The part of a picture that fills the frame, in shares of the picture's width and height."""

    left: float
    top: float
    width: float
    height: float


def encode_framing_move(
    path: Path,
    delivery: Delivery,
    framing: ShownFraming,
    out: Path,
    *,
    frames: int,
    is_still: bool,
) -> None:
    """Writes `frames` frames to `out`, each with its window of the move.

    A still is repeated; a clip must have that many frames, at the rate of `delivery`.
    """
    width, height = delivery.size
    run_ffmpeg(
        [
            *("-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{width}x{height}"),
            *("-framerate", f"{delivery.rate.value}", *_TAGS, "-i", "pipe:0", *_TAGS),
            *("-c:v", "libx264", "-preset", "veryfast", "-crf", "12", "-threads", "2"),
            *("-g", f"{delivery.rate.nominal}", "-fflags", "+bitexact", "-flags:v", "+bitexact"),
            *("-video_track_timescale", f"{delivery.rate.value.numerator * 1000}"),
            *("-f", "mp4", f"file:{out}"),
        ],
        stdin=(
            frame.data for frame in _render_frames(path, (width, height), framing, frames, is_still)
        ),
    )


def _render_frames(
    path: Path, size: tuple[int, int], framing: ShownFraming, frames: int, is_still: bool
) -> Iterator[Frame]:
    sources = read_frames(path, FrameRange(0, 1 if is_still else frames))
    if is_still:
        sources = repeat(next(sources), frames)
    for number, source in enumerate(sources):
        window = compute_move_window(
            framing, number, (source.shape[1], source.shape[0] * 2 // 3), size
        )
        yield _resample(source, window, size)


def compute_move_window(
    framing: ShownFraming, frame: int, picture: tuple[int, int], size: tuple[int, int]
) -> _Window:
    """The window in that source frame; it is at rest at both ends of the move and outside it."""
    assert framing.move is not None
    first, last = (_compute_window(end, picture, size) for end in framing.fit)
    at = (frame - framing.move.start) / max(1, framing.move.length - 1)
    share = 0.5 - 0.5 * math.cos(math.pi * min(1.0, max(0.0, at)))
    # A zoom looks even if each frame grows by the same factor, and its middle moves on a straight
    # line.
    width = first.width * (last.width / first.width) ** share
    if not math.isclose(first.width, last.width):
        share = (width - first.width) / (last.width - first.width)

    def mix(start: float, end: float) -> float:
        return start + (end - start) * share

    return _Window(
        left=mix(first.left, last.left),
        top=mix(first.top, last.top),
        width=mix(first.width, last.width),
        height=mix(first.height, last.height),
    )


def _compute_window(framing: Framing, picture: tuple[int, int], size: tuple[int, int]) -> _Window:
    shape = (picture[0] / picture[1]) / (size[0] / size[1])
    width, height = min(1, 1 / shape) / framing.zoom, min(1, shape) / framing.zoom
    x, y = framing.position
    return _Window((1 - width) * x, (1 - height) * y, width, height)


def _resample(source: Frame, window: _Window, size: tuple[int, int]) -> Frame:
    import numpy as np
    from PIL import Image

    planes: list[np.ndarray] = []
    for plane, (width, height) in zip(
        split_planes(source),
        (size, (size[0] // 2, size[1] // 2), (size[0] // 2, size[1] // 2)),
        strict=True,
    ):
        down, across = plane.shape
        box = (
            window.left * across,
            window.top * down,
            min(across, (window.left + window.width) * across),
            min(down, (window.top + window.height) * down),
        )
        picture = Image.fromarray(np.ascontiguousarray(plane))
        resized = picture.resize((width, height), Image.Resampling.LANCZOS, box=box)
        planes.append(np.asarray(resized).reshape(-1))
    return np.concatenate(planes).reshape(size[1] * 3 // 2, size[0])
