"""Things for a hand or a table."""

from __future__ import annotations

import random

from storyboard.previz.painting.colors import COLORS, mix_colors, shade_color
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
from storyboard.previz.props.documents import (
    INK,
    draw_book,
    draw_envelope,
    draw_letter,
    draw_lettering,
    draw_map,
    draw_newspaper,
    draw_photo,
    draw_stamp,
)
from storyboard.previz.props.furniture import (
    draw_balloon,
    draw_cardboard_box,
    draw_chair,
    draw_door,
    draw_logs_and_flames,
    draw_piano,
    draw_robot_and_lit_eyes,
    draw_sign,
    draw_suitcase,
    draw_table,
    draw_umbrella,
    draw_window,
)
from storyboard.previz.props.prop import Prop


def _draw_lamp_and_glow(rng: random.Random, _words: str) -> tuple[str, str]:
    base = rng.choice(("#3c5a52", "#6d3f33", "#3d4660"))
    out = draw_ellipse(0, -0.012, 0.085, 0.014, shade_color(base, -0.3)) + draw_rect(
        -0.012, -0.24, 0.024, 0.23, base
    )
    out += draw_path(
        smooth_path(
            [
                (-0.045, -0.02),
                (-0.03, -0.10),
                (-0.012, -0.15),
                (0.012, -0.15),
                (0.03, -0.10),
                (0.045, -0.02),
            ]
        ),
        base,
    )
    shade_ = [(-0.075, -0.42), (0.075, -0.42), (0.13, -0.23), (-0.13, -0.23)]
    out += draw_polygon(shade_, "#d9b98a")
    lit = draw_polygon(shade_, "#ffe2a0") + draw_polygon(
        [(-0.03, -0.42), (0.03, -0.42), (0.05, -0.23), (-0.05, -0.23)], "#fff3cf", 0.6
    )
    return out, draw_glow("lampglow", 0, -0.32, 0.62, "#ffca70", 0.55) + lit


def _draw_candle_and_flame(rng: random.Random, _words: str) -> tuple[str, str]:
    out = draw_ellipse(0, -0.008, 0.065, 0.012, "#8a6a3b") + draw_rect(
        -0.022, -0.19, 0.044, 0.185, "#efe4cd", 0.006
    )
    out += draw_path("M0.006,-0.19 q0.018,0.03 0.012,0.07 q-0.012,0 -0.012,-0.07Z", "#dccdaf")
    out += draw_line([(0, -0.188), (0, -0.205)], INK, 0.004)
    flame = draw_path(
        "M0,-0.272 C0.022,-0.232 0.02,-0.205 0,-0.202 C-0.02,-0.205 -0.022,-0.232 0,-0.272Z",
        "#ffb347",
    )
    flame += draw_path(
        "M0,-0.248 C0.010,-0.226 0.010,-0.208 0,-0.206 C-0.010,-0.208 -0.010,-0.226 0,-0.248Z",
        "#fff0b8",
    )
    return out, draw_glow("candleglow", 0, -0.235, 0.42, "#ffb755", 0.6) + flame


def _draw_cup(rng: random.Random, _words: str) -> tuple[str, str]:
    c = rng.choice(("#e9e2d0", "#7fa0a6", "#c0694f", "#4f6d7a"))
    out = draw_ellipse(0, -0.006, 0.085, 0.013, shade_color(c, -0.12))
    out += draw_curve("M0.045,-0.075 q0.042,0.0 0.032,0.034 q-0.010,0.022 -0.036,0.016", c, 0.011)
    out += draw_path("M-0.052,-0.092 L-0.040,-0.014 Q0,0.002 0.040,-0.014 L0.052,-0.092Z", c)
    out += draw_path(
        "M0.012,-0.092 L0.010,-0.008 Q0.03,-0.008 0.040,-0.014 L0.052,-0.092Z",
        shade_color(c, -0.16),
        0.7,
    )
    out += draw_ellipse(0, -0.092, 0.052, 0.011, shade_color(c, 0.12)) + draw_ellipse(
        0, -0.090, 0.045, 0.008, "#4a2f22"
    )
    for x, s in ((-0.014, 1), (0.012, -1)):
        out += draw_curve(
            f"M{fmt(x)},-0.11 q{fmt(0.018 * s)},-0.022 0,-0.044 t0,-0.044", "#ffffff", 0.005, 0.32
        )
    return out, ""


