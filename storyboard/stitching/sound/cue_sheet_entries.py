"""What a cue sheet is made of: sounds in their places, and how each comes and goes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from storyboard.model.film import Line

DECLICK = 144
"""Samples (3 ms) in which a hard cut comes and goes."""


@dataclass(frozen=True, slots=True)
class GainRamp:
    """A gain that rises or falls over film samples [start, end) and stays where it came to."""

    start: int
    end: int
    rising: bool
    linear: bool = False
    """For two halves of one sound; otherwise equal power."""


@dataclass(frozen=True, slots=True)
class SoundCue:
    """One sound in its place, film samples [start, end)."""

    start: int
    end: int
    path: Path | None = None
    source: int = 0
    """The sample of its file, or of its own clock, that plays at `start`."""
    loops: bool = False
    audio_track: str = ""
    """Of several in its file, the one that plays; empty is the one that a player plays."""
    make: str = ""
    """Words for a bed instead of a file."""
    line: Line | None = None
    """A voice instead of a file."""
    gain_db: float = 0.0
    ramps: tuple[GainRamp, ...] = ()
    duck_db: float = 0.0
    seed: int = 0
    seamless: bool = False
    """It goes on where another piece stops, and must not click there."""
    continues: bool = False
    """Another piece goes on where it stops."""
    early_end_note: str = ""
    """The note when its file ends too soon, with {} for the seconds."""
