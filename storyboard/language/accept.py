"""A JSON schema compiled to one function that says yes or no.

A sound film is checked in a few milliseconds and jsonschema is never imported; only what is
refused here is given to jsonschema, which says why. A test holds the two to one answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Accepts: TypeAlias = Callable[[Any], bool]

_IGNORED = {"$schema", "$id", "$comment", "title", "description", "default", "examples"}
_IGNORED |= {"definitions", "markdownEnumDescriptions", "then", "else", "x-wants"}

_TYPES: dict[str, Accepts] = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "integer": lambda value: (
        isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value)
    ),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


class Unsupported(Exception):
    """The schema uses a keyword that has no function here."""


class Compiler:
    """Compiles the subschemas of one root schema, each `$ref` once."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._made: dict[str, Accepts] = {}

    def definition(self, name: str) -> Accepts:
        """The function of `#/definitions/NAME`."""
        return self._reference(f"#/definitions/{name}")

    def schema(self, schema: Any) -> Accepts:
        """The function of a subschema. Raises Unsupported."""
        if schema is True or schema == {}:
            return lambda value: True
        if schema is False:
            return lambda value: False
        if "$ref" in schema:
            return self._reference(schema["$ref"])
        tests: list[Accepts] = []
        if "type" in schema:
            tests.append(_type(schema["type"]))
        if schema.keys() & {"properties", "patternProperties", "additionalProperties"}:
            tests.append(self._members(schema))
        for keyword, wanted in schema.items():
            if test := self._keyword(keyword, wanted, schema):
                tests.append(test)
        return _all(tests)

    def _reference(self, path: str) -> Accepts:
        if path not in self._made:
            # a stand-in first: definitions may contain themselves
            self._made[path] = lambda value: self._made[path](value)
            target: Any = self._root
            for step in path.removeprefix("#/").split("/"):
                target = target[step]
            self._made[path] = self.schema(target)
        return self._made[path]

    def _members(self, schema: Mapping[str, Any]) -> Accepts:
        patterns = [
            (re.compile(pattern).search, self.schema(part))
            for pattern, part in schema.get("patternProperties", {}).items()
        ]
        named = {
            key: _all([self.schema(part)] + [test for search, test in patterns if search(key)])
            for key, part in schema.get("properties", {}).items()
        }
        other = self.schema(schema.get("additionalProperties", True))

        def members(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            for key, item in value.items():
                test = named.get(key)
                if test is not None:
                    if not test(item):
                        return False
                    continue
                matching = [check for search, check in patterns if search(key)]
                if not all(check(item) for check in matching or (other,)):
                    return False
            return True

        return members

    def _keyword(self, keyword: str, wanted: Any, schema: Mapping[str, Any]) -> Accepts | None:
        if keyword in _IGNORED or keyword in {
            "type",
            "properties",
            "patternProperties",
            "additionalProperties",
        }:
            return None
        if keyword == "if":
            condition = self.schema(wanted)
            then, other = (
                self.schema(schema.get("then", True)),
                self.schema(schema.get("else", True)),
            )
            return lambda value: then(value) if condition(value) else other(value)
        if keyword == "allOf":
            return _all([self.schema(part) for part in wanted])
        if keyword == "items":
            item = self.schema(wanted)
            return lambda value: not isinstance(value, list) or all(map(item, value))
        if keyword in _SIMPLE:
            return _SIMPLE[keyword](wanted)
        raise Unsupported(keyword)


def _type(names: str | list[str]) -> Accepts:
    tests = [_TYPES[name] for name in ([names] if isinstance(names, str) else names)]
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def _all(tests: list[Accepts]) -> Accepts:
    if len(tests) == 1:
        return tests[0]

    def every(value: Any) -> bool:
        for test in tests:  # noqa: SIM110 - a loop is twice as fast as all() here
            if not test(value):
                return False
        return True

    return every


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _unique(value: Any) -> bool:
    return not isinstance(value, list) or len({repr(item) for item in value}) == len(value)


def _pattern(wanted: str) -> Accepts:
    search = re.compile(wanted).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _beside(wanted: Mapping[str, Any]) -> Accepts:
    """Keys that want other keys beside them."""
    if not all(isinstance(needs, list) for needs in wanted.values()):
        raise Unsupported("dependencies")
    pairs = [(key, need) for key, needs in wanted.items() for need in needs]
    return lambda value: (
        not isinstance(value, dict) or all(key not in value or need in value for key, need in pairs)
    )


_SIMPLE: dict[str, Callable[[Any], Accepts]] = {
    "enum": lambda wanted: lambda value: any(_same(value, one) for one in wanted),
    "const": lambda wanted: lambda value: _same(value, wanted),
    "required": lambda wanted: (
        lambda value: not isinstance(value, dict) or all(key in value for key in wanted)
    ),
    "dependencies": _beside,
    "pattern": _pattern,
    "minimum": lambda least: lambda value: not _number(value) or value >= least,
    "maximum": lambda most: lambda value: not _number(value) or value <= most,
    "exclusiveMinimum": lambda least: lambda value: not _number(value) or value > least,
    "minLength": lambda least: lambda value: not isinstance(value, str) or len(value) >= least,
    "maxLength": lambda most: lambda value: not isinstance(value, str) or len(value) <= most,
    "minItems": lambda least: lambda value: not isinstance(value, list) or len(value) >= least,
    "maxItems": lambda most: lambda value: not isinstance(value, list) or len(value) <= most,
    "uniqueItems": lambda wanted: lambda value: not wanted or _unique(value),
    "minProperties": lambda least: lambda value: not isinstance(value, dict) or len(value) >= least,
    "maxProperties": lambda most: lambda value: not isinstance(value, dict) or len(value) <= most,
}
