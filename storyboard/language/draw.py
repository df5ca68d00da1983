"""Diagnostics as a person, an editor, a forge or a program reads them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from storyboard.errors import Diagnostic, Severity, Span
from storyboard.language.codes import name_of
from storyboard.language.source import BREAKS

WIDTH = 110
"""Columns of a source line that are shown; a longer one is cut around its caret."""
_TAB = 4
_GITHUB = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def draw(diagnostics: Sequence[Diagnostic], texts: Mapping[str, str], format: str) -> str:
    """The diagnostics as text, ending in a line feed; format is human, concise or github.

    Raises ValueError for another format.
    """
    if format == "human":
        lines = {name: BREAKS.split(text) for name, text in texts.items()}
        return "\n".join(_human(each, lines) for each in diagnostics)
    if format == "concise":
        return "".join(_concise(each) for each in diagnostics)
    if format == "github":
        return "".join(_github(each) for each in diagnostics)
    raise ValueError(f"no format {format!r}")


def as_json(diagnostics: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    """The diagnostics as plain data, in the same order."""
    return [
        {
            "code": each.code,
            "name": name_of(each.code),
            "severity": str(each.severity),
            "message": each.message,
            **_place(each.span),
            "hint": each.hint,
            "related": [{**_place(span), "message": words} for span, words in each.related],
        }
        for each in diagnostics
    ]


def _place(span: Span) -> dict[str, Any]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _human(each: Diagnostic, texts: Mapping[str, list[str]]) -> str:
    span = each.span
    gutter = " " * len(str(span.line))
    drawn = [f"{each.severity}[{each.code}]: {printable(each.message)}"]
    drawn.append(f"{gutter}--> {_spot(span)}")
    lines = texts.get(span.file, [])
    if 0 < span.line <= len(lines) and lines[span.line - 1].strip():
        text, caret = _caret(lines[span.line - 1], span)
        drawn += [f"{gutter} |", f"{span.line} | {text}", f"{gutter} | {caret}"]
    for other, words in each.related:
        drawn.append(f"{gutter} = {_spot(other)}: {printable(words)}")
    head, *rest = each.hint.splitlines() or [""]
    if head:
        drawn.append(f"{gutter} = hint: {printable(head)}")
        drawn += [f"{gutter}         {printable(line)}" for line in rest]
    return "\n".join(drawn) + "\n"


def _concise(each: Diagnostic) -> str:
    severity = "" if each.severity is Severity.ERROR else f"{each.severity}: "
    hint = each.hint.splitlines()[0] if each.hint else ""
    tail = f"; {hint}" if hint else ""
    return f"{_spot(each.span)}: {each.code} {severity}{printable(each.message + tail)}\n"


def _github(each: Diagnostic) -> str:
    span = each.span
    body = each.message + (f"\n{each.hint}" if each.hint else "")
    last = span.end_column - 1 if span.end_line == span.line else span.column
    fields = {
        "file": span.file,
        "line": span.line,
        "endLine": span.end_line,
        "col": span.column,
        "endColumn": max(span.column, last),
        "title": f"{each.code} {name_of(each.code)}",
    }
    told = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in fields.items())
    return f"::{_GITHUB[each.severity]} {told}::{_escaped(body)}\n"


def _escaped(text: str, more: str = "") -> str:
    for sign in "%\r\n" + more:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def _spot(span: Span) -> str:
    return f"{printable(span.file)}:{span.line}:{span.column}"


def _caret(line: str, span: Span) -> tuple[str, str]:
    """The source line as a terminal shows it, and the line that points at the span."""
    begin = min(span.column - 1, len(line))
    end = len(line.rstrip()) if span.end_line > span.line else min(span.end_column - 1, len(line))
    end = max(end, begin)
    before, marked, after = (
        printable(part) for part in (line[:begin], line[begin:end], line[end:])
    )
    if _width(before) > WIDTH // 2:
        before = "…" + _last(before, WIDTH // 2)
    room = max(1, WIDTH - _width(before))
    if _width(marked + after) > room:
        marked, after = _first(marked, room), _first(after, max(0, room - _width(marked))) + "…"
    caret = " " * _width(before) + "^" * max(1, _width(marked))
    return (before + marked + after).rstrip(), caret


def printable(text: str) -> str:
    """The text with tabs as blanks and nothing that could steer a terminal."""
    text = text.replace("\t", " " * _TAB)
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or sign in "\u200d\ufe0f" else "\ufffd" for sign in text
    )


def _width(text: str) -> int:
    """Columns that a terminal gives the text."""
    if text.isascii():
        return len(text)
    total = 0
    for sign in text:
        if unicodedata.category(sign) in ("Mn", "Me", "Cf"):
            continue
        total += 2 if unicodedata.east_asian_width(sign) in ("W", "F") else 1
    return total


def _first(text: str, columns: int) -> str:
    kept = 0
    for index, sign in enumerate(text):
        kept += _width(sign)
        if kept > columns:
            return text[:index]
    return text


def _last(text: str, columns: int) -> str:
    return _first(text[::-1], columns)[::-1]
