"""Whether the film's own files are whole, before anything is bought for them.

What was found is remembered in the film's state folder, while a file stays the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from storyboard.diagnostics.collector import DiagnosticCollector, sort_diagnostics
from storyboard.errors import Diagnostic, InvalidStoryboard, MediaError, Severity, Span
from storyboard.model.film import Film, MediaFile
from storyboard.model.shot_keys import FIELD_KEYS
from storyboard.model.sound import list_media_files
from storyboard.pipeline.session import CheckedFilm
from storyboard.run.cache_file import read_cache_file, write_cache_file
from storyboard.run.paths import locate_state_folder
from storyboard.util.file_memory import FileMemory

_FORMAT = 1
_QUICK_S = 10.0
_QUICK_BYTES = 500_000_000
"""What `check` spends on files that it has not read before."""


def add_input_diagnostics(checked_film: CheckedFilm, *, full: bool = False) -> CheckedFilm:
    """The film with what is wrong inside the files that it names, at the keys that name them.

    Footage is decoded with `full` alone: otherwise its index was read already, and pictures and
    sound are decoded within some seconds. `count_pending_inputs` says how many files are left.
    """
    film = checked_film.film
    if film is None:
        return checked_film
    inputs = dict(list_inputs(film))
    found = _check_files(film, inputs, full=full)
    return replace(checked_film, diagnostics=sort_diagnostics((*checked_film.diagnostics, *found)))


def require_whole_inputs(checked_film: CheckedFilm) -> None:
    """Decodes every input that was not decoded before; raises InvalidStoryboard for a damaged one.

    So nothing is bought for a film that can't be cut.
    """
    checked_film = add_input_diagnostics(checked_film, full=True)
    if any(each.severity is Severity.ERROR for each in checked_film.diagnostics):
        raise InvalidStoryboard(checked_film.diagnostics, checked_film.texts)


def list_inputs(film: Film) -> Iterator[tuple[MediaFile, Span]]:
    """Every file of the film's own with the place that names it."""
    for name, member in film.cast.items():
        for file in member.images:
            yield file, film.find_span(f"cast.{name}")
    for shot in film.shots:
        for key in FIELD_KEYS:
            for file in list_media_files(key.read_value(shot)):
                yield file, shot.find_span(key.name)
    for number, cue in enumerate(film.music):
        for file in list_media_files(cue):
            yield file, film.find_span(f"sound.music[{number}].file")


def count_pending_inputs(film: Film) -> int:
    """How many of the film's files are still to be decoded before anything is bought."""
    memory = _open_memory(film)
    files = {file for file, _ in list_inputs(film) if not file.uri}
    return sum(not memory.has_current(file.path) for file in files)


def _open_memory(film: Film) -> FileMemory[list[str]]:
    memory = FileMemory(_describe_damage)
    rows = read_cache_file(_locate_memory(film), _FORMAT).get("files", {})
    with suppress(AttributeError, TypeError, IndexError):  # only a memory: decoded again
        memory.entries = {name: (row[:-1], row[-1]) for name, row in rows.items()}
    return memory


def _locate_memory(film: Film) -> Path:
    return locate_state_folder(film.path) / "inputs.json"


def _check_files(film: Film, inputs: dict[MediaFile, Span], *, full: bool) -> list[Diagnostic]:
    path = _locate_memory(film)
    memory = _open_memory(film)
    footage = {shot.clip.file for shot in film.shots if shot.clip and shot.clip.file}
    diagnostics = DiagnosticCollector()
    ends_at, bytes_left = time.monotonic() + _QUICK_S, _QUICK_BYTES
    for file, span in inputs.items():
        if file.uri:
            continue
        is_remembered = memory.has_current(file.path)
        if not full and not is_remembered:
            bytes_left -= file.size
            if file in footage or bytes_left < 0 or time.monotonic() > ends_at:
                continue
        if damage := memory(file.path):
            message, hint = damage
            message = message.replace(str(file.path), file.name)
            diagnostics.add_error("SB507", span, message, hint)
    if full or path.parent.is_dir():  # who only looks leaves the disk as it is
        learnt = {name: [*facts, row] for name, (facts, row) in memory.entries.items()}
        write_cache_file(path, _FORMAT, {"files": learnt})
    return list(diagnostics.list_sorted())


def _describe_damage(path: Path) -> list[str]:
    """Message and hint of what is wrong with a file; nothing where it is whole."""
    from storyboard.stitching.media.decode_check import check_whole_input

    try:
        check_whole_input(path)
    except MediaError as error:
        return [str(error), error.hint]
    return []
