"""Clothes of a body, from the front or the back."""

from __future__ import annotations

from storyboard.previz.figures.pose import BodyPose
from storyboard.previz.painting.colors import shade_color
from storyboard.previz.painting.svg import (
    draw_circle,
    draw_curve,
    draw_line,
    draw_path,
    draw_polygon,
    draw_rect,
    smooth_path,
)
from storyboard.previz.script.character_look import Look


def draw_clothed_torso(
    look: Look,
    pose: BodyPose,
    shoulder_width: float,
    waist_width: float,
    hip_width: float,
    shoulder_y: float,
    hip_y: float,
    from_behind: bool,
) -> str:
    c, dark = look.over_color, shade_color(look.over_color, -0.16)
    end = hip_y + {"coat": 0.20, "cardigan": 0.05, "jacket": 0.035, "dress": 0.0}.get(
        look.over, 0.01
    )
    middle = shoulder_y + (hip_y - shoulder_y) * 0.62
    if pose.sits:
        end = min(end, hip_y + 0.03)
    if look.over == "dress":
        hem = -0.20 if not pose.sits else hip_y + 0.05
        skirt = [(-hip_width * 0.8, hip_y - 0.10), (hip_width * 0.8, hip_y - 0.10),
                 (hip_width * 1.2, hip_y), (hip_width * 1.75, hem), (0, hem + 0.014),
                 (-hip_width * 1.75, hem), (-hip_width * 1.2, hip_y)]  # fmt: skip
        fold = [
            (0.012, hip_y - 0.1),
            (hip_width * 0.8, hip_y - 0.08),
            (hip_width * 1.6, hem),
            (0.05, hem),
        ]
        out = draw_path(smooth_path(skirt), c) + draw_polygon(fold, dark, 0.45)
    else:
        out = ""
    flare = 1.18 if look.over == "coat" else 1.06 if look.over in ("cardigan", "jacket") else 1.0
    low = hip_width * flare
    side = [
        (shoulder_width * 0.98, shoulder_y + 0.028),
        (waist_width, middle),
        (low, hip_y),
        (low * (1.12 if look.over == "coat" else 1.0), end),
    ]
    top = [(0.040, shoulder_y - 0.012), (shoulder_width * 0.72, shoulder_y + 0.002)]
    right = [*top, *side]
    outline = [(-x, y) for x, y in reversed(right)] + right
    outline_path = smooth_path(outline)
    out += draw_path(outline_path, c)
    fold = [(shoulder_width * 0.30, shoulder_y - 0.03), (shoulder_width * 1.3, shoulder_y - 0.03),
            (low * 1.4, end + 0.02), (low * 0.28, end + 0.02),
            (waist_width * 0.30, middle)]  # fmt: skip
    out += _clip_art_to_outline(
        f"trunk{look.over_color[1:]}", outline_path, draw_path(smooth_path(fold), dark, 0.42)
    )
    if from_behind:
        if look.over in ("coat", "jacket"):
            out += draw_line([(0, hip_y - 0.02), (0, end)], dark, 0.006)
        return out + _draw_scarf(look, shoulder_y, from_behind)
    return (
        out
        + _draw_garment_front(look, waist_width, shoulder_y, hip_y, end, dark)
        + _draw_scarf(look, shoulder_y, from_behind)
    )


def _clip_art_to_outline(clip_id: str, outline_path: str, art: str) -> str:
    """`art`, clipped to `outline_path`."""
    return (
        f'<clipPath id="{clip_id}"><path d="{outline_path}"/></clipPath>'
        f'<g clip-path="url(#{clip_id})">{art}</g>'
    )


