"""Processes of their own for tests, forked from one without threads, so that each is whole.

Those that run tests have threads, and a fork of such a process may hang for ever: whoever held a
lock at that moment is not in it to let go. What is handed to a child must be such as pickle knows.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["hypothesis", "pytest", "storyboard.pipeline.render", "storyboard.run.executor.executor"]
)


def start_process(work: Callable[..., object], *args: Any, **options: Any) -> Any:
    """A process, begun, that does `work` in the folder and the environment of its parent."""
    process = CONTEXT.Process(
        target=_run_work, args=(dict(os.environ), Path.cwd(), work, args, options), daemon=True
    )
    process.start()
    return process


def _run_work(
    environment: dict[str, str],
    folder: Path,
    work: Callable[..., object],
    args: tuple[Any, ...],
    options: dict[str, Any],
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    work(*args, **options)
