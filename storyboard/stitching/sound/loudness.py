"""Loudness by EBU R128: one gain for the film, and a limiter where peaks need it.

The film keeps its dynamics: only the gain changes, unless the true peaks would exceed the ceiling;
then the limiter holds them and the gain is searched again until the target is met. All of this is
computed from measurements.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from storyboard.model.film import Loudness
from storyboard.stitching.sound.limiter import (
    HOP,
    Curve,
    compute_limiter_curve,
    count_limited_seconds,
)
from storyboard.stitching.sound.meter import (
    FLOOR_DB,
    FLOOR_LUFS,
    STEP,
    Measurement,
    compute_loudness,
    compute_loudness_range,
)

CODEC_MARGIN_DB = 1.0
"""How far below the ceiling peaks stay before AAC, which overshoots."""
MOST_GAIN_DB = 24.0
"""The most gain: a film that would need more stays quiet, since the gain would mostly raise
hiss.
"""
_CLOSE_LU = 0.2
_ROUNDS = 8
_GRAIN_DB = 0.25
"""The gain moves in steps, so a small change leaves most of a long film's sound unchanged."""


@dataclass(frozen=True, slots=True)
class LoudnessGain:
    """How a film's sound reaches its loudness."""

    gain_db: float
    """The gain of the whole film."""
    curve: Curve | None
    """The limiter's gain at the start of every HOP, plus one at the end; None if it isn't
    needed.
    """
    lufs: float
    """Integrated, after the gain; FLOOR_LUFS is silence."""
    true_peak_db: float
    """After the gain, dBTP; FLOOR_DB is silence."""
    lra: float
    limited_s: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def drive(self) -> float:
        """The gain of the whole film, linear."""
        return _to_amplitude(self.gain_db)


def compute_loudness_gain(
    measurement: Measurement,
    target: Loudness,
    *,
    hop_reduction_db: Curve | None = None,
    extra_loudness_db: float = 0.0,
) -> LoudnessGain:
    """The gain that brings `measurement` to `target`, with true peaks a margin below the ceiling.

    `hop_reduction_db` says how much lower each hop must stay than the ceiling; `extra_loudness_db`
    raises the target, to make up for what the encoder takes away. A silent film stays silent, with
    a note.
    """
    lufs, peak_db = (
        compute_loudness(measurement.powers),
        to_decibels(measurement.peaks.max(initial=0)),
    )
    ceiling_db = target.true_peak_db - CODEC_MARGIN_DB
    lower = (
        np.zeros(len(measurement.peaks), np.float32)
        if hop_reduction_db is None
        else hop_reduction_db
    )
    weighed = measurement.peaks * _to_amplitude_curve(
        lower
    )  # peaks, raised by their hop's reduction
    weighed_db = to_decibels(weighed.max(initial=0))
    if lufs <= FLOOR_LUFS:
        # Without a loudness to aim at, only lower a sound that passes the ceiling.
        gain_db = min(0.0, _round_to_gain_step(ceiling_db - weighed_db, rounds_down=True))
        silence_reason = (
            "is silent" if peak_db <= FLOOR_DB else "is too quiet or too short to measure"
        )
        note = f"the sound {silence_reason}: its loudness is not changed"
        return LoudnessGain(
            gain_db, None, lufs, _add_gain_unless_silent(peak_db, gain_db), 0.0, notes=(note,)
        )
    raised_target = replace(target, lufs=target.lufs + extra_loudness_db)
    gain_db = min(MOST_GAIN_DB, _round_to_gain_step(raised_target.lufs - lufs))
    if weighed_db + gain_db <= ceiling_db:
        lra = compute_loudness_range(measurement.powers)
        return LoudnessGain(gain_db, None, lufs + gain_db, peak_db + gain_db, lra)
    return _search_limited_gain(measurement, weighed, raised_target, gain_db, ceiling_db)


def _search_limited_gain(
    measurement: Measurement,
    weighted_peaks: Curve,
    target: Loudness,
    gain_db: float,
    ceiling_db: float,
) -> LoudnessGain:
    """Adjusts the gain under the limiter until the loudness is met too."""
    hops = STEP // HOP
    best: LoudnessGain | None = None
    for _ in range(_ROUNDS):
        curve = compute_limiter_curve(
            weighted_peaks, _to_amplitude(gain_db), _to_amplitude(ceiling_db)
        )
        # The powers have one value per STEP, the curve one per HOP: average the curve's power
        # within each step.
        inside = np.resize(np.square(curve[:-1]), len(measurement.powers) * hops)
        inside[len(curve) - 1 :] = curve[-2] ** 2 if len(curve) > 1 else 1
        powers = (
            measurement.powers * inside.reshape(-1, hops).mean(axis=1) * _to_amplitude(gain_db) ** 2
        )
        lufs = compute_loudness(powers)
        peaks = measurement.peaks * np.maximum(curve[:-1], curve[1:])
        peak_db = to_decibels(peaks.max(initial=0) * _to_amplitude(gain_db))
        limited_s = count_limited_seconds(curve)
        candidate = LoudnessGain(
            gain_db, curve, lufs, peak_db, compute_loudness_range(powers), limited_s
        )
        if best is None or abs(target.lufs - lufs) < abs(target.lufs - best.lufs):
            best = candidate
        missing_lu = target.lufs - lufs
        # The limiter takes back part of any gain, so a rise needs more than what is missing.
        gain_step_db = _round_to_gain_step(missing_lu * (1.0 if missing_lu < 0 else 1.3))
        if (
            abs(missing_lu) <= _CLOSE_LU
            or not gain_step_db
            or gain_db + gain_step_db > MOST_GAIN_DB
        ):
            break
        gain_db += gain_step_db
    assert best is not None
    return best


def note_missed_loudness(reached_lufs: float, target: Loudness) -> tuple[str, ...]:
    """A note if the film stays too quiet; none otherwise."""
    missing = target.lufs - reached_lufs
    if missing <= 0.5:
        return ()
    return (
        f"the film is {missing:.1f} LU below {target.lufs:g} LUFS: more gain would raise the "
        "noise or distort the peaks",
    )


def _round_to_gain_step(db: float, *, rounds_down: bool = False) -> float:
    """The nearest step of gain, or the next lower one."""
    steps = np.floor(db / _GRAIN_DB) if rounds_down else np.rint(db / _GRAIN_DB)
    return float(steps * _GRAIN_DB)


def _add_gain_unless_silent(level_db: float, gain_db: float) -> float:
    return level_db if level_db <= FLOOR_DB else level_db + gain_db


def to_decibels(amplitude: float) -> float:
    """An amplitude in dB; FLOOR_DB for silence."""
    return max(FLOOR_DB, float(20 * np.log10(max(amplitude, 1e-9))))


def _to_amplitude(db: float) -> float:
    return float(10 ** (db / 20))


def _to_amplitude_curve(db: Curve) -> Curve:
    return np.power(np.float32(10), db / 20).astype(np.float32)
