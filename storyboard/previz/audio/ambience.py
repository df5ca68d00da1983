"""Ambience beds: sounds without beginning or end, each given by its spectrum over time.

A bed at gain 1 measures about -23 LUFS; the mixer sets how much lower it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from storyboard.previz.audio.noise import (
    LOUD,
    RATE,
    Curve,
    Wave,
    compute_highpass_response,
    compute_k_weighting,
    compute_lowpass_response,
    compute_peak_response,
    compute_slow_drift,
    seed_random_stream,
    synthesize_stereo_noise,
)

_ROW = 256


def render_ambience(name: str, seed: int, start_sample: int, sample_count: int) -> Wave:
    """Stereo (n, 2) of the bed `name` (a key of `BEDS`) from `start_sample` of the world clock
    on.
    """
    render = BEDS[name]
    return render(name, seed, start_sample, sample_count)


@dataclass(frozen=True, slots=True)
class NoiseBed:
    """A bed of shaped noise."""

    spectrum: Callable[[Curve, Curve, int], Curve]
    """Amplitude at times (k, 1) and frequencies (1, bins), at any scale; the seed varies it."""
    level: Callable[[Curve, int], Curve] = lambda t, seed: np.ones_like(t)
    top_hz: float = 12_000.0
    width: float = 0.8

    def __call__(self, seed_name: str, seed: int, start_sample: int, sample_count: int) -> Wave:
        return synthesize_stereo_noise(
            lambda t, f: self.spectrum(t, f, seed),
            lambda t: self.level(t, seed),
            seed,
            seed_name,
            start_sample,
            sample_count,
            top_hz=self.top_hz,
            width=self.width,
        )


@dataclass(frozen=True, slots=True)
class ToneBed:
    """A bed of steady partials that beat slowly, over a little noise."""

    partials: tuple[tuple[float, float], ...]
    """(Hz, amplitude)"""
    hiss: NoiseBed
    share: float = 0.7
    """The share of tone; the rest is noise."""

    def __call__(self, seed_name: str, seed: int, start_sample: int, sample_count: int) -> Wave:
        # Whole rows at fixed positions of the clock, so any part of the bed comes out the same.
        first, last = start_sample // _ROW, -(-(start_sample + sample_count) // _ROW)
        rows, skip = last - first, start_sample - first * _ROW
        at = np.arange(first, last) * (_ROW / RATE)
        phases = seed_random_stream(seed, seed_name, "phase").random((len(self.partials), 2))
        tone = np.zeros((rows * _ROW, 2), dtype=np.float32)
        for (hz, amplitude), (left, right) in zip(self.partials, phases, strict=True):
            beat = 0.8 + 0.2 * np.sin(2 * np.pi * (at * (0.07 + hz * 2e-4) + right))
            # exp(i(a + b)) from two short tables instead of a sine for every sample.
            fine = np.exp(2j * np.pi * hz / RATE * np.arange(_ROW)).astype(np.complex64)
            for channel, phase in ((0, left), (1, left + 0.08 * right)):
                coarse = amplitude * beat * np.exp(2j * np.pi * (at * hz % 1.0 + phase))
                wave = coarse.astype(np.complex64)[:, None] * fine
                tone[:, channel] += wave.imag.reshape(-1)
        hz, amplitudes = np.array(self.partials).T
        # Scales the partials by their weighted power to the loudness of the other beds; 0.34 is the
        # mean square of a sine under the beat.
        loud = LOUD / np.sqrt(0.34 * np.sum(np.square(amplitudes * compute_k_weighting(hz))))
        hiss = self.hiss(seed_name, seed, start_sample, sample_count)
        return (
            np.float32(loud * self.share**0.5) * tone[skip : skip + sample_count]
            + np.float32((1 - self.share) ** 0.5) * hiss
        )


def _compute_wave_swell(t: Curve, seed: int, wave_train: int) -> Curve:
    """0..1: a wave builds up, breaks and runs out; the two trains never quite coincide."""
    period = 7.3 + 2.9 * wave_train
    turn = 2 * np.pi * (t / period + seed_random_stream(seed, "swell", wave_train).random())
    return np.asarray((0.5 + 0.5 * np.sin(turn + 0.7 * np.sin(turn + 0.4))) ** 1.7)


def _compute_sea_spectrum(t: Curve, f: Curve, seed: int) -> Curve:
    near, far = _compute_wave_swell(t, seed, 0), _compute_wave_swell(t, seed, 1)
    body = (
        f**-0.5
        * compute_lowpass_response(f, 260 + 1500 * near, 1.3)
        * compute_highpass_response(f, 50, 1)
    )
    foam = (
        0.012
        * near
        * compute_lowpass_response(f, 5200, 1.5)
        * compute_highpass_response(f, 1300, 1)
    )
    return np.asarray(body * (0.6 + 0.4 * far) + foam)


def _compute_sea_loudness(t: Curve, seed: int) -> Curve:
    return np.asarray(
        0.45 + 0.85 * _compute_wave_swell(t, seed, 0) + 0.35 * _compute_wave_swell(t, seed, 1)
    )


def _compute_wind_spectrum(t: Curve, f: Curve, seed: int) -> Curve:
    gust = 0.5 + 0.5 * compute_slow_drift(t, seed, "gust", 6.0)
    body = (
        f**-0.6
        * compute_lowpass_response(f, 240 + 420 * gust, 1.5)
        * compute_highpass_response(f, 70, 1)
    )
    whistle = 0.035 * gust**2 * compute_peak_response(f, 430 + 380 * gust, 0.09)
    return np.asarray(body + whistle)


def _compute_gust_loudness(t: Curve, seed: int) -> Curve:
    return np.asarray(0.95 + 0.55 * compute_slow_drift(t, seed, "gust", 6.0))


def _compute_leaves_spectrum(t: Curve, f: Curve, seed: int) -> Curve:
    gust = 0.5 + 0.5 * compute_slow_drift(t, seed, "gust", 6.0)
    return np.asarray(
        compute_highpass_response(f, 900, 1.2)
        * compute_lowpass_response(f, 2600 + 2600 * gust, 1.4)
    )


def _compute_running_water_spectrum(t: Curve, f: Curve, seed: int) -> Curve:
    bands = (310.0, 520.0, 840.0, 1300.0, 2100.0)
    phases = seed_random_stream(seed, "water").random(len(bands)) * 2 * np.pi
    gurgle = sum(
        (1 + 0.7 * np.sin(2 * np.pi * (1.1 + 0.23 * i) * t + phase))
        * compute_peak_response(f, hz, 0.3)
        * hz**-0.4
        for i, (hz, phase) in enumerate(zip(bands, phases, strict=True))
    )
    return np.asarray(
        gurgle + 0.01 * compute_highpass_response(f, 2000, 1) * compute_lowpass_response(f, 7000)
    )


def _compute_traffic_spectrum(t: Curve, f: Curve, seed: int) -> Curve:
    cars = np.clip(compute_slow_drift(t, seed, "cars", 5.0), 0, 1) ** 1.5
    rumble = f**-0.8 * compute_lowpass_response(f, 190, 1.5) * compute_highpass_response(f, 45, 1)
    tyres = (
        0.022
        * cars
        * compute_peak_response(f, 780 + 240 * compute_slow_drift(t, seed, "tyres", 9.0), 0.5)
    )
    return np.asarray(rumble + tyres)


def _compute_traffic_loudness(t: Curve, seed: int) -> Curve:
    return np.asarray(0.75 + 0.8 * np.clip(compute_slow_drift(t, seed, "cars", 5.0), 0, 1))


def _compute_crowd_babble_spectrum(t: Curve, f: Curve, seed: int) -> Curve:
    bands = (240.0, 420.0, 640.0, 950.0, 1400.0, 2200.0)
    phases = seed_random_stream(seed, "babble").random((len(bands), 2)) * 2 * np.pi
    mouths = sum(
        (1 + 0.6 * np.sin(2 * np.pi * 2.3 * t + a) + 0.4 * np.sin(2 * np.pi * 1.37 * t + b))
        * compute_peak_response(f, hz, 0.22)
        * hz**-0.45
        for hz, (a, b) in zip(bands, phases, strict=True)
    )
    return np.asarray(mouths)


def _build_steady_spectrum(
    slope: float, low_hz: float, high_hz: float
) -> Callable[[Curve, Curve, int], Curve]:
    def compute_spectrum(t: Curve, f: Curve, seed: int) -> Curve:
        return np.asarray(
            f**slope
            * compute_lowpass_response(f, high_hz, 1.5)
            * compute_highpass_response(f, low_hz, 1)
        )

    return compute_spectrum


def _build_drifting_loudness(period_s: float, depth: float) -> Callable[[Curve, int], Curve]:
    return lambda t, seed: np.asarray(1 + depth * compute_slow_drift(t, seed, "breath", period_s))


def _pair_harmonics_with_amplitudes(
    base_hz: float, *amplitudes: float
) -> tuple[tuple[float, float], ...]:
    return tuple((base_hz * (i + 1), a) for i, a in enumerate(amplitudes) if a)


BEDS: Mapping[str, Callable[[str, int, int, int], Wave]] = MappingProxyType(
    {
        "room": NoiseBed(
            _build_steady_spectrum(-0.8, 60, 900), _build_drifting_loudness(11, 0.1), 6_000
        ),
        "air": NoiseBed(
            _build_steady_spectrum(-0.7, 90, 2200), _build_drifting_loudness(8, 0.3), 8_000
        ),
        "sea": NoiseBed(_compute_sea_spectrum, _compute_sea_loudness),
        "wind": NoiseBed(_compute_wind_spectrum, _compute_gust_loudness, 6_000),
        "rain": NoiseBed(
            _build_steady_spectrum(-0.25, 500, 7500),
            _build_drifting_loudness(4, 0.12),
            16_000,
            0.95,
        ),
        "leaves": NoiseBed(_compute_leaves_spectrum, _compute_gust_loudness, 12_000, 0.9),
        "water": NoiseBed(
            _compute_running_water_spectrum, _build_drifting_loudness(3, 0.15), 9_000
        ),
        "traffic": NoiseBed(_compute_traffic_spectrum, _compute_traffic_loudness, 5_000),
        "crowd": NoiseBed(
            _compute_crowd_babble_spectrum, _build_drifting_loudness(5, 0.2), 6_000, 0.9
        ),
        "applause": NoiseBed(
            _build_steady_spectrum(0.1, 700, 5200),
            _build_drifting_loudness(1.3, 0.25),
            12_000,
            0.95,
        ),
        "fire": NoiseBed(
            _build_steady_spectrum(-0.7, 70, 700), _build_drifting_loudness(0.6, 0.35), 6_000, 0.6
        ),
        "rumble": NoiseBed(
            _build_steady_spectrum(-0.9, 35, 160), _build_drifting_loudness(2.5, 0.25), 3_000, 0.5
        ),
        "hum": ToneBed(
            ((50.0, 1.0), (100.0, 0.7), (150.0, 0.35), (200.0, 0.3), (300.0, 0.12), (400.0, 0.06)),
            NoiseBed(_build_steady_spectrum(-0.6, 80, 1500), top_hz=4_000),
        ),
        "engine": ToneBed(
            _pair_harmonics_with_amplitudes(41.0, 0.6, 1.0, 0.8, 0.5, 0.4, 0.25, 0.2, 0.12),
            NoiseBed(
                _build_steady_spectrum(-0.8, 60, 900), _build_drifting_loudness(0.9, 0.2), 4_000
            ),
            0.6,
        ),
        "cabin": ToneBed(
            _pair_harmonics_with_amplitudes(88.0, 1.0, 0.4, 0.2),
            NoiseBed(_build_steady_spectrum(-0.5, 60, 1400), top_hz=6_000),
            0.25,
        ),
    }
)
