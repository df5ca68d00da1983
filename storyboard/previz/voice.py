"""A wordless voice: lines as murmur, in their own rhythm, pitch and pauses, with a mouth to match.

Nobody can understand it, and everybody hears who speaks, when, and in what mood. This module
casts the voice and times the lips; `syllables` is the rhythm, `throat` makes the sound.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from storyboard.previz.noise import Wave, highpass, lowpass, random_stream, shaped
from storyboard.previz.syllables import scheduled, syllables
from storyboard.previz.throat import Voice, envelope, spoken
from storyboard.providers.base import Figure, SpokenLine


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
        times, _, open_ = envelope(beats)
        width = np.interp(at - line.at_s, times, open_, left=0, right=0).astype(np.float32)
        if _WHISPER.search(line.how):
            width *= np.float32(0.6)
        mouths[line.speaker] = np.maximum(mouths.get(line.speaker, width), width)
    return mouths


_WHISPER = re.compile(r"whisper|under (his|her|their) breath", re.I)
_WIRE = re.compile(
    r"\bphone|telephone|radio|intercom|speaker|megaphone|recording|\btv\b|walkie", re.I
)


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


def _manner(
    words: str, gain_db: float, pitch: float, breath: float, lively: float
) -> tuple[re.Pattern[str], float, float, float, float]:
    return re.compile(rf"\b({words})", re.I), gain_db, pitch, breath, lively


_MANNERS = (
    _manner(_WHISPER.pattern, -9.0, 1.0, 1.0, 1.0),
    _manner("soft|quiet|gentl|low|half to|mutter|mumbl|sigh|tired|sad", -5.0, 0.95, 0.14, 0.75),
    _manner("shout|yell|scream|loud|furious|calls|calling", 4.5, 1.3, 0.08, 1.5),
    _manner("angr|urgent|excit|happ|laugh|bright", 2.0, 1.1, 0.06, 1.4),
    _manner("flat|cold|monoton|deadpan", 0.0, 0.97, 0.0, 0.3),
)
"""Words of `how`, then dB, factor on the pitch, least breath, factor on the melody."""
