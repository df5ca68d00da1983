"""Trees, houses, lights: natural and built things, also used to dress the sets."""

from __future__ import annotations

import math
import random

from storyboard.previz.painting.colors import jitter_color, mix_colors, shade_color
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
from storyboard.previz.props.prop import Prop

_LEAVES = ("#5d7f45", "#4a6f4c", "#7a8f47", "#3f6250", "#8a9a4f")
_WALLS = ("#d8b48a", "#c98f6b", "#b9c0ae", "#d9cdb2", "#a9b7bd", "#c9a0a0", "#e0c58a", "#9fb0a0")
_ROOFS = ("#9a4f3a", "#7a4436", "#5a5560", "#8a5a40", "#6a4a44")


def draw_tree_crown(rng: random.Random, x: float, y: float, radius: float, color: str) -> str:
    """A round tree crown in three tones."""
    out = ""
    for tone, dx, dy, scale in (
        (shade_color(color, -0.24), 0.10, 0.16, 1.0),
        (color, 0.0, 0.0, 0.97),
        (shade_color(color, 0.12), -0.20, -0.22, 0.62),
    ):
        ring = []
        for i in range(11):
            a = math.tau * i / 11
            rr = radius * scale * rng.uniform(0.84, 1.08)
            ring.append(
                (x + dx * radius + math.cos(a) * rr, y + dy * radius + math.sin(a) * rr * 0.90)
            )
        out += draw_path(smooth_path(ring), tone)
    return out


def draw_tree(rng: random.Random, kind_words: str) -> tuple[str, str]:
    if "palm" in kind_words:
        return draw_palm(rng), ""
    if "pine" in kind_words:
        return draw_pine(rng), ""
    c = "#b9763a" if "autumn" in kind_words else rng.choice(_LEAVES)
    trunk = rng.choice(("#5d4534", "#4a3a30", "#6a5140"))
    out = draw_path("M-0.24,0 Q-0.12,-0.6 -0.15,-2.6 L0.15,-2.6 Q0.12,-0.6 0.28,0Z", trunk)
    out += draw_curve("M0,-1.7 Q0.5,-2.3 0.9,-2.9 M-0.02,-2.0 Q-0.5,-2.5 -0.8,-3.0", trunk, 0.13)
    for x, y, r in ((-0.95, -3.3, 0.95), (0.95, -3.4, 1.0), (0.0, -4.3, 1.25), (0.05, -3.2, 1.0)):
        out += draw_tree_crown(rng, x, y, r, jitter_color(c, rng, 8))
    return out, ""


def draw_pine(rng: random.Random, color: str = "", height: float = 7.0) -> str:
    color = color or rng.choice(("#31523f", "#2b4a44", "#3d5c3f"))
    out = draw_rect(-0.13, -1.0, 0.26, 1.0, "#4a382d")
    tiers = rng.randint(5, 7)
    for i in range(tiers):
        t = i / tiers
        y0 = -0.7 - (height - 0.9) * t
        w = (1.0 - t) * height * 0.20 + 0.22
        y1 = y0 - (height / tiers) * 1.75
        jag = [
            (-w, y0),
            (-w * 0.55, y0 - 0.10),
            (-w * 0.3, y0 + 0.10),
            (0, y0 - 0.06),
            (w * 0.35, y0 + 0.10),
            (w * 0.6, y0 - 0.08),
            (w, y0),
            (0, max(-height, y1)),
        ]
        tone = mix_colors(shade_color(color, -0.2), shade_color(color, 0.12), t)
        out += draw_polygon(jag, tone)
        out += draw_polygon(
            [(0, y0), (w * 0.35, y0 + 0.10), (w * 0.6, y0 - 0.08), (w, y0), (0, max(-height, y1))],
            shade_color(tone, -0.16),
            0.5,
        )
    return out


