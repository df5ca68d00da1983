"""What the disk refuses, told so that a user can mend it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from storyboard.errors import EnvironmentProblem

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SHORT = "requested and"
"""What numpy says, without a number, of an array that was written in part."""
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)


class DiskProblem(EnvironmentProblem):
    """The disk is full or read-only: no step of the run can go on."""


@contextmanager
def explain_disk_errors(action: str) -> Iterator[None]:
    """Says of a full or read-only disk what a user can do about it (DiskProblem)."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL or (error.errno is None and _SHORT in str(error)):
            raise DiskProblem(
                f"the disk is full: {action}",
                hint="make room, then run the same command again; finished takes are safe",
            ) from error
        if error.errno in _FORBIDDEN:
            raise DiskProblem(
                f"no permission to write {error.filename or action}",
                hint="check who owns the folder, or use another one (STORYBOARD_STORE, -o)",
            ) from error
        raise
