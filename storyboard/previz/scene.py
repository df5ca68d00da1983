"""A shot ready to be drawn: blocked, its set built, its weather made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from storyboard.previz.camera import Pose, Start
from storyboard.previz.compose import Compositor
from storyboard.previz.direction import Blocking, Was, block
from storyboard.previz.framing import Composition
from storyboard.previz.paint import Pixels
from storyboard.previz.palette import palette_of
from storyboard.previz.sets import build, extras
from storyboard.previz.spec import Spec
from storyboard.previz.stage import Stage
from storyboard.previz.weather import Air, put_up
from storyboard.providers.base import SpokenLine


@dataclass(frozen=True, slots=True)
class Taken:
    """Where a shot is taken up: the camera, the actors, and the world's time."""

    start: Start
    was: dict[str, Was]
    clock: float
    goal: Pose | None = None


@dataclass
class Scene:
    """One shot; `frame(i)` draws any of its frames, the same whenever it is asked."""

    spec: Spec
    composition: Composition
    lines: Sequence[SpokenLine]
    frames: int
    fps: int
    taken: Taken | None = None
    blocking: Blocking = field(init=False)
    _compositor: Compositor = field(init=False)
    _air: Air = field(init=False)

    def __post_init__(self) -> None:
        taken = self.taken
        self.blocking = block(
            self.spec, self.composition, self.lines, self.frames, self.fps, self.clock,
            taken.start if taken else None, taken.was if taken else None,
            taken.goal if taken else None,
        )  # fmt: skip
        view, palette = self.composition.view, palette_of(self.spec)
        stage = Stage(
            self.spec, palette, view, self.blocking.path.poses, self.frames / self.fps, self.clock,
            *self._standing(),
        )  # fmt: skip
        build(stage)
        extras(stage)
        put_up(stage)
        for thing in self.blocking.company.things:
            if thing.placed.thing.name == "lighthouse":
                stage.beam(thing.placed.x, thing.placed.y - 13.2, thing.placed.z - 0.1, 34.0)
        self._air = Air(self.spec, palette, view.width, view.height)
        outside = self._air.fall if self.spec.set == "room" else None
        self._compositor = Compositor(stage, self.blocking.company, outside)

    def _standing(self) -> tuple[float, float]:
        """(middle, width) of where the people or the subject stand."""
        company = self.blocking.company
        places = [p.walk.at(0.0)[0] for p in company.people if not p.mark.shoulder] or [
            thing.walk.at(0.0)[0] for thing in company.things[:1]
        ]
        if not places:
            return self.pose(0).x, 0.0
        return (min(places) + max(places)) / 2, max(places) - min(places)

    @property
    def clock(self) -> float:
        """World time of frame 0, seconds."""
        return self.taken.clock if self.taken else 0.0

    def pose(self, frame: int) -> Pose:
        return self.blocking.path.poses[frame]

    def frame(self, frame: int) -> Pixels:
        """BGRA of that frame, without words on it."""
        t = frame / self.fps
        picture = self._compositor.frame(self.pose(frame), t)
        smear = self.blocking.path.whip[frame]
        if smear > 0.004:
            import cv2

            width = max(3, int(smear * self.composition.view.height * 0.8) | 1)
            picture = cv2.blur(picture, (width, 1))
        self._air.over(picture, self.clock + t)
        return picture

    def was(self, frame: int) -> dict[str, Was]:
        """Where everybody is at that frame, and how fast they go, by name."""
        t, step = frame / self.fps, 1 / self.fps
        company = self.blocking.company
        found = {}
        for player in company.people:
            x, z, walked = player.walk.at(t)
            x1, z1, _ = player.walk.at(t + step)
            speed = ((x1 - x) / step, (z1 - z) / step)
            found[player.mark.person.name] = Was(x, 0.0, z, *speed, walked, player.view(t)[0])
        for thing in company.things:
            name = thing.placed.thing.name
            if name in found:
                continue
            x, y, z = thing.at(t, 0.0)
            x1, _, z1 = thing.at(t + step, 0.0)
            _, _, walked = thing.walk.at(t)
            speed = ((x1 - x) / step, (z1 - z) / step)
            found[name] = Was(x, y, z, *speed, walked, "left" if thing.left else "right")
        return found
