"""The sets: each fills a stage with its planes, the same for every shot of one place."""

from __future__ import annotations

from storyboard.previz.sets.people import extras
from storyboard.previz.stage import Stage


def build(stage: Stage) -> None:
    """Puts up the set that the spec names."""
    from storyboard.previz.sets import city, country, forest, room, sea, void

    {
        "sea": sea.build,
        "forest": forest.build,
        "city": city.build,
        "room": room.build,
        "open": country.build,
    }.get(stage.spec.set, void.build)(stage)


__all__ = ["build", "extras"]
