"""Sea: quay or beach, water in paper strips, a headland, a harbour town, a lighthouse."""

from __future__ import annotations

from storyboard.previz.painting.colors import mix_colors, shade_color
from storyboard.previz.painting.svg import (
    draw_circle,
    draw_path,
    draw_polygon,
    draw_rect,
    fmt,
    mirror_art,
    place_art,
)
from storyboard.previz.props import nature, vehicles
from storyboard.previz.script.shoreline import LEVELS, find_shore_type
from storyboard.previz.sets.layers import FAR, Motion
from storyboard.previz.sets.sky import add_sky_and_clouds, find_sun_x
from storyboard.previz.sets.stage import Stage
from storyboard.previz.sets.waterfront import add_beach, add_cliff, add_quay

_WATERS = (
    ("#2f7f93", "#7fb8bd"),
    ("#2b6c8f", "#86b5c9"),
    ("#3b8a86", "#9cc7b8"),
    ("#345f86", "#8aa9c4"),
)


def build_sea(stage: Stage) -> None:
    rng = stage.seed_random("sea")
    deep, pale = rng.choice(_WATERS)
    if stage.palette.time in ("night", "dusk"):
        deep = mix_colors(deep, "#1f3f63", 0.3)
    shore = find_shore_type(stage.spec)
    level = LEVELS[shore]
    side = rng.choice((-1, 1))
    add_sky_and_clouds(stage)
    _add_water_surface(stage, deep, pale, level)
    _add_headland(stage, side, level)
    town = stage.has_dressing(
        "harbour",
        "harbor",
        "port",
        "town",
        "village",
        "marina",
        "quay",
        "malecon",
        "ferry",
        "waterfront",
    )
    if town:
        _add_harbour_town(stage, level)
    if stage.has_dressing("lighthouse") and not any(
        t.name == "lighthouse" for t in stage.spec.things
    ):
        _add_lighthouse(stage, level)
    elif rng.random() < 0.22 and not town:
        _add_lighthouse(stage, level, far=True)
    _add_wave_crests(stage, deep, pale, level, shore != "water")
    if (shore == "quay" and town) or stage.has_dressing("marina", "port", "harbour", "harbor"):
        _add_moored_boats(stage, level)
    if stage.has_dressing("ferry", "ship", "liner", "steamer") and not any(
        thing.name == "ship" for thing in stage.spec.things
    ):
        _add_ferry(stage, level)
    if shore == "quay":
        add_quay(stage)
    elif shore == "cliff":
        add_cliff(stage)
    elif shore == "beach":
        add_beach(stage)


def _add_water_surface(stage: Stage, deep_color: str, pale_color: str, water_level: float) -> None:
    palette = stage.palette
    marks = []
    glints = []
    x0 = find_sun_x(stage, stage.measure_frame_height()) / FAR
    rng = stage.seed_random("glints")
    color = palette.sun if palette.time != "day" else "#ffffff"
    storm = bool({"storm", "rain", "fog"} & set(stage.spec.weather))
    for _ in range(0 if storm else 120):
        z = 6 * (60.0 ** rng.random())
        away = z + stage.view.distance
        x = x0 * away + rng.gauss(0, 0.055) * away
        w, d = away * rng.uniform(0.006, 0.022), away * rng.uniform(0.004, 0.012)
        strength = {"day": 0.30, "dawn": 0.7, "dusk": 0.75, "night": 0.5}[palette.time]
        glints.append(
            (
                [(x - w, z), (x, z - d), (x + w, z), (x, z + d)],
                color,
                strength * rng.uniform(0.4, 1),
            )
        )
    for _ in range(150):
        z = 1.0 * (170.0 ** rng.random())
        x = stage.home.x + rng.uniform(-1.1, 1.1) * (z + stage.view.distance) / stage.view.focal
        w, d = z * rng.uniform(0.02, 0.07) + 0.3, z * 0.010 + 0.05
        tone = (
            mix_colors(deep_color, pale_color, rng.uniform(0.2, 0.9))
            if rng.random() < 0.7
            else shade_color(deep_color, -0.15)
        )
        marks.append(
            ([(x - w, z), (x - w * 0.2, z - d), (x + w, z), (x + w * 0.2, z + d)], tone, 0.45)
        )
    stage.add_floor(
        deep_color,
        mix_colors(pale_color, palette.haze, 0.35),
        level=water_level,
        marks=marks,
        shines=glints,
    )


