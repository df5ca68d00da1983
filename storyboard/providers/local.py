"""Jobs of a maker on this machine: they run in the run's processes and die with them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine
from typing import Any

from storyboard.errors import StoryboardError
from storyboard.providers.base import Done, Failed, Operation, Outcome, Sample

_ALWAYS = "it cost nothing, and would end the same way again: change the shot or what it uses"


class LocalJobs:
    """The jobs of one free, repeatable maker, by operation."""

    def __init__(self, maker: str) -> None:
        self._maker = maker
        self._jobs: dict[str, asyncio.Task[Sample]] = {}

    def begin(self, work: Coroutine[Any, Any, Sample]) -> Operation:
        """Starts the work, which goes on while it is asked after."""
        name = f"{self._maker}/{secrets.token_hex(6)}"
        self._jobs[name] = asyncio.create_task(work)
        return Operation(name)

    async def poll(self, operation: Operation) -> Outcome:
        """Waits for the work to end. Of another process's job nothing is known."""
        job = self._jobs.get(operation.name)
        if job is None:
            return Failed(f"{self._maker} was stopped before it had made this")
        try:
            return Done((await asyncio.shield(job),))
        except StoryboardError as error:
            return Failed(f"{error}", hint=error.hint or _ALWAYS)

    async def close(self) -> None:
        """Forgets what is still being made."""
        for job in self._jobs.values():
            job.cancel()
        await asyncio.gather(*self._jobs.values(), return_exceptions=True)
