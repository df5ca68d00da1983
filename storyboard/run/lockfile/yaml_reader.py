"""Reads a lock file that people edited, or git merged, with the YAML parser and its lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from storyboard.run.lockfile.entries import lock_file_error
from storyboard.run.lockfile.line_scanner import Items, Node

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONFLICT = re.compile(r"^(<<<<<<<|=======$|>>>>>>>)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class YamlNode:
    """A node of the YAML parser."""

    node: yaml.Node | None

    @property
    def line(self) -> int:
        return self.node.start_mark.line + 1 if self.node else 1

    def read_text(self) -> str | None:
        if self.node is None:
            return ""
        return str(self.node.value) if isinstance(self.node, yaml.ScalarNode) else None

    def read_items(self) -> Items | None:
        if not isinstance(self.node, yaml.MappingNode):
            return None
        return [(str(key.value), YamlNode(value)) for key, value in self.node.value]

    def read_sequence(self) -> list[Node] | None:
        if not isinstance(self.node, yaml.SequenceNode):
            return None
        return [YamlNode(value) for value in self.node.value]


def parse_yaml(text: str, name: str) -> YamlNode:
    """Any YAML text as a tree; raises EnvironmentProblem with the line for what is none."""
    if conflict := _CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        raise lock_file_error(
            name,
            line,
            "the lock file has git conflict markers",
            "keep the lines of both sides and delete the markers; then no take is lost",
        )
    try:
        return YamlNode(yaml.compose(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise lock_file_error(
            name, (mark.line if mark else 0) + 1, error.problem or "invalid YAML"
        ) from None
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise lock_file_error(name, line, "a character that YAML does not allow") from None


def locate_value(text: str, paths: Iterable[Sequence[str]]) -> tuple[int, int, int, int] | None:
    """Lines and columns, from 1, of what a readable lock file says under the first path it has."""
    root = yaml.compose(text, Loader=_Loader)
    for path in paths:
        node = root
        for name in path:
            below = node.value if isinstance(node, yaml.MappingNode) else ()
            node = next((value for each, value in below if each.value == name), None)
        if node is not None:
            start, end = node.start_mark, node.end_mark
            return start.line + 1, start.column + 1, end.line + 1, end.column + 1
    return None
