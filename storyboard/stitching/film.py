"""From selects to the finished film: conform, mix, draw, join, prove."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from storyboard.disk import disk_errors
from storyboard.errors import StitchError
from storyboard.film import Film
from storyboard.graph.timeline import Timeline
from storyboard.outlet import make_room, put
from storyboard.stitching.identity import stitch_digest
from storyboard.stitching.laid import laid
from storyboard.stitching.leftovers import clear_leftovers
from storyboard.stitching.material import Medium, prepared, reviewed
from storyboard.stitching.media import beside
from storyboard.stitching.mux import metadata, mux
from storyboard.stitching.picture import draw, encode
from storyboard.stitching.sidecars import write_cues, write_subtitles
from storyboard.stitching.smart.adts import Sound, read_sound
from storyboard.stitching.smart.clipindex import NotCopied
from storyboard.stitching.smart.cut import cut_film
from storyboard.stitching.smart.proofs import Proofs
from storyboard.stitching.smart.render import WINDOW
from storyboard.stitching.smart.verify import in_time
from storyboard.stitching.sound import Bed, Murmur
from storyboard.stitching.soundtrack import MixFacts, soundtrack
from storyboard.stitching.subtitles import cues
from storyboard.stitching.titles import SUBTITLE, SUBTITLE_OFF
from storyboard.stitching.typeset import unprintable

__all__ = ["Medium", "StitchFacts", "stitch_digest", "stitch_film"]

_TOLD = 12
"""Frames from one report of progress to the next."""
_DAY = 86_400
_KEPT = 30 * _DAY
"""Windows and parts of the sound live so long after the last film that used them."""


@dataclass(frozen=True, slots=True)
class StitchFacts:
    """What was made."""

    path: Path
    frames: int
    seconds: Fraction
    lufs: float
    """Integrated loudness of the sound."""
    true_peak_db: float
    notes: tuple[str, ...] = ()
    """What a person should know: held frames, letters the font lacks, what the mix says."""
    subtitles: tuple[Path, ...] = ()


def stitch_film(
    film: Film,
    timeline: Timeline,
    media: Mapping[str, Medium],
    out: Path,
    *,
    cache: Path,
    beds: Bed | None = None,
    murmur: Murmur | None = None,
    maker: str = "",
    on_progress: Callable[[int, int], None] | None = None,
    jobs: int = 2,
) -> StitchFacts:
    """Cuts the film to `out`, which appears by rename when it is whole and proved.

    `media` is keyed by step id and holds every step that the timeline shows. `cache` keeps
    conformed takes between films; unfinished files live in it too and are gone afterwards.
    `beds` and `murmur`, of the revision `maker`, make the sound that the film has only words for.
    `on_progress` hears (frames drawn, frames of the film). Raises StitchError when takes are
    missing or too short, MediaError when a file can't be read, EnvironmentProblem when the disk is
    full.
    """
    if not timeline.length:
        raise StitchError("the film has no frames: no shot is in the cut")
    with (
        disk_errors(f"{out.name} can't be written"),
        _scratch(out, cache) as scratch,
        ThreadPoolExecutor(1) as aside,
    ):
        clips = prepared(timeline, media, film.delivery, cache, jobs=jobs)
        notes = [*reviewed(timeline, clips), *_letters(film, timeline)]
        titles = laid(film, timeline)
        picture, sound = scratch / "picture.mp4", scratch / "sound.aac"
        mixing = aside.submit(
            lambda: soundtrack(
                *(film, timeline, media, sound),
                cache=cache / "sound",
                scratch=scratch,
                beds=beds,
                murmur=murmur,
                maker=maker,
                jobs=jobs,
            )
        )
        progress = _Progress(timeline.length, mixing, on_progress)
        captions = _captions(film, timeline, scratch)

        def heard() -> Sound | None:
            mixing.result()
            return None if captions else read_sound(sound)

        unfinished = picture if captions else beside(out)
        proofs = Proofs(cache)
        try:
            threads, encoded = cut_film(
                *(timeline, clips, media, titles, film.delivery, unfinished),
                cache=cache,
                jobs=jobs,
                on_frames=progress,
                sound=heard,
                said=dict(part.split("=", 1) for part in metadata(film)[1::2]),
                proofs=proofs,
            )
            mixed = mixing.result()
            if captions:
                laid_out = (film, timeline.length, out, threads, proofs)
                mux(picture, sound, *laid_out, captions=captions)
            else:
                in_time(unfinished, timeline.length, film.delivery.rate, proofs)
                put(unfinished, out)
            proofs.save()
            notes += encoded
        except NotCopied as problem:
            notes.append(f"the whole picture is encoded again: {problem}")
            progress = _Progress(timeline.length, mixing, on_progress)
            frames = draw(timeline, clips, titles, film.delivery.size)
            encode(frames, film.delivery, picture, on_frame=progress)
            mixed = mixing.result()
            mux(picture, sound, film, timeline.length, out, captions=captions)
        finally:
            unfinished.unlink(missing_ok=True)
        return StitchFacts(
            path=out,
            frames=timeline.length,
            seconds=timeline.rate.seconds(timeline.length),
            lufs=mixed.lufs,
            true_peak_db=mixed.true_peak_db,
            notes=(*notes, *mixed.notes),
            subtitles=write_subtitles(film, timeline, out) if film.subtitles == "sidecar" else (),
        )


@contextmanager
def _scratch(out: Path, cache: Path) -> Iterator[Path]:
    """A folder for as long as the cut takes, when what others left behind is cleared away."""
    make_room(out)
    cache.mkdir(parents=True, exist_ok=True)
    clear_leftovers(out)
    _sweep(cache)
    with tempfile.TemporaryDirectory(prefix="stitch-", dir=cache) as folder:
        yield Path(folder)


def _captions(film: Film, timeline: Timeline, folder: Path) -> Path | None:
    """The words that become a track of the file; None where there is none to be."""
    if film.subtitles != "track":
        return None
    paths = [folder / "captions.srt"]
    return next(iter(write_cues(cues(film, timeline), timeline, paths)), None)


class _Progress:
    """Counts frames that are done, and ends the work when the mix has failed."""

    def __init__(
        self,
        frames: int,
        mixing: Future[MixFacts],
        told: Callable[[int, int], None] | None,
    ) -> None:
        self._frames = frames
        self._mixing = mixing
        self._told = told
        self._done = self._heard = 0

    def __call__(self, frames: int = 1) -> None:
        if self._mixing.done():
            self._mixing.result()
        self._done += frames
        if self._told and (self._done >= self._heard + _TOLD or self._done == self._frames):
            self._heard = self._done
            self._told(self._done, self._frames)


def _sweep(cache: Path) -> None:
    """Takes away what a killed process left unfinished, and what no film used for long."""
    now = time.time()
    unfinished = ("stitch-*", ".*.mp4", ".proofs.*", "sound/.*")
    left = [(each, _DAY) for glob in unfinished for each in cache.glob(glob)]
    used = (f"{WINDOW}*.mp4", "sound/meter-*", "sound/aac-*")
    kept = [(each, _KEPT) for glob in used for each in cache.glob(glob)]
    for each, most in (*left, *kept):
        with suppress(OSError):
            if each.stat().st_mtime > now - most:
                continue
            shutil.rmtree(each) if each.is_dir() else each.unlink()


def _letters(film: Film, timeline: Timeline) -> list[str]:
    """A note for every text in the picture with characters that the font lacks."""
    cards = [part.card for event in timeline.events for part in event.slices if part.card]
    titles = [each.title for each in laid(film, timeline)]
    shown = [" ".join((title.text, *title.credits)) for title in titles]
    spoken = {title.text for title in titles if title.style in (SUBTITLE, SUBTITLE_OFF)}
    texts = dict.fromkeys([*cards, *shown])
    missing = {text: unprintable(text) for text in texts if not text.isascii()}
    for text, letters in missing.items():
        if letters and text in spoken:
            raise StitchError(
                f"these subtitles can't be burnt in: the font has no {' '.join(letters)}",
                hint="`subtitles: track` or `sidecar` leaves the letters to the player",
            )
    return [
        f"the font of titles has no {' '.join(letters)}, in {text.strip()!r}"
        for text, letters in missing.items()
        if letters
    ]
