"""The sound of a previz take: voices over beds and struck sounds, on the world clock.

Every gain is fixed, never measured on the piece at hand, so that a take and its extension meet
without a step. Left alone a take lies near -23 LUFS, with room above.
"""

from __future__ import annotations

import numpy as np

from storyboard.model.film import Line
from storyboard.previz.audio import music
from storyboard.previz.audio.ambience import BEDS
from storyboard.previz.audio.ambience import render_bed as ambience_bed
from storyboard.previz.audio.foley import (
    FOLEY,
    mix_into,
    pan_to_stereo,
    render_one_shot,
    render_repeating,
)
from storyboard.previz.audio.noise import RATE, Wave
from storyboard.previz.audio.sound_words import MUSIC, SoundSource, find_named_sounds, find_sounds
from storyboard.previz.audio.syllables import schedule_lines
from storyboard.previz.audio.voice import murmur_line
from storyboard.providers.base import Request, SpokenLine

_BED_DB = -4.0
_RETURNING_DB = -21.0
_ONCE_DB = -13.0
_MUSIC_DB = -6.0
_UNDER_SPEECH_DB = -5.0
_MASTERED_DB = 7.0
"""From the -23 LUFS of a bed to the -16 of a mastered recording."""
_AS_MUSIC = "music: "
_KNEE = 0.6


def render_soundtrack(
    request: Request, *, seconds: float, start_s: float, seed: int | None = None
) -> Wave:
    """Stereo (n, 2) at 48 kHz of `seconds` of the request's new material.

    `start_s` is the world clock at its first sample: beds and returning sounds are functions of
    it, so an extension that is given its source's clock and `seed` (default: the request's) goes
    on without a jump. Lines and single sounds count from the piece's own start and die away
    within it. Silence where the request says no audio.
    """
    n = round(seconds * RATE)
    out = np.zeros((n, 2), dtype=np.float32)
    if not n or not request.settings.audio:
        return out
    start = round(start_s * RATE)
    if seed is None:
        seed = request.settings.seed or 0
    sources = find_sounds(request.intent)
    for source in sources:
        if source.is_continuous:
            out += _render_continuous(source, seed, start, n)
    voices, ducking = _render_voices(request, n)
    if ducking is not None:
        out *= ducking[:, None]
    out += voices
    out += _render_one_shots([source for source in sources if source.is_one_shot], seed, start, n)
    return _limit_peaks(out)


def render_bed(words: str, seconds: float, seed: int, start_s: float = 0.0) -> Wave:
    """A sound in words as a bed of its own, stereo (n, 2) at 48 kHz.

    Words that begin with `music: ` are played as music, others as what they name, or as room tone
    where nothing is known. As loud as a mastered recording (about -16 LUFS), so that one `gain_db`
    means the same for a bed that is made and for a file. A function of the clock: pieces that
    meet in time join.
    """
    if words.startswith(_AS_MUSIC):
        return _limit_peaks(music.render_bed(words.removeprefix(_AS_MUSIC), seconds, seed, start_s))
    start, n = round(start_s * RATE), round(seconds * RATE)
    out = np.zeros((n, 2), dtype=np.float32)
    lasting_names = [
        n for n in find_named_sounds(words, closely=True) if n not in FOLEY or FOLEY[n].every_s
    ]
    names = lasting_names or ["room"]
    share = _to_gain(_MASTERED_DB - 10 * np.log10(len(names)))
    for name in names:
        if name == MUSIC:
            out += _to_gain(-10 * np.log10(len(names))) * music.render_bed(
                words, seconds, seed, start_s
            )
        elif name in BEDS:
            out += share * ambience_bed(name, seed, start, n)
        else:
            out += _to_gain(_RETURNING_DB + _MASTERED_DB + 3) * render_repeating(
                name, seed, start, n
            )
    return _limit_peaks(out)


