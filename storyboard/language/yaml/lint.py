"""Sound YAML that is probably not what was meant: comments and commas inside prose."""

from __future__ import annotations

import re
from typing import Any

from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.errors import Span
from storyboard.language.yaml.parser import Map
from storyboard.language.yaml.syntax_errors import quote_entry_text
from storyboard.model.shot_keys import SHOT_KEYS
from storyboard.util.line_breaks import BREAKS

PROSE = frozenset(
    (
        *"title author copyright description still make write how credits voice".split(),
        *(key.name for key in SHOT_KEYS.values() if key.type.is_prose),
    )
)
"""Keys whose value is words for people or models."""
_SPEECH_KEYS = {"dialogue", "narration"}
_LIST_KEYS = ("credits", "sound", "camera")

_COMMENT_START = re.compile(r"\S[ \t]#")
_CONTINUATION = re.compile(
    r"(and|or|but|nor|with|without|to|as|while|who|which|in|on|at|by|from|of|into|towards?|past"
    r"|through|until) "
)


def warn_broken_prose(document: Any, text: str, diagnostics: DiagnosticCollector) -> None:
    """Warns of texts that end at a ` #`, and of lists that look like one text with a comma.

    One blank before the # is taken for prose, two or more for a comment.
    """
    if not isinstance(document, Map):
        return
    cut = (" #" in text or "\t#" in text) and _COMMENT_START.search(text) is not None
    if not cut and not any(f"{key}: [" in text for key in _LIST_KEYS):
        return
    lines = BREAKS.split(text) if cut else []
    visited: set[int] = set()
    stack: list[tuple[Any, str, bool]] = [(document.node, "", False)]
    while stack:
        node, key, speech = stack.pop()
        if id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, MappingNode):
            for key_node, value in node.value:
                name = key_node.value if isinstance(key_node, ScalarNode) else ""
                prose = speech and name not in ("at", "off")
                if isinstance(value, ScalarNode):
                    if cut and (prose or name in PROSE):
                        _warn_text_cut_by_comment(value, lines, document.file, diagnostics)
                elif not name.startswith("x-"):
                    stack.append((value, name, speech or name in _SPEECH_KEYS))
        elif isinstance(node, SequenceNode):
            if node.flow_style and key in _LIST_KEYS:
                _warn_text_split_by_comma(node, document.file, diagnostics)
            for value in node.value:
                if isinstance(value, ScalarNode):
                    if cut and key in PROSE:
                        _warn_text_cut_by_comment(value, lines, document.file, diagnostics)
                else:
                    stack.append((value, key, speech))


def explain_comma_split_keys(mapping: Any) -> dict[str, tuple[str, str]]:
    """Keys of a {} that are the rest of a text which a comma ended.

    Each with the first key of its run, and the line to type instead.
    """
    if not isinstance(mapping, Map) or not mapping.is_in_braces:
        return {}
    runs: dict[str, tuple[str, str]] = {}
    text: tuple[str, str] | None = None
    rest: list[str] = []

    def close_run() -> None:
        if text is not None and rest:
            words = ", ".join([text[1], *rest]).replace("\\", "\\\\").replace('"', '\\"')
            hint = f'put the whole text in quotes, a comma ends it here:\n{text[0]}: "{words}"'
            runs.update(dict.fromkeys(rest, (rest[0], hint)))

    for key_node, value in mapping.node.value:
        scalar = isinstance(value, ScalarNode) and isinstance(key_node, ScalarNode)
        if scalar and value.start_mark.index == value.end_mark.index and not value.style:
            rest.append(key_node.value)
            continue
        close_run()
        text = (key_node.value, value.value) if scalar and not value.style else None
        rest = []
    close_run()
    return runs


def _warn_text_cut_by_comment(
    node: ScalarNode, lines: list[str], file_name: str, diagnostics: DiagnosticCollector
) -> None:
    mark = node.end_mark
    if node.style or not node.value or mark.line >= len(lines):
        return
    line = lines[mark.line]
    rest = line[mark.column :]
    if rest[:2] not in (" #", "\t#"):
        return
    at = mark.column + 2
    span = Span(file_name, mark.line + 1, at, mark.line + 1, len(line.rstrip()) + 1)
    diagnostics.add_warning(
        "SB020",
        span,
        "the rest of the line is a comment, not part of the text",
        quote_entry_text(line)
        or "put the whole text in double quotes; for a comment, type two spaces before the #",
    )


def _warn_text_split_by_comma(
    node: SequenceNode, file_name: str, diagnostics: DiagnosticCollector
) -> None:
    for before, item in zip(node.value, node.value[1:], strict=False):
        plain = isinstance(before, ScalarNode) and isinstance(item, ScalarNode)
        if not plain or before.style or item.style or not _CONTINUATION.match(item.value):
            continue
        mark = item.start_mark
        words = f"{before.value}, {item.value}".replace('"', '\\"')
        diagnostics.add_warning(
            "SB021",
            Span(
                file_name,
                mark.line + 1,
                mark.column + 1,
                item.end_mark.line + 1,
                item.end_mark.column + 1,
            ),
            "the comma before this text makes it a separate item",
            f'if this is one text, put it in quotes: "{words}"',
        )
