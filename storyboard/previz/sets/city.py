"""Town and city: streets of facades, houses on a hill, a market, lights at night."""

from __future__ import annotations

import math
import random

from storyboard.previz.painting.colors import mix_colors, shade_color
from storyboard.previz.painting.svg import draw_ellipse, draw_line, draw_path, draw_rect, place_art
from storyboard.previz.props import nature
from storyboard.previz.sets.facades import FRONTS, MODERN, NEONS, draw_facade_and_lights
from storyboard.previz.sets.market import add_market_stalls
from storyboard.previz.sets.sky import add_sky_and_clouds
from storyboard.previz.sets.stage import Stage


def build_city(stage: Stage) -> None:
    rng = stage.seed_random("city")
    tall = stage.has_dressing(
        "skyline",
        "skyscraper",
        "downtown",
        "city",
        "rooftop",
        "rooftops",
        "boulevard",
        "avenue",
        "neon",
        "taxi",
    )
    hill = stage.has_dressing("hill", "tram") and not tall
    modern = tall and (
        stage.has_dressing("skyscraper", "downtown", "neon", "skyline") or rng.random() < 0.5
    )
    add_sky_and_clouds(stage)
    if tall or rng.random() < 0.4:
        _add_skyline(stage, modern)
    if hill or not tall:
        _add_hillside_houses(stage)
    if stage.has_dressing("rooftop", "rooftops"):
        _add_roof_terrace(stage)
        return
    _add_street_floor(stage, rng)
    narrow = stage.has_dressing("alley", "alleyway", "lane")
    for k, (z, gap) in enumerate(((46.0, 4.2), (24.0, 5.4), (11.0, 7.0))):
        gap *= 0.45 if narrow else 1.0
        _add_facade_row(stage, k, z, gap, modern)
    if stage.has_dressing("market", "bazaar", "stall"):
        add_market_stalls(stage)
    _add_street_furniture(stage)
    if stage.has_dressing("tram", "tramway", "streetcar"):
        _add_tram_wires(stage)


def _add_skyline(stage: Stage, modern: bool) -> None:
    for k, (z, low, high, width) in enumerate(
        ((420.0, 40.0, 120.0, 26.0), (190.0, 16.0, 52.0, 15.0))
    ):
        body, lit = "", ""
        for x, rng in stage.iter_visible_cells(f"tower{k}", z, width):
            w, h = width * rng.uniform(0.62, 1.04), rng.uniform(low, high)
            c = rng.choice(MODERN if modern else FRONTS)
            c = mix_colors(c, "#6f7f8a", 0.35)
            body += draw_rect(x - w / 2, -h, w, h + 1, c) + draw_rect(
                x + w * 0.12, -h, w * 0.38, h + 1, shade_color(c, -0.13)
            )
            if rng.random() < 0.3:
                body += draw_rect(x - 0.4, -h - 9, 0.8, 9, shade_color(c, -0.2))
            step = 4.2 if k == 0 else 3.2
            rows, columns = int(h / step), max(2, int(w / step))
            for row in range(rows):
                for column in range(columns):
                    wx, wy = x - w / 2 + (column + 0.28) * w / columns, -h + (row + 0.3) * step
                    if rng.random() < 0.5:
                        body += draw_rect(
                            wx, wy, w / columns * 0.45, step * 0.42, shade_color(c, -0.22), 0, 0.7
                        )
                    if rng.random() < 0.33:
                        lit += draw_rect(
                            wx,
                            wy,
                            w / columns * 0.45,
                            step * 0.42,
                            rng.choice(("#ffd27a", "#ffe9b0", "#ffb861")),
                        )
        stage.add_plane(z, body, -high - 12, 1, shines=lit, shadow=0.4)


def _add_hillside_houses(stage: Stage) -> None:
    """Houses in steps up a hill behind the street."""
    for k, (z, base, size) in enumerate(((240.0, 42.0, 90.0), (120.0, 19.0, 60.0))):
        d, box = stage.trace_hill_outline(f"hill{k}", z, base, base * 0.45, size)
        body, lit = draw_path(d, mix_colors("#8f9a72", "#a89a80", 0.4)), ""
        for row in range(4, -1, -1):
            for x, rng in stage.iter_visible_cells(f"step{k}{row}", z, 9.5):
                if rng.random() < 0.18:
                    continue
                ground = max(
                    0.0, base + base * 0.45 * stage.sample_smooth_wave(f"hill{k}", x, size)
                )
                y = -ground * (row + rng.random() * 0.5) / 5
                if ground < 4:
                    continue
                art, win = nature.draw_cottage_and_lit_windows(
                    rng, rng.uniform(6, 9), rng.uniform(3.2, 4), rng.choice((1, 2))
                )
                body += place_art(art, x + row * 2.1, y)
                lit += place_art(win, x + row * 2.1, y)
        stage.add_plane(z, body, box.top - 12, 0.5, shines=lit, shadow=0.5)


