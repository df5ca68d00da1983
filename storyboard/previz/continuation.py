"""Continues a shot: the same scene under a new description."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from storyboard.previz.scene import ResumePoint
from storyboard.previz.script.action import apply_actions
from storyboard.previz.script.character_look import derive_look
from storyboard.previz.script.parser import find_time_of_day
from storyboard.previz.script.shot_spec import CameraStep, Person, ShotSpec, Thing
from storyboard.previz.script.vocabulary import OUTDOORS
from storyboard.previz.staging.camera import Pose
from storyboard.previz.staging.framing import WHOLE, Composition, Mark, PlacedProp, compose_shot
from storyboard.previz.state import build_resume_point, restore_composition
from storyboard.providers.base import Request

_STOPS = re.compile(r"\b(stops?|halts?|waits?|stands still|comes to rest|pauses?)\b")


def continue_scene(
    request: Request,
    new_spec: ShotSpec,
    state: Mapping[str, Any],
    frame: int,
    frames_later: int,
    size: tuple[int, int],
) -> tuple[ShotSpec, Composition, ResumePoint]:
    """The scene of `state` from `frame` on, with the new actions of `request`, read as `new_spec`.

    The place, its light and everyone's look stay; moves, actions, newcomers, weather and text are
    the request's. A new shot size is reached by a camera move, since a take has no cuts.
    """
    old = ShotSpec.from_fields(state["spec"])
    shot_text = _join_prompt_and_beats(request)
    resume = build_resume_point(state, frame, frames_later)
    composition = restore_composition(state, *size)
    people = _continue_people(_apply_current_views(old.people, resume), new_spec, shot_text)
    # A closer shot should show the face of the person it is about.
    if request.intent.size and new_spec.size in ("MCU", "CU", "ECU"):
        new_names = {person.name for person in new_spec.people}
        people = tuple(
            _turn_person_to_camera(person) if person.name in new_names else person
            for person in people
        )
    things = _continue_things(old, new_spec, shot_text)
    steps, goal = _plan_camera_steps_and_goal(request, old, new_spec, composition, resume, people)
    spec = replace(
        old,
        people=people,
        things=things,
        steps=steps,
        weather=new_spec.weather if new_spec.weather else old.weather,
        time=find_time_of_day(request.intent) or old.time,
        text=new_spec.text or old.text,
        about=tuple(p.name for p in new_spec.people) if goal is not None else old.about,
        size=new_spec.size if goal is not None else old.size,
    )
    composition = _fit_composition_to_spec(composition, spec, new_spec, resume, size)
    # The old weather is kept so that it can fade into the new one.
    air_changes = (spec.weather, spec.time) != (old.weather, old.time)
    return spec, composition, replace(resume, goal=goal, previous_spec=old if air_changes else None)


def _turn_person_to_camera(person: Person) -> Person:
    """Turns a person with the back to the camera, who doesn't walk or turn already, to the
    front.
    """
    if person.view == "back" and not (person.turns_to or person.walk):
        return replace(person, turns_to="front")
    return person


def _join_prompt_and_beats(request: Request) -> str:
    beats = " ".join(words for _, words in request.intent.beats)
    return f"{request.intent.prompt} {beats}".strip()


def _apply_current_views(people: tuple[Person, ...], resume: ResumePoint) -> tuple[Person, ...]:
    """`people` with the view that each has at that time."""
    return tuple(
        replace(person, view=resume.motions[person.name].view or person.view)
        if person.name in resume.motions
        else person
        for person in people
    )


def _continue_people(
    people: tuple[Person, ...], new_spec: ShotSpec, shot_text: str
) -> tuple[Person, ...]:
    """People already there continue under the new description; new ones are added."""
    # Movements of the camera must not be taken for actions of a person.
    words = re.sub(r"(the )?camera [^.;,]*", "", shot_text.lower())
    new_people = {person.name: person for person in new_spec.people}
    continued = []
    for person in people:
        new_person = new_people.get(person.name)
        if new_person is not None:
            updated = replace(new_person, description=person.description, tint=person.tint)
            # If the new description gives no direction, the person keeps the current one.
            if (
                not _is_walking(new_person)
                and not new_person.turns_to
                and new_person.view == "front"
            ):
                updated = replace(updated, view=person.view, sits=new_person.sits or person.sits)
            continued.append(replace(updated, turns_to=new_person.turns_to))
            continue
        # A pronoun means the only person there.
        is_meant = len(people) == 1 and re.search(r"\b(she|he|they|her|him|turns?)\b", words)
        idle_person = replace(person, walk="", turns_to="")
        continued.append(apply_actions(idle_person, words) if is_meant else idle_person)
    names = {person.name for person in continued}
    # The parser makes a person of a bare pronoun; here it refers to somebody already there.
    pronouns = {"she", "he", "they"}
    newcomers = [p for p in new_spec.people if p.name not in names and p.name not in pronouns]
    return (*continued, *newcomers[: max(0, 4 - len(continued))])


def _is_walking(person: Person) -> bool:
    return bool(person.walk)


def _continue_things(old: ShotSpec, new_spec: ShotSpec, shot_text: str) -> tuple[Thing, ...]:
    new_things = {thing.name: thing for thing in new_spec.things}
    stops = bool(_STOPS.search(shot_text.lower()))
    things = [
        replace(
            thing, moves="" if stops else new_things.get(thing.name, thing).moves or thing.moves
        )
        for thing in old.things
    ]
    names = {thing.name for thing in things} | (OUTDOORS if old.set == "room" else set())
    return (*things, *(thing for thing in new_spec.things if thing.name not in names))


def _plan_camera_steps_and_goal(
    request: Request,
    old_spec: ShotSpec,
    new_spec: ShotSpec,
    composition: Composition,
    resume: ResumePoint,
    people: tuple[Person, ...],
) -> tuple[tuple[CameraStep, ...], Pose | None]:
    """The camera's new steps, and the pose that gives a newly requested size."""
    if not request.intent.size or new_spec.size == old_spec.size or not composition.marks:
        return new_spec.steps, None
    view = composition.view
    goal_spec = replace(old_spec, size=new_spec.size, people=people[:1], shoulder="")
    goal_composition = compose_shot(goal_spec, view.width, view.height)
    subject_names = [person.name for person in new_spec.people]
    mark = next(
        (m for m in composition.marks if m.person.name in subject_names), composition.marks[0]
    )
    previous = resume.motions.get(mark.person.name)
    x, z = (previous.x, previous.z) if previous else (mark.x, mark.z)
    # Keep the lens and find the distance at which the subject has the goal's size.
    depth = goal_composition.view.distance * view.focal / goal_composition.view.focal
    at = view.distance + z - depth
    goal = Pose(
        x=goal_composition.pose.x - goal_composition.marks[0].x + x,
        y=goal_composition.pose.y,
        z=at,
        zoom=0.0,
        roll=resume.start.pose.roll,
        sx=goal_composition.pose.sx,
        sy=goal_composition.pose.sy,
    )
    return (CameraStep("reframe"), *(replace(step, joined=True) for step in new_spec.steps)), goal


