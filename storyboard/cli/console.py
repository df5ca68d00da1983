"""How things are said: stdout carries the answer, stderr everything said on the way."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from storyboard.cli.terminal.palette import paint, to_terminal_text
from storyboard.errors import Diagnostic, InvalidStoryboard, Severity
from storyboard.printable import to_json_text

_GUTTER_WIDTH = 10
"""Columns beside a source line: its number, the bar, and an ellipsis on either side."""
_USUAL_WIDTH = 80
_choice = "auto"


def set_color(choice: str) -> str:
    """`auto`, `always` or `never`; `auto` lets the environment and the stream decide."""
    global _choice
    _choice = choice
    return choice


def is_colored(stream_is_err: bool = False) -> bool:
    """Whether to colour what goes to stdout (or stderr).

    The flag decides, then NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE, CLICOLOR=0, and the terminal.
    """
    if _choice != "auto":
        return _choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    forced = (os.environ.get("FORCE_COLOR"), os.environ.get("CLICOLOR_FORCE"))
    if any(value not in (None, "", "0") for value in forced):
        return True
    return os.environ.get("CLICOLOR") != "0" and has_cursor_control(stream_is_err)


def has_cursor_control(stream_is_err: bool = False) -> bool:
    """Whether stdout (or stderr) is a terminal that understands more than plain text."""
    stream = sys.stderr if stream_is_err else sys.stdout
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def find_terminal_width(stream_is_err: bool = False) -> int | None:
    """Columns of the terminal that stdout (or stderr) is; None where it is none."""
    stream = sys.stderr if stream_is_err else sys.stdout
    if not stream.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    return os.get_terminal_size(stream.fileno()).columns or _USUAL_WIDTH  # some tell no width


def print_result(text: str) -> None:
    """The command's answer, on stdout."""
    click.echo(to_terminal_text(text, is_colored=is_colored()), color=True)


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document with its format, on stdout."""
    click.echo(to_json_text({"format": 1, **document}, indent=2))


def print_status(text: str) -> None:
    """Something said on the way, on stderr."""
    click.echo(to_terminal_text(text, is_colored=is_colored(True)), err=True, color=True)


def print_error(message: str, hint: str = "") -> None:
    """An error and its cure, on stderr."""
    print_status(f"{paint('error', 'error')}: {message}")
    for line in hint.splitlines():
        print_status(f"{paint('hint', 'hint')}: {line}")


def to_error_json(message: str, hint: str, exit_code: int) -> dict[str, Any]:
    """An error and its cure as JSON has them, beside whatever else is answered."""
    return {"error": {"message": message, "hint": hint, "exit_code": exit_code}}


def print_diagnostics(error: InvalidStoryboard) -> None:
    """Every problem of a film, on stderr."""
    text = format_diagnostics(error.diagnostics, error.texts, on_stderr=True)
    print_status(text.rstrip("\n"))
    print_status(summarize_diagnostics(error.diagnostics))


def format_diagnostics(
    diagnostics: Sequence[Diagnostic],
    texts: Mapping[str, str],
    form: str = "human",
    *,
    on_stderr: bool = False,
) -> str:
    """Diagnostics in one of the forms `human concise github`; notes only where asked for."""
    from storyboard.diagnostics.formatting import WIDTH
    from storyboard.language import format_diagnostics

    terminal_width = find_terminal_width(on_stderr) or WIDTH + _GUTTER_WIDTH
    width = max(20, min(WIDTH, terminal_width - _GUTTER_WIDTH))
    return format_diagnostics(diagnostics, texts, form, paint=paint, width=width)


def to_diagnostic_records(diagnostics: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    """Diagnostics as `check --json` has them."""
    from storyboard.language import to_json_records

    return to_json_records(diagnostics)


def summarize_diagnostics(diagnostics: Sequence[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    parts = []
    for severity in (Severity.ERROR, Severity.WARNING, Severity.NOTE):
        number = sum(diagnostic.severity is severity for diagnostic in diagnostics)
        if number:
            words = f"{number} {severity}{'s' if number > 1 else ''}"
            parts.append(paint(words, str(severity)))
    return ", ".join(parts) or "no problems"


def align_columns(
    rows: Sequence[Sequence[str]], right_aligned: frozenset[int] = frozenset()
) -> list[str]:
    """Rows with their columns aligned two spaces apart; `right_aligned` names those set right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)] if rows else []
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if n in right_aligned else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
