"""The colours of a terminal, by what they say; nothing is said by colour alone.

Only ANSI base colours, which a terminal's theme makes legible on its own background. Yellow, white
and grey vanish on a white one, and blue on a black one, so none of them is used, nor faint text.
"""

from __future__ import annotations

import re
import secrets
from typing import Literal, TypeAlias

from storyboard.printable import escape_unprintable

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


_SGR_COLORS = {"red": "31", "green": "32", "magenta": "35", "cyan": "36"}
_MARK = f"\0{secrets.token_hex(8)}:"
"""Begins a colour that this program wants; nobody else knows it, so no other text can colour."""
_COLOR_MARK = re.compile(f"{_MARK}([0-9;]*)\0")
_SGR = re.compile("\x1b\\[([0-9;]*)m")


def paint(text: str, role: str) -> str:
    """The text in the colours of its role; what prints it leaves them out where none are wanted."""
    color, is_bold = _COLORS[role]
    codes = [_SGR_COLORS[color]] if color else []
    codes += ["1"] if is_bold else []
    return "".join(f"{_MARK}{code}\0" for code in codes) + f"{text}{_MARK}0\0"


def to_marked_colors(line: str) -> str:
    """A line that rich has coloured, with our marks in place of its escape sequences."""
    return _SGR.sub(lambda match: f"{_MARK}{match[1] or '0'}\0", line)


def to_terminal_text(text: str, *, is_colored: bool) -> str:
    """The one door to a terminal or a pipe: our colours, and nothing else that could steer it."""
    parts = _COLOR_MARK.split(text)
    # Texts and the codes of colours take turns.
    return "".join(
        escape_unprintable(part) if number % 2 == 0 else (f"\x1b[{part}m" if is_colored else "")
        for number, part in enumerate(parts)
    )


def to_rich_style(role: str) -> str:
    """The same colours in the words of rich; none for no role."""
    color, is_bold = _COLORS.get(role, (None, False))
    return " ".join(filter(None, ("bold" if is_bold else "", color))) or "none"
