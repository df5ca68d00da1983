"""Lines of dialogue, and whether they can be spoken in their time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from storyboard.errors import Severity
from storyboard.film import Line, References, Shot
from storyboard.language.parts import words
from storyboard.language.values import Values
from storyboard.timecode import Rate

FAST = Fraction(26, 10)
"""Words a second above which a line is warned of."""
UNSPEAKABLE = Fraction(45, 10)
"""Words a second that nobody speaks."""

_ASIDE = re.compile(r"\((?P<how>[^()]{1,80})\)\s*(?P<words>\S.*)", re.DOTALL)
OPTIONS = frozenset({"at", "how", "off"})
"""What a line says beside its speaker."""


def lines(values: Values, path: str, value: Any) -> tuple[Line, ...]:
    """The lines of a list, or of one map."""
    told: list[Line] = []
    for index, each in enumerate(value if isinstance(value, list) else [value]):
        where = f"{path}[{index}]"
        names = _names(each)
        if not names:
            values.error(
                "SB102", where, "a line needs its speaker and the words", "write `ana: words`"
            )
            continue
        at = values.frames(f"{where}.at", each["at"]) if "at" in each else None
        in_order(values, f"{where}.at", told, at)
        for name in names:
            how, said = aside(words(each[name]))
            how = ", ".join(part for part in (words(each.get("how", "")), how) if part)
            told.append(Line(name, said, at, how, bool(each.get("off", False))))
    return tuple(told)


def in_order(values: Values, path: str, told: Sequence[Line], at: int | None) -> None:
    """Refuses a line that begins before the one above it."""
    if at is not None and told and told[-1].at is not None and at < told[-1].at:
        message = "this line begins before the one above it"
        values.error("SB311", path, message, "lines stand in the order they are spoken")


def aside(text: str) -> tuple[str, str]:
    """(how, words) of a line: `(softly) Yes.` says how in front."""
    match = _ASIDE.fullmatch(text)
    return (match["how"].strip(), match["words"]) if match else ("", text)


def speakers(value: Any) -> Iterator[tuple[int, list[str], Mapping[str, Any]]]:
    """(index in the list, names, item) of each line as written; more names than one are refused."""
    for index, each in enumerate(value if isinstance(value, list) else [value]):
        if isinstance(each, Mapping):
            names = [name for name in _names(each) if isinstance(each[name], str)]
            if names:
                yield index, names, each


def _names(line: Mapping[str, Any]) -> list[str]:
    return [name for name in line if name not in OPTIONS and not name.startswith("x-")]


@dataclass(frozen=True, slots=True)
class Pace:
    """A run of lines that has too little time."""

    line: int
    """Index of its first line."""
    severity: Severity
    code: str
    message: str
    hint: str


def paces(told: Sequence[Line], take: int, rate: Rate) -> list[Pace]:
    """What can't be spoken, or only fast, in a take of so many frames.

    A line's time runs from its `at` to the next line that states one, or to the end of the take;
    lines between share it.
    """
    found: list[Pace] = []
    starts = [index for index, line in enumerate(told) if index == 0 or line.at is not None]
    for index, after in zip(starts, [*starts[1:], len(told)], strict=True):
        begin = told[index].at or 0
        end = told[after].at if after < len(told) else take
        count = sum(len(line.words.split()) for line in told[index:after])
        frames = (take if end is None else min(end, max(take, begin))) - begin
        if begin >= take:
            message = f"this line begins after the take's {_s(take, rate)} s"
            found.append(Pace(index, Severity.ERROR, "SB310", message, "give it an earlier `at`"))
            continue
        if frames <= 0:
            continue
        if count * rate.value.numerator <= 2 * frames * rate.value.denominator:
            continue  # no need of fractions
        pace = count / rate.seconds(frames)
        if pace <= FAST:
            continue
        needed = float(count / FAST)
        message = f"{count} words in {_s(frames, rate)} s are {float(pace):.1f} a second"
        hint = f"people speak 2.6 a second; these want {needed:.1f} s"
        if pace > UNSPEAKABLE:
            found.append(Pace(index, Severity.ERROR, "SB309", message, hint))
        else:
            found.append(Pace(index, Severity.WARNING, "SB308", message, hint))
    return found


def take_frames(shot: Shot, rate: Rate) -> int | None:
    """How long the take of a shot is at the least, in frames; None where only its file knows."""
    if shot.duration is not None:
        return shot.duration
    if shot.color or shot.card:
        return shot.length
    if shot.clip is not None:
        return None
    platform = shot.target or ("" if shot.provider == "previz" else shot.provider)
    named = shot.references is References.NAMED
    steps, usual = _steps(platform, shot.model, shot.resolution, named, bool(shot.extends), rate)
    if shot.length is None:
        return usual
    wanted = shot.length + (0 if shot.extends else shot.handles)
    return max(shot.length, next((each for each in steps if each >= wanted), 0))


@cache
def _steps(
    platform: str, name: str, resolution: str, references: bool, extends: bool, rate: Rate
) -> tuple[tuple[int, ...], int]:
    """Frames that a model makes at once, shortest first, and how many where nothing is said."""
    from storyboard.providers.catalog import catalog

    known = catalog()
    model = known.find(platform, name) if platform else known.first_live(name)
    if model is None or (extends and model.extend is None):
        return (), rate.frames(8)
    if extends and model.extend is not None:
        seconds, usual = model.extend.hops, model.extend.default_hop
    else:
        seconds = model.legal_durations(resolution, references=references)
        usual = model.default_duration
    return tuple(rate.frames(each) for each in seconds), rate.frames(usual)


def _s(frames: int, rate: Rate) -> str:
    return f"{float(rate.seconds(frames)):.3g}"
