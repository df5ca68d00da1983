"""From one picture to another along the optical flow between them."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""(height, width, 4) BGRA."""
Field = NDArray[np.float32]

_FARTHEST = 0.05
"""Of the picture's width: what seems to move farther is melted, not moved."""


def morph(first: Pixels, last: Pixels, frames: int) -> Iterator[Pixels]:
    """`frames` pictures; the first and the last are the given ones to the pixel.

    Both have the same size. Where the flows there and back disagree the pictures melt in place.
    """
    there, back = _flows(first, last)
    high, wide = first.shape[:2]
    x, y = np.meshgrid(np.arange(wide, dtype=np.float32), np.arange(high, dtype=np.float32))
    light_first, light_last = _light(first), _light(last)
    for number in range(frames):
        if number == 0:
            yield first
        elif number == frames - 1:
            yield last
        else:
            part = number / (frames - 1)
            eased = np.float32(part * part * (3 - 2 * part))
            a = _moved(light_first, x, y, there * eased)
            b = _moved(light_last, x, y, back * (np.float32(1) - eased))
            mixed = cv2.addWeighted(a, 1 - float(eased), b, float(eased), 0)
            yield np.clip(cv2.sqrt(mixed) * np.float32(255) + np.float32(0.5), 0, 255).astype(
                np.uint8
            )


def _light(picture: Pixels) -> Field:
    """Nearly linear light, so that a melt keeps its brightness."""
    scaled = picture.astype(np.float32) * np.float32(1 / 255)
    return np.asarray(scaled * scaled, np.float32)


def _moved(picture: Field, x: Field, y: Field, flow: Field) -> Field:
    shifted: Field = cv2.remap(
        picture,
        x - flow[:, :, 0],
        y - flow[:, :, 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return shifted


def _flows(first: Pixels, last: Pixels) -> tuple[Field, Field]:
    """Where each picture's points go on the way to the other, in pixels; unsure ones stay."""
    high, wide = first.shape[:2]
    small = (max(64, wide // 2), max(36, high // 2))
    grey = [_grey(cv2.resize(each, small, interpolation=cv2.INTER_AREA)) for each in (first, last)]
    there, back = _flow(grey[0], grey[1]), _flow(grey[1], grey[0])
    scale = np.float32(wide / small[0])
    fields = []
    for one, other in ((there, back), (back, there)):
        field = one * _trust(one, other, small[0])[:, :, None]
        fields.append(cv2.resize(field, (wide, high), interpolation=cv2.INTER_LINEAR) * scale)
    return fields[0], fields[1]


def _grey(picture: Pixels) -> NDArray[np.uint8]:
    even = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8))
    grey: NDArray[np.uint8] = even.apply(cv2.cvtColor(picture[..., :3], cv2.COLOR_BGR2GRAY))
    return grey


def _flow(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> Field:
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    dis.setFinestScale(2)
    dis.setVariationalRefinementIterations(8)
    return np.asarray(cv2.GaussianBlur(dis.calc(a, b, None), (0, 0), 9), np.float32)


def _trust(one: Field, other: Field, wide: int) -> Field:
    """1 where the way back ends where the way began, falling to 0 where it does not."""
    high = one.shape[0]
    x, y = np.meshgrid(np.arange(wide, dtype=np.float32), np.arange(high, dtype=np.float32))
    answer = cv2.remap(other, x + one[:, :, 0], y + one[:, :, 1], cv2.INTER_LINEAR)
    astray = np.linalg.norm(one + answer, axis=2)
    far = np.linalg.norm(one, axis=2) / np.float32(wide * _FARTHEST)
    sure = np.exp(-(astray**2) / np.float32(18)) * np.exp(-np.maximum(far - 1, 0) * 3)
    return np.asarray(cv2.GaussianBlur(sure.astype(np.float32), (0, 0), 5), np.float32)