def _add_headland(stage: Stage, side: int, water_level: float) -> None:
    """Land on one side that reaches out into the sea."""
    for k, (z, high, tone) in enumerate(((900.0, 46.0, "#6d8a86"), (420.0, 34.0, "#587a68"))):
        s = stage.view.compute_scale(stage.home, z)
        tip = (
            side
            * (0.08 + 0.34 * k)
            * stage.view.aspect
            / s
            * stage.seed_random("tip", k).uniform(0.4, 1.0)
        )
        box = stage.find_visible_area(z)
        end = side * max(abs(box.left), abs(box.right)) * 1.1
        count = 26
        line = []
        for i in range(count + 1):
            t = i / count
            x = tip + (end - tip) * t
            rise = min(1.0, t * 3.2) ** 0.7
            y = rise * high * (0.62 + 0.38 * stage.sample_smooth_wave(f"head{k}", x, 130.0))
            line.append((x, -max(0.0, y)))
        d = "M" + " L".join(f"{fmt(x)},{fmt(y + water_level)}" for x, y in line)
        d += f" L{fmt(end)},{fmt(water_level + 2)} L{fmt(tip)},{fmt(water_level + 2)}Z"
        stage.add_plane(z, draw_path(d, tone), -high * 1.5, water_level + 2, shadow=0.4)


def _add_harbour_town(stage: Stage, water_level: float) -> None:
    """Houses up the shore behind the water."""
    for z, low, count in ((170.0, 9.0, 1), (125.0, 1.0, 0)):
        body, lit = "", ""
        hill, _ = stage.trace_hill_outline(
            f"town{count}", z, 6.0 + 9 * count, 4.0, 60.0, foot=water_level
        )
        body += draw_path(hill, "#7f8a6a" if count else "#8d8f78")
        for x, rng in stage.iter_visible_cells(f"houses{count}", z, 8.5):
            if rng.random() < 0.16:
                continue
            w, h = rng.uniform(6.5, 9.5), rng.uniform(3.4, 4.4)
            art, win = nature.draw_cottage_and_lit_windows(rng, w, h, rng.choice((1, 2, 2, 3)))
            y = -low * rng.uniform(0.3, 1.0) + water_level
            body += place_art(art, x, y)
            lit += place_art(win, x, y)
        if count == 0:
            box = stage.find_visible_area(z)
            body += draw_rect(box.left, water_level - 1.0, box.width, 2.4, "#6f6a64")
        elif stage.seed_random("church").random() < 0.7:
            x = (
                stage.seed_random("church", "x").uniform(-0.35, 0.35)
                * stage.measure_frame_height(z)
                * stage.view.aspect
            )
            wall = "#e3d8c2"
            body += draw_rect(x - 3, -30 + water_level, 6, 24, wall) + draw_polygon(
                [
                    (x - 3.6, -30 + water_level),
                    (x + 3.6, -30 + water_level),
                    (x, -41 + water_level),
                ],
                "#8a4f3f",
            )
            body += draw_circle(x, -26 + water_level, 1.3, "#5a5560")
        stage.add_plane(z, body, -46, water_level + 1.4, shines=lit, shadow=0.6)


def _add_lighthouse(stage: Stage, water_level: float, far: bool = False) -> None:
    z = 260.0 if far else 62.0
    s = stage.view.compute_scale(stage.home, z)
    subject = -1.0 if stage.home.x > 0 else 1.0
    x = stage.home.x + subject * stage.view.aspect * 0.30 / s
    body, lit = nature.draw_lighthouse_and_light(stage.seed_random("light"), "")
    rock = draw_path("M-16,2 Q-10,-3.4 -4,-3.2 L5,-3 Q12,-2.4 18,2Z", "#6a625c")
    y = -2.6 + water_level
    stage.add_plane(z, place_art(rock, x, water_level) + place_art(body, x, y),
                    -20 + water_level, water_level + 2, shines=place_art(lit, x, y),
                    span=(x - 22, x + 24), shadow=0.7)  # fmt: skip
    stage.add_turning_beam(x, y - 13.2, z, 60.0 if far else 34.0)


