"""A shot ready to be drawn: blocked, its set built, its weather made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2

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

_TURNING_S = 2.5
"""Seconds in which another weather or hour takes over."""


@dataclass(frozen=True, slots=True)
class Home:
    """How a place was first seen; its layout hangs on it for as long as a chain of shots runs."""

    spec: Spec
    pose: Pose
    middle: float
    """Where the subject stood, metres."""
    span: float
    """Metres from the first to the last of those in frame."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Where a shot is taken up: the camera, the actors, and the world's time."""

    start: Start
    was: dict[str, Was]
    clock: float
    home: Home
    goal: Pose | None = None
    air: Spec | None = None
    """What the weather and the hour were, where they change now."""


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
    home: Home = field(init=False)
    _worlds: list[tuple[Compositor, Air]] = field(init=False)

    def __post_init__(self) -> None:
        taken = self.taken
        self.blocking = block(
            self.spec, self.composition, self.lines, self.frames, self.fps, self.clock,
            taken.start if taken else None, taken.was if taken else None,
            taken.goal if taken else None,
        )  # fmt: skip
        self.home = taken.home if taken else Home(self.spec, self.pose(0), *self._standing())
        self._worlds = [self._world(self.spec)]
        if taken and taken.air:
            self._worlds.append(self._world(taken.air))

    def _world(self, spec: Spec) -> tuple[Compositor, Air]:
        """The place as it is in the hour and weather of `spec`."""
        view, home = self.composition.view, self.home
        there = replace(
            home.spec, weather=spec.weather, time=spec.time, text=spec.text, extras=spec.extras
        )
        palette = palette_of(there)
        stage = Stage(
            there, palette, view, self.blocking.path.poses, self.frames / self.fps, self.clock,
            home.pose, home.middle, home.span,
        )  # fmt: skip
        build(stage)
        extras(stage)
        put_up(stage)
        for thing in self.blocking.company.things:
            if thing.placed.thing.name == "lighthouse":
                stage.beam(thing.placed.x, thing.placed.y - 13.2, thing.placed.z - 0.1, 34.0)
        air = Air(there, palette, view.width, view.height)
        outside = air.fall if there.set == "room" else None
        return Compositor(stage, self.blocking.company, outside), air

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
        picture = self._seen(self._worlds[0], frame)
        if len(self._worlds) > 1 and t < _TURNING_S:
            u = t / min(_TURNING_S, self.frames / self.fps)
            now = u * u * (3 - 2 * u)
            before = self._seen(self._worlds[1], frame)
            picture = cv2.addWeighted(picture, now, before, 1 - now, 0)
        return picture

    def _seen(self, world: tuple[Compositor, Air], frame: int) -> Pixels:
        compositor, air = world
        t = frame / self.fps
        picture = compositor.frame(self.pose(frame), t)
        smear = self.blocking.path.whip[frame]
        if smear > 0.004:
            width = max(3, int(smear * self.composition.view.height * 0.8) | 1)
            picture = cv2.blur(picture, (width, 1))
        air.over(picture, self.clock + t)
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
