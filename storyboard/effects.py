"""MoviePy's effects as a storyboard names them: what each takes, and what it does to the length.

Only knowledge, no MoviePy: a film is checked without loading it. An effect whose arguments can't
stand in a text (functions, other clips) is not among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from storyboard.serialized import Serialized


@dataclass(frozen=True, slots=True)
class Effect(Serialized):
    """One effect on a shot; times are seconds, colours are (red, green, blue)."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def to_fields(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "arguments": self.arguments,
        }


class Form(StrEnum):
    """What an argument may be; the value says so in a message."""

    SECONDS = "a time in seconds or frames"
    POINT = "a time in seconds or frames, or `end`"
    NUMBER = "a number, of 10000 at most"
    POSITIVE = "a number above 0, of 10000 at most"
    COUNT = "a whole number from 1 on"
    PIXELS = "whole pixels"
    EXTENT = "whole pixels, at least 1"
    FLAG = "true or false"
    COLOR = "a colour: a name, or [red, green, blue] from 0 to 255"
    WEIGHTS = "[red, green, blue], or `CRT_phosphor`"
    REGION = "[x1, y1, x2, y2] in pixels"
    PLACE = "[x, y] in pixels"
    SIZE = "a factor above 0, or [width, height] in pixels"
    SIDE = "left, right, top or bottom"
    UNIT = "deg or rad"
    RESAMPLING = "nearest, bilinear or bicubic"


Lasting = Callable[[Fraction, Mapping[str, Any]], Fraction]
"""Seconds after the effect, of so many before it."""
Reach = Callable[[Mapping[str, Any]], Fraction]
"""The moment, in seconds, of which the effect wants a picture."""
Doubt = Callable[[Mapping[str, Any]], str]
"""What is wrong with arguments that are right each for itself; empty where nothing is."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an effect."""

    takes: Mapping[str, Form] = field(default_factory=dict)
    needs: tuple[tuple[str, ...], ...] = ()
    """Of each group exactly one argument is wanted."""
    lasts: Lasting | None = None
    """None keeps the length."""
    timeless: bool = False
    """It does the same to every frame, wherever the shot is cut."""
    reach: Reach | None = None
    doubt: Doubt | None = None


def lasting(effects: Sequence[Effect], seconds: Fraction) -> Fraction:
    """How long the effects, one after another, make so many seconds; 0 where one can't be done."""
    for effect in effects:
        if _short(effect, seconds):
            return Fraction(0)
        seconds = _after(effect, seconds)
    return seconds


def unfit(effects: Sequence[Effect], seconds: Fraction) -> str:
    """Why one of the effects can't be done on so many seconds, in words; empty when all can."""
    for effect in effects:
        if told := _short(effect, seconds):
            return told
        total = effect.arguments.get("total_duration")
        if total is not None and _exact(total) < seconds:
            return f"`{effect.name}` to {total:g} s in all is given {float(seconds):g} s already"
        seconds = _after(effect, seconds)
    return ""


def _short(effect: Effect, seconds: Fraction) -> str:
    reach = EFFECTS[effect.name].reach
    if reach is None or (at := reach(effect.arguments)) <= seconds:
        return ""
    place = f"{float(at):g} s before the end" if _at_end(effect.arguments) else f"{float(at):g} s"
    return f"`{effect.name}` holds the picture at {place}, and is given {float(seconds):g} s"


def _after(effect: Effect, seconds: Fraction) -> Fraction:
    lasts = EFFECTS[effect.name].lasts
    return max(Fraction(0), lasts(seconds, effect.arguments)) if lasts else seconds


def timeless(effects: Sequence[Effect]) -> bool:
    """Whether each of them does the same to every frame."""
    return all(EFFECTS[effect.name].timeless for effect in effects)


def moves_time(effect: Effect) -> bool:
    """Whether moments stand elsewhere after it."""
    return EFFECTS[effect.name].lasts is not None or effect.name == "TimeMirror"


