"""Diagnostics as a person, an editor, a forge or a program reads them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from storyboard.diagnostics.codes import find_diagnostic_name
from storyboard.errors import Diagnostic, Severity, Span
from storyboard.printable import escape_unprintable
from storyboard.util.line_breaks import BREAKS

WIDTH = 110
"""Columns of a source line that are shown; a longer one is cut around its caret."""
_TAB = 4
_VALUE_WIDTH = 40
_GITHUB = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


Paint: TypeAlias = Callable[[str, str], str]
"""Gives a text the colours of `error`, `warning`, `note` or `hint`."""


def leave_plain(text: str, role: str) -> str:
    """The text in no colour, for what is no terminal."""
    return text


def format_diagnostics(
    diagnostics: Sequence[Diagnostic],
    texts: Mapping[str, str],
    format: str,
    *,
    paint: Paint = leave_plain,
    width: int = WIDTH,
) -> str:
    """The diagnostics as text, ending in a line feed; format is human, concise or github.

    `human` is coloured by `paint`, and cuts source lines that are longer than `width`. Raises
    ValueError for another format.
    """
    if format == "human":
        lines = {name: BREAKS.split(text) for name, text in texts.items()}
        return "\n".join(
            _format_with_source_line(diagnostic, lines, paint, width) for diagnostic in diagnostics
        )
    if format == "concise":
        return "".join(_format_on_one_line(diagnostic) for diagnostic in diagnostics)
    if format == "github":
        return "".join(_format_github_annotation(diagnostic) for diagnostic in diagnostics)
    raise ValueError(f"no format {format!r}")


def to_json_records(diagnostics: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    """The diagnostics as plain data, in the same order."""
    return [
        {
            "code": diagnostic.code,
            "name": find_diagnostic_name(diagnostic.code),
            "severity": str(diagnostic.severity),
            "message": diagnostic.message,
            **_to_json_span(diagnostic.span),
            "hint": diagnostic.hint,
            "related": [
                {**_to_json_span(span), "message": words} for span, words in diagnostic.related
            ],
        }
        for diagnostic in diagnostics
    ]


def _to_json_span(span: Span) -> dict[str, Any]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _format_with_source_line(
    diagnostic: Diagnostic, lines_by_file: Mapping[str, list[str]], paint: Paint, width: int
) -> str:
    span = diagnostic.span
    role = str(diagnostic.severity)
    gutter = " " * len(str(span.line))
    head = paint(f"{diagnostic.severity}[{diagnostic.code}]", role)
    output = [f"{head}: {to_printable(diagnostic.message)}"]
    output.append(f"{gutter}--> {_format_position(span)}")
    lines = lines_by_file.get(span.file, [])
    if 0 < span.line <= len(lines) and lines[span.line - 1].strip():
        text, caret = _draw_line_and_caret(lines[span.line - 1], span, width)
        blank, mark = caret[: -len(caret.strip())], caret.strip()
        output += [f"{gutter} |", f"{span.line} | {text}", f"{gutter} | {blank}{paint(mark, role)}"]
    for other, words in diagnostic.related:
        output.append(f"{gutter} = {_format_position(other)}: {to_printable(words)}")
    first, *rest = diagnostic.hint.splitlines() or [""]
    if first:
        output.append(f"{gutter} = {paint('hint', 'hint')}: {to_printable(first)}")
        output += [f"{gutter}         {to_printable(line)}" for line in rest]
    return "\n".join(output) + "\n"


def _format_on_one_line(diagnostic: Diagnostic) -> str:
    severity = "" if diagnostic.severity is Severity.ERROR else f"{diagnostic.severity}: "
    hint = diagnostic.hint.splitlines()[0] if diagnostic.hint else ""
    tail = f"; {hint}" if hint else ""
    message = to_printable(diagnostic.message + tail)
    return f"{_format_position(diagnostic.span)}: {diagnostic.code} {severity}{message}\n"


def _format_github_annotation(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    body = diagnostic.message + (f"\n{diagnostic.hint}" if diagnostic.hint else "")
    last = span.end_column - 1 if span.end_line == span.line else span.column
    fields = {
        "file": span.file,
        "line": span.line,
        "endLine": span.end_line,
        "col": span.column,
        "endColumn": max(span.column, last),
        "title": f"{diagnostic.code} {find_diagnostic_name(diagnostic.code)}",
    }
    properties = ",".join(
        f"{key}={_escape_for_github(str(value), ':,')}" for key, value in fields.items()
    )
    return f"::{_GITHUB[diagnostic.severity]} {properties}::{_escape_for_github(body)}\n"


def _escape_for_github(text: str, extra_characters: str = "") -> str:
    for sign in "%\r\n" + extra_characters:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def _format_position(span: Span) -> str:
    return f"{to_printable(span.file)}:{span.line}:{span.column}"


def _draw_line_and_caret(line: str, span: Span, width: int) -> tuple[str, str]:
    """The source line as a terminal shows it, and the line that points at the span."""
    begin = min(span.column - 1, len(line))
    end = len(line.rstrip()) if span.end_line > span.line else min(span.end_column - 1, len(line))
    end = max(end, begin)
    before, marked, after = (
        to_printable(part) for part in (line[:begin], line[begin:end], line[end:])
    )
    if _count_terminal_columns(before) > width // 2:
        before = "…" + _keep_last_columns(before, width // 2)
    columns_left = max(1, width - _count_terminal_columns(before))
    if _count_terminal_columns(marked + after) > columns_left:
        marked, after = (
            _keep_first_columns(marked, columns_left),
            _keep_first_columns(after, max(0, columns_left - _count_terminal_columns(marked)))
            + "…",
        )
    caret = " " * _count_terminal_columns(before) + "^" * max(1, _count_terminal_columns(marked))
    return (before + marked + after).rstrip(), caret


def to_printable(text: str) -> str:
    """The text with tabs as blanks and nothing that could steer a terminal."""
    return escape_unprintable(text.replace("\t", " " * _TAB))


def _count_terminal_columns(text: str) -> int:
    """Columns that a terminal gives the text."""
    if text.isascii():
        return len(text)
    total = 0
    for sign in text:
        if unicodedata.category(sign) in ("Mn", "Me", "Cf"):
            continue
        total += 2 if unicodedata.east_asian_width(sign) in ("W", "F") else 1
    return total


def _keep_first_columns(text: str, columns: int) -> str:
    used_columns = 0
    for index, sign in enumerate(text):
        used_columns += _count_terminal_columns(sign)
        if used_columns > columns:
            return text[:index]
    return text


def _keep_last_columns(text: str, columns: int) -> str:
    return _keep_first_columns(text[::-1], columns)[::-1]


def format_value(value: object) -> str:
    """A value as the storyboard would write it, cut where it is long."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, (int, float)):
        return str(value)
    text = " ".join(str(value).split())
    return f'"{text[: _VALUE_WIDTH - 1]}…"' if len(text) > _VALUE_WIDTH else f'"{text}"'
