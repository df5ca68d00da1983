"""Animals. They look right; birds have three phases of the wing beat."""

from __future__ import annotations

import random

from storyboard.previz.painting.colors import COLORS, shade_color
from storyboard.previz.painting.svg import (
    draw_circle,
    draw_curve,
    draw_ellipse,
    draw_line,
    draw_path,
    draw_polygon,
    fmt,
    smooth_path,
)
from storyboard.previz.props.prop import Prop


def _choose_coat_color(words: str, rng: random.Random, *fallback_colors: str) -> str:
    return next((COLORS[w] for w in words.split() if w in COLORS), rng.choice(fallback_colors))


def draw_flying_bird(wing_beat: int, body_color: str, tip_color: str) -> str:
    """A flying bird, wings up (0), level (1) or down (2), a metre across."""
    up = (-0.26, -0.03, 0.15)[wing_beat]
    out = draw_path(
        smooth_path(
            [
                (-0.22, -0.01),
                (-0.08, -0.055),
                (0.10, -0.05),
                (0.20, -0.02),
                (0.10, 0.045),
                (-0.10, 0.04),
            ]
        ),
        body_color,
    )
    out += draw_polygon([(0.18, -0.035), (0.27, -0.005), (0.18, 0.010)], "#d79a34") + draw_circle(
        0.155, -0.025, 0.012, "#26272b"
    )
    out += draw_polygon(
        [(-0.20, -0.01), (-0.34, -0.035), (-0.33, 0.035)], shade_color(body_color, -0.15)
    )
    for side, tone in ((1, shade_color(body_color, -0.08)), (-1, body_color)):
        x = 0.30 * side
        out += draw_path(f"M{fmt(0.09)},-0.03 Q{fmt(x * 0.6 + 0.04)},{fmt(up * 1.05 - 0.05)} "
                    f"{fmt(x * 1.7)},{fmt(up)} "
                    f"Q{fmt(x * 0.7 - 0.02)},{fmt(up * 0.35 + 0.045)} "
                    f"{fmt(-0.08)},0.015Z", tone)  # fmt: skip
        out += draw_path(
            f"M{fmt(x * 1.25)},{fmt(up * 0.94 - 0.018)} L{fmt(x * 1.7)},{fmt(up)} "
            f"L{fmt(x * 1.18)},{fmt(up * 0.80 + 0.025)}Z",
            tip_color,
        )
    return out


def _draw_bird(rng: random.Random, color_words: str) -> tuple[str, str]:
    dark = _choose_coat_color(color_words, rng, "#2b2c33", "#4a4d57", "#59616b")
    return draw_flying_bird(1, dark, shade_color(dark, -0.3)), ""


def _draw_gull(rng: random.Random, _words: str) -> tuple[str, str]:
    return draw_flying_bird(1, "#f0efe9", "#3d444d"), ""


