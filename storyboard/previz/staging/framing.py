"""Composition: the camera's distance and height, and everyone's mark."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from storyboard.previz.painting.seeds import seed_random
from storyboard.previz.props import find_prop
from storyboard.previz.script.character_look import Look, derive_look
from storyboard.previz.script.shoreline import LEVELS, find_shore_type
from storyboard.previz.script.shot_spec import Person, ShotSpec, Thing
from storyboard.previz.staging.camera import Pose, View

# figure height in frame heights, top of the head in frame heights, lens in mm
_SIZES: dict[str, tuple[float, float, float]] = {
    "EWS": (0.125, 0.70, 24),
    "WS": (0.47, 0.40, 32),
    "FS": (0.80, 0.12, 40),
    "MWS": (1.12, 0.13, 45),
    "MS": (1.60, 0.12, 50),
    "MCU": (2.45, 0.105, 65),
    "CU": (4.15, 0.075, 85),
    "ECU": (8.6, -0.42, 100),
    "INSERT": (4.0, 0.1, 70),
}
_THING_SHARE = {
    "EWS": 0.30, "WS": 0.42, "FS": 0.52, "MWS": 0.58, "MS": 0.62, "MCU": 0.68, "CU": 0.74,
    "ECU": 0.9, "INSERT": 0.60,
}  # fmt: skip
WHOLE = frozenset(("EWS", "WS", "FS"))
_TALL = 1.72


FORESHORTENING = {"high": 0.94, "overhead": 0.72}
"""The share that remains of heights seen from above, by angle."""
FLYING = frozenset(("gull", "bird"))


def compute_flock_radius(bird_count: int) -> float:
    """The radius in metres of a circling flock."""
    return 0.55 + 0.35 * math.sqrt(bird_count)


def compute_person_half_width(shot_size: str, walks: bool) -> float:
    """How much on each side of a person's middle must stay in frame, in body heights."""
    if shot_size in WHOLE and walks:
        return 0.26
    return {"CU": 0.085, "ECU": 0.055, "MCU": 0.135, "MS": 0.16, "MWS": 0.17}.get(shot_size, 0.175)


@dataclass(frozen=True, slots=True)
class Mark:
    """A person's place in the world at the start of the shot."""

    person: Person
    look: Look
    x: float
    z: float
    faces: float
    """-1 looks left, 1 right, 0 at the camera."""
    shoulder: bool = False
    """Whether only a shoulder is seen, at the edge of the frame."""


@dataclass(frozen=True, slots=True)
class PlacedProp:
    """A thing's place in the world."""

    thing: Thing
    x: float
    y: float
    """Metres above (negative) the ground of its foot."""
    z: float
    scale: float
    subject: bool
    lean: float = 0.0


@dataclass(frozen=True, slots=True)
class Composition:
    view: View
    pose: Pose
    marks: tuple[Mark, ...]
    things: tuple[PlacedProp, ...]
    whole: bool
    """Whether everyone is seen from head to foot."""


def compose_shot(spec: ShotSpec, width: int, height: int) -> Composition:
    """The positions of everything before anything moves."""
    if spec.people:
        return _compose_with_people(spec, width, height)
    return _compose_without_people(spec, width, height)


def _compute_focal_length(spec: ShotSpec, shot_size: str, portrait: bool) -> float:
    lens = spec.lens or _SIZES[shot_size][2]
    # Divided by the frame's height on 35 mm film, which gives the focal length in frame heights.
    return lens / (36.0 if portrait else 20.25)


