"""Which films stand where: a memory of the state folder that may be lost at no harm."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from storyboard.run.durable import write_text
from storyboard.run.places import make_folder


class Delivered:
    """Which films stand where, so that one that is current is not cut again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._known = json.loads(path.read_text("utf-8"))["films"]
        except (OSError, ValueError, KeyError, TypeError):
            self._known = {}  # only a memory: the film is cut again

    def stands(self, out: Path, identity: str) -> bool:
        """Whether the film of that identity is what lies at `out`, untouched since."""
        try:
            facts = out.stat()
        except OSError:
            return False
        known = self._known.get(str(out.absolute()))
        return bool(known == [identity, facts.st_size, facts.st_mtime_ns])

    def note(self, out: Path, identity: str) -> None:
        """Remembers what now lies at `out`, where that can be written."""
        facts = out.stat()
        self._known[str(out.absolute())] = [identity, facts.st_size, facts.st_mtime_ns]
        with suppress(OSError):
            make_folder(self._path.parent)
            write_text(self._path, json.dumps({"format": 1, "films": self._known}))
