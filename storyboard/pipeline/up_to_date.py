"""Tells a render that it has nothing to do: the stamp of an idle render, and the finished films.

`RenderStamp` says what a render had read and written. Make compares times alone; here every file
counts by size, inode and both times: texts, media, the lock file, the takes that play, and the
film. Where anything is unsure there is no stamp, and the render looks closely instead.
`OutputCache` remembers which film lies at which path. Losing either costs time and nothing else.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from storyboard._version import __version__
from storyboard.run.paths import create_git_ignored_folder, locate_state_folder
from storyboard.util.atomic_files import write_text
from storyboard.util.output_files import follow_links, replace_file

_FORMAT = 1
_RACY_NS = 2_000_000_000
"""A file changed this shortly before may change again unseen: clocks tick coarsely."""


@dataclass(frozen=True, slots=True)
class RenderStamp:
    """What an idle render says."""

    out: str
    kept: int


def read_current_stamp(film: Path, render_key: str) -> RenderStamp | None:
    """The stamp of the render `render_key` of that film, if nothing has changed since.

    The film's own time is then set to now, as after every successful render.
    """
    try:
        payload = json.loads(_build_stamp_path(film, render_key).read_text("utf-8"))
        if payload["format"] != _FORMAT or payload["version"] != __version__:
            return None
        if any(_read_file_facts(name) != facts for name, facts in payload["files"].items()):
            return None
        out = payload["out"]
        if _read_file_facts(out) != payload["film"]:
            return None
        os.utime(out)
        _write_stamp_file(film, render_key, {**payload, "film": _read_file_facts(out)})
        return RenderStamp(out, payload["kept"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # only a memory: the render looks closely


def write_stamp(
    film: Path, render_key: str, out: Path, input_files: Iterable[Path], kept_count: int
) -> None:
    """Remembers a render that left nothing to do; nothing where a file is too young to trust."""
    try:
        facts = {str(path): _read_file_facts(str(path)) for path in input_files}
        newest = max((max(file_facts[2:]) for file_facts in facts.values()), default=0)
        if time.time_ns() - newest < _RACY_NS:
            return
        payload = {
            "format": _FORMAT,
            "version": __version__,
            "out": str(out),
            "film": _read_file_facts(str(out)),
            "kept": kept_count,
            "files": facts,
        }
        _write_stamp_file(film, render_key, payload)
    except OSError:
        return


def _build_stamp_path(film: Path, render_key: str) -> Path:
    return locate_state_folder(film.absolute()) / "stamps" / f"{render_key}.json"


def _write_stamp_file(film: Path, render_key: str, payload: dict[str, object]) -> None:
    path = _build_stamp_path(film, render_key)
    create_git_ignored_folder(path.parent)
    temp_path = follow_links(path).with_suffix(f".{os.getpid()}")
    temp_path.write_text(json.dumps(payload, separators=(",", ":")), "utf-8")
    replace_file(temp_path, path)


def _read_file_facts(name: str) -> list[int]:
    status = os.stat(name)  # noqa: PTH116 - a thousand of them: Path.stat costs twice as much
    return [status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns]


class OutputCache:
    """Which films stand where, so that one that is current is not cut again."""

    def __init__(self, state: Path) -> None:
        self._path = state / "films.json"
        try:
            self._outputs = json.loads(self._path.read_text("utf-8"))["films"]
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
            create_git_ignored_folder(self._path.parent)
            write_text(self._path, json.dumps({"format": 1, "films": self._outputs}))
