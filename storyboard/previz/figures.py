"""Bodies: a jointed paper puppet in any pose. Units are body heights, the ground is y = 0."""

from __future__ import annotations

import math
from dataclasses import dataclass

from storyboard.previz.face import Face, head, placed
from storyboard.previz.ink import (
    Point,
    circle,
    curve,
    ellipse,
    group,
    mirror,
    mix,
    path,
    poly,
    rect,
    shade,
    smooth,
    stroke,
)
from storyboard.previz.look import Look

STRIDE = 0.78
"""Body heights that one whole cycle of two steps covers."""


@dataclass(frozen=True, slots=True)
class Pose2D:
    """What a body does at a moment; hashable, so that a sprite is painted once."""

    view: str = "front"
    """front back side; `side` looks right."""
    phase: int | None = None
    """Twelfths of a walking cycle, or None when it stands."""
    sits: bool = False
    hands: str = ""
    holds: str = ""
    runs: bool = False


def neck(look: Look, pose: Pose2D) -> Point:
    """Where the chin sits."""
    down = sunk(pose)
    lean = 0.0
    if pose.view == "side":
        lean = 0.022 + (0.05 if pose.runs else 0.012 if pose.phase is not None else 0.0)
    return (lean, -(1 - look.head) + 0.008 + down + bob(pose))


def sunk(pose: Pose2D) -> float:
    """How much lower a sitting body is."""
    return 0.235 if pose.sits else 0.0


def bob(pose: Pose2D) -> float:
    if pose.phase is None:
        return 0.0
    return 0.010 * abs(math.sin(math.tau * pose.phase / 12)) * (1.8 if pose.runs else 1.0)


def body(look: Look, pose: Pose2D) -> str:
    """Everything below the chin."""
    if pose.view == "side":
        return _side(look, pose)
    return _upright(look, pose, back=pose.view == "back")


def figure(look: Look, pose: Pose2D, face: Face, nod: float = 0.0) -> str:
    """Body and head together, in body heights."""
    behind, front = head(look, face)
    x, y = neck(look, pose)
    flip = face.view == "front" and False
    under = placed(behind, x, y, look.head, nod, flip)
    return under + body(look, pose) + placed(front, x, y, look.head, nod, flip)


def _limb(a: Point, b: Point, c: Point, color: str, wide: float, end: float) -> str:
    """Two bones of paper, tapering from `wide` to `end`."""
    mid = (wide + end) / 2 * 1.02
    out = ""
    for (x0, y0), (x1, y1), w0, w1 in ((a, b, wide, mid), (b, c, mid, end)):
        length = math.hypot(x1 - x0, y1 - y0) or 1e-6
        nx, ny = (y1 - y0) / length, -(x1 - x0) / length
        out += poly([(x0 + nx * w0 / 2, y0 + ny * w0 / 2), (x1 + nx * w1 / 2, y1 + ny * w1 / 2),
                     (x1 - nx * w1 / 2, y1 - ny * w1 / 2), (x0 - nx * w0 / 2, y0 - ny * w0 / 2)],
                    color)  # fmt: skip
    return (
        out + circle(*a, wide / 2, color) + circle(*b, mid / 2, color) + circle(*c, end / 2, color)
    )


def _bones(
    at: Point, upper: float, lower: float, first: float, second: float
) -> tuple[Point, Point]:
    """(joint, end) of two bones that hang from `at`; angles from straight down, degrees, right."""
    a, b = math.radians(first), math.radians(second)
    joint = (at[0] + math.sin(a) * upper, at[1] + math.cos(a) * upper)
    return joint, (joint[0] + math.sin(b) * lower, joint[1] + math.cos(b) * lower)


def _hand(x: float, y: float, skin: str, size: float = 0.021) -> str:
    return ellipse(x, y + 0.010, size * 0.85, size * 1.2, skin)


