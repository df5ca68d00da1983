"""A slide: the incoming picture moves in over the outgoing one, which doesn't move.

This is the slide of editing programs, MoviePy's `SlideIn` and xfade's `cover`. If the outgoing
picture moves away as well (xfade's `slide`), editors call it a push.
"""

from __future__ import annotations

from fractions import Fraction

from storyboard.stitching.media.yuv import Frame, split_planes
from storyboard.transitions.spec import FROM_SIDE, TransitionSpec


def slide_frame(outgoing: Frame, incoming: Frame, share: Fraction, direction: str) -> Frame:
    """A new frame in which `incoming` has moved in from `direction` by `share` of its extent.

    The position is rounded to whole chroma samples, every second pixel, so that all pixels are
    original ones and colours stay aligned with them.
    """
    frame = outgoing.copy()
    axis = 1 if direction in ("left", "right") else 0
    chroma_length = split_planes(frame)[1].shape[axis]
    chroma_shown = round(share * chroma_length)
    for plane, moving in zip(split_planes(frame), split_planes(incoming), strict=True):
        length = plane.shape[axis]
        shown = chroma_shown * length // chroma_length
        start, end = slice(0, shown), slice(length - shown, length)
        # from the left, the picture's right end appears first, at the left of the frame
        place, part = (start, end) if direction in ("left", "top") else (end, start)
        if axis == 1:
            plane[:, place] = moving[:, part]
        else:
            plane[place] = moving[part]
    return frame


TRANSITION = TransitionSpec(
    name="slide",
    description="The new picture slides in over the old one, which stays.",
    draw_frame=slide_frame,
    parameters=(FROM_SIDE,),
)
