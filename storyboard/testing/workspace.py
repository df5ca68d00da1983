"""The workspace of a tested adapter: its own folder, with checks on what it writes elsewhere."""

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
    """A `Workplace` for tests; it computes in a thread, where a run uses a process."""

    scratch: Path

    async def compute(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        """Runs a function that could be sent to another process."""
        pickle.dumps((function, arguments))
        return await asyncio.to_thread(function, *arguments)

    def room(self) -> Bench:
        """A new folder for one operation, as each attempt of a run has."""
        return Bench(Path(tempfile.mkdtemp(dir=self.scratch)))


@contextlib.contextmanager
def open_watched_workspace(folder: Path) -> Iterator[Bench]:
    """Opens a bench inside `folder`; fails if files remain in the temporary or current folder."""
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
    assert not stray_files, f"files were written outside the scratch folder: {stray_files}"
