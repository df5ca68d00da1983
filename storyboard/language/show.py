"""The film as it was understood: every default filled in, every layer applied.

`to_storyboard_data` gives plain data in the language's own keys, so that its YAML is again a
storyboard; what the language has no key for begins with `x-`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from storyboard.language.yaml.parser import parse_plain_scalar
from storyboard.model.film import (
    Ambience,
    Anchor,
    Film,
    FilmDefaults,
    FrameEdge,
    FrameRef,
    FramesFrom,
    Line,
    MediaFile,
    Origin,
    Placement,
    Pos,
    References,
    Shot,
    SoundCue,
    TextStyle,
    TitleCue,
    Transition,
    Trim,
    ValueSource,
)
from storyboard.model.framing import Fit, Framing, describe_position
from storyboard.model.shot_keys import FIELD_KEYS, MeantFor, Place
from storyboard.timecode import Rate
from storyboard.transitions.registry import find_transition

_PLAIN_TEXT = re.compile(r"[A-Za-z_./][\w ./()'’+@&!?;-]*", re.ASCII)


def to_storyboard_data(film: Film) -> dict[str, Any]:
    """The film as plain data. Times are seconds, or `"12f"` where no short decimal is exact.

    Paths are relative to the film's root.
    """
    rate = film.delivery.rate
    data: dict[str, Any] = {"storyboard": 1}
    told = {"title": film.title, "author": film.author, "copyright": film.copyright}
    data |= {key: value for key, value in told.items() if value}
    if film.credits:
        data["credits"] = list(film.credits)
    if film.length is not None:
        data["length"] = to_yaml_time(film.length, rate)
    form = film.delivery
    data["format"] = {
        "aspect_ratio": form.aspect_ratio,
        "resolution": form.resolution,
        "fps": int(rate.value) if rate.value.denominator == 1 else str(rate.value),
        **({"fit": _to_fit_data(form.fit)} if form.fit else {}),
    }
    usual = FilmDefaults(resolution=form.resolution, aspect_ratio=form.aspect_ratio)
    absent = usual.to_fields()
    defaults = film.defaults.to_fields().items()
    if changed_defaults := {key: value for key, value in defaults if value != absent[key]}:
        data["defaults"] = changed_defaults
    if film.profile:
        data["x-profile"] = film.profile
    data["cast"] = {
        name: _drop_empty(
            kind=str(member.kind),
            description=member.description,
            images=[_to_relative_path(film, image) for image in member.images],
            voice=member.voice,
            still=member.still,
            wardrobe={
                outfit.name: _drop_empty(
                    description=outfit.description, image=_to_relative_path(film, outfit.image)
                )
                for outfit in member.wardrobe
            },
        )
        for name, member in film.cast.items()
    }
    data["shots"] = [_to_shot_data(film, shot, rate) for shot in film.shots]
    if film.fonts:
        data["fonts"] = [_to_relative_path(film, file) for file in film.fonts]
    if film.styles:
        data["styles"] = {name: _to_style_data(film, style) for name, style in film.styles.items()}
    data["titles"] = [
        _drop_empty(
            at=_format_anchor(cue.at, rate),
            length=to_yaml_time(cue.length, rate),
            text=cue.text,
            credits=list(cue.credits),
            style=cue.look_name or cue.style,
            image=_to_relative_path(film, cue.image) if cue.image else None,
            pos=_format_own_pos(film, cue),
            width=_to_number(Fraction(str(cue.width))) or None,
        )
        for cue in film.titles
    ]
    if film.markers:
        data["markers"] = {name: _format_anchor(at, rate) for name, at in film.markers.items()}
    loudness = {"lufs": film.loudness.lufs, "true_peak_db": film.loudness.true_peak_db}
    data["sound"] = {"music": list(_list_music_data(film, rate)), "loudness": loudness}
    if film.narration:
        data["sound"]["narration"] = [
            {"at": _format_anchor(cue.at, rate), **_to_line_data(cue.line, rate)}
            for cue in film.narration
        ]
    data["subtitles"] = film.subtitles
    data["policy"] = {
        key: _to_number(value) if isinstance(value, Fraction) else value
        for key, value in film.policy.to_fields().items()
        if value is not None
    }
    data["providers"] = {name: dict(settings) for name, settings in film.providers.items()}
    return data


def _to_style_data(film: Film, style: TextStyle) -> dict[str, Any]:
    rate = film.delivery.rate
    return _drop_empty(
        font=_to_relative_path(film, style.font) if style.font else None,
        size=_to_number(Fraction(str(style.size))) or None,
        color=style.color,
        pos=_format_pos(style.pos),
        box=style.box,
        fade=None if style.fade is None else to_yaml_time(style.fade, rate),
    )


def _format_own_pos(film: Film, cue: TitleCue) -> Any:
    """The `pos` that a title says itself."""
    style = film.styles.get(cue.look_name, TextStyle())
    return _format_pos(cue.look.pos) if cue.look.pos != style.pos else None


def _format_pos(pos: Pos) -> Any:
    return pos if isinstance(pos, str) else [_to_number(Fraction(str(part))) for part in pos]


def to_storyboard_yaml(film: Film, origins: bool) -> str:
    """The same data as YAML; with `origins` each value is followed by where it came from."""
    return "\n".join(_format_yaml_lines(film, to_storyboard_data(film), origins)) + "\n"


def to_yaml_time(frames: int, rate: Rate) -> int | float | str:
    """Seconds where four decimals say them exactly, else frames."""
    exact = rate.to_seconds(frames)
    return _to_number(exact) if Fraction(f"{float(exact):.4f}") == exact else f"{frames}f"


def _to_shot_data(film: Film, shot: Shot, rate: Rate) -> dict[str, Any]:
    """What a shot says that isn't said anyway, by its keys; what a model is asked, in full."""
    is_made = not (shot.clip or shot.color or shot.card)
    data: dict[str, Any] = {}
    for key in FIELD_KEYS:
        if not is_made and (key.meant_for is MeantFor.MADE or key.is_idle_unless_made):
            continue
        value = key.read_value(shot)
        is_usual = value == key.absent_value or value in ((), {})
        if key.is_always_shown or not is_usual:
            name = key.name if Place.SHOT in key.stands else f"x-{key.name}"
            data[name] = TYPE_FORMATTERS[key.type.name](film, value, rate)
    if _has_default_transition_from_nothing(film, shot):
        data.pop("transition", None)
    if shot.over:
        data["angle"] = {"over": shot.over}
    if shot.scene_number:
        data["scene"] = f"{shot.scene} #{shot.scene_number}#".strip()
    if shot.sequences:
        data["x-sequences"] = list(shot.sequences)
    return data


