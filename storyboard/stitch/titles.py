"""The typography of a film: cards in running order, and titles laid over the picture.

Set with MoviePy from fonts found by path, so that a machine without fonts draws the same letters.
Everything here is a still picture; time (fades, the roll of long credits) is `overlays`' work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from storyboard.errors import StitchError
from storyboard.film import TitleCue
from storyboard.stitch.media import load_moviepy
from storyboard.stitch.planes import Frame, Size, from_rgb

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STYLES = ("center", "lower-third", "upper-third", "credits")
"""How a title may stand; without a style, text stands in the centre and credits as credits."""

_PAPER = (244, 240, 233)
_QUIET = (196, 190, 180)
_LIGHT = (224, 220, 212)
"""Quiet over a picture, where grey would not be legible."""
_HAIR_SPACE = "\u200a"
_THIRDS = ("lower-third", "upper-third")
_SHORT = 40
"""Characters up to which a card is a title; longer ones are sentences, set smaller."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of type, measured."""

    text: str
    size: int
    color: tuple[int, int, int]
    gap: int = 0
    """Pixels of space above it, besides its own leading."""

    @property
    def height(self) -> int:
        return round(self.size * 1.32)


def card_frame(text: str, size: Size) -> Frame:
    """The picture of a title card: its lines in the centre of black.

    A blank line sets what follows smaller and quieter. Long lines wrap, and type shrinks until
    all of it stands inside the title-safe area.
    """
    import numpy as np

    base = min(size) * (0.085 if len(text.split("\n\n")[0]) <= _SHORT else 0.062)
    lines = _fitted(text, size, base=base, safe=(0.78, 0.72))
    moviepy = load_moviepy()
    ground = moviepy.ColorClip(size, color=(0, 0, 0), duration=1)
    picture = moviepy.CompositeVideoClip([ground, *_stacked(lines, size, "center")], size=size)
    return from_rgb(np.asarray(picture.get_frame(0), np.uint8))


def overlay(title: TitleCue, size: Size) -> NDArray[np.uint8]:
    """A title as a (height, width, 4) picture with straight alpha, as large as the frame.

    Credits that are too many for the frame make a taller picture, which is to be rolled.
    """
    width, height = size
    style = style_of(title)
    if style == "credits" or title.credits:
        lines = _credits(title, size)
        tall = sum(line.height + line.gap for line in lines)
        if tall > height * 0.8:  # not below the frame's height, or it would not be seen to roll
            tall = max(tall, height + 2)
            return _lettered(lines, (width, tall + tall % 2), "center")
        return _lettered(lines, size, "center")
    if style in _THIRDS:
        return _lettered(_third(title.text, size), size, style)
    return _lettered(
        _fitted(title.text, size, base=min(size) * 0.07, safe=(0.8, 0.72)), size, "center"
    )


def style_of(title: TitleCue) -> str:
    """One of STYLES; StitchError when the title asks for another."""
    style = {"": "credits" if title.credits else "center", "centre": "center"}.get(
        title.style, title.style
    )
    if style not in STYLES:
        raise StitchError(
            f"{title.style!r} is no style of a title", hint=f"use one of {', '.join(STYLES)}"
        )
    return style


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


def font_path() -> str:
    """The font of titles, from its package."""
    from fontpkg_inter import ROOT

    return str(ROOT / "files" / "Inter[opsz,wght].ttf")


def _fitted(text: str, size: Size, *, base: float, safe: tuple[float, float]) -> list[_Line]:
    """Lines wrapped and scaled to stand inside `safe`, a part of width and of height."""
    width, height = size[0] * safe[0], size[1] * safe[1]
    first, *rest = [part for part in text.strip("\n").split("\n\n") if part.strip()] or [""]
    for step in range(40):
        point = max(8, round(base * 0.94**step))
        small = max(8, round(point * 0.5))
        lines = [_Line(row, point, _PAPER) for row in _wrapped(first, point, width)]
        for paragraph in rest:
            rows = _wrapped(paragraph, small, width)
            gaps = [round(point * 0.45)] + [0] * (len(rows) - 1)
            lines += [_Line(row, small, _QUIET, gap) for row, gap in zip(rows, gaps, strict=True)]
        fits = all(_length(line.text, line.size) <= width for line in lines)
        if (fits and sum(line.height + line.gap for line in lines) <= height) or point == 8:
            break
    return lines


