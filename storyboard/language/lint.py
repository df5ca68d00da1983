"""Sound YAML that is probably not what was meant: comments and commas inside prose."""

from __future__ import annotations

import re
from typing import Any

from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from storyboard.errors import Span
from storyboard.language.report import Report
from storyboard.language.source import BREAKS
from storyboard.language.syntax import quoted
from storyboard.language.yaml12 import Map

PROSE = frozenset(
    "prompt title author copyright look description still scene focus light weather mood text card "
    "negative_prompt note continuity camera sound make write how credits voice".split()
)
"""Keys whose value is words for people or models."""
_SPEECH = {"dialogue", "narration"}
_LISTS = ("credits", "sound", "camera")

_CUT = re.compile(r"\S[ \t]#")
_RUN_ON = re.compile(
    r"(and|or|but|nor|with|without|to|as|while|who|which|in|on|at|by|from|of|into|towards?|past"
    r"|through|until) "
)


def check_prose(root: Any, text: str, report: Report) -> None:
    """Warns of texts that end at a ` #`, and of lists that look like one text with a comma.

    One blank before the # is taken for prose, two or more for a comment.
    """
    if not isinstance(root, Map):
        return
    cut = (" #" in text or "\t#" in text) and _CUT.search(text) is not None
    if not cut and not any(f"{key}: [" in text for key in _LISTS):
        return
    lines = BREAKS.split(text) if cut else []
    seen: set[int] = set()
    stack: list[tuple[Any, str, bool]] = [(root.node, "", False)]
    while stack:
        node, key, speech = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            for key_node, value in node.value:
                name = key_node.value if isinstance(key_node, ScalarNode) else ""
                prose = speech and name not in ("at", "off")
                if isinstance(value, ScalarNode):
                    if cut and (prose or name in PROSE):
                        _check_comment(value, lines, root.file, report)
                elif not name.startswith("x-"):
                    stack.append((value, name, speech or name in _SPEECH))
        elif isinstance(node, SequenceNode):
            if node.flow_style and key in _LISTS:
                _check_commas(node, root.file, report)
            for value in node.value:
                if isinstance(value, ScalarNode):
                    if cut and key in PROSE:
                        _check_comment(value, lines, root.file, report)
                else:
                    stack.append((value, key, speech))


def comma_runs(holder: Any) -> dict[str, tuple[str, str]]:
    """Keys of a {} that are the rest of a text which a comma ended.

    Each with the first key of its run, and the line to type instead.
    """
    if not isinstance(holder, Map) or not holder.in_braces:
        return {}
    found: dict[str, tuple[str, str]] = {}
    text: tuple[str, str] | None = None
    rest: list[str] = []

    def close() -> None:
        if text is not None and rest:
            words = ", ".join([text[1], *rest]).replace("\\", "\\\\").replace('"', '\\"')
            hint = f'a comma ends a text inside {{}}; quote the whole text:\n{text[0]}: "{words}"'
            found.update(dict.fromkeys(rest, (rest[0], hint)))

    for key_node, value in holder.node.value:
        scalar = isinstance(value, ScalarNode) and isinstance(key_node, ScalarNode)
        if scalar and value.start_mark.index == value.end_mark.index and not value.style:
            rest.append(key_node.value)
            continue
        close()
        text = (key_node.value, value.value) if scalar and not value.style else None
        rest = []
    close()
    return found


def _check_comment(node: ScalarNode, lines: list[str], file: str, report: Report) -> None:
    mark = node.end_mark
    if node.style or not node.value or mark.line >= len(lines):
        return
    line = lines[mark.line]
    rest = line[mark.column :]
    if rest[:2] not in (" #", "\t#"):
        return
    at = mark.column + 2
    span = Span(file, mark.line + 1, at, mark.line + 1, len(line.rstrip()) + 1)
    report.warning(
        "SB020",
        span,
        "everything from here on is a comment, not part of the text",
        quoted(line)
        or "put the whole text in double quotes; a comment takes two blanks before its #",
    )


def _check_commas(node: SequenceNode, file: str, report: Report) -> None:
    for before, item in zip(node.value, node.value[1:], strict=False):
        plain = isinstance(before, ScalarNode) and isinstance(item, ScalarNode)
        if not plain or before.style or item.style or not _RUN_ON.match(item.value):
            continue
        mark = item.start_mark
        words = f"{before.value}, {item.value}".replace('"', '\\"')
        report.warning(
            "SB021",
            Span(
                file,
                mark.line + 1,
                mark.column + 1,
                item.end_mark.line + 1,
                item.end_mark.column + 1,
            ),
            "the comma before this makes it an item of its own",
            f'quote the text if it is one: "{words}"',
        )
