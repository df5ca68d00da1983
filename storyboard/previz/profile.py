"""A body seen from the side, looking right."""

from __future__ import annotations

import math

from storyboard.previz.clothes import sleeve
from storyboard.previz.ink import (
    group,
    path,
    poly,
    shade,
    smooth,
    stroke,
)
from storyboard.previz.limbs import bones, foot, hand, limb
from storyboard.previz.look import Look
from storyboard.previz.posture import Pose2D, bob, neck, sunk


def side_view(look: Look, pose: Pose2D) -> str:
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
    color, bare = sleeve(look)
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
            if near and pose.hands == "carry":
                swing *= 0.25
            bend = 4 if near and pose.hands == "carry" else 14 + (50 if pose.runs else 10)
        if near and pose.hands in ("hold", "point", "raise", "wave", "phone", "umbrella"):
            swing, bend = {
                "hold": (18, 72),
                "point": (80, 6),
                "raise": (110, 50),
                "wave": (110, 55),
                "phone": (34, 128),
                "umbrella": (20, 118),
            }[pose.hands]
        tone = color if near else shade(color, -0.22)
        at = (0.004 + lean, shoulder + 0.036)
        elbow, wrist = bones(at, 0.18, 0.155, swing, swing + bend)
        arm = limb(at, elbow, wrist, look.skin if bare else tone, 0.054, 0.038)
        if bare:
            arm += limb(
                at, ((at[0] + elbow[0]) / 2, (at[1] + elbow[1]) / 2), elbow, tone, 0.056, 0.05
            )
        arm = hand(wrist[0] + 0.004, wrist[1], look.skin) + arm
        if near and pose.holds and pose.hands == "hold":
            from storyboard.previz.art import prop_of
            from storyboard.previz.ink import seeded

            prop = prop_of(pose.holds)
            size = min(0.15 / max(prop.width, prop.height), 1 / look.height)
            art = prop.draw(seeded("held", pose.holds), "")[0]
            arm += group(art, wrist[0] + 0.03, wrist[1] + prop.height * size * 0.4, size)
        if near and pose.hands == "carry" and pose.holds:
            from storyboard.previz.art import prop_of
            from storyboard.previz.ink import seeded

            prop, size = prop_of(pose.holds), 0.8 / look.height
            art = prop.draw(seeded("held", pose.holds), "")[0]
            arm = group(art, wrist[0], wrist[1] + prop.height * size - 0.008, size) + arm
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
            legs += limb((lean, hip), knee, ankle, tone, 0.080, 0.044)
            legs += foot(ankle, 0.0, look.shoes)
            continue
        if phase is None:
            first, second = (3.0, -1.0) if near else (-3.0, -5.0)
        else:
            turn = phase + (0 if near else math.pi)
            first = 25 * reach * math.sin(turn)
            second = first - max(0.0, (46 if not pose.runs else 80) * math.cos(turn)) * 0.9
        x = lean * 0.4
        knee, ankle = bones((x, hip), 0.242, 0.226, first, second)
        wide = 0.078 if not skirted else 0.050
        legs += limb((x, hip), knee, ankle, tone, wide, 0.046 if not skirted else 0.030)
        legs += foot(ankle, second, look.shoes)
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
        out += stroke(
            [(depth * 0.5 + lean, shoulder + 0.03), (depth * 0.66, hip), (depth * 0.8, end)],
            shade(c, 0.12),
            0.010,
        )
    chin = neck(look, pose)
    out += poly(
        [
            (chin[0] - 0.054, chin[1] - 0.03),
            (chin[0] + 0.016, chin[1] - 0.02),
            (0.036 + lean, shoulder + 0.012),
            (-0.034 + lean, shoulder),
        ],
        look.skin,
    )
    out += poly([(chin[0] - 0.030, chin[1] - 0.014), (chin[0] + 0.016, chin[1] - 0.02),
                 (0.030 + lean, shoulder - 0.012), (0.004 + lean, shoulder - 0.01)],
                shade(look.skin, -0.15), 0.8)  # fmt: skip
    if look.scarf:
        out += path(smooth([(-0.046 + lean, shoulder - 0.034), (0.052 + lean, shoulder - 0.026),
                            (0.048 + lean, shoulder + 0.022), (-0.046 + lean, shoulder + 0.014)]),
                    look.scarf)  # fmt: skip
    return out + near_arm