def _shoe(x: float, y: float, color: str, side: float) -> str:
    return path(
        smooth([(x - 0.026, y), (x - 0.026, y - 0.030), (x, y - 0.042), (x + 0.026, y - 0.030),
                (x + 0.026 + 0.012 * side, y)]), color,
    )  # fmt: skip


def _upright(look: Look, pose: Pose2D, back: bool) -> str:
    """Seen from the front or the back."""
    down, lift = sunk(pose), bob(pose)
    w = look.broad
    sh = 0.118 * w
    hips = 0.082 * w if not look.woman else 0.086 * w
    waist = 0.083 * w if not look.woman else 0.071 * w
    shoulder = -(1 - look.head) + 0.046 + down + lift
    hip = -0.50 + down + lift
    out = _legs(look, pose, hips, hip)
    swing = math.sin(math.tau * pose.phase / 12) if pose.phase is not None else 0.0
    arms = [_arm(look, pose, side, sh, shoulder, swing, back) for side in (-1, 1)]
    behind = "".join(a for a, front in arms if not front)
    before = "".join(a for a, front in arms if front)
    out += behind + _torso(look, pose, sh, waist, hips, shoulder, hip, back)
    neck_y = -(1 - look.head) + down + lift
    skin_dark = shade(look.skin, -0.14)
    out += poly([(-0.036, neck_y - 0.03), (0.036, neck_y - 0.03), (0.042, shoulder + 0.006),
                 (0.0, shoulder + 0.03 if not back else shoulder + 0.004),
                 (-0.042, shoulder + 0.006)], look.skin)  # fmt: skip
    out += poly([(-0.036, neck_y - 0.03), (0.036, neck_y - 0.03), (0.034, neck_y + 0.016),
                 (0.0, neck_y + 0.026), (-0.034, neck_y + 0.012)], skin_dark, 0.8)  # fmt: skip
    out += _collar(look, shoulder, back)
    if back:
        return before + out if pose.hands else out + before
    return out + before + _held(look, pose, sh, shoulder)


def _legs(look: Look, pose: Pose2D, hips: float, hip: float) -> str:
    skirted = look.over == "dress" or look.under == "skirt"
    color = look.skin if skirted or look.under == "shorts" else look.under_color
    out = ""
    if pose.sits:
        knee = -0.255
        for side in (-1, 1):
            x = side * hips * 0.62
            lap = look.under_color if look.over != "dress" else look.over_color
            out += _limb(
                (x * 1.05, knee), (x * 1.12, -0.13), (x * 1.08, -0.035), color, 0.062, 0.042
            )
            out += _shoe(x * 1.08, 0.0, look.shoes, side)
            out += path(smooth([(x - 0.052, hip - 0.03), (x + 0.052, hip - 0.03),
                                (x + 0.056, knee + 0.03), (x - 0.056, knee + 0.03)]), lap)  # fmt: skip
            out += ellipse(x, knee + 0.012, 0.055, 0.030, shade(lap, 0.06))
        return out
    for side in (-1, 1):
        x = side * hips * 0.56
        lift = 0.0
        if pose.phase is not None:
            lift = max(0.0, math.sin(math.tau * pose.phase / 12 + (0 if side > 0 else math.pi)))
            lift *= 0.045 if not pose.runs else 0.08
        tone = shade(color, -0.07) if side > 0 else color
        wide = 0.074 if not skirted else 0.048
        out += _limb((x, hip), (x * 1.04, -0.262 - lift * 0.7), (x * 1.05, -0.036 - lift), tone,
                     wide, 0.044 if not skirted else 0.030)  # fmt: skip
        out += _shoe(x * 1.05, -lift, look.shoes, side)
    if look.under == "skirt" and look.over != "dress":
        c = look.under_color
        hem = -0.25
        out += path(smooth([(-hips * 0.95, hip - 0.07), (hips * 0.95, hip - 0.07),
                            (hips * 1.35, hem), (0, hem + 0.012), (-hips * 1.35, hem)]), c)  # fmt: skip
        out += poly(
            [(0.01, hip), (hips * 0.7, hip), (hips * 1.2, hem), (0.03, hem)], shade(c, -0.15), 0.5
        )
    return out