def draw_palm(rng: random.Random) -> str:
    lean = rng.uniform(-0.7, 0.7)
    out = draw_curve(f"M0,0 Q{fmt(lean * 0.2)},-2.8 {fmt(lean)},-5.4", "#7a5f45", 0.24)
    for i in range(9):
        a = math.pi * (0.02 + i / 8 * 0.96)
        dx, dy = math.cos(a) * 2.0, -math.sin(a) * 1.1
        tone = ("#4f7a4a", "#3f6a48", "#5f8a50")[i % 3]
        x, y = lean, -5.4
        out += draw_path(f"M{fmt(x)},{fmt(y)} Q{fmt(x + dx * 0.5)},{fmt(y + dy - 0.55)} "
                    f"{fmt(x + dx)},{fmt(y + dy * 0.4 + 0.75)} "
                    f"Q{fmt(x + dx * 0.5)},{fmt(y + dy * 0.75 - 0.1)} "
                    f"{fmt(x)},{fmt(y)}Z", tone)  # fmt: skip
    return out


def draw_tree_trunk(
    rng: random.Random, height: float, width: float, color: str, birch: bool = False
) -> str:
    """A tall bare trunk that leaves the frame at the top."""
    lean = rng.uniform(-0.25, 0.25)
    w = width / 2
    right_edge = (
        f"L{fmt(w * 0.7 + lean)},{fmt(-height)} L{fmt(w + lean * 0.5)},{fmt(-height / 2)} "
        f"Q{fmt(w)},-0.5 {fmt(w * 2.0)},0.05Z"
    )
    out = draw_path(
        f"M{fmt(-w * 1.9)},0.05 "
        f"Q{fmt(-w)},-0.5 {fmt(-w + lean * 0.5)},{fmt(-height / 2)} "
        f"L{fmt(-w * 0.7 + lean)},{fmt(-height)} {right_edge}",
        color,
    )
    out += draw_path(
        f"M{fmt(w * 0.2)},0 "
        f"Q{fmt(w * 0.3)},-0.5 {fmt(w * 0.35 + lean * 0.5)},{fmt(-height / 2)} "
        f"L{fmt(w * 0.25 + lean)},{fmt(-height)} {right_edge}",
        shade_color(color, -0.22),
        0.6,
    )
    for _ in range(int(height * (2.4 if birch else 0.5))):
        y = -rng.uniform(0.4, height * 0.95)
        x = rng.uniform(-w * 0.8, w * 0.4) + lean * -y / height
        if birch:
            out += draw_line(
                [(x, y), (x + rng.uniform(0.05, 0.16), y + 0.01)], "#3a3531", 0.035, 0.8
            )
        else:
            out += draw_line(
                [(x, y), (x + 0.02, y - rng.uniform(0.2, 0.7))],
                shade_color(color, -0.35),
                0.03,
                0.6,
            )
    for _ in range(rng.randint(1, 3)):
        y = -rng.uniform(height * 0.4, height * 0.85)
        s = rng.choice((-1, 1))
        out += draw_curve(
            f"M{fmt(lean * -y / height)},{fmt(y)} q{fmt(s * 0.6)},-0.3 "
            f"{fmt(s * rng.uniform(0.8, 1.5))},{fmt(-rng.uniform(0.6, 1.2))}",
            color,
            width * 0.28,
        )
    return out


def draw_house_and_lit_windows(rng: random.Random, _words: str) -> tuple[str, str]:
    return draw_cottage_and_lit_windows(rng, rng.uniform(4.6, 6.2), rng.uniform(2.7, 3.3))


