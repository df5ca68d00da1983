"""Written and printed paper with legible words."""

from __future__ import annotations

import random

from storyboard.previz.painting.svg import (
    draw_circle,
    draw_curve,
    draw_line,
    draw_path,
    draw_polygon,
    draw_rect,
    fmt,
    place_art,
    smooth_path,
)

INK = "#2e2b33"


PAPER = "#f3ead6"


def draw_lettering(
    words: str,
    center_x: float,
    center_y: float,
    max_width: float,
    max_line_height: float,
    color: str,
) -> str:
    """`words` centred on a point, wrapped to `max_width`, each line within `max_line_height`."""
    lines = _wrap_lettering(words, max(6, int(max_width / (max_line_height * 0.62))))
    longest = max(len(line) for line in lines)
    size = min(max_line_height, max_width / (longest * 0.62))
    out = ""
    for i, line in enumerate(lines):
        base = center_y + (i - (len(lines) - 1) / 2) * size * 1.2 + size * 0.35
        # fonts below one unit render badly at some sizes: draw large, then scale down
        text = (
            f'<text font-family="Inter" font-weight="650" font-size="100" text-anchor="middle" '
            f'fill="{color}">{escape_xml(line)}</text>'
        )
        out += place_art(text, center_x, base, size / 100)
    return out


def escape_xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _wrap_lettering(words: str, max_characters: int) -> list[str]:
    lines: list[str] = []
    for word in words.split():
        if lines and len(lines[-1]) + 1 + len(word) <= max_characters:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines[:5] or [""]


def draw_letter(rng: random.Random, lettering: str) -> tuple[str, str]:
    w, h = 0.21, 0.27
    out = draw_polygon(
        [(-w / 2 + 0.006, 0), (w / 2, 0.002), (w / 2 - 0.004, -h), (-w / 2, -h + 0.003)], PAPER
    )
    out += draw_polygon(
        [(0.0, 0), (w / 2, 0.002), (w / 2 - 0.004, -h), (0.004, -h)], "#d9cbaa", 0.35
    )
    for y in (-h / 3, -2 * h / 3):
        out += draw_line([(-w / 2 + 0.004, y), (w / 2 - 0.004, y + 0.002)], "#c9b995", 0.0016, 0.8)
    if lettering:
        out += draw_lettering(lettering, 0, -h / 2, w * 0.84, 0.040, INK)
    else:
        y = -h + 0.036
        while y < -0.045:
            end = w / 2 - 0.022 - rng.random() * (0.06 if rng.random() < 0.3 else 0.012)
            d = f"M{fmt(-w / 2 + 0.022)},{fmt(y)}"
            x = -w / 2 + 0.022
            while x < end:
                d += (
                    f" q0.003,{fmt(-rng.uniform(0.002, 0.007))} 0.006,0 "
                    f"t{fmt(rng.uniform(0.003, 0.008))},0"
                )
                x += 0.012
            out += draw_curve(d, "#46516e", 0.0016, 0.85)
            y += 0.0185
        out += draw_curve(
            "M0.01,-0.026 q0.012,-0.016 0.02,0 t0.026,-0.004 t0.014,0.004", "#46516e", 0.002
        )
    return out, ""


def draw_envelope(rng: random.Random, _words: str) -> tuple[str, str]:
    w, h = 0.24, 0.16
    out = draw_rect(-w / 2, -h, w, h, "#e9dcc0", 0.003)
    out += draw_polygon([(-w / 2, -h), (w / 2, -h), (0, -h * 0.42)], "#d8c8a3")
    out += draw_circle(0, -h * 0.44, 0.016, "#9c2f2b") + draw_circle(0, -h * 0.44, 0.010, "#b8453c")
    return out, ""


def draw_stamp(rng: random.Random, lettering: str) -> tuple[str, str]:
    r = 0.105
    red = "#a93a34"
    out = draw_rect(-0.17, -0.26, 0.34, 0.26, PAPER, 0.004)
    out += draw_rect(-0.17, -0.26, 0.34, 0.26, "#e3d5b6", 0.004, 0.35)
    ring = (
        f'<circle cx="0" cy="-0.13" r="{fmt(r)}" fill="none" stroke="{red}" stroke-width="0.0065"/>'
        f'<circle cx="0" cy="-0.13" r="{fmt(r * 0.80)}" fill="none" stroke="{red}" '
        f'stroke-width="0.003"/>'
    )
    inner = draw_lettering(lettering or "POST", 0, -0.13, r * 1.34, 0.042, red)
    stars = "".join(
        draw_circle(x, -0.13 + dy, 0.004, red) for x in (-0.05, 0, 0.05) for dy in (-0.055, 0.055)
    )
    out += place_art(ring + stars + inner, 0, 0, 1, 0)
    for i in range(4):
        out += draw_curve(
            f"M0.09,{fmt(-0.20 + i * 0.022)} q0.02,-0.01 0.04,0 t0.04,0", red, 0.0035, 0.7
        )
    return out, ""


