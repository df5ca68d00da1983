"""Where a render may write: never over what the film reads, never where nothing can be written."""

from __future__ import annotations

import os
from pathlib import Path

from storyboard.cli.depfile import files_of
from storyboard.errors import EnvironmentProblem, UsageError
from storyboard.film import Film
from storyboard.run.places import selects_file


def writable(film: Film, out: Path, deps: Path | None) -> None:
    """Raises before anything is made: UsageError for a place that would lose a file of the film,
    EnvironmentProblem for one that can't be written.
    """
    read = {_real(path) for path in (*files_of(film), selects_file(film.path))}
    targets = [out]
    if film.subtitles == "sidecar":
        targets += [out.with_suffix(suffix) for suffix in (".srt", ".vtt")] if out.name else []
    for target in [*targets, *([deps] if deps else [])]:
        if target.is_dir() or not target.name:
            raise UsageError(f"{target} is a folder", hint=f"name a file: {target / 'film.mp4'}")
        if _real(target) in read:
            raise UsageError(
                f"{target} is a file of the film itself and would be overwritten",
                hint="write elsewhere: -o build/film.mp4",
            )
        if ".storyboard" in _real(target).parts:
            raise UsageError(f"{target} lies among the film's takes", hint="write elsewhere")
        _room(target)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _room(target: Path) -> None:
    """The nearest folder that exists must be one that we may write in."""
    above = target.absolute().parent
    while not above.exists():
        above = above.parent
    if not above.is_dir():
        raise UsageError(f"{above} is a file, so {target} can't lie in it", hint="write elsewhere")
    if not os.access(above, os.W_OK):
        raise EnvironmentProblem(f"{above} can't be written", hint="write elsewhere with -o")
