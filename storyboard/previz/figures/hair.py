"""Hair, beards and hats in three views. Units are head heights, the chin is (0, 0)."""

from __future__ import annotations

from storyboard.previz.painting.colors import mix_colors, shade_color
from storyboard.previz.painting.svg import (
    draw_circle,
    draw_curve,
    draw_ellipse,
    draw_path,
    draw_rect,
    fmt,
    smooth_path,
)
from storyboard.previz.script.character_look import Look


def outline_beard(shift_x: float, cheek_height: float) -> list[tuple[float, float]]:
    return [(-0.375, -cheek_height - 0.12), (-0.30 + shift_x, -cheek_height + 0.02),
            (-0.15 + shift_x, -0.245), (shift_x, -0.255), (0.15 + shift_x, -0.245),
            (0.30 + shift_x, -cheek_height + 0.02), (0.375, -cheek_height - 0.12),
            (0.36, -0.20), (0.21, -0.015), (0.0 + shift_x * 0.4, 0.045), (-0.21, -0.015),
            (-0.36, -0.20)]  # fmt: skip


def draw_full_beard(look: Look, shift_x: float) -> str:
    full = draw_path(smooth_path(outline_beard(shift_x, 0.32)), look.beard_color)
    strands = "".join(
        draw_curve(f"M{fmt(x + shift_x)},-0.09 q{fmt(-x * 0.2)},0.07 {fmt(-x * 0.3)},0.11",
              shade_color(look.beard_color, -0.18), 0.013, 0.5)
        for x in (-0.2, -0.1, 0.0, 0.1, 0.2)
    )  # fmt: skip
    return full + strands


def draw_hair_behind(look: Look, head_turn: float) -> str:
    x = -head_turn * 0.06
    dark = shade_color(look.hair, -0.22)
    if look.style == "long":
        back = [(x - 0.42, -0.72), (x - 0.50, -0.25), (x - 0.47, 0.28), (x - 0.22, 0.42),
                (x + 0.22, 0.42), (x + 0.47, 0.28), (x + 0.50, -0.25), (x + 0.42, -0.72),
                (x, -1.02)]  # fmt: skip
        return draw_path(smooth_path(back), dark)
    if look.style == "bob":
        back = [(x - 0.43, -0.72), (x - 0.50, -0.25), (x - 0.40, 0.03), (x, 0.06),
                (x + 0.40, 0.03), (x + 0.50, -0.25), (x + 0.43, -0.72), (x, -1.02)]  # fmt: skip
        return draw_path(smooth_path(back), dark)
    if look.style == "tail":
        return draw_path(smooth_path([(x + 0.05, -0.8), (x + 0.42, -0.5), (x + 0.40, 0.1),
                            (x + 0.26, 0.22), (x + 0.28, -0.3)]), dark)  # fmt: skip
    if look.style == "curly":
        dots = [(-0.44, -0.62), (-0.47, -0.42), (0.44, -0.62), (0.47, -0.42), (-0.42, -0.24),
                (0.42, -0.24)]  # fmt: skip
        return "".join(draw_circle(x + a, b, 0.15, dark) for a, b in dots)
    return ""


def draw_hair_front(look: Look, head_turn: float) -> str:
    hair, dark, light = look.hair, shade_color(look.hair, -0.2), shade_color(look.hair, 0.16)
    x = head_turn * 0.05
    if look.style == "bald":
        return draw_ellipse(-0.12, -0.86, 0.09, 0.045, "#ffffff", 0.18)
    if look.style == "wisps":
        return "".join(
            draw_path(smooth_path([(s * 0.40, -0.72), (s * 0.43, -0.52), (s * 0.385, -0.36),
                         (s * 0.345, -0.52), (s * 0.335, -0.70)]), hair)
            for s in (-1, 1)
        )  # fmt: skip
    if look.style == "short":
        cap = [(-0.40, -0.50), (-0.42, -0.78), (-0.27, -1.02), (0.02, -1.07), (0.29, -1.01),
               (0.42, -0.78), (0.40, -0.50), (0.345, -0.66), (0.24 + x, -0.78), (0.02 + x, -0.75),
               (-0.22 + x, -0.79), (-0.345, -0.66)]  # fmt: skip
    elif look.style in ("side", "tail", "bun"):
        cap = [(-0.40, -0.46), (-0.425, -0.78), (-0.28, -1.03), (0.02, -1.075), (0.30, -1.01),
               (0.425, -0.76), (0.40, -0.46), (0.36, -0.64), (0.27 + x, -0.80), (0.10 + x, -0.86),
               (-0.13 + x, -0.89), (-0.28 + x, -0.76), (-0.35, -0.62)]  # fmt: skip
    elif look.style == "curly":
        base = [(-0.40, -0.56), (-0.40, -0.82), (-0.2, -1.02), (0.2, -1.02), (0.40, -0.82),
                (0.40, -0.56), (0.31 + x, -0.76), (0.0 + x, -0.79), (-0.31 + x, -0.76)]  # fmt: skip
        dots = [(-0.36, -0.70), (-0.34, -0.87), (-0.2, -0.99), (0.0, -1.04), (0.2, -0.99),
                (0.34, -0.87), (0.36, -0.70), (-0.13 + x, -0.86), (0.12 + x, -0.87)]  # fmt: skip
        knots = "".join(
            draw_circle(a, b, 0.125, hair)
            + draw_curve(f"M{fmt(a - 0.05)},{fmt(b)} q0.03,-0.07 0.08,-0.03", light, 0.014, 0.5)
            for a, b in dots
        )
        return draw_path(smooth_path(base), hair) + knots
    else:  # long, bob
        cap = [(-0.435, -0.20), (-0.46, -0.70), (-0.30, -1.02), (0.0, -1.075), (0.30, -1.02),
               (0.46, -0.70), (0.435, -0.20), (0.365, -0.40), (0.35, -0.62), (0.20 + x, -0.80),
               (-0.05 + x, -0.90), (-0.25 + x, -0.78), (-0.36, -0.60), (-0.365, -0.40)]  # fmt: skip
    out = draw_path(smooth_path(cap), hair)
    out += draw_curve("M-0.30,-0.88 Q-0.08,-1.04 0.16,-0.99", light, 0.022, 0.45)
    out += draw_curve(f"M{fmt(-0.16 + x)},-0.91 Q0.12,-0.95 0.33,-0.74", dark, 0.016, 0.45)
    if look.style == "bun":
        out = draw_circle(-head_turn * 0.12, -1.13, 0.165, shade_color(hair, -0.08)) + out
        out += draw_curve("M-0.09,-1.16 q0.09,-0.09 0.18,0", light, 0.018, 0.4)
    return out


