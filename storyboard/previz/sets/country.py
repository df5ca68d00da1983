"""Open country: desert, fields, hills, mountains, snow, under a wide sky."""

from __future__ import annotations

from storyboard.previz.painting.colors import mix_colors, shade_color
from storyboard.previz.painting.svg import (
    draw_circle,
    draw_line,
    draw_path,
    draw_polygon,
    draw_rect,
    place_art,
)
from storyboard.previz.props import nature
from storyboard.previz.sets.layers import Motion
from storyboard.previz.sets.sky import add_sky_and_clouds
from storyboard.previz.sets.stage import Stage

_LANDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # ground, far hills
    "desert": (("#d9a86a", "#d0955e", "#e0b57c"), ("#b9785a", "#a86a5a", "#c48a62")),
    "field": (("#c9b356", "#9fae58", "#d3b85f", "#b7a850"), ("#7d9460", "#6f8a6a", "#8a9a5c")),
    "hills": (("#8aa35a", "#7a9a5f", "#9aa85c"), ("#6a8a66", "#5f8274", "#7a9060")),
    "mountain": (("#7f9462", "#8a9a70", "#768a66"), ("#6f8294", "#7d88a0", "#6a7f8a")),
    "snow": (("#e9eef2", "#e2eaf0", "#eef0ef"), ("#b6c6d4", "#a9bccd", "#c2cdd6")),
}


def build_country(stage: Stage) -> None:
    rng = stage.seed_random("open")
    land = _choose_landscape(stage, rng.random())
    ground = rng.choice(_LANDS[land][0])
    far = rng.choice(_LANDS[land][1])
    add_sky_and_clouds(stage)
    if land in ("mountain", "snow"):
        _add_peaks(stage, far, land == "snow")
    _add_hills(stage, land, ground, far)
    _add_country_floor(stage, land, ground)
    _add_landmark_fence_and_grass(stage, land, ground)
    _add_near_grass(stage, land, ground)


def _choose_landscape(stage: Stage, random_draw: float) -> str:
    if "snow" in stage.spec.weather or stage.has_dressing("snowfield", "glacier", "tundra"):
        return "snow"
    for land, words in (
        ("desert", ("desert", "dune", "dunes", "canyon", "mesa", "savanna", "wasteland")),
        ("mountain", ("mountain", "mountains", "peak", "peaks", "alpine", "summit", "valley")),
        (
            "field",
            (
                "field",
                "fields",
                "wheat",
                "farm",
                "barn",
                "prairie",
                "plain",
                "plains",
                "grass",
                "meadow",
                "steppe",
                "farmhouse",
                "vineyard",
                "garden",
            ),
        ),
        ("hills", ("hill", "hills", "hillside", "moor", "heath", "slope", "countryside")),
    ):
        if stage.has_dressing(*words):
            return land
    return ("field", "hills", "mountain", "desert")[int(random_draw * 4)]


def _add_peaks(stage: Stage, far_color: str, is_snowy: bool) -> None:
    for k, (z, base, swing, size) in enumerate(
        ((1900.0, 330.0, 230.0, 300.0), (1300.0, 150.0, 120.0, 210.0))
    ):
        tone = shade_color(
            mix_colors(far_color, stage.palette.haze, 0.2 - 0.2 * k), -0.10 * k - 0.18 * is_snowy
        )
        d, box = stage.trace_hill_outline(f"peak{k}", z, base, swing, size, sharp=True)
        body = draw_path(d, tone)
        body += f'<clipPath id="peak{k}"><path d="{d}"/></clipPath>'
        white = ""
        for x, rng in stage.iter_visible_cells(f"snowcap{k}", z, size * 0.5):
            w = size * rng.uniform(0.3, 0.5)
            y = -(base + swing * (0.10 if is_snowy else 0.42))
            line = [
                (x - w, y - 2 * swing),
                (x + w, y - 2 * swing),
                (x + w * 0.8, y + rng.uniform(-20, 30)),
                (x + w * 0.2, y - rng.uniform(10, 40)),
                (x - w * 0.3, y + rng.uniform(0, 45)),
                (x - w * 0.7, y - 10),
            ]
            white += draw_polygon(line, "#f4f6f8", 0.92)
            white += draw_polygon(
                [(x, y - 2 * swing), (x + w * 0.6, 0), (x - w * 0.2, 0)],
                shade_color(tone, -0.14),
                0.35,
            )
        body += f'<g clip-path="url(#peak{k})">{white}</g>'
        stage.add_plane(
            z, body, box.top, 0.0, shadow=0.4, veil=stage.palette.reach * (0.55 - 0.2 * k)
        )


