"""Blocking in sentences, as a model is told it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from storyboard.graph.blocking.part_blocking import OUT_OF_PICTURE
from storyboard.model.blocking import DEPTHS, SIDES, Placement

_SIDE_WORDS = {"left": "on the left", "right": "on the right", "center": "in the center"}
_DEPTH_WORDS = {"foreground": "in the foreground", "background": "in the background"}
_WAYS_IN = {
    "left": "comes in from the left",
    "right": "comes in from the right",
    "top": "comes in from the top of the picture",
    "bottom": "comes in from the bottom of the picture",
    "foreground": "comes in past the camera",
    "background": "comes in from the background",
}
_WAYS_OUT = {
    "left": "leaves the picture on the left",
    "right": "leaves the picture on the right",
    "top": "leaves the picture at the top",
    "bottom": "leaves the picture at the bottom",
    "foreground": "leaves the picture past the camera",
    "background": "leaves into the background",
}
_LOOKS = {
    "camera": "faces the camera",
    "away": "faces away from the camera",
    "left": "looks to the left",
    "right": "looks to the right",
    OUT_OF_PICTURE: "looks at somebody outside the picture",
}
_TURNS = {
    "camera": "turns to the camera",
    "away": "turns away from the camera",
    "left": "turns to the left",
    "right": "turns to the right",
    OUT_OF_PICTURE: "turns to somebody outside the picture",
}
_POSES = {
    **{verb: f"{verb}s" for verb in ("sit", "stand", "lie", "lean", "kneel", "wait", "sleep")},
    "crouch": "crouches",
}
_DETERMINED = re.compile(
    r"(an?|the|his|her|its|their|my|our|your|some|two|three|both|no|one|each|every|\d+)\b", re.I
)

ToName = Callable[[str], str]
"""How a cast member is called in a sentence."""


def describe_placements(placements: Iterable[Placement], to_name: ToName) -> list[str]:
    """A sentence about each person, as a part of the take starts."""
    sentences = []
    for placement in placements:
        place = _describe_place(placement)
        phrases = []
        if placement.enter:
            phrases.append(_WAYS_IN[placement.enter])
            stays = placement.where == placement.enter
            way = f"stays {place}" if stays else f"goes {_describe_way(placement)}"
            phrases += [way] if place else []
            phrases += [_describe_pose(placement.pose)] if placement.pose else []
        elif placement.pose or place:
            pose = _describe_pose(placement.pose) if placement.pose else "is"
            phrases.append(f"{pose} {place}".strip())
        if placement.faces:
            phrases.append(_LOOKS.get(placement.faces) or f"faces {to_name(placement.faces)}")
        if placement.holds:
            phrases.append(f"holds {_add_article(placement.holds)}")
        if placement.exit:
            phrases.append(_WAYS_OUT[placement.exit])
        sentences += _build_sentence(placement, phrases, to_name)
    return sentences


def describe_changes(
    changes: Iterable[Placement], to_name: ToName, to_clothes: Callable[[str, str], str]
) -> list[str]:
    """A sentence about each change; `to_clothes` describes an outfit of a person."""
    sentences = []
    for change in changes:
        phrases = [_WAYS_IN[change.enter]] if change.enter else []
        if change.where or change.by:
            phrases.append(f"goes {_describe_way(change)}")
        if change.pose:
            phrases.append(_describe_pose(change.pose))
        if change.faces:
            phrases.append(_TURNS.get(change.faces) or f"turns to {to_name(change.faces)}")
        if change.holds:
            phrases.append(f"holds {_add_article(change.holds)}")
        if change.wears:
            phrases.append(f"now wears {to_clothes(change.name, change.wears)}")
        if change.exit:
            phrases.append(_WAYS_OUT[change.exit])
        sentences += _build_sentence(change, phrases, to_name)
    return sentences


def _build_sentence(placement: Placement, phrases: Sequence[str], to_name: ToName) -> list[str]:
    if not phrases:
        return []
    *most, last = phrases
    told = f"{', '.join(most)} and {last}" if most else last
    return [f"{to_name(placement.name)} {told}."]


def _describe_place(placement: Placement) -> str:
    """`on the left in the foreground, by the table`."""
    words = placement.where.split()
    parts = [_SIDE_WORDS[word] for word in words if word in SIDES]
    parts += [_DEPTH_WORDS[word] for word in words if word in DEPTHS]
    beside = f"by {_add_article(placement.by)}" if placement.by else ""
    return " ".join([*parts, *([beside] if beside else [])])


def _describe_way(placement: Placement) -> str:
    """`to the left by the table`; `to the table` where only that is said."""
    words = [f"to the {' '.join(placement.where.split())}"] if placement.where else []
    if placement.by:
        words.append(f"{'by' if words else 'to'} {_add_article(placement.by)}")
    return " ".join(words)


def _describe_pose(pose: str) -> str:
    """A pose as a verb: `sits`; `is on her knees`."""
    first, _, rest = pose.partition(" ")
    first = _POSES.get(first.casefold(), first)
    is_verb = first.endswith("s") and not first.endswith("ss")
    return f"{'' if is_verb else 'is '}{first} {rest}".strip()


def _add_article(thing: str) -> str:
    """`table` -> `the table`; what has an article, or is a name, stays."""
    return thing if _DETERMINED.match(thing) or thing[:1].isupper() else f"the {thing}"
