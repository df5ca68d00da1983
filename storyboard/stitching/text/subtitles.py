"""Builds subtitles from the words of the storyboard, as cues that can be read.

A cue has at most two lines of 42 columns, lasts one to seven seconds, long enough for eighteen
columns per second where there is space, and ends two frames before the next. A cue that starts or
ends close to a cut starts or ends with it. Voices without a picture (off-screen lines, narration)
are in italics.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from storyboard.graph.dialogue_timing import place_dialogue
from storyboard.graph.timeline import Timeline
from storyboard.model.film import Film, Line
from storyboard.stitching.text.line_breaking import break_lines, count_columns
from storyboard.stitching.text.subtitle_timing import compute_reading_frames, schedule_subtitle_cues
from storyboard.timecode import FrameRange, Rate

WIDTH = 42
"""Columns of a line."""
LINES = 2


@dataclass(frozen=True, slots=True)
class SubtitleCue:
    """Words on the screen, in lines, and the film frames that show them."""

    span: FrameRange
    lines: tuple[str, ...]
    off: bool = False
    speaker: str = ""


def build_subtitle_cues(
    film: Film, timeline: Timeline, max_columns: int = WIDTH
) -> tuple[SubtitleCue, ...]:
    """Every line spoken in the cut, in order, as cues that don't overlap."""
    rate = timeline.rate
    spoken_lines = sorted(_find_spoken_lines(film, timeline), key=lambda pair: pair[0].start)
    pages = [
        page for span, line in spoken_lines for page in _split_into_cues(span, line, max_columns)
    ]
    merged_cues = _merge_simultaneous_cues(
        sorted(pages, key=lambda page: page.span.start), max_columns, rate
    )
    reading_frames = [
        compute_reading_frames(sum(map(count_columns, cue.lines)), rate) for cue in merged_cues
    ]
    cuts = [event.record.start for event in timeline.events[1:]]
    spans = schedule_subtitle_cues(
        [cue.span for cue in merged_cues], reading_frames, cuts, timeline.length, rate
    )
    timed_cues = (replace(cue, span=span) for cue, span in zip(merged_cues, spans, strict=True))
    return tuple(cue for cue in timed_cues if cue.span.length)


def _find_spoken_lines(film: Film, timeline: Timeline) -> Iterator[tuple[FrameRange, Line]]:
    """Each line with the film frames in which it is heard.

    If a take is used again in another shot, the shot with most of a line shows it.
    """
    for spoken_line in place_dialogue(film, timeline):
        if spoken_line.audible_range is None:
            continue
        # A borrowed line comes from a shot that plays the same take at another place.
        if spoken_line.is_borrowed and (
            not spoken_line.is_audible
            or 2 * spoken_line.audible_range.length < spoken_line.span.length
        ):
            continue
        yield spoken_line.audible_range, spoken_line.line
    for item in timeline.narration:
        if visible_span := item.span.intersect_with(FrameRange(0, timeline.length)):
            yield visible_span, replace(item.line, off=True)


def _split_into_cues(span: FrameRange, line: Line, max_columns: int) -> Iterator[SubtitleCue]:
    """One cue, or as many as its words need, sharing the time by their number of columns."""
    text_rows = break_lines(line.words, max_columns)
    sizes = [count_columns(row) for row in text_rows]
    total = max(1, sum(sizes))
    for at in range(0, len(text_rows), LINES):
        start, end = (
            span.start + span.length * sum(sizes[:row_end]) // total for row_end in (at, at + LINES)
        )
        part = FrameRange(start, max(end, start + 1))
        yield SubtitleCue(part, tuple(text_rows[at : at + LINES]), line.off, line.speaker)


def _merge_simultaneous_cues(
    cues: Sequence[SubtitleCue], max_columns: int, rate: Rate
) -> list[SubtitleCue]:
    """The cues; two that start together share the screen, with one line each."""
    merged_cues: list[SubtitleCue] = []
    for page in cues:
        last = merged_cues[-1] if merged_cues else None
        if last is None or not _can_share_screen(last, page, max_columns, rate):
            merged_cues.append(page)
            continue
        dash = "- " if last.speaker != page.speaker else ""
        span = FrameRange(last.span.start, max(last.span.end, page.span.end))
        lines = (f"{dash}{last.lines[0]}", f"{dash}{page.lines[0]}")
        merged_cues[-1] = SubtitleCue(span, lines, page.off)
    return merged_cues


def _can_share_screen(
    first: SubtitleCue, second: SubtitleCue, max_columns: int, rate: Rate
) -> bool:
    """Whether both start within half a second of each other, and fit one above the other."""
    return (
        second.span.start - first.span.start < rate.to_frames(1) // 2
        and first.off == second.off
        and all(
            len(cue.lines) == 1 and count_columns(cue.lines[0]) <= max_columns - 2
            for cue in (first, second)
        )
    )
