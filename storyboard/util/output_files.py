"""Where a file may be written: in the place of an ordinary file or of nothing, behind any links.

A rename replaces whatever has the name, and for root that may be a device of the whole machine. So
every file that appears by rename at a place which a user chose is put there by this module: a link
is followed and stays, and what is no ordinary file is refused. A short text may also go into a
pipe or a terminal, as `--out >(less)` or `--deps /dev/stdout` ask for.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from storyboard.errors import EnvironmentProblem, UsageError

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a disk",
    stat.S_IFSOCK: "a socket",
}
_LOOP = "a link that leads back to itself"
_STREAM = "an open stream"
_CLOSED = "a stream that is not open"
_TAKE_TEXT = (_KINDS[stat.S_IFIFO], _KINDS[stat.S_IFCHR], _STREAM)
_MOST_LINKS = 40
"""As many as the system follows."""


def follow_links(path: Path) -> Path:
    """The file that a link leads to, there or not; `path` itself where it is no link."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def describe_obstacle(path: Path) -> str:
    """What stands at `path` that no file may replace, in words: `a device`; empty if nothing."""
    number = _find_stream_number(path)
    if number is not None:
        return _STREAM if _is_open_stream(number) else _CLOSED
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return _LOOP if error.errno == errno.ELOOP else ""
    return _KINDS.get(stat.S_IFMT(mode), "")


def is_stream_path(path: Path) -> bool:
    """Whether a text goes into what stands at `path`, which keeps none of it."""
    return describe_obstacle(path) in _TAKE_TEXT


def require_replaceable(path: Path, hint: str) -> None:
    """Raises UsageError unless a file can be put at `path`."""
    if found := describe_obstacle(path):
        raise UsageError(f"{path} is {found}; only an ordinary file is replaced", hint=hint)


def replace_file(draft: Path, path: Path) -> None:
    """Renames a finished file, which was written beside `follow_links(path)`, to that end.

    Raises EnvironmentProblem where something else than an ordinary file has come to stand there.
    """
    if obstacle := describe_obstacle(path):
        raise EnvironmentProblem(
            f"{path} is {obstacle}; only an ordinary file is replaced",
            hint="move it away, or write elsewhere",
        )
    draft.replace(follow_links(path))


def create_parent_folder(path: Path) -> None:
    """Makes the folder that a file put at `path` will lie in."""
    follow_links(path).parent.mkdir(parents=True, exist_ok=True)


def open_stream_path(path: Path) -> BinaryIO:
    """What stands at a place that `is_stream_path`, open for writing; waits for a pipe's reader."""
    number = _find_stream_number(path)
    if number is None:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_NOCTTY), "wb")
    if sys.stdout:
        sys.stdout.flush()  # what was said before comes first
    return os.fdopen(os.dup(number), "wb")  # one that is opened anew begins at the file's start


def _find_stream_number(path: Path) -> int | None:
    """The number of this process's stream that `path` names, as /dev/stdout and /dev/fd/63 do."""
    for _ in range(_MOST_LINKS):
        if path.name.isdecimal() and _is_stream_folder(path.parent):
            return int(path.name)
        if not path.is_symlink():
            return None
        path = Path(os.path.realpath(path.parent)) / path.readlink()
    return None


def _is_stream_folder(folder: Path) -> bool:
    return os.path.realpath(folder) in ("/dev/fd", os.path.realpath("/proc/self/fd"))


def _is_open_stream(number: int) -> bool:
    try:
        os.fstat(number)
    except (OSError, OverflowError):
        return False
    return True
