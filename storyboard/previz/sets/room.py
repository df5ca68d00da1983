"""Indoors: a wall with a window, the furniture of the kind of room, a lamp and its light."""

from __future__ import annotations

from storyboard.previz.ink import (
    mix,
)
from storyboard.previz.sets.furniture import bar, bedroom, hall, kitchen, library, office, train
from storyboard.previz.sets.kinds import kind_of
from storyboard.previz.sets.tables import edge, pendant, set_table
from storyboard.previz.sets.walls import floor, outside, wall_of
from storyboard.previz.stage import Stage

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


def build(stage: Stage) -> None:
    stage.indoors = True
    kind = kind_of(stage)
    rng = stage.rng("room")
    wall = stage.spec.hues[0] if stage.spec.hues else rng.choice(_WALLS[kind])
    wall = mix(wall, "#8f8678", 0.12)
    wood = rng.choice(_WOODS)
    outside(stage)
    floor(stage, wood, kind)
    wall_of(stage, kind, wall, wood)
    {
        "kitchen": kitchen, "office": office, "bedroom": bedroom, "library": library,
        "bar": bar, "train": train, "hall": hall,
    }[kind](stage, wall, wood)  # fmt: skip
    if kind not in ("train",):
        pendant(stage, rng)
    set_table(stage, wood, kind)
    edge(stage, wall)