def _compose_with_people(spec: ShotSpec, width: int, height: int) -> Composition:
    aspect = width / height
    size = spec.size if spec.size in _SIZES else "WS"
    if size == "INSERT":
        size = "CU"
    share, top, _ = _SIZES[size]
    looks = [derive_look(person.name, person.description, person.tint) for person in spec.people]
    tall = max(look.height for look in looks)
    all_sit = all(person.sits for person in spec.people)
    count = len(looks)
    tight = size in ("MS", "MCU", "CU", "ECU")
    gap = {"EWS": 1.3, "WS": 1.25, "FS": 1.0, "MWS": 0.95, "MS": 0.86, "MCU": 0.68, "CU": 0.58,
           "ECU": 0.5}[size]  # fmt: skip
    # Frame heights per metre: from the shot size, unless the group is too wide for the frame.
    per_metre = share / max(_TALL, 0.9 * tall)
    walks = any(person.walk for person in spec.people)
    group = 2 * tall * compute_person_half_width(size, walks) + (count - 1) * gap
    per_metre = min(per_metre, (aspect - 0.06 * min(1.0, aspect)) / group)
    if aspect < 1:
        top = {"WS": 0.36, "MS": 0.2, "MCU": 0.2, "CU": 0.2}.get(size, top)
    head = tall * (0.78 if all_sit else 1.0) * FORESHORTENING.get(spec.angle, 1.0)
    # Full figures keep their feet in frame, and don't float high above its lower edge.
    if size in WHOLE and top + per_metre * head > 0.93:
        top = max(0.05, 0.93 - per_metre * head)
    elif size in WHOLE and size != "EWS":
        top = max(top, 0.86 - per_metre * head) if aspect >= 1 else 0.80 - per_metre * head
    # An extreme close-up is about the eyes.
    if size == "ECU":
        eye = head * 0.92
        top = 0.47 - per_metre * (head - eye)
    focal = _compute_focal_length(spec, size, aspect < 1)
    # The lens is fixed, so the distance gives the size.
    view = View(width, height, focal, focal / per_metre)
    x0 = _choose_shot_x(spec)
    marks = _place_people(spec, looks, x0, gap, tight)
    if spec.shoulder and size != "ECU":
        marks = (*marks, _place_shoulder_person(spec, marks[0], view, size))
    offset = _compute_thirds_offset(spec, marks, size, aspect, per_metre, group)
    middle = (marks[0].x + marks[count - 1].x) / 2
    high = _choose_camera_height(spec.angle, size, head, top, per_metre)
    # Shift the picture so that the head has its place, without tilting the camera.
    sy = top - 0.5 - per_metre * (high - head)
    pose = Pose(x=middle - offset / per_metre, y=high, sy=sy,
                roll=-7.0 if spec.angle == "dutch" else 0.0)  # fmt: skip
    things = _place_things_around_people(spec, marks, view, pose)
    return Composition(view, pose, marks, things, size in WHOLE)


def _choose_shot_x(spec: ShotSpec) -> float:
    """The part of the place that the shot looks at."""
    reach = 1.6 if spec.set == "room" else 3.5
    return seed_random("stand", spec.key, spec.shot).uniform(-reach, reach)


def _place_people(
    spec: ShotSpec, looks: list[Look], middle_x: float, gap: float, tight: bool
) -> tuple[Mark, ...]:
    count = len(looks)
    sides = seed_random("sides", spec.key, spec.shot)
    marks = []
    for i, (person, look) in enumerate(zip(spec.people, looks, strict=True)):
        x = middle_x + (i - (count - 1) / 2) * gap
        # A larger group stands in two rows.
        z = 0.0 if count < 3 else 0.22 * (i % 2)
        view = person.view
        if view in ("left", "right"):
            faces = -1.0 if view == "left" else 1.0
        # A single person looks slightly past the camera; people of a group look at each other.
        elif count == 1:
            faces = sides.choice((-0.55, 0.55)) if not tight else sides.choice((-0.38, 0.38))
            if spec.pov:
                faces = 0.0
        elif i == (count - 1) / 2:
            faces = 0.15
        else:
            faces = 0.8 if i < (count - 1) / 2 else -0.8
        marks.append(Mark(person, look, x, z, faces))
    return tuple(marks)


