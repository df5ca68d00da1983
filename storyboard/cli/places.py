"""Where a command may write: never over what the film reads, never where nothing can be written."""

from __future__ import annotations

import os
from pathlib import Path

from storyboard.cli.depfile import files_of
from storyboard.errors import EnvironmentProblem, UsageError
from storyboard.film import Film
from storyboard.run.places import selects_file, store_folder


def writable(film: Film, out: Path, deps: Path | None) -> None:
    """Raises before anything is made: UsageError for a place that would lose a file of the film,
    EnvironmentProblem for one that can't be written.
    """
    targets = [out]
    if film.subtitles == "sidecar":
        targets += [out.with_suffix(suffix) for suffix in (".srt", ".vtt")] if out.name else []
    for target in [*targets, *([deps] if deps else [])]:
        _free(film, target, "-o build/film.mp4")


def plan_writable(film: Film, out: Path) -> None:
    """The same for a saved plan, which replaces nothing but another saved plan."""
    from storyboard.saved import read_plan

    _free(film, out, "--out film.plan.json")
    try:
        other = out.is_file() and out.stat().st_size > 0 and read_plan(out) is None
    except UsageError:
        return  # a plan that is damaged is made anew
    if other:
        raise UsageError(
            f"{out} is there and is no saved plan", hint="write elsewhere: --out film.plan.json"
        )


def _free(film: Film, target: Path, instead: str) -> None:
    """Raises unless a file can be written there that is none of the film's own."""
    if target.is_dir() or not target.name:
        raise UsageError(f"{target} is a folder", hint=f"name a file: {instead}")
    real = _real(target)
    if real in {_real(path) for path in (*files_of(film), selects_file(film.path))}:
        raise UsageError(
            f"{target} is a file of the film itself and would be overwritten",
            hint=f"write elsewhere: {instead}",
        )
    if ".storyboard" in real.parts or real.is_relative_to(_real(store_folder(film.path))):
        raise UsageError(
            f"{target} lies among the film's takes", hint=f"write elsewhere: {instead}"
        )
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
