"""Foley: sounds with a beginning and an end, such as hits, calls and steps, and how often they
recur.

A recurring sound (gulls, a clock) has fixed slots on the world clock, so it continues across a
seam.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from storyboard.previz.audio import sound_effects
from storyboard.previz.audio.noise import RATE, Wave, seed_random_stream
from storyboard.previz.audio.sound_effects import LONGEST_S

_VARIANTS = 6


@dataclass(frozen=True, slots=True)
class FoleySound:
    """One kind of sound."""

    synthesize: Callable[[np.random.Generator], Wave]
    every_s: float = 0.0
    """Length of its slot if it recurs by itself; 0 if it happens once."""
    chance: float = 1.0
    """Of sounding in a slot."""
    loose: float = 0.0
    """How far its start may vary within the slot, as a share of it."""
    spread: float = 0.2
    """How far from the middle it may be, 0..1."""
    gain_db: float = 0.0
    """Matches it with the others, since a tone is louder than a click of the same peak."""


def render_single_foley(name: str, seed: int, occurrence: int) -> Wave:
    """One sound `name` (a key of `FOLEY`), stereo (n, 2); `occurrence` distinguishes
    repetitions.
    """
    rng = seed_random_stream(seed, name, occurrence)
    wave = _render_foley_variant(name, int(rng.integers(_VARIANTS)))
    pan = FOLEY[name].spread * (2 * rng.random() - 1)
    return pan_to_stereo(wave, pan) * np.float32(10 ** (FOLEY[name].gain_db / 20))


def render_recurring_foley(name: str, seed: int, start_sample: int, sample_count: int) -> Wave:
    """Stereo (n, 2) of the recurring sound `name` from `start_sample` of the world clock on."""
    kind = FOLEY[name]
    out = np.zeros((sample_count, 2), dtype=np.float32)
    slot = kind.every_s * RATE
    # Earlier slots too, whose sounds may still ring at the start.
    for place in range(
        int((start_sample - LONGEST_S * RATE) // slot),
        int((start_sample + sample_count) // slot) + 1,
    ):
        rng = seed_random_stream(seed, name, f"slot {place}")
        if rng.random() >= kind.chance:
            continue
        at = int((place + kind.loose * rng.random()) * slot) - start_sample
        add_wave_into(out, render_single_foley(name, seed, place), at, 0.75 + 0.25 * rng.random())
    return out


def add_wave_into(out: Wave, wave: Wave, at_sample: int, gain: float = 1.0) -> None:
    """Adds `wave` to `out` at `at_sample`, which may be outside on either side."""
    first, last = max(0, at_sample), min(len(out), at_sample + len(wave))
    if first < last:
        out[first:last] += np.float32(gain) * wave[first - at_sample : last - at_sample]


def pan_to_stereo(mono: Wave, pan: float) -> Wave:
    """A mono wave as stereo, panned from -1 (left) to 1 (right) at constant power."""
    angle = (pan + 1) * np.pi / 4
    sides = np.array([np.cos(angle), np.sin(angle)], dtype=np.float32) * np.float32(np.sqrt(2))
    return mono[:, None] * sides


@lru_cache(maxsize=96)
def _render_foley_variant(name: str, variant: int) -> Wave:
    wave = FOLEY[name].synthesize(seed_random_stream(0, name, f"variant {variant}"))[
        : int(LONGEST_S * RATE)
    ]
    wave = wave * np.float32(1 / max(1e-6, float(np.max(np.abs(wave)))))
    edge = min(len(wave) // 2, 240)
    # Short fades, so that neither end clicks.
    ramp = np.linspace(0, 1, edge, dtype=np.float32)
    wave[:48] *= np.linspace(0, 1, 48, dtype=np.float32)
    wave[len(wave) - edge :] *= ramp[::-1]
    return wave


FOLEY: Mapping[str, FoleySound] = MappingProxyType(
    {
        "thunder": FoleySound(sound_effects.synthesize_thunder, 9.0, 0.6, 0.7, 0.5, gain_db=3),
        "gulls": FoleySound(sound_effects.synthesize_gull_cries, 2.6, 0.5, 0.9, 0.8, gain_db=-8),
        "birds": FoleySound(sound_effects.synthesize_birdsong, 1.3, 0.55, 0.9, 0.9, gain_db=-13),
        "owl": FoleySound(sound_effects.synthesize_owl_call, 7.0, 0.5, 0.8, 0.6, gain_db=-10),
        "crickets": FoleySound(
            sound_effects.synthesize_cricket_chirp, 0.62, 0.93, 0.12, 0.7, gain_db=-13
        ),
        "dog": FoleySound(sound_effects.synthesize_bark, 1.9, 0.35, 0.8, 0.7),
        "steps": FoleySound(sound_effects.synthesize_footstep, 0.56, 1.0, 0.06, 0.15),
        "clock": FoleySound(sound_effects.synthesize_clock_tick, 0.5, 1.0, 0.0, 0.05),
        "heart": FoleySound(sound_effects.synthesize_heartbeat, 0.92, 1.0, 0.01, 0.0),
        "crackle": FoleySound(sound_effects.synthesize_fire_crackle, 0.11, 0.55, 1.0, 0.5),
        "drips": FoleySound(sound_effects.synthesize_water_drip, 0.8, 0.7, 0.6, 0.6),
        "rails": FoleySound(sound_effects.synthesize_rail_joint, 1.35, 1.0, 0.02, 0.1),
        "typing": FoleySound(sound_effects.synthesize_key_press, 0.17, 0.75, 0.7, 0.1),
        "hooves": FoleySound(sound_effects.synthesize_hoofbeat, 0.28, 0.95, 0.15, 0.2),
        "church": FoleySound(
            sound_effects.build_bell_synthesizer(233.0, 0.9), 3.4, 1.0, 0.02, 0.3, gain_db=-4
        ),
        "bell": FoleySound(sound_effects.build_bell_synthesizer(880.0, 0.35), gain_db=-3),
        "phone": FoleySound(sound_effects.synthesize_phone_ring, 3.0, 1.0, 0.0, 0.2, gain_db=-8),
        "siren": FoleySound(sound_effects.synthesize_siren, 6.0, 0.7, 0.5, 0.7, gain_db=-11),
        "door": FoleySound(sound_effects.synthesize_door_slam),
        "creak": FoleySound(sound_effects.synthesize_creak),
        "knock": FoleySound(sound_effects.build_thump_synthesizer(190, 0.022, 0.8)),
        "impact": FoleySound(sound_effects.build_thump_synthesizer(62, 0.1, 0.8)),
        "boom": FoleySound(sound_effects.synthesize_explosion),
        "shot": FoleySound(sound_effects.synthesize_gunshot),
        "glass": FoleySound(sound_effects.synthesize_breaking_glass),
        "splash": FoleySound(sound_effects.synthesize_splash),
        "whoosh": FoleySound(sound_effects.synthesize_whoosh, gain_db=-3),
        "horn": FoleySound(
            sound_effects.build_horn_synthesizer(147.0, 1.8), spread=0.5, gain_db=-9
        ),
        "car horn": FoleySound(
            sound_effects.build_horn_synthesizer(415.0, 0.6), spread=0.6, gain_db=-8
        ),
        "whistle": FoleySound(sound_effects.synthesize_whistle, gain_db=-11),
        "rustle": FoleySound(sound_effects.synthesize_paper_rustle),
    }
)
