"""Heads: three views, four mouths, a blink. Units are head heights, the chin is (0, 0)."""

from __future__ import annotations

from dataclasses import dataclass

from storyboard.previz.figures.hair import (
    draw_full_beard,
    draw_hair_behind,
    draw_hair_front,
    draw_hair_side,
    draw_hat,
    outline_beard,
)
from storyboard.previz.painting.colors import mix_colors, shade_color
from storyboard.previz.painting.svg import (
    define_gradient,
    draw_circle,
    draw_curve,
    draw_ellipse,
    draw_line,
    draw_path,
    draw_polygon,
    draw_rect,
    fmt,
    smooth_path,
)
from storyboard.previz.script.character_look import Look

CLOSED, NARROW, OPEN, ROUND = range(4)


@dataclass(frozen=True, slots=True)
class Face:
    """The appearance of a head at one time."""

    view: str = "front"
    """front, back or side; `side` looks right."""
    turn: float = 0.0
    """-1 is a three-quarter view to the left, 1 to the right; for the front view only."""
    mouth: int = CLOSED
    shut: bool = False
    """Whether the eyes are closed."""
    down: bool = False
    mood: str = ""


def draw_hair_behind_and_head(look: Look, face: Face) -> tuple[str, str]:
    """(what is behind the body, the head itself)."""
    if face.view == "back":
        return "", _draw_head_back(look)
    if face.view == "side":
        return "", _draw_head_side(look, face)
    return draw_hair_behind(look, face.turn), _draw_head_front(look, face)


def _mix_skin_shade_blush_lip(look: Look) -> tuple[str, str, str, str]:
    skin = look.skin
    return (
        skin,
        shade_color(skin, -0.16),
        mix_colors(skin, "#8c3b2e", 0.22),
        mix_colors(skin, "#9c3f3c", 0.55),
    )


def _draw_head_front(look: Look, face: Face) -> str:
    skin, dark, warm, lip = _mix_skin_shade_blush_lip(look)
    t = face.turn
    # A turned head shifts its features to that side and narrows the far one.
    dx = t * 0.115
    soft = -0.022 if look.woman else 0.018
    jaw = [(0.0, -0.99), (0.25, -0.93), (0.375, -0.72), (0.385, -0.48), (0.335 + soft, -0.235),
           (0.20 + soft * 2, -0.055), (0.0 + dx * 0.35, 0.0), (-0.20 - soft * 2, -0.055),
           (-0.335 - soft, -0.235), (-0.385, -0.48), (-0.375, -0.72), (-0.25, -0.93)]  # fmt: skip
    ears = ""
    for side in (-1, 1):
        if t * side < 0.45 and look.style not in ("long", "bob"):
            x = side * 0.385 - t * 0.05
            ears += draw_ellipse(x, -0.44, 0.05, 0.088, skin) + draw_ellipse(
                x, -0.44, 0.026, 0.05, dark, 0.5
            )
    out = ears + draw_path(smooth_path(jaw), skin)
    # the side away from the light
    away = [(0.0 + dx, -0.99), (0.25, -0.93), (0.375, -0.72), (0.385, -0.48), (0.335, -0.235),
            (0.2, -0.055), (0.02, 0.0), (0.17 + dx * 0.5, -0.2), (0.23 + dx * 0.5, -0.5),
            (0.2 + dx, -0.8)]  # fmt: skip
    out += draw_path(smooth_path(away), dark, 0.28)
    cheek = define_gradient("blush", [(0, warm, 0.55), (1, warm, 0)], radial=True)
    out += cheek
    for side in (-1, 1):
        near = 1 - 0.28 * max(0.0, t * side)
        out += draw_ellipse(dx + side * 0.215 * near, -0.27, 0.10 * near, 0.075, "url(#blush)")
    if look.beard == "stubble":
        out += draw_path(smooth_path(outline_beard(dx, 0.30)), look.beard_color, 0.22)
    if look.beard == "full":
        out += draw_full_beard(look, dx)
    out += _draw_eyes_and_brows(look, face, dx, dark)
    lean = 0.028 * (1 if t >= 0 else -1) if abs(t) > 0.15 else 0.022
    tip = dx * 1.75
    out += draw_curve(
        f"M{fmt(dx * 1.25 + lean * 0.4)},-0.45 "
        f"Q{fmt(tip + lean * 1.9)},-0.36 {fmt(tip + lean * 1.6)},-0.305 "
        f"Q{fmt(tip)},-0.27 {fmt(tip - lean * 1.1)},-0.29",
        mix_colors(dark, "#7a3b2c", 0.25),
        0.019,
        0.75,
    )
    out += _draw_mouth(face, dx * 1.2, lip, look)
    if look.beard in ("moustache", "full"):
        x = dx * 1.25
        m = [(x - 0.125, -0.185), (x - 0.08, -0.235), (x, -0.245), (x + 0.08, -0.235),
             (x + 0.125, -0.185), (x + 0.05, -0.205), (x, -0.215), (x - 0.05, -0.205)]  # fmt: skip
        out += draw_path(smooth_path(m), shade_color(look.beard_color, -0.06))
    if look.old:
        for side in (-1, 1):
            x = dx + side * 0.235
            crow_foot = f"M{fmt(x)},-0.40 q{fmt(side * 0.05)},0.02 {fmt(side * 0.07)},0.05"
            out += draw_curve(crow_foot, dark, 0.011, 0.7)
            out += draw_curve(
                f"M{fmt(dx + side * 0.105)},-0.285 "
                f"q{fmt(side * 0.05)},0.05 {fmt(side * 0.045)},0.10",
                dark,
                0.012,
                0.6,
            )
    out += draw_hair_front(look, t)
    if look.glasses:
        out += _draw_glasses(dx, t)
    return out + draw_hat(look, "front", t)


