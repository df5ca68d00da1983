"""`effects` of a shot: MoviePy's effects by name, every argument checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from storyboard.effects import EFFECTS, UNWRITTEN, Effect, Form
from storyboard.language.values import Values

_WORDS = {
    Form.SIDE: ("left", "right", "top", "bottom"),
    Form.UNIT: ("deg", "rad"),
    Form.RESAMPLING: ("nearest", "bilinear", "bicubic"),
}
_LISTS = {Form.REGION: 4, Form.PLACE: 2}


def effects(values: Values, path: str, value: Any) -> tuple[Effect, ...]:
    """The effects in their order; one that MoviePy doesn't have, or not so, is reported."""
    found = []
    for index, each in enumerate(value):
        where = f"{path}[{index}]"
        name, given = (each, {}) if isinstance(each, str) else next(iter(each.items()), ("", {}))
        effect = _effect(values, where, name.strip(), given)
        if effect is not None:
            found.append(effect)
    return tuple(found)


def _effect(values: Values, where: str, name: str, given: Any) -> Effect | None:
    known = EFFECTS.get(name)
    if known is None:
        hint = UNWRITTEN.get(name) or values.desk.nearest.hint(name, EFFECTS)
        message = f"no film can have the effect `{name}`" if name in UNWRITTEN else ""
        message = message or f"MoviePy has no effect `{name}`"
        values.error("SB116", where, message, hint or "for example MultiplySpeed, FadeIn, Freeze")
        return None
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        first = next(iter(known.takes), "")
        hint = f"{{{name}: {{{first}: {given}}}}}" if first else name
        values.error("SB117", where, f"the arguments of `{name}` go by name", hint)
        return None
    arguments: dict[str, Any] = {}
    sound = True
    for key, value in given.items():
        form = known.takes.get(key)
        place = f"{where}.{name}.{key}"
        if form is None:
            hint = values.desk.nearest.hint(key, known.takes)
            takes = ", ".join(known.takes) or "no arguments"
            message = f"`{name}` has no argument `{key}`"
            values.error("SB117", place, message, hint or f"it takes {takes}", at_key=True)
            sound = False
            continue
        taken = _argument(values, value, form)
        if taken is None:
            values.error("SB117", place, f"`{key}` of `{name}` is {form.value}")
            sound = False
        else:
            arguments[key] = taken
    for group in known.needs if sound else ():
        if sum(key in arguments for key in group) != 1:
            wanted = " or ".join(f"`{key}`" for key in group)
            several = "one of " if len(group) > 1 else ""
            message = f"`{name}` wants {several}{wanted}"
            values.error("SB117", where, message)
            sound = False
    if sound and known.doubt and (told := known.doubt(arguments)):
        values.error("SB117", where, f"`{name}`: {told}")
        sound = False
    return Effect(name, MappingProxyType(arguments)) if sound else None


def _argument(values: Values, value: Any, form: Form) -> Any:
    """The value as MoviePy takes it; None for one of another form."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match form:
        case Form.SECONDS | Form.POINT:
            if form is Form.POINT and value == "end":
                return value
            return _seconds(values, value) if number or isinstance(value, str) else None
        case Form.NUMBER:
            return value if number and abs(value) <= _MOST else None
        case Form.POSITIVE:
            return value if number and 0 < value <= _MOST else None
        case Form.COUNT:
            return value if number and value == int(value) and 1 <= value <= _MOST else None
        case Form.PIXELS | Form.EXTENT:
            least = 1 if form is Form.EXTENT else 0
            return value if number and value == int(value) and least <= value <= _WIDEST else None
        case Form.FLAG:
            return value if isinstance(value, bool) else None
        case Form.COLOR:
            return _color(value)
        case Form.WEIGHTS:
            return value if value == "CRT_phosphor" or _numbers(value, 3) else None
        case Form.SIZE:
            if number:
                return value if 0 < value <= _MOST else None
            return value if _numbers(value, 2) and min(value) >= 1 else None
        case Form.REGION | Form.PLACE:
            return tuple(value) if _numbers(value, _LISTS[form]) else None
    return value if value in _WORDS[form] else None


def _seconds(values: Values, value: str | int | float) -> float | None:
    try:
        time = values.desk.time(value)
    except ValueError:
        return None
    if time.frames < 0:
        return None
    return float(value) if not isinstance(value, str) else _plain(values, time.frames)


def _plain(values: Values, frames: int) -> float:
    return float(values.desk.rate.seconds(frames))


def _color(value: Any) -> tuple[int, ...] | None:
    if isinstance(value, str):
        from PIL import ImageColor

        try:
            return ImageColor.getrgb(value)[:3]
        except ValueError:
            return None
    if not _numbers(value, 3) or not all(0 <= part <= 255 for part in value):
        return None
    return tuple(value)


def _numbers(value: Any, count: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(isinstance(each, int | float) and not isinstance(each, bool) for each in value)
    )


_MOST = 10_000
_WIDEST = 16_384
