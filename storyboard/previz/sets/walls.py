"""The shell of a room: floor, wall, windows, and the view outside."""

from __future__ import annotations

import random

from storyboard.previz.painting.colors import mix_colors, shade_color
from storyboard.previz.painting.svg import (
    define_gradient,
    draw_circle,
    draw_curve,
    draw_line,
    draw_path,
    draw_polygon,
    draw_rect,
    fmt,
    place_art,
)
from storyboard.previz.props import nature, small_objects
from storyboard.previz.sets.layers import Motion
from storyboard.previz.sets.room_types import find_room_type
from storyboard.previz.sets.stage import Stage

WALL_Z = 3.1


def add_outside_view(stage: Stage) -> None:
    """The view from the window: the sky of the time of day, and distant things."""
    palette = stage.palette
    z = 30.0
    box = stage.find_visible_area(z)
    stops = [(0.0, palette.sky[0], 1.0), (0.5, palette.sky[1], 1.0), (1.0, palette.sky[2], 1.0)]
    body = define_gradient("out", stops) + draw_rect(box.left, -9, box.width, 10, "url(#out)")
    if palette.time == "night":
        rng = stage.seed_random("moon")
        x = stage.home.x + rng.uniform(-3, 3)
        body += draw_circle(x, -6.4, 0.5, "#f1efe2") + "".join(
            draw_circle(
                stage.home.x + rng.uniform(-12, 12), -rng.uniform(3, 9), 0.04, "#ffffff", 0.8
            )
            for _ in range(40)
        )
    motion = Motion(drift=-5.0) if find_room_type(stage) == "train" else Motion()
    stage.add_plane(z, "", -9, 1, shines=body, always=True, shadow=0, paper=False, focus=z)
    hills, hill_box = stage.trace_hill_outline("outside", 26.0, 1.8, 0.9, 5.0, motion)
    tone = mix_colors(
        {"day": "#7f9a78", "dawn": "#9a8f8a", "dusk": "#6a4f63", "night": "#1a2740"}[palette.time],
        palette.haze,
        0.25,
    )
    far = draw_path(hills, tone)
    near, lights = "", ""
    for x, rng in stage.iter_visible_cells("outhouse", 26.0, 4.2, motion):
        roll = rng.random()
        if roll < 0.5:
            near += nature.draw_tree_crown(
                rng, x, -1.5, rng.uniform(0.7, 1.5), shade_color(tone, -0.2)
            )
        elif roll < 0.78:
            near += draw_rect(x - 1, -3.2, 2.0, 3.4, shade_color(tone, -0.3)) + draw_polygon(
                [(x - 1.2, -3.2), (x + 1.2, -3.2), (x, -4.1)], shade_color(tone, -0.4)
            )
            if palette.lamps_on or palette.time == "night":
                lights += draw_rect(x - 0.5, -2.5, 0.4, 0.5, "#ffce78") + draw_rect(
                    x + 0.2, -2.5, 0.4, 0.5, "#ffce78"
                )
    stage.add_plane(
        26.0,
        "",
        hill_box.top - 4,
        1,
        shines=far + near + lights,
        always=True,
        motion=motion,
        shadow=0,
        paper=False,
    )


