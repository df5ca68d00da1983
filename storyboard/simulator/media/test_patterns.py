"""The pictures in simulated clips: a plain moving pattern, or one that continues a given picture.

Every frame shows its number twice: in digits, and in a strip of twelve squares at the lower left
edge, lowest bit first, white for one.
"""

from __future__ import annotations

import colorsys
import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from storyboard.errors import MediaError
from storyboard.stitching.media.ffmpeg import extract_frame

Picture: TypeAlias = NDArray[np.uint8]
"""(height, width, 3), BGR."""

Plane: TypeAlias = NDArray[np.uint8]
Planes: TypeAlias = list[Plane]
"""Y, and U and V at half its size."""

BITS = 12
_PERIOD = 256
_STEP = 4
_ZOOM = 0.12

_BT709 = np.array(
    [
        [0.0620, 0.6142, 0.1826, 16.0],
        [0.4392, -0.3386, -0.1006, 128.0],
        [-0.0403, -0.3989, 0.4392, 128.0],
    ]
)
"""The weights of blue, green and red in Y, U and V in limited range, and the offset of each."""


def draw_frames(
    prompt: str,
    size: tuple[int, int],
    frame_count: int,
    *,
    seed: int = 0,
    first: bytes | None = None,
    last: bytes | None = None,
    references: Sequence[bytes] = (),
    start: Picture | None = None,
    crop: bool = False,
) -> Iterator[memoryview]:
    """`frame_count` frames as raw yuv420p, BT.709 in limited range; both sides of `size` are even.

    With `first`, frame 0 is that picture, without a number; with `last` too, the last frame is that
    one. `start` is a picture that frame 0 continues, one step into its movement.
    """
    cv2.setNumThreads(1)
    if first is not None and last is not None:
        begin, end = (
            _convert_to_yuv_planes(fit_picture(decode_picture(item), size, crop=crop))
            for item in (first, last)
        )
        moving_frames: Iterator[Planes] = (
            _mix_planes(begin, end, n / max(1, frame_count - 1)) for n in range(frame_count)
        )
    elif first is not None or start is not None:
        start_picture = decode_picture(first) if first is not None else start
        assert start_picture is not None
        base = _convert_to_yuv_planes(fit_picture(start_picture, size, crop=crop))
        early = 0 if first is not None else 1
        moving_frames = (_zoom_in(base, (n + early) / frame_count) for n in range(frame_count))
    else:
        moving_frames = _draw_pattern(prompt, size, frame_count, seed)
    inset = (size[0] // 10 * 2, size[1] // 10 * 2)
    insets = [
        _convert_to_yuv_planes(fit_picture(decode_picture(item), inset)) for item in references[:3]
    ]
    for n, planes in enumerate(moving_frames):
        for place, item in enumerate(insets):
            left = (place + 1) * (size[0] // 40 * 2) + place * inset[0]
            _paste_planes(planes, item, left, size[1] // 40 * 2)
        as_given = (first is not None and n == 0) or (last is not None and n == frame_count - 1)
        if not as_given:
            _draw_frame_number(planes, n)
        yield np.concatenate([item.ravel() for item in planes]).data


def decode_picture(data: bytes) -> Picture:
    """Decodes a picture; raises MediaError if it isn't one."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if image is None:
        raise MediaError("the picture can't be read")
    return np.asarray(image, np.uint8)


def fit_picture(picture: Picture, size: tuple[int, int], *, crop: bool = False) -> Picture:
    """The picture scaled to fit and padded with black, or scaled to fill and cropped."""
    width, height = size
    high, wide = picture.shape[:2]
    if crop:
        across, down = (
            min(wide, round(high * width / height)),
            min(high, round(wide * height / width)),
        )
        left, top = (wide - across) // 2, (high - down) // 2
        picture = picture[top : top + down, left : left + across]
        high, wide = picture.shape[:2]
    scale = min(width / wide, height / high)
    inner = (max(1, round(wide * scale)), max(1, round(high * scale)))
    if inner != (wide, high):
        shrinks = inner[0] < wide
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        picture = np.asarray(cv2.resize(picture, inner, interpolation=how), np.uint8)
    if inner == size:
        return picture
    out = np.zeros((height, width, 3), np.uint8)
    top, left = (height - inner[1]) // 2, (width - inner[0]) // 2
    out[top : top + inner[1], left : left + inner[0]] = picture
    return out


def read_last_frame(clip: Path, count: int) -> Picture:
    """The last of a clip's `count` frames."""
    with tempfile.TemporaryDirectory(prefix="storyboard-frame-") as folder:
        path = Path(folder) / "last.png"
        extract_frame(clip, count - 1, path)
        return decode_picture(path.read_bytes())


def read_frame_number(picture: Picture) -> int:
    """The number in the strip of a numbered frame."""
    side, top = _locate_number_strip(*picture.shape[:2])
    middle = top + side // 2
    bits = (int(picture[middle, side * n + side // 2].mean() > 127) for n in range(1, BITS + 1))
    return sum(bit << n for n, bit in enumerate(bits))


def _convert_to_yuv_planes(picture: Picture) -> Planes:
    """A picture as Y, U and V, with chroma at half the size."""
    mixed = np.asarray(cv2.transform(picture, _BT709), np.uint8)
    high, wide = picture.shape[:2]
    small = cv2.resize(mixed, (wide // 2, high // 2), interpolation=cv2.INTER_AREA)
    luma, blue, red = mixed[..., 0], small[..., 1], small[..., 2]
    return [np.array(channel, np.uint8, order="C") for channel in (luma, blue, red)]


def _draw_pattern(prompt: str, size: tuple[int, int], count: int, seed: int) -> Iterator[Planes]:
    width, height = size
    state = hashlib.sha256(f"{seed}:{prompt}".encode("utf-8", "replace")).digest()
    hue = state[0] / 255
    across = np.linspace(0, 2 * np.pi, _PERIOD, endpoint=False)
    wave = (np.sin(across) + 1) / 2
    light, dark = (
        np.array(colorsys.hsv_to_rgb(hue + shift, 0.55, value)[::-1]) * 255
        for shift, value in ((0.0, 0.75), (0.08 + state[1] / 1024, 0.45))
    )
    line = np.tile(light + (dark - light) * wave[:, None], (width // _PERIOD + 2, 1)).astype(
        np.uint8
    )
    rows = [line_plane[0] for line_plane in _convert_to_yuv_planes(np.stack([line, line]))]
    words = prompt.encode("ascii", "replace").decode()[:48]
    for n in range(count):
        at = n * _STEP % _PERIOD
        planes = [
            np.tile(row[at // share : (at + width) // share], (height // share, 1))
            for row, share in zip(rows, (1, 2, 2), strict=True)
        ]
        _draw_text(planes[0], words, (round(width * 0.05), round(height * 0.5)), height / 720)
        yield planes


def _zoom_in(base: Planes, progress: float) -> Planes:
    """The picture, zoomed in by `progress` of the whole way."""
    high, wide = base[1].shape
    left, top = (round(side * _ZOOM * progress / 2) for side in (wide, high))
    if not left and not top:
        return [plane.copy() for plane in base]
    moved = []
    for plane, share in zip(base, (2, 1, 1), strict=True):
        rows, columns = (
            slice(at * share, (end - at) * share) for at, end in ((top, high), (left, wide))
        )
        full = (wide * share, high * share)
        moved.append(np.asarray(cv2.resize(plane[rows, columns], full), np.uint8))
    return moved


def _mix_planes(begin: Planes, end: Planes, progress: float) -> Planes:
    return [
        np.asarray(cv2.addWeighted(one, 1 - progress, two, progress, 0), np.uint8)
        for one, two in zip(begin, end, strict=True)
    ]


def _paste_planes(planes: Planes, inset: Planes, left: int, top: int) -> None:
    """Pastes a smaller picture at an even position."""
    for target, plane, share in zip(planes, inset, (1, 2, 2), strict=True):
        high, wide = plane.shape
        target[top // share : top // share + high, left // share : left // share + wide] = plane


def _locate_number_strip(high: int, wide: int) -> tuple[int, int]:
    """(side of a square, top row) of the strip, both even."""
    side = min(high, wide) // 48 * 2
    return side, high - 2 * side


def _draw_frame_number(planes: Planes, number: int) -> None:
    luma = planes[0]
    side, top = _locate_number_strip(*luma.shape)
    squares = [np.full((side // share, side * BITS // share), 128, np.uint8) for share in (1, 2, 2)]
    for bit in range(BITS):
        squares[0][:, side * bit : side * (bit + 1)] = 235 if number >> bit & 1 else 20
    _paste_planes(planes, squares, side, top)
    _draw_text(luma, f"{number:04d}", (side * (BITS + 2), top + side), side / 24)


def _draw_text(luma: Plane, words: str, where: tuple[int, int], scale: float) -> None:
    face, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(2 * scale))
    cv2.putText(luma, words, where, face, scale, (235,), thick)
