"""What a JSON schema says, in words: the values of a key, and the keys inside them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from storyboard.language import load_schema

Node = Mapping[str, Any]


def resolve_node(node: Node) -> dict[str, Any]:
    """The node with what its `$ref` names laid under it."""
    if "$ref" not in node:
        return dict(node)
    target: Any = load_schema()
    for step in node["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return {**resolve_node(target), **{key: node[key] for key in node if key != "$ref"}}


def describe_values(node: Node) -> str:
    """The values that a key takes, such as "a whole number from 1 to 50"."""
    whole = resolve_node(node)
    if "const" in whole:
        return f"`{json.dumps(whole['const'])}`"
    if "enum" in whole:
        return _join_choices(whole["enum"])
    if whole.get("type") == "boolean":
        return "`true` or `false`"
    limits = _describe_limits(whole)
    if "x-wants" in whole:
        return f"{whole['x-wants']}{limits}"
    words = {"integer": "a whole number", "number": "a number", "string": "text"}
    return words.get(str(whole.get("type")), "a mapping") + limits


def list_inner_keys(node: Node) -> Iterator[tuple[str, str, Node]]:
    """(form, key, schema) of every key of the mappings that a value may be; form may be empty."""
    seen: set[tuple[str, str]] = set()
    for form, key, inner in _walk_forms(resolve_node(node)):
        if (form, key) not in seen:
            seen.add((form, key))
            yield form, key, inner


def _walk_forms(whole: Node) -> Iterator[tuple[str, str, Node]]:
    form = str(whole.get("title", ""))
    for key, inner in whole.get("properties", {}).items():
        yield form, key, inner
    for part in ("then", "else", "items"):
        if isinstance(whole.get(part), Mapping):
            yield from _walk_forms(resolve_node(whole[part]))


def _join_choices(choices: list[Any]) -> str:
    named = [f"`{choice}`" for choice in choices]
    return " or ".join([", ".join(named[:-1]), named[-1]]) if len(named) > 1 else named[0]


def _describe_limits(whole: Node) -> str:
    if "minimum" in whole and "maximum" in whole and "pattern" not in whole:
        return f", from {whole['minimum']} to {whole['maximum']}"
    return ", more than 0" if "exclusiveMinimum" in whole else ""
