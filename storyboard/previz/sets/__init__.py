"""The sets: each adds its layers to a stage, the same for every shot of a place."""

from __future__ import annotations

from storyboard.previz.props import find_prop
from storyboard.previz.sets.foreground import add_table
from storyboard.previz.sets.passers_by import add_passers_by
from storyboard.previz.sets.stage import Stage


def build_set(stage: Stage) -> None:
    """Builds the set that the spec names."""
    from storyboard.previz.sets import city, country, forest, room, sea, studio_backdrop

    {
        "sea": sea.build_sea,
        "forest": forest.build_forest,
        "city": city.build_city,
        "room": room.build_room,
        "open": country.build_country,
    }.get(stage.spec.set, studio_backdrop.build_studio_backdrop)(stage)
    _add_ledge_under_small_thing(stage)


def _add_ledge_under_small_thing(stage: Stage) -> None:
    """Adds a ledge under a small thing in a close shot without a table."""
    spec = stage.spec
    names = [thing.name for thing in spec.things]
    if spec.set == "room" or spec.people or not names or "hand" in names:
        return
    if find_prop(names[0]).stand in ("table", "hand") and spec.size not in ("EWS", "WS"):
        add_table(stage, "#8f8578" if spec.set in ("sea", "city") else "#8b6a4a")


__all__ = ["add_passers_by", "build_set"]
