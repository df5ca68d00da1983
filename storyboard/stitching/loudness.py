"""Loudness by EBU R128: set by one gain, and a limiter where peaks ask.

The programme keeps its dynamics: nothing but the gain moves, unless the true peaks would pass the
ceiling; then the limiter holds them and the gain is found anew until the target is met. All of it
is reckoned on meters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from storyboard.film import Loudness
from storyboard.stitching.limiter import HOP, Curve, gain_curve, limited_seconds
from storyboard.stitching.meter import FLOOR_DB, FLOOR_LUFS, STEP, Meter, loudness, loudness_range

CODEC_MARGIN_DB = 1.0
"""How far below the ceiling the peaks stay before AAC, which overshoots."""
MOST_GAIN_DB = 24.0
"""A film that is quieter than this below its target stays quiet, since it would be hiss."""
_CLOSE_LU = 0.2
_ROUNDS = 8
_GRAIN_DB = 0.25
"""The gain moves in steps, so that a small change leaves the rest of a long film as it was."""


@dataclass(frozen=True, slots=True)
class Levelling:
    """How a film's sound comes to its loudness."""

    gain_db: float
    """Of the whole."""
    curve: Curve | None
    """The limiter's gain at the start of every HOP, one more than there are; None: it rests."""
    lufs: float
    """Integrated, afterwards; FLOOR_LUFS is silence."""
    true_peak_db: float
    """Afterwards, dBTP; FLOOR_DB is silence."""
    lra: float
    limited_s: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def drive(self) -> float:
        """The gain of the whole, linear."""
        return _linear(self.gain_db)


def levelled(
    meter: Meter,
    target: Loudness,
    *,
    margin_db: float = CODEC_MARGIN_DB,
    spared_db: Curve | None = None,
    extra_db: float = 0.0,
) -> Levelling:
    """How the sound of `meter` meets the target, its true peaks `margin_db` below the ceiling.

    `spared_db` says for every hop how much lower still it must stay, `extra_db` how much louder
    than the target the whole must be, since the coder takes as much away. A silent film stays
    silent, which is noted.
    """
    lufs, peak_db = loudness(meter.powers), decibels(meter.peaks.max(initial=0))
    ceiling_db = target.true_peak_db - margin_db
    lower = np.zeros(len(meter.peaks), np.float32) if spared_db is None else spared_db
    weighed = meter.peaks * _linear_curve(lower)  # as loud as a hop counts against the ceiling
    weighed_db = decibels(weighed.max(initial=0))
    if lufs <= FLOOR_LUFS:
        gain_db = min(0.0, _grain(ceiling_db - weighed_db, down=True))
        quiet = "is silent" if peak_db <= FLOOR_DB else "is too quiet or short to level"
        note = f"the sound {quiet}: its loudness stays"
        return Levelling(gain_db, None, lufs, _moved(peak_db, gain_db), 0.0, notes=(note,))
    aim = replace(target, lufs=target.lufs + extra_db)
    gain_db = min(MOST_GAIN_DB, _grain(aim.lufs - lufs))
    if weighed_db + gain_db <= ceiling_db:
        lra = loudness_range(meter.powers)
        return Levelling(gain_db, None, lufs + gain_db, peak_db + gain_db, lra)
    return _limited(meter, weighed, aim, gain_db, ceiling_db)


def _limited(
    meter: Meter, weighed: Curve, target: Loudness, gain_db: float, ceiling_db: float
) -> Levelling:
    """Turns the gain under the limiter until the loudness is met too."""
    hops = STEP // HOP
    best: Levelling | None = None
    for _ in range(_ROUNDS):
        curve = gain_curve(weighed, _linear(gain_db), _linear(ceiling_db))
        inside = np.resize(np.square(curve[:-1]), len(meter.powers) * hops)
        inside[len(curve) - 1 :] = curve[-2] ** 2 if len(curve) > 1 else 1
        powers = meter.powers * inside.reshape(-1, hops).mean(axis=1) * _linear(gain_db) ** 2
        lufs = loudness(powers)
        peaks = meter.peaks * np.maximum(curve[:-1], curve[1:])
        peak_db = decibels(peaks.max(initial=0) * _linear(gain_db))
        spent = limited_seconds(curve)
        found = Levelling(gain_db, curve, lufs, peak_db, loudness_range(powers), spent)
        if best is None or abs(target.lufs - lufs) < abs(target.lufs - best.lufs):
            best = found
        missing = target.lufs - lufs
        further = _grain(missing * (1.0 if missing < 0 else 1.3))
        if abs(missing) <= _CLOSE_LU or not further or gain_db + further > MOST_GAIN_DB:
            break
        gain_db += further
    assert best is not None
    return best


def out_of_reach(lufs: float, target: Loudness) -> tuple[str, ...]:
    """The note on a film that stays too quiet; none where it doesn't."""
    missing = target.lufs - lufs
    if missing <= 0.5:
        return ()
    return (
        f"the film stays {missing:.1f} LU below {target.lufs:g} LUFS: "
        "more gain would raise its noise or crush its peaks",
    )


def _grain(db: float, *, down: bool = False) -> float:
    """The nearest step of gain, or the next one down."""
    steps = np.floor(db / _GRAIN_DB) if down else np.rint(db / _GRAIN_DB)
    return float(steps * _GRAIN_DB)


def _moved(db: float, by: float) -> float:
    return db if db <= FLOOR_DB else db + by


def decibels(linear: float) -> float:
    """DB of an amplitude; FLOOR_DB where there is none."""
    return max(FLOOR_DB, float(20 * np.log10(max(linear, 1e-9))))


def _linear(db: float) -> float:
    return float(10 ** (db / 20))


def _linear_curve(db: Curve) -> Curve:
    return np.power(np.float32(10), db / 20).astype(np.float32)