def _third(text: str, size: Size) -> list[_Line]:
    first, *rest = [row for row in text.strip().split("\n") if row.strip()] or [""]
    width = size[0] * 0.7
    point, small = round(min(size) * 0.052), round(min(size) * 0.034)
    lines = [_Line(row, point, _PAPER) for row in _wrapped(first, point, width)]
    return lines + [
        _Line(part, small, _LIGHT) for row in rest for part in _wrapped(row, small, width)
    ]


def _credits(title: TitleCue, size: Size) -> list[_Line]:
    point = round(min(size) * 0.042)
    rows: list[_Line] = []
    if title.text:
        head = round(point * 1.5)
        rows += [_Line(row, head, _PAPER) for row in _wrapped(title.text, head, size[0] * 0.8)]
    for number, entry in enumerate(title.credits):
        gap = round(point * (0.9 if number == 0 and rows else 0.28))
        for row in _wrapped(entry, point, size[0] * 0.8):
            rows.append(_Line(row, point, _PAPER, gap))
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
            if lines and _length(longer, point) > limit:
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


def _length(text: str, point: int) -> float:
    return float(_face(point).getlength(text))


def _top(lines: Sequence[_Line], size: Size, style: str) -> int:
    """Where the first of the lines begins."""
    tall = sum(line.height + line.gap for line in lines)
    match style:
        case "lower-third":
            return round(size[1] * 0.88) - tall
        case "upper-third":
            return round(size[1] * 0.12)
    return (size[1] - tall) // 2


def _stacked(lines: Sequence[_Line], size: Size, style: str) -> list[Any]:
    """MoviePy clips of the lines, one under another, placed in a frame of `size`."""
    moviepy = load_moviepy()
    width = size[0]
    top = _top(lines, size, style)
    clips: list[Any] = []
    for line in lines:
        top += line.gap
        if line.text:
            wide = round(_length(line.text, line.size)) + line.size
            left = (width - wide) // 2 if style == "center" else round(width * 0.07)
            clip = moviepy.TextClip(
                font=font_path(),
                text=line.text,
                font_size=line.size,
                size=(wide, line.height),
                color=line.color,
                horizontal_align="center" if style == "center" else "left",
                vertical_align="top",
                duration=1,
            )
            clips.append(clip.with_position((left, top)))
        top += line.height
    return clips


def _lettered(lines: Sequence[_Line], size: Size, style: str) -> NDArray[np.uint8]:
    """Lines over nothing, with a soft shadow that keeps them legible on any picture."""
    import cv2
    import numpy as np

    width, height = size
    clips = _stacked(lines, size, style)
    moviepy = load_moviepy()
    if style in _THIRDS:
        tall = sum(line.height + line.gap for line in lines)
        bar = moviepy.ColorClip((max(2, min(size) // 240), tall), color=_PAPER, duration=1)
        clips.append(bar.with_position((round(width * 0.055), _top(lines, size, style))))
    composed = moviepy.CompositeVideoClip(clips, size=size)
    letters = np.asarray(composed.mask.get_frame(0), np.float32)
    light = np.asarray(composed.get_frame(0), np.float32)  # over nothing: already times alpha
    shadow = cv2.GaussianBlur(letters, (0, 0), max(1.0, min(width, height) / 160))
    shadow = np.clip(shadow * 1.1, 0, 0.6)
    alpha = letters + shadow * (1 - letters)
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., :3] = np.rint(np.minimum(light / np.maximum(alpha, 1 / 255)[..., None], 255))
    picture[..., 3] = np.rint(alpha * 255)
    return picture
