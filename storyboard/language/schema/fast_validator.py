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
_IGNORED |= {"definitions", "markdownEnumDescriptions", "then", "else"}
_IGNORED |= {"x-wants", "x-affects", "x-one-of"}

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


class UnsupportedKeyword(Exception):
    """The schema uses a keyword that has no function here."""


class SchemaCompiler:
    """Compiles the subschemas of one root schema, each `$ref` once."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._compiled: dict[str, Accepts] = {}

    def compile_definition(self, name: str) -> Accepts:
        """The function of `#/definitions/NAME`."""
        return self._compile_reference(f"#/definitions/{name}")

    def compile_schema(self, schema: Any) -> Accepts:
        """The function of a subschema. Raises UnsupportedKeyword."""
        if schema is True or schema == {}:
            return lambda value: True
        if schema is False:
            return lambda value: False
        if "$ref" in schema:
            return self._compile_reference(schema["$ref"])
        tests: list[Accepts] = []
        if "type" in schema:
            tests.append(_compile_type_test(schema["type"]))
        if schema.keys() & {"properties", "patternProperties", "additionalProperties"}:
            tests.append(self._compile_object_members(schema))
        for keyword, wanted in schema.items():
            if test := self._compile_keyword(keyword, wanted, schema):
                tests.append(test)
        return _combine_with_and(tests)

    def _compile_reference(self, path: str) -> Accepts:
        if path not in self._compiled:
            # a stand-in first: definitions may contain themselves
            self._compiled[path] = lambda value: self._compiled[path](value)
            target: Any = self._root
            for step in path.removeprefix("#/").split("/"):
                target = target[step]
            self._compiled[path] = self.compile_schema(target)
        return self._compiled[path]

    def _compile_object_members(self, schema: Mapping[str, Any]) -> Accepts:
        patterns = [
            (re.compile(pattern).search, self.compile_schema(part))
            for pattern, part in schema.get("patternProperties", {}).items()
        ]
        tests_by_key = {
            key: _combine_with_and(
                [self.compile_schema(part)] + [test for search, test in patterns if search(key)]
            )
            for key, part in schema.get("properties", {}).items()
        }
        other = self.compile_schema(schema.get("additionalProperties", True))

        def accepts_members(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            for key, item in value.items():
                test = tests_by_key.get(key)
                if test is not None:
                    if not test(item):
                        return False
                    continue
                matching = [check for search, check in patterns if search(key)]
                if not all(check(item) for check in matching or (other,)):
                    return False
            return True

        return accepts_members

    def _compile_keyword(
        self, keyword: str, wanted: Any, schema: Mapping[str, Any]
    ) -> Accepts | None:
        if keyword in _IGNORED or keyword in {
            "type",
            "properties",
            "patternProperties",
            "additionalProperties",
        }:
            return None
        if keyword == "if":
            condition = self.compile_schema(wanted)
            then, other = (
                self.compile_schema(schema.get("then", True)),
                self.compile_schema(schema.get("else", True)),
            )
            return lambda value: then(value) if condition(value) else other(value)
        if keyword == "allOf":
            return _combine_with_and([self.compile_schema(part) for part in wanted])
        if keyword == "items":
            item = self.compile_schema(wanted)
            return lambda value: not isinstance(value, list) or all(map(item, value))
        if keyword in _KEYWORDS:
            return _KEYWORDS[keyword](wanted)
        raise UnsupportedKeyword(keyword)


def _compile_type_test(names: str | list[str]) -> Accepts:
    tests = [_TYPES[name] for name in ([names] if isinstance(names, str) else names)]
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def _combine_with_and(tests: list[Accepts]) -> Accepts:
    if len(tests) == 1:
        return tests[0]

    def passes_every(value: Any) -> bool:
        for test in tests:  # noqa: SIM110 - a loop is twice as fast as all() here
            if not test(value):
                return False
        return True

    return passes_every


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_same_json_value(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _has_unique_items(value: Any) -> bool:
    return not isinstance(value, list) or len({repr(item) for item in value}) == len(value)


def _compile_pattern(pattern: str) -> Accepts:
    search = re.compile(pattern).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _compile_dependencies(dependencies: Mapping[str, Any]) -> Accepts:
    """Keys that want other keys beside them."""
    if not all(isinstance(needs, list) for needs in dependencies.values()):
        raise UnsupportedKeyword("dependencies")
    pairs = [(key, need) for key, needs in dependencies.items() for need in needs]
    return lambda value: (
        not isinstance(value, dict) or all(key not in value or need in value for key, need in pairs)
    )


_KEYWORDS: dict[str, Callable[[Any], Accepts]] = {
    "enum": lambda wanted: lambda value: any(_is_same_json_value(value, one) for one in wanted),
    "const": lambda wanted: lambda value: _is_same_json_value(value, wanted),
    "required": lambda wanted: (
        lambda value: not isinstance(value, dict) or all(key in value for key in wanted)
    ),
    "dependencies": _compile_dependencies,
    "pattern": _compile_pattern,
    "minimum": lambda least: lambda value: not _is_number(value) or value >= least,
    "maximum": lambda most: lambda value: not _is_number(value) or value <= most,
    "exclusiveMinimum": lambda least: lambda value: not _is_number(value) or value > least,
    "minLength": lambda least: lambda value: not isinstance(value, str) or len(value) >= least,
    "maxLength": lambda most: lambda value: not isinstance(value, str) or len(value) <= most,
    "minItems": lambda least: lambda value: not isinstance(value, list) or len(value) >= least,
    "maxItems": lambda most: lambda value: not isinstance(value, list) or len(value) <= most,
    "uniqueItems": lambda wanted: lambda value: not wanted or _has_unique_items(value),
    "minProperties": lambda least: lambda value: not isinstance(value, dict) or len(value) >= least,
    "maxProperties": lambda most: lambda value: not isinstance(value, dict) or len(value) <= most,
}
