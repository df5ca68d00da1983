"""The camera: its position, its projection, and the path of its moves.

The world is in metres: x right, y down with the ground at 0, z away from the subject's plane. A
pose is a point in space and a *shift* of the picture (frame heights), as in a view camera: pans and
tilts shift, so they have no parallax; dollies and trucks travel, so they have.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from storyboard.previz.painting.rasterizer import Box
from storyboard.previz.painting.seeds import seed_random
from storyboard.previz.script.shot_spec import CameraStep

_NEAR = 0.12
_MARGIN = 0.025


@dataclass(frozen=True, slots=True)
class Pose:
    """The moving parts of a camera; differences and sums are taken field by field."""

    x: float = 0.0
    y: float = 1.5
    """Height above the ground."""
    z: float = 0.0
    """How far it has moved in from its first mark."""
    zoom: float = 0.0
    """Natural logarithm of the magnification, so that a steady zoom is linear."""
    roll: float = 0.0
    """Degrees, clockwise for the picture."""
    sx: float = 0.0
    sy: float = 0.0

    def add(self, other: Pose, times: float = 1.0) -> Pose:
        return Pose(
            self.x + other.x * times,
            self.y + other.y * times,
            self.z + other.z * times,
            self.zoom + other.zoom * times,
            self.roll + other.roll * times,
            self.sx + other.sx * times,
            self.sy + other.sy * times,
        )

    def subtract(self, other: Pose) -> Pose:
        return self.add(other, -1.0)

    def to_list(self) -> list[float]:
        """In the order of the fields, which a scene's state keeps."""
        told = (self.x, self.y, self.z, self.zoom, self.roll, self.sx, self.sy)
        return [round(each, 6) for each in told]


ZERO_POSE = Pose(y=0.0)


