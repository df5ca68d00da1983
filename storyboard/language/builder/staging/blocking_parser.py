"""Blocking as written -> placements, and whether every name and place in it is known."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from storyboard.language.builder.context import LayeredValues
from storyboard.language.builder.layers import ValueLayer
from storyboard.model.blocking import DEPTHS, LOOKS, SIDES, Placement
from storyboard.model.film import CastKind, CastMember, ValueSource

_SYNONYMS = {"centre": "center", "middle": "center", "front": "foreground", "back": "background"}
_FILLERS = frozenset({"and", "in", "on", "the", "at", "to", "of", "side", "screen", "frame"})
_HEIGHTS = frozenset({"top", "bottom", "up", "down", "above", "below"})
"""Places in the picture that are none on the floor."""
_CAN_BE_PLACED = (CastKind.CHARACTER, CastKind.PROP)


def parse_blocking(
    values: LayeredValues, key_path: str, value: Mapping[str, Any]
) -> tuple[Placement, ...]:
    """Everyone's placement; unknown places are reported."""
    for name, said in _list_people(value):
        if "where" in said:
            _check_where(values, f"{key_path}.{name}.where", said["where"])
    return read_placements(value)


def read_placements(value: Mapping[str, Any]) -> tuple[Placement, ...]:
    """Everyone's placement; nothing is reported."""
    return tuple(_read_placement(name, said) for name, said in _list_people(value))


def _read_placement(name: str, said: Mapping[str, Any]) -> Placement:
    def read_text(key: str) -> str:
        return " ".join(said.get(key, "").split())

    return Placement(
        name,
        where=" ".join(_sort_place_words(_split_where(said.get("where", "")))),
        by=read_text("by"),
        pose=read_text("pose"),
        faces=read_text("faces"),
        holds=read_text("holds"),
        wears=read_text("wears"),
        enter=read_text("enter"),
        exit=read_text("exit"),
    )


def merge_blocking_layers(stack: Iterable[ValueLayer]) -> dict[str, dict[str, Any]]:
    """What a stack of layers, strongest first, says of each person, key by key."""
    merged: dict[str, dict[str, Any]] = {}
    for layer in reversed(tuple(stack)):
        if "blocking" in layer.keys:
            for name, said in _list_people(layer.data["blocking"]):
                merged.setdefault(name, {}).update(said)
    return merged


