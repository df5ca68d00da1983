"""How things are said: stdout carries the answer, stderr everything said on the way."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from storyboard.errors import Diagnostic, InvalidStoryboard, Severity

_color: bool | None = None


def set_color(choice: str) -> str:
    """`auto`, `always` or `never`; NO_COLOR counts where the flag leaves it open."""
    global _color
    if choice == "auto":
        _color = False if os.environ.get("NO_COLOR") else None
        if _color is None and os.environ.get("FORCE_COLOR"):
            _color = True
    else:
        _color = choice == "always"
    return choice


def is_colored(stream_is_err: bool = False) -> bool:
    """Whether to colour what goes to stdout (or stderr)."""
    if _color is not None:
        return _color
    stream = sys.stderr if stream_is_err else sys.stdout
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def print_result(text: str) -> None:
    """The command's answer, on stdout."""
    click.echo(text, color=is_colored())


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document with its format, on stdout."""
    click.echo(json.dumps({"format": 1, **document}, ensure_ascii=False, indent=2))


def print_status(text: str) -> None:
    """Something said on the way, on stderr."""
    click.echo(text, err=True, color=is_colored(True))


def print_error(message: str, hint: str = "") -> None:
    """An error and its cure, on stderr."""
    print_status(click.style("error", fg="red", bold=True) + f": {message}")
    for line in hint.splitlines():
        print_status(click.style("hint", fg="cyan") + f": {line}")


def to_error_json(message: str, hint: str, exit_code: int) -> dict[str, Any]:
    """An error and its cure as JSON has them, beside whatever else is answered."""
    return {"error": {"message": message, "hint": hint, "exit_code": exit_code}}


def print_diagnostics(error: InvalidStoryboard) -> None:
    """Every problem of a film, on stderr."""
    print_status(format_diagnostics(error.diagnostics, error.texts).rstrip("\n"))
    print_status(summarize_diagnostics(error.diagnostics))


def format_diagnostics(
    diagnostics: Sequence[Diagnostic], texts: Mapping[str, str], form: str = "human"
) -> str:
    """Diagnostics in one of the forms `human concise github`; notes only where asked for."""
    from storyboard.language import format_diagnostics

    return format_diagnostics(diagnostics, texts, form)


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
            parts.append(f"{number} {severity}{'s' if number > 1 else ''}")
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
