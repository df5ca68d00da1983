"""Acts that are cheaper together: what comes while a batch is under way goes into the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


class Batcher(Generic[_T, _R]):
    """Does `process_batch` to whatever waits, in a thread, one batch after the other.

    It answers with one result for each, in their order; an Exception there is that one's alone,
    one that `process_batch` raises is everybody's in the batch. Belongs to one event loop.
    """

    def __init__(self, process_batch: Callable[[Sequence[_T]], Sequence[_R | Exception]]) -> None:
        self._act = process_batch
        self._waiting: list[tuple[_T, asyncio.Future[_R]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def run_in_batch(self, item: _T) -> _R:
        """The result for `item`, once the batch with it is done."""
        future: asyncio.Future[_R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._run_batches())
        return await future

    async def _run_batches(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._run_batch([item for item, _ in batch], [future for _, future in batch])
        finally:
            self._worker = None

    async def _run_batch(self, items: list[_T], futures: list[asyncio.Future[_R]]) -> None:
        batch_error: BaseException | None = None
        results: Sequence[_R | BaseException]
        try:
            results = await asyncio.to_thread(self._act, items)
        except BaseException as error:
            batch_error, results = error, [error] * len(items)
        for future, result in zip(futures, results, strict=True):
            if future.done():
                continue
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)
        if batch_error is not None and not isinstance(batch_error, Exception):
            raise batch_error


def build_batch_function(
    process_item: Callable[[_T], _R],
) -> Callable[[Sequence[_T]], Sequence[_R | Exception]]:
    """A batch of acts that have nothing in common but their thread."""

    def process_items(items: Sequence[_T]) -> list[_R | Exception]:
        results: list[_R | Exception] = []
        for item in items:
            try:
                results.append(process_item(item))
            except Exception as error:
                results.append(error)
        return results

    return process_items
