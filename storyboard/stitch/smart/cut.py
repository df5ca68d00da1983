"""The picture of a film with as little encoding as can be: planned, rendered, woven."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from storyboard.film import Delivery
from storyboard.graph.timeline import Timeline
from storyboard.stitch.material import Clip, Medium
from storyboard.stitch.overlays import PlacedTitle
from storyboard.stitch.smart.chains import unbroken
from storyboard.stitch.smart.clipindex import ClipIndex, NotCopied, clip_index
from storyboard.stitch.smart.render import rendered
from storyboard.stitch.smart.roster import Roster
from storyboard.stitch.smart.weave import Thread, woven
from storyboard.stitch.smart.windows import Run, Window, planned
from storyboard.timecode import FrameRange


def cut_picture(
    timeline: Timeline,
    clips: Mapping[str, Clip],
    media: Mapping[str, Medium],
    titles: Sequence[PlacedTitle],
    delivery: Delivery,
    out: Path,
    *,
    cache: Path,
    jobs: int,
    on_frames: Callable[[int], None],
) -> tuple[tuple[Thread, ...], tuple[str, ...]]:
    """Writes the picture of the film to `out`; returns what was woven, and notes.

    `on_frames` hears of the number of frames that are done, one call at a time. Raises NotCopied
    when a clip is not what its index says, MediaError when a take can't be read.
    """
    one_at_a_time = threading.Lock()

    def done(frames: int) -> None:
        with one_at_a_time:
            on_frames(frames)

    timeline = unbroken(timeline, clips)
    roster = Roster()
    indexes, notes = _indexes(timeline, clips, roster)
    plan = planned(timeline, clips, indexes, titles)
    made = iter(
        rendered(
            [each for each in plan if isinstance(each, Window)],
            *(timeline, clips, media, titles, delivery, cache),
            jobs=jobs,
            on_frames=done,
        )
    )
    threads = tuple(
        Thread(indexes[each.step], FrameRange(each.start, each.start + each.span.length))
        if isinstance(each, Run)
        else Thread(next(made), FrameRange(0, each.span.length))
        for each in plan
    )
    woven(threads, delivery, out, roster=roster)
    if copied := sum(each.span.length for each in plan if isinstance(each, Run)):
        done(copied)
    return threads, notes


def _indexes(
    timeline: Timeline, clips: Mapping[str, Clip], roster: Roster
) -> tuple[dict[str, ClipIndex], tuple[str, ...]]:
    """The indexes of the steps whose clips can be copied, and why those of the others can't."""
    found: dict[str, ClipIndex] = {}
    refused: dict[str, str] = {}
    for event in timeline.events:
        for part in event.slices:
            if not part.step or part.step in found or clips[part.step].still:
                continue
            clip = clips[part.step]
            try:
                index = clip_index(clip.path, clip.frames)
                roster.admit(index.sequences, index.pictures)
                found[part.step] = index
            except NotCopied as problem:
                refused[part.step] = (
                    f"{event.shot}: the take of step {part.step} is encoded again: {problem}"
                )
    return found, tuple(refused.values())
