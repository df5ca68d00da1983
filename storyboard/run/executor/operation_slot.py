"""A place among the operations that may be open at once, while takes are made in it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType


class OperationSlot:
    """Holds `place` from submission until every take made in it is downloaded.

    Where a take does not come, `place` is held until the block ends.
    """

    def __init__(self, place: AbstractAsyncContextManager[None]) -> None:
        self._place = place
        self._exit = AsyncExitStack()
        self._awaited_ordinals: set[int] = set()

    async def __aenter__(self) -> OperationSlot:
        await self._exit.enter_async_context(self._place)
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._exit.aclose()

    def expect_takes(self, ordinals: Iterable[int]) -> None:
        """Says which takes are made in it."""
        self._awaited_ordinals = set(ordinals)

    async def record_download(self, ordinal: int) -> None:
        """Gives the place back with the last of them: ingesting needs no provider."""
        self._awaited_ordinals.discard(ordinal)
        if not self._awaited_ordinals:
            await self._exit.aclose()
