"""The schemas of `transition` and `transition_out`, made of what the transitions declare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from storyboard.model.film import CUT, Align, FramesFrom
from storyboard.transitions.registry import load_transitions
from storyboard.transitions.spec import DEFAULT_DURATION_S, TransitionSpec

JsonSchema: TypeAlias = dict[str, Any]

_TIME = {"$ref": "#/definitions/positiveTime"}
_COLOR = {"$ref": "#/definitions/color"}
_ALIGN = {"type": "string", "enum": [choice.value for choice in Align]}
_FRAMES = {"type": "string", "enum": [choice.value for choice in FramesFrom]}


def describe_transition() -> JsonSchema:
    """The JSON schema of a transition into a shot."""
    transitions = load_transitions()
    names = list(transitions)
    kinds = [
        _describe_kind(
            name.capitalize(), f"A {name} at the start of the shot.", names, _list_keys(transition)
        )
        for name, transition in transitions.items()
    ]
    examples = [_format_example(transition, "from") for transition in transitions.values()]
    return _describe_choice(_join_examples([CUT.kind, names[0], *examples]), names, kinds)


def describe_end_transition() -> JsonSchema:
    """The JSON schema of a transition that ends the film, in a colour."""
    transitions = {
        name: transition
        for name, transition in load_transitions().items()
        if transition.is_with_color
    }
    names = list(transitions)
    kinds = [
        _describe_kind(
            f"{name.capitalize()} out", "How the film ends.", names, _list_end_keys(transition)
        )
        for name, transition in transitions.items()
    ]
    examples = [_format_example(transition, "to") for transition in transitions.values()]
    return _describe_choice(_join_examples([names[0], *examples]), names, kinds)


def _describe_choice(wanted: str, names: Sequence[str], kinds: Sequence[JsonSchema]) -> JsonSchema:
    """A name alone, or a mapping whose kind is the first of `names` that is a key of it."""
    chosen = kinds[0]  # also of a mapping that names none, where the mistake is explained
    for name, kind in reversed(list(zip(names, kinds, strict=True))[1:]):
        chosen = {"if": {"required": [name]}, "then": kind, "else": chosen}
    return {
        "type": ["string", "object"],
        "x-wants": wanted,
        "if": {"type": "object"},
        "then": chosen,
        "else": {"type": "string", "enum": [CUT.kind, *names]},
    }


def _describe_kind(
    title: str, description: str, names: Sequence[str], keys: Mapping[str, JsonSchema]
) -> JsonSchema:
    """A mapping whose first key is its name, of which one mapping has only one."""
    return {
        "title": title,
        "description": description,
        "type": "object",
        "required": [next(iter(keys))],
        "x-one-of": list(names),
        "properties": dict(keys),
        **({"dependencies": {"align": ["through"]}} if "through" in keys else {}),
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
    }


def _list_keys(transition: TransitionSpec) -> dict[str, JsonSchema]:
    """What may stand beside the name of a transition into a shot; its name comes first."""
    duration = _describe_key(
        transition.name,
        _TIME,
        f"{transition.description} Seconds or frames.",
        examples=transition.examples,
        default=float(DEFAULT_DURATION_S),
    )
    keys = {transition.name: duration}
    if transition.is_with_color:
        keys["from"] = _describe_key(
            "from", _COLOR, "The colour at the start of the fade.", ["black"], "black"
        )
        keys["through"] = _describe_key(
            "through",
            _COLOR,
            "The previous shot fades to this colour, then this shot fades in from it.",
            ["black"],
        )
    keys |= _list_own_keys(transition)
    if transition.is_with_color:
        keys["align"] = _describe_key(
            "align",
            _ALIGN,
            "Where the cut lies in a fade through a colour. At the cut the picture is only "
            "the colour. start: cut to the colour, then fade in. end: fade out, then cut. "
            "auto means center.",
            ["end"],
            "auto",
        )
    else:
        keys["align"] = _describe_key(
            "align",
            _ALIGN,
            "Where the cut lies in the transition; auto centres it if both shots have enough "
            "frames.",
            ["center"],
            "auto",
        )
        keys["frames"] = _describe_key(
            "frames",
            _FRAMES,
            "Where the extra frames come from. handles: unused frames of both takes (the "
            "film keeps its length). overlap: used frames of both shots (the film gets "
            "shorter). hold: the first frame of the new shot is repeated (the film gets "
            "longer). auto: handles if both shots have them, else overlap.",
            ["handles"],
            "auto",
        )
    return keys


def _list_end_keys(transition: TransitionSpec) -> dict[str, JsonSchema]:
    """What may stand beside the name of a transition that ends the film; its name comes first."""
    name = transition.name
    return {
        name: _describe_key(
            name,
            _TIME,
            f"How long the {name} at the end lasts. Seconds or frames.",
            [1],
            float(DEFAULT_DURATION_S),
        ),
        "to": _describe_key("to", _COLOR, "The colour at the end of the film.", ["black"], "black"),
        **_list_own_keys(transition),
    }


def _list_own_keys(transition: TransitionSpec) -> dict[str, JsonSchema]:
    return {
        parameter.name: _describe_key(
            parameter.name,
            parameter.schema,
            parameter.description,
            parameter.examples,
            parameter.default,
        )
        for parameter in transition.parameters
    }


def _describe_key(
    name: str,
    schema: Mapping[str, Any],
    description: str,
    examples: Sequence[Any],
    default: Any = None,
) -> JsonSchema:
    """One key as an editor shows it; a default of None says nothing."""
    described = {"title": name.capitalize(), "description": description, **schema}
    if default is not None:
        described["default"] = default
    return described | {"examples": list(examples), "x-affects": ["cut"]}


def _format_example(transition: TransitionSpec, color_key: str) -> str:
    """`{wipe: 0.5, from: left}`."""
    settings = {transition.name: transition.examples[0]}
    if transition.is_with_color:
        settings[color_key] = "black"
    settings |= {parameter.name: parameter.default for parameter in transition.parameters}
    return f"{{{', '.join(f'{key}: {value}' for key, value in settings.items())}}}"


def _join_examples(examples: Sequence[str]) -> str:
    return f"{', '.join(examples[:-1])} or {examples[-1]}"
