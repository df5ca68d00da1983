"""The shell of a room: floor, wall, windows, and what is seen through them."""

from __future__ import annotations

import random

from storyboard.previz.art import nature, smalls
from storyboard.previz.ink import (
    circle,
    curve,
    gradient,
    group,
    mix,
    n,
    path,
    poly,
    rect,
    shade,
    stroke,
)
from storyboard.previz.sets.kinds import kind_of
from storyboard.previz.sheets import Motion
from storyboard.previz.stage import Stage

WALL_Z = 3.1


def outside(stage: Stage) -> None:
    """What the window shows: the sky of the hour and something far."""
    palette = stage.palette
    z = 30.0
    box = stage.reach(z)
    stops = [(0.0, palette.sky[0], 1.0), (0.5, palette.sky[1], 1.0), (1.0, palette.sky[2], 1.0)]
    red, green, blue = (1 / max(0.2, c) for c in palette.light)
    del red, green, blue
    body = (
        gradient("out", stops)
        + f'<rect x="{n(box.left)}" y="-9" width="{n(box.width)}" height="10" fill="url(#out)"/>'
    )
    if palette.time == "night":
        rng = stage.rng("moon")
        x = stage.home.x + rng.uniform(-3, 3)
        body += circle(x, -6.4, 0.5, "#f1efe2") + "".join(
            circle(stage.home.x + rng.uniform(-12, 12), -rng.uniform(3, 9), 0.04, "#ffffff", 0.8)
            for _ in range(40)
        )
    moving = Motion(drift=-5.0) if kind_of(stage) == "train" else Motion()
    stage.add(z, "", -9, 1, shines=body, always=True, shadow=0, paper=False, focus=z)
    hills, hill_box = stage.ridge("outside", 26.0, 1.8, 0.9, 5.0, moving)
    tone = mix(
        {"day": "#7f9a78", "dawn": "#9a8f8a", "dusk": "#6a4f63", "night": "#1a2740"}[palette.time],
        palette.haze,
        0.25,
    )
    far = path(hills, tone)
    near, lights = "", ""
    for x, rng in stage.cells("outhouse", 26.0, 4.2, moving):
        roll = rng.random()
        if roll < 0.5:
            near += nature.crown(rng, x, -1.5, rng.uniform(0.7, 1.5), shade(tone, -0.2))
        elif roll < 0.78:
            near += rect(x - 1, -3.2, 2.0, 3.4, shade(tone, -0.3)) + poly(
                [(x - 1.2, -3.2), (x + 1.2, -3.2), (x, -4.1)], shade(tone, -0.4)
            )
            if palette.lit or palette.time == "night":
                lights += rect(x - 0.5, -2.5, 0.4, 0.5, "#ffce78") + rect(
                    x + 0.2, -2.5, 0.4, 0.5, "#ffce78"
                )
    stage.add(
        26.0,
        "",
        hill_box.top - 4,
        1,
        shines=far + near + lights,
        always=True,
        motion=moving,
        shadow=0,
        paper=False,
    )


def floor(stage: Stage, wood: str, kind: str) -> None:
    marks = []
    near = -stage.view.distance + 0.45
    rng = stage.rng("boards")
    if kind in ("kitchen", "bar", "hall") and rng.random() < 0.65:
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
        stage.floor(light, shade(light, -0.1), z=WALL_Z, marks=marks, haze=False)
        return
    for i in range(-40, 41):
        x = i * 0.24
        tone = shade(wood, stage.rng("board", i).uniform(-0.14, 0.10))
        marks.append(([(x, near), (x + 0.225, near), (x + 0.225, WALL_Z), (x, WALL_Z)], tone, 0.9))
    if kind in ("bedroom", "library", "office", "hall"):
        rug = rng.choice(("#8c3f3a", "#3f5a6b", "#7a6a45", "#5a6f5a"))
        cx = rng.uniform(-0.8, 0.8)
        for grow, tone in ((0.0, rug), (0.16, shade(rug, 0.35)), (0.24, rug)):
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
    stage.floor(shade(wood, -0.32), shade(wood, -0.30), z=WALL_Z, marks=marks, haze=False)


