"""Content of the film's own files, by SHA-256, read again only when a file may have changed."""

from __future__ import annotations

from pathlib import Path

from storyboard.digest import hash_file
from storyboard.run.cache_file import read_cache_file, write_cache_file
from storyboard.util.file_memory import FileMemory

_FORMAT = 1


class FileHashCache:
    """SHA-256 by path, remembered in `hashes.json` of a film's state folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "hashes.json"
        self._memory = FileMemory(hash_file)
        try:
            rows = read_cache_file(self._path, _FORMAT).get("files", {})
            self._memory.entries = {
                name: (facts, sha256) for name, (*facts, sha256) in rows.items()
            }
        except (AttributeError, ValueError, TypeError):
            pass  # only a memory: hashed again
        self._saved = dict(self._memory.entries)

    def __call__(self, path: Path) -> str:
        """The SHA-256 of the file's bytes; raises OSError when it can't be read."""
        return self._memory(path)

    def save(self) -> None:
        """Writes down what was learnt, where that can be written."""
        if self._memory.entries == self._saved:
            return
        self._saved = dict(self._memory.entries)
        rows = {name: [*facts, sha256] for name, (facts, sha256) in self._saved.items()}
        write_cache_file(self._path, _FORMAT, {"files": rows})
