"""Indoors: a wall with a window, the furniture of the kind of room, a lamp and its light."""

from __future__ import annotations

import random
from collections.abc import Callable

from storyboard.previz.art import nature, smalls
from storyboard.previz.ink import (
    circle,
    curve,
    ellipse,
    glow,
    gradient,
    group,
    mix,
    n,
    path,
    poly,
    rect,
    shade,
    smooth,
    stroke,
)
from storyboard.previz.stage import Motion, Stage

_WALLS = {
    "kitchen": ("#c9b98f", "#a9b7a4", "#c7a48a", "#b3bfc2", "#d0bd86"),
    "office": ("#b7b1a3", "#9fabb0", "#bfae97", "#a7a99a"),
    "bedroom": ("#b99a9a", "#a3a7bb", "#c2ab8f", "#9fb0a6"),
    "library": ("#8a6f55", "#7d6a5f", "#6f7562"),
    "bar": ("#7d4a3f", "#5d5a52", "#4f6460", "#7a5a3f"),
    "train": ("#8f6a45", "#6f7a5f", "#7d4f47"),
    "hall": ("#b3a68f", "#9aa39f", "#a8958a"),
}
_WOODS = ("#8b5e3c", "#6f4a34", "#a0764a", "#7a5540", "#94704a")
_WALL_Z = 3.1
Piece = Callable[[random.Random, float], tuple[str, str]]


def kind_of(stage: Stage) -> str:
    """Which room it is, by the words."""
    for kind, words in (
        ("train", ("train", "compartment", "carriage")),
        ("hall", ("hallway", "corridor", "lobby", "church", "theatre", "theater")),
        (
            "kitchen",
            ("kitchen", "stove", "kitchen-table", "fridge", "refrigerator", "dining", "counter"),
        ),
        ("bar", ("bar", "pub", "cafe", "café", "restaurant", "diner", "tavern")),
        ("library", ("library", "bookshelf", "study", "archive")),
        ("bedroom", ("bedroom", "bed", "hotel", "ward", "hospital", "attic")),
        ("office", ("office", "desk", "laboratory", "lab", "classroom", "workshop", "garage")),
    ):
        if stage.has(*words):
            return kind
    return stage.rng("kind").choice(("kitchen", "bedroom", "library", "hall"))


def build(stage: Stage) -> None:
    stage.indoors = True
    kind = kind_of(stage)
    rng = stage.rng("room")
    wall = stage.spec.hues[0] if stage.spec.hues else rng.choice(_WALLS[kind])
    wall = mix(wall, "#8f8678", 0.12)
    wood = rng.choice(_WOODS)
    _outside(stage)
    _floor(stage, wood, kind)
    _wall(stage, kind, wall, wood)
    {
        "kitchen": _kitchen, "office": _office, "bedroom": _bedroom, "library": _library,
        "bar": _bar, "train": _train, "hall": _hall,
    }[kind](stage, wall, wood)  # fmt: skip
    if kind not in ("train",):
        _pendant(stage, rng)
    _table(stage, wood, kind)
    _frame(stage, wall)


