"""The stage: planes of painted paper at their depths, and the floor between them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from storyboard.previz.painting.colors import mix_colors
from storyboard.previz.painting.lighting import Palette
from storyboard.previz.painting.rasterizer import (
    Box,
    Picture,
    add_paper_grain,
    add_shadow,
    apply_color_matrix,
    blur_pixels,
    composite_over,
    grow_box_to_pixels,
    limit_pixels_per_metre,
    render_svg,
    trim_empty_margins,
)
from storyboard.previz.painting.seeds import seed_random
from storyboard.previz.painting.svg import Point, define_gradient, draw_polygon, fmt, smooth_path
from storyboard.previz.script.shot_spec import ShotSpec
from storyboard.previz.sets.layers import FAR, NO_MOTION, Beam, Floor, Motion, Plane
from storyboard.previz.staging.camera import Pose, View

_SNOW = "#e6edf2"
_STOP = 0.0062
"""Aperture: metres of blur per frame height of focal length, squared away by distance."""


@dataclass
class Stage:
    """Collects the layers that a set adds."""

    spec: ShotSpec
    palette: Palette
    view: View
    poses: Sequence[Pose]
    seconds: float
    clock: float = 0.0
    home: Pose = Pose()
    """The camera's first pose at this place; layouts depend on it, so nothing moves when the
    shot continues elsewhere.
    """
    middle: float = 0.0
    """The subject's position at the start, metres."""
    span: float = 0.0
    """Metres from the first to the last person in frame."""
    planes: list[Plane | Floor | Beam] = field(default_factory=list)
    indoors: bool = False
    _boxes: dict[float, Box] = field(default_factory=dict)

    def seed_random(self, *words: object) -> random.Random:
        """Seeded by the place: the same in every shot there."""
        return seed_random(self.spec.key, *words)

    def has_dressing(self, *words: str) -> bool:
        return any(word in self.spec.dressing for word in words)

    def find_visible_area(self, z: float, motion: Motion = NO_MOTION) -> Box:
        """The part of the plane at `z` that is seen at any time, with a margin."""
        if z not in self._boxes:
            every = max(1, len(self.poses) // 24)
            sampled_poses = [*self.poses[::every], self.poses[-1]]
            box = self.view.find_visible_box(sampled_poses[0], z)
            for pose in sampled_poses[1:]:
                box = box.union(self.view.find_visible_box(pose, z))
            spare = max(0.03 * box.height, 0.05)
            self._boxes[z] = Box(box.left - spare, box.top - spare, box.right + spare,
                                 box.bottom + spare)  # fmt: skip
        box = self._boxes[z]
        # A drifting plane needs more: what moves into view during the shot.
        begin = motion.drift * self.clock
        end = motion.drift * (self.clock + self.seconds)
        aside = motion.slide + abs(motion.sway) * abs(min(0.0, box.top))
        return Box(box.left - max(begin, end) - aside, box.top - motion.bob,
                   box.right - min(begin, end) + aside, box.bottom + motion.bob)  # fmt: skip

    def iter_visible_cells(
        self, seed_name: str, z: float, cell_width: float, motion: Motion = NO_MOTION
    ) -> Iterator[tuple[float, random.Random]]:
        """(middle, generator) of each visible cell of `cell_width` metres at `z`."""
        # Cells are numbered from the world's origin, so each looks the same in every shot that
        # shows it.
        box = self.find_visible_area(z, motion)
        for i in range(
            math.floor(box.left / cell_width) - 1, math.ceil(box.right / cell_width) + 1
        ):
            yield (i + 0.5) * cell_width, self.seed_random(seed_name, i)

    def sample_smooth_wave(self, seed_name: str, x: float, swell_length: float) -> float:
        """A smooth endless wave in -1..1, seeded by the place; about `swell_length` metres per
        swell.
        """
        rng = self.seed_random("wave", seed_name)
        total = 0.0
        for k in range(5):
            total += math.sin(x / swell_length * (0.7 + 0.83 * k) + rng.uniform(0, math.tau)) / (
                k + 1.3
            )
        return total / 1.9

    def trace_hill_outline(
        self,
        seed_name: str,
        z: float,
        base_height: float,
        height_swing: float,
        swell_length: float,
        motion: Motion = NO_MOTION,
        sharp: bool = False,
        foot: float = 0.0,
    ) -> tuple[str, Box]:
        """The outline of hills at `z`: path data and its box; heights are positive metres."""
        box = self.find_visible_area(z, motion)
        step = max(swell_length / 7, (box.right - box.left) / 140)
        count = math.ceil((box.right - box.left) / step) + 3
        # Sample points at fixed positions, so the outline doesn't depend on the visible part.
        start = math.floor(box.left / step) * step - step
        line: list[Point] = []
        for i in range(count):
            x = start + i * step
            high = base_height + height_swing * self.sample_smooth_wave(seed_name, x, swell_length)
            if sharp:
                high += (
                    height_swing * 0.55 * (1 - 2 * abs((x / swell_length * 0.9) % 1 - 0.5))
                    - height_swing * 0.2
                )
                high += (
                    height_swing
                    * 0.12
                    * self.sample_smooth_wave(seed_name + "j", x, swell_length / 6)
                )
            line.append((x, -max(0.02, high)))
        d = (
            smooth_path(line, close=False)
            if not sharp
            else "M" + " L".join(f"{fmt(x)},{fmt(y)}" for x, y in line)
        )
        d += f"L{fmt(line[-1][0])},{fmt(foot)} L{fmt(line[0][0])},{fmt(foot)}Z"
        return d, Box(line[0][0], min(y for _, y in line), line[-1][0], foot)

    def compute_blur(self, z: float) -> float:
        """Blur of a plane, in frame heights."""
        focus = self.view.distance
        # Thin-lens circle of confusion, focused on the subject; below a pixel it is left out.
        depth = max(0.2, focus + z)
        spread = _STOP * self.view.focal**2 * abs(1 / focus - 1 / depth) / 4
        return 0.0 if spread * self.view.height < 0.7 else min(spread, 0.034)

    def add_plane(
        self,
        z: float,
        body: str,
        top: float,
        bottom: float = 0.0,
        *,
        shines: str = "",
        always: bool = False,
        motion: Motion = NO_MOTION,
        span: tuple[float, float] | None = None,
        foot: float = 0.0,
        shadow: float = 1.0,
        veil: float | None = None,
        paper: bool = True,
        focus: float | None = None,
    ) -> None:
        """Adds a sheet of SVG between the heights `top` and `bottom` (y, metres).

        `shines` is drawn unlit over it if lamps are lit, or `always`. `span` limits its width to
        less than the visible part. `veil` replaces its distance for the haze.
        """
        visible = self.find_visible_area(z, motion)
        left, right = visible.left, visible.right
        if span is not None:
            left, right = max(left, span[0]), min(right, span[1])
        high = self.view.height
        density = self.compute_pixels_per_metre(z)
        blur = self.compute_blur(z if focus is None else focus) * high
        pad = 3 * max(blur, 0.014 * high * shadow) / density
        box = Box(left - pad, max(visible.top - pad, top - pad), right + pad,
                  min(visible.bottom + pad, bottom + pad))  # fmt: skip
        if box.width <= 0 or box.height <= 0 or right <= left:
            return
        # Strong blur hides detail, so paint smaller; the scaling itself adds the rest of the blur.
        if blur > 3:
            density /= blur / 3
            blur = 3.0
        density = limit_pixels_per_metre(box, density)
        box = grow_box_to_pixels(box, density)
        pixels = render_svg(body, box, density)
        depth = self.view.distance + z if veil is None else veil
        pixels = apply_color_matrix(pixels, self.palette.compute_light_matrix(depth, self.indoors))
        if paper:
            pixels = add_paper_grain(pixels, box, density)
        if shines and (self.palette.lamps_on or always):
            bright = render_svg(shines, box, density)
            composite_over(
                pixels,
                apply_color_matrix(
                    bright, self.palette.compute_light_matrix(depth, self.indoors, glow=True)
                ),
            )
        pixels = add_shadow(pixels, 0.011 * high * shadow, self.palette.shadow * min(1.0, shadow))
        picture = trim_empty_margins(Picture(blur_pixels(pixels, blur), box.left, box.top, density))
        if picture is not None:
            self.planes.append(Plane(picture, z, motion, foot))

    def compute_pixels_per_metre(self, z: float) -> float:
        """Pixels per metre that keep a sheet at `z` sharp; one that passes close to the lens may
        blur.
        """
        begin = self.view.compute_scale(self.poses[0], z)
        most = max(self.view.compute_scale(pose, z) for pose in self.list_key_poses())
        exact = min(most, 2.2 * begin) * self.view.height
        # in coarse steps, so that a shot and its continuation mostly use the same pixels
        return float(2.0 ** (math.ceil(math.log2(exact) * 4 - 1e-6) / 4))

    def list_key_poses(self) -> list[Pose]:
        """The poses that decide how large things get."""
        return [self.poses[0], self.poses[len(self.poses) // 2], self.poses[-1]]

    def add_sky(self, body: str) -> None:
        """Adds the backdrop: the horizon is at 0, and `measure_frame_height()` metres fill the
        frame.
        """
        visible = self.find_visible_area(FAR)
        density = self.compute_pixels_per_metre(FAR)
        density = limit_pixels_per_metre(visible, density)
        visible = grow_box_to_pixels(visible, density)
        pixels = render_svg(body, visible, density)
        pixels = apply_color_matrix(pixels, self.palette.compute_grade_matrix())
        self.planes.append(
            Plane(Picture(pixels, visible.left, visible.top, density), FAR, opaque=True)
        )

    def measure_frame_height(self, z: float = FAR) -> float:
        """Metres that fill the frame's height at `z`, from the home pose."""
        return 1 / self.view.compute_scale(self.home, z)

    def add_turning_beam(self, x: float, y: float, z: float, reach: float) -> None:
        """Adds a turning lamp at (x, y, z) with a beam of `reach` metres."""
        if not (self.palette.lamps_on or {"fog", "storm"} & set(self.spec.weather)):
            return
        density = min(self.view.compute_scale(self.poses[0], z) * self.view.height, 900 / reach)
        box = Box(0.0, -reach * 0.17, reach, reach * 0.17)
        stops = [(0, "#fff2c4", 0.62), (0.5, "#fff0c0", 0.2), (1, "#fff0c0", 0)]
        cone = [(0, -0.5), (reach, box.top * 0.8), (reach, box.bottom * 0.8), (0, 0.5)]
        body = define_gradient("beam", stops, across=True) + draw_polygon(cone, "url(#beam)")
        pixels = apply_color_matrix(
            render_svg(body, box, density), self.palette.compute_grade_matrix()
        )
        soft = blur_pixels(pixels, max(1.0, 0.6 * density))
        self.planes.append(
            Beam(
                Picture(soft, 0.0, box.top, density),
                x,
                y,
                z,
                self.seed_random("beam").uniform(0, 6.2),
            )
        )

    # the floor

    def project_floor_point(self, x: float, z: float, level: float = 0.0) -> Point:
        """The position of a ground point in the first frame, frame heights from the top left."""
        u, v = self.view.project_point(
            self.poses[0], x, level, max(z, self._find_nearest_floor_z())
        )
        return u, v

    def _find_nearest_floor_z(self) -> float:
        return -self.view.distance + 0.28 + self.poses[0].z

    def add_floor(
        self,
        near_color: str,
        far_color: str,
        *,
        level: float = 0.0,
        z: float = FAR,
        marks: Sequence[tuple[Sequence[Point], str, float]] = (),
        shines: Sequence[tuple[Sequence[Point], str, float]] = (),
        haze: bool = True,
    ) -> None:
        """Adds the ground from the camera to `z`; `marks` are polygons of (x, z) on it."""
        pose = self.poses[0]
        if "snow" in self.spec.weather and not self.indoors and level == 0:
            near_color, far_color = (
                mix_colors(near_color, _SNOW, 0.78),
                mix_colors(far_color, _SNOW, 0.78),
            )
            marks = [
                (corners, mix_colors(color, _SNOW, 0.72), alpha) for corners, color, alpha in marks
            ]
        area = self._find_floor_area(level, z)
        if area is None:
            return
        density = limit_pixels_per_metre(area, float(self.view.height))
        stops, veils = [], []
        top = 0.5 + pose.sy
        focal = self.view.focal * math.exp(pose.zoom)
        for i in range(13):
            # More gradient stops near the horizon, where a row covers more depth.
            at = (i / 12) ** 2.2
            row = area.top + at * area.height
            drop = max(1e-4, row - top)
            depth = focal * (pose.y + level) / drop
            t = math.exp(-depth / 16.0)
            stops.append((at, mix_colors(far_color, near_color, t), 1.0))
            haze_share = (
                0.0 if self.indoors or not haze else 1 - math.exp(-depth / self.palette.reach)
            )
            veils.append((at, self.palette.haze, haze_share))
        ground = define_gradient("ground", stops) + _draw_gradient_area(area, "ground")
        ground += "".join(
            draw_polygon(
                [self.project_floor_point(x, far_z, level) for x, far_z in corners], color, alpha
            )
            for corners, color, alpha in marks
        )
        pixels = apply_color_matrix(
            render_svg(ground, area, density), self.palette.compute_light_matrix(0, self.indoors)
        )
        if haze and not self.indoors:
            veil = render_svg(
                define_gradient("veil", veils) + _draw_gradient_area(area, "veil"), area, density
            )
            composite_over(pixels, apply_color_matrix(veil, self.palette.compute_grade_matrix()))
        if shines:
            light = "".join(
                draw_polygon(
                    [self.project_floor_point(x, far_z, level) for x, far_z in corners],
                    color,
                    alpha,
                )
                for corners, color, alpha in shines
            )
            composite_over(
                pixels,
                apply_color_matrix(
                    render_svg(light, area, density), self.palette.compute_grade_matrix()
                ),
            )
        blur = self.compute_blur(6.0) * density * 0.5
        if blur > 1.5:
            pixels = blur_pixels(pixels, blur)
        self.planes.append(
            Floor(
                pixels, area.left, area.top, density, pose, level, z, self._find_nearest_floor_z()
            )
        )

    def _find_floor_area(self, level: float, z: float) -> Box | None:
        """The part of the floor seen at any time, in frame heights as projected by the first
        pose.
        """
        first, view = self.poses[0], self.view
        edge = view.project_point(first, 0.0, level, min(z, FAR))[1]
        # at least a few rows: OpenCV can't warp a picture of two
        left, right, bottom = -0.04, view.aspect + 0.04, edge + 8.0 / view.height
        for pose in [*self.poses[:: max(1, len(self.poses) // 8)], self.poses[-1]]:
            lean = abs(math.sin(math.radians(pose.roll))) * max(1.0, view.aspect) * 0.6
            drop = 1.06 + lean - (0.5 + pose.sy)
            if drop <= 0 or pose.y + level <= 0:
                continue
            # The nearest ground that this pose sees at the bottom of the frame.
            depth = view.focal * math.exp(pose.zoom) * (pose.y + level) / drop
            row_z = depth - view.distance + pose.z
            for far_z in (
                max(row_z, self._find_nearest_floor_z()),
                max(min(z, FAR), self._find_nearest_floor_z()),
            ):
                s = view.compute_scale(pose, far_z)
                for u in (-0.04 - lean, view.aspect + 0.04 + lean):
                    x = (u - view.aspect / 2 - pose.sx) / s + pose.x
                    at = view.project_point(first, x, level, far_z)
                    left, right = min(left, at[0]), max(right, at[0])
                    bottom = max(bottom, at[1])
        bottom = min(bottom, edge + 2.4)
        left, right = max(left, -2.5), min(right, view.aspect + 2.5)
        if bottom <= edge + 0.004 or edge > 1.5:
            return None
        area = Box(left, max(edge, -1.6), right, bottom)
        return area if area.height > 0.01 and area.width > 0.01 else None


def _draw_gradient_area(area: Box, gradient_id: str) -> str:
    return (
        f'<rect x="{fmt(area.left)}" y="{fmt(area.top)}" width="{fmt(area.width)}" '
        f'height="{fmt(area.height)}" fill="url(#{gradient_id})"/>'
    )
