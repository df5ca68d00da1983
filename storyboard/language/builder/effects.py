"""`effects` of a shot: MoviePy's effects by name, every argument checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from storyboard.language.builder.context import LayeredValues
from storyboard.model.effects import EFFECTS, UNWRITTEN, ArgumentType, Effect

_WORDS = {
    ArgumentType.SIDE: ("left", "right", "top", "bottom"),
    ArgumentType.UNIT: ("deg", "rad"),
    ArgumentType.RESAMPLING: ("nearest", "bilinear", "bicubic"),
}
_LISTS = {ArgumentType.REGION: 4, ArgumentType.PLACE: 2}


def parse_effects(values: LayeredValues, key_path: str, value: Any) -> tuple[Effect, ...]:
    """The effects in their order; one that MoviePy doesn't have, or not so, is reported."""
    parsed = []
    for index, item in enumerate(value):
        item_path = f"{key_path}[{index}]"
        name, arguments = (
            (item, {}) if isinstance(item, str) else next(iter(item.items()), ("", {}))
        )
        effect = _parse_effect(values, item_path, name.strip(), arguments)
        if effect is not None:
            parsed.append(effect)
    return tuple(parsed)


def _parse_effect(
    values: LayeredValues, key_path: str, name: str, raw_arguments: Any
) -> Effect | None:
    spec = EFFECTS.get(name)
    if spec is None:
        hint = UNWRITTEN.get(name) or values.context.suggester.suggest_name(name, EFFECTS)
        message = f"the effect `{name}` can't be used in a film" if name in UNWRITTEN else ""
        message = message or f"there is no MoviePy effect `{name}`"
        values.add_error(
            "SB116",
            key_path,
            message,
            hint or "use a MoviePy effect, for example MultiplySpeed, FadeIn or Freeze",
        )
        return None
    if raw_arguments is None:
        raw_arguments = {}
    if not isinstance(raw_arguments, Mapping):
        first = next(iter(spec.arguments), "")
        hint = f"{{{name}: {{{first}: {raw_arguments}}}}}" if first else name
        values.add_error("SB117", key_path, f"the arguments of `{name}` need names", hint)
        return None
    arguments: dict[str, Any] = {}
    is_valid = True
    for key, value in raw_arguments.items():
        argument_type = spec.arguments.get(key)
        argument_path = f"{key_path}.{name}.{key}"
        if argument_type is None:
            hint = values.context.suggester.suggest_name(key, spec.arguments)
            takes = ", ".join(spec.arguments) or "no arguments"
            message = f"`{name}` has no argument `{key}`"
            values.add_error("SB117", argument_path, message, hint or f"use {takes}", at_key=True)
            is_valid = False
            continue
        argument = _parse_argument(values, value, argument_type)
        if argument is None:
            values.add_error(
                "SB117", argument_path, f"`{key}` of `{name}` must be {argument_type.value}"
            )
            is_valid = False
        else:
            arguments[key] = argument
    for group in spec.required_groups if is_valid else ():
        if sum(key in arguments for key in group) != 1:
            wanted = " or ".join(f"`{key}`" for key in group)
            several = "one of " if len(group) > 1 else ""
            message = f"`{name}` needs {several}{wanted}"
            values.add_error("SB117", key_path, message)
            is_valid = False
    if is_valid and spec.check_arguments and (problem := spec.check_arguments(arguments)):
        values.add_error("SB117", key_path, f"`{name}`: {problem}")
        is_valid = False
    return Effect(name, MappingProxyType(arguments)) if is_valid else None


def _parse_argument(values: LayeredValues, value: Any, argument_type: ArgumentType) -> Any:
    """The value as MoviePy takes it; None for one of another form."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match argument_type:
        case ArgumentType.SECONDS | ArgumentType.POINT:
            if argument_type is ArgumentType.POINT and value == "end":
                return value
            return _parse_seconds(values, value) if number or isinstance(value, str) else None
        case ArgumentType.NUMBER:
            return value if number and abs(value) <= _MOST else None
        case ArgumentType.POSITIVE:
            return value if number and 0 < value <= _MOST else None
        case ArgumentType.COUNT:
            return value if number and value == int(value) and 1 <= value <= _MOST else None
        case ArgumentType.PIXELS | ArgumentType.EXTENT:
            least = 1 if argument_type is ArgumentType.EXTENT else 0
            return value if number and value == int(value) and least <= value <= _WIDEST else None
        case ArgumentType.FLAG:
            return value if isinstance(value, bool) else None
        case ArgumentType.COLOR:
            return _parse_rgb_color(value)
        case ArgumentType.WEIGHTS:
            return value if value == "CRT_phosphor" or _is_number_list(value, 3) else None
        case ArgumentType.SIZE:
            if number:
                return value if 0 < value <= _MOST else None
            return value if _is_number_list(value, 2) and min(value) >= 1 else None
        case ArgumentType.REGION | ArgumentType.PLACE:
            return tuple(value) if _is_number_list(value, _LISTS[argument_type]) else None
    return value if value in _WORDS[argument_type] else None


def _parse_seconds(values: LayeredValues, value: str | int | float) -> float | None:
    try:
        time = values.context.parse_time_with_cache(value)
    except ValueError:
        return None
    if not 0 <= time.frames <= values.context.rate.to_frames(_LONGEST_S):
        return None
    return float(value) if not isinstance(value, str) else _to_seconds(values, time.frames)


def _to_seconds(values: LayeredValues, frames: int) -> float:
    return float(values.context.rate.to_seconds(frames))


def _parse_rgb_color(value: Any) -> tuple[int, ...] | None:
    if isinstance(value, str):
        from PIL import ImageColor

        try:
            return ImageColor.getrgb(value)[:3]
        except ValueError:
            return None
    if not _is_number_list(value, 3) or not all(0 <= part <= 255 for part in value):
        return None
    return tuple(value)


def _is_number_list(value: Any, count: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(isinstance(item, int | float) and not isinstance(item, bool) for item in value)
    )


_LONGEST_S = 86_400
"""As for every time of a film."""
_MOST = 10_000
_WIDEST = 16_384