def _place_shoulder_person(spec: ShotSpec, mark: Mark, view: View, size: str) -> Mark:
    """The person whose back frames the picture, at the edge towards which the other one looks."""
    side = 1.0 if mark.faces >= 0 else -1.0
    name = spec.shoulder if spec.shoulder != "*" else "another"
    person = Person(name, "" if name != "another" else "person dark coat dark hair", view="back")
    look = derive_look(person.name, person.description, None)
    # tall or low enough that the shoulder fills the corner and hides no face
    high = min(max(look.height, mark.look.height * 0.95), mark.look.height * 1.05)
    look = replace(look, height=high * (0.8 if mark.person.sits else 1.0))
    near, out = (0.34, 0.45) if size == "CU" else (0.46, 0.43)
    z = -near * view.distance
    s = view.focal / (view.distance + z)
    off = mark.x + side * view.aspect * out / s + side * 0.02
    return Mark(person, look, off, z, -side, shoulder=True)


def _compute_thirds_offset(
    spec: ShotSpec,
    marks: tuple[Mark, ...],
    size: str,
    aspect: float,
    per_metre: float,
    group_width: float,
) -> float:
    """How far right of the middle the group stands, in frame heights."""
    if spec.pov or spec.angle == "overhead":
        return 0.0
    room = max(0.0, aspect / 2 - 0.04 - group_width * per_metre / 2)
    # A sideways move starts with the subject where it can travel through the frame.
    first = spec.steps[0] if spec.steps else None
    if first and first.kind in ("truck", "pan") and size in ("EWS", "WS", "FS", "MWS", "MS"):
        side = 1.0 if first.way != "left" else -1.0
        return side * min(room, aspect * 0.19)
    if spec.shoulder:
        side = 1.0 if marks[0].faces >= 0 else -1.0
        return -side * min(room, aspect * 0.10)
    if len([m for m in marks if not m.shoulder]) > 1:
        return 0.0
    # Leave space in the direction of the walk or the look.
    walk = marks[0].person.walk
    facing = {"left": -1.0, "right": 1.0}.get(walk, marks[0].faces)
    side = -1.0 if facing >= 0 else 1.0
    share = {"EWS": 0.20, "WS": 0.165, "FS": 0.14, "MWS": 0.13, "MS": 0.11, "MCU": 0.075,
            "CU": 0.045, "ECU": 0.0}[size]  # fmt: skip
    return side * min(room, share * aspect)


def _choose_camera_height(
    angle: str, shot_size: str, head_height: float, head_room: float, frame_heights_per_metre: float
) -> float:
    """The camera's height: eye level, or where the angle puts the horizon."""
    if angle == "low":
        return max(0.16, head_height - (0.90 - head_room) / frame_heights_per_metre)
    if angle == "high":
        return head_height + max(0.35, (head_room - 0.10) / frame_heights_per_metre)
    if angle == "overhead":
        return head_height + (head_room + 0.75) / frame_heights_per_metre
    if shot_size == "EWS":
        return head_height * 1.7
    return (
        min(head_height * 0.95, 1.55)
        if shot_size in ("CU", "ECU", "MCU")
        else min(head_height * 0.9, 1.45)
    )


def _compose_without_people(spec: ShotSpec, width: int, height: int) -> Composition:
    """A shot without people: the first thing is the subject, or the place itself."""
    aspect = width / height
    size = spec.size if spec.size in _SIZES else "WS"
    x0 = _choose_shot_x(spec)
    portrait = aspect < 1
    things = spec.things
    small = bool(things) and find_prop(things[0].name).stand in ("table", "hand")
    # A small thing in a wide shot is part of the place, not the subject.
    if things and (size in ("INSERT", "ECU", "CU", "MCU") or not small):
        return _compose_thing_shot(spec, things, size, width, height, x0)
    focal = _compute_focal_length(spec, size if size in ("EWS", "WS") else "WS", portrait)
    per_metre = (0.062 if size == "EWS" else 0.24) if spec.set != "room" else 0.30
    if portrait:
        per_metre *= 0.72
    view = View(width, height, focal, focal / per_metre)
    horizon = {"low": 0.86, "high": 0.16, "overhead": -0.4}.get(
        spec.angle, 0.46 if spec.set in ("room", "void") else 0.60
    )
    high = {"low": 0.5, "high": 6.0, "overhead": 9.0}.get(spec.angle, 1.5)
    if spec.set == "room":
        high = {"low": 0.4, "high": 2.3, "overhead": 2.6}.get(spec.angle, 1.45)
    elif size == "EWS" and spec.angle == "eye":
        high = 3.2
    pose = Pose(x=x0, y=high, sy=horizon - 0.5, roll=-7.0 if spec.angle == "dutch" else 0.0)
    placed = tuple(
        PlacedProp(thing, x0 + (i - 0.4) * 0.5, find_prop_foot_y(thing, spec), 0.0, 1.0, i == 0)
        for i, thing in enumerate(things[:3])
        if find_prop(thing.name).stand in ("table", "hand")
    )
    return Composition(view, pose, (), placed, True)


