"""Light: the effect of time of day, weather and mood on colours, as one matrix per layer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storyboard.previz.painting.colors import mix_colors, shade_color, to_rgb
from storyboard.previz.painting.seeds import seed_random

Matrix = NDArray[np.float32]
Sky = tuple[str, str, str]
"""Zenith, middle, horizon."""

_KEYLIGHT = (1.0, 0.92, 0.84)
"""The light on people and what they hold, at any hour."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The light of a shot. Colours are painted plain and lit by `compute_light_matrix`."""

    time: str
    sky: Sky
    haze: str
    """The colour that distant things fade into."""
    light: tuple[float, float, float]
    """The shares of red, green and blue that remain in this light."""
    lamp: str
    """The colour of windows, lamps and fire."""
    sun: str
    sun_at: tuple[float, float]
    """Its position: share of the frame's width, height above the horizon in frame heights."""
    shadow: float
    """How dark the shadows between paper layers are."""
    lamps_on: bool
    """Whether lamps are lit."""
    reach: float
    """Metres at which haze has replaced two thirds of a colour."""
    grade: Matrix
    """3 x 4, on (red, green, blue, alpha), after everything else."""

    def compute_light_matrix(
        self, distance: float, indoors: bool = False, glow: bool = False, key: float = 0.0
    ) -> Matrix:
        """4 x 4 on premultiplied BGRA of a layer `distance` metres away.

        `key` is the share of the additional light that people stand in.
        """
        # Haze grows exponentially with distance; rooms have none, and glowing things shine through
        # most of it.
        veil = 0.0 if indoors else 1 - float(np.exp(-max(0.0, distance) / self.reach))
        lit = np.eye(4, dtype=np.float32)
        haze = to_rgb(self.haze)
        for channel in range(3):
            light = self.light[channel] + (_KEYLIGHT[channel] - self.light[channel]) * key
            keep = (1.0 if glow else light) * (1 - veil * (0.35 if glow else 1))
            lit[channel, channel] = keep
            lit[channel, 3] = 0 if glow else haze[channel] / 255 * veil
        return self.compute_grade_matrix(lit)

    def compute_grade_matrix(self, light_matrix: Matrix | None = None) -> Matrix:
        """The grade alone, or after `light_matrix`, on premultiplied BGRA."""
        full = np.eye(4, dtype=np.float32)
        full[:3] = self.grade
        if light_matrix is not None:
            full = full @ light_matrix
        # The matrices are for RGB, the pixels are BGR.
        swap = np.eye(4, dtype=np.float32)[[2, 1, 0, 3]]
        result: Matrix = (swap @ full @ swap).astype(np.float32)
        return result


_TIMES: dict[str, tuple[Sky, str, tuple[float, float, float], str, float]] = {
    # sky, haze, light, sun, its height
    "dawn": (("#4c6591", "#c9a2ab", "#ffdcae"), "#ecc3a8", (0.97, 0.86, 0.80), "#fff1c9", 0.10),
    "day": (("#3f86bf", "#93c3dc", "#e3efe6"), "#cfe2e6", (1.0, 0.99, 0.96), "#fffbe6", 0.62),
    "dusk": (("#2e2b5e", "#a9506f", "#fb9f5c"), "#c9757a", (0.82, 0.62, 0.64), "#ffd98f", 0.08),
    "night": (("#081026", "#12244a", "#2b4672"), "#1f3358", (0.42, 0.50, 0.68), "#eef2ff", 0.50),
}
_SKIES: dict[str, tuple[Sky, ...]] = {
    "dawn": (("#3d5a86", "#b9a4c0", "#ffcfa6"), ("#5b7fa0", "#dcb7a8", "#ffe5bd")),
    "day": (("#4a97c9", "#a4d3df", "#f2f1dd"), ("#3a79b4", "#86b7dd", "#d7e9ef")),
    "dusk": (("#3b2f6b", "#c65f6a", "#ffb765"), ("#22305f", "#7d5a8c", "#f2a07b")),
    "night": (("#0a0d24", "#1b2550", "#3c4a7d"), ("#061420", "#0f3045", "#2a5a6e")),
}


