"""A film with as little encoding as can be: planned, rendered, woven."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from storyboard.film import Delivery
from storyboard.graph.timeline import Timeline
from storyboard.stitching.material import Clip, Medium
from storyboard.stitching.overlays import PlacedTitle
from storyboard.stitching.smart.adts import Sound
from storyboard.stitching.smart.chains import unbroken
from storyboard.stitching.smart.clipindex import ClipIndex, NotCopied, clip_index
from storyboard.stitching.smart.proofs import Proofs
from storyboard.stitching.smart.render import rendered
from storyboard.stitching.smart.roster import Roster
from storyboard.stitching.smart.verify import proved
from storyboard.stitching.smart.weave import Thread, woven
from storyboard.stitching.smart.windows import Run, Window, planned
from storyboard.timecode import FrameRange


def cut_film(
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
    sound: Callable[[], Sound | None],
    said: Mapping[str, str],
    proofs: Proofs,
) -> tuple[tuple[Thread, ...], tuple[str, ...]]:
    """Writes the film to `out` and proves its seams; returns what was woven, and notes.

    A clip whose copy is not what it was is encoded again, it alone. `sound` is asked for when the
    picture is drawn; without one, and without what is `said` of it, the film is its picture alone.
    `on_frames` hears of the number of frames that are done, one call at a time. Raises NotCopied
    when the film can't be woven at all, MediaError when a take can't be read.
    """
    timeline = unbroken(timeline, clips)
    progress = _Progress(on_frames)
    refused: dict[Path, str] = {}
    while True:
        progress.begin()
        roster = Roster()
        indexes, notes = _indexes(timeline, clips, roster, refused)
        plan = planned(timeline, clips, indexes, titles)
        made = iter(
            rendered(
                [each for each in plan if isinstance(each, Window)],
                *(timeline, clips, media, titles, delivery, cache),
                jobs=jobs,
                on_frames=progress,
            )
        )
        threads = tuple(
            Thread(indexes[each.step], FrameRange(each.start, each.start + each.span.length))
            if isinstance(each, Run)
            else Thread(next(made), FrameRange(0, each.span.length))
            for each in plan
        )
        try:
            woven(threads, delivery, out, roster=roster, sound=sound(), said=said)
            proved(out, threads, proofs, jobs=jobs)
        except NotCopied as problem:
            copies = {indexes[each.step].path for each in plan if isinstance(each, Run)}
            blamed = next((path for path in problem.paths if path in copies), None)
            if blamed is None:
                raise
            refused[blamed] = str(problem)  # its frames become windows
            continue
        if copied := sum(each.span.length for each in plan if isinstance(each, Run)):
            progress(copied)
        return threads, notes


class _Progress:
    """Tells of frames that are done, once, however often the work begins again."""

    def __init__(self, told: Callable[[int], None]) -> None:
        self._told = told
        self._done = self._most = 0
        self._one_at_a_time = threading.Lock()

    def begin(self) -> None:
        self._done = 0

    def __call__(self, frames: int) -> None:
        with self._one_at_a_time:
            self._done += frames
            if self._done > self._most:
                more, self._most = self._done - self._most, self._done
                self._told(more)


def _indexes(
    timeline: Timeline,
    clips: Mapping[str, Clip],
    roster: Roster,
    refused: Mapping[Path, str],
) -> tuple[dict[str, ClipIndex], tuple[str, ...]]:
    """The indexes of the steps whose clips can be copied, and why those of the others can't.

    `refused` are files that turned out not to be, and why.
    """
    found: dict[str, ClipIndex] = {}
    notes: dict[str, str] = {}
    for event in timeline.events:
        for part in event.slices:
            if not part.step or clips[part.step].still or part.step in {**found, **notes}:
                continue
            clip = clips[part.step]
            try:
                if clip.path in refused:
                    raise NotCopied(refused[clip.path])
                index = clip_index(clip.path, clip.frames)
                roster.admit(index.sequences, index.pictures)
                found[part.step] = index
            except NotCopied as problem:
                notes[part.step] = (
                    f"{event.shot}: the take of step {part.step} is encoded again: {problem}"
                )
    return found, tuple(notes.values())