def _has_default_transition_from_nothing(film: Film, shot: Shot) -> bool:
    """Whether the shot opens the film, so that the transition of the defaults is not for it."""
    transition = shot.transition
    first = next((each for each in film.shots if not each.omit), None)
    if shot is not first or transition.is_cut or shot.is_stated_by_shot("transition"):
        return False
    return bool(transition.through) or not find_transition(transition.kind).is_with_color


def _list_sounds_data(film: Film, cues: tuple[SoundCue, ...], rate: Rate) -> list[Any]:
    return [
        cue.words
        or _drop_empty(
            file=_to_relative_path(film, cue.file),
            at=to_yaml_time(cue.at, rate),
            gain_db=cue.gain_db or None,
        )
        for cue in cues
    ]


def _to_trim_data(film: Film, trim: Trim, rate: Rate) -> dict[str, Any]:
    ends = {"start": trim.start, "end": trim.end}
    return {key: to_yaml_time(end, rate) for key, end in ends.items() if end is not None}


def _to_fit_data(fit: Fit) -> Any:
    framings = [_to_framing_data(framing) for framing in fit]
    return framings if len(framings) > 1 else framings[0]


def _to_framing_data(framing: Framing) -> Any:
    if framing == Framing(framing.kind):
        return str(framing.kind)
    zoom = {"zoom": framing.zoom} if framing.zoom != 1 else {}
    return {"crop": describe_position(framing.position), **zoom}


def _drop_empty(**values: Any) -> dict[str, Any]:
    """The values that say something."""
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}


def _to_relative_path(film: Film, file: MediaFile | None) -> str:
    if file is None:
        return ""
    return file.uri or Path(os.path.relpath(file.path, film.root)).as_posix()


