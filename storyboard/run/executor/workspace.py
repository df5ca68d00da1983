"""What a run lends its providers: a folder for unfinished files, and processes to compute in."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from storyboard.run.executor.worker_pool import WorkerPool
from storyboard.util.file_lock import FileLock


class Workspace:
    """The `Workplace` of one run: `scratch` in the store's folder, and up to `jobs` processes.

    A process starts when `compute` needs one, and dies with ours. Leftovers of runs that died are
    removed on the way in, our own on `close`.
    """

    def __init__(self, store_folder: Path, jobs: int) -> None:
        folder = store_folder / "scratch"
        folder.mkdir(parents=True, exist_ok=True)
        name = secrets.token_hex(6)
        self._lock = FileLock(folder / f"{name}.lock")
        while not self._lock.try_acquire():
            time.sleep(0.01)  # someone clearing up had it for a moment
        self._scratch = folder / name
        self._scratch.mkdir()
        self._workers = WorkerPool(max(1, jobs))
        self._lent_folders: dict[str, Path] = {}
        self._spare_folders: list[Path] = []
        self._folder_numbers = count()
        remove_dead_scratch_folders(store_folder)

    @property
    def scratch(self) -> Path:
        """A folder for unfinished files, on the store's file system."""
        return self._scratch

    def lend_folder(self, borrower: str) -> Path:
        """The folder of the room with that name; it has that one until it is taken back."""
        if borrower not in self._lent_folders:
            try:
                folder = (
                    self._spare_folders.pop()
                )  # a folder costs much more to make than to use again
            except IndexError:
                folder = self._scratch / f"room{next(self._folder_numbers)}"
                folder.mkdir()
            self._lent_folders[borrower] = folder
        return self._lent_folders[borrower]

    def reclaim_folder(self, borrower: str) -> None:
        """Empties the folder of a room for whoever comes next."""
        folder = self._lent_folders.pop(borrower, None)
        if folder is None:
            return
        if any(folder.iterdir()):
            shutil.rmtree(folder, ignore_errors=True)
        else:
            self._spare_folders.append(folder)

    async def compute(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        """Runs a picklable function in another process.

        When its process dies it is tried once more in a new one; then EnvironmentProblem.
        """
        return await self._workers.compute(function, *arguments)

    def close(self, *, kill_running: bool = False) -> None:
        """Ends the processes and removes the scratch folder; `kill_running` waits for no work."""
        self._workers.close(kill_running=kill_running)
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._lock.release(remove=True)


class AttemptWorkspace:
    """The part of a run's workplace that one attempt has to itself."""

    def __init__(self, workspace: Workspace, name: str) -> None:
        self._workspace = workspace
        self._name = name

    @property
    def scratch(self) -> Path:
        return self._workspace.lend_folder(self._name)

    async def compute(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        return await self._workspace.compute(function, *arguments)

    def return_folder(self) -> None:
        """Removes what is left in it."""
        self._workspace.reclaim_folder(self._name)


def remove_dead_scratch_folders(store_folder: Path) -> None:
    """Removes the unfinished files of runs that died."""
    for path in (store_folder / "scratch").glob("*.lock"):
        lock = FileLock(path)
        if lock.try_acquire(None):
            shutil.rmtree(path.with_suffix(""), ignore_errors=True)
            lock.release(remove=True)