def _draw_bottle(rng: random.Random, lettering: str) -> tuple[str, str]:
    c = rng.choice(("#2f5a42", "#5a3a22", "#37506b"))
    out = draw_path("M-0.04,0 L-0.04,-0.19 Q-0.04,-0.225 -0.015,-0.235 L-0.015,-0.32 L0.015,-0.32 "
               "L0.015,-0.235 Q0.04,-0.225 0.04,-0.19 L0.04,0Z", c)  # fmt: skip
    out += draw_rect(-0.04, -0.15, 0.08, 0.085, "#e6d9b8") + draw_rect(
        -0.030, -0.19, 0.009, 0.18, "#ffffff", 0.004, 0.25
    )
    out += draw_rect(-0.017, -0.335, 0.034, 0.02, "#b08a55", 0.004)
    return out + draw_lettering(lettering or "RON", 0, -0.107, 0.066, 0.026, INK), ""


def _draw_alarm_clock(rng: random.Random, _words: str) -> tuple[str, str]:
    c = rng.choice(("#8c3f36", "#35536b", "#7a5c34"))
    y = -0.17
    out = draw_line([(-0.07, -0.04), (-0.10, 0)], shade_color(c, -0.3), 0.018) + draw_line(
        [(0.07, -0.04), (0.10, 0)], shade_color(c, -0.3), 0.018
    )
    out += draw_circle(-0.075, y - 0.135, 0.042, shade_color(c, 0.1)) + draw_circle(
        0.075, y - 0.135, 0.042, shade_color(c, 0.1)
    )
    out += (
        draw_circle(0, y, 0.155, c)
        + draw_circle(0, y, 0.128, "#f6efdf")
        + draw_circle(0, y, 0.128, "#d8cbb0", 0.15)
    )
    import math

    for i in range(12):
        a = math.tau * i / 12
        r = 0.103 if i % 3 else 0.096
        out += draw_line(
            [
                (math.sin(a) * r, y - math.cos(a) * r),
                (math.sin(a) * 0.116, y - math.cos(a) * 0.116),
            ],
            INK,
            0.006 if i % 3 else 0.010,
        )
    a, b = math.radians(rng.uniform(0, 360)), math.radians(rng.uniform(0, 360))
    out += draw_line([(0, y), (math.sin(a) * 0.06, y - math.cos(a) * 0.06)], INK, 0.012)
    out += draw_line([(0, y), (math.sin(b) * 0.092, y - math.cos(b) * 0.092)], INK, 0.008)
    return out + draw_circle(0, y, 0.010, c), ""


def _draw_phone(rng: random.Random, _words: str) -> tuple[str, str]:
    c = rng.choice(("#23262c", "#8c2f2f", "#2f4f46"))
    out = draw_path(
        smooth_path(
            [(-0.15, 0), (-0.12, -0.09), (-0.06, -0.15), (0.06, -0.15), (0.12, -0.09), (0.15, 0)]
        ),
        c,
    )
    out += draw_circle(0, -0.072, 0.052, shade_color(c, 0.16)) + draw_circle(
        0, -0.072, 0.018, shade_color(c, -0.2)
    )
    import math

    for i in range(9):
        a = math.radians(-130 + i * 33)
        out += draw_circle(math.sin(a) * 0.036, -0.072 - math.cos(a) * 0.036, 0.0075, "#efe6d3")
    out += draw_path("M-0.165,-0.165 q0.0,-0.045 0.045,-0.045 h0.24 q0.045,0 0.045,0.045 v0.028 "
                "h-0.072 v-0.026 "
                "h-0.186 v0.026 h-0.072Z", shade_color(c, 0.08))  # fmt: skip
    return out + draw_rect(-0.022, -0.16, 0.044, 0.03, shade_color(c, -0.1)), ""


