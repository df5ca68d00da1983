"""The shipped schema: what a piece of a storyboard may hold, and why it doesn't.

A header, a sequence and a shot are checked one by one, so that a mistake in one of them says
nothing about the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from storyboard.language.accept import Accepts, Compiler, Unsupported
from storyboard.language.reasons import Reasons
from storyboard.language.report import Nearest, Report
from storyboard.language.yaml12 import Map, Seq

Steps: TypeAlias = tuple[str | int, ...]

NEEDED = frozenset(
    "id prompt beats first_frame last_frame continue extend clip color card still file make at "
    "include shots sequence storyboard".split()
)
"""Keys without which a thing is another thing; with no value they are errors, not warnings."""


@cache
def schema() -> Mapping[str, Any]:
    """The whole schema, as shipped."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "schemas", package.parent / "schemas"):
        path = folder / "storyboard.schema.json"
        if path.is_file():
            loaded: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return loaded
    raise FileNotFoundError("storyboard.schema.json is not where the package was installed")


@cache
def _compiler() -> Compiler:
    return Compiler(schema())


@cache
def keys(definition: str) -> frozenset[str]:
    """The keys that a definition of the schema names."""
    return frozenset(schema()["definitions"][definition]["properties"])


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check leaves."""

    data: Any
    """The value without keys that have no value."""
    wrong: tuple[Steps, ...] = ()
    """Where errors are."""

    @property
    def sound(self) -> bool:
        return not self.wrong


class Checker:
    """Holds values against definitions of the schema and reports what doesn't fit."""

    def __init__(
        self,
        report: Report,
        nearest: Nearest,
        fragments: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._report = report
        self._reasons = Reasons(schema(), report, nearest)
        self._fragments = fragments
        self._own: dict[tuple[str, str], Accepts | None] = {}

    def check(
        self, definition: str, data: Any, at: Map | Seq | None = None, key: str | int = ""
    ) -> Checked:
        """`data` held against `#/definitions/NAME`; `at` and `key` say where a scalar stands."""
        if _compiler().definition(definition)(data):
            return Checked(data)
        wanted = {
            "allOf": [{"$ref": f"#/definitions/{definition}"}],
            "definitions": schema()["definitions"],
        }
        return self._explained(wanted, data, at, key)

    def check_fragment(self, provider: str, part: str, data: Map) -> Checked:
        """Settings or options held against what the provider's adapter brought; else accepted."""
        wanted = self._fragments.get(provider, {}).get(part)
        if wanted is None:
            return Checked(data)
        accepts = self._accepts(provider, part, wanted)
        if accepts is not None and accepts(data):
            return Checked(data)
        return self._explained(wanted, data)

    def knows(self, provider: str, part: str) -> bool:
        """Whether an adapter brought a schema for that part."""
        return part in self._fragments.get(provider, {})

    def allows(self, provider: str, part: str, key: str) -> bool:
        """Whether the adapter's schema names the key."""
        return key in self._fragments.get(provider, {}).get(part, {}).get("properties", {})

    def _accepts(self, provider: str, part: str, wanted: Any) -> Accepts | None:
        if (provider, part) not in self._own:
            try:
                self._own[provider, part] = Compiler(wanted).schema(wanted)
            except Unsupported:
                self._own[provider, part] = None
        return self._own[provider, part]

    def _explained(
        self, wanted: Any, data: Any, at: Map | Seq | None = None, key: str | int = ""
    ) -> Checked:
        errors = list(_errors(wanted, data))
        empty = [
            error.path
            for error in errors
            if error.validator == "type" and error.instance is None and _can_go(error.path)
        ]
        if empty:
            for steps in empty:
                self._reasons.no_value(data, steps)
                data = without(data, steps)
            errors = list(_errors(wanted, data))
        errors = _one_each(errors)
        for error in errors:
            self._reasons.explain(error, data, at, key, errors)
        return Checked(data, tuple(steps for error in errors for steps in error.places))


@dataclass(frozen=True, slots=True)
class Mistake:
    """One error of jsonschema, without its library."""

    path: Steps
    validator: str
    wanted: Any
    instance: Any
    schema: Mapping[str, Any]

    @property
    def unknown(self) -> list[str]:
        """The keys that the schema has no place for."""
        if self.validator != "additionalProperties":
            return []
        patterns = list(self.schema.get("patternProperties", {}))
        named = self.schema.get("properties", {})
        return [
            key
            for key in self.instance
            if key not in named and not any(re.search(pattern, key) for pattern in patterns)
        ]

    @property
    def places(self) -> list[Steps]:
        """What is wrong: the value itself, or its unknown keys."""
        return [(*self.path, key) for key in self.unknown] or [self.path]


def _one_each(errors: list[Mistake]) -> list[Mistake]:
    """One error for each value: of several, that which says most."""
    kept: dict[Any, Mistake] = {}
    for error in errors:
        apart = error.validator in ("additionalProperties", "required")
        key = (error.path, error.validator, str(error.wanted)) if apart else error.path
        if key not in kept or error.validator in ("enum", "const"):
            kept[key] = error
    return list(kept.values())


def _errors(wanted: Any, data: Any) -> Iterator[Mistake]:
    # imported here: a sound film never pays for it
    from jsonschema import Draft7Validator
    from referencing import Registry

    for error in Draft7Validator(wanted, registry=Registry()).iter_errors(data):
        part = error.schema if isinstance(error.schema, dict) else {}
        yield Mistake(
            tuple(error.absolute_path),
            str(error.validator),
            error.validator_value,
            error.instance,
            part,
        )


def _can_go(steps: Steps) -> bool:
    """Whether a key with no value may count as absent."""
    return (
        bool(steps)
        and isinstance(steps[-1], str)
        and steps[-1] not in NEEDED
        and not {"dialogue", "narration", "camera"} & set(steps[:-1])
    )


def without(data: Any, steps: Steps) -> Any:
    """A copy of the value without the key at `steps`; what isn't on the way is shared."""
    if isinstance(data, Map) and steps[0] in data:
        copy = Map(data.node, data.file)
        copy.update(data)
        if len(steps) == 1:
            del copy[str(steps[0])]
        else:
            copy[str(steps[0])] = without(data[str(steps[0])], steps[1:])
        return copy
    if isinstance(data, Seq) and isinstance(steps[0], int) and len(steps) > 1:
        items = Seq(data.node, data.file)
        items.extend(data)
        items[steps[0]] = without(data[steps[0]], steps[1:])
        return items
    return data
