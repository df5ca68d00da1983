"""Notes about pictures of another shape than the shot that they are sent for."""

from __future__ import annotations

from fractions import Fraction

from storyboard.graph.context import CompileContext
from storyboard.graph.limits.model_lookup import PREVIZ
from storyboard.graph.limits.requested_frames import choose_drawn_ratio
from storyboard.graph.limits.shot_request import ShotRequest
from storyboard.graph.steps import Link
from storyboard.model.delivery import compute_frame_size
from storyboard.model.film import Shot
from storyboard.providers.base import Role

_LEEWAY = Fraction(104, 100)
"""How far two shapes may be apart: what an image model calls 16:9 is so by a few pixels."""


def note_other_shapes(context: CompileContext, request: ShotRequest) -> None:
    """Notes each first, last or reference picture whose sides are otherwise than the shot's."""
    shot = request.shot
    if shot.provider == PREVIZ and not shot.target:
        return
    wanted = Fraction(*compute_frame_size("720p", choose_drawn_ratio(context.film, shot)))
    for link in request.links:
        if link.role not in (Role.FIRST_FRAME, Role.LAST_FRAME, Role.REFERENCE):
            continue
        size = _measure_picture(context, link)
        if not all(size):
            continue
        shape = Fraction(*size)
        if max(shape, wanted) / min(shape, wanted) <= _LEEWAY:
            continue
        key = _find_key(shot, link)
        name = link.file.name if link.file else link.step
        cure = f"cut it to {shot.aspect_ratio}, or the service pads or crops it as it likes"
        if link.role is not Role.REFERENCE and "resize" in request.model.options:
            cure = f"cut it to {shot.aspect_ratio}, or say `options: {{resize: crop}}`, or pad"
        context.diagnostics.add_note(
            "SB433",
            shot.find_span(key if key in shot.origins else ""),
            f"{shot.id} is {shot.aspect_ratio}, and its {link.role.value.replace('_', ' ')} {name} "
            f"is {_describe_size(context, link, size)}: another shape",
            cure,
        )


def _measure_picture(context: CompileContext, link: Link) -> tuple[int, int]:
    """(width, height) of what a link brings, a still's in no certain unit; (0, 0) if unknown."""
    if link.file:
        return link.file.width, link.file.height
    if footage := context.footage.get(link.step):
        return footage.facts.width, footage.facts.height
    # A part of a long take that was refused has no step, and the part after it links to it.
    if (step := context.steps.get(link.step)) is None:
        return 0, 0
    aspect_ratio = step.settings.aspect_ratio
    return compute_frame_size(context.resolutions.get(link.step, "720p"), aspect_ratio)


def _describe_size(context: CompileContext, link: Link, size: tuple[int, int]) -> str:
    """Pixels, or the ratio of a still that is not made yet."""
    if link.file or link.step in context.footage or link.step in context.resolutions:
        return f"{size[0]}x{size[1]}"
    return context.steps[link.step].settings.aspect_ratio


def _find_key(shot: Shot, link: Link) -> str:
    if link.role is Role.REFERENCE:
        return "references" if "references" in shot.origins else "cast"
    if link.role is Role.FIRST_FRAME and shot.continues:
        return "continue"
    return link.role.value
