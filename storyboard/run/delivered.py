"""Which films stand where: a memory of the state folder that may be lost at no harm."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from storyboard.run.durable import write_text
from storyboard.run.places import make_folder


class OutputCache:
    """Which films stand where, so that one that is current is not cut again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._outputs = json.loads(path.read_text("utf-8"))["films"]
        except (OSError, ValueError, KeyError, TypeError):
            self._outputs = {}  # only a memory: the film is cut again

    def is_current(self, out: Path, identity: str) -> bool:
        """Whether the film of that identity is what lies at `out`, untouched since."""
        try:
            facts = out.stat()
        except OSError:
            return False
        entry = self._outputs.get(str(out.absolute()))
        return bool(entry == [identity, facts.st_size, facts.st_mtime_ns])

    def record_output(self, out: Path, identity: str) -> None:
        """Remembers what now lies at `out`, where that can be written."""
        facts = out.stat()
        self._outputs[str(out.absolute())] = [identity, facts.st_size, facts.st_mtime_ns]
        with suppress(OSError):
            make_folder(self._path.parent)
            write_text(self._path, json.dumps({"format": 1, "films": self._outputs}))
