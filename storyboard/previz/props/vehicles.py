"""Vehicles on water, rail, road and in the air. They look right."""

from __future__ import annotations

import random

from storyboard.previz.painting.colors import COLORS, shade_color
from storyboard.previz.painting.svg import (
    draw_circle,
    draw_curve,
    draw_ellipse,
    draw_glow,
    draw_line,
    draw_path,
    draw_polygon,
    draw_rect,
    fmt,
    place_art,
    smooth_path,
)
from storyboard.previz.props.prop import Prop


def _choose_paint_color(words: str, rng: random.Random, *fallback_colors: str) -> str:
    return next((COLORS[w] for w in words.split() if w in COLORS), rng.choice(fallback_colors))


def _draw_boat_and_lights(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = _choose_paint_color(color_words, rng, "#a8402f", "#2f6173", "#d3a745", "#4f6f5a", "#e4dbc6")
    out = draw_line([(0.55, -0.6), (0.55, -3.1)], "#5a4332", 0.07)
    out += draw_curve("M0.55,-3.05 L2.3,-0.85 M0.55,-3.05 L-2.0,-0.9", "#4a3b30", 0.022)
    out += draw_rect(-0.95, -1.62, 1.15, 1.0, "#ece3cf", 0.04) + draw_rect(
        -1.05, -1.74, 1.35, 0.15, shade_color(c, -0.2), 0.03
    )
    out += draw_rect(-0.8, -1.42, 0.36, 0.36, "#3d5361", 0.03) + draw_rect(
        -0.30, -1.42, 0.36, 0.36, "#3d5361", 0.03
    )
    out += draw_path(
        "M-2.45,-0.80 Q0,-0.42 2.75,-1.08 Q2.5,-0.35 2.05,0.05 L-2.05,0.05 Q-2.4,-0.3 -2.45,-0.80Z",
        c,
    )
    out += draw_curve("M-2.42,-0.72 Q0,-0.34 2.70,-0.98", "#f0e7d2", 0.07)
    out += draw_path(
        "M-2.2,-0.22 Q0,-0.02 2.25,-0.22 L2.05,0.05 L-2.05,0.05Z", shade_color(c, -0.4), 0.75
    )
    for x in (-1.5, -0.6, 1.35):
        out += draw_circle(x, -0.30 - (0.04 if x > 1 else 0), 0.10, "#2c3036")
    lit = draw_rect(-0.8, -1.42, 0.36, 0.36, "#ffd88a", 0.03) + draw_circle(
        0.55, -3.14, 0.07, "#ffe9b0"
    )
    return out, lit


def _draw_sailboat(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = _choose_paint_color(color_words, rng, "#7a3b2e", "#2c4a63", "#e9e2d2")
    sail = "#f2e8d2"
    out = draw_line([(0.1, -0.5), (0.1, -6.2)], "#6a5140", 0.10)
    out += draw_path("M0.0,-6.1 Q-1.1,-3.4 -2.4,-1.0 L-0.02,-0.92Z", sail) + draw_path(
        "M0.22,-5.9 Q1.5,-3.0 2.6,-1.1 L0.22,-0.95Z", shade_color(sail, -0.10)
    )
    for y in (-1.9, -3.0, -4.2):
        out += draw_line([(-2.1 - (y + 1.9) * 0.55, y + 0.2), (-0.05, y)], "#c9b894", 0.025, 0.8)
    out += draw_path(
        "M-2.7,-0.72 Q0,-0.36 3.1,-0.95 Q2.6,-0.2 2.1,0.05 L-2.2,0.05 Q-2.6,-0.3 -2.7,-0.72Z", c
    )
    return out + draw_curve("M-2.66,-0.64 Q0,-0.28 3.02,-0.86", "#f3ead6", 0.06), ""


def _draw_ship_and_lights(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = _choose_paint_color(color_words, rng, "#27384a", "#5c2f2c", "#22252b")
    out, lit = "", ""
    out += draw_rect(-12.5, -6.6, 21, 2.7, "#eee6d6", 0.2) + draw_rect(
        -10, -9.1, 15, 2.6, "#e3dac6", 0.2
    )
    for x in (-6.5, -1.0):
        out += draw_polygon(
            [(x, -9), (x + 2.2, -9), (x + 1.8, -13.2), (x - 0.2, -13.2)], shade_color(c, 0.1)
        ) + draw_polygon(
            [(x - 0.1, -12.2), (x + 1.9, -12.2), (x + 1.82, -13.2), (x - 0.2, -13.2)], "#1e1f22"
        )
        for i, r in enumerate((0.9, 1.3, 1.8)):
            out += draw_circle(x - 0.6 - i * 1.9, -14.3 - i * 1.1, r, "#cfcac4", 0.30)
    out += draw_line([(9.5, -4), (9.5, -12)], "#5a4a3c", 0.25)
    out += draw_path("M-16,-4.2 L16.5,-5.3 Q15.4,-2 13.2,0.3 L-14.4,0.3 Q-15.8,-1.6 -16,-4.2Z", c)
    out += draw_path("M-15.2,-1.0 L14.4,-1.0 L13.2,0.3 L-14.4,0.3Z", "#8a3a30") + draw_line(
        [(-16, -4.0), (16.3, -5.0)], "#f0e7d6", 0.22
    )
    for x in range(-12, 9):
        out += draw_circle(x, -5.2, 0.28, "#41525e")
        lit += draw_circle(x, -5.2, 0.28, "#ffd98c") if rng.random() < 0.75 else ""
        if -10 < x < 5:
            out += draw_rect(x - 0.3, -8.3, 0.6, 0.9, "#41525e")
            lit += draw_rect(x - 0.3, -8.3, 0.6, 0.9, "#ffd98c") if rng.random() < 0.7 else ""
    for x in (-13, -4, 6, 12):
        out += draw_circle(x, -2.8, 0.3, "#d9cfbb", 0.8)
    return out, lit


def _draw_wheel(x: float, r: float) -> str:
    return (
        draw_circle(x, -r, r, "#22242a")
        + draw_circle(x, -r, r * 0.56, "#8d9097")
        + draw_circle(x, -r, r * 0.22, "#3a3c42")
    )


def _draw_tram_and_lights(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = _choose_paint_color(color_words, rng, "#d8a531", "#b5402f", "#3f7a6a")
    cream, out, lit = "#f1e6cc", "", ""
    out += draw_line([(0.2, -3.5), (0.9, -4.25), (0.4, -4.75), (1.1, -4.78)], "#3b3632", 0.05)
    for x in (-2.1, -1.3, 1.3, 2.1):
        out += _draw_wheel(x, 0.34)
    out += draw_rect(-4.1, -0.55, 8.2, 0.34, "#3b332e", 0.06) + draw_rect(
        -4.05, -3.05, 8.1, 2.55, c, 0.22
    )
    out += draw_rect(-4.05, -3.05, 8.1, 1.42, cream, 0.22) + draw_rect(
        -4.15, -3.42, 8.3, 0.42, shade_color(c, -0.25), 0.18
    )
    out += draw_line([(-4.05, -1.6), (4.05, -1.6)], shade_color(c, -0.4), 0.05) + draw_line(
        [(-4.0, -0.95), (4.0, -0.95)], shade_color(c, 0.35), 0.035
    )
    for i in range(6):
        x = -3.0 + i * 1.02
        out += draw_rect(x, -2.82, 0.84, 1.06, "#52707d", 0.06)
        lit += draw_rect(x, -2.82, 0.84, 1.06, "#ffdf9b", 0.06)
        if rng.random() < 0.55:
            head = draw_circle(x + 0.42, -2.25, 0.16, "#4b3a34") + draw_path(
                f"M{fmt(x + 0.16)},-1.76 q0,-0.34 0.26,-0.34 q0.26,0 0.26,0.34Z", "#4a4550"
            )
            out += head
            lit += head
    for x in (-3.92, 3.24):
        out += draw_rect(x, -2.82, 0.68, 2.25, shade_color(c, -0.12), 0.05) + draw_rect(
            x + 0.10, -2.70, 0.48, 1.0, "#52707d", 0.05
        )
        lit += draw_rect(x + 0.10, -2.70, 0.48, 1.0, "#ffdf9b", 0.05)
    out += draw_rect(-0.8, -3.36, 1.6, 0.30, "#2b2a2c", 0.05)
    out += draw_circle(4.04, -1.15, 0.17, "#fff2c2")
    lit += draw_circle(4.04, -1.15, 0.17, "#fff6d8") + draw_glow(
        "tramlight", 4.3, -1.15, 1.1, "#ffe2a0", 0.5
    )
    return out, lit


def _draw_train_and_lights(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = _choose_paint_color(color_words, rng, "#2f4a3d", "#7a2e2b", "#2d3f5e")
    out, lit = "", ""
    for car in range(2):
        x0 = -13.5 + car * 8.8
        out += (
            draw_rect(x0, -3.5, 8.3, 2.8, c, 0.2)
            + draw_rect(x0 - 0.1, -3.75, 8.5, 0.4, shade_color(c, -0.4), 0.15)
            + draw_rect(x0, -2.15, 8.3, 0.12, "#e2c58a")
        )
        out += draw_rect(x0 + 8.2, -1.2, 0.7, 0.2, "#26262a")
        for i in range(6):
            out += draw_rect(x0 + 0.5 + i * 1.27, -3.15, 0.9, 0.85, "#46606d", 0.05)
            lit += draw_rect(x0 + 0.5 + i * 1.27, -3.15, 0.9, 0.85, "#ffdb94", 0.05)
        for x in (1.0, 2.0, 6.2, 7.2):
            out += _draw_wheel(x0 + x, 0.42)
    out += (
        draw_rect(4.3, -3.6, 2.7, 3.0, shade_color(c, -0.1), 0.12)
        + draw_rect(4.8, -3.2, 1.1, 1.0, "#46606d", 0.05)
        + draw_rect(4.1, -3.9, 3.1, 0.35, "#26262a", 0.1)
    )
    lit += draw_rect(4.8, -3.2, 1.1, 1.0, "#ffdb94", 0.05)
    out += (
        draw_rect(6.6, -2.7, 5.6, 1.75, "#2b2c31", 0.5)
        + draw_rect(10.9, -4.1, 0.75, 1.6, "#1f2024", 0.08)
        + draw_rect(10.7, -4.3, 1.15, 0.28, "#1f2024", 0.08)
    )
    out += draw_rect(8.3, -3.2, 0.9, 0.6, "#c59a4a", 0.2) + draw_polygon(
        [(12.0, -0.9), (13.2, -0.15), (12.0, -0.15)], "#7a2e2b"
    )
    for i, r in enumerate((0.65, 0.95, 1.3, 1.7)):
        out += draw_circle(11.0 - i * 1.5, -5.0 - i * 0.75, r, "#d8d4cf", 0.40 - i * 0.06)
    for x in (5.3, 7.6, 9.2, 10.8):
        out += _draw_wheel(x, 0.62)
    out += draw_line([(7.6, -0.62), (10.8, -0.62)], "#8d9097", 0.13)
    lit += draw_circle(12.25, -2.1, 0.25, "#fff3cc") + draw_glow(
        "trainlight", 12.8, -2.1, 2.2, "#ffe6a8", 0.5
    )
    return out, lit


def _draw_car_and_lights(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = _choose_paint_color(color_words, rng, "#b5443a", "#3d7a86", "#d9c48f", "#48566b", "#6f8a5a")
    if "taxi" in color_words or "cab" in color_words:
        c = COLORS["yellow"]
    out = draw_path("M-2.2,-0.42 L-2.25,-0.92 Q-2.2,-1.06 -1.5,-1.10 L-0.98,-1.13 Q-0.55,-1.62 "
               "0.05,-1.64 L0.45,-1.63 "
               "Q0.95,-1.58 1.25,-1.12 Q2.12,-1.04 2.24,-0.78 L2.28,-0.42Z", c)  # fmt: skip
    out += draw_path("M-0.80,-1.13 Q-0.42,-1.50 0.05,-1.52 L0.10,-1.13Z", "#4d6673") + draw_path(
        "M0.2,-1.52 L0.42,-1.51 Q0.80,-1.47 1.06,-1.12 L0.2,-1.13Z", "#4d6673"
    )
    out += draw_path(
        "M-2.2,-0.42 L-2.23,-0.68 L2.27,-0.62 L2.28,-0.42Z", shade_color(c, -0.35), 0.7
    ) + draw_line([(-2.2, -0.86), (2.2, -0.82)], shade_color(c, 0.35), 0.03)
    out += draw_line([(0.14, -1.1), (0.14, -0.5)], shade_color(c, -0.3), 0.02) + draw_rect(
        -0.15, -0.98, 0.2, 0.05, "#d9d9d6", 0.02
    )
    out += draw_rect(2.12, -0.50, 0.24, 0.12, "#c9ccd0", 0.04) + draw_rect(
        -2.34, -0.50, 0.24, 0.12, "#c9ccd0", 0.04
    )
    out += _draw_wheel(-1.42, 0.38) + _draw_wheel(1.42, 0.38)
    out += draw_ellipse(2.2, -0.84, 0.07, 0.11, "#fff0c4") + draw_rect(
        -2.27, -0.92, 0.08, 0.16, "#b5362f"
    )
    lit = (
        draw_ellipse(2.2, -0.84, 0.07, 0.11, "#fff6da")
        + draw_glow("carlight", 2.5, -0.8, 0.9, "#ffe7ad", 0.55)
        + draw_rect(-2.27, -0.92, 0.08, 0.16, "#ff6a50")
    )
    return out, lit


def _draw_bus_and_lights(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = _choose_paint_color(color_words, rng, "#b5402f", "#3f6f8a", "#d3a23a")
    out = draw_rect(-4.4, -2.95, 8.8, 2.5, c, 0.25) + draw_rect(-4.4, -1.5, 8.8, 0.14, "#f1e6cc")
    lit = ""
    for i in range(7):
        out += draw_rect(-4.0 + i * 1.1, -2.65, 0.9, 0.95, "#4d6673", 0.08)
        lit += draw_rect(-4.0 + i * 1.1, -2.65, 0.9, 0.95, "#ffdf9b", 0.08)
    out += (
        draw_rect(3.72, -2.65, 0.62, 1.2, "#4d6673", 0.08)
        + _draw_wheel(-2.6, 0.48)
        + _draw_wheel(2.7, 0.48)
        + draw_circle(4.36, -0.85, 0.14, "#fff0c4")
    )
    return out, lit + draw_circle(4.36, -0.85, 0.14, "#fff6da") + draw_glow(
        "buslight", 4.6, -0.85, 1.1, "#ffe7ad", 0.5
    )


def _draw_bicycle(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = _choose_paint_color(color_words, rng, "#a8402f", "#2f6173", "#3d3f45")
    out = ""
    for x in (-0.52, 0.52):
        out += (
            f'<circle cx="{fmt(x)}" cy="-0.34" r="0.32" fill="none" stroke="#26272b" '
            f'stroke-width="0.035"/>' + draw_circle(x, -0.34, 0.03, "#888888")
        )
    out += draw_line(
        [(-0.52, -0.34), (-0.18, -0.78), (0.36, -0.76), (-0.05, -0.34), (-0.52, -0.34)], c, 0.04
    )
    out += draw_line([(-0.05, -0.34), (-0.20, -0.86)], c, 0.036) + draw_line(
        [(0.52, -0.34), (0.33, -0.98)], c, 0.036
    )
    return out + draw_line([(-0.30, -0.89), (-0.10, -0.89)], "#3a2a20", 0.06) + draw_line(
        [(0.33, -0.98), (0.20, -1.04), (0.16, -0.98)], "#3a3c42", 0.035
    ), ""


def _draw_airplane(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = _choose_paint_color(color_words, rng, "#e9e4d8", "#c9cdd1")
    out = draw_path(
        smooth_path(
            [
                (-4.6, -1.5),
                (-2, -1.9),
                (2.6, -1.95),
                (4.4, -1.55),
                (4.7, -1.25),
                (3.2, -0.95),
                (-2, -0.95),
                (-4.4, -1.25),
            ]
        ),
        c,
    )
    out += draw_polygon([(-4.6, -1.5), (-5.0, -2.9), (-4.2, -2.9), (-3.2, -1.7)], "#a8402f")
    out += draw_polygon(
        [(0.8, -1.2), (-1.6, -0.1), (-2.5, -0.1), (-0.8, -1.2)], shade_color(c, -0.25)
    )
    for i in range(8):
        out += draw_circle(-2.4 + i * 0.7, -1.55, 0.13, "#4d6673")
    return out + draw_path("M3.3,-1.75 L4.1,-1.55 L4.0,-1.40 L3.3,-1.45Z", "#4d6673"), ""


PROPS: dict[str, Prop] = {
    "boat": Prop(5.3, 3.2, "water", _draw_boat_and_lights, 0.9, 0.06),
    "sailboat": Prop(5.9, 6.3, "water", _draw_sailboat, 1.0, 0.08),
    "ship": Prop(33.0, 15.0, "water", _draw_ship_and_lights, 2.4, 0.05),
    "tram": Prop(8.4, 4.8, "ground", _draw_tram_and_lights, 2.6),
    "train": Prop(27.0, 5.4, "ground", _draw_train_and_lights, 5.0),
    "car": Prop(4.7, 1.66, "ground", _draw_car_and_lights, 4.0),
    "bus": Prop(8.9, 3.0, "ground", _draw_bus_and_lights, 3.5),
    "bicycle": Prop(1.7, 1.1, "ground", _draw_bicycle, 2.0),
    "plane": Prop(9.8, 3.0, "air", _draw_airplane, 7.0),
}

__all__ = ["PROPS", "place_art"]
