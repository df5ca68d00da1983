"""The sound of a previz take: voices over beds and struck sounds, on the world clock.

Every gain is fixed, never measured on the piece at hand, so that a take and its extension meet
without a step. Left alone a take lies near -23 LUFS, with room above.
"""

from __future__ import annotations

import numpy as np

from storyboard.film import Line
from storyboard.previz import music
from storyboard.previz.ambience import BEDS
from storyboard.previz.ambience import bed as ambience_bed
from storyboard.previz.foley import FOLEY, add, panned, returning, strike
from storyboard.previz.hearing import MUSIC, Heard, hears, named
from storyboard.previz.noise import RATE, Wave
from storyboard.previz.syllables import scheduled
from storyboard.previz.voice import murmur
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


def soundtrack(
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
    heard = hears(request.intent)
    for each in heard:
        if each.continues:
            out += _continuing(each, seed, start, n)
    voices, speaking = _voices(request, n)
    if speaking is not None:
        out *= speaking[:, None]
    out += voices
    out += _single([each for each in heard if each.struck], seed, start, n)
    return _kept_below(out)


def bed(words: str, seconds: float, seed: int, start_s: float = 0.0) -> Wave:
    """A sound in words as a bed of its own, stereo (n, 2) at 48 kHz.

    Words that begin with `music: ` are played as music, others as what they name, or as room tone
    where nothing is known. As loud as a mastered recording (about -16 LUFS), so that one `gain_db`
    means the same for a bed that is made and for a file. A function of the clock: pieces that
    meet in time join.
    """
    if words.startswith(_AS_MUSIC):
        return _kept_below(music.bed(words.removeprefix(_AS_MUSIC), seconds, seed, start_s))
    start, n = round(start_s * RATE), round(seconds * RATE)
    out = np.zeros((n, 2), dtype=np.float32)
    lasting = [n for n in named(words, closely=True) if n not in FOLEY or FOLEY[n].every_s]
    names = lasting or ["room"]
    share = _gain(_MASTERED_DB - 10 * np.log10(len(names)))
    for name in names:
        if name == MUSIC:
            out += _gain(-10 * np.log10(len(names))) * music.bed(words, seconds, seed, start_s)
        elif name in BEDS:
            out += share * ambience_bed(name, seed, start, n)
        else:
            out += _gain(_RETURNING_DB + _MASTERED_DB + 3) * returning(name, seed, start, n)
    return _kept_below(out)


def speak(line: Line, voice: str = "") -> Wave:
    """A line of the film that no take speaks, murmured in a little room: stereo (n, 2) at 48 kHz.

    `voice` is the cast's words for the speaker's voice.
    """
    alone = SpokenLine(line.speaker, line.words, 0.0, line.how, line.off, voice)
    ((_, seconds),) = scheduled([alone])
    mono = murmur(alone, seconds, {})
    out = np.zeros((len(mono) + RATE // 20, 2), dtype=np.float32)
    _in_a_room(out, mono, 0, 0.0, wet=1.0)
    return _kept_below(out)


def _continuing(each: Heard, seed: int, start: int, n: int) -> Wave:
    if each.name == MUSIC:
        piece = music.bed(each.words, n / RATE, seed, start / RATE)
        return _gain(each.gain_db + _MUSIC_DB - _MASTERED_DB) * piece
    if each.name in BEDS:
        return _gain(each.gain_db + _BED_DB) * ambience_bed(each.name, seed, start, n)
    return _gain(each.gain_db + _RETURNING_DB + 8) * returning(each.name, seed, start, n)


def _single(cues: list[Heard], seed: int, start: int, n: int) -> Wave:
    """Sounds that happen once, spread over the piece in the order of their cues."""
    out = np.zeros((n, 2), dtype=np.float32)
    for place, cue in enumerate(cues):
        share = (place + 0.5) / len(cues)
        wave = strike(cue.name, seed, start)
        add(out, wave, int(share * n), float(_gain(cue.gain_db + _ONCE_DB)))
    return out * _ending(n)[:, None]


def _voices(request: Request, n: int) -> tuple[Wave, Wave | None]:
    """All lines in a little room, and the gain of everything else while they sound."""
    out = np.zeros((n, 2), dtype=np.float32)
    intent = request.intent
    cast = {figure.name: figure for figure in intent.cast}
    people = [figure.name for figure in intent.cast if figure.kind == "character"]
    spans = []
    for line, seconds in scheduled(intent.dialogue):
        mono = murmur(line, seconds, cast)
        pan = 0.0
        if line.speaker in people and len(people) > 1 and not line.off:
            pan = 0.35 * (2 * people.index(line.speaker) / (len(people) - 1) - 1)
        _in_a_room(out, mono, round(line.at_s * RATE), pan, wet=1.7 if line.off else 1.0)
        spans.append((line.at_s, line.at_s + seconds))
    if not spans:
        return out, None
    return out * _ending(n)[:, None], _ducked(spans, n)


def _in_a_room(out: Wave, mono: Wave, at: int, pan: float, *, wet: float) -> None:
    """Adds a voice and what its nearest walls send back."""
    add(out, panned(mono, pan), at)
    for delay_ms, side, gain in _REFLECTIONS:
        add(out, panned(mono, side), at + delay_ms * RATE // 1000, wet * gain)


def _ducked(spans: list[tuple[float, float]], n: int) -> Wave:
    """1 outside the lines and at both ends of the piece, lower under speech, with soft slopes."""
    t = np.arange(n, dtype=np.float32) / RATE
    depth = np.zeros(n, dtype=np.float32)
    for begin, end in spans:
        slope = np.minimum((t - begin + 0.15) / 0.15, (end + 0.3 - t) / 0.3)
        np.maximum(depth, slope, out=depth)
    ends = np.minimum(t, n / RATE - t) / 0.15
    depth = np.clip(np.minimum(depth, ends), 0, 1)
    depth = depth * depth * (3 - 2 * depth)
    return 1 - depth * np.float32(1 - _gain(_UNDER_SPEECH_DB))


def _ending(n: int) -> Wave:
    """One, and a ramp to nothing over the last hundredth of a second."""
    ramp = np.ones(n, dtype=np.float32)
    edge = min(RATE // 100, n)
    ramp[n - edge :] = np.linspace(1, 0, edge, dtype=np.float32)
    return ramp


def _kept_below(wave: Wave) -> Wave:
    """Bends what would pass full scale, sample by sample, so that seams stay exact."""
    over = np.abs(wave) > _KNEE
    if over.any():
        high = np.abs(wave[over])
        room = 0.97 - _KNEE
        wave[over] = np.sign(wave[over]) * (_KNEE + room * np.tanh((high - _KNEE) / room))
    return wave


def _gain(db: float) -> np.float32:
    return np.float32(10 ** (db / 20))


_REFLECTIONS = ((11, -0.7, 0.16), (17, 0.8, 0.13), (29, 0.3, 0.09), (41, -0.5, 0.07))
"""The nearest walls: delay (ms), side, gain."""