def _add_street_floor(stage: Stage, rng: random.Random) -> None:
    asphalt = rng.choice(("#8d8478", "#857f7a", "#9a8d7d", "#7d7a7a"))
    marks: list[tuple[list[tuple[float, float]], str, float]] = []
    near = -stage.view.distance + 0.5
    has_cobbles = rng.random() < 0.7 or stage.has_dressing(
        "cobbles", "cobbled", "village", "old", "tram"
    )
    if has_cobbles:
        z = near
        row = 0
        while z < 34:
            size = 0.34 + max(0.0, z) * 0.03
            for x, cell in stage.iter_visible_cells(f"cobble{row}", min(z, 33.0), size * 2.1):
                if cell.random() < 0.42:
                    tone = shade_color(asphalt, cell.uniform(-0.12, 0.12))
                    marks.append(
                        (
                            [
                                (x - size, z),
                                (x + size * 0.9, z),
                                (x + size * 0.9, z + size * 0.86),
                                (x - size, z + size * 0.86),
                            ],
                            tone,
                            0.75,
                        )
                    )
            z += size
            row += 1
    else:
        for i in range(30):
            z = near + i * 2.6
            marks.append(
                ([(-0.07, z), (0.07, z), (0.07, z + 1.4), (-0.07, z + 1.4)], "#e9dfc4", 0.8)
            )
        for side in (-1, 1):
            marks.append(
                (
                    [(side * 3.2, near), (side * 3.5, near), (side * 3.5, 60), (side * 3.2, 60)],
                    shade_color(asphalt, 0.25),
                    0.9,
                )
            )
    if stage.has_dressing("tram", "tramway", "streetcar"):
        for z in (-0.72, 0.72):
            marks.append(
                ([(-80, z - 0.05), (80, z - 0.05), (80, z + 0.05), (-80, z + 0.05)], "#3d3a3a", 0.9)
            )
            marks.append(
                (
                    [(-80, z - 0.012), (80, z - 0.012), (80, z + 0.012), (-80, z + 0.012)],
                    "#c9c4ba",
                    0.8,
                )
            )
    shines = []
    if stage.palette.lamps_on:
        for x, _ in stage.iter_visible_cells("pool", 3.0, 8.0):
            ring = [
                (x + 3 + math.cos(a * math.tau / 16) * 2.0, 3.0 + math.sin(a * math.tau / 16) * 1.5)
                for a in range(16)
            ]
            shines.append((ring, stage.palette.lamp, 0.13))
            ring = [(x + 3 + (px - x - 3) * 0.55, 3.0 + (pz - 3.0) * 0.55) for px, pz in ring]
            shines.append((ring, stage.palette.lamp, 0.16))
    if {"rain", "storm"} & set(stage.spec.weather):
        for _ in range(10):
            x, z = stage.home.x + rng.uniform(-5, 5), rng.uniform(near + 0.5, 9)
            w = rng.uniform(0.4, 1.5)
            ring = [
                (
                    x + math.cos(a * math.tau / 14) * w * rng.uniform(0.85, 1.1),
                    z + math.sin(a * math.tau / 14) * w * 0.4,
                )
                for a in range(14)
            ]
            color = (
                rng.choice(NEONS)
                if "neon" in stage.spec.mood or stage.has_dressing("neon")
                else stage.palette.lamp
                if stage.palette.lamps_on
                else stage.palette.sky[1]
            )
            shines.append((ring, mix_colors(stage.palette.sky[2], color, 0.45), 0.34))
    stage.add_floor(asphalt, shade_color(asphalt, 0.06), marks=marks, shines=shines)


def _add_facade_row(
    stage: Stage, row_index: int, z: float, half_street_width: float, modern: bool
) -> None:
    """Facades on both sides, with the street between them."""
    body, lit = "", ""
    width = 7.5 if not modern else 10.0
    middle = (
        stage.seed_random("gap", row_index).uniform(-1.0, 1.0)
        + (stage.seed_random("bend").uniform(-2.2, 2.2)) * row_index / 2
    )
    for x, rng in stage.iter_visible_cells(f"front{row_index}", z, width):
        if abs(x - middle) < half_street_width * (0.62 if row_index < 2 else 0.80):
            continue
        art, win = draw_facade_and_lights(
            rng,
            width * rng.uniform(0.94, 1.0),
            rng.randint(2, 4) if not modern else rng.randint(4, 8),
            stage,
            f"{row_index}{int(x * 10)}",
        )
        body += place_art(art, x)
        lit += place_art(win, x)
    top = -28.0 if not modern else -36.0
    stage.add_plane(z, body, top, 0.05, shines=lit, shadow=0.8)


