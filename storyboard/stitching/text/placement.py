"""Where something with a `pos` is in the frame."""

from __future__ import annotations

from storyboard.model.film import Pos
from storyboard.stitching.text.text_renderer import Align

_MARGIN = 0.06
"""Of the frame's width and height, between its edges and what is at them."""


def split_pos(pos: Pos) -> tuple[Align | float, Align | float]:
    """Column and row of a position: its edge or middle, or a share of the frame."""
    if not isinstance(pos, str):
        return pos
    words = pos.split("-")
    column: Align = "start" if "left" in words else "end" if "right" in words else "middle"
    row: Align = "start" if "top" in words else "end" if "bottom" in words else "middle"
    return column, row


def find_across(column: Align | float, length: float, width: int) -> float:
    """The pixels across of a line's start, middle or end, inside the frame."""
    margin = width * _MARGIN
    match column:
        case "start":
            return margin
        case "end":
            return width - margin
        case "middle":
            return width / 2
    half = min(length / 2, width / 2)
    return float(min(max(column * width, half), width - half))


def find_top(row: Align | float, block: int, height: int) -> int:
    """The first row of something `block` rows tall, inside the frame."""
    margin = height * _MARGIN
    match row:
        case "start":
            return round(margin)
        case "end":
            return round(height - margin - block)
        case "middle":
            return (height - block) // 2
    return round(min(max(row * height - block / 2, 0), max(0, height - block)))
