"""Movement of people and things: positions, poses and faces as functions of time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from storyboard.previz.audio.syllables import Syllable, estimate_line_durations, schedule_syllables
from storyboard.previz.figures.face import CLOSED, NARROW, OPEN, ROUND, Face
from storyboard.previz.figures.pose import STRIDE, BodyPose
from storyboard.previz.painting.rasterizer import Box
from storyboard.previz.painting.seeds import seed_random
from storyboard.previz.props import find_prop
from storyboard.previz.staging.framing import Mark, PlacedProp, compute_person_half_width
from storyboard.providers.base import SpokenLine

WALKING = 1.25
"""Metres per second."""
_EASE = 0.45
_TURN_S = 0.5
_ENTER_S = 2.4


@dataclass(frozen=True, slots=True)
class Walk:
    """A path through the world that changes from one speed to another within half a second."""

    x: float
    z: float
    vx: float = 0.0
    vz: float = 0.0
    from_vx: float = 0.0
    from_vz: float = 0.0
    walked: float = 0.0
    """Metres walked before this shot, so that the gait continues."""
    entry_offset: float = 0.0
    """Metres to the side from where the person enters."""
    stop_at_s: float = math.inf
    """The time of the stop."""

    def locate_at(self, t: float) -> tuple[float, float, float]:
        """(x, z, metres walked so far)."""
        if t > self.stop_at_s:
            # the last steps: the remaining speed decays like it built up
            x, z, walked = self.locate_at(self.stop_at_s)
            rest = _EASE * (1 - math.exp(-(t - self.stop_at_s) / _EASE))
            dx, dz = self.vx * rest, self.vz * rest
            return x + dx, z + dz, walked + math.hypot(dx, dz)
        # The speed decays exponentially from the old to the new one; this is its integral.
        eased_s = _EASE * (1 - math.exp(-t / _EASE))
        dx = self.vx * t + (self.from_vx - self.vx) * eased_s
        dz = self.vz * t + (self.from_vz - self.vz) * eased_s
        x = self.x + dx
        if self.entry_offset:
            u = min(1.0, t / _ENTER_S)
            x += self.entry_offset * (1 - u * u * (3 - 2 * u))
            dx += self.entry_offset * (u * u * (3 - 2 * u))
        return x, self.z + dz, self.walked + math.hypot(dx, dz)

    def is_moving(self, t: float) -> bool:
        if t > self.stop_at_s:
            speed_left = math.exp(-(t - self.stop_at_s) / _EASE)
            return math.hypot(self.vx, self.vz) * speed_left > 0.12
        fade = math.exp(-t / _EASE)
        vx = self.vx + (self.from_vx - self.vx) * fade
        vz = self.vz + (self.from_vz - self.vz) * fade
        return math.hypot(vx, vz) > 0.12 or (bool(self.entry_offset) and t < _ENTER_S * 0.93)


@dataclass(frozen=True, slots=True)
class Actor:
    """One person of the shot."""

    mark: Mark
    walk: Walk
    views: tuple[tuple[float, str], ...]
    """(from when, view): front, back, left or right."""
    speech: tuple[tuple[float, tuple[Syllable, ...]], ...] = ()
    """(start of a line, its syllables)."""
    foreshortening: float = 1.0
    """Foreshortening of heights seen from above."""

    def find_view_and_width(self, t: float) -> tuple[str, float]:
        """The view, and its width: less than 1 while the paper figure turns."""
        current, width = self.views[0][1], 1.0
        for at, name in self.views[1:]:
            if name == current:
                continue
            u = (t - at) / _TURN_S
            if u >= 0.5:
                current = name
            if 0 < u < 1:
                # The figure narrows to its edge and widens again with the new view.
                width = max(0.16, abs(math.cos(math.pi * u)))
        return current, width

    def build_body_pose(self, t: float) -> BodyPose:
        person = self.mark.person
        view, _ = self.find_view_and_width(t)
        side = "side" if view in ("left", "right") else view
        is_running = person.pace > 1.6 and self.walk.is_moving(t)
        phase = None
        if self.walk.is_moving(t) and not person.sits:
            # The phase follows the distance, not the time, so feet don't slide at any speed.
            walked = self.walk.locate_at(t)[2]
            stride = STRIDE * self.mark.look.height * (1.45 if is_running else 1.0)
            phase = int(walked / stride * 12) % 12
        hands = "" if is_running else person.hands
        return BodyPose(side, phase, person.sits and phase is None, hands, person.holds, is_running)

    def build_face(self, t: float, clock: float) -> Face:
        person = self.mark.person
        view, _ = self.find_view_and_width(t)
        rng = seed_random("blink", person.name)
        every = rng.uniform(2.9, 4.3)
        blinks = (clock + t + rng.uniform(0, every)) % every < 0.13
        down = person.eyes == "down" and not self.is_speaking(t)
        shut = blinks or person.eyes == "closed"
        mouth = self.choose_mouth_shape(t)
        if view == "back":
            return Face("back")
        if view in ("left", "right"):
            return Face("side", 0.0, mouth, shut, down, person.mood)
        turn = round(self.mark.faces * 5) / 5
        return Face("front", turn, mouth, shut and not down, down, person.mood)

    def is_speaking(self, t: float) -> bool:
        return any(
            line and start <= t < start + line[-1].end_s + 0.1 for start, line in self.speech
        )

    def choose_mouth_shape(self, t: float) -> int:
        for start, line in self.speech:
            for syllable in line:
                at = t - start - syllable.start_s
                length = syllable.end_s - syllable.start_s
                if 0 <= at < length:
                    if syllable.onset == "lips" and at < 0.25 * length:
                        return CLOSED
                    if at > 0.72 * length:
                        return NARROW
                    return {"a": OPEN, "o": ROUND, "u": ROUND}.get(syllable.vowel, NARROW)
        return CLOSED

    def compute_head_lean(self, t: float, clock: float) -> float:
        """Degrees that the head leans, with the breath and while speaking."""
        rng = seed_random("nod", self.mark.person.name)
        sway = math.sin((clock + t) * 0.9 + rng.uniform(0, 6)) * 1.1
        if self.is_speaking(t):
            sway += math.sin(t * 5.2) * 1.3
        if self.mark.person.eyes == "down":
            sway += 3.0 * (1 if self.mark.faces >= 0 else -1)
        return sway

    def compute_framing_box(self, t: float, shot_size: str, whole: bool) -> Box:
        """The part of the person that must stay in frame."""
        x, _, _ = self.walk.locate_at(t)
        look = self.mark.look
        high = look.height * self.foreshortening * (0.78 if self.mark.person.sits else 1.0)
        half = look.height * compute_person_half_width(shot_size, whole and self.walk.is_moving(t))
        if shot_size in ("CU", "ECU"):
            eye = high - look.height * look.head * 0.5
            tall = look.height * look.head * (0.56 if shot_size == "CU" else 0.10)
            return Box(x - half, -eye - tall, x + half, -eye + tall)
        bottom = 0.0 if whole else -high * (0.80 if shot_size == "MCU" else 0.6)
        return Box(x - half, -high * 1.012, x + half, bottom)


@dataclass(frozen=True, slots=True)
class MovingProp:
    """One thing of the shot."""

    placed: PlacedProp
    walk: Walk
    rise_speed: float = 0.0
    """Metres per second upwards."""
    circle_radius: float = 0.0
    """Radius in metres of its circle in flight, or 0."""
    left: bool = False
    """Whether it looks left."""
    appears: bool = False
    """Whether it was not there when the shot began, and fades in."""

    def locate_at(self, t: float, clock: float) -> tuple[float, float, float]:
        """(x, y, z)."""
        x, z, _ = self.walk.locate_at(t)
        y = self.placed.y
        prop = find_prop(self.placed.thing.name)
        if prop.bobs:
            y += prop.bobs * math.sin((clock + t) * 1.5 + self.walk.x)
        if self.rise_speed:
            y -= self.rise_speed * 2.2 * (1 - math.exp(-t / 2.2))
        return x, y, z

    def compute_framing_box(self, t: float, clock: float) -> Box:
        prop = find_prop(self.placed.thing.name)
        x, y, _ = self.locate_at(t, clock)
        half = prop.width / 2 * self.placed.scale
        if self.circle_radius:
            return Box(
                x - self.circle_radius * 1.3,
                y - self.circle_radius,
                x + self.circle_radius * 1.3,
                y + 0.4 * self.circle_radius,
            )
        return Box(x - half, y - prop.height * self.placed.scale, x + half, y + 0.02)


@dataclass(frozen=True, slots=True)
class Actors:
    """All people and things that act."""

    people: tuple[Actor, ...] = ()
    things: tuple[MovingProp, ...] = field(default=())

    @property
    def lead(self) -> Actor | MovingProp | None:
        """The person or thing that the camera frames."""
        for actor in self.people:
            if not actor.mark.shoulder:
                return actor
        return next((thing for thing in self.things if thing.placed.subject), None)


def find_visible_speech(
    lines: Sequence[SpokenLine], speaker: str
) -> tuple[tuple[float, tuple[Syllable, ...]], ...]:
    """The lines of `speaker` that a visible mouth speaks."""
    return tuple(
        (line.at_s, schedule_syllables(line.words, seconds))
        for line, seconds in estimate_line_durations(tuple(lines))
        if line.speaker.lower() == speaker.lower() and not line.off
    )
