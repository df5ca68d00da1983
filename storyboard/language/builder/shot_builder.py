"""One draft -> one Shot: layers merged, every key become a part, what can't go together refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from storyboard.language.builder import dialogue, narration, shot_values
from storyboard.language.builder.context import LayeredValues
from storyboard.language.builder.effects import parse_effects
from storyboard.language.builder.parsed import ParsedShot
from storyboard.language.builder.staging.blocking_parser import parse_blocking
from storyboard.language.builder.vocabulary import (
    ANGLES,
    SIZES,
    is_in_vocabulary,
    parse_slug_line,
    split_scene_number,
)
from storyboard.model.effects import compute_duration_after, explain_unusable_effects
from storyboard.model.film import References, Shot, ValueSource
from storyboard.model.shot_keys import SHOT_KEYS, MeantFor

TYPE_PARSERS: Mapping[str, Callable[[LayeredValues, str, Any], Any]] = {
    **dict.fromkeys(("words", "shot_id"), lambda values, path, value: value.strip()),
    "time": lambda values, path, value: values.parse_time_as_frames(path, value),
    "length": lambda values, path, value: values.parse_length(path, value),
    "integer": lambda values, path, value: int(value),
    "number": lambda values, path, value: float(value),
    "switch": lambda values, path, value: value,
    "number_or_words": lambda values, path, value: (
        value.strip() if isinstance(value, str) else f"{value:g}"
    ),
    "lock": lambda values, path, value: (
        value if isinstance(value, str) else "true" if value else ""
    ),
    "cast": lambda values, path, value: tuple(value),
    "references": lambda values, path, value: (
        References(value) if isinstance(value, str) else tuple(value)
    ),
    "options": lambda values, path, value: MappingProxyType(to_plain_data(value)),
    "beats": shot_values.parse_beats,
    "frame": shot_values.parse_frame_ref,
    "clip": shot_values.parse_clip,
    "trim": shot_values.parse_trim,
    "fit": lambda values, path, value: shot_values.parse_fit(value),
    "camera": shot_values.parse_camera_moves,
    "angle": shot_values.parse_angle,
    "blocking": parse_blocking,
    "dialogue": dialogue.parse_dialogue_lines,
    "narration": narration.parse_narration_lines,
    "sounds": shot_values.parse_sound_cues,
    "ambience": shot_values.parse_ambience,
    "transition": shot_values.parse_transition,
    "end_transition": shot_values.parse_end_transition,
    "effects": parse_effects,
}
"""What becomes of a value, by the name of its type."""


def build_shot(
    parsed_shot: ParsedShot,
    values: LayeredValues,
    settled_fields: Mapping[str, Any],
    place_names: list[str],
) -> Shot | None:
    """The shot, or None where it has errors, which are reported.

    `settled_fields` are settled already; `place_names` the cast names that are places.
    """
    own = parsed_shot.item
    data = dict(values.data)
    source_key = _find_source_key(values, own)
    only_cut = source_key in ("clip", "color", "card")
    if only_cut:
        _reject_making_keys(values, own, source_key)
    if only_cut or source_key == "extend":
        own_keys = own.keys() | ({"length"} if "until" in own else set())
        for key in _find_uninherited_keys(values, only_cut) - own_keys:
            data.pop(key, None)
    if values.failed:
        return None
    fields = {**_parse_fields(values, data), "id": parsed_shot.id}
    if isinstance(fields.get("angle"), tuple):
        fields["angle"], fields["over"] = fields["angle"]
    if "scene" in fields:
        fields["scene"], fields["scene_number"] = split_scene_number(fields["scene"])
    _derive_place_and_time(values, fields, place_names)
    _set_cast_and_place(fields, place_names)
    _warn_unknown_size_or_angle(values, fields)
    _check_times(values, fields, own)
    if (
        source_key == ""
        and "prompt" not in data
        and "beats" not in data
        and "last_frame" not in own
    ):
        values.failed = True
        values.context.diagnostics.add_error(
            "SB109",
            parsed_shot.id_span,
            f"{parsed_shot.id} has no `prompt` and no source",
            "add a `prompt`, or a source such as `clip`, `extend` or `first_frame`",
        )
    if values.failed:
        return None
    fields.update(settled_fields)
    fields["origins"] = values.origins
    fields["sequences"] = tuple(
        str(sequence.get("sequence", "")) for sequence in parsed_shot.scope.sequences
    )
    return Shot(**fields)


def build_references_only_shot(parsed_shot: ParsedShot, values: LayeredValues) -> Shot:
    """Nothing but what the shot names, of a shot that can't be built."""
    named = {
        key: value
        for key, value in values.data.items()
        if key == "omit" or (key in SHOT_KEYS and SHOT_KEYS[key].type.is_reference)
    }
    return Shot(**{**_parse_fields(values, named), "id": parsed_shot.id})


def to_plain_data(value: Any) -> Any:
    """The same data in ordinary dicts and lists."""
    if isinstance(value, dict):
        return {key: to_plain_data(item) for key, item in value.items()}
    return [to_plain_data(item) for item in value] if isinstance(value, list) else value


