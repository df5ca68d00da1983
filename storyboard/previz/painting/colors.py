"""Colours as `#rrggbb`: colour names, and mixing."""

from __future__ import annotations

import random

Color = tuple[int, int, int]

COLORS = {
    "red": "#b8382f", "crimson": "#a1232c", "scarlet": "#c7301f", "burgundy": "#6d1f2d",
    "maroon": "#6b2129", "orange": "#d9772b", "rust": "#a3502b", "terracotta": "#bd6a48",
    "amber": "#d79a34", "yellow": "#e3b93c", "mustard": "#c79a35", "gold": "#cfa03a",
    "golden": "#cfa03a", "green": "#4d7f4f", "emerald": "#2f7a58", "olive": "#6f7043",
    "teal": "#2f7476", "turquoise": "#3f9c9a", "mint": "#9cc9b0", "blue": "#3c6396",
    "navy": "#27385a", "indigo": "#3d3f7d", "purple": "#6c4a83", "violet": "#7a5a9c",
    "lavender": "#a99bc7", "pink": "#d98ba0", "magenta": "#b0397c", "brown": "#6f4a33",
    "chestnut": "#6b3a26", "beige": "#c9b28d", "tan": "#bd9a6c", "cream": "#e9dcc0",
    "khaki": "#9c8d62", "white": "#e8e4da", "ivory": "#ece4d0", "grey": "#8a8d91",
    "gray": "#8a8d91", "silver": "#b3b7bc", "charcoal": "#3d4147", "black": "#26272b",
    "dark": "#33363d", "straw": "#d6b66a", "denim": "#45618a", "coral": "#dd7561",
    "plum": "#653a58", "ochre": "#bf8a36", "camel": "#b58a57",
}  # fmt: skip
"""The paint for each colour name."""


def to_rgb(color: str) -> Color:
    """(red, green, blue) of `#rrggbb`."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def to_hex(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{min(255, max(0, round(c))):02x}" for c in (red, green, blue))


def mix_colors(a: str, b: str, share_of_b: float) -> str:
    """`a` at 0, `b` at 1."""
    return to_hex(*(x + (y - x) * share_of_b for x, y in zip(to_rgb(a), to_rgb(b), strict=True)))


def shade_color(color: str, lightness: float) -> str:
    """Lighter for a positive `lightness`, darker for a negative one; 1 gives white, -1 black."""
    return mix_colors(color, "#ffffff" if lightness > 0 else "#000000", abs(lightness))


def jitter_color(color: str, rng: random.Random, spread: float = 10) -> str:
    """A slight variation of the colour."""
    light = rng.uniform(-spread, spread)
    return to_hex(*(c + light + rng.uniform(-spread, spread) / 2 for c in to_rgb(color)))
