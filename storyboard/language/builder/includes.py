"""From files to drafts: the film's own file, every file it includes, each shot in running order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.errors import Span
from storyboard.language.builder.media_files import FileProblem, MediaFiles, find_film_root
from storyboard.language.builder.parsed import ParsedCastMember, ParsedFilm, ParsedShot, Scope
from storyboard.language.builder.secrets import (
    mask_secrets_with_errors,
    remove_and_mask_secret_keys,
)
from storyboard.language.schema.checker import SchemaChecker
from storyboard.language.schema.definitions import Steps, copy_without_key, list_definition_keys
from storyboard.language.yaml.lint import warn_broken_prose
from storyboard.language.yaml.lookalikes import (
    find_wrong_character,
    name_character,
    to_plain_text,
)
from storyboard.language.yaml.parser import Map, Seq, parse_yaml_with_problems
from storyboard.language.yaml.source import Source, UnreadableSource, read_source
from storyboard.util.known_secrets import KnownSecrets

MAX_DEPTH = 8
"""Files that include each other in a row, below the film's own."""
VERSION = 1

_SECTION_KEYS = frozenset("cast profiles sound defaults format policy providers".split())
_UNUSED_KEYS = ("titles", "fonts", "styles", "sound", "ambience", "markers")
_ITS_OWN = (
    *("title", "author", "copyright", "credits", "length", "format", "profiles", "subtitles"),
    *("policy", "providers", "root"),
)
"""What a film says of itself: an included one may say it too, for when it is made alone."""


