"""The beats of music, as exact times from the start of a block of shots."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

DEFAULT_METER = 4
_MUSICAL_TIME = re.compile(r"([+-]?)(\d{1,5}(?:\.\d{1,3})?)(b|bar)")


@dataclass(frozen=True, slots=True)
class MusicalTime:
    """A length in beats or bars, such as `6b` or `2bar`."""

    count: Fraction
    """May be negative where the key allows it."""
    is_in_bars: bool

    def to_beats(self, meter: int) -> Fraction:
        """The same length in beats; `meter` is the number of beats in a bar."""
        return self.count * (meter if self.is_in_bars else 1)


def parse_musical_time(text: str) -> MusicalTime | None:
    """Reads `6b`, `0.5b`, `+2bar`; None for anything else."""
    match = _MUSICAL_TIME.fullmatch(text.strip())
    if match is None:
        return None
    count = Fraction(match[2])
    return MusicalTime(-count if match[1] == "-" else count, match[3] == "bar")


@dataclass(frozen=True, slots=True)
class TempoChange:
    """From this beat on, the music has another speed."""

    beat: Fraction
    """Counted from 0, the first beat of the music."""
    bpm: Fraction


class BeatGrid:
    """The times of all beats. Beat 0 is the first one, `first_s` after the start of the block.

    There are no beats before it. `changes` are in order, and the first one is at beat 0.
    """

    def __init__(self, first_s: Fraction, meter: int, changes: Sequence[TempoChange]) -> None:
        self.meter = meter
        self._changes = tuple(changes)
        times = [first_s]
        # Each change begins where the tempo before it has played all its beats.
        for earlier, later in zip(self._changes, self._changes[1:], strict=False):
            times.append(times[-1] + (later.beat - earlier.beat) * 60 / earlier.bpm)
        self._change_times = tuple(times)

    def to_seconds(self, beat: Fraction) -> Fraction:
        """When a beat sounds, in seconds from the start of the block; beats may be fractional.

        Before beat 0 the first tempo continues backwards.
        """
        number = max(0, bisect_right([change.beat for change in self._changes], beat) - 1)
        change = self._changes[number]
        return self._change_times[number] + (beat - change.beat) * 60 / change.bpm

    def find_nearest_beat(self, seconds: Fraction) -> Fraction:
        """The whole beat that is nearest to a time; beat 0 for every time before it."""
        number = max(0, bisect_right(self._change_times, seconds) - 1)
        change = self._changes[number]
        exact = change.beat + (seconds - self._change_times[number]) * change.bpm / 60
        candidates = {max(Fraction(0), Fraction(exact // 1 + step)) for step in (0, 1)}
        return min(candidates, key=lambda beat: (abs(self.to_seconds(beat) - seconds), beat))
