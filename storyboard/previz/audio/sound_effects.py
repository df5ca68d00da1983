"""Synthesizes each foley sound from a random stream: a mono wave at any scale."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from storyboard.previz.audio.noise import (
    RATE,
    Curve,
    Wave,
    apply_frequency_response,
    compute_highpass_response,
    compute_lowpass_response,
    compute_peak_response,
)

LONGEST_S = 6.0
"""No sound lasts longer."""


def _build_sample_times(seconds: float) -> Curve:
    return np.arange(int(seconds * RATE)) / RATE


def _compute_decay_envelope(t: Curve, half_life_s: float, attack_s: float = 0.001) -> Curve:
    return np.asarray(2.0 ** (-t / half_life_s) * np.minimum(1, t / attack_s))


def _synthesize_noise_burst(
    rng: np.random.Generator, seconds: float, low_hz: float, high_hz: float
) -> Wave:
    """White noise between two corner frequencies, RMS about 1."""
    wave = rng.standard_normal(int(seconds * RATE), dtype=np.float32)
    wave = apply_frequency_response(
        wave,
        lambda f: (
            compute_highpass_response(f, low_hz, 1.5) * compute_lowpass_response(f, high_hz, 1.5)
        ),
    )
    return wave / np.float32(np.std(wave) + 1e-9)


def _synthesize_struck_partials(
    t: Curve, partials: tuple[tuple[float, float, float], ...]
) -> Curve:
    """Decaying partials, each (Hz, amplitude, seconds to half)."""
    total: Curve = np.sum(
        [a * np.sin(2 * np.pi * hz * t) * _compute_decay_envelope(t, h) for hz, a, h in partials], 0
    )
    return total


def _synthesize_gliding_tone(hz: Curve) -> Curve:
    return np.asarray(np.sin(2 * np.pi * np.cumsum(hz) / RATE))


def _to_float32(samples: Curve) -> Wave:
    return np.asarray(samples, dtype=np.float32)


def build_thump_synthesizer(
    hz: float, half_life_s: float, click_gain: float = 0.3
) -> Callable[[np.random.Generator], Wave]:
    def synthesize_thump(rng: np.random.Generator) -> Wave:
        t = _build_sample_times(half_life_s * 9)
        pitch = hz * (0.93 + 0.14 * rng.random())
        body = _synthesize_gliding_tone(
            pitch * (1 + 0.8 * np.exp(-t / 0.03))
        ) * _compute_decay_envelope(t, half_life_s)
        click = _synthesize_noise_burst(rng, len(t) / RATE, 200, 3500)[
            : len(t)
        ] * _compute_decay_envelope(t, 0.012)
        return _to_float32(body + click_gain * click)

    return synthesize_thump


def build_bell_synthesizer(hz: float, half_life_s: float) -> Callable[[np.random.Generator], Wave]:
    # The partials of a church bell: hum, prime, tierce, quint, nominal and above.
    ratios = (0.5, 1.0, 1.19, 1.5, 2.0, 2.52, 3.01, 4.1)

    def synthesize_bell(rng: np.random.Generator) -> Wave:
        t = _build_sample_times(min(LONGEST_S, half_life_s * 7))
        return _to_float32(
            _synthesize_struck_partials(
                t,
                tuple(
                    (hz * r, 0.8 / (1 + i * 0.5), half_life_s / r**0.8)
                    for i, r in enumerate(ratios)
                ),
            )
        )

    return synthesize_bell


def synthesize_thunder(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(5.5)
    rolls = sum(
        rng.uniform(0.3, 1) * np.exp(-(((t - at) / rng.uniform(0.25, 0.7)) ** 2))
        for at in rng.uniform(0.3, 3.2, 6)
    )
    rumble = _synthesize_noise_burst(rng, 5.5, 28, 150) * (
        rolls + _compute_decay_envelope(t, 0.9, 0.05)
    )
    crack = (
        _synthesize_noise_burst(rng, 5.5, 300, 3200)
        * _compute_decay_envelope(t, 0.08, 0.004)
        * rng.uniform(0.1, 0.6)
    )
    return _to_float32((rumble + crack) * np.minimum(1, (5.5 - t) / 1.5))


def synthesize_gull_cries(rng: np.random.Generator) -> Wave:
    cries = []
    for _ in range(int(rng.integers(1, 5))):
        t = _build_sample_times(rng.uniform(0.22, 0.4))
        x = t / t[-1]
        hz = rng.uniform(900, 1150) * (1 + 0.45 * np.sin(np.pi * x**0.6) - 0.25 * x)
        turn = 2 * np.pi * np.cumsum(hz) / RATE
        rough = 1 + 0.3 * np.sin(2 * np.pi * 62 * t)
        cry = sum(np.sin(k * turn) / k**0.8 for k in (1, 2, 3, 4))
        cries += [
            cry * rough * np.sin(np.pi * x) ** 0.7,
            np.zeros(int(rng.uniform(0.04, 0.16) * RATE)),
        ]
    return _to_float32(np.concatenate(cries))


def synthesize_birdsong(rng: np.random.Generator) -> Wave:
    base, notes = rng.uniform(2600, 4300), []
    for _ in range(int(rng.integers(2, 8))):
        t = _build_sample_times(rng.uniform(0.05, 0.14))
        x = t / t[-1]
        hz = base * rng.uniform(0.85, 1.2) * (1 + rng.uniform(-0.25, 0.25) * x)
        hz = hz * (1 + 0.05 * np.sin(2 * np.pi * rng.uniform(18, 40) * t))
        notes += [
            _synthesize_gliding_tone(hz) * np.sin(np.pi * x) ** 0.8,
            np.zeros(int(rng.uniform(0.02, 0.1) * RATE)),
        ]
    return _to_float32(np.concatenate(notes))


def synthesize_owl_call(rng: np.random.Generator) -> Wave:
    calls = []
    for seconds in (0.35, 0.18, 0.6):
        t = _build_sample_times(seconds)
        calls += [
            _synthesize_gliding_tone(370 - 40 * t / seconds) * np.sin(np.pi * t / seconds),
            np.zeros(9000),
        ]
    return _to_float32(np.concatenate(calls))


def synthesize_cricket_chirp(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(0.24)
    pulses = np.clip(np.sin(2 * np.pi * 17 * t), 0, 1) ** 2
    return _to_float32(
        np.sin(2 * np.pi * rng.uniform(4200, 4700) * t) * pulses * np.sin(np.pi * t / 0.24)
    )


def synthesize_bark(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(0.22)
    hz = rng.uniform(380, 520) * (1.25 - 1.8 * t)
    turn = 2 * np.pi * np.cumsum(hz) / RATE
    bark = sum(np.sin(k * turn) / k**0.6 for k in range(1, 9)) + 1.5 * _synthesize_noise_burst(
        rng, 0.22, 400, 3000
    )
    return _to_float32(bark * _compute_decay_envelope(t, 0.05, 0.012))


def synthesize_footstep(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(0.22)
    heel = _synthesize_noise_burst(rng, 0.22, 90, 900) * _compute_decay_envelope(t, 0.018, 0.002)
    sole = np.roll(
        _synthesize_noise_burst(rng, 0.22, 500, 3800) * _compute_decay_envelope(t, 0.02, 0.006),
        int(0.07 * RATE),
    )
    return _to_float32(heel + rng.uniform(0.15, 0.4) * sole * (t > 0.07))


def synthesize_clock_tick(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(0.06)
    return _to_float32(
        _synthesize_struck_partials(t, ((2300, 0.7, 0.005), (3900, 0.5, 0.004), (1150, 0.4, 0.008)))
    )


def synthesize_heartbeat(rng: np.random.Generator) -> Wave:
    lub, dub = (
        build_thump_synthesizer(52, 0.035, 0.05)(rng),
        build_thump_synthesizer(64, 0.025, 0.05)(rng),
    )
    out = np.zeros(int(0.7 * RATE), dtype=np.float32)
    out[: len(lub)] += lub
    out[int(0.27 * RATE) :][: len(dub)] += np.float32(0.65) * dub
    return out


def synthesize_fire_crackle(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(0.03)
    return _to_float32(
        _synthesize_noise_burst(rng, 0.03, 900, 9000)
        * _compute_decay_envelope(t, rng.uniform(0.001, 0.004), 0.0003)
    )


def synthesize_water_drip(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(0.12)
    return _to_float32(
        _synthesize_gliding_tone(rng.uniform(700, 1300) * (1 + 5 * t))
        * _compute_decay_envelope(t, 0.014)
    )


def synthesize_rail_joint(rng: np.random.Generator) -> Wave:
    first, second = (
        build_thump_synthesizer(95, 0.03, 0.7)(rng),
        build_thump_synthesizer(88, 0.03, 0.6)(rng),
    )
    out = np.zeros(int(0.6 * RATE), dtype=np.float32)
    out[: len(first)] += first
    out[int(0.16 * RATE) :][: len(second)] += second
    return out


def synthesize_door_slam(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(0.7)
    slam = _synthesize_noise_burst(rng, 0.7, 45, 420) * _compute_decay_envelope(t, 0.05, 0.002)
    latch = _synthesize_struck_partials(t, ((1700, 0.25, 0.008), (2650, 0.2, 0.006)))
    rattle = np.roll(latch, int(0.045 * RATE)) * (t > 0.045)
    return _to_float32(slam + latch + 0.6 * rattle)


def synthesize_creak(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(1.3)
    rate = 34 + 30 * np.sin(np.pi * t / 1.3) + 6 * np.sin(2 * np.pi * 2.1 * t)
    pulses = np.maximum(0, _synthesize_gliding_tone(np.asarray(rate))) ** 12
    wood = apply_frequency_response(
        _to_float32(pulses),
        lambda f: compute_peak_response(f, 780, 0.12) + 0.6 * compute_peak_response(f, 1650, 0.1),
    )
    return _to_float32(wood * np.sin(np.pi * t / 1.3))


def synthesize_whoosh(rng: np.random.Generator) -> Wave:
    seconds = rng.uniform(0.6, 0.9)
    t = _build_sample_times(seconds)
    x = t / seconds
    low, high = (
        _synthesize_noise_burst(rng, seconds, 120, 700),
        _synthesize_noise_burst(rng, seconds, 900, 4200),
    )
    swell = np.exp(-(((x - 0.55) / 0.2) ** 2))
    return _to_float32(
        (low[: len(t)] * swell + 0.7 * high[: len(t)] * swell**2) * np.sin(np.pi * x)
    )


def synthesize_explosion(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(2.6)
    hit = _synthesize_gliding_tone(38 + 70 * np.exp(-t / 0.05)) * _compute_decay_envelope(t, 0.35)
    dust = _synthesize_noise_burst(rng, 2.6, 60, 1800) * (
        _compute_decay_envelope(t, 0.03) + 0.2 * _compute_decay_envelope(t, 0.4, 0.05)
    )
    return _to_float32(hit + 0.5 * dust)


def synthesize_gunshot(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(1.4)
    return _to_float32(
        _synthesize_noise_burst(rng, 1.4, 120, 7000)
        * (_compute_decay_envelope(t, 0.012, 0.0004) + 0.08 * _compute_decay_envelope(t, 0.18))
    )


def synthesize_breaking_glass(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(1.1)
    shards = np.zeros(len(t))
    for at in np.concatenate([[0.0], rng.exponential(0.12, 14)]):
        hz = rng.uniform(2800, 9000)
        late = np.maximum(0, t - at)
        shards += (
            (t >= at)
            * np.sin(2 * np.pi * hz * late)
            * _compute_decay_envelope(late, rng.uniform(0.01, 0.05))
        )
    return _to_float32(
        shards
        + 2 * _synthesize_noise_burst(rng, 1.1, 2500, 12000) * _compute_decay_envelope(t, 0.02)
    )


def synthesize_splash(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(1.2)
    return _to_float32(
        _synthesize_noise_burst(rng, 1.2, 350, 5200) * _compute_decay_envelope(t, 0.13, 0.02)
        + 0.4 * _synthesize_noise_burst(rng, 1.2, 90, 400) * _compute_decay_envelope(t, 0.07)
    )


def build_horn_synthesizer(hz: float, seconds: float) -> Callable[[np.random.Generator], Wave]:
    def synthesize_horn(rng: np.random.Generator) -> Wave:
        t = _build_sample_times(seconds)
        shape = np.minimum(1, np.minimum(t / 0.12, (seconds - t) / 0.35))
        return _to_float32(
            sum(
                np.sin(2 * np.pi * hz * k * t * (1 + 0.0015 * (k % 2))) / k**0.9
                for k in range(1, 12)
            )
            * shape
        )

    return synthesize_horn


def synthesize_phone_ring(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(1.6)
    clapper = np.clip(np.sin(2 * np.pi * 20 * t), 0, 1) ** 0.5
    return _to_float32(
        (np.sin(2 * np.pi * 1320 * t) + 0.8 * np.sin(2 * np.pi * 1680 * t)) * clapper
    )


def synthesize_siren(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(4.0)
    turn = 2 * np.pi * np.cumsum(720 + 260 * np.sin(2 * np.pi * 0.5 * t)) / RATE
    return _to_float32((np.sin(turn) + 0.3 * np.sin(2 * turn)) * np.sin(np.pi * t / 4.0))


def synthesize_whistle(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(0.9)
    air = 0.15 * _synthesize_noise_burst(rng, 0.9, 1500, 6000)
    return _to_float32(
        (_synthesize_gliding_tone(2150 + 60 * np.sin(2 * np.pi * 25 * t)) + air)
        * np.sin(np.pi * t / 0.9) ** 0.5
    )


def synthesize_paper_rustle(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(0.6)
    folds = sum(np.exp(-(((t - at) / 0.03) ** 2)) for at in rng.uniform(0.05, 0.5, 7))
    return _to_float32(_synthesize_noise_burst(rng, 0.6, 1500, 9000) * folds)


def synthesize_key_press(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(0.07)
    return _to_float32(
        _synthesize_noise_burst(rng, 0.07, 700, 6000) * _compute_decay_envelope(t, 0.006)
        + _synthesize_struck_partials(t, ((420, 0.5, 0.01),))
    )


def synthesize_hoofbeat(rng: np.random.Generator) -> Wave:
    t = _build_sample_times(0.12)
    return _to_float32(
        _synthesize_struck_partials(
            t, ((620 * rng.uniform(0.9, 1.1), 1, 0.012), (1240, 0.4, 0.007))
        )
    )
