"""Background music from a description: chords, a bass and a sparse melody, in a steady tempo.

Like every sound here it depends on the clock. It should be pleasant and unobtrusive.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from storyboard.previz.audio.foley import add_wave_into, pan_to_stereo
from storyboard.previz.audio.noise import RATE, Wave, compute_lowpass_response, seed_random_stream

_MINOR = ((0, 5, 2, 6), (0, 3, 5, 4), (0, 5, 3, 4), (0, 2, 3, 4))
_MAJOR = ((0, 4, 5, 3), (0, 5, 3, 4), (0, 2, 3, 4), (0, 3, 0, 4))
_SCALES = {True: (0, 2, 3, 5, 7, 8, 10), False: (0, 2, 4, 5, 7, 9, 11)}
_BEATS = 4
_LONGEST_NOTE_S = 4.5
_LEVEL = 0.8
_HARMONY_LEVEL, _BASS_LEVEL, _ARPEGGIO_LEVEL, _MELODY_LEVEL = 0.085, 0.24, 0.2, 0.34
"""Level of a note of the harmony, the bass, the broken chords and the melody."""


@dataclass(frozen=True, slots=True)
class MusicStyle:
    """The style that a description asks for."""

    tempo: float
    """Beats per minute."""
    minor: bool
    chords: str
    """Instrument of the harmony: `pad`, `strings`, `organ`, `piano`, `guitar`."""
    lead: str
    busy: float
    """Density of the melody, 0..1."""


@dataclass(frozen=True, slots=True)
class Note:
    at_s: float
    length_s: float
    pitch: int
    """MIDI number; 69 is 440 Hz."""
    force: float
    instrument: str
    pan: float


def render_endless_music(style_words: str, seconds: float, seed: int, start_s: float = 0.0) -> Wave:
    """`seconds` of music in the style of `style_words`, stereo (n, 2) at 48 kHz, about -16 LUFS.

    It never ends. Pieces with the same seed and description that meet in time join.
    """
    style = parse_music_style(style_words)
    start, n = round(start_s * RATE), round(seconds * RATE)
    out = np.zeros((n, 2), dtype=np.float32)
    bar_s = _BEATS * 60 / style.tempo
    # Include earlier bars whose notes may still sound at the start.
    first = max(0, int((start_s - _LONGEST_NOTE_S - bar_s) // bar_s))
    for bar in range(first, int((start_s + seconds) // bar_s) + 1):
        for note in _compose_bar_notes(style, style_words, seed, bar, bar * bar_s):
            wave = _synthesize_note(note.instrument, note.pitch, round(note.length_s, 3))
            add_wave_into(
                out,
                pan_to_stereo(wave, note.pan),
                round(note.at_s * RATE) - start,
                note.force * _LEVEL,
            )
    return out


def parse_music_style(words: str) -> MusicStyle:
    """Tempo, mode and instruments that the description names or suggests."""

    def has_words(pattern: str) -> bool:
        return re.search(rf"\b({pattern})", words, re.I) is not None

    tempo = 76.0
    if has_words("slow|sad|calm|gentle|dark|ambient|lullaby|elegiac|adagio|soft"):
        tempo = 62.0
    if has_words("fast|quick|driving|chase|lively|upbeat|action|presto|allegro"):
        tempo = 118.0
    bright = has_words("major|happy|bright|hopeful|joy|warm|upbeat|sunny|triumph|playful|lullaby")
    minor = has_words("minor") or not bright
    instruments = [name for name, pattern in _NAMES if has_words(pattern)]
    chords = next(
        (name for name in instruments if name in ("strings", "organ", "pad", "guitar")), "pad"
    )
    lead = next((name for name in instruments if name in ("piano", "box", "guitar")), "piano")
    busy = 0.75 if tempo > 100 else 0.4
    return MusicStyle(
        tempo, minor, chords, lead, 0.2 if has_words("sparse|minimal|drone|ambient") else busy
    )


_NAMES = (
    ("strings", "string|violin|cello|orchestra|cinematic|epic"),
    ("organ", "organ|church|choir"),
    ("guitar", "guitar|harp|lute|ukulele"),
    ("box", "music box|glockenspiel|celesta|toy|bells"),
    ("piano", "piano|keys"),
    ("pad", "pad|synth|ambient|drone|electronic"),
)


def _compose_bar_notes(
    style: MusicStyle, seed_words: str, seed: int, bar_index: int, bar_start_s: float
) -> list[Note]:
    """The notes that start in one bar: a held chord, its bass, the broken chord, and a melody."""
    # The key, chords and pattern belong to the piece; only the melody depends on the bar.
    piece_rng = seed_random_stream(seed, "music", seed_words)
    root = 45 + int(piece_rng.integers(0, 8))
    turns = _MINOR if style.minor else _MAJOR
    degrees = turns[int(piece_rng.integers(len(turns)))]
    figure = piece_rng.permutation([0, 1, 2, 1])
    degree = degrees[bar_index % len(degrees)]
    rng = seed_random_stream(seed, "melody", f"{seed_words} {bar_index}")
    beat_s = 60 / style.tempo
    bar_s = _BEATS * beat_s

    def to_midi_pitch(step: int) -> int:
        octave, place = divmod(step, 7)
        return root + 12 * octave + _SCALES[style.minor][place]

    triad = [to_midi_pitch(degree + interval) for interval in (0, 2, 4)]
    bass = triad[0] - 12 if triad[0] > 50 else triad[0]
    middle = [note + 12 if note < 55 else note for note in triad]
    notes = [Note(bar_start_s, bar_s, bass, _BASS_LEVEL, "bass", 0.0)]
    for note, pan in zip(middle, (-0.4, 0.1, 0.45), strict=True):
        notes.append(Note(bar_start_s, bar_s + 0.5, note, _HARMONY_LEVEL, style.chords, pan))
    for half in range(_BEATS * 2):  # in quavers, softer off the beat
        note = middle[int(figure[half % 4])] + (12 if half % 4 == 3 else 0)
        force = _ARPEGGIO_LEVEL * (0.65 if half % 2 else 1) * rng.uniform(0.85, 1.15)
        begin = bar_start_s + half * beat_s / 2 + rng.uniform(0, 0.012)
        notes.append(Note(begin, 2.4, note, force, style.lead, -0.15))
    for beat in range(_BEATS):
        chance = style.busy * (0.8 if beat else 1.3)
        step = degree + int(rng.choice([0, 2, 4, 7, 1 if beat % 2 else 4]))
        if rng.random() < chance and bar_index % 4 != 3:  # every fourth bar rests
            begin = bar_start_s + beat * beat_s + rng.uniform(0, 0.02)
            notes.append(Note(begin, 3.2, to_midi_pitch(step) + 24, _MELODY_LEVEL, style.lead, 0.2))
    return notes


@lru_cache(maxsize=48)
def _synthesize_note(instrument: str, midi_pitch: int, length_s: float) -> Wave:
    wave = _INSTRUMENTS[instrument](440 * 2 ** ((midi_pitch - 69) / 12), length_s)
    return wave / np.float32(max(1e-6, float(np.abs(wave).max())))


def _synthesize_struck_tone(
    hz: float, length_s: float, half_life_s: float, brightness: float, inharmonicity: float
) -> Wave:
    """Partials that decay, higher ones faster, slightly sharp like those of a stiff string."""
    wave = np.zeros(int(min(_LONGEST_NOTE_S, length_s) * RATE), dtype=np.float32)
    for k in range(1, 11):
        partial = hz * k * np.sqrt(1 + inharmonicity * k * k)
        if partial > 7000:
            break
        half = half_life_s * (220 / hz) ** 0.5 / k**0.75
        t = np.arange(min(len(wave), int(9 * half * RATE))) / RATE
        gain = brightness ** (k - 1) / k**0.6
        tone = np.sin((2 * np.pi * (partial * t % 1.0)).astype(np.float32))
        wave[: len(t)] += np.float32(gain) * tone * np.exp2(-t / half).astype(np.float32)
    _fade_ends(wave, 0.003, 0.25)
    return wave


def _synthesize_sustained_tone(
    hz: float, length_s: float, attack_s: float, brightness: float, detune_share: float
) -> Wave:
    """Partials that swell and fade, each doubled slightly out of tune."""
    t = np.arange(int(length_s * RATE)) / RATE
    wave = np.zeros(len(t), dtype=np.float32)
    for k in range(1, 9):
        if hz * k > 5000:
            break
        gain = (
            brightness ** (k - 1)
            / k
            * float(compute_lowpass_response(np.array([hz * k]), 1800.0)[0])
        )
        for detune in (1 - detune_share, 1 + detune_share):
            turn = hz * k * detune * t + 0.37 * k
            wave += np.float32(gain) * np.sin((2 * np.pi * (turn % 1.0)).astype(np.float32))
    _fade_ends(wave, attack_s, 0.5)
    return wave


def _fade_ends(wave: Wave, fade_in_s: float, fade_out_s: float) -> None:
    up, down = (min(len(wave) // 2, int(s * RATE)) for s in (fade_in_s, fade_out_s))
    wave[:up] *= (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, up))).astype(np.float32)
    wave[len(wave) - down :] *= (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, down))).astype(np.float32)


_INSTRUMENTS: dict[str, Callable[[float, float], Wave]] = {
    "piano": lambda hz, s: _synthesize_struck_tone(hz, s, 0.55, 0.62, 0.0004),
    "guitar": lambda hz, s: _synthesize_struck_tone(hz, s, 0.35, 0.74, 0.0001),
    "box": lambda hz, s: _synthesize_struck_tone(hz * 2, s, 0.6, 0.35, 0.02),
    "bass": lambda hz, s: _synthesize_struck_tone(hz, s, 0.9, 0.5, 0.0),
    "pad": lambda hz, s: _synthesize_sustained_tone(hz, s, 0.7, 0.6, 0.0016),
    "strings": lambda hz, s: _synthesize_sustained_tone(hz, s, 0.45, 0.85, 0.0024),
    "organ": lambda hz, s: _synthesize_sustained_tone(hz, s, 0.06, 0.8, 0.0004),
}