def _draw_garment_front(
    look: Look, waist_width: float, shoulder_y: float, hip_y: float, hem_y: float, dark_color: str
) -> str:
    """The front of a garment."""
    over, inner, c = look.over, look.inner, look.over_color
    light = shade_color(c, 0.10)
    v = shoulder_y + (hip_y - shoulder_y) * (
        0.55 if over in ("cardigan", "jacket", "coat") else 0.18
    )
    out = ""
    if over in ("cardigan", "jacket", "coat"):
        out += draw_polygon(
            [(-0.044, shoulder_y - 0.008), (0.044, shoulder_y - 0.008), (0.008, v), (-0.008, v)],
            inner,
        )
        if look.tie and over != "cardigan":
            tie = [(-0.010, shoulder_y + 0.02), (0.010, shoulder_y + 0.02), (0.015, v - 0.03),
                   (0, v - 0.008), (-0.015, v - 0.03)]  # fmt: skip
            out += draw_polygon(tie, look.tie)
        out += draw_line([(0, v), (0, hem_y - 0.004)], dark_color, 0.005)
        if over != "cardigan":
            for s in (-1, 1):
                lapel = [(s * 0.042, shoulder_y - 0.012), (s * 0.076, shoulder_y + 0.045),
                         (s * 0.054, shoulder_y + 0.064), (s * 0.010, v)]  # fmt: skip
                out += draw_polygon(lapel, light if s < 0 else shade_color(c, 0.03))
                out += draw_line([lapel[1], lapel[2], lapel[3]], dark_color, 0.004, 0.7)
        else:
            for s in (-1, 1):
                out += draw_line(
                    [(s * 0.046, shoulder_y - 0.006), (s * 0.010, v), (s * 0.010, hem_y - 0.01)],
                    light,
                    0.013,
                )
        for i in range(3):
            y = v + 0.025 + i * (hem_y - v - 0.05) / 2.4
            out += draw_circle(
                0.008 if over != "cardigan" else 0.010, y, 0.0055, shade_color(c, -0.42)
            )
    elif over in ("shirt", "overalls", "vest", "apron"):
        out += draw_line([(0, shoulder_y + 0.02), (0, hem_y)], dark_color, 0.004, 0.8)
        for i in range(5):
            out += draw_circle(0.0, shoulder_y + 0.05 + i * 0.05, 0.004, shade_color(inner, -0.1))
        if over in ("overalls", "apron"):
            bib = shade_color(c, -0.25)
            out += draw_rect(
                -waist_width * 0.72,
                shoulder_y + 0.10,
                waist_width * 1.44,
                hip_y - shoulder_y - 0.10,
                bib,
                0.01,
            )
            for s in (-1, 1):
                out += draw_line(
                    [(s * waist_width * 0.6, shoulder_y + 0.11), (s * 0.06, shoulder_y)], bib, 0.016
                )
    elif over == "jumper":
        for y in (hem_y - 0.010, hem_y - 0.022):
            out += draw_line(
                [(-waist_width * 1.02, y), (waist_width * 1.02, y)], dark_color, 0.004, 0.6
            )
        out += draw_curve(
            f"M-0.050,{shoulder_y:.4f} Q0,{shoulder_y + 0.052:.4f} 0.050,{shoulder_y:.4f}",
            light,
            0.013,
        )
    elif over == "dress":
        y = shoulder_y + (hip_y - shoulder_y) * 0.66
        out += draw_line(
            [(-waist_width * 0.98, y), (waist_width * 0.98, y)], shade_color(c, -0.3), 0.015
        )
    return out


def draw_collar(look: Look, shoulder_y: float, from_behind: bool) -> str:
    if look.over in ("jumper", "tee", "dress", "cardigan") and not look.scarf:
        if look.over == "jumper":
            c = shade_color(look.over_color, 0.08)
            return draw_curve(f"M-0.046,{shoulder_y - 0.008:.4f} Q0,{shoulder_y + 0.038:.4f} "
                         f"0.046,{shoulder_y - 0.008:.4f}", c, 0.016)  # fmt: skip
        return ""
    if look.scarf or from_behind:
        return ""
    c = look.inner if look.over != "shirt" else shade_color(look.over_color, 0.14)
    return "".join(
        draw_polygon([(s * 0.040, shoulder_y - 0.022), (s * 0.062, shoulder_y + 0.010),
              (s * 0.030, shoulder_y + 0.036), (s * 0.004, shoulder_y + 0.022)], c)
        for s in (-1, 1)
    )  # fmt: skip


def _draw_scarf(look: Look, shoulder_y: float, from_behind: bool) -> str:
    if not look.scarf:
        return ""
    c = look.scarf
    out = draw_path(smooth_path([(-0.062, shoulder_y - 0.030), (0.062, shoulder_y - 0.030),
                       (0.072, shoulder_y + 0.018), (0, shoulder_y + 0.046),
                       (-0.072, shoulder_y + 0.018)]), c)  # fmt: skip
    out += draw_curve(f"M-0.055,{shoulder_y - 0.004:.4f} Q0,{shoulder_y + 0.026:.4f} "
                 f"0.055,{shoulder_y - 0.006:.4f}", shade_color(c, -0.2), 0.006)  # fmt: skip
    if not from_behind:
        end = [(0.012, shoulder_y + 0.02), (0.050, shoulder_y + 0.02),
               (0.060, shoulder_y + 0.18), (0.022, shoulder_y + 0.185)]  # fmt: skip
        out += draw_polygon(end, shade_color(c, -0.08))
    return out


def find_sleeve_color_and_bareness(look: Look) -> tuple[str, bool]:
    """The colour of the arm, and whether it is bare below the elbow."""
    if look.over in ("vest", "overalls", "apron"):
        return look.inner if look.over != "overalls" else shade_color(look.over_color, 0.35), False
    return look.over_color, look.over == "tee"