def draw_hat(look: Look, view: str, head_turn: float = 0.0) -> str:
    color, dark = look.hat_color, shade_color(look.hat_color, -0.25)
    x = head_turn * 0.05
    if look.hat == "hat":
        crown = [(-0.36, -0.76), (-0.36, -1.08), (-0.22, -1.24), (0.0, -1.18), (0.22, -1.24),
                 (0.36, -1.08), (0.36, -0.76)]  # fmt: skip
        out = draw_path(smooth_path(crown), color) + draw_rect(-0.37, -0.90, 0.74, 0.10, dark, 0.02)
        return (
            out
            + draw_ellipse(x, -0.79, 0.64, 0.088, mix_colors(color, dark, 0.35))
            + draw_ellipse(x, -0.805, 0.60, 0.055, color)
        )
    if look.hat == "cap":
        crown = [(-0.42, -0.72), (-0.46, -0.94), (-0.25, -1.12), (0.1, -1.13), (0.40, -1.0),
                 (0.42, -0.72)]  # fmt: skip
        out = draw_path(smooth_path(crown), color) + draw_rect(
            -0.415, -0.82, 0.83, 0.12, dark, 0.05
        )
        if view == "back":
            return out
        shift = 0.34 if view == "side" else x * 2
        return out + draw_ellipse(
            shift, -0.70, 0.36 if view == "front" else 0.26, 0.055, shade_color(dark, -0.3)
        )
    if look.hat == "beret":
        return draw_path(smooth_path([(-0.42, -0.74), (-0.5, -0.98), (-0.2, -1.12), (0.30, -1.10),
                            (0.56, -0.92), (0.42, -0.76)]), color)  # fmt: skip
    if look.hat == "beanie":
        cap = draw_path(smooth_path([(-0.42, -0.70), (-0.42, -0.98), (0, -1.18), (0.42, -0.98),
                           (0.42, -0.70)]), color)  # fmt: skip
        return cap + draw_rect(-0.44, -0.80, 0.88, 0.14, dark, 0.06)
    if look.hat == "headscarf":
        hood = [(-0.30, 0.06), (-0.47, -0.30), (-0.46, -0.78), (-0.24, -1.06), (0.0, -1.09),
                (0.24, -1.06), (0.46, -0.78), (0.47, -0.30), (0.30, 0.06), (0.35, -0.30),
                (0.34, -0.62), (0.0, -0.86), (-0.34, -0.62), (-0.35, -0.30)]  # fmt: skip
        if view == "back":
            hood = hood[:9]
        return draw_path(smooth_path(hood), color)
    return ""


def draw_hair_side(look: Look) -> str:
    hair, low, light = look.hair, shade_color(look.hair, -0.2), shade_color(look.hair, 0.16)
    if look.style == "bald":
        return ""
    if look.style == "wisps":
        wisp = [(-0.06, -0.62), (-0.36, -0.68), (-0.40, -0.44), (-0.24, -0.24), (-0.12, -0.36)]
        return draw_path(smooth_path(wisp), hair)
    cap = [(0.27, -0.80), (0.20, -1.0), (-0.05, -1.07), (-0.33, -0.96), (-0.47, -0.70),
           (-0.43, -0.40), (-0.26, -0.20), (-0.14, -0.30), (-0.10, -0.52), (0.02, -0.62),
           (0.12, -0.80)]  # fmt: skip
    if look.style in ("long", "bob"):
        down = 0.42 if look.style == "long" else 0.04
        cap = [(0.27, -0.82), (0.20, -1.0), (-0.05, -1.07), (-0.34, -0.96), (-0.49, -0.66),
               (-0.50, -0.2), (-0.42, down), (-0.12, down), (-0.02, -0.20), (0.02, -0.50),
               (0.12, -0.78)]  # fmt: skip
    out = ""
    if look.style == "curly":
        out = "".join(draw_circle(a, b, 0.14, hair) for a, b in
                      ((0.16, -0.92), (0.0, -1.0), (-0.18, -0.98), (-0.34, -0.86), (-0.43, -0.68),
                       (-0.44, -0.48), (-0.34, -0.30), (-0.16, -0.36), (-0.10, -0.6)))  # fmt: skip
    if look.style == "bun":
        out += draw_circle(-0.44, -0.88, 0.16, low)
    if look.style == "tail":
        out += draw_path(smooth_path([(-0.38, -0.78), (-0.60, -0.55), (-0.58, -0.02), (-0.48, 0.12),
                            (-0.44, -0.3), (-0.36, -0.6)]), low)  # fmt: skip
    out += draw_path(smooth_path(cap), hair)
    return out + draw_curve("M0.12,-0.93 Q-0.10,-1.02 -0.30,-0.88", light, 0.022, 0.45)
