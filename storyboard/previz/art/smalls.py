"""Things that a hand holds or a table carries."""

from __future__ import annotations

import random

from storyboard.previz.art.prop import Prop
from storyboard.previz.ink import (
    circle,
    curve,
    ellipse,
    glow,
    gradient,
    group,
    mix,
    n,
    path,
    poly,
    rect,
    shade,
    smooth,
    stroke,
)

_INK = "#2e2b33"
_PAPER = "#f3ead6"


def lettering(words: str, x: float, y: float, width: float, high: float, color: str) -> str:
    """`words` centred on (x, y), broken to fit `width`, each line at most `high` tall."""
    lines = _wrapped(words, max(6, int(width / (high * 0.62))))
    longest = max(len(line) for line in lines)
    size = min(high, width / (longest * 0.62))
    out = ""
    for i, line in enumerate(lines):
        base = y + (i - (len(lines) - 1) / 2) * size * 1.2 + size * 0.35
        # a font size below one unit loses its hinting tables in some sizes: draw large, scale down
        text = (
            f'<text font-family="Inter" font-weight="650" font-size="100" text-anchor="middle" '
            f'fill="{color}">{escaped(line)}</text>'
        )
        out += group(text, x, base, size / 100)
    return out


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _wrapped(words: str, width: int) -> list[str]:
    lines: list[str] = []
    for word in words.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines[:5] or [""]


def _letter(rng: random.Random, words: str) -> tuple[str, str]:
    w, h = 0.21, 0.27
    out = poly(
        [(-w / 2 + 0.006, 0), (w / 2, 0.002), (w / 2 - 0.004, -h), (-w / 2, -h + 0.003)], _PAPER
    )
    out += poly([(0.0, 0), (w / 2, 0.002), (w / 2 - 0.004, -h), (0.004, -h)], "#d9cbaa", 0.35)
    for y in (-h / 3, -2 * h / 3):
        out += stroke([(-w / 2 + 0.004, y), (w / 2 - 0.004, y + 0.002)], "#c9b995", 0.0016, 0.8)
    if words:
        out += lettering(words, 0, -h / 2, w * 0.84, 0.040, _INK)
    else:
        y = -h + 0.036
        while y < -0.045:
            end = w / 2 - 0.022 - rng.random() * (0.06 if rng.random() < 0.3 else 0.012)
            d = f"M{n(-w / 2 + 0.022)},{n(y)}"
            x = -w / 2 + 0.022
            while x < end:
                d += f" q0.003,{n(-rng.uniform(0.002, 0.007))} 0.006,0 t{n(rng.uniform(0.003, 0.008))},0"
                x += 0.012
            out += curve(d, "#46516e", 0.0016, 0.85)
            y += 0.0185
        out += curve(
            "M0.01,-0.026 q0.012,-0.016 0.02,0 t0.026,-0.004 t0.014,0.004", "#46516e", 0.002
        )
    return out, ""


def _envelope(rng: random.Random, words: str) -> tuple[str, str]:
    w, h = 0.24, 0.16
    out = rect(-w / 2, -h, w, h, "#e9dcc0", 0.003)
    out += poly([(-w / 2, -h), (w / 2, -h), (0, -h * 0.42)], "#d8c8a3")
    out += circle(0, -h * 0.44, 0.016, "#9c2f2b") + circle(0, -h * 0.44, 0.010, "#b8453c")
    return out, ""


def _stamp(rng: random.Random, words: str) -> tuple[str, str]:
    r = 0.105
    red = "#a93a34"
    out = rect(-0.17, -0.26, 0.34, 0.26, _PAPER, 0.004)
    out += rect(-0.17, -0.26, 0.34, 0.26, "#e3d5b6", 0.004, 0.35)
    ring = (
        f'<circle cx="0" cy="-0.13" r="{n(r)}" fill="none" stroke="{red}" stroke-width="0.0065"/>'
        f'<circle cx="0" cy="-0.13" r="{n(r * 0.80)}" fill="none" stroke="{red}" stroke-width="0.003"/>'
    )
    inner = lettering(words or "POST", 0, -0.13, r * 1.34, 0.042, red)
    stars = "".join(
        circle(x, -0.13 + dy, 0.004, red) for x in (-0.05, 0, 0.05) for dy in (-0.055, 0.055)
    )
    out += group(ring + stars + inner, 0, 0, 1, 0)
    for i in range(4):
        out += curve(f"M0.09,{n(-0.20 + i * 0.022)} q0.02,-0.01 0.04,0 t0.04,0", red, 0.0035, 0.7)
    return out, ""


