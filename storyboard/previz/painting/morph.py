"""Morphs one picture into another along the optical flow between them."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""(height, width, 4) BGRA."""
Field = NDArray[np.float32]

_FARTHEST = 0.05
"""Of the picture's width: what seems to move farther is dissolved, not moved."""


def morph_pictures(first: Pixels, last: Pixels, frame_count: int) -> Iterator[Pixels]:
    """`frame_count` pictures; the first and the last are exactly the given ones.

    Both have the same size. Where the flows there and back disagree, the pictures dissolve in
    place.
    """
    forward, backward = _measure_trusted_flows(first, last)
    high, wide = first.shape[:2]
    x, y = np.meshgrid(np.arange(wide, dtype=np.float32), np.arange(high, dtype=np.float32))
    light_first, light_last = _to_linear_light(first), _to_linear_light(last)
    for number in range(frame_count):
        if number == 0:
            yield first
        elif number == frame_count - 1:
            yield last
        else:
            progress = number / (frame_count - 1)
            ease = np.float32(progress * progress * (3 - 2 * progress))
            a = _warp_picture_along_flow(light_first, x, y, forward * ease)
            b = _warp_picture_along_flow(light_last, x, y, backward * (np.float32(1) - ease))
            blended = cv2.addWeighted(a, 1 - float(ease), b, float(ease), 0)
            yield np.clip(cv2.sqrt(blended) * np.float32(255) + np.float32(0.5), 0, 255).astype(
                np.uint8
            )


def _to_linear_light(picture: Pixels) -> Field:
    """Roughly linear light, so that a dissolve keeps its brightness."""
    scaled = picture.astype(np.float32) * np.float32(1 / 255)
    return np.asarray(scaled * scaled, np.float32)


def _warp_picture_along_flow(picture: Field, x: Field, y: Field, flow: Field) -> Field:
    warped: Field = cv2.remap(
        picture,
        x - flow[:, :, 0],
        y - flow[:, :, 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return warped


def _measure_trusted_flows(first: Pixels, last: Pixels) -> tuple[Field, Field]:
    """The flow from each picture to the other, in pixels; uncertain points don't move."""
    high, wide = first.shape[:2]
    # Half the size is enough for the flow, and faster.
    small = (max(64, wide // 2), max(36, high // 2))
    grey = [
        _to_equalized_grey(cv2.resize(picture, small, interpolation=cv2.INTER_AREA))
        for picture in (first, last)
    ]
    forward, backward = (
        _measure_optical_flow(grey[0], grey[1]),
        _measure_optical_flow(grey[1], grey[0]),
    )
    scale = np.float32(wide / small[0])
    fields = []
    for flow, reverse_flow in ((forward, backward), (backward, forward)):
        field = flow * _measure_flow_trust(flow, reverse_flow, small[0])[:, :, None]
        fields.append(cv2.resize(field, (wide, high), interpolation=cv2.INTER_LINEAR) * scale)
    return fields[0], fields[1]


def _to_equalized_grey(picture: Pixels) -> NDArray[np.uint8]:
    even = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8))
    grey: NDArray[np.uint8] = even.apply(cv2.cvtColor(picture[..., :3], cv2.COLOR_BGR2GRAY))
    return grey


def _measure_optical_flow(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> Field:
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    dis.setFinestScale(2)
    dis.setVariationalRefinementIterations(8)
    return np.asarray(cv2.GaussianBlur(dis.calc(a, b, None), (0, 0), 9), np.float32)


def _measure_flow_trust(flow: Field, reverse_flow: Field, width: int) -> Field:
    """1 where following the flow there and back returns to the start, falling to 0 where it
    doesn't.
    """
    high = flow.shape[0]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(high, dtype=np.float32))
    return_flow = cv2.remap(reverse_flow, x + flow[:, :, 0], y + flow[:, :, 1], cv2.INTER_LINEAR)
    astray = np.linalg.norm(flow + return_flow, axis=2)
    far = np.linalg.norm(flow, axis=2) / np.float32(width * _FARTHEST)
    sure = np.exp(-(astray**2) / np.float32(18)) * np.exp(-np.maximum(far - 1, 0) * 3)
    return np.asarray(cv2.GaussianBlur(sure.astype(np.float32), (0, 0), 5), np.float32)
