"""When lines are spoken: at their stated times, or one after the other at a common pace.

A take speaks its lines, so their times count from its start; in the film a line stands where that
moment of the take does, and what `trim` or `length` cuts away is not heard.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.graph.timeline import ShotEvent, Timeline
from storyboard.model.effects import changes_timing, compute_duration_after
from storyboard.model.film import Film, Line, Shot
from storyboard.model.spoken_length import WORDS_PER_SECOND, count_spoken_words
from storyboard.timecode import FrameRange, Rate

_LEAD_IN = Fraction(1, 2)
BREATH = Fraction(3, 10)
"""Seconds between a line and one that follows it."""
_SLOWER = Fraction(1, 4)
"""Seconds by which a line may begin after it is reckoned to."""
_QUICKER = Fraction(1, 2)
"""Seconds by which a line may end before it is reckoned to."""
_UNWRITTEN = 16
"""Words of a line that is still to be written: two sentences."""


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line of dialogue in its place."""

    line: Line
    event: ShotEvent
    source: str
    """The shot that states it: another one's where a take is used again."""
    number: int
    """Which of that shot's lines it is."""
    span: FrameRange
    """Film frames that it would take as a whole."""
    audible_range: FrameRange | None
    """Those in which it is heard, if it is."""
    by_take: bool
    """False for a voice over a colour or a card, which has a sound of its own."""
    is_audible: bool
    """False where the sound of the shot is left out."""

    @property
    def is_borrowed(self) -> bool:
        return self.source != self.event.shot


def compute_line_ranges(
    lines: Sequence[Line], rate: Rate, begin_frame: int = 0
) -> tuple[FrameRange, ...]:
    """Frames from the start of the take in which each line is spoken.

    A line without `at` begins half a second after frame `begin_frame`, or a breath after the line
    before it.
    """
    ranges: list[FrameRange] = []
    for line in lines:
        if line.at is not None:
            start = line.at
        elif ranges:
            start = ranges[-1].end + rate.to_frames(BREATH)
        else:
            start = begin_frame + rate.to_frames(_LEAD_IN)
        words = count_spoken_words(line.words) or (_UNWRITTEN if line.write else 0)
        seconds = max(Fraction(1, 2), words / WORDS_PER_SECOND)
        ranges.append(FrameRange(start, start + rate.to_frames_rounded_up(seconds)))
    return tuple(ranges)


def place_dialogue(film: Film, timeline: Timeline) -> Iterator[PlacedLine]:
    """Every line of dialogue, shot by shot; of a take that is used again, its own shot's lines."""
    shots, rate = {shot.id: shot for shot in film.shots}, timeline.rate
    for event in timeline.events:
        by_take = any(part.step for part in event.slices)
        shot = shots[event.shot]
        source = _find_speaking_shot(shot, shots) if by_take else shot
        is_audible = not shot.mute and (source.audio or not by_take)
        audible = (
            _find_audible_range(event, shot)
            if by_take
            else FrameRange(event.record.start, timeline.length)
        )
        plays_clip_lines = by_take and source is shot and shot.clip is not None
        begin = event.take_range.start if plays_clip_lines else 0
        ranges = compute_line_ranges(source.dialogue, rate, begin)
        for number, (line, frames) in enumerate(zip(source.dialogue, ranges, strict=True)):
            span = (
                _to_film_range(event, shot, frames, rate)
                if by_take
                else frames.shift_by(event.record.start)
            )
            audible_range = span.intersect_with(audible)
            yield PlacedLine(
                line, event, source.id, number, span, audible_range, by_take, is_audible
            )


