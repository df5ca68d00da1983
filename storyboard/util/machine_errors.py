"""Tells what on this machine stopped a command, apart from the film, the service and our own bugs.

Every error of the operating system passes here before a person reads it. An interrupted call
(EINTR) never arrives: Python repeats it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from storyboard.errors import EnvironmentProblem

_SHORT_WRITE = "requested and"
"""Part of numpy's message, which has no error number, about a partly written array."""
_UNMAPPED = ("failed to map segment", "annot allocate memory")
"""What the loader says of a library that finds no memory."""

_FULL = (
    "the disk is full: {what}",
    "free some disk space, then run the same command again; finished takes are safe",
)
_FORBIDDEN = (
    "no permission to write {what}",
    "check the owner of the folder, or use another folder (STORYBOARD_STORE, -o)",
)
_FAILING = (
    "the disk fails: {what}: {reason}",
    "check the disk and its connection, then run the same command again; finished takes are safe",
)
_TOO_MANY_FILES = (
    "too many files are open: {what}",
    "raise the limit with `ulimit -n 4096`, or use --jobs 1",
)
_TOO_MANY_PROCESSES = (
    "no more processes can be started: {what}",
    "raise the limit with `ulimit -u`, or use --jobs 1",
)
_NO_MEMORY = (
    "there is not enough memory: {what}",
    "close other programs, raise the limit with `ulimit -v unlimited`, or use --jobs 1",
)
_CAUSES: Mapping[int, tuple[str, str]] = MappingProxyType(
    dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _FULL)
    | dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), _FORBIDDEN)
    | dict.fromkeys((errno.EIO, errno.ENXIO, errno.ENODEV, errno.ESTALE), _FAILING)
    | dict.fromkeys((errno.EMFILE, errno.ENFILE), _TOO_MANY_FILES)
    | {errno.EAGAIN: _TOO_MANY_PROCESSES, errno.ENOMEM: _NO_MEMORY}
)
"""By error number, the message and the hint."""


class MachineProblem(EnvironmentProblem):
    """Disk, permission, files or memory: no step of the run can continue."""


def explain_machine_error(error: BaseException, action: str) -> MachineProblem | None:
    """What on this machine caused the error; None if the machine is not the cause.

    `action` says what couldn't be done, as a part of a sentence. A connection that was refused is
    no problem of this machine.
    """
    number = _find_error_number(error)
    if number not in _CAUSES:
        return None
    name = getattr(error, "filename", None)
    what = str(name) if name and _CAUSES[number] in (_FORBIDDEN, _FAILING) else action
    problem = build_machine_problem(number, what, getattr(error, "strerror", None) or "")
    problem.__cause__ = error
    return problem


def build_machine_problem(number: int, what: str, reason: str = "") -> MachineProblem:
    """The problem of an error number of the table; `what` couldn't be done, or couldn't be read."""
    message, hint = _CAUSES[number]
    return MachineProblem(
        message.format(what=what, reason=reason or os.strerror(number)), hint=hint
    )


def explain_read_error(error: OSError, name: str) -> MachineProblem | None:
    """The same for a file of the user's that can't be read; None if it is the file's own fault.

    A file that its user may not read is the file's own fault, as one that is not there.
    """
    if isinstance(error, PermissionError | FileNotFoundError):
        return None
    return explain_machine_error(error, f"{name} can't be read")


@contextmanager
def explain_machine_errors(action: str) -> Iterator[None]:
    """Raises MachineProblem, with a hint, for what the machine is the cause of."""
    try:
        yield
    except (OSError, MemoryError, ImportError) as error:
        if problem := explain_machine_error(error, action):
            raise problem from error
        raise


def _find_error_number(error: BaseException) -> int:
    """The number by which the table knows the error; 0 for none."""
    if isinstance(error, MemoryError):
        return errno.ENOMEM
    if isinstance(error, ImportError):
        return errno.ENOMEM if any(words in str(error) for words in _UNMAPPED) else 0
    if not isinstance(error, OSError) or isinstance(error, ConnectionError | TimeoutError):
        return 0
    if error.errno is None and _SHORT_WRITE in str(error):
        return errno.ENOSPC
    return error.errno or 0
