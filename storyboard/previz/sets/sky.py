"""The sky of every outdoor set: gradient, sun or moon, stars, drifting clouds."""

from __future__ import annotations

import math
import random

from storyboard.previz.painting.colors import mix_colors, shade_color
from storyboard.previz.painting.svg import (
    define_gradient,
    draw_circle,
    draw_ellipse,
    draw_glow,
    draw_path,
    fmt,
)
from storyboard.previz.sets.layers import FAR, Motion
from storyboard.previz.sets.stage import Stage

_CLOUDS = FAR * 0.8


def add_sky_and_clouds(stage: Stage, clouds: int | None = None) -> None:
    """Backdrop and clouds."""
    palette = stage.palette
    tall = stage.measure_frame_height()
    visible = stage.find_visible_area(FAR)
    top = min(visible.top, -0.9 * tall)
    stops = []
    for at, color in ((0.0, palette.sky[0]), (0.55, palette.sky[1]), (0.93, palette.sky[2]),
                      (1.0, mix_colors(palette.sky[2], palette.haze, 0.45))):  # fmt: skip
        place = (top - top * at - visible.top) / visible.height
        stops.append((min(1.0, max(0.0, place)), color, 1.0))
    body = define_gradient("sky", stops) + (
        f'<rect x="{fmt(visible.left)}" y="{fmt(visible.top)}" width="{fmt(visible.width)}" '
        f'height="{fmt(visible.height)}" fill="url(#sky)"/>'
    )
    grey = bool({"rain", "storm", "fog", "snow", "clouds"} & set(stage.spec.weather))
    body += _draw_stars(stage, tall) if palette.time == "night" and not grey else ""
    stage.add_sky(body + ("" if grey else _draw_sun_or_moon(stage, tall)))
    count = clouds if clouds is not None else (9 if grey else 4)
    if "clear" in stage.spec.weather or stage.spec.angle == "overhead":
        count = 0
    if count:
        _add_clouds(stage, count, grey)


def _find_backdrop_middle_x(stage: Stage) -> float:
    """The x on the backdrop at the middle of the place's first frame, the same for every shot."""
    return stage.home.x * 0.02


def find_sun_x(stage: Stage, frame_height: float) -> float:
    """The x of the sun or moon on the backdrop."""
    return (
        _find_backdrop_middle_x(stage)
        + (stage.palette.sun_at[0] - 0.5) * stage.view.aspect * frame_height
    )


def _draw_sun_or_moon(stage: Stage, frame_height: float) -> str:
    palette = stage.palette
    x = find_sun_x(stage, frame_height)
    if palette.time == "night":
        y = -min(0.42, palette.sun_at[1]) * frame_height
        r = 0.036 * frame_height
        moon = draw_glow("moon", x, y, 0.34 * frame_height, "#c9d6ff", 0.34) + draw_circle(
            x, y, r, "#f2f0e4"
        )
        moon += draw_ellipse(x - r * 0.3, y - r * 0.2, r * 0.26, r * 0.2, "#dcdacb")
        return moon + draw_ellipse(x + r * 0.3, y + r * 0.25, r * 0.34, r * 0.27, "#dfddcf")
    y = -palette.sun_at[1] * frame_height
    r = 0.045 * frame_height
    strength = 0.85 if palette.time != "day" else 0.6
    return draw_glow(
        "sun", x, y, (0.62 if palette.time != "day" else 0.4) * frame_height, palette.sun, strength
    ) + (draw_circle(x, y, r, mix_colors(palette.sun, "#ffffff", 0.5)))


def _draw_stars(stage: Stage, frame_height: float) -> str:
    rng = stage.seed_random("stars")
    out = ""
    for _ in range(110):
        x = rng.uniform(-1.6, 1.6) * frame_height
        y = -((rng.random() ** 0.8) * 1.25 + 0.08) * frame_height
        out += draw_circle(
            x,
            y,
            frame_height * rng.choice((0.0013, 0.0018, 0.0028)),
            "#f4f6ff",
            rng.uniform(0.35, 0.95),
        )
    return out


