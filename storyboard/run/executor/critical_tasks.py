"""The acts of a run that must finish even when it is being stopped: submissions and ingests."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class CriticalTasks:
    """What is under way of them. Belongs to one event loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run_to_end(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Waits for `coroutine`, which goes on to its end even when the waiting is given up."""
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._forget_task)
        return await asyncio.shield(task)

    async def wait_for_tasks(self, timeout_s: float) -> None:
        """Waits until all are done, or no longer."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s)

    def cancel_tasks(self) -> None:
        """Cuts them short."""
        for task in list(self._tasks):
            task.cancel()

    def _forget_task(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited may be gone; then the ledger has it
