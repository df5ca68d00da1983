"""The camera: where it stands, what it sees of a point, and the path its moves make.

The world is metres: x right, y down with the ground at 0, z away from the subject's plane. A pose
is a point in space and a *shift* of the picture (frame heights), as a view camera has: pans and
tilts shift, so they have no parallax; dollies and trucks travel, so they do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from storyboard.previz.ink import seeded
from storyboard.previz.paint import Box
from storyboard.previz.spec import Step

_NEAR = 0.12
_MARGIN = 0.025


@dataclass(frozen=True, slots=True)
class Pose:
    """All that moves of a camera; differences and sums are taken field by field."""

    x: float = 0.0
    y: float = 1.5
    """Height above the ground."""
    z: float = 0.0
    """How far it went in from its first mark."""
    zoom: float = 0.0
    """Natural logarithm of the magnification, so that a steady zoom is a straight line."""
    roll: float = 0.0
    """Degrees, clockwise for the picture."""
    sx: float = 0.0
    sy: float = 0.0

    def plus(self, other: Pose, times: float = 1.0) -> Pose:
        return Pose(
            self.x + other.x * times,
            self.y + other.y * times,
            self.z + other.z * times,
            self.zoom + other.zoom * times,
            self.roll + other.roll * times,
            self.sx + other.sx * times,
            self.sy + other.sy * times,
        )

    def minus(self, other: Pose) -> Pose:
        return self.plus(other, -1.0)

    def values(self) -> list[float]:
        """In the order in which a scene's state keeps them, which is that of the fields."""
        told = (self.x, self.y, self.z, self.zoom, self.roll, self.sx, self.sy)
        return [round(each, 6) for each in told]


STILL = Pose(y=0.0)


