"""Breaks text into rows of limited width and even length, measured in columns.

Chinese and Japanese letters take two columns, and a row may end after any of them unless
punctuation binds it to its neighbour. Words that are too long for a row are broken.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

_OPENING = ("Ps", "Pi")
_CLOSING = ("Pe", "Pf", "Po", "Pd", "Mn", "Mc", "Me", "Cf", "Lm", "Sk")
"""Never at the start of a row inside a word: marks, joiners, small signs, punctuation."""
_SMALL = frozenset("ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ々〻")
_UNSEEN = ("Mn", "Me", "Cf", "Cc")


def count_columns(text: str) -> int:
    """The width of `text`: two columns for each wide letter, none for marks that combine with
    another.
    """
    if text.isascii():
        return len(text)
    return sum(map(_count_letter_columns, text))


def break_lines(text: str, max_columns: int) -> list[str]:
    """`text` in the fewest rows of at most `max_columns`, of similar length.

    No row is empty; a text without words has none. `max_columns` is at least 2.
    """
    words = [
        (space, part, count_columns(part))
        for word in text.split()
        for space, part in _split_into_unbreakable_parts(word, max_columns)
    ]
    lines = _fill_rows(words, max_columns)
    # Binary search for the least width that needs no more rows: it makes them even.
    narrow, wide = 1, max_columns
    while narrow < wide and len(lines) > 1:
        middle = (narrow + wide) // 2
        if len(_fill_rows(words, middle)) == len(lines):
            wide = middle
        else:
            narrow = middle + 1
    return _fill_rows(words, wide)


def split_word_to_width(word: str, share: float) -> list[tuple[bool, str]]:
    """The parts between which a line may break, each with whether it begins the word.

    `share` is the part of the word that a line has room for; a word without spaces by its script
    (Thai, Lao, Khmer, Burmese) breaks anywhere between its signs if that is less than 1.
    """
    columns = count_columns(word)
    breaks_anywhere = share < 1 and any(_is_unspaced(letter) for letter in word)
    limit = max(2, int(columns * share)) if breaks_anywhere else max(2, columns)
    return list(_split_into_unbreakable_parts(word, limit))


def _is_unspaced(letter: str) -> bool:
    """Whether the letter's script writes no spaces between words, and is not wide."""
    return unicodedata.name(letter, "").startswith(("THAI", "LAO", "KHMER", "MYANMAR"))


def _fill_rows(word_parts: Sequence[tuple[bool, str, int]], max_columns: int) -> list[str]:
    """Fills each row up to `max_columns`, with at least one part."""
    lines: list[str] = []
    free_columns = 0
    for space, part, width in word_parts:
        if lines and width + space <= free_columns:
            lines[-1] += f" {part}" if space else part
            free_columns -= width + space
        else:
            lines.append(part)
            free_columns = max_columns - width
    return lines


def _split_into_unbreakable_parts(word: str, max_columns: int) -> Iterator[tuple[bool, str]]:
    """The unbreakable parts of a word, each with whether a space comes before it."""
    is_long = count_columns(word) > max_columns
    start, used_columns = 0, _count_letter_columns(word[0])
    for at in range(1, len(word)):
        letter_columns = _count_letter_columns(word[at])
        if (
            _can_break_before(word, at, is_too_long=is_long)
            or used_columns + letter_columns > max_columns
        ):
            yield start == 0, word[start:at]
            start, used_columns = at, 0
        used_columns += letter_columns
    yield start == 0, word[start:]


def _can_break_before(word: str, letter_index: int, *, is_too_long: bool) -> bool:
    """Whether a row may end before letter `letter_index` of a word."""
    before, after = word[letter_index - 1], word[letter_index]
    if not (is_too_long or _is_ideograph(before) or _is_ideograph(after)):
        return False
    # A zero-width joiner binds its neighbours into one sign; small kana belong to the letter
    # before.
    if before == "\u200d" or after in _SMALL:
        return False
    categories = unicodedata.category(before), unicodedata.category(after)
    return categories[0] not in _OPENING and categories[1] not in _CLOSING


def _is_ideograph(letter: str) -> bool:
    """Whether the letter is wide and its script has no spaces (Korean has)."""
    return _count_letter_columns(letter) == 2 and not unicodedata.name(letter, "").startswith(
        "HANGUL"
    )


def _count_letter_columns(letter: str) -> int:
    if unicodedata.category(letter) in _UNSEEN:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
