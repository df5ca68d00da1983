"""Acts that are cheaper together: what comes while a batch is under way goes into the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Batches(Generic[_T]):
    """Does `act` to whatever waits, in a thread, one batch after the other.

    Belongs to one event loop. An error of a batch is everybody's in it.
    """

    def __init__(self, act: Callable[[Sequence[_T]], None]) -> None:
        self._act = act
        self._waiting: list[tuple[_T, asyncio.Future[None]]] = []
        self._work: asyncio.Task[None] | None = None

    async def do(self, item: _T) -> None:
        """Returns when the batch with `item` is done."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._work is None:
            self._work = asyncio.create_task(self._all())
        await done

    async def _all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._one([item for item, _ in batch], [done for _, done in batch])
        finally:
            self._work = None

    async def _one(self, items: list[_T], waiting: list[asyncio.Future[None]]) -> None:
        error: BaseException | None = None
        try:
            await asyncio.to_thread(self._act, items)
        except BaseException as fault:
            error = fault
        for done in waiting:
            if done.done():
                continue
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)
        if error is not None and not isinstance(error, Exception):
            raise error
