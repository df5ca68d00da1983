"""A dissolve: the two pictures mix."""

from __future__ import annotations

from storyboard.stitching.media.yuv import mix_frames
from storyboard.transitions.spec import TransitionSpec

TRANSITION = TransitionSpec(
    name="dissolve",
    description="The old picture fades into the new one.",
    draw_frame=mix_frames,
    examples=(0.5, "12f"),
)
