"""The index of a plain MP4 from its table of contents alone: what a decoder would find, unasked.

Nearly every take is one. Reading the table is a hundred times quicker than opening the file with
a demuxer; whatever is not plain is left to that.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from storyboard.stitching.packets import Index
from storyboard.stitching.smart.clipindex import NotCopied, read_index
from storyboard.timecode import Rate

_FINE = 2000
"""Ticks a second from which on equal steps tell a rate exactly."""


def plain_index(path: Path) -> Index | None:
    """The index of `path`; None where it takes a demuxer to know."""
    try:
        clip = read_index(path)
    except NotCopied:
        return None
    samples, told = clip.samples, clip.sequences[0]
    times = sorted(samples.shown)
    steps = {later - earlier for earlier, later in pairwise(times)}
    if (
        samples.start is None
        or samples.timescale < _FINE
        or len(clip.sequences) > 1
        or len(steps) != 1
        or not (samples.straight and told.square)
        or told.colors is None
        or (samples.tagged and not told.tagged)
        or told.colors[0]
    ):
        return None
    step = steps.pop()
    if step <= 0:
        return None
    rate = Rate(Fraction(samples.timescale, step))
    pts = tuple(at - samples.start for at in times)
    return Index(
        pts=pts,
        entries=tuple(pts[number] for number in clip.entries),
        time_base=Fraction(1, samples.timescale),
        rate=rate,
        constant=True,
        codec="h264",
        pixel_format="yuv420p",
        coded=told.size,
        pixel_aspect=Fraction(1),
        rotation=0,
        mirrored=False,
        interlaced=False,
        color_range=1 if told.tagged else 0,
        colorspace=told.colors[3],
        transfer=told.colors[2],
        has_audio=samples.sounds,
        seconds=rate.seconds(len(pts)),
    )