def _list_people(value: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((name, said) for name, said in value.items() if not name.startswith("x-"))


def _split_where(where: str) -> list[str]:
    """`Left, foreground` -> [left, foreground]."""
    words = re.findall(r"[^\s,/_-]+", where.casefold())
    words = [_SYNONYMS.get(word, word) for word in words]
    return [word for word in words if word not in _FILLERS]


def _sort_place_words(words: Iterable[str]) -> list[str]:
    """The side before the depth."""
    known = {**SIDES, **DEPTHS}
    return sorted(dict.fromkeys(words), key=lambda word: (word not in SIDES, word not in known))


def _check_where(values: LayeredValues, key_path: str, where: str) -> None:
    words = list(dict.fromkeys(_split_where(where)))
    known = (*SIDES, *DEPTHS)
    unknown = [word for word in words if word not in known]
    choices = "use left, center or right, foreground or background, or one of each"
    if unknown or not words:
        near = values.context.suggester.suggest_name(unknown[0], known) if unknown else ""
        beside = "" if _HEIGHTS & {*unknown} else f"; for a thing write `by: {where.strip()}`"
        hint = near or f"{choices}{beside}"
        values.add_error("SB118", key_path, f"`{where.strip()}` is not a place on the floor", hint)
    elif any(sum(word in axis for word in words) > 1 for axis in (SIDES, DEPTHS)):
        message = f"`{where.strip()}` is two places at once"
        values.add_error("SB118", key_path, message, choices)


class BlockingChecker:
    """Checks the names in the blocking of shots against the cast."""

    def __init__(self, cast: Mapping[str, CastMember], may_lack_cast: bool) -> None:
        self._cast = cast
        self._may_lack_cast = may_lack_cast

    def check_blocking(
        self, values: LayeredValues, key_path: str, value: Any, names_in_scope: Collection[str]
    ) -> None:
        """Reports every name that leads nowhere in the blocking of a shot or of a beat."""
        if not isinstance(value, Mapping):
            return
        for name, said in _list_people(value):
            person_path = f"{key_path}.{name}"
            if self._check_person(values, person_path, name, names_in_scope):
                self._check_outfit(values, person_path, name, said)
            if isinstance(said, Mapping):
                self._check_look(values, person_path, name, said, names_in_scope)
                self._reject_edge_of_sequence(values, person_path, said)

    def check_line(
        self, values: LayeredValues, names: Iterable[str], names_in_scope: Collection[str]
    ) -> None:
        """Reports a line of action to somebody who is not in the cast."""
        for index, name in enumerate(names):
            self._check_person(values, f"line[{index}]", name, names_in_scope)

    def check_over(
        self, values: LayeredValues, name: str, shot_cast: Collection[str], shot_id: str
    ) -> None:
        """Reports a shoulder of somebody who is not in the shot."""
        if not name or name in shot_cast:
            return
        people = [
            other
            for other in shot_cast
            if (member := self._cast.get(other)) and member.kind is CastKind.CHARACTER
        ]
        near = values.context.suggester.suggest_name(name, people)
        hint = near or f"cast: [{', '.join((*shot_cast, name))}]"
        message = f"`{name}` isn't in the cast of {shot_id}, and the camera looks over a shoulder"
        values.add_error("SB202", "angle.over", message, hint)

    def note_unseen_people(
        self, values: LayeredValues, key_path: str, value: Any, shot_cast: Collection[str]
    ) -> None:
        """Notes the blocking of people who are not in the shot that places them."""
        if not isinstance(value, Mapping):
            return
        for name, _ in _list_people(value):
            path = f"{key_path}.{name}"
            origin = values.origins.get(path)
            if name in shot_cast or origin is None or origin.layer is not ValueSource.SHOT:
                continue
            if name not in self._cast or self._cast[name].kind not in _CAN_BE_PLACED:
                continue  # which is an error
            values.context.diagnostics.add_note(
                "SB219",
                values.origins.find_key_span(path),
                f"`{name}` isn't in the cast of {values.name}, so these words don't reach a model",
                f"cast: [{', '.join((*shot_cast, name))}]   # puts {name} in the picture",
            )

    def _check_person(
        self, values: LayeredValues, key_path: str, name: str, names_in_scope: Collection[str]
    ) -> bool:
        if name not in names_in_scope:
            if not self._may_lack_cast:
                near = values.context.suggester.suggest_name(name, names_in_scope)
                hint = near or f"add it to the cast: `{name}: {{description: …}}`"
                message = f"`{name}` isn't in the cast"
                values.add_error("SB202", key_path, message, hint, at_key=True)
            return False
        kind = self._cast[name].kind
        if kind in _CAN_BE_PLACED:
            return True
        message = f"`{name}` is a {kind} and stands nowhere in the picture"
        hint = f"delete `{name}` here, or write `kind: character` in the cast"
        values.add_error("SB213", key_path, message, hint, at_key=True)
        return False

    def _check_outfit(
        self, values: LayeredValues, person_path: str, name: str, said: Mapping[str, Any]
    ) -> None:
        outfit = said.get("wears")
        member = self._cast[name]
        if not isinstance(outfit, str) or member.find_outfit(outfit):
            return
        names = [known.name for known in member.wardrobe]
        hint = values.context.suggester.suggest_name(outfit, names)
        if not hint and names:
            hint = f"the wardrobe of {name} has {', '.join(names)}"
        hint = hint or (
            f"add it to the cast: `{name}: {{wardrobe: {{{outfit}: {{description: …}}}}}}`"
        )
        message = f"`{outfit}` isn't in the wardrobe of {name}"
        values.add_error("SB220", f"{person_path}.wears", message, hint)

    def _check_look(
        self,
        values: LayeredValues,
        person_path: str,
        name: str,
        said: Mapping[str, Any],
        names_in_scope: Collection[str],
    ) -> None:
        faces = said.get("faces")
        if not isinstance(faces, str) or faces in LOOKS or self._may_lack_cast:
            return
        if faces == name:
            message = f"`{name}` can't face {name}"
        elif faces not in names_in_scope:
            message = f"`{faces}` isn't in the cast"
        elif self._cast[faces].kind is CastKind.VOICE:
            message = f"`{faces}` is a voice, which nobody can face"
        else:
            return
        others = [other for other in names_in_scope if other != name]
        near = values.context.suggester.suggest_name(faces, [*others, *LOOKS])
        hint = near or f"use a cast name, {', '.join(LOOKS[:-1])} or {LOOKS[-1]}"
        values.add_error("SB202", f"{person_path}.faces", message, hint)

    def _reject_edge_of_sequence(
        self, values: LayeredValues, person_path: str, said: Mapping[str, Any]
    ) -> None:
        """Who comes or goes does so in one shot."""
        for key in ("enter", "exit"):
            origin = values.origins.get(f"{person_path}.{key}")
            if key in said and origin is not None and origin.layer is ValueSource.SEQUENCE:
                values.add_error(
                    "SB111",
                    f"{person_path}.{key}",
                    f"`{key}` has no effect in a sequence: it happens in one shot",
                    f"move `{key}` to the `blocking` of that shot, or of one of its beats",
                    at_key=True,
                )