def _draw_eyes_and_brows(look: Look, face: Face, shift_x: float, dark_skin: str) -> str:
    t, out = face.turn, ""
    brow = mix_colors(look.hair, "#2a211f", 0.35) if not look.old else shade_color(look.hair, -0.15)
    iris = "#4a3323" if look.skin < "#d0" else "#5a4a3a"
    line = mix_colors(look.skin, "#2a1a18", 0.82)
    for side in (-1, 1):
        near = 1 - 0.30 * max(0.0, t * side)
        x = shift_x * 1.1 + side * 0.163 * (1 - 0.16 * max(0.0, t * side))
        rx, ry = 0.076 * near, 0.042 if look.woman or look.head > 0.17 else 0.036
        y = -0.475
        if face.shut or face.down:
            drop = 0.012 if face.shut else 0.018
            out += draw_ellipse(x, y, rx, ry + 0.006, mix_colors(look.skin, dark_skin, 0.5))
            out += draw_curve(f"M{fmt(x - rx)},{fmt(y + 0.004)} Q{fmt(x)},{fmt(y + ry + drop)} "
                         f"{fmt(x + rx)},{fmt(y + 0.004)}", line, 0.017)  # fmt: skip
        else:
            almond = (f"M{fmt(x - rx)},{fmt(y + 0.006)} Q{fmt(x - rx * 0.2)},{fmt(y - ry * 1.75)} "
                      f"{fmt(x + rx)},{fmt(y)} Q{fmt(x)},{fmt(y + ry * 1.55)} "
                      f"{fmt(x - rx)},{fmt(y + 0.006)}Z")  # fmt: skip
            out += draw_path(almond, "#f6f1e8")
            gaze = x + t * 0.020
            out += draw_ellipse(gaze, y - 0.003, 0.037 * near, 0.040, iris)
            out += draw_circle(gaze, y - 0.003, 0.019, "#17110f")
            out += draw_circle(gaze - 0.012, y - 0.014, 0.0085, "#ffffff", 0.9)
            weight = 0.02 if look.woman else 0.016
            out += draw_curve(
                f"M{fmt(x - rx * 1.05)},{fmt(y + 0.006)} "
                f"Q{fmt(x - rx * 0.2)},{fmt(y - ry * 1.85)} {fmt(x + rx * 1.05)},{fmt(y)}",
                line,
                weight,
            )
        tilt = {"sad": 0.034, "angry": -0.040}.get(face.mood, 0.0) * -side
        lift = {"smile": -0.008, "angry": 0.02}.get(face.mood, 0.0)
        b = -0.595 + lift
        out += draw_curve(
            f"M{fmt(x - 0.088 * near)},{fmt(b + 0.012 + (tilt if side > 0 else -tilt))} "
            f"Q{fmt(x)},{fmt(b - 0.03)} "
            f"{fmt(x + 0.088 * near)},{fmt(b + 0.012 - (tilt if side > 0 else -tilt))}",
            brow, 0.024 if look.woman else 0.034, 0.9,
        )  # fmt: skip
    return out


