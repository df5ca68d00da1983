"""Reads and writes picture files: exact, in the frame's size, never partly written."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from storyboard.errors import MediaError
from storyboard.previz.painting.rasterizer import Pixels


def load_picture_filling_frame(path: Path, width: int, height: int) -> Pixels:
    """A picture file as BGRA that fills the frame; unchanged if it has the frame's size.

    Raises MediaError when it can't be read.
    """
    data = np.frombuffer(path.read_bytes(), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if picture is None:
        raise MediaError(f"{path.name} is not a readable image")
    return crop_to_fill_frame(cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA), width, height)


def crop_to_fill_frame(picture: Pixels, width: int, height: int) -> Pixels:
    """The picture scaled to cover the frame, with the overhang cropped evenly."""
    high, wide = picture.shape[:2]
    if (wide, high) == (width, height):
        return picture
    grow = max(width / wide, height / high)
    size = (max(width, round(wide * grow)), max(height, round(high * grow)))
    way = cv2.INTER_AREA if grow < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(picture, size, interpolation=way)
    x, y = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(scaled[y : y + height, x : x + width])


def save_png(picture: Pixels, path: Path) -> None:
    """Writes a lossless PNG; the file appears by rename."""
    is_encoded, data = cv2.imencode(".png", np.ascontiguousarray(picture[..., :3]),
                              [cv2.IMWRITE_PNG_COMPRESSION, 3])  # fmt: skip
    if not is_encoded:
        raise MediaError(f"{path.name} can't be written as PNG")
    write_bytes_atomically(data.tobytes(), path)


def write_bytes_atomically(data: bytes, path: Path) -> None:
    temp_path = path.with_name(f".{path.name}.{os.getpid()}")
    temp_path.write_bytes(data)
    temp_path.replace(path)


def read_hair_and_clothes_colors(path: Path) -> tuple[str, str, str] | None:
    """(hair, top, bottom) colours of a reference picture of a person; None if unreadable."""
    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3:
        return None
    high, wide = picture.shape[:2]
    # A tall picture shows the whole person, others a portrait.
    upright = high >= wide * 1.35
    bands = (
        ((0.02, 0.12), (0.28, 0.5), (0.62, 0.85))
        if upright
        else ((0.02, 0.16), (0.72, 1.0), (0.9, 1.0))
    )
    edge = _average_color(picture[: max(1, high // 16), : max(1, wide // 8)])
    colors = []
    for top, bottom in bands:
        part = picture[int(high * top) : max(int(high * top) + 1, int(high * bottom)),
                       int(wide * 0.36) : max(int(wide * 0.36) + 1, int(wide * 0.64))]  # fmt: skip
        color = _average_color(part)
        if color is None:
            return None
        # A band with the colour of the corner is background, not hair or clothes.
        behind = edge is not None and sum(abs(a - b) for a, b in zip(color, edge, strict=True)) < 36
        colors.append("" if behind else "#" + "".join(f"{round(c):02x}" for c in color))
    return colors[0], colors[1], colors[2]


def _average_color(part: Pixels) -> tuple[float, float, float] | None:
    """The mean red, green and blue, weighted by any alpha; None if all is transparent."""
    flat = part.reshape(-1, part.shape[2]).astype(np.float64)
    weight = flat[:, 3] if part.shape[2] == 4 else np.ones(len(flat))
    if weight.sum() < 1:
        return None
    blue, green, red = np.average(flat[:, :3], axis=0, weights=weight)
    return float(red), float(green), float(blue)