def warn_trimmed_lines(film: Film, timeline: Timeline, diagnostics: DiagnosticCollector) -> None:
    """Warns of lines that the film cuts away, at its start, or for long at its end.

    A line is well where any shot that uses the take lets it be heard.
    """
    shots, rate = {shot.id: shot for shot in film.shots}, timeline.rate
    best: dict[tuple[str, int], tuple[int, int, PlacedLine]] = {}
    for line in place_dialogue(film, timeline):
        if not line.by_take or not line.is_audible:
            continue
        audible_frames = line.audible_range.length if line.audible_range else 0
        late = max(0, line.audible_range.start - line.span.start) if line.audible_range else 0
        lost = line.span.length - audible_frames
        cut = late > rate.to_frames(_SLOWER) or lost > rate.to_frames(_QUICKER)
        missing = lost if cut or not audible_frames else 0
        candidate = (missing, line.is_borrowed, line)
        key = (line.source, line.number)
        best[key] = min(best.get(key, candidate), candidate, key=lambda known: known[:2])
    for (source, number), (missing, _, line) in best.items():
        if missing:
            shot, take_range = line.event.shot, line.event.take_range
            begin, end, gone = (
                float(rate.to_seconds(at)) for at in (take_range.start, take_range.end, missing)
            )
            part = f"about {gone:.1f} s of this line" if line.audible_range else "this line"
            diagnostics.add_warning(
                "SB366",
                shots[source].find_span(f"dialogue[{number}]"),
                f"{part} is outside the used range of {shot}'s take ({begin:.3g} to {end:.3g} s)",
                "change `at` (it counts from the start of the take), `trim` or `length`",
            )


def note_repeated_lines(film: Film, timeline: Timeline, diagnostics: DiagnosticCollector) -> None:
    """Notes lines that are heard twice, since a shot plays a part of a take again."""
    shots, rate = {shot.id: shot for shot in film.shots}, timeline.rate
    heard: dict[tuple[str, int], PlacedLine] = {}
    for line in place_dialogue(film, timeline):
        audible_frames = line.audible_range.length if line.audible_range else 0
        if not line.by_take or not line.is_audible or 2 * audible_frames <= line.span.length:
            continue
        first = heard.setdefault((line.source, line.number), line)
        if first is not line:
            one, other = (float(rate.to_seconds(max(0, each.span.start))) for each in (first, line))
            shot = shots[line.event.shot]
            diagnostics.add_note(
                "SB372",
                shot.find_span("clip"),
                f"a line of {line.source} is heard twice, at {one:.3g} s and at {other:.3g} s: "
                f'{shot.id} plays "{line.line.words}" again',
                f"write `mute: true` on {shot.id}, or `trim` it to a part without the line",
            )


def _find_speaking_shot(shot: Shot, shots: Mapping[str, Shot]) -> Shot:
    """The shot whose lines the take of `shot` speaks: its own, else that of the take."""
    while not shot.dialogue and shot.clip and shot.clip.shot in shots:
        shot = shots[shot.clip.shot]
    return shot


def _to_film_range(event: ShotEvent, shot: Shot, line_range: FrameRange, rate: Rate) -> FrameRange:
    """The film frames at which a part of the take stands, or would stand if it were played."""
    pace = Fraction(1)
    if {effect.name for effect in shot.effects if changes_timing(effect)} == {"MultiplySpeed"}:
        take_s = rate.to_seconds(max(1, event.take_range.length))
        pace = compute_duration_after(shot.effects, take_s) / take_s
    start, end = (
        round((at - event.take_range.start) * pace) for at in (line_range.start, line_range.end)
    )
    return FrameRange(start, end).shift_by(event.record.start)


def _find_audible_range(event: ShotEvent, shot: Shot) -> FrameRange:
    """Where the take sounds: its shot, the handles of transitions, a lead and a lag."""
    start, end = event.visible.start, event.visible.end
    first, last = event.slices[0], event.slices[-1]
    if first.hold_frame is not None:
        start += first.source.length
    elif shot.audio_lead:
        start = min(start, event.record.start - shot.audio_lead)
    if last.hold_frame is not None and last is not first:
        end -= last.source.length
    elif shot.audio_lag:
        end = max(end, event.record.end + shot.audio_lag)
    return FrameRange(start, end)
