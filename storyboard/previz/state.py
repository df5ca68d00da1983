"""state.json: what another shot needs to continue from the end or any frame of this one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from storyboard.previz.painting.rasterizer import Pixels
from storyboard.previz.scene import ResumePoint, Scene, SetLayout
from storyboard.previz.script.character_look import derive_look
from storyboard.previz.script.shot_spec import Person, ShotSpec, Thing
from storyboard.previz.staging.blocking import PreviousMotion
from storyboard.previz.staging.camera import CameraStart, Pose, View
from storyboard.previz.staging.framing import Composition, Mark, PlacedProp
from storyboard.util.serialization import Serialized

FORMAT = 1
_ACROSS, _DOWN = 12, 7
_CLOSE = 7.0


def fingerprint_picture(picture: Pixels) -> str:
    """A picture as 84 grey dots in hexadecimal, to find it again among the frames of a take."""
    every = max(1, min(picture.shape[:2]) // 180)  # enough for so few dots, and much faster
    few = np.ascontiguousarray(picture[::every, ::every])
    grey = cv2.cvtColor(few, cv2.COLOR_BGRA2GRAY)
    dots = cv2.resize(grey, (_ACROSS, _DOWN), interpolation=cv2.INTER_AREA)
    return bytes(dots.data).hex()


def to_state_json(scene: Scene, fingerprints: Sequence[str], seed: int) -> str:
    """The state of a finished scene as JSON, always the same for the same scene."""
    composition = scene.composition
    view = composition.view
    state = {
        "format": FORMAT,
        "size": [view.width, view.height],
        "fps": scene.fps,
        "frames": scene.frames,
        "seed": seed,
        "clock": round(scene.clock, 6),
        "spec": _to_json_value(scene.spec),
        "view": {"focal": round(view.focal, 6), "distance": round(view.distance, 6)},
        "whole": composition.whole,
        "marks": [
            {
                "person": _to_json_value(mark.person),
                "x": round(mark.x, 6),
                "z": round(mark.z, 6),
                "faces": mark.faces,
                "shoulder": mark.shoulder,
            }
            for mark in composition.marks
        ],
        "things": [
            {
                "thing": _to_json_value(placed.thing),
                "x": round(placed.x, 6),
                "y": round(placed.y, 6),
                "z": round(placed.z, 6),
                "scale": round(placed.scale, 6),
                "lean": round(placed.lean, 6),
                "subject": placed.subject,
            }
            for placed in composition.things
        ],
        "home": {
            "spec": _to_json_value(scene.layout.spec),
            "pose": scene.layout.pose.to_list(),
            "middle": round(scene.layout.middle, 6),
            "span": round(scene.layout.span, 6),
        },
        "shake": scene.blocking.path.shake,
        "poses": [scene.find_camera_pose(i).to_list() for i in range(scene.frames)],
        "actors": [
            {name: _to_motion_row(was) for name, was in scene.measure_motions(i).items()}
            for i in range(scene.frames)
        ],
        "prints": list(fingerprints),
    }
    return json.dumps(state, separators=(",", ":"), sort_keys=True, ensure_ascii=True) + "\n"


def _to_motion_row(motion: PreviousMotion) -> list[Any]:
    told = (motion.x, motion.y, motion.z, motion.vx, motion.vz, motion.walked)
    return [*(round(each, 5) for each in told), motion.view]


def _to_json_value(value: Any) -> Any:
    if isinstance(value, Serialized):
        return _to_json_value(value.to_fields())
    if isinstance(value, Mapping):
        return {key: _to_json_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_json_value(item) for item in value]
    return value


def read_state(path: Path | None) -> Mapping[str, Any] | None:
    """A state that this renderer can continue; None if there is none or it is another format."""
    if path is None:
        return None
    try:
        state = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(state, dict) or state.get("format") != FORMAT or not state.get("poses"):
        return None
    return state


def find_frame_index(state: Mapping[str, Any], picture: Pixels) -> int | None:
    """The index of `picture` in the take, the last one if several look alike; None if there is
    none.
    """
    hex_prints = state["prints"]
    if not hex_prints:
        return None
    target = np.frombuffer(bytes.fromhex(fingerprint_picture(picture)), np.uint8).astype(np.int16)
    fingerprints = np.frombuffer(bytes.fromhex("".join(hex_prints)), np.uint8).reshape(
        len(hex_prints), -1
    )
    # Encoding changes grey values slightly, so the closest frame counts, within a limit.
    distances = np.abs(fingerprints.astype(np.int16) - target).mean(axis=1)
    best = float(distances.min())
    if best > _CLOSE:
        return None
    return int(np.flatnonzero(distances <= best + 0.02)[-1])


def restore_composition(state: Mapping[str, Any], width: int, height: int) -> Composition:
    """The composition of the continued shot, with its marks at their first places."""
    view = View(width, height, state["view"]["focal"], state["view"]["distance"])
    marks = []
    for item in state["marks"]:
        person = Person.from_fields(item["person"])
        look = derive_look(person.name, person.description, person.tint)
        marks.append(Mark(person, look, item["x"], item["z"], item["faces"], item["shoulder"]))
    things = tuple(
        PlacedProp(Thing.from_fields(item["thing"]), item["x"], item["y"], item["z"], item["scale"],
               item["subject"], item["lean"])
        for item in state["things"]
    )  # fmt: skip
    return Composition(view, Pose(*state["poses"][0]), tuple(marks), things, state["whole"])


def build_resume_point(state: Mapping[str, Any], frame: int, frames_later: int) -> ResumePoint:
    """The state at `frame`, or `frames_later` frames after it, with every speed kept."""
    fps = state["fps"]
    poses = [Pose(*values) for values in state["poses"]]
    pose = poses[frame]
    speed = Pose(y=0.0)
    # The last two poses give the camera's speed, with which it continues.
    if frame:
        speed = pose.subtract(poses[frame - 1])
    velocity = Pose(y=0.0).add(speed, fps)
    pose = pose.add(speed, frames_later)
    motions = {}
    for name, (x, y, z, vx, vz, walked, view) in state["actors"][frame].items():
        ahead = frames_later / fps
        walked += math.hypot(vx, vz) * ahead
        motions[name] = PreviousMotion(x + vx * ahead, y, z + vz * ahead, vx, vz, walked, view)
    clock = state["clock"] + (frame + frames_later) / fps
    layout = state["home"]
    first_layout = SetLayout(
        ShotSpec.from_fields(layout["spec"]),
        Pose(*layout["pose"]),
        layout["middle"],
        layout["span"],
    )
    return ResumePoint(CameraStart(pose, velocity, state["shake"]), motions, clock, first_layout)
