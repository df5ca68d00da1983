"""Bodies: a jointed paper puppet in any pose. Units are body heights, the ground is y = 0."""

from __future__ import annotations

import math

from storyboard.previz.figures.clothes import (
    draw_clothed_torso,
    draw_collar,
    find_sleeve_color_and_bareness,
)
from storyboard.previz.figures.face import Face, draw_hair_behind_and_head
from storyboard.previz.figures.limbs import (
    draw_hand,
    draw_limb,
    draw_shoe_from_front,
    find_joint_and_end,
)
from storyboard.previz.figures.pose import (
    BodyPose,
    compute_sitting_drop,
    compute_step_bob,
    locate_chin,
)
from storyboard.previz.figures.side_view import draw_body_from_side
from storyboard.previz.painting.colors import shade_color
from storyboard.previz.painting.seeds import seed_random
from storyboard.previz.painting.svg import (
    draw_ellipse,
    draw_line,
    draw_path,
    draw_polygon,
    draw_rect,
    place_art,
    smooth_path,
)
from storyboard.previz.props import find_prop
from storyboard.previz.script.character_look import Look


def draw_body_below_chin(look: Look, pose: BodyPose) -> str:
    """Everything below the chin."""
    if pose.view == "side":
        return draw_body_from_side(look, pose)
    return _draw_front_or_back_view(look, pose, from_behind=pose.view == "back")


def draw_figure(look: Look, pose: BodyPose, face: Face) -> str:
    """Body and head together, in body heights."""
    behind, front = draw_hair_behind_and_head(look, face)
    x, y = locate_chin(look, pose)
    return (
        place_art(behind, x, y, look.head)
        + draw_body_below_chin(look, pose)
        + place_art(front, x, y, look.head)
    )


def _draw_front_or_back_view(look: Look, pose: BodyPose, from_behind: bool) -> str:
    """The body from the front or the back."""
    down, lift = compute_sitting_drop(pose), compute_step_bob(pose)
    w = look.broad
    sh = 0.118 * w
    hips = 0.082 * w if not look.woman else 0.086 * w
    waist = 0.083 * w if not look.woman else 0.071 * w
    shoulder = -(1 - look.head) + 0.046 + down + lift
    hip = -0.50 + down + lift
    out = _draw_legs(look, pose, hips, hip)
    swing = math.sin(math.tau * pose.phase / 12) if pose.phase is not None else 0.0
    arms = [
        _draw_arm_and_is_in_front(look, pose, side, sh, shoulder, swing, from_behind)
        for side in (-1, 1)
    ]
    behind = "".join(a for a, front in arms if not front)
    before = "".join(a for a, front in arms if front)
    out += behind + draw_clothed_torso(look, pose, sh, waist, hips, shoulder, hip, from_behind)
    neck_y = -(1 - look.head) + down + lift
    skin_dark = shade_color(look.skin, -0.14)
    out += draw_polygon([(-0.036, neck_y - 0.03), (0.036, neck_y - 0.03), (0.042, shoulder + 0.006),
                 (0.0, shoulder + 0.03 if not from_behind else shoulder + 0.004),
                 (-0.042, shoulder + 0.006)], look.skin)  # fmt: skip
    out += draw_polygon([(-0.036, neck_y - 0.03), (0.036, neck_y - 0.03), (0.034, neck_y + 0.016),
                 (0.0, neck_y + 0.026), (-0.034, neck_y + 0.012)], skin_dark, 0.8)  # fmt: skip
    out += draw_collar(look, shoulder, from_behind)
    if from_behind:
        # From behind, arms in front of the body are hidden by it, so they are drawn first.
        carried_thing = _draw_held_thing(look, pose, sh, shoulder) if pose.hands == "carry" else ""
        return before + out + carried_thing if pose.hands else out + before
    return out + before + _draw_held_thing(look, pose, sh, shoulder)


