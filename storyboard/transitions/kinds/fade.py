"""A fade: a picture mixes with a colour."""

from __future__ import annotations

from storyboard.stitching.media.yuv import mix_frames
from storyboard.transitions.spec import TransitionSpec

TRANSITION = TransitionSpec(
    name="fade",
    description="A fade from a colour, or through a colour.",
    draw_frame=mix_frames,
    is_with_color=True,
    examples=(1,),
)
