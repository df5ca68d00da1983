"""Words in rows: no wider than asked, evenly filled, by the columns that letters take.

Letters of Chinese and Japanese take two columns, and a row may end after any of them but where
punctuation holds on to what stands beside it. Words that are too long for a row are broken.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

_OPENING = ("Ps", "Pi")
_CLOSING = ("Pe", "Pf", "Po", "Pd", "Mn", "Mc", "Me", "Cf", "Lm", "Sk")
"""What never begins a row inside a word: marks, joiners, small signs, punctuation."""
_SMALL = frozenset("ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ々〻")
_UNSEEN = ("Mn", "Me", "Cf", "Cc")


def columns(text: str) -> int:
    """How wide `text` is: two for each wide letter, none for marks that stand on another."""
    if text.isascii():
        return len(text)
    return sum(map(_column, text))


def rows(text: str, width: int) -> list[str]:
    """`text` in the fewest rows of at most `width` columns, none much shorter than the others.

    No row is empty; a text without words has none. `width` is at least 2.
    """
    words = [
        (space, part, columns(part)) for word in text.split() for space, part in _parts(word, width)
    ]
    found = _filled(words, width)
    narrow, wide = 1, width
    while narrow < wide and len(found) > 1:
        middle = (narrow + wide) // 2
        if len(_filled(words, middle)) == len(found):
            wide = middle
        else:
            narrow = middle + 1
    return _filled(words, wide)


def _filled(words: Sequence[tuple[bool, str, int]], limit: int) -> list[str]:
    """Rows that each take what fits into `limit` columns, and one part at the least."""
    found: list[str] = []
    room = 0
    for space, part, width in words:
        if found and width + space <= room:
            found[-1] += f" {part}" if space else part
            room -= width + space
        else:
            found.append(part)
            room = limit - width
    return found


def _parts(word: str, width: int) -> Iterator[tuple[bool, str]]:
    """What of a word stays together, each with whether a space stands before it."""
    long = columns(word) > width
    start, taken = 0, _column(word[0])
    for at in range(1, len(word)):
        wide = _column(word[at])
        if _breaks(word, at, long=long) or taken + wide > width:
            yield start == 0, word[start:at]
            start, taken = at, 0
        taken += wide
    yield start == 0, word[start:]


def _breaks(word: str, at: int, *, long: bool) -> bool:
    """Whether a row may end before letter `at` of a word."""
    before, after = word[at - 1], word[at]
    if not (long or _ideograph(before) or _ideograph(after)):
        return False
    if before == "\u200d" or after in _SMALL:
        return False
    categories = unicodedata.category(before), unicodedata.category(after)
    return categories[0] not in _OPENING and categories[1] not in _CLOSING


def _ideograph(letter: str) -> bool:
    """Wide, and of a writing that has no spaces; Korean has."""
    return _column(letter) == 2 and not unicodedata.name(letter, "").startswith("HANGUL")


def _column(letter: str) -> int:
    if unicodedata.category(letter) in _UNSEEN:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
