"""Forest: rows of trunks, light between them, leaves at the edge of the frame."""

from __future__ import annotations

from storyboard.previz.painting.colors import mix_colors, shade_color
from storyboard.previz.painting.svg import (
    define_gradient,
    draw_path,
    draw_polygon,
    draw_rect,
    fmt,
    place_art,
)
from storyboard.previz.props import nature
from storyboard.previz.sets.layers import Motion
from storyboard.previz.sets.sky import add_sky_and_clouds
from storyboard.previz.sets.stage import Stage

_KINDS = ("pine", "oak", "birch", "mixed")
_GREENS = ("#56794a", "#4a6f52", "#6c8245", "#3f6557")


def build_forest(stage: Stage) -> None:
    rng = stage.seed_random("forest")
    kind = rng.choice(_KINDS)
    for name in ("pine", "birch"):
        if stage.has_dressing(name):
            kind = name
    green = rng.choice(_GREENS)
    if stage.has_dressing("autumn"):
        green = "#a8743a"
    if "snow" in stage.spec.weather:
        green = mix_colors(green, "#dfe8ec", 0.5)
    add_sky_and_clouds(stage, clouds=1)
    _add_distant_treetops(stage, green)
    _add_forest_floor(stage, green)
    for k, (z, width) in enumerate(((34.0, 3.6), (20.0, 3.2), (11.5, 3.4), (6.0, 4.4))):
        _add_tree_row(stage, k, z, width, kind, green)
        if k in (1, 3):
            _add_light_shafts(stage, z - 1.0, k)
    _add_undergrowth(stage, green)
    _add_near_foliage(stage, green)


def _add_distant_treetops(stage: Stage, leaf_color: str) -> None:
    for k, (z, high) in enumerate(((120.0, 17.0), (66.0, 14.0))):
        tone = mix_colors(leaf_color, stage.palette.haze, 0.30 - 0.12 * k)
        d, box = stage.trace_hill_outline(f"crowns{k}", z, high, 2.2, 7.0)
        body = draw_path(d, tone)
        for x, rng in stage.iter_visible_cells(f"crown{k}", z, 5.0):
            body += nature.draw_tree_crown(
                rng,
                x,
                -high + rng.uniform(-1, 2),
                rng.uniform(2.2, 3.6),
                shade_color(tone, rng.uniform(-0.08, 0.06)),
            )
        stage.add_plane(z, body, box.top - 4, 0.0, shadow=0.3)


def _add_forest_floor(stage: Stage, leaf_color: str) -> None:
    rng = stage.seed_random("ground")
    earth = mix_colors(leaf_color, "#7a6444", 0.45)
    marks = []
    bend = rng.uniform(-2.5, 2.5)
    way = []
    for z in (-12.0, -6, -3, -1, 1, 4, 9, 18, 32):
        x = (
            rng.uniform(-0.2, 0.2)
            + bend * (z / 18) ** 2 * (1 if z > 0 else 0.2)
            + stage.seed_random("way").uniform(-1.5, 1.5)
        )
        way.append((x, z))
    way = [p for p in way if p[1] > -stage.view.distance + 0.6]
    marks.append(
        (
            [*((x - 0.85, z) for x, z in way), *((x + 0.85, z) for x, z in reversed(way))],
            mix_colors(earth, "#c9a979", 0.55),
            0.9,
        )
    )
    for _ in range(160):
        z = -stage.view.distance + 0.8 + 26 * rng.random() ** 1.6
        x = stage.home.x + rng.uniform(-1, 1) * (3 + (z + stage.view.distance))
        w = rng.uniform(0.06, 0.22)
        tone = rng.choice(
            (
                shade_color(leaf_color, -0.12),
                shade_color(leaf_color, 0.14),
                "#a8793f",
                mix_colors(leaf_color, "#d3b25a", 0.4),
            )
        )
        marks.append(([(x - w, z), (x, z - w * 0.5), (x + w, z), (x, z + w * 0.5)], tone, 0.6))
    stage.add_floor(earth, mix_colors(leaf_color, earth, 0.4), marks=marks)


