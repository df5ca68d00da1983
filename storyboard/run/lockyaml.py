"""A lock file that people edited, or git merged, read with the YAML parser and its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import yaml

from storyboard.errors import EnvironmentProblem
from storyboard.run.locktext import FORMAT, Entry, damaged, ordinal
from storyboard.run.lockvalues import DIGEST, VALUES

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONFLICT = re.compile(r"^(<<<<<<<|=======$|>>>>>>>)", re.MULTILINE)
_WHOLE = {"seed", "frames", "source_frames"}
_NUMBER = re.compile(r"-?\d{1,18}", re.ASCII)
_TOLD = 9


def read_edited(text: str, name: str) -> dict[str, Entry]:
    """The entries of any YAML text in the shape of the schema `selects`.

    Raises EnvironmentProblem with the line of the first thing that is wrong.
    """
    if conflict := _CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        raise damaged(
            name,
            line,
            "git left conflict marks",
            "keep the entries of both sides and delete the marks; no take gets lost that way",
        )
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise damaged(name, (mark.line if mark else 0) + 1, error.problem or "no YAML") from None
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise damaged(name, line, "a character that YAML does not allow") from None
    return _Reader(name).film(root)


def find_key(text: str, digest: str, take: int, key: str) -> tuple[int, int, int, int] | None:
    """Lines and columns, from 1, of what a readable lock file says under `key` of a take."""
    node = yaml.compose(text, Loader=_Loader)
    for name in ("steps", digest, "takes", f"t{take:02d}", key):
        below = node.value if isinstance(node, yaml.MappingNode) else ()
        node = next((value for each, value in below if each.value == name), None)
    if node is None:
        return None
    start, end = node.start_mark, node.end_mark
    return start.line + 1, start.column + 1, end.line + 1, end.column + 1


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._wrong: list[tuple[int, str]] = []

    def film(self, root: yaml.Node | None) -> dict[str, Entry]:
        if root is None:
            raise damaged(self._name, 1, "the lock file is empty")
        items = dict(self._items(root, "the lock file"))
        version = items.pop("format", None)
        if version is None or not self._text(version).isdigit():
            raise damaged(self._name, 1, "the lock file does not say `format: 1`")
        if int(self._text(version)) > FORMAT:
            raise damaged(
                self._name,
                _line(version),
                "the lock file was written by a newer storyboard",
                "upgrade storyboard",
            )
        steps = items.pop("steps", None)
        for key, node in items.items():
            raise damaged(self._name, _line(node), f"unknown key {key!r}")
        if steps is None or self._empty(steps):
            return {}
        entries = {
            self._digest(key, node): self._entry(node) for key, node in self._items(steps, "steps")
        }
        if self._wrong:
            raise self._all_wrong()
        return entries

    def _all_wrong(self) -> EnvironmentProblem:
        """Every value that can't be, so that a file is mended in one go."""
        (line, first), *others = sorted(self._wrong)
        told = [f"; line {number}: {what}" for number, what in others[:_TOLD]]
        more = f"; and {len(others) - _TOLD} more" if len(others) > _TOLD else ""
        return damaged(self._name, line, f"{first}{''.join(told)}{more}")

    def _digest(self, key: str, node: yaml.Node) -> str:
        if not DIGEST.fullmatch(key):
            raise damaged(self._name, _line(node), f"{key!r} is no step digest")
        return key

    def _entry(self, node: yaml.Node) -> Entry:
        entry = Entry()
        picked = node
        for key, value in self._items(node, "a step"):
            if key == "shot":
                entry.shot = self._text(value)
            elif key == "step":
                entry.step = self._text(value)
            elif key == "provider":
                entry.provider = self._text(value)
            elif key == "model":
                entry.model = self._text(value)
            elif key == "parts":
                entry.parts = {k: self._text(v) for k, v in self._items(value, "parts")}
            elif key == "takes":
                entry.takes = {
                    self._ordinal(k, v): self._take(v) for k, v in self._items(value, "takes")
                }
            elif key == "pick":
                if not self._empty(value):
                    entry.pick = self._ordinal(self._text(value), value)
                    picked = value
            elif key == "rejected":
                if not isinstance(value, yaml.SequenceNode):
                    raise damaged(self._name, _line(value), "`rejected` is a list: [t01, t02]")
                entry.rejected = {self._ordinal(self._text(v), v) for v in value.value}
            else:
                raise damaged(self._name, _line(value), f"unknown key {key!r}")
        if entry.pick not in (None, *entry.takes):
            told = ", ".join(f"t{n:02d}" for n in sorted(entry.takes)) or "none"
            self._wrong.append((_line(picked), f"the pick is none of its takes: {told}"))
        return entry

    def _take(self, node: yaml.Node) -> dict[str, Any]:
        take: dict[str, Any] = {}
        for key, value in self._items(node, "a take"):
            if key not in VALUES:
                raise damaged(self._name, _line(value), f"unknown key {key!r} in a take")
            is_one, meant = VALUES[key]
            take[key] = self._value(key, value)
            if not is_one(take[key]):
                shown = repr(value.value) if isinstance(value, yaml.ScalarNode) else "this"
                self._wrong.append((_line(value), f"{shown} is no {key}, which is {meant}"))
        if "sha256" not in take:
            self._wrong.append((_line(node), "a take needs its sha256"))
        return take

    def _value(self, key: str, node: yaml.Node) -> Any:
        """The value as its key wants it where the text is one of those, else the text."""
        if key == "trim":
            return {end: self._text(value) for end, value in self._items(node, "trim")}
        text = self._text(node)
        if key in _WHOLE and _NUMBER.fullmatch(text):
            return int(text)
        if key == "price_usd":
            with suppress(ValueError):
                return float(text)
        return {"true": True, "false": False}.get(text, text) if key == "contains_source" else text

    def _ordinal(self, name: str, node: yaml.Node) -> int:
        try:
            return ordinal(name)
        except ValueError as error:
            raise damaged(self._name, _line(node), str(error)) from None

    def _items(self, node: yaml.Node, what: str) -> Iterator[tuple[str, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise damaged(self._name, _line(node), f"{what} must be a block of keys")
        seen: dict[str, int] = {}
        for key_node, value in node.value:
            key = self._text(key_node)
            if key in seen:
                raise damaged(
                    self._name,
                    _line(key_node),
                    f"{key!r} stands here again, first on line {seen[key]}",
                    "keep one of them, with the takes of both",
                )
            seen[key] = _line(key_node)
            yield key, value

    def _text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise damaged(self._name, _line(node), "a single value is wanted here")
        return str(node.value)

    @staticmethod
    def _empty(node: yaml.Node) -> bool:
        return isinstance(node, yaml.ScalarNode) and node.value in ("", "null", "~")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
