"""House fronts with shops below, by day and lit."""

from __future__ import annotations

import random

from storyboard.previz.painting.colors import mix_colors, shade_color
from storyboard.previz.painting.svg import draw_glow, draw_polygon, draw_rect, fmt
from storyboard.previz.props.documents import draw_lettering
from storyboard.previz.sets.stage import Stage

FRONTS = (
    "#d8b48a",
    "#c98f6b",
    "#b9c0ae",
    "#d9cdb2",
    "#a9b7bd",
    "#c9a0a0",
    "#e0c58a",
    "#9fb0a0",
    "#c4785a",
    "#8fa3b5",
    "#d3a46a",
)


MODERN = ("#7f8c99", "#8f9aa3", "#6f7f8a", "#a3a9ad", "#5f6f7f", "#98a39a")


_NAMES = (
    "CAFÉ",
    "BAR",
    "HOTEL",
    "BOOKS",
    "PAN",
    "FLORES",
    "CINE",
    "RADIO",
    "TABAC",
    "LUZ",
    "ROMA",
    "No 9",
)


NEONS = ("#ff4f8a", "#43e0e6", "#ffb347", "#9b6bff", "#5dff9b")


def draw_facade_and_lights(
    rng: random.Random, width: float, storeys: int, stage: Stage, unique_tag: str
) -> tuple[str, str]:
    """One house front with a shop below: (body, lit windows and signs)."""
    c = rng.choice(FRONTS if storeys < 5 else FRONTS + MODERN)
    h = 3.6 + (storeys - 1) * 3.1
    trim = shade_color(c, 0.28)
    out = draw_rect(-width / 2, -h, width, h, c) + draw_rect(
        width * 0.28, -h, width * 0.22, h, shade_color(c, -0.10), 0, 0.5
    )
    out += draw_rect(-width / 2 - 0.12, -h - 0.1, width + 0.24, 0.38, trim) + draw_rect(
        -width / 2, -3.75, width, 0.2, trim
    )
    if rng.random() < 0.4:
        out += draw_polygon(
            [
                (-width / 2 - 0.15, -h - 0.1),
                (width / 2 + 0.15, -h - 0.1),
                (width / 2 - 0.7, -h - 1.7),
                (-width / 2 + 0.7, -h - 1.7),
            ],
            rng.choice(("#9a4f3a", "#7a4436", "#5a5560")),
        )
    lit = ""
    columns = max(2, int(width / 2.1))
    shutter = rng.choice(("#4f6f6a", "#7a3f36", "#5a6a4a", "#3f5870", ""))
    balcony = rng.random() < 0.5
    for storey in range(1, storeys):
        y = -3.6 - (storey - 1) * 3.1 - 2.5
        for column in range(columns):
            x = -width / 2 + width * (column + 0.5) / columns
            out += draw_rect(x - 0.56, y - 0.09, 1.12, 1.82, trim) + draw_rect(
                x - 0.46, y, 0.92, 1.62, "#4a5f6d"
            )
            out += (
                draw_rect(x - 0.46, y, 0.92, 0.5, "#6d8795", 0, 0.5)
                + draw_rect(x - 0.025, y, 0.05, 1.62, trim)
                + draw_rect(x - 0.46, y + 0.66, 0.92, 0.05, trim)
            )
            if shutter:
                out += draw_rect(x - 0.92, y, 0.42, 1.62, shutter) + draw_rect(
                    x + 0.50, y, 0.42, 1.62, shutter
                )
            if balcony and (storey + column) % 2:
                out += draw_rect(x - 0.8, y + 1.62, 1.6, 0.09, "#3a3a3d")
                for i in range(9):
                    out += draw_rect(x - 0.78 + i * 0.19, y + 0.98, 0.035, 0.66, "#3a3a3d")
                out += draw_rect(x - 0.8, y + 0.95, 1.6, 0.05, "#3a3a3d")
            if rng.random() < 0.5:
                lit += (
                    draw_rect(
                        x - 0.46, y, 0.92, 1.62, rng.choice(("#ffd27a", "#ffc05e", "#ffe6ad"))
                    )
                    + draw_rect(x - 0.025, y, 0.05, 1.62, "#8a5a2a")
                    + draw_rect(x - 0.46, y + 0.66, 0.92, 0.05, "#8a5a2a")
                )
    door = rng.uniform(-width * 0.3, width * 0.3)
    shop = rng.choice(("#3f5f57", "#7a3b33", "#34496b", "#8a6a2f", "#5a3f55"))
    out += draw_rect(-width / 2 + 0.25, -3.3, width - 0.5, 3.3, shop) + draw_rect(
        -width / 2 + 0.5, -2.55, width - 1.0, 2.0, "#50666f"
    )
    lit += draw_rect(-width / 2 + 0.5, -2.55, width - 1.0, 2.0, "#ffdf9b", 0, 0.92)
    out += draw_rect(door - 0.55, -2.6, 1.1, 2.6, shade_color(shop, -0.3)) + draw_rect(
        door - 0.4, -2.4, 0.8, 1.5, "#50666f"
    )
    lit += draw_rect(door - 0.55, -2.6, 1.1, 2.6, shade_color(shop, -0.3)) + draw_rect(
        door - 0.4, -2.4, 0.8, 1.5, "#ffd88a"
    )
    name = rng.choice(_NAMES)
    out += draw_rect(-width / 2 + 0.4, -3.2, width - 0.8, 0.55, shade_color(shop, 0.14))
    board = draw_lettering(name, 0, -2.92, width * 0.5, 0.40, "#f3ead6")
    out += board
    if "neon" in stage.spec.mood or stage.has_dressing("neon"):
        neon = rng.choice(NEONS)
        y = -rng.uniform(4.2, 6.5)
        lit += draw_glow(
            f"neon{unique_tag}".replace("-", "m").replace(".", "_"), 0, y, 2.6, neon, 0.5
        )
        lit += (
            f'<rect x="{fmt(-width * 0.3)}" y="{fmt(y - 0.6)}" width="{fmt(width * 0.6)}" '
            f'height="1.2" rx="0.2" fill="#14121c" stroke="{neon}" stroke-width="0.09"/>'
        )
        lit += draw_lettering(name, 0, y, width * 0.48, 0.8, neon)
        out += draw_rect(-width * 0.3, y - 0.6, width * 0.6, 1.2, "#2b2733", 0.2)
    else:
        lit += board
    if rng.random() < 0.6:
        stripes = rng.choice(
            (
                ("#b5402f", "#f1e6cc"),
                ("#3f6f6a", "#f1e6cc"),
                ("#d39a3a", "#f5ecd8"),
                ("#4a5f8a", "#efe6d6"),
            )
        )
        count = int(width / 0.5)
        for i in range(count):
            x0, x1 = (
                -width / 2 + 0.3 + i * (width - 0.6) / count,
                -width / 2 + 0.3 + (i + 1) * (width - 0.6) / count,
            )
            awn = draw_polygon(
                [(x0, -2.75), (x1, -2.75), (x1 * 1.05, -2.05), (x0 * 1.05, -2.05)], stripes[i % 2]
            )
            out += awn
            lit += draw_polygon(
                [(x0, -2.75), (x1, -2.75), (x1 * 1.05, -2.05), (x0 * 1.05, -2.05)],
                mix_colors(stripes[i % 2], "#c07a3a", 0.35),
                0.9,
            )
    return out, lit
