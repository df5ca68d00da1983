"""Every name in a shot leads to something: shots, cast, speakers; and no shot waits for itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.diagnostics.suggestions import format_suggestion
from storyboard.errors import Span
from storyboard.language.builder import narration
from storyboard.language.builder.context import LayeredValues
from storyboard.language.builder.dialogue import (
    OPTIONS,
    find_dialogue_speakers,
    find_speaker_span,
    reject_further_speakers,
)
from storyboard.language.builder.parsed import ParsedFilm, ParsedShot
from storyboard.model.film import CastKind, CastMember, Clip, FrameRef, References, Shot
from storyboard.model.shot_keys import FIELD_KEYS
from storyboard.model.value_types import SHOT_ID


@dataclass(frozen=True, slots=True)
class ShotReference:
    """One shot's need of another."""

    path: str
    """The key that says so."""
    shot: str
    needs_take: bool = True


def list_shot_references(shot: Shot) -> Iterator[ShotReference]:
    """The other shots that a shot names."""
    for key in FIELD_KEYS:
        value = key.read_value(shot)
        named_shot = value.shot if isinstance(value, (FrameRef, Clip)) else ""
        if key.type is SHOT_ID and value:
            named_shot = value
        if named_shot:
            yield ShotReference(key.name, named_shot, key.needs_take_of)