def _add_street_furniture(stage: Stage) -> None:
    body, lit = "", ""
    z = 3.0
    for i, (x, rng) in enumerate(stage.iter_visible_cells("lamp", z, 8.0)):
        if not stage.spec.people or abs(x + 3 - stage.middle) > 0.9:
            art, shine = nature.draw_streetlamp_and_light(rng, "")
            body += place_art(art, x + 3)
            lit += place_art(shine.replace("lamplight", f"lamplight{i}"), x + 3)
        roll = rng.random()
        if roll < 0.35:
            body += place_art(nature.draw_bush(rng, 1.1, "#6f8a52"), x - 0.4) + draw_rect(
                x - 0.95, -0.34, 1.1, 0.34, "#a87050", 0.03
            )
        elif roll < 0.6:
            body += (
                draw_rect(x - 0.7, -0.46, 1.6, 0.07, "#7a5a3f")
                + draw_rect(x - 0.7, -0.86, 1.6, 0.07, "#7a5a3f")
                + draw_rect(x - 0.6, -0.86, 0.06, 0.86, "#3a3a3d")
                + draw_rect(x + 0.74, -0.86, 0.06, 0.86, "#3a3a3d")
            )
    stage.add_plane(z, body, -4.5, 0.04, shines=lit)


def _add_tram_wires(stage: Stage) -> None:
    z = 1.2
    box = stage.find_visible_area(z)
    body = draw_line([(box.left, -4.8), (box.right, -4.8)], "#3a3836", 0.03)
    body += draw_line([(box.left, -5.6), (box.right, -5.3)], "#3a3836", 0.022)
    stage.add_plane(z, body, -5.8, -4.6, shadow=0.3)


def _add_roof_terrace(stage: Stage) -> None:
    """A terrace above the roofs."""
    edge = 3.0
    rng = stage.seed_random("roofs")
    for k, (z, drop) in enumerate(((40.0, 5.6), (17.0, 4.4))):
        body, lit = "", ""
        for x, cell in stage.iter_visible_cells(f"roof{k}", z, 6.5):
            art, win = nature.draw_cottage_and_lit_windows(cell, 6.0, 3.4, 1)
            y = drop + cell.uniform(-1.4, 1.4)
            body += place_art(art, x, y)
            lit += place_art(win, x, y)
            if cell.random() < 0.4:
                body += draw_rect(x + 1, y - 6.8, 0.6, 1.6, "#8a4f3f")
        stage.add_plane(z, body, -6, 4, shines=lit, shadow=0.7)
    tile = rng.choice(("#9a8f86", "#a5705a", "#8f8a7d"))
    marks = []
    for i in range(-12, 13):
        for j in range(-8, 4):
            if (i + j) % 2:
                marks.append(
                    (
                        [
                            (i * 0.8, j * 0.8),
                            (i * 0.8 + 0.77, j * 0.8),
                            (i * 0.8 + 0.77, j * 0.8 + 0.77),
                            (i * 0.8, j * 0.8 + 0.77),
                        ],
                        shade_color(tile, -0.08),
                        0.8,
                    )
                )
    marks = [m for m in marks if m[0][0][1] > -stage.view.distance + 0.5]
    stage.add_floor(tile, shade_color(tile, 0.05), z=edge, marks=marks)
    box = stage.find_visible_area(edge)
    wall = shade_color(tile, -0.18)
    body = draw_rect(box.left, -0.75, box.width, 0.8, wall) + draw_rect(
        box.left, -0.84, box.width, 0.12, shade_color(wall, 0.25)
    )
    for x, cell in stage.iter_visible_cells("terrace", edge, 3.4):
        roll = cell.random()
        if roll < 0.3:
            body += draw_rect(x - 0.3, -2.2, 0.6, 1.5, "#a5705a") + draw_rect(
                x - 0.38, -2.3, 0.76, 0.16, "#8a5a48"
            )
        elif roll < 0.6:
            body += place_art(nature.draw_bush(cell, 0.8, "#6f8a52"), x, -0.8)
        elif roll < 0.75:
            body += (
                draw_line([(x, -0.8), (x, -3.0)], "#3a3836", 0.04)
                + draw_line([(x - 0.5, -2.8), (x + 0.5, -2.8)], "#3a3836", 0.03)
                + draw_line([(x - 0.35, -2.5), (x + 0.35, -2.5)], "#3a3836", 0.03)
            )
    stage.add_plane(edge, body, -3.2, 0.05)


__all__ = ["build_city", "draw_ellipse", "draw_facade_and_lights"]