def _torso(
    look: Look, pose: Pose2D, sh: float, waist: float, hips: float, shoulder: float, hip: float,
    back: bool,
) -> str:  # fmt: skip
    c, dark = look.over_color, shade(look.over_color, -0.16)
    end = hip + {"coat": 0.20, "cardigan": 0.05, "jacket": 0.035, "dress": 0.0}.get(look.over, 0.01)
    middle = shoulder + (hip - shoulder) * 0.62
    if pose.sits:
        end = min(end, hip + 0.03)
    if look.over == "dress":
        hem = -0.20 if not pose.sits else hip + 0.05
        out = path(smooth([(-hips * 0.8, hip - 0.10), (hips * 0.8, hip - 0.10), (hips * 1.2, hip),
                           (hips * 1.75, hem), (0, hem + 0.014), (-hips * 1.75, hem),
                           (-hips * 1.2, hip)]), c)  # fmt: skip
        out += poly([(0.012, hip - 0.1), (hips * 0.8, hip - 0.08), (hips * 1.6, hem), (0.05, hem)],
                    dark, 0.45)  # fmt: skip
    else:
        out = ""
    flare = 1.18 if look.over == "coat" else 1.06 if look.over in ("cardigan", "jacket") else 1.0
    low = hips * flare
    side = [
        (sh * 0.98, shoulder + 0.028),
        (waist, middle),
        (low, hip),
        (low * (1.12 if look.over == "coat" else 1.0), end),
    ]
    top = [(0.040, shoulder - 0.012), (sh * 0.72, shoulder + 0.002)]
    right = [*top, *side]
    outline = [(-x, y) for x, y in reversed(right)] + right
    sewn = smooth(outline)
    out += path(sewn, c)
    fold = [(sh * 0.30, shoulder - 0.03), (sh * 1.3, shoulder - 0.03), (low * 1.4, end + 0.02),
            (low * 0.28, end + 0.02), (waist * 0.30, middle)]  # fmt: skip
    out += _within(f"trunk{look.over_color[1:]}", sewn, path(smooth(fold), dark, 0.42))
    if back:
        if look.over in ("coat", "jacket"):
            out += stroke([(0, hip - 0.02), (0, end)], dark, 0.006)
        return out + _scarf(look, shoulder, back)
    return out + _front_of(look, sh, waist, shoulder, hip, end, dark) + _scarf(look, shoulder, back)


def _within(name: str, outline: str, body: str) -> str:
    """`body`, cut off where `outline` ends."""
    return (
        f'<clipPath id="{name}"><path d="{outline}"/></clipPath>'
        f'<g clip-path="url(#{name})">{body}</g>'
    )