def build_light_palette(
    place_key: str, time: str, weather: Collection[str], moods: tuple[str, ...], indoors: bool
) -> Palette:
    """The light of a shot; the same `place_key` at the same `time` always has the same light."""
    rng = seed_random("palette", place_key, time)
    sky, haze, light, sun, height = _TIMES[time]
    skies = (sky, *_SKIES[time])
    alternative = skies[rng.randrange(len(skies))]
    drift = rng.uniform(0, 0.35)
    sky = _mix_skies(sky, alternative, drift + 0.5)
    side = rng.choice((-1, 1))
    sun_at = (0.5 + side * rng.uniform(0.16, 0.36), height * rng.uniform(0.8, 1.15))
    reach = 420.0 if time == "day" else 260.0
    grey = {"day": "#a9b4bb", "dawn": "#b3a8a6", "dusk": "#6d5f74", "night": "#1d2738"}[time]
    lit = time in ("night", "dusk")
    heavy = 0.0
    if not {"rain", "storm", "clouds", "snow"}.isdisjoint(weather):
        heavy = 0.8 if "storm" in weather else 0.62
        lit = lit or "storm" in weather
    if "fog" in weather:
        heavy = max(heavy, 0.55)
        grey = mix_colors(grey, "#8fa0b5", 0.22)
    if heavy:
        dark = mix_colors(grey, "#10141c", 0.35 if "storm" in weather else 0.0)
        zenith, horizon = shade_color(dark, -0.25), shade_color(dark, 0.15)
        sky = (
            mix_colors(sky[0], zenith, heavy),
            mix_colors(sky[1], dark, heavy),
            mix_colors(sky[2], horizon, heavy * 0.85),
        )
        haze = mix_colors(haze, shade_color(dark, 0.1), heavy)
        flat = {"storm": 0.84, "snow": 0.98}.get(
            "storm" if "storm" in weather else "snow" if "snow" in weather else "", 0.86
        )
        light = (light[0] * flat, light[1] * flat, light[2] * min(1.0, flat * 1.06))
        reach *= 0.6
    if "fog" in weather:
        reach = 34.0
    lamp = "#ffd27a"
    if indoors:
        light, lit = _choose_indoor_light_and_lamps(time, moods)
    return Palette(
        time=time, sky=sky, haze=haze, light=light, lamp=lamp, sun=sun, sun_at=sun_at,
        shadow=0.42 if time == "night" else 0.34, lamps_on=lit, reach=reach,
        grade=_build_mood_grade(moods),
    )  # fmt: skip


def _mix_skies(a: Sky, b: Sky, t: float) -> Sky:
    zenith, middle, horizon = (mix_colors(x, y, t) for x, y in zip(a, b, strict=True))
    return zenith, middle, horizon


def _choose_indoor_light_and_lamps(
    time: str, moods: Collection[str]
) -> tuple[tuple[float, float, float], bool]:
    """The light, and whether lamps are lit."""
    light = {
        "dawn": (0.90, 0.80, 0.74),
        "day": (1.0, 0.97, 0.92),
        "dusk": (0.90, 0.74, 0.64),
        "night": (0.80, 0.66, 0.56),
    }[time]
    if "dark" in moods or "noir" in moods:
        light = (light[0] * 0.82, light[1] * 0.8, light[2] * 0.86)
    return light, time in ("night", "dusk") or "dark" in moods


def _build_mood_grade(moods: tuple[str, ...]) -> Matrix:
    """All moods as one affine map of (red, green, blue, alpha), in shares of full scale."""
    full = np.eye(4, dtype=np.float32)
    for mood in moods:
        step = np.eye(4, dtype=np.float32)
        step[:3] = _MOODS[mood]()
        full = step @ full
    result: Matrix = full[:3].copy()
    return result


def _build_color_grade(
    saturation: float, gain: tuple[float, float, float] = (1, 1, 1), lift: float = 0
) -> Matrix:
    luma = np.array([0.2126, 0.7152, 0.0722], np.float32)
    rows = np.zeros((3, 4), np.float32)
    rows[:, :3] = np.eye(3, dtype=np.float32) * saturation + (1 - saturation) * luma
    rows[:, :3] *= np.array(gain, np.float32)[:, None]
    rows[:, 3] = lift
    return rows


_MOODS = {
    "noir": lambda: _build_color_grade(0.0, (1.16, 1.16, 1.18), -0.07),
    "sepia": lambda: _build_color_grade(0.12, (1.10, 0.95, 0.74), 0.03),
    "neon": lambda: _build_color_grade(1.22, (1.03, 0.93, 1.12), 0.0),
    "warm": lambda: _build_color_grade(1.04, (1.07, 0.99, 0.86), 0.0),
    "cold": lambda: _build_color_grade(0.80, (0.87, 0.98, 1.12), 0.0),
    "dark": lambda: _build_color_grade(0.94, (0.86, 0.84, 0.88), -0.015),
    "pale": lambda: _build_color_grade(0.66, (0.92, 0.92, 0.92), 0.09),
    "vivid": lambda: _build_color_grade(1.3, (1.02, 1.02, 1.02), -0.01),
}