def _draw_legs(look: Look, pose: BodyPose, hip_width: float, hip_y: float) -> str:
    in_skirt = look.over == "dress" or look.under == "skirt"
    color = look.skin if in_skirt or look.under == "shorts" else look.under_color
    out = ""
    if pose.sits:
        knee = -0.255
        for side in (-1, 1):
            x = side * hip_width * 0.62
            lap = look.under_color if look.over != "dress" else look.over_color
            out += draw_limb(
                (x * 1.05, knee), (x * 1.12, -0.13), (x * 1.08, -0.035), color, 0.062, 0.042
            )
            out += draw_shoe_from_front(x * 1.08, 0.0, look.shoes, side)
            out += draw_path(
                smooth_path(
                    [
                        (x - 0.052, hip_y - 0.03),
                        (x + 0.052, hip_y - 0.03),
                        (x + 0.056, knee + 0.03),
                        (x - 0.056, knee + 0.03),
                    ]
                ),
                lap,
            )
            out += draw_ellipse(x, knee + 0.012, 0.055, 0.030, shade_color(lap, 0.06))
        return out
    for side in (-1, 1):
        x = side * hip_width * 0.56
        lift = 0.0
        if pose.phase is not None:
            # The legs are half a cycle apart.
            lift = max(0.0, math.sin(math.tau * pose.phase / 12 + (0 if side > 0 else math.pi)))
            lift *= 0.045 if not pose.runs else 0.08
        tone = shade_color(color, -0.07) if side > 0 else color
        wide = 0.074 if not in_skirt else 0.048
        out += draw_limb((x, hip_y), (x * 1.04, -0.262 - lift * 0.7), (x * 1.05, -0.036 - lift),
                         tone, wide, 0.044 if not in_skirt else 0.030)  # fmt: skip
        out += draw_shoe_from_front(x * 1.05, -lift, look.shoes, side)
    if look.under == "skirt" and look.over != "dress":
        c = look.under_color
        hem = -0.25
        out += draw_path(
            smooth_path(
                [
                    (-hip_width * 0.95, hip_y - 0.07),
                    (hip_width * 0.95, hip_y - 0.07),
                    (hip_width * 1.35, hem),
                    (0, hem + 0.012),
                    (-hip_width * 1.35, hem),
                ]
            ),
            c,
        )
        out += draw_polygon(
            [(0.01, hip_y), (hip_width * 0.7, hip_y), (hip_width * 1.2, hem), (0.03, hem)],
            shade_color(c, -0.15),
            0.5,
        )
    return out


