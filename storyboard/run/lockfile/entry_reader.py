"""What a lock file means: its takes by step digest, and the decisions people made.

It reads the tree of either parser, and both formats: format 1 has a block for each step digest
under `steps`, format 2 a line for each take under `takes`. A file may have both where git merged
them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from storyboard.errors import EnvironmentProblem
from storyboard.model.take import format_take_name
from storyboard.providers.registry import read_provider_traits
from storyboard.run.lockfile.entries import (
    DIGEST,
    FIELDS,
    FORMAT,
    JUDGMENTS,
    MEDIUM,
    ORIGIN,
    PICK,
    REJECTED,
    TAKES,
    LockEntry,
    find_key_content,
    is_repeatable_key,
    lock_file_error,
    parse_ordinal,
)
from storyboard.run.lockfile.line_scanner import Items, Node

_MAX_LISTED = 9
_KEEP_ONE = "keep one of the two lines and delete the other"
_FIRST_STEPS = "steps"
"""Where format 1 has its takes."""


def read_entries(root: Node, name: str) -> dict[str, LockEntry]:
    """The entries by step digest; `name` is what errors call the file.

    Raises EnvironmentProblem with the lines of all that is wrong, and a cure.
    """
    return _EntryReader(name).read_file(root)


class _EntryReader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._errors: list[tuple[int, str, str]] = []
        """Line, what is wrong there, and its cure where it has one of its own."""
        self._entries: dict[str, LockEntry] = {}
        self._lines: dict[tuple[str, str], int] = {}
        """Where a key of a digest stands first: a take's, or `pick`."""

    def read_file(self, root: Node) -> dict[str, LockEntry]:
        if root.read_text() == "":
            raise lock_file_error(self._name, 1, "the lock file is empty")
        items = self._require_items(root, "the lock file")
        self._check_format(items)
        for key, node in items:
            if key == TAKES:
                self._read_lines(node)
            elif key == _FIRST_STEPS:
                self._read_first_format(node)
            elif key != "format":
                raise self._unknown_key_error(key, node)
        self._check_picks()
        if self._errors:
            raise self._combine_errors()
        return self._entries

    def _check_format(self, items: Items) -> None:
        """A merge may leave the word of either side."""
        versions = [(node.read_text() or "", node.line) for key, node in items if key == "format"]
        if not versions or not all(text.isdecimal() for text, _ in versions):
            raise lock_file_error(self._name, 1, f"the lock file does not say `format: {FORMAT}`")
        version, line = max((int(text), line) for text, line in versions)
        if version > FORMAT:
            raise lock_file_error(
                self._name,
                line,
                "the lock file was written by a newer storyboard",
                "upgrade storyboard",
            )

    # format 2 --------------------------------------------------------------------------------

    def _read_lines(self, node: Node) -> None:
        for key, value in self._read_section(node, TAKES):
            digest, _, name = key.partition("/")
            if not DIGEST.fullmatch(digest):
                raise lock_file_error(
                    self._name, value.line, f"{key!r} does not begin with a step digest"
                )
            if name == PICK:
                self._add_pick(digest, self._require_text(value), value.line)
            elif name == REJECTED:
                self._entries.setdefault(digest, LockEntry()).rejected |= set(
                    self._read_texts(value, REJECTED)
                )
            elif find_key_content(name) or is_repeatable_key(name):
                self._read_take_line(digest, name, value)
            else:
                raise lock_file_error(
                    self._name, value.line, f"{name or key!r} is no take, which is a hash or t01"
                )

    def _read_take_line(self, digest: str, key: str, node: Node) -> None:
        row = self._read_row(node)
        origin = {name: row.pop(name) for name in ORIGIN if name in row}
        if is_repeatable_key(key):
            row["ordinal"] = parse_ordinal(key)
            self._require_value(row, "sha256", node)
        else:
            row["sha256"] = find_key_content(key)
            self._require_value(row, "ordinal", node)
        self._add_take(digest, key, row, origin, node.line)

    # format 1 --------------------------------------------------------------------------------

    def _read_first_format(self, node: Node) -> None:
        for digest, block in self._read_section(node, _FIRST_STEPS):
            if not DIGEST.fullmatch(digest):
                raise lock_file_error(self._name, block.line, f"{digest!r} is no step digest")
            self._read_first_block(digest, block)

    def _read_first_block(self, digest: str, block: Node) -> None:
        origin: dict[str, Any] = {}
        take_nodes: Items = []
        judgments: Items = []
        for key, node in self._require_items(block, "a step"):
            if key == TAKES:
                take_nodes += self._require_items(node, TAKES)
            elif key in (PICK, REJECTED):
                judgments.append((key, node))
            elif key in ORIGIN:
                value = self._read_value(key, node)
                if origin.setdefault(key, value) != value:
                    self._errors.append((node.line, f"{key!r} stands here again", _KEEP_ONE))
            else:
                raise self._unknown_key_error(key, node)
        keys_by_name: dict[str, list[str]] = {}
        for name, node in take_nodes:
            row = {"ordinal": self._parse_name(name, node), **self._read_row(node)}
            if self._require_value(row, "sha256", node):
                is_repeatable = "price_usd" not in row and _is_repeatable(origin)
                key = format_take_name(row["ordinal"]) if is_repeatable else row["sha256"]
                self._add_take(digest, key, row, origin, node.line)
                keys = keys_by_name.setdefault(name, [])
                keys += [key] if key not in keys else []
        self._entries.setdefault(digest, LockEntry(**origin))
        for key, node in judgments:
            self._read_first_judgment(digest, key, node, keys_by_name)

    def _read_first_judgment(
        self, digest: str, key: str, node: Node, keys_by_name: dict[str, list[str]]
    ) -> None:
        if key == PICK and node.read_text() in ("", "null", "~"):
            return
        names = [self._require_text(node)] if key == PICK else self._read_texts(node, REJECTED)
        for name in names:
            if not DIGEST.fullmatch(name):
                self._parse_name(name, node)
            keys = keys_by_name.get(name, [name])
            if key == REJECTED:
                self._entries[digest].rejected |= set(keys)
            elif len(keys) == 1:
                self._add_pick(digest, keys[0], node.line)
            else:
                cure = f"say its sha256 instead of {name}: {' or '.join(keys)}"
                self._errors.append((node.line, f"{name} is the name of two takes", cure))

    # what is added ---------------------------------------------------------------------------

    def _add_take(
        self, digest: str, key: str, row: dict[str, Any], origin: dict[str, Any], line: int
    ) -> None:
        """Enters a take; the line that a merge left twice counts once."""
        entry = self._entries.setdefault(digest, LockEntry())
        if not entry.takes:
            entry = self._entries[digest] = replace(entry, **origin)
        if not is_repeatable_key(key):
            key = entry.enter_purchase(row)
        first_line = self._lines.setdefault((digest, key), line)
        known_row = entry.takes.setdefault(key, row)
        for name in JUDGMENTS:
            if name in row:
                known_row.setdefault(name, row[name])
            elif name in known_row:
                row[name] = known_row[name]
        ignored = MEDIUM if is_repeatable_key(key) else ("created",)
        differing = [
            name for name in FIELDS if name not in ignored and known_row.get(name) != row.get(name)
        ]
        if differing:
            problem = f"this take stands on line {first_line} too, with another"
            self._errors.append((line, f"{problem} {' and '.join(differing)}", _KEEP_ONE))

    def _add_pick(self, digest: str, key: str, line: int) -> None:
        entry = self._entries.setdefault(digest, LockEntry())
        first_line = self._lines.setdefault((digest, PICK), line)
        if entry.pick in (None, key):
            entry.pick = key
            return
        self._errors.append(
            (
                line,
                f"another take of this step is picked on line {first_line}",
                "keep the line of the take that is to play and delete the other",
            )
        )

    def _check_picks(self) -> None:
        for digest, entry in self._entries.items():
            if entry.pick not in (None, *entry.takes):
                names = ", ".join(map(_describe_key, entry.list_keys())) or "none"
                line = self._lines[digest, PICK]
                self._errors.append((line, f"the pick is none of its takes: {names}", ""))

    def _combine_errors(self) -> EnvironmentProblem:
        """Everything that is wrong, so that a file is mended in one go."""
        (line, first, hint), *rest = sorted(self._errors)
        details = [f"; line {number}: {problem}" for number, problem, _ in rest[:_MAX_LISTED]]
        more = f"; and {len(rest) - _MAX_LISTED} more" if len(rest) > _MAX_LISTED else ""
        return lock_file_error(self._name, line, f"{first}{''.join(details)}{more}", hint)

    # values ----------------------------------------------------------------------------------

    def _read_row(self, node: Node) -> dict[str, Any]:
        row: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, value in self._require_items(node, "a take"):
            if key not in FIELDS:
                problem = f"unknown key {key!r} in a take"
                raise lock_file_error(self._name, value.line, problem)
            if key in lines:
                self._errors.append((value.line, f"{key!r} stands here again", "keep one of them"))
            lines[key] = value.line
            row[key] = self._read_value(key, value)
        return row

    def _read_value(self, key: str, node: Node) -> Any:
        """The value; one that can't be is noted as an error and stands for itself."""
        field = FIELDS[key]
        try:
            if field.keys is None:
                return field.parse(self._require_text(node))
            items = self._require_items(node, f"`{key}`")
            if field.keys and any(name not in field.keys for name, _ in items):
                raise ValueError(key)
            return {name: field.parse(self._require_text(value)) for name, value in items}
        except ValueError:
            text = node.read_text()
            shown = "this" if text is None else repr(text)
            problem = f"{shown} is no {key}, which is {field.expected}"
            self._errors.append((node.line, problem, ""))
            return text

    def _require_value(self, row: dict[str, Any], key: str, node: Node) -> bool:
        """Whether the line of a take says what it must; the file is refused where it does not."""
        if row.get(key) is None:
            self._errors.append((node.line, f"a take needs its {key}", ""))
            row[key] = 0 if key == "ordinal" else ""
            return False
        return True

    def _parse_name(self, name: str, node: Node) -> int:
        try:
            return parse_ordinal(name)
        except ValueError as error:
            raise lock_file_error(self._name, node.line, str(error)) from None

    def _read_section(self, node: Node, label: str) -> Items:
        """The items of a section, which may be empty."""
        return [] if node.read_text() in ("", "null", "~") else self._require_items(node, label)

    def _require_items(self, node: Node, label: str) -> Items:
        items = node.read_items()
        if items is None:
            raise lock_file_error(self._name, node.line, f"{label} must be a block of keys")
        return items

    def _read_texts(self, node: Node, label: str) -> list[str]:
        sequence = node.read_sequence()
        if sequence is None:
            raise lock_file_error(self._name, node.line, f"`{label}` is a list: [t01, t02]")
        return [self._require_text(item) for item in sequence]

    def _require_text(self, node: Node) -> str:
        text = node.read_text()
        if text is None:
            raise lock_file_error(self._name, node.line, "a single value is wanted here")
        return text

    def _unknown_key_error(self, key: str, node: Node) -> EnvironmentProblem:
        return lock_file_error(self._name, node.line, f"unknown key {key!r}")


def _is_repeatable(origin: dict[str, Any]) -> bool:
    """Whether takes of format 1 can be made again for nothing; those of an unknown provider not."""
    try:
        return read_provider_traits(str(origin.get("provider", ""))).repeatable
    except EnvironmentProblem:
        return False


def _describe_key(key: str) -> str:
    return key if is_repeatable_key(key) else key[:12]
