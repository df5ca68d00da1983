"""Things that stand on the floor."""

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
    smooth_path,
)
from storyboard.previz.props.documents import INK, draw_lettering


def draw_suitcase(rng: random.Random, _words: str) -> tuple[str, str]:
    c = rng.choice(("#8a5a33", "#6b3b33", "#3f5a5c", "#a5803f"))
    out = draw_curve(
        "M-0.08,-0.42 q0,-0.065 0.08,-0.065 q0.08,0 0.08,0.065", shade_color(c, -0.45), 0.022
    )
    out += draw_rect(-0.31, -0.42, 0.62, 0.42, c, 0.035) + draw_rect(
        -0.31, -0.16, 0.62, 0.16, shade_color(c, -0.22), 0.035, 0.5
    )
    for x in (-0.19, 0.19):
        out += draw_rect(x - 0.025, -0.42, 0.05, 0.42, shade_color(c, -0.35)) + draw_rect(
            x - 0.03, -0.27, 0.06, 0.045, "#cfa861", 0.006
        )
    return out, ""


def draw_chair(rng: random.Random, _words: str) -> tuple[str, str]:
    c = rng.choice(("#7a4f33", "#5a6a58", "#8a3f38"))
    out = ""
    for x in (-0.19, 0.19):
        out += draw_rect(x - 0.018, -0.95, 0.036, 0.95, shade_color(c, -0.2), 0.01)
    for y in (-0.9, -0.76, -0.62):
        out += draw_rect(-0.2, y, 0.4, 0.06, c, 0.015)
    out += draw_polygon(
        [(-0.22, -0.46), (0.22, -0.46), (0.25, -0.40), (-0.25, -0.40)], shade_color(c, 0.08)
    )
    for x in (-0.235, 0.20):
        out += draw_rect(x, -0.40, 0.035, 0.40, c, 0.008)
    return out, ""


def draw_table(rng: random.Random, _words: str) -> tuple[str, str]:
    c = rng.choice(("#8b5e3c", "#6f4a34", "#a0764a"))
    out = draw_rect(-0.62, -0.73, 0.07, 0.73, shade_color(c, -0.3)) + draw_rect(
        0.55, -0.73, 0.07, 0.73, shade_color(c, -0.3)
    )
    out += draw_rect(-0.66, -0.73, 1.32, 0.09, shade_color(c, -0.16)) + draw_rect(
        -0.72, -0.78, 1.44, 0.055, c, 0.01
    )
    return out, ""