def _add_tree_row(
    stage: Stage, row_index: int, z: float, cell_width: float, tree_kind: str, leaf_color: str
) -> None:
    high = 13.0 if z > 10 else 11.0
    motion = Motion(
        sway=0.004 if "wind" not in stage.spec.weather else 0.014,
        period=4.3 + row_index,
        phase=row_index * 1.3,
    )
    body = ""
    clear = 1.5 if z < 9 else 0.0
    for x, rng in stage.iter_visible_cells(f"trunk{row_index}", z, cell_width, motion):
        x += rng.uniform(-0.4, 0.4) * cell_width
        if abs(x - stage.middle) < clear or rng.random() < 0.12:
            continue
        what = tree_kind if tree_kind != "mixed" else rng.choice(("pine", "oak", "birch"))
        if what == "pine" and rng.random() < 0.6 and z > 9:
            body += place_art(nature.draw_pine(rng, "", rng.uniform(8, 12)), x, 0.0)
            continue
        bark = {"pine": "#6a4a3a", "oak": "#5a4a3c", "birch": "#dcd7ca"}[what]
        body += place_art(
            nature.draw_tree_trunk(
                rng,
                high,
                rng.uniform(0.3, 0.62),
                shade_color(bark, rng.uniform(-0.1, 0.06)),
                what == "birch",
            ),
            x,
            0.0,
        )
        if rng.random() < 0.55:
            body += place_art(
                nature.draw_bush(
                    rng, rng.uniform(0.8, 1.7), shade_color(leaf_color, rng.uniform(-0.16, 0.05))
                ),
                x + rng.uniform(-1, 1),
                0.0,
            )
    box = stage.find_visible_area(z, motion)
    leaves = ""
    y = -(7.4 + 0.10 * z)
    for x, rng in stage.iter_visible_cells(f"leaf{row_index}", z, 1.7, motion):
        if tree_kind != "pine" or rng.random() < 0.4:
            leaves += nature.draw_tree_crown(
                rng,
                x,
                y + rng.uniform(-1.2, 1.0),
                rng.uniform(1.2, 2.1),
                shade_color(leaf_color, rng.uniform(-0.18, 0.02)),
            )
    stage.add_plane(z, body + leaves, max(box.top, -high - 1), 0.1, motion=motion, shadow=0.7)


def _add_light_shafts(stage: Stage, z: float, row_index: int) -> None:
    """Shafts of light between the trunks."""
    if {"rain", "storm", "fog"} & set(stage.spec.weather):
        return
    palette = stage.palette
    color = palette.sun
    strength = {"day": 0.26, "dawn": 0.42, "dusk": 0.40, "night": 0.12}[palette.time]
    rng = stage.seed_random("shaft", row_index)
    lean = 5.0 * (1 if palette.sun_at[0] < 0.5 else -1)
    body = define_gradient(
        "shaft", [(0, color, strength), (0.75, color, strength * 0.35), (1, color, 0)]
    )
    for _ in range(4):
        x = stage.home.x + rng.uniform(-6, 6)
        w = rng.uniform(0.4, 1.3)
        body += draw_polygon(
            [(x, -13), (x + w, -13), (x + w * 1.7 + lean, 0.2), (x - w * 0.5 + lean, 0.2)],
            "url(#shaft)",
        )
    stage.add_plane(z, "", -13, 0.2, shines=body, always=True, shadow=0, paper=False,
              motion=Motion(slide=0.12, period=9.0, phase=row_index))  # fmt: skip


def _add_undergrowth(stage: Stage, leaf_color: str) -> None:
    for k, z in enumerate((3.6, 1.7)):
        motion = Motion(sway=0.012, period=3.2 + k, phase=k)
        body = ""
        for x, rng in stage.iter_visible_cells(f"fern{k}", z, 1.1, motion):
            if abs(x - stage.middle) < 0.9 and k:
                continue
            if rng.random() < 0.62:
                body += place_art(
                    nature.draw_grass_tuft(
                        rng,
                        rng.uniform(0.4, 0.9),
                        rng.uniform(0.25, 0.6),
                        shade_color(leaf_color, rng.uniform(-0.12, 0.12)),
                    ),
                    x,
                )
            elif rng.random() < 0.35:
                body += place_art(
                    nature.draw_rock(rng, rng.uniform(0.4, 0.9), rng.uniform(0.2, 0.45), "#7d7a70"),
                    x,
                )
        stage.add_plane(z, body, -0.9, 0.05, motion=motion)


def _add_near_foliage(stage: Stage, leaf_color: str) -> None:
    """A dark trunk and leaves that frame the picture."""
    if stage.view.distance < 2.0 or stage.spec.angle == "overhead":
        return
    z = -0.48 * stage.view.distance
    s = stage.view.compute_scale(stage.home, z)
    rng = stage.seed_random("near")
    side = rng.choice((-1, 1)) if not stage.spec.people else (1 if stage.home.x > 0 else -1)
    dark = shade_color(mix_colors(leaf_color, "#26332c", 0.6), -0.25)
    x = stage.home.x + side * stage.view.aspect * 0.5 / s
    body = draw_rect(
        x - 0.06 / s,
        stage.find_visible_area(z).top,
        0.14 / s,
        stage.find_visible_area(z).height,
        dark,
    )
    top = -stage.home.y - (0.5 + stage.home.sy) / s
    for k in range(7):
        px = x - side * k * 0.075 / s
        body += nature.draw_tree_crown(
            rng,
            px,
            top + rng.uniform(-0.02, 0.09) / s,
            rng.uniform(0.06, 0.11) / s,
            shade_color(dark, rng.uniform(0, 0.08)),
        )
    stage.add_plane(z, body, top - 0.3 / s, 0.2, motion=Motion(sway=0.006, period=4.0))


__all__ = ["build_forest", "fmt"]
