"""Where everybody is when a shot starts: its sequences, the shot it is like or extends, itself.

The shot before it in the cut is never asked, so another order of shots changes no prompt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from storyboard.language.builder.parsed import ParsedShot
from storyboard.language.builder.staging.blocking_parser import read_placements
from storyboard.model.blocking import Placement, change_placements
from storyboard.model.film import Shot


class BlockingResolver:
    """Resolves the blocking of all shots of one film."""

    def __init__(self, shots: Mapping[str, Shot], parsed_shots: Mapping[str, ParsedShot]) -> None:
        self._shots = shots
        self._parsed_shots = parsed_shots
        self._starts: dict[str, tuple[Placement, ...]] = {}
        self._is_across: dict[str, bool] = {}

    def resolve_shots(self) -> dict[str, Shot]:
        """The shots, each with everybody's place at its start."""
        return {name: self._resolve_shot(name) for name in self._shots}

    def _resolve_shot(self, shot_id: str) -> Shot:
        # Not recursive: a chain of extensions can be longer than Python's stack.
        pending = [shot_id]
        while pending:
            needed = [
                name
                for name in self._list_sources(pending[-1])
                # `like` and `extend` together can make a circle that neither makes alone
                if name not in self._starts and name not in pending
            ]
            if needed:
                pending += needed
            else:
                name = pending.pop()
                self._starts[name] = self._find_start(name)
        shot = self._shots[shot_id]
        start = self._starts[shot_id]
        return shot if start == shot.blocking else replace(shot, blocking=start)

    def _list_sources(self, shot_id: str) -> list[str]:
        names = (self._parsed_shots[shot_id].item.get("like"), self._shots[shot_id].extends)
        return [name for name in names if name and name in self._shots]

    def _find_start(self, shot_id: str) -> tuple[Placement, ...]:
        shot, parsed_shot = self._shots[shot_id], self._parsed_shots[shot_id]
        like, source = parsed_shot.item.get("like"), shot.extends
        # An extension goes on with the camera of its source.
        is_across = shot.cross or self._is_across.get(source, False)
        self._is_across[shot_id] = is_across
        start: tuple[Placement, ...] = ()
        for sequence in parsed_shot.scope.sequences:
            start = change_placements(start, read_placements(sequence.get("blocking", {})))
        start = _mirror_if(is_across, start)
        if like in self._starts:
            swaps_sides = is_across != self._is_across[like]
            start = change_placements(start, _mirror_if(swaps_sides, self._starts[like]))
        if source in self._starts:
            swaps_sides = is_across != self._is_across[source]
            end = _mirror_if(swaps_sides, _find_end(self._shots[source], self._starts[source]))
            names = {placement.name for placement in end}
            start = (*(each for each in start if each.name not in names), *end)
        return change_placements(start, read_placements(parsed_shot.item.get("blocking", {})))


def _find_end(shot: Shot, start: tuple[Placement, ...]) -> tuple[Placement, ...]:
    """Everybody's place when the take of a shot is over."""
    for beat in shot.beats:
        start = change_placements((placement.finish_moves() for placement in start), beat.blocking)
    return tuple(placement.finish_moves() for placement in start)


def _mirror_if(is_other_side: bool, placements: tuple[Placement, ...]) -> tuple[Placement, ...]:
    return tuple(each.mirror_sides() for each in placements) if is_other_side else placements
