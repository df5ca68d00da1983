"""Weather in front of the picture: rain, snow, mist, lightning; and film grain."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from storyboard.previz.painting.lighting import Palette
from storyboard.previz.painting.rasterizer import Pixels
from storyboard.previz.painting.seeds import seed_random
from storyboard.previz.painting.svg import define_gradient, draw_ellipse
from storyboard.previz.script.shot_spec import ShotSpec
from storyboard.previz.sets.layers import Motion
from storyboard.previz.sets.stage import Stage


@dataclass(frozen=True, slots=True)
class Precipitation:
    """A tile that repeats in both directions and slides."""

    tile: Pixels
    down: float
    """Frame heights per second."""
    aside: float
    swing: float = 0.0


@dataclass
class Atmosphere:
    """Everything between the stage and the lens, on the world clock."""

    spec: ShotSpec
    palette: Palette
    width: int
    height: int
    _precipitation: list[Precipitation] = field(init=False)
    _vignette: Pixels = field(init=False)
    _grain: tuple[Pixels, Pixels] = field(init=False)

    def __post_init__(self) -> None:
        self._precipitation = _build_precipitation(self.spec, self.palette, self.width, self.height)
        self._vignette = _build_vignette(
            self.width, self.height, 0.30 if "noir" in self.spec.mood else 0.20
        )
        self._grain = _build_bright_and_dark_grain(self.width, self.height)

    def draw_weather_over(self, frame: Pixels, clock: float) -> None:
        """Draws the weather of world time `clock` over `frame`, in place."""
        if "storm" in self.spec.weather:
            flash = compute_lightning_brightness(self.spec.key, clock)
            if flash > 0.02:
                cv2.convertScaleAbs(frame, dst=frame, alpha=1 + 0.42 * flash, beta=20 * flash)
        if self.spec.set != "room":
            self.draw_precipitation(frame, clock)
        cv2.multiply(frame, self._vignette, dst=frame, scale=1 / 255)
        brighter, darker = self._grain
        # Each frame shows another part of the same grain; with prime ranges it repeats late.
        step = round(clock * 24)
        y, x = step * 37 % 61, step * 53 % 67
        cv2.add(frame, brighter[y : y + self.height, x : x + self.width], dst=frame)
        cv2.subtract(frame, darker[y : y + self.height, x : x + self.width], dst=frame)

    def draw_precipitation(self, frame: Pixels, clock: float) -> None:
        """Rain or snow alone."""
        for layer in self._precipitation:
            high = layer.tile.shape[0] - self.height
            wide = layer.tile.shape[1] - self.width
            y = int(-clock * layer.down * self.height) % high
            x = (
                int((clock * layer.aside + layer.swing * math.sin(clock * 0.7)) * self.height)
                % wide
            )
            cv2.add(frame, layer.tile[y : y + self.height, x : x + self.width], dst=frame)


def compute_lightning_brightness(seed_key: str, clock: float) -> float:
    """0 to 1: how much lightning brightens the sky at that time."""
    every = 4.6
    # One stroke per period at a random time, followed by a weaker one.
    turn = math.floor(clock / every)
    rng = seed_random("lightning", seed_key, turn)
    since = clock - turn * every - rng.uniform(0.3, every - 0.9)
    if not 0 <= since < 0.5:
        return 0.0
    second_flash = math.exp(-max(0.0, since - 0.16) * 11) if since > 0.16 else 0.0
    return min(1.0, math.exp(-since * 16) + 0.75 * second_flash)


def add_mist(stage: Stage) -> None:
    """Mist, as sheets that drift at different depths."""
    weather = set(stage.spec.weather)
    if "fog" not in weather or stage.indoors:
        return
    haze = stage.palette.haze
    near = -0.35 * stage.view.distance
    for k, (z, strength) in enumerate(((14.0, 0.55), (4.0, 0.36), (near, 0.20))):
        s = stage.view.compute_scale(stage.home, z)
        motion = Motion(drift=(0.05 + 0.03 * k) / s * (1 if k % 2 else -1))
        width = 0.85 / s
        stops = [(0, haze, strength), (0.6, haze, strength * 0.5), (1, haze, 0)]
        body = define_gradient("mist", stops, radial=True)
        for x, rng in stage.iter_visible_cells(f"mist{k}", z, width, motion):
            y = -rng.uniform(0.0, 0.16) / s - 0.3
            body += draw_ellipse(x + rng.uniform(-0.2, 0.2) * width, y, rng.uniform(0.55, 0.95) / s,
                            rng.uniform(0.10, 0.22) / s, "url(#mist)")  # fmt: skip
        stage.add_plane(z, "", -0.7 / s, 0.3 / s, shines=body, always=True, motion=motion, shadow=0,
                  paper=False, veil=0.0, focus=0.0)  # fmt: skip


def _build_precipitation(
    spec: ShotSpec, palette: Palette, width: int, height: int
) -> list[Precipitation]:
    weather = set(spec.weather)
    bright = {"day": 1.0, "dawn": 0.9, "dusk": 0.75, "night": 0.6}[palette.time]
    if "snow" in weather:
        layers = (
            (230, 0.0022, 120, 0.11, 0.03),
            (110, 0.0042, 165, 0.17, 0.05),
            (20, 0.0068, 175, 0.27, 0.08),
        )
        return [
            Precipitation(
                _draw_snow_tile(width, height, count, size, tone * bright, i), down, aside, 0.05
            )
            for i, (count, size, tone, down, aside) in enumerate(layers)
        ]
    if "rain" in weather:
        heavy = 1.5 if "storm" in weather else 1.0
        lean = 0.32 if weather & {"storm", "wind"} else 0.10
        return [
            Precipitation(
                _draw_rain_tile(width, height, int(count * heavy), long, lean, tone * bright, i),
                down,
                down * lean,
            )
            for i, (count, long, tone, down) in enumerate(
                ((260, 0.05, 34, 1.5), (90, 0.11, 50, 2.3))
            )
        ]
    return []


def _repeat_tile_as_bgra(tile: NDArray[np.uint8]) -> Pixels:
    tiled = np.tile(tile, (2, 2))
    zero = np.zeros_like(tiled)
    bgra: Pixels = cv2.merge([tiled, tiled, tiled, zero])
    return bgra


def _draw_rain_tile(
    width: int,
    height: int,
    count: int,
    streak_length: float,
    lean: float,
    brightness: float,
    seed_salt: int,
) -> Pixels:
    rng = seed_random("rain", seed_salt)
    wide = width
    tile = np.zeros((height * 3, wide * 2), np.uint8)
    for _ in range(count):
        x, y = rng.uniform(0, wide), rng.uniform(0, height)
        size = streak_length * height * rng.uniform(0.6, 1.2)
        light = brightness * rng.uniform(0.5, 1.0)
        # Streaks that cross the edges are wrapped around, so the tile repeats without seams.
        for dx in (0, wide):
            start = (round(x + dx), round(y + height))
            end = (round(x + dx - size * lean), round(y + height + size))
            cv2.line(tile, start, end, light, max(1, round(height / 620)), cv2.LINE_AA)
    wrapped = cv2.max(tile[height : 2 * height, :wide], tile[2 * height :, :wide])
    wrapped = cv2.max(wrapped, tile[height : 2 * height, wide:])
    wrapped = cv2.max(wrapped, tile[2 * height :, wide:])
    return _repeat_tile_as_bgra(wrapped)


def _draw_snow_tile(
    width: int, height: int, count: int, flake_radius: float, brightness: float, seed_salt: int
) -> Pixels:
    rng = seed_random("snow", seed_salt)
    wide = width
    tile = np.zeros((height, wide), np.uint8)
    for _ in range(count):
        x, y, r = (
            rng.uniform(0, wide),
            rng.uniform(0, height),
            flake_radius * height * rng.uniform(0.5, 1.1),
        )
        light = brightness * rng.uniform(0.6, 1.0)
        for dx in (-wide, 0, wide):
            for dy in (-height, 0, height):
                at = (round((x + dx) * 16), round((y + dy) * 16))
                if -99 < x + dx < wide + 99 and -99 < y + dy < height + 99:
                    cv2.circle(tile, at, max(8, round(r * 16)), light, -1, cv2.LINE_AA, 4)
    return _repeat_tile_as_bgra(
        cv2.GaussianBlur(tile, (0, 0), max(0.5, flake_radius * height * 0.3))
    )


def _build_vignette(width: int, height: int, darkness: float) -> Pixels:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    radius = np.hypot((x / width - 0.5) * 1.25, (y / height - 0.5) * 1.15)
    falloff = 1 - darkness * np.clip((radius - 0.28) / 0.55, 0, 1) ** 2
    tone = np.round(falloff * 255).astype(np.uint8)
    bgra: Pixels = cv2.merge([tone, tone, tone, tone])
    return bgra


def _build_bright_and_dark_grain(width: int, height: int) -> tuple[Pixels, Pixels]:
    noise = np.random.Generator(np.random.PCG64(11)).normal(0, 1.5, (height + 64, width + 70))
    soft = cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 0.8 * max(1.0, height / 720))
    soft *= 1.6 / max(1e-6, float(soft.std()))
    whole = np.round(soft).astype(np.int16)
    brighter = np.clip(whole, 0, 255).astype(np.uint8)
    darker = np.clip(-whole, 0, 255).astype(np.uint8)
    return cv2.merge([brighter] * 4), cv2.merge([darker] * 4)