class ReferenceChecker:
    """Checks the references of built shots against all that was read."""

    def __init__(
        self,
        parsed_film: ParsedFilm,
        cast: Mapping[str, CastMember],
        omitted: frozenset[str],
    ) -> None:
        self._parsed_film = parsed_film
        self._cast = cast
        self._omitted = omitted
        self._takeless_shots = {
            parsed_shot.id: "color" if "color" in parsed_shot.item else "card"
            for parsed_shot in parsed_film.shots
            if "color" in parsed_shot.item or "card" in parsed_shot.item
        }

    def check_shot_reference(
        self,
        values: LayeredValues,
        key_path: str,
        named_shot: str,
        allow_omitted: bool = False,
        needs_take: bool = False,
    ) -> bool:
        """Whether a shot of that id is there to be named; reports it if not."""
        if named_shot not in self._parsed_film.shots_by_id:
            if not self._parsed_film.may_lack_ids:
                others = [
                    shot_id for shot_id in self._parsed_film.shots_by_id if shot_id != values.name
                ]
                near = values.context.suggester.suggest_name(named_shot, others)
                values.add_error("SB201", key_path, f"there is no shot `{named_shot}`", near)
            values.failed = True
            return False
        if named_shot in self._omitted and not allow_omitted:
            place = self._parsed_film.shots_by_id[named_shot].id_span
            hint = "remove `omit` from that shot, or name another shot"
            message = f"`{named_shot}` is omitted and can't be referenced"
            values.add_error("SB205", key_path, message, hint, ((place, f"`{named_shot}`"),))
            return False
        if needs_take and named_shot in self._takeless_shots:
            message = f"`{named_shot}` is a {self._takeless_shots[named_shot]} and has no take"
            values.add_error("SB217", key_path, message, "name a shot that has a take")
            return False
        return True

    def check_name_clashes(self, diagnostics: DiagnosticCollector) -> None:
        """Shots and cast members have different names, or a frame could mean either."""
        for name in self._parsed_film.shots_by_id.keys() & self._parsed_film.cast.keys():
            member = self._parsed_film.cast[name].span
            span = self._parsed_film.shots_by_id[name].id_span
            message = f"`{name}` is both a shot and a cast member"
            diagnostics.add_error(
                "SB204", span, message, "rename one of them", ((member, f"`{name}`"),)
            )

    def check_references(self, parsed_shot: ParsedShot, values: LayeredValues, shot: Shot) -> None:
        """Reports every name of the shot that leads nowhere."""
        for link in list_shot_references(shot):
            self.check_shot_reference(values, link.path, link.shot, shot.omit, link.needs_take)
        for key in FIELD_KEYS:
            frame = key.read_value(shot)
            if isinstance(frame, FrameRef):
                self._check_frame_ref(parsed_shot, values, key.name, frame)
        for index, name in enumerate(values.data.get("cast", ())):
            if self._check_cast_reference(parsed_shot, values, f"cast[{index}]", name):
                self._reject_voice(values, f"cast[{index}]", name)
        sent = () if isinstance(shot.references, References) else shot.references
        for index, name in enumerate(sent):
            path = f"references[{index}]"
            is_seen = self._check_cast_reference(
                parsed_shot, values, path, name
            ) and not self._reject_voice(values, path, name)
            if is_seen and not any(outfit.image for outfit in self._cast[name].wardrobe):
                self._check_cast_picture(values, path, name)
        self._check_shot_place(parsed_shot, values, shot)
        for index, names, item in find_dialogue_speakers(values.data.get("dialogue", ())):
            if not self._parsed_film.may_lack_cast:
                self._check_line_speaker(parsed_shot, values, f"dialogue[{index}]", names, item)
        if not self._parsed_film.may_lack_cast:
            narration_value = values.data.get("narration", ())
            for index, item in enumerate(
                narration_value if isinstance(narration_value, list) else [narration_value]
            ):
                item_path = (
                    f"narration[{index}]" if isinstance(narration_value, list) else "narration"
                )
                if isinstance(item, Mapping):
                    narration.check_narration_voice(values, item_path, item, parsed_shot.scope.cast)

    def _check_line_speaker(
        self,
        parsed_shot: ParsedShot,
        values: LayeredValues,
        key_path: str,
        speaker_names: list[str],
        item: Mapping[str, Any],
    ) -> None:
        """Who speaks a line: one of the cast, and one alone."""
        cast = parsed_shot.scope.cast
        first = reject_further_speakers(values, key_path, item, speaker_names, cast, OPTIONS)
        if first not in cast and not item.get("off"):
            near = values.context.suggester.suggest_name(first, cast)
            hint = near or "add the speaker to the cast, or say `off: true`"
            span = find_speaker_span(values, key_path, first)
            values.context.diagnostics.add_warning(
                "SB212", span, f"`{first}` isn't in the cast", hint
            )

    def _check_frame_ref(
        self, parsed_shot: ParsedShot, values: LayeredValues, key_path: str, frame: FrameRef
    ) -> None:
        for index, name in enumerate(frame.still_cast):
            path = f"{key_path}.cast[{index}]"
            if self._check_cast_reference(parsed_shot, values, path, name):
                self._reject_voice(values, path, name)
        if frame.still_place:
            self._check_named_place(parsed_shot, values, f"{key_path}.place", frame.still_place)
        name = frame.cast
        if not name:
            return
        if name in self._parsed_film.shots_by_id and name not in self._cast:
            hint = f"name one of its frames: `{name}.out` is the last that the audience sees"
            values.add_error("SB207", key_path, f"`{name}` is a shot, not an image", hint)
        elif self._check_cast_reference(
            parsed_shot, values, key_path, name
        ) and not self._reject_voice(values, key_path, name):
            self._check_cast_picture(values, key_path, name)

    def _check_cast_reference(
        self, parsed_shot: ParsedShot, values: LayeredValues, key_path: str, name: str
    ) -> bool:
        if name in parsed_shot.scope.cast:
            return True
        if self._parsed_film.may_lack_cast:
            return False
        elsewhere = self._parsed_film.cast.get(name)
        if elsewhere is not None:
            message = f"`{name}` is in the cast of another file and can be used only there"
            hint = "move it to the cast of the film"
            values.add_error("SB202", key_path, message, hint, ((elsewhere.span, f"`{name}`"),))
            return False
        near = values.context.suggester.suggest_name(name, parsed_shot.scope.cast)
        hint = near or f"add it to the cast: `{name}: {{description: …}}`"
        values.add_error("SB202", key_path, f"`{name}` isn't in the cast", hint)
        return False

    def _reject_voice(self, values: LayeredValues, key_path: str, name: str) -> bool:
        """Whether the name is a voice, which no picture shows; reports it."""
        member, parsed_member = self._cast.get(name), self._parsed_film.cast.get(name)
        if member is None or member.kind is not CastKind.VOICE:
            return False
        related = ((parsed_member.span, f"`{name}`"),) if parsed_member else ()
        values.add_error(
            "SB213",
            key_path,
            f"`{name}` is a voice and can't be in the picture",
            f"delete `{name}` here; it speaks in `dialogue` all the same",
            related,
        )
        return True

    def _check_cast_picture(self, values: LayeredValues, key_path: str, name: str) -> None:
        member, parsed_member = self._cast.get(name), self._parsed_film.cast.get(name)
        if member is None or member.images or member.still:
            return
        if (
            parsed_member is not None
            and parsed_member.data is not None
            and {"image", "images"} & set(parsed_member.data)
        ):
            return  # it names one that couldn't be used, which is said there
        related = ((parsed_member.span, f"`{name}`"),) if parsed_member else ()
        values.add_error(
            "SB214", key_path, f"`{name}` has no image", "add an `image` to it in the cast", related
        )

    def _check_shot_place(self, parsed_shot: ParsedShot, values: LayeredValues, shot: Shot) -> None:
        name = values.data.get("place")
        if name and name == shot.place:
            self._check_named_place(parsed_shot, values, "place", name)

    def _check_named_place(
        self, parsed_shot: ParsedShot, values: LayeredValues, key_path: str, name: str
    ) -> None:
        """A place of the cast, or any words; a name that the cast nearly has is a slip."""
        member = self._cast.get(name)
        if member is not None and name in parsed_shot.scope.cast:
            parsed_member = self._parsed_film.cast[name]
            if member.kind is not CastKind.PLACE and parsed_member.data is not None:
                message = f"`{name}` is a {member.kind}, not a place"
                hint = f"write `kind: place` in the cast if {name} is a place"
                values.add_error(
                    "SB213", key_path, message, hint, ((parsed_member.span, f"`{name}`"),)
                )
        elif not self._parsed_film.may_lack_cast:
            places = [
                cast_member.name
                for cast_member in self._cast.values()
                if cast_member.kind is CastKind.PLACE
            ]
            near = values.context.suggester.find_nearest_name(name, places, 0.72)
            if near:
                values.add_error(
                    "SB202", key_path, f"`{name}` isn't in the cast", format_suggestion(near)
                )


