"""Renders SVG to pixels for compositing: premultiplied BGRA, lit, with paper shadows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from storyboard.previz.painting.lighting import Matrix

Pixels: TypeAlias = NDArray[np.uint8]
"""(height, width, 4), premultiplied BGRA unless stated otherwise."""

_MAX_PIXELS = 22_000_000


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in metres, y down."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def union(self, other: Box) -> Box:
        return Box(min(self.left, other.left), min(self.top, other.top),
                   max(self.right, other.right), max(self.bottom, other.bottom))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels and their position."""

    pixels: Pixels
    left: float
    """Metres of the pixels' left edge; `top` likewise."""
    top: float
    density: float
    """Pixels per metre."""


@lru_cache(maxsize=1)
def list_font_files() -> tuple[str, ...]:
    """The paths of our own font files; system fonts are never used."""
    import fontpkg_inter
    import fontpkg_jetbrains_mono

    files: list[str] = []
    for package in (fontpkg_inter, fontpkg_jetbrains_mono):
        files += sorted(str(file) for file in Path(package.ROOT, "files").glob("*.ttf"))
    return tuple(files)


def render_svg(svg_body: str, box: Box, pixels_per_metre: float) -> Pixels:
    """Renders `svg_body`, in metres, to the pixels of `box`."""
    import resvg_py

    wide = max(1, math.ceil(box.width * pixels_per_metre - 0.01))
    high = max(1, math.ceil(box.height * pixels_per_metre - 0.01))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
        f'viewBox="{box.left:.5f} {box.top:.5f} '
        f'{wide / pixels_per_metre:.5f} {high / pixels_per_metre:.5f}">'
        f"{svg_body}</svg>"
    )
    # Loading fonts is slow, and most sprites have no text.
    files = list(list_font_files()) if "<text" in svg_body else None
    png = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, font_files=files)
    straight = np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED))
    if straight.ndim == 2:
        straight = cv2.cvtColor(straight, cv2.COLOR_GRAY2BGRA)
    elif straight.shape[2] == 3:
        straight = cv2.cvtColor(straight, cv2.COLOR_BGR2BGRA)
    return premultiply_alpha(straight)


def premultiply_alpha(straight: Pixels) -> Pixels:
    blue, green, red, alpha = cv2.split(straight)
    multiplied = [cv2.multiply(c, alpha, scale=1 / 255) for c in (blue, green, red)]
    bgra: Pixels = cv2.merge([*multiplied, alpha])
    return bgra


def apply_color_matrix(pixels: Pixels, matrix: Matrix) -> Pixels:
    """Every colour through `matrix`, never brighter than its alpha allows."""
    out = cv2.transform(pixels, matrix)
    alpha = cv2.extractChannel(out, 3)
    result: Pixels = cv2.min(out, cv2.merge([alpha, alpha, alpha, alpha]))
    return result


def composite_over(below: Pixels, above: Pixels) -> None:
    """Draws `above` over `below`, in place; both are premultiplied and of the same size."""
    keep = cv2.bitwise_not(cv2.extractChannel(above, 3))
    cv2.multiply(below, cv2.merge([keep, keep, keep, keep]), dst=below, scale=1 / 255)
    cv2.add(below, above, dst=below)


