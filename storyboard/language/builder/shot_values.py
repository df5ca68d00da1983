"""Parts of a shot: what a key's value means once its shape is sound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from storyboard.diagnostics.suggestions import format_suggestion
from storyboard.language.builder.context import LayeredValues
from storyboard.language.builder.media_files import MediaKind, is_file_reference
from storyboard.language.builder.staging.blocking_parser import parse_blocking
from storyboard.model.film import (
    CUT,
    Align,
    Ambience,
    Beat,
    CameraMove,
    Clip,
    FrameEdge,
    FrameRef,
    FramesFrom,
    SoundCue,
    Transition,
    Trim,
    ValueSource,
)
from storyboard.model.framing import POSITIONS, Fit, FitKind, Framing, Position
from storyboard.transitions.registry import find_transition, load_transitions
from storyboard.transitions.spec import DEFAULT_DURATION_S

_EDGES = ("first", "last", "in", "out")


def parse_transition(values: LayeredValues, key_path: str, value: Any) -> Transition:
    """How the film comes into the shot."""
    kind = _find_transition_kind(value)
    if kind == CUT.kind:
        return CUT
    settings = {} if isinstance(value, str) else value
    transition = find_transition(kind)
    if transition.is_with_color and "from" in settings and "through" in settings:
        values.add_error(
            "SB110",
            f"{key_path}.through",
            f"a {kind} can't have both `from` and `through`",
            "keep one of the two",
            at_key=True,
        )
    if settings.get("frames") == FramesFrom.HOLD and "align" in settings:
        values.add_error(
            "SB111",
            f"{key_path}.align",
            "`align` has no effect here: with `frames: hold` the whole transition is before "
            "the shot",
            "delete `align`",
            at_key=True,
        )
    color = settings.get("through", settings.get("from", "black"))
    return Transition(
        kind=kind,
        duration=_parse_transition_duration(values, key_path, kind, settings),
        color=color if transition.is_with_color else "black",
        through=transition.is_with_color and "through" in settings,
        arguments=transition.to_arguments(settings),
        align=Align(settings.get("align", "auto")),
        frames=FramesFrom(settings.get("frames", "auto")),
    )


def parse_end_transition(values: LayeredValues, key_path: str, value: Any) -> Transition:
    """How the film ends."""
    kind = _find_transition_kind(value)
    if kind == CUT.kind:
        return CUT
    settings = {} if isinstance(value, str) else value
    return Transition(
        kind,
        _parse_transition_duration(values, key_path, kind, settings),
        settings.get("to", "black"),
        arguments=find_transition(kind).to_arguments(settings),
    )


def _find_transition_kind(value: Any) -> str:
    """The transition that a value names; a mapping that names none is refused already."""
    if isinstance(value, str):
        return value
    return next((name for name in load_transitions() if name in value), CUT.kind)


def _parse_transition_duration(
    values: LayeredValues, key_path: str, kind: str, settings: Mapping[str, Any]
) -> int:
    if kind not in settings:
        return values.context.rate.to_frames(DEFAULT_DURATION_S)
    return max(1, values.parse_time_as_frames(f"{key_path}.{kind}", settings[kind]))


def parse_trim(values: LayeredValues, key_path: str, value: Mapping[str, Any]) -> Trim:
    """The part of the take that is used; refused where it leaves nothing."""
    start = (
        values.parse_time_as_frames(f"{key_path}.start", value["start"])
        if "start" in value
        else None
    )
    end = values.parse_time_as_frames(f"{key_path}.end", value["end"]) if "end" in value else None
    if end == 0 or (end is not None and end > 0 and end <= (start or 0)):
        values.add_error(
            "SB303",
            f"{key_path}.end",
            "this trim ends before it starts",
            "set `end` to a position in the take, not to a length; -0.5 counts from the end",
        )
    return Trim(start, end)


def parse_fit(value: Any) -> Fit:
    """How the picture fills the frame: one framing, or the first and the last of a move."""
    return tuple(parse_framing(item) for item in (value if isinstance(value, list) else [value]))


def parse_framing(value: Any) -> Framing:
    """One way to fill the frame."""
    if isinstance(value, str):
        return Framing(FitKind(value))
    return Framing(FitKind.CROP, parse_position(value["crop"]), float(value.get("zoom", 1)))


def parse_position(value: Any) -> Position:
    """A point of the frame: one of nine words, or [x, y]."""
    if isinstance(value, str):
        return POSITIONS[value]
    across, down = value
    return float(across), float(down)


def parse_camera_moves(values: LayeredValues, key_path: str, value: Any) -> tuple[CameraMove, ...]:
    """Moves in order."""
    moves = []
    for index, item in enumerate([value] if isinstance(value, str) else value):
        if isinstance(item, str):
            moves.append(CameraMove(strip_prose(item)))
            continue
        for move, time in item.items():
            moves.append(
                CameraMove(
                    strip_prose(move),
                    values.parse_time_as_frames(f"{key_path}[{index}].{move}", time),
                )
            )
    return tuple(moves)


def parse_angle(values: LayeredValues, key_path: str, value: Any) -> str | tuple[str, str]:
    """An angle in words; for `{over: ben}` its word and the name."""
    return value.strip() if isinstance(value, str) else ("over-the-shoulder", value["over"])


def parse_beats(
    values: LayeredValues, key_path: str, value: list[Mapping[str, Any]]
) -> tuple[Beat, ...]:
    """Beats in the order of their times."""
    parsed_beats: list[Beat] = []
    for index, item in enumerate(value):
        at = values.parse_time_as_frames(f"{key_path}[{index}].at", item["at"])
        if parsed_beats and at <= parsed_beats[-1].at:
            values.add_error(
                "SB305",
                f"{key_path}[{index}].at",
                "this beat starts before the beat above it, or at the same time",
                "put the beats in order, each `at` later than the one before",
            )
        if not item.keys() & {"prompt", "blocking"}:
            hint = "add a `prompt`: what the audience sees from this time on"
            values.add_error("SB102", f"{key_path}[{index}]", "this beat says nothing", hint)
        blocking = parse_blocking(values, f"{key_path}[{index}].blocking", item.get("blocking", {}))
        parsed_beats.append(Beat(at, strip_prose(item.get("prompt", "")), blocking))
    return tuple(parsed_beats)


def parse_sound_cues(values: LayeredValues, key_path: str, value: Any) -> tuple[SoundCue, ...]:
    """Sounds in words and sound files."""
    cues = []
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        if isinstance(item, str):
            cues.append(SoundCue(strip_prose(item)))
            continue
        item_path = f"{key_path}[{index}]" if isinstance(value, list) else key_path
        file = values.find_media(f"{item_path}.file", item["file"], MediaKind.SOUND)
        at = values.parse_time_as_frames(f"{item_path}.at", item.get("at", 0))
        cues.append(SoundCue(file=file, at=at, gain_db=float(item.get("gain_db", 0))))
    return tuple(cues)


def parse_clip(values: LayeredValues, key_path: str, value: str) -> Clip | None:
    """Footage, or another shot; None, reported, for a file that can't be used."""
    file_or_shot = value.strip()
    if not is_file_reference(file_or_shot):
        return Clip(shot=file_or_shot)
    file = values.find_media(key_path, file_or_shot, MediaKind.VIDEO)
    return Clip(file=file) if file else None


