"""What reading leaves for building: drafts of shots in running order, and the cast as written."""

from __future__ import annotations

from dataclasses import dataclass, field

from storyboard.errors import Span
from storyboard.language.yaml.parser import Map
from storyboard.language.yaml.source import Source
from storyboard.model.film import Origin, ValueSource


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What stands around a shot; shots of one block share one."""

    source: Source
    cast: frozenset[str]
    """Names that its shots may use."""
    sequences: tuple[Map, ...] = ()
    """Outermost first."""
    includes: tuple[tuple[Source, Map], ...] = ()
    """Included files around it, outermost first; the film's own file isn't among them."""


@dataclass(slots=True, eq=False)
class ParsedShot:
    """One shot as written, before it is built."""

    id: str
    item: Map
    scope: Scope
    broken: bool = False
    """It has errors already, or was left out; nothing is said about what it lacks."""
    wrong_keys: frozenset[str] = frozenset()
    """Keys whose shape is wrong; what the others name is still looked up."""

    def to_origin(self) -> Origin:
        """The same, as an origin."""
        return Origin(ValueSource.SHOT, self.id, self.item.find_key_span("id"), self.id_span)

    @property
    def id_span(self) -> Span:
        """Where it is named."""
        return self.item.find_value_span("id") if "id" in self.item else self.item.find_span()


@dataclass(frozen=True, slots=True)
class ParsedCastMember:
    """One cast member as written; `data` is None where only the name is known."""

    name: str
    data: Map | None
    span: Span


@dataclass(slots=True)
class ParsedFilm:
    """Everything that was read for one film."""

    film: Map | None = None
    shots: list[ParsedShot] = field(default_factory=list)
    cast: dict[str, ParsedCastMember] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    shots_by_id: dict[str, ParsedShot] = field(default_factory=dict)
    """Every shot that has an id, the first of that id, sound or not."""
    sequences: dict[str, Span] = field(default_factory=dict)
    may_lack_ids: bool = False
    """Some shots couldn't be read, so that an unknown id may be one of them."""
    may_lack_cast: bool = False