def _add_hills(stage: Stage, landscape: str, ground_color: str, far_color: str) -> None:
    layers = {
        "desert": (
            (700.0, 84.0, 62.0, 210.0),
            (240.0, 27.0, 22.0, 90.0),
            (95.0, 9.0, 7.5, 42.0),
            (42.0, 3.2, 2.8, 22.0),
        ),
        "field": ((800.0, 30.0, 16.0, 190.0), (260.0, 8.0, 4.0, 90.0), (110.0, 2.6, 1.4, 46.0)),
        "hills": (
            (800.0, 46.0, 24.0, 160.0),
            (300.0, 21.0, 11.0, 75.0),
            (130.0, 8.5, 5.0, 40.0),
            (60.0, 3.2, 2.2, 22.0),
        ),
        "mountain": ((420.0, 40.0, 22.0, 100.0), (170.0, 11.0, 6.0, 52.0), (75.0, 3.0, 2.0, 28.0)),
        "snow": ((420.0, 34.0, 18.0, 110.0), (170.0, 10.0, 6.0, 56.0), (70.0, 3.0, 2.0, 26.0)),
    }[landscape]
    for k, (z, base, swing, size) in enumerate(layers):
        t = (k + 1) / (len(layers) + 1)
        tone = shade_color(
            mix_colors(far_color, ground_color, t),
            stage.seed_random("tone", k).uniform(-0.06, 0.05),
        )
        d, box = stage.trace_hill_outline(f"hill{k}", z, base, swing, size)
        body, lit = draw_path(d, tone), ""
        if landscape == "desert":
            body += f'<clipPath id="dune{k}"><path d="{d}"/></clipPath>'
            slip = stage.trace_hill_outline(f"hill{k}", z, base * 0.62, swing * 1.15, size * 0.93)[
                0
            ]
            shade = draw_path(slip, shade_color(tone, -0.10), 0.55)
            body += f'<g clip-path="url(#dune{k})">{shade}</g>'
        if landscape in ("field", "hills", "mountain", "snow") and k:
            for x, rng in stage.iter_visible_cells(f"wood{k}", z, size * 0.16):
                roll = rng.random()
                y = (
                    -max(0.0, base + swing * stage.sample_smooth_wave(f"hill{k}", x, size))
                    + size * 0.012
                )
                if roll < 0.30 and stage.sample_smooth_wave(f"woods{k}", x, size * 1.3) > 0.1:
                    if landscape in ("mountain", "snow"):
                        body += place_art(
                            nature.draw_pine(
                                rng,
                                "#3d5a4c" if landscape == "mountain" else "#58706f",
                                rng.uniform(6, 9),
                            ),
                            x,
                            y,
                        )
                    else:
                        body += nature.draw_tree_crown(
                            rng, x, y - 1.7, rng.uniform(1.6, 3.0), shade_color(tone, -0.24)
                        )
                elif roll > 0.965 and z < 400:
                    art, win = nature.draw_cottage_and_lit_windows(rng, 6, 3)
                    body += place_art(art, x, y + 0.3)
                    lit += place_art(win, x, y + 0.3)
        stage.add_plane(z, body, box.top - 9, 0.0, shines=lit, shadow=0.55)


