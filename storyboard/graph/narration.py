"""Narration as steps: a text model writes what is not written, a speech model speaks every line.

Each is made by the film's own provider where its catalogue has such a model, by previz otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from storyboard.diagnostics.suggestions import find_nearest_name, format_suggestion
from storyboard.errors import Span
from storyboard.graph.context import CompileContext
from storyboard.graph.dialogue_timing import BREATH, compute_line_ranges
from storyboard.graph.limits.model_lookup import PREVIZ
from storyboard.graph.steps import Link, Step
from storyboard.graph.timeline import NarrationItem, Timeline
from storyboard.model.film import Line, Shot
from storyboard.model.spoken_length import count_spoken_words
from storyboard.providers.base import Intent, Kind, Role, Settings, SpokenLine
from storyboard.providers.catalog import Model
from storyboard.timecode import FrameRange

_SLOWEST = Fraction(13, 10)
"""Words a second of the slowest reader: what a line may cost at most."""
_WRITTEN_S = 60
"""Seconds that a written text may run, before it is known."""
_NO_PICTURE = Settings(duration_s=0, resolution="", aspect_ratio="", fps=0)


class NarrationSteps:
    """Adds the steps of one film's narration to the desk."""

    def __init__(self, context: CompileContext) -> None:
        self._context = context
        self._models: dict[str, Model | None] = {}

    def add_narration_steps(self, timeline: Timeline) -> tuple[NarrationItem, ...]:
        """Every line in its place, shot by shot, then the film's own; spans are estimates."""
        film, rate = self._context.film, self._context.rate
        shots = {shot.id: shot for shot in film.shots}
        items: list[NarrationItem] = []
        for event in timeline.events:
            shot = shots[event.shot]
            listed = len(shot.narration) > 1 or "narration[0]" in shot.origins
            ranges = compute_line_ranges(shot.narration, rate)
            for number, (line, frames) in enumerate(zip(shot.narration, ranges, strict=True)):
                span = shot.find_span(f"narration[{number}]" if listed else "narration")
                id = f"{shot.id}.narration.{number + 1}"
                follows = number > 0 and line.at is None
                at = frames.shift_by(event.record.start)
                items.append(self._add_line_steps(id, shot, line, at, span, follows=follows))
        name = "narration" if "narration" not in shots else "film.narration"
        for number, cue in enumerate(film.narration):
            try:
                start = timeline.resolve_anchor(cue.at)
            except KeyError:
                continue  # a shot that could not be built, which is said there
            span = film.find_span(f"sound.narration[{number}]")
            anchored = shots.get(cue.at.shot)
            at = compute_line_ranges([replace(cue.line, at=start)], rate)[0]
            id = f"{name}.{number + 1}"
            items.append(self._add_line_steps(id, anchored, cue.line, at, span))
        for item in items:
            self._warn_outside_film(item, timeline)
        self._warn_overlaps(items)
        return tuple(items)

    def _add_line_steps(
        self,
        step_id: str,
        shot: Shot | None,
        line: Line,
        film_range: FrameRange,
        span: Span,
        *,
        follows: bool = False,
    ) -> NarrationItem:
        """The steps of one line: who writes it, if anybody must, and who speaks it."""
        writer = ""
        if line.write:
            writer = f"{step_id}.words"
            self._add_writing_step(writer, shot, line, span)
        self._add_speech_step(step_id, shot, line, span, writer)
        return NarrationItem(step_id, film_range, line, writer, follows, span)

    def _add_writing_step(self, id: str, shot: Shot | None, line: Line, span: Span) -> None:
        model = self._choose_narration_model("write", span)
        prompt = (
            f"Write narration for a film, to be read aloud by one voice: {line.write.rstrip('. ')}."
            " Answer with the spoken words alone, without quotation marks, headings or notes."
        )
        self._context.steps[id] = Step(
            id=id,
            kind=Kind.WRITE,
            shot=shot.id if shot else "",
            provider=model.provider if model else PREVIZ,
            model=model.id if model else "",
            target=model.provider if model else "",
            settings=replace(_NO_PICTURE, audio=False),
            prompt=prompt,
            intent=Intent(prompt=line.write),
            price_micros=(model.compute_still_or_text_micros("") or 0) if model else 0,
        )

    def _add_speech_step(
        self, id: str, shot: Shot | None, line: Line, span: Span, writer: str
    ) -> None:
        model = self._choose_narration_model("speech", span)
        member = self._context.film.cast.get(line.speaker)
        voice = member.voice if member else ""
        if model and voice:
            self._warn_misspelt_voice(line.speaker, voice, model)
        spoken = SpokenLine(line.speaker, line.words, 0.0, line.how, line.off, voice)
        manner = f"Read aloud, {line.how}:" if line.how else ""
        self._context.steps[id] = Step(
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
            price_micros=_estimate_max_speech_micros(model, line) if model else 0,
        )

    def _warn_misspelt_voice(self, speaker: str, voice: str, model: Model) -> None:
        """Warns of a word that is nearly the name of a voice: it would mean any other voice."""
        for word in voice.split():
            name = find_nearest_name(word.strip(".,;:"), model.voices, _LIKE_A_VOICE)
            if name and name.casefold() not in voice.casefold():
                self._context.diagnostics.add_warning(
                    "SB434",
                    self._context.film.find_span(f"cast.{speaker}.voice"),
                    f"{model.id} on {model.provider} has no voice `{word}`",
                    f"{format_suggestion(name)} Free words (`old, gravelly man`) choose one too",
                )

    def _choose_narration_model(self, product: str, span: Span) -> Model | None:
        """The model that writes or speaks; None for previz, which is noted where others pay."""
        if product in self._models:
            return self._models[product]
        defaults, models = self._context.film.defaults, self._context.models
        model_name = {"write": defaults.text_model, "speech": defaults.speech_model}[product]
        platform = defaults.provider if defaults.provider != PREVIZ else defaults.target
        model = (
            self._context.accept_answer(
                models.find_helper_model(None, platform, product, model_name)
            )
            if platform or model_name
            else None
        )
        if defaults.provider == PREVIZ:
            model = None  # the name was looked up, and a rehearsal is free
        elif model is None and not model_name and platform in models.providers:
            what = "speaks" if product == "speech" else "writes"
            self._context.diagnostics.add_note(
                "SB427",
                span,
                f"previz {what} the narration, because {platform} has no "
                f"{_MODEL_WORDS[product]} model",
            )
        self._models[product] = model
        return model

    def _warn_outside_film(self, item: NarrationItem, timeline: Timeline) -> None:
        """Warns of words that nobody would hear."""
        late = item.span.end - timeline.length
        if item.span.start >= timeline.length:
            message = "this narration starts after the end of the film"
            self._context.diagnostics.add_warning("SB362", item.text_span, message)
        elif late > 0 and not item.writer:
            seconds = float(self._context.rate.to_seconds(late))
            message = f"this narration continues about {seconds:.1f} s after the end of the film"
            self._context.diagnostics.add_warning(
                "SB362", item.text_span, message, "set an earlier start, or shorten the text"
            )

    def _warn_overlaps(self, items: list[NarrationItem]) -> None:
        """Warns of a line that begins while the one before it is still spoken."""
        for before, after in pairwise(sorted(items, key=lambda item: item.span.start)):
            over = before.span.end - after.span.start
            if over > 0 and not before.writer:
                seconds = float(self._context.rate.to_seconds(over))
                message = (
                    f"this narration starts about {seconds:.1f} s before the end of the narration "
                    "before it"
                )
                self._context.diagnostics.add_warning(
                    "SB364",
                    after.text_span,
                    message,
                    "set a later start for this one, or shorten the text before it",
                )


