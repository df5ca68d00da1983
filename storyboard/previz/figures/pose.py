"""The pose of a body at one time. Units are body heights."""

from __future__ import annotations

import math
from dataclasses import dataclass

from storyboard.previz.painting.svg import Point
from storyboard.previz.script.character_look import Look

STRIDE = 0.78
"""Body heights that one full cycle of two steps covers."""


@dataclass(frozen=True, slots=True)
class BodyPose:
    """The pose of a body; hashable, so each sprite is painted once."""

    view: str = "front"
    """front, back or side; `side` looks right."""
    phase: int | None = None
    """Twelfths of a walking cycle; None if the body stands."""
    sits: bool = False
    hands: str = ""
    holds: str = ""
    runs: bool = False


def locate_chin(look: Look, pose: BodyPose) -> Point:
    """The position of the chin."""
    down = compute_sitting_drop(pose)
    lean = 0.0
    if pose.view == "side":
        lean = 0.022 + (0.05 if pose.runs else 0.012 if pose.phase is not None else 0.0)
    return (lean, -(1 - look.head) + 0.008 + down + compute_step_bob(pose))


def compute_sitting_drop(pose: BodyPose) -> float:
    """How much lower a sitting body is."""
    return 0.235 if pose.sits else 0.0


def compute_step_bob(pose: BodyPose) -> float:
    if pose.phase is None:
        return 0.0
    return 0.010 * abs(math.sin(math.tau * pose.phase / 12)) * (1.8 if pose.runs else 1.0)
