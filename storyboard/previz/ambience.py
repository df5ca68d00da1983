"""Beds: sounds without beginning or end, each written as a spectrum over time.

A bed at gain 1 measures about -23 LUFS; who mixes it says how far below that it lies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from storyboard.previz.noise import (
    LOUD,
    RATE,
    Curve,
    Wave,
    drift,
    ear,
    highpass,
    lowpass,
    noise,
    peak,
    random_stream,
)

_ROW = 256


def bed(name: str, seed: int, start: int, n: int) -> Wave:
    """Stereo (n, 2) of the bed `name` (a key of `BEDS`) from sample `start` of the world on."""
    kind = BEDS[name]
    return kind(name, seed, start, n)


@dataclass(frozen=True, slots=True)
class Noise:
    """A bed of shaped noise."""

    colour: Callable[[Curve, Curve, int], Curve]
    """Amplitude at times (k, 1) and frequencies (1, bins), any scale; a seed moves it."""
    level: Callable[[Curve, int], Curve] = lambda t, seed: np.ones_like(t)
    top_hz: float = 12_000.0
    width: float = 0.8

    def __call__(self, name: str, seed: int, start: int, n: int) -> Wave:
        return noise(
            lambda t, f: self.colour(t, f, seed),
            lambda t: self.level(t, seed),
            seed,
            name,
            start,
            n,
            top_hz=self.top_hz,
            width=self.width,
        )


@dataclass(frozen=True, slots=True)
class Tone:
    """A bed of steady partials that beat slowly, over a little noise."""

    partials: tuple[tuple[float, float], ...]
    """(Hz, amplitude)"""
    hiss: Noise
    share: float = 0.7
    """How much of it is tone."""

    def __call__(self, name: str, seed: int, start: int, n: int) -> Wave:
        first, last = start // _ROW, -(-(start + n) // _ROW)
        rows, skip = last - first, start - first * _ROW
        at = np.arange(first, last) * (_ROW / RATE)
        phases = random_stream(seed, name, "phase").random((len(self.partials), 2))
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
        loud = LOUD / np.sqrt(0.34 * np.sum(np.square(amplitudes * ear(hz))))
        hiss = self.hiss(name, seed, start, n)
        return (
            np.float32(loud * self.share**0.5) * tone[skip : skip + n]
            + np.float32((1 - self.share) ** 0.5) * hiss
        )


def _swell(t: Curve, seed: int, place: int) -> Curve:
    """0..1: a wave gathers, falls and runs out; two trains of them never quite meet."""
    period = 7.3 + 2.9 * place
    turn = 2 * np.pi * (t / period + random_stream(seed, "swell", place).random())
    return np.asarray((0.5 + 0.5 * np.sin(turn + 0.7 * np.sin(turn + 0.4))) ** 1.7)


def _sea_colour(t: Curve, f: Curve, seed: int) -> Curve:
    near, far = _swell(t, seed, 0), _swell(t, seed, 1)
    body = f**-0.5 * lowpass(f, 260 + 1500 * near, 1.3) * highpass(f, 50, 1)
    foam = 0.012 * near * lowpass(f, 5200, 1.5) * highpass(f, 1300, 1)
    return np.asarray(body * (0.6 + 0.4 * far) + foam)


def _sea_level(t: Curve, seed: int) -> Curve:
    return np.asarray(0.45 + 0.85 * _swell(t, seed, 0) + 0.35 * _swell(t, seed, 1))


def _wind_colour(t: Curve, f: Curve, seed: int) -> Curve:
    gust = 0.5 + 0.5 * drift(t, seed, "gust", 6.0)
    body = f**-0.6 * lowpass(f, 240 + 420 * gust, 1.5) * highpass(f, 70, 1)
    whistle = 0.035 * gust**2 * peak(f, 430 + 380 * gust, 0.09)
    return np.asarray(body + whistle)


def _gusts(t: Curve, seed: int) -> Curve:
    return np.asarray(0.95 + 0.55 * drift(t, seed, "gust", 6.0))


def _leaves(t: Curve, f: Curve, seed: int) -> Curve:
    gust = 0.5 + 0.5 * drift(t, seed, "gust", 6.0)
    return np.asarray(highpass(f, 900, 1.2) * lowpass(f, 2600 + 2600 * gust, 1.4))


def _water(t: Curve, f: Curve, seed: int) -> Curve:
    bands = (310.0, 520.0, 840.0, 1300.0, 2100.0)
    phases = random_stream(seed, "water").random(len(bands)) * 2 * np.pi
    gurgle = sum(
        (1 + 0.7 * np.sin(2 * np.pi * (1.1 + 0.23 * i) * t + phase)) * peak(f, hz, 0.3) * hz**-0.4
        for i, (hz, phase) in enumerate(zip(bands, phases, strict=True))
    )
    return np.asarray(gurgle + 0.01 * highpass(f, 2000, 1) * lowpass(f, 7000))


def _traffic_colour(t: Curve, f: Curve, seed: int) -> Curve:
    passing = np.clip(drift(t, seed, "cars", 5.0), 0, 1) ** 1.5
    rumble = f**-0.8 * lowpass(f, 190, 1.5) * highpass(f, 45, 1)
    tyres = 0.022 * passing * peak(f, 780 + 240 * drift(t, seed, "tyres", 9.0), 0.5)
    return np.asarray(rumble + tyres)


def _traffic_level(t: Curve, seed: int) -> Curve:
    return np.asarray(0.75 + 0.8 * np.clip(drift(t, seed, "cars", 5.0), 0, 1))


def _babble(t: Curve, f: Curve, seed: int) -> Curve:
    bands = (240.0, 420.0, 640.0, 950.0, 1400.0, 2200.0)
    phases = random_stream(seed, "babble").random((len(bands), 2)) * 2 * np.pi
    mouths = sum(
        (1 + 0.6 * np.sin(2 * np.pi * 2.3 * t + a) + 0.4 * np.sin(2 * np.pi * 1.37 * t + b))
        * peak(f, hz, 0.22)
        * hz**-0.45
        for hz, (a, b) in zip(bands, phases, strict=True)
    )
    return np.asarray(mouths)


def _steady(slope: float, low: float, high: float) -> Callable[[Curve, Curve, int], Curve]:
    def colour(t: Curve, f: Curve, seed: int) -> Curve:
        return np.asarray(f**slope * lowpass(f, high, 1.5) * highpass(f, low, 1))

    return colour


def _breathing(period_s: float, depth: float) -> Callable[[Curve, int], Curve]:
    return lambda t, seed: np.asarray(1 + depth * drift(t, seed, "breath", period_s))


def _harmonics(hz: float, *amplitudes: float) -> tuple[tuple[float, float], ...]:
    return tuple((hz * (i + 1), a) for i, a in enumerate(amplitudes) if a)


BEDS: Mapping[str, Callable[[str, int, int, int], Wave]] = MappingProxyType(
    {
        "room": Noise(_steady(-0.8, 60, 900), _breathing(11, 0.1), 6_000),
        "air": Noise(_steady(-0.7, 90, 2200), _breathing(8, 0.3), 8_000),
        "sea": Noise(_sea_colour, _sea_level),
        "wind": Noise(_wind_colour, _gusts, 6_000),
        "rain": Noise(_steady(-0.25, 500, 7500), _breathing(4, 0.12), 16_000, 0.95),
        "leaves": Noise(_leaves, _gusts, 12_000, 0.9),
        "water": Noise(_water, _breathing(3, 0.15), 9_000),
        "traffic": Noise(_traffic_colour, _traffic_level, 5_000),
        "crowd": Noise(_babble, _breathing(5, 0.2), 6_000, 0.9),
        "applause": Noise(_steady(0.1, 700, 5200), _breathing(1.3, 0.25), 12_000, 0.95),
        "fire": Noise(_steady(-0.7, 70, 700), _breathing(0.6, 0.35), 6_000, 0.6),
        "rumble": Noise(_steady(-0.9, 35, 160), _breathing(2.5, 0.25), 3_000, 0.5),
        "hum": Tone(
            ((50.0, 1.0), (100.0, 0.7), (150.0, 0.35), (200.0, 0.3), (300.0, 0.12), (400.0, 0.06)),
            Noise(_steady(-0.6, 80, 1500), top_hz=4_000),
        ),
        "engine": Tone(
            _harmonics(41.0, 0.6, 1.0, 0.8, 0.5, 0.4, 0.25, 0.2, 0.12),
            Noise(_steady(-0.8, 60, 900), _breathing(0.9, 0.2), 4_000),
            0.6,
        ),
        "cabin": Tone(
            _harmonics(88.0, 1.0, 0.4, 0.2),
            Noise(_steady(-0.5, 60, 1400), top_hz=6_000),
            0.25,
        ),
    }
)
