"""Content of the film's own files, by SHA-256, read again only when a file may have changed."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path

from storyboard.digest import file_sha256
from storyboard.run.durable import write_text
from storyboard.run.places import make_folder

_FORMAT = 1
_RACY_NS = 2_000_000_000
"""A file changed this shortly before it was read may change again unseen: clocks tick coarsely."""


class Hashes:
    """SHA-256 by path, remembered in `hashes.json` of a film's state folder.

    A remembered hash holds while size, inode and both times stand, and only if the file had been
    at rest for two seconds when it was read.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "hashes.json"
        self._known: dict[str, list[int | str]] = {}
        self._changed = False
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
            if told["format"] == _FORMAT:
                self._known = told["files"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # only a memory: hashed again

    def __call__(self, path: Path) -> str:
        """The SHA-256 of the file's bytes; raises OSError when it can't be read."""
        name = str(path)
        facts = _facts(path)
        known = self._known.get(name)
        if known is not None and known[:-1] == facts:
            return str(known[-1])
        sha256 = file_sha256(path)
        again = _facts(path)
        at_rest = time.time_ns() - max(again[2], again[3]) > _RACY_NS
        if again == facts and at_rest:
            self._known[name] = [*facts, sha256]
            self._changed = True
        elif self._known.pop(name, None) is not None:
            self._changed = True
        return sha256

    def save(self) -> None:
        """Writes down what was learnt, where that can be written: it is only a memory."""
        if not self._changed:
            return
        with suppress(OSError):
            make_folder(self._path.parent)
            write_text(self._path, json.dumps({"format": _FORMAT, "files": self._known}))
        self._changed = False


def _facts(path: Path) -> list[int]:
    told = os.stat(path)  # noqa: PTH116 - a thousand of them: Path.stat costs twice as much
    return [told.st_size, told.st_ino, told.st_mtime_ns, told.st_ctime_ns]