def _draw_mouth(face: Face, x: float, lip_color: str, look: Look) -> str:
    wide = 0.088 if look.woman else 0.092
    y = -0.165
    bend = {"smile": 0.030, "sad": -0.022, "angry": -0.012}.get(face.mood, 0.009)
    inside = "#4a1d1c"
    if face.mouth == CLOSED:
        out = draw_curve(
            f"M{fmt(x - wide)},{fmt(y - bend * 0.5)} "
            f"Q{fmt(x)},{fmt(y + bend)} {fmt(x + wide)},{fmt(y - bend * 0.5)}",
            shade_color(lip_color, -0.25),
            0.019,
        )
        weight = 0.75 if look.woman else 0.4
        return out + draw_path(
            f"M{fmt(x - wide * 0.75)},{fmt(y + bend * 0.2)} Q{fmt(x)},{fmt(y + bend + 0.045)} "
            f"{fmt(x + wide * 0.75)},{fmt(y + bend * 0.2)} Q{fmt(x)},{fmt(y + bend)} "
            f"{fmt(x - wide * 0.75)},{fmt(y + bend * 0.2)}Z", lip_color, weight,
        )  # fmt: skip
    rx, ry = {NARROW: (0.082, 0.022), OPEN: (0.078, 0.048), ROUND: (0.046, 0.044)}[face.mouth]
    out = draw_ellipse(x, y + 0.008, rx + 0.012, ry + 0.015, lip_color) + draw_ellipse(
        x, y + 0.008, rx, ry, inside
    )
    if face.mouth == OPEN:
        out += draw_rect(x - rx * 0.62, y - ry + 0.014, rx * 1.24, 0.020, "#f1e9df", 0.008)
        out += draw_ellipse(x, y + ry - 0.006, rx * 0.5, 0.016, "#a1504c")
    return out


def _draw_glasses(shift_x: float, head_turn: float) -> str:
    out = ""
    for side in (-1, 1):
        near = 1 - 0.28 * max(0.0, head_turn * side)
        x = shift_x * 1.1 + side * 0.165
        out += (
            f'<rect x="{fmt(x - 0.105 * near)}" y="-0.555" '
            f'width="{fmt(0.21 * near)}" height="0.155" rx="0.06" '
            f'fill="#dfeaf0" fill-opacity="0.16" stroke="#2b2422" stroke-width="0.02"/>'
        )
        out += draw_line(
            [(x + side * 0.105 * near, -0.50), (side * 0.385, -0.50)], "#2b2422", 0.018
        )
    return out + draw_curve(
        f"M{fmt(shift_x * 1.1 - 0.06)},-0.50 q0.06,-0.04 0.12,0", "#2b2422", 0.018
    )