def add_room_floor(stage: Stage, wood_color: str, room_type: str) -> None:
    marks = []
    near = -stage.view.distance + 0.45
    rng = stage.seed_random("boards")
    if room_type in ("kitchen", "bar", "hall") and rng.random() < 0.65:
        light, dark = rng.choice(
            (("#d8cbb0", "#9a6a55"), ("#d3cdbd", "#6f7d80"), ("#cdbf9f", "#7f7a5f"))
        )
        size = 0.5
        z = WALL_Z
        row = 0
        while z > near:
            for i in range(-16, 17):
                if (i + row) % 2:
                    x = i * size
                    marks.append(
                        ([(x, z), (x + size, z), (x + size, z - size), (x, z - size)], dark, 0.8)
                    )
            z -= size
            row += 1
        stage.add_floor(light, shade_color(light, -0.1), z=WALL_Z, marks=marks, haze=False)
        return
    for i in range(-40, 41):
        x = i * 0.24
        tone = shade_color(wood_color, stage.seed_random("board", i).uniform(-0.14, 0.10))
        marks.append(([(x, near), (x + 0.225, near), (x + 0.225, WALL_Z), (x, WALL_Z)], tone, 0.9))
    if room_type in ("bedroom", "library", "office", "hall"):
        rug = rng.choice(("#8c3f3a", "#3f5a6b", "#7a6a45", "#5a6f5a"))
        cx = rng.uniform(-0.8, 0.8)
        for grow, tone in ((0.0, rug), (0.16, shade_color(rug, 0.35)), (0.24, rug)):
            marks.append(
                (
                    [
                        (cx - 1.9 + grow, -1.0 + grow),
                        (cx + 1.9 - grow, -1.0 + grow),
                        (cx + 1.9 - grow, 1.7 - grow),
                        (cx - 1.9 + grow, 1.7 - grow),
                    ],
                    tone,
                    1.0,
                )
            )
    stage.add_floor(
        shade_color(wood_color, -0.32),
        shade_color(wood_color, -0.30),
        z=WALL_Z,
        marks=marks,
        haze=False,
    )


def add_back_wall(stage: Stage, room_type: str, wall_color: str, wood_color: str) -> None:
    """The back wall, with holes for the windows."""
    z = WALL_Z
    box = stage.find_visible_area(z)
    left, right = box.left - 1, box.right + 1
    high = 3.3 if room_type not in ("train", "hall") else (2.5 if room_type == "train" else 4.4)
    roof = min(box.top, -high - 1.4)
    holes, frames, lit = "", "", ""
    spacing = {"train": 2.0, "hall": 2.9, "office": 2.6, "bar": 4.6}.get(room_type, 4.2)
    cloth = stage.seed_random("curtains").choice(
        ("#c26a54", "#7f9a9a", "#d9b25a", "#a8788a", "#e3dac4", "#6f8a6a")
    )
    offset = stage.seed_random("windows").uniform(-0.9, 0.9)
    has_window = stage.has_dressing("window")
    if has_window:
        # somebody who looks out of the window gets one beside them
        beside = stage.middle + (0.85 if stage.home.x >= stage.middle else -0.85)
        offset = beside % spacing - spacing / 2
    for x, rng in stage.iter_visible_cells("window", z, spacing):
        x += offset
        w, h, y = (1.45, 0.95, -2.05) if room_type == "train" else (1.25, 1.45, -2.45)
        if room_type == "hall":
            w, h, y = 1.0, 2.4, -3.4
        if room_type == "bar":
            w, h, y = 2.2, 1.5, -2.5
        if (
            room_type in ("library", "kitchen", "bedroom")
            and rng.random() < 0.38
            and not has_window
        ):
            continue
        holes += f"M{fmt(x - w / 2)},{fmt(y)} h{fmt(w)} v{fmt(h)} h{fmt(-w)}Z "
        trim = (
            shade_color(wall_color, 0.34)
            if room_type not in ("bar", "library", "train")
            else shade_color(wood_color, 0.08)
        )
        frames += _draw_window(x, y, w, h, trim, room_type, rng)
        if room_type in ("kitchen", "bedroom", "hall") and rng.random() < 0.75:
            frames += _draw_curtains(cloth, x, y, w, h)
    body = define_gradient(
        "plaster",
        [
            (0, shade_color(wall_color, -0.26), 1),
            (0.4, wall_color, 1),
            (1, shade_color(wall_color, -0.06), 1),
        ],
    )
    body += (
        f'<path fill-rule="evenodd" fill="url(#plaster)" d="M{fmt(left)},{fmt(roof)} '
        f'H{fmt(right)} V0.02 H{fmt(left)}Z {holes}"/>'
    )
    if room_type in ("kitchen", "library", "train", "hall", "bar"):
        panel = (
            shade_color(wood_color, -0.05)
            if room_type != "kitchen"
            else shade_color(wall_color, -0.18)
        )
        level = -0.95 if room_type != "train" else -1.0
        body += (
            f'<rect x="{fmt(left)}" y="{fmt(level)}" width="{fmt(right - left)}" '
            f'height="{fmt(-level)}" fill="{panel}"/>'
        )
        for x, _ in stage.iter_visible_cells("panel", z, 0.62):
            body += draw_rect(
                x - 0.26, level + 0.14, 0.52, -level - 0.36, shade_color(panel, -0.10), 0.01
            ) + draw_rect(
                x - 0.24, level + 0.16, 0.48, -level - 0.40, shade_color(panel, 0.04), 0.01
            )
        body += draw_rect(left, level - 0.04, right - left, 0.07, shade_color(panel, 0.18))
    elif stage.seed_random("paper").random() < 0.6:
        tone = shade_color(wall_color, stage.seed_random("stripe").choice((-0.07, 0.07)))
        for x, _ in stage.iter_visible_cells("stripe", z, 0.42):
            body += (
                f'<path fill="{tone}" fill-rule="evenodd" opacity="0.6" '
                f'd="M{fmt(x)},{fmt(-high - 1)} h0.2 V0 h-0.2Z"/>'
                if not _is_at_window(x, holes)
                else ""
            )
    body += draw_rect(left, -0.16, right - left, 0.17, shade_color(wood_color, -0.1))
    body += draw_rect(left, -high, right - left, 0.10, shade_color(wall_color, 0.25)) + draw_rect(
        left, roof, right - left, -high - roof, shade_color(wall_color, -0.34)
    )
    stage.add_plane(z, body + frames, roof, 0.02, shines=lit, shadow=0.9)


