"""What reading leaves for building: drafts of shots in running order, and the cast as written."""

from __future__ import annotations

from dataclasses import dataclass, field

from storyboard.errors import Span
from storyboard.film import Layer, Origin
from storyboard.language.source import Source
from storyboard.language.yaml12 import Map


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What stands around a shot; shots of one block share one."""

    source: Source
    cast: frozenset[str]
    """Names that its shots may use."""
    sequences: tuple[Map, ...] = ()
    """Outermost first."""
    parts: tuple[tuple[Source, Map], ...] = ()
    """Included files around it, outermost first; the film's own file isn't among them."""


@dataclass(slots=True, eq=False)
class Draft:
    """One shot as written, before it is built."""

    id: str
    item: Map
    scope: Scope
    broken: bool = False
    """It has errors already, or was left out; nothing is said about what it lacks."""
    wrong: frozenset[str] = frozenset()
    """Keys whose shape is wrong; what the others name is still looked up."""

    def origin(self) -> Origin:
        """The same, as an origin."""
        return Origin(Layer.SHOT, self.id, self.item.key_span("id"), self.span)

    @property
    def span(self) -> Span:
        """Where it is named."""
        return self.item.value_span("id") if "id" in self.item else self.item.span()


@dataclass(frozen=True, slots=True)
class Member:
    """One cast member as written; `data` is None where only the name is known."""

    name: str
    data: Map | None
    place: Span


@dataclass(slots=True)
class Reading:
    """Everything that was read for one film."""

    film: Map | None = None
    drafts: list[Draft] = field(default_factory=list)
    cast: dict[str, Member] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    places: dict[str, Draft] = field(default_factory=dict)
    """Every shot that has an id, the first of that id, sound or not."""
    sequences: dict[str, Span] = field(default_factory=dict)
    doubt_ids: bool = False
    """Some shots couldn't be read, so that an unknown id may be one of them."""
    doubt_cast: bool = False
