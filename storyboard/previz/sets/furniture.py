"""Furniture along the wall of each kind of room."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from storyboard.previz.painting.colors import shade_color
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
    place_art,
    smooth_path,
)
from storyboard.previz.props import small_objects
from storyboard.previz.sets.stage import Stage
from storyboard.previz.sets.walls import WALL_Z

DrawFurniture = Callable[[random.Random, float], tuple[str, str]]


def draw_framed_picture(rng: random.Random, x: float, y: float) -> str:
    w, h = rng.uniform(0.35, 0.7), rng.uniform(0.35, 0.6)
    frame = rng.choice(("#6a4a34", "#b08a4a", "#3d3a3a"))
    a, b = rng.choice(
        (
            ("#8fb0b8", "#7a8a5a"),
            ("#d9b27a", "#8a5a4a"),
            ("#c9c2b0", "#5a6a7a"),
            ("#a85a4a", "#d9c49a"),
        )
    )
    out = draw_rect(x - w / 2 - 0.045, y - h / 2 - 0.045, w + 0.09, h + 0.09, frame) + draw_rect(
        x - w / 2, y - h / 2, w, h, a
    )
    out += draw_path(
        f"M{fmt(x - w / 2)},{fmt(y + h * 0.1)} Q{fmt(x - w * 0.2)},{fmt(y - h * 0.25)} "
        f"{fmt(x)},{fmt(y + h * 0.08)} T{fmt(x + w / 2)},{fmt(y - h * 0.05)} V{fmt(y + h / 2)} "
        f"H{fmt(x - w / 2)}Z",
        b,
    )
    return out + draw_circle(x + w * 0.2, y - h * 0.25, h * 0.09, "#f3e6c0")


def _add_furniture_row(
    stage: Stage,
    seed_name: str,
    z: float,
    cell_width: float,
    top: float,
    draw_piece: DrawFurniture,
    shadow: float = 1.0,
) -> None:
    """A row of furniture: `draw_piece(rng, x)` gives (body, glowing part) for each cell."""
    body, lit = "", ""
    for x, rng in stage.iter_visible_cells(seed_name, z, cell_width):
        art, shine = draw_piece(rng, x)
        body += art
        lit += shine
    stage.add_plane(z, body, top, 0.03, shines=lit, shadow=shadow)


def _deal_value_for_cell(
    stage: Stage, seed_name: str, x: float, cell_width: float, deck: tuple[float, ...]
) -> float:
    """Deals values in turn instead of drawing them, so no wall has two refrigerators side by
    side.
    """
    order = list(deck)
    stage.seed_random("deck", seed_name).shuffle(order)
    return order[math.floor(x / cell_width) % len(order)]


def furnish_kitchen(stage: Stage, wall_color: str, wood_color: str) -> None:
    front = stage.seed_random("units").choice(
        ("#8fa39a", "#d9d0ba", "#a8795a", "#7f97a3", "#b8a24f", "#9aa86f")
    )

    def draw_kitchen_unit(rng: random.Random, x: float) -> tuple[str, str]:
        out, lit = "", ""
        roll = _deal_value_for_cell(stage, "units", x, 2.1, (0.1, 0.3, 0.6, 0.7, 0.9, 0.95))
        if roll < 0.2:
            out += (
                draw_rect(x - 0.42, -1.85, 0.84, 1.85, "#e9e3d3", 0.06)
                + draw_rect(x - 0.42, -1.2, 0.84, 0.03, "#b9b09a")
                + draw_rect(x - 0.34, -1.14, 0.03, 0.28, "#8a8578")
                + draw_rect(x - 0.34, -1.6, 0.03, 0.26, "#8a8578")
            )
            return out, lit
        out += draw_rect(x - 0.75, -0.9, 1.5, 0.9, front) + draw_rect(
            x - 0.78, -0.96, 1.56, 0.07, shade_color(wood_color, 0.1)
        )
        for i in range(3):
            out += draw_rect(
                x - 0.72 + i * 0.49, -0.84, 0.46, 0.72, shade_color(front, 0.08), 0.015
            ) + draw_circle(x - 0.32 + i * 0.49, -0.55, 0.022, "#5a4a3a")
        if roll < 0.45:
            out += (
                draw_rect(x - 0.4, -0.9, 0.8, 0.9, "#4a4a4c", 0.02)
                + draw_rect(x - 0.32, -0.7, 0.64, 0.48, "#2f3033", 0.02)
                + draw_rect(x - 0.34, -1.0, 0.68, 0.05, "#3a3a3c")
            )
            out += draw_path(
                smooth_path(
                    [
                        (x - 0.16, -1.0),
                        (x - 0.18, -1.18),
                        (x, -1.26),
                        (x + 0.18, -1.18),
                        (x + 0.16, -1.0),
                    ]
                ),
                "#8f4a3a",
            ) + draw_curve(f"M{fmt(x + 0.16)},-1.18 q0.10,-0.04 0.14,-0.12", "#8f4a3a", 0.03)
        else:
            for k in range(rng.randint(2, 4)):
                name = rng.choice(("bottle", "cup", "apple", "cup", "flower"))
                out += place_art(
                    small_objects.PROPS[name].draw(rng, "")[0], x - 0.55 + k * 0.36, -0.96, 1.1
                )
        if rng.random() < 0.7:
            out += draw_rect(x - 0.6, -2.0, 1.2, 0.05, shade_color(wood_color, -0.05))
            for k in range(5):
                c = rng.choice(("#e9e2d0", "#c0694f", "#7fa0a6", "#d9b25a"))
                out += (
                    draw_rect(
                        x - 0.52 + k * 0.23, -2.0 - rng.uniform(0.12, 0.26), 0.15, 0.26, c, 0.03
                    )
                    if rng.random() < 0.8
                    else ""
                )
            out = out.replace("nan", "0")
        return out, lit

    _add_furniture_row(stage, "units", WALL_Z - 0.55, 2.1, -2.5, draw_kitchen_unit)


def furnish_office(stage: Stage, wall_color: str, wood_color: str) -> None:
    def draw_office_piece(rng: random.Random, x: float) -> tuple[str, str]:
        out, lit = "", ""
        roll = _deal_value_for_cell(stage, "desks", x, 1.9, (0.2, 0.6, 0.9, 0.3, 0.7))
        if roll < 0.45:
            c = rng.choice(("#7d8a8c", "#8a7a60", "#6a7566"))
            out += draw_rect(x - 0.45, -1.35, 0.9, 1.35, c, 0.02)
            for i in range(4):
                out += draw_rect(
                    x - 0.40, -1.30 + i * 0.33, 0.80, 0.29, shade_color(c, 0.10), 0.01
                ) + draw_rect(x - 0.08, -1.18 + i * 0.33, 0.16, 0.03, "#3a3a3c")
            art, shine = small_objects.PROPS["lamp"].draw(rng, "")
            if rng.random() < 0.5:
                out, lit = out + place_art(art, x, -1.35), lit + place_art(shine, x, -1.35)
        elif roll < 0.8:
            out += draw_rect(
                x - 0.6, -2.0, 1.2, 2.0, shade_color(wood_color, -0.12)
            ) + _draw_rows_of_books(rng, x, 1.1, (-1.62, -1.2, -0.78, -0.36), 0.36)
        else:
            out += draw_framed_picture(rng, x, -1.8)
            out += draw_path(
                smooth_path([(x - 0.18, 0), (x - 0.2, -0.38), (x + 0.2, -0.38), (x + 0.18, 0)]),
                "#a8694f",
            )
            for k in range(7):
                out += draw_curve(
                    f"M{fmt(x)},-0.35 Q{fmt(x + (k - 3) * 0.08)},-0.9 "
                    f"{fmt(x + (k - 3) * 0.17)},{fmt(-1.1 - 0.05 * (k % 3))}",
                    "#5d8550",
                    0.06,
                )
        return out, lit

    _add_furniture_row(stage, "desks", WALL_Z - 0.5, 1.9, -2.4, draw_office_piece)


def _draw_rows_of_books(
    rng: random.Random, x: float, width: float, shelf_ys: tuple[float, ...], max_book_height: float
) -> str:
    out = ""
    for y in shelf_ys:
        at = x - width / 2
        while at < x + width / 2 - 0.04:
            t = rng.uniform(0.03, 0.065)
            tall = max_book_height * rng.uniform(0.66, 0.94)
            c = rng.choice(
                (
                    "#8c3f36",
                    "#35536b",
                    "#7a5c34",
                    "#4f6b4a",
                    "#6a4a6d",
                    "#c9a45a",
                    "#3d3d44",
                    "#a8794f",
                    "#d3c7ae",
                )
            )
            if rng.random() < 0.9:
                out += draw_rect(at, y - tall, t - 0.005, tall, c) + draw_rect(
                    at, y - tall * 0.82, t - 0.005, 0.02, shade_color(c, 0.3)
                )
            at += t
        out += draw_rect(x - width / 2 - 0.03, y, width + 0.06, 0.045, "#5a4030")
    return out


def furnish_library(stage: Stage, wall_color: str, wood_color: str) -> None:
    def draw_bookshelf_or_picture(rng: random.Random, x: float) -> tuple[str, str]:
        if rng.random() < 0.14:
            return draw_framed_picture(rng, x, -1.75), ""
        out = draw_rect(x - 0.74, -2.75, 1.48, 2.75, shade_color(wood_color, -0.3)) + draw_rect(
            x - 0.80, -2.82, 1.60, 0.10, shade_color(wood_color, -0.05)
        )
        return out + _draw_rows_of_books(
            rng, x, 1.36, (-2.28, -1.85, -1.42, -0.99, -0.56, -0.12), 0.40
        ), ""

    _add_furniture_row(stage, "shelves", WALL_Z - 0.35, 1.62, -3.0, draw_bookshelf_or_picture)
    _add_armchair_and_lamp(stage)


def _add_armchair_and_lamp(stage: Stage) -> None:
    rng = stage.seed_random("armchair")
    c = rng.choice(("#7a3f38", "#4f6a5a", "#4a5a75", "#a8794a"))
    side = -1 if stage.home.x > 0 else 1
    x = side * rng.uniform(1.5, 2.1) + stage.home.x
    out = draw_path(
        smooth_path(
            [
                (x - 0.52, -0.3),
                (x - 0.46, -1.02),
                (x - 0.2, -1.18),
                (x + 0.2, -1.18),
                (x + 0.46, -1.02),
                (x + 0.52, -0.3),
            ]
        ),
        c,
    )
    out += (
        draw_rect(x - 0.50, -0.50, 1.0, 0.38, shade_color(c, 0.08), 0.08)
        + draw_rect(x - 0.66, -0.72, 0.24, 0.66, shade_color(c, -0.12), 0.1)
        + draw_rect(x + 0.42, -0.72, 0.24, 0.66, shade_color(c, -0.12), 0.1)
    )
    out += draw_rect(x - 0.55, -0.1, 0.08, 0.1, "#3a2a20") + draw_rect(
        x + 0.47, -0.1, 0.08, 0.1, "#3a2a20"
    )
    lamp = draw_rect(x + side * 0.95 - 0.02, -1.55, 0.04, 1.55, "#3f3a36") + draw_ellipse(
        x + side * 0.95, -0.02, 0.2, 0.04, "#3f3a36"
    )
    top = [
        (x + side * 0.95 - 0.14, -1.86),
        (x + side * 0.95 + 0.14, -1.86),
        (x + side * 0.95 + 0.26, -1.48),
        (x + side * 0.95 - 0.26, -1.48),
    ]
    lamp += draw_polygon(top, "#d9b98a")
    lit = draw_glow("standing", x + side * 0.95, -1.64, 1.9, "#ffc871", 0.55) + draw_polygon(
        top, "#ffe2a0"
    )
    stage.add_plane(1.7, out + lamp, -2.0, 0.03, shines=lit, span=(x - 2.2, x + 2.2))


def furnish_bedroom(stage: Stage, wall_color: str, wood_color: str) -> None:
    rng = stage.seed_random("bed")
    spread = rng.choice(("#7f97a8", "#a8655a", "#c9b27a", "#7a8f72", "#8a7a9a"))
    side = -1 if stage.home.x > 0 else 1
    x = stage.home.x * 0.3 + side * 1.7
    out = (
        draw_rect(x - 1.1, -1.15, 0.12, 1.15, shade_color(wood_color, -0.1))
        + draw_rect(x - 1.08, -1.05, 2.1, 0.5, wood_color, 0.05)
        + draw_rect(x + 0.98, -1.15, 0.12, 1.15, shade_color(wood_color, -0.1))
    )
    out += draw_rect(x - 1.02, -0.62, 2.04, 0.5, spread, 0.08) + draw_rect(
        x - 1.02, -0.70, 2.04, 0.18, "#efe8da", 0.08
    )
    for dx in (-0.5, 0.5):
        out += draw_path(
            smooth_path(
                [
                    (x + dx - 0.36, -0.66),
                    (x + dx - 0.34, -0.92),
                    (x + dx + 0.34, -0.92),
                    (x + dx + 0.36, -0.66),
                ]
            ),
            "#f4eee2",
        )
    stage.add_plane(WALL_Z - 0.9, out, -1.3, 0.03, span=(x - 1.4, x + 1.4))

    def draw_bedroom_piece(cell: random.Random, cx: float) -> tuple[str, str]:
        out, lit = "", ""
        roll = _deal_value_for_cell(stage, "beside", cx, 1.9, (0.2, 0.5, 0.8, 0.9, 0.3))
        if roll < 0.4:
            out += draw_rect(
                cx - 0.26, -0.6, 0.52, 0.6, shade_color(wood_color, 0.06), 0.02
            ) + draw_rect(cx - 0.21, -0.52, 0.42, 0.2, shade_color(wood_color, -0.12), 0.01)
            art, shine = small_objects.PROPS["lamp"].draw(cell, "")
            out, lit = (
                out + place_art(art, cx, -0.6),
                place_art(shine.replace("lampglow", f"lg{cx:.0f}".replace("-", "m")), cx, -0.6),
            )
        elif roll < 0.7:
            out += (
                draw_rect(cx - 0.55, -2.1, 1.1, 2.1, shade_color(wood_color, -0.16), 0.02)
                + draw_rect(cx - 0.50, -2.02, 0.48, 1.9, shade_color(wood_color, 0.02), 0.01)
                + draw_rect(cx + 0.02, -2.02, 0.48, 1.9, shade_color(wood_color, 0.02), 0.01)
            )
        else:
            out += draw_framed_picture(cell, cx, -1.75)
        return out, lit

    _add_furniture_row(stage, "beside", WALL_Z - 0.4, 1.9, -2.4, draw_bedroom_piece)


def furnish_bar(stage: Stage, wall_color: str, wood_color: str) -> None:
    def draw_bottle_shelf(rng: random.Random, x: float) -> tuple[str, str]:
        out = ""
        for y in (-2.15, -1.65):
            out += draw_rect(x - 0.9, y, 1.8, 0.05, shade_color(wood_color, 0.05))
            for k in range(7):
                c = rng.choice(("#2f5a42", "#7a4a22", "#c98a3a", "#37506b", "#8c3f36", "#d9c49a"))
                h = rng.uniform(0.22, 0.36)
                bx = x - 0.8 + k * 0.25
                out += draw_rect(bx, y - h * 0.7, 0.12, h * 0.7, c, 0.02) + draw_rect(
                    bx + 0.04, y - h, 0.04, h * 0.4, c
                )
        return out, ""

    _add_furniture_row(stage, "bottles", WALL_Z - 0.2, 2.3, -2.7, draw_bottle_shelf, 0.6)
    z = 1.5
    box = stage.find_visible_area(z)
    body = draw_rect(box.left, -1.1, box.width, 1.1, shade_color(wood_color, -0.22)) + draw_rect(
        box.left, -1.16, box.width, 0.09, shade_color(wood_color, 0.14)
    )
    for x, _ in stage.iter_visible_cells("barpanel", z, 0.8):
        body += draw_rect(
            x - 0.34, -0.94, 0.68, 0.76, shade_color(wood_color, -0.32), 0.01
        ) + draw_rect(x - 0.31, -0.91, 0.62, 0.70, shade_color(wood_color, -0.16), 0.01)
    for x, rng in stage.iter_visible_cells("glasses", z, 1.1):
        if rng.random() < 0.55:
            body += place_art(
                small_objects.PROPS[rng.choice(("bottle", "cup", "candle"))].draw(rng, "")[0],
                x,
                -1.16,
            )
    stage.add_plane(z, body, -1.7, 0.03)
    lamps, lit = "", ""
    for i, (x, _) in enumerate(stage.iter_visible_cells("barlamp", 1.2, 1.7)):
        lamps += draw_line([(x, -3.4), (x, -2.25)], "#2b2a2c", 0.02) + draw_path(
            f"M{fmt(x - 0.2)},-2.02 Q{fmt(x)},-2.42 {fmt(x + 0.2)},-2.02Z", "#b0803f"
        )
        lit += draw_glow(f"bar{i}", x, -1.98, 0.95, "#ffc36a", 0.6) + draw_ellipse(
            x, -2.02, 0.13, 0.05, "#fff0c4"
        )
    stage.add_plane(1.2, lamps, -3.4, -1.0, shines=lit)


def furnish_train_compartment(stage: Stage, wall_color: str, wood_color: str) -> None:
    seat = stage.seed_random("seat").choice(("#7a3f3a", "#3f5f57", "#5a5f86", "#8a6a3a"))

    def draw_train_bench(rng: random.Random, x: float) -> tuple[str, str]:
        out = draw_rect(x - 0.62, -1.32, 1.24, 0.95, seat, 0.09) + draw_rect(
            x - 0.64, -0.52, 1.28, 0.28, shade_color(seat, 0.10), 0.07
        )
        out += draw_rect(x - 0.60, -0.26, 1.2, 0.26, shade_color(wood_color, -0.25)) + draw_rect(
            x - 0.34, -1.30, 0.68, 0.16, "#e6ddc8", 0.03
        )
        for dx in (-0.3, 0, 0.3):
            out += draw_circle(x + dx, -0.9, 0.02, shade_color(seat, -0.3))
        return out, ""

    _add_furniture_row(stage, "benches", WALL_Z - 0.5, 2.0, -1.5, draw_train_bench)

    def draw_luggage_rack(rng: random.Random, x: float) -> tuple[str, str]:
        out = draw_rect(x - 1.0, -2.2, 2.0, 0.05, "#b08a4a") + draw_line(
            [(x - 0.9, -2.2), (x - 0.9, -2.34)], "#b08a4a", 0.03
        )
        if rng.random() < 0.65:
            out += place_art(
                small_objects.PROPS["suitcase"].draw(rng, "")[0],
                x + rng.uniform(-0.4, 0.4),
                -2.2,
                0.8,
            )
        return out, ""

    _add_furniture_row(stage, "racks", WALL_Z - 0.45, 2.0, -2.8, draw_luggage_rack, 0.6)


def furnish_hall(stage: Stage, wall_color: str, wood_color: str) -> None:
    def draw_hall_piece(rng: random.Random, x: float) -> tuple[str, str]:
        roll = _deal_value_for_cell(stage, "pieces", x, 1.8, (0.2, 0.5, 0.7, 0.9, 0.55))
        if roll < 0.35:
            return place_art(small_objects.PROPS["door"].draw(rng, "")[0], x, 0.0), ""
        if roll < 0.6:
            tone = shade_color(wall_color, 0.22)
            return draw_rect(x - 0.2, -4.2, 0.4, 4.2, tone) + draw_rect(
                x - 0.3, -0.3, 0.6, 0.3, shade_color(tone, -0.1)
            ) + draw_rect(x - 0.3, -4.3, 0.6, 0.25, shade_color(tone, -0.1)), ""
        if roll < 0.8:
            return draw_framed_picture(rng, x, -1.9), ""
        out = draw_path(
            f"M{fmt(x - 0.1)},-2.0 L{fmt(x + 0.1)},-2.0 "
            f"L{fmt(x + 0.06)},-1.8 L{fmt(x - 0.06)},-1.8Z",
            "#b08a4a",
        )
        lit = draw_glow(
            f"sconce{int(x * 10)}".replace("-", "m"), x, -2.15, 0.8, "#ffc871", 0.6
        ) + draw_ellipse(x, -2.12, 0.07, 0.12, "#fff0c4")
        return out + draw_ellipse(x, -2.12, 0.07, 0.12, "#e0d0a8"), lit

    _add_furniture_row(stage, "pieces", WALL_Z - 0.06, 1.8, -4.4, draw_hall_piece, 0.7)
