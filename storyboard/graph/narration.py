"""Narration as steps: a text model writes what is not written, a speech model speaks every line.

Each is made by the film's own provider where its catalogue has such a model, by previz otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from storyboard.errors import Span
from storyboard.film import Line, Shot
from storyboard.graph.desk import Desk
from storyboard.graph.legality import PREVIZ
from storyboard.graph.speech import BREATH, line_ranges
from storyboard.graph.steps import Link, Step
from storyboard.graph.timeline import Narrated, Timeline
from storyboard.providers.base import Intent, Kind, Role, Settings, SpokenLine
from storyboard.providers.catalog import Model
from storyboard.timecode import FrameRange

_SLOWEST = Fraction(13, 10)
"""Words a second of the slowest reader: what a line may cost at most."""
_WRITTEN_S = 60
"""Seconds that a written text may run, before it is known."""
_NO_PICTURE = Settings(duration_s=0, resolution="", aspect_ratio="", fps=0)


class Narration:
    """Adds the steps of one film's narration to the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._makers: dict[str, Model | None] = {}

    def told(self, timeline: Timeline) -> tuple[Narrated, ...]:
        """Every line in its place, shot by shot, then the film's own; spans are estimates."""
        film, rate = self._desk.film, self._desk.rate
        shots = {shot.id: shot for shot in film.shots}
        found: list[Narrated] = []
        for event in timeline.events:
            shot = shots[event.shot]
            listed = len(shot.narration) > 1 or "narration[0]" in shot.origins
            ranges = line_ranges(shot.narration, rate)
            for number, (line, frames) in enumerate(zip(shot.narration, ranges, strict=True)):
                span = shot.span(f"narration[{number}]" if listed else "narration")
                id = f"{shot.id}.narration.{number + 1}"
                follows = number > 0 and line.at is None
                at = frames.shifted(event.record.start)
                found.append(self._line(id, shot, line, at, span, follows=follows))
        name = "narration" if "narration" not in shots else "film.narration"
        for number, cue in enumerate(film.narration):
            try:
                start = timeline.frame(cue.at)
            except KeyError:
                continue  # a shot that could not be built, which is said there
            span = film.span(f"sound.narration[{number}]")
            anchored = shots.get(cue.at.shot)
            at = line_ranges([replace(cue.line, at=start)], rate)[0]
            id = f"{name}.{number + 1}"
            found.append(self._line(id, anchored, cue.line, at, span))
        for each in found:
            self._inside(each, timeline)
        self._apart(found)
        return tuple(found)

    def _line(
        self,
        id: str,
        shot: Shot | None,
        line: Line,
        at: FrameRange,
        span: Span,
        *,
        follows: bool = False,
    ) -> Narrated:
        """The steps of one line: who writes it, if anybody must, and who speaks it."""
        writer = ""
        if line.write:
            writer = f"{id}.words"
            self._write(writer, shot, line, span)
        self._speak(id, shot, line, span, writer)
        return Narrated(id, at, line, writer, follows, span)

    def _write(self, id: str, shot: Shot | None, line: Line, span: Span) -> None:
        model = self._maker("write", span)
        prompt = (
            f"Write narration for a film, to be read aloud by one voice: {line.write.rstrip('. ')}."
            " Answer with the spoken words alone, without quotation marks, headings or notes."
        )
        self._desk.steps[id] = Step(
            id=id,
            kind=Kind.WRITE,
            shot=shot.id if shot else "",
            provider=model.provider if model else PREVIZ,
            model=model.id if model else "",
            target=model.provider if model else "",
            settings=replace(_NO_PICTURE, audio=False),
            prompt=prompt,
            intent=Intent(prompt=line.write),
            price_micros=(model.each_micros("") or 0) if model else 0,
        )

    def _speak(self, id: str, shot: Shot | None, line: Line, span: Span, writer: str) -> None:
        model = self._maker("speech", span)
        member = self._desk.film.cast.get(line.speaker)
        voice = member.voice if member else ""
        spoken = SpokenLine(line.speaker, line.words, 0.0, line.how, line.off, voice)
        manner = f"Read aloud, {line.how}:" if line.how else ""
        self._desk.steps[id] = Step(
            id=id,
            kind=Kind.SPEECH,
            shot=shot.id if shot else "",
            provider=model.provider if model else PREVIZ,
            model=model.id if model else "",
            target=model.provider if model else "",
            settings=replace(_NO_PICTURE, options={"voice": voice} if voice else {}),
            prompt=f"{manner} {line.words}".strip(),
            intent=Intent(dialogue=(spoken,)),
            links=(Link(Role.TEXT, step=writer),) if writer else (),
            price_micros=_spoken_micros(model, line) if model else 0,
        )

    def _maker(self, makes: str, span: Span) -> Model | None:
        """The model that writes or speaks; None for previz, which is noted where others pay."""
        if makes in self._makers:
            return self._makers[makes]
        house, judge = self._desk.film.house, self._desk.judge
        named = {"write": house.text_model, "speech": house.speech_model}[makes]
        platform = house.provider if house.provider != PREVIZ else house.target
        model = judge.maker(None, platform, makes, named) if platform or named else None
        if house.provider == PREVIZ:
            model = None  # the name was looked up, and a rehearsal is free
        elif model is None and not named and platform in judge.providers:
            what = "speaks" if makes == "speech" else "writes"
            self._desk.notices.note(
                "SB427",
                span,
                f"previz {what} the narration: {platform} has no {_NAMES[makes]} model",
            )
        self._makers[makes] = model
        return model

    def _inside(self, told: Narrated, timeline: Timeline) -> None:
        """Warns of words that nobody would hear."""
        late = told.span.end - timeline.length
        if told.span.start >= timeline.length:
            message = "this narration begins after the film has ended"
            self._desk.notices.warning("SB362", told.place, message)
        elif late > 0 and not told.writer:
            seconds = float(self._desk.rate.seconds(late))
            message = f"this narration runs about {seconds:.1f} s past the end of the film"
            self._desk.notices.warning("SB362", told.place, message, "begin earlier, or say less")

    def _apart(self, told: list[Narrated]) -> None:
        """Warns of a line that begins while the one before it is still spoken."""
        for before, after in pairwise(sorted(told, key=lambda each: each.span.start)):
            over = before.span.end - after.span.start
            if over > 0 and not before.writer:
                seconds = float(self._desk.rate.seconds(over))
                message = f"the narration before this one needs about {seconds:.1f} s more"
                self._desk.notices.warning(
                    "SB364", after.place, message, "begin later, or say less"
                )


_NAMES = {"write": "text", "speech": "speech"}


def _spoken_micros(model: Model, line: Line) -> int:
    """What a line costs at most, spoken as slowly as anybody would."""
    words = len(line.words.split())
    seconds = _WRITTEN_S if line.write else max(2, math.ceil(words / _SLOWEST))
    return seconds * (model.price_second or 0)


def settled(
    timeline: Timeline, seconds: Mapping[str, Fraction], words: Mapping[str, str]
) -> Timeline:
    """The timeline with narration as long as it is spoken, and with the words that were written.

    `seconds` is keyed by the step that speaks, `words` by the step that writes. A line that
    follows another begins a breath after it.
    """
    if not timeline.told:
        return timeline
    rate = timeline.rate
    done: list[Narrated] = []
    for each in timeline.told:
        start = each.span.start
        if each.follows and done:
            start = done[-1].span.end + rate.frames(BREATH)
        length = each.span.length
        if told := seconds.get(each.step):
            length = max(1, rate.frames_up(told))
        line = replace(each.line, words=words.get(each.writer, each.line.words))
        done.append(replace(each, span=FrameRange(start, start + length), line=line))
    return replace(timeline, told=tuple(done))
