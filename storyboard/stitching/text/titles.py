"""The typography of a film: cards between shots, and titles over the picture.

Drawn with MoviePy from fonts found by path, so a machine without fonts draws the same letters.
Everything here is a still picture; `title_timing` handles time (fades, the roll of long credits).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from storyboard.errors import StitchError
from storyboard.model.film import TitleCue
from storyboard.stitching.media.ffmpeg import load_moviepy
from storyboard.stitching.media.yuv import Frame, Size, to_yuv_frame
from storyboard.stitching.text.typesetting import (
    PAPER,
    Block,
    TypeLine,
    compute_legible_size,
    find_font,
    measure_block_height,
    measure_text_width,
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
_DRAWN_SIDE = 720
"""The shorter side of a frame in which the smallest type is still drawn well."""


def draw_title_card(text: str, size: Size) -> Frame:
    """The picture of a title card: its lines, centred on black.

    Text after a blank line is smaller and quieter. Long lines wrap, and type shrinks until all of
    it is inside the title-safe area. Raises StitchError when it can't.
    """
    import numpy as np

    lines, scale = _fit_block_with_scale(partial(typeset_card, text), size)
    scaled_size = _scale_size(size, scale)
    moviepy = load_moviepy()
    background = moviepy.ColorClip(scaled_size, color=(0, 0, 0), duration=1)
    picture = moviepy.CompositeVideoClip(
        [background, *_build_stacked_text_clips(lines, scaled_size, "center")], size=scaled_size
    )
    return to_yuv_frame(_downscale_picture(np.asarray(picture.get_frame(0), np.uint8), scale))


def draw_title(title: TitleCue, size: Size) -> NDArray[np.uint8]:
    """A title as a (height, width, 4) picture with straight alpha, as large as the frame.

    Credits too long for the frame give a taller picture, which is rolled. Raises StitchError for
    text that doesn't fit.
    """
    lines, style, scale = _typeset_title_with_scale(title, size)
    if style == _ROLLED:
        return _draw_roll(lines, size, scale)
    return _draw_lines_with_shadow(lines, size, style, scale)


def find_title_pixel_rows(title: TitleCue, size: Size) -> tuple[int, int]:
    """The rows of pixels that a title covers in a frame of `size`: the first, and one past the
    last.

    Raises StitchError for text that doesn't fit.
    """
    lines, style, scale = _typeset_title_with_scale(title, size)
    if style == _ROLLED:
        return 0, size[1]
    top = _find_top_of_lines(lines, _scale_size(size, scale), style)
    return top // scale, -(-(top + measure_block_height(lines)) // scale)


def _typeset_title_with_scale(title: TitleCue, size: Size) -> tuple[Sequence[TypeLine], str, int]:
    """The lines of a title, their style, and how many times larger than the frame they are set."""
    if title.style in (SUBTITLE, SUBTITLE_OFF):
        lines = typeset_subtitle(title.text, size, slanted=title.style == SUBTITLE_OFF)
        return lines, SUBTITLE, 1
    style = resolve_style(title)
    block, scale = _fit_block_with_scale(partial(typeset_title_block, title), size)
    if style != "credits":
        return block, style, scale
    rolls = measure_block_height(block) > size[1] * scale * 0.8
    return block, _ROLLED if rolls else "center", scale


def typeset_title_block(title: TitleCue, size: Size, min_type_size: int) -> Block:
    """The lines of a title in type of at least `min_type_size` pixels, in its style."""
    style = resolve_style(title)
    if style == "credits":
        return typeset_credits(title, size, min_type_size)
    return (typeset_lower_or_upper_third if style in _THIRDS else typeset_centered_title)(
        title.text, size, min_type_size
    )


def resolve_style(title: TitleCue) -> str:
    """One of STYLES; StitchError for any other."""
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


def _find_top_of_lines(lines: Sequence[TypeLine], size: Size, style: str) -> int:
    """The row where the first line begins."""
    match style:
        case "lower-third":
            return round(size[1] * 0.88) - measure_block_height(lines)
        case "upper-third":
            return round(size[1] * 0.12)
        case "subtitle":
            return round(size[1] * 0.94) - measure_block_height(lines)
    return (size[1] - measure_block_height(lines)) // 2


def _build_stacked_text_clips(lines: Sequence[TypeLine], size: Size, style: str) -> list[Any]:
    """MoviePy clips of the lines, one below another, placed in a frame of `size`."""
    moviepy = load_moviepy()
    width = size[0]
    top = _find_top_of_lines(lines, size, style)
    clips: list[Any] = []
    for line in lines:
        top += line.gap
        if line.text:
            wide = round(measure_text_width(line.text, line.size)) + line.size
            left = round(width * 0.07) if style in _THIRDS else (width - wide) // 2
            clip = moviepy.TextClip(
                font=find_font(slanted=line.slanted),
                text=line.text,
                font_size=line.size,
                size=(wide, line.height),
                color=line.color,
                horizontal_align="left" if style in _THIRDS else "center",
                vertical_align="top",
                duration=1,
            )
            clips.append(clip.with_position((left, top)))
        top += line.height
    return clips


def _draw_lines_with_shadow(
    lines: Sequence[TypeLine], size: Size, style: str, scale: int = 1
) -> NDArray[np.uint8]:
    """Lines with a shadow on a transparent picture of `size`."""
    scaled_size = _scale_size(size, scale)
    clips = _build_stacked_text_clips(lines, scaled_size, style)
    # A bar beside the lines marks a third.
    if clips and style in _THIRDS:
        stroke = (max(2, min(scaled_size) // 240), measure_block_height(lines))
        bar = load_moviepy().ColorClip(stroke, color=PAPER, duration=1)
        clips.append(
            bar.with_position(
                (round(scaled_size[0] * 0.055), _find_top_of_lines(lines, scaled_size, style))
            )
        )
    letters, light = _composite_coverage_and_light(clips, scaled_size)
    return _build_picture_with_shadow(
        _downscale_picture(letters, scale), _downscale_picture(light, scale), min(size)
    )


def _draw_roll(lines: Sequence[TypeLine], size: Size, scale: int) -> NDArray[np.uint8]:
    """Lines in a picture taller than the frame, to be rolled through it.

    Drawn in strips, since MoviePy copies its whole canvas for every line on it.
    """
    import numpy as np

    longest = max(measure_text_width(line.text, line.size) + 2 * line.size for line in lines)
    even = 2 * scale
    wide = min(size[0] * scale, round(longest / even) * even)
    letters, light = [], []
    for at in range(0, len(lines), _STRIP_LINES):
        part = lines[at : at + _STRIP_LINES]
        strip = (wide, measure_block_height(part))
        mask, picture = _composite_coverage_and_light(
            _build_stacked_text_clips(part, strip, "center"), strip
        )
        letters.append(mask)
        light.append(picture)
    # Rows are added until the height divides into even pixels after reduction.
    rows = -measure_block_height(lines) % even
    letters.append(np.zeros((rows, wide), np.float32))
    light.append(np.zeros((rows, wide, 3), np.float32))
    mask, picture = (
        _downscale_picture(np.concatenate(strips), scale) for strips in (letters, light)
    )
    block = _build_picture_with_shadow(mask, picture, min(size))
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


def _composite_coverage_and_light(
    clips: Sequence[Any], size: Size
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Coverage from 0 to 1, and the light of the letters: their colour times coverage."""
    import numpy as np

    width, height = size
    if not clips:
        return np.zeros((height, width), np.float32), np.zeros((height, width, 3), np.float32)
    composite = load_moviepy().CompositeVideoClip(list(clips), size=size)
    mask, picture = composite.mask.get_frame(0), composite.get_frame(0)
    return np.asarray(mask, np.float32), np.asarray(picture, np.float32)


def _build_picture_with_shadow(
    coverage: NDArray[np.float32], light: NDArray[np.float32], frame_side: int
) -> NDArray[np.uint8]:
    """The letters with straight alpha and a soft shadow that keeps them legible on any picture."""
    import cv2
    import numpy as np

    shadow = cv2.GaussianBlur(coverage, (0, 0), max(1.0, frame_side / 160))
    shadow = np.clip(shadow * 1.1, 0, 0.6)
    # The shadow is black, so it adds only alpha; the letters' light is divided by the sum.
    alpha = coverage + shadow * (1 - coverage)
    picture = np.zeros((*coverage.shape, 4), np.uint8)
    picture[..., :3] = np.rint(np.minimum(light / np.maximum(alpha, 1 / 255)[..., None], 255))
    picture[..., 3] = np.rint(alpha * 255)
    return picture