def find_prop_foot_y(thing: Thing, spec: ShotSpec) -> float:
    """The height of a thing's foot, metres, negative up."""
    stand = find_prop(thing.name).stand
    if stand in ("table", "hand"):
        return -0.78
    if stand == "water" and spec.set == "sea":
        return LEVELS[find_shore_type(spec)]
    return {"air": -9.0 if thing.name in ("moon", "sun") else -3.4}.get(stand, 0.0)


def _compose_thing_shot(
    spec: ShotSpec,
    things: tuple[Thing, ...],
    shot_size: str,
    width: int,
    height: int,
    subject_x: float,
) -> Composition:
    aspect = width / height
    prop = find_prop(things[0].name)
    share = min(0.80, _THING_SHARE[shot_size] + (0.14 if prop.height > 5 else 0.0))
    per_metre = min(share / prop.height, share * 1.25 * aspect / prop.width)
    if things[0].name in FLYING:
        r = compute_flock_radius(things[0].count)
        # The frame must contain the flock's whole circle.
        per_metre = min((share + 0.12) / (1.5 * r), 0.84 * aspect / (2.7 * r))
    elif prop.stand == "air" or things[0].count > 1:
        per_metre *= 0.5
    focal = _compute_focal_length(spec, "INSERT" if prop.height < 0.6 else shot_size, aspect < 1)
    view = View(width, height, focal, focal / per_metre)
    foot = find_prop_foot_y(things[0], spec)
    if prop.stand == "air":
        foot = -max(2.2, 0.62 / per_metre)
    high = prop.height * per_metre
    rests = prop.stand in ("table", "hand")
    bottom = min(0.88, 0.5 + high / 2 + (0.10 if not rests else 0.06))
    if shot_size in ("EWS", "WS") and not rests:
        bottom = 0.80
    bottom = max(bottom, min(0.96, high + 0.08))
    if things[0].name in FLYING:
        bottom = max(0.40, compute_flock_radius(things[0].count) * per_metre + 0.06)
    elif prop.stand == "air":
        bottom = 0.40 + high / 2
    eye = {
        "low": 0.25 / per_metre,
        "high": (bottom - 0.08) / per_metre,
        "overhead": (bottom + 0.5) / per_metre,
    }.get(spec.angle, (0.30 if not rests else 0.52) / per_metre)
    camera = -foot + eye if prop.stand != "air" else max(1.4, -foot - 0.30 / per_metre)
    sy = bottom - 0.5 - per_metre * (foot + camera)
    offset = 0.0
    first = spec.steps[0] if spec.steps else None
    wide = prop.width * per_metre
    if things[0].name in FLYING:
        wide = 2.7 * compute_flock_radius(things[0].count) * per_metre
    if not rests and shot_size in ("EWS", "WS", "FS", "MWS", "MS"):
        side = {"right": -1.0, "left": 1.0}.get(
            things[0].moves, seed_random("side", spec.shot).choice((-1.0, 1.0))
        )
        if first and first.kind in ("truck", "pan"):
            side = 1.0 if first.way != "left" else -1.0
        offset = side * min(aspect * 0.16, max(0.0, aspect / 2 - 0.05 - wide / 2))
    pose = Pose(x=subject_x - offset / per_metre, y=camera, sy=sy,
                roll=-7.0 if spec.angle == "dutch" else 0.0)  # fmt: skip
    placed = [PlacedProp(things[0], subject_x, foot, 0.0, 1.0, True)]
    occupied_width = prop.width / 2
    rng = seed_random("others", spec.shot)
    for thing in things[1:4]:
        other = find_prop(thing.name)
        # A hand reaches for the subject from the right.
        if thing.name == "hand" and rests:
            grip = subject_x + prop.width * 0.5 + 0.16
            placed.append(PlacedProp(thing, grip, foot - prop.height * 0.10, 0.02, 0.9, False))
            continue
        if other.stand != prop.stand and not (rests and other.stand in ("table", "hand")):
            placed.append(
                _place_background_thing(
                    thing, subject_x, view, spec, rng.choice((-1, 1)), len(placed), 0.5 + sy
                )
            )
            continue
        # A tall thing beside a small one would leave the frame.
        if rests and other.height > 3 * prop.height:
            continue
        side = rng.choice((-1, 1))
        x = subject_x + side * (occupied_width + other.width * 0.75)
        placed.append(
            PlacedProp(thing, x, find_prop_foot_y(thing, spec), 0.18 * prop.width, 1.0, False)
        )
    return Composition(view, pose, (), tuple(placed), True)


