"""A lock file that people edited, or git merged, read with the YAML parser and its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from storyboard.run.locktext import FORMAT, KEYS, Entry, damaged, ordinal

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CONFLICT = re.compile(r"^(<<<<<<<|=======$|>>>>>>>)", re.MULTILINE)
_WHOLE = {"seed", "frames", "source_frames"}
_TEXT = {"sha256", "operation", "rate", "note", "created"}
_FRAMES = re.compile(r"-?\d+f")


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


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name

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
        return {
            self._digest(key, node): self._entry(node) for key, node in self._items(steps, "steps")
        }

    def _digest(self, key: str, node: yaml.Node) -> str:
        if not _DIGEST.fullmatch(key):
            raise damaged(self._name, _line(node), f"{key!r} is no step digest")
        return key

    def _entry(self, node: yaml.Node) -> Entry:
        entry = Entry()
        for key, value in self._items(node, "a step"):
            if key in KEYS[:4]:
                setattr(entry, key, self._text(value))
            elif key == "parts":
                entry.parts = {k: self._text(v) for k, v in self._items(value, "parts")}
            elif key == "takes":
                entry.takes = {
                    self._ordinal(k, v): self._take(v) for k, v in self._items(value, "takes")
                }
            elif key == "pick":
                if not self._empty(value):
                    entry.pick = self._ordinal(self._text(value), value)
            elif key == "rejected":
                if not isinstance(value, yaml.SequenceNode):
                    raise damaged(self._name, _line(value), "`rejected` is a list: [t01, t02]")
                entry.rejected = {self._ordinal(self._text(v), v) for v in value.value}
            else:
                raise damaged(self._name, _line(value), f"unknown key {key!r}")
        return entry

    def _take(self, node: yaml.Node) -> dict[str, Any]:
        take: dict[str, Any] = {}
        for key, value in self._items(node, "a take"):
            told = take[key] = self._value(key, value)
            if told is None:
                raise damaged(self._name, _line(value), f"{self._text(value)!r} is no {key}")
        if not _DIGEST.fullmatch(take.get("sha256", "")):
            raise damaged(self._name, _line(node), "a take needs its sha256")
        return take

    def _value(self, key: str, node: yaml.Node) -> Any:
        """The typed value, or None when the text is none of that type."""
        if key == "trim":
            return self._trim(node)
        text = self._text(node)
        if key in _TEXT:
            return text
        if key in _WHOLE:
            return int(text) if re.fullmatch(r"-?\d+", text) else None
        if key == "contains_source":
            return {"true": True, "false": False}.get(text)
        if key == "price_usd":
            try:
                return float(text)
            except ValueError:
                return None
        raise damaged(self._name, _line(node), f"unknown key {key!r} in a take")

    def _trim(self, node: yaml.Node) -> dict[str, str]:
        trim = {key: self._text(value) for key, value in self._items(node, "trim")}
        if trim.keys() - {"start", "end"} or not all(map(_FRAMES.fullmatch, trim.values())):
            raise damaged(
                self._name,
                _line(node),
                "a trim is {start: 12f, end: -5f}, in frames of the take",
            )
        return trim

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
