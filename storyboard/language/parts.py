"""Parts of a shot: what a key's value means once its shape is sound."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from storyboard.film import (
    CUT,
    Align,
    Ambience,
    Beat,
    CameraMove,
    FrameEdge,
    FrameRef,
    FramesFrom,
    SoundCue,
    Transition,
    TransitionKind,
    Trim,
)
from storyboard.language.files import Medium, is_file_name
from storyboard.language.values import Values

_EDGES = ("first", "last", "in", "out")
DISSOLVE = Fraction(1, 2)
"""Seconds of a transition that is only named."""


def transition(values: Values, path: str, value: Any) -> Transition:
    """How the film comes into the shot."""
    if isinstance(value, str):
        kind = TransitionKind(value)
        return (
            CUT
            if kind is TransitionKind.CUT
            else Transition(kind, values.desk.rate.frames(DISSOLVE))
        )
    kind = next((each for each in TransitionKind if each in value), TransitionKind.DISSOLVE)
    if kind in value:
        duration = values.frames(f"{path}.{kind}", value[kind])
    else:
        duration = values.desk.rate.frames(DISSOLVE)
    fade = kind is TransitionKind.FADE
    if fade and "from" in value and "through" in value:
        values.error(
            "SB110",
            f"{path}.through",
            "a fade is `from` a colour or `through` one",
            "keep one of the two",
            at_key=True,
        )
    if value.get("frames") == FramesFrom.HOLD and "align" in value:
        values.error(
            "SB111",
            f"{path}.align",
            "`align` has no effect here: `frames: hold` puts all of it before the shot",
            "delete `align`",
            at_key=True,
        )
    color = value.get("through", value.get("from", "black")) if fade else "black"
    return Transition(
        kind=kind,
        duration=max(1, duration),
        color=color,
        through=fade and "through" in value,
        direction=value.get("from", "left") if kind is TransitionKind.WIPE else "left",
        align=Align(value.get("align", "auto")),
        frames=FramesFrom(value.get("frames", "auto")),
    )


def transition_out(values: Values, path: str, value: Any) -> Transition:
    """How the film ends."""
    if isinstance(value, str):
        if value == "cut":
            return CUT
        return Transition(TransitionKind.FADE, values.desk.rate.frames(DISSOLVE))
    duration = max(1, values.frames(f"{path}.fade", value["fade"]))
    return Transition(TransitionKind.FADE, duration, value.get("to", "black"))


def trim(values: Values, path: str, value: Mapping[str, Any]) -> Trim:
    """The part of the take that is used; refused where it leaves nothing."""
    start = values.frames(f"{path}.start", value["start"]) if "start" in value else None
    end = values.frames(f"{path}.end", value["end"]) if "end" in value else None
    if end == 0 or (end is not None and end > 0 and end <= (start or 0)):
        values.error(
            "SB303",
            f"{path}.end",
            "this trim leaves nothing: it ends before it starts",
            "`end` is a position in the take, not a length; -0.5 counts from the tail",
        )
    return Trim(start, end)


def camera(values: Values, path: str, value: Any) -> tuple[CameraMove, ...]:
    """Moves in order."""
    moves = []
    for index, each in enumerate([value] if isinstance(value, str) else value):
        if isinstance(each, str):
            moves.append(CameraMove(words(each)))
            continue
        for move, time in each.items():
            moves.append(CameraMove(words(move), values.frames(f"{path}[{index}].{move}", time)))
    return tuple(moves)


def beats(values: Values, path: str, value: list[Mapping[str, Any]]) -> tuple[Beat, ...]:
    """Beats in the order of their times."""
    told: list[Beat] = []
    for index, each in enumerate(value):
        at = values.frames(f"{path}[{index}].at", each["at"])
        if told and at <= told[-1].at:
            values.error(
                "SB305",
                f"{path}[{index}].at",
                "this beat doesn't come after the one before it",
                "beats stand in order, each `at` later than the last",
            )
        told.append(Beat(at, words(each["prompt"])))
    return tuple(told)


def sounds(values: Values, path: str, value: Any) -> tuple[SoundCue, ...]:
    """Sounds in words and sound files."""
    cues = []
    for index, each in enumerate(value if isinstance(value, list) else [value]):
        if isinstance(each, str):
            cues.append(SoundCue(words(each)))
            continue
        where = f"{path}[{index}]" if isinstance(value, list) else path
        file = values.media(f"{where}.file", each["file"], Medium.SOUND)
        at = values.frames(f"{where}.at", each.get("at", 0))
        cues.append(SoundCue(file=file, at=at, gain_db=float(each.get("gain_db", 0))))
    return tuple(cues)


def ambience(values: Values, path: str, value: Mapping[str, Any], scope: str) -> Ambience | None:
    """The bed under a scope; None, reported, where it has no source or two."""
    if ("make" in value) == ("file" in value):
        message = "ambience is either `make`, in words, or a `file`"
        values.error("SB110" if "make" in value else "SB109", path, message)
        return None
    file = values.media(f"{path}.file", value["file"], Medium.SOUND) if "file" in value else None
    made = words(value["make"]) if "make" in value else ""
    return Ambience(made, file, float(value.get("gain_db", -24)), scope)


def frame(values: Values, path: str, value: Any) -> FrameRef | None:
    """A reference to one picture: a file, else a frame of a shot, else a cast name."""
    if isinstance(value, Mapping):
        return FrameRef(
            still=words(value["still"]),
            still_cast=tuple(value.get("cast", ())),
            still_place=value.get("place", ""),
        )
    text = value.strip()
    if is_file_name(text):
        file = values.media(path, text, Medium.PICTURE)
        return FrameRef(file=file) if file else None
    shot, at, time = text.partition("@")
    if at:
        try:
            exact = values.desk.time(time)
        except ValueError:
            exact = None
        if exact is None or exact.frames < 0:
            cure = "write SHOT@3.5 for seconds or SHOT@84f for frames"
            values.error("SB207", path, f"`{time}` is no time in the take", cure)
            return None
        return FrameRef(shot=shot, edge=FrameEdge.AT, at=exact.frames)
    shot, dot, edge = text.rpartition(".")
    if dot:
        if edge not in _EDGES:
            near = values.desk.nearest.word(edge, _EDGES)
            cure = f"did you mean `{shot}.{near}`?" if near else "write .first, .last, .in or .out"
            values.error("SB207", path, f"a shot has no frame `{edge}`", cure)
            return None
        return FrameRef(shot=shot, edge=FrameEdge(edge))
    return FrameRef(cast=text)


def words(text: str) -> str:
    """Prose without the line breaks of the file around it."""
    return text.strip()