def _fit_composition_to_spec(
    composition: Composition,
    spec: ShotSpec,
    new_spec: ShotSpec,
    resume: ResumePoint,
    size: tuple[int, int],
) -> Composition:
    """Marks for everyone in `spec`: those already there keep theirs, others get places beside
    them.
    """
    by_name = {mark.person.name: mark for mark in composition.marks}
    marks = []
    for person in spec.people:
        mark = by_name.pop(person.name, None)
        if mark is not None:
            marks.append(replace(mark, person=person))
            continue
        look = derive_look(person.name, person.description, person.tint)
        others = [resume.motions[m.person.name].x for m in marks if m.person.name in resume.motions]
        middle = resume.start.pose.x
        # Newcomers go to the right, unless people already stand there.
        side = 1.0 if not others or max(others) < middle + 0.4 else -1.0
        beside = (max(others) if side > 0 else min(others)) if others else middle - 0.5 * side
        gap = {"MCU": 0.66, "CU": 0.58, "MS": 0.84}.get(spec.size, 1.1)
        z = (
            resume.motions[marks[0].person.name].z
            if marks and marks[0].person.name in resume.motions
            else 0.0
        )
        model = composition.marks[0] if composition.marks else None
        faces = -0.7 * side if model else 0.0
        marks.append(_build_mark(person, look, beside + side * gap, z, faces))
    # A shoulder in the foreground belongs to the frame, even if the new text doesn't name its
    # person.
    marks += [mark for mark in by_name.values() if mark.shoulder]
    old_things = {placed.thing.name: placed for placed in composition.things}
    whole = compose_shot(replace(spec, people=spec.people or new_spec.people), *size)
    new_things = {placed.thing.name: placed for placed in whole.things}
    camera_shift = resume.start.pose.x - composition.pose.x
    things: list[PlacedProp] = []
    for thing in spec.things:
        placed = old_things.get(thing.name)
        if placed is None and thing.name in new_things:
            placed = replace(
                new_things[thing.name], x=new_things[thing.name].x + camera_shift, subject=False
            )
        if placed is not None:
            things.append(replace(placed, thing=thing))
    return replace(composition, marks=tuple(marks), things=tuple(things), whole=spec.size in WHOLE)


def _build_mark(person: Person, look: Any, x: float, z: float, faces: float) -> Any:
    return Mark(person, look, x, z, faces)
