"""Blocking: marks become ways through the world, and the camera's path is laid around them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from storyboard.previz.art import prop_of
from storyboard.previz.camera import (
    STILL,
    Path,
    Pose,
    Start,
    Subject,
    Travel,
    View,
    Where,
    inside,
    path_of,
)
from storyboard.previz.framing import FLAT, FLYING, Composition, Mark, Placed, flock_radius
from storyboard.previz.ink import seeded
from storyboard.previz.paint import Box
from storyboard.previz.players import WALKING, Company, Moving, Player, Walk, speech_of
from storyboard.previz.sets.shore import DEPTHS, shore_of
from storyboard.previz.spec import Spec, Step
from storyboard.providers.base import SpokenLine

_EFFORTS = ((1.0, False), (0.6, False), (1.0, True), (0.6, True), (0.3, True), (0.0, True))
"""(how far the camera goes of what it could, whether it goes along with the subject), in the
order in which they are tried until the subject stays in frame."""
_DEPTHS = {"room": 1.9, "void": 4.5}


@dataclass(frozen=True, slots=True)
class Was:
    """Where somebody or something was when its shot is taken up again."""

    x: float
    y: float
    z: float
    vx: float
    vz: float
    walked: float
    view: str = ""


@dataclass(frozen=True, slots=True)
class Blocking:
    """A shot, blocked: who goes where and what the camera does, frame by frame."""

    company: Company
    path: Path
    view: View


def block(
    spec: Spec,
    composition: Composition,
    lines: Sequence[SpokenLine],
    frames: int,
    fps: int,
    clock: float = 0.0,
    start: Start | None = None,
    was: dict[str, Was] | None = None,
    goal: Pose | None = None,
) -> Blocking:
    """Lays out the shot; `start`, `was` and `goal` take up another where it ended."""
    total = frames / fps
    before = was or {}
    view = composition.view
    begin = start or Start(composition.pose)
    fixed = any(step.kind == "static" for step in spec.steps)
    for speed in (1.0, 0.8, 0.6, 0.42, 0.28, 0.16, 0.08, 0.0):
        company = _company(spec, composition, lines, total, speed, before, view, begin.pose)
        where = subject_of(spec, composition, company, clock)
        carry = _carry(spec, company, where, view, begin.pose, total, fixed)
        if _stays(view, begin.pose, where, carry, total, bool(before)):
            break
    for most, along in _EFFORTS:
        if along and not fixed:
            carry = _carry(spec, company, where, view, begin.pose, total, fixed, along=True)
        path = path_of(
            spec.steps, view, begin, where, carry, frames, fps, clock, spec.key, goal, most
        )
        if all(
            inside(view, path.poses[i], where(i / fps), margin=0.012)
            for i in range(0, frames, max(1, frames // 32))
        ):
            break
    return Blocking(company, path, view)


def _company(
    spec: Spec,
    composition: Composition,
    lines: Sequence[SpokenLine],
    total: float,
    speed: float,
    before: dict[str, Was],
    view: View,
    pose: Pose,
) -> Company:
    people = tuple(
        _player(spec, mark, lines, total, speed, before, view, pose, composition.whole)
        for mark in composition.marks
    )
    things: list[Moving] = []
    for placed in composition.things:
        things += _moving(spec, placed, total, speed, before, view, pose)
    return Company(people, tuple(things))


def _player(
    spec: Spec,
    mark: Mark,
    lines: Sequence[SpokenLine],
    total: float,
    speed: float,
    before: dict[str, Was],
    view: View,
    pose: Pose,
    whole: bool,
) -> Player:
    person = mark.person
    flat = FLAT.get(spec.angle, 1.0)
    speech = speech_of(lines, person.name)
    pace = WALKING * person.pace * speed * (mark.look.height / 1.72)
    vx = {"left": -pace, "right": pace}.get(person.walk, 0.0)
    vz = {"away": pace, "toward": -pace}.get(person.walk, 0.0)
    last = before.get(person.name)
    deep = _DEPTHS.get(spec.set, 30.0)
    if spec.set == "sea":
        deep = max(0.0, DEPTHS[shore_of(spec)] - 1.5)
    if last is not None:
        if vz > 0:
            vz = min(vz, max(0.0, deep - last.z) / total)
        if vz < 0:
            vz = max(vz, -max(0.0, last.z + 0.45 * view.distance) / total)
        stops = total * 0.55 if person.walk and person.turns_to else math.inf
        walk = Walk(last.x, last.z, vx, vz, last.vx, last.vz, last.walked, until=stops)
        views = [(0.0, last.view or person.view)]
        if person.walk:
            views.append((0.15, person.view))
            views.append((stops + 0.4, person.turns_to or person.view))
        else:
            views.append((0.5, person.turns_to or person.view))
        return Player(mark, walk, tuple(views), speech, flat)
    x, z = mark.x, mark.z
    if vz > 0:
        vz = min(vz, max(0.0, deep - z) / total)
    elif vz < 0:
        # it comes from behind to its mark, so that the shot ends as it is composed
        far = min(-vz * total, 1.6 * view.distance, deep - z)
        vz = -far / total
        x, z = x, z + far
    enters = 0.0
    if before:
        s = view.scale(pose, z)
        side = 1.0 if x >= pose.x else -1.0
        enters = (pose.x + side * (view.aspect / 2 / s + 0.5)) - x
    views = [(0.0, person.view)]
    if enters:
        views = [(0.0, "left" if enters > 0 else "right"), (2.2, person.view)]
    stops = total * 0.55 if person.walk and person.turns_to else math.inf
    if person.turns_to and person.turns_to != person.view:
        at = stops + 0.4 if person.walk else min(1.1, total * 0.3)
        views.append((at, person.turns_to))
    walk = Walk(x, z, vx, vz, vx, vz, enters=enters, until=stops)
    return Player(mark, walk, tuple(views), speech, flat)


def _moving(
    spec: Spec,
    placed: Placed,
    total: float,
    speed: float,
    before: dict[str, Was],
    view: View,
    pose: Pose,
) -> list[Moving]:
    thing, prop = placed.thing, prop_of(placed.thing.name)
    pace = prop.speed * speed
    vx = {"left": -pace, "right": pace}.get(thing.moves, 0.0)
    vz = {"away": pace * 0.8, "toward": -pace * 0.6}.get(thing.moves, 0.0)
    rng = seeded("thing", spec.shot, thing.name)
    left = thing.moves == "left" or (not thing.moves and rng.random() < 0.3)
    if thing.name == "hand" and not placed.subject:
        left = True  # it reaches in from the right
    rises = 0.0
    if thing.moves == "up":
        rises = prop.speed * 0.25 * (1.0 if prop.stand == "air" else 0.0)
        vx = 0.0 if prop.stand == "air" else pace
    last = before.get(thing.name)
    if last is not None:
        walk = Walk(last.x, last.z, vx, vz, last.vx, last.vz, last.walked)
        placed = replace(placed, y=last.y if prop.stand != "water" else placed.y)
        left = last.view == "left" if not thing.moves else left
    else:
        x, z = placed.x, placed.z
        if vz < 0:
            far = min(-vz * total, 2.5 * view.distance)
            vz, z = -far / total, z + far
        if not placed.subject and vx and z > 0:
            # it crosses behind: begin aside, so that it is in the middle halfway
            x -= vx * total * 0.5
        if before and vx:
            s = view.scale(pose, z)
            x = pose.x - (view.aspect / 2 / s + prop.width * 0.6) * (1 if vx > 0 else -1)
        walk = Walk(x, z, vx, vz, vx, vz)
    appears = bool(before) and last is None and not vx
    if thing.name in FLYING:
        return _flock(placed, walk, rises, left, appears)
    if thing.count > 1 and thing.name not in ("flower", "candle"):
        more = [Moving(placed, walk, rises, 0.0, left, appears)]
        for i in range(1, min(thing.count, 4)):
            step = prop.width * (0.9 + 0.3 * i) * (1 if i % 2 else -1)
            there = replace(walk, x=walk.x + step, z=walk.z + 0.25 * prop.width * i)
            more.append(Moving(replace(placed, subject=False), there, rises, 0.0, left, appears))
        return more
    return [Moving(placed, walk, rises, 0.0, left, appears)]


def _flock(placed: Placed, walk: Walk, rises: float, left: bool, appears: bool) -> list[Moving]:
    count = placed.thing.count
    radius = flock_radius(count)
    low = placed.y + (radius if rises else 0.0)
    there = replace(walk, vx=0.0, vz=0.0, from_vx=0.0, from_vz=0.0)
    return [
        Moving(replace(placed, y=low), there, radius / 2.2 if rises else 0.0, radius, left, appears)
    ]


def subject_of(spec: Spec, composition: Composition, company: Company, clock: float = 0.0) -> Where:
    """The subject of the shot as a function of time."""
    leads = [player for player in company.people if not player.mark.shoulder]
    leads = [each for each in leads if each.mark.person.name in spec.about] or leads
    thing = next((each for each in company.things if each.placed.subject), None)

    def where(t: float) -> Subject | None:
        if leads:
            boxes = [player.box(t, spec.size, composition.whole) for player in leads
                     if not player.walk.enters]  # fmt: skip
            if not boxes:
                return None
            box = boxes[0]
            for more in boxes[1:]:
                box = box.union(more)
            depth = sum(player.walk.at(t)[1] for player in leads) / len(leads)
            return Subject(box, depth, bottom=composition.whole or spec.size == "CU")
        if thing is not None and spec.size != "ECU":
            return Subject(thing.box(t, clock), thing.at(t, clock)[2])
        return None

    return where


def _carry(
    spec: Spec,
    company: Company,
    where: Where,
    view: View,
    pose: Pose,
    total: float,
    fixed: bool,
    along: bool = False,
) -> Travel:
    """How far the subject takes the camera along."""
    lead = company.lead
    follows = along or any(step.kind == "follow" for step in spec.steps)
    if lead is None or (fixed and not follows):
        return lambda t: STILL
    walk = lead.walk
    start_x, start_z, _ = walk.at(0.0)
    aside = 0.0
    if abs(walk.vx) > 0.02:
        gone = walk.vx * total
        room = 0.0
        first = where(0.0)
        if first is not None and not follows:
            s = view.scale(pose, first.z)
            left, _ = view.project(pose, first.box.left, 0.0, first.z)
            right, _ = view.project(pose, first.box.right, 0.0, first.z)
            margin = 0.07 * view.aspect
            room = (view.aspect - margin - right if gone > 0 else left - margin) / s
        aside = max(0.0, 1 - max(0.0, room) * 0.92 / abs(gone))
    after = 1.0 if follows else 0.55 if walk.vz > 0.02 else 0.0

    def travel(t: float) -> Pose:
        x, z, _ = walk.at(t)
        return Pose(x=aside * (x - start_x), y=0.0, z=after * (z - start_z))

    return travel


def _stays(
    view: View, pose: Pose, where: Where, carry: Travel, total: float, goes_on: bool
) -> bool:
    """Whether the subject is in frame all the time by its own moves alone."""
    if not inside(view, pose, where(0.0)):
        return goes_on  # it was out of frame before; nothing that it does now can be to blame
    for i in range(1, 9):
        t = total * i / 8
        if not inside(view, pose.plus(carry(t)), where(t)):
            return False
    return True


__all__ = ["STILL", "Blocking", "Box", "Step", "Was", "block"]
