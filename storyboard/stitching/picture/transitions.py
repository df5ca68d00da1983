"""How two pictures mix: dissolves, fades and wipes, frame by frame, in yuv420p.

Mixing planes directly keeps every frame from a journey to 4:4:4 or RGB and back. A weighted sum
of limited-range planes is the same mix as that of the RGB pictures, since both are linear.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from storyboard.errors import StitchError
from storyboard.model.film import Align
from storyboard.stitching.media.yuv import Frame, split_planes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WIPES = ("left", "right", "top", "bottom", "clock")
"""Where the incoming picture comes from; `clock` turns from twelve."""
_SOFT = 0.04
"""Width of a wipe's edge, as a part of its way."""


def compute_incoming_share(transition_frame: int, transition_length: int) -> Fraction:
    """How much of the incoming picture `transition_frame` shows, of `transition_length` frames."""
    return Fraction(transition_frame + 1, transition_length + 1)


def compute_color_share(
    transition_frame: int, transition_length: int, align: Align = Align.CENTER
) -> Fraction:
    """How much of the colour a fade through it shows: all of it at the cut, where `align` says."""
    match align:
        case Align.START:
            return Fraction(transition_length - transition_frame, transition_length)
        case Align.END:
            return Fraction(transition_frame + 1, transition_length)
    return Fraction(
        min(transition_frame + 1, transition_length - transition_frame), -(-transition_length // 2)
    )


def mix_frames(outgoing: Frame, incoming: Frame, share: Fraction) -> Frame:
    """A new frame with `share` of `incoming` and the rest of `outgoing`."""
    import cv2
    import numpy as np

    part = float(share)
    return np.asarray(cv2.addWeighted(incoming, part, outgoing, 1 - part, 0), np.uint8)


def wipe_frames(outgoing: Frame, incoming: Frame, share: Fraction, direction: str) -> Frame:
    """A new frame in which `incoming` covers `share` of the way from `direction`, softly edged.

    `direction` is one of WIPES, or empty for `left`.
    """
    import cv2
    import numpy as np

    height, width = outgoing.shape[0] * 2 // 3, outgoing.shape[1]
    luma = _build_wipe_mask(height, width, float(share), direction or "left")
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
    """1 where the incoming picture is, 0 where the outgoing one is, smooth between."""
    import numpy as np

    edge_times = _compute_wipe_edge_times(height, width, direction)
    edge = np.clip((share * (1 + _SOFT) - edge_times) / _SOFT, 0, 1)
    if direction == "clock":  # its start is an edge too: soft on the side it has not swept yet
        edge = np.maximum(
            edge, np.clip((edge_times - 1) / _SOFT + 1, 0, 1) * min(1.0, share / _SOFT)
        )
    smooth = edge * edge * (3 - 2 * edge)
    return np.ascontiguousarray(np.broadcast_to(smooth, (height, width)), dtype=np.float32)


def _compute_wipe_edge_times(height: int, width: int, direction: str) -> NDArray[np.floating[Any]]:
    """When the edge passes each pixel, from 0 to 1."""
    import numpy as np

    across = ((np.arange(width, dtype=np.float32) + 0.5) / width)[None, :]
    down = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]
    match direction:
        case "left":
            return across
        case "right":
            return 1 - across
        case "top":
            return down
        case "bottom":
            return 1 - down
        case "clock":
            turn = np.arctan2((across - 0.5) * width, (0.5 - down) * height) / (2 * np.pi)
            return np.asarray(turn % 1)
    raise StitchError(
        f"{direction!r} is no direction of a wipe", hint=f"use one of {', '.join(WIPES)}"
    )