def _front_of(
    look: Look, sh: float, waist: float, shoulder: float, hip: float, end: float, dark: str
) -> str:
    """What a garment shows in front."""
    over, inner, c = look.over, look.inner, look.over_color
    light = shade(c, 0.10)
    v = shoulder + (hip - shoulder) * (0.55 if over in ("cardigan", "jacket", "coat") else 0.18)
    out = ""
    if over in ("cardigan", "jacket", "coat"):
        out += poly([(-0.044, shoulder - 0.008), (0.044, shoulder - 0.008), (0.008, v), (-0.008, v)],
                    inner)  # fmt: skip
        if look.tie and over != "cardigan":
            out += poly([(-0.010, shoulder + 0.02), (0.010, shoulder + 0.02), (0.015, v - 0.03),
                         (0, v - 0.008), (-0.015, v - 0.03)], look.tie)  # fmt: skip
        out += stroke([(0, v), (0, end - 0.004)], dark, 0.005)
        if over != "cardigan":
            for s in (-1, 1):
                lapel = [(s * 0.042, shoulder - 0.012), (s * 0.076, shoulder + 0.045),
                         (s * 0.054, shoulder + 0.064), (s * 0.010, v)]  # fmt: skip
                out += poly(lapel, light if s < 0 else shade(c, 0.03))
                out += stroke([lapel[1], lapel[2], lapel[3]], dark, 0.004, 0.7)
        else:
            for s in (-1, 1):
                out += stroke([(s * 0.046, shoulder - 0.006), (s * 0.010, v), (s * 0.010, end - 0.01)],
                              light, 0.013)  # fmt: skip
        for i in range(3):
            y = v + 0.025 + i * (end - v - 0.05) / 2.4
            out += circle(0.008 if over != "cardigan" else 0.010, y, 0.0055, shade(c, -0.42))
    elif over in ("shirt", "overalls", "vest", "apron"):
        out += stroke([(0, shoulder + 0.02), (0, end)], dark, 0.004, 0.8)
        for i in range(5):
            out += circle(0.0, shoulder + 0.05 + i * 0.05, 0.004, shade(inner, -0.1))
        if over in ("overalls", "apron"):
            bib = shade(c, -0.25)
            out += rect(
                -waist * 0.72, shoulder + 0.10, waist * 1.44, hip - shoulder - 0.10, bib, 0.01
            )
            for s in (-1, 1):
                out += stroke(
                    [(s * waist * 0.6, shoulder + 0.11), (s * 0.06, shoulder)], bib, 0.016
                )
    elif over == "jumper":
        for y in (end - 0.010, end - 0.022):
            out += stroke([(-waist * 1.02, y), (waist * 1.02, y)], dark, 0.004, 0.6)
        out += curve(
            f"M-0.050,{shoulder:.4f} Q0,{shoulder + 0.052:.4f} 0.050,{shoulder:.4f}", light, 0.013
        )
    elif over == "dress":
        y = shoulder + (hip - shoulder) * 0.66
        out += stroke([(-waist * 0.98, y), (waist * 0.98, y)], shade(c, -0.3), 0.015)
    return out


def _collar(look: Look, shoulder: float, back: bool) -> str:
    if look.over in ("jumper", "tee", "dress", "cardigan") and not look.scarf:
        if look.over == "jumper":
            c = shade(look.over_color, 0.08)
            return curve(f"M-0.046,{shoulder - 0.008:.4f} Q0,{shoulder + 0.038:.4f} "
                         f"0.046,{shoulder - 0.008:.4f}", c, 0.016)  # fmt: skip
        return ""
    if look.scarf or back:
        return ""
    c = look.inner if look.over != "shirt" else shade(look.over_color, 0.14)
    return "".join(
        poly([(s * 0.040, shoulder - 0.022), (s * 0.062, shoulder + 0.010), (s * 0.030, shoulder + 0.036),
              (s * 0.004, shoulder + 0.022)], c)
        for s in (-1, 1)
    )  # fmt: skip


def _scarf(look: Look, shoulder: float, back: bool) -> str:
    if not look.scarf:
        return ""
    c = look.scarf
    out = path(smooth([(-0.062, shoulder - 0.030), (0.062, shoulder - 0.030),
                       (0.072, shoulder + 0.018), (0, shoulder + 0.046),
                       (-0.072, shoulder + 0.018)]), c)  # fmt: skip
    out += curve(f"M-0.055,{shoulder - 0.004:.4f} Q0,{shoulder + 0.026:.4f} "
                 f"0.055,{shoulder - 0.006:.4f}", shade(c, -0.2), 0.006)  # fmt: skip
    if not back:
        out += poly([(0.012, shoulder + 0.02), (0.050, shoulder + 0.02), (0.060, shoulder + 0.18),
                     (0.022, shoulder + 0.185)], shade(c, -0.08))  # fmt: skip
    return out