def draw_book(rng: random.Random, lettering: str) -> tuple[str, str]:
    c = rng.choice(("#6d2e35", "#2f4a5e", "#41573f", "#7a5a2b"))
    out = draw_path(
        "M-0.17,-0.02 Q-0.09,-0.05 0,-0.015 Q0.09,-0.05 0.17,-0.02 L0.17,0 L-0.17,0Z", c
    )
    out += draw_path(
        "M-0.16,-0.028 Q-0.085,-0.062 0,-0.022 L0,-0.20 Q-0.085,-0.235 -0.16,-0.205Z", PAPER
    )
    out += draw_path(
        "M0.16,-0.028 Q0.085,-0.062 0,-0.022 L0,-0.20 Q0.085,-0.235 0.16,-0.205Z", "#e5d9bd"
    )
    for i in range(7):
        y = -0.19 + i * 0.020
        out += draw_curve(
            f"M-0.145,{fmt(y - 0.002)} q0.07,-0.028 0.13,0.008", "#8d8372", 0.0022, 0.8
        )
        out += draw_curve(
            f"M0.145,{fmt(y - 0.002)} q-0.07,-0.028 -0.13,0.008", "#8d8372", 0.0022, 0.8
        )
    if lettering:
        out += draw_lettering(lettering, -0.08, -0.13, 0.13, 0.024, INK)
    return out, ""


def draw_newspaper(rng: random.Random, lettering: str) -> tuple[str, str]:
    out = draw_rect(-0.18, -0.30, 0.36, 0.30, "#e8e2d2", 0.002)
    out += draw_lettering(lettering or "THE DAILY", 0, -0.265, 0.32, 0.045, INK)
    out += draw_rect(-0.16, -0.225, 0.17, 0.115, "#8c8a86") + draw_rect(
        -0.16, -0.16, 0.17, 0.05, "#6d6c6a"
    )
    for i in range(9):
        y = -0.22 + i * 0.022
        out += draw_line([(0.03, y), (0.16, y)], "#a39d90", 0.005)
        if i > 4:
            out += draw_line([(-0.16, y), (0.01, y)], "#a39d90", 0.005)
    return out, ""


def draw_photo(rng: random.Random, lettering: str) -> tuple[str, str]:
    out = draw_rect(-0.11, -0.16, 0.22, 0.16, "#f6f0e2", 0.002)
    out += draw_rect(-0.098, -0.148, 0.196, 0.122, "#8fa6a8") + draw_rect(
        -0.098, -0.075, 0.196, 0.049, "#7c6a52"
    )
    out += draw_circle(-0.022, -0.098, 0.016, "#4b3a31") + draw_circle(
        0.026, -0.092, 0.015, "#5d4636"
    )
    out += draw_path("M-0.05,-0.027 q0.0,-0.058 0.028,-0.058 q0.026,0 0.026,0.058Z", "#3d3f4a")
    out += draw_path("M0.0,-0.027 q0.0,-0.052 0.026,-0.052 q0.026,0 0.026,0.052Z", "#8b4a42")
    if lettering:
        out += draw_lettering(lettering, 0, -0.013, 0.18, 0.017, INK)
    return out, ""


def draw_map(rng: random.Random, lettering: str) -> tuple[str, str]:
    out = draw_rect(-0.25, -0.32, 0.5, 0.32, "#e4d3a6", 0.003)
    land = [(-0.2, -0.22), (-0.08, -0.29), (0.05, -0.22), (0.16, -0.26), (0.2, -0.12),
            (0.05, -0.05), (-0.1, -0.09)]  # fmt: skip
    out += draw_path(smooth_path(land), "#b9b27a") + draw_path(
        smooth_path([(x * 0.5 + 0.02, y * 0.6 - 0.06) for x, y in land]), "#a29b62"
    )
    for x in (-0.125, 0, 0.125):
        out += draw_line([(x, -0.32), (x, 0)], "#bfa872", 0.002)
    out += draw_line(
        [(-0.14, -0.16), (-0.05, -0.2), (0.03, -0.13), (0.11, -0.17)], "#a93a34", 0.004
    )
    out += draw_line([(0.098, -0.182), (0.122, -0.158)], "#a93a34", 0.006) + draw_line(
        [(0.122, -0.182), (0.098, -0.158)], "#a93a34", 0.006
    )
    return out + (draw_lettering(lettering, 0, -0.03, 0.4, 0.03, INK) if lettering else ""), ""
