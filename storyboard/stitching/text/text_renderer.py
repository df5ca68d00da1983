"""Draws text: the one door for cards, titles and subtitles.

resvg shapes the letters (ligatures, marks, right to left) and draws them. Each run names its own
font file's family, so that no font of the machine is chosen by chance.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from storyboard.stitching.text.fonts import OURS, FontFace, FontSet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TEXT_REVISION = 2
"""Raise it when the same text would be drawn otherwise."""

Align: TypeAlias = Literal["start", "middle", "end"]

_STRETCHES = (
    "ultra-condensed extra-condensed condensed semi-condensed normal semi-expanded expanded "
    "extra-expanded ultra-expanded"
).split()
_EMBED_RTL, _END_EMBEDDING = "\u202b", "\u202c"


@dataclass(frozen=True, slots=True)
class PlacedText:
    """One line of text and its place in a picture, in pixels."""

    text: str
    across: float
    """Where it starts, has its middle, or ends, as `align` says."""
    baseline: float
    size: int
    color: str
    """As the storyboard writes it: a name, `#rrggbb` or `#rrggbbaa`."""
    align: Align = "middle"
    slanted: bool = False
    fonts: FontSet = field(default=OURS)


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A filled rectangle below the text, in pixels."""

    left: float
    top: float
    width: float
    height: float
    color: str


def render_text(
    texts: Iterable[PlacedText], size: tuple[int, int], below: Sequence[Rectangle] = ()
) -> NDArray[np.uint8]:
    """The texts over the rectangles: (height, width, 4), RGB with straight alpha."""
    import cv2
    import numpy as np
    import resvg_py

    files: dict[Path, None] = {}
    body = [
        f'<rect x="{item.left:.2f}" y="{item.top:.2f}" width="{item.width:.2f}" '
        f'height="{item.height:.2f}"{_describe_fill(item.color)}/>'
        for item in below
    ]
    for item in texts:
        runs = item.fonts.split_into_runs(item.text, slanted=item.slanted)
        files |= dict.fromkeys(face.path for face, _ in runs)
        body.append(_describe_text(item, runs))
    if not body:
        return np.zeros((size[1], size[0], 4), np.uint8)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}">'
        f"{''.join(body)}</svg>"
    )
    png = resvg_py.svg_to_bytes(
        svg_string=svg, skip_system_fonts=True, font_files=[str(path) for path in files] or None
    )
    picture = np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED))
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA), np.uint8)


def measure_text_width(text: str, type_size: int, fonts: FontSet = OURS) -> float:
    """Pixels that a line takes at most: letters that join may take a little less."""
    return sum(
        float(_load_face(str(face.path), type_size).getlength(part))
        for face, part in fonts.split_into_runs(text)
    )


def is_right_to_left(text: str) -> bool:
    """Whether the first letter with a direction is read from right to left."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


@lru_cache(maxsize=128)
def _load_face(path: str, type_size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(path, type_size)


def _describe_text(item: PlacedText, runs: Sequence[tuple[FontFace, str]]) -> str:
    # resvg takes every line for one that is read from left to right.
    before, after = (_EMBED_RTL, _END_EMBEDDING) if is_right_to_left(item.text) else ("", "")
    spans = [
        f"<tspan{_describe_face(face)}>"
        f"{before if number == 0 else ''}{escape(part)}"
        f"{after if number == len(runs) - 1 else ''}</tspan>"
        for number, (face, part) in enumerate(runs)
    ]
    return (
        f'<text x="{item.across:.2f}" y="{item.baseline:.2f}" font-size="{item.size}" '
        f'text-anchor="{item.align}" font-optical-sizing="none" xml:space="preserve"'
        f"{_describe_fill(item.color)}>{''.join(spans)}</text>"
    )


def _describe_face(face: FontFace) -> str:
    style = ' font-style="italic"' if face.slanted else ""
    stretch = _STRETCHES[min(max(face.stretch, 1), 9) - 1]
    family = face.family.replace("'", "\\'")
    return (
        f""" font-family="'{escape(family)}'" font-weight="{face.weight}" """
        f'font-stretch="{stretch}"{style}'
    )


def _describe_fill(color: str) -> str:
    if len(color) == len("#rrggbbaa"):
        return f' fill="{color[:7]}" fill-opacity="{int(color[7:], 16) / 255:.4f}"'
    return f' fill="{color}"'
