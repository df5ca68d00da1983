"""People and things as pixels: painted once for each pose, kept for the shot."""

from __future__ import annotations

from dataclasses import dataclass, field

from storyboard.previz.art import prop_of
from storyboard.previz.art.animals import wings
from storyboard.previz.face import Face, head, placed
from storyboard.previz.figures import body
from storyboard.previz.framing import Mark, Placed
from storyboard.previz.ink import ellipse, gradient, group, mirror, seeded
from storyboard.previz.paint import (
    Box,
    Picture,
    blurred,
    fitting,
    lit,
    over,
    papered,
    render,
    snapped,
    trimmed,
    with_shadow,
)
from storyboard.previz.posture import Pose2D, neck
from storyboard.previz.stage import Stage

_ALWAYS = frozenset(("moon", "sun", "fire", "candle", "robot"))
_LETTERED = frozenset("letter stamp book newspaper photo map bottle box sign envelope".split())
_SHOULDER = 0.50
_KEY = 0.42


@dataclass
class Wardrobe:
    """Paints sprites for a stage and keeps them."""

    stage: Stage
    _kept: dict[object, Picture | None] = field(default_factory=dict)

    def torso(self, mark: Mark, pose: Pose2D, face: Face, z: float, flip: bool) -> Picture | None:
        """Body, the hair behind it and the shadow at its feet; the origin is between the feet."""
        key = ("torso", mark.person.name, mark.shoulder, pose, face.view, face.turn, flip)
        if key not in self._kept:
            look = mark.look
            behind, _ = head(look, face)
            x, y = neck(look, pose)
            art = placed(behind, x, y, look.head) + body(look, pose)
            art = group(mirror(art) if flip else art, 0, 0, look.height)
            rise = max(0.10, min(0.5, self.stage.home.y / max(1.0, self.stage.view.distance)))
            wide = 0.21 if not pose.phase else 0.27
            shadow = gradient("foot", [(0, "#000000", 0.42), (0.55, "#000000", 0.26),
                                       (1, "#000000", 0)], radial=True)  # fmt: skip
            shadow += ellipse(0.02, 0.0, wide * look.height, wide * look.height * rise * 0.55,
                              "url(#foot)")  # fmt: skip
            h = look.height
            tall = 1.46 if pose.hands == "umbrella" else 1.16
            box = Box(-0.62 * h, -tall * h, 0.62 * h, 0.14 * h)
            self._kept[key] = self._paint(shadow + art, "", box, z, mark.shoulder)
        return self._kept[key]

    def head(self, mark: Mark, pose: Pose2D, face: Face, z: float, flip: bool) -> Picture | None:
        """The head alone; the origin is the chin."""
        key = ("head", mark.person.name, mark.shoulder, face, flip)
        if key not in self._kept:
            look = mark.look
            _, front = head(look, face)
            art = group(mirror(front) if flip else front, 0, 0, look.head * look.height)
            r = look.head * look.height
            box = Box(-0.75 * r, -1.38 * r, 0.75 * r, 0.55 * r)
            y = neck(look, pose)[1] * look.height
            self._kept[key] = self._paint(art, "", box, z, mark.shoulder, shadow=0.0, at=y)
        return self._kept[key]

    def thing(self, item: Placed, left: bool, z: float) -> Picture | None:
        """A prop; the origin is its foot."""
        key = ("thing", item.thing.name, item.x, left)
        if key not in self._kept:
            thing = item.thing
            prop = prop_of(thing.name)
            stage = self.stage
            words = thing.words
            if thing.name in _LETTERED:
                words = stage.spec.text
            rng = seeded("prop", stage.spec.key, thing.name)
            art, shines = prop.draw(rng, words)
            shade = ""
            if prop.stand == "ground":
                shade = ellipse(0, 0.0, prop.width * 0.46, prop.width * 0.026, "#000000", 0.28)
            elif prop.stand == "table":
                shade = ellipse(0, 0.0, prop.width * 0.55, prop.width * 0.10, "#000000", 0.26)
            if left and not (words and thing.name in _LETTERED):
                art, shines = mirror(art), mirror(shines)
            box = Box(-prop.width * 0.8 - 0.7, -prop.height * 1.3 - 0.7,
                      prop.width * 0.8 + 0.7, 0.35 + 0.05 * prop.height)  # fmt: skip
            bright = stage.palette.lit or thing.name in _ALWAYS
            self._kept[key] = self._paint(shade + art, shines if bright else "", box, z, at=item.y)
        return self._kept[key]

    def wing(self, name: str, beat: int, left: bool, z: float, y: float) -> Picture | None:
        """A bird in one beat of its wings; the origin is its middle."""
        key = ("wing", name, beat, left)
        if key not in self._kept:
            colors = ("#f2f1ea", "#3d444d") if name == "gull" else ("#33353d", "#202228")
            art = wings(beat, *colors)
            self._kept[key] = self._paint(mirror(art) if left else art, "",
                                          Box(-0.75, -0.5, 0.75, 0.4), z, at=y)  # fmt: skip
        return self._kept[key]

    def _paint(
        self, art: str, shines: str, box: Box, z: float, shoulder: bool = False,
        shadow: float = 1.0, at: float = 0.0,
    ) -> Picture | None:  # fmt: skip
        """Within what the frame can ever show of it, as sharp as it is ever seen.

        `at` is the height of its origin.
        """
        stage = self.stage
        high = stage.view.height
        density = stage.density(z)
        seen = stage.reach(round(z, 1))
        blur = stage.sigma(z) * high
        pad = 3 * blur / density
        box = Box(box.left - pad, max(box.top - pad, seen.top - at - 0.4),
                  box.right + pad, min(box.bottom + pad, seen.bottom - at + 0.4))  # fmt: skip
        if box.height <= 0.01 or box.width <= 0.01:
            return None
        if blur > 3:
            density /= blur / 3
            blur = 3.0
        density = fitting(box, density)
        box = snapped(box, density)
        depth = stage.view.distance + z
        matrix = stage.palette.matrix(depth, stage.indoors, key=_KEY)
        if shoulder:
            matrix = matrix.copy()
            matrix[:3] *= _SHOULDER
        pixels = papered(lit(render(art, box, density), matrix), box, density)
        if shines:
            bright = stage.palette.matrix(depth, stage.indoors, glow=True)
            over(pixels, lit(render(shines, box, density), bright))
        pixels = with_shadow(pixels, 0.009 * high * shadow * min(1.0, density / high),
                             stage.palette.shadow * 0.8)  # fmt: skip
        return trimmed(Picture(blurred(pixels, blur), box.left, box.top, density))
