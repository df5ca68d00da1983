"""The voices of Gemini's speech models, and which one a description chooses.

Names and characters come from Google's documentation. Whether a voice sounds like a woman's or a
man's comes from its catalogue of the same voices in Cloud Text-to-Speech.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

USUAL_VOICE = "Kore"
"""Who speaks where no word says how a voice sounds."""

_WOMEN = """
    Zephyr bright; Kore firm; Leda youthful; Aoede breezy; Callirrhoe easy-going; Autonoe bright;
    Despina smooth; Erinome clear; Laomedeia upbeat; Achernar soft; Gacrux mature;
    Pulcherrima forward; Vindemiatrix gentle; Sulafat warm
"""
_MEN = """
    Puck upbeat; Charon informative; Fenrir excitable; Orus firm; Enceladus breathy; Iapetus clear;
    Umbriel easy-going; Algieba smooth; Algenib gravelly; Rasalgethi informative; Alnilam firm;
    Schedar even; Achird friendly; Zubenelgenubi casual; Sadachbia lively; Sadaltager knowledgeable
"""

_ALIKE: Mapping[str, str] = MappingProxyType(
    {
        "bright": "clear high light crisp sunny ringing soprano",
        "upbeat": "cheerful happy merry joyful optimistic playful funny",
        "informative": "narrator documentary newsreader neutral factual announcer",
        "firm": "strong stern strict commanding confident serious officer cold",
        "excitable": "excited nervous hectic fast angry shouting intense wild",
        "youthful": "young child girl boy teen teenage teenager kid daughter",
        "breezy": "airy fresh carefree relaxed",
        "easy-going": "easygoing relaxed laid-back lazy unhurried",
        "breathy": "whisper whispering whispered husky hushed tired intimate ghostly",
        "clear": "articulate precise plain bright tenor",
        "smooth": "velvet silky charming elegant suave deep baritone mezzo",
        "gravelly": "rough gruff hoarse raspy bass old deep low worn grumpy sailor elderly",
        "soft": "quiet tender shy timid calm",
        "even": "calm level flat steady dry monotone robot",
        "mature": "old elderly aged wise grandmother grandma experienced deep low alto contralto",
        "forward": "bold proud direct sharp brash",
        "friendly": "kind nice amiable neighbourly neighborly helpful",
        "casual": "ordinary everyday offhand young guy",
        "gentle": "tender mild motherly kind loving soothing",
        "lively": "energetic animated quick young boy",
        "knowledgeable": "professor teacher scholar learned expert doctor wise old elderly",
        "warm": "kind motherly hearty rich cosy cozy loving",
    }
)
"""Other words for a voice's character."""

_WOMAN = frozenset(
    "woman women female girl lady she her mother mum mom daughter sister aunt grandmother grandma "
    "queen actress feminine wife nun witch alto contralto soprano mezzo".split()
)
_MAN = frozenset(
    "man men male boy guy gentleman he his father dad son brother uncle grandfather grandpa king "
    "actor masculine husband monk sailor wizard baritone bass tenor".split()
)


@dataclass(frozen=True, slots=True)
class Voice:
    name: str
    character: str
    is_woman: bool

    def score_likeness(self, words: frozenset[str]) -> int:
        """How many of the words match this character; its own word counts twice."""
        alike = _ALIKE.get(self.character, "").split()
        return 2 * (self.character in words) + len(words.intersection(alike))


def _parse_voices(table: str, *, woman: bool) -> tuple[Voice, ...]:
    rows = (row.split() for row in table.split(";"))
    return tuple(Voice(name, character, woman) for name, character in rows)


VOICES = (*_parse_voices(_WOMEN, woman=True), *_parse_voices(_MEN, woman=False))
"""All thirty."""


def choose_voice_name(description: str) -> str:
    """The voice that a cast member's words for it mean: `old, gravelly man` is Algenib.

    A voice's own name means that voice. The same words always mean the same one; where several
    suit alike, the words themselves decide among them, so that two people sound different.
    """
    word_set = frozenset(re.findall(r"[a-z][a-z-]*", description.lower()))
    if not word_set:
        return USUAL_VOICE
    for voice in VOICES:
        if voice.name.lower() in word_set:
            return voice.name
    candidates = VOICES
    if word_set & _WOMAN or word_set & _MAN:
        woman = len(word_set & _WOMAN) >= len(word_set & _MAN)
        candidates = tuple(voice for voice in VOICES if voice.is_woman is woman)
    best = max(voice.score_likeness(word_set) for voice in candidates)
    alike = [voice.name for voice in candidates if voice.score_likeness(word_set) == best]
    word_hash = hashlib.sha256(" ".join(sorted(word_set)).encode()).digest()
    return alike[int.from_bytes(word_hash[:4], "big") % len(alike)]
