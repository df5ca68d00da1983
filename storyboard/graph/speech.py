"""When lines are spoken: at their stated times, or one after the other at a common pace."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from storyboard.film import Line
from storyboard.timecode import FrameRange, Rate

WORDS_PER_SECOND = Fraction(13, 5)
"""A common reading pace."""
_LEAD = Fraction(1, 2)
BREATH = Fraction(3, 10)
"""Seconds between a line and one that follows it."""
_UNWRITTEN = 16
"""Words of a line that is still to be written: two sentences."""


def line_ranges(lines: Sequence[Line], rate: Rate) -> tuple[FrameRange, ...]:
    """Frames from the start of the take in which each line is spoken.

    A line without `at` begins half a second in, or a breath after the line before it.
    """
    ranges: list[FrameRange] = []
    for line in lines:
        if line.at is not None:
            start = line.at
        elif ranges:
            start = ranges[-1].end + rate.frames(BREATH)
        else:
            start = rate.frames(_LEAD)
        words = len(line.words.split()) or (_UNWRITTEN if line.write else 0)
        seconds = max(Fraction(1, 2), words / WORDS_PER_SECOND)
        ranges.append(FrameRange(start, start + rate.frames_up(seconds)))
    return tuple(ranges)
