"""A lock file that people edited, or git merged, read with the YAML parser and its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import yaml

from storyboard.errors import EnvironmentProblem
from storyboard.run.lockfile.entries import (
    DIGEST,
    FORMAT,
    VALUES,
    LockEntry,
    lock_file_error,
    parse_ordinal,
)

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONFLICT = re.compile(r"^(<<<<<<<|=======$|>>>>>>>)", re.MULTILINE)
_WHOLE = {"seed", "frames", "source_frames"}
_NUMBER = re.compile(r"-?\d{1,18}", re.ASCII)
_MAX_LISTED = 9


def parse_lock_yaml(text: str, name: str) -> dict[str, LockEntry]:
    """The entries of any YAML text in the shape of the schema `selects`.

    Raises EnvironmentProblem with the line of the first thing that is wrong.
    """
    if conflict := _CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        raise lock_file_error(
            name,
            line,
            "git left conflict marks",
            "keep the entries of both sides and delete the marks; no take gets lost that way",
        )
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise lock_file_error(
            name, (mark.line if mark else 0) + 1, error.problem or "no YAML"
        ) from None
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise lock_file_error(name, line, "a character that YAML does not allow") from None
    return _EntryReader(name).read_entries(root)


def locate_take_value(
    text: str, digest: str, ordinal: int, key: str
) -> tuple[int, int, int, int] | None:
    """Lines and columns, from 1, of what a readable lock file says under `key` of a take."""
    node = yaml.compose(text, Loader=_Loader)
    for name in ("steps", digest, "takes", f"t{ordinal:02d}", key):
        below = node.value if isinstance(node, yaml.MappingNode) else ()
        node = next((value for each, value in below if each.value == name), None)
    if node is None:
        return None
    start, end = node.start_mark, node.end_mark
    return start.line + 1, start.column + 1, end.line + 1, end.column + 1


class _EntryReader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._errors: list[tuple[int, str]] = []

    def read_entries(self, root: yaml.Node | None) -> dict[str, LockEntry]:
        if root is None:
            raise lock_file_error(self._name, 1, "the lock file is empty")
        items = dict(self._read_items(root, "the lock file"))
        version = items.pop("format", None)
        if version is None or not self._read_text(version).isdigit():
            raise lock_file_error(self._name, 1, "the lock file does not say `format: 1`")
        if int(self._read_text(version)) > FORMAT:
            raise lock_file_error(
                self._name,
                _find_line(version),
                "the lock file was written by a newer storyboard",
                "upgrade storyboard",
            )
        steps = items.pop("steps", None)
        for key, node in items.items():
            raise lock_file_error(self._name, _find_line(node), f"unknown key {key!r}")
        if steps is None or self._is_empty(steps):
            return {}
        entries = {
            self._require_digest(key, node): self._read_entry(node)
            for key, node in self._read_items(steps, "steps")
        }
        if self._errors:
            raise self._combine_errors()
        return entries

    def _combine_errors(self) -> EnvironmentProblem:
        """Every value that can't be, so that a file is mended in one go."""
        (line, first), *rest = sorted(self._errors)
        details = [f"; line {number}: {problem}" for number, problem in rest[:_MAX_LISTED]]
        more = f"; and {len(rest) - _MAX_LISTED} more" if len(rest) > _MAX_LISTED else ""
        return lock_file_error(self._name, line, f"{first}{''.join(details)}{more}")

    def _require_digest(self, key: str, node: yaml.Node) -> str:
        if not DIGEST.fullmatch(key):
            raise lock_file_error(self._name, _find_line(node), f"{key!r} is no step digest")
        return key

    def _read_entry(self, node: yaml.Node) -> LockEntry:
        entry = LockEntry()
        pick_node = node
        for key, value in self._read_items(node, "a step"):
            if key == "shot":
                entry.shot = self._read_text(value)
            elif key == "step":
                entry.step = self._read_text(value)
            elif key == "provider":
                entry.provider = self._read_text(value)
            elif key == "model":
                entry.model = self._read_text(value)
            elif key == "parts":
                entry.parts = {k: self._read_text(v) for k, v in self._read_items(value, "parts")}
            elif key == "takes":
                entry.takes = {
                    self._read_ordinal(k, v): self._read_take(v)
                    for k, v in self._read_items(value, "takes")
                }
            elif key == "pick":
                if not self._is_empty(value):
                    entry.pick = self._read_ordinal(self._read_text(value), value)
                    pick_node = value
            elif key == "rejected":
                if not isinstance(value, yaml.SequenceNode):
                    raise lock_file_error(
                        self._name, _find_line(value), "`rejected` is a list: [t01, t02]"
                    )
                entry.rejected = {self._read_ordinal(self._read_text(v), v) for v in value.value}
            else:
                raise lock_file_error(self._name, _find_line(value), f"unknown key {key!r}")
        if entry.pick not in (None, *entry.takes):
            take_names = ", ".join(f"t{n:02d}" for n in sorted(entry.takes)) or "none"
            self._errors.append(
                (_find_line(pick_node), f"the pick is none of its takes: {take_names}")
            )
        return entry

    def _read_take(self, node: yaml.Node) -> dict[str, Any]:
        take: dict[str, Any] = {}
        for key, value in self._read_items(node, "a take"):
            if key not in VALUES:
                raise lock_file_error(
                    self._name, _find_line(value), f"unknown key {key!r} in a take"
                )
            is_valid, expected = VALUES[key]
            take[key] = self._read_value(key, value)
            if not is_valid(take[key]):
                shown = repr(value.value) if isinstance(value, yaml.ScalarNode) else "this"
                self._errors.append(
                    (_find_line(value), f"{shown} is no {key}, which is {expected}")
                )
        if "sha256" not in take:
            self._errors.append((_find_line(node), "a take needs its sha256"))
        return take

    def _read_value(self, key: str, node: yaml.Node) -> Any:
        """The value as its key wants it where the text is one of those, else the text."""
        if key == "trim":
            return {end: self._read_text(value) for end, value in self._read_items(node, "trim")}
        text = self._read_text(node)
        if key in _WHOLE and _NUMBER.fullmatch(text):
            return int(text)
        if key == "price_usd":
            with suppress(ValueError):
                return float(text)
        return {"true": True, "false": False}.get(text, text) if key == "contains_source" else text

    def _read_ordinal(self, name: str, node: yaml.Node) -> int:
        try:
            return parse_ordinal(name)
        except ValueError as error:
            raise lock_file_error(self._name, _find_line(node), str(error)) from None

    def _read_items(self, node: yaml.Node, label: str) -> Iterator[tuple[str, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise lock_file_error(self._name, _find_line(node), f"{label} must be a block of keys")
        first_lines: dict[str, int] = {}
        for key_node, value in node.value:
            key = self._read_text(key_node)
            if key in first_lines:
                raise lock_file_error(
                    self._name,
                    _find_line(key_node),
                    f"{key!r} stands here again, first on line {first_lines[key]}",
                    "keep one of them, with the takes of both",
                )
            first_lines[key] = _find_line(key_node)
            yield key, value

    def _read_text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise lock_file_error(self._name, _find_line(node), "a single value is wanted here")
        return str(node.value)

    @staticmethod
    def _is_empty(node: yaml.Node) -> bool:
        return isinstance(node, yaml.ScalarNode) and node.value in ("", "null", "~")


def _find_line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
