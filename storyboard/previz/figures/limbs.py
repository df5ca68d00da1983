"""Arms and legs: two paper bones with a hand or a shoe at the end."""

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


def draw_limb(
    start: Point, joint: Point, tip: Point, color: str, start_width: float, tip_width: float
) -> str:
    """Two paper bones, tapering from `start_width` to `tip_width`."""
    mid = (start_width + tip_width) / 2 * 1.02
    out = ""
    for (x0, y0), (x1, y1), w0, w1 in (
        (start, joint, start_width, mid),
        (joint, tip, mid, tip_width),
    ):
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
        + draw_circle(*start, start_width / 2, color)
        + draw_circle(*joint, mid / 2, color)
        + draw_circle(*tip, tip_width / 2, color)
    )


def find_joint_and_end(
    start: Point, upper_length: float, lower_length: float, upper_angle: float, lower_angle: float
) -> tuple[Point, Point]:
    """(joint, end) of two bones that hang from `start`; angles from straight down to the right,
    degrees.
    """
    a, b = math.radians(upper_angle), math.radians(lower_angle)
    joint = (start[0] + math.sin(a) * upper_length, start[1] + math.cos(a) * upper_length)
    return joint, (joint[0] + math.sin(b) * lower_length, joint[1] + math.cos(b) * lower_length)


def draw_hand(x: float, y: float, skin_color: str) -> str:
    return draw_ellipse(x, y + 0.010, 0.021 * 0.85, 0.021 * 1.2, skin_color)


def draw_shoe_from_front(x: float, y: float, color: str, side: float) -> str:
    return draw_path(
        smooth_path([(x - 0.026, y), (x - 0.026, y - 0.030), (x, y - 0.042), (x + 0.026, y - 0.030),
                (x + 0.026 + 0.012 * side, y)]), color,
    )  # fmt: skip


def draw_shoe_from_side(ankle: Point, leg_angle: float, color: str) -> str:
    shoe = draw_path(smooth_path([(-0.028, 0.036), (-0.030, 0.004), (0.010, -0.006), (0.040, 0.014),
                        (0.070, 0.026), (0.072, 0.036)]), color)  # fmt: skip
    return place_art(
        shoe,
        ankle[0],
        ankle[1],
        1.0,
        max(-6.0, -leg_angle * 0.55 if leg_angle < 0 else -leg_angle * 0.7),
    )
