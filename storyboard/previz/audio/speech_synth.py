"""A simple vocal tract: turns syllables and a voice into sound.

A train of glottal pulses triggers grains that ring at the formants of each syllable's vowel; for a
whisper, noise replaces the pulses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from storyboard.previz.audio.noise import (
    RATE,
    Curve,
    Wave,
    apply_frequency_response,
    compute_highpass_response,
    compute_lowpass_response,
    seed_random_stream,
)
from storyboard.previz.audio.syllables import Syllable, schedule_syllables
from storyboard.providers.base import SpokenLine

Times = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Voice:
    """The sound of a speaker's voice."""

    pitch_hz: float = 150.0
    size: float = 1.0
    """Factor on the formants; above 1 for a child's short vocal tract."""
    breath: float = 0.06
    """Share of breath in the tone; 1 whispers."""
    gain_db: float = 0.0
    lively: float = 1.0
    """How far its melody moves."""


def synthesize_murmur(line: SpokenLine, seconds: float, voice: Voice) -> Wave:
    """The line as mono sound; slightly longer than `seconds`, so that it can fade."""
    beats = schedule_syllables(line.words, seconds)
    n = int((seconds + 0.15) * RATE)
    if not beats:
        return np.zeros(n, dtype=np.float32)
    rng = seed_random_stream(0, line.speaker, line.words)
    times, loud = _build_loudness_curve(beats)
    # A whisper: random puffs of air instead of periodic pulses.
    if voice.breath >= 1:
        moments = np.sort(rng.random(int(seconds * _PUFFS))) * seconds
        strength = rng.uniform(-1, 1, len(moments))
    else:
        moments = _schedule_glottal_pulses(beats, seconds, voice, rng)
        strength = 1 + 0.05 * rng.normal(size=len(moments))
    force = strength * np.interp(moments, times, loud)
    wave = _render_formant_grains(moments, force.astype(np.float32), beats, voice, n)
    _add_consonants(wave, beats, rng, 1.4 if voice.breath >= 1 else 0.5)
    if 0 < voice.breath < 1:
        t = np.arange(n) / RATE
        wave += (
            np.float32(0.35 * voice.breath)
            * _synthesize_breath_noise(n, rng)
            * _to_float32(np.interp(t, times, loud))
        )
    active = sum(beat.end_s - beat.start_s for beat in beats)
    # Level by the time of speech alone, so that pauses don't make a line louder.
    rms = np.sqrt(float(np.sum(np.square(wave, dtype=np.float64))) / max(1.0, active * RATE))
    return wave * np.float32(10 ** ((_LEVEL_DB + voice.gain_db) / 20) / max(rms, 1e-9))


def _build_loudness_curve(syllables: Sequence[Syllable]) -> tuple[Times, Times]:
    """Breakpoints of a line's loudness: seconds from its start, and loudness."""
    points: list[tuple[float, float]] = [(syllables[0].start_s - 0.02, 0.0)]
    for beat, next_beat in zip(syllables, [*syllables[1:], None], strict=True):
        length = beat.end_s - beat.start_s
        points.append((beat.start_s + 0.12 * length, _ONSETS[beat.onset][0]))
        points.append((beat.start_s + 0.38 * length, beat.stress))
        points.append((beat.start_s + 0.72 * length, 0.85 * beat.stress))
        gap = next_beat.start_s - beat.end_s if next_beat else 1.0
        points.append((beat.end_s, 0.0 if gap > 0.12 else 0.3))
        if gap > 0.12 and next_beat:
            points.append((next_beat.start_s - 0.02, 0.0))
    points.append((syllables[-1].end_s + 0.05, 0.0))
    times, loud = (np.array(column) for column in zip(*sorted(points), strict=True))
    return times, loud


def _schedule_glottal_pulses(
    syllables: Sequence[Syllable], seconds: float, voice: Voice, rng: np.random.Generator
) -> Times:
    """Times of the glottal pulses, seconds."""
    grid = np.arange(0, seconds + 0.1, 0.002)
    middles = [(beat.start_s + beat.end_s) / 2 for beat in syllables]
    bend = [1 + (beat.pitch - 1) * voice.lively for beat in syllables]
    # Drift and tremor, without which it would sound mechanical.
    tremor = 1 + 0.012 * np.sin(2 * np.pi * 5.1 * grid + rng.random() * 6)
    wander = 1 + 0.02 * np.interp(grid, np.linspace(0, seconds + 0.1, 12), rng.normal(size=12))
    pitch = voice.pitch_hz * np.interp(grid, middles, bend) * tremor * wander
    # The integral of the pitch counts the cycles; a pulse is where it passes a whole number.
    phase = np.concatenate([[0.0], np.cumsum((pitch[1:] + pitch[:-1]) / 2 * 0.002)])
    pulses: Times = np.interp(np.arange(int(phase[-1])), phase, grid)
    return pulses


