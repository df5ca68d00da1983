"""Taking a shot up again: the same scene under new words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from storyboard.previz.acting import perform
from storyboard.previz.camera import Pose
from storyboard.previz.framing import WHOLE, Composition, Placed, compose
from storyboard.previz.lexicon import OUTDOORS
from storyboard.previz.look import look_of
from storyboard.previz.parse import hour_of
from storyboard.previz.scene import Taken
from storyboard.previz.spec import Person, Spec, Step, Thing
from storyboard.previz.state import composition_of, taken_up
from storyboard.providers.base import Request

_STOPS = re.compile(r"\b(stops?|halts?|waits?|stands still|comes to rest|pauses?)\b")


def continued(
    request: Request,
    new: Spec,
    state: Mapping[str, Any],
    frame: int,
    after: int,
    size: tuple[int, int],
) -> tuple[Spec, Composition, Taken]:
    """The scene of `state` from `frame` on, doing what `request` says now, read as `new`.

    The place, its light and everybody's look stay; moves, actions, newcomers, weather and words
    are the request's. A size of its own is reached by a move, since a take has no cuts.
    """
    old = Spec.from_fields(state["spec"])
    told = _told(request)
    taken = taken_up(state, frame, after)
    composition = composition_of(state, *size)
    people = _people(_seen(old.people, taken), new, told)
    if request.intent.size and new.size in ("MCU", "CU", "ECU"):
        named = {person.name for person in new.people}
        people = tuple(_faced(person) if person.name in named else person for person in people)
    things = _things(old, new, told)
    steps, goal = _steps(request, old, new, composition, taken, people)
    spec = replace(
        old,
        people=people,
        things=things,
        steps=steps,
        weather=new.weather if new.weather else old.weather,
        time=hour_of(request.intent) or old.time,
        text=new.text or old.text,
        about=tuple(p.name for p in new.people) if goal is not None else old.about,
        size=new.size if goal is not None else old.size,
    )
    composition = _recast(composition, spec, new, taken, size)
    turns = (spec.weather, spec.time) != (old.weather, old.time)
    return spec, composition, replace(taken, goal=goal, air=old if turns else None)


def _faced(person: Person) -> Person:
    """Nobody wants a close-up of the back of a head."""
    if person.view == "back" and not (person.turns_to or person.walk):
        return replace(person, turns_to="front")
    return person


def _told(request: Request) -> str:
    beats = " ".join(words for _, words in request.intent.beats)
    return f"{request.intent.prompt} {beats}".strip()


def _seen(people: tuple[Person, ...], taken: Taken) -> tuple[Person, ...]:
    """`people` as they stand at that moment, whatever they turned from."""
    return tuple(
        replace(person, view=taken.was[person.name].view or person.view)
        if person.name in taken.was
        else person
        for person in people
    )


def _people(people: tuple[Person, ...], new: Spec, told: str) -> tuple[Person, ...]:
    """Who was there goes on under the new words; who is new comes in."""
    words = re.sub(r"(the )?camera [^.;,]*", "", told.lower())
    fresh = {person.name: person for person in new.people}
    kept = []
    for person in people:
        said = fresh.get(person.name)
        if said is not None:
            acting = replace(said, description=person.description, tint=person.tint)
            if not _moves(said) and not said.turns_to and said.view == "front":
                acting = replace(acting, view=person.view, sits=said.sits or person.sits)
            kept.append(replace(acting, turns_to=said.turns_to))
            continue
        alone = len(people) == 1 and re.search(r"\b(she|he|they|her|him|turns?)\b", words)
        here = replace(person, walk="", turns_to="")
        kept.append(perform(here, words) if alone else here)
    names = {person.name for person in kept}
    pronouns = {"she", "he", "they"}
    newcomers = [p for p in new.people if p.name not in names and p.name not in pronouns]
    return (*kept, *newcomers[: max(0, 4 - len(kept))])


def _moves(person: Person) -> bool:
    return bool(person.walk)


def _things(old: Spec, new: Spec, told: str) -> tuple[Thing, ...]:
    said = {thing.name: thing for thing in new.things}
    stopped = bool(_STOPS.search(told.lower()))
    kept = [
        replace(thing, moves="" if stopped else said.get(thing.name, thing).moves or thing.moves)
        for thing in old.things
    ]
    names = {thing.name for thing in kept} | (OUTDOORS if old.set == "room" else set())
    return (*kept, *(thing for thing in new.things if thing.name not in names))


def _steps(
    request: Request,
    old: Spec,
    new: Spec,
    composition: Composition,
    taken: Taken,
    people: tuple[Person, ...],
) -> tuple[tuple[Step, ...], Pose | None]:
    """The camera's new steps, and the pose of a size that it has to reach."""
    if not request.intent.size or new.size == old.size or not composition.marks:
        return new.steps, None
    view = composition.view
    wanted = compose(replace(old, size=new.size, people=people[:1], shoulder=""),
                     view.width, view.height)  # fmt: skip
    about = [person.name for person in new.people]
    mark = next((m for m in composition.marks if m.person.name in about), composition.marks[0])
    here = taken.was.get(mark.person.name)
    x, z = (here.x, here.z) if here else (mark.x, mark.z)
    depth = wanted.view.distance * view.focal / wanted.view.focal
    at = view.distance + z - depth
    goal = Pose(
        x=wanted.pose.x - wanted.marks[0].x + x, y=wanted.pose.y, z=at, zoom=0.0,
        roll=taken.start.pose.roll, sx=wanted.pose.sx, sy=wanted.pose.sy,
    )  # fmt: skip
    return (Step("reframe"), *(replace(step, joined=True) for step in new.steps)), goal


