"""The sound of a previz take: voices over ambience and foley, on the world clock.

Every gain is fixed and never measured on the piece, so a take and its extension join without a
step. A take measures about -23 LUFS, with headroom.
"""

from __future__ import annotations

import numpy as np

from storyboard.model.film import Line
from storyboard.previz.audio import music
from storyboard.previz.audio.ambience import BEDS
from storyboard.previz.audio.ambience import render_ambience as ambience_bed
from storyboard.previz.audio.foley import (
    FOLEY,
    add_wave_into,
    pan_to_stereo,
    render_recurring_foley,
    render_single_foley,
)
from storyboard.previz.audio.noise import RATE, Wave
from storyboard.previz.audio.sound_words import (
    MUSIC,
    SoundSource,
    find_named_sounds,
    find_shot_sounds,
)
from storyboard.previz.audio.syllables import estimate_line_durations
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

    `start_s` is the world clock at its first sample. Ambience and recurring sounds depend on it, so
    an extension that gets its source's clock and `seed` (default: the request's) continues without
    a jump. Lines and single sounds are timed from the piece's own start and end within it. Silence
    if the request asks for no audio.
    """
    n = round(seconds * RATE)
    out = np.zeros((n, 2), dtype=np.float32)
    if not n or not request.settings.audio:
        return out
    start = round(start_s * RATE)
    if seed is None:
        seed = request.settings.seed or 0
    sources = find_shot_sounds(request.intent)
    for source in sources:
        if source.is_ongoing:
            out += _render_ongoing_source(source, seed, start, n)
    voices, ducking = _render_dialogue_with_ducking(request, n)
    if ducking is not None:
        out *= ducking[:, None]
    out += voices
    out += _render_single_sounds(
        [source for source in sources if source.is_heard_once], seed, start, n
    )
    return _soften_peaks(out)


def render_described_ambience(
    description: str, seconds: float, seed: int, start_s: float = 0.0
) -> Wave:
    """Ambience from a description, stereo (n, 2) at 48 kHz.

    A description that begins with `music: ` is played as music, others as the sounds that they
    name, or as room tone if none is known. It is as loud as a mastered recording (about -16 LUFS),
    so `gain_db` means the same for generated sound and for a file. It depends only on the clock:
    pieces that meet in time join.
    """
    if description.startswith(_AS_MUSIC):
        return _soften_peaks(
            music.render_endless_music(description.removeprefix(_AS_MUSIC), seconds, seed, start_s)
        )
    start, n = round(start_s * RATE), round(seconds * RATE)
    out = np.zeros((n, 2), dtype=np.float32)
    # A sound that happens once is not ambience.
    lasting_names = [
        n
        for n in find_named_sounds(description, all_sounds=True)
        if n not in FOLEY or FOLEY[n].every_s
    ]
    names = lasting_names or ["room"]
    share = _to_gain(_MASTERED_DB - 10 * np.log10(len(names)))
    for name in names:
        if name == MUSIC:
            out += _to_gain(-10 * np.log10(len(names))) * music.render_endless_music(
                description, seconds, seed, start_s
            )
        elif name in BEDS:
            out += share * ambience_bed(name, seed, start, n)
        else:
            out += _to_gain(_RETURNING_DB + _MASTERED_DB + 3) * render_recurring_foley(
                name, seed, start, n
            )
    return _soften_peaks(out)


def murmur_line_in_room(line: Line, voice_words: str = "") -> Wave:
    """A line without a take, murmured in a small room: stereo (n, 2) at 48 kHz.

    `voice_words` is the cast's description of the speaker's voice.
    """
    spoken_line = SpokenLine(line.speaker, line.words, 0.0, line.how, line.off, voice_words)
    ((_, seconds),) = estimate_line_durations([spoken_line])
    mono = murmur_line(spoken_line, seconds, {})
    out = np.zeros((len(mono) + RATE // 20, 2), dtype=np.float32)
    _add_voice_with_reflections(out, mono, 0, 0.0, wet=1.0)
    return _soften_peaks(out)


def _render_ongoing_source(
    source: SoundSource, seed: int, start_sample: int, sample_count: int
) -> Wave:
    if source.name == MUSIC:
        piece = music.render_endless_music(
            source.words, sample_count / RATE, seed, start_sample / RATE
        )
        return _to_gain(source.gain_db + _MUSIC_DB - _MASTERED_DB) * piece
    if source.name in BEDS:
        return _to_gain(source.gain_db + _BED_DB) * ambience_bed(
            source.name, seed, start_sample, sample_count
        )
    return _to_gain(source.gain_db + _RETURNING_DB + 8) * render_recurring_foley(
        source.name, seed, start_sample, sample_count
    )


def _render_single_sounds(
    sources: list[SoundSource], seed: int, start_sample: int, sample_count: int
) -> Wave:
    """Sounds that happen once, spread over the piece in the order of their cues."""
    out = np.zeros((sample_count, 2), dtype=np.float32)
    for place, cue in enumerate(sources):
        share = (place + 0.5) / len(sources)
        wave = render_single_foley(cue.name, seed, start_sample)
        add_wave_into(out, wave, int(share * sample_count), float(_to_gain(cue.gain_db + _ONCE_DB)))
    return out * _build_end_fade(sample_count)[:, None]


def _render_dialogue_with_ducking(request: Request, sample_count: int) -> tuple[Wave, Wave | None]:
    """All lines in a small room, and the gain of everything else while they sound."""
    out = np.zeros((sample_count, 2), dtype=np.float32)
    intent = request.intent
    cast = {figure.name: figure for figure in intent.cast}
    people = [figure.name for figure in intent.cast if figure.kind == "character"]
    spans = []
    for line, seconds in estimate_line_durations(intent.dialogue):
        mono = murmur_line(line, seconds, cast)
        pan = 0.0
        # Several people on screen stand side by side, so their voices come from their sides.
        if line.speaker in people and len(people) > 1 and not line.off:
            pan = 0.35 * (2 * people.index(line.speaker) / (len(people) - 1) - 1)
        _add_voice_with_reflections(
            out, mono, round(line.at_s * RATE), pan, wet=1.7 if line.off else 1.0
        )
        spans.append((line.at_s, line.at_s + seconds))
    if not spans:
        return out, None
    return out * _build_end_fade(sample_count)[:, None], _compute_ducking_gain(spans, sample_count)


def _add_voice_with_reflections(
    out: Wave, mono: Wave, at_sample: int, pan: float, *, wet: float
) -> None:
    """Adds a voice and its reflections from the nearest walls."""
    add_wave_into(out, pan_to_stereo(mono, pan), at_sample)
    for delay_ms, side, gain in _REFLECTIONS:
        add_wave_into(
            out, pan_to_stereo(mono, side), at_sample + delay_ms * RATE // 1000, wet * gain
        )


def _compute_ducking_gain(line_spans_s: list[tuple[float, float]], sample_count: int) -> Wave:
    """1 outside the lines and at both ends of the piece, lower under speech, with soft slopes."""
    t = np.arange(sample_count, dtype=np.float32) / RATE
    depth = np.zeros(sample_count, dtype=np.float32)
    for begin, end in line_spans_s:
        slope = np.minimum((t - begin + 0.15) / 0.15, (end + 0.3 - t) / 0.3)
        np.maximum(depth, slope, out=depth)
    # Full level at both ends, so that the ambience joins that of the neighbouring take.
    ends = np.minimum(t, sample_count / RATE - t) / 0.15
    depth = np.clip(np.minimum(depth, ends), 0, 1)
    depth = depth * depth * (3 - 2 * depth)
    return 1 - depth * np.float32(1 - _to_gain(_UNDER_SPEECH_DB))


def _build_end_fade(sample_count: int) -> Wave:
    """1, with a ramp to 0 over the last hundredth of a second."""
    ramp = np.ones(sample_count, dtype=np.float32)
    edge = min(RATE // 100, sample_count)
    ramp[sample_count - edge :] = np.linspace(1, 0, edge, dtype=np.float32)
    return ramp


def _soften_peaks(wave: Wave) -> Wave:
    """Compresses samples near full scale, each for itself, so that seams stay exact."""
    over = np.abs(wave) > _KNEE
    if over.any():
        # tanh bends everything above the knee towards 0.97 and never reaches it.
        high = np.abs(wave[over])
        room = 0.97 - _KNEE
        wave[over] = np.sign(wave[over]) * (_KNEE + room * np.tanh((high - _KNEE) / room))
    return wave


def _to_gain(db: float) -> np.float32:
    return np.float32(10 ** (db / 20))


_REFLECTIONS = ((11, -0.7, 0.16), (17, 0.8, 0.13), (29, 0.3, 0.09), (41, -0.5, 0.07))
"""The nearest walls: delay (ms), side, gain."""
