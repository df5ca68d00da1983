"""A foreign picture as a plate: the shot's camera moves over it, and the air lives before it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np

from storyboard.previz.painting.lighting import build_palette
from storyboard.previz.painting.rasterizer import Pixels
from storyboard.previz.script.shot_spec import CameraStep, ShotSpec
from storyboard.previz.sets.weather import Atmosphere
from storyboard.previz.staging.camera import schedule_steps

_MELT_S = 0.9


def move_camera_over(picture: Pixels, spec: ShotSpec, frames: int, fps: int) -> Iterator[Pixels]:
    """`frames` pictures: the first is `picture` itself, then the camera moves over it.

    Moves that would show what lies outside of it first go in a little, eased, so that there is no
    jump and no edge.
    """
    high, wide = picture.shape[:2]
    palette = build_palette(
        spec.key, spec.time, spec.weather, spec.mood, indoors=spec.set == "room"
    )
    air = Atmosphere(spec, palette, wide, high)
    plan = schedule_steps(spec.steps, frames / fps)
    for frame in range(frames):
        if frame == 0:
            yield picture
            continue
        t = frame / fps
        zoom, x, y, roll = 1.0, 0.0, 0.0, 0.0
        for segment in plan:
            u = min(1.0, max(0.0, (t - segment.start_s) / segment.length_s))
            u = u * u * (3 - 2 * u)
            for step in segment.steps:
                dz, dx, dy, turn = _compute_step_motion(step, segment.length_s)
                zoom, x, y, roll = zoom * math.exp(dz * u), x + dx * u, y + dy * u, roll + turn * u
        hand = max((step.speed for step in spec.steps if step.kind == "handheld"), default=0.0)
        melt = min(1.0, t / _MELT_S)
        if hand:
            x += hand * melt * 0.010 * (math.sin(t * 2.1) + 0.5 * math.sin(t * 5.3 + 1))
            y += hand * melt * 0.008 * (math.sin(t * 1.7 + 2) + 0.5 * math.sin(t * 4.9))
        spare = 2 * max(abs(x) / 1.0, abs(y)) + abs(math.sin(math.radians(roll))) * 1.6
        zoom = max(zoom, 1 + spare * 1.02)
        moved_picture = _warp_picture(picture, zoom, x * wide, y * high, roll)
        with_air = moved_picture.copy()
        air.draw_over(with_air, t)
        e = melt * melt * (3 - 2 * melt)
        yield cv2.addWeighted(moved_picture, 1 - e, with_air, e, 0) if e < 1 else with_air
    return


def _compute_step_motion(step: CameraStep, length_s: float) -> tuple[float, float, float, float]:
    """(growth, x, y, roll) of a whole step; shares of the frame, the picture's own way."""
    by = step.speed * min(1.2, max(0.4, length_s / 5))
    sign = -1.0 if step.way in ("left", "down", "out") else 1.0
    if step.kind in ("dolly", "zoom", "follow"):
        return (sign if step.kind != "follow" else 0.4) * 0.26 * by, 0.0, 0.0, 0.0
    if step.kind in ("pan", "truck", "orbit", "whip"):
        return 0.03, -sign * 0.055 * by, 0.0, 0.0
    if step.kind in ("tilt", "crane"):
        return 0.02, 0.0, sign * 0.055 * by, 0.0
    if step.kind == "roll":
        return 0.0, 0.0, 0.0, sign * 4 * by
    return (0.045 * by if step.kind == "drift" else 0.0), 0.0, 0.0, 0.0


def _warp_picture(picture: Pixels, zoom: float, x: float, y: float, roll: float) -> Pixels:
    high, wide = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((wide / 2 - 0.5, high / 2 - 0.5), -roll, zoom)
    matrix[0, 2] += x
    matrix[1, 2] += y
    warped: Pixels = cv2.warpAffine(
        picture, matrix, (wide, high), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return warped


def dissolve_from(picture: Pixels, live: Pixels, frame: int, frames: int) -> Pixels:
    """`picture` giving way to `live` over `frames`; the picture itself at 0."""
    if frame <= 0:
        return picture
    if frame >= frames:
        return live
    u = frame / frames
    u = u * u * (3 - 2 * u)
    blended: Pixels = cv2.addWeighted(picture, 1 - u, live, u, 0)
    return blended


__all__ = ["dissolve_from", "move_camera_over", "np"]
