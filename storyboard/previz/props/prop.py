"""The type of a prop."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

DrawProp = Callable[[random.Random, str], tuple[str, str]]
"""(its own generator, words on it or a colour) -> (body, glowing part), foot at (0, 0), metres."""


@dataclass(frozen=True, slots=True)
class Prop:
    width: float
    """Metres."""
    height: float
    stand: str
    """ground, water, air, table or hand."""
    draw: DrawProp
    speed: float = 0.0
    """Metres per second when it moves."""
    bobs: float = 0.0
    """Metres up and down, on water."""
