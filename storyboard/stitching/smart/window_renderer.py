"""Renders windows with the compositor, encodes them, and caches them by what they show."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

from storyboard.graph.timeline import ClipKey, Timeline
from storyboard.model.film import Delivery
from storyboard.stitching.cut_inputs import StepMedia
from storyboard.stitching.media.clip_index import (
    CannotStreamCopy,
    ClipIndex,
    read_untrimmed_clip_index,
)
from storyboard.stitching.media.ffmpeg import build_temp_path
from storyboard.stitching.media.yuv import Frame
from storyboard.stitching.picture.clips import ConformedClip
from storyboard.stitching.picture.compositor import compose_frames
from storyboard.stitching.smart.cut_plan import RenderedRange
from storyboard.stitching.smart.timeline_excerpt import (
    digest_excerpt,
    extract_excerpt,
    select_titles_in_span,
)
from storyboard.stitching.smart.window_encoder import REVISION, encode_window
from storyboard.stitching.text.fonts import OURS, FontSet
from storyboard.stitching.text.title_timing import PlacedTitle
from storyboard.timecode import FrameRange
from storyboard.util.output_files import replace_file

WINDOW = "window-"


def render_windows(
    windows: Sequence[RenderedRange],
    timeline: Timeline,
    clips: Mapping[ClipKey, ConformedClip],
    media: Mapping[str, StepMedia],
    titles: Sequence[PlacedTitle],
    delivery: Delivery,
    cache: Path,
    *,
    jobs: int,
    on_frames: Callable[[int], None],
    fonts: FontSet = OURS,
) -> list[ClipIndex]:
    """The windows as clips in `cache`, in order; those already in it are only read.

    `on_frames` gets the number of finished frames, from any thread; an error of it ends the work.
    Raises CannotStreamCopy when a window can't be used, MediaError when a take can't be read.
    """
    stopped = threading.Event()

    def report_frames(frames: int) -> None:
        # After one window fails, the others stop at their next frame.
        if stopped.is_set():
            raise CancelledError
        on_frames(frames)

    def render_window(window: RenderedRange) -> ClipIndex:
        window_timeline = extract_excerpt(timeline, window.span)
        shown_titles = select_titles_in_span(titles, window.span)
        name = digest_excerpt(
            window_timeline, shown_titles, media, clips, delivery, REVISION, fonts
        )
        path = cache / f"{WINDOW}{name}.mp4"
        if index := _find_cached_window(path, window_timeline.length):
            report_frames(window_timeline.length)
            return index
        unfinished = build_temp_path(path)
        try:
            frames = compose_frames(
                window_timeline, clips, shown_titles, delivery.size, threads=1, fonts=fonts
            )
            encode_window(
                _draw_one_frame_ahead(frames), delivery, unfinished, lambda: report_frames(1)
            )
            replace_file(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
        if index := _find_cached_window(path, window_timeline.length):
            return index
        raise CannotStreamCopy("a part of the film was not encoded correctly")

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        try:
            return list(pool.map(render_window, windows))
        except BaseException:
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise


def _draw_one_frame_ahead(frames: Iterator[Frame]) -> Iterator[Frame]:
    """`frames`, each drawn while the previous one is encoded."""
    with ThreadPoolExecutor(1) as aside:
        next_frame = aside.submit(next, frames, None)
        while (frame := next_frame.result()) is not None:
            next_frame = aside.submit(next, frames, None)
            yield frame


def _find_cached_window(path: Path, expected_frames: int) -> ClipIndex | None:
    """The window at `path`, if it exists and can be copied whole; marks it as used."""
    try:
        index = read_untrimmed_clip_index(path, expected_frames)
        os.utime(path)
    except (FileNotFoundError, CannotStreamCopy):
        return None
    whole = FrameRange(0, expected_frames)
    return index if index.find_copyable(whole) == whole else None
