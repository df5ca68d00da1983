"""What a shot asks of its model, as far as it is decided."""

from __future__ import annotations

from dataclasses import dataclass

from storyboard.graph.steps import Link, find_catalog_operation
from storyboard.model.film import Shot
from storyboard.providers.base import Kind
from storyboard.providers.catalog import Model


@dataclass(frozen=True, slots=True)
class ShotRequest:
    """One take or one extension of a shot, before it becomes a step."""

    shot: Shot
    model: Model
    kind: Kind = Kind.GENERATE
    links: tuple[Link, ...] = ()
    resolution: str = ""
    """Empty until it is chosen."""
    seconds: int = 0
    """Of new picture; 0 until they are chosen."""

    @property
    def operation(self) -> str:
        """The catalogue's name: `text image interpolate references extend`."""
        return find_catalog_operation(self.kind, (link.role for link in self.links))

    @property
    def begins_from_words(self) -> bool:
        """Whether no frame and no video carries the picture in."""
        return self.operation in ("text", "references")
