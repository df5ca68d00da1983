"""Arms and legs: two bones of paper and what is at their end."""

from __future__ import annotations

import math

from storyboard.previz.painting.svg import (
    Point,
    draw_circle,
    draw_ellipse,
    draw_path,
    draw_polygon,
    place_art,
    smooth_path,
)


def draw_limb(a: Point, b: Point, c: Point, color: str, wide: float, end: float) -> str:
    """Two bones of paper, tapering from `wide` to `end`."""
    mid = (wide + end) / 2 * 1.02
    out = ""
    for (x0, y0), (x1, y1), w0, w1 in ((a, b, wide, mid), (b, c, mid, end)):
        length = math.hypot(x1 - x0, y1 - y0) or 1e-6
        nx, ny = (y1 - y0) / length, -(x1 - x0) / length
        bone = [
            (x0 + nx * w0 / 2, y0 + ny * w0 / 2),
            (x1 + nx * w1 / 2, y1 + ny * w1 / 2),
            (x1 - nx * w1 / 2, y1 - ny * w1 / 2),
            (x0 - nx * w0 / 2, y0 - ny * w0 / 2),
        ]
        out += draw_polygon(bone, color)
    return (
        out
        + draw_circle(*a, wide / 2, color)
        + draw_circle(*b, mid / 2, color)
        + draw_circle(*c, end / 2, color)
    )


def find_joints(
    at: Point, upper: float, lower: float, first: float, second: float
) -> tuple[Point, Point]:
    """(joint, end) of two bones that hang from `at`; angles from straight down, degrees, right."""
    a, b = math.radians(first), math.radians(second)
    joint = (at[0] + math.sin(a) * upper, at[1] + math.cos(a) * upper)
    return joint, (joint[0] + math.sin(b) * lower, joint[1] + math.cos(b) * lower)


def draw_hand(x: float, y: float, skin: str, size: float = 0.021) -> str:
    return draw_ellipse(x, y + 0.010, size * 0.85, size * 1.2, skin)


def draw_shoe(x: float, y: float, color: str, side: float) -> str:
    return draw_path(
        smooth_path([(x - 0.026, y), (x - 0.026, y - 0.030), (x, y - 0.042), (x + 0.026, y - 0.030),
                (x + 0.026 + 0.012 * side, y)]), color,
    )  # fmt: skip


def draw_foot(ankle: Point, turn: float, color: str) -> str:
    shoe = draw_path(smooth_path([(-0.028, 0.036), (-0.030, 0.004), (0.010, -0.006), (0.040, 0.014),
                        (0.070, 0.026), (0.072, 0.036)]), color)  # fmt: skip
    return place_art(
        shoe, ankle[0], ankle[1], 1.0, max(-6.0, -turn * 0.55 if turn < 0 else -turn * 0.7)
    )
