"""The shots of the cut as the audience sees them: a take that is used again shows its own shot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from storyboard.graph.shot_material import UsedRange
from storyboard.model.blocking import Placement
from storyboard.model.film import Film, Shot


@dataclass(frozen=True, slots=True)
class PicturedShot:
    """One shot of the cut."""

    shot: Shot
    """As it is in the cut."""
    source: Shot
    """The shot whose take it shows."""
    goes_on: bool
    """Whether it goes on with the picture of the shot before it, so that there is no cut."""

    @property
    def cast(self) -> tuple[str, ...]:
        return self.source.cast

    @property
    def placements(self) -> tuple[Placement, ...]:
        return self.source.blocking

    @property
    def is_across(self) -> bool:
        """Whether it is on the other side of the line on purpose."""
        return self.shot.cross or self.source.cross

    @property
    def scene(self) -> tuple[str, ...]:
        """What the shots of one scene have in common."""
        shot = self.shot
        if shot.scene:
            return shot.scene, shot.scene_number
        return (*shot.sequences[-1:], shot.place)


def list_pictured_shots(film: Film, used_ranges: Mapping[str, UsedRange]) -> Iterator[PicturedShot]:
    """The shots of the cut in order, without colours and cards."""
    shots = {shot.id: shot for shot in film.shots}
    before: PicturedShot | None = None
    for shot in film.cut:
        if shot.color or shot.card:
            continue
        source = shot
        while source.clip and source.clip.shot in shots:
            source = shots[source.clip.shot]
        pictured = PicturedShot(shot, source, _goes_on(shot, source, before, used_ranges))
        yield pictured
        before = pictured


def _goes_on(
    shot: Shot,
    source: Shot,
    before: PicturedShot | None,
    used_ranges: Mapping[str, UsedRange],
) -> bool:
    if before is None:
        return False
    if before.shot.id in (shot.extends, shot.continues):
        return True
    one, other = used_ranges.get(before.shot.id), used_ranges.get(shot.id)
    if one is None or other is None or source.id != before.source.id:
        return False
    return one.range.end == other.range.start
