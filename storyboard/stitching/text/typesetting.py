"""Sets text in lines of type: wrapped, balanced, and scaled to its space.

Type shrinks until a text fits, but not below `min_type_size` pixels; the block says whether it fits
then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from math import inf
from pathlib import Path
from typing import TypeAlias

from storyboard.model.film import TextStyle, TitleCue
from storyboard.stitching.media.yuv import Size
from storyboard.stitching.text.fonts import OURS, FontSet
from storyboard.stitching.text.line_breaking import split_word_to_width
from storyboard.stitching.text.text_renderer import measure_text_width

PAPER = "#f4f0e9"
"""The white of letters."""
_QUIET = "#c4beb4"
_LIGHT = "#e0dcd4"
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
    color: str
    gap: int = 0
    """Pixels of space above it, besides its own leading."""
    slanted: bool = False
    fonts: FontSet = OURS

    @property
    def width(self) -> float:
        """Pixels that its letters take at most."""
        return measure_text_width(self.text, self.size, self.fonts)

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
        return max((line.width for line in self.lines), default=0)


def measure_block_height(lines: Sequence[TypeLine]) -> int:
    """Pixels from the top of the first line to the bottom of the last."""
    return sum(line.height + line.gap for line in lines)


@dataclass(frozen=True, slots=True)
class Type:
    """What a text is set in, where it is not what the layout says: fonts, size and colour."""

    fonts: FontSet = OURS
    style: TextStyle = TextStyle()

    def choose_size(self, usual: float, size: Size) -> float:
        """Pixels of the largest type: the style's, or the usual."""
        return size[1] * self.style.size / 100 if self.style.size else usual

    def choose_color(self, usual: str) -> str:
        return self.style.color or usual


USUAL_TYPE = Type()


def find_missing_letters(text: str, fonts: FontSet = OURS) -> str:
    """The characters of `text` that no font has, each once, in order."""
    # Our font certainly has most letters, so fonts are read only for the others.
    return fonts.find_missing_letters(_COVERED_LETTERS.sub("", text))


def find_machine_fonts(text: str, fonts: FontSet = OURS) -> dict[Path, str]:
    """The machine's own fonts that `text` needs, with the letters that each gives."""
    rare = _COVERED_LETTERS.sub("", text)
    return fonts.list_machine_fonts(rare) if rare.strip() else {}


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


def typeset_card(text: str, size: Size, min_type_size: int, type_: Type = USUAL_TYPE) -> Block:
    """The lines of a title card; text after a blank line is smaller and quieter."""
    short = len(text.split("\n\n")[0]) <= _SHORT
    usual = min(size) * (0.085 if short else 0.062)
    return _typeset_centered_paragraphs(text, size, usual, CARD, min_type_size, type_)


def typeset_centered_title(
    text: str, size: Size, min_type_size: int, type_: Type = USUAL_TYPE
) -> Block:
    """The lines of a title in the middle of the picture, set like a card."""
    usual = type_.choose_size(min(size) * 0.07, size)
    return _typeset_centered_paragraphs(text, size, usual, CENTER, min_type_size, type_)


def typeset_lower_or_upper_third(
    text: str, size: Size, min_type_size: int, type_: Type = USUAL_TYPE
) -> Block:
    """The lines of a lower or upper third: the first is the name, the others add to it."""
    first, *rest = [row for row in text.strip().split("\n") if row.strip()] or [""]
    width, fonts = size[0] * 0.7, type_.fonts

    def build_lines(point: int) -> Iterator[TypeLine]:
        small = _shrink_type_size(point, 0.65, min_type_size)
        for row in _wrap_text(first, point, width, fonts):
            yield TypeLine(row, point, type_.choose_color(PAPER), fonts=fonts)
        for text in rest:
            for row in _wrap_text(text, small, width, fonts):
                yield TypeLine(row, small, type_.choose_color(_LIGHT), fonts=fonts)

    usual_size = type_.choose_size(min(size) * 0.052, size)
    return _fit_lines_into_room(build_lines, usual_size, size, THIRD, min_type_size)


