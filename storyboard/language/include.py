"""From files to drafts: the film's own file, every file it includes, each shot in running order."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from storyboard.errors import Span
from storyboard.language.drafts import Draft, Member, Reading, Scope
from storyboard.language.files import FileProblem, Files, film_root
from storyboard.language.lint import check_prose
from storyboard.language.report import Report
from storyboard.language.schema import Checker, Steps, keys, without
from storyboard.language.secrets import mask_secrets, refuse_keys
from storyboard.language.source import Source, Unreadable, read_text
from storyboard.language.yaml12 import Map, Seq, parse

MAX_DEPTH = 8
"""Files that include each other in a row, below the film's own."""
VERSION = 1

_SECTIONS = frozenset("cast profiles sound defaults format policy providers".split())
_UNUSED = ("titles", "sound", "ambience")
_ITS_OWN = (
    *("title", "author", "copyright", "credits", "length", "format", "profiles", "subtitles"),
    *("policy", "providers", "root"),
)
"""What a film says of itself: an included one may say it too, for when it is made alone."""


class Reader:
    """Reads a film and its includes."""

    def __init__(self, report: Report, checker: Checker, files: Files) -> None:
        self.reading = Reading()
        self._report = report
        self._checker = checker
        self._files = files
        self._included: dict[Path, Span] = {}

    def film(self, source: Source, text: str) -> Reading:
        """Reads the film's own text and all that it names."""
        self._included[source.path] = Span(source.name)
        document = self._document(source, text)
        if document is not None:
            header = self._header(document, "film")
            self.reading.film = header
            self._files.root = film_root(header, source.folder, self._report)
            cast = self._cast(header.get("cast"), source, frozenset(), (source.path,))
            self._shots(document, Scope(source, cast), (source.path,))
            self._number_cards()
            if (
                not self.reading.drafts
                and isinstance(document.get("shots"), Seq)
                and not document["shots"]
            ):
                self._report.error("SB022", document.key_span("shots"), "the film has no shots")
        return self.reading

    def _document(self, source: Source, text: str) -> Map | None:
        text, secrets = mask_secrets(text, source.name)
        self.reading.sources[source.name] = source
        self.reading.texts[source.name] = text
        for secret in secrets:
            self._report.add(secret)
        try:
            document, problems = parse(text, source.name)
        except Unreadable as unreadable:
            self._report.add(unreadable.diagnostic)
            return None
        for problem in problems:
            self._report.add(problem)
        if not isinstance(document, Map):
            span = document.span() if isinstance(document, Seq) else Span(source.name)
            hint = "begin with `storyboard: 1`, and put the list under `shots:`"
            self._report.error("SB103", span, "a storyboard is a mapping", hint)
            return None
        version = document.get("storyboard")
        if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
            message = f"this storyboard is of version {version}; this program reads up to {VERSION}"
            self._report.error(
                "SB108", document.value_span("storyboard"), message, "upgrade storyboard"
            )
            return None
        check_prose(document, text, self._report)
        return document

    def _header(self, document: Map, definition: str) -> Map:
        """What is sound of everything but the shots."""
        header = Map(document.node, document.file)
        header.update(document)
        if isinstance(header.get("shots"), Seq):
            header["shots"] = Seq(header["shots"].node, document.file)
        texts = self.reading.texts
        texts[document.file] = refuse_keys(header, texts[document.file], self._report)
        if isinstance(header.get("cast"), Map):
            header["cast"] = self._without_bare(header["cast"])
        held = self._held_settings(header)
        checked = self._checker.check(definition, header)
        header = checked.data
        if held:
            header["providers"] = _joined(header.get("providers"), held)
        for steps in sorted(set(checked.wrong), key=str):
            self._doubt(steps, header)
        return prune(header, checked.wrong)

    def _held_settings(self, header: Map) -> dict[str, Map]:
        """Takes out settings whose adapter brought a schema of its own, checked by that."""
        providers = header.get("providers")
        if not isinstance(providers, Map):
            return {}
        held: dict[str, Map] = {}
        for name, settings in providers.items():
            if isinstance(settings, Map) and self._checker.knows(name, "settings"):
                checked = self._checker.check_fragment(name, "settings", settings)
                held[name] = prune(checked.data, checked.wrong, deep=False)
        for name in held:
            header["providers"] = without(header["providers"], (name,))
        return held

    def _doubt(self, steps: Steps, header: Map) -> None:
        """Keeps a mistake in the header from seeming many mistakes in the shots."""
        reading = self.reading
        if not steps or steps[0] not in keys("film"):
            reading.doubt_cast |= "cast" not in header
            reading.doubt_ids |= "shots" not in header
        elif steps[0] == "cast":
            self._doubt_cast(steps[1:], header["cast"])
        elif steps[0] == "shots":
            reading.doubt_ids = True

    def _doubt_cast(self, steps: Steps, cast: Any) -> None:
        if steps and isinstance(cast, Map) and steps[0] != "include":
            name = str(steps[0])
            self.reading.cast.setdefault(name, Member(name, None, cast.key_span(name)))
        else:
            self.reading.doubt_cast = True

    def _without_bare(self, cast: Map) -> Map:
        """Keeps `ana:` with nothing behind it as a member of whom nothing is said."""
        for name in [name for name, value in cast.items() if value is None and name != "include"]:
            if name.startswith("x-"):
                continue
            span = cast.key_span(name)
            hint = "give a `description` or an `image`, or write {}"
            self._report.warning("SB022", span, f"nothing is said of `{name}`", hint)
            self._join(Member(name, None, span))
            cast = without(cast, (name,))
        return cast

    def _cast(
        self, cast: Any, source: Source, around: frozenset[str], trail: tuple[Path, ...]
    ) -> frozenset[str]:
        """Takes the cast of a file in; the names that its shots may use."""
        if not isinstance(cast, Map):
            return around
        names = set(around)
        if isinstance(cast.get("include"), str):
            names |= self._cast_file(cast, source, trail)
        for name, data in cast.items():
            if name != "include" and not name.startswith("x-"):
                self._join(Member(name, data, cast.key_span(name)))
        return frozenset(names.union(self.reading.cast.keys() & _written(cast)))

    def _join(self, member: Member) -> None:
        known = self.reading.cast.setdefault(member.name, member)
        if known.place != member.place:
            self._report.error(
                "SB203",
                member.place,
                f"`{member.name}` is in the cast twice",
                "rename one of the two, or keep them in one file that both include",
                ((known.place, "the first"),),
            )

    def _cast_file(self, cast: Map, source: Source, trail: tuple[Path, ...]) -> frozenset[str]:
        opened = self._open(cast, source, trail)
        if opened is None:
            self.reading.doubt_cast = True
            return frozenset()
        other, text = opened
        document = self._document(other, text)
        if document is None:
            self.reading.doubt_cast = True
            return frozenset()
        trail = (*trail, other.path)
        if "storyboard" in document or "shots" in document:
            found = self._header(document, "part").get("cast")
        else:
            found = self._bare_file(document)
        return self._cast(found, other, frozenset(), trail)

    def _bare_file(self, document: Map) -> Map:
        """The members of a file that holds a cast and nothing else, under `cast:` or without it."""
        if list(document) == ["cast"] and isinstance(document["cast"], Map):
            document = document["cast"]
        checked = self._checker.check("cast", self._without_bare(document))
        for steps in checked.wrong:
            self._doubt_cast(steps, document)
        return prune(checked.data, checked.wrong, deep=False)

    def _open(
        self, item: Map, source: Source, trail: tuple[Path, ...]
    ) -> tuple[Source, str] | None:
        """The text that an `include` names; None, reported, where it can't be had."""
        name, span = item["include"], item.value_span("include")
        try:
            path = self._files.find(name, source.folder)
        except FileProblem as problem:
            self._report.error(problem.code, span, problem.message, problem.hint)
            return None
        if path in trail:
            circle = [*trail[trail.index(path) :], path]
            message = "these files include each other: " + " -> ".join(each.name for each in circle)
            self._report.error("SB210", span, message)
            return None
        if len(trail) > MAX_DEPTH:
            self._report.error(
                "SB211", span, f"files include each other more than {MAX_DEPTH} deep"
            )
            return None
        display = os.path.normpath(os.path.join(os.path.dirname(source.name), name))  # noqa: PTH118, PTH120 - as written: Path folds no `..`
        try:
            return Source(display, path), read_text(path, display, span)
        except Unreadable as unreadable:
            self._report.add(unreadable.diagnostic)
            return None

    def _shots(self, document: Map, scope: Scope, trail: tuple[Path, ...]) -> None:
        items = document.get("shots")
        if not isinstance(items, Seq):
            self.reading.doubt_ids = True
            return
        for index, item in enumerate(items):
            if not isinstance(item, Map):
                self._checker.check("item", item, items, index)
            elif "include" in item:
                if self._checker.check("include", item).sound:
                    self._part(item, scope, trail)
                else:
                    self.reading.doubt_ids = True
            elif "shots" in item or "sequence" in item:
                self._sequence(item, scope, trail)
            else:
                self._shot(item, scope)

    def _sequence(self, item: Map, scope: Scope, trail: tuple[Path, ...]) -> None:
        header = Map(item.node, item.file)
        header.update(item)
        if isinstance(item.get("shots"), Seq):
            header["shots"] = Seq(item["shots"].node, item.file)
        checked = self._checker.check("sequence", header)
        header = prune(checked.data, checked.wrong, deep=False)
        name = header.get("sequence")
        if isinstance(name, str):
            first = self.reading.sequences.setdefault(name, item.value_span("sequence"))
            if first != item.value_span("sequence"):
                self._report.error(
                    "SB203",
                    item.value_span("sequence"),
                    f"there is a sequence `{name}` already",
                    "give this block an id of its own",
                    ((first, "the first"),),
                )
        inner = Scope(scope.source, scope.cast, (*scope.sequences, header), scope.parts)
        self._shots(item, inner, trail)

    def _part(self, item: Map, scope: Scope, trail: tuple[Path, ...]) -> None:
        opened = self._open(item, scope.source, trail)
        document = self._document(*opened) if opened else None
        if opened is None or document is None:
            self.reading.doubt_ids = self.reading.doubt_cast = True
            return
        source = opened[0]
        span = item.value_span("include")
        first = self._included.setdefault(source.path, span)
        if first != span:
            message = f"`{item['include']}` is included twice, and ids stand once"
            self._report.error("SB203", span, message, related=((first, "the first"),))
            return
        header = self._header(document, "part")
        texts = self.reading.texts
        for key in _UNUSED:
            if key in header:
                self._report.warning(
                    "SB216",
                    document.key_span(key),
                    f"`{key}` of an included file isn't taken over",
                    f"put it into `{next(iter(texts))}`; here it holds for this file alone",
                )
        if idle := [key for key in _ITS_OWN if key in header]:
            names = ", ".join(f"`{key}`" for key in idle)
            self._report.note(
                "SB216",
                document.key_span(idle[0]),
                f"{names} of an included file hold only where it is a film by itself",
                f"`{next(iter(texts))}` says them for the whole film",
            )
        if "shots" not in document:
            self._report.error("SB102", document.span(), "this file has no `shots` to include")
        inner = Scope(
            source,
            self._cast(header.get("cast"), source, scope.cast, (*trail, source.path)),
            scope.sequences,
            (*scope.parts, (source, header)),
        )
        self._shots(document, inner, (*trail, source.path))

    def _shot(self, item: Map, scope: Scope) -> None:
        # asked of the text, so that a wrong `length` is not also said to be missing
        timed = any(each.pair("length") for each in scope.sequences)
        checked = self._checker.check("itemInside" if timed else "item", item)
        said = item.get("id")
        name = said if isinstance(said, str) else ""
        wrong = frozenset(str(steps[0]) for steps in checked.wrong if steps)
        draft = Draft(name, checked.data, scope, not checked.sound, wrong)
        if draft.id:
            first = self.reading.places.setdefault(draft.id, draft)
            if first is not draft:
                draft.broken = True
                self._report.error(
                    "SB203",
                    draft.span,
                    f"there is a shot `{draft.id}` already",
                    "ids are unique over the film; number this one between its neighbours",
                    ((first.span, "the first"),),
                )
                draft.id = ""
        if draft.id in ("start", "end"):
            message = f"`{draft.id}` means the {draft.id} of the film and can't name a shot"
            self._report.error("SB215", draft.span, message)
            draft.broken = True
        self.reading.drafts.append(draft)

    def _number_cards(self) -> None:
        """Gives cards and colours without an id one of their own."""
        for kind in ("card", "color"):
            number = 0
            for draft in self.reading.drafts:
                if draft.id or draft.broken or kind not in draft.item:
                    continue
                number += 1
                while f"{kind.upper()}{number}" in self.reading.places:
                    number += 1
                draft.id = f"{kind.upper()}{number}"
                self.reading.places[draft.id] = draft


def prune(data: Map, wrong: tuple[Steps, ...], *, deep: bool = True) -> Map:
    """The mapping without what is wrong in it: a key of a section, else the whole key."""
    kept = Map(data.node, data.file)
    kept.update(data)
    for steps in wrong:
        if not steps or steps[0] not in kept:
            continue
        section = kept[str(steps[0])]
        if deep and len(steps) > 1 and steps[0] in _SECTIONS and isinstance(section, Map):
            kept[str(steps[0])] = without(section, steps[1:2])
        else:
            del kept[str(steps[0])]
    return kept


def _joined(providers: Any, held: Mapping[str, Map]) -> Any:
    if not isinstance(providers, Map):
        return providers
    whole = Map(providers.node, providers.file)
    whole.update(providers)
    whole.update(held)
    return whole


def _written(cast: Map) -> set[str]:
    """Every name that the text of a cast has, sound or not."""
    return {key.value for key, _ in cast.node.value if isinstance(key.value, str)} | set(cast)
