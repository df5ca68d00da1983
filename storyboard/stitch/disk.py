"""What the disk refuses, told so that a user can mend it; and what a killed cut left on it."""

from __future__ import annotations

import errno
import glob
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storyboard.errors import EnvironmentProblem

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SHORT = "requested and"
"""What numpy says, without a number, of an array that was written in part."""
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)
_BEGAN = time.time()
_DAY = 86_400


@contextmanager
def disk_errors(out: Path) -> Iterator[None]:
    """Makes an EnvironmentProblem of a disk that is full or can't be written, while `out` is."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL or (error.errno is None and _SHORT in str(error)):
            raise EnvironmentProblem(
                f"the disk is full: {out.name} can't be written",
                hint="make room, then run the same command again; what is finished is kept",
            ) from error
        if error.errno in _FORBIDDEN:
            raise EnvironmentProblem(
                f"no permission to write {error.filename or out}",
                hint="check who owns the folder, or write the film to another one",
            ) from error
        raise


def clear_leftovers(out: Path) -> None:
    """Removes unfinished files of `out`, named by `beside`, whose writers are gone."""
    name = re.compile(rf"\.{re.escape(out.stem)}\.(\d+)\.[0-9a-f]+{re.escape(out.suffix)}")
    for left in out.parent.glob(f".{glob.escape(out.stem)}.*{glob.escape(out.suffix)}"):
        if found := name.fullmatch(left.name):
            with suppress(OSError):
                changed = left.stat().st_mtime
                if changed < time.time() - _DAY or not _writes(int(found[1]), changed):
                    left.unlink()


def _writes(process: int, changed: float) -> bool:
    """Whether the process may still be at a file that it last changed then."""
    if process == os.getpid():
        return changed >= _BEGAN  # else it is of another process, whose number we were given
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
