"""From picked takes to the finished film: conform, mix, render, join, check."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from storyboard.errors import StitchError
from storyboard.stitching.cleanup import remove_abandoned_temp_files, remove_stale_cache_files
from storyboard.stitching.cut_inputs import CutInputs
from storyboard.stitching.media.clip_index import CannotStreamCopy
from storyboard.stitching.media.ffmpeg import build_temp_path
from storyboard.stitching.mux import build_metadata_tags, mux_and_check_film
from storyboard.stitching.picture.clips import (
    check_clips_with_notes,
    conform_shown_takes,
)
from storyboard.stitching.picture.compositor import compose_frames, encode_frames
from storyboard.stitching.smart.checked_seams import CheckedSeams
from storyboard.stitching.smart.seam_check import check_timestamps
from storyboard.stitching.smart.smart_cut import write_smart_cut
from storyboard.stitching.sound.adts import AdtsFile, index_adts_file
from storyboard.stitching.sound.soundtrack import MixResult, write_soundtrack
from storyboard.stitching.text.subtitle_files import list_sidecar_paths, write_cues
from storyboard.stitching.text.titles import SUBTITLE, SUBTITLE_OFF
from storyboard.stitching.text.typesetting import find_missing_letters
from storyboard.util.machine_errors import explain_machine_errors
from storyboard.util.output_files import create_parent_folder, replace_file

_REPORT_EVERY = 12
"""Frames between two progress reports."""


@dataclass(frozen=True, slots=True)
class StitchResult:
    """The finished film."""

    path: Path
    frames: int
    seconds: Fraction
    lufs: float
    """Integrated loudness of the sound."""
    true_peak_db: float
    notes: tuple[str, ...] = ()
    """Notes for the user: held frames, letters that the font lacks, notes on the mix."""
    subtitles: tuple[Path, ...] = ()


def stitch_film(
    inputs: CutInputs,
    out: Path,
    *,
    cache: Path,
    on_progress: Callable[[int, int], None] | None = None,
    jobs: int = 2,
) -> StitchResult:
    """Cuts the film to `out`, which appears by rename once it is complete and checked.

    `cache` keeps conformed takes between films; unfinished files are in it too and are removed
    afterwards. `on_progress` gets (frames done, frames of the film). Raises StitchError when takes
    are missing or too short, MediaError when a file can't be read, EnvironmentProblem when the disk
    is full.
    """
    film, timeline = inputs.film, inputs.timeline
    if not timeline.length:
        raise StitchError("the film has no frames: no shot is in the cut")
    with (
        explain_machine_errors(f"{out.name} can't be written"),
        _clean_up_and_open_scratch(out, cache) as scratch,
        ThreadPoolExecutor(1) as aside,
    ):
        clips = conform_shown_takes(timeline, inputs.media, film.delivery, cache, jobs=jobs)
        notes = [*check_clips_with_notes(timeline, clips), *_note_missing_letters(inputs)]
        picture, sound = scratch / "picture.mp4", scratch / "sound.aac"
        mixing = aside.submit(
            lambda: write_soundtrack(
                inputs, sound, cache=cache / "sound", scratch=scratch, jobs=jobs
            )
        )
        progress = _Progress(timeline.length, mixing, on_progress)
        captions = _write_srt_for_track(inputs, scratch)

        def wait_for_sound() -> AdtsFile | None:
            mixing.result()
            # A smart cut writes the sound itself; with a subtitle track, ffmpeg joins picture,
            # sound and track.
            return None if captions else index_adts_file(sound)

        unfinished = picture if captions else build_temp_path(out)
        proofs = CheckedSeams(cache)
        try:
            sample_ranges, encode_notes = write_smart_cut(
                *(inputs, clips, unfinished),
                cache=cache,
                jobs=jobs,
                on_frames=progress,
                read_sound=wait_for_sound,
                tags=build_metadata_tags(film),
                proofs=proofs,
            )
            mix = mixing.result()
            if captions:
                mux_arguments = (film, timeline.length, out, sample_ranges, proofs)
                mux_and_check_film(picture, sound, *mux_arguments, captions=captions)
            else:
                check_timestamps(unfinished, timeline.length, film.delivery.rate, proofs)
                replace_file(unfinished, out)
            proofs.save()
            notes += encode_notes
        # Copying failed for a reason that excluding single clips can't solve: encode all frames.
        except CannotStreamCopy as problem:
            notes.append(f"the whole film is re-encoded: {problem}")
            progress = _Progress(timeline.length, mixing, on_progress)
            frames = compose_frames(
                timeline, clips, inputs.overlays, film.delivery.size, fonts=inputs.fonts
            )
            encode_frames(frames, film.delivery, picture, on_frame=progress)
            mix = mixing.result()
            mux_and_check_film(picture, sound, film, timeline.length, out, captions=captions)
        finally:
            unfinished.unlink(missing_ok=True)
        subtitle_paths = list_sidecar_paths(film, inputs.subtitle_cues, out)
        write_cues(inputs.subtitle_cues, timeline.rate, subtitle_paths)
        return StitchResult(
            path=out,
            frames=timeline.length,
            seconds=timeline.rate.to_seconds(timeline.length),
            lufs=mix.lufs,
            true_peak_db=mix.true_peak_db,
            notes=(*notes, *mix.notes),
            subtitles=subtitle_paths,
        )


@contextmanager
def _clean_up_and_open_scratch(out: Path, cache: Path) -> Iterator[Path]:
    """A scratch folder for the cut; first removes the leftovers of earlier cuts."""
    create_parent_folder(out)
    cache.mkdir(parents=True, exist_ok=True)
    remove_abandoned_temp_files(out)
    remove_stale_cache_files(cache)
    with tempfile.TemporaryDirectory(prefix="stitch-", dir=cache) as folder:
        yield Path(folder)


def _write_srt_for_track(inputs: CutInputs, folder: Path) -> Path | None:
    """The SRT file for the film's subtitle track; None if it has none."""
    if inputs.film.subtitles != "track" or not inputs.subtitle_cues:
        return None
    path = folder / "captions.srt"
    write_cues(inputs.subtitle_cues, inputs.timeline.rate, [path])
    return path


