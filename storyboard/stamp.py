"""A stamp: what a finished render had read and written, to see at a glance that it still stands.

Make does the same with times alone; here every file counts by size, inode and both times: texts,
media, the lock file, the takes that play, and the film. Whatever is unsure is no stamp, and the
render looks closely instead.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from storyboard import __version__
from storyboard.outlet import end_of, put
from storyboard.run.places import make_folder, state_folder

_FORMAT = 1
_RACY_NS = 2_000_000_000
"""A file changed this shortly before may change again unseen: clocks tick coarsely."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an idle render says."""

    out: str
    kept: int


def standing(film: Path, key: str) -> Stamp | None:
    """The stamp of the render `key` of that film, if nothing has changed since.

    The film's own time is then set to now, as after every successful render.
    """
    try:
        told = json.loads(_path(film, key).read_text("utf-8"))
        if told["format"] != _FORMAT or told["version"] != __version__:
            return None
        if any(_facts(name) != facts for name, facts in told["files"].items()):
            return None
        out = told["out"]
        if _facts(out) != told["film"]:
            return None
        os.utime(out)
        _write(film, key, {**told, "film": _facts(out)})
        return Stamp(out, told["kept"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # only a memory: the render looks closely


def leave(film: Path, key: str, out: Path, files: Iterable[Path], kept: int) -> None:
    """Remembers a render that left nothing to do; nothing where a file is too young to trust."""
    try:
        facts = {str(path): _facts(str(path)) for path in files}
        newest = max((max(each[2:]) for each in facts.values()), default=0)
        if time.time_ns() - newest < _RACY_NS:
            return
        told = {
            "format": _FORMAT,
            "version": __version__,
            "out": str(out),
            "film": _facts(str(out)),
            "kept": kept,
            "files": facts,
        }
        _write(film, key, told)
    except OSError:
        return


def _path(film: Path, key: str) -> Path:
    return state_folder(film.absolute()) / "stamps" / f"{key}.json"


def _write(film: Path, key: str, told: dict[str, object]) -> None:
    path = _path(film, key)
    make_folder(path.parent)
    draft = end_of(path).with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(told, separators=(",", ":")), "utf-8")
    put(draft, path)


def _facts(name: str) -> list[int]:
    told = os.stat(name)  # noqa: PTH116 - a thousand of them: Path.stat costs twice as much
    return [told.st_size, told.st_ino, told.st_mtime_ns, told.st_ctime_ns]
