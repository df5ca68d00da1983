"""A true-peak limiter with look-ahead: linear unless the sound is too loud.

Peaks between the samples are found once, by fourfold oversampling, and kept as one number per
millisecond; from them the gain follows for any drive and ceiling without reading the sound again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from storyboard.stitching.sound.pcm import RATE, Samples

HOP = 48
"""Samples per stored peak: a millisecond."""
_AHEAD = 5
"""Hops over which the gain falls before a peak, and may start to rise after it."""
_RELEASE_DB = 0.05
"""How fast the gain recovers, dB per hop: 6 dB in an eighth of a second."""
_CHUNK = 1000 * HOP
_FEW = 76
"""Stretches per matrix product: few enough that the product isn't split over threads, which would
compete with the encoder's.
"""
_SLOPE = 100
"""Hops of release computed at once: with more, float32 would lose its small steps."""

Curve = NDArray[np.float32]


def measure_true_peaks_by_hop(blocks: Iterable[Samples], *, exact_above: float) -> Curve:
    """The highest true peak of either channel in every hop of the sound.

    Hops whose peak can't exceed `exact_above` get their sample peak instead.
    """
    silent_hop = np.zeros((HOP, 2), dtype=np.float32)
    buffered, hop_peaks = silent_hop, []
    for block in chain(_regroup_into_hops(blocks), [silent_hop]):
        buffered = np.concatenate([buffered, block])
        measurable = len(buffered) - 2 * HOP  # a hop on either side is context
        for start in range(0, measurable, _CHUNK):
            part = buffered[start : min(start + _CHUNK, measurable) + 2 * HOP]
            hop_peaks.append(_measure_inner_hop_peaks(part, exact_above))
        buffered = buffered[measurable:]
    return np.concatenate(hop_peaks) if hop_peaks else np.zeros(0, dtype=np.float32)


def compute_limiter_curve(peaks: Curve, drive: float, ceiling: float) -> Curve:
    """The gain at the start of every hop, at most 1, that keeps `peaks` x `drive` below `ceiling`.

    All values are linear; there is one more than there are hops.
    """
    curve = np.append(peaks, np.float32(0))
    np.maximum(curve, 1e-9, out=curve)
    np.minimum(20 * np.log10(np.float32(ceiling / drive) / curve), 0, out=curve)  # dB
    gain_db = curve.copy()
    # Each hop takes the lowest gain within reach, so the average below can't rise above what a peak
    # needs.
    for shift in range(1, _AHEAD + 2):
        np.minimum(gain_db[shift:], curve[:-shift], out=gain_db[shift:])
        np.minimum(gain_db[:-shift], curve[shift:], out=gain_db[:-shift])
    _limit_gain_recovery(gain_db)
    # A moving average turns the steps into slopes, which don't click.
    reduction = 1 - np.power(np.float32(10), gain_db / 20)
    padded = np.pad(reduction, _AHEAD, mode="edge")
    width = 2 * _AHEAD + 1
    smooth = np.convolve(padded, np.full(width, 1 / width, dtype=np.float32), "valid")
    return (1 - smooth).astype(np.float32)


def _limit_gain_recovery(gain_db: Curve) -> None:
    """Limits how fast the gain (dB) rises to the release rate, in place."""
    last = 0.0
    for start in range(0, len(gain_db), _SLOPE):
        part = gain_db[start : start + _SLOPE]
        slope = _RELEASE_DB * np.arange(1, len(part) + 1)
        # With the slope subtracted, the allowed rise becomes level, so a running minimum applies
        # it.
        part[:] = np.minimum(np.minimum.accumulate(np.minimum(part - slope, last)) + slope, 0)
        last = float(part[-1])


def apply_drive_and_limiter(
    blocks: Iterable[Samples], curve: Curve, drive: float
) -> Iterator[Samples]:
    """The sound times `drive` and the curve of `compute_limiter_curve`, block by block."""
    at = 0
    along = np.arange(HOP, dtype=np.float32) / np.float32(HOP)
    for block in blocks:
        first, last = at // HOP, -(-(at + len(block)) // HOP)
        places = np.minimum(np.arange(first, last + 1), len(curve) - 1)
        nodes = curve[places] * np.float32(drive)
        # The gain is interpolated linearly from the start of each hop to the next.
        gain: Curve = nodes[:-1, None] + np.diff(nodes)[:, None] * along
        yield block * gain.ravel()[at - first * HOP :][: len(block), None]
        at += len(block)


def count_limited_seconds(curve: Curve) -> float:
    """For how long the curve is below -0.1 dB."""
    return float(np.count_nonzero(curve < 0.9886) * HOP / RATE)


def _regroup_into_hops(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """The same sound in blocks of whole hops; the last is padded with silence."""
    remainder = np.zeros((0, 2), dtype=np.float32)
    for block in blocks:
        joined = np.concatenate([remainder, block]) if len(remainder) else block
        whole = len(joined) // HOP * HOP
        remainder = joined[whole:]
        if whole:
            yield joined[:whole]
    if len(remainder):
        yield np.concatenate([remainder, np.zeros((HOP - len(remainder), 2), dtype=np.float32)])


def _measure_inner_hop_peaks(part: Samples, exact_above: float) -> Curve:
    """The peak of every hop of `part` except the first and the last."""
    channels = np.ascontiguousarray(part.T)
    hops = channels.reshape(2, -1, HOP)
    sampled: Curve = np.maximum(hops.max(axis=2), -hops.min(axis=2)).max(axis=0)
    # A value between samples is at most `_MOST` times the largest sample near it, so quieter hops
    # need no oversampling.
    around = np.maximum(np.maximum(sampled[:-2], sampled[2:]), sampled[1:-1])
    loud_hops = np.flatnonzero(around * _MOST > exact_above)
    starts = (HOP - _LEFT + loud_hops[:, None] * HOP + np.arange(0, HOP, _READ)).ravel()
    # Padded to whole products; the extra results are dropped below.
    filled = np.pad(starts, (0, -len(starts) % _FEW), mode="edge") if len(loud_hops) else starts
    interpolated_peaks = np.zeros(len(filled), np.float32)
    for channel in channels:
        stretches = sliding_window_view(channel, _READ + _TAPS - 1)[filled]
        readings = (stretches.reshape(-1, _FEW, _READ + _TAPS - 1) @ _READING).reshape(
            -1, 3 * _READ
        )
        np.maximum(interpolated_peaks, readings.max(axis=1), out=interpolated_peaks)
        np.maximum(interpolated_peaks, -readings.min(axis=1), out=interpolated_peaks)
    levels: Curve = sampled[1:-1].copy()
    levels[loud_hops] = np.maximum(
        levels[loud_hops], interpolated_peaks[: len(starts)].reshape(-1, HOP // _READ).max(axis=1)
    )
    return levels


def _build_shift_kernel(shift: float) -> Curve:
    """The filter that reads a signal at `shift` of the way from one sample to the next."""
    places = np.arange(-_LEFT, _TAPS - _LEFT) - shift
    window = np.cos(np.pi * places / (_TAPS + 1)) ** 2
    kernel = np.sinc(places) * window
    return np.asarray(kernel / kernel.sum(), np.float32)


_TAPS = 24
_LEFT = _TAPS // 2 - 1
_READ = HOP // 2
"""Samples per matrix row to read between: the fewer, the fewer zeros are multiplied."""
_KERNELS = tuple(map(_build_shift_kernel, (0.25, 0.5, 0.75)))
_MOST = max(float(np.abs(kernel).sum()) for kernel in _KERNELS)
"""A value between samples is at most this many times the largest sample that it is read from."""


def _build_oversampling_matrix() -> Curve:
    """Multiplied with a stretch, gives the signal at three points after each of its samples."""
    matrix = np.zeros((_READ + _TAPS - 1, 3 * _READ), dtype=np.float32)
    for number, kernel in enumerate(_KERNELS):
        for place in range(_READ):
            matrix[place : place + _TAPS, number * _READ + place] = kernel
    return matrix


_READING = _build_oversampling_matrix()