class IncludeReader:
    """Reads a film and its includes."""

    def __init__(
        self,
        diagnostics: DiagnosticCollector,
        checker: SchemaChecker,
        files: MediaFiles,
        known_secrets: KnownSecrets,
    ) -> None:
        self.parsed_film = ParsedFilm()
        self._diagnostics = diagnostics
        self._checker = checker
        self._files = files
        self._known_secrets = known_secrets
        self._included: dict[Path, Span] = {}

    def read_film(self, source: Source, text: str) -> ParsedFilm:
        """Reads the film's own text and all that it names."""
        self._included[source.path] = Span(source.name)
        document = self._parse_document(source, text)
        if document is not None:
            header = self._extract_valid_header(document, "film")
            self.parsed_film.film = header
            self._files.root = find_film_root(header, source.folder, self._diagnostics)
            cast = self._read_cast(header.get("cast"), source, frozenset(), (source.path,))
            self._read_shots(document, Scope(source, cast), (source.path,))
            self._assign_card_ids()
            if (
                not self.parsed_film.shots
                and isinstance(document.get("shots"), Seq)
                and not document["shots"]
            ):
                self._diagnostics.add_error(
                    "SB022", document.find_key_span("shots"), "the film has no shots"
                )
        return self.parsed_film

    def _parse_document(self, source: Source, text: str) -> Map | None:
        text, secrets = mask_secrets_with_errors(text, source.name, self._known_secrets)
        self.parsed_film.sources[source.name] = source
        self.parsed_film.texts[source.name] = text
        for secret in secrets:
            self._diagnostics.add(secret)
        try:
            document, problems = parse_yaml_with_problems(text, source.name)
        except UnreadableSource as unreadable:
            self._diagnostics.add(unreadable.diagnostic)
            return None
        for problem in problems:
            self._diagnostics.add(problem)
        if not isinstance(document, Map):
            span = document.find_span() if isinstance(document, Seq) else Span(source.name)
            hint = "start the file with `storyboard: 1` and put the list under `shots:`"
            self._diagnostics.add_error(
                "SB103", span, "a storyboard must be a mapping (`key: value` lines)", hint
            )
            return None
        version = document.get("storyboard")
        if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
            message = (
                f"the storyboard has version {version}; this program reads versions up to {VERSION}"
            )
            self._diagnostics.add_error(
                "SB108", document.find_value_span("storyboard"), message, "upgrade storyboard"
            )
            return None
        warn_broken_prose(document, text, self._diagnostics)
        return document

    def _extract_valid_header(self, document: Map, definition: str) -> Map:
        """What is sound of everything but the shots."""
        header = Map(document.node, document.file)
        header.update(document)
        if isinstance(header.get("shots"), Seq):
            header["shots"] = Seq(header["shots"].node, document.file)
        texts = self.parsed_film.texts
        texts[document.file] = remove_and_mask_secret_keys(
            header, texts[document.file], self._diagnostics, self._known_secrets
        )
        if isinstance(header.get("cast"), Map):
            header["cast"] = self._extract_bare_members(header["cast"])
        header = self._keep_valid_adapter_settings(header)
        checked = self._checker.check_value(definition, header)
        header = checked.data
        for steps in sorted(set(checked.wrong), key=str):
            self._mark_possibly_lost_names(steps, header)
        return copy_without_wrong_keys(header, checked.wrong)

    def _keep_valid_adapter_settings(self, header: Map) -> Map:
        """The header with settings of adapters checked by the schemas that the adapters bring."""
        profiles = header.get("profiles")
        holders: list[tuple[str, ...]] = [("providers",)]
        holders += [
            ("profiles", name, "providers")
            for name in (profiles if isinstance(profiles, Map) else ())
            if not name.startswith("x-")
        ]
        for steps in holders:
            providers = _find_map(header, steps)
            for name, settings in providers.items() if providers is not None else ():
                if isinstance(settings, Map) and self._checker.has_provider_schema(
                    name, "settings"
                ):
                    checked = self._checker.check_provider_section(name, "settings", settings)
                    valid = copy_without_wrong_keys(checked.data, checked.wrong, deep=False)
                    header = _copy_with_value(header, (*steps, name), valid)
        return header

    def _mark_possibly_lost_names(self, error_path: Steps, header: Map) -> None:
        """Keeps a mistake in the header from seeming many mistakes in the shots."""
        parsed_film = self.parsed_film
        if not error_path or error_path[0] not in list_definition_keys("film"):
            parsed_film.may_lack_cast |= "cast" not in header
            parsed_film.may_lack_ids |= "shots" not in header
        elif error_path[0] == "cast":
            self._mark_possibly_lost_cast(error_path[1:], header["cast"])
        elif error_path[0] == "shots":
            parsed_film.may_lack_ids = True

    def _mark_possibly_lost_cast(self, error_path: Steps, cast: Any) -> None:
        if error_path and isinstance(cast, Map) and error_path[0] != "include":
            name = str(error_path[0])
            self.parsed_film.cast.setdefault(
                name, ParsedCastMember(name, None, cast.find_key_span(name))
            )
        else:
            self.parsed_film.may_lack_cast = True

    def _extract_bare_members(self, cast: Map) -> Map:
        """Keeps `ana:` with nothing behind it as a member of whom nothing is said."""
        for name in [name for name, value in cast.items() if value is None and name != "include"]:
            if name.startswith("x-"):
                continue
            span = cast.find_key_span(name)
            hint = "add a `description` or an `image`, or write {}"
            self._diagnostics.add_warning("SB022", span, f"`{name}` has no description", hint)
            self._add_cast_member(ParsedCastMember(name, None, span))
            cast = copy_without_key(cast, (name,))
        return cast

    def _read_cast(
        self,
        cast: Any,
        source: Source,
        outer_names: frozenset[str],
        include_chain: tuple[Path, ...],
    ) -> frozenset[str]:
        """Takes the cast of a file in; the names that its shots may use."""
        if not isinstance(cast, Map):
            return outer_names
        names = set(outer_names)
        if isinstance(cast.get("include"), str):
            names |= self._read_cast_file(cast, source, include_chain)
        for name, data in cast.items():
            if name != "include" and not name.startswith("x-"):
                self._add_cast_member(ParsedCastMember(name, data, cast.find_key_span(name)))
        return frozenset(names.union(self.parsed_film.cast.keys() & _list_cast_names(cast)))

    def _check_name(self, name: str, span: Span) -> None:
        """Refuses a name with a character that can't be seen or that names don't hold."""
        if character := find_wrong_character(name):
            plain = to_plain_text(name).strip("\"' ")
            hint = f"rename it to `{plain}`" if plain not in ("", name) else ""
            message = f"a name can't contain {name_character(character)}"
            self._diagnostics.add_error("SB105", span, message, hint)

    def _add_cast_member(self, member: ParsedCastMember) -> None:
        self._check_name(member.name, member.span)
        known = self.parsed_film.cast.setdefault(member.name, member)
        if known.span != member.span:
            self._diagnostics.add_error(
                "SB203",
                member.span,
                f"`{member.name}` is in the cast twice",
                "rename one of the two, or define the member once, in a file that both files "
                "include",
                ((known.span, "first defined here"),),
            )

    def _read_cast_file(
        self, cast: Map, source: Source, include_chain: tuple[Path, ...]
    ) -> frozenset[str]:
        include = self._read_included_text(cast, source, include_chain)
        if include is None:
            self.parsed_film.may_lack_cast = True
            return frozenset()
        other, text = include
        document = self._parse_document(other, text)
        if document is None:
            self.parsed_film.may_lack_cast = True
            return frozenset()
        include_chain = (*include_chain, other.path)
        if "storyboard" in document or "shots" in document:
            cast_section = self._extract_valid_header(document, "part").get("cast")
        else:
            cast_section = self._extract_valid_cast(document)
        return self._read_cast(cast_section, other, frozenset(), include_chain)

    def _extract_valid_cast(self, document: Map) -> Map:
        """The members of a file that holds a cast and nothing else, under `cast:` or without it."""
        if list(document) == ["cast"] and isinstance(document["cast"], Map):
            document = document["cast"]
        checked = self._checker.check_value("cast", self._extract_bare_members(document))
        for steps in checked.wrong:
            self._mark_possibly_lost_cast(steps, document)
        return copy_without_wrong_keys(checked.data, checked.wrong, deep=False)

    def _read_included_text(
        self, item: Map, source: Source, include_chain: tuple[Path, ...]
    ) -> tuple[Source, str] | None:
        """The text that an `include` names; None, reported, where it can't be had."""
        name, span = item["include"], item.find_value_span("include")
        try:
            path = self._files.find_file(name, source.folder)
        except FileProblem as problem:
            self._diagnostics.add_error(problem.code, span, problem.message, problem.hint)
            return None
        if path in include_chain:
            circle = [*include_chain[include_chain.index(path) :], path]
            message = "these files include each other: " + " -> ".join(file.name for file in circle)
            self._diagnostics.add_error("SB210", span, message)
            return None
        if len(include_chain) > MAX_DEPTH:
            self._diagnostics.add_error(
                "SB211", span, f"includes are nested more than {MAX_DEPTH} levels deep"
            )
            return None
        display = os.path.normpath(os.path.join(os.path.dirname(source.name), name))  # noqa: PTH118, PTH120 - as written: Path folds no `..`
        try:
            return Source(display, path), read_source(path, display, span)
        except UnreadableSource as unreadable:
            self._diagnostics.add(unreadable.diagnostic)
            return None

    def _read_shots(self, document: Map, scope: Scope, include_chain: tuple[Path, ...]) -> None:
        items = document.get("shots")
        if not isinstance(items, Seq):
            self.parsed_film.may_lack_ids = True
            return
        for index, item in enumerate(items):
            if not isinstance(item, Map):
                self._checker.check_value("item", item, items, index)
            elif "include" in item:
                if self._checker.check_value("include", item).is_valid:
                    self._read_included_shots(item, scope, include_chain)
                else:
                    self.parsed_film.may_lack_ids = True
            elif "shots" in item or "sequence" in item:
                self._read_sequence(item, scope, include_chain)
            else:
                self._read_shot(item, scope)

    def _read_sequence(self, item: Map, scope: Scope, include_chain: tuple[Path, ...]) -> None:
        header = Map(item.node, item.file)
        header.update(item)
        if isinstance(item.get("shots"), Seq):
            header["shots"] = Seq(item["shots"].node, item.file)
        checked = self._checker.check_value("sequence", header)
        header = copy_without_wrong_keys(checked.data, checked.wrong, deep=False)
        name = header.get("sequence")
        if isinstance(name, str):
            first = self.parsed_film.sequences.setdefault(name, item.find_value_span("sequence"))
            if first != item.find_value_span("sequence"):
                self._diagnostics.add_error(
                    "SB203",
                    item.find_value_span("sequence"),
                    f"duplicate sequence id `{name}`",
                    "give this sequence a different id",
                    ((first, "first defined here"),),
                )
        inner = Scope(scope.source, scope.cast, (*scope.sequences, header), scope.includes)
        self._read_shots(item, inner, include_chain)

    def _read_included_shots(
        self, item: Map, scope: Scope, include_chain: tuple[Path, ...]
    ) -> None:
        include = self._read_included_text(item, scope.source, include_chain)
        document = self._parse_document(*include) if include else None
        if include is None or document is None:
            self.parsed_film.may_lack_ids = self.parsed_film.may_lack_cast = True
            return
        source = include[0]
        span = item.find_value_span("include")
        first = self._included.setdefault(source.path, span)
        if first != span:
            message = f"`{item['include']}` is included twice, so its ids would be duplicates"
            self._diagnostics.add_error(
                "SB203", span, message, related=((first, "first defined here"),)
            )
            return
        header = self._extract_valid_header(document, "part")
        texts = self.parsed_film.texts
        for key in _UNUSED_KEYS:
            if key in header:
                self._diagnostics.add_warning(
                    "SB216",
                    document.find_key_span(key),
                    f"`{key}` of an included file is ignored",
                    f"move it to `{next(iter(texts))}`; here it applies only when this file "
                    "is rendered by itself",
                )
        if idle := [key for key in _ITS_OWN if key in header]:
            names = ", ".join(f"`{key}`" for key in idle)
            self._diagnostics.add_note(
                "SB216",
                document.find_key_span(idle[0]),
                f"{names} of an included file apply only when that file is rendered by itself",
                f"set them in `{next(iter(texts))}` for the whole film",
            )
        if "shots" not in document:
            self._diagnostics.add_error(
                "SB102", document.find_span(), "the included file has no `shots`"
            )
        inner = Scope(
            source,
            self._read_cast(header.get("cast"), source, scope.cast, (*include_chain, source.path)),
            scope.sequences,
            (*scope.includes, (source, header)),
        )
        self._read_shots(document, inner, (*include_chain, source.path))

    def _read_shot(self, item: Map, scope: Scope) -> None:
        # asked of the text, so that a wrong `length` is not also said to be missing
        has_outer_length = any(sequence.find_node_pair("length") for sequence in scope.sequences)
        checked = self._checker.check_value("itemInside" if has_outer_length else "item", item)
        id_value = item.get("id")
        name = id_value if isinstance(id_value, str) else ""
        wrong = frozenset(str(steps[0]) for steps in checked.wrong if steps)
        parsed_shot = ParsedShot(name, checked.data, scope, not checked.is_valid, wrong)
        if parsed_shot.id:
            first = self.parsed_film.shots_by_id.setdefault(parsed_shot.id, parsed_shot)
            if first is not parsed_shot:
                parsed_shot.broken = True
                self._diagnostics.add_error(
                    "SB203",
                    parsed_shot.id_span,
                    f"duplicate shot id `{parsed_shot.id}`",
                    "give this shot an id between those of its neighbours; ids are unique in "
                    "the whole film",
                    ((first.id_span, "first defined here"),),
                )
                parsed_shot.id = ""
        if parsed_shot.id and not parsed_shot.broken:
            self._check_name(parsed_shot.id, parsed_shot.id_span)
        if parsed_shot.id in ("start", "end"):
            message = (
                f"`{parsed_shot.id}` can't be a shot id: it means the {parsed_shot.id} of the film"
            )
            self._diagnostics.add_error("SB215", parsed_shot.id_span, message)
            parsed_shot.broken = True
        self.parsed_film.shots.append(parsed_shot)

    def _assign_card_ids(self) -> None:
        """Gives cards and colours without an id one of their own."""
        for kind in ("card", "color"):
            number = 0
            for parsed_shot in self.parsed_film.shots:
                if parsed_shot.id or parsed_shot.broken or kind not in parsed_shot.item:
                    continue
                number += 1
                while f"{kind.upper()}{number}" in self.parsed_film.shots_by_id:
                    number += 1
                parsed_shot.id = f"{kind.upper()}{number}"
                self.parsed_film.shots_by_id[parsed_shot.id] = parsed_shot


