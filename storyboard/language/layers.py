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
from storyboard.film import Layer, Origin
from storyboard.language.yaml12 import Map, Seq

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


@dataclass(frozen=True, slots=True)
class Given:
    """One layer: what some part of the text says."""

    layer: Layer
    detail: str
    data: Mapping[str, Any]
    keys: frozenset[str]
    """The keys of `data` that count here."""

    def place(self, path: str) -> tuple[Span | None, Span | None] | None:
        """The spans of a key path and of its value, None where this layer doesn't have it."""
        steps = split(path)
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
            return holder.key_span(str(key)), holder.value_span(str(key))
        return None, holder.item_span(int(key))


def given(layer: Layer, detail: str, data: Mapping[str, Any], *, but: frozenset[str]) -> Given:
    """A layer of all keys of `data` that aren't private or in `but`."""
    return Given(
        layer,
        detail,
        data,
        frozenset(key for key in data if key not in but and not key.startswith("x-")),
    )


Home: TypeAlias = Callable[[], Origin]


class Origins(Mapping[str, Origin]):
    """Where values stand, by key path: `prompt`, `trim.start`, `dialogue[0].at`.

    Stays behind when a film is sent to another process: places are for people who look at text.
    """

    __slots__ = ("_home", "beside", "stack")

    def __init__(self, stack: tuple[Given, ...], home: Home | None = None) -> None:
        self.stack = stack
        self._home = home
        self.beside: dict[str, Origin] = {}
        """Paths that no layer has, as a cast member of another file."""

    @property
    def home(self) -> Origin | None:
        """The thing itself: where it is named."""
        return self._home() if self._home is not None else None

    def __getitem__(self, path: str) -> Origin:
        if not path and (home := self.home) is not None:
            return home
        for each in self.stack:
            place = each.place(path)
            if place is not None:
                return Origin(each.layer, each.detail, place[0], place[1])
        return self.beside[path]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(path for each in self.stack for path in _paths(each)))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Origins, ((),)

    def __deepcopy__(self, _: object) -> Origins:
        return self

    def inner(self, key: str, other: str) -> bool:
        """Whether `key` is said by a stronger layer than `other`."""
        for each in self.stack:
            if other in each.keys:
                return False
            if key in each.keys:
                return True
        return False

    def span(self, path: str) -> Span:
        """The text of the value at `path`, or of the nearest key around it."""
        while path:
            found = self.get(path)
            if found is not None and (place := found.value or found.key):
                return place
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        home = self.home
        return (home and (home.value or home.key)) or Span("<film>")

    def key_span(self, path: str) -> Span:
        """The text of the key at `path`."""
        found = self.get(path)
        return (found and found.key) or self.span(path)


def merged(stack: tuple[Given, ...]) -> dict[str, Any]:
    """The values of a stack: for each key the strongest layer's."""
    values: dict[str, Any] = {}
    for each in reversed(stack):
        for key in each.keys:
            values[key] = each.data[key]
    return values


def split(path: str) -> list[str | int]:
    """`trim.start` -> [trim, start]; `cast[1]` -> [cast, 1]."""
    return [int(match[1]) if match[1] else match[2] for match in _STEP.finditer(path)]


def _paths(layer: Given) -> Iterator[str]:
    pending = [(key, layer.data[key]) for key in sorted(layer.keys)]
    while pending:
        path, value = pending.pop(0)
        yield path
        if isinstance(value, Mapping):
            pending += [(f"{path}.{key}", item) for key, item in value.items()]
        elif isinstance(value, list):
            pending += [(f"{path}[{index}]", item) for index, item in enumerate(value)]
