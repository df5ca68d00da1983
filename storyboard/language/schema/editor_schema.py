"""The schema as editors complete from it: the same rules, with values worth offering.

YAML language servers offer `examples`, `default` and `enum` of the very key that is written. They
show a mapping among them as "[object Object]" and don't look into `else`, so a value that is no
plain text or number is offered as a snippet, and a key that takes one of some words lists them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_SIZES = (
    *("EWS", "WS", "FS", "MWS", "MS", "MCU", "CU", "ECU"),
    *("wide", "full", "medium", "close-up", "insert", "two-shot", "over-the-shoulder"),
    *("establishing", "POV"),
)
_ANGLES = (
    *("eye level", "low", "high", "over-the-shoulder", "POV", "overhead", "dutch"),
    *("bird's-eye", "worm's-eye", "ground level", "profile", "from behind", "three-quarter"),
)
_MOVES = (
    *("static", "slow dolly in", "slow dolly out", "pan left", "pan right", "tilt up", "tilt down"),
    *("truck left", "truck right", "crane up", "crane down", "zoom in", "zoom out"),
    *("orbit left", "orbit right", "follow", "handheld", "whip pan right", "dolly zoom"),
)
OFFERED_WORDS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("shot", "properties", "size"): _SIZES,
    ("shot", "properties", "angle"): _ANGLES,
    ("shot", "properties", "camera"): _MOVES,
    ("cameraMove",): _MOVES,
}
"""By place among the definitions, words of an open vocabulary, the most usual first."""


def to_editor_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with nothing among its examples and defaults that an editor can't show."""
    editor_schema: dict[str, Any] = _convert_node(schema, schema["definitions"])
    for place, words in OFFERED_WORDS.items():
        node = editor_schema["definitions"]
        for name in place:
            node = node[name]
        node["examples"] = list(dict.fromkeys((*words, *node.get("examples", ()))))
    return editor_schema


def _convert_node(node: Any, definitions: Mapping[str, Any]) -> Any:
    """A schema, or a part of one; what lies under `properties` are names, not keywords."""
    if isinstance(node, list):
        return [_convert_node(part, definitions) for part in node]
    if not isinstance(node, Mapping):
        return node
    converted = {
        key: {name: _convert_node(part, definitions) for name, part in value.items()}
        if key in ("properties", "patternProperties", "definitions")
        else value
        if key in ("examples", "default", "enum", "const")
        else _convert_node(value, definitions)
        for key, value in node.items()
    }
    return _offer_values(converted, definitions)


def _offer_values(node: dict[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    examples = node.get("examples", ())
    words = _list_choices(node, definitions)
    plain = [example for example in examples if not _is_collection(example)]
    snippets = [example for example in examples if _is_collection(example)]
    if plain or words:
        node["examples"] = list(dict.fromkeys((*words, *plain)))
    else:
        node.pop("examples", None)
    if snippets:
        texts = [_format_flow(snippet) for snippet in snippets]
        node["defaultSnippets"] = [{"label": text, "bodyText": text} for text in texts]
        if "$ref" in node:  # beside it, a draft-07 server sees no snippets
            node["allOf"] = [{"$ref": node.pop("$ref")}]
    if _is_collection(node.get("default")):
        del node["default"]
    return node


def _list_choices(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[str]:
    """The words that a key takes where it takes a mapping as well."""
    name = str(node.get("$ref", "")).rpartition("/")[2]
    target = definitions.get(name, node)
    choice = target.get("else", {})
    return list(choice.get("enum", ())) if isinstance(choice, Mapping) else []


def _is_collection(value: Any) -> bool:
    return isinstance(value, (list, dict))


def _format_flow(value: Any) -> str:
    """The value as YAML has it in one line: `{dissolve: 0.5}`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_format_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_format_flow, value)) + "]"
    if isinstance(value, str):
        return value if not set(value) & set(",:[]{}#&*") else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)
