"""Turns disk errors into messages that tell the user what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from storyboard.errors import EnvironmentProblem

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SHORT = "requested and"
"""Part of numpy's message, which has no error number, about a partly written array."""
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)


class DiskProblem(EnvironmentProblem):
    """The disk is full or read-only: no step of the run can continue."""


@contextmanager
def explain_disk_errors(action: str) -> Iterator[None]:
    """Raises DiskProblem, with a hint, for a full or read-only disk."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL or (error.errno is None and _SHORT in str(error)):
            raise DiskProblem(
                f"the disk is full: {action}",
                hint="free some disk space, then run the same command again; finished takes are "
                "safe",
            ) from error
        if error.errno in _FORBIDDEN:
            raise DiskProblem(
                f"no permission to write {error.filename or action}",
                hint="check the owner of the folder, or use another folder (STORYBOARD_STORE, -o)",
            ) from error
        raise
