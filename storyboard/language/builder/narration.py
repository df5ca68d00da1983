"""Lines that are told over the film: whose voice it is, and the words, or who writes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from storyboard.language.builder.context import LayeredValues
from storyboard.language.builder.dialogue import (
    reject_further_speakers,
    reject_line_out_of_order,
    split_manner_and_words,
)
from storyboard.language.builder.shot_values import strip_prose
from storyboard.model.sound import Line

OPTIONS = frozenset({"at", "how", "off", "write", "voice"})
"""What a line of narration says beside its speaker."""
NARRATOR = "narrator"
"""Whose voice speaks what is written, where the film names none."""


def parse_narration_lines(values: LayeredValues, key_path: str, value: Any) -> tuple[Line, ...]:
    """A shot's narration: a list of lines, or one map; what is wrong is reported and left out."""
    parsed_lines: list[Line] = []
    listed = isinstance(value, list)
    for index, item in enumerate(value if listed else [value]):
        item_path = f"{key_path}[{index}]" if listed else key_path
        at = values.parse_time_as_frames(f"{item_path}.at", item["at"]) if "at" in item else None
        reject_line_out_of_order(values, f"{item_path}.at", parsed_lines, at)
        if parsed_line := parse_narration_line(values, item_path, item, at):
            parsed_lines.append(parsed_line)
    return tuple(parsed_lines)


def parse_narration_line(
    values: LayeredValues, key_path: str, item: Mapping[str, Any], at: int | None = None
) -> Line | None:
    """One line: `{NAME: words}` or `{write: words, voice: NAME}`; None, reported, if it is none."""
    names = list_speaker_names(item)
    if "write" in item:
        if names:
            values.add_error(
                "SB110",
                f"{key_path}.{names[0]}",
                f"`write` and `{names[0]}` can't be used together: `write` generates the text",
                f"to choose the voice, write `voice: {names[0]}`",
                at_key=True,
            )
            return None
        speaker, how, spoken_words = strip_prose(item.get("voice", "")) or NARRATOR, "", ""
    elif not names:
        values.add_error(
            "SB102", key_path, "a line needs a speaker and text", "write `ana: the spoken text`"
        )
        return None
    else:
        if "voice" in item:
            values.add_error(
                "SB111",
                f"{key_path}.voice",
                f"`voice` has no effect here: `{names[0]}` already speaks the line",
                "use `voice` only with `write`",
                at_key=True,
            )
            return None
        speaker = names[0]
        how, spoken_words = split_manner_and_words(strip_prose(item[speaker]))
    how = ", ".join(part for part in (strip_prose(item.get("how", "")), how) if part)
    return Line(
        speaker,
        spoken_words,
        at,
        how,
        bool(item.get("off", False)),
        strip_prose(item.get("write", "")),
    )


def list_speaker_names(item: Mapping[str, Any]) -> list[str]:
    """The names that give words, as written; there should be one."""
    return [name for name in item if name not in OPTIONS and not name.startswith("x-")]


def check_narration_voice(
    values: LayeredValues, key_path: str, item: Mapping[str, Any], cast_names: Collection[str]
) -> None:
    """One voice a line; one that the cast nearly has is warned of, any other is its own."""
    names = list_speaker_names(item)
    first = reject_further_speakers(values, key_path, item, names, cast_names, OPTIONS)
    voice = strip_prose(item["voice"]) if isinstance(item.get("voice"), str) else ""
    if "write" not in item:
        voice, span = first, values.origins.find_key_span(f"{key_path}.{first}")
    else:
        span = values.origins.find_span(f"{key_path}.voice")
    if (
        voice
        and voice not in cast_names
        and (near := values.context.suggester.suggest_name(voice, cast_names))
    ):
        values.context.diagnostics.add_warning("SB212", span, f"`{voice}` isn't in the cast", near)
