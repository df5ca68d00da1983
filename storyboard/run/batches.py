"""Acts that are cheaper together: what comes while a batch is under way goes into the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


class Batches(Generic[_T, _R]):
    """Does `act` to whatever waits, in a thread, one batch after the other.

    It answers with one result for each, in their order; an Exception there is that one's alone,
    one that `act` raises is everybody's in the batch. Belongs to one event loop.
    """

    def __init__(self, act: Callable[[Sequence[_T]], Sequence[_R | Exception]]) -> None:
        self._act = act
        self._waiting: list[tuple[_T, asyncio.Future[_R]]] = []
        self._work: asyncio.Task[None] | None = None

    async def do(self, item: _T) -> _R:
        """The result for `item`, once the batch with it is done."""
        done: asyncio.Future[_R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._work is None:
            self._work = asyncio.create_task(self._all())
        return await done

    async def _all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._one([item for item, _ in batch], [done for _, done in batch])
        finally:
            self._work = None

    async def _one(self, items: list[_T], waiting: list[asyncio.Future[_R]]) -> None:
        fault: BaseException | None = None
        results: Sequence[_R | BaseException]
        try:
            results = await asyncio.to_thread(self._act, items)
        except BaseException as error:
            fault, results = error, [error] * len(items)
        for done, result in zip(waiting, results, strict=True):
            if done.done():
                continue
            if isinstance(result, BaseException):
                done.set_exception(result)
            else:
                done.set_result(result)
        if fault is not None and not isinstance(fault, Exception):
            raise fault


def one_by_one(act: Callable[[_T], _R]) -> Callable[[Sequence[_T]], Sequence[_R | Exception]]:
    """A batch of acts that have nothing in common but their thread."""

    def all_(items: Sequence[_T]) -> list[_R | Exception]:
        results: list[_R | Exception] = []
        for item in items:
            try:
                results.append(act(item))
            except Exception as error:
                results.append(error)
        return results

    return all_
