"""Subtitles: what is said, from the words that the storyboard has, in cues that can be read.

A cue is at most two lines of 42 columns, stands for one second to seven, long enough for
eighteen columns a second where there is room, and leaves two frames before the next. One that
begins or ends close to a cut begins or ends with it. Voices without a picture (off-screen lines,
narration) are in italics.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from storyboard.film import Film, Line
from storyboard.graph.speech import spoken
from storyboard.graph.timeline import Timeline
from storyboard.stitching.rows import columns, rows
from storyboard.stitching.screentime import times, wanted
from storyboard.timecode import FrameRange, Rate

WIDTH = 42
"""Columns of a line."""
LINES = 2


@dataclass(frozen=True, slots=True)
class Cue:
    """Words on the screen, wrapped, and the film frames that show them."""

    span: FrameRange
    lines: tuple[str, ...]
    off: bool = False
    speaker: str = ""


def cues(film: Film, timeline: Timeline, width: int = WIDTH) -> tuple[Cue, ...]:
    """Every line that the cut speaks, in order, as cues that don't overlap."""
    rate = timeline.rate
    said = sorted(_spoken(film, timeline), key=lambda pair: pair[0].start)
    pages = [page for span, line in said for page in _pages(span, line, width)]
    found = _shared(sorted(pages, key=lambda page: page.span.start), width, rate)
    wants = [wanted(sum(map(columns, cue.lines)), rate) for cue in found]
    cuts = [event.record.start for event in timeline.events[1:]]
    shown = times([cue.span for cue in found], wants, cuts, timeline.length, rate)
    placed = (replace(cue, span=span) for cue, span in zip(found, shown, strict=True))
    return tuple(cue for cue in placed if cue.span.length)


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
        if heard := told.span.intersection(FrameRange(0, timeline.length)):
            yield heard, replace(told.line, off=True)


def _pages(span: FrameRange, line: Line, width: int) -> Iterator[Cue]:
    """One cue, or as many as its words need, sharing the time by their letters."""
    broken = rows(line.words, width)
    sizes = [columns(row) for row in broken]
    total = max(1, sum(sizes))
    for at in range(0, len(broken), LINES):
        start, end = (
            span.start + span.length * sum(sizes[:to]) // total for to in (at, at + LINES)
        )
        part = FrameRange(start, max(end, start + 1))
        yield Cue(part, tuple(broken[at : at + LINES]), line.off, line.speaker)


def _shared(pages: Sequence[Cue], width: int, rate: Rate) -> list[Cue]:
    """The cues, where two that begin as one share the screen, a line each."""
    found: list[Cue] = []
    for page in pages:
        last = found[-1] if found else None
        if last is None or not _together(last, page, width, rate):
            found.append(page)
            continue
        dash = "- " if last.speaker != page.speaker else ""
        span = FrameRange(last.span.start, max(last.span.end, page.span.end))
        both = (f"{dash}{last.lines[0]}", f"{dash}{page.lines[0]}")
        found[-1] = Cue(span, both, page.off)
    return found


def _together(one: Cue, other: Cue, width: int, rate: Rate) -> bool:
    """Whether two begin within half a second, and fit one above the other."""
    return (
        other.span.start - one.span.start < rate.frames(1) // 2
        and one.off == other.off
        and all(len(cue.lines) == 1 and columns(cue.lines[0]) <= width - 2 for cue in (one, other))
    )
