"""The schema, and what is wrong at a place of a storyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from storyboard.language.schema.transition_schema import (
    describe_end_transition,
    describe_transition,
)
from storyboard.language.yaml.parser import Map, Seq
from storyboard.model.shot_keys import SHOT_KEYS, Place, ShotKey, list_keys_at

Steps: TypeAlias = tuple[str | int, ...]


NEEDED_KEYS = frozenset(
    (
        *(key.name for key in SHOT_KEYS.values() if key.makes_shot),
        *("still", "file", "make", "at", "include", "shots", "sequence", "storyboard"),
    )
)
"""Keys without which a thing is another thing; with no value they are errors, not warnings."""


@cache
def load_schema() -> Mapping[str, Any]:
    """The whole schema: the base, with the keys of shots and the transitions as declared."""
    base = Path(__file__).with_name("base.json")
    schema: dict[str, Any] = json.loads(base.read_text(encoding="utf-8"))
    definitions = schema["definitions"]
    definitions["transition"] = describe_transition()
    definitions["transitionOut"] = describe_end_transition()
    for place in Place:
        definition = str(place.name).lower()
        definitions[definition]["properties"] |= {
            key.name: _describe_key(key)
            if place is Place.SHOT or Place.SHOT not in key.stands
            else {"$ref": f"#/definitions/shot/properties/{key.name}"}
            for key in list_keys_at(place)
        }
    return schema


def _describe_key(key: ShotKey) -> dict[str, Any]:
    described = {
        **key.type.schema,
        "title": key.title_text,
        "description": key.description,
        "examples": list(key.examples),
        "x-affects": [str(affected.name).lower() for affected in key.affects],
    }
    return described if key.default is None else {**described, "default": key.default}


@cache
def list_definition_keys(definition: str) -> frozenset[str]:
    """The keys that a definition of the schema names."""
    return frozenset(load_schema()["definitions"][definition]["properties"])


@dataclass(frozen=True, slots=True)
class SchemaError:
    """One error of jsonschema, without its library."""

    path: Steps
    validator: str
    wanted: Any
    instance: Any
    schema: Mapping[str, Any]

    @property
    def unknown_keys(self) -> list[str]:
        """The keys that the schema has no place for."""
        if self.validator != "additionalProperties":
            return []
        patterns = list(self.schema.get("patternProperties", {}))
        properties = self.schema.get("properties", {})
        return [
            key
            for key in self.instance
            if key not in properties and not any(re.search(pattern, key) for pattern in patterns)
        ]

    @property
    def wrong_paths(self) -> list[Steps]:
        """What is wrong: the value itself, or its unknown keys."""
        return [(*self.path, key) for key in self.unknown_keys] or [self.path]


def copy_without_key(data: Any, steps: Steps) -> Any:
    """A copy of the value without the key at `steps`; what isn't on the way is shared."""
    if isinstance(data, Map) and steps[0] in data:
        copy = Map(data.node, data.file)
        copy.update(data)
        if len(steps) == 1:
            del copy[str(steps[0])]
        else:
            copy[str(steps[0])] = copy_without_key(data[str(steps[0])], steps[1:])
        return copy
    if isinstance(data, Seq) and isinstance(steps[0], int) and len(steps) > 1:
        items = Seq(data.node, data.file)
        items.extend(data)
        items[steps[0]] = copy_without_key(data[steps[0]], steps[1:])
        return items
    return data
