"""Moves the shot's camera over an existing picture, with weather in front of it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np

from storyboard.previz.painting.lighting import build_light_palette
from storyboard.previz.painting.rasterizer import Pixels
from storyboard.previz.script.shot_spec import CameraStep, ShotSpec
from storyboard.previz.sets.weather import Atmosphere
from storyboard.previz.staging.camera import schedule_camera_steps

_MELT_S = 0.9


def animate_camera_over_picture(
    picture: Pixels, spec: ShotSpec, frame_count: int, fps: int
) -> Iterator[Pixels]:
    """`frame_count` pictures: the first is `picture` itself, then the camera moves over it.

    Moves that would show what is outside the picture zoom in slightly first, eased, so that there
    is no jump and no edge.
    """
    high, wide = picture.shape[:2]
    palette = build_light_palette(
        spec.key, spec.time, spec.weather, spec.mood, indoors=spec.set == "room"
    )
    air = Atmosphere(spec, palette, wide, high)
    plan = schedule_camera_steps(spec.steps, frame_count / fps)
    for frame in range(frame_count):
        if frame == 0:
            yield picture
            continue
        t = frame / fps
        zoom, x, y, roll = 1.0, 0.0, 0.0, 0.0
        for segment in plan:
            u = min(1.0, max(0.0, (t - segment.start_s) / segment.length_s))
            u = u * u * (3 - 2 * u)
            for step in segment.steps:
                dz, dx, dy, turn = _compute_step_zoom_shift_roll(step, segment.length_s)
                zoom, x, y, roll = zoom * math.exp(dz * u), x + dx * u, y + dy * u, roll + turn * u
        # Hand-held sway and weather fade in over the first second, since the first frame is the
        # picture itself.
        hand = max((step.speed for step in spec.steps if step.kind == "handheld"), default=0.0)
        melt = min(1.0, t / _MELT_S)
        if hand:
            x += hand * melt * 0.010 * (math.sin(t * 2.1) + 0.5 * math.sin(t * 5.3 + 1))
            y += hand * melt * 0.008 * (math.sin(t * 1.7 + 2) + 0.5 * math.sin(t * 4.9))
        # Zoom in just enough that shift and roll stay inside the picture.
        spare = 2 * max(abs(x) / 1.0, abs(y)) + abs(math.sin(math.radians(roll))) * 1.6
        zoom = max(zoom, 1 + spare * 1.02)
        moved_picture = _zoom_shift_and_roll_picture(picture, zoom, x * wide, y * high, roll)
        with_air = moved_picture.copy()
        air.draw_weather_over(with_air, t)
        e = melt * melt * (3 - 2 * melt)
        yield cv2.addWeighted(moved_picture, 1 - e, with_air, e, 0) if e < 1 else with_air
    return


def _compute_step_zoom_shift_roll(
    step: CameraStep, length_s: float
) -> tuple[float, float, float, float]:
    """(growth, x, y, roll) of a whole step, as shares of the frame, in the direction of the
    picture.
    """
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


def _zoom_shift_and_roll_picture(
    picture: Pixels, zoom: float, shift_x: float, shift_y: float, roll_degrees: float
) -> Pixels:
    high, wide = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((wide / 2 - 0.5, high / 2 - 0.5), -roll_degrees, zoom)
    matrix[0, 2] += shift_x
    matrix[1, 2] += shift_y
    warped: Pixels = cv2.warpAffine(
        picture, matrix, (wide, high), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return warped


def dissolve_picture_into_scene(
    picture: Pixels, scene_frame: Pixels, frame_index: int, dissolve_frames: int
) -> Pixels:
    """Dissolves `picture` into `scene_frame` over `dissolve_frames`; the picture itself at 0."""
    if frame_index <= 0:
        return picture
    if frame_index >= dissolve_frames:
        return scene_frame
    u = frame_index / dissolve_frames
    u = u * u * (3 - 2 * u)
    blended: Pixels = cv2.addWeighted(picture, 1 - u, scene_frame, u, 0)
    return blended


__all__ = ["animate_camera_over_picture", "dissolve_picture_into_scene", "np"]
