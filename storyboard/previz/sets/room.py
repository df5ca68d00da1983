"""Indoors: a wall with a window, the furniture of the room type, a lamp and its light."""

from __future__ import annotations

from storyboard.previz.painting.colors import mix_colors
from storyboard.previz.sets.foreground import add_dark_edge, add_pendant_lamp, add_seat_or_table
from storyboard.previz.sets.furniture import (
    furnish_bar,
    furnish_bedroom,
    furnish_hall,
    furnish_kitchen,
    furnish_library,
    furnish_office,
    furnish_train_compartment,
)
from storyboard.previz.sets.room_types import find_room_type
from storyboard.previz.sets.stage import Stage
from storyboard.previz.sets.walls import add_back_wall, add_outside_view, add_room_floor

_WALLS = {
    "kitchen": ("#c9b98f", "#a9b7a4", "#c7a48a", "#b3bfc2", "#d0bd86"),
    "office": ("#b7b1a3", "#9fabb0", "#bfae97", "#a7a99a"),
    "bedroom": ("#b99a9a", "#a3a7bb", "#c2ab8f", "#9fb0a6"),
    "library": ("#8a6f55", "#7d6a5f", "#6f7562"),
    "bar": ("#7d4a3f", "#5d5a52", "#4f6460", "#7a5a3f"),
    "train": ("#8f6a45", "#6f7a5f", "#7d4f47"),
    "hall": ("#b3a68f", "#9aa39f", "#a8958a"),
}
_WOODS = ("#8b5e3c", "#6f4a34", "#a0764a", "#7a5540", "#94704a")


def build_room(stage: Stage) -> None:
    stage.indoors = True
    kind = find_room_type(stage)
    rng = stage.seed_random("room")
    wall = stage.spec.hues[0] if stage.spec.hues else rng.choice(_WALLS[kind])
    wall = mix_colors(wall, "#8f8678", 0.12)
    wood = rng.choice(_WOODS)
    add_outside_view(stage)
    add_room_floor(stage, wood, kind)
    add_back_wall(stage, kind, wall, wood)
    {
        "kitchen": furnish_kitchen,
        "office": furnish_office,
        "bedroom": furnish_bedroom,
        "library": furnish_library,
        "bar": furnish_bar,
        "train": furnish_train_compartment,
        "hall": furnish_hall,
    }[kind](stage, wall, wood)
    if kind not in ("train",):
        add_pendant_lamp(stage, rng)
    add_seat_or_table(stage, wood, kind)
    add_dark_edge(stage, wall)
