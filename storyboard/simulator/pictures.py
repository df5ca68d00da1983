"""The pictures in simulated clips: a plain moving one, or one that goes on from what was given.

Every frame carries its number twice: in digits, and in a strip of twelve squares at the lower left
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
from storyboard.stitch.media import extract_frame

Picture: TypeAlias = NDArray[np.uint8]
"""(height, width, 3), BGR."""

BITS = 12
_PERIOD = 256
_STEP = 4
_ZOOM = 0.12


def frames(
    prompt: str,
    size: tuple[int, int],
    count: int,
    *,
    seed: int = 0,
    first: bytes | None = None,
    last: bytes | None = None,
    references: Sequence[bytes] = (),
    start: Picture | None = None,
    crop: bool = False,
) -> Iterator[memoryview]:
    """`count` frames as raw BGR.

    With `first` frame 0 is that picture and no number is drawn into it; with `last` too, the last
    frame is that one. `start` is a picture that frame 0 goes on from, one step into its movement.
    """
    cv2.setNumThreads(1)
    if first is not None and last is not None:
        begin, end = (fitted(decoded(each), size, crop=crop) for each in (first, last))
        moving: Iterator[Picture] = (
            _mixed(begin, end, n / max(1, count - 1)) for n in range(count)
        )
    elif first is not None or start is not None:
        given = decoded(first) if first is not None else start
        assert given is not None
        base = fitted(given, size, crop=crop)
        early = 0 if first is not None else 1
        moving = (_pushed(base, (n + early) / count) for n in range(count))
    else:
        moving = _plain(prompt, size, count, seed)
    seen = [fitted(decoded(each), (size[0] // 5, size[1] // 5)) for each in references[:3]]
    for n, picture in enumerate(moving):
        for place, inset in enumerate(seen):
            high, wide = inset.shape[:2]
            left = (place + 1) * size[0] // 20 + place * wide
            picture[size[1] // 20 : size[1] // 20 + high, left : left + wide] = inset
        as_given = (first is not None and n == 0) or (last is not None and n == count - 1)
        if not as_given:
            _number(picture, n)
        yield np.ascontiguousarray(picture).data


def decoded(data: bytes) -> Picture:
    """An encoded picture; raises MediaError for bytes that are none."""
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if found is None:
        raise MediaError("the picture can't be read")
    return np.asarray(found, np.uint8)


def fitted(picture: Picture, size: tuple[int, int], *, crop: bool = False) -> Picture:
    """A picture scaled to fit and padded with black, or scaled to fill and cropped."""
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


def last_of(clip: Path, count: int) -> Picture:
    """The last of a clip's `count` frames."""
    with tempfile.TemporaryDirectory(prefix="storyboard-frame-") as folder:
        path = Path(folder) / "last.png"
        extract_frame(clip, count - 1, path)
        return decoded(path.read_bytes())


def read_number(picture: Picture) -> int:
    """The number in the strip of a frame that carries one."""
    side, top = _strip(picture)
    middle = top + side // 2
    bits = (int(picture[middle, side * n + side // 2].mean() > 127) for n in range(1, BITS + 1))
    return sum(bit << n for n, bit in enumerate(bits))


def _plain(prompt: str, size: tuple[int, int], count: int, seed: int) -> Iterator[Picture]:
    width, height = size
    state = hashlib.sha256(f"{seed}:{prompt}".encode("utf-8", "replace")).digest()
    hue = state[0] / 255
    across = np.linspace(0, 2 * np.pi, _PERIOD, endpoint=False)
    wave = (np.sin(across) + 1) / 2
    one, two = (
        np.array(colorsys.hsv_to_rgb(hue + shift, 0.55, value)[::-1]) * 255
        for shift, value in ((0.0, 0.75), (0.08 + state[1] / 1024, 0.45))
    )
    line = one + (two - one) * wave[:, None]
    row = np.tile(line, (width // _PERIOD + 2, 1)).astype(np.uint8)
    base = np.broadcast_to(row, (height, *row.shape))
    words = prompt.encode("ascii", "replace").decode()[:48]
    for n in range(count):
        at = n * _STEP % _PERIOD
        picture = base[:, at : at + width].copy()
        scale = height / 720
        where = (round(width * 0.05), round(height * 0.5))
        cv2.putText(
            picture,
            words,
            where,
            cv2.FONT_HERSHEY_SIMPLEX,
            scale,
            (255, 255, 255),
            max(1, round(2 * scale)),
        )
        yield picture


def _pushed(base: Picture, progress: float) -> Picture:
    """The picture, closer by `progress` of the whole way in."""
    if progress == 0:
        return base.copy()
    height, width = base.shape[:2]
    away = _ZOOM * progress / 2
    left, top = round(width * away), round(height * away)
    seen = base[top : height - top, left : width - left]
    return np.asarray(cv2.resize(seen, (width, height)), np.uint8)


def _mixed(begin: Picture, end: Picture, progress: float) -> Picture:
    return np.asarray(cv2.addWeighted(begin, 1 - progress, end, progress, 0), np.uint8)


def _strip(picture: Picture) -> tuple[int, int]:
    """(side of a square, top row) of the strip."""
    high, wide = picture.shape[:2]
    side = min(high, wide) // 24
    return side, high - 2 * side


def _number(picture: Picture, n: int) -> None:
    side, top = _strip(picture)
    for bit in range(BITS):
        left = side * (bit + 1)
        picture[top : top + side, left : left + side] = 235 if n >> bit & 1 else 20
    scale = side / 24
    where = (side * (BITS + 2), top + side)
    cv2.putText(
        picture,
        f"{n:04d}",
        where,
        cv2.FONT_HERSHEY_SIMPLEX,
        scale,
        (255, 255, 255),
        max(1, round(2 * scale)),
    )
