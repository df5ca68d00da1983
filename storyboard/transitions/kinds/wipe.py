"""A wipe: an edge that crosses the frame uncovers the incoming picture.

Neither picture moves. The edge is soft, so it moves smoothly between pixels.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from storyboard.stitching.media.yuv import Frame, split_planes
from storyboard.transitions.spec import FROM_SIDE, TransitionSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SOFT = 0.04
"""Width of the edge, as a share of its path."""


def wipe_frames(outgoing: Frame, incoming: Frame, share: Fraction, direction: str) -> Frame:
    """A new frame in which `incoming` covers `share` of the frame from `direction`, with a soft
    edge.
    """
    import cv2
    import numpy as np

    height, width = outgoing.shape[0] * 2 // 3, outgoing.shape[1]
    luma = _build_wipe_mask(height, width, float(share), direction)
    chroma = cv2.resize(luma, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    frame = np.empty_like(outgoing)
    for plane, before, after, mask in zip(
        split_planes(frame),
        split_planes(outgoing),
        split_planes(incoming),
        (luma, chroma, chroma),
        strict=True,
    ):
        base = before.astype(np.float32)
        plane[...] = np.rint(base + (after - base) * mask)
    return frame


def _build_wipe_mask(height: int, width: int, share: float, direction: str) -> NDArray[np.float32]:
    """1 for the incoming picture, 0 for the outgoing one, smooth between."""
    import numpy as np

    edge_times = _compute_wipe_edge_times(height, width, direction)
    # The path is longer by the edge's width, so the whole edge is outside the frame at both ends.
    edge = np.clip((share * (1 + _SOFT) - edge_times) / _SOFT, 0, 1)
    smooth = edge * edge * (3 - 2 * edge)
    return np.ascontiguousarray(np.broadcast_to(smooth, (height, width)), dtype=np.float32)


def _compute_wipe_edge_times(height: int, width: int, direction: str) -> NDArray[np.floating[Any]]:
    """When the edge passes each pixel, from 0 to 1."""
    import numpy as np

    across = ((np.arange(width, dtype=np.float32) + 0.5) / width)[None, :]
    down = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]
    return {"left": across, "right": 1 - across, "top": down, "bottom": 1 - down}[direction]


TRANSITION = TransitionSpec(
    name="wipe",
    description="The new picture uncovers from one side, over the old picture.",
    draw_frame=wipe_frames,
    parameters=(FROM_SIDE,),
)
