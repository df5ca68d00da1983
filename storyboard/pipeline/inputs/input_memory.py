"""Remembers what was found in the film's files, by content.

A file that was moved or touched is not decoded again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from storyboard.digest import hash_file
from storyboard.errors import MediaError
from storyboard.model.film import Film
from storyboard.pipeline.inputs.input_inspector import InputInspector
from storyboard.run.cache_file import read_cache_file, write_cache_file
from storyboard.run.paths import locate_state_folder
from storyboard.util.file_memory import FileMemory

_FORMAT = 3
PATH = "<file>"
"""Stands for the file in remembered texts, since it may be known under another name later."""


class InputMemory(FileMemory[list[str]]):
    """The SHA-256 of each file, then message and hint of what is wrong with it, if anything is.

    The texts say PATH for the file.
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
            return ["", f"{PATH} can't be read: {error.strerror}", ""]
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
        return [text.replace(str(path), PATH) for text in (str(error), error.hint)]
    return []


def open_memory(film: Film, inspector: InputInspector) -> InputMemory:
    """What is remembered in the film's state folder; `inspector` reads the other files."""
    memory = InputMemory(inspector)
    rows = read_cache_file(_locate_memory(film), _FORMAT).get("files", {})
    with suppress(AttributeError, TypeError, IndexError):  # only a memory: decoded again
        memory.entries = {name: (row[:-1], row[-1]) for name, row in rows.items()}
    return memory


def save_memory(film: Film, memory: InputMemory, *, creates_folder: bool) -> None:
    """Keeps the memory; a film without a state folder gets one only with `creates_folder`."""
    path = _locate_memory(film)
    if creates_folder or path.parent.is_dir():
        learnt = {name: [*facts, row] for name, (facts, row) in memory.entries.items()}
        write_cache_file(path, _FORMAT, {"files": learnt})


def _locate_memory(film: Film) -> Path:
    return locate_state_folder(film.path) / "inputs.json"
