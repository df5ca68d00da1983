"""The parts of a stage: sheets of paper, floors in perspective, turning lights."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from storyboard.previz.painting.rasterizer import Picture
from storyboard.previz.staging.camera import Pose, View

FAR = 3000.0


@dataclass(frozen=True, slots=True)
class Motion:
    """The movement of a plane by itself, on the world clock."""

    drift: float = 0.0
    """Metres per second."""
    sway: float = 0.0
    """Shear about its foot at the peak of the swing."""
    bob: float = 0.0
    """Metres up and down."""
    slide: float = 0.0
    """Metres to and fro."""
    period: float = 5.0
    phase: float = 0.0


NO_MOTION = Motion()


@dataclass(frozen=True, slots=True)
class Plane:
    """One sheet: painted, lit, and placed."""

    picture: Picture
    z: float
    motion: Motion = NO_MOTION
    foot: float = 0.0
    """The y about which it sways."""
    opaque: bool = False


@dataclass(frozen=True, slots=True)
class Floor:
    """The ground in perspective, painted as seen from the reference pose."""

    pixels: NDArray[np.uint8]
    left: float
    """Left edge of its pixels, in frame heights; `top` likewise."""
    top: float
    density: float
    """Pixels per frame height."""
    reference: Pose
    level: float
    """y of the ground."""
    z: float
    """Its far edge: things beyond it are drawn first."""
    near: float


@dataclass(frozen=True, slots=True)
class Beam:
    """A turning light: its picture points right from the lamp at (x, y, z)."""

    picture: Picture
    x: float
    y: float
    z: float
    phase: float


def compute_floor_homography(view: View, floor: Floor, pose: Pose) -> NDArray[np.float64] | None:
    """The homography from a floor's pixels to the frame's; None if it is out of sight."""
    height = view.height
    if pose.y + floor.level <= 0.02:
        return None
    far = min(floor.z, 60.0)
    close = max(floor.near, pose.z - view.distance + 0.28) + 0.6
    if close >= far - 0.01:
        close, far = far - 0.5, far
    source, target = [], []
    for z in (close, far):
        for x in (pose.x - 2.0, pose.x + 2.0):
            u, v = view.project_point(floor.reference, x, floor.level, z)
            source.append(((u - floor.left) * floor.density, (v - floor.top) * floor.density))
            u, v = view.project_point(pose, x, floor.level, z)
            target.append((u * height, v * height))
    matrix: NDArray[np.float64] = cv2.getPerspectiveTransform(
        np.array(source, np.float32), np.array(target, np.float32)
    )
    return matrix