def _to_blocking_data(placements: tuple[Placement, ...]) -> dict[str, Any]:
    """What is said of each person, in the language's own keys."""
    data = {
        placement.name: {
            key: value
            for key, value in placement.to_fields().items()
            if value and key not in ("name", "is_away")
        }
        for placement in placements
        # whoever left is away by what `extend` says, and would come back with a place
        if not placement.is_away
    }
    return {name: said for name, said in data.items() if said}


def _to_frame_ref_data(film: Film, frame: FrameRef) -> Any:
    if frame.still:
        return _drop_empty(still=frame.still, cast=list(frame.still_cast), place=frame.still_place)
    if frame.shot:
        at = frame.edge is FrameEdge.AT
        return f"{frame.shot}@{frame.at}f" if at else f"{frame.shot}.{frame.edge}"
    return _to_relative_path(film, frame.file) or frame.cast


def _to_line_data(line: Line, rate: Rate) -> dict[str, Any]:
    at = None if line.at is None else to_yaml_time(line.at, rate)
    spoken = (
        {"write": line.write, "voice": line.speaker} if line.write else {line.speaker: line.words}
    )
    return {**spoken, **_drop_empty(at=at, how=line.how, off=line.off or None)}


def _to_ambience_data(film: Film, ambience: Ambience) -> Any:
    ambience_data = _drop_empty(
        make=ambience.make, file=_to_relative_path(film, ambience.file), gain_db=ambience.gain_db
    )
    return {**ambience_data, "x-scope": ambience.scope}


def _to_transition_data(transition: Transition, rate: Rate) -> Any:
    if transition.is_cut:
        return "cut"
    spec = find_transition(transition.kind)
    data: dict[str, Any] = {transition.kind: to_yaml_time(transition.duration, rate)}
    if spec.is_with_color:
        data["through" if transition.through else "from"] = transition.color
    data |= spec.to_settings(transition.arguments)
    if spec.is_with_color:
        return {**data, "align": str(transition.align)} if transition.through else data
    if transition.frames is not FramesFrom.HOLD:
        data["align"] = str(transition.align)
    return {**data, "frames": str(transition.frames)}


TYPE_FORMATTERS: Mapping[str, Callable[[Film, Any, Rate], Any]] = {
    **dict.fromkeys(
        ("words", "angle", "shot_id", "integer", "number", "switch"),
        lambda film, value, rate: value,
    ),
    **dict.fromkeys(("time", "length"), lambda film, frames, rate: to_yaml_time(frames, rate)),
    "number_or_words": lambda film, text, rate: int(text) if text.isdigit() else text,
    "lock": lambda film, lock, rate: True if lock == "true" else lock,
    "cast": lambda film, names, rate: list(names),
    "references": lambda film, references, rate: (
        str(references) if isinstance(references, References) else list(references)
    ),
    "options": lambda film, options, rate: dict(options),
    "beats": lambda film, beats, rate: [
        {
            "at": to_yaml_time(beat.at, rate),
            **_drop_empty(prompt=beat.prompt, blocking=_to_blocking_data(beat.blocking)),
        }
        for beat in beats
    ],
    "blocking": lambda film, placements, rate: _to_blocking_data(placements),
    "frame": lambda film, frame, rate: _to_frame_ref_data(film, frame),
    "clip": lambda film, clip, rate: _to_relative_path(film, clip.file) or clip.shot,
    "trim": _to_trim_data,
    "fit": lambda film, fit, rate: _to_fit_data(fit),
    "camera": lambda film, moves, rate: [
        {move.words: to_yaml_time(move.length, rate)} if move.length else move.words
        for move in moves
    ],
    **dict.fromkeys(
        ("dialogue", "narration"),
        lambda film, lines, rate: [_to_line_data(line, rate) for line in lines],
    ),
    "sounds": _list_sounds_data,
    "ambience": lambda film, ambience, rate: _to_ambience_data(film, ambience),
    "transition": lambda film, transition, rate: _to_transition_data(transition, rate),
    "end_transition": lambda film, transition, rate: {
        transition.kind: to_yaml_time(transition.duration, rate),
        "to": transition.color,
        **find_transition(transition.kind).to_settings(transition.arguments),
    },
    "effects": lambda film, effects, rate: [
        {effect.name: dict(effect.arguments)} if effect.arguments else effect.name
        for effect in effects
    ],
}
"""How `show` writes a value, by the name of its type."""


