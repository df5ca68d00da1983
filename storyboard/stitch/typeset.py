"""Words into lines of type: wrapped, balanced, and scaled to stand where they must.

Fonts are found by path in their packages, so that a machine without fonts draws the same letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from storyboard.film import TitleCue
from storyboard.stitch.planes import Size

PAPER = (244, 240, 233)
"""The white of letters."""
_QUIET = (196, 190, 180)
_LIGHT = (224, 220, 212)
"""Quiet over a picture, where grey would not be legible."""
_HAIR_SPACE = "\u200a"


@dataclass(frozen=True, slots=True)
class TypeLine:
    """One line of type, measured."""

    text: str
    size: int
    color: tuple[int, int, int]
    gap: int = 0
    """Pixels of space above it, besides its own leading."""
    slanted: bool = False

    @property
    def height(self) -> int:
        return round(self.size * 1.32)


def block_height(lines: Sequence[TypeLine]) -> int:
    """Pixels from the top of the first line to the bottom of the last."""
    return sum(line.height + line.gap for line in lines)


def font_path(*, slanted: bool = False) -> str:
    """The font of titles, from its package."""
    from fontpkg_inter import ROOT

    return str(ROOT / "files" / f"Inter{'-Italic' if slanted else ''}[opsz,wght].ttf")


def unprintable(text: str) -> str:
    """The characters of `text` that the font can't draw, each once, in order."""
    face = _face(32)
    blank = bytes(face.getmask("\uffff"))
    odd = (
        char
        for char in dict.fromkeys(text)
        if char.isprintable() and not char.isspace() and bytes(face.getmask(char)) == blank
    )
    return "".join(odd)


def fitted(text: str, size: Size, *, base: float, safe: tuple[float, float]) -> list[TypeLine]:
    """Lines wrapped and scaled to stand inside `safe`, a part of width and of height."""
    width, height = size[0] * safe[0], size[1] * safe[1]
    first, *rest = [part for part in text.strip("\n").split("\n\n") if part.strip()] or [""]
    for step in range(40):
        point = max(8, round(base * 0.94**step))
        small = max(8, round(point * 0.5))
        lines = [TypeLine(row, point, PAPER) for row in _wrapped(first, point, width)]
        for paragraph in rest:
            rows = _wrapped(paragraph, small, width)
            gaps = [round(point * 0.45)] + [0] * (len(rows) - 1)
            lines += [
                TypeLine(row, small, _QUIET, gap) for row, gap in zip(rows, gaps, strict=True)
            ]
        fits = all(length_of(line.text, line.size) <= width for line in lines)
        if (fits and block_height(lines) <= height) or point == 8:
            break
    return lines


def third(text: str, size: Size) -> list[TypeLine]:
    first, *rest = [row for row in text.strip().split("\n") if row.strip()] or [""]
    width = size[0] * 0.7
    point, small = round(min(size) * 0.052), round(min(size) * 0.034)
    lines = [TypeLine(row, point, PAPER) for row in _wrapped(first, point, width)]
    return lines + [
        TypeLine(part, small, _LIGHT) for row in rest for part in _wrapped(row, small, width)
    ]


def subtitle(text: str, size: Size, *, slanted: bool) -> list[TypeLine]:
    """The lines of a subtitle as they are; smaller, then broken again, where they are too wide."""
    width = size[0] * 0.86
    usual = min(size) * 0.052
    rows = text.split("\n")
    widest = max(length_of(row, 100) for row in rows) / 100
    point = max(8, round(min(usual, max(usual * 0.62, width / max(widest, 1)))))
    if widest * point > width:
        rows = [part for row in rows for part in _broken(row.split(), " ", point, width)]
    return [TypeLine(row, point, PAPER, slanted=slanted) for row in rows]


def credit_lines(title: TitleCue, size: Size) -> list[TypeLine]:
    point = round(min(size) * 0.042)
    rows: list[TypeLine] = []
    if title.text:
        head = round(point * 1.5)
        rows += [TypeLine(row, head, PAPER) for row in _wrapped(title.text, head, size[0] * 0.8)]
    for number, entry in enumerate(title.credits):
        gap = round(point * (0.9 if number == 0 and rows else 0.28))
        for row in _wrapped(entry, point, size[0] * 0.8):
            rows.append(TypeLine(row, point, PAPER, gap))
            gap = 0
    return rows


def _wrapped(text: str, point: int, width: float) -> list[str]:
    """`text` as lines no wider than `width` where its words allow, evenly filled."""
    rows: list[str] = []
    for row in text.split("\n"):
        words = [_tracked(word) if row.isupper() else word for word in row.split()]
        space = " " + _HAIR_SPACE * 2 if row.isupper() else " "
        rows += _broken(words, space, point, width)
    return rows


def _broken(words: Sequence[str], space: str, point: int, width: float) -> list[str]:
    """The least number of lines, and of those the breaks that leave them most alike."""

    def fill(limit: float) -> list[str]:
        lines: list[str] = []
        for word in words:
            longer = f"{lines[-1]}{space}{word}" if lines else word
            if lines and length_of(longer, point) > limit:
                lines.append(word)
            elif lines:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines or [""]

    lines = fill(width)
    narrow, wide = width / max(1, len(lines)), width
    while wide - narrow > point / 4:
        middle = (narrow + wide) / 2
        if len(fill(middle)) > len(lines):
            narrow = middle
        else:
            wide = middle
    return fill(wide)


def _tracked(word: str) -> str:
    """Capitals set a little apart."""
    return _HAIR_SPACE.join(word)


@lru_cache(maxsize=128)
def _face(point: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(font_path(), point)


def length_of(text: str, point: int) -> float:
    return float(_face(point).getlength(text))