def _add_wave_crests(
    stage: Stage, deep_color: str, pale_color: str, water_level: float, from_shore: bool
) -> None:
    """Strips of wave crests that slide over each other."""
    storm = bool({"storm", "wind"} & set(stage.spec.weather))
    depths = (110.0, 52.0, 26.0, 13.0) if from_shore else (110.0, 52.0, 24.0, 11.0, 4.5)
    if not from_shore and stage.view.distance > 6:
        depths = (*depths, -0.42 * stage.view.distance)
    for k, z in enumerate(depths):
        motion = Motion(
            slide=0.5 + z * 0.006,
            bob=0.035 * (1 + 1.5 * storm),
            period=4.6 + k * 0.7,
            phase=k * 1.9,
        )
        away = stage.view.distance + z
        high = away * 0.0042 * (2.4 if storm else 1.0)
        wide = away * 0.12
        out = ""
        for x, rng in stage.iter_visible_cells(f"wave{k}", z, wide, motion):
            x += rng.uniform(-0.3, 0.3) * wide
            w, h = wide * rng.uniform(0.35, 0.62), high * rng.uniform(0.7, 1.35)
            y = water_level + rng.uniform(-0.2, 0.9) * high
            tone = mix_colors(deep_color, pale_color, 0.25 + 0.5 * rng.random())
            out += draw_path(
                f"M{fmt(x - w)},{fmt(y)} "
                f"Q{fmt(x - w * 0.2)},{fmt(y - h * 1.9)} {fmt(x + w)},{fmt(y)} "
                f"Q{fmt(x)},{fmt(y - h * 0.25)} {fmt(x - w)},{fmt(y)}Z",
                tone,
                0.85,
            )
            if rng.random() < (0.75 if storm else 0.35):
                out += draw_path(
                    f"M{fmt(x - w * 0.62)},{fmt(y - h * 0.62)} "
                    f"Q{fmt(x - w * 0.1)},{fmt(y - h * 1.5)} "
                    f"{fmt(x + w * 0.6)},{fmt(y - h * 0.4)} "
                    f"Q{fmt(x)},{fmt(y - h * 0.95)} "
                    f"{fmt(x - w * 0.62)},{fmt(y - h * 0.62)}Z",
                    "#eef4f0",
                    0.8,
                )
        stage.add_plane(
            z,
            out,
            water_level - high * 4,
            water_level + high * 2,
            motion=motion,
            shadow=0.0,
            paper=False,
        )


def _add_ferry(stage: Stage, water_level: float) -> None:
    """The ship that belongs to the place, at its berth."""
    z = 58.0
    rng = stage.seed_random("ferry")
    art, shine = vehicles.PROPS["ship"].draw(rng, "")
    x = rng.uniform(-0.22, 0.22) * stage.measure_frame_height(z) * stage.view.aspect + 4
    motion = Motion(bob=0.12, period=6.0)
    stage.add_plane(
        z,
        place_art(art, x, water_level),
        water_level - 20,
        water_level + 0.6,
        shines=place_art(shine, x, water_level),
        motion=motion,
        shadow=0.6,
        span=(x - 20, x + 20),
    )


def _add_moored_boats(stage: Stage, water_level: float) -> None:
    """Boats rocking in the harbour."""
    for k, (z, width) in enumerate(((44.0, 16.0), (19.0, 13.0))):
        motion = Motion(bob=0.05, period=3.8 + k, phase=2.0 * k)
        body, lit = "", ""
        for x, rng in stage.iter_visible_cells(f"moored{k}", z, width):
            if rng.random() < (0.45 if k else 0.25):
                continue
            prop = vehicles.PROPS["sailboat" if rng.random() < 0.45 else "boat"]
            art, shine = prop.draw(rng, "")
            x += rng.uniform(-2, 2)
            if rng.random() < 0.5:
                art, shine = mirror_art(art), mirror_art(shine)
            body += place_art(art, x, water_level, 0.9)
            lit += place_art(shine, x, water_level, 0.9)
        stage.add_plane(
            z, body, water_level - 6.4, water_level + 0.4, shines=lit, motion=motion, shadow=0.5
        )
