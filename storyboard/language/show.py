"""The film as it was understood: every default filled in, every layer applied.

`resolved` is plain data in the language's own keys, so that its YAML is again a storyboard; what
the language has no key for begins with `x-`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from storyboard.film import (
    Ambience,
    Anchor,
    Film,
    FrameEdge,
    FrameRef,
    FramesFrom,
    House,
    Layer,
    Line,
    MediaFile,
    Origin,
    References,
    Shot,
    Transition,
    TransitionKind,
)
from storyboard.language.yaml12 import plain_scalar
from storyboard.timecode import Rate

_SAFE = re.compile(r"[A-Za-z_./][\w ./()'’+@&!?;-]*", re.ASCII)
_JOINED = ("look", "negative_prompt")


def resolved(film: Film) -> dict[str, Any]:
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
        data["length"] = seconds(film.length, rate)
    form = film.delivery
    data["format"] = {
        "aspect_ratio": form.aspect_ratio,
        "resolution": form.resolution,
        "fps": int(rate.value) if rate.value.denominator == 1 else str(rate.value),
    }
    usual = House(resolution=form.resolution, aspect_ratio=form.aspect_ratio)
    absent = usual.to_fields()
    asked = film.house.to_fields().items()
    if said := {key: value for key, value in asked if value != absent[key]}:
        data["defaults"] = said
    if film.profile:
        data["x-profile"] = film.profile
    data["cast"] = {
        name: _lean(
            kind=str(member.kind),
            description=member.description,
            images=[_path(film, image) for image in member.images],
            voice=member.voice,
            still=member.still,
        )
        for name, member in film.cast.items()
    }
    data["shots"] = [_shot(film, shot, rate) for shot in film.shots]
    data["titles"] = [
        _lean(
            at=_anchor(cue.at, rate),
            length=seconds(cue.length, rate),
            text=cue.text,
            credits=list(cue.credits),
            style=cue.style,
        )
        for cue in film.titles
    ]
    loudness = {"lufs": film.loudness.lufs, "true_peak_db": film.loudness.true_peak_db}
    data["sound"] = {"music": list(_music(film, rate)), "loudness": loudness}
    if film.narration:
        data["sound"]["narration"] = [
            {"at": _anchor(cue.at, rate), **_line(cue.line, rate)} for cue in film.narration
        ]
    data["subtitles"] = film.subtitles
    data["policy"] = {
        key: _number(value) if isinstance(value, Fraction) else value
        for key, value in film.policy.to_fields().items()
        if value is not None
    }
    data["providers"] = {name: dict(settings) for name, settings in film.providers.items()}
    return data


def _words(shot: Shot) -> dict[str, str]:
    return {
        "scene": shot.scene,
        "place": shot.place,
        "size": shot.size,
        "angle": shot.angle,
        "lens": shot.lens,
        "focus": shot.focus,
        "light": shot.light,
        "time": shot.time,
        "weather": shot.weather,
        "mood": shot.mood,
        "text": shot.text,
        "look": shot.look,
        "negative_prompt": shot.negative_prompt,
    }


def resolved_yaml(film: Film, origins: bool) -> str:
    """`resolved` as YAML; with `origins` each value is followed by where it came from."""
    return "\n".join(_lines(film, resolved(film), origins)) + "\n"


def seconds(frames: int, rate: Rate) -> int | float | str:
    """Seconds where four decimals say them exactly, else frames."""
    exact = rate.seconds(frames)
    return _number(exact) if Fraction(f"{float(exact):.4f}") == exact else f"{frames}f"


def _shot(film: Film, shot: Shot, rate: Rate) -> dict[str, Any]:
    def time(frames: int | None) -> Any:
        return None if frames is None else seconds(frames, rate)

    made = not (shot.clip or shot.color or shot.card)
    data: dict[str, Any] = {"id": shot.id, "prompt": shot.prompt}
    data["beats"] = [{"at": time(beat.at), "prompt": beat.prompt} for beat in shot.beats]
    data["first_frame"] = _frame(film, shot.first_frame, rate)
    data["last_frame"] = _frame(film, shot.last_frame, rate)
    data |= {"continue": shot.continues, "extend": shot.extends}
    data["clip"] = shot.clip and (_path(film, shot.clip.file) or shot.clip.shot)
    data |= {"color": shot.color, "card": shot.card}
    data |= {"length": time(shot.length), "duration": time(shot.duration)}
    data["trim"] = _lean(start=time(shot.trim.start), end=time(shot.trim.end))
    data |= {key: words for key, words in _words(shot).items() if made or key not in _JOINED}
    if shot.lens.isdigit():
        data["lens"] = int(shot.lens)
    data["cast"] = list(shot.cast)
    data["camera"] = [
        {move.words: time(move.length)} if move.length else move.words for move in shot.camera
    ]
    data["dialogue"] = [_line(line, rate) for line in shot.dialogue]
    data["narration"] = [_line(line, rate) for line in shot.narration]
    data["sound"] = [
        cue.words or _lean(file=_path(film, cue.file), at=time(cue.at), gain_db=cue.gain_db or None)
        for cue in shot.sound
    ]
    data["ambience"] = _bed(film, shot.ambience)
    if made:
        data |= {"provider": shot.provider, "model": shot.model, "x-target": shot.target}
        data |= {"resolution": shot.resolution, "aspect_ratio": shot.aspect_ratio}
        data |= {"handles": time(shot.handles), "takes": shot.takes, "seed": shot.seed}
        data["audio"] = shot.audio
        named = shot.references is References.NAMED
        data["references"] = list(shot.reference_names) if named else str(shot.references)
        data["options"] = dict(shot.options)
        data["still_model"] = shot.still_model
    data["effects"] = [
        {each.name: dict(each.arguments)} if each.arguments else each.name for each in shot.effects
    ]
    data["transition"] = _transition(shot.transition, rate)
    if shot.transition_out.duration:
        end = shot.transition_out
        data["transition_out"] = {"fade": time(end.duration), "to": end.color}
    data |= {"mute": shot.mute or None, "gain_db": shot.gain_db or None}
    data |= {"audio_lead": time(shot.audio_lead or None), "audio_lag": time(shot.audio_lag or None)}
    data |= {"omit": shot.omit or None, "lock": True if shot.lock == "true" else shot.lock}
    data |= {"alternate": shot.alternate, "note": shot.note, "continuity": shot.continuity}
    data["match"] = _frame(film, shot.match, rate)
    data["x-sequences"] = list(shot.sequences)
    kept = _lean(**data)
    if shot.references is References.NAMED and made:
        kept["references"] = data["references"]
    return kept


def _lean(**values: Any) -> dict[str, Any]:
    """The values that say something."""
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}


def _path(film: Film, file: MediaFile | None) -> str:
    if file is None:
        return ""
    return file.uri or Path(os.path.relpath(file.path, film.root)).as_posix()


def _frame(film: Film, frame: FrameRef | None, rate: Rate) -> Any:
    if frame is None:
        return None
    if frame.still:
        return _lean(still=frame.still, cast=list(frame.still_cast), place=frame.still_place)
    if frame.shot:
        at = frame.edge is FrameEdge.AT
        return f"{frame.shot}@{frame.at}f" if at else f"{frame.shot}.{frame.edge}"
    return _path(film, frame.file) or frame.cast


def _line(line: Line, rate: Rate) -> dict[str, Any]:
    at = None if line.at is None else seconds(line.at, rate)
    said = (
        {"write": line.write, "voice": line.speaker} if line.write else {line.speaker: line.words}
    )
    return {**said, **_lean(at=at, how=line.how, off=line.off or None)}


def _bed(film: Film, bed: Ambience | None) -> Any:
    if bed is None:
        return None
    kept = _lean(make=bed.make, file=_path(film, bed.file), gain_db=bed.gain_db)
    return {**kept, "x-scope": bed.scope}


def _transition(cut: Transition, rate: Rate) -> Any:
    if cut.kind is TransitionKind.CUT:
        return "cut"
    data: dict[str, Any] = {str(cut.kind): seconds(cut.duration, rate)}
    if cut.kind is TransitionKind.FADE:
        data["through" if cut.through else "from"] = cut.color
        return {**data, "align": str(cut.align)} if cut.through else data
    if cut.kind is TransitionKind.WIPE:
        data["from"] = cut.direction
    if cut.frames is not FramesFrom.HOLD:
        data["align"] = str(cut.align)
    return {**data, "frames": str(cut.frames)}


def _anchor(anchor: Anchor, rate: Rate) -> str:
    if not anchor.offset:
        return anchor.shot
    sign = "+" if anchor.offset > 0 else "-"
    return f"{anchor.shot}{sign}{seconds(abs(anchor.offset), rate)}"


def _music(film: Film, rate: Rate) -> Iterator[dict[str, Any]]:
    for cue in film.music:
        yield _lean(
            **{
                "file": _path(film, cue.file),
                "make": cue.make,
                "from": _anchor(cue.begin, rate),
                "to": _anchor(cue.end, rate),
                "start": seconds(rate.frames(cue.start), rate) or None,
                "fade_in": seconds(cue.fade_in, rate) or None,
                "fade_out": seconds(cue.fade_out, rate) or None,
                "gain_db": cue.gain_db or None,
                "duck_db": cue.duck_db or None,
            }
        )


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _lines(film: Film, data: Mapping[str, Any], origins: bool) -> Iterator[str]:
    for key, value in data.items():
        if key == "shots":
            yield "shots:" if value else "shots: []"
            for shot, item in zip(film.shots, value, strict=True):
                for index, (name, part) in enumerate(item.items()):
                    origin, form = shot.origins.get(name), ""
                    if origin is None and name in ("resolution", "aspect_ratio"):
                        origin, form = film.origins.get(f"format.{name}"), "format of "
                    comment = _said(origin, name, item, form) if origins else ""
                    yield f"  {'-' if index == 0 else ' '} {name}: {_flow(part)}{comment}"
        elif key == "cast" and value:
            yield "cast:"
            for name, member in value.items():
                comment = _said(film.origins.get(f"cast.{name}"), "cast", {}) if origins else ""
                yield f"  {name}: {_flow(member)}{comment}"
        elif isinstance(value, list) and value and not isinstance(value[0], str):
            yield f"{key}:"
            for index, part in enumerate(value):
                comment = _said(film.origins.get(f"{key}[{index}]"), key, {}) if origins else ""
                yield f"  - {_flow(part)}{comment}"
        elif isinstance(value, Mapping) and value:
            yield f"{key}:"
            for name, part in value.items():
                comment = _said(film.origins.get(f"{key}.{name}"), name, {}) if origins else ""
                yield f"  {name}: {_flow(part)}{comment}"
        else:
            comment = _said(film.origins.get(key), key, {}) if origins else ""
            yield f"{key}: {_flow(value)}{comment}"


def _said(origin: Origin | None, key: str, beside: Mapping[str, Any], part: str = "") -> str:
    """The comment that says where a value came from; `part` is said before its layer."""
    if origin is None:
        if key.startswith("x-") or key == "storyboard":
            return ""
        slug = key in ("place", "time") and "scene" in beside
        return "  # from scene" if slug else "  # default"
    place = origin.value or origin.key
    layer = "command line" if origin.layer is Layer.FLAG else str(origin.layer)
    detail = f" {origin.detail}" if origin.detail and origin.layer is not Layer.FLAG else ""
    return f"  # {part}{layer}{detail}" + (f", {place.file}:{place.line}" if place else "")


def _flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return (
            "{"
            + ", ".join(f"{_flow(str(key))}: {_flow(item)}" for key, item in value.items())
            + "}"
        )
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value)
    plain = _SAFE.fullmatch(text) and not text.endswith(" ") and plain_scalar(text) == text
    return text if plain else json.dumps(text, ensure_ascii=False)
