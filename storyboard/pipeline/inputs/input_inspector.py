"""Reads the user's media in a process of its own, with a limit on memory and on time.

A decoder may crash on a damaged file, or need all the memory that there is. Then only that process
ends, and the file is refused by name.
"""

from __future__ import annotations

import pickle
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from storyboard.environment import MEDIA_LIMITS_VARIABLE
from storyboard.errors import MediaError
from storyboard.model.film import Footage
from storyboard.run.executor.worker_pool import Worker
from storyboard.stitching import inspection
from storyboard.stitching.media.limits import load_media_limits

T = TypeVar("T")


class InputInspector:
    """One process, started when it is first needed, and again after a file that ended it.

    Whoever made it closes it; after that it may be used, and closed, once more.
    """

    def __init__(self) -> None:
        self._worker: Worker | None = None

    def close(self) -> None:
        """Ends the process, if it runs."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def read_footage(self, path: Path) -> Footage:
        """`probe.read_footage`; MediaError also for a file that needs too much memory or time."""
        return self._run(path, inspection.read_footage_within_limits, str(path))

    def read_header(self, path: Path) -> None:
        """Raises MediaError unless header and index can be read, and in time."""
        self._run(path, inspection.read_header_within_limits, str(path))

    def check_whole_input(self, path: Path, seconds: float | None = None) -> None:
        """`decode_check.check_whole_input`, for at most `seconds`; TimeoutError when they are over.

        Without `seconds` it may take ten times as long as the medium plays.
        """
        self._run(path, inspection.check_whole_input_within_limits, str(path), seconds)

    def _run(self, path: Path, function: Callable[..., T], *arguments: Any) -> T:
        if self._worker is None:
            self._worker = Worker()
        worker = self._worker
        try:
            returned, result = pickle.loads(worker.send_call(pickle.dumps((function, arguments))))
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            worker.stop()
            self._worker = None
            raise _explain_end(path, worker.process.returncode, arguments) from error
        if returned:
            value: T = result
            return value
        if isinstance(result, MemoryError):
            self.close()
            raise _build_memory_error(path) from result
        raise result


def _explain_end(path: Path, returncode: int, arguments: tuple[Any, ...]) -> Exception:
    """The error for a file at which the process ended."""
    if returncode == -signal.SIGALRM:
        if arguments[-1] is not None and len(arguments) > 1:
            return TimeoutError(f"{path} is not read yet")
        limits = load_media_limits()
        return MediaError(
            f"{path} takes longer than {limits.seconds} s to read, so it may be damaged",
            hint="export it again, or raise the limit: "
            f"{MEDIA_LIMITS_VARIABLE}=seconds={limits.seconds * 10}",
        )
    if returncode == -signal.SIGKILL:
        return _build_memory_error(path)
    hint = "fetch or export the file again"
    if _has_memory_limit():
        hint += "; or raise the memory that this shell allows: `ulimit -v unlimited`"
    return MediaError(f"{path} can't be read: the decoder crashes on it", hint=hint)


def _has_memory_limit() -> bool:
    """Whether `ulimit -v` limits all processes, so that a good file may end the reader."""
    try:
        import resource
    except ImportError:
        return False
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def _build_memory_error(path: Path) -> MediaError:
    limits = load_media_limits()
    return MediaError(
        f"{path} needs more than {limits.memory_mb} MB of memory to read, so it may be damaged",
        hint="export it again, or raise the limit: "
        f"{MEDIA_LIMITS_VARIABLE}=memory_mb={limits.memory_mb * 4}",
    )