@dataclass(frozen=True, slots=True)
class View:
    """What does not change within a shot: the frame, the lens, the first distance."""

    width: int
    height: int
    focal: float
    """In frame heights."""
    distance: float
    """Metres from the camera's first mark to the subject."""

    @property
    def aspect(self) -> float:
        return self.width / self.height

    def scale(self, pose: Pose, z: float) -> float:
        """Frame heights a metre at depth `z`."""
        depth = max(_NEAR, self.distance + z - pose.z)
        return self.focal * math.exp(pose.zoom) / depth

    def project(self, pose: Pose, x: float, y: float, z: float) -> tuple[float, float]:
        """Where a point is seen, frame heights from the top left, before the roll."""
        s = self.scale(pose, z)
        return (self.aspect / 2 + s * (x - pose.x) + pose.sx, 0.5 + s * (y + pose.y) + pose.sy)

    def visible(self, pose: Pose, z: float) -> Box:
        """The metres of the plane at `z` that are in frame, with room for the roll."""
        s = self.scale(pose, z)
        spare = abs(math.sin(math.radians(pose.roll))) * max(self.aspect, 1) * 0.55
        return Box(
            (-spare - self.aspect / 2 - pose.sx) / s + pose.x,
            (-spare - 0.5 - pose.sy) / s - pose.y,
            (spare + self.aspect / 2 - pose.sx) / s + pose.x,
            (spare + 0.5 - pose.sy) / s - pose.y,
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """What must stay in frame: a box in metres at a depth, and which of its sides matter."""

    box: Box
    z: float
    top: bool = True
    bottom: bool = True


Where = Callable[[float], "Subject | None"]
"""The subject at a time in seconds."""
Travel = Callable[[float], Pose]
"""How far the subject carries the camera along by a time in seconds."""


@dataclass(frozen=True, slots=True)
class Segment:
    start_s: float
    length_s: float
    steps: tuple[Step, ...]


def segments(steps: Sequence[Step], total_s: float) -> list[Segment]:
    """Steps laid on the clock: beats at their times, stated lengths kept, the rest shared."""
    groups: list[list[Step]] = []
    for step in steps:
        if step.joined and groups:
            groups[-1].append(step)
        else:
            groups.append([step])
    if not groups:
        groups = [[Step("drift")]]
    found: list[Segment] = []
    blocks: list[tuple[float, list[list[Step]]]] = [(0.0, [])]
    for group in groups:
        at = group[0].at_s
        if at is not None and at > blocks[-1][0]:
            blocks.append((min(at, total_s), [group]))
        else:
            blocks[-1][1].append(group)
    for i, (start, block) in enumerate(blocks):
        end = blocks[i + 1][0] if i + 1 < len(blocks) else total_s
        if not block:
            found.append(Segment(start, end - start, (Step("drift"),)))
            continue
        stated = [max(0.0, group[0].length_s) for group in block]
        open_ = sum(not s for s in stated)
        left = max(0.0, end - start - sum(stated))
        share = left / open_ if open_ else 0.0
        squeeze = min(1.0, (end - start) / sum(stated)) if sum(stated) else 1.0
        at_s = start
        for group, own in zip(block, stated, strict=True):
            length = own * squeeze if own else share
            if length > 1e-6:
                found.append(Segment(at_s, length, tuple(group)))
                at_s += length
        if at_s < end - 1e-6:
            found.append(Segment(at_s, end - at_s, (Step("static"),)))
    return found


def inside(view: View, pose: Pose, subject: Subject | None, margin: float = _MARGIN) -> bool:
    """Whether the sides of `subject` that matter lie in frame."""
    if subject is None:
        return True
    left, top = view.project(pose, subject.box.left, subject.box.top, subject.z)
    right, bottom = view.project(pose, subject.box.right, subject.box.bottom, subject.z)
    m = margin * min(1.0, view.aspect)
    return (
        left >= m
        and right <= view.aspect - m
        and (not subject.top or top >= margin * 0.6)
        and (not subject.bottom or bottom <= 1 - margin * 0.6)
    )


@dataclass(frozen=True, slots=True)
class Start:
    """Where a continued camera comes from."""

    pose: Pose
    velocity: Pose | None = None
    """Per second, of a camera that is taken up on its way; None for one that starts here."""
    shake: float = 0.0


@dataclass(frozen=True, slots=True)
class Path:
    """The camera of a shot, frame by frame, and how hard it shakes at the end."""

    poses: tuple[Pose, ...]
    shake: float
    whip: tuple[float, ...]
    """Motion blur per frame, in frame widths."""


def path_of(
    steps: Sequence[Step],
    view: View,
    start: Start,
    where: Where,
    travel: Travel,
    frames: int,
    fps: int,
    clock: float,
    key: str,
    goal: Pose | None = None,
    most: float = 1.0,
) -> Path:
    """The path from `start` through `steps`, each as far as keeps the subject in frame.

    `travel` is how far the subject carries the camera along; `goal` is the pose that a `reframe`
    step ends in; `most` is the greatest share of a move that is tried; `clock` is the world's time
    at frame 0, which the shake runs on, so that it goes on through a continuation.
    """
    total = frames / fps
    plan = segments(steps, total)
    follow = travel
    step_s = 1 / fps
    own = start.velocity.minus(STILL.plus(follow(step_s), fps)) if start.velocity else STILL
    legs: list[tuple[Segment, Pose, Pose, Pose, Pose]] = []
    pose, tangent = start.pose, own
    for i, segment in enumerate(plan):
        last = i + 1 == len(plan)
        aim, leaving = _fitted(segment, last, pose, tangent, view, where, follow, goal, most)
        legs.append((segment, pose, aim, tangent, leaving))
        pose, tangent = aim, leaving
    shaking = max((step.speed for step in steps if step.kind == "handheld"), default=0.0)
    poses, whips = [], []
    leg = 0
    for frame in range(frames):
        t = frame / fps
        while leg + 1 < len(legs) and t >= legs[leg + 1][0].start_s:
            leg += 1
        segment, a, b, m0, m1 = legs[leg]
        at = _between(a, b, m0, m1, t - segment.start_s, segment)
        at = at.plus(follow(t))
        amount = start.shake + (shaking - start.shake) * min(1.0, t / 0.8)
        if not start.shake and not clock:
            amount = shaking
        poses.append(at.plus(_shake(clock + t, key), amount) if amount else at)
        fast = any(step.kind == "whip" for step in segment.steps)
        whips.append(_speed_of(legs[leg], t, step_s) if fast else 0.0)
    return Path(tuple(poses), shaking, tuple(whips))


def _speed_of(leg: tuple[Segment, Pose, Pose, Pose, Pose], t: float, step_s: float) -> float:
    segment, a, b, m0, m1 = leg
    here = _between(a, b, m0, m1, t - segment.start_s, segment)
    next_ = _between(a, b, m0, m1, t - segment.start_s + step_s, segment)
    return abs(next_.sx - here.sx)


def _fitted(
    segment: Segment,
    last: bool,
    pose: Pose,
    tangent: Pose,
    view: View,
    where: Where,
    follow: Travel,
    goal: Pose | None,
    most: float,
) -> tuple[Pose, Pose]:
    """The aim of a segment, as far as its subject allows, and the speed it leaves with."""
    subject = where(segment.start_s)
    for share in (1.0, 0.82, 0.66, 0.52, 0.4, 0.28, 0.18, 0.09, 0.0):
        amount = share * most
        aim = pose
        for step in segment.steps:
            if step.kind == "reframe" and goal is not None:
                aim = aim.plus(goal.minus(aim), amount)
                continue
            aim = _aim(step, amount, aim, view, subject, segment.length_s, follow)
        leaving = STILL
        if last and amount and not any(s.kind == "whip" for s in segment.steps):
            leaving = STILL.plus(aim.minus(pose), 0.45 / segment.length_s)
        if amount == 0.0:
            break
        kept = True
        for i in range(1, 11):
            t = segment.length_s * i / 10
            at = _between(pose, aim, tangent, leaving, t, segment)
            now = where(segment.start_s + t)
            at = at.plus(follow(segment.start_s + t))
            if not inside(view, at, now):
                kept = False
                break
        if kept:
            break
    return aim, leaving


def _between(a: Pose, b: Pose, m0: Pose, m1: Pose, t: float, segment: Segment) -> Pose:
    """A cubic through both ends with their speeds; a whip is over in a third of a second."""
    length = segment.length_s
    if any(step.kind == "whip" for step in segment.steps):
        length = min(length, 0.42)
        if t >= length:
            return b
    u = min(1.0, max(0.0, t / length))
    u2, u3 = u * u, u * u * u
    # the start speed is let go within 1.6 s, whatever the length, so that nothing overshoots far
    glide = min(length, 1.6)
    v = min(1.0, t / glide)
    carry = glide * (v - 2 * v * v + v * v * v)
    pose = a.plus(b.minus(a), 3 * u2 - 2 * u3)
    pose = pose.plus(m0, carry)
    return pose.plus(m1, length * (u3 - u2))


def _aim(
    step: Step,
    amount: float,
    pose: Pose,
    view: View,
    subject: Subject | None,
    length_s: float,
    follow: Travel,
) -> Pose:
    """Where `step` ends when it starts at `pose`."""
    by = amount * step.speed * min(1.25, max(0.4, length_s / 5))
    z = subject.z if subject else 0.0
    s = view.scale(pose, z)
    away = max(_NEAR, view.distance + z - pose.z)
    sign = -1.0 if step.way in ("left", "down", "out") else 1.0
    free = 1.0 if subject else 1.7
    if step.kind == "drift":
        step, sign, by = Step("dolly", "in"), 1.0, by * 0.11
    if step.kind == "dolly":
        ratio = 1 + 0.5 * by if sign > 0 else 1 / (1 + 0.6 * by)
        aim = replace(pose, z=pose.z + away * (1 - 1 / ratio))
        return _held(pose, aim, view, subject, 1.0)
    if step.kind == "zoom":
        ratio = math.log(1 + 0.55 * by)
        return _held(pose, replace(pose, zoom=pose.zoom + sign * ratio), view, subject, 1.0)
    if step.kind == "truck":
        return replace(pose, x=pose.x + sign * by * 0.34 * view.aspect * free / s)
    if step.kind == "crane":
        high = max(0.18, pose.y + sign * by * 0.44 * free / s)
        return _held(pose, replace(pose, y=high), view, subject, 0.82)
    if step.kind in ("pan", "whip"):
        return replace(pose, sx=pose.sx - sign * by * 0.30 * view.aspect * free)
    if step.kind == "tilt":
        return replace(pose, sy=pose.sy + sign * by * 0.26 * free)
    if step.kind == "orbit":
        aim = replace(pose, x=pose.x + sign * by * 0.55 * view.aspect / s)
        return _held(pose, aim, view, subject, 1.0)
    if step.kind == "roll":
        return replace(pose, roll=pose.roll + sign * by * 7)
    if step.kind == "follow" and _reach(follow(length_s)) < 0.05:
        ratio = 1 + 0.14 * by
        return _held(pose, replace(pose, z=pose.z + away * (1 - 1 / ratio)), view, subject, 1.0)
    return pose


def _reach(way: Pose) -> float:
    return abs(way.x) + abs(way.z)


def _held(was: Pose, aim: Pose, view: View, subject: Subject | None, hold: float) -> Pose:
    """`aim` with the shift that keeps the subject's middle where `was` saw it."""
    if subject is None:
        anchor = (was.x, -was.y + 0.0, 0.0)
        hold = hold if aim.y == was.y else 0.55
    else:
        box = subject.box
        anchor = ((box.left + box.right) / 2, (box.top + box.bottom) / 2, subject.z)
    x0, y0 = view.project(was, *anchor)
    x1, y1 = view.project(aim, *anchor)
    return replace(aim, sx=aim.sx + (x0 - x1) * hold, sy=aim.sy + (y0 - y1) * hold)


def _shake(t: float, key: str) -> Pose:
    """A hand: slow sway and a little tremor, always the same at the same time of the world."""
    rng = seeded("hand", key)
    sums = []
    for base in (0.31, 0.37, 0.23):
        value = 0.0
        for octave in range(3):
            phase = rng.uniform(0, math.tau)
            value += math.sin(math.tau * base * 2.1**octave * t + phase) / 1.9**octave
        sums.append(value)
    return Pose(x=0.0, y=0.0, sx=sums[0] * 0.0075, sy=sums[1] * 0.0065, roll=sums[2] * 0.22)


__all__ = [
    "STILL", "Path", "Pose", "Segment", "Start", "Subject", "View", "inside", "path_of",
    "segments",
]  # fmt: skip
