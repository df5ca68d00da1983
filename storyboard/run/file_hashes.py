"""Content of the film's own files, by SHA-256, read again only when a file may have changed."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path

from storyboard.digest import hash_file
from storyboard.run.paths import create_git_ignored_folder
from storyboard.util.atomic_files import write_text

_FORMAT = 1
_RACY_NS = 2_000_000_000
"""A file changed this shortly before it was read may change again unseen: clocks tick coarsely."""


class FileHashCache:
    """SHA-256 by path, remembered in `hashes.json` of a film's state folder.

    A remembered hash holds while size, inode and both times stand, and only if the file had been
    at rest for two seconds when it was read.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "hashes.json"
        self._entries: dict[str, list[int | str]] = {}
        self._changed = False
        try:
            payload = json.loads(self._path.read_text(encoding="utf-8"))
            if payload["format"] == _FORMAT:
                self._entries = payload["files"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # only a memory: hashed again

    def __call__(self, path: Path) -> str:
        """The SHA-256 of the file's bytes; raises OSError when it can't be read."""
        name = str(path)
        facts = _read_stat(path)
        entry = self._entries.get(name)
        if entry is not None and entry[:-1] == facts:
            return str(entry[-1])
        sha256 = hash_file(path)
        facts_after = _read_stat(path)
        at_rest = time.time_ns() - max(facts_after[2], facts_after[3]) > _RACY_NS
        if facts_after == facts and at_rest:
            self._entries[name] = [*facts, sha256]
            self._changed = True
        elif self._entries.pop(name, None) is not None:
            self._changed = True
        return sha256

    def save(self) -> None:
        """Writes down what was learnt, where that can be written: it is only a memory."""
        if not self._changed:
            return
        with suppress(OSError):
            create_git_ignored_folder(self._path.parent)
            write_text(self._path, json.dumps({"format": _FORMAT, "files": self._entries}))
        self._changed = False


def _read_stat(path: Path) -> list[int]:
    stat = os.stat(path)  # noqa: PTH116 - a thousand of them: Path.stat costs twice as much
    return [stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns]