def _book(rng: random.Random, words: str) -> tuple[str, str]:
    c = rng.choice(("#6d2e35", "#2f4a5e", "#41573f", "#7a5a2b"))
    out = path("M-0.17,-0.02 Q-0.09,-0.05 0,-0.015 Q0.09,-0.05 0.17,-0.02 L0.17,0 L-0.17,0Z", c)
    out += path(
        "M-0.16,-0.028 Q-0.085,-0.062 0,-0.022 L0,-0.20 Q-0.085,-0.235 -0.16,-0.205Z", _PAPER
    )
    out += path(
        "M0.16,-0.028 Q0.085,-0.062 0,-0.022 L0,-0.20 Q0.085,-0.235 0.16,-0.205Z", "#e5d9bd"
    )
    for i in range(7):
        y = -0.19 + i * 0.020
        out += curve(f"M-0.145,{n(y - 0.002)} q0.07,-0.028 0.13,0.008", "#8d8372", 0.0022, 0.8)
        out += curve(f"M0.145,{n(y - 0.002)} q-0.07,-0.028 -0.13,0.008", "#8d8372", 0.0022, 0.8)
    if words:
        out += lettering(words, -0.08, -0.13, 0.13, 0.024, _INK)
    return out, ""


def _newspaper(rng: random.Random, words: str) -> tuple[str, str]:
    out = rect(-0.18, -0.30, 0.36, 0.30, "#e8e2d2", 0.002)
    out += lettering(words or "THE DAILY", 0, -0.265, 0.32, 0.045, _INK)
    out += rect(-0.16, -0.225, 0.17, 0.115, "#8c8a86") + rect(-0.16, -0.16, 0.17, 0.05, "#6d6c6a")
    for i in range(9):
        y = -0.22 + i * 0.022
        out += stroke([(0.03, y), (0.16, y)], "#a39d90", 0.005)
        if i > 4:
            out += stroke([(-0.16, y), (0.01, y)], "#a39d90", 0.005)
    return out, ""


def _photo(rng: random.Random, words: str) -> tuple[str, str]:
    out = rect(-0.11, -0.16, 0.22, 0.16, "#f6f0e2", 0.002)
    out += rect(-0.098, -0.148, 0.196, 0.122, "#8fa6a8") + rect(
        -0.098, -0.075, 0.196, 0.049, "#7c6a52"
    )
    out += circle(-0.022, -0.098, 0.016, "#4b3a31") + circle(0.026, -0.092, 0.015, "#5d4636")
    out += path("M-0.05,-0.027 q0.0,-0.058 0.028,-0.058 q0.026,0 0.026,0.058Z", "#3d3f4a")
    out += path("M0.0,-0.027 q0.0,-0.052 0.026,-0.052 q0.026,0 0.026,0.052Z", "#8b4a42")
    if words:
        out += lettering(words, 0, -0.013, 0.18, 0.017, _INK)
    return out, ""


def _map(rng: random.Random, words: str) -> tuple[str, str]:
    out = rect(-0.25, -0.32, 0.5, 0.32, "#e4d3a6", 0.003)
    land = [(-0.2, -0.22), (-0.08, -0.29), (0.05, -0.22), (0.16, -0.26), (0.2, -0.12),
            (0.05, -0.05), (-0.1, -0.09)]  # fmt: skip
    out += path(smooth(land), "#b9b27a") + path(
        smooth([(x * 0.5 + 0.02, y * 0.6 - 0.06) for x, y in land]), "#a29b62"
    )
    for x in (-0.125, 0, 0.125):
        out += stroke([(x, -0.32), (x, 0)], "#bfa872", 0.002)
    out += stroke([(-0.14, -0.16), (-0.05, -0.2), (0.03, -0.13), (0.11, -0.17)], "#a93a34", 0.004)
    out += stroke([(0.098, -0.182), (0.122, -0.158)], "#a93a34", 0.006) + stroke(
        [(0.122, -0.182), (0.098, -0.158)], "#a93a34", 0.006
    )
    return out + (lettering(words, 0, -0.03, 0.4, 0.03, _INK) if words else ""), ""


