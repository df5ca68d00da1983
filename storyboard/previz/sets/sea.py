"""Sea: quay or beach, water in strips of paper, a headland, a harbour town, a lighthouse."""

from __future__ import annotations

import random

from storyboard.previz.art import nature, vehicles
from storyboard.previz.ink import (
    circle,
    group,
    mirror,
    mix,
    n,
    path,
    poly,
    rect,
    shade,
)
from storyboard.previz.sets.ashore import beach, cliff, quay
from storyboard.previz.sets.shore import LEVELS, shore_of
from storyboard.previz.sets.sky import sky, sun_x
from storyboard.previz.sheets import FAR, Motion
from storyboard.previz.stage import Stage

_WATERS = (
    ("#2f7f93", "#7fb8bd"),
    ("#2b6c8f", "#86b5c9"),
    ("#3b8a86", "#9cc7b8"),
    ("#345f86", "#8aa9c4"),
)


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
    if stage.has("ferry", "ship", "liner", "steamer") and not any(
        thing.name == "ship" for thing in stage.spec.things
    ):
        _ferry(stage, level)
    if shore == "quay":
        quay(stage)
    elif shore == "cliff":
        cliff(stage)
    elif shore == "beach":
        beach(stage)


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
        x = stage.home.x + rng.uniform(-1.1, 1.1) * (z + stage.view.distance) / stage.view.focal
        w, d = z * rng.uniform(0.02, 0.07) + 0.3, z * 0.010 + 0.05
        tone = mix(deep, pale, rng.uniform(0.2, 0.9)) if rng.random() < 0.7 else shade(deep, -0.15)
        marks.append(
            ([(x - w, z), (x - w * 0.2, z - d), (x + w, z), (x + w * 0.2, z + d)], tone, 0.45)
        )
    stage.floor(deep, mix(pale, palette.haze, 0.35), level=level, marks=marks, shines=glints)


def _headland(stage: Stage, side: int, level: float, rng: random.Random) -> None:
    """Land on one side that runs out into the sea."""
    for k, (z, high, tone) in enumerate(((900.0, 46.0, "#6d8a86"), (420.0, 34.0, "#587a68"))):
        s = stage.view.scale(stage.home, z)
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
    s = stage.view.scale(stage.home, z)
    subject = -1.0 if stage.home.x > 0 else 1.0
    x = stage.home.x + subject * stage.view.aspect * 0.30 / s
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
                f"M{n(x - w)},{n(y)} Q{n(x - w * 0.2)},{n(y - h * 1.9)} {n(x + w)},{n(y)} "
                f"Q{n(x)},{n(y - h * 0.25)} {n(x - w)},{n(y)}Z",
                tone,
                0.85,
            )
            if rng.random() < (0.75 if storm else 0.35):
                out += path(
                    f"M{n(x - w * 0.62)},{n(y - h * 0.62)} Q{n(x - w * 0.1)},{n(y - h * 1.5)} "
                    f"{n(x + w * 0.6)},{n(y - h * 0.4)} Q{n(x)},{n(y - h * 0.95)} "
                    f"{n(x - w * 0.62)},{n(y - h * 0.62)}Z",
                    "#eef4f0",
                    0.8,
                )
        stage.add(
            z, out, level - high * 4, level + high * 2, motion=motion, shadow=0.0, paper=False
        )


def _ferry(stage: Stage, level: float) -> None:
    """The ship that the place is known for, at its berth."""
    z = 58.0
    rng = stage.rng("ferry")
    art, shine = vehicles.PROPS["ship"].draw(rng, "")
    x = rng.uniform(-0.22, 0.22) * stage.tall(z) * stage.view.aspect + 4
    motion = Motion(bob=0.12, period=6.0)
    stage.add(z, group(art, x, level), level - 20, level + 0.6, shines=group(shine, x, level),
              motion=motion, shadow=0.6, span=(x - 20, x + 20))  # fmt: skip


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
