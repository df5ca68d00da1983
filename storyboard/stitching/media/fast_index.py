"""The index of a plain MP4, read from its table of contents alone.

Nearly every take is one. Reading the table is about a hundred times faster than opening the file
with a demuxer; a file that is not plain is left to the demuxer.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from storyboard.stitching.media.clip_index import CannotStreamCopy, read_clip_index
from storyboard.stitching.media.frame_index import FrameIndex
from storyboard.timecode import Rate

_MIN_TIMESCALE = 2000
"""Ticks per second from which equal steps give the exact rate."""


def read_plain_mp4_index(path: Path) -> FrameIndex | None:
    """The index of `path`; None if only a demuxer can tell."""
    try:
        clip_index = read_clip_index(path)
    except CannotStreamCopy:
        return None
    samples, sps = clip_index.samples, clip_index.sequences[0]
    times = sorted(samples.shown_at)
    steps = {later - earlier for earlier, later in pairwise(times)}
    # Anything that could make a player show something else than the coded frames at equal steps: an
    # edit list, a coarse clock, uneven steps, a shape, partly stated or full-range colours.
    if (
        samples.start is None
        or samples.timescale < _MIN_TIMESCALE
        or len(clip_index.sequences) > 1
        or len(steps) != 1
        or not (samples.straight and sps.square)
        or sps.colors is None
        or (samples.tagged and not sps.states_colors)
        or sps.colors[0]
    ):
        return None
    step = steps.pop()
    if step <= 0:
        return None
    rate = Rate(Fraction(samples.timescale, step))
    pts = tuple(at - samples.start for at in times)
    return FrameIndex(
        pts=pts,
        entries=tuple(pts[number] for number in clip_index.entries),
        time_base=Fraction(1, samples.timescale),
        rate=rate,
        constant=True,
        codec="h264",
        pixel_format="yuv420p",
        coded_size=sps.size,
        pixel_aspect=Fraction(1),
        rotation=0,
        mirrored=False,
        interlaced=False,
        color_range=1 if sps.states_colors else 0,
        colorspace=sps.colors[3],
        transfer=sps.colors[2],
        has_audio=samples.has_audio,
        seconds=rate.to_seconds(len(pts)),
    )