def _exact(value: Any) -> Fraction:
    return Fraction(str(value))


def _sped(seconds: Fraction, given: Mapping[str, Any]) -> Fraction:
    if final := given.get("final_duration"):
        return _exact(final)
    return seconds / _exact(given["factor"])


def _looped(seconds: Fraction, given: Mapping[str, Any]) -> Fraction:
    if count := given.get("n"):
        return seconds * int(count)
    return _exact(given["duration"])


def _frozen(seconds: Fraction, given: Mapping[str, Any]) -> Fraction:
    if total := given.get("total_duration"):
        return max(seconds, _exact(total))
    return seconds + _exact(given["freeze_duration"])


def _bent(seconds: Fraction, given: Mapping[str, Any]) -> Fraction:
    return _exact(given["new_duration"]) if "new_duration" in given else seconds


def _at_end(given: Mapping[str, Any]) -> bool:
    return bool(given.get("t") == "end")


def _held_at(given: Mapping[str, Any]) -> Fraction:
    return _exact(given.get("padding_end" if _at_end(given) else "t", 0))


def _cropped(given: Mapping[str, Any]) -> str:
    """The rectangle as MoviePy reckons it, as far as that is known without the picture."""
    for low, high, size, middle in (
        ("x1", "x2", "width", "x_center"),
        ("y1", "y2", "height", "y_center"),
    ):
        first, last, wide = given.get(low), given.get(high), given.get(size)
        if given.get(middle) is not None:
            if wide is None:
                return f"`{middle}` wants `{size}` beside it"
            first = given[middle] - wide / 2
        elif wide is not None and first is None and last is not None:
            first = last - wide
        elif wide is not None:
            last = None
        if first is not None and first < 0:
            return f"that begins {-first:g} pixels before the picture does"
        if last is not None and last <= (first or 0) and wide is None:
            return f"`{high}` is not beyond `{low}`"
    return ""


def _blinking(given: Mapping[str, Any]) -> str:
    never = not (given["duration_on"] or given["duration_off"])
    return "neither of `duration_on` and `duration_off` is above 0" if never else ""


def _bending(given: Mapping[str, Any]) -> str:
    return "`abruptness` is below -1" if given.get("abruptness", 0) < -1 else ""


_STILL = Known(timeless=True)
_LASTS = {"duration": Form.SECONDS}
_CROSS = Known(_LASTS, (("duration",),))