def _recast(
    composition: Composition, spec: Spec, new: Spec, taken: Taken, size: tuple[int, int]
) -> Composition:
    """Marks for all of `spec`: those that stood keep theirs, the others get places beside them."""
    by_name = {mark.person.name: mark for mark in composition.marks}
    marks = []
    for person in spec.people:
        mark = by_name.pop(person.name, None)
        if mark is not None:
            marks.append(replace(mark, person=person))
            continue
        look = look_of(person.name, person.description, person.tint)
        others = [taken.was[m.person.name].x for m in marks if m.person.name in taken.was]
        middle = taken.start.pose.x
        side = 1.0 if not others or max(others) < middle + 0.4 else -1.0
        beside = (max(others) if side > 0 else min(others)) if others else middle - 0.5 * side
        gap = {"MCU": 0.66, "CU": 0.58, "MS": 0.84}.get(spec.size, 1.1)
        z = (
            taken.was[marks[0].person.name].z
            if marks and marks[0].person.name in taken.was
            else 0.0
        )
        model = composition.marks[0] if composition.marks else None
        faces = -0.7 * side if model else 0.0
        marks.append(_mark(person, look, beside + side * gap, z, faces))
    marks += [mark for mark in by_name.values() if mark.shoulder]
    known = {placed.thing.name: placed for placed in composition.things}
    fresh = {placed.thing.name: placed for placed in
             compose(replace(spec, people=spec.people or new.people), *size).things}  # fmt: skip
    gone = taken.start.pose.x - composition.pose.x
    things: list[Placed] = []
    for thing in spec.things:
        placed = known.get(thing.name)
        if placed is None and thing.name in fresh:
            placed = replace(fresh[thing.name], x=fresh[thing.name].x + gone, subject=False)
        if placed is not None:
            things.append(replace(placed, thing=thing))
    return replace(composition, marks=tuple(marks), things=tuple(things), whole=spec.size in WHOLE)


def _mark(person: Person, look: Any, x: float, z: float, faces: float) -> Any:
    from storyboard.previz.framing import Mark

    return Mark(person, look, x, z, faces)
