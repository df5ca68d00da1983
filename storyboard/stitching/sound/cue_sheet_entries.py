"""The entries of a cue sheet: sounds with their times and fades."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from storyboard.model.film import Line

DECLICK = 144
"""Samples (3 ms) over which a hard cut fades in and out."""


@dataclass(frozen=True, slots=True)
class GainRamp:
    """A gain that rises or falls over film samples [start, end), constant outside them."""

    start: int
    end: int
    rising: bool
    linear: bool = False
    """For the two halves of one sound; otherwise equal power."""


@dataclass(frozen=True, slots=True)
class SoundCue:
    """One sound at film samples [start, end)."""

    start: int
    end: int
    path: Path | None = None
    source: int = 0
    """The sample of its file, or of its own clock, that plays at `start`."""
    loops: bool = False
    audio_track: str = ""
    """The sound track of its file; empty is the one that a player plays."""
    make: str = ""
    """A description for generated sound, instead of a file."""
    line: Line | None = None
    """A line for a generated voice, instead of a file."""
    gain_db: float = 0.0
    ramps: tuple[GainRamp, ...] = ()
    duck_db: float = 0.0
    seed: int = 0
    seamless: bool = False
    """Whether it continues another cue, without a click at the seam."""
    continues: bool = False
    """Whether another cue continues this one."""
    early_end_note: str = ""
    """The note when its file ends too soon, with {} for the seconds."""