class _Progress:
    """Counts finished frames, and ends the work when the mix has failed."""

    def __init__(
        self,
        frames: int,
        mixing: Future[MixResult],
        on_progress: Callable[[int, int], None] | None,
    ) -> None:
        self._frames = frames
        self._mixing = mixing
        self._on_progress = on_progress
        self._done = self._last_reported = 0

    def __call__(self, frames: int = 1) -> None:
        # Raises the error of a failed mix at once, instead of after the last frame.
        if self._mixing.done():
            self._mixing.result()
        self._done += frames
        if self._on_progress and (
            self._done >= self._last_reported + _REPORT_EVERY or self._done == self._frames
        ):
            self._last_reported = self._done
            self._on_progress(self._done, self._frames)


def _note_missing_letters(inputs: CutInputs) -> list[str]:
    """A note for every text in the picture with characters that the font lacks."""
    cards = {
        part.card: inputs.fonts
        for event in inputs.timeline.events
        for part in event.slices
        if part.card
    }
    title_texts = {
        " ".join((item.title.text, *item.title.credits)): item.fonts for item in inputs.overlays
    }
    subtitle_texts = {
        item.title.text for item in inputs.overlays if item.title.style in (SUBTITLE, SUBTITLE_OFF)
    }
    missing = {
        text: find_missing_letters(text, fonts)
        for text, fonts in (cards | title_texts).items()
        if not text.isascii()
    }
    for text, letters in missing.items():
        # Boxes in a title are visible beforehand; a subtitle full of them is useless, so it is an
        # error.
        if letters and text in subtitle_texts:
            raise StitchError(
                f"these subtitles can't be burnt in: no font has {' '.join(letters)}",
                hint="name a font that has them: `fonts: [FILE]`",
            )
    return [
        f"no font has {' '.join(letters)}, in {text.strip()!r}"
        for text, letters in missing.items()
        if letters
    ]
