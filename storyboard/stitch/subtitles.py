"""Subtitles: what is said, from the words that the storyboard has, in cues that can be read.

A cue is at most two lines of 42 characters, stands for one second to seven, long enough for
eighteen characters a second where there is room, and leaves two frames before the next. One that
begins or ends close to a cut begins or ends with it. Voices without a picture (off-screen lines,
narration) are in italics.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from storyboard.film import Film, Line
from storyboard.graph.speech import spoken
from storyboard.graph.timeline import Timeline
from storyboard.timecode import FrameRange

WIDTH = 42
"""Characters in a line."""
LINES = 2
GAP = 2
"""Frames between one cue and the next."""
LONGEST_S = 7
READING = 18
"""Characters a second that are read with ease."""
SUFFIXES = (".srt", ".vtt")
_NEAR_S = Fraction(1, 4)
"""How close to a cut a cue begins with it; twice that, how close it ends with it."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Words on the screen, wrapped, and the film frames that show them."""

    span: FrameRange
    lines: tuple[str, ...]
    off: bool = False


def cues(film: Film, timeline: Timeline) -> tuple[Cue, ...]:
    """Every spoken line of the cut, in order, as cues that don't overlap."""
    spoken = sorted(_spoken(film, timeline), key=lambda pair: pair[0].start)
    parts = [part for span, line in spoken for part in _parts(span, line)]
    return tuple(_snapped(list(_spaced(parts, timeline)), timeline))


def write_subtitles(film: Film, timeline: Timeline, out: Path) -> tuple[Path, ...]:
    """Writes the sidecars of the film file `out`, by rename, and returns their paths.

    A film without words has none.
    """
    return write_cues(cues(film, timeline), timeline, [out.with_suffix(each) for each in SUFFIXES])


def write_cues(found: Sequence[Cue], timeline: Timeline, paths: Sequence[Path]) -> tuple[Path, ...]:
    """Writes the cues to every path, in the format of its suffix; nothing where there are none."""
    import pysubs2

    if not found:
        return ()
    subtitles = pysubs2.SSAFile()
    for cue in found:
        text = r"\N".join(cue.lines)
        subtitles.append(
            pysubs2.SSAEvent(
                start=_milliseconds(cue.span.start, timeline),
                end=_milliseconds(cue.span.end, timeline),
                text=rf"{{\i1}}{text}{{\i0}}" if cue.off else text,
            )
        )
    for path in paths:
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        unfinished.write_text(subtitles.to_string(path.suffix[1:]), encoding="utf-8")
        unfinished.replace(path)
    return tuple(paths)


def _spoken(film: Film, timeline: Timeline) -> Iterator[tuple[FrameRange, Line]]:
    """Each line with the film frames in which it is heard.

    Of a line that runs on where its take is used again, the shot that has most of it shows it.
    """
    for each in spoken(film, timeline):
        if each.heard is None:
            continue
        if each.borrowed and (not each.sounds or 2 * each.heard.length < each.span.length):
            continue
        yield each.heard, each.line
    for told in timeline.told:
        yield told.span, replace(told.line, off=True)


def _parts(span: FrameRange, line: Line) -> Iterator[Cue]:
    """One cue, or as many as its words need, sharing the time by their letters."""
    rows = _wrapped(" ".join(line.words.split()))
    pages = [rows[at : at + LINES] for at in range(0, len(rows), LINES)]
    letters = [sum(map(len, page)) for page in pages]
    start, done = span.start, 0
    for page, count in zip(pages, letters, strict=True):
        done += count
        end = span.start + span.length * done // sum(letters)
        yield Cue(FrameRange(start, max(end, start + 1)), tuple(page), line.off)
        start = max(end, start + 1)


def _wrapped(text: str) -> list[str]:
    """Lines of at most WIDTH, of even length where two make a page."""
    import textwrap

    rows = textwrap.wrap(text, WIDTH) or [""]
    if len(rows) > LINES or len(rows) == 1:
        return rows
    for width in range(len(text) // 2, WIDTH):
        even = textwrap.wrap(text, width, break_long_words=False)
        if len(even) == len(rows) and max(map(len, even)) <= WIDTH:
            return even
    return rows


def _spaced(parts: Sequence[Cue], timeline: Timeline) -> Iterator[Cue]:
    """Cues with their least time and their gaps; two that start as one share the screen."""
    least = timeline.rate.frames(1)
    waiting: list[Cue] = sorted(parts, key=lambda cue: cue.span.start)
    while waiting:
        cue = waiting.pop(0)
        start = cue.span.start
        if start >= timeline.length:
            return
        following = waiting[0] if waiting else None
        if following and following.span.start - start < least // 2 and _together(cue, following):
            both = (f"- {cue.lines[0]}", f"- {following.lines[0]}")
            end = max(cue.span.end, following.span.end)
            waiting[0] = Cue(FrameRange(start, end), both, cue.off and following.off)
            continue
        end = min(max(cue.span.end, start + _readable(cue, timeline)), timeline.length)
        end = min(end, start + LONGEST_S * least)
        if following:
            room = following.span.start - GAP
            if room - start < least:  # the next one waits until this one can be read
                room = start + least
                begin = min(room + GAP, timeline.length)
                length = max(1, following.span.end - begin)
                waiting[0] = replace(following, span=FrameRange(begin, begin + length))
            end = min(end, room)
        yield replace(cue, span=FrameRange(start, end))


def _readable(cue: Cue, timeline: Timeline) -> int:
    """The frames that a cue wants: a second, and time to read it."""
    rate = timeline.rate
    letters = sum(map(len, cue.lines))
    return max(rate.frames(1), rate.frames(Fraction(letters, READING)))


def _snapped(found: list[Cue], timeline: Timeline) -> Iterator[Cue]:
    """The cues, those that begin or end close to a cut set to it where they have the room."""
    rate = timeline.rate
    cuts = [event.record.start for event in timeline.events[1:]]
    least, near, far = rate.frames(1), rate.frames(_NEAR_S), rate.frames(2 * _NEAR_S)
    before = 0
    for number, cue in enumerate(found):
        start, end = cue.span.start, cue.span.end
        following = found[number + 1].span.start if number + 1 < len(found) else None
        room = timeline.length if following is None else following - GAP
        for cut in cuts:
            if abs(cut - start) <= near and before <= cut <= end - least:
                start = cut
        for cut in cuts:
            to = cut - GAP
            if abs(cut - end) <= far and to <= room and to - start >= least:
                end = to
                break
        before = end + GAP
        yield replace(cue, span=FrameRange(start, end))


def _together(cue: Cue, following: Cue) -> bool:
    """Whether two short cues fit one above the other, one line each."""
    return all(
        len(each.lines) == 1 and len(each.lines[0]) <= WIDTH - 2 for each in (cue, following)
    )


def _milliseconds(frame: int, timeline: Timeline) -> int:
    return round(timeline.rate.seconds(frame) * 1000)
