"""SVG in metres: the strokes that everything is drawn with.

x points right and y *down*, as in SVG; the ground is y = 0, so heights are negative.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Point = tuple[float, float]


def fmt(value: float) -> str:
    """A number as short, reproducible SVG text."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return text if text not in ("-0", "") else "0"


def format_points(corners: Iterable[Point]) -> str:
    return " ".join(f"{fmt(x)},{fmt(y)}" for x, y in corners)


def _format_opacity(opacity: float) -> str:
    return f' opacity="{fmt(opacity)}"' if opacity < 1 else ""


def draw_polygon(corners: Sequence[Point], fill: str, opacity: float = 1) -> str:
    return f'<polygon points="{format_points(corners)}" fill="{fill}"{_format_opacity(opacity)}/>'


def draw_path(path_data: str, fill: str, opacity: float = 1) -> str:
    return f'<path d="{path_data}" fill="{fill}"{_format_opacity(opacity)}/>'


def draw_rect(
    x: float, y: float, w: float, h: float, fill: str, rx: float = 0, opacity: float = 1
) -> str:
    """(x, y) is the top left corner."""
    round_ = f' rx="{fmt(rx)}"' if rx else ""
    return (
        f'<rect x="{fmt(x)}" y="{fmt(y)}" width="{fmt(w)}" height="{fmt(h)}"{round_} '
        f'fill="{fill}"{_format_opacity(opacity)}/>'
    )


def draw_circle(x: float, y: float, r: float, fill: str, opacity: float = 1) -> str:
    return (
        f'<circle cx="{fmt(x)}" cy="{fmt(y)}" r="{fmt(r)}" '
        f'fill="{fill}"{_format_opacity(opacity)}/>'
    )


def draw_ellipse(x: float, y: float, rx: float, ry: float, fill: str, opacity: float = 1) -> str:
    return (
        f'<ellipse cx="{fmt(x)}" cy="{fmt(y)}" rx="{fmt(rx)}" ry="{fmt(ry)}" '
        f'fill="{fill}"{_format_opacity(opacity)}/>'
    )


def draw_line(corners: Sequence[Point], color: str, width: float, opacity: float = 1) -> str:
    """A line with round ends through `corners`."""
    return (
        f'<polyline points="{format_points(corners)}" fill="none" stroke="{color}" '
        f'stroke-width="{fmt(width)}" stroke-linecap="round" stroke-linejoin="round"'
        f"{_format_opacity(opacity)}/>"
    )


def draw_curve(path_data: str, color: str, width: float, opacity: float = 1) -> str:
    """A path drawn as a line."""
    return (
        f'<path d="{path_data}" fill="none" stroke="{color}" stroke-width="{fmt(width)}" '
        f'stroke-linecap="round" stroke-linejoin="round"{_format_opacity(opacity)}/>'
    )


def place_art(
    art: str, x: float = 0, y: float = 0, scale: float = 1, turn_degrees: float = 0
) -> str:
    """Scales, turns (degrees, clockwise) and moves `art` about its own origin."""
    transforms = f"translate({fmt(x)} {fmt(y)})"
    if turn_degrees:
        transforms += f" rotate({fmt(turn_degrees)})"
    if scale != 1:
        transforms += f" scale({fmt(scale)})"
    return f'<g transform="{transforms}">{art}</g>'


def mirror_art(art: str) -> str:
    """`art` mirrored left to right at its origin."""
    return f'<g transform="scale(-1 1)">{art}</g>'


def define_gradient(
    gradient_id: str,
    stops: Sequence[tuple[float, str, float]],
    across: bool = False,
    radial: bool = False,
) -> str:
    """Defines a fill for `url(#gradient_id)`: (position, colour, opacity) from top or left."""
    inner = "".join(
        f'<stop offset="{fmt(at)}" stop-color="{color}" stop-opacity="{fmt(alpha)}"/>'
        for at, color, alpha in stops
    )
    if radial:
        return f'<radialGradient id="{gradient_id}">{inner}</radialGradient>'
    ends = 'x1="0" y1="0" x2="1" y2="0"' if across else 'x1="0" y1="0" x2="0" y2="1"'
    return f'<linearGradient id="{gradient_id}" {ends}>{inner}</linearGradient>'


def draw_glow(
    gradient_id: str, x: float, y: float, r: float, color: str, strength: float = 1
) -> str:
    """A soft round light; `gradient_id` must be unique in its picture."""
    stops = [(0, color, strength), (0.25, color, strength * 0.55), (0.6, color, strength * 0.16)]
    return define_gradient(gradient_id, [*stops, (1.0, color, 0)], radial=True) + draw_circle(
        x, y, r, f"url(#{gradient_id})"
    )


def smooth_path(points: Sequence[Point], close: bool = True) -> str:
    """Path data of a smooth curve through `points` (Catmull-Rom)."""
    count = len(points)
    d = f"M{fmt(points[0][0])},{fmt(points[0][1])}"
    for i in range(count if close else count - 1):
        p0 = points[(i - 1) % count] if close or i else points[i]
        p1, p2 = points[i], points[(i + 1) % count]
        p3 = points[(i + 2) % count] if close or i + 2 < count else p2
        a = (p1[0] + (p2[0] - p0[0]) / 6, p1[1] + (p2[1] - p0[1]) / 6)
        b = (p2[0] - (p3[0] - p1[0]) / 6, p2[1] - (p3[1] - p1[1]) / 6)
        d += f"C{format_points((a, b, p2))}"
    return d + ("Z" if close else "")
