"""A shot ready to be drawn: blocked, with its set and weather built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2

from storyboard.previz.compositing.compositor import Compositor
from storyboard.previz.painting.lighting import build_light_palette
from storyboard.previz.painting.rasterizer import Pixels
from storyboard.previz.script.shot_spec import ShotSpec
from storyboard.previz.sets import add_passers_by, build_set
from storyboard.previz.sets.stage import Stage
from storyboard.previz.sets.weather import Atmosphere, add_mist
from storyboard.previz.staging.blocking import Blocking, PreviousMotion, block_shot
from storyboard.previz.staging.camera import CameraStart, Pose
from storyboard.previz.staging.framing import Composition
from storyboard.providers.base import SpokenLine

_TURNING_S = 2.5
"""Seconds over which the weather or the time of day changes."""


@dataclass(frozen=True, slots=True)
class SetLayout:
    """The first view of a place; its layout depends on it throughout a chain of shots."""

    spec: ShotSpec
    pose: Pose
    middle: float
    """The subject's position, metres."""
    span: float
    """Metres from the first to the last person in frame."""


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Where a shot continues: the camera, the actors, and the world clock."""

    start: CameraStart
    motions: dict[str, PreviousMotion]
    clock: float
    layout: SetLayout
    goal: Pose | None = None
    previous_spec: ShotSpec | None = None
    """The previous weather and time of day, if they change now."""


@dataclass
class Scene:
    """One shot; `draw_frame(i)` draws any frame, with the same result every time."""

    spec: ShotSpec
    composition: Composition
    lines: Sequence[SpokenLine]
    frames: int
    fps: int
    resume: ResumePoint | None = None
    blocking: Blocking = field(init=False)
    layout: SetLayout = field(init=False)
    _worlds: list[tuple[Compositor, Atmosphere]] = field(init=False)

    def __post_init__(self) -> None:
        resume = self.resume
        self.blocking = block_shot(
            self.spec, self.composition, self.lines, self.frames, self.fps, self.clock,
            resume.start if resume else None, resume.motions if resume else None,
            resume.goal if resume else None,
        )  # fmt: skip
        # A continued shot keeps the first layout, or buildings and trees would jump.
        self.layout = (
            resume.layout
            if resume
            else SetLayout(
                self.spec, self.find_camera_pose(0), *self._measure_subject_middle_and_width()
            )
        )
        self._worlds = [self._build_compositor_and_atmosphere(self.spec)]
        # For a change of weather, both worlds are drawn and dissolved.
        if resume and resume.previous_spec:
            self._worlds.append(self._build_compositor_and_atmosphere(resume.previous_spec))

    def _build_compositor_and_atmosphere(self, spec: ShotSpec) -> tuple[Compositor, Atmosphere]:
        """The place at the time of day and in the weather of `spec`."""
        view, layout = self.composition.view, self.layout
        world_spec = replace(
            layout.spec, weather=spec.weather, time=spec.time, text=spec.text, extras=spec.extras
        )
        palette = build_light_palette(
            world_spec.key,
            world_spec.time,
            world_spec.weather,
            world_spec.mood,
            indoors=world_spec.set == "room",
        )
        stage = Stage(
            world_spec, palette, view, self.blocking.path.poses, self.frames / self.fps, self.clock,
            layout.pose, layout.middle, layout.span,
        )  # fmt: skip
        build_set(stage)
        add_passers_by(stage)
        add_mist(stage)
        for thing in self.blocking.actors.things:
            if thing.placed.thing.name == "lighthouse":
                stage.add_turning_beam(
                    thing.placed.x, thing.placed.y - 13.2, thing.placed.z - 0.1, 34.0
                )
        air = Atmosphere(world_spec, palette, view.width, view.height)
        # Indoors, rain falls only behind the window.
        outside = air.draw_precipitation if world_spec.set == "room" else None
        return Compositor(stage, self.blocking.actors, outside), air

    def _measure_subject_middle_and_width(self) -> tuple[float, float]:
        """(middle, width) of the people or the subject."""
        actors = self.blocking.actors
        places = [p.walk.locate_at(0.0)[0] for p in actors.people if not p.mark.shoulder] or [
            thing.walk.locate_at(0.0)[0] for thing in actors.things[:1]
        ]
        if not places:
            return self.find_camera_pose(0).x, 0.0
        return (min(places) + max(places)) / 2, max(places) - min(places)

    @property
    def clock(self) -> float:
        """World time of frame 0, seconds."""
        return self.resume.clock if self.resume else 0.0

    def find_camera_pose(self, frame: int) -> Pose:
        return self.blocking.path.poses[frame]

    def draw_frame(self, frame: int) -> Pixels:
        """BGRA of that frame, without text."""
        t = frame / self.fps
        picture = self._draw_world_frame(self._worlds[0], frame)
        if len(self._worlds) > 1 and t < _TURNING_S:
            u = t / min(_TURNING_S, self.frames / self.fps)
            share = u * u * (3 - 2 * u)
            previous = self._draw_world_frame(self._worlds[1], frame)
            picture = cv2.addWeighted(picture, share, previous, 1 - share, 0)
        return picture

    def _draw_world_frame(self, world: tuple[Compositor, Atmosphere], frame: int) -> Pixels:
        compositor, air = world
        t = frame / self.fps
        picture = compositor.draw_frame(self.find_camera_pose(frame), t)
        # A whip pan blurs the picture along its direction.
        smear = self.blocking.path.whip[frame]
        if smear > 0.004:
            width = max(3, int(smear * self.composition.view.height * 0.8) | 1)
            picture = cv2.blur(picture, (width, 1))
        air.draw_weather_over(picture, self.clock + t)
        return picture

    def measure_motions(self, frame: int) -> dict[str, PreviousMotion]:
        """The position and speed of everyone at that frame, by name."""
        t, step = frame / self.fps, 1 / self.fps
        actors = self.blocking.actors
        motions = {}
        for actor in actors.people:
            x, z, walked = actor.walk.locate_at(t)
            x1, z1, _ = actor.walk.locate_at(t + step)
            speed = ((x1 - x) / step, (z1 - z) / step)
            motions[actor.mark.person.name] = PreviousMotion(
                x, 0.0, z, *speed, walked, actor.find_view_and_width(t)[0]
            )
        for thing in actors.things:
            name = thing.placed.thing.name
            if name in motions:
                continue
            x, y, z = thing.locate_at(t, 0.0)
            x1, _, z1 = thing.locate_at(t + step, 0.0)
            _, _, walked = thing.walk.locate_at(t)
            speed = ((x1 - x) / step, (z1 - z) / step)
            motions[name] = PreviousMotion(
                x, y, z, *speed, walked, "left" if thing.left else "right"
            )
        return motions