def _lamp(rng: random.Random, words: str) -> tuple[str, str]:
    base = rng.choice(("#3c5a52", "#6d3f33", "#3d4660"))
    out = ellipse(0, -0.012, 0.085, 0.014, shade(base, -0.3)) + rect(
        -0.012, -0.24, 0.024, 0.23, base
    )
    out += path(smooth([(-0.045, -0.02), (-0.03, -0.10), (-0.012, -0.15), (0.012, -0.15), (0.03, -0.10),
                        (0.045, -0.02)]), base)  # fmt: skip
    shade_ = [(-0.075, -0.42), (0.075, -0.42), (0.13, -0.23), (-0.13, -0.23)]
    out += poly(shade_, "#d9b98a")
    lit = poly(shade_, "#ffe2a0") + poly(
        [(-0.03, -0.42), (0.03, -0.42), (0.05, -0.23), (-0.05, -0.23)], "#fff3cf", 0.6
    )
    return out, glow("lampglow", 0, -0.32, 0.62, "#ffca70", 0.55) + lit


def _candle(rng: random.Random, words: str) -> tuple[str, str]:
    out = ellipse(0, -0.008, 0.065, 0.012, "#8a6a3b") + rect(
        -0.022, -0.19, 0.044, 0.185, "#efe4cd", 0.006
    )
    out += path("M0.006,-0.19 q0.018,0.03 0.012,0.07 q-0.012,0 -0.012,-0.07Z", "#dccdaf")
    out += stroke([(0, -0.188), (0, -0.205)], _INK, 0.004)
    flame = path(
        "M0,-0.272 C0.022,-0.232 0.02,-0.205 0,-0.202 C-0.02,-0.205 -0.022,-0.232 0,-0.272Z",
        "#ffb347",
    )
    flame += path(
        "M0,-0.248 C0.010,-0.226 0.010,-0.208 0,-0.206 C-0.010,-0.208 -0.010,-0.226 0,-0.248Z",
        "#fff0b8",
    )
    return out, glow("candleglow", 0, -0.235, 0.42, "#ffb755", 0.6) + flame


def _cup(rng: random.Random, words: str) -> tuple[str, str]:
    c = rng.choice(("#e9e2d0", "#7fa0a6", "#c0694f", "#4f6d7a"))
    out = ellipse(0, -0.006, 0.085, 0.013, shade(c, -0.12))
    out += curve("M0.045,-0.075 q0.042,0.0 0.032,0.034 q-0.010,0.022 -0.036,0.016", c, 0.011)
    out += path("M-0.052,-0.092 L-0.040,-0.014 Q0,0.002 0.040,-0.014 L0.052,-0.092Z", c)
    out += path(
        "M0.012,-0.092 L0.010,-0.008 Q0.03,-0.008 0.040,-0.014 L0.052,-0.092Z", shade(c, -0.16), 0.7
    )
    out += ellipse(0, -0.092, 0.052, 0.011, shade(c, 0.12)) + ellipse(
        0, -0.090, 0.045, 0.008, "#4a2f22"
    )
    for x, s in ((-0.014, 1), (0.012, -1)):
        out += curve(
            f"M{n(x)},-0.11 q{n(0.018 * s)},-0.022 0,-0.044 t0,-0.044", "#ffffff", 0.005, 0.32
        )
    return out, ""


