"""Lines that are told over the film: whose voice it is, and the words, or who writes them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from storyboard.model.sound import Line
from storyboard.language.builder.shot_values import clean_prose
from storyboard.language.builder.dialogue import check_order, split_aside
from storyboard.language.builder.context import LayeredValues

OPTIONS = frozenset({"at", "how", "off", "write", "voice"})
"""What a line of narration says beside its speaker."""
NARRATOR = "narrator"
"""Whose voice speaks what is written, where the film names none."""


def parse_lines(values: LayeredValues, path: str, value: Any) -> tuple[Line, ...]:
    """A shot's narration: a list of lines, or one map; what is wrong is reported and left out."""
    parsed_lines: list[Line] = []
    listed = isinstance(value, list)
    for index, item in enumerate(value if listed else [value]):
        item_path = f"{path}[{index}]" if listed else path
        at = values.parse_frames(f"{item_path}.at", item["at"]) if "at" in item else None
        check_order(values, f"{item_path}.at", parsed_lines, at)
        if parsed_line := parse_line(values, item_path, item, at):
            parsed_lines.append(parsed_line)
    return tuple(parsed_lines)


def parse_line(
    values: LayeredValues, path: str, item: Mapping[str, Any], at: int | None = None
) -> Line | None:
    """One line: `{NAME: words}` or `{write: words, voice: NAME}`; None, reported, if it is none."""
    names = list_speakers(item)
    if "write" in item:
        if names:
            values.add_error(
                "SB110",
                f"{path}.{names[0]}",
                f"`write` makes the words, so `{names[0]}` can't give them too",
                f"`voice: {names[0]}` says whose voice speaks them",
                at_key=True,
            )
            return None
        speaker, how, spoken_words = clean_prose(item.get("voice", "")) or NARRATOR, "", ""
    elif not names:
        values.add_error(
            "SB102", path, "a line needs its speaker and the words", "write `ana: words`"
        )
        return None
    else:
        if "voice" in item:
            values.add_error(
                "SB111",
                f"{path}.voice",
                f"`voice` has no effect here: `{names[0]}` speaks the line",
                "`voice` goes with `write`",
                at_key=True,
            )
            return None
        speaker = names[0]
        how, spoken_words = split_aside(clean_prose(item[speaker]))
    how = ", ".join(part for part in (clean_prose(item.get("how", "")), how) if part)
    return Line(
        speaker,
        spoken_words,
        at,
        how,
        bool(item.get("off", False)),
        clean_prose(item.get("write", "")),
    )


def list_speakers(item: Mapping[str, Any]) -> list[str]:
    """The names that give words, as written; there should be one."""
    return [name for name in item if name not in OPTIONS and not name.startswith("x-")]


def check_voice(
    values: LayeredValues, path: str, item: Mapping[str, Any], cast: Collection[str]
) -> None:
    """One voice a line; one that the cast nearly has is warned of, any other is its own."""
    names = list_speakers(item)
    first = next((name for name in names if name in cast), names[0] if names else "")
    for name in names:
        span = values.origins.find_key_span(f"{path}.{name}")
        if name == first:
            continue
        values.failed = True
        if name in cast:
            example = "\n".join(
                f"- {speaker}: {json.dumps(item[speaker], ensure_ascii=False)}"
                for speaker in (first, name)
            )
            message = f"`{first}` speaks this line, so `{name}` needs one of their own"
            values.context.diagnostics.add_error(
                "SB107", span, message, f"write two items:\n{example}"
            )
        else:
            near = values.context.suggester.suggest_word(name, [*sorted(OPTIONS), *sorted(cast)])
            hint = near or "a line has one speaker, and at, how, off"
            values.context.diagnostics.add_error("SB101", span, f"unknown key `{name}`", hint)
    voice = clean_prose(item["voice"]) if isinstance(item.get("voice"), str) else ""
    if "write" not in item:
        voice, span = first, values.origins.find_key_span(f"{path}.{first}")
    else:
        span = values.origins.find_span(f"{path}.voice")
    if voice and voice not in cast and (near := values.context.suggester.suggest_word(voice, cast)):
        values.context.diagnostics.add_warning("SB212", span, f"`{voice}` isn't in the cast", near)