def _is_at_window(x: float, window_holes: str) -> bool:
    for hole in window_holes.split("M")[1:]:
        start = float(hole.split(",")[0])
        width = float(hole.split("h")[1].split(" ")[0])
        if start - 0.25 < x < start + width + 0.05:
            return True
    return False


def _draw_window(
    x: float, y: float, w: float, h: float, trim_color: str, room_type: str, rng: random.Random
) -> str:
    out = draw_rect(x - w / 2, y, w, h, "#cfe3ea", opacity=0.08)
    t = 0.075
    for args in ((x - w / 2 - t, y - t, w + 2 * t, t), (x - w / 2 - t, y + h, w + 2 * t, t * 1.3),
                 (x - w / 2 - t, y, t, h), (x + w / 2, y, t, h)):  # fmt: skip
        out += draw_rect(*args, trim_color)
    if room_type != "train":
        out += draw_rect(x - 0.022, y, 0.044, h, trim_color) + draw_rect(
            x - w / 2, y + h * 0.44, w, 0.044, trim_color
        )
        out += draw_rect(x - w / 2 - 0.16, y + h + t, w + 0.32, 0.07, shade_color(trim_color, 0.12))
    if room_type == "office" and rng.random() < 0.8:
        for i in range(9):
            out += draw_rect(x - w / 2, y + i * h / 11, w, h / 26, "#e6dfcf")
    if room_type == "kitchen" and rng.random() < 0.6:
        art, _ = small_objects.PROPS["flower"].draw(rng, "")
        out += place_art(art, x + rng.uniform(-0.3, 0.3), y + h + t, 1.15)
    return out


def _draw_curtains(color: str, x: float, y: float, w: float, h: float) -> str:
    out = ""
    for side in (-1, 1):
        edge = x + side * (w / 2 + 0.12)
        inner = x + side * w * 0.26
        out += draw_path(
            f"M{fmt(edge)},{fmt(y - 0.14)} L{fmt(inner)},{fmt(y - 0.14)} "
            f"Q{fmt(inner + side * 0.05)},{fmt(y + h * 0.5)} "
            f"{fmt(edge - side * 0.10)},{fmt(y + h + 0.12)} L{fmt(edge)},{fmt(y + h + 0.12)}Z",
            color,
        )
        for i in range(3):
            fx = edge - side * (0.06 + i * 0.09)
            out += draw_curve(
                f"M{fmt(fx)},{fmt(y - 0.12)} Q{fmt(fx + side * 0.02)},{fmt(y + h * 0.5)} "
                f"{fmt(edge - side * (0.03 + i * 0.03))},{fmt(y + h + 0.1)}",
                shade_color(color, -0.2),
                0.016,
                0.7,
            )
    return out + draw_line(
        [(x - w / 2 - 0.3, y - 0.15), (x + w / 2 + 0.3, y - 0.15)], "#5a4638", 0.035
    )