def _bottle(rng: random.Random, words: str) -> tuple[str, str]:
    c = rng.choice(("#2f5a42", "#5a3a22", "#37506b"))
    out = path("M-0.04,0 L-0.04,-0.19 Q-0.04,-0.225 -0.015,-0.235 L-0.015,-0.32 L0.015,-0.32 "
               "L0.015,-0.235 Q0.04,-0.225 0.04,-0.19 L0.04,0Z", c)  # fmt: skip
    out += rect(-0.04, -0.15, 0.08, 0.085, "#e6d9b8") + rect(
        -0.030, -0.19, 0.009, 0.18, "#ffffff", 0.004, 0.25
    )
    out += rect(-0.017, -0.335, 0.034, 0.02, "#b08a55", 0.004)
    return out + lettering(words or "RON", 0, -0.107, 0.066, 0.026, _INK), ""


def _clock(rng: random.Random, words: str) -> tuple[str, str]:
    c = rng.choice(("#8c3f36", "#35536b", "#7a5c34"))
    y = -0.17
    out = stroke([(-0.07, -0.04), (-0.10, 0)], shade(c, -0.3), 0.018) + stroke(
        [(0.07, -0.04), (0.10, 0)], shade(c, -0.3), 0.018
    )
    out += circle(-0.075, y - 0.135, 0.042, shade(c, 0.1)) + circle(
        0.075, y - 0.135, 0.042, shade(c, 0.1)
    )
    out += (
        circle(0, y, 0.155, c)
        + circle(0, y, 0.128, "#f6efdf")
        + circle(0, y, 0.128, "#d8cbb0", 0.15)
    )
    import math

    for i in range(12):
        a = math.tau * i / 12
        r = 0.103 if i % 3 else 0.096
        out += stroke(
            [
                (math.sin(a) * r, y - math.cos(a) * r),
                (math.sin(a) * 0.116, y - math.cos(a) * 0.116),
            ],
            _INK,
            0.006 if i % 3 else 0.010,
        )
    a, b = math.radians(rng.uniform(0, 360)), math.radians(rng.uniform(0, 360))
    out += stroke([(0, y), (math.sin(a) * 0.06, y - math.cos(a) * 0.06)], _INK, 0.012)
    out += stroke([(0, y), (math.sin(b) * 0.092, y - math.cos(b) * 0.092)], _INK, 0.008)
    return out + circle(0, y, 0.010, c), ""


def _phone(rng: random.Random, words: str) -> tuple[str, str]:
    c = rng.choice(("#23262c", "#8c2f2f", "#2f4f46"))
    out = path(
        smooth(
            [(-0.15, 0), (-0.12, -0.09), (-0.06, -0.15), (0.06, -0.15), (0.12, -0.09), (0.15, 0)]
        ),
        c,
    )
    out += circle(0, -0.072, 0.052, shade(c, 0.16)) + circle(0, -0.072, 0.018, shade(c, -0.2))
    import math

    for i in range(9):
        a = math.radians(-130 + i * 33)
        out += circle(math.sin(a) * 0.036, -0.072 - math.cos(a) * 0.036, 0.0075, "#efe6d3")
    out += path("M-0.165,-0.165 q0.0,-0.045 0.045,-0.045 h0.24 q0.045,0 0.045,0.045 v0.028 h-0.072 v-0.026 "
                "h-0.186 v0.026 h-0.072Z", shade(c, 0.08))  # fmt: skip
    return out + rect(-0.022, -0.16, 0.044, 0.03, shade(c, -0.1)), ""


def _key(rng: random.Random, words: str) -> tuple[str, str]:
    c = "#b48a45"
    out = (
        f'<circle cx="-0.07" cy="-0.05" r="0.034" fill="none" stroke="{c}" stroke-width="0.014"/>'
        + stroke([(-0.036, -0.05), (0.11, -0.05)], c, 0.014)
        + stroke([(0.075, -0.05), (0.075, -0.018)], c, 0.013)
        + stroke([(0.105, -0.05), (0.105, -0.024)], c, 0.013)
    )
    return out, ""


def _gun(rng: random.Random, words: str) -> tuple[str, str]:
    c = "#3a3d45"
    out = rect(-0.10, -0.14, 0.22, 0.038, c, 0.006) + rect(
        -0.035, -0.118, 0.075, 0.045, shade(c, -0.2), 0.01
    )
    return out + path("M-0.09,-0.115 L-0.03,-0.10 L-0.055,0 L-0.115,-0.006Z", "#6a4631") + curve(
        "M-0.025,-0.085 q0.025,0.045 0.05,0.012", c, 0.008), ""  # fmt: skip


