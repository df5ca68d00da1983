"""The line between two people that the camera stays on one side of (the rule of 180 degrees).

On one side of the line the first of the two is left of the second in the picture, on the other
side right. Whoever cuts from one side to the other makes both look the wrong way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.graph.continuity.pictured_shot import PicturedShot
from storyboard.model.blocking import Placement, find_placement

_WIDE = re.compile(r"\b(?:[ev]?[wl]s|wide|long|establishing|master)\b")
_NARROWER = re.compile(r"\bmedium\b")
_INSERT = re.compile(r"\b(?:insert|detail|macro)\b")
_ON_THE_LINE = re.compile(
    r"\b(?:front|frontal|straight|head on|pov|point of view|overhead|top|aerial|drone|bev"
    r"|birds? eye|bird s eye|god s eye|from above|behind|from behind|back|rear)\b"
)
_ARC = re.compile(r"\b(?:arc|arcs|orbit|orbits|circle|circles|revolve|revolves|around)\b")


@dataclass(frozen=True, slots=True)
class SideOfLine:
    """On which side of a line the camera of a shot is."""

    shot: str
    side: int
    """1 where the first of the two is left of the second, -1 where right of it."""


def warn_crossed_lines(
    pictured_shots: Iterable[PicturedShot], diagnostics: DiagnosticCollector
) -> None:
    """Warns of cuts over a line within a scene, in the order of the cut."""
    for _, scene in groupby(pictured_shots, key=lambda pictured: pictured.scene):
        _warn_in_scene(tuple(scene), diagnostics)


def _warn_in_scene(scene: Sequence[PicturedShot], diagnostics: DiagnosticCollector) -> None:
    lines_of_scene = list(dict.fromkeys(line for each in scene for line in find_lines(each)))
    last_sides: dict[frozenset[str], SideOfLine] = {}
    for pictured in scene:
        for line in find_lines(pictured) or lines_of_scene:
            key = frozenset(line)
            if not key & set(pictured.cast) or is_insert(pictured):
                continue
            first, second = sorted(line)
            side = find_camera_side(pictured.placements, first, second)
            if is_on_line(pictured) or side == 0:
                last_sides.pop(key, None)
            elif side is not None:
                last = last_sides.get(key)
                is_meant = pictured.is_across or is_establishing(pictured, line)
                is_crossed = last is not None and last.side != side
                if last and is_crossed and not is_meant and not pictured.goes_on:
                    _warn_crossed_line(pictured, last, line, diagnostics)
                    # The way back from one wrong shot is no second mistake.
                    last_sides.pop(key)
                else:
                    last_sides[key] = SideOfLine(pictured.shot.id, side)
            if is_side_open_after(pictured, line):
                last_sides.pop(key, None)


def find_lines(pictured: PicturedShot) -> tuple[tuple[str, str], ...]:
    """The lines of a shot: the one that it states, else between any two who face each other."""
    said = pictured.shot.line or pictured.source.line
    if said:
        return ((said[0], said[1]),)
    faces = {each.name: each.faces for each in pictured.placements if not each.is_away}
    return tuple(
        (one, other)
        for one, other in combinations(faces, 2)
        if faces[one] == other and faces[other] == one
    )


def find_camera_side(placements: Sequence[Placement], first: str, second: str) -> int | None:
    """1 where `first` is left of `second`, -1 where right, 0 on the line; None: not said.

    Where a place is missing, a look to the left or to the right says it: the two look at each
    other.
    """
    one, other = find_placement(placements, first), find_placement(placements, second)
    sides = [placement.side if placement else None for placement in (one, other)]
    if sides[0] is not None and sides[1] is not None:
        return (sides[1] > sides[0]) - (sides[1] < sides[0])
    for placement, towards in ((one, "right"), (other, "left")):
        if placement and placement.faces in ("left", "right"):
            return 1 if placement.faces == towards else -1
    return None


def is_insert(pictured: PicturedShot) -> bool:
    return bool(_INSERT.search(_to_words(pictured.source.size)))


def is_on_line(pictured: PicturedShot) -> bool:
    """Whether the camera is on the line itself: in front, behind, above, or in a person's eyes."""
    words = f"{_to_words(pictured.source.angle)}, {_to_words(pictured.source.size)}"
    return bool(_ON_THE_LINE.search(words)) and "three quarter" not in words


def is_establishing(pictured: PicturedShot, line: Sequence[str]) -> bool:
    """Whether the shot shows anew where the two of the line are."""
    size = _to_words(pictured.source.size)
    is_wide = bool(_WIDE.search(size)) and not _NARROWER.search(size)
    return is_wide and set(line) <= set(pictured.cast)


def is_side_open_after(pictured: PicturedShot, line: Sequence[str]) -> bool:
    """Whether any side may follow: the camera or a person of the line crossed it."""
    shot = pictured.source
    if pictured.is_across or any(_ARC.search(_to_words(move.words)) for move in shot.camera):
        return True
    placements = list(pictured.placements)
    for beat in shot.beats:
        for change in beat.blocking:
            before = find_placement(placements, change.name)
            moves = change.side is not None and (before is None or before.side != change.side)
            if change.name in line and (moves or change.enter or change.exit):
                return True
    return any(
        (placement.enter or placement.exit) and placement.name in line for placement in placements
    )


def _to_words(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


def _warn_crossed_line(
    pictured: PicturedShot, last: SideOfLine, line: Sequence[str], diagnostics: DiagnosticCollector
) -> None:
    one, other = line
    shot = pictured.shot
    diagnostics.add_warning(
        "SB370",
        shot.find_span("blocking" if shot.is_stated_by_shot("blocking") else ""),
        f"the camera crosses the line between {one} and {other} from {last.shot} to {shot.id}: "
        "left and right are exchanged",
        f"exchange left and right in the `blocking` of {shot.id}, or write `cross: true` if it "
        "is meant",
    )