def _format_anchor(anchor: Anchor, rate: Rate) -> str:
    if not anchor.offset:
        return anchor.shot
    sign = "+" if anchor.offset > 0 else "-"
    return f"{anchor.shot}{sign}{to_yaml_time(abs(anchor.offset), rate)}"


def _list_music_data(film: Film, rate: Rate) -> Iterator[dict[str, Any]]:
    for cue in film.music:
        yield _drop_empty(
            **{
                "file": _to_relative_path(film, cue.file),
                "make": cue.make,
                "from": _format_anchor(cue.begin, rate),
                "to": _format_anchor(cue.end, rate),
                "start": to_yaml_time(rate.to_frames(cue.start), rate) or None,
                "fade_in": to_yaml_time(cue.fade_in, rate) or None,
                "fade_out": to_yaml_time(cue.fade_out, rate) or None,
                "gain_db": cue.gain_db or None,
                "duck_db": cue.duck_db or None,
            }
        )


def _to_number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _format_yaml_lines(film: Film, data: Mapping[str, Any], with_origins: bool) -> Iterator[str]:
    for key, value in data.items():
        if key == "shots":
            yield "shots:" if value else "shots: []"
            for shot, item in zip(film.shots, value, strict=True):
                for index, (name, part) in enumerate(item.items()):
                    origin, form = shot.origins.get(name), ""
                    if origin is None and name in ("resolution", "aspect_ratio"):
                        origin, form = film.origins.get(f"format.{name}"), "format of "
                    comment = (
                        _format_origin_comment(origin, name, item, form) if with_origins else ""
                    )
                    marker = "-" if index == 0 else " "
                    yield f"  {marker} {name}: {format_flow_yaml(part)}{comment}"
        elif key == "cast" and value:
            yield "cast:"
            for name, member in value.items():
                comment = (
                    _format_origin_comment(film.origins.get(f"cast.{name}"), "cast", {})
                    if with_origins
                    else ""
                )
                yield f"  {name}: {format_flow_yaml(member)}{comment}"
        elif isinstance(value, list) and value and not isinstance(value[0], str):
            yield f"{key}:"
            for index, part in enumerate(value):
                comment = (
                    _format_origin_comment(film.origins.get(f"{key}[{index}]"), key, {})
                    if with_origins
                    else ""
                )
                yield f"  - {format_flow_yaml(part)}{comment}"
        elif isinstance(value, Mapping) and value:
            yield f"{key}:"
            for name, part in value.items():
                comment = (
                    _format_origin_comment(film.origins.get(f"{key}.{name}"), name, {})
                    if with_origins
                    else ""
                )
                yield f"  {name}: {format_flow_yaml(part)}{comment}"
        else:
            comment = _format_origin_comment(film.origins.get(key), key, {}) if with_origins else ""
            yield f"{key}: {format_flow_yaml(value)}{comment}"


def _format_origin_comment(
    origin: Origin | None, key: str, siblings: Mapping[str, Any], prefix: str = ""
) -> str:
    """The comment that says where a value came from; `prefix` is said before its layer."""
    if origin is None:
        if key.startswith("x-") or key == "storyboard":
            return ""
        slug = key in ("place", "time") and "scene" in siblings
        return "  # from scene" if slug else "  # default"
    place = origin.value or origin.key
    layer = "command line" if origin.layer is ValueSource.FLAG else str(origin.layer)
    detail = f" {origin.detail}" if origin.detail and origin.layer is not ValueSource.FLAG else ""
    return f"  # {prefix}{layer}{detail}" + (f", {place.file}:{place.line}" if place else "")


def format_flow_yaml(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return (
            "{"
            + ", ".join(
                f"{format_flow_yaml(str(key))}: {format_flow_yaml(item)}"
                for key, item in value.items()
            )
            + "}"
        )
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(format_flow_yaml(item) for item in value) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value)
    plain = (
        _PLAIN_TEXT.fullmatch(text) and not text.endswith(" ") and parse_plain_scalar(text) == text
    )
    return text if plain else json.dumps(text, ensure_ascii=False)
