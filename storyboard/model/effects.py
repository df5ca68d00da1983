"""MoviePy's effects as a storyboard names them: their arguments, and their effect on the length.

This module doesn't use MoviePy, so a film is checked without loading it. Effects with arguments
that can't be written in YAML (functions, other clips) are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from storyboard.util.serialization import Serialized


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


class ArgumentType(StrEnum):
    """Types of arguments; messages use the values."""

    SECONDS = "a time in seconds or frames"
    POINT = "a time in seconds or frames, or `end`"
    NUMBER = "a number, at most 10000"
    POSITIVE = "a number above 0, at most 10000"
    COUNT = "a whole number, at least 1"
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


DurationRule = Callable[[Fraction, Mapping[str, Any]], Fraction]
"""Seconds after the effect, from the seconds before it."""
HeldMoment = Callable[[Mapping[str, Any]], Fraction]
"""The time, in seconds, of the picture that the effect holds."""
ArgumentCheck = Callable[[Mapping[str, Any]], str]
"""Explains what is wrong with arguments that are each valid alone; empty if nothing."""


@dataclass(frozen=True, slots=True)
class EffectSpec:
    """The arguments of an effect, and what it does to the length."""

    arguments: Mapping[str, ArgumentType] = field(default_factory=dict)
    required_groups: tuple[tuple[str, ...], ...] = ()
    """Exactly one argument of each group is required."""
    duration_rule: DurationRule | None = None
    """None keeps the length."""
    is_frame_wise: bool = False
    """Whether it does the same to every frame, wherever the shot is cut."""
    held_moment: HeldMoment | None = None
    check_arguments: ArgumentCheck | None = None


def compute_duration_after(effects: Sequence[Effect], seconds: Fraction) -> Fraction:
    """The length after all effects, from `seconds` before them; 0 if an effect can't be applied."""
    for effect in effects:
        if _explain_too_short_to_freeze(effect, seconds):
            return Fraction(0)
        seconds = _apply_duration_rule(effect, seconds)
    return seconds


def explain_unusable_effects(effects: Sequence[Effect], seconds: Fraction) -> str:
    """Why an effect can't be applied to `seconds`, in words; empty if all can."""
    for effect in effects:
        if problem := _explain_too_short_to_freeze(effect, seconds):
            return problem
        total = effect.arguments.get("total_duration")
        if total is not None and _to_fraction(total) < seconds:
            return (
                f"`{effect.name}` can't make it {total:g} s long: it already has "
                f"{float(seconds):g} s"
            )
        seconds = _apply_duration_rule(effect, seconds)
    return ""


def _explain_too_short_to_freeze(effect: Effect, seconds: Fraction) -> str:
    held_moment = EFFECTS[effect.name].held_moment
    if held_moment is None or (at := held_moment(effect.arguments)) <= seconds:
        return ""
    moment_text = (
        f"{float(at):g} s before the end"
        if _is_freeze_at_end(effect.arguments)
        else f"{float(at):g} s"
    )
    return (
        f"`{effect.name}` freezes the picture at {moment_text}, but gets only {float(seconds):g} s"
    )


def _apply_duration_rule(effect: Effect, seconds: Fraction) -> Fraction:
    rule = EFFECTS[effect.name].duration_rule
    return max(Fraction(0), rule(seconds, effect.arguments)) if rule else seconds


def are_frame_wise(effects: Sequence[Effect]) -> bool:
    """Whether each effect does the same to every frame."""
    return all(EFFECTS[effect.name].is_frame_wise for effect in effects)


def changes_timing(effect: Effect) -> bool:
    """Whether it moves content to other times."""
    return EFFECTS[effect.name].duration_rule is not None or effect.name == "TimeMirror"


def find_timing_effects(effects: Sequence[Effect]) -> str:
    """The effects that need more or less of the take than they play, as words; empty for none."""
    if are_frame_wise(effects):
        return ""
    names = dict.fromkeys(effect.name for effect in effects if changes_timing(effect))
    return " and ".join(f"`{name}`" for name in names)


def _to_fraction(value: Any) -> Fraction:
    return Fraction(str(value))


def _compute_speed_duration(seconds: Fraction, arguments: Mapping[str, Any]) -> Fraction:
    if final := arguments.get("final_duration"):
        return _to_fraction(final)
    return seconds / _to_fraction(arguments["factor"])


def _compute_loop_duration(seconds: Fraction, arguments: Mapping[str, Any]) -> Fraction:
    if count := arguments.get("n"):
        return seconds * int(count)
    return _to_fraction(arguments["duration"])


