"""Noise as a function of the world clock: [0, 8) followed by [8, 15) equals [0, 15).

Continuous noise is drawn in fixed blocks of absolute time, each from its own position in one random
stream, and overlapped with power-complementary windows. Nothing depends on where a piece begins, so
an extension continues its source exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
"""Samples per second of everything here."""

Wave: TypeAlias = NDArray[np.float32]
"""Samples, (n,) for mono or (n, 2) for stereo, full scale 1."""
Curve: TypeAlias = NDArray[np.floating[Any]]
LOUD = 10 ** ((-23 + 0.691) / 20) / np.sqrt(2)
"""Weighted RMS of each of two channels that together measure -23 LUFS."""

_BLOCK = 16_384
_HOP = _BLOCK // 2
_DRAWS = 1 << 32  # far more than one block draws


def seed_random_stream(seed: int, name: str, part: int | str = 0) -> np.random.Generator:
    """A random stream for one element only, so that adding a sound changes no other."""
    return np.random.Generator(_seed_bit_generator(seed, name, part))


def synthesize_stereo_noise(
    spectrum: Callable[[Curve, Curve], Curve],
    level: Callable[[Curve], Curve],
    seed: int,
    seed_name: str,
    start_sample: int,
    sample_count: int,
    *,
    top_hz: float = 16_000.0,
    width: float = 0.8,
) -> Wave:
    """Stereo noise (n, 2) from `start_sample` of the world clock on.

    `spectrum(t, f)` is its amplitude spectrum at times t (k, 1) and frequencies f (1, bins), at any
    scale; `level(t)` its loudness factor: at 1 the noise measures -23 LUFS. `width` is 0 for mono
    and 1 for channels that share nothing.
    """
    first = start_sample // _HOP - 1
    count = (start_sample + sample_count - 1) // _HOP - first + 1
    bins = min(int(top_hz * _BLOCK / RATE), _BLOCK // 2)
    f = (np.arange(1, bins + 1) * (RATE / _BLOCK))[None, :]
    t = ((np.arange(first, first + count) + 1) * (_HOP / RATE))[:, None]
    shape = np.broadcast_to(spectrum(t, f), (count, bins))
    # Each block is scaled by its own weighted power, so the loudness does not depend on the
    # spectrum.
    loudness = np.sqrt(np.sum(np.square(shape * compute_k_weighting(f)), axis=1, keepdims=True))
    unit = LOUD * _BLOCK / 2
    shape = (shape * (unit * level(t) / np.maximum(loudness, 1e-12))).astype(np.float32)
    left, right = (
        _synthesize_noise_channel(
            shape, seed, seed_name, channel, first, start_sample - first * _HOP, sample_count
        )
        for channel in (0, 1)
    )
    shared_gain = np.float32(np.sqrt(1 - width * width))
    return np.stack([left, shared_gain * left + np.float32(width) * right], axis=1)


def compute_slow_drift(t: Curve, seed: int, seed_name: str, period_s: float) -> Curve:
    """A slow, smooth drift within about -1..1, without an audible period."""
    phases = seed_random_stream(seed, seed_name, "drift").random(3) * 2 * np.pi
    turns = 2 * np.pi / period_s * t
    sines = (np.sin(turns * r + p) for r, p in zip((1.0, 0.618, 1.732), phases, strict=True))
    total: Curve = np.sum([a * s for a, s in zip((0.5, 0.3, 0.2), sines, strict=True)], axis=0)
    return total


def compute_lowpass_response(f: Curve, corner_hz: Curve | float, slope: float = 2.0) -> Curve:
    """Amplitude over frequency that falls above `corner_hz`, `slope` x 6 dB per octave."""
    return np.asarray(1 / np.sqrt(1 + (f / corner_hz) ** (2 * slope)))


def compute_highpass_response(f: Curve, corner_hz: Curve | float, slope: float = 2.0) -> Curve:
    return compute_lowpass_response(np.asarray(1 / f), 1 / corner_hz, slope)


def compute_peak_response(f: Curve, centre_hz: Curve | float, half_width_share: float) -> Curve:
    """A peak at `centre_hz` with a half width of `half_width_share` of that frequency."""
    return np.asarray(1 / (1 + ((f - centre_hz) / (half_width_share * centre_hz)) ** 2))


def compute_k_weighting(f: Curve) -> Curve:
    """Approximates the K weighting of ITU-R BS.1770: a cut below 40 Hz, a shelf above 1.5 kHz."""
    library = 1 + 0.585 * (f / 1500) ** 4 / (1 + (f / 1500) ** 4)
    return np.asarray(library * compute_highpass_response(f, 38.0))


def apply_frequency_response(wave: Wave, response: Callable[[Curve], Curve]) -> Wave:
    """A mono sound through an amplitude response over frequency (Hz), without delay."""
    size = _choose_fft_size(len(wave))
    spectrum = np.fft.rfft(wave, size)
    f = np.fft.rfftfreq(size, 1 / RATE)
    f[0] = f[1]
    spectrum *= response(f).astype(np.float32)
    return np.fft.irfft(spectrum, size)[: len(wave)].astype(np.float32)


def _synthesize_noise_channel(
    block_spectra: Wave,
    seed: int,
    seed_name: str,
    channel: int,
    first_block: int,
    skip_samples: int,
    sample_count: int,
) -> Wave:
    """Blocks with the given spectra, drawn at their positions and overlapped."""
    count, bins = block_spectra.shape
    spectrum = np.zeros((count, bins + 1), dtype=np.complex64)
    for row in range(count):
        # Jumping to the block's place in the stream makes it independent of where the piece begins.
        bits = _seed_bit_generator(seed, seed_name, channel)
        bits.advance((first_block + row + 1) * _DRAWS)
        draws = np.random.Generator(bits).standard_normal(2 * bins, dtype=np.float32)
        spectrum[row, 1:] = draws.view(np.complex64)
    spectrum[:, 1:] *= block_spectra
    blocks = np.fft.irfft(spectrum, _BLOCK, axis=1) * _WINDOW
    # Half-overlapped sine windows: their squares add up to one, so the power stays constant.
    out = np.zeros((count + 1) * _HOP, dtype=np.float32)
    out[: count * _HOP] += blocks[:, :_HOP].reshape(-1)
    out[_HOP:] += blocks[:, _HOP:].reshape(-1)
    return out[skip_samples : skip_samples + sample_count]


def _seed_bit_generator(seed: int, name: str, part: int | str) -> np.random.PCG64:
    key = blake2b(repr((seed, name, part)).encode(), digest_size=16).digest()
    return np.random.PCG64(int.from_bytes(key, "big"))


def _choose_fft_size(sample_count: int) -> int:
    """A fast FFT length, at least slightly longer than `sample_count`."""
    size = 1 << max(10, int(sample_count - 1).bit_length() - 2)
    return -(-(sample_count + 256) // size) * size


_WINDOW = np.sin(np.pi * (np.arange(_BLOCK) + 0.5) / _BLOCK).astype(np.float32)