def _flower(rng: random.Random, words: str) -> tuple[str, str]:
    from storyboard.previz.lexicon import COLORS

    c = next(
        (COLORS[w] for w in words.split() if w in COLORS),
        rng.choice(("#c8453f", "#e0a33a", "#c96a8f", "#e7e0ef")),
    )
    out = path("M-0.055,0 L-0.04,-0.14 L0.04,-0.14 L0.055,0Z", "#6f93a0")
    for x, y in ((0, -0.34), (-0.075, -0.29), (0.075, -0.30)):
        out += curve(f"M{n(x * 0.2)},-0.13 Q{n(x * 0.3)},-0.22 {n(x)},{n(y)}", "#4d7044", 0.008)
        out += ellipse(x * 0.55 + 0.014, -0.215, 0.026, 0.010, "#5d8550")
        for dx, dy in (
            (-0.024, 0),
            (0.024, 0),
            (0, -0.024),
            (0, 0.024),
            (0.016, 0.016),
            (-0.016, -0.016),
        ):
            out += circle(x + dx, y + dy, 0.021, c)
        out += circle(x, y, 0.018, mix(c, "#f3d98a", 0.65))
    return out, ""


def _suitcase(rng: random.Random, words: str) -> tuple[str, str]:
    c = rng.choice(("#8a5a33", "#6b3b33", "#3f5a5c", "#a5803f"))
    out = curve("M-0.08,-0.42 q0,-0.065 0.08,-0.065 q0.08,0 0.08,0.065", shade(c, -0.45), 0.022)
    out += rect(-0.31, -0.42, 0.62, 0.42, c, 0.035) + rect(
        -0.31, -0.16, 0.62, 0.16, shade(c, -0.22), 0.035, 0.5
    )
    for x in (-0.19, 0.19):
        out += rect(x - 0.025, -0.42, 0.05, 0.42, shade(c, -0.35)) + rect(
            x - 0.03, -0.27, 0.06, 0.045, "#cfa861", 0.006
        )
    return out, ""


def _chair(rng: random.Random, words: str) -> tuple[str, str]:
    c = rng.choice(("#7a4f33", "#5a6a58", "#8a3f38"))
    out = ""
    for x in (-0.19, 0.19):
        out += rect(x - 0.018, -0.95, 0.036, 0.95, shade(c, -0.2), 0.01)
    for y in (-0.9, -0.76, -0.62):
        out += rect(-0.2, y, 0.4, 0.06, c, 0.015)
    out += poly([(-0.22, -0.46), (0.22, -0.46), (0.25, -0.40), (-0.25, -0.40)], shade(c, 0.08))
    for x in (-0.235, 0.20):
        out += rect(x, -0.40, 0.035, 0.40, c, 0.008)
    return out, ""


def _table(rng: random.Random, words: str) -> tuple[str, str]:
    c = rng.choice(("#8b5e3c", "#6f4a34", "#a0764a"))
    out = rect(-0.62, -0.73, 0.07, 0.73, shade(c, -0.3)) + rect(
        0.55, -0.73, 0.07, 0.73, shade(c, -0.3)
    )
    out += rect(-0.66, -0.73, 1.32, 0.09, shade(c, -0.16)) + rect(
        -0.72, -0.78, 1.44, 0.055, c, 0.01
    )
    return out, ""


def _door(rng: random.Random, words: str) -> tuple[str, str]:
    from storyboard.previz.lexicon import COLORS

    c = next(
        (COLORS[w] for w in words.split() if w in COLORS),
        rng.choice(("#35586a", "#8a3b32", "#47604a", "#7b5a34")),
    )
    out = rect(-0.56, -2.26, 1.12, 2.26, shade(c, -0.45), 0.01) + rect(
        -0.47, -2.16, 0.94, 2.16, c, 0.01
    )
    for x in (-0.37, 0.05):
        for y, h in ((-2.02, 0.78), (-1.10, 0.90)):
            out += rect(x, y, 0.32, h, shade(c, -0.20), 0.012) + rect(
                x + 0.03, y + 0.03, 0.26, h - 0.06, shade(c, 0.06), 0.01
            )
    return out + circle(0.37, -1.02, 0.040, "#d3a855") + circle(
        0.36, -1.03, 0.016, "#f5deA0".lower()
    ), ""


