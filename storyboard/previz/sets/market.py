"""Market stalls, with bunting above."""

from __future__ import annotations

from storyboard.previz.painting.colors import shade_color
from storyboard.previz.painting.svg import (
    draw_circle,
    draw_curve,
    draw_glow,
    draw_polygon,
    draw_rect,
    fmt,
)
from storyboard.previz.sets.layers import Motion
from storyboard.previz.sets.stage import Stage


def add_market_stalls(stage: Stage) -> None:
    for k, (z, width) in enumerate(((8.0, 4.4), (4.4, 5.2))):
        body, lit = "", ""
        for i, (x, rng) in enumerate(stage.iter_visible_cells(f"stall{k}", z, width)):
            if k and abs(x - stage.middle) < 2.2:
                continue
            a, b = rng.choice(
                (
                    ("#b5402f", "#f1e6cc"),
                    ("#3f7a6a", "#f1e6cc"),
                    ("#d3a23a", "#f6eeda"),
                    ("#5a6a9a", "#ece4d2"),
                )
            )
            for px in (x - 1.5, x + 1.44):
                body += draw_rect(px, -2.3, 0.07, 2.3, "#6a5140")
            body += draw_rect(x - 1.6, -0.95, 3.2, 0.95, "#8a6a4a") + draw_rect(
                x - 1.65, -1.0, 3.3, 0.1, "#a5845a"
            )
            for j in range(13):
                fx = x - 1.5 + j * 0.24
                c = rng.choice(("#c8453f", "#d9902f", "#8aa045", "#d9c045", "#7a4a6a", "#b5652f"))
                body += draw_circle(fx, -1.08 - 0.06 * (j % 2), 0.13, c) + draw_circle(
                    fx - 0.03, -1.12 - 0.06 * (j % 2), 0.04, shade_color(c, 0.4), 0.6
                )
            for j in range(8):
                x0 = x - 1.8 + j * 0.45
                body += draw_polygon(
                    [(x0 + 0.1, -2.85), (x0 + 0.5, -2.85), (x0 + 0.45, -2.2), (x0, -2.2)],
                    a if j % 2 else b,
                )
                body += (
                    f'<path d="M{fmt(x0)},-2.2 a0.225,0.16 0 0 0 0.45,0Z" '
                    f'fill="{a if j % 2 else b}"/>'
                )
            lit += draw_glow(f"stall{k}{i}", x, -2.0, 1.5, "#ffcf82", 0.5) + draw_circle(
                x, -2.05, 0.08, "#fff0c8"
            )
        stage.add_plane(z, body, -3.0, 0.04, shines=lit)
    strings, lit = "", ""
    z = 6.0
    for i, (x, _) in enumerate(stage.iter_visible_cells("bunting", z, 5.0)):
        strings += draw_curve(
            f"M{fmt(x - 2.5)},-4.6 Q{fmt(x)},-3.9 {fmt(x + 2.5)},-4.6", "#4a4038", 0.03
        )
        for j in range(9):
            t = (j + 0.5) / 9
            px, py = x - 2.5 + 5 * t, -4.6 + 0.7 * 2 * t * (1 - t) * 1.0
            c = ("#c8453f", "#e3b93c", "#3f7a8a", "#f1e6cc")[(i + j) % 4]
            strings += draw_polygon([(px - 0.14, py), (px + 0.14, py), (px, py + 0.32)], c)
    stage.add_plane(
        z, strings, -4.8, -3.4, shines=lit, motion=Motion(sway=0.006, period=3.0), shadow=0.5
    )
