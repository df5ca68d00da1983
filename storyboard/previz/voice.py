"""A wordless voice: lines as murmur, in their own rhythm, pitch and pauses, with a mouth to match.

A train of glottal pulses sets off grains that ring at the formants of each syllable's vowel.
Nobody can understand it, and everybody hears who speaks, when, and in what mood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from storyboard.previz.noise import RATE, Wave, highpass, lowpass, random_stream, shaped
from storyboard.previz.syllables import Syllable, scheduled, syllables
from storyboard.providers.base import Figure, SpokenLine


@dataclass(frozen=True, slots=True)
class Voice:
    """How a speaker sounds."""

    pitch_hz: float = 150.0
    size: float = 1.0
    """Factor on the formants: a child's short throat is above 1."""
    breath: float = 0.06
    """Share of air in the tone; 1 whispers."""
    gain_db: float = 0.0
    lively: float = 1.0
    """How far its melody moves."""


def voice_of(speaker: str, *hints: str, how: str = "") -> Voice:
    """The steady voice of `speaker`: from the first hint that names one, else from the name."""
    drawn = random_stream(0, "voice", speaker.casefold()).random(3)
    known = next(
        (voice for hint in hints for pattern, voice in _VOICES if pattern.search(hint)), None
    )
    if known is None:
        known = _UNNAMED[int(drawn[0] * len(_UNNAMED))]
    voice = replace(
        known,
        pitch_hz=known.pitch_hz * (0.95 + 0.1 * drawn[1]),
        size=known.size * (0.98 + 0.04 * drawn[2]),
    )
    for pattern, gain_db, pitch, breath, lively in _MANNERS:
        if pattern.search(how):
            voice = replace(
                voice,
                gain_db=voice.gain_db + gain_db,
                pitch_hz=voice.pitch_hz * pitch,
                breath=max(voice.breath, breath),
                lively=voice.lively * lively,
            )
    return voice


def spoken(line: SpokenLine, seconds: float, voice: Voice) -> Wave:
    """The line as mono sound; slightly longer than `seconds`, for its last breath."""
    beats = syllables(line.words, seconds)
    n = int((seconds + 0.15) * RATE)
    if not beats:
        return np.zeros(n, dtype=np.float32)
    rng = random_stream(0, line.speaker, line.words)
    times, loud, _ = _envelope(beats)
    whispered = voice.breath >= 1
    moments = (
        np.sort(rng.random(int(seconds * 520))) * seconds
        if whispered
        else _pulses(beats, seconds, voice, rng)
    )
    force = np.interp(moments, times, loud).astype(np.float32)
    force *= (
        rng.uniform(-1, 1, len(moments)) if whispered else 1 + 0.05 * rng.normal(size=len(moments))
    )
    wave = _grains(moments, force.astype(np.float32), beats, voice, n)
    _consonants(wave, beats, rng, 1.4 if whispered else 0.5)
    if not whispered and voice.breath > 0:
        t = np.arange(n) / RATE
        air = shaped(
            rng.standard_normal(n, dtype=np.float32),
            lambda f: highpass(f, 700) * lowpass(f, 4200),
        )
        wave += np.float32(voice.breath * 0.35) * air * np.interp(t, times, loud).astype(np.float32)
    active = sum(beat.end_s - beat.start_s for beat in beats)
    rms = np.sqrt(float(np.sum(np.square(wave, dtype=np.float64))) / max(1.0, active * RATE))
    return wave * np.float32(10 ** ((_LEVEL_DB + voice.gain_db) / 20) / max(rms, 1e-9))


def murmur(line: SpokenLine, seconds: float, cast: Mapping[str, Figure]) -> Wave:
    """What is heard of a line: the speaker's voice, through a wall or a wire where it is off."""
    figure = cast.get(line.speaker)
    hints = (line.voice, figure.voice, figure.description) if figure else (line.voice,)
    wave = spoken(line, seconds, voice_of(line.speaker, *hints, how=line.how))
    if _WIRE.search(line.how):
        return shaped(wave, lambda f: 1.5 * highpass(f, 420, 3) * lowpass(f, 3000, 4))
    if line.off:
        return shaped(wave, lambda f: 0.8 * highpass(f, 240, 2) * lowpass(f, 2300, 2))
    return wave


