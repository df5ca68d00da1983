"""Which frame to request for a film whose own frame the models can't make.

The film is delivered in any frame. A model makes only some, so the nearest of them is requested,
and the cut crops it.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.graph.limits.model_lookup import PREVIZ, ModelLookup
from storyboard.model.delivery import parse_aspect_ratio
from storyboard.model.film import Film, Shot
from storyboard.model.framing import PLAIN_CROP
from storyboard.providers.catalog import Model


def choose_requested_frames(
    film: Film, models: ModelLookup, diagnostics: DiagnosticCollector
) -> Film:
    """The film in which each shot has a frame that its model makes, with a note on those chosen.

    A shot that states its `aspect_ratio` keeps it. A shot without `fit`, in a film without one, is
    cropped.
    """
    chosen: dict[str, list[str]] = {}

    def choose(shot: Shot) -> Shot:
        ratio = _choose_ratio(film, shot, models)
        if ratio is None:
            return shot
        chosen.setdefault(ratio, []).append(shot.id)
        fit = shot.fit or film.delivery.fit or (PLAIN_CROP,)
        return replace(shot, aspect_ratio=ratio, fit=fit)

    shots = tuple(choose(shot) for shot in film.shots)
    if not chosen:
        return film
    for ratio, ids in chosen.items():
        which = "every shot" if len(ids) == len(film.shots) else ", ".join(ids)
        diagnostics.add_note(
            "SB435",
            film.find_span("format.aspect_ratio"),
            f"{ratio} is requested for {which}: the nearest frame to {film.delivery.aspect_ratio} "
            "that the model makes; `fit` says how it fills the frame of the film",
        )
    ratio = max(chosen, key=lambda ratio: len(chosen[ratio]))
    defaults = film.defaults
    if defaults.aspect_ratio == film.delivery.aspect_ratio:
        defaults = replace(defaults, aspect_ratio=ratio)
    return replace(film, shots=shots, defaults=defaults)


def choose_drawn_ratio(film: Film, shot: Shot) -> str:
    """The frame of the shot's take; previz composes for the frame of the film.

    Where the film or the shot says how its picture is fitted, previz draws the frame that the model
    makes, and the cut fits it as it will fit the paid take. An extension has its source's frame.
    """
    if shot.provider != PREVIZ or "aspect_ratio" in shot.origins:
        return shot.aspect_ratio
    root = shot
    while root.extends:
        root = film.find_shot(root.extends)
    return film.delivery.aspect_ratio if root.fit == (PLAIN_CROP,) else shot.aspect_ratio


def _choose_ratio(film: Film, shot: Shot, models: ModelLookup) -> str | None:
    """The frame to request; None where the one that the shot has is right or was stated."""
    if shot.omit or shot.color or shot.card or shot.clip or "aspect_ratio" in shot.origins:
        return None
    model = models.find_shot_model(shot)
    if not isinstance(model, Model) or shot.aspect_ratio in model.aspect_ratios:
        return None
    wanted = parse_aspect_ratio(film.delivery.aspect_ratio)

    def measure_distance(ratio: str) -> Fraction:
        shape = parse_aspect_ratio(ratio)
        return max(shape, wanted) / min(shape, wanted)

    return min(model.aspect_ratios, key=measure_distance, default=None)
