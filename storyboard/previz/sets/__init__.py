"""The sets: each fills a stage with its planes, the same for every shot of one place."""

from __future__ import annotations

from storyboard.previz.art import prop_of
from storyboard.previz.sets.people import extras
from storyboard.previz.sets.tables import table
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
    _support(stage)


def _support(stage: Stage) -> None:
    """A ledge under a small thing that is shown close where there is no table."""
    spec = stage.spec
    names = [thing.name for thing in spec.things]
    if spec.set == "room" or spec.people or not names or "hand" in names:
        return
    if prop_of(names[0]).stand in ("table", "hand") and spec.size not in ("EWS", "WS"):
        table(stage, "#8f8578" if spec.set in ("sea", "city") else "#8b6a4a")


__all__ = ["build", "extras"]
