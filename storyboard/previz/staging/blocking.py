"""Blocking: turns marks into movement through the world, and plans the camera's path around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from storyboard.previz.painting.rasterizer import Box
from storyboard.previz.painting.seeds import seed_random
from storyboard.previz.props import find_prop
from storyboard.previz.script.shoreline import DEPTHS, find_shore_type
from storyboard.previz.script.shot_spec import CameraStep, ShotSpec
from storyboard.previz.staging.actors import (
    WALKING,
    Actor,
    Actors,
    MovingProp,
    Walk,
    find_visible_speech,
)
from storyboard.previz.staging.camera import (
    ZERO_POSE,
    CameraPath,
    CameraStart,
    Pose,
    Subject,
    SubjectTrack,
    Travel,
    View,
    is_subject_in_frame,
    plan_camera_path,
)
from storyboard.previz.staging.framing import (
    FLYING,
    FORESHORTENING,
    Composition,
    Mark,
    PlacedProp,
    compute_flock_radius,
)
from storyboard.providers.base import SpokenLine

_EFFORTS = ((1.0, False), (0.6, False), (1.0, True), (0.6, True), (0.3, True), (0.0, True))
"""(share of the possible camera moves, whether the camera travels along with the subject), in
the order in which they are tried until the subject stays in frame.
"""
_DEPTHS = {"room": 1.9, "void": 4.5}


@dataclass(frozen=True, slots=True)
class PreviousMotion:
    """The position and speed of a person or thing at the time where its shot continues."""

    x: float
    y: float
    z: float
    vx: float
    vz: float
    walked: float
    view: str = ""


@dataclass(frozen=True, slots=True)
class Blocking:
    """A blocked shot: everyone's movement and the camera's, frame by frame."""

    actors: Actors
    path: CameraPath
    view: View


def block_shot(
    spec: ShotSpec,
    composition: Composition,
    lines: Sequence[SpokenLine],
    frames: int,
    fps: int,
    clock: float = 0.0,
    start: CameraStart | None = None,
    motions: dict[str, PreviousMotion] | None = None,
    goal: Pose | None = None,
) -> Blocking:
    """Blocks the shot; `start`, `motions` and `goal` continue another one where it ended."""
    total = frames / fps
    previous = motions or {}
    view = composition.view
    camera_start = start or CameraStart(composition.pose)
    is_static = any(step.kind == "static" for step in spec.steps)
    # First slow the actors until the subject stays in frame without any camera move, then, below,
    # reduce the camera moves.
    for speed in (1.0, 0.8, 0.6, 0.42, 0.28, 0.16, 0.08, 0.0):
        actors = _block_actors(
            spec, composition, lines, total, speed, previous, view, camera_start.pose
        )
        subject_at = build_subject_track(spec, composition, actors, clock)
        travel = _plan_camera_travel(
            spec, actors, subject_at, view, camera_start.pose, total, is_static
        )
        if _is_subject_kept_in_frame(
            view, camera_start.pose, subject_at, travel, total, bool(previous)
        ):
            break
    for max_share, along in _EFFORTS:
        if along and not is_static:
            travel = _plan_camera_travel(
                spec, actors, subject_at, view, camera_start.pose, total, is_static, go_along=True
            )
        path = plan_camera_path(
            spec.steps,
            view,
            camera_start,
            subject_at,
            travel,
            frames,
            fps,
            clock,
            spec.key,
            goal,
            max_share,
        )
        # Some 32 samples are enough, since the paths are smooth.
        if all(
            is_subject_in_frame(view, path.poses[i], subject_at(i / fps), margin=0.012)
            for i in range(0, frames, max(1, frames // 32))
        ):
            break
    return Blocking(actors, path, view)


def _block_actors(
    spec: ShotSpec,
    composition: Composition,
    lines: Sequence[SpokenLine],
    total_s: float,
    speed_factor: float,
    previous_motions: dict[str, PreviousMotion],
    view: View,
    camera_pose: Pose,
) -> Actors:
    people = tuple(
        _block_person(spec, mark, lines, total_s, speed_factor, previous_motions, view, camera_pose)
        for mark in composition.marks
    )
    things: list[MovingProp] = []
    for placed in composition.things:
        things += _block_prop(
            spec, placed, total_s, speed_factor, previous_motions, view, camera_pose
        )
    return Actors(people, tuple(things))


def _block_person(
    spec: ShotSpec,
    mark: Mark,
    lines: Sequence[SpokenLine],
    total_s: float,
    speed_factor: float,
    previous_motions: dict[str, PreviousMotion],
    view: View,
    camera_pose: Pose,
) -> Actor:
    person = mark.person
    flat = FORESHORTENING.get(spec.angle, 1.0)
    speech = find_visible_speech(lines, person.name)
    pace = WALKING * person.pace * speed_factor * (mark.look.height / 1.72)
    vx = {"left": -pace, "right": pace}.get(person.walk, 0.0)
    vz = {"away": pace, "toward": -pace}.get(person.walk, 0.0)
    last = previous_motions.get(person.name)
    # People who walk away stop before the wall, or before the land ends.
    max_z = _DEPTHS.get(spec.set, 30.0)
    if spec.set == "sea":
        max_z = max(0.0, DEPTHS[find_shore_type(spec)] - 1.5)
    if last is not None:
        if vz > 0:
            vz = min(vz, max(0.0, max_z - last.z) / total_s)
        if vz < 0:
            vz = max(vz, -max(0.0, last.z + 0.45 * view.distance) / total_s)
        # Somebody who walks and then turns stops after half of the shot.
        stop_at_s = total_s * 0.55 if person.walk and person.turns_to else math.inf
        walk = Walk(last.x, last.z, vx, vz, last.vx, last.vz, last.walked, stop_at_s=stop_at_s)
        views = [(0.0, last.view or person.view)]
        if person.walk:
            views.append((0.15, person.view))
            views.append((stop_at_s + 0.4, person.turns_to or person.view))
        else:
            views.append((0.5, person.turns_to or person.view))
        return Actor(mark, walk, tuple(views), speech, flat)
    x, z = mark.x, mark.z
    if vz > 0:
        vz = min(vz, max(0.0, max_z - z) / total_s)
    elif vz < 0:
        # walks from the distance to the mark, so that the shot ends as it was composed
        far = min(-vz * total_s, 1.6 * view.distance, max_z - z)
        vz = -far / total_s
        x, z = x, z + far
    entry_offset = 0.0
    # A newcomer in a continued shot enters from beside the frame, towards the mark.
    if previous_motions:
        s = view.compute_scale(camera_pose, z)
        side = 1.0 if x >= camera_pose.x else -1.0
        entry_offset = (camera_pose.x + side * (view.aspect / 2 / s + 0.5)) - x
    views = [(0.0, person.view)]
    if entry_offset:
        views = [(0.0, "left" if entry_offset > 0 else "right"), (2.2, person.view)]
    stop_at_s = total_s * 0.55 if person.walk and person.turns_to else math.inf
    if person.turns_to and person.turns_to != person.view:
        at = stop_at_s + 0.4 if person.walk else min(1.1, total_s * 0.3)
        views.append((at, person.turns_to))
    walk = Walk(x, z, vx, vz, vx, vz, entry_offset=entry_offset, stop_at_s=stop_at_s)
    return Actor(mark, walk, tuple(views), speech, flat)


def _block_prop(
    spec: ShotSpec,
    placed: PlacedProp,
    total_s: float,
    speed_factor: float,
    previous_motions: dict[str, PreviousMotion],
    view: View,
    camera_pose: Pose,
) -> list[MovingProp]:
    thing, prop = placed.thing, find_prop(placed.thing.name)
    pace = prop.speed * speed_factor
    vx = {"left": -pace, "right": pace}.get(thing.moves, 0.0)
    vz = {"away": pace * 0.8, "toward": -pace * 0.6}.get(thing.moves, 0.0)
    rng = seed_random("thing", spec.shot, thing.name)
    faces_left = thing.moves == "left" or (not thing.moves and rng.random() < 0.3)
    if thing.name == "hand" and not placed.subject:
        faces_left = True  # the hand reaches in from the right
    rise_speed = 0.0
    if thing.moves == "up":
        rise_speed = prop.speed * 0.25 * (1.0 if prop.stand == "air" else 0.0)
        vx = 0.0 if prop.stand == "air" else pace
    last = previous_motions.get(thing.name)
    if last is not None:
        walk = Walk(last.x, last.z, vx, vz, last.vx, last.vz, last.walked)
        placed = replace(placed, y=last.y if prop.stand != "water" else placed.y)
        faces_left = last.view == "left" if not thing.moves else faces_left
    else:
        x, z = placed.x, placed.z
        if vz < 0:
            far = min(-vz * total_s, 2.5 * view.distance)
            vz, z = -far / total_s, z + far
        if not placed.subject and vx and z > 0:
            # it crosses in the background: start aside, so that it is in the middle halfway
            x -= vx * total_s * 0.5
        if previous_motions and vx:
            s = view.compute_scale(camera_pose, z)
            x = camera_pose.x - (view.aspect / 2 / s + prop.width * 0.6) * (1 if vx > 0 else -1)
        walk = Walk(x, z, vx, vz, vx, vz)
    # In a continued shot, a new thing that doesn't drive in fades in.
    appears = bool(previous_motions) and last is None and not vx
    if thing.name in FLYING:
        # The flock circles in one place; only its height may change.
        return _block_flock(placed, walk, rise_speed, faces_left, appears)
    if thing.count > 1 and thing.name not in ("flower", "candle"):
        copies = [MovingProp(placed, walk, rise_speed, 0.0, faces_left, appears)]
        for i in range(1, min(thing.count, 4)):
            step = prop.width * (0.9 + 0.3 * i) * (1 if i % 2 else -1)
            offset_walk = replace(walk, x=walk.x + step, z=walk.z + 0.25 * prop.width * i)
            copies.append(
                MovingProp(
                    replace(placed, subject=False),
                    offset_walk,
                    rise_speed,
                    0.0,
                    faces_left,
                    appears,
                )
            )
        return copies
    return [MovingProp(placed, walk, rise_speed, 0.0, faces_left, appears)]


def _block_flock(
    placed: PlacedProp, walk: Walk, rise_speed: float, faces_left: bool, appears: bool
) -> list[MovingProp]:
    count = placed.thing.count
    radius = compute_flock_radius(count)
    low = placed.y + (radius if rise_speed else 0.0)
    hover = replace(walk, vx=0.0, vz=0.0, from_vx=0.0, from_vz=0.0)
    return [
        MovingProp(
            replace(placed, y=low),
            hover,
            radius / 2.2 if rise_speed else 0.0,
            radius,
            faces_left,
            appears,
        )
    ]


def build_subject_track(
    spec: ShotSpec, composition: Composition, actors: Actors, clock: float = 0.0
) -> SubjectTrack:
    """The subject of the shot as a function of time."""
    leads = [lead for lead in actors.people if not lead.mark.shoulder]
    leads = [actor for actor in leads if actor.mark.person.name in spec.about] or leads
    thing = next((actor for actor in actors.things if actor.placed.subject), None)

    def find_subject(t: float) -> Subject | None:
        if leads:
            # People who are still entering must not pull the frame towards them.
            boxes = [lead.compute_framing_box(t, spec.size, composition.whole) for lead in leads
                     if not lead.walk.entry_offset]  # fmt: skip
            if not boxes:
                return None
            box = boxes[0]
            for other_box in boxes[1:]:
                box = box.union(other_box)
            depth = sum(lead.walk.locate_at(t)[1] for lead in leads) / len(leads)
            return Subject(box, depth, bottom=composition.whole or spec.size == "CU")
        if thing is not None and spec.size != "ECU":
            return Subject(thing.compute_framing_box(t, clock), thing.locate_at(t, clock)[2])
        return None

    return find_subject


def _plan_camera_travel(
    spec: ShotSpec,
    actors: Actors,
    subject_at: SubjectTrack,
    view: View,
    camera_pose: Pose,
    total_s: float,
    is_static: bool,
    go_along: bool = False,
) -> Travel:
    """How far the subject takes the camera along."""
    lead = actors.lead
    follows = go_along or any(step.kind == "follow" for step in spec.steps)
    if lead is None or (is_static and not follows):
        return lambda t: ZERO_POSE
    walk = lead.walk
    start_x, start_z, _ = walk.locate_at(0.0)
    side_share = 0.0
    if abs(walk.vx) > 0.02:
        walk_distance = walk.vx * total_s
        # The camera follows only as far as the frame has no room for the walk.
        room = 0.0
        first = subject_at(0.0)
        if first is not None and not follows:
            s = view.compute_scale(camera_pose, first.z)
            left, _ = view.project_point(camera_pose, first.box.left, 0.0, first.z)
            right, _ = view.project_point(camera_pose, first.box.right, 0.0, first.z)
            margin = 0.07 * view.aspect
            room = (view.aspect - margin - right if walk_distance > 0 else left - margin) / s
        side_share = max(0.0, 1 - max(0.0, room) * 0.92 / abs(walk_distance))
    depth_share = 1.0 if follows else 0.55 if walk.vz > 0.02 else 0.0

    def compute_travel(t: float) -> Pose:
        x, z, _ = walk.locate_at(t)
        return Pose(x=side_share * (x - start_x), y=0.0, z=depth_share * (z - start_z))

    return compute_travel


def _is_subject_kept_in_frame(
    view: View,
    pose: Pose,
    subject_at: SubjectTrack,
    travel: Travel,
    total_s: float,
    is_continued: bool,
) -> bool:
    """Whether the subject stays in frame by its own movement and the camera's travel alone."""
    if not is_subject_in_frame(view, pose, subject_at(0.0)):
        return is_continued  # it was out of frame before, so this movement isn't the reason
    for i in range(1, 9):
        t = total_s * i / 8
        if not is_subject_in_frame(view, pose.add(travel(t)), subject_at(t)):
            return False
    return True


__all__ = ["ZERO_POSE", "Blocking", "Box", "CameraStep", "PreviousMotion", "block_shot"]