def draw_cottage_and_lit_windows(
    rng: random.Random, width: float, h: float, storeys: int = 1
) -> tuple[str, str]:
    """A house with a pitched roof: (body, lit windows)."""
    wall, roof = rng.choice(_WALLS), rng.choice(_ROOFS)
    h *= storeys
    out = draw_rect(
        width * 0.16, -h - width * 0.40, width * 0.10, width * 0.30, shade_color(roof, -0.2)
    )
    out += draw_polygon([(-width / 2, 0), (-width / 2, -h), (width / 2, -h), (width / 2, 0)], wall)
    out += draw_polygon(
        [(width * 0.10, 0), (width * 0.10, -h), (width / 2, -h), (width / 2, 0)],
        shade_color(wall, -0.12),
        0.6,
    )
    out += draw_polygon(
        [
            (-width * 0.57, -h + 0.05),
            (-width * 0.30, -h - width * 0.30),
            (width * 0.30, -h - width * 0.30),
            (width * 0.57, -h + 0.05),
        ],
        roof,
    )
    out += draw_polygon(
        [
            (-width * 0.57, -h + 0.05),
            (width * 0.57, -h + 0.05),
            (width * 0.53, -h - 0.08),
            (-width * 0.53, -h - 0.08),
        ],
        shade_color(roof, -0.25),
    )
    lit = ""
    per = max(2, int(width / 1.7))
    for storey in range(storeys):
        y = -h / storeys * storey - h / storeys * 0.74
        for i in range(per):
            x = -width / 2 + width * (i + 0.5) / per
            if storey == 0 and i == per // 2:
                c = rng.choice(("#6a3f33", "#35586a", "#47604a"))
                out += draw_rect(x - 0.42, -1.95, 0.84, 1.95, shade_color(wall, 0.2)) + draw_rect(
                    x - 0.35, -1.88, 0.70, 1.88, c
                )
                continue
            win = (x - 0.36, y, 0.72, h / storeys * 0.36)
            out += draw_rect(
                win[0] - 0.07, win[1] - 0.07, win[2] + 0.14, win[3] + 0.14, shade_color(wall, 0.22)
            ) + draw_rect(*win, "#52697a")
            cross = draw_rect(x - 0.025, y, 0.05, win[3], shade_color(wall, 0.22)) + draw_rect(
                win[0], y + win[3] * 0.48, win[2], 0.05, shade_color(wall, 0.22)
            )
            out += cross
            if rng.random() < 0.66:
                lit += draw_rect(*win, rng.choice(("#ffd27a", "#ffc05e", "#ffe2a0"))) + draw_rect(
                    x - 0.025, y, 0.05, win[3], "#a8743a"
                )
    return out, lit


def draw_lighthouse_and_light(rng: random.Random, _words: str) -> tuple[str, str]:
    red = rng.choice(("#b5402f", "#2f4f6a", "#a8402f"))
    out = draw_path("M-4.6,0.2 Q-3,-1.4 -1.9,-1.3 L1.9,-1.3 Q3.2,-1.3 4.8,0.2Z", "#6d655f")
    for i in range(5):
        y0, y1 = -1.2 - i * 2.2, -1.2 - (i + 1) * 2.2
        w0, w1 = 1.75 - i * 0.17, 1.75 - (i + 1) * 0.17
        c = "#efe7d8" if i % 2 == 0 else red
        out += draw_polygon([(-w0, y0), (w0, y0), (w1, y1), (-w1, y1)], c)
        out += draw_polygon(
            [(w0 * 0.25, y0), (w0, y0), (w1, y1), (w1 * 0.25, y1)], shade_color(c, -0.2), 0.6
        )
    out += draw_rect(-1.35, -12.55, 2.7, 0.32, "#2f3036", 0.05) + draw_rect(
        -0.72, -14.0, 1.44, 1.5, "#51646e"
    )
    out += draw_polygon([(-0.95, -13.95), (0.95, -13.95), (0, -15.1)], red) + draw_line(
        [(0, -15), (0, -15.6)], "#2f3036", 0.07
    )
    for y in (-4.0, -7.6):
        out += draw_rect(-0.28, y, 0.56, 0.85, "#3d4f5c", 0.1)
    lit = draw_rect(-0.62, -13.9, 1.24, 1.32, "#fff0bf") + draw_glow(
        "lantern", 0, -13.2, 4.2, "#ffe6a0", 0.7
    )
    return out, lit


def draw_streetlamp_and_light(rng: random.Random, _words: str) -> tuple[str, str]:
    out = draw_rect(-0.05, -3.5, 0.10, 3.5, "#2e3136") + draw_path(
        "M-0.17,0 L-0.08,-0.55 L0.08,-0.55 L0.17,0Z", "#2e3136"
    )
    out += draw_polygon(
        [(-0.20, -3.5), (0.20, -3.5), (0.15, -3.98), (-0.15, -3.98)], "#d6cfb8"
    ) + draw_polygon([(-0.2, -3.97), (0.2, -3.97), (0, -4.22)], "#2e3136")
    lit = draw_polygon(
        [(-0.20, -3.5), (0.20, -3.5), (0.15, -3.98), (-0.15, -3.98)], "#fff0bd"
    ) + draw_glow("lamplight", 0, -3.72, 1.9, "#ffcf78", 0.75)
    return out, lit


