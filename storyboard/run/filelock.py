"""A lock that the operating system drops when its holder dies, and that names its holder."""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from storyboard.serialized import Serialized, check_names


@dataclass(frozen=True, slots=True)
class Holder(Serialized):
    """Who holds, or last held, a lock."""

    pid: int = 0
    host: str = ""
    boot: str = ""
    since: float = 0.0
    about: str = ""
    """What it is held for, in words."""
    run: str = ""
    """Whose it is, where money is at stake."""

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


_A_LOOK_S = 0.2
"""Far longer than anybody keeps a lock just to see whether it is free."""


class FileLock:
    """One exclusive lock on one small file; the file's text says who holds it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.left = Holder()
        """What a holder that died without releasing had written, once the lock is taken."""
        self._handle: int | None = None
        self._written = False

    def take_unless_held(self, about: str = "") -> bool:
        """Takes the lock, past whoever merely looks at it for a moment."""
        last = time.monotonic() + _A_LOOK_S
        while not self.take(about):
            if time.monotonic() > last:
                return False
            time.sleep(0.01)
        return True

    def is_held(self) -> bool:
        """Whether somebody holds it right now; those who look at once don't see each other."""
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

    def take(self, about: str | None = "", run: str = "") -> bool:
        """Takes the lock if it is free; never waits. `about` None leaves the text alone."""
        while True:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                return False
            if still_named(handle, self.path):
                break
            os.close(handle)  # its last holder removed the file between our two calls
        self._handle = handle
        self._written = os.fstat(handle).st_size > 0
        self.left = self.holder() if self._written else Holder()
        if about is not None:
            self.describe(about, run)
        return True

    def describe(self, about: str, run: str = "") -> None:
        """Rewrites what the file says of its holder, who is this process."""
        assert self._handle is not None
        holder = Holder(os.getpid(), os.uname().nodename, boot_id(), time.time(), about, run)
        text = json.dumps(holder.to_fields())
        if self._written:
            os.ftruncate(self._handle, 0)
        self._written = True
        os.pwrite(self._handle, text.encode(), 0)

    def holder(self) -> Holder:
        """Who the file names; an empty Holder when it names nobody."""
        try:
            told: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            check_names(told, Holder().to_fields())
            return Holder(
                pid=told.get("pid", 0),
                host=told.get("host", ""),
                boot=told.get("boot", ""),
                since=told.get("since", 0.0),
                about=told.get("about", ""),
                run=told.get("run", ""),
            )
        except (OSError, ValueError, TypeError, AttributeError):
            return Holder()

    def release(self, *, remove: bool = False) -> None:
        """Gives the lock back; `remove` takes the file away too."""
        if self._handle is None:
            return
        if remove:
            self.path.unlink(missing_ok=True)
        os.close(self._handle)
        self._handle = None


def still_named(handle: int, path: Path) -> bool:
    """Whether `path` leads to the file open as `handle`: it may go before its lock is taken."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


@lru_cache(maxsize=1)
def boot_id() -> str:
    """Tells one run of this machine from the next; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
