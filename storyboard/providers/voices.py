"""The voices of Gemini's speech models, and which one a few words mean.

Names and characters are those of Google's documentation; whether a voice sounds like a woman's or
a man's is what its catalogue of the same voices in Cloud Text-to-Speech says.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

USUAL = "Kore"
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
    woman: bool

    def likeness(self, words: frozenset[str]) -> int:
        """How many of the words speak of this character; its own word counts twice."""
        alike = _ALIKE.get(self.character, "").split()
        return 2 * (self.character in words) + len(words.intersection(alike))


def _voices(table: str, *, woman: bool) -> tuple[Voice, ...]:
    rows = (row.split() for row in table.split(";"))
    return tuple(Voice(name, character, woman) for name, character in rows)


VOICES = (*_voices(_WOMEN, woman=True), *_voices(_MEN, woman=False))
"""All thirty."""


def voice_name(words: str) -> str:
    """The voice that a cast member's words for it mean: `old, gravelly man` is Algenib.

    A voice's own name means that voice. The same words always mean the same one; where several
    suit alike, the words themselves decide among them, so that two people sound different.
    """
    said = frozenset(re.findall(r"[a-z][a-z-]*", words.lower()))
    if not said:
        return USUAL
    for voice in VOICES:
        if voice.name.lower() in said:
            return voice.name
    known = VOICES
    if said & _WOMAN or said & _MAN:
        woman = len(said & _WOMAN) >= len(said & _MAN)
        known = tuple(each for each in VOICES if each.woman is woman)
    best = max(each.likeness(said) for each in known)
    alike = [each.name for each in known if each.likeness(said) == best]
    mark = hashlib.sha256(" ".join(sorted(said)).encode()).digest()
    return alike[int.from_bytes(mark[:4], "big") % len(alike)]
