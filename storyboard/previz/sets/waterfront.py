"""The ground by the sea: quay, beach or cliff."""

from __future__ import annotations

import math

from storyboard.previz.painting.colors import mix_colors, shade_color
from storyboard.previz.painting.svg import (
    define_gradient,
    draw_curve,
    draw_ellipse,
    draw_line,
    draw_path,
    draw_rect,
    fmt,
    place_art,
)
from storyboard.previz.props import nature
from storyboard.previz.script.shoreline import DEPTHS
from storyboard.previz.sets.layers import Motion
from storyboard.previz.sets.stage import Stage

FloorMark = tuple[list[tuple[float, float]], str, float]


def add_quay(stage: Stage) -> None:
    rng = stage.seed_random("quay")
    stone = rng.choice(("#a2988a", "#9a8f80", "#aba294", "#8f8a84"))
    edge = DEPTHS["quay"]
    marks = _build_slab_marks(stage, stone, edge)
    if "rain" in stage.spec.weather:
        marks += _build_puddle_marks(stage, edge)
    stage.add_floor(shade_color(stone, -0.16), shade_color(stone, -0.02), z=edge, marks=marks)
    box = stage.find_visible_area(edge)
    body = draw_rect(box.left, -0.16, box.width, 0.36, shade_color(stone, -0.22)) + draw_rect(
        box.left, -0.16, box.width, 0.07, shade_color(stone, 0.12)
    )
    for x, cell in stage.iter_visible_cells("bollard", edge, 4.2):
        kind = cell.random()
        if kind < 0.42:
            iron = "#3b3d42"
            body += draw_rect(x - 0.16, -0.62, 0.32, 0.5, iron, 0.04) + draw_ellipse(
                x, -0.64, 0.24, 0.10, shade_color(iron, 0.12)
            )
            body += draw_curve(
                f"M{fmt(x)},-0.42 Q{fmt(x + 1.2)},0.1 {fmt(x + 2.6)},0.3", "#b79a6a", 0.05
            )
        elif kind < 0.56:
            c = cell.choice(("#9c5a3a", "#4f6f7a", "#8a7a4a"))
            body += draw_rect(x - 0.45, -0.72, 0.9, 0.6, c, 0.02) + draw_line(
                [(x - 0.45, -0.42), (x + 0.45, -0.42)], shade_color(c, -0.3), 0.05
            )
            body += draw_rect(x - 0.2, -1.16, 0.62, 0.44, shade_color(c, 0.12), 0.02)
    stage.add_plane(edge, body, -1.3, 0.25)
    lamps, light = "", ""
    for x, cell in stage.iter_visible_cells("lamp", edge - 0.6, 9.0):
        if stage.spec.people and abs(x + 3.2 - stage.middle) < 0.9:
            continue
        art, shine = nature.draw_streetlamp_and_light(cell, "")
        lamps += place_art(art, x + 3.2, 0.0)
        light += place_art(shine, x + 3.2, 0.0)
    stage.add_plane(edge - 0.6, lamps, -4.4, 0.05, shines=light)


def _build_slab_marks(stage: Stage, stone_color: str, edge_z: float) -> list[FloorMark]:
    """Paving in rows, each stone slightly different, with joints."""
    marks: list[FloorMark] = []
    near = -stage.view.distance + 0.5
    course, depth = math.floor(near / 0.9), 0.9
    while course * depth < edge_z:
        z = course * depth
        back = min(z + depth, edge_z)
        front = max(z, near)
        if back > front:
            for x, cell in stage.iter_visible_cells(
                f"slab{course}", max(front, 0.2 - stage.view.distance), 1.4
            ):
                x += 0.7 * (course % 2)
                tone = shade_color(stone_color, cell.uniform(-0.11, 0.07))
                marks.append(
                    (
                        [
                            (x - 0.685, front + 0.02),
                            (x + 0.685, front + 0.02),
                            (x + 0.685, back - 0.02),
                            (x - 0.685, back - 0.02),
                        ],
                        tone,
                        0.85,
                    )
                )
        course += 1
    return marks


def _build_puddle_marks(stage: Stage, edge_z: float) -> list[FloorMark]:
    rng = stage.seed_random("puddles")
    marks = []
    sky_ = mix_colors(stage.palette.sky[2], "#ffffff", 0.2)
    for _ in range(7):
        x, z = stage.home.x + rng.uniform(-4, 4), rng.uniform(-3, edge_z - 1)
        w, d = rng.uniform(0.5, 1.4), rng.uniform(0.2, 0.5)
        ring = [
            (
                x + math.cos(a * math.tau / 14) * w * rng.uniform(0.85, 1.1),
                z + math.sin(a * math.tau / 14) * d,
            )
            for a in range(14)
        ]
        marks.append((ring, sky_, 0.4))
    return marks


