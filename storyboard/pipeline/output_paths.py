"""Where a film may be written: never over its inputs, never where writing is impossible."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from storyboard.errors import EnvironmentProblem, UsageError
from storyboard.model.film import Film
from storyboard.pipeline.depfile import list_film_files, require_names_for_make
from storyboard.pipeline.render import choose_default_output, list_outputs
from storyboard.run.paths import locate_lock_file, locate_store_folder
from storyboard.util.output_files import follow_links, is_stream_path, require_replaceable


def check_output_path(film: Film, out: Path, deps: Path | None) -> None:
    """Raises before anything is made: UsageError for a path that would overwrite a file of the
    film, EnvironmentProblem for a path that can't be written.
    """
    usual = choose_default_output(film)
    instead = f"-o {usual if out != usual else usual.name}"
    _confirm_no_folder(out, instead)
    targets = list_outputs(film, out)
    _confirm_outside_film(film, targets, instead)
    _confirm_distinct_files(targets, f"write elsewhere: {instead}")
    if deps is not None:
        require_names_for_make(deps, out)
        _confirm_text_target(film, deps, "--deps build/film.d")
        _confirm_distinct_files((*targets, deps), "write elsewhere: --deps build/film.d")


def check_plan_path(film: Film, out: Path) -> None:
    """The same for a saved plan, which replaces nothing but another saved plan."""
    from storyboard.pipeline.saved_plan import read_saved_plan

    _confirm_text_target(film, out, "--out film.plan.json")
    if is_stream_path(out):
        return
    try:
        is_foreign = out.is_file() and out.stat().st_size > 0 and read_saved_plan(out) is None
    except UsageError:
        return  # a plan that is damaged is made anew
    if is_foreign:
        raise UsageError(
            f"{out} already exists and is not a saved plan",
            hint="write elsewhere: --out film.plan.json",
        )


def _confirm_text_target(film: Film, target: Path, alternative: str) -> None:
    """A text may go into a pipe or a terminal as well."""
    if not is_stream_path(target):
        _confirm_outside_film(film, [target], alternative)


def _confirm_outside_film(film: Film, targets: Iterable[Path], alternative: str) -> None:
    """Raises unless files can be written there that are none of the film's own."""
    own = {
        name
        for path in (*list_film_files(film), locate_lock_file(film.path))
        for name in _list_identities(path)
    }
    store = _resolve_path(locate_store_folder(film.path))
    for target in targets:
        _confirm_no_folder(target, alternative)
        if own.intersection(_list_identities(target)):
            raise UsageError(
                f"{target} is a source file of the film and would be overwritten",
                hint=f"write elsewhere: {alternative}",
            )
        real = _resolve_path(target)
        if ".storyboard" in real.parts or real.is_relative_to(store):
            raise UsageError(
                f"{target} is in the folder of the film's takes",
                hint=f"write elsewhere: {alternative}",
            )
        _confirm_writable(target)


def _confirm_distinct_files(targets: Iterable[Path], hint: str) -> None:
    """Raises where two of the files would be one."""
    known: dict[Path, Path] = {}
    for target in targets:
        other = known.setdefault(_resolve_path(target), target)
        if other is not target:
            raise UsageError(f"{target} and {other} are the same output file", hint=hint)


def _confirm_no_folder(target: Path, alternative: str) -> None:
    if target.is_dir() or not target.name:
        raise UsageError(f"{target} is a folder", hint=f"name a file: {alternative}")
    require_replaceable(target, f"name a file: {alternative}")


def _list_identities(path: Path) -> Iterator[object]:
    """What identifies the file at `path`, behind links and under names in another case."""
    yield _resolve_path(path)
    with suppress(OSError):
        status = path.stat()
        yield status.st_dev, status.st_ino


def _resolve_path(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _confirm_writable(target: Path) -> None:
    """The nearest folder that exists must be one that we may write in."""
    above = follow_links(target).absolute().parent
    while not above.exists():
        above = above.parent
    if not above.is_dir():
        raise UsageError(
            f"{above} is a file, not a folder, so {target} can't be written", hint="write elsewhere"
        )
    if not os.access(above, os.W_OK):
        raise EnvironmentProblem(f"{above} can't be written", hint="write elsewhere with -o")
