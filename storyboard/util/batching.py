"""Combines calls into batches: calls made while a batch runs go into the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


class Batcher(Generic[_T, _R]):
    """Calls `process_batch` with all waiting items, in a thread, one batch at a time.

    It returns one result per item, in order; an Exception among them is raised for that item only,
    and one that `process_batch` raises is raised for all items of the batch. Use it in one event
    loop.
    """

    def __init__(self, process_batch: Callable[[Sequence[_T]], Sequence[_R | Exception]]) -> None:
        self._act = process_batch
        self._waiting: list[tuple[_T, asyncio.Future[_R]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def run_in_batch(self, item: _T) -> _R:
        """The result for `item`, once its batch is done."""
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
            # Its caller was cancelled while the batch ran.
            if future.done():
                continue
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)
        # Each caller got the error already; only cancellation and exit must also end the worker.
        if batch_error is not None and not isinstance(batch_error, Exception):
            raise batch_error


def build_batch_function(
    process_item: Callable[[_T], _R],
) -> Callable[[Sequence[_T]], Sequence[_R | Exception]]:
    """Turns a function of one item into a batch function that runs each item separately."""

    def process_items(items: Sequence[_T]) -> list[_R | Exception]:
        results: list[_R | Exception] = []
        for item in items:
            try:
                results.append(process_item(item))
            except Exception as error:
                results.append(error)
        return results

    return process_items
