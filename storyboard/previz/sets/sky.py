"""The sky of every outdoor set: gradient, sun or moon, stars, drifting clouds."""

from __future__ import annotations

import math
import random

from storyboard.previz.ink import circle, ellipse, glow, gradient, mix, n, path, shade
from storyboard.previz.sheets import FAR, Motion
from storyboard.previz.stage import Stage

_CLOUDS = FAR * 0.8


def sky(stage: Stage, clouds: int | None = None, low: float = 0.0) -> None:
    """Backdrop and clouds; `low` lifts the horizon's colours, frame heights."""
    palette = stage.palette
    tall = stage.tall()
    seen = stage.reach(FAR)
    horizon = -low * tall
    top = min(seen.top, -0.9 * tall)
    stops = []
    for at, color in ((0.0, palette.sky[0]), (0.55, palette.sky[1]), (0.93, palette.sky[2]),
                      (1.0, mix(palette.sky[2], palette.haze, 0.45))):  # fmt: skip
        place = (top + (horizon - top) * at - seen.top) / seen.height
        stops.append((min(1.0, max(0.0, place)), color, 1.0))
    body = gradient("sky", stops) + (
        f'<rect x="{n(seen.left)}" y="{n(seen.top)}" width="{n(seen.width)}" '
        f'height="{n(seen.height)}" fill="url(#sky)"/>'
    )
    grey = bool({"rain", "storm", "fog", "snow", "clouds"} & set(stage.spec.weather))
    body += (
        _stars(stage, tall, seen.left, seen.right) if palette.time == "night" and not grey else ""
    )
    stage.sky(body + ("" if grey else _light(stage, tall)))
    count = clouds if clouds is not None else (9 if grey else 4)
    if "clear" in stage.spec.weather or stage.spec.angle == "overhead":
        count = 0
    if count:
        _clouds(stage, count, grey)


def _middle(stage: Stage, tall: float) -> float:
    """The x that the first frame's middle shows on the backdrop, by the place, not the shot."""
    return stage.home.x * 0.02


def sun_x(stage: Stage, tall: float) -> float:
    """Where the sun or moon stands on the backdrop."""
    return _middle(stage, tall) + (stage.palette.sun_at[0] - 0.5) * stage.view.aspect * tall


def _light(stage: Stage, tall: float) -> str:
    palette = stage.palette
    x = sun_x(stage, tall)
    if palette.time == "night":
        y = -min(0.42, palette.sun_at[1]) * tall
        r = 0.036 * tall
        moon = glow("moon", x, y, 0.34 * tall, "#c9d6ff", 0.34) + circle(x, y, r, "#f2f0e4")
        moon += ellipse(x - r * 0.3, y - r * 0.2, r * 0.26, r * 0.2, "#dcdacb")
        return moon + ellipse(x + r * 0.3, y + r * 0.25, r * 0.34, r * 0.27, "#dfddcf")
    y = -palette.sun_at[1] * tall
    r = 0.045 * tall
    strength = 0.85 if palette.time != "day" else 0.6
    return glow(
        "sun", x, y, (0.62 if palette.time != "day" else 0.4) * tall, palette.sun, strength
    ) + (circle(x, y, r, mix(palette.sun, "#ffffff", 0.5)))


def _stars(stage: Stage, tall: float, left: float, right: float) -> str:
    rng = stage.rng("stars")
    out = ""
    for _ in range(110):
        x = rng.uniform(-1.6, 1.6) * tall
        y = -((rng.random() ** 0.8) * 1.25 + 0.08) * tall
        out += circle(
            x, y, tall * rng.choice((0.0013, 0.0018, 0.0028)), "#f4f6ff", rng.uniform(0.35, 0.95)
        )
    return out


def _clouds(stage: Stage, count: int, grey: bool) -> None:
    palette = stage.palette
    tall = stage.tall(_CLOUDS)
    drift = Motion(drift=0.0075 * tall * stage.rng("wind").choice((-1, 1)) * (2.2 if grey else 1))
    light = mix(palette.sky[1], "#ffffff", 0.62 if palette.time in ("day", "dawn") else 0.16)
    if palette.time == "dusk":
        light = mix(palette.sky[2], "#ffd9b0", 0.35)
    if grey:
        light = mix(palette.sky[1], "#ffffff" if palette.time != "night" else "#3a4560", 0.22)
    out = ""
    width = 0.62 * tall if grey else 0.95 * tall
    for x, rng in stage.cells("cloud", _CLOUDS, width, drift):
        if rng.random() > count / (5 if not grey else 9):
            continue
        x += rng.uniform(-0.3, 0.3) * width
        y = -rng.uniform(0.17, 0.62) * tall
        size = rng.uniform(0.10, 0.24) * tall * (1.5 if grey else 1.0)
        out += cloud(rng, x, y, size, light, mix(light, palette.sky[1], 0.42))
    if out:
        stage.add(_CLOUDS, _lit_back(out, stage), -0.95 * tall, -0.02 * tall, motion=drift,
                  shadow=0.25, veil=0.0, paper=True)  # fmt: skip


def _lit_back(body: str, stage: Stage) -> str:
    """Clouds carry the sky's own colours, so the light must not darken them again."""
    red, green, blue = (min(3.0, 1 / max(0.2, c)) for c in stage.palette.light)
    return (
        '<filter id="own" x="-1" y="-1" width="3" height="3" color-interpolation-filters="sRGB">'
        f'<feColorMatrix type="matrix" values="{n(red)} 0 0 0 0 0 {n(green)} 0 0 0 0 0 '
        f"{n(blue)} 0 0 "
        f'0 0 0 1 0"/></filter><g filter="url(#own)">{body}</g>'
        if math.prod(stage.palette.light) < 0.6
        else body
    )


def cloud(rng: random.Random, x: float, y: float, size: float, light: str, under: str) -> str:
    """A paper cloud: a heap of rounds on a flat foot."""
    lumps = []
    count = rng.randint(4, 6)
    for i in range(count):
        t = (i + 0.5) / count
        r = size * (0.20 + 0.30 * math.sin(math.pi * t)) * rng.uniform(0.85, 1.15)
        lumps.append((x - size * 1.05 + 2.1 * size * t, r))
    out = ""
    for tone, drop, grow in ((under, 0.07, 1.0), (light, 0.0, 0.94)):
        foot = y + size * drop
        left, right = lumps[0][0] - lumps[0][1] * 0.8, lumps[-1][0] + lumps[-1][1] * 0.8
        shape = f'<rect x="{n(left)}" y="{n(foot - size * 0.16)}" width="{n(right - left)}" '
        shape += f'height="{n(size * 0.16)}" rx="{n(size * 0.08)}" fill="{tone}"/>'
        for cx, r in lumps:
            d = f"M{n(cx - r * grow)},{n(foot)} A{n(r * grow)},{n(r * grow * 0.92)} 0 0 1 "
            shape += path(d + f"{n(cx + r * grow)},{n(foot)}Z", tone)
        out += shape
    return out


__all__ = ["cloud", "shade", "sky", "sun_x"]
