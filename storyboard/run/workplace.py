"""What a run lends its providers: a folder for unfinished files, and processes to compute in."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import multiprocessing
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import count
from pathlib import Path
from typing import Any

from storyboard.errors import EnvironmentProblem
from storyboard.run.filelock import FileLock

_PR_SET_PDEATHSIG = 1


class RunPlace:
    """The `Workplace` of one run: `scratch` in the store's folder, and a pool of `jobs` processes.

    The pool starts at the first `compute`; its processes die with this one. Leftovers of runs that
    died are removed on the way in, our own on `close`.
    """

    def __init__(self, store: Path, jobs: int) -> None:
        folder = store / "scratch"
        folder.mkdir(parents=True, exist_ok=True)
        name = secrets.token_hex(6)
        self._lock = FileLock(folder / f"{name}.lock")
        while not self._lock.take():
            time.sleep(0.01)  # someone clearing up had it for a moment
        self._scratch = folder / name
        self._scratch.mkdir()
        self._jobs = max(1, jobs)
        self._pool: ProcessPoolExecutor | None = None
        self._lent: dict[str, Path] = {}
        self._empty: list[Path] = []
        self._rooms = count()
        clear_dead(store)

    @property
    def scratch(self) -> Path:
        """A folder for unfinished files, on the store's file system."""
        return self._scratch

    def lend(self, name: str) -> Path:
        """The folder of the room with that name; it has that one until it is taken back."""
        if name not in self._lent:
            try:
                folder = self._empty.pop()  # a folder costs much more to make than to use again
            except IndexError:
                folder = self._scratch / f"room{next(self._rooms)}"
                folder.mkdir()
            self._lent[name] = folder
        return self._lent[name]

    def take_back(self, name: str) -> None:
        """Empties the folder of a room for whoever comes next."""
        folder = self._lent.pop(name, None)
        if folder is None:
            return
        if any(folder.iterdir()):
            shutil.rmtree(folder, ignore_errors=True)
        else:
            self._empty.append(folder)

    async def compute(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        """Runs a picklable function in the process pool.

        When a process of the pool dies it is tried once more in a new pool; then
        EnvironmentProblem.
        """
        loop = asyncio.get_running_loop()
        for last in (False, True):
            pool = self._pool = self._pool or self._started()
            try:
                return await loop.run_in_executor(pool, function, *arguments)
            except BrokenProcessPool as error:
                if self._pool is pool:
                    self._pool = None
                    pool.shutdown(wait=False)
                if last:
                    raise EnvironmentProblem(
                        "a worker process died twice, perhaps for want of memory",
                        hint="try again with --jobs 1",
                    ) from error
        raise AssertionError("unreachable")

    def close(self, *, now: bool = False) -> None:
        """Ends the pool and removes the scratch folder; `now` does not wait for work under way."""
        if self._pool is not None:
            if now:
                for process in list((self._pool._processes or {}).values()):
                    process.kill()
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._lock.release(remove=True)

    def _started(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._jobs,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin_worker,
            initargs=(os.getpid(),),
        )


class Room:
    """The part of a run's workplace that one attempt has to itself."""

    def __init__(self, place: RunPlace, name: str) -> None:
        self._place = place
        self._name = name

    @property
    def scratch(self) -> Path:
        return self._place.lend(self._name)

    async def compute(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        return await self._place.compute(function, *arguments)

    def clear(self) -> None:
        """Removes what is left in it."""
        self._place.take_back(self._name)


def clear_dead(store: Path) -> None:
    """Removes the unfinished files of runs that died."""
    for path in (store / "scratch").glob("*.lock"):
        lock = FileLock(path)
        if lock.take(None):
            shutil.rmtree(path.with_suffix(""), ignore_errors=True)
            lock.release(remove=True)


def _begin_worker(parent: int) -> None:
    """Ties a pool process to its parent and keeps it from taking what is not its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)  # it died before we asked
    with contextlib.suppress(ImportError):
        import cv2

        cv2.setNumThreads(1)
