"""The typography of a film: cards between shots, and titles over the picture.

Everything here is a still picture; `title_timing` handles time (fades, the roll of long credits).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any

from storyboard.errors import StitchError
from storyboard.model.film import TextStyle, TitleCue
from storyboard.stitching.media.yuv import Frame, Size, to_yuv_frame
from storyboard.stitching.text.fonts import OURS, FontSet
from storyboard.stitching.text.overlay_pictures import draw_picture, place_picture
from storyboard.stitching.text.placement import find_across, find_top, split_pos
from storyboard.stitching.text.text_renderer import Align, PlacedText, Rectangle, render_text
from storyboard.stitching.text.typesetting import (
    PAPER,
    Block,
    Type,
    TypeLine,
    compute_legible_size,
    measure_block_height,
    typeset_card,
    typeset_centered_title,
    typeset_credits,
    typeset_lower_or_upper_third,
    typeset_subtitle,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STYLES = ("center", "lower-third", "upper-third", "credits")
"""Styles of a title; without one, text is centred and credits are credits."""

SUBTITLE = "subtitle"
"""The style of a burnt subtitle; no title of a storyboard has it."""
SUBTITLE_OFF = "subtitle-off"
"""The same for a voice without a picture, in italics."""

_ROLLED = "rolled"
_THIRDS = ("lower-third", "upper-third")
_STRIP_LINES = 12
"""Lines of a roll that are drawn at once."""
_ASCENT = 0.96875
"""From the top of a line to its baseline, in ems of our font."""
_BOX_PADDING = 0.35
"""Between text and the edge of its box, in ems."""
_DRAWN_SIDE = 720
"""The shorter side of a frame in which the smallest type is still drawn well."""


@dataclass(frozen=True, slots=True)
class _SetTitle:
    """A title set in type, for a frame that is `scale` times as large as the one shown."""

    lines: Sequence[TypeLine]
    layout: str
    scale: int
    style: TextStyle

    @property
    def height(self) -> int:
        return measure_block_height(self.lines)


def draw_title_card(text: str, size: Size, fonts: FontSet = OURS) -> Frame:
    """The picture of a title card: its lines, centred on black.

    Text after a blank line is smaller and quieter. Long lines wrap, and type shrinks until all of
    it is inside the title-safe area. Raises StitchError when it can't.
    """
    import numpy as np

    block, scale = _fit_block_with_scale(partial(typeset_card, text, type_=Type(fonts)), size)
    scaled_size = _scale_size(size, scale)
    letters = render_text(
        _place_lines(_SetTitle(block, "center", scale, TextStyle()), scaled_size), scaled_size
    )
    light = letters[..., :3] * (letters[..., 3:] / np.float32(255))
    return to_yuv_frame(_downscale_picture(np.rint(light).astype(np.uint8), scale))


def draw_title(title: TitleCue, size: Size, fonts: FontSet = OURS) -> NDArray[np.uint8]:
    """A title as a (height, width, 4) picture with straight alpha, as large as the frame.

    Credits too long for the frame give a taller picture, which is rolled. Raises StitchError for
    text that doesn't fit.
    """
    if title.image is not None:
        return draw_picture(title, size)
    set_title = _set_title(title, size, fonts)
    if set_title.layout == _ROLLED:
        return _draw_roll(set_title, size)
    return _draw_lines(set_title, size)


def find_title_pixel_rows(title: TitleCue, size: Size, fonts: FontSet = OURS) -> tuple[int, int]:
    """The rows of pixels that a title covers in a frame of `size`: the first, and one past the
    last.

    Raises StitchError for text that doesn't fit.
    """
    if title.image is not None:
        _, top, _, height = place_picture(title, size)
        return top, top + height
    set_title = _set_title(title, size, fonts)
    if set_title.layout == _ROLLED:
        return 0, size[1]
    scale = set_title.scale
    _, top, _ = _find_place(set_title, _scale_size(size, scale))
    return top // scale, -(-(top + set_title.height) // scale)


def _set_title(title: TitleCue, size: Size, fonts: FontSet) -> _SetTitle:
    """The lines of a title, in the largest type that fits."""
    look = title.look
    if title.style in (SUBTITLE, SUBTITLE_OFF):
        slanted = title.style == SUBTITLE_OFF
        lines = typeset_subtitle(title.text, size, slanted=slanted, type_=Type(fonts, look))
        return _SetTitle(lines, SUBTITLE, 1, look)
    layout = resolve_style(title)
    block, scale = _fit_block_with_scale(partial(typeset_title_block, title, fonts=fonts), size)
    if layout == "credits":
        rolls = measure_block_height(block) > size[1] * scale * 0.8
        layout = _ROLLED if rolls else "center"
    return _SetTitle(block, layout, scale, look)


def typeset_title_block(
    title: TitleCue, size: Size, min_type_size: int, fonts: FontSet = OURS
) -> Block:
    """The lines of a title in type of at least `min_type_size` pixels, in its style."""
    layout, type_ = resolve_style(title), Type(fonts, title.look)
    if layout == "credits":
        return typeset_credits(title, size, min_type_size, type_)
    typeset = typeset_lower_or_upper_third if layout in _THIRDS else typeset_centered_title
    return typeset(title.text, size, min_type_size, type_)


def resolve_style(title: TitleCue) -> str:
    """The layout of a title, one of STYLES. Raises StitchError for another one."""
    style = {"": "center", "centre": "center"}.get(title.style, title.style)
    if style not in STYLES:
        raise StitchError(
            f"unknown title style {title.style!r}", hint=f"use one of {', '.join(STYLES)}"
        )
    return "credits" if title.credits else style


def _fit_block_with_scale(
    typeset: Callable[[Size, int], Block], size: Size
) -> tuple[tuple[TypeLine, ...], int]:
    """The lines that `typeset` makes for a frame of `size`, or for one `scale` times as large.

    A small frame with text that is legible only in a larger one is drawn large and reduced.
    """
    block, scale = typeset(size, compute_legible_size(size)), 1
    if not block.fits:
        scale = -(-_DRAWN_SIDE // min(size))
        scaled_size = _scale_size(size, scale)
        block = typeset(scaled_size, compute_legible_size(scaled_size) * 3 // 4)
    if not block.fits:
        first = next((line.text for line in block.lines if line.text), "")
        raise StitchError(
            f"the text that starts with {first[:40]!r} is too long for one picture",
            hint="write fewer lines or shorter ones, or show them one after another",
        )
    return block.lines, scale


def _find_place(set_title: _SetTitle, size: Size) -> tuple[float, int, Align]:
    """Where the lines are: the pixels across that `align` speaks of, and their first row."""
    width, height = size
    block = set_title.height
    if pos := set_title.style.pos:
        column, row = split_pos(pos)
        align: Align = "middle" if isinstance(column, float) else column
        longest = max((line.width for line in set_title.lines), default=0)
        across = find_across(column, longest, width)
        return across, find_top(row, block, height), align
    match set_title.layout:
        case "lower-third":
            return round(width * 0.07), round(height * 0.88) - block, "start"
        case "upper-third":
            return round(width * 0.07), round(height * 0.12), "start"
        case "subtitle":
            return width / 2, round(height * 0.94) - block, "middle"
    return width / 2, (height - block) // 2, "middle"


def _place_lines(set_title: _SetTitle, size: Size) -> list[PlacedText]:
    """The lines, one below another, in a frame of `size`."""
    across, top, align = _find_place(set_title, size)
    placed: list[PlacedText] = []
    for line in set_title.lines:
        top += line.gap
        if line.text:
            baseline = top + ceil(line.size * _ASCENT)
            placed.append(
                PlacedText(
                    line.text, across, baseline, line.size, line.color, align,
                    line.slanted, line.fonts,
                )
            )  # fmt: skip
        top += line.height
    return placed


def _draw_lines(set_title: _SetTitle, size: Size) -> NDArray[np.uint8]:
    """The lines on a transparent picture of `size`, in their box or with a shadow."""
    scale = set_title.scale
    scaled_size = _scale_size(size, scale)
    texts = _place_lines(set_title, scaled_size)
    if texts and set_title.style.box:
        letters = render_text(texts, scaled_size)
        box = _find_box(letters, set_title, scaled_size)
        return _downscale_letters(render_text(texts, scaled_size, [box]), scale)
    bars: list[Rectangle] = []
    # A bar beside the lines marks a third.
    if texts and set_title.layout in _THIRDS and not set_title.style.pos:
        _, top, _ = _find_place(set_title, scaled_size)
        bars.append(
            Rectangle(
                round(scaled_size[0] * 0.055), top, max(2, min(scaled_size) // 240),
                set_title.height, set_title.style.color or PAPER,
            )
        )  # fmt: skip
    return _add_shadow(_downscale_letters(render_text(texts, scaled_size, bars), scale), min(size))


def _find_box(letters: NDArray[np.uint8], set_title: _SetTitle, size: Size) -> Rectangle:
    """The box behind the letters: as wide as they are drawn, as tall as their lines."""
    import numpy as np

    columns = np.flatnonzero(letters[..., 3].any(axis=0))
    left, right = (int(columns[0]), int(columns[-1]) + 1) if len(columns) else (0, 0)
    _, top, _ = _find_place(set_title, size)
    padding = round(max(line.size for line in set_title.lines) * _BOX_PADDING)
    return Rectangle(
        left - padding, top - padding // 2, right - left + 2 * padding,
        set_title.height + 2 * (padding // 2), set_title.style.box,
    )  # fmt: skip


def _draw_roll(set_title: _SetTitle, size: Size) -> NDArray[np.uint8]:
    """Lines in a picture taller than the frame, to be rolled through it.

    Drawn in strips, so that no picture is larger than a frame or two.
    """
    import numpy as np

    scale, lines = set_title.scale, set_title.lines
    longest = max(line.width + 2 * line.size for line in lines)
    even = 2 * scale
    wide = min(size[0] * scale, round(longest / even) * even)
    strips = []
    for at in range(0, len(lines), _STRIP_LINES):
        part = _SetTitle(lines[at : at + _STRIP_LINES], "center", scale, TextStyle())
        strip = (wide, part.height)
        strips.append(render_text(_place_lines(part, strip), strip))
    # Rows are added until the height divides into even pixels after reduction.
    strips.append(np.zeros((-set_title.height % even, wide, 4), np.uint8))
    block = _add_shadow(_downscale_letters(np.concatenate(strips), scale), min(size))
    # Two rows taller than the frame at least, which tells a roll from a still title.
    canvas = np.zeros((max(size[1] + 2, len(block)), size[0], 4), np.uint8)
    left = (size[0] - block.shape[1]) // 2
    canvas[: len(block), left : left + block.shape[1]] = block
    return canvas


def _scale_size(size: Size, scale: int) -> Size:
    return size[0] * scale, size[1] * scale


def _downscale_picture(picture: NDArray[Any], divisor: int) -> NDArray[Any]:
    """`picture`, reduced to `1 / divisor` of its size."""
    import cv2
    import numpy as np

    if divisor == 1:
        return picture
    height, width = picture.shape[:2]
    small = (width // divisor, height // divisor)
    return np.asarray(cv2.resize(picture, small, interpolation=cv2.INTER_AREA))


def _downscale_letters(letters: NDArray[np.uint8], divisor: int) -> NDArray[np.uint8]:
    """The same for a picture with straight alpha, whose colours count by their alpha."""
    import numpy as np

    if divisor == 1:
        return letters
    alpha = letters[..., 3:] / np.float32(255)
    light = _downscale_picture(letters[..., :3] * alpha, divisor)
    cover = _downscale_picture(np.ascontiguousarray(letters[..., 3]).astype(np.float32), divisor)
    return _join_light_and_alpha(light, cover / 255)


def _add_shadow(letters: NDArray[np.uint8], frame_side: int) -> NDArray[np.uint8]:
    """The letters with a soft shadow that keeps them legible on any picture."""
    import cv2
    import numpy as np

    coverage = letters[..., 3] / np.float32(255)
    shadow = cv2.GaussianBlur(coverage, (0, 0), max(1.0, frame_side / 160))
    shadow = np.clip(shadow * 1.1, 0, 0.6)
    # The shadow is black, so it adds only alpha; the letters' light is divided by the sum.
    alpha = coverage + shadow * (1 - coverage)
    return _join_light_and_alpha(letters[..., :3] * coverage[..., None], alpha)


def _join_light_and_alpha(light: NDArray[Any], alpha: NDArray[Any]) -> NDArray[np.uint8]:
    """A picture with straight alpha from colours that were multiplied by it."""
    import numpy as np

    picture = np.zeros((*alpha.shape, 4), np.uint8)
    picture[..., :3] = np.rint(np.minimum(light / np.maximum(alpha, 1 / 255)[..., None], 255))
    picture[..., 3] = np.rint(alpha * 255)
    return picture