def _compute_freeze_duration(seconds: Fraction, arguments: Mapping[str, Any]) -> Fraction:
    if total := arguments.get("total_duration"):
        return max(seconds, _to_fraction(total))
    return seconds + _to_fraction(arguments["freeze_duration"])


def _compute_acceleration_duration(seconds: Fraction, arguments: Mapping[str, Any]) -> Fraction:
    return _to_fraction(arguments["new_duration"]) if "new_duration" in arguments else seconds


def _is_freeze_at_end(arguments: Mapping[str, Any]) -> bool:
    return bool(arguments.get("t") == "end")


def _find_freeze_moment(arguments: Mapping[str, Any]) -> Fraction:
    return _to_fraction(arguments.get("padding_end" if _is_freeze_at_end(arguments) else "t", 0))


def _explain_invalid_crop_effect(arguments: Mapping[str, Any]) -> str:
    """Checks the rectangle as MoviePy computes it, as far as possible without the picture."""
    for low, high, size, middle in (
        ("x1", "x2", "width", "x_center"),
        ("y1", "y2", "height", "y_center"),
    ):
        first, last, extent = arguments.get(low), arguments.get(high), arguments.get(size)
        # MoviePy prefers a centre over an edge, and the first edge with a size over the last.
        if arguments.get(middle) is not None:
            if extent is None:
                return f"`{middle}` needs `{size}`"
            first = arguments[middle] - extent / 2
        elif extent is not None and first is None and last is not None:
            first = last - extent
        elif extent is not None:
            last = None
        if first is not None and first < 0:
            return f"the area starts {-first:g} pixels outside the picture"
        if last is not None and last <= (first or 0) and extent is None:
            return f"`{high}` is not greater than `{low}`"
    return ""


def _explain_invalid_blink_effect(arguments: Mapping[str, Any]) -> str:
    never = not (arguments["duration_on"] or arguments["duration_off"])
    return "`duration_on` and `duration_off` are both 0" if never else ""


def _explain_invalid_acceleration_effect(arguments: Mapping[str, Any]) -> str:
    return "`abruptness` is below -1" if arguments.get("abruptness", 0) < -1 else ""


_STILL = EffectSpec(is_frame_wise=True)
_DURATION = {"duration": ArgumentType.SECONDS}
_CROSSFADE = EffectSpec(_DURATION, (("duration",),))