def _sleeve(look: Look) -> tuple[str, bool]:
    """Colour of the arm, and whether it is bare below the elbow."""
    if look.over in ("vest", "overalls", "apron"):
        return look.inner if look.over != "overalls" else shade(look.over_color, 0.35), False
    return look.over_color, look.over == "tee"


def _arm(
    look: Look, pose: Pose2D, side: int, sh: float, shoulder: float, swing: float, back: bool
) -> tuple[str, bool]:
    """An arm of the front or back view, and whether it lies before the body."""
    color, bare = _sleeve(look)
    tone = shade(color, -0.10) if side > 0 else shade(color, 0.02)
    at = (side * (sh - 0.014), shoulder + 0.034)
    active = pose.hands and (side > 0 or pose.hands in ("hold", "cross"))
    upper, lower = 0.180, 0.155
    if active and pose.hands == "hold":
        elbow, wrist = _bones(at, upper, lower * 0.92, side * 16, -side * 74)
        front = not back
    elif active and pose.hands == "cross":
        elbow, wrist = _bones(at, upper, lower, side * 12, -side * 97)
        front = not back
    elif active and pose.hands == "phone":
        elbow, wrist = _bones(at, upper, lower * 0.95, side * 20, side * 193)
        front = True
    elif active and pose.hands == "umbrella":
        elbow, wrist = _bones(at, upper, lower * 0.9, side * 14, -side * 150)
        front = True
    elif active and pose.hands in ("wave", "raise"):
        elbow, wrist = _bones(at, upper, lower, side * 62, side * 170)
        front = True
    elif active and pose.hands == "point":
        elbow, wrist = _bones(at, upper, lower, side * 68, side * 86)
        front = True
    elif pose.sits:
        elbow, wrist = _bones(at, upper, lower * 0.8, side * 14, -side * 38)
        front = not back
    else:
        sway = 5 * swing * side
        elbow, wrist = _bones(at, upper, lower, side * 9 + sway, side * 3 + sway)
        front = False
    out = _hand(wrist[0], wrist[1] + (0.006 if not active else 0.0), look.skin)
    if pose.hands in ("hold", "cross") and active:
        x = wrist[0] - side * 0.012
        out = ellipse(x, wrist[1], 0.024, 0.018, look.skin)
    arm = _limb(at, elbow, wrist, tone, 0.056 * look.broad, 0.040)
    if bare:
        arm = _limb(at, elbow, wrist, look.skin, 0.046, 0.034)
        arm += _limb(
            at, ((at[0] + elbow[0]) / 2, (at[1] + elbow[1]) / 2), elbow, tone, 0.056, 0.050
        )
    else:
        cuff = shade(color, -0.28)
        arm += stroke([((wrist[0] * 5 + elbow[0]) / 6 - 0.016, (wrist[1] * 5 + elbow[1]) / 6),
                       ((wrist[0] * 5 + elbow[0]) / 6 + 0.016, (wrist[1] * 5 + elbow[1]) / 6)],
                      cuff, 0.004, 0.0)  # fmt: skip
    return out + arm if not front else arm + out, front


def _held(look: Look, pose: Pose2D, sh: float, shoulder: float) -> str:
    """The thing in the hands of a front view, in body heights."""
    if not pose.holds:
        return ""
    from storyboard.previz.art import prop_of
    from storyboard.previz.ink import seeded

    prop = prop_of(pose.holds)
    size = min(0.16 / max(prop.width, prop.height), 1 / look.height) if prop.stand != "table" else (
        min(0.13 / max(prop.width, prop.height), 1 / look.height))  # fmt: skip
    art = prop.draw(seeded("held", pose.holds), "")[0]
    if pose.hands == "hold":
        return group(art, 0.0, shoulder + 0.245 + prop.height * size * 0.35, size)
    if pose.hands == "phone":
        at = (sh - 0.014, shoulder + 0.034)
        _, wrist = _bones(at, 0.18, 0.155 * 0.95, 20, 193)
        phone = rect(-0.011, -0.052, 0.022, 0.070, "#22242a", 0.006)
        return group(phone, wrist[0] - 0.018, wrist[1] - 0.002, 1.0, -14)
    if pose.hands == "umbrella":
        _, wrist = _bones((sh - 0.014, shoulder + 0.034), 0.18, 0.155 * 0.9, 14, -150)
        return group(art, wrist[0], wrist[1] + 0.05, 0.62)
    if pose.hands in ("wave", "raise"):
        _, wrist = _bones((sh - 0.014, shoulder + 0.034), 0.18, 0.155, 62, 170)
        return group(art, wrist[0], wrist[1] + 0.01, size)
    return ""