def _draw_head_back(look: Look) -> str:
    skin, dark, _, _ = _mix_skin_shade_blush_lip(look)
    hair, low = look.hair, shade_color(look.hair, -0.2)
    skull = [(0.0, -0.99), (0.27, -0.93), (0.39, -0.70), (0.385, -0.42), (0.30, -0.16),
             (0.14, -0.03), (-0.14, -0.03), (-0.30, -0.16), (-0.385, -0.42), (-0.39, -0.70),
             (-0.27, -0.93)]  # fmt: skip
    out = ""
    for side in (-1, 1):
        out += draw_ellipse(side * 0.395, -0.43, 0.045, 0.085, skin)
    out += draw_path(smooth_path(skull), skin) + draw_path(smooth_path(skull), dark, 0.25)
    if look.style == "bald":
        return out + draw_hat(look, "back")
    low_edge = {"long": 0.42, "bob": 0.02, "curly": -0.10}.get(look.style, -0.20)
    wide = 0.47 if look.style in ("long", "bob", "curly") else 0.405
    cover = [(-wide + 0.03, low_edge - 0.10), (-wide, -0.40), (-0.43, -0.76), (-0.28, -1.03),
             (0.0, -1.075), (0.28, -1.03), (0.43, -0.76), (wide, -0.40),
             (wide - 0.03, low_edge - 0.10), (0.16, low_edge), (-0.16, low_edge)]  # fmt: skip
    if look.style == "wisps":
        cover = [(-0.42, -0.66), (0.42, -0.66), (0.40, -0.34), (0.15, -0.2), (-0.15, -0.2),
                 (-0.40, -0.34)]  # fmt: skip
    out += draw_path(smooth_path(cover), hair)
    for x in (-0.26, -0.13, 0.0, 0.13, 0.26):
        end = low_edge - 0.07
        out += draw_curve(
            f"M{fmt(x * 0.4)},-1.0 Q{fmt(x * 1.7)},-0.62 {fmt(x * 1.1)},{fmt(end)}",
            low,
            0.016,
            0.45,
        )
    out += draw_curve("M-0.30,-0.86 Q-0.10,-1.02 0.14,-0.99", shade_color(hair, 0.2), 0.022, 0.4)
    if look.style == "bun":
        out += draw_circle(0.0, -0.80, 0.20, shade_color(hair, -0.1))
        out += draw_curve("M-0.12,-0.82 q0.12,-0.13 0.24,0 M-0.09,-0.74 q0.10,0.07 0.18,0",
                     low, 0.018, 0.6)  # fmt: skip
    if look.style == "tail":
        out += draw_path(smooth_path([(-0.07, -0.72), (0.07, -0.72), (0.10, -0.1), (0.03, 0.30),
                            (-0.05, 0.28), (-0.10, -0.1)]), low)  # fmt: skip
    return out + draw_hat(look, "back")


