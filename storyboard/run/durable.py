"""Files that are whole or absent, whatever dies in between.

A file is written under another name, flushed, renamed, and its folder is flushed; so a name never
stands for half of its bytes, and what was reported as written is there after a power cut.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

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
    with unfinished(path) as (beside, stream):
        stream.write(text.encode("utf-8"))
        stream.flush()
        os.fsync(stream.fileno())
        beside.replace(path)
    sync_folder(path.parent)


@contextmanager
def unfinished(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file beside `path` that is to become it, open; removed when it does not.

    It is locked until then, so that one whose writer died is known by its lock, and goes.
    """
    for left in path.parent.glob(f".{path.name}.????????"):
        with suppress(OSError), left.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("xb") as stream:
            with suppress(OSError):  # where the file system has no locks, nothing is cleared up
                fcntl.flock(stream, fcntl.LOCK_EX)
            yield beside, stream
    finally:
        beside.unlink(missing_ok=True)


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
