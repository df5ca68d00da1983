"""Cuts between two pictures that are too alike: the people seem to jump."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.graph.continuity.pictured_shot import PicturedShot
from storyboard.graph.prompt import ANGLES, SIZES


def note_jump_cuts(
    pictured_shots: Iterable[PicturedShot], diagnostics: DiagnosticCollector
) -> None:
    """Notes each cut between neighbours with the same people, size and angle."""
    for before, after in pairwise(pictured_shots):
        if after.goes_on or not after.shot.transition.is_cut or before.scene != after.scene:
            continue
        if not after.cast or set(before.cast) != set(after.cast):
            continue
        size = _name_view(after.source.size, SIZES)
        if not size or size != _name_view(before.source.size, SIZES):
            continue
        angles = [
            (_name_view(each.source.angle, ANGLES), each.source.over) for each in (before, after)
        ]
        if angles[0] == angles[1]:
            diagnostics.add_note(
                "SB371",
                after.shot.find_span(),
                f"the cut from {before.shot.id} to {after.shot.id} is a jump cut: both show "
                f"{' and '.join(after.cast)} in the same size from the same angle",
                "change the `size` or the `angle` of one of them, or put a shot between them",
            )


def _name_view(words: str, long_forms: Mapping[str, str]) -> str:
    """A size or an angle in its long form: `MCU` and `medium close-up shot` are one."""
    short = _normalize(words)
    return _normalize(long_forms.get(short, short))


def _normalize(words: str) -> str:
    text = " ".join(re.sub(r"[\s_-]+", " ", words.casefold()).split())
    return re.sub(r" (?:shot|angle|view)$", "", text)
