"""Remembers what was read from files, and detects when a file has changed.

A file counts as unchanged while its size, inode and both times stay the same. Clocks are coarse, so
a file that changed a moment ago may change again without a trace: such a file is not remembered.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

_RACY_NS = 2_000_000_000

T = TypeVar("T")


def read_file_facts(path: Path | str) -> list[int]:
    """Size, inode, and the times of the last change of content and of metadata, in nanoseconds."""
    status = os.stat(path)  # noqa: PTH116 - a thousand of them: Path.stat costs twice as much
    return [status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns]


def is_at_rest(facts: list[int]) -> bool:
    """Whether a file with these facts is old enough that its next change will show in them."""
    return time.time_ns() - max(facts[2:]) > _RACY_NS


class FileMemory(Generic[T]):
    """Caches what `read` returns for files, while they stay unchanged; `max_files` at most."""

    def __init__(self, read: Callable[[Path], T], max_files: int | None = None) -> None:
        self._read = read
        self._max_files = max_files
        self._lock = Lock()
        self.entries: dict[str, tuple[list[int], T]] = {}
        """By path, the facts of a file and what was read from it."""

    def has_current(self, path: Path) -> bool:
        """Whether it remembers the file as it is now; raises OSError where there is none."""
        entry = self.entries.get(str(path))
        return entry is not None and entry[0] == read_file_facts(path)

    def __call__(self, path: Path) -> T:
        """What `read` returns for the file as it is now; raises OSError if there is none."""
        name = str(path)
        facts = read_file_facts(path)
        entry = self.entries.get(name)
        if entry is not None and entry[0] == facts:
            return entry[1]
        value = self._read(path)
        # Compare once more: the file may have changed while it was read.
        is_worth_keeping = read_file_facts(path) == facts and is_at_rest(facts)
        with self._lock:
            self.entries.pop(name, None)
            if is_worth_keeping:
                if len(self.entries) == self._max_files:
                    del self.entries[next(iter(self.entries))]
                self.entries[name] = (facts, value)
        return value