def _window(rng: random.Random, words: str) -> tuple[str, str]:
    out = rect(-0.66, -1.62, 1.32, 1.62, "#e6dcc6", 0.01) + rect(
        -0.58, -1.54, 1.16, 1.46, "#7fa3bb"
    )
    out += rect(-0.035, -1.54, 0.07, 1.46, "#e6dcc6") + rect(-0.58, -0.86, 1.16, 0.06, "#e6dcc6")
    return out + rect(-0.74, -0.06, 1.48, 0.08, "#d2c6ac", 0.01), ""


def _fire(rng: random.Random, words: str) -> tuple[str, str]:
    out = "".join(
        stroke([(-0.34 + i * 0.1, 0), (0.34 - i * 0.12, -0.14)], "#4a3226", 0.07) for i in range(3)
    )
    out += stroke([(0.34, 0), (-0.28, -0.15)], "#5a3d2c", 0.075)
    lit = glow("fireglow", 0, -0.4, 1.7, "#ff8a3c", 0.6)
    for w, h, c in ((0.30, 0.82, "#e8632b"), (0.22, 0.62, "#f79a36"), (0.12, 0.40, "#ffe08a")):
        lit += path(f"M{n(-w)},-0.08 C{n(-w * 1.2)},{n(-h * 0.5)} {n(-w * 0.2)},{n(-h * 0.6)} {n(w * 0.1)},{n(-h)} "
                    f"C{n(w * 0.3)},{n(-h * 0.6)} {n(w * 1.2)},{n(-h * 0.5)} {n(w)},-0.08Z", c)  # fmt: skip
    return out, lit