def _add_country_floor(stage: Stage, landscape: str, ground_color: str) -> None:
    rng = stage.seed_random("ground")
    marks = []
    near = -stage.view.distance + 0.7
    rows = landscape == "field" and rng.random() < 0.6
    if rows:
        for i in range(-26, 27):
            x = i * 1.6
            marks.append(
                (
                    [(x, near), (x + 0.75, near), (x * 1.0 + 0.75, 90), (x * 1.0, 90)],
                    shade_color(ground_color, -0.13),
                    0.7,
                )
            )
    count = 110 if not rows else 40
    for _ in range(count):
        z = near + 50 * rng.random() ** 2.2
        x = stage.home.x + rng.uniform(-1, 1) * (3.5 + (z - near) * 0.9)
        w = rng.uniform(0.25, 0.95)
        tone = shade_color(ground_color, rng.uniform(-0.13, 0.12))
        marks.append(
            ([(x - w, z), (x - w * 0.2, z - 0.10), (x + w, z), (x + w * 0.2, z + 0.10)], tone, 0.55)
        )
    if stage.has_dressing("road", "highway", "roadside", "lane", "car", "bus") or (
        landscape != "snow" and rng.random() < 0.30
    ):
        x = rng.uniform(-2.0, 2.0)
        swing = rng.uniform(-14, 14)
        tone = (
            "#8d857c"
            if stage.has_dressing("road", "highway", "car", "bus")
            else shade_color(mix_colors(ground_color, "#d8c49a", 0.6), -0.04)
        )
        left, right = [], []
        for z in (near, 0.0, 4.0, 10.0, 22.0, 50.0, 110.0):
            c = x + swing * (max(0.0, z) / 110) ** 1.4
            left.append((c - 1.6, z))
            right.append((c + 1.6, z))
        marks.append(([*left, *reversed(right)], tone, 1.0))
        if tone == "#8d857c":
            for i in range(14):
                z = near + i * 3.0
                c = x + swing * (max(0.0, z) / 110) ** 1.4
                marks.append(
                    (
                        [(c - 0.07, z), (c + 0.07, z), (c + 0.07, z + 1.4), (c - 0.07, z + 1.4)],
                        "#efe7cf",
                        0.9,
                    )
                )
    stage.add_floor(ground_color, shade_color(ground_color, 0.06), marks=marks)


def _add_landmark_fence_and_grass(stage: Stage, landscape: str, ground_color: str) -> None:
    rng = stage.seed_random("dress")
    windy = "wind" in stage.spec.weather or "storm" in stage.spec.weather
    sway = Motion(sway=0.03 if windy else 0.008, period=3.6)
    # the landmark of the place: a tree, a barn, a mill, a mesa
    z = rng.uniform(16, 30)
    s = stage.view.compute_scale(stage.home, z)
    x = stage.seed_random("mark").choice((-1, 1)) * rng.uniform(0.16, 0.38) * stage.view.aspect / s
    body, lit = "", ""
    choice = rng.random()
    if landscape == "desert":
        for cx, cell in stage.iter_visible_cells("cactus", z, 11.0):
            if cell.random() < 0.5:
                body += place_art(nature.draw_cactus(cell), cx)
            elif cell.random() < 0.6:
                body += place_art(
                    nature.draw_rock(cell, cell.uniform(1, 3), cell.uniform(0.5, 1.6), "#a8694f"),
                    cx,
                )
        stage.add_plane(z, body, -4, 0.1)
        return
    if stage.has_dressing("windmill") or (landscape == "field" and choice < 0.25):
        body, lit = _draw_windmill(), ""
    elif (stage.has_dressing("barn", "farm", "farmhouse", "house") or choice < 0.5) and not any(
        t.name == "house" for t in stage.spec.things
    ):
        art, win = nature.draw_cottage_and_lit_windows(rng, rng.uniform(7, 9), 3.4, 1)
        body, lit = art, win
    elif landscape in ("mountain", "snow"):
        body = "".join(
            place_art(nature.draw_pine(rng, "", rng.uniform(6, 9)), k * 2.4 - 3) for k in range(4)
        )
    else:
        body, lit = nature.draw_tree(rng, "")
    bends = choice > 0.5 and landscape not in ("mountain", "snow")
    stage.add_plane(
        z,
        place_art(body, x),
        -13,
        0.1,
        shines=place_art(lit, x),
        motion=sway if bends else Motion(),
        span=(x - 9, x + 9),
    )
    fence = 9.0
    if landscape in ("field", "hills", "snow") and rng.random() < 0.6:
        wood = "#8a7055"
        body = ""
        for fx, cell in stage.iter_visible_cells("fence", fence, 2.2):
            body += draw_rect(
                fx - 0.06, -1.1, 0.12, 1.12, shade_color(wood, cell.uniform(-0.1, 0.08))
            )
            for y in (-0.9, -0.52):
                body += draw_line([(fx, y), (fx + 2.2, y + cell.uniform(-0.06, 0.06))], wood, 0.07)
        stage.add_plane(fence, body, -1.3, 0.05)
    for k, gz in enumerate((5.0, 2.2)):
        body = ""
        motion = Motion(sway=0.06 if windy else 0.02, period=2.7 + k * 0.5, phase=k)
        for gx, cell in stage.iter_visible_cells(
            f"tuft{k}", gz, 0.75 if landscape == "field" else 1.4, motion
        ):
            if landscape == "snow":
                if cell.random() < 0.25:
                    body += place_art(
                        nature.draw_rock(
                            cell, cell.uniform(0.4, 1.0), cell.uniform(0.12, 0.3), "#c9d3db"
                        ),
                        gx,
                    )
                continue
            high = cell.uniform(0.35, 0.75) if landscape == "field" else cell.uniform(0.15, 0.4)
            if landscape == "desert" or cell.random() < 0.7:
                body += place_art(
                    nature.draw_grass_tuft(
                        cell,
                        cell.uniform(0.4, 0.9),
                        high,
                        shade_color(ground_color, cell.uniform(-0.16, 0.04)),
                    ),
                    gx,
                )
            if landscape in ("field", "hills") and cell.random() < 0.22:
                c = stage.seed_random("bloom").choice(("#d9574a", "#e8d9f0", "#e3b93c", "#8a6fb0"))
                for _ in range(4):
                    px, py = gx + cell.uniform(-0.4, 0.4), -cell.uniform(0.2, 0.5)
                    body += draw_line([(px, 0), (px, py)], "#5d7a45", 0.014) + draw_circle(
                        px, py, 0.05, c
                    )
        if body:
            stage.add_plane(gz, body, -1.0, 0.06, motion=motion, shadow=0.7)


