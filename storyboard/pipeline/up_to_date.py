"""Tells a render that it has nothing to do: the stamp of the last render, and the finished films.

`OutputCache` remembers which film is at which path. `RenderStamp` remembers what a render read
(texts, media, the lock file, the takes that play) and which film it wrote. If none of that has
changed, the next render does not look further. Losing either file costs only time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from storyboard._version import __version__
from storyboard.run.cache_file import read_cache_file, write_cache_file
from storyboard.run.paths import locate_state_folder
from storyboard.util.file_memory import is_at_rest, read_file_facts

_STAMP_FORMAT = 2
_OUTPUTS_FORMAT = 1


class OutputCache:
    """Which films stand where, so that one that is current is not cut again.

    We wrote them ourselves, so that size and time of the content tell whether they are touched:
    players and backups leave marks in the rest of a file's facts, and are welcome to.
    """

    def __init__(self, state: Path) -> None:
        self._path = state / "films.json"
        films = read_cache_file(self._path, _OUTPUTS_FORMAT).get("films")
        self._rows: dict[str, list[str | int]] = films if isinstance(films, dict) else {}

    def is_current(self, out: Path, fingerprint: str) -> bool:
        """Whether `out` still holds the film of that fingerprint, unchanged."""
        return self.find_fingerprint(out) == fingerprint

    def find_fingerprint(self, out: Path) -> str | None:
        """Of the film at `out`; None where none is known to lie there, untouched."""
        try:
            fingerprint, *facts = self._rows[str(out.absolute())]
            return str(fingerprint) if facts == _read_output_facts(out) else None
        except (OSError, KeyError, ValueError, TypeError):
            return None  # only a memory: the film is cut again

    def record_output(self, out: Path, fingerprint: str) -> None:
        """Remembers what `out` holds now, if it can be written."""
        self._rows[str(out.absolute())] = [fingerprint, *_read_output_facts(out)]
        write_cache_file(self._path, _OUTPUTS_FORMAT, {"films": self._rows})

    def touch_output(self, out: Path, fingerprint: str) -> None:
        """Sets the film's own time to now, as after every successful render: make looks at it."""
        os.utime(out)
        self.record_output(out, fingerprint)


def _read_output_facts(out: Path) -> list[int]:
    size, _, modified_ns, _ = read_file_facts(out)
    return [size, modified_ns]


@dataclass(frozen=True, slots=True)
class RenderStamp:
    """What the stamp of a render contains."""

    out: str
    kept: int


def read_current_stamp(film: Path, render_key: str) -> RenderStamp | None:
    """The stamp of the render `render_key` of that film, if nothing has changed since.

    The film's own time is then set to now.
    """
    payload = read_cache_file(_build_stamp_path(film, render_key), _STAMP_FORMAT)
    try:
        if payload["version"] != __version__:
            return None
        if any(read_file_facts(name) != facts for name, facts in payload["files"].items()):
            return None
        stamp, fingerprint = RenderStamp(payload["out"], payload["kept"]), payload["fingerprint"]
        outputs = OutputCache(_locate_state(film))
        if not outputs.is_current(Path(stamp.out), fingerprint):
            return None
        outputs.touch_output(Path(stamp.out), fingerprint)
    except (OSError, KeyError, AttributeError, TypeError):
        return None  # only a memory: the render looks closely
    return stamp


def write_stamp(
    film: Path, render_key: str, out: Path, input_files: Iterable[Path], kept_count: int
) -> None:
    """Remembers a render that left nothing to do; nothing where a file is too young to trust."""
    fingerprint = OutputCache(_locate_state(film)).find_fingerprint(out)
    with suppress(OSError):
        facts_by_name = {str(path): read_file_facts(path) for path in input_files}
        if fingerprint is None or not all(map(is_at_rest, facts_by_name.values())):
            return
        payload = {
            "version": __version__,
            "out": str(out),
            "fingerprint": fingerprint,
            "kept": kept_count,
            "files": facts_by_name,
        }
        write_cache_file(_build_stamp_path(film, render_key), _STAMP_FORMAT, payload)


def _locate_state(film: Path) -> Path:
    return locate_state_folder(film.absolute())


def _build_stamp_path(film: Path, render_key: str) -> Path:
    return _locate_state(film) / "stamps" / f"{render_key}.json"
