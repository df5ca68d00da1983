"""Makes any text safe to show: what could steer a terminal or hide words becomes visible.

Texts come from films, file names, services, stores and other programs. Control characters, the
C1 range, bidirectional overrides, line separators and lone surrogates are written as escapes.
"""

from __future__ import annotations

import json
import re
from typing import Any

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|~#])")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}


def escape_unprintable(text: str) -> str:
    r"""The text with `\x1b` for an escape character, and so on; line feeds and tabs stay."""
    return text if text.isascii() and text.isprintable() else _UNSAFE.sub(_write_escape, text)


def to_json_text(value: Any, indent: int | None = None) -> str:
    r"""JSON of `value` that keeps letters of any script, with unsafe characters as `\u202e`."""
    return _UNSAFE.sub(_write_json_escape, json.dumps(value, ensure_ascii=False, indent=indent))


def escape_markdown(text: str) -> str:
    """The text on one line, so that Markdown shows it as it is, also in a table."""
    return _MARKDOWN.sub(r"\\\1", " ".join(escape_unprintable(text).split()))


def escape_graph_label(text: str) -> str:
    """The text on one line as a quoted label of a Mermaid or Graphviz graph."""
    plain = " ".join(escape_unprintable(text).split()).replace("\\", "\\\\")
    return "".join(_HTML.get(sign, sign) for sign in plain)


def _write_escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _write_json_escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code in (0x0A, 0x09):
        return match[0]
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
