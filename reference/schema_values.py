"""What a JSON schema says, in words: the values of a key, and the keys inside them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from reference.markdown import join_words, mark_code
from storyboard.language import load_schema

Node = Mapping[str, Any]

_PLAIN_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "`true` or `false`",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_WORDS: Mapping[str, str] = {
    'seconds (2.5) or frames ("12f")': 'seconds (`2.5`) or frames (`"12f"`)',
    "a letter, then letters, digits, _ or -": "a name: a letter, then letters, digits, `_` or `-`",
    "words": "text",
}
"""What messages say, and what a page says that can set code apart."""


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
        return join_words([f"`{choice}`" for choice in whole["enum"]], "or")
    if whole.get("type") == "boolean":
        return _PLAIN_TYPES["boolean"]
    limits = _describe_limits(whole)
    if "x-wants" in whole:
        wanted = str(whole["x-wants"])
        return f"{_WORDS.get(wanted) or mark_code(wanted)}{limits}"
    return _describe_type(whole) + limits


def list_choices(node: Node) -> Iterator[tuple[str, str]]:
    """(choice, what it means) of a key with choices that the schema explains."""
    whole = resolve_node(node)
    yield from zip(
        map(str, whole.get("enum", ())), whole.get("markdownEnumDescriptions", ()), strict=False
    )


_NAMED = frozenset({"Blocking", "Wardrobe"})
"""Mappings under names of the user, whose keys are shown where the mapping is."""


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
    if form in _NAMED:
        for part in whole["patternProperties"].values():
            yield from _walk_forms(resolve_node(part))


def _describe_type(whole: Node) -> str:
    types = whole.get("type", "object")
    names = [types] if isinstance(types, str) else list(types)
    return join_words([_PLAIN_TYPES[name] for name in names], "or")


def _describe_limits(whole: Node) -> str:
    if "minimum" in whole and "maximum" in whole and "pattern" not in whole:
        return f", from {whole['minimum']} to {whole['maximum']}"
    return ", more than 0" if "exclusiveMinimum" in whole else ""
