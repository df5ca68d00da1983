"""A studio: coloured paper with one soft light."""

from __future__ import annotations

from storyboard.previz.painting.colors import mix_colors, shade_color
from storyboard.previz.painting.svg import define_gradient, draw_ellipse, draw_glow, fmt
from storyboard.previz.sets.stage import Stage

_PAPERS = ("#c9b6a0", "#9fb0b5", "#b9a9b5", "#a8b39c", "#c7a493", "#8fa0b3", "#d0be97", "#a79aa8")


def build_studio_backdrop(stage: Stage) -> None:
    stage.indoors = True
    rng = stage.seed_random("paper")
    paper = stage.spec.hues[0] if stage.spec.hues else rng.choice(_PAPERS)
    paper = mix_colors(
        paper,
        {"night": "#27304a", "dusk": "#6a4a5f", "dawn": "#c9a9a0"}.get(stage.palette.time, paper),
        0.45,
    )
    wall = 7.0
    box = stage.find_visible_area(wall)
    middle = stage.home.x + rng.uniform(-1.2, 1.2)
    body = define_gradient(
        "wall",
        [(0, shade_color(paper, -0.22), 1), (0.6, paper, 1), (1, shade_color(paper, 0.10), 1)],
    )
    body += (
        f'<rect x="{fmt(box.left)}" y="{fmt(box.top)}" width="{fmt(box.width)}" '
        f'height="{fmt(box.height)}" fill="url(#wall)"/>'
    )
    body += draw_glow("spot", middle, -2.4, 4.6, shade_color(paper, 0.5), 0.75)
    stage.add_plane(wall, body, box.top, box.bottom, shadow=0)
    near = shade_color(paper, -0.04)
    stage.add_floor(shade_color(near, -0.10), shade_color(paper, 0.08), z=wall, haze=False)
    # a large paper disc, so that no two studios look the same
    disc = rng.choice(_PAPERS)
    x, r = middle + rng.uniform(-1.0, 1.0), rng.uniform(1.1, 1.9)
    stage.add_plane(
        wall - 0.4,
        draw_ellipse(x, -rng.uniform(1.6, 2.6), r, r, mix_colors(disc, paper, 0.35)),
        -5,
        0.5,
        shadow=1.4,
    )
