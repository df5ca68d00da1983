"""Passers-by: paper people in the background, for crowds and markets."""

from __future__ import annotations

from storyboard.previz.figures.face import Face
from storyboard.previz.figures.figure import draw_figure
from storyboard.previz.figures.pose import BodyPose
from storyboard.previz.painting.svg import draw_ellipse, mirror_art, place_art
from storyboard.previz.script.character_look import derive_look
from storyboard.previz.sets.layers import Motion
from storyboard.previz.sets.stage import Stage

_KINDS = ("woman", "man", "old man hat", "woman coat", "girl", "man jacket", "woman dress", "boy")


def add_passers_by(stage: Stage) -> None:
    """As many as the spec asks for, standing and walking behind the subject."""
    count = stage.spec.extras
    if not count or stage.spec.set in ("void",):
        return
    depths = (2.3, 1.6) if stage.spec.set == "room" else (9.0, 6.2, 3.9)
    for k, z in enumerate(depths):
        drift = (0.0, 0.42, -0.36)[(k + count) % 3] if stage.spec.set != "room" else 0.0
        motion = Motion(drift=drift, bob=0.012 if drift else 0.0, period=0.9, slide=0.03)
        body = ""
        middle = stage.middle
        for x, rng in stage.iter_visible_cells(f"extra{k}", z, 12.0 / count + 0.6, motion):
            if rng.random() < 0.25 or (z < 5 and abs(x - middle) < 1.3):
                continue
            kind = rng.choice(_KINDS)
            look = derive_look(f"extra {k} {x:.1f}", kind)
            is_walking = drift != 0.0
            pose = BodyPose("side" if is_walking else rng.choice(("front", "back")),
                          rng.choice((1, 2, 4, 5, 7, 8)) if is_walking else None)  # fmt: skip
            face = Face("side" if is_walking else pose.view, rng.uniform(-0.7, 0.7))
            art = draw_figure(look, pose, face)
            if is_walking and drift < 0:
                art = mirror_art(art)
            x += rng.uniform(-0.5, 0.5)
            body += draw_ellipse(x, 0, 0.32, 0.05, "#000000", 0.25) + place_art(
                art, x, 0, look.height
            )
        if body:
            stage.add_plane(z, body, -2.2, 0.1, motion=motion, shadow=0.8)