def wall_of(stage: Stage, kind: str, wall: str, wood: str) -> None:
    """The back wall, with holes where the windows are."""
    z = WALL_Z
    box = stage.reach(z)
    left, right = box.left - 1, box.right + 1
    high = 3.3 if kind not in ("train", "hall") else (2.5 if kind == "train" else 4.4)
    roof = min(box.top, -high - 1.4)
    holes, frames, lit = "", "", ""
    spacing = {"train": 2.0, "hall": 2.9, "office": 2.6, "bar": 4.6}.get(kind, 4.2)
    cloth = stage.rng("curtains").choice(
        ("#c26a54", "#7f9a9a", "#d9b25a", "#a8788a", "#e3dac4", "#6f8a6a")
    )
    offset = stage.rng("windows").uniform(-0.9, 0.9)
    wanted = stage.has("window")
    if wanted:
        # who looks out of the window has one beside them
        beside = stage.middle + (0.85 if stage.home.x >= stage.middle else -0.85)
        offset = beside % spacing - spacing / 2
    for x, rng in stage.cells("window", z, spacing):
        x += offset
        w, h, y = (1.45, 0.95, -2.05) if kind == "train" else (1.25, 1.45, -2.45)
        if kind == "hall":
            w, h, y = 1.0, 2.4, -3.4
        if kind == "bar":
            w, h, y = 2.2, 1.5, -2.5
        if kind in ("library", "kitchen", "bedroom") and rng.random() < 0.38 and not wanted:
            continue
        holes += f"M{n(x - w / 2)},{n(y)} h{n(w)} v{n(h)} h{n(-w)}Z "
        trim = shade(wall, 0.34) if kind not in ("bar", "library", "train") else shade(wood, 0.08)
        frames += _window(x, y, w, h, trim, kind, rng)
        if kind in ("kitchen", "bedroom", "hall") and rng.random() < 0.75:
            frames += _curtains(cloth, x, y, w, h)
    body = gradient(
        "plaster", [(0, shade(wall, -0.26), 1), (0.4, wall, 1), (1, shade(wall, -0.06), 1)]
    )
    body += (
        f'<path fill-rule="evenodd" fill="url(#plaster)" d="M{n(left)},{n(roof)} '
        f'H{n(right)} V0.02 H{n(left)}Z {holes}"/>'
    )
    if kind in ("kitchen", "library", "train", "hall", "bar"):
        panel = shade(wood, -0.05) if kind != "kitchen" else shade(wall, -0.18)
        level = -0.95 if kind != "train" else -1.0
        body += (
            f'<rect x="{n(left)}" y="{n(level)}" width="{n(right - left)}" '
            f'height="{n(-level)}" fill="{panel}"/>'
        )
        for x, _ in stage.cells("panel", z, 0.62):
            body += rect(
                x - 0.26, level + 0.14, 0.52, -level - 0.36, shade(panel, -0.10), 0.01
            ) + rect(x - 0.24, level + 0.16, 0.48, -level - 0.40, shade(panel, 0.04), 0.01)
        body += rect(left, level - 0.04, right - left, 0.07, shade(panel, 0.18))
    elif stage.rng("paper").random() < 0.6:
        tone = shade(wall, stage.rng("stripe").choice((-0.07, 0.07)))
        for x, _ in stage.cells("stripe", z, 0.42):
            body += (
                f'<path fill="{tone}" fill-rule="evenodd" opacity="0.6" '
                f'd="M{n(x)},{n(-high - 1)} h0.2 V0 h-0.2Z"/>'
                if not _in_hole(x, holes)
                else ""
            )
    body += rect(left, -0.16, right - left, 0.17, shade(wood, -0.1))
    body += rect(left, -high, right - left, 0.10, shade(wall, 0.25)) + rect(
        left, roof, right - left, -high - roof, shade(wall, -0.34)
    )
    stage.add(z, body + frames, roof, 0.02, shines=lit, shadow=0.9)


def _in_hole(x: float, holes: str) -> bool:
    for hole in holes.split("M")[1:]:
        start = float(hole.split(",")[0])
        width = float(hole.split("h")[1].split(" ")[0])
        if start - 0.25 < x < start + width + 0.05:
            return True
    return False


def _window(
    x: float, y: float, w: float, h: float, trim: str, kind: str, rng: random.Random
) -> str:
    out = (
        f'<rect x="{n(x - w / 2)}" y="{n(y)}" width="{n(w)}" height="{n(h)}" fill="#cfe3ea" '
        f'opacity="0.08"/>'
    )
    t = 0.075
    for args in ((x - w / 2 - t, y - t, w + 2 * t, t), (x - w / 2 - t, y + h, w + 2 * t, t * 1.3),
                 (x - w / 2 - t, y, t, h), (x + w / 2, y, t, h)):  # fmt: skip
        out += rect(*args, trim)
    if kind != "train":
        out += rect(x - 0.022, y, 0.044, h, trim) + rect(x - w / 2, y + h * 0.44, w, 0.044, trim)
        out += rect(x - w / 2 - 0.16, y + h + t, w + 0.32, 0.07, shade(trim, 0.12))
    if kind == "office" and rng.random() < 0.8:
        for i in range(9):
            out += rect(x - w / 2, y + i * h / 11, w, h / 26, "#e6dfcf")
    if kind == "kitchen" and rng.random() < 0.6:
        art, _ = smalls.PROPS["flower"].draw(rng, "")
        out += group(art, x + rng.uniform(-0.3, 0.3), y + h + t, 1.15)
    return out


def _curtains(c: str, x: float, y: float, w: float, h: float) -> str:
    out = ""
    for side in (-1, 1):
        edge = x + side * (w / 2 + 0.12)
        inner = x + side * w * 0.26
        out += path(
            f"M{n(edge)},{n(y - 0.14)} L{n(inner)},{n(y - 0.14)} "
            f"Q{n(inner + side * 0.05)},{n(y + h * 0.5)} "
            f"{n(edge - side * 0.10)},{n(y + h + 0.12)} L{n(edge)},{n(y + h + 0.12)}Z",
            c,
        )
        for i in range(3):
            fx = edge - side * (0.06 + i * 0.09)
            out += curve(
                f"M{n(fx)},{n(y - 0.12)} Q{n(fx + side * 0.02)},{n(y + h * 0.5)} "
                f"{n(edge - side * (0.03 + i * 0.03))},{n(y + h + 0.1)}",
                shade(c, -0.2),
                0.016,
                0.7,
            )
    return out + stroke(
        [(x - w / 2 - 0.3, y - 0.15), (x + w / 2 + 0.3, y - 0.15)], "#5a4638", 0.035
    )
