"""Frames of the film: yuv420p planes in one array, BT.709, limited range.

A frame is one (height * 3 / 2, width) array of bytes: Y, then U and V, each a quarter of it. ffmpeg
reads the same layout as rawvideo, so an unchanged frame is never converted.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from storyboard.errors import StitchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Frame: TypeAlias = "NDArray[np.uint8]"
"""(height * 3 / 2, width), bytes."""
_Values: TypeAlias = "NDArray[np.floating[Any]]"
Size: TypeAlias = tuple[int, int]
"""(width, height), both even."""


def parse_color(color: str) -> tuple[int, int, int]:
    """The red, green and blue of a colour name or `#rrggbb`; StitchError for anything else."""
    from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(color)[:3]
    except ValueError as error:
        raise StitchError(
            f"{color!r} is not a colour", hint="use a CSS name such as black, or #rrggbb"
        ) from error
    return red, green, blue


def create_solid_frame(color: str, size: Size) -> Frame:
    """A frame of one colour."""
    import numpy as np

    width, height = size
    pixel = np.array(parse_color(color), np.float32).reshape(1, 1, 3)
    luma, blue, red = (round(float(part[0, 0])) for part in _to_yuv_values(pixel))
    frame = np.empty((height * 3 // 2, width), np.uint8)
    frame[:height] = luma
    frame[height : height * 5 // 4] = blue
    frame[height * 5 // 4 :] = red
    return frame


def mix_frames(outgoing: Frame, incoming: Frame, share: Fraction) -> Frame:
    """A new frame with `share` of `incoming` and the rest of `outgoing`.

    A weighted sum of limited-range planes equals that of the RGB pictures, since both are linear;
    so frames need no conversion to 4:4:4 or RGB and back.
    """
    import cv2
    import numpy as np

    part = float(share)
    return np.asarray(cv2.addWeighted(incoming, part, outgoing, 1 - part, 0), np.uint8)


def to_yuv_frame(rgb: NDArray[np.uint8]) -> Frame:
    """The frame of a (height, width, 3) picture; chroma is the mean of each 2 x 2 block."""
    import numpy as np

    height, width = rgb.shape[:2]
    luma, blue, red = _to_yuv_values(rgb.astype(np.float32))
    frame = np.empty((height * 3 // 2, width), np.uint8)
    frame[:height] = _round_to_bytes(luma)
    frame[height:] = np.concatenate([_halve_plane(blue), _halve_plane(red)]).reshape(
        height // 2, width
    )
    return frame


def to_rgb(frame: Frame) -> NDArray[np.uint8]:
    """The (height, width, 3) picture of a frame, each chroma sample repeated over its block."""
    import numpy as np

    luma, blue, red = (plane.astype(np.float32) for plane in split_planes(frame))
    y = (luma - 16) / 219
    u, v = ((plane.repeat(2, 0).repeat(2, 1) - 128) / 224 for plane in (blue, red))
    channels = (y + 1.5748 * v, y - 0.187324 * u - 0.468124 * v, y + 1.8556 * u)
    return _round_to_bytes(np.stack(channels, axis=-1) * 255)


def split_planes(frame: Frame) -> tuple[Frame, Frame, Frame]:
    """Y, U and V as views into `frame`: writing to them changes it."""
    height = frame.shape[0] * 2 // 3
    width = frame.shape[1]
    quarter = (height // 2, width // 2)
    half = height * 5 // 4
    # Otherwise U ends in the middle of a row, and only a flat view can be split there.
    if height % 4 == 0:
        return (
            frame[:height],
            frame[height:half].reshape(quarter),
            frame[half:].reshape(quarter),
        )
    flat = frame.reshape(-1)
    area = height * width
    return (
        frame[:height],
        flat[area : area * 5 // 4].reshape(quarter),
        flat[area * 5 // 4 :].reshape(quarter),
    )


def _to_yuv_values(rgb: _Values) -> tuple[_Values, _Values, _Values]:
    """BT.709 in limited range, not rounded."""
    red, green, blue = (rgb[..., channel] / 255 for channel in range(3))
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (
        16 + 219 * luma,
        128 + 224 * (blue - luma) / 1.8556,
        128 + 224 * (red - luma) / 1.5748,
    )


def _halve_plane(plane: _Values) -> Frame:
    height, width = plane.shape
    return _round_to_bytes(plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)))


def _round_to_bytes(values: _Values) -> Frame:
    import numpy as np

    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
