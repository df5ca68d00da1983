"""state.json: what another shot needs to go on where this one ended, or at any frame of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from storyboard.previz.camera import Pose, Start, View
from storyboard.previz.direction import Was
from storyboard.previz.framing import Composition, Mark, Placed
from storyboard.previz.look import look_of
from storyboard.previz.paint import Pixels
from storyboard.previz.scene import Home, Scene, Taken
from storyboard.previz.spec import Person, Spec, Thing
from storyboard.serialized import Serialized

FORMAT = 1
_ACROSS, _DOWN = 12, 7
_CLOSE = 7.0


def fingerprint(picture: Pixels) -> str:
    """A picture as 84 grey dots in hexadecimal, to find it again among the frames of a take."""
    every = max(1, min(picture.shape[:2]) // 180)  # enough for dots this large, and far quicker
    few = np.ascontiguousarray(picture[::every, ::every])
    grey = cv2.cvtColor(few, cv2.COLOR_BGRA2GRAY)
    dots = cv2.resize(grey, (_ACROSS, _DOWN), interpolation=cv2.INTER_AREA)
    return bytes(dots.data).hex()


def written(scene: Scene, prints: Sequence[str], seed: int) -> str:
    """The state of a finished scene as JSON text, the same for the same scene."""
    composition = scene.composition
    view = composition.view
    state = {
        "format": FORMAT,
        "size": [view.width, view.height],
        "fps": scene.fps,
        "frames": scene.frames,
        "seed": seed,
        "clock": round(scene.clock, 6),
        "spec": _plain(scene.spec),
        "view": {"focal": round(view.focal, 6), "distance": round(view.distance, 6)},
        "whole": composition.whole,
        "marks": [
            {
                "person": _plain(mark.person),
                "x": round(mark.x, 6),
                "z": round(mark.z, 6),
                "faces": mark.faces,
                "shoulder": mark.shoulder,
            }
            for mark in composition.marks
        ],
        "things": [
            {
                "thing": _plain(each.thing),
                "x": round(each.x, 6),
                "y": round(each.y, 6),
                "z": round(each.z, 6),
                "scale": round(each.scale, 6),
                "lean": round(each.lean, 6),
                "subject": each.subject,
            }
            for each in composition.things
        ],
        "home": {
            "spec": _plain(scene.home.spec),
            "pose": scene.home.pose.values(),
            "middle": round(scene.home.middle, 6),
            "span": round(scene.home.span, 6),
        },
        "shake": scene.blocking.path.shake,
        "poses": [scene.pose(i).values() for i in range(scene.frames)],
        "actors": [
            {name: _row(was) for name, was in scene.was(i).items()} for i in range(scene.frames)
        ],
        "prints": list(prints),
    }
    return json.dumps(state, separators=(",", ":"), sort_keys=True, ensure_ascii=True) + "\n"


def _row(was: Was) -> list[Any]:
    told = (was.x, was.y, was.z, was.vx, was.vz, was.walked)
    return [*(round(each, 5) for each in told), was.view]


def _plain(value: Any) -> Any:
    if isinstance(value, Serialized):
        return _plain(value.to_fields())
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def read(path: Path | None) -> Mapping[str, Any] | None:
    """A state that this renderer can go on from; None for no state or a foreign one."""
    if path is None:
        return None
    try:
        state = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(state, dict) or state.get("format") != FORMAT or not state.get("poses"):
        return None
    return state


def frame_of(state: Mapping[str, Any], picture: Pixels) -> int | None:
    """Which frame of the take `picture` is, the last where several look alike; None for none."""
    prints = state["prints"]
    if not prints:
        return None
    wanted = np.frombuffer(bytes.fromhex(fingerprint(picture)), np.uint8).astype(np.int16)
    known = np.frombuffer(bytes.fromhex("".join(prints)), np.uint8).reshape(len(prints), -1)
    apart = np.abs(known.astype(np.int16) - wanted).mean(axis=1)
    best = float(apart.min())
    if best > _CLOSE:
        return None
    return int(np.flatnonzero(apart <= best + 0.02)[-1])


def composition_of(state: Mapping[str, Any], width: int, height: int) -> Composition:
    """The composition of the taken-up shot, its marks where they were at first."""
    view = View(width, height, state["view"]["focal"], state["view"]["distance"])
    marks = []
    for each in state["marks"]:
        person = Person.from_fields(each["person"])
        look = look_of(person.name, person.description, person.tint)
        marks.append(Mark(person, look, each["x"], each["z"], each["faces"], each["shoulder"]))
    things = tuple(
        Placed(Thing.from_fields(each["thing"]), each["x"], each["y"], each["z"], each["scale"],
               each["subject"], each["lean"])
        for each in state["things"]
    )  # fmt: skip
    return Composition(view, Pose(*state["poses"][0]), tuple(marks), things, state["whole"])


def taken_up(state: Mapping[str, Any], frame: int, after: int) -> Taken:
    """The moment of `frame`, or `after` frames later, with every speed as it was."""
    fps = state["fps"]
    poses = [Pose(*values) for values in state["poses"]]
    pose = poses[frame]
    speed = Pose(y=0.0)
    if frame:
        speed = pose.minus(poses[frame - 1])
    velocity = Pose(y=0.0).plus(speed, fps)
    pose = pose.plus(speed, after)
    was = {}
    for name, (x, y, z, vx, vz, walked, view) in state["actors"][frame].items():
        ahead = after / fps
        walked += math.hypot(vx, vz) * ahead
        was[name] = Was(x + vx * ahead, y, z + vz * ahead, vx, vz, walked, view)
    clock = state["clock"] + (frame + after) / fps
    home = state["home"]
    first = Home(Spec.from_fields(home["spec"]), Pose(*home["pose"]), home["middle"], home["span"])
    return Taken(Start(pose, velocity, state["shake"]), was, clock, first)