def _draw_key(rng: random.Random, _words: str) -> tuple[str, str]:
    c = "#b48a45"
    out = (
        f'<circle cx="-0.07" cy="-0.05" r="0.034" fill="none" stroke="{c}" stroke-width="0.014"/>'
        + draw_line([(-0.036, -0.05), (0.11, -0.05)], c, 0.014)
        + draw_line([(0.075, -0.05), (0.075, -0.018)], c, 0.013)
        + draw_line([(0.105, -0.05), (0.105, -0.024)], c, 0.013)
    )
    return out, ""


def _draw_gun(rng: random.Random, _words: str) -> tuple[str, str]:
    c = "#3a3d45"
    out = draw_rect(-0.10, -0.14, 0.22, 0.038, c, 0.006) + draw_rect(
        -0.035, -0.118, 0.075, 0.045, shade_color(c, -0.2), 0.01
    )
    out += draw_path("M-0.09,-0.115 L-0.03,-0.10 L-0.055,0 L-0.115,-0.006Z", "#6a4631")
    return out + draw_curve("M-0.025,-0.085 q0.025,0.045 0.05,0.012", c, 0.008), ""


def _draw_flower(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = next(
        (COLORS[w] for w in color_words.split() if w in COLORS),
        rng.choice(("#c8453f", "#e0a33a", "#c96a8f", "#e7e0ef")),
    )
    out = draw_path("M-0.055,0 L-0.04,-0.14 L0.04,-0.14 L0.055,0Z", "#6f93a0")
    for x, y in ((0, -0.34), (-0.075, -0.29), (0.075, -0.30)):
        out += draw_curve(
            f"M{fmt(x * 0.2)},-0.13 Q{fmt(x * 0.3)},-0.22 {fmt(x)},{fmt(y)}", "#4d7044", 0.008
        )
        out += draw_ellipse(x * 0.55 + 0.014, -0.215, 0.026, 0.010, "#5d8550")
        for dx, dy in (
            (-0.024, 0),
            (0.024, 0),
            (0, -0.024),
            (0, 0.024),
            (0.016, 0.016),
            (-0.016, -0.016),
        ):
            out += draw_circle(x + dx, y + dy, 0.021, c)
        out += draw_circle(x, y, 0.018, mix_colors(c, "#f3d98a", 0.65))
    return out, ""


def _draw_reaching_hand(rng: random.Random, _words: str) -> tuple[str, str]:
    skin = rng.choice(("#e3b48c", "#c68d63", "#8a5a3c", "#f0cba8"))
    dark = shade_color(skin, -0.2)
    out = draw_path("M-0.30,0 L-0.30,-0.11 L-0.10,-0.115 L-0.10,0.0Z", "#5a6a7a")
    out += draw_path(
        smooth_path(
            [
                (-0.12, -0.01),
                (-0.11, -0.10),
                (-0.03, -0.135),
                (0.06, -0.13),
                (0.09, -0.07),
                (0.05, -0.01),
            ]
        ),
        skin,
    )
    for i, (y, e) in enumerate(
        ((-0.118, 0.215), (-0.088, 0.235), (-0.058, 0.222), (-0.030, 0.185))
    ):
        out += draw_line([(0.03, y), (e, y + 0.012 * i - 0.010)], skin, 0.029)
        out += draw_line([(0.06, y + 0.016), (e - 0.03, y + 0.012 * i + 0.006)], dark, 0.003, 0.6)
    out += draw_line([(-0.01, -0.115), (0.06, -0.172), (0.115, -0.182)], skin, 0.032)
    return out, ""


def _draw_apple(rng: random.Random, color_words: str) -> tuple[str, str]:
    c = "#d9772b" if "orange" in color_words else rng.choice(("#b5362f", "#7f9a3f", "#c9852f"))
    out = draw_path(
        smooth_path(
            [
                (0, -0.085),
                (0.035, -0.098),
                (0.055, -0.06),
                (0.035, -0.006),
                (0, -0.002),
                (-0.035, -0.006),
                (-0.055, -0.06),
                (-0.035, -0.098),
            ]
        ),
        c,
    )
    return out + draw_line([(0, -0.085), (0.008, -0.118)], "#4a3322", 0.006) + draw_ellipse(
        0.026, -0.112, 0.02, 0.009, "#5d8550"
    ) + draw_ellipse(-0.022, -0.07, 0.010, 0.016, "#ffffff", 0.3), ""


def _draw_finger_ring(rng: random.Random, _words: str) -> tuple[str, str]:
    c = "#d3a545"
    out = f'<circle cx="0" cy="-0.035" r="0.029" fill="none" stroke="{c}" stroke-width="0.008"/>'
    return out + draw_polygon(
        [(-0.013, -0.066), (0.013, -0.066), (0.008, -0.084), (-0.008, -0.084)], "#dff1f5"
    ), ""


def _draw_knife(rng: random.Random, _words: str) -> tuple[str, str]:
    return draw_path("M-0.03,-0.03 L0.17,-0.026 Q0.12,-0.004 -0.03,-0.006Z", "#c9cdd1") + draw_rect(
        -0.15, -0.036, 0.125, 0.034, "#4a3226", 0.01
    ), ""


def _draw_camera(rng: random.Random, _words: str) -> tuple[str, str]:
    out = draw_rect(-0.09, -0.11, 0.18, 0.11, "#2c2d33", 0.012) + draw_rect(
        -0.09, -0.125, 0.18, 0.035, "#b7b4ad", 0.008
    )
    return out + draw_circle(0, -0.052, 0.045, "#191a1e") + draw_circle(
        0, -0.052, 0.03, "#41586b"
    ) + draw_circle(-0.01, -0.062, 0.009, "#ffffff", 0.7), ""


PROPS: dict[str, Prop] = {
    "letter": Prop(0.22, 0.27, "hand", draw_letter),
    "envelope": Prop(0.24, 0.16, "hand", draw_envelope),
    "stamp": Prop(0.34, 0.26, "hand", draw_stamp),
    "book": Prop(0.34, 0.23, "hand", draw_book),
    "newspaper": Prop(0.36, 0.30, "hand", draw_newspaper),
    "photo": Prop(0.22, 0.16, "hand", draw_photo),
    "map": Prop(0.50, 0.32, "hand", draw_map),
    "lamp": Prop(0.26, 0.43, "table", _draw_lamp_and_glow),
    "candle": Prop(0.13, 0.28, "table", _draw_candle_and_flame),
    "cup": Prop(0.17, 0.12, "table", _draw_cup),
    "bottle": Prop(0.09, 0.34, "table", _draw_bottle),
    "clock": Prop(0.31, 0.35, "table", _draw_alarm_clock),
    "phone": Prop(0.34, 0.21, "table", _draw_phone),
    "key": Prop(0.24, 0.09, "table", _draw_key),
    "gun": Prop(0.24, 0.15, "table", _draw_gun),
    "flower": Prop(0.22, 0.37, "table", _draw_flower),
    "apple": Prop(0.12, 0.12, "table", _draw_apple),
    "ring": Prop(0.08, 0.09, "table", _draw_finger_ring),
    "knife": Prop(0.33, 0.05, "table", _draw_knife),
    "camera": Prop(0.19, 0.13, "table", _draw_camera),
    "hand": Prop(0.55, 0.20, "hand", _draw_reaching_hand),
    "suitcase": Prop(0.64, 0.5, "ground", draw_suitcase),
    "chair": Prop(0.5, 0.95, "ground", draw_chair),
    "table": Prop(1.44, 0.79, "ground", draw_table),
    "door": Prop(1.15, 2.3, "ground", draw_door),
    "window": Prop(1.5, 1.65, "ground", draw_window),
    "fire": Prop(0.8, 0.95, "ground", draw_logs_and_flames),
    "umbrella": Prop(1.05, 1.1, "ground", draw_umbrella),
    "box": Prop(0.54, 0.43, "ground", draw_cardboard_box),
    "sign": Prop(1.7, 2.2, "ground", draw_sign),
    "piano": Prop(1.55, 1.2, "ground", draw_piano),
    "robot": Prop(0.95, 1.9, "ground", draw_robot_and_lit_eyes, 1.0),
    "balloon": Prop(0.45, 1.1, "air", draw_balloon, 0.3),
}
