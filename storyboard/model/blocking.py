"""Blocking: where the people of a shot stand, and what they do there.

Left and right are as the camera of the shot sees them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from storyboard.util.serialization import Serialized

SIDES: Mapping[str, int] = {"left": -1, "center": 0, "right": 1}
"""From left to right in the picture."""
DEPTHS: Mapping[str, int] = {"foreground": -1, "background": 1}
"""From near to far."""
LOOKS = ("camera", "away", "left", "right")
"""What a person can face besides a member of the cast."""
_MIRRORED = {"left": "right", "right": "left", "foreground": "background"} | {
    "background": "foreground"
}
_MIRRORED_LOOKS = {"left": "right", "right": "left", "camera": "away", "away": "camera"}


@dataclass(frozen=True, slots=True)
class Placement(Serialized):
    """One person's place, and what the person does there. "" says nothing."""

    name: str
    where: str = ""
    """On the floor: a side, a depth, or both: `left`, `right background`."""
    by: str = ""
    """The thing that the person is beside."""
    pose: str = ""
    faces: str = ""
    """A member of the cast, or one of `LOOKS`."""
    holds: str = ""
    wears: str = ""
    """The name of an outfit of the person's wardrobe."""
    enter: str = ""
    """The edge of the picture over which the person comes in."""
    exit: str = ""
    """The edge over which the person leaves."""
    is_away: bool = False
    """Whether the person left the picture before."""

    @property
    def side(self) -> int | None:
        """-1 is left and 1 is right; None where nothing is said of it."""
        return next((SIDES[word] for word in self.where.split() if word in SIDES), None)

    @property
    def depth(self) -> int:
        """-1 is the foreground and 1 the background."""
        return next((DEPTHS[word] for word in self.where.split() if word in DEPTHS), 0)

    def apply_change(self, later: Placement) -> Placement:
        """The placement after `later`, which says only what is new.

        A new place is no longer beside the thing of the old one, and whoever gets a place or comes
        in is there.
        """
        said = {
            name: value
            for name, value in later.to_fields().items()
            if value and name not in ("name", "is_away")
        }
        if "where" in said and "by" not in said:
            said["by"] = ""
        back = "where" in said or "enter" in said
        return replace(self, **{"enter": "", "exit": "", **said}, is_away=self.is_away and not back)

    def finish_moves(self) -> Placement:
        """The placement when its `enter` or `exit` is over."""
        return replace(self, enter="", exit="", is_away=self.is_away or bool(self.exit))

    def mirror_sides(self) -> Placement:
        """The placement as a camera sees it from the other side of the line."""
        return replace(
            self,
            where=" ".join(_MIRRORED.get(word, word) for word in self.where.split()),
            faces=_MIRRORED_LOOKS.get(self.faces, self.faces),
            enter=_MIRRORED.get(self.enter, self.enter),
            exit=_MIRRORED.get(self.exit, self.exit),
        )

    def to_fields(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "where": self.where,
            "by": self.by,
            "pose": self.pose,
            "faces": self.faces,
            "holds": self.holds,
            "wears": self.wears,
            "enter": self.enter,
            "exit": self.exit,
            "is_away": self.is_away,
        }


def change_placements(
    before: Iterable[Placement], changes: Iterable[Placement]
) -> tuple[Placement, ...]:
    """Everyone's placement after `changes`; what changed people did before is over."""
    placements = {placement.name: placement for placement in before}
    for change in changes:
        earlier = placements.get(change.name, Placement(change.name))
        placements[change.name] = earlier.apply_change(change)
    return tuple(placements.values())


def find_placement(placements: Iterable[Placement], name: str) -> Placement | None:
    return next((placement for placement in placements if placement.name == name), None)