def _draw_head_side(look: Look, face: Face) -> str:
    skin, dark, warm, lip = _mix_skin_shade_blush_lip(look)
    open_ = {CLOSED: 0.0, NARROW: 0.02, OPEN: 0.05, ROUND: 0.04}[face.mouth]
    d = (
        "M-0.06,0.02 C-0.14,-0.06 -0.20,-0.14 -0.24,-0.26 C-0.44,-0.40 -0.47,-0.74 -0.30,-0.90 "
        "C-0.16,-1.03 0.12,-1.03 0.25,-0.90 C0.32,-0.82 0.345,-0.70 0.325,-0.585 "
        "C0.318,-0.54 0.318,-0.52 0.33,-0.49 C0.37,-0.42 0.425,-0.375 0.425,-0.345 "
        "C0.425,-0.31 0.36,-0.305 0.345,-0.295 C0.34,-0.275 0.365,-0.255 0.362,-0.235 "
        f"C0.36,-0.22 0.335,-0.21 0.33,{fmt(-0.205 + open_ * 0.3)} "
        f"C0.34,{fmt(-0.195 + open_)} 0.355,{fmt(-0.18 + open_)} 0.35,{fmt(-0.16 + open_)} "
        f"C0.33,{fmt(-0.13 + open_)} 0.32,-0.11 0.33,-0.07 C0.33,-0.02 0.27,0.0 0.21,-0.005 "
        "C0.12,-0.02 0.03,-0.03 -0.06,0.02Z"
    )
    out = draw_path(d, skin)
    out += draw_path(smooth_path([(0.05, -0.06), (-0.12, -0.18), (-0.24, -0.30), (-0.30, -0.6),
                        (-0.05, -0.45), (0.02, -0.2)]), dark, 0.3)  # fmt: skip
    out += define_gradient("flush", [(0, warm, 0.5), (1, warm, 0)], radial=True)
    out += draw_ellipse(0.16, -0.29, 0.10, 0.08, "url(#flush)")
    line = mix_colors(look.skin, "#2a1a18", 0.82)
    if face.shut or face.down:
        out += draw_curve("M0.195,-0.475 q0.04,0.03 0.085,0.012", line, 0.018)
    else:
        out += draw_path(
            "M0.195,-0.47 Q0.24,-0.525 0.282,-0.485 Q0.275,-0.44 0.195,-0.47Z", "#f6f1e8"
        )
        out += draw_ellipse(0.258, -0.482, 0.020, 0.030, "#3a2a20")
        out += draw_curve("M0.185,-0.468 Q0.235,-0.535 0.29,-0.49", line, 0.018)
    brow = mix_colors(look.hair, "#2a211f", 0.35) if not look.old else shade_color(look.hair, -0.15)
    out += draw_curve("M0.19,-0.59 Q0.25,-0.63 0.305,-0.585", brow, 0.028, 0.9)
    if face.mouth != CLOSED:
        out += draw_path(f"M0.24,-0.20 Q0.30,-0.215 0.34,-0.212 L0.335,{fmt(-0.20 + open_)} "
                    f"Q0.29,{fmt(-0.19 + open_)} 0.24,-0.20Z", "#4a1d1c")  # fmt: skip
    else:
        out += draw_curve("M0.25,-0.205 Q0.29,-0.198 0.335,-0.208", shade_color(lip, -0.2), 0.016)
    if look.beard == "full":
        beard = [(0.345, -0.24), (0.28, -0.265), (0.20, -0.20), (0.08, -0.28), (-0.05, -0.42),
                 (-0.10, -0.30), (-0.02, -0.08), (0.16, 0.05), (0.31, 0.055), (0.36, -0.06),
                 (0.345, -0.14)]  # fmt: skip
        out += draw_path(smooth_path(beard), look.beard_color)
    elif look.beard == "moustache":
        moustache = [(0.375, -0.235), (0.33, -0.285), (0.24, -0.225), (0.23, -0.195)]
        out += draw_path(smooth_path(moustache), look.beard_color)
    elif look.beard == "stubble":
        stubble = [(0.33, -0.2), (0.2, -0.22), (-0.02, -0.36), (0.05, -0.08), (0.3, -0.02)]
        out += draw_path(smooth_path(stubble), look.beard_color, 0.22)
    out += draw_hair_side(look)
    if look.style not in ("long", "bob") and look.hat != "headscarf":
        out += draw_ellipse(-0.075, -0.42, 0.052, 0.088, skin)
        out += draw_curve(
            "M-0.10,-0.46 q0.05,-0.03 0.06,0.03 q-0.01,0.05 -0.035,0.05", dark, 0.016, 0.8
        )
    if look.glasses:
        out += draw_rect(0.185, -0.55, 0.13, 0.14, "#dfeaf0", 0.05, 0.3)
        out += draw_line([(0.19, -0.50), (-0.06, -0.47)], "#2b2422", 0.018)
    return out + draw_hat(look, "side")


__all__ = [
    "CLOSED",
    "NARROW",
    "OPEN",
    "ROUND",
    "Face",
    "draw_hair_behind_and_head",
    "draw_polygon",
]