EFFECTS: Mapping[str, Known] = MappingProxyType(
    {
        "AccelDecel": Known(
            {"new_duration": Form.SECONDS, "abruptness": Form.NUMBER, "soonness": Form.POSITIVE},
            lasts=_bent,
            doubt=_bending,
        ),
        "AudioDelay": Known(
            {"offset": Form.SECONDS, "n_repeats": Form.COUNT, "decay": Form.POSITIVE}
        ),
        "AudioFadeIn": _CROSS,
        "AudioFadeOut": _CROSS,
        "AudioNormalize": Known(),
        "BlackAndWhite": Known(
            {"RGB": Form.WEIGHTS, "preserve_luminosity": Form.FLAG}, timeless=True
        ),
        "Blink": Known(
            {"duration_on": Form.SECONDS, "duration_off": Form.SECONDS},
            (("duration_on",), ("duration_off",)),
            doubt=_blinking,
        ),
        "Crop": Known(
            dict.fromkeys(("x1", "y1", "x2", "y2", "x_center", "y_center"), Form.PIXELS)
            | dict.fromkeys(("width", "height"), Form.EXTENT),
            timeless=True,
            doubt=_cropped,
        ),
        "CrossFadeIn": _CROSS,
        "CrossFadeOut": _CROSS,
        "EvenSize": _STILL,
        "FadeIn": Known(_LASTS | {"initial_color": Form.COLOR}, (("duration",),)),
        "FadeOut": Known(_LASTS | {"final_color": Form.COLOR}, (("duration",),)),
        "Freeze": Known(
            {
                "t": Form.POINT,
                "freeze_duration": Form.SECONDS,
                "total_duration": Form.SECONDS,
                "padding_end": Form.SECONDS,
            },
            (("freeze_duration", "total_duration"),),
            _frozen,
            reach=_held_at,
        ),
        "FreezeRegion": Known(
            {"t": Form.SECONDS, "region": Form.REGION, "outside_region": Form.REGION},
            (("region", "outside_region"),),
            reach=_held_at,
        ),
        "GammaCorrection": Known({"gamma": Form.POSITIVE}, (("gamma",),), timeless=True),
        "InvertColors": _STILL,
        "Loop": Known({"n": Form.COUNT, "duration": Form.SECONDS}, (("n", "duration"),), _looped),
        "LumContrast": Known(
            dict.fromkeys(("lum", "contrast", "contrast_threshold"), Form.NUMBER), timeless=True
        ),
        "MakeLoopable": Known(
            {"overlap_duration": Form.SECONDS},
            (("overlap_duration",),),
            lambda seconds, given: seconds - _exact(given["overlap_duration"]),
        ),
        "Margin": Known(
            dict.fromkeys(("margin_size", "left", "right", "top", "bottom"), Form.PIXELS)
            | {"color": Form.COLOR},
            timeless=True,
        ),
        "MaskColor": Known(
            {"color": Form.COLOR, "threshold": Form.NUMBER, "stiffness": Form.NUMBER},
            timeless=True,
        ),
        "MirrorX": _STILL,
        "MirrorY": _STILL,
        "MultiplyColor": Known({"factor": Form.POSITIVE}, (("factor",),), timeless=True),
        "MultiplySpeed": Known(
            {"factor": Form.POSITIVE, "final_duration": Form.SECONDS},
            (("factor", "final_duration"),),
            _sped,
        ),
        "MultiplyStereoVolume": Known({"left": Form.NUMBER, "right": Form.NUMBER}, timeless=True),
        "MultiplyVolume": Known(
            {"factor": Form.NUMBER, "start_time": Form.SECONDS, "end_time": Form.SECONDS},
            (("factor",),),
        ),
        "Painting": Known({"saturation": Form.POSITIVE, "black": Form.NUMBER}, timeless=True),
        "Resize": Known(
            {"new_size": Form.SIZE, "width": Form.EXTENT, "height": Form.EXTENT},
            (("new_size", "width", "height"),),
            timeless=True,
        ),
        "Rotate": Known(
            {
                "angle": Form.NUMBER,
                "unit": Form.UNIT,
                "resample": Form.RESAMPLING,
                "expand": Form.FLAG,
                "center": Form.PLACE,
                "translate": Form.PLACE,
                "bg_color": Form.COLOR,
            },
            (("angle",),),
            timeless=True,
        ),
        "Scroll": Known(
            dict.fromkeys(("w", "h"), Form.EXTENT)
            | dict.fromkeys(("x_start", "y_start"), Form.PIXELS)
            | dict.fromkeys(("x_speed", "y_speed"), Form.NUMBER)
        ),
        "SlideIn": Known(_LASTS | {"side": Form.SIDE}, (("duration",), ("side",))),
        "SlideOut": Known(_LASTS | {"side": Form.SIDE}, (("duration",), ("side",))),
        "SuperSample": Known({"d": Form.SECONDS, "n_frames": Form.COUNT}, (("d",), ("n_frames",))),
        "TimeMirror": Known(),
        "TimeSymmetrize": Known(lasts=lambda seconds, _: seconds * 2),
    }
)
"""By MoviePy's own name."""

UNWRITTEN: Mapping[str, str] = MappingProxyType(
    {
        "HeadBlur": "it wants functions of time",
        "MasksAnd": "it wants another clip",
        "MasksOr": "it wants another clip",
        "AudioLoop": "a shot's sound is as long as its picture; use `Loop`",
    }
)
"""Effects of MoviePy that no storyboard can ask for, and why."""
