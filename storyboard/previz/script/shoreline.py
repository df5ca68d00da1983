"""The shore: what people stand on, and how far below the water is."""

from __future__ import annotations

from storyboard.previz.painting.seeds import seed_random
from storyboard.previz.props import find_prop
from storyboard.previz.script.shot_spec import ShotSpec

_QUAY = frozenset(
    """quay quayside pier jetty dock wharf port harbour harbor marina malecon seawall waterfront
    promenade breakwater""".split()
)
_BEACH = frozenset(
    "beach shore shoreline coast coastline seaside tide island cove bay lake".split()
)
_CLIFF = frozenset("cliff lighthouse".split())

LEVELS = {"quay": 1.5, "cliff": 3.5, "beach": 0.0, "water": 0.0}
"""How far the water is below the ground, metres."""
DEPTHS = {"quay": 6.0, "cliff": 5.0, "beach": 5.0, "water": 0.0}
"""Where the land ends, metres."""


def find_shore_type(spec: ShotSpec) -> str:
    """quay, beach, cliff or water: as set in the spec, or from its words."""
    if spec.shore:
        return spec.shore
    words = set(spec.dressing)
    # A floating thing alone is seen from the water.
    afloat = bool(spec.things) and find_prop(spec.things[0].name).stand == "water"
    if not spec.people and afloat:
        return "water"
    if words & _QUAY:
        return "quay"
    if words & _BEACH:
        return "beach"
    if words & _CLIFF:
        return "cliff"
    rests = bool(spec.things) and find_prop(spec.things[0].name).stand in (
        "ground",
        "table",
        "hand",
    )
    if spec.people or rests:
        return "quay" if seed_random("shore", spec.key).random() < 0.6 else "beach"
    return "water"