def parse_ambience(
    values: LayeredValues, key_path: str, value: Mapping[str, Any]
) -> Ambience | None:
    """The bed under a scope; None, reported, where it has no source or two."""
    if ("make" in value) == ("file" in value):
        message = "ambience needs either `make` (a description) or `file`, not both"
        values.add_error("SB110" if "make" in value else "SB109", key_path, message)
        return None
    file = (
        values.find_media(f"{key_path}.file", value["file"], MediaKind.SOUND)
        if "file" in value
        else None
    )
    description = strip_prose(value["make"]) if "make" in value else ""
    scope = _find_ambience_scope(values, key_path)
    return Ambience(description, file, float(value.get("gain_db", -24)), scope)


def _find_ambience_scope(values: LayeredValues, key_path: str) -> str:
    """What one bed lies under: the shot, the sequence or the film that says it."""
    origin = values.origins.get(key_path)
    if origin is not None and origin.layer is ValueSource.SHOT:
        return f"shot:{values.name}"
    if origin is not None and origin.layer is ValueSource.SEQUENCE:
        return f"seq:{origin.detail}"
    return "film"


def parse_frame_ref(values: LayeredValues, key_path: str, value: Any) -> FrameRef | None:
    """A reference to one picture: a file, else a frame of a shot, else a cast name."""
    if isinstance(value, Mapping):
        return FrameRef(
            still=strip_prose(value["still"]),
            still_cast=tuple(value.get("cast", ())),
            still_place=value.get("place", ""),
        )
    text = value.strip()
    if is_file_reference(text):
        file = values.find_media(key_path, text, MediaKind.PICTURE)
        return FrameRef(file=file) if file else None
    shot, at, time = text.partition("@")
    if at:
        try:
            exact = values.context.parse_time_with_cache(time)
        except ValueError:
            exact = None
        if exact is None or exact.frames < 0:
            cure = "write SHOT@3.5 for seconds or SHOT@84f for frames"
            values.add_error("SB207", key_path, f"`{time}` is not a time in the take", cure)
            return None
        return FrameRef(shot=shot, edge=FrameEdge.AT, at=exact.frames)
    shot, dot, edge = text.rpartition(".")
    if dot:
        if edge not in _EDGES:
            near = values.context.suggester.find_nearest_name(edge, _EDGES)
            cure = (
                format_suggestion(f"{shot}.{near}") if near else "write .first, .last, .in or .out"
            )
            values.add_error("SB207", key_path, f"`{edge}` is not a frame of a shot", cure)
            return None
        return FrameRef(shot=shot, edge=FrameEdge(edge))
    return FrameRef(cast=text)


def strip_prose(text: str) -> str:
    """Prose without the line breaks of the file around it."""
    return text.strip()