def mouth_openness(
    lines: Sequence[SpokenLine], frames: int, fps: float
) -> dict[str, NDArray[np.float32]]:
    """How far each visible speaker's mouth is open, 0..1 per frame (frames,), in time with
    `murmur`; voices that are off move no lips.
    """
    at = (np.arange(frames) + 0.5) / fps
    mouths: dict[str, NDArray[np.float32]] = {}
    for line, seconds in scheduled(lines):
        beats = syllables(line.words, seconds)
        if line.off or not beats:
            continue
        times, _, open_ = _envelope(beats)
        width = np.interp(at - line.at_s, times, open_, left=0, right=0).astype(np.float32)
        if _WHISPER.search(line.how):
            width *= np.float32(0.6)
        mouths[line.speaker] = np.maximum(mouths.get(line.speaker, width), width)
    return mouths


def _envelope(
    beats: Sequence[Syllable],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Breakpoints of a line: seconds, loudness, and how far the mouth is open."""
    points: list[tuple[float, float, float]] = [(beats[0].start_s - 0.02, 0.0, 0.0)]
    for beat, after in zip(beats, [*beats[1:], None], strict=True):
        length = beat.end_s - beat.start_s
        voiced, closed = _ONSETS[beat.onset][:2]
        width = _VOWELS[beat.vowel][1]
        points.append((beat.start_s + 0.12 * length, voiced, closed * width))
        points.append((beat.start_s + 0.38 * length, beat.stress, width))
        points.append((beat.start_s + 0.72 * length, 0.85 * beat.stress, 0.85 * width))
        gap = after.start_s - beat.end_s if after else 1.0
        rest = 0.0 if gap > 0.12 else 0.3
        points.append((beat.end_s, rest, rest * width))
        if gap > 0.12 and after:
            points.append((after.start_s - 0.02, 0.0, 0.0))
    points.append((beats[-1].end_s + 0.05, 0.0, 0.0))
    ordered = sorted(points)
    times, loud, width_ = (np.array(column) for column in zip(*ordered, strict=True))
    return times, loud, width_


def _pulses(
    beats: Sequence[Syllable], seconds: float, voice: Voice, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Moments of the glottal pulses, seconds."""
    grid = np.arange(0, seconds + 0.1, 0.002)
    middles = [(beat.start_s + beat.end_s) / 2 for beat in beats]
    bend = [1 + (beat.pitch - 1) * voice.lively for beat in beats]
    # A drift and a tremor keep it from sounding like a machine.
    tremor = 1 + 0.012 * np.sin(2 * np.pi * 5.1 * grid + rng.random() * 6)
    wander = 1 + 0.02 * np.interp(grid, np.linspace(0, seconds + 0.1, 12), rng.normal(size=12))
    pitch = voice.pitch_hz * np.interp(grid, middles, bend) * tremor * wander
    phase = np.concatenate([[0.0], np.cumsum((pitch[1:] + pitch[:-1]) / 2 * 0.002)])
    pulses: NDArray[np.float64] = np.interp(np.arange(int(phase[-1])), phase, grid)
    return pulses


def _grains(
    moments: NDArray[np.float64],
    force: Wave,
    beats: Sequence[Syllable],
    voice: Voice,
    n: int,
) -> Wave:
    """At each moment the ringing of the throat at its formants of that moment."""
    keep = force != 0
    moments, force = moments[keep], force[keep]
    centres = [beat.start_s + 0.5 * (beat.end_s - beat.start_s) for beat in beats]
    places = moments * RATE
    whole = np.ceil(places).astype(np.int64)
    late = ((whole - places) / RATE)[:, None]
    grains = np.zeros((len(moments), _GRAIN), dtype=np.float32)
    for number, (width_hz, gain) in enumerate(_FORMANTS):
        targets = [_VOWELS[beat.vowel][0][number] * voice.size for beat in beats]
        hz = np.interp(moments, centres, targets)[:, None]
        rate = (-np.pi * width_hz + 2j * np.pi * hz) / RATE
        # z**m as z**(32 q) * z**r: two small tables instead of one exponential a sample.
        coarse = np.exp(rate * (late * RATE + 32 * np.arange(_GRAIN // 32)))
        fine = np.exp(rate * np.arange(32))
        table = coarse.astype(np.complex64)[:, :, None] * fine.astype(np.complex64)[:, None, :]
        grains += np.float32(gain) * table.imag.reshape(len(moments), _GRAIN)
    grains *= force[:, None] * _TAPER
    wave = np.zeros(n + _GRAIN, dtype=np.float32)
    for at, grain in zip(whole.tolist(), grains, strict=True):
        if at < n:
            wave[at : at + _GRAIN] += grain
    return wave[:n]


def _consonants(
    wave: Wave, beats: Sequence[Syllable], rng: np.random.Generator, gain: float
) -> None:
    """Adds the air of hisses and stops before their vowels."""
    for beat in beats:
        _, _, seconds, low, high, level = _ONSETS[beat.onset]
        if not seconds:
            continue
        n = int(seconds * RATE)
        at = max(0, int((beat.start_s - 0.25 * seconds) * RATE))
        burst = shaped(
            rng.standard_normal(n, dtype=np.float32),
            lambda f, low=low, high=high: highpass(f, low, 2) * lowpass(f, high, 2),  # type: ignore[misc]
        )
        burst *= np.hanning(n).astype(np.float32) * np.float32(level * gain)
        end = min(len(wave), at + n)
        wave[at:end] += burst[: end - at]


_LEVEL_DB = -23.5
_GRAIN = 704
_TAPER = np.minimum(1, np.minimum(np.arange(_GRAIN) / 24, (_GRAIN - np.arange(_GRAIN)) / 200))
_TAPER = _TAPER.astype(np.float32)
_FORMANTS = ((85.0, 1.0), (110.0, 0.42), (150.0, 0.16), (220.0, 0.07))
"""Bandwidth (Hz) and gain of each formant."""
_VOWELS: Mapping[str, tuple[tuple[float, float, float, float], float]] = {
    "a": ((730, 1180, 2500, 3500), 1.0),
    "e": ((520, 1750, 2500, 3500), 0.65),
    "i": ((330, 2150, 2850, 3600), 0.4),
    "o": ((500, 900, 2450, 3400), 0.75),
    "u": ((340, 820, 2300, 3300), 0.35),
}
"""Formants (Hz) of a grown voice, and how far the mouth opens."""
_ONSETS: Mapping[str, tuple[float, float, float, float, float, float]] = {
    "": (0.6, 0.6, 0, 0, 0, 0),
    "soft": (0.45, 0.4, 0, 0, 0, 0),
    "lips": (0.2, 0.0, 0.02, 200, 1500, 0.2),
    "stop": (0.05, 0.25, 0.025, 1800, 6000, 0.35),
    "hiss": (0.08, 0.2, 0.085, 3800, 9500, 0.22),
}
"""Voice and mouth while it sounds (0..1), then its air: seconds, corners (Hz), level."""
_WHISPER = re.compile(r"whisper|under (his|her|their) breath", re.I)
_WIRE = re.compile(r"phone|radio|intercom|speaker|megaphone|recording|\btv\b|walkie", re.I)


def _voice(
    words: str, pitch: float, size: float, breath: float = 0.06
) -> tuple[re.Pattern[str], Voice]:
    return re.compile(rf"\b({words})\b", re.I), Voice(pitch, size, breath)


_VOICES = (
    _voice("child|kid|little (girl|boy)|toddler|infant", 285, 1.28),
    _voice("boy", 245, 1.2),
    _voice("girl|treble", 262, 1.22),
    _voice("soprano", 228, 1.17),
    _voice("mezzo", 204, 1.14),
    _voice("contralto", 172, 1.1, 0.1),
    _voice("alto", 186, 1.12),
    _voice("counter ?tenor", 190, 1.02),
    _voice("tenor", 138, 0.99),
    _voice("baritone", 112, 0.95),
    _voice("bass|deep|gravel|giant", 86, 0.9),
    _voice("old (woman|lady)|elderly woman|grandmother|granny", 178, 1.08, 0.22),
    _voice("(?<!years )old|elderly|grandfather|hoarse|raspy", 118, 0.94, 0.24),
    _voice("robot|android|computer", 110, 1.0, 0.0),
    _voice("woman|female|lady|mother|she|her|sister|queen", 198, 1.13),
    _voice("man|male|gentleman|father|he|his|brother|king", 118, 0.96),
)
_UNNAMED = (
    Voice(104, 0.94),
    Voice(122, 0.97),
    Voice(142, 1.0),
    Voice(178, 1.09),
    Voice(198, 1.13),
    Voice(222, 1.16),
)
_MANNERS = (
    (_WHISPER, -9.0, 1.0, 1.0, 1.0),
    (
        re.compile(r"soft|quiet|gentl|low|half to|mutter|mumbl|sigh|tired|sad", re.I),
        -5.0,
        0.95,
        0.14,
        0.75,
    ),
    (re.compile(r"shout|yell|scream|loud|furious|call(s|ing)", re.I), 4.5, 1.3, 0.08, 1.5),
    (re.compile(r"angr|urgent|excit|happ|laugh|bright", re.I), 2.0, 1.1, 0.06, 1.4),
    (re.compile(r"flat|cold|monoton|deadpan", re.I), 0.0, 0.97, 0.0, 0.3),
)