def _draw_arm_and_is_in_front(
    look: Look,
    pose: BodyPose,
    side: int,
    shoulder_width: float,
    shoulder_y: float,
    swing: float,
    from_behind: bool,
) -> tuple[str, bool]:
    """An arm in the front or back view, and whether it is in front of the body."""
    color, bare = find_sleeve_color_and_bareness(look)
    tone = shade_color(color, -0.10) if side > 0 else shade_color(color, 0.02)
    at = (side * (shoulder_width - 0.014), shoulder_y + 0.034)
    # The arm at the picture's right acts; holding and crossing take both.
    active = pose.hands and (side > 0 or pose.hands in ("hold", "cross"))
    upper, lower = 0.180, 0.155
    if active and pose.hands == "hold":
        elbow, wrist = find_joint_and_end(at, upper, lower * 0.92, side * 16, -side * 74)
        front = not from_behind
    elif active and pose.hands == "cross":
        elbow, wrist = find_joint_and_end(at, upper, lower, side * 12, -side * 97)
        front = not from_behind
    elif active and pose.hands == "phone":
        elbow, wrist = find_joint_and_end(at, upper, lower * 0.95, side * 20, side * 193)
        front = True
    elif active and pose.hands == "umbrella":
        elbow, wrist = find_joint_and_end(at, upper, lower * 0.9, side * 14, -side * 150)
        front = True
    elif active and pose.hands == "carry":
        elbow, wrist = find_joint_and_end(at, upper, lower, side * 8, side * 2)
        front = False
    elif active and pose.hands in ("wave", "raise"):
        elbow, wrist = find_joint_and_end(at, upper, lower, side * 62, side * 170)
        front = True
    elif active and pose.hands == "point":
        elbow, wrist = find_joint_and_end(at, upper, lower, side * 68, side * 86)
        front = True
    elif pose.sits:
        elbow, wrist = find_joint_and_end(at, upper, lower * 0.8, side * 14, -side * 38)
        front = not from_behind
    else:
        sway = 5 * swing * side
        elbow, wrist = find_joint_and_end(at, upper, lower, side * 9 + sway, side * 3 + sway)
        front = False
    out = draw_hand(wrist[0], wrist[1] + (0.006 if not active else 0.0), look.skin)
    if pose.hands in ("hold", "cross") and active:
        x = wrist[0] - side * 0.012
        out = draw_ellipse(x, wrist[1], 0.024, 0.018, look.skin)
    arm = draw_limb(at, elbow, wrist, tone, 0.056 * look.broad, 0.040)
    if bare:
        arm = draw_limb(at, elbow, wrist, look.skin, 0.046, 0.034)
        arm += draw_limb(
            at, ((at[0] + elbow[0]) / 2, (at[1] + elbow[1]) / 2), elbow, tone, 0.056, 0.050
        )
    else:
        cuff = shade_color(color, -0.28)
        arm += draw_line([((wrist[0] * 5 + elbow[0]) / 6 - 0.016, (wrist[1] * 5 + elbow[1]) / 6),
                       ((wrist[0] * 5 + elbow[0]) / 6 + 0.016, (wrist[1] * 5 + elbow[1]) / 6)],
                      cuff, 0.004, 0.0)  # fmt: skip
    return out + arm if not front else arm + out, front


def _draw_held_thing(look: Look, pose: BodyPose, shoulder_width: float, shoulder_y: float) -> str:
    """The thing in the hands in the front view, in body heights."""
    if not pose.holds:
        return ""
    prop = find_prop(pose.holds)
    size = min(0.16 / max(prop.width, prop.height), 1 / look.height) if prop.stand != "table" else (
        min(0.13 / max(prop.width, prop.height), 1 / look.height))  # fmt: skip
    art = prop.draw(seed_random("held", pose.holds), "")[0]
    if pose.hands == "hold":
        return place_art(art, 0.0, shoulder_y + 0.245 + prop.height * size * 0.35, size)
    if pose.hands == "phone":
        at = (shoulder_width - 0.014, shoulder_y + 0.034)
        _, wrist = find_joint_and_end(at, 0.18, 0.155 * 0.95, 20, 193)
        phone = draw_rect(-0.011, -0.052, 0.022, 0.070, "#22242a", 0.006)
        return place_art(phone, wrist[0] - 0.018, wrist[1] - 0.002, 1.0, -14)
    if pose.hands == "carry":
        _, wrist = find_joint_and_end(
            (shoulder_width - 0.014, shoulder_y + 0.034), 0.18, 0.155, 8, 2
        )
        size = 0.8 / look.height
        return place_art(art, wrist[0] + 0.02, wrist[1] + prop.height * size - 0.008, size)
    if pose.hands == "umbrella":
        _, wrist = find_joint_and_end(
            (shoulder_width - 0.014, shoulder_y + 0.034), 0.18, 0.155 * 0.9, 14, -150
        )
        return place_art(art, wrist[0], wrist[1] + 0.05, 0.62)
    if pose.hands in ("wave", "raise"):
        _, wrist = find_joint_and_end(
            (shoulder_width - 0.014, shoulder_y + 0.034), 0.18, 0.155, 62, 170
        )
        return place_art(art, wrist[0], wrist[1] + 0.01, size)
    return ""
