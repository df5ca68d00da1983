"""Sets text in lines of type: wrapped, balanced, and scaled to its space.

Type shrinks until a text fits, but not below `min_type_size` pixels; the block says whether it fits
then.

Fonts are found by path in their packages, so a machine without fonts draws the same letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from math import inf
from typing import Any, TypeAlias

from storyboard.model.film import TitleCue
from storyboard.stitching.media.yuv import Size

PAPER = (244, 240, 233)
"""The white of letters."""
_QUIET = (196, 190, 180)
_LIGHT = (224, 220, 212)
"""For quiet text over a picture, where grey would not be legible."""
HAIR_SPACE = "\u200a"
"""Between capitals."""
_SHORT = 40
"""Characters up to which a card is a title; longer text is sentences, set smaller."""
_COVERED_LETTERS = re.compile("[ -~\xa0-ňŊ-ſ\u2010-\u2027€]+")
"""Letters that the font certainly has, so it need not be loaded to check them."""
_WIDEST = 1.2
"""Ems of the widest of these letters, spaced."""

Room: TypeAlias = tuple[float, float]
"""Shares of the frame's width and height that a text may take; all are title-safe."""
CARD: Room = (0.78, 0.72)
CENTER: Room = (0.8, 0.72)
THIRD: Room = (0.83, 0.76)
CREDITS: Room = (0.8, inf)
SUBTITLE_WIDTH = 0.86
SUBTITLE_SIZE = 0.052
"""Of the shorter side of the frame; lines that are too wide are set smaller."""


@dataclass(frozen=True, slots=True)
class TypeLine:
    """One line of type."""

    text: str
    size: int
    color: tuple[int, int, int]
    gap: int = 0
    """Pixels of space above it, besides its own leading."""
    slanted: bool = False

    @property
    def height(self) -> int:
        return round(self.size * 1.32)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of type, one below another, and the pixels that they may take."""

    lines: tuple[TypeLine, ...]
    across: float
    down: float

    @property
    def fits(self) -> bool:
        """Whether all of it fits."""
        return self.width <= self.across and measure_block_height(self.lines) <= self.down

    @property
    def width(self) -> float:
        """Pixels of the longest line."""
        return max((measure_text_width(line.text, line.size) for line in self.lines), default=0)


def measure_block_height(lines: Sequence[TypeLine]) -> int:
    """Pixels from the top of the first line to the bottom of the last."""
    return sum(line.height + line.gap for line in lines)


def find_font(*, slanted: bool = False) -> str:
    """The font of titles, from its package."""
    from fontpkg_inter import ROOT

    return str(ROOT / "files" / f"Inter{'-Italic' if slanted else ''}[opsz,wght].ttf")


def find_missing_letters(text: str) -> str:
    """The characters of `text` that the font can't draw, each once, in order."""
    rare = [
        char
        for char in dict.fromkeys(_COVERED_LETTERS.sub("", text))
        if char.isprintable() and not char.isspace()
    ]
    if not rare:
        return ""
    face = _load_font_face(32)
    # The font draws the same box for every letter that it lacks, such as this non-character.
    blank = bytes(face.getmask("\uffff"))
    return "".join(char for char in rare if bytes(face.getmask(char)) == blank)


def compute_legible_size(size: Size) -> int:
    """Pixels of the smallest type that is legible in a frame of `size`."""
    return max(8, round(min(size) / 90))


def is_certain_to_fit(text: str, size: Size, min_type_size: int) -> bool:
    """Whether a text certainly fits a frame, estimated from its length without loading the font."""
    words = text.split()
    if not all(_COVERED_LETTERS.fullmatch(word) for word in words):
        return False
    # A cautious estimate: the widest letters, half-filled rows, and less space than any style has.
    letters = size[0] * 0.7 / (min_type_size * _WIDEST)
    rows = sum(1.5 + 2 * len(row) / letters for row in text.split("\n"))
    return (
        max(map(len, words), default=0) <= letters and rows * min_type_size * 1.4 <= size[1] * 0.72
    )


def typeset_card(text: str, size: Size, min_type_size: int) -> Block:
    """The lines of a title card; text after a blank line is smaller and quieter."""
    short = len(text.split("\n\n")[0]) <= _SHORT
    return _typeset_centered_paragraphs(
        text, size, min(size) * (0.085 if short else 0.062), CARD, min_type_size
    )


def typeset_centered_title(text: str, size: Size, min_type_size: int) -> Block:
    """The lines of a title in the middle of the picture, set like a card."""
    return _typeset_centered_paragraphs(text, size, min(size) * 0.07, CENTER, min_type_size)


def typeset_lower_or_upper_third(text: str, size: Size, min_type_size: int) -> Block:
    """The lines of a lower or upper third: the first is the name, the others add to it."""
    first, *rest = [row for row in text.strip().split("\n") if row.strip()] or [""]
    width = size[0] * 0.7

    def build_lines(point: int) -> Iterator[TypeLine]:
        small = _shrink_type_size(point, 0.65, min_type_size)
        yield from (TypeLine(row, point, PAPER) for row in _wrap_text(first, point, width))
        for row in rest:
            yield from (TypeLine(part, small, _LIGHT) for part in _wrap_text(row, small, width))

    return _fit_lines_into_room(build_lines, min(size) * 0.052, size, THIRD, min_type_size)


