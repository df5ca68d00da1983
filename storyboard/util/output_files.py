"""Decides where a file may be written: over an ordinary file or a free name, through links.

A rename replaces anything with that name, and for root this may be a device. So this module renames
every file that appears at a place chosen by the user: it follows a link and keeps it, and refuses
anything but an ordinary file. A short text may also go into a pipe or terminal, as with `--out
>(less)` or `--deps /dev/stdout`.
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
_LOOP = "a symbolic link that points to itself"
_STREAM = "an open stream"
_CLOSED = "a stream that is not open"
_TAKE_TEXT = (_KINDS[stat.S_IFIFO], _KINDS[stat.S_IFCHR], _STREAM)
_MOST_LINKS = 40
"""The system follows as many."""


def follow_links(path: Path) -> Path:
    """The target of a link, whether it exists or not; `path` itself if it is not a link."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def describe_obstacle(path: Path) -> str:
    """What at `path` can't be replaced, in words: `a device`; empty if nothing."""
    number = _find_stream_number(path)
    if number is not None:
        return _STREAM if _is_open_stream(number) else _CLOSED
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return _LOOP if error.errno == errno.ELOOP else ""
    return _KINDS.get(stat.S_IFMT(mode), "")


def is_stream_path(path: Path) -> bool:
    """Whether `path` is a stream, which passes text on and doesn't store it."""
    return describe_obstacle(path) in _TAKE_TEXT


def require_replaceable(path: Path, hint: str) -> None:
    """Raises UsageError unless a file can be written at `path`."""
    if found := describe_obstacle(path):
        raise UsageError(f"{path} is {found}; only a regular file can be replaced", hint=hint)


def replace_file(draft: Path, path: Path) -> None:
    """Renames a finished file, which was written beside `follow_links(path)`, to that target.

    Raises EnvironmentProblem if something other than an ordinary file is there by now.
    """
    if obstacle := describe_obstacle(path):
        raise EnvironmentProblem(
            f"{path} is {obstacle}; only a regular file can be replaced",
            hint="move it away, or write to another path",
        )
    draft.replace(follow_links(path))


def create_parent_folder(path: Path) -> None:
    """Creates the folder for a file at `path`."""
    follow_links(path).parent.mkdir(parents=True, exist_ok=True)


def open_stream_path(path: Path) -> BinaryIO:
    """Opens an `is_stream_path` for writing; waits for a pipe's reader."""
    number = _find_stream_number(path)
    if number is None:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_NOCTTY), "wb")
    if sys.stdout:
        sys.stdout.flush()  # earlier output comes first
    return os.fdopen(os.dup(number), "wb")  # opened by path, a file would be written from its start


def _find_stream_number(path: Path) -> int | None:
    """The number of this process's stream that `path` names, like /dev/stdout and /dev/fd/63."""
    # Follow links one by one: resolving all at once would skip /dev/fd and end at the pipe or file
    # itself.
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