def _outside(stage: Stage) -> None:
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
        x = stage.poses[0].x + rng.uniform(-3, 3)
        body += circle(x, -6.4, 0.5, "#f1efe2") + "".join(
            circle(
                stage.poses[0].x + rng.uniform(-12, 12), -rng.uniform(3, 9), 0.04, "#ffffff", 0.8
            )
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


def _floor(stage: Stage, wood: str, kind: str) -> None:
    marks = []
    near = -stage.view.distance + 0.45
    rng = stage.rng("boards")
    if kind in ("kitchen", "bar", "hall") and rng.random() < 0.65:
        light, dark = rng.choice(
            (("#d8cbb0", "#9a6a55"), ("#d3cdbd", "#6f7d80"), ("#cdbf9f", "#7f7a5f"))
        )
        size = 0.5
        z = _WALL_Z
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
        stage.floor(light, shade(light, -0.1), z=_WALL_Z, marks=marks, haze=False)
        return
    for i in range(-40, 41):
        x = i * 0.24
        tone = shade(wood, stage.rng("board", i).uniform(-0.14, 0.10))
        marks.append(
            ([(x, near), (x + 0.225, near), (x + 0.225, _WALL_Z), (x, _WALL_Z)], tone, 0.9)
        )
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
    stage.floor(shade(wood, -0.32), shade(wood, -0.30), z=_WALL_Z, marks=marks, haze=False)


def _wall(stage: Stage, kind: str, wall: str, wood: str) -> None:
    """The back wall, with holes where the windows are."""
    z = _WALL_Z
    box = stage.reach(z)
    left, right = box.left - 1, box.right + 1
    high = 3.3 if kind not in ("train", "hall") else (2.5 if kind == "train" else 4.4)
    holes, frames, lit = "", "", ""
    spacing = {"train": 2.0, "hall": 2.9, "office": 2.6, "bar": 4.6}.get(kind, 4.2)
    offset = stage.rng("windows").uniform(-0.9, 0.9)
    for x, rng in stage.cells("window", z, spacing):
        x += offset
        w, h, y = (1.45, 0.95, -2.05) if kind == "train" else (1.25, 1.45, -2.45)
        if kind == "hall":
            w, h, y = 1.0, 2.4, -3.4
        if kind == "bar":
            w, h, y = 2.2, 1.5, -2.5
        if kind == "library" and rng.random() < 0.5:
            continue
        holes += f"M{n(x - w / 2)},{n(y)} h{n(w)} v{n(h)} h{n(-w)}Z "
        trim = shade(wall, 0.34) if kind not in ("bar", "library", "train") else shade(wood, 0.08)
        frames += _window(x, y, w, h, trim, kind, rng)
        if kind in ("kitchen", "bedroom", "hall") and rng.random() < 0.75:
            frames += _curtains(rng, x, y, w, h)
    body = gradient(
        "plaster", [(0, shade(wall, -0.26), 1), (0.4, wall, 1), (1, shade(wall, -0.06), 1)]
    )
    body += f'<path fill-rule="evenodd" fill="url(#plaster)" d="M{n(left)},{n(-high - 1.2)} H{n(right)} V0.02 H{n(left)}Z {holes}"/>'
    if kind in ("kitchen", "library", "train", "hall", "bar"):
        panel = shade(wood, -0.05) if kind != "kitchen" else shade(wall, -0.18)
        level = -0.95 if kind != "train" else -1.0
        body += f'<rect x="{n(left)}" y="{n(level)}" width="{n(right - left)}" height="{n(-level)}" fill="{panel}"/>'
        for x, _ in stage.cells("panel", z, 0.62):
            body += rect(
                x - 0.26, level + 0.14, 0.52, -level - 0.36, shade(panel, -0.10), 0.01
            ) + rect(x - 0.24, level + 0.16, 0.48, -level - 0.40, shade(panel, 0.04), 0.01)
        body += rect(left, level - 0.04, right - left, 0.07, shade(panel, 0.18))
    elif stage.rng("paper").random() < 0.6:
        tone = shade(wall, stage.rng("stripe").choice((-0.07, 0.07)))
        for x, _ in stage.cells("stripe", z, 0.42):
            body += (
                f'<path fill="{tone}" fill-rule="evenodd" opacity="0.6" d="M{n(x)},{n(-high - 1)} h0.2 V0 h-0.2Z"/>'
                if not _in_hole(x, holes)
                else ""
            )
    body += rect(left, -0.16, right - left, 0.17, shade(wood, -0.1))
    body += rect(left, -high, right - left, 0.10, shade(wall, 0.25)) + rect(
        left, -high - 1.4, right - left, 1.4, shade(wall, -0.34)
    )
    stage.add(z, body + frames, -high - 1.2, 0.02, shines=lit, shadow=0.9)


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
    out = f'<rect x="{n(x - w / 2)}" y="{n(y)}" width="{n(w)}" height="{n(h)}" fill="#cfe3ea" opacity="0.08"/>'
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


def _curtains(rng: random.Random, x: float, y: float, w: float, h: float) -> str:
    c = rng.choice(("#c26a54", "#7f9a9a", "#d9b25a", "#a8788a", "#e3dac4", "#6f8a6a"))
    out = ""
    for side in (-1, 1):
        edge = x + side * (w / 2 + 0.12)
        inner = x + side * w * 0.26
        out += path(
            f"M{n(edge)},{n(y - 0.14)} L{n(inner)},{n(y - 0.14)} Q{n(inner + side * 0.05)},{n(y + h * 0.5)} {n(edge - side * 0.10)},{n(y + h + 0.12)} L{n(edge)},{n(y + h + 0.12)}Z",
            c,
        )
        for i in range(3):
            fx = edge - side * (0.06 + i * 0.09)
            out += curve(
                f"M{n(fx)},{n(y - 0.12)} Q{n(fx + side * 0.02)},{n(y + h * 0.5)} {n(edge - side * (0.03 + i * 0.03))},{n(y + h + 0.1)}",
                shade(c, -0.2),
                0.016,
                0.7,
            )
    return out + stroke(
        [(x - w / 2 - 0.3, y - 0.15), (x + w / 2 + 0.3, y - 0.15)], "#5a4638", 0.035
    )


def _picture(rng: random.Random, x: float, y: float) -> str:
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
    out = rect(x - w / 2 - 0.045, y - h / 2 - 0.045, w + 0.09, h + 0.09, frame) + rect(
        x - w / 2, y - h / 2, w, h, a
    )
    out += path(
        f"M{n(x - w / 2)},{n(y + h * 0.1)} Q{n(x - w * 0.2)},{n(y - h * 0.25)} {n(x)},{n(y + h * 0.08)} T{n(x + w / 2)},{n(y - h * 0.05)} V{n(y + h / 2)} H{n(x - w / 2)}Z",
        b,
    )
    return out + circle(x + w * 0.2, y - h * 0.25, h * 0.09, "#f3e6c0")


def _along(
    stage: Stage, name: str, z: float, width: float, top: float, draw: Piece, shadow: float = 1.0
) -> None:
    """A row of furniture: `draw(rng, x)` gives (body, what shines) in each cell."""
    body, lit = "", ""
    for x, rng in stage.cells(name, z, width):
        art, shine = draw(rng, x)
        body += art
        lit += shine
    stage.add(z, body, top, 0.03, shines=lit, shadow=shadow)


def _kitchen(stage: Stage, wall: str, wood: str) -> None:
    front = stage.rng("units").choice(
        ("#8fa39a", "#d9d0ba", "#a8795a", "#7f97a3", "#b8a24f", "#9aa86f")
    )

    def units(rng: random.Random, x: float) -> tuple[str, str]:
        out, lit = "", ""
        roll = rng.random()
        if roll < 0.2:
            out += (
                rect(x - 0.42, -1.85, 0.84, 1.85, "#e9e3d3", 0.06)
                + rect(x - 0.42, -1.2, 0.84, 0.03, "#b9b09a")
                + rect(x - 0.34, -1.14, 0.03, 0.28, "#8a8578")
                + rect(x - 0.34, -1.6, 0.03, 0.26, "#8a8578")
            )
            return out, lit
        out += rect(x - 0.75, -0.9, 1.5, 0.9, front) + rect(
            x - 0.78, -0.96, 1.56, 0.07, shade(wood, 0.1)
        )
        for i in range(3):
            out += rect(x - 0.72 + i * 0.49, -0.84, 0.46, 0.72, shade(front, 0.08), 0.015) + circle(
                x - 0.32 + i * 0.49, -0.55, 0.022, "#5a4a3a"
            )
        if roll < 0.45:
            out += (
                rect(x - 0.4, -0.9, 0.8, 0.9, "#4a4a4c", 0.02)
                + rect(x - 0.32, -0.7, 0.64, 0.48, "#2f3033", 0.02)
                + rect(x - 0.34, -1.0, 0.68, 0.05, "#3a3a3c")
            )
            out += path(
                smooth(
                    [
                        (x - 0.16, -1.0),
                        (x - 0.18, -1.18),
                        (x, -1.26),
                        (x + 0.18, -1.18),
                        (x + 0.16, -1.0),
                    ]
                ),
                "#8f4a3a",
            ) + curve(f"M{n(x + 0.16)},-1.18 q0.10,-0.04 0.14,-0.12", "#8f4a3a", 0.03)
        else:
            for k in range(rng.randint(2, 4)):
                name = rng.choice(("bottle", "cup", "apple", "cup", "flower"))
                out += group(smalls.PROPS[name].draw(rng, "")[0], x - 0.55 + k * 0.36, -0.96, 1.1)
        if rng.random() < 0.7:
            out += rect(x - 0.6, -2.0, 1.2, 0.05, shade(wood, -0.05))
            for k in range(5):
                c = rng.choice(("#e9e2d0", "#c0694f", "#7fa0a6", "#d9b25a"))
                out += (
                    rect(x - 0.52 + k * 0.23, -2.0 - rng.uniform(0.12, 0.26), 0.15, 0.26, c, 0.03)
                    if rng.random() < 0.8
                    else ""
                )
            out = out.replace("nan", "0")
        return out, lit

    _along(stage, "units", _WALL_Z - 0.55, 2.1, -2.5, units)


def _office(stage: Stage, wall: str, wood: str) -> None:
    def desk(rng: random.Random, x: float) -> tuple[str, str]:
        out, lit = "", ""
        roll = rng.random()
        if roll < 0.45:
            c = rng.choice(("#7d8a8c", "#8a7a60", "#6a7566"))
            out += rect(x - 0.45, -1.35, 0.9, 1.35, c, 0.02)
            for i in range(4):
                out += rect(x - 0.40, -1.30 + i * 0.33, 0.80, 0.29, shade(c, 0.10), 0.01) + rect(
                    x - 0.08, -1.18 + i * 0.33, 0.16, 0.03, "#3a3a3c"
                )
            art, shine = smalls.PROPS["lamp"].draw(rng, "")
            if rng.random() < 0.5:
                out, lit = out + group(art, x, -1.35), lit + group(shine, x, -1.35)
        elif roll < 0.8:
            out += rect(x - 0.6, -2.0, 1.2, 2.0, shade(wood, -0.12)) + _books(
                rng, x, 1.1, (-1.62, -1.2, -0.78, -0.36), 0.36
            )
        else:
            out += _picture(rng, x, -1.8)
            out += path(
                smooth([(x - 0.18, 0), (x - 0.2, -0.38), (x + 0.2, -0.38), (x + 0.18, 0)]),
                "#a8694f",
            )
            for k in range(7):
                out += curve(
                    f"M{n(x)},-0.35 Q{n(x + (k - 3) * 0.08)},-0.9 {n(x + (k - 3) * 0.17)},{n(-1.1 - 0.05 * (k % 3))}",
                    "#5d8550",
                    0.06,
                )
        return out, lit

    _along(stage, "desks", _WALL_Z - 0.5, 1.9, -2.4, desk)


def _books(rng: random.Random, x: float, w: float, rows: tuple[float, ...], high: float) -> str:
    out = ""
    for y in rows:
        at = x - w / 2
        while at < x + w / 2 - 0.04:
            t = rng.uniform(0.03, 0.065)
            tall = high * rng.uniform(0.66, 0.94)
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
                out += rect(at, y - tall, t - 0.005, tall, c) + rect(
                    at, y - tall * 0.82, t - 0.005, 0.02, shade(c, 0.3)
                )
            at += t
        out += rect(x - w / 2 - 0.03, y, w + 0.06, 0.045, "#5a4030")
    return out


def _library(stage: Stage, wall: str, wood: str) -> None:
    def shelf(rng: random.Random, x: float) -> tuple[str, str]:
        if rng.random() < 0.14:
            return _picture(rng, x, -1.75), ""
        out = rect(x - 0.74, -2.75, 1.48, 2.75, shade(wood, -0.3)) + rect(
            x - 0.80, -2.82, 1.60, 0.10, shade(wood, -0.05)
        )
        return out + _books(rng, x, 1.36, (-2.28, -1.85, -1.42, -0.99, -0.56, -0.12), 0.40), ""

    _along(stage, "shelves", _WALL_Z - 0.35, 1.62, -3.0, shelf)
    _armchair(stage)


def _armchair(stage: Stage) -> None:
    rng = stage.rng("armchair")
    c = rng.choice(("#7a3f38", "#4f6a5a", "#4a5a75", "#a8794a"))
    side = -1 if stage.poses[0].x > 0 else 1
    x = side * rng.uniform(1.5, 2.1) + stage.poses[0].x
    out = path(
        smooth(
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
        rect(x - 0.50, -0.50, 1.0, 0.38, shade(c, 0.08), 0.08)
        + rect(x - 0.66, -0.72, 0.24, 0.66, shade(c, -0.12), 0.1)
        + rect(x + 0.42, -0.72, 0.24, 0.66, shade(c, -0.12), 0.1)
    )
    out += rect(x - 0.55, -0.1, 0.08, 0.1, "#3a2a20") + rect(x + 0.47, -0.1, 0.08, 0.1, "#3a2a20")
    lamp = rect(x + side * 0.95 - 0.02, -1.55, 0.04, 1.55, "#3f3a36") + ellipse(
        x + side * 0.95, -0.02, 0.2, 0.04, "#3f3a36"
    )
    top = [
        (x + side * 0.95 - 0.14, -1.86),
        (x + side * 0.95 + 0.14, -1.86),
        (x + side * 0.95 + 0.26, -1.48),
        (x + side * 0.95 - 0.26, -1.48),
    ]
    lamp += poly(top, "#d9b98a")
    lit = glow("standing", x + side * 0.95, -1.64, 1.9, "#ffc871", 0.55) + poly(top, "#ffe2a0")
    stage.add(1.7, out + lamp, -2.0, 0.03, shines=lit, span=(x - 2.2, x + 2.2))


def _bedroom(stage: Stage, wall: str, wood: str) -> None:
    rng = stage.rng("bed")
    spread = rng.choice(("#7f97a8", "#a8655a", "#c9b27a", "#7a8f72", "#8a7a9a"))
    side = -1 if stage.poses[0].x > 0 else 1
    x = stage.poses[0].x * 0.3 + side * 1.7
    out = (
        rect(x - 1.1, -1.15, 0.12, 1.15, shade(wood, -0.1))
        + rect(x - 1.08, -1.05, 2.1, 0.5, wood, 0.05)
        + rect(x + 0.98, -1.15, 0.12, 1.15, shade(wood, -0.1))
    )
    out += rect(x - 1.02, -0.62, 2.04, 0.5, spread, 0.08) + rect(
        x - 1.02, -0.70, 2.04, 0.18, "#efe8da", 0.08
    )
    for dx in (-0.5, 0.5):
        out += path(
            smooth(
                [
                    (x + dx - 0.36, -0.66),
                    (x + dx - 0.34, -0.92),
                    (x + dx + 0.34, -0.92),
                    (x + dx + 0.36, -0.66),
                ]
            ),
            "#f4eee2",
        )
    stage.add(_WALL_Z - 0.9, out, -1.3, 0.03, span=(x - 1.4, x + 1.4))

    def beside(cell: random.Random, cx: float) -> tuple[str, str]:
        out, lit = "", ""
        roll = cell.random()
        if roll < 0.4:
            out += rect(cx - 0.26, -0.6, 0.52, 0.6, shade(wood, 0.06), 0.02) + rect(
                cx - 0.21, -0.52, 0.42, 0.2, shade(wood, -0.12), 0.01
            )
            art, shine = smalls.PROPS["lamp"].draw(cell, "")
            out, lit = (
                out + group(art, cx, -0.6),
                group(shine.replace("lampglow", f"lg{cx:.0f}".replace("-", "m")), cx, -0.6),
            )
        elif roll < 0.7:
            out += (
                rect(cx - 0.55, -2.1, 1.1, 2.1, shade(wood, -0.16), 0.02)
                + rect(cx - 0.50, -2.02, 0.48, 1.9, shade(wood, 0.02), 0.01)
                + rect(cx + 0.02, -2.02, 0.48, 1.9, shade(wood, 0.02), 0.01)
            )
        else:
            out += _picture(cell, cx, -1.75)
        return out, lit

    _along(stage, "beside", _WALL_Z - 0.4, 1.9, -2.4, beside)


def _bar(stage: Stage, wall: str, wood: str) -> None:
    def shelf(rng: random.Random, x: float) -> tuple[str, str]:
        out = ""
        for y in (-2.15, -1.65):
            out += rect(x - 0.9, y, 1.8, 0.05, shade(wood, 0.05))
            for k in range(7):
                c = rng.choice(("#2f5a42", "#7a4a22", "#c98a3a", "#37506b", "#8c3f36", "#d9c49a"))
                h = rng.uniform(0.22, 0.36)
                bx = x - 0.8 + k * 0.25
                out += rect(bx, y - h * 0.7, 0.12, h * 0.7, c, 0.02) + rect(
                    bx + 0.04, y - h, 0.04, h * 0.4, c
                )
        return out, ""

    _along(stage, "bottles", _WALL_Z - 0.2, 2.3, -2.7, shelf, 0.6)
    z = 1.5
    box = stage.reach(z)
    body = rect(box.left, -1.1, box.width, 1.1, shade(wood, -0.22)) + rect(
        box.left, -1.16, box.width, 0.09, shade(wood, 0.14)
    )
    for x, _ in stage.cells("barpanel", z, 0.8):
        body += rect(x - 0.34, -0.94, 0.68, 0.76, shade(wood, -0.32), 0.01) + rect(
            x - 0.31, -0.91, 0.62, 0.70, shade(wood, -0.16), 0.01
        )
    for x, rng in stage.cells("glasses", z, 1.1):
        if rng.random() < 0.55:
            body += group(
                smalls.PROPS[rng.choice(("bottle", "cup", "candle"))].draw(rng, "")[0], x, -1.16
            )
    stage.add(z, body, -1.7, 0.03)
    lamps, lit = "", ""
    for i, (x, _) in enumerate(stage.cells("barlamp", 1.2, 1.7)):
        lamps += stroke([(x, -3.4), (x, -2.25)], "#2b2a2c", 0.02) + path(
            f"M{n(x - 0.2)},-2.02 Q{n(x)},-2.42 {n(x + 0.2)},-2.02Z", "#b0803f"
        )
        lit += glow(f"bar{i}", x, -1.98, 0.95, "#ffc36a", 0.6) + ellipse(
            x, -2.02, 0.13, 0.05, "#fff0c4"
        )
    stage.add(1.2, lamps, -3.4, -1.0, shines=lit)


def _train(stage: Stage, wall: str, wood: str) -> None:
    seat = stage.rng("seat").choice(("#7a3f3a", "#3f5f57", "#5a5f86", "#8a6a3a"))

    def bench(rng: random.Random, x: float) -> tuple[str, str]:
        out = rect(x - 0.62, -1.32, 1.24, 0.95, seat, 0.09) + rect(
            x - 0.64, -0.52, 1.28, 0.28, shade(seat, 0.10), 0.07
        )
        out += rect(x - 0.60, -0.26, 1.2, 0.26, shade(wood, -0.25)) + rect(
            x - 0.34, -1.30, 0.68, 0.16, "#e6ddc8", 0.03
        )
        for dx in (-0.3, 0, 0.3):
            out += circle(x + dx, -0.9, 0.02, shade(seat, -0.3))
        return out, ""

    _along(stage, "benches", _WALL_Z - 0.5, 2.0, -1.5, bench)

    def rack(rng: random.Random, x: float) -> tuple[str, str]:
        out = rect(x - 1.0, -2.2, 2.0, 0.05, "#b08a4a") + stroke(
            [(x - 0.9, -2.2), (x - 0.9, -2.34)], "#b08a4a", 0.03
        )
        if rng.random() < 0.65:
            out += group(
                smalls.PROPS["suitcase"].draw(rng, "")[0], x + rng.uniform(-0.4, 0.4), -2.2, 0.8
            )
        return out, ""

    _along(stage, "racks", _WALL_Z - 0.45, 2.0, -2.8, rack, 0.6)


def _hall(stage: Stage, wall: str, wood: str) -> None:
    def piece(rng: random.Random, x: float) -> tuple[str, str]:
        roll = rng.random()
        if roll < 0.35:
            return group(smalls.PROPS["door"].draw(rng, "")[0], x, 0.0), ""
        if roll < 0.6:
            tone = shade(wall, 0.22)
            return rect(x - 0.2, -4.2, 0.4, 4.2, tone) + rect(
                x - 0.3, -0.3, 0.6, 0.3, shade(tone, -0.1)
            ) + rect(x - 0.3, -4.3, 0.6, 0.25, shade(tone, -0.1)), ""
        if roll < 0.8:
            return _picture(rng, x, -1.9), ""
        out = path(
            f"M{n(x - 0.1)},-2.0 L{n(x + 0.1)},-2.0 L{n(x + 0.06)},-1.8 L{n(x - 0.06)},-1.8Z",
            "#b08a4a",
        )
        lit = glow(
            f"sconce{int(x * 10)}".replace("-", "m"), x, -2.15, 0.8, "#ffc871", 0.6
        ) + ellipse(x, -2.12, 0.07, 0.12, "#fff0c4")
        return out + ellipse(x, -2.12, 0.07, 0.12, "#e0d0a8"), lit

    _along(stage, "pieces", _WALL_Z - 0.06, 1.8, -4.4, piece, 0.7)


def _pendant(stage: Stage, rng: random.Random) -> None:
    """A lamp over the middle of the scene, and the cone of its light."""
    x = stage.poses[0].x * 0.4 + rng.choice((-1, 1)) * rng.uniform(0.9, 1.5)
    c = rng.choice(("#3f5f57", "#a8593f", "#d9c49a", "#3d4660", "#b98a3a"))
    z = 0.9
    body = stroke([(x, -3.6), (x, -2.36)], "#2b2a2c", 0.018)
    body += path(
        f"M{n(x - 0.32)},-2.1 Q{n(x - 0.26)},-2.4 {n(x)},-2.42 Q{n(x + 0.26)},-2.4 {n(x + 0.32)},-2.1Z",
        c,
    )
    body += path(
        f"M{n(x + 0.05)},-2.42 Q{n(x + 0.26)},-2.4 {n(x + 0.32)},-2.1 L{n(x + 0.12)},-2.1Z",
        shade(c, -0.2),
        0.7,
    )
    cone = gradient("cone", [(0, "#ffd48a", 0.34), (0.55, "#ffd48a", 0.14), (1, "#ffd48a", 0)],
                    radial=True)  # fmt: skip
    cone += ellipse(x, -1.35, 1.75, 1.45, "url(#cone)")
    lit = cone + glow("bulb", x, -2.06, 1.7, "#ffca78", 0.6)
    lit += ellipse(x, -2.09, 0.2, 0.05, "#fff3d0")
    stage.add(z, body, -3.6, 0.0, shines=lit, shadow=0.5, span=(x - 1.9, x + 1.9))


def _table(stage: Stage, wood: str, kind: str) -> None:
    """A table in front of those who sit, or under the things of an insert."""
    spec = stage.spec
    from storyboard.previz.art import prop_of

    sitting = any(p.sits for p in spec.people)
    held = {p.holds for p in spec.people}
    lying = any(
        prop_of(t.name).stand in ("table", "hand") and t.name not in held for t in spec.things
    )
    named = stage.has("table", "desk", "counter")
    if sitting and not (named or lying) and kind in ("train", "bedroom", "hall", "library"):
        _seat(stage, wood)
        return
    if lying or sitting or (named and not spec.people):
        table(stage, shade(wood, 0.06))


def _seat(stage: Stage, wood: str) -> None:
    """What those who sit without a table sit on."""
    rng = stage.rng("seat")
    c = rng.choice(("#7a3f3a", "#3f5f57", "#5a5f86", "#8a6a3a"))
    marks = [x for x in (stage.poses[0].x,)]
    body = ""
    for x in marks:
        body += rect(x - 1.3, -1.02, 2.6, 0.70, c, 0.10) + rect(
            x - 1.34, -0.52, 2.68, 0.30, shade(c, 0.10), 0.08
        )
        body += rect(x - 1.28, -0.26, 2.56, 0.26, shade(wood, -0.25))
        for dx in (-0.65, 0.65):
            body += stroke([(x + dx, -0.98), (x + dx, -0.55)], shade(c, -0.2), 0.02, 0.7)
    stage.add(0.22, body, -1.4, 0.03)


def table(stage: Stage, wood: str) -> None:
    """A table whose top is at 0.78 m, just before the subject."""
    x = stage.poses[0].x
    if stage.view.distance < 2.0:
        x0, x1 = stage.reach(-0.2).left, stage.reach(-0.2).right
    else:
        x0, x1 = x - 1.5, x + 1.5
    z = -0.22
    # the top is a lens of wood seen from the camera's height
    rise = max(0.03, (stage.poses[0].y - 0.78) * 0.62 / max(0.6, stage.view.distance))
    body = rect(x0 + 0.08, -0.74, x1 - x0 - 0.16, 0.10, shade(wood, -0.30))
    for lx in (x0 + 0.12, x1 - 0.22):
        body += rect(lx, -0.74, 0.10, 0.75, shade(wood, -0.25))
    body += gradient("top", [(0, shade(wood, -0.08), 1), (1, shade(wood, 0.12), 1)])
    body += poly(
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
        body += stroke([(x0 + 0.1, y), (x1 - 0.1, y)], shade(wood, -0.12), 0.004, 0.6)
    body += rect(x0, -0.765, x1 - x0, 0.05, shade(wood, -0.10), 0.01)
    if any(p.sits for p in stage.spec.people):
        cloth = (
            wood
            if stage.has("desk", "office", "bar", "counter")
            else stage.rng("cloth").choice(("#d9cdb4", "#b5564a", "#7f97a3", "#cdbb8a", "#8a9a80"))
        )
        body += rect(x0 + 0.02, -0.735, x1 - x0 - 0.04, 0.74, shade(cloth, -0.28))
        for i in range(int((x1 - x0) / 0.16)):
            body += rect(x0 + 0.05 + i * 0.16, -0.735, 0.07, 0.74, shade(cloth, -0.36), 0, 0.7)
        body += poly(
            [
                (x0 + rise * 0.8, -0.78 - rise * 0.55),
                (x1 - rise * 0.8, -0.78 - rise * 0.55),
                (x1, -0.75),
                (x0, -0.75),
            ],
            cloth,
        )
        body += rect(x0, -0.76, x1 - x0, 0.06, shade(cloth, 0.14))
    stage.add(z, body, -0.78 - rise, 0.02, span=(x0 - 0.1, x1 + 0.1), focus=0.0)


def _frame(stage: Stage, wall: str) -> None:
    """A dark edge in front: a door post or a curtain, for depth."""
    if stage.view.distance < 3.0 or stage.spec.angle == "overhead":
        return
    z = -0.5 * stage.view.distance
    s = stage.view.scale(stage.poses[0], z)
    box = stage.reach(z)
    side = stage.rng("post").choice((-1, 1))
    x = stage.poses[0].x + side * (stage.view.aspect / 2 - 0.035) / s
    w = 0.22 / s
    dark = shade(mix(wall, "#2a2220", 0.72), -0.2)
    body = rect(x if side > 0 else x - w, box.top, w, box.height, dark)
    stage.add(z, body, box.top, box.bottom, span=(x - w, x + w))