def draw_door(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = next(
        (COLORS[w] for w in color_words.split() if w in COLORS),
        rng.choice(("#35586a", "#8a3b32", "#47604a", "#7b5a34")),
    )
    out = draw_rect(-0.56, -2.26, 1.12, 2.26, shade_color(c, -0.45), 0.01) + draw_rect(
        -0.47, -2.16, 0.94, 2.16, c, 0.01
    )
    for x in (-0.37, 0.05):
        for y, h in ((-2.02, 0.78), (-1.10, 0.90)):
            out += draw_rect(x, y, 0.32, h, shade_color(c, -0.20), 0.012) + draw_rect(
                x + 0.03, y + 0.03, 0.26, h - 0.06, shade_color(c, 0.06), 0.01
            )
    return out + draw_circle(0.37, -1.02, 0.040, "#d3a855") + draw_circle(
        0.36, -1.03, 0.016, "#f5deA0".lower()
    ), ""


def draw_window(rng: random.Random, _words: str) -> tuple[str, str]:
    out = draw_rect(-0.66, -1.62, 1.32, 1.62, "#e6dcc6", 0.01) + draw_rect(
        -0.58, -1.54, 1.16, 1.46, "#7fa3bb"
    )
    out += draw_rect(-0.035, -1.54, 0.07, 1.46, "#e6dcc6") + draw_rect(
        -0.58, -0.86, 1.16, 0.06, "#e6dcc6"
    )
    return out + draw_rect(-0.74, -0.06, 1.48, 0.08, "#d2c6ac", 0.01), ""


def draw_logs_and_flames(rng: random.Random, _words: str) -> tuple[str, str]:
    out = "".join(
        draw_line([(-0.34 + i * 0.1, 0), (0.34 - i * 0.12, -0.14)], "#4a3226", 0.07)
        for i in range(3)
    )
    out += draw_line([(0.34, 0), (-0.28, -0.15)], "#5a3d2c", 0.075)
    lit = draw_glow("fireglow", 0, -0.4, 1.7, "#ff8a3c", 0.6)
    for w, h, c in ((0.30, 0.82, "#e8632b"), (0.22, 0.62, "#f79a36"), (0.12, 0.40, "#ffe08a")):
        lit += draw_path(
            f"M{fmt(-w)},-0.08 "
            f"C{fmt(-w * 1.2)},{fmt(-h * 0.5)} {fmt(-w * 0.2)},{fmt(-h * 0.6)} "
            f"{fmt(w * 0.1)},{fmt(-h)} "
            f"C{fmt(w * 0.3)},{fmt(-h * 0.6)} {fmt(w * 1.2)},{fmt(-h * 0.5)} {fmt(w)},-0.08Z",
            c,
        )
    return out, lit


def draw_umbrella(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = next(
        (COLORS[w] for w in color_words.split() if w in COLORS),
        rng.choice(("#9c3236", "#2e3f57", "#c79b45")),
    )
    out = draw_line([(0, -0.9), (0, -0.06)], "#3c2f28", 0.018) + draw_curve(
        "M0,-0.06 q0,0.06 0.05,0.06 q0.045,0 0.045,-0.05", "#3c2f28", 0.022
    )
    out += draw_path("M-0.52,-0.68 Q-0.44,-1.02 0,-1.04 Q0.44,-1.02 0.52,-0.68 Q0.42,-0.75 "
                "0.34,-0.68 Q0.2,-0.76 0,-0.70 "
                "Q-0.2,-0.76 -0.34,-0.68 Q-0.42,-0.75 -0.52,-0.68Z", c)  # fmt: skip
    out += draw_path(
        "M0,-1.04 Q0.30,-0.95 0.34,-0.68 Q0.2,-0.76 0,-0.70Z", shade_color(c, -0.2), 0.6
    )
    return out + draw_line([(0, -1.03), (0, -1.09)], "#3c2f28", 0.016), ""


def draw_cardboard_box(rng: random.Random, lettering: str) -> tuple[str, str]:
    c = rng.choice(("#b08552", "#9a7448", "#8f6a4a"))
    out = draw_rect(-0.26, -0.36, 0.52, 0.36, c, 0.006) + draw_polygon(
        [(-0.26, -0.36), (0.26, -0.36), (0.22, -0.42), (-0.22, -0.42)], shade_color(c, 0.14)
    )
    out += draw_rect(-0.04, -0.36, 0.08, 0.36, shade_color(c, -0.2), 0, 0.6) + draw_line(
        [(-0.26, -0.18), (0.26, -0.18)], "#e6d9b8", 0.012
    )
    return out + (
        draw_lettering(lettering, 0, -0.09, 0.4, 0.07, INK)
        if lettering and len(lettering) < 24
        else ""
    ), ""


def draw_sign(rng: random.Random, lettering: str) -> tuple[str, str]:
    c = rng.choice(("#2f4f5c", "#7a2f2b", "#3d5240"))
    out = draw_rect(-0.05, -1.5, 0.1, 1.5, "#4a3a2e") + draw_rect(
        -0.85, -2.2, 1.7, 0.82, shade_color(c, -0.35), 0.03
    )
    out += draw_rect(-0.81, -2.16, 1.62, 0.74, c, 0.025)
    return out + draw_lettering(lettering or "NO. 7", 0, -1.79, 1.42, 0.34, "#f3ead6"), ""


def draw_piano(rng: random.Random, _words: str) -> tuple[str, str]:
    c = "#2a2629"
    out = draw_rect(-0.75, -1.2, 1.5, 1.2, c, 0.02) + draw_rect(
        -0.70, -1.12, 1.4, 0.36, shade_color(c, 0.10), 0.01
    )
    out += draw_rect(-0.75, -0.72, 1.5, 0.13, "#f1ebdd")
    for i in range(26):
        if i % 7 not in (2, 6):
            out += draw_rect(-0.735 + i * 0.0575, -0.72, 0.028, 0.078, c)
    return out + draw_rect(-0.77, -0.60, 1.54, 0.08, shade_color(c, 0.16), 0.01), ""


def draw_robot_and_lit_eyes(rng: random.Random, _words: str) -> tuple[str, str]:
    c, d = "#9fb0b5", "#6c7d84"
    out = draw_rect(-0.22, -0.62, 0.14, 0.62, d, 0.04) + draw_rect(0.08, -0.62, 0.14, 0.62, d, 0.04)
    out += draw_rect(-0.46, -1.18, 0.13, 0.56, d, 0.06) + draw_rect(
        0.33, -1.18, 0.13, 0.56, d, 0.06
    )
    out += draw_rect(-0.32, -1.24, 0.64, 0.68, c, 0.07) + draw_rect(
        -0.2, -1.1, 0.4, 0.26, shade_color(c, -0.25), 0.03
    )
    out += draw_rect(-0.05, -1.34, 0.1, 0.12, d) + draw_rect(
        -0.25, -1.70, 0.50, 0.38, shade_color(c, 0.1), 0.09
    )
    out += draw_line([(0, -1.7), (0, -1.84)], d, 0.02) + draw_circle(0, -1.86, 0.035, "#d9574a")
    lit = draw_circle(-0.1, -1.52, 0.058, "#ffdf8a") + draw_circle(0.1, -1.52, 0.058, "#ffdf8a")
    lit += draw_circle(-0.1, -1.52, 0.022, "#7a4a1e") + draw_circle(0.1, -1.52, 0.022, "#7a4a1e")
    return out, lit


def draw_balloon(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = next((COLORS[w] for w in color_words.split() if w in COLORS), "#b8382f")
    out = draw_curve("M0,-0.5 q0.06,0.2 -0.02,0.34 t0.02,0.16", "#6a6055", 0.008)
    out += draw_path(
        smooth_path(
            [(0, -0.50), (0.2, -0.72), (0.21, -0.92), (0, -1.08), (-0.21, -0.92), (-0.2, -0.72)]
        ),
        c,
    )
    return out + draw_ellipse(-0.07, -0.92, 0.04, 0.07, "#ffffff", 0.35) + draw_polygon(
        [(-0.03, -0.48), (0.03, -0.48), (0, -0.51)], shade_color(c, -0.2)
    ), ""
