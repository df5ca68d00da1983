"""Checks that the film's own files are whole, before anything is bought for them."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace

from storyboard.diagnostics.collector import DiagnosticCollector, sort_diagnostics
from storyboard.errors import Diagnostic, InvalidStoryboard, Severity, Span
from storyboard.model.film import Film, MediaFile
from storyboard.pipeline.inputs.input_inspector import InputInspector
from storyboard.pipeline.inputs.input_list import list_inputs
from storyboard.pipeline.inputs.input_memory import PATH, open_memory, save_memory
from storyboard.pipeline.session import CheckedFilm

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
    refused = {each.span for each in checked_film.diagnostics if each.code == "SB358"}
    inputs = {file: span for file, span in list_inputs(film) if span not in refused}
    found = _check_files(film, inputs, full=full)
    return replace(checked_film, diagnostics=sort_diagnostics((*checked_film.diagnostics, *found)))


def require_readable_inputs(checked_film: CheckedFilm) -> None:
    """Raises InvalidStoryboard for an input that the quick check refuses."""
    _require_valid(add_input_diagnostics(checked_film))


def require_whole_inputs(checked_film: CheckedFilm) -> None:
    """Decodes every input that was not decoded before; raises InvalidStoryboard for a damaged one.

    So nothing is bought for a film that can't be cut.
    """
    _require_valid(add_input_diagnostics(checked_film, full=True))


def _require_valid(checked_film: CheckedFilm) -> None:
    if any(each.severity is Severity.ERROR for each in checked_film.diagnostics):
        raise InvalidStoryboard(checked_film.diagnostics, checked_film.texts)


def count_pending_inputs(film: Film) -> int:
    """How many of the film's files are still to be decoded before anything is bought."""
    memory = open_memory(film, InputInspector())
    files = {file for file, _ in list_inputs(film) if not file.uri}
    return sum(not memory.has_current(file.path) for file in files)


def _check_files(film: Film, inputs: dict[MediaFile, Span], *, full: bool) -> list[Diagnostic]:
    footage = {shot.clip.file for shot in film.shots if shot.clip and shot.clip.file}
    diagnostics = DiagnosticCollector()
    ends_at, bytes_left = time.monotonic() + _QUICK_S, _QUICK_BYTES
    with closing(InputInspector()) as inspector:
        memory = open_memory(film, inspector)
        for file, span in inputs.items():
            if file.uri:
                continue
            is_pending = not full and not memory.has_current(file.path)
            if is_pending:
                bytes_left -= file.size
                memory.seconds_left = ends_at - time.monotonic()
                if file in footage or memory.seconds_left <= 0:
                    continue
            try:
                if is_pending and bytes_left < 0:
                    damage = memory.read_header(file.path)
                else:
                    damage = memory.read_whole(file.path)
            except TimeoutError:
                continue  # it stays pending
            if damage:
                message, hint = (text.replace(PATH, file.name) for text in damage)
                diagnostics.add_error("SB507", span, message, hint)
    save_memory(film, memory, creates_folder=full)
    return list(diagnostics.list_sorted())
