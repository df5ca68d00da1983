"""Reads the text of a lock file that is laid out as we write it, a line at a time, and quickly.

It knows how lines are built, not what they mean: a key to a line, two more spaces to a level, and
as a value JSON, a word or a list of words.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

Items: TypeAlias = "list[tuple[str, Node]]"
"""Keys and values in their order; a key may come twice."""


class Node(Protocol):
    """A value of a lock file, whoever read it; what reads another kind of value gives None."""

    @property
    def line(self) -> int:
        """From 1."""

    def read_text(self) -> str | None:
        """The text of a single value; of nothing, an empty one."""

    def read_items(self) -> Items | None:
        """What a mapping holds."""

    def read_sequence(self) -> list[Node] | None:
        """What a list holds."""


@dataclass(slots=True)
class LineNode:
    """A value on one line, or the block that begins on the line below."""

    line: int
    value: str | Items | tuple[Node, ...]

    def read_text(self) -> str | None:
        return self.value if isinstance(self.value, str) else None

    def read_items(self) -> Items | None:
        return self.value if isinstance(self.value, list) else None

    def read_sequence(self) -> list[Node] | None:
        return list(self.value) if isinstance(self.value, tuple) else None


_LINE = re.compile(r"( *)([A-Za-z0-9_][A-Za-z0-9_./-]*):(?: (\S.*))?")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*")
_WORDS = re.compile(rf"\[(?:{_WORD.pattern}(?:, {_WORD.pattern})*)?\]")


def scan_lines(text: str) -> LineNode | None:
    """The text as a tree; None where it is laid out otherwise, as by a person."""
    root: Items = []
    blocks = [root]
    for number, line in enumerate(text.split("\n"), 1):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        indent, key, value = match.groups()
        depth = len(indent) // 2
        if len(indent) % 2 or depth > len(blocks):
            return None
        if depth == len(blocks):
            parent = blocks[-1][-1][1] if blocks[-1] else None
            if not isinstance(parent, LineNode) or parent.value != "":
                return None
            parent.value = []
            blocks.append(parent.value)
        del blocks[depth + 1 :]
        try:
            blocks[depth].append((key, _parse_value(number, value or "")))
        except (ValueError, RecursionError):
            return None
    return LineNode(1, root)


def _parse_value(line: int, text: str) -> LineNode:
    if text.startswith(("{", '"')):
        return _build_node(line, _DECODER.decode(text))
    if not text or _WORD.fullmatch(text):
        return LineNode(line, text)
    if _WORDS.fullmatch(text):
        return LineNode(line, tuple(LineNode(line, word) for word in _WORD.findall(text)))
    raise ValueError(text)


def _build_node(line: int, value: Any) -> LineNode:
    if isinstance(value, _Pairs):
        return LineNode(line, [(key, _build_node(line, item)) for key, item in value])
    if isinstance(value, list):
        return LineNode(line, tuple(_build_node(line, item) for item in value))
    if isinstance(value, bool) or value is None:
        return LineNode(line, {True: "true", False: "false", None: "null"}[value])
    return LineNode(line, value)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with all of its keys, also those that come twice."""


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_int=str, parse_float=str, parse_constant=str
)