def add_shadow(pixels: Pixels, reach_px: float, strength: float) -> Pixels:
    """`pixels` over their soft shadow, `reach_px` pixels down and to the side."""
    if reach_px < 0.6 or strength <= 0:
        return pixels
    alpha = cv2.extractChannel(pixels, 3)
    high, wide = alpha.shape
    # A soft shadow has no detail: blur a small copy and enlarge it.
    small = max(1, round(reach_px / 3))
    size = (max(1, wide // small), max(1, high // small))
    soft = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(soft, (0, 0), max(0.5, reach_px / small * 0.62))
    move = np.array([[wide / size[0], 0, reach_px * 0.45], [0, high / size[1], reach_px * 0.6]])
    soft = cv2.warpAffine(soft, move, (wide, high), borderMode=cv2.BORDER_REPLICATE)
    dark = np.zeros_like(pixels)
    cv2.insertChannel(cv2.convertScaleAbs(soft, alpha=strength), dark, 3)
    composite_over(dark, pixels)
    return dark


def blur_pixels(pixels: Pixels, sigma: float) -> Pixels:
    """`pixels` out of focus by `sigma` pixels."""
    if sigma < 0.6:
        return pixels
    small = max(1, int(sigma / 2.2))
    if small == 1:
        soft: Pixels = cv2.GaussianBlur(pixels, (0, 0), sigma)
        return soft
    high, wide = pixels.shape[:2]
    size = (max(1, wide // small), max(1, high // small))
    tiny = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    tiny = cv2.GaussianBlur(tiny, (0, 0), sigma / small)
    wide_again: Pixels = cv2.resize(tiny, (wide, high), interpolation=cv2.INTER_LINEAR)
    return wide_again


def trim_empty_margins(picture: Picture) -> Picture | None:
    """The picture without its empty margins; None if it is empty."""
    alpha = cv2.extractChannel(picture.pixels, 3)
    rows = np.flatnonzero(cv2.reduce(alpha, 1, cv2.REDUCE_MAX))
    if not rows.size:
        return None
    columns = np.flatnonzero(cv2.reduce(alpha, 0, cv2.REDUCE_MAX))
    y0, y1 = int(rows[0]), int(rows[-1]) + 1
    x0, x1 = int(columns[0]), int(columns[-1]) + 1
    return Picture(
        np.ascontiguousarray(picture.pixels[y0:y1, x0:x1]),
        picture.left + x0 / picture.density,
        picture.top + y0 / picture.density,
        picture.density,
    )


def grow_box_to_pixels(box: Box, pixels_per_metre: float) -> Box:
    """`box` grown to whole pixels, so a part of the world always gets the same pixels."""
    return Box(
        math.floor(box.left * pixels_per_metre) / pixels_per_metre,
        math.floor(box.top * pixels_per_metre) / pixels_per_metre,
        math.ceil(box.right * pixels_per_metre) / pixels_per_metre,
        math.ceil(box.bottom * pixels_per_metre) / pixels_per_metre,
    )


def limit_pixels_per_metre(box: Box, wanted_density: float) -> float:
    """`wanted_density`, or the most that keeps a picture of `box` within memory."""
    area = box.width * box.height * wanted_density * wanted_density
    return wanted_density if area <= _MAX_PIXELS else wanted_density * math.sqrt(_MAX_PIXELS / area)


@lru_cache(maxsize=4)
def _build_paper_grain_tile(height: int, width: int) -> NDArray[np.uint8]:
    noise = np.random.Generator(np.random.PCG64(7)).normal(0, 1, (height, width)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 1.1)
    fibre = cv2.GaussianBlur(noise, (0, 0), sigmaX=5, sigmaY=2.2)
    both = soft / soft.std() * 0.8 + fibre / fibre.std() * 0.3
    tile: NDArray[np.uint8] = np.clip(246 + both * 4.2, 0, 255).astype(np.uint8)
    return tile


def add_paper_grain(pixels: Pixels, box: Box, pixels_per_metre: float) -> Pixels:
    """Adds the grain of paper, fixed in the world for any painted part."""
    high, wide = pixels.shape[:2]
    tile = _build_paper_grain_tile(512, 512)
    y, x = round(box.top * pixels_per_metre) % 512, round(box.left * pixels_per_metre) % 512
    tooth = np.tile(tile, ((y + high) // 512 + 1, (x + wide) // 512 + 1))[
        y : y + high, x : x + wide
    ]
    full = np.full_like(tooth, 255)
    cv2.multiply(pixels, cv2.merge([tooth, tooth, tooth, full]), dst=pixels, scale=1 / 255)
    return pixels
