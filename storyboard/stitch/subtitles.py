"""Subtitles beside the film: SRT and WebVTT, from the words that the storyboard has.

A cue is at most two lines of 42 characters, stands for a second or more, and leaves two frames
before the next. Voices without a picture (off-screen lines, narration) are in italics.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from storyboard.film import Film, Line
from storyboard.graph.speech import line_ranges
from storyboard.graph.timeline import Timeline
from storyboard.timecode import FrameRange

WIDTH = 42
"""Characters in a line."""
LINES = 2
GAP = 2
"""Frames between one cue and the next."""
SUFFIXES = (".srt", ".vtt")


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
    return tuple(_spaced(parts, timeline))


def write_subtitles(film: Film, timeline: Timeline, out: Path) -> tuple[Path, ...]:
    """Writes the sidecars of the film file `out`, by rename, and returns their paths.

    A film without words has none.
    """
    import pysubs2

    found = cues(film, timeline)
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
    written = tuple(out.with_suffix(suffix) for suffix in SUFFIXES)
    for path in written:
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        unfinished.write_text(subtitles.to_string(path.suffix[1:]), encoding="utf-8")
        unfinished.replace(path)
    return written


def _spoken(film: Film, timeline: Timeline) -> Iterator[tuple[FrameRange, Line]]:
    """Each line with the film frames in which it is spoken."""
    shots = {shot.id: shot for shot in film.shots}
    for event in timeline.events:
        lines = shots[event.shot].dialogue
        for span, line in zip(line_ranges(lines, timeline.rate), lines, strict=True):
            yield span.shifted(event.record.start), line
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
        end = min(max(cue.span.end, start + least), timeline.length)
        if following:
            room = following.span.start - GAP
            if room - start < least:  # the next one waits until this one can be read
                room = start + least
                begin = min(room + GAP, timeline.length)
                length = max(1, following.span.end - begin)
                waiting[0] = replace(following, span=FrameRange(begin, begin + length))
            end = min(end, room)
        yield replace(cue, span=FrameRange(start, end))


def _together(cue: Cue, following: Cue) -> bool:
    """Whether two short cues fit one above the other, one line each."""
    return all(
        len(each.lines) == 1 and len(each.lines[0]) <= WIDTH - 2 for each in (cue, following)
    )


def _milliseconds(frame: int, timeline: Timeline) -> int:
    return round(timeline.rate.seconds(frame) * 1000)
