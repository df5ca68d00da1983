"""Every name in a shot leads to something: shots, cast, speakers; and no shot waits for itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from storyboard.errors import Span
from storyboard.film import CastKind, CastMember, FrameRef, References, Shot
from storyboard.language import narration
from storyboard.language.drafts import Draft, Reading
from storyboard.language.report import Report
from storyboard.language.speech import OPTIONS, speakers
from storyboard.language.values import Values


@dataclass(frozen=True, slots=True)
class Link:
    """One shot's need of another."""

    path: str
    """The key that says so."""
    shot: str
    needs_take: bool = True


def links(shot: Shot) -> Iterator[Link]:
    """The other shots that a shot names."""
    if shot.extends:
        yield Link("extend", shot.extends)
    if shot.continues:
        yield Link("continue", shot.continues)
    if shot.clip and shot.clip.shot:
        yield Link("clip", shot.clip.shot)
    for path, frame in (("first_frame", shot.first_frame), ("last_frame", shot.last_frame)):
        if frame and frame.shot:
            yield Link(path, frame.shot)
    if shot.match and shot.match.shot:
        yield Link("match", shot.match.shot, needs_take=False)
    if shot.alternate:
        yield Link("alternate", shot.alternate, needs_take=False)


class Resolver:
    """Checks the references of built shots against all that was read."""

    def __init__(
        self,
        reading: Reading,
        cast: Mapping[str, CastMember],
        omitted: frozenset[str],
    ) -> None:
        self._reading = reading
        self._cast = cast
        self._omitted = omitted
        self._empty = {
            draft.id: "color" if "color" in draft.item else "card"
            for draft in reading.drafts
            if "color" in draft.item or "card" in draft.item
        }

    def shot(
        self, values: Values, path: str, name: str, omit: bool = False, take: bool = False
    ) -> bool:
        """Whether a shot of that id is there to be named; reports it if not."""
        if name not in self._reading.places:
            if not self._reading.doubt_ids:
                others = [each for each in self._reading.places if each != values.name]
                near = values.desk.nearest.hint(name, others)
                values.error("SB201", path, f"there is no shot `{name}`", near)
            values.failed = True
            return False
        if name in self._omitted and not omit:
            place = self._reading.places[name].span
            hint = "bring it back, or name another shot"
            message = f"`{name}` is omitted, so nothing can hang on it"
            values.error("SB205", path, message, hint, ((place, f"`{name}`"),))
            return False
        if take and name in self._empty:
            message = f"`{name}` is a {self._empty[name]} and has no take"
            values.error("SB217", path, message, "name a shot that is made or imported")
            return False
        return True

    def clashes(self, report: Report) -> None:
        """Shots and cast members have different names, or a frame could mean either."""
        for name in self._reading.places.keys() & self._reading.cast.keys():
            member = self._reading.cast[name].place
            span = self._reading.places[name].span
            message = f"`{name}` is a shot and in the cast"
            report.error("SB204", span, message, "rename one", ((member, f"`{name}`"),))

    def check(self, draft: Draft, values: Values, shot: Shot) -> None:
        """Reports every name of the shot that leads nowhere."""
        for link in links(shot):
            self.shot(values, link.path, link.shot, shot.omit, link.needs_take)
        for path, frame in (
            ("first_frame", shot.first_frame),
            ("last_frame", shot.last_frame),
            ("match", shot.match),
        ):
            if frame is not None:
                self._frame(draft, values, path, frame)
        for index, name in enumerate(values.data.get("cast", ())):
            self._member(draft, values, f"cast[{index}]", name)
        for index, name in enumerate(
            shot.reference_names if shot.references is References.NAMED else ()
        ):
            if self._member(draft, values, f"references[{index}]", name):
                self._picture(values, f"references[{index}]", name)
        self._place(draft, values, shot)
        for index, names, item in speakers(values.data.get("dialogue", ())):
            if not self._reading.doubt_cast:
                self._speaker(draft, values, f"dialogue[{index}]", names, item)
        if not self._reading.doubt_cast:
            told = values.data.get("narration", ())
            for index, item in enumerate(told if isinstance(told, list) else [told]):
                where = f"narration[{index}]" if isinstance(told, list) else "narration"
                if isinstance(item, Mapping):
                    narration.check_voice(values, where, item, draft.scope.cast)

    def _speaker(
        self, draft: Draft, values: Values, path: str, names: list[str], item: Mapping[str, Any]
    ) -> None:
        """Who speaks a line: one of the cast, and one alone."""
        cast = draft.scope.cast
        first = next((name for name in names if name in cast), names[0])
        for name in names:
            place = f"{path}.{name}"
            span = values.origins.span(path)
            if "." not in name:
                span = values.origins.key_span(place)
            if name == first:
                if name not in cast and not item.get("off"):
                    near = values.desk.nearest.hint(name, cast)
                    hint = near or "add the speaker to the cast, or say `off: true`"
                    message = f"`{name}` isn't in the cast"
                    values.desk.report.warning("SB212", span, message, hint)
                continue
            values.failed = True
            if name in cast:
                lines = "\n".join(
                    f"- {each}: {json.dumps(item[each], ensure_ascii=False)}"
                    for each in (first, name)
                )
                message = f"`{first}` speaks this line, so `{name}` needs one of their own"
                values.desk.report.error("SB107", span, message, f"write two items:\n{lines}")
            else:
                near = values.desk.nearest.hint(name, [*sorted(OPTIONS), *sorted(cast)])
                hint = near or "a line has one speaker, and at, how and off"
                values.desk.report.error("SB101", span, f"unknown key `{name}`", hint)

    def _frame(self, draft: Draft, values: Values, path: str, frame: FrameRef) -> None:
        for index, name in enumerate(frame.still_cast):
            self._member(draft, values, f"{path}.cast[{index}]", name)
        if frame.still_place:
            self._named_place(draft, values, f"{path}.place", frame.still_place)
        name = frame.cast
        if not name:
            return
        if name in self._reading.places and name not in self._cast:
            hint = f"which of its frames? `{name}.out` is the last that the audience sees"
            values.error("SB207", path, f"`{name}` is a shot, not a picture", hint)
        elif self._member(draft, values, path, name):
            self._picture(values, path, name)

    def _member(self, draft: Draft, values: Values, path: str, name: str) -> bool:
        if name in draft.scope.cast:
            return True
        if self._reading.doubt_cast:
            return False
        elsewhere = self._reading.cast.get(name)
        if elsewhere is not None:
            message = f"`{name}` is cast in another file, for its shots only"
            hint = "move it into the cast of the film"
            values.error("SB202", path, message, hint, ((elsewhere.place, f"`{name}`"),))
            return False
        near = values.desk.nearest.hint(name, draft.scope.cast)
        hint = near or f"add it to the cast: `{name}: {{description: …}}`"
        values.error("SB202", path, f"`{name}` isn't in the cast", hint)
        return False

    def _picture(self, values: Values, path: str, name: str) -> None:
        member, written = self._cast.get(name), self._reading.cast.get(name)
        if member is None or member.images or member.still:
            return
        if (
            written is not None
            and written.data is not None
            and {"image", "images"} & set(written.data)
        ):
            return  # it names one that couldn't be used, which is said there
        related = ((written.place, f"`{name}`"),) if written else ()
        values.error("SB214", path, f"`{name}` has no picture", "give it an `image`", related)

    def _place(self, draft: Draft, values: Values, shot: Shot) -> None:
        name = values.data.get("place")
        if name and name == shot.place:
            self._named_place(draft, values, "place", name)

    def _named_place(self, draft: Draft, values: Values, path: str, name: str) -> None:
        """A place of the cast, or any words; a name that the cast nearly has is a slip."""
        member = self._cast.get(name)
        if member is not None and name in draft.scope.cast:
            written = self._reading.cast[name]
            if member.kind is not CastKind.PLACE and written.data is not None:
                message = f"`{name}` is a {member.kind}, not a place"
                hint = f"say `kind: place` in the cast if {name} is one"
                values.error("SB213", path, message, hint, ((written.place, f"`{name}`"),))
        elif not self._reading.doubt_cast:
            places = [each.name for each in self._cast.values() if each.kind is CastKind.PLACE]
            near = values.desk.nearest.word(name, places, 0.72)
            if near:
                values.error(
                    "SB202", path, f"`{name}` isn't in the cast", f"did you mean `{near}`?"
                )


def report_cycles(
    needs: Mapping[str, Iterable[Link]],
    place: Mapping[str, Values],
    report: Report,
) -> frozenset[str]:
    """Reports each circle of shots once, as a path; the ids that lie on one."""
    edges = {
        shot: {link.shot: link for link in reversed(list(found)) if link.needs_take}
        for shot, found in needs.items()
    }
    found: set[str] = set()
    for circle in _circles(edges):
        if found & set(circle):
            continue
        found |= set(circle)
        spans: list[tuple[Span, str]] = []
        for shot, needed in zip(circle, [*circle[1:], circle[0]], strict=True):
            span = place[shot].origins.span(edges[shot][needed].path)
            spans.append((span, f"{shot} needs {needed}"))
        path = " -> ".join([*circle, circle[0]])
        message = f"these shots wait for each other: {path}"
        if len(circle) == 1:
            message = f"this shot waits for itself: {path}"
        report.error(
            "SB206", spans[0][0], message, "begin one of them in another way", tuple(spans[1:])
        )
    return frozenset(found)


def _circles(edges: Mapping[str, Mapping[str, Link]]) -> Iterator[list[str]]:
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
