"""Whether the film's own files are whole, before anything is bought for them.

What was found is remembered in the film's state folder by content, so a file that was moved or
touched is not decoded again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from storyboard.diagnostics.collector import DiagnosticCollector, sort_diagnostics
from storyboard.digest import hash_file
from storyboard.errors import Diagnostic, InvalidStoryboard, MediaError, Severity, Span
from storyboard.model.film import Film, MediaFile
from storyboard.model.shot_keys import FIELD_KEYS
from storyboard.model.sound import list_media_files
from storyboard.pipeline.input_inspector import InputInspector
from storyboard.pipeline.session import CheckedFilm
from storyboard.run.cache_file import read_cache_file, write_cache_file
from storyboard.run.events import Event, EventSink, StepFailed
from storyboard.run.paths import locate_state_folder
from storyboard.util.file_memory import FileMemory

_FORMAT = 3
_PATH = "<file>"
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


def list_inputs(film: Film) -> Iterator[tuple[MediaFile, Span]]:
    """Every file of the film's own with the place that names it."""
    for name, member in film.cast.items():
        outfits = [outfit.image for outfit in member.wardrobe if outfit.image]
        for file in (*member.images, *outfits):
            yield file, film.find_span(f"cast.{name}")
    for shot in film.shots:
        for key in FIELD_KEYS:
            for file in list_media_files(key.read_value(shot)):
                yield file, shot.find_span(key.name)
    for number, cue in enumerate(film.music):
        for file in list_media_files(cue):
            yield file, film.find_span(f"sound.music[{number}].file")
    for number, title in enumerate(film.titles):
        if title.image is not None:
            yield title.image, film.find_span(f"titles[{number}].image")


def count_pending_inputs(film: Film) -> int:
    """How many of the film's files are still to be decoded before anything is bought."""
    memory = _open_memory(film)
    files = {file for file, _ in list_inputs(film) if not file.uri}
    return sum(not memory.has_current(file.path) for file in files)


class InputNames:
    """Puts the film's own names of its files, and the lines that name them, into messages."""

    def __init__(self, film: Film, store_root: Path, hash_path: Callable[[Path], str]) -> None:
        self._inputs = {file: span for file, span in list_inputs(film) if not file.uri}
        self._stored = re.compile(rf"{re.escape(str(store_root))}/takes/\w\w/(\w{{64}})\.\w+")
        self._hash_path = hash_path

    def add_to_events(self, emit: EventSink) -> EventSink:
        """A sink that hands events on to `emit`, with those names in what failed."""

        def emit_named(event: Event) -> None:
            if isinstance(event, StepFailed):
                event = replace(event, message=self.put_into(event.message))
            emit(event)

        return emit_named

    @contextmanager
    def add_to_errors(self) -> Iterator[None]:
        """Lets a MediaError leave the block with those names in its message."""
        try:
            yield
        except MediaError as error:
            error.args = (self.put_into(str(error)),)
            raise

    def put_into(self, message: str) -> str:
        """The message with a name in place of each path, also of a path in the store."""
        for file in sorted(self._inputs, key=lambda file: len(str(file.path)), reverse=True):
            message = message.replace(str(file.path), self._describe(file))
        return self._stored.sub(self._name_stored_file, message)

    def _name_stored_file(self, path: re.Match[str]) -> str:
        for file in self._inputs:
            with suppress(OSError):
                if self._hash_path(file.path) == path[1]:
                    return self._describe(file)
        return path[0]

    def _describe(self, file: MediaFile) -> str:
        span = self._inputs[file]
        return f"{file.name} ({span.file}:{span.line})"


def _open_memory(film: Film, inspector: InputInspector | None = None) -> InputMemory:
    memory = InputMemory(inspector or InputInspector())
    rows = read_cache_file(_locate_memory(film), _FORMAT).get("files", {})
    with suppress(AttributeError, TypeError, IndexError):  # only a memory: decoded again
        memory.entries = {name: (row[:-1], row[-1]) for name, row in rows.items()}
    return memory


def _locate_memory(film: Film) -> Path:
    return locate_state_folder(film.path) / "inputs.json"


class InputMemory(FileMemory[list[str]]):
    """The SHA-256 of each file, then message and hint of what is wrong with it, if anything is.

    The texts say `_PATH` for the file, which may be known under another name later.
    """

    def __init__(self, inspector: InputInspector) -> None:
        super().__init__(self._describe_damage)
        self._inspector = inspector
        self.seconds_left: float | None = None
        """How long reading may take; None as long as the medium needs."""

    def read_header(self, path: Path) -> list[str]:
        """What is wrong with its header or index; remembers nothing."""
        return _describe(path, lambda: self._inspector.read_header(path))

    def read_whole(self, path: Path) -> list[str]:
        """What is wrong with the file, decoded from the first to the last byte."""
        return self(path)[1:]

    def _describe_damage(self, path: Path) -> list[str]:
        try:
            sha256 = hash_file(path)
        except OSError as error:
            return ["", f"{_PATH} can't be read: {error.strerror}", ""]
        known = (row for _, row in list(self.entries.values()) if row[0] == sha256)
        return next(known, None) or [
            sha256,
            *_describe(path, lambda: self._inspector.check_whole_input(path, self.seconds_left)),
        ]


def _describe(path: Path, read: Callable[[], None]) -> list[str]:
    """Message and hint of what is wrong; nothing for a file that can be read."""
    try:
        read()
    except MediaError as error:
        return [text.replace(str(path), _PATH) for text in (str(error), error.hint)]
    return []


def _check_files(film: Film, inputs: dict[MediaFile, Span], *, full: bool) -> list[Diagnostic]:
    path = _locate_memory(film)
    footage = {shot.clip.file for shot in film.shots if shot.clip and shot.clip.file}
    diagnostics = DiagnosticCollector()
    ends_at, bytes_left = time.monotonic() + _QUICK_S, _QUICK_BYTES
    with InputInspector() as inspector:
        memory = _open_memory(film, inspector)
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
                message, hint = (text.replace(_PATH, file.name) for text in damage)
                diagnostics.add_error("SB507", span, message, hint)
    if full or path.parent.is_dir():  # who only looks leaves the disk as it is
        learnt = {name: [*facts, row] for name, (facts, row) in memory.entries.items()}
        write_cache_file(path, _FORMAT, {"files": learnt})
    return list(diagnostics.list_sorted())
