"""A wordless voice: murmurs lines with their own rhythm, pitch and pauses.

It can't be understood, but it shows who speaks, when, and in what mood. This module chooses the
voice; `syllables` gives the rhythm, `speech_synth` makes the sound.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from storyboard.previz.audio.noise import (
    Wave,
    apply_frequency_response,
    compute_highpass_response,
    compute_lowpass_response,
    seed_random_stream,
)
from storyboard.previz.audio.speech_synth import (
    Voice,
    synthesize_murmur,
)
from storyboard.providers.base import Figure, SpokenLine


def choose_voice(speaker: str, *voice_hints: str, how: str = "") -> Voice:
    """The voice of `speaker`, always the same: from the first hint that names one, else from the
    name.
    """
    draws = seed_random_stream(0, "voice", speaker.casefold()).random(3)
    base_voice = next(
        (voice for hint in voice_hints for pattern, voice in _VOICES if pattern.search(hint)), None
    )
    if base_voice is None:
        base_voice = _UNNAMED[int(draws[0] * len(_UNNAMED))]
    # Slight variation by name, so that two people with the same hint differ.
    voice = replace(
        base_voice,
        pitch_hz=base_voice.pitch_hz * (0.95 + 0.1 * draws[1]),
        size=base_voice.size * (0.98 + 0.04 * draws[2]),
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


def murmur_line(line: SpokenLine, seconds: float, figures_by_name: Mapping[str, Figure]) -> Wave:
    """The sound of a line: the speaker's voice, filtered if it comes through a phone or a wall."""
    figure = figures_by_name.get(line.speaker)
    hints = (line.voice, figure.voice, figure.description) if figure else (line.voice,)
    wave = synthesize_murmur(line, seconds, choose_voice(line.speaker, *hints, how=line.how))
    if _WIRE.search(line.how):
        return apply_frequency_response(
            wave,
            lambda f: (
                1.5 * compute_highpass_response(f, 420, 3) * compute_lowpass_response(f, 3000, 4)
            ),
        )
    if line.off:
        return apply_frequency_response(
            wave,
            lambda f: (
                0.8 * compute_highpass_response(f, 240, 2) * compute_lowpass_response(f, 2300, 2)
            ),
        )
    return wave


_WHISPER = re.compile(r"whisper|under (his|her|their) breath", re.I)
_WIRE = re.compile(
    r"\bphone|telephone|radio|intercom|speaker|megaphone|recording|\btv\b|walkie", re.I
)


def _compile_voice_row(
    word_pattern: str, pitch_hz: float, formant_scale: float, breath: float = 0.06
) -> tuple[re.Pattern[str], Voice]:
    return re.compile(rf"\b({word_pattern})\b", re.I), Voice(pitch_hz, formant_scale, breath)


_VOICES = (
    _compile_voice_row("child|kid|little (girl|boy)|toddler|infant", 285, 1.28),
    _compile_voice_row("boy", 245, 1.2),
    _compile_voice_row("girl|treble", 262, 1.22),
    _compile_voice_row("soprano", 228, 1.17),
    _compile_voice_row("mezzo", 204, 1.14),
    _compile_voice_row("contralto", 172, 1.1, 0.1),
    _compile_voice_row("alto", 186, 1.12),
    _compile_voice_row("counter ?tenor", 190, 1.02),
    _compile_voice_row("tenor", 138, 0.99),
    _compile_voice_row("baritone", 112, 0.95),
    _compile_voice_row("bass|deep|gravel|giant", 86, 0.9),
    _compile_voice_row("old (woman|lady)|elderly woman|grandmother|granny", 178, 1.08, 0.22),
    _compile_voice_row("(?<!years )old|elderly|grandfather|hoarse|raspy", 118, 0.94, 0.24),
    _compile_voice_row("robot|android|computer", 110, 1.0, 0.0),
    _compile_voice_row("woman|female|lady|mother|she|her|sister|queen", 198, 1.13),
    _compile_voice_row("man|male|gentleman|father|he|his|brother|king", 118, 0.96),
)
_UNNAMED = (
    Voice(104, 0.94),
    Voice(122, 0.97),
    Voice(142, 1.0),
    Voice(178, 1.09),
    Voice(198, 1.13),
    Voice(222, 1.16),
)


def _compile_manner_row(
    word_pattern: str, gain_db: float, pitch_factor: float, min_breath: float, melody_factor: float
) -> tuple[re.Pattern[str], float, float, float, float]:
    return (
        re.compile(rf"\b({word_pattern})", re.I),
        gain_db,
        pitch_factor,
        min_breath,
        melody_factor,
    )


_MANNERS = (
    _compile_manner_row(_WHISPER.pattern, -9.0, 1.0, 1.0, 1.0),
    _compile_manner_row(
        "soft|quiet|gentl|low|half to|mutter|mumbl|sigh|tired|sad", -5.0, 0.95, 0.14, 0.75
    ),
    _compile_manner_row("shout|yell|scream|loud|furious|calls|calling", 4.5, 1.3, 0.08, 1.5),
    _compile_manner_row("angr|urgent|excit|happ|laugh|bright", 2.0, 1.1, 0.06, 1.4),
    _compile_manner_row("flat|cold|monoton|deadpan", 0.0, 0.97, 0.0, 0.3),
)
"""Words of `how`, then dB, factor on the pitch, least breath, factor on the melody."""