def draw_rock(rng: random.Random, width: float, height: float, color: str) -> str:
    ring = []
    for i in range(7):
        a = math.pi * (1 - i / 6)
        ring.append(
            (
                math.cos(a) * width / 2 * rng.uniform(0.9, 1.1),
                -math.sin(a) * height * rng.uniform(0.85, 1.1),
            )
        )
    out = draw_polygon([*ring, (width * 0.5, 0.04), (-width * 0.5, 0.04)], color)
    return out + draw_polygon(
        [(0, -height * 0.9), ring[4], ring[5], (width * 0.5, 0.04), (width * 0.12, 0.04)],
        shade_color(color, -0.22),
        0.7,
    )


def draw_bush(rng: random.Random, width: float, color: str) -> str:
    return "".join(
        draw_tree_crown(
            rng, (i - 1) * width * 0.3, -width * (0.26 if i != 1 else 0.36), width * 0.30, color
        )
        for i in range(3)
    )


def draw_grass_tuft(rng: random.Random, width: float, height: float, color: str) -> str:
    """A tuft of grass."""
    out = ""
    for _ in range(9):
        x = rng.uniform(-width / 2, width / 2)
        lean = rng.uniform(-0.5, 0.5) * height
        tall = height * rng.uniform(0.5, 1)
        tone = jitter_color(color, rng, 14)
        out += draw_path(
            f"M{fmt(x - width * 0.05)},0.02 Q{fmt(x + lean * 0.3)},{fmt(-tall * 0.6)} "
            f"{fmt(x + lean)},{fmt(-tall)} "
            f"Q{fmt(x + lean * 0.3 + width * 0.05)},{fmt(-tall * 0.5)} "
            f"{fmt(x + width * 0.05)},0.02Z",
            tone,
        )
    return out


def draw_cactus(rng: random.Random) -> str:
    c = "#5f7a4f"
    h = rng.uniform(1.8, 3.2)
    out = draw_line([(0, 0), (0, -h)], c, 0.42) + draw_line(
        [(0.07, 0), (0.07, -h)], shade_color(c, -0.2), 0.10
    )
    out += draw_line([(0, -h * 0.45), (-0.55, -h * 0.45), (-0.55, -h * 0.78)], c, 0.28)
    return out + draw_line([(0, -h * 0.58), (0.5, -h * 0.58), (0.5, -h * 0.85)], c, 0.26)


def _draw_moon(rng: random.Random, _words: str) -> tuple[str, str]:
    lit = draw_glow("moonglow", 0, -1.5, 3.6, "#dfe8ff", 0.5) + draw_circle(0, -1.5, 1.3, "#f1efe2")
    lit += (
        draw_ellipse(-0.4, -1.8, 0.32, 0.26, "#d8d6c8")
        + draw_ellipse(0.35, -1.2, 0.42, 0.34, "#dbd9cc")
        + draw_ellipse(0.1, -2.1, 0.18, 0.14, "#dcdacd")
    )
    return "", lit


def _draw_sun(rng: random.Random, _words: str) -> tuple[str, str]:
    return "", draw_glow("sunball", 0, -1.5, 4.2, "#ffdf9b", 0.8) + draw_circle(
        0, -1.5, 1.3, "#fff6d8"
    )


PROPS: dict[str, Prop] = {
    "tree": Prop(4.2, 5.6, "ground", draw_tree),
    "house": Prop(6.4, 5.0, "ground", draw_house_and_lit_windows),
    "lighthouse": Prop(9.5, 15.7, "ground", draw_lighthouse_and_light),
    "streetlamp": Prop(0.9, 4.3, "ground", draw_streetlamp_and_light),
    "moon": Prop(2.8, 2.9, "air", _draw_moon),
    "sun": Prop(2.8, 2.9, "air", _draw_sun),
}
