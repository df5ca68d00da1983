"""Windows: drawn by the compositor, encoded, and kept by what they show."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

from storyboard.film import Delivery
from storyboard.graph.timeline import Timeline
from storyboard.outlet import put
from storyboard.stitching.material import Clip, Medium
from storyboard.stitching.media import beside
from storyboard.stitching.overlays import PlacedTitle
from storyboard.stitching.picture import draw
from storyboard.stitching.planes import Frame
from storyboard.stitching.smart.clipindex import ClipIndex, NotCopied, clip_index
from storyboard.stitching.smart.coder import REVISION, coded
from storyboard.stitching.smart.excerpt import excerpt, excerpt_digest, titles_within
from storyboard.stitching.smart.windows import Window
from storyboard.timecode import FrameRange

WINDOW = "window-"


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
    stopped = threading.Event()

    def told(frames: int) -> None:
        if stopped.is_set():
            raise CancelledError
        on_frames(frames)

    def one(window: Window) -> ClipIndex:
        part = excerpt(timeline, window.span)
        shown = titles_within(titles, window.span)
        name = excerpt_digest(part, shown, media, clips, delivery, REVISION)
        path = cache / f"{WINDOW}{name}.mp4"
        if index := _kept(path, part.length):
            told(part.length)
            return index
        unfinished = beside(path)
        try:
            frames = draw(part, clips, shown, delivery.size, threads=1)
            coded(_ahead(frames), delivery, unfinished, lambda: told(1))
            put(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
        if index := _kept(path, part.length):
            return index
        raise NotCopied("a window was not encoded as it should be")

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        try:
            return list(pool.map(one, windows))
        except BaseException:
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise


def _ahead(frames: Iterator[Frame]) -> Iterator[Frame]:
    """`frames`, each drawn while the one before is encoded."""
    with ThreadPoolExecutor(1) as aside:
        due = aside.submit(next, frames, None)
        while (frame := due.result()) is not None:
            due = aside.submit(next, frames, None)
            yield frame


def _kept(path: Path, frames: int) -> ClipIndex | None:
    """The window at `path`, if there is one and all of it can be copied."""
    try:
        index = clip_index(path, frames)
        os.utime(path)
    except (FileNotFoundError, NotCopied):
        return None
    whole = FrameRange(0, frames)
    return index if index.copyable(whole) == whole else None
