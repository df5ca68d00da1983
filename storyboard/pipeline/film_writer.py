"""Writes the film and the files beside it, unless the same film already exists there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from storyboard.model.film import Take
from storyboard.pipeline.provenance import (
    refresh_provenance_notes,
    to_provenance_path,
    write_provenance,
)
from storyboard.pipeline.session import FilmSession
from storyboard.pipeline.up_to_date import OutputCache
from storyboard.run import events as ev

if TYPE_CHECKING:
    from storyboard.stitching.cut_inputs import CutInputs
    from storyboard.stitching.stitch import StitchResult


def write_film(
    session: FilmSession,
    inputs: CutInputs,
    takes: Mapping[str, Take],
    out: Path,
    *,
    jobs: int,
    emit: ev.EventSink,
) -> bool:
    """Cuts the film to `out`, with its subtitles and its provenance, from `takes`.

    Returns False if nothing was cut because `out` already holds that film.
    """
    from storyboard.run.ledger.ledger import Ledger
    from storyboard.stitching.fingerprint import fingerprint_film
    from storyboard.stitching.stitch import stitch_film
    from storyboard.stitching.text.subtitle_files import list_sidecar_paths

    assert session.store is not None
    fingerprint = fingerprint_film(inputs)
    cache = OutputCache(session.state)
    sidecar_paths = list_sidecar_paths(inputs.film, inputs.subtitle_cues, out)
    is_complete = all(path.exists() for path in (to_provenance_path(out), *sidecar_paths))
    if is_complete and cache.is_current(out, fingerprint):
        refresh_provenance_notes(out, session.selects)
        cache.touch_output(out, fingerprint)
        return False
    started = time.monotonic()

    def report_progress(done: int, total: int) -> None:
        emit(ev.StitchProgress(frames=done, of_frames=total))

    stitched = stitch_film(
        inputs, out, cache=session.store.cache, on_progress=report_progress, jobs=jobs
    )
    attempts = Ledger.read_attempts(session.state)
    write_provenance(out, inputs, session.graph, takes, attempts, session.selects)
    cache.record_output(out, fingerprint)
    _report_film(inputs, stitched, time.monotonic() - started, emit)
    return True


def _report_film(
    inputs: CutInputs, stitched: StitchResult, elapsed_s: float, emit: ev.EventSink
) -> None:
    from storyboard.stitching.text.subtitle_files import find_stale_subtitles

    out = stitched.path
    notes = [
        *stitched.notes,
        *(
            f"the film has no speech, but there is an old subtitle file {path.name}"
            for path in find_stale_subtitles(inputs.film, inputs.subtitle_cues, out)
        ),
        f"cut in {elapsed_s:.1f} s: {stitched.lufs:.1f} LUFS, "
        f"true peak {stitched.true_peak_db:.1f} dB",
    ]
    for note in notes:
        emit(ev.Note(message=note))
    emit(
        ev.FilmWritten(
            path=str(out),
            frames=stitched.frames,
            seconds=float(stitched.seconds),
            size=out.stat().st_size,
        )
    )
