"""Windows: drawn by the compositor, encoded, and kept by what they show."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from storyboard.film import Delivery
from storyboard.graph.timeline import Timeline
from storyboard.stitch.material import Clip, Medium
from storyboard.stitch.media import beside
from storyboard.stitch.overlays import PlacedTitle
from storyboard.stitch.picture import draw, encode
from storyboard.stitch.smart.clipindex import ClipIndex, NotCopied, clip_index
from storyboard.stitch.smart.excerpt import excerpt, excerpt_digest, titles_within
from storyboard.stitch.smart.windows import Window
from storyboard.timecode import FrameRange

WINDOW = "window-"
_REVISION = 1
"""Part of a window's name; raise it when the same window would come out differently."""
_CODING = (
    *("-preset", "superfast", "-crf", "19", "-threads", "1"),
    *("-x264-params", "sps-id=1:open-gop=0:scenecut=0:bframes=2:b-pyramid=none:ref=1"),
)
"""Ids of their own, so that windows stand beside most clips as they are; few reordered frames."""


def rendered(
    windows: Sequence[Window],
    timeline: Timeline,
    clips: Mapping[str, Clip],
    media: Mapping[str, Medium],
    titles: Sequence[PlacedTitle],
    delivery: Delivery,
    cache: Path,
    *,
    jobs: int,
    on_frames: Callable[[int], None],
) -> list[ClipIndex]:
    """The windows as clips in `cache`, in order; those that are there already are only read.

    `on_frames` hears from any thread of frames that are done; what it raises ends the work.
    Raises NotCopied when a window can't be woven in, MediaError when a take can't be read.
    """

    def one(window: Window) -> ClipIndex:
        part = excerpt(timeline, window.span)
        shown = titles_within(titles, window.span)
        name = excerpt_digest(part, shown, media, clips, delivery, _REVISION)
        path = cache / f"{WINDOW}{name}.mp4"
        if path.exists():
            os.utime(path)
            on_frames(part.length)
        else:
            _make(part, shown, path)
        index = clip_index(path, part.length)
        if index.copyable(FrameRange(0, part.length)) != FrameRange(0, part.length):
            path.unlink()
            raise NotCopied("a window was not encoded as it should be")
        return index

    def _make(part: Timeline, shown: Sequence[PlacedTitle], path: Path) -> None:
        unfinished = beside(path)
        try:
            encode(
                draw(part, clips, shown, delivery.size, threads=1),
                delivery,
                unfinished,
                coding=_CODING,
                on_frame=lambda: on_frames(1),
            )
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        try:
            return list(pool.map(one, windows))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