def _draw_windmill() -> str:
    out = draw_polygon([(-2.2, 0), (2.2, 0), (1.4, -7), (-1.4, -7)], "#e3d8c2") + draw_polygon(
        [(0.3, 0), (2.2, 0), (1.4, -7), (0.2, -7)], "#c4b79c", 0.7
    )
    out += draw_polygon([(-1.7, -6.9), (1.7, -6.9), (0, -8.6)], "#8a4f3f") + draw_rect(
        -0.5, -2.2, 1.0, 2.2, "#6a4a3a"
    )
    blades = ""
    for turn in (20, 110, 200, 290):
        blades += place_art(
            draw_rect(-0.07, -4.6, 0.14, 4.6, "#5a4638")
            + draw_rect(0.07, -4.5, 0.8, 3.4, "#efe6d3", 0, 0.9),
            0,
            -7.2,
            1,
            turn,
        )
    return out + blades + draw_circle(0, -7.2, 0.25, "#3f352e")


def _add_near_grass(stage: Stage, landscape: str, ground_color: str) -> None:
    if stage.view.distance < 2.4 or landscape in ("snow",) or stage.spec.angle == "overhead":
        return
    z = -0.46 * stage.view.distance
    s = stage.view.compute_scale(stage.home, z)
    body = ""
    bottom = -stage.home.y + (0.5 - stage.home.sy) / s
    tone = shade_color(
        mix_colors(ground_color, "#3a4a38" if landscape != "desert" else "#7a4a35", 0.5), -0.12
    )
    side = stage.seed_random("near").choice((-1, 1))
    for k in range(6):
        rng = stage.seed_random("blade", k)
        x = stage.home.x + side * (stage.view.aspect * 0.5 - k * 0.055) / s
        body += place_art(
            nature.draw_grass_tuft(
                rng, 0.10 / s, rng.uniform(0.10, 0.24) * (1 - k * 0.09) / s, tone
            ),
            x,
            bottom + 0.02 / s,
        )
    stage.add_plane(
        z,
        body,
        bottom - 0.4 / s,
        bottom + 0.1 / s,
        motion=Motion(sway=0.03, period=2.9),
        foot=bottom,
    )
