"""Files that are whole or absent, whatever dies in between.

A file is written under another name, flushed, renamed, and its folder is flushed; so a name never
stands for half of its bytes, and what was reported as written is there after a power cut.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storyboard.errors import EnvironmentProblem


class DiskProblem(EnvironmentProblem):
    """The disk is full or read-only: no step of the run can go on."""


_FULL = (errno.ENOSPC, errno.EDQUOT)


def sync_file(path: Path) -> None:
    """Flushes a finished file to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Flushes the names in `folder` to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Replaces `path` by `text`, durably and at once."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Says of a full or read-only disk what a user can do about it (DiskProblem)."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskProblem(
                f"the disk is full: {what}",
                hint="make room, then run the same command again; finished takes are safe",
            ) from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise DiskProblem(
                f"no permission to write {error.filename or what}",
                hint="check who owns the folder, or set STORYBOARD_STORE to one of yours",
            ) from error
        raise