def copy_without_wrong_keys(data: Map, wrong_paths: tuple[Steps, ...], *, deep: bool = True) -> Map:
    """The mapping without what is wrong in it: a key of a section, else the whole key."""
    pruned = Map(data.node, data.file)
    pruned.update(data)
    for steps in wrong_paths:
        if not steps or steps[0] not in pruned:
            continue
        section = pruned[str(steps[0])]
        if deep and len(steps) > 1 and steps[0] in _SECTION_KEYS and isinstance(section, Map):
            pruned[str(steps[0])] = copy_without_key(section, steps[1:2])
        else:
            del pruned[str(steps[0])]
    return pruned


def _find_map(data: Any, steps: tuple[str, ...]) -> Map | None:
    """The mapping at `steps`; None where something else, or nothing, stands on the way."""
    for step in steps:
        data = data.get(step) if isinstance(data, Map) else None
    return data if isinstance(data, Map) else None


def _copy_with_value(data: Map, steps: tuple[str, ...], value: Any) -> Map:
    """A copy of mappings within mappings, with another value at `steps`."""
    copy = Map(data.node, data.file)
    copy.update(data)
    step, *rest = steps
    copy[step] = _copy_with_value(data[step], tuple(rest), value) if rest else value
    return copy


def _list_cast_names(cast: Map) -> set[str]:
    """Every name that the text of a cast has, sound or not."""
    return {key.value for key, _ in cast.node.value if isinstance(key.value, str)} | set(cast)
