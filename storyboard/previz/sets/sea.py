"""Sea: quay or beach, water in strips of paper, a headland, a harbour town, a lighthouse."""

from __future__ import annotations

import math
import random

from storyboard.previz.art import nature, vehicles
from storyboard.previz.ink import (
    circle,
    curve,
    ellipse,
    gradient,
    group,
    mirror,
    mix,
    n,
    path,
    poly,
    rect,
    shade,
    stroke,
)
from storyboard.previz.sets.shore import DEPTHS, LEVELS, shore_of
from storyboard.previz.sets.sky import sky, sun_x
from storyboard.previz.stage import FAR, Motion, Stage

_WATERS = (
    ("#2f7f93", "#7fb8bd"),
    ("#2b6c8f", "#86b5c9"),
    ("#3b8a86", "#9cc7b8"),
    ("#345f86", "#8aa9c4"),
)


Mark = tuple[list[tuple[float, float]], str, float]


def build(stage: Stage) -> None:
    rng = stage.rng("sea")
    deep, pale = rng.choice(_WATERS)
    if stage.palette.time in ("night", "dusk"):
        deep = mix(deep, "#1f3f63", 0.3)
    shore = shore_of(stage.spec)
    level = LEVELS[shore]
    side = rng.choice((-1, 1))
    sky(stage)
    _water(stage, deep, pale, level)
    _headland(stage, side, level, rng)
    town = stage.has(
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
        _town(stage, level)
    if stage.has("lighthouse") and not any(t.name == "lighthouse" for t in stage.spec.things):
        _lighthouse(stage, level)
    elif rng.random() < 0.22 and not town:
        _lighthouse(stage, level, far=True)
    _waves(stage, deep, pale, level, shore != "water")
    if (shore == "quay" and town) or stage.has("marina", "port", "harbour", "harbor"):
        _moored(stage, level)
    if shore == "quay":
        _quay(stage)
    elif shore == "cliff":
        _cliff(stage)
    elif shore == "beach":
        _beach(stage)


def _water(stage: Stage, deep: str, pale: str, level: float) -> None:
    palette = stage.palette
    marks = []
    glints = []
    x0 = sun_x(stage, stage.tall()) / FAR
    rng = stage.rng("glints")
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
        x = stage.poses[0].x + rng.uniform(-1.1, 1.1) * (z + stage.view.distance) / stage.view.focal
        w, d = z * rng.uniform(0.02, 0.07) + 0.3, z * 0.010 + 0.05
        tone = mix(deep, pale, rng.uniform(0.2, 0.9)) if rng.random() < 0.7 else shade(deep, -0.15)
        marks.append(
            ([(x - w, z), (x - w * 0.2, z - d), (x + w, z), (x + w * 0.2, z + d)], tone, 0.45)
        )
    stage.floor(deep, mix(pale, palette.haze, 0.35), level=level, marks=marks, shines=glints)


def _headland(stage: Stage, side: int, level: float, rng: random.Random) -> None:
    """Land on one side that runs out into the sea."""
    for k, (z, high, tone) in enumerate(((900.0, 46.0, "#6d8a86"), (420.0, 34.0, "#587a68"))):
        s = stage.view.scale(stage.poses[0], z)
        tip = (
            side * (0.08 + 0.34 * k) * stage.view.aspect / s * stage.rng("tip", k).uniform(0.4, 1.0)
        )
        box = stage.reach(z)
        end = side * max(abs(box.left), abs(box.right)) * 1.1
        count = 26
        line = []
        for i in range(count + 1):
            t = i / count
            x = tip + (end - tip) * t
            rise = min(1.0, t * 3.2) ** 0.7
            y = rise * high * (0.62 + 0.38 * stage.wave(f"head{k}", x, 130.0))
            line.append((x, -max(0.0, y)))
        d = "M" + " L".join(f"{n(x)},{n(y + level)}" for x, y in line)
        d += f" L{n(end)},{n(level + 2)} L{n(tip)},{n(level + 2)}Z"
        stage.add(z, path(d, tone), -high * 1.5, level + 2, shadow=0.4)
    del rng


def _town(stage: Stage, level: float) -> None:
    """Houses climbing the shore behind the water."""
    for z, low, count in ((170.0, 9.0, 1), (125.0, 1.0, 0)):
        body, lit = "", ""
        hill, _ = stage.ridge(f"town{count}", z, 6.0 + 9 * count, 4.0, 60.0, foot=level)
        body += path(hill, "#7f8a6a" if count else "#8d8f78")
        for x, rng in stage.cells(f"houses{count}", z, 8.5):
            if rng.random() < 0.16:
                continue
            w, h = rng.uniform(6.5, 9.5), rng.uniform(3.4, 4.4)
            art, win = nature.cottage(rng, w, h, rng.choice((1, 2, 2, 3)))
            y = -low * rng.uniform(0.3, 1.0) + level
            body += group(art, x, y)
            lit += group(win, x, y)
        if count == 0:
            box = stage.reach(z)
            body += rect(box.left, level - 1.0, box.width, 2.4, "#6f6a64")
        elif stage.rng("church").random() < 0.7:
            x = stage.rng("church", "x").uniform(-0.35, 0.35) * stage.tall(z) * stage.view.aspect
            wall = "#e3d8c2"
            body += rect(x - 3, -30 + level, 6, 24, wall) + poly(
                [(x - 3.6, -30 + level), (x + 3.6, -30 + level), (x, -41 + level)], "#8a4f3f"
            )
            body += circle(x, -26 + level, 1.3, "#5a5560")
        stage.add(z, body, -46, level + 1.4, shines=lit, shadow=0.6)


def _lighthouse(stage: Stage, level: float, far: bool = False) -> None:
    z = 260.0 if far else 62.0
    s = stage.view.scale(stage.poses[0], z)
    subject = -1.0 if stage.poses[0].x > 0 else 1.0
    x = stage.poses[0].x + subject * stage.view.aspect * 0.30 / s
    body, lit = nature.lighthouse(stage.rng("light"), "")
    rock = path("M-16,2 Q-10,-3.4 -4,-3.2 L5,-3 Q12,-2.4 18,2Z", "#6a625c")
    y = -2.6 + level
    stage.add(z, group(rock, x, level) + group(body, x, y), -20 + level, level + 2,
              shines=group(lit, x, y), span=(x - 22, x + 24), shadow=0.7)  # fmt: skip
    stage.beam(x, y - 13.2, z, 60.0 if far else 34.0)


def _waves(stage: Stage, deep: str, pale: str, level: float, stands: bool) -> None:
    """Strips of crests that slide over each other."""
    storm = bool({"storm", "wind"} & set(stage.spec.weather))
    depths = (110.0, 52.0, 26.0, 13.0) if stands else (110.0, 52.0, 24.0, 11.0, 4.5)
    if not stands and stage.view.distance > 6:
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
        for x, rng in stage.cells(f"wave{k}", z, wide, motion):
            x += rng.uniform(-0.3, 0.3) * wide
            w, h = wide * rng.uniform(0.35, 0.62), high * rng.uniform(0.7, 1.35)
            y = level + rng.uniform(-0.2, 0.9) * high
            tone = mix(deep, pale, 0.25 + 0.5 * rng.random())
            out += path(
                f"M{n(x - w)},{n(y)} Q{n(x - w * 0.2)},{n(y - h * 1.9)} {n(x + w)},{n(y)} Q{n(x)},{n(y - h * 0.25)} {n(x - w)},{n(y)}Z",
                tone,
                0.85,
            )
            if rng.random() < (0.75 if storm else 0.35):
                out += path(
                    f"M{n(x - w * 0.62)},{n(y - h * 0.62)} Q{n(x - w * 0.1)},{n(y - h * 1.5)} {n(x + w * 0.6)},{n(y - h * 0.4)} Q{n(x)},{n(y - h * 0.95)} {n(x - w * 0.62)},{n(y - h * 0.62)}Z",
                    "#eef4f0",
                    0.8,
                )
        stage.add(
            z, out, level - high * 4, level + high * 2, motion=motion, shadow=0.0, paper=False
        )


def _moored(stage: Stage, level: float) -> None:
    """Boats that lie in the harbour, rocking."""
    for k, (z, width) in enumerate(((44.0, 16.0), (19.0, 13.0))):
        motion = Motion(bob=0.05, period=3.8 + k, phase=2.0 * k)
        body, lit = "", ""
        for x, rng in stage.cells(f"moored{k}", z, width):
            if rng.random() < (0.45 if k else 0.25):
                continue
            prop = vehicles.PROPS["sailboat" if rng.random() < 0.45 else "boat"]
            art, shine = prop.draw(rng, "")
            x += rng.uniform(-2, 2)
            if rng.random() < 0.5:
                art, shine = mirror(art), mirror(shine)
            body += group(art, x, level, 0.9)
            lit += group(shine, x, level, 0.9)
        stage.add(z, body, level - 6.4, level + 0.4, shines=lit, motion=motion, shadow=0.5)


def _quay(stage: Stage) -> None:
    rng = stage.rng("quay")
    stone = rng.choice(("#a2988a", "#9a8f80", "#aba294", "#8f8a84"))
    edge = DEPTHS["quay"]
    marks = _slabs(stage, stone, edge)
    if "rain" in stage.spec.weather:
        marks += _puddles(stage, edge)
    stage.floor(shade(stone, -0.16), shade(stone, -0.02), z=edge, marks=marks)
    body, lit = "", ""
    box = stage.reach(edge)
    body += rect(box.left, -0.16, box.width, 0.36, shade(stone, -0.22)) + rect(
        box.left, -0.16, box.width, 0.07, shade(stone, 0.12)
    )
    for x, cell in stage.cells("bollard", edge, 4.2):
        kind = cell.random()
        if kind < 0.42:
            iron = "#3b3d42"
            body += rect(x - 0.16, -0.62, 0.32, 0.5, iron, 0.04) + ellipse(
                x, -0.64, 0.24, 0.10, shade(iron, 0.12)
            )
            body += curve(f"M{n(x)},-0.42 Q{n(x + 1.2)},0.1 {n(x + 2.6)},0.3", "#b79a6a", 0.05)
        elif kind < 0.56:
            c = cell.choice(("#9c5a3a", "#4f6f7a", "#8a7a4a"))
            body += rect(x - 0.45, -0.72, 0.9, 0.6, c, 0.02) + stroke(
                [(x - 0.45, -0.42), (x + 0.45, -0.42)], shade(c, -0.3), 0.05
            )
            body += rect(x - 0.2, -1.16, 0.62, 0.44, shade(c, 0.12), 0.02)
    stage.add(edge, body, -1.3, 0.25)
    lamps, light = "", ""
    for x, cell in stage.cells("lamp", edge - 0.6, 9.0):
        if stage.spec.people and abs(x + 3.2 - stage.poses[0].x) < 0.9:
            continue
        art, shine = nature.streetlamp(cell, "")
        lamps += group(art, x + 3.2, 0.0)
        light += group(shine, x + 3.2, 0.0)
    stage.add(edge - 0.6, lamps, -4.4, 0.05, shines=light)
    del lit


def _slabs(stage: Stage, stone: str, edge: float) -> list[Mark]:
    """Paving in courses, each stone a little different, with open joints."""
    marks: list[Mark] = []
    near = -stage.view.distance + 0.5
    course, depth = math.floor(near / 0.9), 0.9
    while course * depth < edge:
        z = course * depth
        back = min(z + depth, edge)
        front = max(z, near)
        if back > front:
            for x, cell in stage.cells(f"slab{course}", max(front, 0.2 - stage.view.distance), 1.4):
                x += 0.7 * (course % 2)
                tone = shade(stone, cell.uniform(-0.11, 0.07))
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


def _puddles(stage: Stage, edge: float) -> list[Mark]:
    rng = stage.rng("puddles")
    found = []
    sky_ = mix(stage.palette.sky[2], "#ffffff", 0.2)
    for _ in range(7):
        x, z = stage.poses[0].x + rng.uniform(-4, 4), rng.uniform(-3, edge - 1)
        w, d = rng.uniform(0.5, 1.4), rng.uniform(0.2, 0.5)
        ring = [
            (
                x + math.cos(a * math.tau / 14) * w * rng.uniform(0.85, 1.1),
                z + math.sin(a * math.tau / 14) * d,
            )
            for a in range(14)
        ]
        found.append((ring, sky_, 0.4))
    return found


def _beach(stage: Stage) -> None:
    rng = stage.rng("beach")
    sand = rng.choice(("#e2c892", "#d9bd8a", "#e6d2a6", "#cdb48a"))
    edge = DEPTHS["beach"]
    marks = []
    for _ in range(60):
        z = -stage.view.distance + 0.8 + (edge + stage.view.distance - 0.8) * rng.random()
        x = stage.poses[0].x + rng.uniform(-6, 6)
        w = rng.uniform(0.2, 0.9)
        marks.append(
            (
                [(x - w, z), (x, z - 0.07), (x + w, z), (x, z + 0.06)],
                shade(sand, rng.uniform(-0.14, 0.10)),
                0.55,
            )
        )
    stage.floor(sand, shade(sand, -0.06), z=edge, marks=marks)
    for k, z in enumerate((edge + 0.25, edge - 0.15)):
        box = stage.reach(z, Motion(slide=0.6))
        d = f"M{n(box.left)},0.02"
        x = box.left
        while x < box.right:
            d += f" q0.5,{n(-0.07 - 0.03 * k)} 1.0,0 t1.0,0"
            x += 2.0
        d += f" L{n(x)},0.12 L{n(box.left)},0.12Z"
        stage.add(
            z,
            path(d, "#f4f6ee", 0.95 - 0.3 * k),
            -0.2,
            0.14,
            motion=Motion(slide=0.35, bob=0.02, period=5.2, phase=k * 1.4),
            shadow=0.3,
        )
    body = ""
    for x, cell in stage.cells("shells", 1.6, 5.0):
        if cell.random() < 0.55:
            body += group(
                nature.rock(cell, cell.uniform(0.3, 0.9), cell.uniform(0.12, 0.34), "#8f8478"),
                x + cell.uniform(-2, 2),
            )
    stage.add(1.6, body, -0.6, 0.08)
    _dunes(stage, sand)


def _dunes(stage: Stage, sand: str) -> None:
    """Grass in the near corners."""
    z = -0.46 * stage.view.distance
    if stage.view.distance < 2.2:
        return
    body = ""
    for side in (-1, 1):
        rng = stage.rng("tuft", side)
        if rng.random() < 0.3:
            continue
        s = stage.view.scale(stage.poses[0], z)
        x = stage.poses[0].x + side * stage.view.aspect * 0.47 / s
        for k in range(3):
            body += group(
                nature.tuft(rng, 0.4 / s * 0.4, 0.17 / s, mix("#8a8f4f", sand, 0.2)),
                x - side * k * 0.05 / s,
            )
    stage.add(
        z,
        body,
        -0.5 / stage.view.scale(stage.poses[0], z),
        0.1,
        motion=Motion(sway=0.03, period=3.4),
    )


def _cliff(stage: Stage) -> None:
    rng = stage.rng("cliff")
    grass = rng.choice(("#7f9a5a", "#8a9a55", "#6f8f5a"))
    edge = DEPTHS["cliff"]
    stage.floor(grass, shade(grass, 0.08), z=edge, marks=[
        ([(stage.poses[0].x - 0.6, -20), (stage.poses[0].x + 0.9, -20), (stage.poses[0].x + 0.5, edge), (stage.poses[0].x - 0.1, edge)], "#b8a67e", 0.8)
    ])  # fmt: skip
    body = ""
    box = stage.reach(edge)
    d, _ = stage.ridge("edge", edge, 0.10, 0.12, 2.2, foot=3.0)
    body += gradient("rock", [(0, grass, 1), (0.12, "#8f8272", 1), (1, "#6a6058", 1)]) + path(
        d, "url(#rock)"
    )
    for x, cell in stage.cells("rocks", edge, 3.0):
        if cell.random() < 0.5:
            body += group(
                nature.rock(cell, cell.uniform(0.5, 1.3), cell.uniform(0.25, 0.7), "#857a70"), x
            )
        body += group(nature.tuft(cell, 0.5, 0.4, shade(grass, -0.1)), x + 1.2)
    stage.add(edge, body, -1.0, 3.0, span=(box.left, box.right))
    _dunes(stage, grass)