def _add_clouds(stage: Stage, density: int, is_overcast: bool) -> None:
    palette = stage.palette
    tall = stage.measure_frame_height(_CLOUDS)
    drift = Motion(
        drift=0.0075
        * tall
        * stage.seed_random("wind").choice((-1, 1))
        * (2.2 if is_overcast else 1)
    )
    light = mix_colors(palette.sky[1], "#ffffff", 0.62 if palette.time in ("day", "dawn") else 0.16)
    if palette.time == "dusk":
        light = mix_colors(palette.sky[2], "#ffd9b0", 0.35)
    if is_overcast:
        light = mix_colors(
            palette.sky[1], "#ffffff" if palette.time != "night" else "#3a4560", 0.22
        )
    out = ""
    width = 0.62 * tall if is_overcast else 0.95 * tall
    for x, rng in stage.iter_visible_cells("cloud", _CLOUDS, width, drift):
        if rng.random() > density / (5 if not is_overcast else 9):
            continue
        x += rng.uniform(-0.3, 0.3) * width
        y = -rng.uniform(0.17, 0.62) * tall
        size = rng.uniform(0.10, 0.24) * tall * (1.5 if is_overcast else 1.0)
        out += draw_cloud(rng, x, y, size, light, mix_colors(light, palette.sky[1], 0.42))
    if out:
        stage.add_plane(
            _CLOUDS,
            _counteract_lighting(out, stage),
            -0.95 * tall,
            -0.02 * tall,
            motion=drift,
            shadow=0.25,
            veil=0.0,
            paper=True,
        )


def _counteract_lighting(art: str, stage: Stage) -> str:
    """Compensates the lighting for clouds, whose colours are already those of the sky."""
    red, green, blue = (min(3.0, 1 / max(0.2, c)) for c in stage.palette.light)
    return (
        '<filter id="own" x="-1" y="-1" width="3" height="3" color-interpolation-filters="sRGB">'
        f'<feColorMatrix type="matrix" values="{fmt(red)} 0 0 0 0 0 {fmt(green)} 0 0 0 0 0 '
        f"{fmt(blue)} 0 0 "
        f'0 0 0 1 0"/></filter><g filter="url(#own)">{art}</g>'
        if math.prod(stage.palette.light) < 0.6
        else art
    )


def draw_cloud(
    rng: random.Random, x: float, y: float, size: float, top_color: str, underside_color: str
) -> str:
    """A paper cloud: overlapping circles on a flat base."""
    lumps = []
    count = rng.randint(4, 6)
    for i in range(count):
        t = (i + 0.5) / count
        r = size * (0.20 + 0.30 * math.sin(math.pi * t)) * rng.uniform(0.85, 1.15)
        lumps.append((x - size * 1.05 + 2.1 * size * t, r))
    out = ""
    for tone, drop, grow in ((underside_color, 0.07, 1.0), (top_color, 0.0, 0.94)):
        foot = y + size * drop
        left, right = lumps[0][0] - lumps[0][1] * 0.8, lumps[-1][0] + lumps[-1][1] * 0.8
        shape = f'<rect x="{fmt(left)}" y="{fmt(foot - size * 0.16)}" width="{fmt(right - left)}" '
        shape += f'height="{fmt(size * 0.16)}" rx="{fmt(size * 0.08)}" fill="{tone}"/>'
        for cx, r in lumps:
            d = f"M{fmt(cx - r * grow)},{fmt(foot)} A{fmt(r * grow)},{fmt(r * grow * 0.92)} 0 0 1 "
            shape += draw_path(d + f"{fmt(cx + r * grow)},{fmt(foot)}Z", tone)
        out += shape
    return out


__all__ = ["add_sky_and_clouds", "draw_cloud", "find_sun_x", "shade_color"]