@dataclass(frozen=True, slots=True)
class View:
    """What stays constant in a shot: the frame, the lens, the first distance."""

    width: int
    height: int
    focal: float
    """In frame heights."""
    distance: float
    """Metres from the camera's first mark to the subject."""

    @property
    def aspect(self) -> float:
        return self.width / self.height

    def compute_scale(self, pose: Pose, z: float) -> float:
        """Frame heights per metre at depth `z`."""
        depth = max(_NEAR, self.distance + z - pose.z)
        return self.focal * math.exp(pose.zoom) / depth

    def project_point(self, pose: Pose, x: float, y: float, z: float) -> tuple[float, float]:
        """The position of a point in the picture, frame heights from the top left, before the
        roll.
        """
        s = self.compute_scale(pose, z)
        return (self.aspect / 2 + s * (x - pose.x) + pose.sx, 0.5 + s * (y + pose.y) + pose.sy)

    def find_visible_box(self, pose: Pose, z: float) -> Box:
        """The part of the plane at `z` that is in frame, in metres, with a margin for the roll."""
        s = self.compute_scale(pose, z)
        spare = abs(math.sin(math.radians(pose.roll))) * max(self.aspect, 1) * 0.55
        return Box(
            (-spare - self.aspect / 2 - pose.sx) / s + pose.x,
            (-spare - 0.5 - pose.sy) / s - pose.y,
            (spare + self.aspect / 2 - pose.sx) / s + pose.x,
            (spare + 0.5 - pose.sy) / s - pose.y,
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """What must stay in frame: a box in metres at a depth, and which of its edges matter."""

    box: Box
    z: float
    top: bool = True
    bottom: bool = True


SubjectTrack = Callable[[float], "Subject | None"]
"""The subject at a time in seconds."""
Travel = Callable[[float], Pose]
"""How far the subject takes the camera along by a time in seconds."""


@dataclass(frozen=True, slots=True)
class Segment:
    start_s: float
    length_s: float
    steps: tuple[CameraStep, ...]


def schedule_camera_steps(steps: Sequence[CameraStep], total_s: float) -> list[Segment]:
    """Steps on the clock: beats at their times, stated lengths kept, the rest shared."""
    # Joined steps happen together and form one group.
    groups: list[list[CameraStep]] = []
    for step in steps:
        if step.joined and groups:
            groups[-1].append(step)
        else:
            groups.append([step])
    if not groups:
        groups = [[CameraStep("drift")]]
    segments: list[Segment] = []
    # Each beat with a time starts a block, which lasts until the next one.
    blocks: list[tuple[float, list[list[CameraStep]]]] = [(0.0, [])]
    for group in groups:
        at = group[0].at_s
        if at is not None and at > blocks[-1][0]:
            blocks.append((min(at, total_s), [group]))
        else:
            blocks[-1][1].append(group)
    for i, (start, block) in enumerate(blocks):
        end = blocks[i + 1][0] if i + 1 < len(blocks) else total_s
        if not block:
            segments.append(Segment(start, end - start, (CameraStep("drift"),)))
            continue
        stated_lengths = [max(0.0, group[0].length_s) for group in block]
        open_count = sum(not s for s in stated_lengths)
        remaining_s = max(0.0, end - start - sum(stated_lengths))
        share = remaining_s / open_count if open_count else 0.0
        # Stated lengths that are too long together are shortened in proportion.
        squeeze = min(1.0, (end - start) / sum(stated_lengths)) if sum(stated_lengths) else 1.0
        at_s = start
        for group, stated_s in zip(block, stated_lengths, strict=True):
            length = stated_s * squeeze if stated_s else share
            if length > 1e-6:
                segments.append(Segment(at_s, length, tuple(group)))
                at_s += length
        # After stated lengths that are too short, the camera stands still.
        if at_s < end - 1e-6:
            segments.append(Segment(at_s, end - at_s, (CameraStep("static"),)))
    return segments


def is_subject_in_frame(
    view: View, pose: Pose, subject: Subject | None, margin: float = _MARGIN
) -> bool:
    """Whether the edges of `subject` that matter are in frame."""
    if subject is None:
        return True
    left, top = view.project_point(pose, subject.box.left, subject.box.top, subject.z)
    right, bottom = view.project_point(pose, subject.box.right, subject.box.bottom, subject.z)
    m = margin * min(1.0, view.aspect)
    return (
        left >= m
        and right <= view.aspect - m
        and (not subject.top or top >= margin * 0.6)
        and (not subject.bottom or bottom <= 1 - margin * 0.6)
    )


@dataclass(frozen=True, slots=True)
class CameraStart:
    """Where a continued camera comes from."""

    pose: Pose
    velocity: Pose | None = None
    """Per second, of a camera that is already moving; None if it starts here."""
    shake: float = 0.0


@dataclass(frozen=True, slots=True)
class CameraPath:
    """The camera of a shot, frame by frame, and how much it shakes at the end."""

    poses: tuple[Pose, ...]
    shake: float
    whip: tuple[float, ...]
    """Motion blur per frame, in frame widths."""


def plan_camera_path(
    steps: Sequence[CameraStep],
    view: View,
    start: CameraStart,
    subject_at: SubjectTrack,
    travel: Travel,
    frames: int,
    fps: int,
    clock: float,
    seed_key: str,
    goal: Pose | None = None,
    max_share: float = 1.0,
) -> CameraPath:
    """The path from `start` through `steps`, each as far as keeps the subject in frame.

    `travel` is how far the subject takes the camera along; `goal` is the final pose of a `reframe`
    step; `max_share` is the largest share of a move to try; `clock` is the world time at frame 0,
    on which the shake runs, so that it continues through a continuation.
    """
    total = frames / fps
    plan = schedule_camera_steps(steps, total)
    follow = travel
    step_s = 1 / fps
    # The travel is added to every frame below, so the camera's own speed is without it.
    own_velocity = (
        start.velocity.subtract(ZERO_POSE.add(follow(step_s), fps)) if start.velocity else ZERO_POSE
    )
    legs: list[tuple[Segment, Pose, Pose, Pose, Pose]] = []
    pose, tangent = start.pose, own_velocity
    for i, segment in enumerate(plan):
        last = i + 1 == len(plan)
        aim, exit_velocity = _find_segment_end_and_velocity(
            segment, last, pose, tangent, view, subject_at, follow, goal, max_share
        )
        legs.append((segment, pose, aim, tangent, exit_velocity))
        pose, tangent = aim, exit_velocity
    final_shake = max((step.speed for step in steps if step.kind == "handheld"), default=0.0)
    poses, whips = [], []
    leg = 0
    for frame in range(frames):
        t = frame / fps
        while leg + 1 < len(legs) and t >= legs[leg + 1][0].start_s:
            leg += 1
        segment, a, b, m0, m1 = legs[leg]
        frame_pose = _interpolate_pose(a, b, m0, m1, t - segment.start_s, segment)
        frame_pose = frame_pose.add(follow(t))
        # Hand-held shake fades in or out when a continued shot changes it.
        amount = start.shake + (final_shake - start.shake) * min(1.0, t / 0.8)
        if not start.shake and not clock:
            amount = final_shake
        poses.append(
            frame_pose.add(_compute_handheld_shake(clock + t, seed_key), amount)
            if amount
            else frame_pose
        )
        fast = any(step.kind == "whip" for step in segment.steps)
        whips.append(_measure_pan_shift(legs[leg], t, step_s) if fast else 0.0)
    return CameraPath(tuple(poses), final_shake, tuple(whips))


def _measure_pan_shift(
    leg: tuple[Segment, Pose, Pose, Pose, Pose], t: float, frame_s: float
) -> float:
    segment, a, b, m0, m1 = leg
    current = _interpolate_pose(a, b, m0, m1, t - segment.start_s, segment)
    next_ = _interpolate_pose(a, b, m0, m1, t - segment.start_s + frame_s, segment)
    return abs(next_.sx - current.sx)


def _find_segment_end_and_velocity(
    segment: Segment,
    is_last: bool,
    pose: Pose,
    start_velocity: Pose,
    view: View,
    subject_at: SubjectTrack,
    travel: Travel,
    goal: Pose | None,
    max_share: float,
) -> tuple[Pose, Pose]:
    """The end of a segment, as far as its subject allows, and the velocity there."""
    subject = subject_at(segment.start_s)
    for share in (1.0, 0.82, 0.66, 0.52, 0.4, 0.28, 0.18, 0.09, 0.0):
        amount = share * max_share
        aim = pose
        for step in segment.steps:
            if step.kind == "reframe" and goal is not None:
                aim = aim.add(goal.subtract(aim), amount)
                continue
            aim = _compute_step_end(step, amount, aim, view, subject, segment.length_s, travel)
        # The last move doesn't stop: a continuation can go on with its speed.
        exit_velocity = ZERO_POSE
        if is_last and amount and not any(s.kind == "whip" for s in segment.steps):
            exit_velocity = ZERO_POSE.add(aim.subtract(pose), 0.45 / segment.length_s)
        if amount == 0.0:
            break
        stays_in_frame = True
        # Check the whole way, since the subject moves too and the curve may overshoot.
        for i in range(1, 11):
            t = segment.length_s * i / 10
            pose_then = _interpolate_pose(pose, aim, start_velocity, exit_velocity, t, segment)
            subject_now = subject_at(segment.start_s + t)
            pose_then = pose_then.add(travel(segment.start_s + t))
            if not is_subject_in_frame(view, pose_then, subject_now):
                stays_in_frame = False
                break
        if stays_in_frame:
            break
    return aim, exit_velocity


def _interpolate_pose(
    start_pose: Pose,
    end_pose: Pose,
    start_velocity: Pose,
    end_velocity: Pose,
    t: float,
    segment: Segment,
) -> Pose:
    """A cubic through both ends with their velocities; a whip pan ends within half a second."""
    length = segment.length_s
    if any(step.kind == "whip" for step in segment.steps):
        length = min(length, 0.42)
        if t >= length:
            return end_pose
    u = min(1.0, max(0.0, t / length))
    u2, u3 = u * u, u * u * u
    # the start velocity fades within 1.6 s in any segment, so that nothing overshoots far
    glide = min(length, 1.6)
    v = min(1.0, t / glide)
    carry = glide * (v - 2 * v * v + v * v * v)
    pose = start_pose.add(end_pose.subtract(start_pose), 3 * u2 - 2 * u3)
    pose = pose.add(start_velocity, carry)
    return pose.add(end_velocity, length * (u3 - u2))


def _compute_step_end(
    step: CameraStep,
    move_share: float,
    pose: Pose,
    view: View,
    subject: Subject | None,
    length_s: float,
    travel: Travel,
) -> Pose:
    """The pose at the end of `step` from `pose`."""
    reach = move_share * step.speed * min(1.25, max(0.4, length_s / 5))
    z = subject.z if subject else 0.0
    s = view.compute_scale(pose, z)
    subject_depth = max(_NEAR, view.distance + z - pose.z)
    sign = -1.0 if step.way in ("left", "down", "out") else 1.0
    freedom = 1.0 if subject else 1.7
    if step.kind == "drift":
        # Without instructions the camera creeps in slightly, so the picture isn't frozen.
        step, sign, reach = CameraStep("dolly", "in"), 1.0, reach * 0.11
    if step.kind == "dolly":
        # In and out change the subject's size by about inverse ratios, so they feel alike.
        ratio = 1 + 0.5 * reach if sign > 0 else 1 / (1 + 0.6 * reach)
        aim = replace(pose, z=pose.z + subject_depth * (1 - 1 / ratio))
        return _shift_to_hold_subject(pose, aim, view, subject, 1.0)
    if step.kind == "zoom":
        ratio = math.log(1 + 0.55 * reach)
        return _shift_to_hold_subject(
            pose, replace(pose, zoom=pose.zoom + sign * ratio), view, subject, 1.0
        )
    if step.kind == "truck":
        return replace(pose, x=pose.x + sign * reach * 0.34 * view.aspect * freedom / s)
    if step.kind == "crane":
        high = max(0.18, pose.y + sign * reach * 0.44 * freedom / s)
        return _shift_to_hold_subject(pose, replace(pose, y=high), view, subject, 0.82)
    if step.kind in ("pan", "whip"):
        return replace(pose, sx=pose.sx - sign * reach * 0.30 * view.aspect * freedom)
    if step.kind == "tilt":
        return replace(pose, sy=pose.sy + sign * reach * 0.26 * freedom)
    # An orbit is a sideways move that keeps the subject in place by shifting.
    if step.kind == "orbit":
        aim = replace(pose, x=pose.x + sign * reach * 0.55 * view.aspect / s)
        return _shift_to_hold_subject(pose, aim, view, subject, 1.0)
    if step.kind == "roll":
        return replace(pose, roll=pose.roll + sign * reach * 7)
    # Following somebody who stands still becomes a slow push in.
    if step.kind == "follow" and _measure_travel_distance(travel(length_s)) < 0.05:
        ratio = 1 + 0.14 * reach
        return _shift_to_hold_subject(
            pose, replace(pose, z=pose.z + subject_depth * (1 - 1 / ratio)), view, subject, 1.0
        )
    return pose


def _measure_travel_distance(travelled: Pose) -> float:
    return abs(travelled.x) + abs(travelled.z)


def _shift_to_hold_subject(
    before: Pose, aim: Pose, view: View, subject: Subject | None, strength: float
) -> Pose:
    """`aim`, shifted so that the middle of the subject stays where `before` saw it."""
    if subject is None:
        anchor = (before.x, -before.y + 0.0, 0.0)
        strength = strength if aim.y == before.y else 0.55
    else:
        box = subject.box
        anchor = ((box.left + box.right) / 2, (box.top + box.bottom) / 2, subject.z)
    x0, y0 = view.project_point(before, *anchor)
    x1, y1 = view.project_point(aim, *anchor)
    return replace(aim, sx=aim.sx + (x0 - x1) * strength, sy=aim.sy + (y0 - y1) * strength)


def _compute_handheld_shake(t: float, seed_key: str) -> Pose:
    """Hand-held movement: slow sway and slight tremor, always the same at the same world time."""
    rng = seed_random("hand", seed_key)
    sums = []
    for base in (0.31, 0.37, 0.23):
        value = 0.0
        for octave in range(3):
            phase = rng.uniform(0, math.tau)
            value += math.sin(math.tau * base * 2.1**octave * t + phase) / 1.9**octave
        sums.append(value)
    return Pose(x=0.0, y=0.0, sx=sums[0] * 0.0075, sy=sums[1] * 0.0065, roll=sums[2] * 0.22)


__all__ = [
    "ZERO_POSE",
    "CameraPath",
    "CameraStart",
    "Pose",
    "Segment",
    "Subject",
    "View",
    "is_subject_in_frame",
    "plan_camera_path",
    "schedule_camera_steps",
]  # fmt: skip
