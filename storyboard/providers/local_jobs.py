"""Jobs of a maker on this machine: they run in the run's processes and die with them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine
from typing import Any

from storyboard.errors import StoryboardError
from storyboard.providers.base import Done, Failed, Operation, Outcome, Sample

_SAME_AGAIN_HINT = (
    "change the shot or its inputs; another try would fail in the same way (this one cost nothing)"
)


class LocalJobs:
    """The jobs of one free, repeatable maker, by operation."""

    def __init__(self, provider_name: str) -> None:
        self._provider_name = provider_name
        self._jobs: dict[str, asyncio.Task[Sample]] = {}

    def start_job(self, work: Coroutine[Any, Any, Sample]) -> Operation:
        """Starts the work, which continues between polls."""
        name = f"{self._provider_name}/{secrets.token_hex(6)}"
        self._jobs[name] = asyncio.create_task(work)
        return Operation(name)

    async def poll(self, operation: Operation) -> Outcome:
        """Waits for the work to end. Of another process's job nothing is known."""
        task = self._jobs.get(operation.name)
        if task is None:
            return Failed(f"{self._provider_name} was stopped before the take was finished")
        try:
            return Done((await asyncio.shield(task),))
        except StoryboardError as error:
            return Failed(f"{error}", hint=error.hint or _SAME_AGAIN_HINT)

    async def close(self) -> None:
        """Stops tracking the jobs that are still running."""
        for task in self._jobs.values():
            task.cancel()
        await asyncio.gather(*self._jobs.values(), return_exceptions=True)
