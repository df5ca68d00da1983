"""A body from the side, looking right."""

from __future__ import annotations

import math

from storyboard.previz.figures.clothes import find_sleeve_color_and_bareness
from storyboard.previz.figures.limbs import (
    draw_hand,
    draw_limb,
    draw_shoe_from_side,
    find_joint_and_end,
)
from storyboard.previz.figures.pose import (
    BodyPose,
    compute_sitting_drop,
    compute_step_bob,
    locate_chin,
)
from storyboard.previz.painting.colors import shade_color
from storyboard.previz.painting.seeds import seed_random
from storyboard.previz.painting.svg import (
    draw_line,
    draw_path,
    draw_polygon,
    place_art,
    smooth_path,
)
from storyboard.previz.props import find_prop
from storyboard.previz.script.character_look import Look


def draw_body_from_side(look: Look, pose: BodyPose) -> str:
    """The body from the side, looking right."""
    down, lift = compute_sitting_drop(pose), compute_step_bob(pose)
    w = look.broad
    shoulder = -(1 - look.head) + 0.040 + down + lift
    hip = -0.50 + down + lift
    lean = 0.05 if pose.runs else 0.012 if pose.phase is not None else 0.0
    phase = math.tau * pose.phase / 12 if pose.phase is not None else None
    reach = 1.55 if pose.runs else 1.0
    in_skirt = look.over == "dress" or look.under == "skirt"
    leg = look.skin if in_skirt or look.under == "shorts" else look.under_color
    color, bare = find_sleeve_color_and_bareness(look)
    out = ""
    far_arm, near_arm = "", ""
    for is_near in (False, True):
        if phase is None:
            swing = 4.0 if is_near else -3.0
            bend = 10.0
            if pose.sits:
                swing, bend = 22.0, 44.0
        else:
            # Arms and legs of one side swing against each other.
            swing = 24 * reach * math.sin(phase + (math.pi if is_near else 0))
            if is_near and pose.hands == "carry":
                swing *= 0.25
            bend = 4 if is_near and pose.hands == "carry" else 14 + (50 if pose.runs else 10)
        if is_near and pose.hands in ("hold", "point", "raise", "wave", "phone", "umbrella"):
            swing, bend = {
                "hold": (18, 72),
                "point": (80, 6),
                "raise": (110, 50),
                "wave": (110, 55),
                "phone": (34, 128),
                "umbrella": (20, 118),
            }[pose.hands]
        tone = color if is_near else shade_color(color, -0.22)
        at = (0.004 + lean, shoulder + 0.036)
        elbow, wrist = find_joint_and_end(at, 0.18, 0.155, swing, swing + bend)
        arm = draw_limb(at, elbow, wrist, look.skin if bare else tone, 0.054, 0.038)
        if bare:
            arm += draw_limb(
                at, ((at[0] + elbow[0]) / 2, (at[1] + elbow[1]) / 2), elbow, tone, 0.056, 0.05
            )
        arm = draw_hand(wrist[0] + 0.004, wrist[1], look.skin) + arm
        if is_near and pose.holds and pose.hands == "hold":
            prop = find_prop(pose.holds)
            size = min(0.15 / max(prop.width, prop.height), 1 / look.height)
            art = prop.draw(seed_random("held", pose.holds), "")[0]
            arm += place_art(art, wrist[0] + 0.03, wrist[1] + prop.height * size * 0.4, size)
        if is_near and pose.hands == "carry" and pose.holds:
            prop, size = find_prop(pose.holds), 0.8 / look.height
            art = prop.draw(seed_random("held", pose.holds), "")[0]
            arm = place_art(art, wrist[0], wrist[1] + prop.height * size - 0.008, size) + arm
        if is_near and pose.hands == "umbrella":
            art = find_prop("umbrella").draw(seed_random("held", "umbrella"), "")[0]
            arm = place_art(art, wrist[0], wrist[1] + 0.05, 0.62) + arm
        if is_near:
            near_arm = arm
        else:
            far_arm = arm
    legs = ""
    for is_near in (False, True):
        tone = leg if is_near else shade_color(leg, -0.22)
        if pose.sits:
            knee, ankle = (0.20 + lean, hip + 0.01), (0.21, -0.04)
            legs += draw_limb((lean, hip), knee, ankle, tone, 0.080, 0.044)
            legs += draw_shoe_from_side(ankle, 0.0, look.shoes)
            continue
        if phase is None:
            first, second = (3.0, -1.0) if is_near else (-3.0, -5.0)
        else:
            turn = phase + (0 if is_near else math.pi)
            first = 25 * reach * math.sin(turn)
            # The lower leg trails while the leg swings forward.
            second = first - max(0.0, (46 if not pose.runs else 80) * math.cos(turn)) * 0.9
        x = lean * 0.4
        knee, ankle = find_joint_and_end((x, hip), 0.242, 0.226, first, second)
        wide = 0.078 if not in_skirt else 0.050
        legs += draw_limb((x, hip), knee, ankle, tone, wide, 0.046 if not in_skirt else 0.030)
        legs += draw_shoe_from_side(ankle, second, look.shoes)
    out += far_arm + legs
    c, dark = look.over_color, shade_color(look.over_color, -0.16)
    end = hip + {"coat": 0.20, "cardigan": 0.045, "jacket": 0.03}.get(look.over, 0.008)
    if pose.sits:
        end = min(end, hip + 0.03)
    depth = 0.066 * w
    bust = 0.012 if look.woman else 0.0
    if in_skirt and not pose.sits:
        hem = -0.20 if look.over == "dress" else -0.25
        cloth = c if look.over == "dress" else look.under_color
        spread = 0.125 if phase is not None else 0.10
        skirt = [(-depth * 0.9, hip - 0.10), (depth * 0.9, hip - 0.10),
                 (spread, hem), (0, hem + 0.01), (-spread, hem)]  # fmt: skip
        out += draw_path(smooth_path(skirt), cloth)
    trunk = [(-0.030 + lean, shoulder - 0.008), (0.030 + lean, shoulder - 0.004),
             (depth * 0.86 + bust + lean, shoulder + 0.09), (depth * 0.72, shoulder + 0.19),
             (depth * 0.98, hip), (depth * (1.2 if look.over == "coat" else 1.0), end),
             (-depth * (1.25 if look.over == "coat" else 1.08), end), (-depth * 1.1, hip + 0.01),
             (-depth * 0.78, shoulder + 0.20), (-depth * 1.02 + lean, shoulder + 0.07)]  # fmt: skip
    out += draw_path(smooth_path(trunk), c)
    back = [(-0.030 + lean, shoulder), (0.0, shoulder + 0.1), (-0.012, hip), (-0.01, end),
            (-depth * 1.2, end), (-depth * 1.1, hip), (-depth * 0.8, shoulder + 0.2),
            (-depth + lean, shoulder + 0.07)]  # fmt: skip
    out += draw_path(smooth_path(back), dark, 0.4)
    if look.over in ("coat", "jacket", "cardigan"):
        out += draw_line(
            [(depth * 0.5 + lean, shoulder + 0.03), (depth * 0.66, hip), (depth * 0.8, end)],
            shade_color(c, 0.12),
            0.010,
        )
    chin = locate_chin(look, pose)
    out += draw_polygon(
        [
            (chin[0] - 0.054, chin[1] - 0.03),
            (chin[0] + 0.016, chin[1] - 0.02),
            (0.036 + lean, shoulder + 0.012),
            (-0.034 + lean, shoulder),
        ],
        look.skin,
    )
    out += draw_polygon([(chin[0] - 0.030, chin[1] - 0.014), (chin[0] + 0.016, chin[1] - 0.02),
                 (0.030 + lean, shoulder - 0.012), (0.004 + lean, shoulder - 0.01)],
                shade_color(look.skin, -0.15), 0.8)  # fmt: skip
    if look.scarf:
        scarf = [(-0.046 + lean, shoulder - 0.034), (0.052 + lean, shoulder - 0.026),
                 (0.048 + lean, shoulder + 0.022), (-0.046 + lean, shoulder + 0.014)]  # fmt: skip
        out += draw_path(smooth_path(scarf), look.scarf)
    return out + near_arm