def _parse_fields(values: LayeredValues, data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a shot, each from the value of its key."""
    return {
        key.field_name: TYPE_PARSERS[key.type.name](values, name, value)
        for name, value in data.items()
        if (key := SHOT_KEYS.get(name)) is not None and key.is_field
    }


def _find_source_key(values: LayeredValues, own_values: Mapping[str, Any]) -> str:
    """The key that makes the shot, "" for text to video; refuses two."""
    source_keys = [key for key in own_values if key in SHOT_KEYS and SHOT_KEYS[key].is_source]
    for other in source_keys[1:]:
        values.add_error(
            "SB110",
            other,
            f"`{source_keys[0]}` and `{other}` can't be used together",
            f"keep only one of {' and '.join(f'`{key_name}`' for key_name in source_keys)}",
            ((values.origins.find_key_span(source_keys[0]), f"`{source_keys[0]}`"),),
            at_key=True,
        )
    if "last_frame" in own_values and source_keys in ([], ["extend"]):
        values.add_error(
            "SB112",
            "last_frame",
            "`last_frame` needs `first_frame` or `continue`",
            "add the start of the shot: `first_frame: refs/start.png` or `continue: SH010`",
            at_key=True,
        )
    return source_keys[0] if source_keys else ""


def _reject_making_keys(
    values: LayeredValues, own_values: Mapping[str, Any], source_key: str
) -> None:
    shot_is = MeantFor.TAKE if source_key == "clip" else MeantFor.ANY
    for key in own_values:
        if key in SHOT_KEYS and SHOT_KEYS[key].meant_for > shot_is:
            what = (
                "a clip is not generated" if source_key == "clip" else f"a {source_key} has no take"
            )
            hint = "use `note` for remarks" if key == "prompt" else f"delete `{key}`"
            values.add_error("SB111", key, f"`{key}` has no effect here: {what}", hint, at_key=True)


def _find_uninherited_keys(values: LayeredValues, is_only_cut: bool) -> set[str]:
    """What a take that is given doesn't inherit; the length of a sequence is its own shots'."""
    length = values.origins.get("length")
    is_from_sequence = length is not None and length.layer is ValueSource.SEQUENCE
    return (
        {"duration"}
        | ({"prompt"} if is_only_cut else set())
        | (set() if is_from_sequence else {"length"})
    )


def _derive_place_and_time(
    values: LayeredValues, fields: dict[str, Any], place_names: list[str]
) -> None:
    """`scene` sets place and time where they are not said, or are said further out."""
    if fields.get("scene"):
        slug = parse_slug_line(fields["scene"], place_names)
        for key, slug_value in (("place", slug.place), ("time", slug.time)):
            if slug_value and (
                key not in fields or values.origins.is_from_stronger_layer("scene", key)
            ):
                fields[key] = slug_value


def _set_cast_and_place(fields: dict[str, Any], place_names: list[str]) -> None:
    """Who is in frame; a place among them is where they are."""
    cast_names = fields.get("cast", ())
    cast_places = [name for name in cast_names if name in place_names]
    fields["cast"] = tuple(name for name in cast_names if name not in cast_places)
    if cast_places:
        fields.setdefault("place", cast_places[0])


def _warn_unknown_size_or_angle(values: LayeredValues, fields: Mapping[str, Any]) -> None:
    for key, known, code in (("size", SIZES, "SB114"), ("angle", ANGLES, "SB115")):
        word = fields.get(key, "")
        if word and not is_in_vocabulary(word, known):
            hint_text = values.context.suggester.suggest_name(word, known)
            hint = hint_text or "check the spelling; the text goes into the prompt unchanged"
            values.add_warning(code, key, f"unknown {key} `{word}`", hint)


def _check_times(
    values: LayeredValues, fields: dict[str, Any], own_values: Mapping[str, Any]
) -> None:
    length, duration = fields.get("length"), fields.get("duration")
    if duration is not None and length is not None:
        if "duration" not in own_values:
            del fields["duration"]
        elif duration < length and "effects" not in fields:
            values.add_error(
                "SB302",
                "duration",
                "`duration` (the whole take) is shorter than `length` (the part that is used)",
                "raise `duration`, or delete it: then the shortest legal duration is bought",
                ((values.origins.find_span("length"), "`length`"),),
            )
    for key in ("length", "duration"):
        if fields.get(key) == 0:
            values.add_error("SB106", key, f"`{key}` is shorter than half a frame")
    trim = fields.get("trim")
    if trim is not None and length is not None and trim.end is not None and trim.end > 0:
        rate = values.context.rate
        remaining_s = rate.to_seconds(trim.end - (trim.start or 0))
        shot_effects = fields.get("effects", ())
        plays = compute_duration_after(shot_effects, remaining_s)
        if (
            remaining_s > 0
            and not explain_unusable_effects(shot_effects, remaining_s)
            and int(plays * rate.value) < length
        ):
            becomes = (
                ""
                if plays == remaining_s
                else f", which the effects turn into {float(plays):.3g} s"
            )
            message = f"this trim leaves {float(remaining_s):.3g} s{becomes}: less than `length`"
            values.add_error("SB304", "trim.end", message, "delete `trim.end` or `length`")
    _check_beats(values, fields)


def _check_beats(values: LayeredValues, fields: Mapping[str, Any]) -> None:
    beats = fields.get("beats")
    if not beats or values.failed:
        return
    if fields.get("length") is None:
        hint = "add the length of the whole take: `length: 22`"
        values.add_error("SB102", "beats", "`beats` needs `length`", hint, at_key=True)
        return
    for index, beat in enumerate(beats):
        if beat.at >= fields["length"]:
            message = "this beat starts after the end of the shot"
            values.add_error(
                "SB306", f"beats[{index}].at", message, "raise `length`, or set an earlier `at`"
            )
    if beats[0].at > 0 and not fields.get("prompt"):
        message = "the time before the first beat has no description"
        values.add_error(
            "SB307",
            "beats[0].at",
            message,
            "start the first beat at 0, or add a `prompt` to the shot",
        )
