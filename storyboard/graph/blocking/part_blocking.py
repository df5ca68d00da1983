"""What a part of a take shows of the blocking: who is there, where they start, what changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from storyboard.model.blocking import LOOKS, Placement, change_placements, find_placement
from storyboard.model.film import Beat, CastKind, CastMember, Shot

OUT_OF_PICTURE = "off"
"""What a person faces who looks at somebody whom the picture doesn't show, nobody knows where."""


@dataclass(frozen=True, slots=True)
class PartBlocking:
    """The blocking of one part of a take."""

    start: tuple[Placement, ...]
    """Everybody's when the part starts, also of those who are not in the picture then."""
    absent: frozenset[str]
    """Who left before the part, or comes after it."""

    @property
    def present(self) -> tuple[Placement, ...]:
        """Of those who are in the picture when the part starts, or come in then."""
        return tuple(placement for placement in self.start if not placement.is_away)


def find_part_blocking(
    shot: Shot, start: int, beats_before: Sequence[Beat], beats_inside: Sequence[Beat]
) -> PartBlocking:
    """The blocking of the part of the shot's take that starts at frame `start`.

    `beats_inside` begin in the part; one that begins with it is a change too, not how it starts.
    """
    placements: Iterable[Placement] = _list_placements_before_beats(shot)
    now = 0
    for beat in beats_before:
        if beat.at > now:
            placements = [placement.finish_moves() for placement in placements]
        placements = change_placements(placements, beat.blocking)
        now = beat.at
    if start > 0:
        placements = [placement.finish_moves() for placement in placements]
    placements = tuple(placements)
    coming = {
        change.name
        for beat in beats_inside
        for change in beat.blocking
        if change.enter or change.where
    }
    away = {placement.name for placement in placements if placement.is_away}
    return PartBlocking(placements, frozenset(away - coming))


def show_looks(
    placements: Iterable[Placement],
    everybody: Sequence[Placement],
    seen: Collection[str],
    cast: Mapping[str, CastMember],
) -> Iterator[Placement]:
    """The placements of those who are seen; looks at people outside the picture get a side."""
    for placement in placements:
        if placement.name in seen:
            faces = placement.faces
            member = cast.get(faces)
            is_person = member is not None and member.kind is CastKind.CHARACTER
            if faces and faces not in seen and faces not in LOOKS and is_person:
                placement = replace(placement, faces=_find_side_of_look(placement, everybody))
            yield placement


def _find_side_of_look(placement: Placement, everybody: Sequence[Placement]) -> str:
    here = find_placement(everybody, placement.name)
    there = find_placement(everybody, placement.faces)
    if there is not None and there.is_away:
        return ""  # gone, and no longer faced
    own_side, other_side = (each.side if each else None for each in (here, there))
    if own_side is None or other_side is None or own_side == other_side:
        return OUT_OF_PICTURE
    return "right" if other_side > own_side else "left"


def _list_placements_before_beats(shot: Shot) -> list[Placement]:
    """Everyone's placement at the start; whoever first comes in at a beat is not there yet."""
    placements = {placement.name: placement for placement in shot.blocking}
    for name in _list_latecomers(shot):
        earlier = placements.get(name, Placement(name))
        if not earlier.enter:
            placements[name] = replace(earlier, is_away=True)
    return list(placements.values())


def _list_latecomers(shot: Shot) -> Iterator[str]:
    """The people of whom a beat says that they come in before one says that they leave."""
    seen: set[str] = {placement.name for placement in shot.blocking if placement.exit}
    for beat in shot.beats:
        for change in beat.blocking:
            if (change.enter or change.exit) and change.name not in seen:
                seen.add(change.name)
                if change.enter:
                    yield change.name
