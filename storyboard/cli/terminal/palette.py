"""The colours of a terminal, by what they say; nothing is said by colour alone.

Only ANSI base colours, which a terminal's theme makes legible on its own background. Yellow, white
and grey vanish on a white one, and blue on a black one, so none of them is used, nor faint text.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import click

Role: TypeAlias = Literal[
    "error", "warning", "note", "hint", "heading", "new", "changed", "imported", "refused"
]

_COLORS: dict[str, tuple[str | None, bool]] = {
    "error": ("red", True),
    "warning": ("magenta", True),
    "note": ("cyan", True),
    "hint": ("cyan", False),
    "heading": (None, True),
    "new": ("green", False),
    "changed": ("magenta", False),
    "imported": ("cyan", False),
    "refused": ("red", False),
}
"""By role, the colour and whether it is bold."""


def paint(text: str, role: str) -> str:
    """The text in the colours of its role; what prints it leaves them out where none are wanted."""
    color, is_bold = _COLORS[role]
    return click.style(text, fg=color, bold=is_bold or None)


def to_rich_style(role: str) -> str:
    """The same colours in the words of rich; none for no role."""
    color, is_bold = _COLORS.get(role, (None, False))
    return " ".join(filter(None, ("bold" if is_bold else "", color))) or "none"
