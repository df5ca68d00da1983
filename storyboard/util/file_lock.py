"""A file lock that the system releases when its owner dies, and that names its owner."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from storyboard.errors import EnvironmentProblem
from storyboard.util.serialization import Serialized, reject_unknown_names


@dataclass(frozen=True, slots=True)
class LockOwner(Serialized):
    """The process that holds, or last held, a lock."""

    pid: int = 0
    host: str = ""
    boot: str = ""
    since: float = 0.0
    about: str = ""
    """What it is held for, in words."""
    run: str = ""
    """The run that holds it, for locks that protect money."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "pid": self.pid,
            "host": self.host,
            "boot": self.boot,
            "since": self.since,
            "about": self.about,
            "run": self.run,
        }

    def __str__(self) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(self.since)) if self.since else "?"
        return f"process {self.pid} on {self.host} since {clock}"


_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
"""What some network file systems answer to every lock."""
_PROBE_S = 0.2
"""Much longer than any process holds a lock just to test it."""


class FileLock:
    """An exclusive lock on a small file; the file's text names its owner."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.previous_owner = LockOwner()
        """Set on acquiring: the owner that a process left when it died without releasing."""
        self._handle: int | None = None
        self._has_owner_text = False

    def acquire_with_retry(self, about: str = "") -> bool:
        """Acquires the lock, retrying for 0.2 s, so that `is_held` calls cause no false failure."""
        deadline = time.monotonic() + _PROBE_S
        while not self.try_acquire(about):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def is_held(self) -> bool:
        """Whether another process holds it now; simultaneous calls don't affect each other."""
        try:
            handle = os.open(self.path, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
        except OSError as error:
            return isinstance(error, BlockingIOError)
        finally:
            os.close(handle)

    def try_acquire(self, about: str | None = "", run: str = "") -> bool:
        """Acquires the lock if it is free; never waits. `about` None keeps the text unchanged."""
        while True:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                return False
            except OSError as error:
                os.close(handle)
                if error.errno not in _NO_LOCKS:
                    raise
                raise EnvironmentProblem(
                    f"the file system of {self.path.parent} keeps no locks ({error.strerror})",
                    hint="keep the store on a local disk (STORYBOARD_STORE) and the film beside it,"
                    " or have the network file system mounted with its locks",
                ) from error
            if is_same_file(handle, self.path):
                break
            os.close(handle)  # its last owner removed the file between our two calls
        self._handle = handle
        self._has_owner_text = os.fstat(handle).st_size > 0
        self.previous_owner = self.read_owner() if self._has_owner_text else LockOwner()
        if about is not None:
            self.write_owner(about, run)
        return True

    def write_owner(self, about: str, run: str = "") -> None:
        """Rewrites the file's text to name this process as the owner."""
        assert self._handle is not None
        owner = LockOwner(os.getpid(), os.uname().nodename, read_boot_id(), time.time(), about, run)
        text = json.dumps(owner.to_fields())
        # A new file needs no truncation, and most locks are new files.
        if self._has_owner_text:
            os.ftruncate(self._handle, 0)
        self._has_owner_text = True
        os.pwrite(self._handle, text.encode(), 0)

    def read_owner(self) -> LockOwner:
        """The owner that the file names; an empty LockOwner if there is none."""
        try:
            payload: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            reject_unknown_names(payload, LockOwner().to_fields())
            return LockOwner(
                pid=payload.get("pid", 0),
                host=payload.get("host", ""),
                boot=payload.get("boot", ""),
                since=payload.get("since", 0.0),
                about=payload.get("about", ""),
                run=payload.get("run", ""),
            )
        except (OSError, ValueError, TypeError, AttributeError):
            return LockOwner()

    def release(self, *, remove: bool = False) -> None:
        """Releases the lock; `remove` deletes the file too."""
        if self._handle is None:
            return
        # Delete before unlocking: afterwards the file may already belong to the next owner.
        if remove:
            self.path.unlink(missing_ok=True)
        os.close(self._handle)
        self._handle = None


def is_same_file(handle: int, path: Path) -> bool:
    """Whether `path` leads to the file open as `handle`: it may be deleted before it is locked."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


@lru_cache(maxsize=1)
def read_boot_id() -> str:
    """The id of this boot of the machine; empty where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