def _place_background_thing(
    thing: Thing,
    subject_x: float,
    view: View,
    spec: ShotSpec,
    side: int,
    order: int,
    horizon: float,
) -> PlacedProp:
    """A thing that is mentioned but not the subject, at its own distance."""
    prop = find_prop(thing.name)
    if prop.stand == "air":
        z = max(6.0, view.distance * 0.8)
        return PlacedProp(thing, subject_x + side * 1.2, -max(3.0, z * 0.22), z, 1.0, False)
    if prop.stand in ("table", "hand"):
        return PlacedProp(thing, subject_x + side * 0.5, -0.78, 0.4, 1.0, False)
    z = max(prop.height * 2.2, 2.4, view.distance * 0.5)
    if prop.stand == "water":
        z = max(z, 9.0)
    if prop.height > 3:
        # far enough that its top is in frame
        room = max(0.16, horizon - 0.10)
        z = max(z, view.focal * (prop.height - 1.5) / room - view.distance)
    s = view.focal / (view.distance + z)
    reach = max(0.3, view.aspect / 2 - prop.width * s / 2 - 0.06) / s
    x = subject_x + side * min(reach, reach * 0.72 + order)
    return PlacedProp(thing, x, find_prop_foot_y(thing, spec), z, 1.0, False)


def _place_things_around_people(
    spec: ShotSpec, marks: tuple[Mark, ...], view: View, pose: Pose
) -> tuple[PlacedProp, ...]:
    """Things around people: behind, beside, or on the table; held things belong to a person."""
    held_names = {mark.person.holds for mark in marks}
    placed: list[PlacedProp] = []
    front = [mark for mark in marks if not mark.shoulder]
    lead = -1 if front[0].x - pose.x > 0 else 1
    for thing in spec.things:
        if thing.name in held_names or len(placed) >= 4:
            continue
        prop = find_prop(thing.name)
        side = lead if len(placed) % 2 == 0 else -lead
        if prop.stand in ("table", "hand") and spec.set != "room":
            continue  # there is nothing to put it on
        if prop.stand in ("table", "hand"):
            x = (front[0].x + front[-1].x) / 2
            if len(front) == 1:
                x = front[0].x + side * 0.30
            placed.append(PlacedProp(thing, x + 0.26 * len(placed), -0.78, -0.05, 1.0, False))
        elif thing.name in ("dog", "cat", "suitcase", "chair", "bicycle"):
            edge = front[-1].x if side > 0 else front[0].x
            placed.append(
                PlacedProp(thing, edge + side * (0.35 + prop.width / 2), 0.0, 0.12, 1, False)
            )
        else:
            placed.append(
                _place_background_thing(thing, pose.x, view, spec, side, len(placed), 0.5 + pose.sy)
            )
    return tuple(placed)