def _side(look: Look, pose: Pose2D) -> str:
    """Seen from the side, looking right."""
    down, lift = sunk(pose), bob(pose)
    w = look.broad
    shoulder = -(1 - look.head) + 0.040 + down + lift
    hip = -0.50 + down + lift
    lean = 0.05 if pose.runs else 0.012 if pose.phase is not None else 0.0
    phase = math.tau * pose.phase / 12 if pose.phase is not None else None
    reach = 1.55 if pose.runs else 1.0
    skirted = look.over == "dress" or look.under == "skirt"
    leg = look.skin if skirted or look.under == "shorts" else look.under_color
    color, bare = _sleeve(look)
    out = ""
    far_arm, near_arm = "", ""
    for near in (False, True):
        if phase is None:
            swing = 4.0 if near else -3.0
            bend = 10.0
            if pose.sits:
                swing, bend = 22.0, 44.0
        else:
            swing = 24 * reach * math.sin(phase + (math.pi if near else 0))
            bend = 14 + (50 if pose.runs else 10)
        if near and pose.hands in ("hold", "point", "raise", "wave", "phone", "umbrella"):
            swing, bend = {"hold": (18, 72), "point": (80, 6), "raise": (110, 50),
                           "wave": (110, 55), "phone": (34, 128), "umbrella": (20, 118)}[pose.hands]  # fmt: skip
        tone = color if near else shade(color, -0.22)
        at = (0.004 + lean, shoulder + 0.036)
        elbow, wrist = _bones(at, 0.18, 0.155, swing, swing + bend)
        arm = _limb(at, elbow, wrist, look.skin if bare else tone, 0.054, 0.038)
        if bare:
            arm += _limb(
                at, ((at[0] + elbow[0]) / 2, (at[1] + elbow[1]) / 2), elbow, tone, 0.056, 0.05
            )
        arm = _hand(wrist[0] + 0.004, wrist[1], look.skin) + arm
        if near and pose.holds and pose.hands == "hold":
            from storyboard.previz.art import prop_of
            from storyboard.previz.ink import seeded

            prop = prop_of(pose.holds)
            size = min(0.15 / max(prop.width, prop.height), 1 / look.height)
            art = prop.draw(seeded("held", pose.holds), "")[0]
            arm += group(art, wrist[0] + 0.03, wrist[1] + prop.height * size * 0.4, size)
        if near and pose.hands == "umbrella":
            from storyboard.previz.art import prop_of
            from storyboard.previz.ink import seeded

            art = prop_of("umbrella").draw(seeded("held", "umbrella"), "")[0]
            arm = group(art, wrist[0], wrist[1] + 0.05, 0.62) + arm
        if near:
            near_arm = arm
        else:
            far_arm = arm
    legs = ""
    for near in (False, True):
        tone = leg if near else shade(leg, -0.22)
        if pose.sits:
            knee, ankle = (0.20 + lean, hip + 0.01), (0.21, -0.04)
            legs += _limb((lean, hip), knee, ankle, tone, 0.080, 0.044)
            legs += _foot(ankle, 0.0, look.shoes)
            continue
        if phase is None:
            first, second = (3.0, -1.0) if near else (-3.0, -5.0)
        else:
            turn = phase + (0 if near else math.pi)
            first = 25 * reach * math.sin(turn)
            second = first - max(0.0, (46 if not pose.runs else 80) * math.cos(turn)) * 0.9
        x = lean * 0.4
        knee, ankle = _bones((x, hip), 0.242, 0.226, first, second)
        wide = 0.078 if not skirted else 0.050
        legs += _limb((x, hip), knee, ankle, tone, wide, 0.046 if not skirted else 0.030)
        legs += _foot(ankle, second, look.shoes)
    out += far_arm + legs
    c, dark = look.over_color, shade(look.over_color, -0.16)
    end = hip + {"coat": 0.20, "cardigan": 0.045, "jacket": 0.03}.get(look.over, 0.008)
    if pose.sits:
        end = min(end, hip + 0.03)
    depth = 0.066 * w
    bust = 0.012 if look.woman else 0.0
    if skirted and not pose.sits:
        hem = -0.20 if look.over == "dress" else -0.25
        cloth = c if look.over == "dress" else look.under_color
        spread = 0.125 if phase is not None else 0.10
        out += path(smooth([(-depth * 0.9, hip - 0.10), (depth * 0.9, hip - 0.10), (spread, hem),
                            (0, hem + 0.01), (-spread, hem)]), cloth)  # fmt: skip
    trunk = [(-0.030 + lean, shoulder - 0.008), (0.030 + lean, shoulder - 0.004),
             (depth * 0.86 + bust + lean, shoulder + 0.09), (depth * 0.72, shoulder + 0.19),
             (depth * 0.98, hip), (depth * (1.2 if look.over == "coat" else 1.0), end),
             (-depth * (1.25 if look.over == "coat" else 1.08), end), (-depth * 1.1, hip + 0.01),
             (-depth * 0.78, shoulder + 0.20), (-depth * 1.02 + lean, shoulder + 0.07)]  # fmt: skip
    out += path(smooth(trunk), c)
    back = [(-0.030 + lean, shoulder), (0.0, shoulder + 0.1), (-0.012, hip), (-0.01, end),
            (-depth * 1.2, end), (-depth * 1.1, hip), (-depth * 0.8, shoulder + 0.2),
            (-depth + lean, shoulder + 0.07)]  # fmt: skip
    out += path(smooth(back), dark, 0.4)
    if look.over in ("coat", "jacket", "cardigan"):
        out += stroke([(depth * 0.5 + lean, shoulder + 0.03), (depth * 0.66, hip), (depth * 0.8, end)],
                      shade(c, 0.12), 0.010)  # fmt: skip
    chin = neck(look, pose)
    out += poly([(chin[0] - 0.054, chin[1] - 0.03), (chin[0] + 0.016, chin[1] - 0.02),
                 (0.036 + lean, shoulder + 0.012), (-0.034 + lean, shoulder)], look.skin)  # fmt: skip
    out += poly([(chin[0] - 0.030, chin[1] - 0.014), (chin[0] + 0.016, chin[1] - 0.02),
                 (0.030 + lean, shoulder - 0.012), (0.004 + lean, shoulder - 0.01)],
                shade(look.skin, -0.15), 0.8)  # fmt: skip
    if look.scarf:
        out += path(smooth([(-0.046 + lean, shoulder - 0.034), (0.052 + lean, shoulder - 0.026),
                            (0.048 + lean, shoulder + 0.022), (-0.046 + lean, shoulder + 0.014)]),
                    look.scarf)  # fmt: skip
    return out + near_arm


def _foot(ankle: Point, turn: float, color: str) -> str:
    shoe = path(smooth([(-0.028, 0.036), (-0.030, 0.004), (0.010, -0.006), (0.040, 0.014),
                        (0.070, 0.026), (0.072, 0.036)]), color)  # fmt: skip
    return group(
        shoe, ankle[0], ankle[1], 1.0, max(-6.0, -turn * 0.55 if turn < 0 else -turn * 0.7)
    )


__all__ = ["STRIDE", "Pose2D", "body", "figure", "mirror", "mix", "neck"]