def _draw_dog(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = _choose_coat_color(color_words, rng, "#a8713f", "#5a4030", "#d8c39a", "#3a3533")
    d = shade_color(c, -0.22)
    out = ""
    for x, tone in ((-0.26, d), (0.22, d), (-0.32, c), (0.28, c)):
        out += draw_line([(x, -0.36), (x + 0.01, -0.03)], tone, 0.075) + draw_ellipse(
            x + 0.03, -0.02, 0.055, 0.025, tone
        )
    out += draw_curve("M-0.36,-0.48 Q-0.55,-0.55 -0.56,-0.74", c, 0.055)
    out += draw_path(
        smooth_path(
            [
                (-0.40, -0.50),
                (-0.2, -0.58),
                (0.2, -0.57),
                (0.40, -0.50),
                (0.36, -0.32),
                (0, -0.29),
                (-0.36, -0.30),
            ]
        ),
        c,
    )
    out += draw_line([(0.32, -0.48), (0.46, -0.68)], c, 0.15)
    out += draw_path(
        smooth_path(
            [
                (0.36, -0.72),
                (0.46, -0.82),
                (0.58, -0.78),
                (0.76, -0.68),
                (0.76, -0.62),
                (0.56, -0.58),
                (0.42, -0.60),
            ]
        ),
        c,
    )
    out += draw_path(
        smooth_path([(0.40, -0.80), (0.34, -0.68), (0.37, -0.54), (0.46, -0.62), (0.48, -0.76)]), d
    )
    return out + draw_circle(0.755, -0.66, 0.030, "#1f1c1b") + draw_circle(
        0.575, -0.715, 0.020, "#1f1c1b"
    ) + draw_line([(0.34, -0.55), (0.45, -0.50)], "#a8402f", 0.035), ""


def _draw_cat(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = _choose_coat_color(color_words, rng, "#2e2c30", "#c27a3a", "#8d8a86", "#e8e2d4")
    out = draw_curve("M-0.12,-0.03 Q-0.32,-0.02 -0.30,-0.16", c, 0.045)
    out += draw_path(
        smooth_path(
            [
                (-0.14, 0.0),
                (-0.15, -0.16),
                (-0.05, -0.30),
                (0.06, -0.31),
                (0.12, -0.16),
                (0.12, 0.0),
            ]
        ),
        c,
    )
    out += draw_path(
        smooth_path(
            [
                (-0.09, -0.36),
                (-0.10, -0.44),
                (0.0, -0.49),
                (0.12, -0.45),
                (0.12, -0.36),
                (0.02, -0.30),
            ]
        ),
        c,
    )
    out += draw_polygon([(-0.09, -0.43), (-0.09, -0.54), (-0.01, -0.47)], c) + draw_polygon(
        [(0.04, -0.47), (0.12, -0.54), (0.12, -0.43)], c
    )
    eye = "#e3c04a"
    for x in (-0.02, 0.075):
        out += draw_ellipse(x, -0.405, 0.018, 0.020, eye) + draw_ellipse(
            x, -0.405, 0.006, 0.017, "#1b1a1c"
        )
    return out + draw_polygon(
        [(0.016, -0.375), (0.038, -0.375), (0.027, -0.363)], "#b5706a"
    ) + draw_line([(0.02, -0.14), (0.02, 0)], shade_color(c, -0.3), 0.008), ""


def _draw_horse(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = _choose_coat_color(color_words, rng, "#6f4428", "#3a2b25", "#c9b8a0", "#8a5a34")
    d = shade_color(c, -0.25)
    out = ""
    for x, tone in ((-0.62, d), (0.50, d), (-0.74, c), (0.62, c)):
        out += draw_line(
            [(x, -0.85), (x - 0.02, -0.44), (x + 0.01, -0.06)], tone, 0.12
        ) + draw_path(
            f"M{fmt(x - 0.07)},0 L{fmt(x - 0.05)},-0.09 L{fmt(x + 0.07)},-0.09 L{fmt(x + 0.10)},0Z",
            "#26211f",
        )
    out += draw_path(
        smooth_path(
            [
                (-0.86, -1.28),
                (-1.02, -1.0),
                (-1.0, -0.5),
                (-1.08, -0.42),
                (-1.14, -0.95),
                (-0.98, -1.3),
            ]
        ),
        "#2a211f",
    )
    out += draw_path(
        smooth_path(
            [
                (-0.9, -1.22),
                (-0.5, -1.42),
                (0.2, -1.36),
                (0.72, -1.42),
                (0.82, -1.05),
                (0.6, -0.8),
                (0, -0.74),
                (-0.6, -0.76),
                (-0.92, -0.95),
            ]
        ),
        c,
    )
    out += draw_path(
        smooth_path(
            [
                (0.50, -1.36),
                (0.86, -1.92),
                (1.08, -1.98),
                (1.12, -1.78),
                (0.86, -1.12),
                (0.6, -1.05),
            ]
        ),
        c,
    )
    out += draw_path(
        smooth_path(
            [
                (0.92, -1.95),
                (1.10, -2.04),
                (1.30, -1.86),
                (1.52, -1.58),
                (1.46, -1.46),
                (1.30, -1.50),
                (1.08, -1.68),
            ]
        ),
        c,
    )
    out += draw_polygon([(1.0, -1.98), (1.04, -2.18), (1.12, -2.0)], c) + draw_circle(
        1.22, -1.83, 0.028, "#1b1716"
    )
    return out + draw_path(
        smooth_path(
            [
                (1.0, -2.06),
                (0.80, -1.90),
                (0.50, -1.42),
                (0.42, -1.30),
                (0.62, -1.36),
                (0.92, -1.80),
            ]
        ),
        "#2a211f",
    ), ""


def _draw_fish(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = _choose_coat_color(color_words, rng, "#7f9aa6", "#c0743f", "#a8b08a")
    out = draw_polygon([(-0.20, -0.08), (-0.33, -0.16), (-0.33, 0.0)], shade_color(c, -0.2))
    out += draw_path(
        smooth_path(
            [
                (0.24, -0.08),
                (0.12, -0.15),
                (-0.08, -0.14),
                (-0.22, -0.08),
                (-0.08, -0.02),
                (0.12, -0.01),
            ]
        ),
        c,
    )
    return out + draw_circle(0.16, -0.095, 0.014, "#1b1a1c") + draw_curve(
        "M0.09,-0.13 q-0.03,0.05 0,0.10", shade_color(c, -0.3), 0.008
    ), ""


PROPS: dict[str, Prop] = {
    "bird": Prop(1.0, 0.4, "air", _draw_bird, 2.2),
    "gull": Prop(1.0, 0.4, "air", _draw_gull, 2.0),
    "dog": Prop(1.3, 0.85, "ground", _draw_dog, 1.2),
    "cat": Prop(0.45, 0.55, "ground", _draw_cat, 0.8),
    "horse": Prop(2.7, 2.2, "ground", _draw_horse, 2.4),
    "fish": Prop(0.6, 0.18, "table", _draw_fish),
}
