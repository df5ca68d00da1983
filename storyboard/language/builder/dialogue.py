"""Lines of dialogue, and whether they can be spoken in their time."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

from storyboard.errors import Severity, Span
from storyboard.language.builder.context import LayeredValues
from storyboard.language.builder.shot_values import strip_prose
from storyboard.model.film import CastKind, CastMember, Line, References, Shot
from storyboard.model.spoken_length import WORDS_PER_SECOND, measure_spoken_length
from storyboard.timecode import Rate

MAX_EASY_RATE = WORDS_PER_SECOND
"""Words a second above which a line is warned of."""
MAX_POSSIBLE_RATE = Fraction(45, 10)
"""Words a second that nobody speaks."""

_ASIDE = re.compile(r"\((?P<how>[^()]{1,80})\)\s*(?P<words>\S.*)", re.DOTALL)
OPTIONS = frozenset({"at", "how", "off"})
"""What a line says beside its speaker."""


def parse_dialogue_lines(values: LayeredValues, key_path: str, value: Any) -> tuple[Line, ...]:
    """The lines of a list, or of one map."""
    parsed_lines: list[Line] = []
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        item_path = f"{key_path}[{index}]"
        names = _list_speaker_names(item)
        if not names:
            values.add_error(
                "SB102",
                item_path,
                "a line needs a speaker and text",
                "write `ana: the spoken text`",
            )
            continue
        at = values.parse_time_as_frames(f"{item_path}.at", item["at"]) if "at" in item else None
        reject_line_out_of_order(values, f"{item_path}.at", parsed_lines, at)
        for name in names:
            how, spoken_words = split_manner_and_words(strip_prose(item[name]))
            how = ", ".join(part for part in (strip_prose(item.get("how", "")), how) if part)
            parsed_lines.append(Line(name, spoken_words, at, how, bool(item.get("off", False))))
    return tuple(parsed_lines)


def hide_voices(lines: Sequence[Line], cast: Mapping[str, CastMember]) -> tuple[Line, ...]:
    """The lines; those of voices are off, since no picture shows a voice."""
    return tuple(
        replace(line, off=True)
        if (member := cast.get(line.speaker)) and member.kind is CastKind.VOICE
        else line
        for line in lines
    )


def reject_line_out_of_order(
    values: LayeredValues, key_path: str, previous_lines: Sequence[Line], at: int | None
) -> None:
    """Refuses a line that begins before the one above it."""
    if (
        at is not None
        and previous_lines
        and previous_lines[-1].at is not None
        and at < previous_lines[-1].at
    ):
        message = "this line starts before the line above it"
        values.add_error(
            "SB311", key_path, message, "put the lines in the order in which they are spoken"
        )


def split_manner_and_words(text: str) -> tuple[str, str]:
    """(how, words) of a line: `(softly) Yes.` says how in front."""
    match = _ASIDE.fullmatch(text)
    return (match["how"].strip(), match["words"]) if match else ("", text)


def find_dialogue_speakers(
    dialogue_data: Any,
) -> Iterator[tuple[int, list[str], Mapping[str, Any]]]:
    """(index in the list, names, item) of each line as written; more names than one are refused."""
    for index, item in enumerate(
        dialogue_data if isinstance(dialogue_data, list) else [dialogue_data]
    ):
        if isinstance(item, Mapping):
            names = [name for name in _list_speaker_names(item) if isinstance(item[name], str)]
            if names:
                yield index, names, item


def _list_speaker_names(line: Mapping[str, Any]) -> list[str]:
    return [name for name in line if name not in OPTIONS and not name.startswith("x-")]


@dataclass(frozen=True, slots=True)
class SpeechRateProblem:
    """A run of lines that has too little time."""

    line: int
    """Index of its first line."""
    severity: Severity
    code: str
    message: str
    hint: str


def find_speech_rate_problems(
    dialogue: Sequence[Line], take_frames: int, rate: Rate
) -> list[SpeechRateProblem]:
    """What can't be spoken, or only fast, in a take of so many frames.

    A line's time runs from its `at` to the next line that states one, or to the end of the take;
    lines between share it.
    """
    problems: list[SpeechRateProblem] = []
    starts = [index for index, line in enumerate(dialogue) if index == 0 or line.at is not None]
    for index, after in zip(starts, [*starts[1:], len(dialogue)], strict=True):
        begin = dialogue[index].at or 0
        end = dialogue[after].at if after < len(dialogue) else take_frames
        spoken = measure_spoken_length(line.words for line in dialogue[index:after])
        frames = (take_frames if end is None else min(end, max(take_frames, begin))) - begin
        if begin >= take_frames:
            take_length = _format_frames_as_seconds(take_frames, rate)
            message = f"this line starts after the end of the take ({take_length} s)"
            problems.append(
                SpeechRateProblem(index, Severity.ERROR, "SB310", message, "set an earlier `at`")
            )
            continue
        if frames <= 0:
            continue
        seconds = rate.to_seconds(frames)
        pace = spoken.words / seconds
        if pace <= MAX_EASY_RATE:
            continue
        needed_s = float(spoken.words / MAX_EASY_RATE)
        message = (
            f"{spoken.count} {spoken.unit} in {_format_frames_as_seconds(frames, rate)} s is "
            f"{float(spoken.count / seconds):.1f} per second"
        )
        easy = float(MAX_EASY_RATE * spoken.count / spoken.words)
        hint = f"shorten the line or give it {needed_s:.1f} s: people speak {easy:.1f} per second"
        if pace > MAX_POSSIBLE_RATE:
            problems.append(SpeechRateProblem(index, Severity.ERROR, "SB309", message, hint))
        else:
            problems.append(SpeechRateProblem(index, Severity.WARNING, "SB308", message, hint))
    return problems


def estimate_take_frames(shot: Shot, rate: Rate) -> int | None:
    """How long the take of a shot is at the least, in frames; None where only its file knows."""
    if shot.duration is not None:
        return shot.duration
    if shot.color or shot.card:
        return shot.length
    if shot.clip is not None:
        return None
    platform = shot.target or ("" if shot.provider == "previz" else shot.provider)
    has_named_references = not isinstance(shot.references, References)
    take_lengths, usual = _list_take_lengths_with_default(
        platform, shot.model, shot.resolution, has_named_references, bool(shot.extends), rate
    )
    if shot.length is None:
        return usual
    wanted = shot.length + (0 if shot.extends else shot.handles)
    return max(shot.length, next((frames for frames in take_lengths if frames >= wanted), 0))


@cache
def _list_take_lengths_with_default(
    platform: str, model_name: str, resolution: str, has_references: bool, extends: bool, rate: Rate
) -> tuple[tuple[int, ...], int]:
    """Frames that a model makes at once, shortest first, and how many where nothing is said."""
    from storyboard.providers.catalog import load_catalog

    models = load_catalog()
    model = (
        models.find_model(platform, model_name)
        if platform
        else models.find_first_live_model(model_name)
    )
    if model is None or (extends and model.extend is None):
        return (), rate.to_frames(8)
    if extends and model.extend is not None:
        seconds, usual = model.extend.hops, model.extend.default_hop
    else:
        seconds = model.list_legal_durations(resolution, references=has_references)
        usual = model.default_duration
    return tuple(rate.to_frames(duration) for duration in seconds), rate.to_frames(usual)


def _format_frames_as_seconds(frames: int, rate: Rate) -> str:
    return f"{float(rate.to_seconds(frames)):.3g}"


def find_speaker_span(values: LayeredValues, key_path: str, name: str) -> Span:
    """Where the line at `key_path` names that speaker; a name with a dot is no key path."""
    if "." in name:
        return values.origins.find_span(key_path)
    return values.origins.find_key_span(f"{key_path}.{name}")


def reject_further_speakers(
    values: LayeredValues,
    key_path: str,
    item: Mapping[str, Any],
    names: Sequence[str],
    cast_names: Collection[str],
    options: Collection[str],
) -> str:
    """The one speaker of a line, "" if `names` is empty; reports the other names as errors."""
    first = next((name for name in names if name in cast_names), names[0] if names else "")
    for name in names:
        if name == first:
            continue
        values.failed = True
        diagnostics, span = values.context.diagnostics, find_speaker_span(values, key_path, name)
        if name in cast_names:
            lines = "\n".join(
                f"- {speaker}: {json.dumps(item[speaker], ensure_ascii=False)}"
                for speaker in (first, name)
            )
            message = f"`{first}` already speaks this line, so `{name}` needs a separate line"
            diagnostics.add_error("SB107", span, message, f"write two items:\n{lines}")
        else:
            near = values.context.suggester.suggest_name(
                name, [*sorted(options), *sorted(cast_names)]
            )
            hint = near or "use one speaker and the keys at, how, off"
            diagnostics.add_error("SB101", span, f"unknown key `{name}`", hint)
    return first