def add_beach(stage: Stage) -> None:
    rng = stage.seed_random("beach")
    sand = rng.choice(("#e2c892", "#d9bd8a", "#e6d2a6", "#cdb48a"))
    edge = DEPTHS["beach"]
    marks = []
    for _ in range(60):
        z = -stage.view.distance + 0.8 + (edge + stage.view.distance - 0.8) * rng.random()
        x = stage.home.x + rng.uniform(-6, 6)
        w = rng.uniform(0.2, 0.9)
        marks.append(
            (
                [(x - w, z), (x, z - 0.07), (x + w, z), (x, z + 0.06)],
                shade_color(sand, rng.uniform(-0.14, 0.10)),
                0.55,
            )
        )
    stage.add_floor(sand, shade_color(sand, -0.06), z=edge, marks=marks)
    for k, z in enumerate((edge + 0.25, edge - 0.15)):
        box = stage.find_visible_area(z, Motion(slide=0.6))
        d = f"M{fmt(box.left)},0.02"
        x = box.left
        while x < box.right:
            d += f" q0.5,{fmt(-0.07 - 0.03 * k)} 1.0,0 t1.0,0"
            x += 2.0
        d += f" L{fmt(x)},0.12 L{fmt(box.left)},0.12Z"
        stage.add_plane(
            z,
            draw_path(d, "#f4f6ee", 0.95 - 0.3 * k),
            -0.2,
            0.14,
            motion=Motion(slide=0.35, bob=0.02, period=5.2, phase=k * 1.4),
            shadow=0.3,
        )
    body = ""
    for x, cell in stage.iter_visible_cells("shells", 1.6, 5.0):
        if cell.random() < 0.55:
            body += place_art(
                nature.draw_rock(cell, cell.uniform(0.3, 0.9), cell.uniform(0.12, 0.34), "#8f8478"),
                x + cell.uniform(-2, 2),
            )
    stage.add_plane(1.6, body, -0.6, 0.08)
    _add_near_grass_tufts(stage, sand)


def _add_near_grass_tufts(stage: Stage, ground_color: str) -> None:
    """Grass in the near corners."""
    z = -0.46 * stage.view.distance
    if stage.view.distance < 2.2:
        return
    body = ""
    for side in (-1, 1):
        rng = stage.seed_random("tuft", side)
        if rng.random() < 0.3:
            continue
        s = stage.view.compute_scale(stage.home, z)
        x = stage.home.x + side * stage.view.aspect * 0.47 / s
        for k in range(3):
            body += place_art(
                nature.draw_grass_tuft(
                    rng, 0.4 / s * 0.4, 0.17 / s, mix_colors("#8a8f4f", ground_color, 0.2)
                ),
                x - side * k * 0.05 / s,
            )
    stage.add_plane(
        z,
        body,
        -0.5 / stage.view.compute_scale(stage.home, z),
        0.1,
        motion=Motion(sway=0.03, period=3.4),
    )


def add_cliff(stage: Stage) -> None:
    rng = stage.seed_random("cliff")
    grass = rng.choice(("#7f9a5a", "#8a9a55", "#6f8f5a"))
    edge = DEPTHS["cliff"]
    x = stage.home.x
    track = [(x - 0.6, -20.0), (x + 0.9, -20.0), (x + 0.5, edge), (x - 0.1, edge)]
    stage.add_floor(grass, shade_color(grass, 0.08), z=edge, marks=[(track, "#b8a67e", 0.8)])
    body = ""
    box = stage.find_visible_area(edge)
    d, _ = stage.trace_hill_outline("edge", edge, 0.10, 0.12, 2.2, foot=3.0)
    body += define_gradient(
        "rock", [(0, grass, 1), (0.12, "#8f8272", 1), (1, "#6a6058", 1)]
    ) + draw_path(d, "url(#rock)")
    for x, cell in stage.iter_visible_cells("rocks", edge, 3.0):
        if cell.random() < 0.5:
            body += place_art(
                nature.draw_rock(cell, cell.uniform(0.5, 1.3), cell.uniform(0.25, 0.7), "#857a70"),
                x,
            )
        body += place_art(nature.draw_grass_tuft(cell, 0.5, 0.4, shade_color(grass, -0.1)), x + 1.2)
    stage.add_plane(edge, body, -1.0, 3.0, span=(box.left, box.right))
    _add_near_grass_tufts(stage, grass)
