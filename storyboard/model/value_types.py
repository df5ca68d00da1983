"""How the value of a key is written: its JSON schema, and a name by which code selects a handler.

The parser and `show` have one function per name, so a key with a known type needs no code of its
own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class ValueType:
    """One way to write a value."""

    name: str
    schema: Mapping[str, Any]
    """Its JSON schema; a `$ref` names a definition of the base schema."""
    is_prose: bool = False
    """Whether it is prose, which an unquoted ` #` or comma truncates by mistake."""
    is_reference: bool = False
    """Whether it names shots, cast members or files, which are checked even in a shot with
    errors.
    """
    values: str = ""
    """The accepted values in words, for the reference page; "" derives them from the schema."""


def _refer_to(definition: str) -> dict[str, Any]:
    return {"$ref": f"#/definitions/{definition}"}


PROSE = ValueType("words", _refer_to("words"), is_prose=True)
WORDS = ValueType("words", _refer_to("words"))
"""A term, or the name of something."""
SIZE = ValueType("words", _refer_to("words"), values="a size, such as `MCU` or `wide`")
ANGLE = ValueType(
    "angle",
    _refer_to("angle"),
    values="an angle, such as `low` or `OTS`, or `{over: ben}`",
)
PLACE = ValueType(
    "words",
    _refer_to("words"),
    is_reference=True,
    values="the name of a place in the cast, or words",
)
SHOT_ID = ValueType("shot_id", _refer_to("id"), is_reference=True, values="the id of another shot")
"""The id of another shot."""
NAME = ValueType("words", _refer_to("id"))
PROVIDER = ValueType(
    "words", _refer_to("id"), values="the name of a provider that `storyboard doctor` lists"
)
COLOR = ValueType("words", _refer_to("color"))
RESOLUTION = ValueType("words", _refer_to("resolution"))
ASPECT_RATIO = ValueType("words", _refer_to("aspectRatio"))
MODEL = ValueType(
    "words",
    {"type": "string", "minLength": 1, "maxLength": 200, "x-wants": "the name of a model"},
)
TIME = ValueType("time", _refer_to("time"))
POSITIVE_TIME = ValueType("time", _refer_to("positiveTime"))
LENGTH = ValueType("length", _refer_to("positiveTime"))
"""How long a shot plays; beats end it on a beat."""
POINT = ValueType(
    "words", _refer_to("anchor"), is_reference=True, values="a marker, or another point of the film"
)
DECIBELS = ValueType("number", _refer_to("decibels"))
SWITCH = ValueType("switch", {"type": "boolean"})
LENS = ValueType(
    "number_or_words",
    {
        "type": ["number", "string"],
        "minimum": 1,
        "maximum": 2000,
        "minLength": 1,
        "maxLength": 200,
        "x-wants": "millimetres or a description",
    },
    values="millimetres from 1 to 2000, or words",
)
AUDIO_TRACK = ValueType(
    "number_or_words",
    {
        "type": ["integer", "string"],
        "minimum": 1,
        "maximum": 99,
        "pattern": "^[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*$",
        "x-wants": "the number of a track, or a language such as de",
    },
)
LOCK = ValueType(
    "lock",
    {
        "type": ["string", "boolean"],
        "pattern": "^t\\d{2,4}(-[0-9a-f]{4,64})?$",
        "x-wants": "a take such as t02, or true",
    },
)
BEATS = ValueType(
    "beats",
    {
        "type": "array",
        "items": _refer_to("beat"),
        "minItems": 1,
        "maxItems": 100,
        "x-wants": "a list such as [{at: 0, prompt: A tram climbs}]",
    },
)
FRAME = ValueType("frame", _refer_to("frameRef"), is_reference=True)
MATCHED_FRAME = ValueType("frame", _refer_to("frame"), is_reference=True)
"""A frame that is named, never made."""
CLIP = ValueType(
    "clip",
    _refer_to("path"),
    is_reference=True,
    values="the path of a video file, or the id of another shot",
)
TRIM = ValueType("trim", _refer_to("trim"))
CAST_NAMES = ValueType("cast", _refer_to("names"))
BLOCKING = ValueType("blocking", _refer_to("blocking"))
LINE = ValueType(
    "cast",
    {
        "type": "array",
        "items": _refer_to("id"),
        "minItems": 2,
        "maxItems": 2,
        "uniqueItems": True,
        "x-wants": "two cast names, such as [ana, ben]",
    },
)
CAMERA = ValueType("camera", _refer_to("camera"), is_prose=True)
DIALOGUE = ValueType("dialogue", _refer_to("dialogue"))
NARRATION = ValueType("narration", _refer_to("told"))
SOUNDS = ValueType("sounds", _refer_to("sounds"), is_prose=True, is_reference=True)
AMBIENCE = ValueType("ambience", _refer_to("ambience"), is_reference=True)
REFERENCES = ValueType("references", _refer_to("references"), is_reference=True)
OPTIONS = ValueType(
    "options", _refer_to("options"), values="a mapping of options that the provider knows"
)
TRANSITION = ValueType("transition", _refer_to("transition"))
END_TRANSITION = ValueType("end_transition", _refer_to("transitionOut"))
FIT = ValueType(
    "fit",
    _refer_to("fit"),
    values="crop, pad, blur, {crop: POS, zoom: 1.2}, or a list of two for a move",
)
EFFECTS = ValueType("effects", _refer_to("effects"))


def whole_number(minimum: int, maximum: int) -> ValueType:
    """A whole number from `minimum` to `maximum`, both allowed."""
    return ValueType("integer", {"type": "integer", "minimum": minimum, "maximum": maximum})