def speak_line(line: Line, voice: str = "") -> Wave:
    """A line of the film that no take speaks, murmured in a little room: stereo (n, 2) at 48 kHz.

    `voice` is the cast's words for the speaker's voice.
    """
    spoken_line = SpokenLine(line.speaker, line.words, 0.0, line.how, line.off, voice)
    ((_, seconds),) = schedule_lines([spoken_line])
    mono = murmur_line(spoken_line, seconds, {})
    out = np.zeros((len(mono) + RATE // 20, 2), dtype=np.float32)
    _add_with_reflections(out, mono, 0, 0.0, wet=1.0)
    return _limit_peaks(out)


def _render_continuous(source: SoundSource, seed: int, start: int, n: int) -> Wave:
    if source.name == MUSIC:
        piece = music.render_bed(source.words, n / RATE, seed, start / RATE)
        return _to_gain(source.gain_db + _MUSIC_DB - _MASTERED_DB) * piece
    if source.name in BEDS:
        return _to_gain(source.gain_db + _BED_DB) * ambience_bed(source.name, seed, start, n)
    return _to_gain(source.gain_db + _RETURNING_DB + 8) * render_repeating(
        source.name, seed, start, n
    )


def _render_one_shots(cues: list[SoundSource], seed: int, start: int, n: int) -> Wave:
    """Sounds that happen once, spread over the piece in the order of their cues."""
    out = np.zeros((n, 2), dtype=np.float32)
    for place, cue in enumerate(cues):
        share = (place + 0.5) / len(cues)
        wave = render_one_shot(cue.name, seed, start)
        mix_into(out, wave, int(share * n), float(_to_gain(cue.gain_db + _ONCE_DB)))
    return out * _build_end_ramp(n)[:, None]


def _render_voices(request: Request, n: int) -> tuple[Wave, Wave | None]:
    """All lines in a little room, and the gain of everything else while they sound."""
    out = np.zeros((n, 2), dtype=np.float32)
    intent = request.intent
    cast = {figure.name: figure for figure in intent.cast}
    people = [figure.name for figure in intent.cast if figure.kind == "character"]
    spans = []
    for line, seconds in schedule_lines(intent.dialogue):
        mono = murmur_line(line, seconds, cast)
        pan = 0.0
        if line.speaker in people and len(people) > 1 and not line.off:
            pan = 0.35 * (2 * people.index(line.speaker) / (len(people) - 1) - 1)
        _add_with_reflections(out, mono, round(line.at_s * RATE), pan, wet=1.7 if line.off else 1.0)
        spans.append((line.at_s, line.at_s + seconds))
    if not spans:
        return out, None
    return out * _build_end_ramp(n)[:, None], _compute_ducking(spans, n)


def _add_with_reflections(out: Wave, mono: Wave, at: int, pan: float, *, wet: float) -> None:
    """Adds a voice and what its nearest walls send back."""
    mix_into(out, pan_to_stereo(mono, pan), at)
    for delay_ms, side, gain in _REFLECTIONS:
        mix_into(out, pan_to_stereo(mono, side), at + delay_ms * RATE // 1000, wet * gain)


def _compute_ducking(spans: list[tuple[float, float]], n: int) -> Wave:
    """1 outside the lines and at both ends of the piece, lower under speech, with soft slopes."""
    t = np.arange(n, dtype=np.float32) / RATE
    depth = np.zeros(n, dtype=np.float32)
    for begin, end in spans:
        slope = np.minimum((t - begin + 0.15) / 0.15, (end + 0.3 - t) / 0.3)
        np.maximum(depth, slope, out=depth)
    ends = np.minimum(t, n / RATE - t) / 0.15
    depth = np.clip(np.minimum(depth, ends), 0, 1)
    depth = depth * depth * (3 - 2 * depth)
    return 1 - depth * np.float32(1 - _to_gain(_UNDER_SPEECH_DB))


def _build_end_ramp(n: int) -> Wave:
    """One, and a ramp to nothing over the last hundredth of a second."""
    ramp = np.ones(n, dtype=np.float32)
    edge = min(RATE // 100, n)
    ramp[n - edge :] = np.linspace(1, 0, edge, dtype=np.float32)
    return ramp


def _limit_peaks(wave: Wave) -> Wave:
    """Bends what would pass full scale, sample by sample, so that seams stay exact."""
    over = np.abs(wave) > _KNEE
    if over.any():
        high = np.abs(wave[over])
        room = 0.97 - _KNEE
        wave[over] = np.sign(wave[over]) * (_KNEE + room * np.tanh((high - _KNEE) / room))
    return wave


def _to_gain(db: float) -> np.float32:
    return np.float32(10 ** (db / 20))


_REFLECTIONS = ((11, -0.7, 0.16), (17, 0.8, 0.13), (29, 0.3, 0.09), (41, -0.5, 0.07))
"""The nearest walls: delay (ms), side, gain."""
