"""Lines that are told over the film: whose voice it is, and the words, or who writes them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from storyboard.cues import Line
from storyboard.language.parts import words
from storyboard.language.speech import aside, in_order
from storyboard.language.values import Values

OPTIONS = frozenset({"at", "how", "off", "write", "voice"})
"""What a line of narration says beside its speaker."""
NARRATOR = "narrator"
"""Whose voice speaks what is written, where the film names none."""


def lines(values: Values, path: str, value: Any) -> tuple[Line, ...]:
    """A shot's narration: a list of lines, or one map; what is wrong is reported and left out."""
    told: list[Line] = []
    listed = isinstance(value, list)
    for index, each in enumerate(value if listed else [value]):
        where = f"{path}[{index}]" if listed else path
        at = values.frames(f"{where}.at", each["at"]) if "at" in each else None
        in_order(values, f"{where}.at", told, at)
        if made := line(values, where, each, at):
            told.append(made)
    return tuple(told)


def line(values: Values, path: str, item: Mapping[str, Any], at: int | None = None) -> Line | None:
    """One line: `{NAME: words}` or `{write: words, voice: NAME}`; None, reported, if it is none."""
    names = speakers(item)
    if "write" in item:
        if names:
            values.error(
                "SB110",
                f"{path}.{names[0]}",
                f"`write` makes the words, so `{names[0]}` can't give them too",
                f"`voice: {names[0]}` says whose voice speaks them",
                at_key=True,
            )
            return None
        speaker, how, said = words(item.get("voice", "")) or NARRATOR, "", ""
    elif not names:
        values.error("SB102", path, "a line needs its speaker and the words", "write `ana: words`")
        return None
    else:
        if "voice" in item:
            values.error(
                "SB111",
                f"{path}.voice",
                f"`voice` has no effect here: `{names[0]}` speaks the line",
                "`voice` goes with `write`",
                at_key=True,
            )
            return None
        speaker = names[0]
        how, said = aside(words(item[speaker]))
    how = ", ".join(part for part in (words(item.get("how", "")), how) if part)
    return Line(speaker, said, at, how, bool(item.get("off", False)), words(item.get("write", "")))


def speakers(item: Mapping[str, Any]) -> list[str]:
    """The names that give words, as written; there should be one."""
    return [name for name in item if name not in OPTIONS and not name.startswith("x-")]


def check_voice(values: Values, path: str, item: Mapping[str, Any], cast: Collection[str]) -> None:
    """One voice a line; one that the cast nearly has is warned of, any other is its own."""
    names = speakers(item)
    first = next((name for name in names if name in cast), names[0] if names else "")
    for name in names:
        span = values.origins.key_span(f"{path}.{name}")
        if name == first:
            continue
        values.failed = True
        if name in cast:
            told = "\n".join(
                f"- {each}: {json.dumps(item[each], ensure_ascii=False)}" for each in (first, name)
            )
            message = f"`{first}` speaks this line, so `{name}` needs one of their own"
            values.desk.report.error("SB107", span, message, f"write two items:\n{told}")
        else:
            near = values.desk.nearest.hint(name, [*sorted(OPTIONS), *sorted(cast)])
            hint = near or "a line has one speaker, and at, how, off"
            values.desk.report.error("SB101", span, f"unknown key `{name}`", hint)
    voice = words(item["voice"]) if isinstance(item.get("voice"), str) else ""
    if "write" not in item:
        voice, span = first, values.origins.key_span(f"{path}.{first}")
    else:
        span = values.origins.span(f"{path}.voice")
    if voice and voice not in cast and (near := values.desk.nearest.hint(voice, cast)):
        values.desk.report.warning("SB212", span, f"`{voice}` isn't in the cast", near)