def report_reference_cycles(
    references_by_shot: Mapping[str, Iterable[ShotReference]],
    values_by_shot: Mapping[str, LayeredValues],
    diagnostics: DiagnosticCollector,
) -> frozenset[str]:
    """Reports each circle of shots once, as a path; the ids that lie on one."""
    edges = {
        shot: {link.shot: link for link in reversed(list(found)) if link.needs_take}
        for shot, found in references_by_shot.items()
    }
    found: set[str] = set()
    for circle in _find_cycles(edges):
        if found & set(circle):
            continue
        found |= set(circle)
        spans: list[tuple[Span, str]] = []
        for shot, needed in zip(circle, [*circle[1:], circle[0]], strict=True):
            span = values_by_shot[shot].origins.find_span(edges[shot][needed].path)
            spans.append((span, f"{shot} needs {needed}"))
        path = " -> ".join([*circle, circle[0]])
        message = f"these shots depend on each other: {path}"
        if len(circle) == 1:
            message = f"this shot depends on itself: {path}"
        diagnostics.add_error(
            "SB206", spans[0][0], message, "change one of these references", tuple(spans[1:])
        )
    return frozenset(found)


def _find_cycles(edges: Mapping[str, Mapping[str, ShotReference]]) -> Iterator[list[str]]:
    """Circles that a walk from each shot meets, each rotated to begin with its first shot."""
    order = {shot: index for index, shot in enumerate(edges)}
    done: set[str] = set()
    for root in edges:
        if root in done:
            continue
        trail: list[str] = [root]
        on_trail = {root}
        pending = [iter(edges[root])]
        while trail:
            step = next(pending[-1], None)
            if step is None:
                done.add(trail[-1])
                on_trail.discard(trail.pop())
                pending.pop()
            elif step in on_trail:
                circle = trail[trail.index(step) :]
                first = circle.index(min(circle, key=order.__getitem__))
                yield circle[first:] + circle[:first]
            elif step in edges and step not in done:
                trail.append(step)
                on_trail.add(step)
                pending.append(iter(edges[step]))