def _render_formant_grains(
    pulse_times: Times,
    pulse_strengths: Wave,
    syllables: Sequence[Syllable],
    voice: Voice,
    sample_count: int,
) -> Wave:
    """Adds up one grain per pulse, which rings at the formants of that time."""
    keep = pulse_strengths != 0
    pulse_times, pulse_strengths = pulse_times[keep], pulse_strengths[keep]
    centres = [beat.start_s + 0.5 * (beat.end_s - beat.start_s) for beat in syllables]
    # A pulse falls between two samples: the grain starts at the next one, with the delay as phase.
    places = pulse_times * RATE
    whole = np.ceil(places).astype(np.int64)
    delays = ((whole - places) / RATE)[:, None]
    grains = np.zeros((len(pulse_times), _GRAIN), dtype=np.float32)
    for number, (width_hz, gain) in enumerate(_FORMANTS):
        targets = [_VOWELS[beat.vowel][number] * voice.size for beat in syllables]
        hz = np.interp(pulse_times, centres, targets)[:, None]
        rate = (-np.pi * width_hz + 2j * np.pi * hz) / RATE
        # z**m as z**(32 q) * z**r: two small tables instead of one exponential per sample.
        coarse = np.exp(rate * (delays * RATE + 32 * np.arange(_GRAIN // 32)))
        fine = np.exp(rate * np.arange(32))
        table = coarse.astype(np.complex64)[:, :, None] * fine.astype(np.complex64)[:, None, :]
        grains += np.float32(gain) * table.imag.reshape(len(pulse_times), _GRAIN)
    grains *= pulse_strengths[:, None] * _TAPER
    wave = np.zeros(sample_count + _GRAIN, dtype=np.float32)
    for at, grain in zip(whole.tolist(), grains, strict=True):
        if at < sample_count:
            wave[at : at + _GRAIN] += grain
    return wave[:sample_count]


def _compute_bandpass_response(frequencies: Curve, *, low: float, high: float) -> Curve:
    return compute_highpass_response(frequencies, low, 2) * compute_lowpass_response(
        frequencies, high, 2
    )


def _add_consonants(
    wave: Wave, syllables: Sequence[Syllable], rng: np.random.Generator, gain: float
) -> None:
    """Adds the noise of hisses and stops before their vowels."""
    for beat in syllables:
        _, seconds, low, high, level = _ONSETS[beat.onset]
        if not seconds:
            continue
        n = int(seconds * RATE)
        at = max(0, int((beat.start_s - 0.25 * seconds) * RATE))
        burst = apply_frequency_response(
            rng.standard_normal(n, dtype=np.float32),
            partial(_compute_bandpass_response, low=low, high=high),
        )
        burst *= np.hanning(n).astype(np.float32) * np.float32(level * gain)
        end = min(len(wave), at + n)
        wave[at:end] += burst[: end - at]


def _synthesize_breath_noise(sample_count: int, rng: np.random.Generator) -> Wave:
    white = rng.standard_normal(sample_count, dtype=np.float32)
    return apply_frequency_response(
        white, lambda f: compute_highpass_response(f, 700) * compute_lowpass_response(f, 4200)
    )


def _to_float32(samples: Times) -> Wave:
    return samples.astype(np.float32)


_LEVEL_DB = -23.5
_PUFFS = 520
_GRAIN = 704
_TAPER = np.minimum(1, np.minimum(np.arange(_GRAIN) / 24, (_GRAIN - np.arange(_GRAIN)) / 200))
_TAPER = _TAPER.astype(np.float32)
_FORMANTS = ((85.0, 1.0), (110.0, 0.42), (150.0, 0.16), (220.0, 0.07))
"""Bandwidth (Hz) and gain of each formant."""
_VOWELS: Mapping[str, tuple[float, float, float, float]] = {
    "a": (730, 1180, 2500, 3500),
    "e": (520, 1750, 2500, 3500),
    "i": (330, 2150, 2850, 3600),
    "o": (500, 900, 2450, 3400),
    "u": (340, 820, 2300, 3300),
}
"""Formants (Hz) of an adult voice."""
_ONSETS: Mapping[str, tuple[float, float, float, float, float]] = {
    "": (0.6, 0, 0, 0, 0),
    "soft": (0.45, 0, 0, 0, 0),
    "lips": (0.2, 0.02, 200, 1500, 0.2),
    "stop": (0.05, 0.025, 1800, 6000, 0.35),
    "hiss": (0.08, 0.085, 3800, 9500, 0.22),
}
"""Loudness of the voice during the onset (0..1), then its noise: seconds, corners (Hz), level."""
