"""Draws frames: every layer where the camera sees it at that time, far ones first."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from storyboard.previz.compositing.sprites import SpriteCache
from storyboard.previz.figures.pose import locate_chin
from storyboard.previz.painting.rasterizer import Picture, Pixels, composite_over
from storyboard.previz.painting.seeds import seed_random
from storyboard.previz.props import find_prop
from storyboard.previz.sets.layers import Beam, Floor, Plane, compute_floor_homography
from storyboard.previz.sets.stage import Stage
from storyboard.previz.staging.actors import Actor, Actors, MovingProp
from storyboard.previz.staging.camera import Pose, View

_WALL = 12.0
_APPEARS_S = 0.8
_NEAR = 0.35
"""Metres in front of the lens at which a layer is no longer drawn."""

Affine = NDArray[np.float64]


@dataclass
class Compositor:
    """Draws the frames of one blocked shot; frames may be requested in any order."""

    stage: Stage
    actors: Actors
    draw_outside: Callable[[Pixels, float], None] | None = None
    """Draws what is outside a room, behind its wall, at a time of the world clock."""
    _sprites: SpriteCache = field(init=False)
    _sheets: list[Plane | Floor | Beam] = field(init=False)

    def __post_init__(self) -> None:
        self._sprites = SpriteCache(self.stage)
        self._sheets = sorted(self.stage.planes, key=lambda sheet: -sheet.z)

    def draw_frame(self, pose: Pose, t: float) -> Pixels:
        """BGRA of the time `t` seconds into the shot; ignore the alpha."""
        view, stage = self.stage.view, self.stage
        canvas = np.zeros((view.height, view.width, 4), np.uint8)
        clock = stage.clock + t
        actors = self._sort_actors_by_depth(t)
        draw_outside = self.draw_outside
        for sheet in self._sheets:
            # The outside comes after everything behind the wall and before the wall itself.
            if draw_outside is not None and sheet.z < _WALL:
                draw_outside(canvas, clock)
                draw_outside = None
            # Actors move in depth, so they are merged into the sorted layers for every frame.
            while actors and actors[0][0] > sheet.z:
                self._draw_actor(canvas, actors.pop(0), pose, t)
            if isinstance(sheet, Floor):
                self._draw_floor(canvas, sheet, pose)
            elif isinstance(sheet, Beam):
                self._draw_beam(canvas, sheet, pose, clock)
            else:
                self._draw_plane(canvas, sheet, pose, clock)
        for actor in actors:
            self._draw_actor(canvas, actor, pose, t)
        return canvas

    def _sort_actors_by_depth(self, t: float) -> list[tuple[float, int, Actor | MovingProp]]:
        clock = self.stage.clock
        actors: list[tuple[float, int, Actor | MovingProp]] = []
        for i, person in enumerate(self.actors.people):
            actors.append((person.walk.locate_at(t)[1], i, person))
        for i, thing in enumerate(self.actors.things):
            actors.append((thing.locate_at(t, clock)[2], 100 + i, thing))
        return sorted(actors, key=lambda actor: (-actor[0], actor[1]))

    # sheets

    def _draw_plane(self, canvas: Pixels, plane: Plane, pose: Pose, clock: float) -> None:
        view, motion, picture = self.stage.view, plane.motion, plane.picture
        if view.distance + plane.z - pose.z < _NEAR:
            return
        # Layers sway by the world clock, so an extension continues their movement.
        turn = math.sin(math.tau * clock / motion.period + motion.phase)
        aside = motion.drift * clock + motion.slide * turn
        lean = motion.sway * turn
        down = motion.bob * math.sin(math.tau * clock / motion.period * 0.83 + motion.phase)
        s = view.compute_scale(pose, plane.z)
        a = s * view.height / picture.density
        left = picture.left + aside + lean * (plane.foot - picture.top)
        u, v = view.project_point(pose, left, picture.top + down, plane.z)
        # The lean is a shear about the layer's foot, which stays in place.
        matrix = np.array([[a, -lean * a, u * view.height], [0.0, a, v * view.height]])
        self._warp_pixels_onto(canvas, picture.pixels, matrix, pose, plane.opaque)

    def _draw_floor(self, canvas: Pixels, floor: Floor, pose: Pose) -> None:
        view = self.stage.view
        matrix = compute_floor_homography(view, floor, pose)
        if matrix is None:
            return
        edge = view.project_point(pose, 0.0, floor.level, min(floor.z, 3000.0))[1] * view.height
        # In a rolled frame the horizon slants, so the warped area must reach further up.
        if pose.roll:
            matrix = np.vstack([_build_roll_matrix(view, pose.roll), [0, 0, 1]]) @ matrix
        lean = abs(math.sin(math.radians(pose.roll))) * view.width * 0.6
        top = int(max(0, math.floor(edge - lean)))
        if top >= view.height:
            return
        matrix = np.array([[1, 0, 0], [0, 1, -top], [0, 0, 1]]) @ matrix
        # A camera that travels far leaves the painted ground, whose edge is then repeated; the
        # last row and column are only partly covered and are left out.
        warped = cv2.warpPerspective(
            np.ascontiguousarray(floor.pixels[:-2, :-2]),
            matrix,
            (view.width, view.height - top),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        if pose.roll:
            _clear_ground_above_horizon(warped, view, pose.roll, edge, top)
        composite_over(canvas[top:], warped)

    def _draw_beam(self, canvas: Pixels, beam: Beam, pose: Pose, clock: float) -> None:
        view = self.stage.view
        angle = clock * 0.85 + beam.phase
        across = math.cos(angle)
        toward = max(0.0, math.sin(angle))
        s = view.compute_scale(pose, beam.z) * view.height / beam.picture.density
        u, v = view.project_point(pose, beam.x, beam.y, beam.z)
        box = beam.picture
        # Two opposite beams; the one towards the camera is brighter, and an edge-on beam is
        # invisible.
        for sign, strength in ((1.0, 0.5 + 0.5 * toward), (-1.0, 1.0 - 0.5 * toward)):
            a = s * across * sign
            if abs(a) < s * 0.03:
                continue
            matrix = np.array(
                [
                    [a, 0.0, u * view.height + box.left * box.density * a],
                    [0.0, s, v * view.height + box.top * box.density * s],
                ]
            )
            light = cv2.convertScaleAbs(box.pixels, alpha=strength * (0.35 + 0.65 * abs(across)))
            self._warp_pixels_onto(canvas, light, matrix, pose)

    # actors

    def _draw_actor(
        self,
        canvas: Pixels,
        depth_and_actor: tuple[float, int, Actor | MovingProp],
        pose: Pose,
        t: float,
    ) -> None:
        if isinstance(depth_and_actor[2], Actor):
            self._draw_person(canvas, depth_and_actor[2], pose, t)
        else:
            self._draw_prop(canvas, depth_and_actor[2], pose, t)

    def _draw_person(self, canvas: Pixels, actor: Actor, pose: Pose, t: float) -> None:
        view, clock, mark = self.stage.view, self.stage.clock, actor.mark
        name, width = actor.find_view_and_width(t)
        flip = name == "left"
        body, face = actor.build_body_pose(t), actor.build_face(t, clock)
        x, z, _ = actor.walk.locate_at(t)
        s = view.compute_scale(pose, z) * view.height
        if body.view == "side":
            # a person who leans forward moves about the head, which keeps its place in the frame
            x -= locate_chin(mark.look, body)[0] * mark.look.height * (-1 if flip else 1)
        u, v = view.project_point(pose, x, 0.0, z)
        breath = 1.0 + 0.0022 * math.sin((clock + t) * 1.9 + z)
        torso = self._sprites.paint_body_and_shadow(mark, body, face, z, flip)
        if torso is not None:
            a, d = s / torso.density * width, s / torso.density * actor.foreshortening * breath
            matrix = np.array(
                [
                    [a, 0.0, u * view.height + torso.left * torso.density * a],
                    [0.0, d, v * view.height + torso.top * torso.density * d],
                ]
            )
            self._warp_pixels_onto(canvas, torso.pixels, matrix, pose)
        head = self._sprites.paint_head(mark, body, face, z, flip)
        if head is None:
            return
        nx, ny = locate_chin(mark.look, body)
        nx, ny = nx * mark.look.height * (-1 if flip else 1), ny * mark.look.height
        lean = math.radians(actor.compute_head_lean(t, clock))
        a = s / head.density
        cos, sin = math.cos(lean) * a, math.sin(lean) * a
        flat = max(actor.foreshortening, 0.92)
        at_x, at_y = (
            u * view.height + nx * s * width,
            v * view.height + ny * s * actor.foreshortening * breath,
        )
        left, top = head.left * head.density, head.top * head.density
        matrix = np.array(
            [
                [cos * width, -sin * width, at_x + (left * cos - top * sin) * width],
                [sin * flat, cos * flat, at_y + (left * sin + top * cos) * flat],
            ]
        )
        self._warp_pixels_onto(canvas, head.pixels, matrix, pose)

    def _draw_prop(self, canvas: Pixels, thing: MovingProp, pose: Pose, t: float) -> None:
        clock = self.stage.clock
        x, y, z = thing.locate_at(t, clock)
        if thing.circle_radius:
            self._draw_flock(canvas, thing, x, y, z, pose, t)
            return
        picture = self._sprites.paint_prop(thing.placed, thing.left, z)
        if picture is not None and thing.appears and t < _APPEARS_S:
            faded = cv2.convertScaleAbs(picture.pixels, alpha=t / _APPEARS_S)
            picture = replace(picture, pixels=faded)
        if picture is not None:
            turn, lift = _compute_gait_turn_and_lift(thing, t)
            if thing.placed.thing.name in ("boat", "sailboat"):
                turn = 0.018 * math.sin((clock + t) * 1.1 + thing.walk.x)
            self._draw_picture_at(canvas, picture, x, y - lift, z, pose, turn, thing.placed.scale)

    def _draw_flock(
        self, canvas: Pixels, thing: MovingProp, x: float, y: float, z: float, pose: Pose, t: float
    ) -> None:
        """Birds in circles, each with its own radius and wing beat."""
        name, clock = thing.placed.thing.name, self.stage.clock + t
        for i in range(thing.placed.thing.count):
            rng = seed_random("bird", self.stage.spec.shot, i)
            angle = clock * rng.uniform(0.34, 0.5) + i * math.tau / thing.placed.thing.count
            r = thing.circle_radius * rng.uniform(0.35, 1.0)
            bx, by = x + math.cos(angle) * r, y + math.sin(angle) * r * 0.36 - rng.uniform(0, 0.3)
            left = math.sin(angle) > 0
            flap = (clock * rng.uniform(2.1, 2.9) + rng.random()) % 1.0
            glides = (clock * 0.2 + rng.random()) % 1.0 > 0.72
            beat = 1 if glides else (0, 1, 2, 1)[int(flap * 4)]
            picture = self._sprites.paint_bird(name, beat, left, z, y)
            if picture is not None:
                if thing.appears and t < _APPEARS_S:
                    faded = cv2.convertScaleAbs(picture.pixels, alpha=t / _APPEARS_S)
                    picture = replace(picture, pixels=faded)
                lift = 0.04 * math.sin(flap * math.tau)
                self._draw_picture_at(
                    canvas, picture, bx, by + lift, z, pose, 0.0, rng.uniform(0.7, 1.0)
                )

    def _draw_picture_at(
        self, canvas: Pixels, picture: Picture, x: float, y: float, z: float, pose: Pose,
        turn_radians: float, scale: float,
    ) -> None:  # fmt: skip
        view = self.stage.view
        a = view.compute_scale(pose, z) * view.height / picture.density * scale
        u, v = view.project_point(pose, x, y, z)
        cos, sin = math.cos(turn_radians) * a, math.sin(turn_radians) * a
        left, top = picture.left * picture.density, picture.top * picture.density
        matrix = np.array(
            [
                [cos, -sin, u * view.height + left * cos - top * sin],
                [sin, cos, v * view.height + left * sin + top * cos],
            ]
        )
        self._warp_pixels_onto(canvas, picture.pixels, matrix, pose)

    def _warp_pixels_onto(
        self, canvas: Pixels, pixels: Pixels, matrix: Affine, pose: Pose, opaque: bool = False
    ) -> None:
        warp_pixels_onto(canvas, pixels, matrix, self.stage.view, pose.roll, opaque)


def _compute_gait_turn_and_lift(thing: MovingProp, t: float) -> tuple[float, float]:
    """(turn, lift) of a running animal, or of a vehicle, which shakes slightly."""
    name = thing.placed.thing.name
    walked = thing.walk.locate_at(t)[2]
    if not thing.walk.is_moving(t):
        return 0.0, 0.0
    if name in ("horse", "dog", "cat", "robot"):
        high = find_prop(name).height
        beat = math.tau * walked / (1.3 * high)
        return 0.045 * math.sin(beat), 0.05 * high * abs(math.sin(beat / 2))
    if name in ("car", "bus", "bicycle", "tram", "train"):
        return 0.0, 0.012 * abs(math.sin(walked * 2.1))
    return 0.0, 0.0


def warp_pixels_onto(
    canvas: Pixels, pixels: Pixels, matrix: Affine, view: View, roll_degrees: float = 0.0,
    opaque: bool = False,
) -> None:  # fmt: skip
    """Warps `pixels` by `matrix` (between pixel edges) onto `canvas`."""
    if roll_degrees:
        roll_matrix = _build_roll_matrix(view, roll_degrees)
        matrix = np.vstack([roll_matrix, [0, 0, 1]])[:2] @ np.vstack([matrix, [0, 0, 1]])
    high, wide = pixels.shape[:2]
    xs = [matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2] for x in (0, wide) for y in (0, high)]
    ys = [matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2] for x in (0, wide) for y in (0, high)]
    x0, x1 = max(0, math.floor(min(xs)) - 1), min(view.width, math.ceil(max(xs)) + 1)
    y0, y1 = max(0, math.floor(min(ys)) - 1), min(view.height, math.ceil(max(ys)) + 1)
    if x1 <= x0 or y1 <= y0:
        return
    # OpenCV's coordinates are those of pixel centres
    pixel_matrix = matrix.copy()
    pixel_matrix[0, 2] += 0.5 * (matrix[0, 0] + matrix[0, 1]) - 0.5 - x0
    pixel_matrix[1, 2] += 0.5 * (matrix[1, 0] + matrix[1, 1]) - 0.5 - y0
    warped = cv2.warpAffine(
        pixels, pixel_matrix, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE if opaque else cv2.BORDER_CONSTANT,
    )  # fmt: skip
    if opaque:
        canvas[y0:y1, x0:x1] = warped
    else:
        composite_over(canvas[y0:y1, x0:x1], warped)


def _clear_ground_above_horizon(
    pixels: Pixels, view: View, roll_degrees: float, horizon_y: float, crop_top: int
) -> None:
    """Removes ground that the warp drew above the horizon, a slanting line in a rolled frame."""
    wide = view.width
    band = np.array(
        [[-wide, horizon_y], [2 * wide, horizon_y], [2 * wide, -9 * wide], [-wide, -9 * wide]]
    )
    rolled = (
        band @ _build_roll_matrix(view, roll_degrees)[:, :2].T
        + _build_roll_matrix(view, roll_degrees)[:, 2]
    )
    corners = np.round(rolled - [0, crop_top]).astype(np.int32)
    cv2.fillConvexPoly(pixels, corners, (0, 0, 0, 0), cv2.LINE_AA)


def _build_roll_matrix(view: View, roll_degrees: float) -> Affine:
    return np.asarray(
        cv2.getRotationMatrix2D((view.width / 2, view.height / 2), -roll_degrees, 1.0)
    )
