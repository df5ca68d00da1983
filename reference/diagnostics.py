"""The page of diagnostics: every code that `check` may show."""

from __future__ import annotations

from collections.abc import Iterator

from reference.markdown import format_table
from storyboard.diagnostics.codes import CODES

_INTRODUCTION = """\
# Diagnostics

`storyboard check FILM` reports every problem of a film at once. Each problem has a code, the place
in the file, a sentence, and a hint that says what to write instead. The code of a problem never
changes, and no number is used again, so that you can search for it or filter by it.

A problem is an *error*, a *warning* or a *note*. A film with errors is not planned, and `check`
ends with exit code 1. `--strict` counts warnings as errors too. `-v` shows the notes.
"""
_GROUPS = {
    "SB0": "The text of the file",
    "SB1": "The shape: keys and values",
    "SB2": "References: shots, cast and points of the film",
    "SB3": "Time and the cut",
    "SB4": "What a model can do",
    "SB5": "Files",
    "SB6": "Type: letters and lines",
}


def build_diagnostics_page() -> str:
    """The whole page, as Markdown."""
    return "\n".join(_list_lines()).rstrip() + "\n"


def _list_lines() -> Iterator[str]:
    yield _INTRODUCTION
    for prefix, title in _GROUPS.items():
        yield f"## {title}\n"
        rows = [
            (f"`{code}`", f"`{entry.name}`", entry.meaning)
            for code, entry in CODES.items()
            if code.startswith(prefix)
        ]
        yield from format_table(("code", "name", "means"), rows)
