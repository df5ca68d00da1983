"""Measures a sound once, in numbers that are enough for EBU R128 and for a limiter.

A measurement holds the weighted power of every hundredth of a second and the true peak of every
millisecond. The film's loudness, gain and limiting are computed from it without reading the sound
again, and after a small change only the changed part is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from storyboard.stitching.sound.limiter import HOP, measure_true_peaks_by_hop
from storyboard.stitching.sound.pcm import RATE, Samples

STEP = RATE // 100
"""Samples per stored power."""
FLOOR_LUFS = -70.0
"""The level of R128's absolute gate, taken for silence."""
FLOOR_DB = -120.0
_PEAKS_ABOVE = 0.05
"""Peaks below this stay below any ceiling, even with the most gain."""
_WINDOW, _SHORT, _EVERY = 40, 300, 10
"""Steps in a gating block, in a short-term block, and from one block to the next."""
_OFFSET = -0.691

_TURN, _TAIL = 32_768, 4096
"""Samples that are filtered at once, and how many of them are context: after so many samples the
filter's ringing has fallen to 10^-9.
"""

Curve = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured of a sound."""

    powers: Curve
    """Mean square of every STEP, K-weighted, both channels added."""
    peaks: Curve
    """The highest true peak of every HOP, linear."""


def measure_sound(
    sound: Samples,
    leading_context: int,
    trailing_context: int,
    *,
    exact_above: float = _PEAKS_ABOVE,
) -> Measurement:
    """Measures `sound` without `leading_context` and `trailing_context` samples at its ends.

    The context lets the filters settle. The rest begins on a whole STEP. Peaks above `exact_above`
    (linear) and the highest of all are true peaks; others may be sample peaks.
    """
    own = len(sound) - leading_context - trailing_context
    if own <= 0:
        nothing = np.zeros(0, np.float32)
        return Measurement(nothing, nothing)
    steps = -(-own // STEP)
    weighed = np.zeros((2, steps * STEP), np.float32)
    weighed[:, :own] = _apply_k_filter(sound)[:, leading_context : leading_context + own]
    shaped = weighed.reshape(2, steps, STEP)
    powers = np.einsum("cij,cij->i", shaped, shaped) / np.float32(STEP)
    lead = min(leading_context, HOP) // HOP * HOP
    trail = min(trailing_context, HOP)
    around = sound[leading_context - lead : len(sound) - trailing_context + trail]
    # The highest peak must be exact even in a quiet sound.
    exact_above = min(exact_above, float(np.abs(around).max(initial=0)))
    peaks = measure_true_peaks_by_hop([around], exact_above=exact_above)[lead // HOP :][
        : -(-own // HOP)
    ]
    return Measurement(powers.astype(np.float32), peaks.astype(np.float32))


def join_measurements(measurements: Sequence[Measurement]) -> Measurement:
    """The measurement of sounds that follow one another; all but the last are whole STEPs long."""
    return Measurement(
        np.concatenate([measurement.powers for measurement in measurements]),
        np.concatenate([measurement.peaks for measurement in measurements]),
    )


def compute_loudness(powers: Curve) -> float:
    """Integrated loudness, LUFS; FLOOR_LUFS for silence or too short a sound."""
    blocks = _average_windows(powers, _WINDOW)
    blocks = blocks[blocks > _to_power(FLOOR_LUFS)]
    if not len(blocks):
        return FLOOR_LUFS
    # R128 gates twice: at -70 LUFS, then 10 LU below the mean of what is left.
    loud = blocks[blocks > blocks.mean() * 0.1]
    return float(max(FLOOR_LUFS, _OFFSET + 10 * np.log10(loud.mean())))


def compute_loudness_range(powers: Curve) -> float:
    """Loudness range, LU; 0 if the sound is too short."""
    blocks = _average_windows(powers, _SHORT)
    blocks = blocks[blocks > _to_power(FLOOR_LUFS)]
    # The relative gate of the range is 20 LU; the range itself goes from the 10th to the 95th
    # percentile.
    blocks = blocks[blocks > blocks.mean() * 0.01] if len(blocks) else blocks
    if not len(blocks):
        return 0.0
    low, high = np.percentile(10 * np.log10(blocks), (10, 95))
    return float(high - low)


def _to_power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET) / 10))


def _average_windows(powers: Curve, window: int) -> NDArray[np.float64]:
    """Mean power of every window of `window` steps."""
    sums = np.concatenate([[0.0], np.cumsum(powers, dtype=np.float64)])
    starts = np.arange(0, len(powers) - window + 1, _EVERY)
    return np.asarray((sums[starts + window] - sums[starts]) / window)


def _apply_k_filter(sound: Samples) -> Curve:
    """Both channels (2, n) through the K filter; the first tenth of a second is still settling."""
    # Overlap-save: each block repeats the end of the one before, and that part of its result is
    # dropped.
    new = _TURN - _TAIL
    turns = -(-len(sound) // new)
    padded = np.zeros((2, _TAIL + turns * new), np.float32)
    padded[:, _TAIL : _TAIL + len(sound)] = sound.T
    stretches = sliding_window_view(padded, _TURN, axis=1)[:, ::new]
    shaped = np.empty((2, turns * new), np.float32)
    for turn in range(turns):
        spectrum = np.fft.rfft(stretches[:, turn]) * _compute_k_response()
        shaped[:, turn * new : (turn + 1) * new] = np.fft.irfft(spectrum, _TURN)[:, _TAIL:]
    return shaped[:, : len(sound)]


@lru_cache(maxsize=1)
def _compute_k_response() -> NDArray[np.complex64]:
    # The filter's response at the frequencies of the FFT: both sections evaluated on the unit
    # circle.
    turns = np.exp(-2j * np.pi * np.arange(_TURN // 2 + 1) / _TURN)
    response = np.ones(len(turns), complex)
    for above, below in _K_FILTER:
        response *= np.polyval(above[::-1], turns) / np.polyval(below[::-1], turns)
    return response.astype(np.complex64)


_K_FILTER = (
    (
        (1.53512485958697, -2.69169618940638, 1.19839281085285),
        (1.0, -1.69065929318241, 0.73248077421585),
    ),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)
"""ITU-R BS.1770 at 48 kHz: numerator and denominator of both sections."""
