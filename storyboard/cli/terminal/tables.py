"""Tables: laid out for the terminal they are shown on, and plain and whole for a pipe.

A terminal that is narrow gets shorter paths first, then fewer columns; ids are never shortened.
What a pipe gets does not depend on any terminal, so that a script may read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from storyboard.cli import console
from storyboard.cli.terminal.palette import paint, to_marked_colors, to_rich_style
from storyboard.printable import escape_unprintable

_GAP = 2
_LEAST_WIDTH = 16
"""Columns below which words are not wrapped and paths are not shortened."""


class Narrowing(Enum):
    """What a column does where the terminal is too narrow for it."""

    KEEP = auto()
    WRAP = auto()
    """Its words go on in a second line."""
    SHORTEN = auto()
    """It loses its middle, as a path can."""


@dataclass(frozen=True, slots=True)
class Column:
    heading: str = ""
    drop_rank: int = 0
    """Where the table is too wide, the column with the highest goes first; 0 always stays."""
    narrowing: Narrowing = Narrowing.KEEP
    is_right_aligned: bool = False


def format_table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    roles: Sequence[str] = (),
    *,
    on_stderr: bool = False,
) -> list[str]:
    """The lines of a table; `roles` gives rows the colour of a role of the palette, "" of none."""
    roles = roles or [""] * len(rows)
    rows = [[escape_unprintable(" ".join(cell.split("\n"))) for cell in row] for row in rows]
    width = console.find_terminal_width(on_stderr)
    if width is None:
        return _format_plain_table(columns, rows, roles)
    return _format_terminal_table(columns, rows, roles, width)


def shorten_middle(text: str, width: int) -> str:
    """The text without its middle where it is longer than `width`; more of its end is kept."""
    if len(text) <= width:
        return text
    head = (width - 1) // 3
    tail = width - 1 - head
    return f"{text[:head]}…{text[len(text) - tail :]}"


def _format_plain_table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], roles: Sequence[str]
) -> list[str]:
    right_aligned = frozenset(i for i, column in enumerate(columns) if column.is_right_aligned)
    headings = [column.heading for column in columns]
    has_headings = any(headings)
    lines = console.align_columns([headings, *rows] if has_headings else rows, right_aligned)
    line_roles = ["heading", *roles] if has_headings else roles
    return [
        paint(line, role) if role else line for line, role in zip(lines, line_roles, strict=True)
    ]


def _format_terminal_table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], roles: Sequence[str], width: int
) -> list[str]:
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    natural_widths = [
        max(map(cell_len, (column.heading, *(row[i] for row in rows))))
        for i, column in enumerate(columns)
    ]
    widths = fit_widths(columns, natural_widths, width)
    table = Table(
        box=None,
        show_header=any(column.heading for column in columns),
        header_style=to_rich_style("heading"),
        padding=(0, _GAP, 0, 0),
        pad_edge=False,
    )
    for i, column_width in widths.items():
        column = columns[i]
        is_wrapped = column.narrowing is Narrowing.WRAP
        table.add_column(
            column.heading,
            width=column_width,
            no_wrap=not is_wrapped,
            overflow="fold" if is_wrapped else "crop",
            justify="right" if column.is_right_aligned else "left",
        )
    for row, role in zip(rows, roles, strict=True):
        cells = [
            shorten_middle(row[i], column_width)
            if columns[i].narrowing is Narrowing.SHORTEN
            else row[i]
            for i, column_width in widths.items()
        ]
        table.add_row(*map(Text, cells), style=to_rich_style(role))
    rich_console = Console(
        width=max(width, sum(widths.values()) + _GAP * len(widths)),
        force_terminal=True,
        color_system="standard",
        no_color=False,
        legacy_windows=False,
    )
    with rich_console.capture() as capture:
        rich_console.print(table)
    return [to_marked_colors(line.rstrip()) for line in capture.get().splitlines()]


def fit_widths(
    columns: Sequence[Column], natural_widths: Sequence[int], width: int
) -> dict[int, int]:
    """By index of a column that is shown, how wide it is.

    What may be narrower becomes so, the widest first; where that is not enough, columns go in the
    order of their `drop_rank`. A table of what must stay may still be wider than `width`.
    """
    widths = {i: natural for i, natural in enumerate(natural_widths) if natural}
    while True:
        narrowed = _narrow_columns(columns, widths, width)
        droppable = [i for i in widths if columns[i].drop_rank]
        if _measure_row(narrowed) <= width or not droppable:
            return narrowed
        del widths[max(droppable, key=lambda i: columns[i].drop_rank)]


def _narrow_columns(
    columns: Sequence[Column], widths: dict[int, int], width: int
) -> dict[int, int]:
    narrowed = dict(widths)
    for narrowing in (Narrowing.SHORTEN, Narrowing.WRAP):
        flexible = [i for i in widths if columns[i].narrowing is narrowing]
        for i in sorted(flexible, key=lambda i: widths[i], reverse=True):
            excess = _measure_row(narrowed) - width
            if excess > 0:
                narrowed[i] = max(min(_LEAST_WIDTH, widths[i]), widths[i] - excess)
    return narrowed


def _measure_row(widths: dict[int, int]) -> int:
    return sum(widths.values()) + _GAP * max(0, len(widths) - 1)
