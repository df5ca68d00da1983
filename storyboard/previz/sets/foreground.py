"""Things in front of the wall: a table, a seat, a lamp, a dark edge."""

from __future__ import annotations

import random

from storyboard.previz.painting.colors import mix_colors, shade_color
from storyboard.previz.painting.svg import (
    define_gradient,
    draw_ellipse,
    draw_glow,
    draw_line,
    draw_path,
    draw_polygon,
    draw_rect,
    fmt,
)
from storyboard.previz.props import find_prop
from storyboard.previz.sets.stage import Stage


def add_pendant_lamp(stage: Stage, rng: random.Random) -> None:
    """A lamp over the middle of the scene, and its cone of light."""
    x = stage.home.x * 0.4 + rng.choice((-1, 1)) * rng.uniform(0.9, 1.5)
    c = rng.choice(("#3f5f57", "#a8593f", "#d9c49a", "#3d4660", "#b98a3a"))
    z = 0.9
    body = draw_line([(x, -3.6), (x, -2.36)], "#2b2a2c", 0.018)
    body += draw_path(
        f"M{fmt(x - 0.32)},-2.1 Q{fmt(x - 0.26)},-2.4 {fmt(x)},-2.42 Q{fmt(x + 0.26)},-2.4 "
        f"{fmt(x + 0.32)},-2.1Z",
        c,
    )
    body += draw_path(
        f"M{fmt(x + 0.05)},-2.42 Q{fmt(x + 0.26)},-2.4 {fmt(x + 0.32)},-2.1 L{fmt(x + 0.12)},-2.1Z",
        shade_color(c, -0.2),
        0.7,
    )
    stops = [(0, "#ffd48a", 0.34), (0.55, "#ffd48a", 0.14), (1, "#ffd48a", 0)]
    cone = define_gradient("cone", stops, radial=True)
    cone += draw_ellipse(x, -1.35, 1.75, 1.45, "url(#cone)")
    lit = cone + draw_glow("bulb", x, -2.06, 1.7, "#ffca78", 0.6)
    lit += draw_ellipse(x, -2.09, 0.2, 0.05, "#fff3d0")
    stage.add_plane(z, body, -3.6, 0.0, shines=lit, shadow=0.5, span=(x - 1.9, x + 1.9))


def add_seat_or_table(stage: Stage, wood_color: str, room_type: str) -> None:
    """A table in front of people who sit, or under the things of an insert."""
    spec = stage.spec
    someone_sits = any(p.sits for p in spec.people)
    held_names = {p.holds for p in spec.people}
    has_loose_things = any(
        find_prop(t.name).stand in ("table", "hand") and t.name not in held_names
        for t in spec.things
    )
    has_table = stage.has_dressing("table", "desk", "counter")
    if (
        someone_sits
        and not (has_table or has_loose_things)
        and room_type in ("train", "bedroom", "hall", "library")
    ):
        _add_seat(stage, wood_color)
        return
    if has_loose_things or someone_sits or (has_table and not spec.people):
        add_table(stage, shade_color(wood_color, 0.06))


def _add_seat(stage: Stage, wood_color: str) -> None:
    """Seats for people who sit without a table."""
    rng = stage.seed_random("seat")
    c = rng.choice(("#7a3f3a", "#3f5f57", "#5a5f86", "#8a6a3a"))
    x = stage.middle
    body = draw_rect(x - 1.3, -1.02, 2.6, 0.70, c, 0.10)
    body += draw_rect(x - 1.34, -0.52, 2.68, 0.30, shade_color(c, 0.10), 0.08)
    body += draw_rect(x - 1.28, -0.26, 2.56, 0.26, shade_color(wood_color, -0.25))
    for dx in (-0.65, 0.65):
        body += draw_line([(x + dx, -0.98), (x + dx, -0.55)], shade_color(c, -0.2), 0.02, 0.7)
    stage.add_plane(0.22, body, -1.4, 0.03)


def add_table(stage: Stage, wood_color: str) -> None:
    """A table whose top is at 0.78 m, just in front of the subject."""
    x = stage.middle
    if stage.view.distance < 2.0:
        x0, x1 = stage.find_visible_area(-0.2).left, stage.find_visible_area(-0.2).right
    else:
        half = 0.85 + stage.span / 2
        x0, x1 = x - half, x + half
    z = -0.22
    # the top is a lens of wood seen from the camera's height
    rise = max(0.03, (stage.home.y - 0.78) * 0.62 / max(0.6, stage.view.distance))
    body = draw_rect(x0 + 0.08, -0.74, x1 - x0 - 0.16, 0.10, shade_color(wood_color, -0.30))
    for lx in (x0 + 0.12, x1 - 0.22):
        body += draw_rect(lx, -0.74, 0.10, 0.75, shade_color(wood_color, -0.25))
    body += define_gradient(
        "top", [(0, shade_color(wood_color, -0.08), 1), (1, shade_color(wood_color, 0.12), 1)]
    )
    body += draw_polygon(
        [
            (x0 + rise * 0.8, -0.78 - rise * 0.55),
            (x1 - rise * 0.8, -0.78 - rise * 0.55),
            (x1, -0.78 + 0.02),
            (x0, -0.78 + 0.02),
        ],
        "url(#top)",
    )
    for i in range(4):
        y = -0.78 - rise * 0.5 + i * (rise * 0.5 + 0.02) / 4
        body += draw_line(
            [(x0 + 0.1, y), (x1 - 0.1, y)], shade_color(wood_color, -0.12), 0.004, 0.6
        )
    body += draw_rect(x0, -0.765, x1 - x0, 0.05, shade_color(wood_color, -0.10), 0.01)
    if any(p.sits for p in stage.spec.people):
        cloth = (
            wood_color
            if stage.has_dressing("desk", "office", "bar", "counter")
            else stage.seed_random("cloth").choice(
                ("#d9cdb4", "#b5564a", "#7f97a3", "#cdbb8a", "#8a9a80")
            )
        )
        body += draw_rect(x0 + 0.02, -0.735, x1 - x0 - 0.04, 0.74, shade_color(cloth, -0.28))
        for i in range(int((x1 - x0) / 0.16)):
            body += draw_rect(
                x0 + 0.05 + i * 0.16, -0.735, 0.07, 0.74, shade_color(cloth, -0.36), 0, 0.7
            )
        body += draw_polygon(
            [
                (x0 + rise * 0.8, -0.78 - rise * 0.55),
                (x1 - rise * 0.8, -0.78 - rise * 0.55),
                (x1, -0.75),
                (x0, -0.75),
            ],
            cloth,
        )
        body += draw_rect(x0, -0.76, x1 - x0, 0.06, shade_color(cloth, 0.14))
    stage.add_plane(z, body, -0.78 - rise, 0.02, span=(x0 - 0.1, x1 + 0.1), focus=0.0)


def add_dark_edge(stage: Stage, wall_color: str) -> None:
    """A dark edge in the foreground, a door post or a curtain, for depth."""
    if stage.view.distance < 3.0 or stage.spec.angle == "overhead":
        return
    z = -0.5 * stage.view.distance
    s = stage.view.compute_scale(stage.home, z)
    box = stage.find_visible_area(z)
    side = stage.seed_random("post").choice((-1, 1))
    x = stage.home.x + side * (stage.view.aspect / 2 - 0.035) / s
    w = 0.22 / s
    dark = shade_color(mix_colors(wall_color, "#2a2220", 0.72), -0.2)
    body = draw_rect(x if side > 0 else x - w, box.top, w, box.height, dark)
    stage.add_plane(z, body, box.top, box.bottom, span=(x - w, x + w))
