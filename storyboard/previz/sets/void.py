"""Nowhere: a studio of coloured paper with one soft light."""

from __future__ import annotations

from storyboard.previz.ink import ellipse, glow, gradient, mix, n, shade
from storyboard.previz.stage import Stage

_PAPERS = ("#c9b6a0", "#9fb0b5", "#b9a9b5", "#a8b39c", "#c7a493", "#8fa0b3", "#d0be97", "#a79aa8")


def build(stage: Stage) -> None:
    stage.indoors = True
    rng = stage.rng("paper")
    paper = stage.spec.hues[0] if stage.spec.hues else rng.choice(_PAPERS)
    paper = mix(
        paper,
        {"night": "#27304a", "dusk": "#6a4a5f", "dawn": "#c9a9a0"}.get(stage.palette.time, paper),
        0.45,
    )
    wall = 7.0
    box = stage.reach(wall)
    middle = stage.home.x + rng.uniform(-1.2, 1.2)
    body = gradient(
        "wall", [(0, shade(paper, -0.22), 1), (0.6, paper, 1), (1, shade(paper, 0.10), 1)]
    )
    body += (
        f'<rect x="{n(box.left)}" y="{n(box.top)}" width="{n(box.width)}" '
        f'height="{n(box.height)}" fill="url(#wall)"/>'
    )
    body += glow("spot", middle, -2.4, 4.6, shade(paper, 0.5), 0.75)
    stage.add(wall, body, box.top, box.bottom, shadow=0)
    near = shade(paper, -0.04)
    stage.floor(shade(near, -0.10), shade(paper, 0.08), z=wall, haze=False)
    # a large disc of paper, so that no two studios are alike
    disc = rng.choice(_PAPERS)
    x, r = middle + rng.uniform(-1.0, 1.0), rng.uniform(1.1, 1.9)
    stage.add(
        wall - 0.4,
        ellipse(x, -rng.uniform(1.6, 2.6), r, r, mix(disc, paper, 0.35)),
        -5,
        0.5,
        shadow=1.4,
    )
