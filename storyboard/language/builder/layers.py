"""Values in layers, and where each came from.

A stack of layers, strongest first, is all that a shot keeps: places are looked up in the text only
when someone asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from storyboard.errors import Span
from storyboard.language.yaml.parser import Map, Seq
from storyboard.model.film import Origin, ValueSource

_PATH_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


@dataclass(frozen=True, slots=True)
class ValueLayer:
    """One layer: what some part of the text says."""

    layer: ValueSource
    detail: str
    data: Mapping[str, Any]
    keys: frozenset[str]
    """The keys of `data` that count here."""

    def find_key_and_value_spans(self, key_path: str) -> tuple[Span | None, Span | None] | None:
        """The spans of a key path and of its value, None where this layer doesn't have it."""
        steps = split_key_path(key_path)
        if not steps or steps[0] not in self.keys:
            return None
        if not isinstance(self.data, Map):
            return None, None
        holder: Any = None
        key: str | int = ""
        value: Any = self.data
        for step in steps:
            if isinstance(step, int) and not isinstance(value, Seq):
                continue  # one line where a list may stand
            if isinstance(value, Map) and step in value:
                holder, key, value = value, step, value[str(step)]
            elif isinstance(value, Seq) and isinstance(step, int) and step < len(value):
                holder, key, value = value, step, value[step]
            else:
                return None
        if isinstance(holder, Map):
            return holder.find_key_span(str(key)), holder.find_value_span(str(key))
        return None, holder.find_item_span(int(key))


def build_layer(
    source: ValueSource, detail: str, data: Mapping[str, Any], *, but: frozenset[str]
) -> ValueLayer:
    """A layer of all keys of `data` that aren't private or in `but`."""
    return ValueLayer(
        source,
        detail,
        data,
        frozenset(key for key in data if key not in but and not key.startswith("x-")),
    )


FindHome: TypeAlias = Callable[[], Origin]


class Origins(Mapping[str, Origin]):
    """Where values stand, by key path: `prompt`, `trim.start`, `dialogue[0].at`.

    Stays behind when a film is sent to another process: places are for people who look at text.
    """

    __slots__ = ("_home", "extra", "stack")

    def __init__(self, stack: tuple[ValueLayer, ...], find_home: FindHome | None = None) -> None:
        self.stack = stack
        self._home = find_home
        self.extra: dict[str, Origin] = {}
        """Paths that no layer has, as a cast member of another file."""

    @property
    def own_origin(self) -> Origin | None:
        """The thing itself: where it is named."""
        return self._home() if self._home is not None else None

    def __getitem__(self, key_path: str) -> Origin:
        if not key_path and (home := self.own_origin) is not None:
            return home
        for layer in self.stack:
            spans = layer.find_key_and_value_spans(key_path)
            if spans is not None:
                return Origin(layer.layer, layer.detail, spans[0], spans[1])
        return self.extra[key_path]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(path for layer in self.stack for path in _list_key_paths(layer)))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Origins, ((),)

    def __deepcopy__(self, _: object) -> Origins:
        return self

    def is_from_stronger_layer(self, key: str, other_key: str) -> bool:
        """Whether `key` is said by a stronger layer than `other_key`."""
        for layer in self.stack:
            if other_key in layer.keys:
                return False
            if key in layer.keys:
                return True
        return False

    def find_span(self, key_path: str) -> Span:
        """The text of the value at `key_path`, or of the nearest key around it."""
        while key_path:
            origin = self.get(key_path)
            if origin is not None and (place := origin.value or origin.key):
                return place
            key_path = key_path[: max(key_path.rfind("."), key_path.rfind("["), 0)]
        home = self.own_origin
        return (home and (home.value or home.key)) or Span("<film>")

    def find_key_span(self, key_path: str) -> Span:
        """The text of the key at `key_path`."""
        origin = self.get(key_path)
        return (origin and origin.key) or self.find_span(key_path)


def merge_layers(stack: tuple[ValueLayer, ...]) -> dict[str, Any]:
    """The values of a stack: for each key the strongest layer's."""
    values: dict[str, Any] = {}
    for layer in reversed(stack):
        for key in layer.keys:
            values[key] = layer.data[key]
    return values


def split_key_path(key_path: str) -> list[str | int]:
    """`trim.start` -> [trim, start]; `cast[1]` -> [cast, 1]."""
    return [int(match[1]) if match[1] else match[2] for match in _PATH_STEP.finditer(key_path)]


def _list_key_paths(layer: ValueLayer) -> Iterator[str]:
    pending = [(key, layer.data[key]) for key in sorted(layer.keys)]
    while pending:
        path, value = pending.pop(0)
        yield path
        if isinstance(value, Mapping):
            pending += [(f"{path}.{key}", item) for key, item in value.items()]
        elif isinstance(value, list):
            pending += [(f"{path}[{index}]", item) for index, item in enumerate(value)]