_LIKE_A_VOICE = 0.8
"""How like a voice's name a word is that was meant for it; no word for a person is."""
_MODEL_WORDS = {"write": "text", "speech": "speech"}


def _estimate_max_speech_micros(model: Model, line: Line) -> int:
    """What a line costs at most, spoken as slowly as anybody would."""
    words = count_spoken_words(line.words)
    seconds = _WRITTEN_S if line.write else max(2, math.ceil(words / _SLOWEST))
    return seconds * (model.price_second or 0)


def apply_spoken_narration(
    timeline: Timeline, seconds_by_step: Mapping[str, Fraction], words_by_writer: Mapping[str, str]
) -> Timeline:
    """The timeline with narration as long as it is spoken, and with the words that were written.

    `seconds_by_step` is keyed by the step that speaks, `words_by_writer` by the step that writes. A
    line that follows another begins a breath after it.
    """
    if not timeline.narration:
        return timeline
    rate = timeline.rate
    placed_items: list[NarrationItem] = []
    for item in timeline.narration:
        start = item.span.start
        if item.follows and placed_items:
            start = placed_items[-1].span.end + rate.to_frames(BREATH)
        length = item.span.length
        if spoken_s := seconds_by_step.get(item.step):
            length = max(1, rate.to_frames_rounded_up(spoken_s))
        line = replace(item.line, words=words_by_writer.get(item.writer, item.line.words))
        placed_items.append(replace(item, span=FrameRange(start, start + length), line=line))
    return replace(timeline, narration=tuple(placed_items))
