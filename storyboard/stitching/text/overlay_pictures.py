"""Pictures over the film, such as a logo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storyboard.errors import StitchError
from storyboard.model.film import TitleCue
from storyboard.stitching.media.yuv import Size
from storyboard.stitching.text.placement import find_across, find_top, split_pos

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

USUAL_WIDTH = 20.0
"""% of the frame's width, of a picture that says no width."""


def place_picture(title: TitleCue, size: Size) -> tuple[int, int, int, int]:
    """(left, top, width, height) in pixels of a frame of `size`, never taller than the frame."""
    assert title.image is not None
    ratio = (title.image.height or 1) / (title.image.width or 1)
    wide = size[0] * (title.width or USUAL_WIDTH) / 100
    wide = min(wide, size[0], size[1] / ratio)
    width, height = max(1, round(wide)), max(1, round(wide * ratio))
    column, row = split_pos(title.look.pos or "center")
    across = find_across(column, width, size[0])
    left = {"start": across, "end": across - width}.get(str(column), across - width / 2)
    return round(left), find_top(row, height, size[1]), width, height


def draw_picture(title: TitleCue, size: Size) -> NDArray[np.uint8]:
    """The picture in its place: as large as the frame, with straight alpha.

    Raises StitchError when the file can't be read.
    """
    import cv2
    import numpy as np

    assert title.image is not None
    file = str(title.image.path)
    pixels = cv2.imread(file, cv2.IMREAD_UNCHANGED)
    # Without transparency, the reader also turns the picture as its EXIF data says.
    if pixels is not None and (pixels.ndim == 2 or pixels.shape[2] != 4):
        pixels = cv2.imread(file, cv2.IMREAD_COLOR)
    if pixels is None:
        raise StitchError(f"the picture {title.image.name} can't be read")
    if pixels.dtype == np.uint16:
        pixels = (pixels // 257).astype(np.uint8)
    if pixels.shape[2] == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2BGRA)
    left, top, width, height = place_picture(title, size)
    rgba = cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA).astype(np.float32)
    rgba[..., :3] *= rgba[..., 3:] / 255
    shrinks = width < rgba.shape[1]
    small = cv2.resize(
        rgba, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    )
    small = np.clip(small, 0, 255)
    small[..., :3] = np.minimum(small[..., :3] * 255 / np.maximum(small[..., 3:], 1), 255)
    canvas = np.zeros((size[1], size[0], 4), np.uint8)
    first_column, first_row = max(0, left), max(0, top)
    part = np.rint(small[first_row - top :, first_column - left :]).astype(np.uint8)
    target = canvas[first_row : top + height, first_column : left + width]
    target[...] = part[: target.shape[0], : target.shape[1]]
    return canvas