def typeset_credits(title: TitleCue, size: Size, min_type_size: int) -> Block:
    """The lines of credits; if they are too tall for the frame, they are rolled."""
    width = size[0] * CREDITS[0]

    def build_lines(point: int) -> Iterator[TypeLine]:
        head = round(point * 1.5)
        if title.text:
            yield from (TypeLine(row, head, PAPER) for row in _wrap_text(title.text, head, width))
        for number, entry in enumerate(title.credits):
            gap = round(point * (0.9 if number == 0 and title.text else 0.28))
            for row in _wrap_text(entry, point, width):
                yield TypeLine(row, point, PAPER, gap)
                gap = 0

    return _fit_lines_into_room(build_lines, min(size) * 0.042, size, CREDITS, min_type_size)


def _typeset_centered_paragraphs(
    text: str, size: Size, usual_type_size: float, room: Room, min_type_size: int
) -> Block:
    first, *rest = [part for part in text.strip("\n").split("\n\n") if part.strip()] or [""]
    width = size[0] * room[0]

    def build_lines(point: int) -> Iterator[TypeLine]:
        small = _shrink_type_size(point, 0.5, min_type_size)
        yield from (TypeLine(row, point, PAPER) for row in _wrap_text(first, point, width))
        for paragraph in rest:
            gap = round(point * 0.45)
            for row in _wrap_text(paragraph, small, width):
                yield TypeLine(row, small, _QUIET, gap)
                gap = 0

    return _fit_lines_into_room(build_lines, usual_type_size, size, room, min_type_size)


def _shrink_type_size(point: int, share: float, min_type_size: int) -> int:
    """The size of secondary text below type of `point` pixels."""
    return min(point, max(min_type_size, round(point * share)))


def _fit_lines_into_room(
    build_lines: Callable[[int], Iterable[TypeLine]],
    usual_type_size: float,
    size: Size,
    room: Room,
    min_type_size: int,
) -> Block:
    """The lines in the largest type that fits, from `usual_type_size` down to `min_type_size`."""

    def build_block(point: int) -> Block:
        return Block(
            tuple(build_lines(max(min_type_size, point))), size[0] * room[0], size[1] * room[1]
        )

    # The usual size fits nearly always; if the smallest does not fit, none does.
    block = build_block(round(usual_type_size))
    if block.fits or not (smallest := build_block(min_type_size)).fits:
        return block if block.fits else smallest
    return next(
        fit for step in count(1) if (fit := build_block(round(usual_type_size * 0.94**step))).fits
    )


def typeset_subtitle(text: str, size: Size, *, slanted: bool) -> list[TypeLine]:
    """The given lines of a subtitle, smaller if they are too wide."""
    rows, width = text.split("\n"), size[0] * SUBTITLE_WIDTH
    usual = max(8, round(min(size) * SUBTITLE_SIZE))
    widest = max(measure_text_width(row, 100) for row in rows) / 100
    point = max(1, min(usual, int(width / max(widest, 1))))
    return [TypeLine(row, point, PAPER, slanted=slanted) for row in rows]


def _wrap_text(text: str, type_size: int, width: float) -> list[str]:
    """`text` as lines no wider than `width` where its words allow, evenly filled."""
    rows: list[str] = []
    for row in text.split("\n"):
        words = [_space_out_letters(word) if row.isupper() else word for word in row.split()]
        space = " " + HAIR_SPACE * 2 if row.isupper() else " "
        rows += _balance_words_into_lines(words, space, type_size, width)
    return rows


def _balance_words_into_lines(
    words: Sequence[str], word_space: str, type_size: int, width: float
) -> list[str]:
    """The fewest lines, and among those the breaks that make them most alike."""

    def fill_lines(limit: float) -> list[str]:
        lines: list[str] = []
        for word in words:
            longer = f"{lines[-1]}{word_space}{word}" if lines else word
            if lines and measure_text_width(longer, type_size) > limit:
                lines.append(word)
            elif lines:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines or [""]

    lines = fill_lines(width)
    # Search for the least width that needs no more lines, as `break_lines` does.
    narrow, wide = width / max(1, len(lines)), width
    while wide - narrow > type_size / 4:
        middle = (narrow + wide) / 2
        if len(fill_lines(middle)) > len(lines):
            narrow = middle
        else:
            wide = middle
    return fill_lines(wide)


def _space_out_letters(word: str) -> str:
    """The word with a little space between its letters."""
    return HAIR_SPACE.join(word)


@lru_cache(maxsize=128)
def _load_font_face(type_size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(find_font(), type_size)


def measure_text_width(text: str, type_size: int) -> float:
    return float(_load_font_face(type_size).getlength(text))