EFFECTS: Mapping[str, EffectSpec] = MappingProxyType(
    {
        "AccelDecel": EffectSpec(
            {
                "new_duration": ArgumentType.SECONDS,
                "abruptness": ArgumentType.NUMBER,
                "soonness": ArgumentType.POSITIVE,
            },
            duration_rule=_compute_acceleration_duration,
            check_arguments=_explain_invalid_acceleration_effect,
        ),
        "AudioDelay": EffectSpec(
            {
                "offset": ArgumentType.SECONDS,
                "n_repeats": ArgumentType.COUNT,
                "decay": ArgumentType.POSITIVE,
            }
        ),
        "AudioFadeIn": _CROSSFADE,
        "AudioFadeOut": _CROSSFADE,
        "AudioNormalize": EffectSpec(),
        "BlackAndWhite": EffectSpec(
            {"RGB": ArgumentType.WEIGHTS, "preserve_luminosity": ArgumentType.FLAG},
            is_frame_wise=True,
        ),
        "Blink": EffectSpec(
            {"duration_on": ArgumentType.SECONDS, "duration_off": ArgumentType.SECONDS},
            (("duration_on",), ("duration_off",)),
            check_arguments=_explain_invalid_blink_effect,
        ),
        "Crop": EffectSpec(
            dict.fromkeys(("x1", "y1", "x2", "y2", "x_center", "y_center"), ArgumentType.PIXELS)
            | dict.fromkeys(("width", "height"), ArgumentType.EXTENT),
            is_frame_wise=True,
            check_arguments=_explain_invalid_crop_effect,
        ),
        "CrossFadeIn": _CROSSFADE,
        "CrossFadeOut": _CROSSFADE,
        "EvenSize": _STILL,
        "FadeIn": EffectSpec(_DURATION | {"initial_color": ArgumentType.COLOR}, (("duration",),)),
        "FadeOut": EffectSpec(_DURATION | {"final_color": ArgumentType.COLOR}, (("duration",),)),
        "Freeze": EffectSpec(
            {
                "t": ArgumentType.POINT,
                "freeze_duration": ArgumentType.SECONDS,
                "total_duration": ArgumentType.SECONDS,
                "padding_end": ArgumentType.SECONDS,
            },
            (("freeze_duration", "total_duration"),),
            _compute_freeze_duration,
            held_moment=_find_freeze_moment,
        ),
        "FreezeRegion": EffectSpec(
            {
                "t": ArgumentType.SECONDS,
                "region": ArgumentType.REGION,
                "outside_region": ArgumentType.REGION,
            },
            (("region", "outside_region"),),
            held_moment=_find_freeze_moment,
        ),
        "GammaCorrection": EffectSpec(
            {"gamma": ArgumentType.POSITIVE}, (("gamma",),), is_frame_wise=True
        ),
        "InvertColors": _STILL,
        "Loop": EffectSpec(
            {"n": ArgumentType.COUNT, "duration": ArgumentType.SECONDS},
            (("n", "duration"),),
            _compute_loop_duration,
        ),
        "LumContrast": EffectSpec(
            dict.fromkeys(("lum", "contrast", "contrast_threshold"), ArgumentType.NUMBER),
            is_frame_wise=True,
        ),
        "MakeLoopable": EffectSpec(
            {"overlap_duration": ArgumentType.SECONDS},
            (("overlap_duration",),),
            lambda seconds, given: seconds - _to_fraction(given["overlap_duration"]),
        ),
        "Margin": EffectSpec(
            dict.fromkeys(("margin_size", "left", "right", "top", "bottom"), ArgumentType.PIXELS)
            | {"color": ArgumentType.COLOR},
            is_frame_wise=True,
        ),
        "MaskColor": EffectSpec(
            {
                "color": ArgumentType.COLOR,
                "threshold": ArgumentType.NUMBER,
                "stiffness": ArgumentType.NUMBER,
            },
            is_frame_wise=True,
        ),
        "MirrorX": _STILL,
        "MirrorY": _STILL,
        "MultiplyColor": EffectSpec(
            {"factor": ArgumentType.POSITIVE}, (("factor",),), is_frame_wise=True
        ),
        "MultiplySpeed": EffectSpec(
            {"factor": ArgumentType.POSITIVE, "final_duration": ArgumentType.SECONDS},
            (("factor", "final_duration"),),
            _compute_speed_duration,
        ),
        "MultiplyStereoVolume": EffectSpec(
            {"left": ArgumentType.NUMBER, "right": ArgumentType.NUMBER}, is_frame_wise=True
        ),
        "MultiplyVolume": EffectSpec(
            {
                "factor": ArgumentType.NUMBER,
                "start_time": ArgumentType.SECONDS,
                "end_time": ArgumentType.SECONDS,
            },
            (("factor",),),
        ),
        "Painting": EffectSpec(
            {"saturation": ArgumentType.POSITIVE, "black": ArgumentType.NUMBER}, is_frame_wise=True
        ),
        "Resize": EffectSpec(
            {
                "new_size": ArgumentType.SIZE,
                "width": ArgumentType.EXTENT,
                "height": ArgumentType.EXTENT,
            },
            (("new_size", "width", "height"),),
            is_frame_wise=True,
        ),
        "Rotate": EffectSpec(
            {
                "angle": ArgumentType.NUMBER,
                "unit": ArgumentType.UNIT,
                "resample": ArgumentType.RESAMPLING,
                "expand": ArgumentType.FLAG,
                "center": ArgumentType.PLACE,
                "translate": ArgumentType.PLACE,
                "bg_color": ArgumentType.COLOR,
            },
            (("angle",),),
            is_frame_wise=True,
        ),
        "Scroll": EffectSpec(
            dict.fromkeys(("w", "h"), ArgumentType.EXTENT)
            | dict.fromkeys(("x_start", "y_start"), ArgumentType.PIXELS)
            | dict.fromkeys(("x_speed", "y_speed"), ArgumentType.NUMBER)
        ),
        "SlideIn": EffectSpec(_DURATION | {"side": ArgumentType.SIDE}, (("duration",), ("side",))),
        "SlideOut": EffectSpec(_DURATION | {"side": ArgumentType.SIDE}, (("duration",), ("side",))),
        "SuperSample": EffectSpec(
            {"d": ArgumentType.SECONDS, "n_frames": ArgumentType.COUNT}, (("d",), ("n_frames",))
        ),
        "TimeMirror": EffectSpec(),
        "TimeSymmetrize": EffectSpec(duration_rule=lambda seconds, _: seconds * 2),
    }
)
"""By MoviePy's own name."""

UNWRITTEN: Mapping[str, str] = MappingProxyType(
    {
        "HeadBlur": "choose another effect; this one needs functions of time",
        "MasksAnd": "choose another effect; this one needs a second clip",
        "MasksOr": "choose another effect; this one needs a second clip",
        "AudioLoop": "use `Loop`; the sound of a shot is always as long as its picture",
    }
)
"""Effects of MoviePy that a storyboard can't use, and why."""
