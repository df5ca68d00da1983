"""When lines are spoken: at their stated times, or one after the other at a common pace.

A take speaks its lines, so their times count from its start; in the film a line stands where that
moment of the take does, and what `trim` or `length` cuts away is not heard.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from storyboard.effects import lasting, moves_time
from storyboard.film import Film, Line, Shot
from storyboard.graph.notices import Notices
from storyboard.graph.timeline import Event, Timeline
from storyboard.timecode import FrameRange, Rate

WORDS_PER_SECOND = Fraction(13, 5)
"""A common reading pace."""
_LEAD = Fraction(1, 2)
BREATH = Fraction(3, 10)
"""Seconds between a line and one that follows it."""
_SLOWER = Fraction(1, 4)
"""Seconds by which a line may begin after it is reckoned to."""
_QUICKER = Fraction(1, 2)
"""Seconds by which a line may end before it is reckoned to."""
_UNWRITTEN = 16
"""Words of a line that is still to be written: two sentences."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line of dialogue in its place."""

    line: Line
    event: Event
    source: str
    """The shot that states it: another one's where a take is used again."""
    number: int
    """Which of that shot's lines it is."""
    span: FrameRange
    """Film frames that it would take as a whole."""
    heard: FrameRange | None
    """Those in which it is heard, if it is."""
    by_take: bool
    """False for a voice over a colour or a card, which has a sound of its own."""
    sounds: bool
    """False where the sound of the shot is left out."""

    @property
    def borrowed(self) -> bool:
        return self.source != self.event.shot


def line_ranges(lines: Sequence[Line], rate: Rate, begin: int = 0) -> tuple[FrameRange, ...]:
    """Frames from the start of the take in which each line is spoken.

    A line without `at` begins half a second after frame `begin`, or a breath after the line before
    it.
    """
    ranges: list[FrameRange] = []
    for line in lines:
        if line.at is not None:
            start = line.at
        elif ranges:
            start = ranges[-1].end + rate.frames(BREATH)
        else:
            start = begin + rate.frames(_LEAD)
        words = len(line.words.split()) or (_UNWRITTEN if line.write else 0)
        seconds = max(Fraction(1, 2), words / WORDS_PER_SECOND)
        ranges.append(FrameRange(start, start + rate.frames_up(seconds)))
    return tuple(ranges)


def spoken(film: Film, timeline: Timeline) -> Iterator[Spoken]:
    """Every line of dialogue, shot by shot; of a take that is used again, its own shot's lines."""
    shots, rate = {shot.id: shot for shot in film.shots}, timeline.rate
    for event in timeline.events:
        by_take = any(part.step for part in event.slices)
        shot = shots[event.shot]
        source = _speaker(shot, shots) if by_take else shot
        sounds = not shot.mute and (source.audio or not by_take)
        room = _audible(event, shot) if by_take else FrameRange(event.record.start, timeline.length)
        unasked = by_take and source is shot and shot.clip is not None
        begin = event.taken.start if unasked else 0
        ranges = line_ranges(source.dialogue, rate, begin)
        for number, (line, frames) in enumerate(zip(source.dialogue, ranges, strict=True)):
            span = (
                _placed(event, shot, frames, rate)
                if by_take
                else frames.shifted(event.record.start)
            )
            heard = span.intersection(room)
            yield Spoken(line, event, source.id, number, span, heard, by_take, sounds)


def lines_inside(film: Film, timeline: Timeline, notices: Notices) -> None:
    """Warns of lines that the film cuts away, at its start, or for long at its end.

    A line is well where any shot that uses the take lets it be heard.
    """
    shots, rate = {shot.id: shot for shot in film.shots}, timeline.rate
    best: dict[tuple[str, int], tuple[int, int, Spoken]] = {}
    for each in spoken(film, timeline):
        if not each.by_take or not each.sounds:
            continue
        heard = each.heard.length if each.heard else 0
        late = max(0, each.heard.start - each.span.start) if each.heard else 0
        lost = each.span.length - heard
        cut = late > rate.frames(_SLOWER) or lost > rate.frames(_QUICKER)
        missing = lost if cut or not heard else 0
        found = (missing, each.borrowed, each)
        key = (each.source, each.number)
        best[key] = min(best.get(key, found), found, key=lambda known: known[:2])
    for (source, number), (missing, _, each) in best.items():
        if missing:
            shot, taken = each.event.shot, each.event.taken
            begin, end, gone = (float(rate.seconds(at)) for at in (taken.start, taken.end, missing))
            part = f"about {gone:.1f} s of this line" if each.heard else "this line"
            notices.warning(
                "SB366",
                shots[source].span(f"dialogue[{number}]"),
                f"{part} lies outside what {shot} plays of the take, {begin:.3g} to {end:.3g} s",
                "`at` counts from the start of the take; move it, or change `trim` or `length`",
            )


def _speaker(shot: Shot, shots: Mapping[str, Shot]) -> Shot:
    """The shot whose lines the take of `shot` speaks: its own, else that of the take."""
    while not shot.dialogue and shot.clip and shot.clip.shot in shots:
        shot = shots[shot.clip.shot]
    return shot


def _placed(event: Event, shot: Shot, frames: FrameRange, rate: Rate) -> FrameRange:
    """The film frames at which a part of the take stands, or would stand if it were played."""
    pace = Fraction(1)
    if {each.name for each in shot.effects if moves_time(each)} == {"MultiplySpeed"}:
        taken = rate.seconds(max(1, event.taken.length))
        pace = lasting(shot.effects, taken) / taken
    start, end = (round((at - event.taken.start) * pace) for at in (frames.start, frames.end))
    return FrameRange(start, end).shifted(event.record.start)


def _audible(event: Event, shot: Shot) -> FrameRange:
    """Where the take sounds: its shot, the handles of transitions, a lead and a lag."""
    start, end = event.visible.start, event.visible.end
    first, last = event.slices[0], event.slices[-1]
    if first.freeze is not None:
        start += first.source.length
    elif shot.audio_lead:
        start = min(start, event.record.start - shot.audio_lead)
    if last.freeze is not None and last is not first:
        end -= last.source.length
    elif shot.audio_lag:
        end = max(end, event.record.end + shot.audio_lag)
    return FrameRange(start, end)