def _hand(rng: random.Random, words: str) -> tuple[str, str]:
    skin = rng.choice(("#e3b48c", "#c68d63", "#8a5a3c", "#f0cba8"))
    dark = shade(skin, -0.2)
    out = path("M-0.30,0 L-0.30,-0.11 L-0.10,-0.115 L-0.10,0.0Z", "#5a6a7a")
    out += path(
        smooth(
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
        out += stroke([(0.03, y), (e, y + 0.012 * i - 0.010)], skin, 0.029)
        out += stroke([(0.06, y + 0.016), (e - 0.03, y + 0.012 * i + 0.006)], dark, 0.003, 0.6)
    out += stroke([(-0.01, -0.115), (0.06, -0.172), (0.115, -0.182)], skin, 0.032)
    return out, ""


def _umbrella(rng: random.Random, words: str) -> tuple[str, str]:
    from storyboard.previz.lexicon import COLORS

    c = next(
        (COLORS[w] for w in words.split() if w in COLORS),
        rng.choice(("#9c3236", "#2e3f57", "#c79b45")),
    )
    out = stroke([(0, -0.9), (0, -0.06)], "#3c2f28", 0.018) + curve(
        "M0,-0.06 q0,0.06 0.05,0.06 q0.045,0 0.045,-0.05", "#3c2f28", 0.022
    )
    out += path("M-0.52,-0.68 Q-0.44,-1.02 0,-1.04 Q0.44,-1.02 0.52,-0.68 Q0.42,-0.75 0.34,-0.68 Q0.2,-0.76 0,-0.70 "
                "Q-0.2,-0.76 -0.34,-0.68 Q-0.42,-0.75 -0.52,-0.68Z", c)  # fmt: skip
    out += path("M0,-1.04 Q0.30,-0.95 0.34,-0.68 Q0.2,-0.76 0,-0.70Z", shade(c, -0.2), 0.6)
    return out + stroke([(0, -1.03), (0, -1.09)], "#3c2f28", 0.016), ""


def _apple(rng: random.Random, words: str) -> tuple[str, str]:
    c = "#d9772b" if "orange" in words else rng.choice(("#b5362f", "#7f9a3f", "#c9852f"))
    out = path(
        smooth(
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
    return out + stroke([(0, -0.085), (0.008, -0.118)], "#4a3322", 0.006) + ellipse(
        0.026, -0.112, 0.02, 0.009, "#5d8550"
    ) + ellipse(-0.022, -0.07, 0.010, 0.016, "#ffffff", 0.3), ""


def _ring(rng: random.Random, words: str) -> tuple[str, str]:
    c = "#d3a545"
    out = f'<circle cx="0" cy="-0.035" r="0.029" fill="none" stroke="{c}" stroke-width="0.008"/>'
    return out + poly(
        [(-0.013, -0.066), (0.013, -0.066), (0.008, -0.084), (-0.008, -0.084)], "#dff1f5"
    ), ""


def _knife(rng: random.Random, words: str) -> tuple[str, str]:
    return path("M-0.03,-0.03 L0.17,-0.026 Q0.12,-0.004 -0.03,-0.006Z", "#c9cdd1") + rect(
        -0.15, -0.036, 0.125, 0.034, "#4a3226", 0.01
    ), ""


def _box(rng: random.Random, words: str) -> tuple[str, str]:
    c = rng.choice(("#b08552", "#9a7448", "#8f6a4a"))
    out = rect(-0.26, -0.36, 0.52, 0.36, c, 0.006) + poly(
        [(-0.26, -0.36), (0.26, -0.36), (0.22, -0.42), (-0.22, -0.42)], shade(c, 0.14)
    )
    out += rect(-0.04, -0.36, 0.08, 0.36, shade(c, -0.2), 0, 0.6) + stroke(
        [(-0.26, -0.18), (0.26, -0.18)], "#e6d9b8", 0.012
    )
    return out + (
        lettering(words, 0, -0.09, 0.4, 0.07, _INK) if words and len(words) < 24 else ""
    ), ""


def _sign(rng: random.Random, words: str) -> tuple[str, str]:
    c = rng.choice(("#2f4f5c", "#7a2f2b", "#3d5240"))
    out = rect(-0.05, -1.5, 0.1, 1.5, "#4a3a2e") + rect(
        -0.85, -2.2, 1.7, 0.82, shade(c, -0.35), 0.03
    )
    out += rect(-0.81, -2.16, 1.62, 0.74, c, 0.025)
    return out + lettering(words or "NO. 7", 0, -1.79, 1.42, 0.34, "#f3ead6"), ""


def _piano(rng: random.Random, words: str) -> tuple[str, str]:
    c = "#2a2629"
    out = rect(-0.75, -1.2, 1.5, 1.2, c, 0.02) + rect(-0.70, -1.12, 1.4, 0.36, shade(c, 0.10), 0.01)
    out += rect(-0.75, -0.72, 1.5, 0.13, "#f1ebdd")
    for i in range(26):
        if i % 7 not in (2, 6):
            out += rect(-0.735 + i * 0.0575, -0.72, 0.028, 0.078, c)
    return out + rect(-0.77, -0.60, 1.54, 0.08, shade(c, 0.16), 0.01), ""


def _robot(rng: random.Random, words: str) -> tuple[str, str]:
    c, d = "#9fb0b5", "#6c7d84"
    out = rect(-0.22, -0.62, 0.14, 0.62, d, 0.04) + rect(0.08, -0.62, 0.14, 0.62, d, 0.04)
    out += rect(-0.46, -1.18, 0.13, 0.56, d, 0.06) + rect(0.33, -1.18, 0.13, 0.56, d, 0.06)
    out += rect(-0.32, -1.24, 0.64, 0.68, c, 0.07) + rect(
        -0.2, -1.1, 0.4, 0.26, shade(c, -0.25), 0.03
    )
    out += rect(-0.05, -1.34, 0.1, 0.12, d) + rect(-0.25, -1.70, 0.50, 0.38, shade(c, 0.1), 0.09)
    out += stroke([(0, -1.7), (0, -1.84)], d, 0.02) + circle(0, -1.86, 0.035, "#d9574a")
    lit = circle(-0.1, -1.52, 0.058, "#ffdf8a") + circle(0.1, -1.52, 0.058, "#ffdf8a")
    lit += circle(-0.1, -1.52, 0.022, "#7a4a1e") + circle(0.1, -1.52, 0.022, "#7a4a1e")
    return out, lit


def _camera(rng: random.Random, words: str) -> tuple[str, str]:
    out = rect(-0.09, -0.11, 0.18, 0.11, "#2c2d33", 0.012) + rect(
        -0.09, -0.125, 0.18, 0.035, "#b7b4ad", 0.008
    )
    return out + circle(0, -0.052, 0.045, "#191a1e") + circle(0, -0.052, 0.03, "#41586b") + circle(
        -0.01, -0.062, 0.009, "#ffffff", 0.7
    ), ""


def _balloon(rng: random.Random, words: str) -> tuple[str, str]:
    from storyboard.previz.lexicon import COLORS

    c = next((COLORS[w] for w in words.split() if w in COLORS), "#b8382f")
    out = curve("M0,-0.5 q0.06,0.2 -0.02,0.34 t0.02,0.16", "#6a6055", 0.008)
    out += path(
        smooth(
            [(0, -0.50), (0.2, -0.72), (0.21, -0.92), (0, -1.08), (-0.21, -0.92), (-0.2, -0.72)]
        ),
        c,
    )
    return out + ellipse(-0.07, -0.92, 0.04, 0.07, "#ffffff", 0.35) + poly(
        [(-0.03, -0.48), (0.03, -0.48), (0, -0.51)], shade(c, -0.2)
    ), ""


PROPS: dict[str, Prop] = {
    "letter": Prop(0.22, 0.27, "hand", _letter),
    "envelope": Prop(0.24, 0.16, "hand", _envelope),
    "stamp": Prop(0.34, 0.26, "hand", _stamp),
    "book": Prop(0.34, 0.23, "hand", _book),
    "newspaper": Prop(0.36, 0.30, "hand", _newspaper),
    "photo": Prop(0.22, 0.16, "hand", _photo),
    "map": Prop(0.50, 0.32, "hand", _map),
    "lamp": Prop(0.26, 0.43, "table", _lamp),
    "candle": Prop(0.13, 0.28, "table", _candle),
    "cup": Prop(0.17, 0.12, "table", _cup),
    "bottle": Prop(0.09, 0.34, "table", _bottle),
    "clock": Prop(0.31, 0.35, "table", _clock),
    "phone": Prop(0.34, 0.21, "table", _phone),
    "key": Prop(0.24, 0.09, "table", _key),
    "gun": Prop(0.24, 0.15, "table", _gun),
    "flower": Prop(0.22, 0.37, "table", _flower),
    "apple": Prop(0.12, 0.12, "table", _apple),
    "ring": Prop(0.08, 0.09, "table", _ring),
    "knife": Prop(0.33, 0.05, "table", _knife),
    "camera": Prop(0.19, 0.13, "table", _camera),
    "hand": Prop(0.55, 0.20, "table", _hand),
    "suitcase": Prop(0.64, 0.5, "ground", _suitcase),
    "chair": Prop(0.5, 0.95, "ground", _chair),
    "table": Prop(1.44, 0.79, "ground", _table),
    "door": Prop(1.15, 2.3, "ground", _door),
    "window": Prop(1.5, 1.65, "ground", _window),
    "fire": Prop(0.8, 0.95, "ground", _fire),
    "umbrella": Prop(1.05, 1.1, "ground", _umbrella),
    "box": Prop(0.54, 0.43, "ground", _box),
    "sign": Prop(1.7, 2.2, "ground", _sign),
    "piano": Prop(1.55, 1.2, "ground", _piano),
    "robot": Prop(0.95, 1.9, "ground", _robot, 1.0),
    "balloon": Prop(0.45, 1.1, "air", _balloon, 0.3),
}

__all__ = ["PROPS", "escaped", "gradient", "lettering"]
