"""Where a tested adapter works: a folder of its own, and eyes on everything around it."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Bench:
    """A `Workplace` for tests; it computes in a thread what a run computes in a process."""

    scratch: Path

    async def compute(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        """Runs a function that could be sent to another process."""
        pickle.dumps((function, arguments))
        return await asyncio.to_thread(function, *arguments)

    def room(self) -> Bench:
        """A folder inside for one job alone, as every attempt of a run has one."""
        return Bench(Path(tempfile.mkdtemp(dir=self.scratch)))


@contextlib.contextmanager
def open_watched_workspace(folder: Path) -> Iterator[Bench]:
    """A bench inside of `folder`; nothing may be left among temporary files or where we stand."""
    folders = {name: folder / name for name in ("current", "temporary", "scratch")}
    for path in folders.values():
        path.mkdir()
    before, tempfile.tempdir = tempfile.tempdir, str(folders["temporary"])
    try:
        with contextlib.chdir(folders["current"]):
            yield Bench(folders["scratch"])
    finally:
        tempfile.tempdir = before
    stray_files = [str(p) for name in ("current", "temporary") for p in folders[name].rglob("*")]
    assert not stray_files, f"written outside of the scratch folder: {stray_files}"
