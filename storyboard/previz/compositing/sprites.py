"""Sprites of people and things: painted once per pose and cached for the shot."""

from __future__ import annotations

from dataclasses import dataclass, field

from storyboard.previz.figures.face import Face, draw_hair_behind_and_head
from storyboard.previz.figures.figure import draw_body_below_chin
from storyboard.previz.figures.pose import BodyPose, locate_chin
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
from storyboard.previz.painting.svg import define_gradient, draw_ellipse, mirror_art, place_art
from storyboard.previz.props import find_prop
from storyboard.previz.props.animals import draw_flying_bird
from storyboard.previz.sets.stage import Stage
from storyboard.previz.staging.framing import Mark, PlacedProp

_ALWAYS_SHINE = frozenset(("moon", "sun", "fire", "candle", "robot"))
_LETTERED = frozenset("letter stamp book newspaper photo map bottle box sign envelope".split())
_SHOULDER = 0.50
_KEY = 0.42


@dataclass
class SpriteCache:
    """Paints sprites for a stage and caches them."""

    stage: Stage
    _sprites: dict[object, Picture | None] = field(default_factory=dict)

    def paint_body_and_shadow(
        self, mark: Mark, pose: BodyPose, face: Face, z: float, flip: bool
    ) -> Picture | None:
        """The body, the hair behind it and the shadow at its feet; the origin is between the
        feet.
        """
        key = ("torso", mark.person.name, mark.shoulder, pose, face.view, face.turn, flip)
        if key not in self._sprites:
            look = mark.look
            behind, _ = draw_hair_behind_and_head(look, face)
            x, y = locate_chin(look, pose)
            art = place_art(behind, x, y, look.head) + draw_body_below_chin(look, pose)
            art = place_art(mirror_art(art) if flip else art, 0, 0, look.height)
            # The higher the camera, the rounder the shadow on the ground.
            rise = max(0.10, min(0.5, self.stage.home.y / max(1.0, self.stage.view.distance)))
            wide = 0.21 if not pose.phase else 0.27
            shadow = define_gradient("foot", [(0, "#000000", 0.42), (0.55, "#000000", 0.26),
                                       (1, "#000000", 0)], radial=True)  # fmt: skip
            shadow += draw_ellipse(0.02, 0.0, wide * look.height, wide * look.height * rise * 0.55,
                              "url(#foot)")  # fmt: skip
            h = look.height
            tall = 1.46 if pose.hands == "umbrella" else 1.16
            box = Box(-0.62 * h, -tall * h, 0.62 * h, 0.14 * h)
            self._sprites[key] = self._paint_sprite(shadow + art, "", box, z, mark.shoulder)
        return self._sprites[key]

    def paint_head(
        self, mark: Mark, pose: BodyPose, face: Face, z: float, flip: bool
    ) -> Picture | None:
        """The head alone; the origin is the chin."""
        key = ("head", mark.person.name, mark.shoulder, face, flip)
        if key not in self._sprites:
            look = mark.look
            _, front = draw_hair_behind_and_head(look, face)
            art = place_art(mirror_art(front) if flip else front, 0, 0, look.head * look.height)
            r = look.head * look.height
            box = Box(-0.75 * r, -1.38 * r, 0.75 * r, 0.55 * r)
            y = locate_chin(look, pose)[1] * look.height
            self._sprites[key] = self._paint_sprite(
                art, "", box, z, mark.shoulder, shadow=0.0, origin_y=y
            )
        return self._sprites[key]

    def paint_prop(self, placed: PlacedProp, faces_left: bool, z: float) -> Picture | None:
        """A prop; the origin is its foot."""
        key = ("thing", placed.thing.name, placed.x, faces_left)
        if key not in self._sprites:
            thing = placed.thing
            prop = find_prop(thing.name)
            stage = self.stage
            words = thing.words
            if thing.name in _LETTERED:
                words = stage.spec.text
            rng = seed_random("prop", stage.spec.key, thing.name)
            art, shines = prop.draw(rng, words)
            shade = ""
            if prop.stand == "ground":
                shade = draw_ellipse(0, 0.0, prop.width * 0.46, prop.width * 0.026, "#000000", 0.28)
            elif prop.stand == "table":
                shade = draw_ellipse(0, 0.0, prop.width * 0.55, prop.width * 0.10, "#000000", 0.26)
            # Mirrored letters could not be read.
            if faces_left and not (words and thing.name in _LETTERED):
                art, shines = mirror_art(art), mirror_art(shines)
            box = Box(-prop.width * 0.8 - 0.7, -prop.height * 1.3 - 0.7,
                      prop.width * 0.8 + 0.7, 0.35 + 0.05 * prop.height)  # fmt: skip
            bright = stage.palette.lamps_on or thing.name in _ALWAYS_SHINE
            self._sprites[key] = self._paint_sprite(
                shade + art, shines if bright else "", box, z, origin_y=placed.y
            )
        return self._sprites[key]

    def paint_bird(
        self, species: str, wing_beat: int, faces_left: bool, z: float, y: float
    ) -> Picture | None:
        """A bird in one phase of its wing beat; the origin is its middle."""
        key = ("wing", species, wing_beat, faces_left)
        if key not in self._sprites:
            colors = ("#f2f1ea", "#3d444d") if species == "gull" else ("#33353d", "#202228")
            art = draw_flying_bird(wing_beat, *colors)
            self._sprites[key] = self._paint_sprite(mirror_art(art) if faces_left else art, "",
                                          Box(-0.75, -0.5, 0.75, 0.4), z, origin_y=y)  # fmt: skip
        return self._sprites[key]

    def _paint_sprite(
        self, art: str, glow_art: str, box: Box, z: float, darken: bool = False,
        shadow: float = 1.0, origin_y: float = 0.0,
    ) -> Picture | None:  # fmt: skip
        """Paints the part that the frame can ever show, at the highest resolution ever needed.

        `origin_y` is the height of its origin.
        """
        stage = self.stage
        high = stage.view.height
        density = stage.compute_pixels_per_metre(z)
        visible = stage.find_visible_area(round(z, 1))
        blur = stage.compute_blur(z) * high
        pad = 3 * blur / density
        box = Box(box.left - pad, max(box.top - pad, visible.top - origin_y - 0.4),
                  box.right + pad,
                  min(box.bottom + pad, visible.bottom - origin_y + 0.4))  # fmt: skip
        if box.height <= 0.01 or box.width <= 0.01:
            return None
        # Strong blur hides detail, so paint smaller; the scaling itself adds the rest of the blur.
        if blur > 3:
            density /= blur / 3
            blur = 3.0
        density = limit_pixels_per_metre(box, density)
        box = grow_box_to_pixels(box, density)
        depth = stage.view.distance + z
        matrix = stage.palette.compute_light_matrix(depth, stage.indoors, key=_KEY)
        if darken:
            matrix = matrix.copy()
            matrix[:3] *= _SHOULDER
        pixels = add_paper_grain(
            apply_color_matrix(render_svg(art, box, density), matrix), box, density
        )
        if glow_art:
            bright = stage.palette.compute_light_matrix(depth, stage.indoors, glow=True)
            composite_over(pixels, apply_color_matrix(render_svg(glow_art, box, density), bright))
        pixels = add_shadow(pixels, 0.009 * high * shadow * min(1.0, density / high),
                             stage.palette.shadow * 0.8)  # fmt: skip
        return trim_empty_margins(Picture(blur_pixels(pixels, blur), box.left, box.top, density))
