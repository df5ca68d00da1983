"""How long a text takes to speak, counted in words of a script that separates them with spaces.

Scripts without spaces, and Korean, whose spaces separate phrases, are counted by what is spoken: a
Chinese character is a syllable, a kana a mora, and so on. The factors below say how many English
words, at 2.6 per second, take as long as one letter at its own common pace.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

WORDS_PER_SECOND = Fraction(13, 5)
"""A common reading pace."""

_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = "\u3041-\u3096\u30a1-\u30fa\u30fc\u31f0-\u31ff\uff66-\uff9d"
_KANA_TAILS = "ぁぃぅぇぉゃゅょゎァィゥェォャュョヮｧｨｩｪｫｬｭｮ"
"""Small kana that belong to the mora of the one before."""

_WORDS_PER_LETTER: tuple[tuple[str, Fraction], ...] = (
    (_HAN, Fraction(5, 8)),  # 4.2 characters a second
    (_KANA, Fraction(3, 8)),  # 7 morae
    ("\uac00-\ud7a3", Fraction(1, 2)),  # Hangul: 5.2 syllables
    ("\u3105-\u312f", Fraction(1, 4)),  # Bopomofo: some three letters a syllable
    ("\ua000-\ua48c", Fraction(5, 8)),  # Yi: a letter is a syllable
    ("\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46", Fraction(1, 4)),  # Thai: 10 letters, no marks
    ("\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6\u0edc-\u0edf", Fraction(1, 4)),  # Lao
    ("\u1780-\u17b3", Fraction(1, 3)),  # Khmer: 8 letters
    ("\u1000-\u102a\u103f\u1050-\u1055", Fraction(2, 5)),  # Burmese: 6.5 letters
    ("\u0f40-\u0f6c", Fraction(1, 4)),  # Tibetan: 10 letters
)
_JAPANESE_HAN = Fraction(3, 4)
"""A Chinese character in Japanese is about two morae."""
_UNSPACED = re.compile(f"[{''.join(letters for letters, _ in _WORDS_PER_LETTER)}]")
_CLASSES = tuple((re.compile(f"[{letters}]"), words) for letters, words in _WORDS_PER_LETTER)
_IS_HAN = re.compile(f"[{_HAN}]")
_IS_KANA = re.compile(f"[{_KANA}]")


@dataclass(frozen=True, slots=True)
class SpokenLength:
    """The length of texts spoken one after the other."""

    words: Fraction
    """As many words of a spaced script take as long."""
    count: int
    unit: str
    """What people count in such a text: `words`, or `characters` if most of it has no spaces."""


def count_spoken_words(text: str) -> Fraction:
    """The number of words, or as many as take as long to say; 0 for an empty text."""
    if not _UNSPACED.search(text):
        return Fraction(len(text.split()))
    text = unicodedata.normalize("NFC", text)
    # Kana anywhere means Japanese, where a Chinese character takes longer.
    is_japanese = _IS_KANA.search(text) is not None
    total = Fraction(0)
    for letter in _UNSPACED.findall(text):
        if is_japanese and _IS_HAN.match(letter):
            total += _JAPANESE_HAN
        elif letter not in _KANA_TAILS:
            total += next(words for letters, words in _CLASSES if letters.match(letter))
    # What is left are words of spaced scripts; punctuation alone is not spoken.
    spaced = (part for part in _UNSPACED.sub(" ", text).split() if any(map(str.isalnum, part)))
    return total + sum(1 for _ in spaced)


def measure_spoken_length(texts: Iterable[str]) -> SpokenLength:
    """The length of several texts together, in the unit that suits most of them."""
    listed = list(texts)
    words = sum((count_spoken_words(text) for text in listed), Fraction(0))
    letters = sum(len(_UNSPACED.findall(text)) for text in listed)
    tokens = sum(len(_UNSPACED.sub(" ", text).split()) for text in listed)
    if letters > tokens:
        return SpokenLength(words, letters, "characters")
    return SpokenLength(words, int(words), "words")
