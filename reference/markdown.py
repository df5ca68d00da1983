"""Small pieces of Markdown that every page uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence


def format_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table, and an empty one after it."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(_escape_cell(cell) for cell in row) + " |"
    yield ""


def format_block(language: str, text: str) -> str:
    """A fenced block, with an empty line after it."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def join_words(words: Sequence[str], last: str = "and") -> str:
    """`a, b and c`."""
    return f" {last} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


_YAML = re.compile(r"`[^`]*`|\[?\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}\]?|\[[^\[\]]*\](?!\()")


def mark_code(text: str) -> str:
    """The text with YAML in braces and brackets set apart; what is set apart already stays."""
    return _YAML.sub(lambda match: match[0] if match[0][0] == "`" else f"`{match[0]}`", text)


def escape_html(text: str) -> str:
    """The text with `<` made harmless outside of code."""
    return re.sub(r"`[^`]*`|<", lambda match: "&lt;" if match[0] == "<" else match[0], text)


def to_sentence(text: str) -> str:
    """The text with a capital and a full stop."""
    text = " ".join(text.split())
    if not text:
        return ""
    first = text[0] if text[0] == "`" else text[0].upper()
    return first + text[1:] + ("" if text[-1] in ".!?:" else ".")


def to_slug(heading: str) -> str:
    """The anchor that a heading gets, on GitHub as on the site."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def _escape_cell(cell: str) -> str:
    return escape_html(" ".join(cell.split())).replace("|", "\\|")
