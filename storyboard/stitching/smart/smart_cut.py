"""Makes a film with as little encoding as possible: plan, render, join."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from storyboard.graph.timeline import ClipKey, Timeline
from storyboard.stitching.cut_inputs import CutInputs
from storyboard.stitching.media.clip_index import (
    CannotStreamCopy,
    ClipIndex,
    read_untrimmed_clip_index,
)
from storyboard.stitching.picture.clips import ConformedClip
from storyboard.stitching.smart.checked_seams import CheckedSeams
from storyboard.stitching.smart.cut_plan import CopiedRange, RenderedRange, plan_smart_cut
from storyboard.stitching.smart.extension_runs import move_slices_to_extensions
from storyboard.stitching.smart.mp4_writer import SampleRange, write_mp4
from storyboard.stitching.smart.parameter_sets import ParameterSets
from storyboard.stitching.smart.seam_check import check_seams
from storyboard.stitching.smart.window_renderer import render_windows
from storyboard.stitching.sound.adts import AdtsFile
from storyboard.timecode import FrameRange


def write_smart_cut(
    inputs: CutInputs,
    clips: Mapping[ClipKey, ConformedClip],
    out: Path,
    *,
    cache: Path,
    jobs: int,
    on_frames: Callable[[int], None],
    read_sound: Callable[[], AdtsFile | None],
    tags: Mapping[str, str],
    proofs: CheckedSeams,
) -> tuple[tuple[SampleRange, ...], tuple[str, ...]]:
    """Writes the film to `out` and checks its seams; returns its sample ranges, and notes.

    A clip whose copy fails a check is encoded again, and only that clip. `read_sound` is called
    once the picture is rendered; if it returns None, and `tags` is empty, the film has only a
    picture. `on_frames` gets the number of frames that are done, one call at a time. Raises
    CannotStreamCopy when no smart cut is possible, MediaError when a take can't be read.
    """
    delivery, titles = inputs.film.delivery, inputs.overlays
    timeline = move_slices_to_extensions(inputs.timeline, clips)
    progress = _Progress(on_frames)
    refusals: dict[Path, str] = {}
    # Each round excludes one more clip from copying; the windows of earlier rounds are in the
    # cache.
    while True:
        progress.restart()
        parameter_sets = ParameterSets()
        indexes, notes = _index_clips_and_note_refusals(timeline, clips, parameter_sets, refusals)
        plan = plan_smart_cut(timeline, clips, indexes, titles)
        window_clips = iter(
            render_windows(
                [planned for planned in plan if isinstance(planned, RenderedRange)],
                *(timeline, clips, inputs.media, titles, delivery, cache),
                jobs=jobs,
                on_frames=progress,
                fonts=inputs.fonts,
            )
        )
        sample_ranges = tuple(
            SampleRange(
                indexes[planned.clip],
                FrameRange(planned.start, planned.start + planned.span.length),
            )
            if isinstance(planned, CopiedRange)
            else SampleRange(next(window_clips), FrameRange(0, planned.span.length))
            for planned in plan
        )
        try:
            write_mp4(
                sample_ranges,
                delivery,
                out,
                parameter_sets=parameter_sets,
                sound=read_sound(),
                tags=tags,
            )
            check_seams(out, sample_ranges, proofs, jobs=jobs)
        except CannotStreamCopy as problem:
            copies = {
                indexes[planned.clip].path for planned in plan if isinstance(planned, CopiedRange)
            }
            # A window can't be excluded, so a problem that no copied clip causes is final.
            blamed_path = next((path for path in problem.paths if path in copies), None)
            if blamed_path is None:
                raise
            refusals[blamed_path] = str(problem)  # its frames become windows
            continue
        if copied := sum(
            planned.span.length for planned in plan if isinstance(planned, CopiedRange)
        ):
            progress(copied)
        return sample_ranges, notes


class _Progress:
    """Reports each finished frame once, however often the work restarts."""

    def __init__(self, on_frames: Callable[[int], None]) -> None:
        self._on_frames = on_frames
        self._done = self._reported = 0
        self._lock = threading.Lock()

    def restart(self) -> None:
        self._done = 0

    def __call__(self, frames: int) -> None:
        with self._lock:
            self._done += frames
            if self._done > self._reported:
                more, self._reported = self._done - self._reported, self._done
                self._on_frames(more)


def _index_clips_and_note_refusals(
    timeline: Timeline,
    clips: Mapping[ClipKey, ConformedClip],
    parameter_sets: ParameterSets,
    refusals: Mapping[Path, str],
) -> tuple[dict[ClipKey, ClipIndex], tuple[str, ...]]:
    """The indexes of the steps whose clips can be copied, and notes why the others can't.

    `refusals` are files that failed a check, and why.
    """
    indexes: dict[ClipKey, ClipIndex] = {}
    notes: dict[ClipKey, str] = {}
    for event in timeline.events:
        for part in event.slices:
            key = part.clip_key
            if not part.step or clips[key].still or key in {**indexes, **notes}:
                continue
            clip = clips[key]
            try:
                if clip.path in refusals:
                    raise CannotStreamCopy(refusals[clip.path])
                index = read_untrimmed_clip_index(clip.path, clip.frames)
                # Reserves ids for the clip, which fails if the film's list of sets is full.
                parameter_sets.assign_picture_set_ids(index.sequences, index.pictures)
                indexes[key] = index
            except CannotStreamCopy as problem:
                notes[key] = f"{event.shot}: the take of step {part.step} is re-encoded: {problem}"
    return indexes, tuple(notes.values())