def typeset_credits(
    title: TitleCue, size: Size, min_type_size: int, type_: Type = USUAL_TYPE
) -> Block:
    """The lines of credits; if they are too tall for the frame, they are rolled."""
    width, fonts, color = size[0] * CREDITS[0], type_.fonts, type_.choose_color(PAPER)

    def build_lines(point: int) -> Iterator[TypeLine]:
        head = round(point * 1.5)
        if title.text:
            for row in _wrap_text(title.text, head, width, fonts):
                yield TypeLine(row, head, color, fonts=fonts)
        for number, entry in enumerate(title.credits):
            gap = round(point * (0.9 if number == 0 and title.text else 0.28))
            for row in _wrap_text(entry, point, width, fonts):
                yield TypeLine(row, point, color, gap, fonts=fonts)
                gap = 0

    usual_size = type_.choose_size(min(size) * 0.042, size)
    return _fit_lines_into_room(build_lines, usual_size, size, CREDITS, min_type_size)


def _typeset_centered_paragraphs(
    text: str, size: Size, usual_type_size: float, room: Room, min_type_size: int, type_: Type
) -> Block:
    first, *rest = [part for part in text.strip("\n").split("\n\n") if part.strip()] or [""]
    width, fonts = size[0] * room[0], type_.fonts

    def build_lines(point: int) -> Iterator[TypeLine]:
        small = _shrink_type_size(point, 0.5, min_type_size)
        for row in _wrap_text(first, point, width, fonts):
            yield TypeLine(row, point, type_.choose_color(PAPER), fonts=fonts)
        for paragraph in rest:
            gap = round(point * 0.45)
            for row in _wrap_text(paragraph, small, width, fonts):
                yield TypeLine(row, small, type_.choose_color(_QUIET), gap, fonts=fonts)
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


def typeset_subtitle(
    text: str, size: Size, *, slanted: bool, type_: Type = USUAL_TYPE
) -> list[TypeLine]:
    """The given lines of a subtitle, smaller if they are too wide."""
    rows, width, fonts = text.split("\n"), size[0] * SUBTITLE_WIDTH, type_.fonts
    usual = max(8, round(type_.choose_size(min(size) * SUBTITLE_SIZE, size)))
    widest = max(measure_text_width(row, 100, fonts) for row in rows) / 100
    point = max(1, min(usual, int(width / max(widest, 1))))
    color = type_.choose_color(PAPER)
    return [TypeLine(row, point, color, slanted=slanted, fonts=fonts) for row in rows]


def _wrap_text(text: str, type_size: int, width: float, fonts: FontSet) -> list[str]:
    """`text` as lines no wider than `width` where its words allow, evenly filled."""
    rows: list[str] = []
    for row in text.split("\n"):
        # Letters are spaced only where each is a sign of its own.
        spaced = row.isupper() and _COVERED_LETTERS.fullmatch(row) is not None
        space = " " + HAIR_SPACE * 2 if spaced else " "
        parts: list[tuple[str, str]] = []
        for word in row.split():
            if spaced or word.isascii():
                parts.append((space, _space_out_letters(word) if spaced else word))
                continue
            wide = measure_text_width(word, type_size, fonts)
            parts += [
                (space if is_first else "", part)
                for is_first, part in split_word_to_width(word, width / max(wide, 1))
            ]
        rows += _balance_parts_into_lines(parts, type_size, width, fonts)
    return rows


def _balance_parts_into_lines(
    parts: Sequence[tuple[str, str]], type_size: int, width: float, fonts: FontSet
) -> list[str]:
    """The fewest lines, and among those the breaks that make them most alike.

    Each part comes with the space before it, which is dropped at the start of a line.
    """

    def fill_lines(limit: float) -> list[str]:
        lines: list[str] = []
        for space, part in parts:
            longer = f"{lines[-1]}{space}{part}" if lines else part
            if lines and measure_text_width(longer, type_size, fonts) > limit:
                lines.append(part)
            elif lines:
                lines[-1] = longer
            else:
                lines.append(part)
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
