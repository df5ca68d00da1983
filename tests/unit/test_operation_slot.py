"""How long a step occupies a place among the operations that may be open at once."""

from __future__ import annotations

import asyncio

from storyboard.run.executor.operation_slot import OperationSlot


def test_a_place_is_free_again_once_every_take_is_downloaded() -> None:
    async def make_two_takes() -> list[bool]:
        place = asyncio.Semaphore(1)
        occupied = []
        async with OperationSlot(place) as slot:
            slot.expect_takes((1, 2))
            occupied.append(place.locked())
            await slot.record_download(1)
            await slot.record_download(1)  # made again, for its first file was no clip
            occupied.append(place.locked())
            await slot.record_download(2)
            occupied.append(place.locked())
            await slot.record_download(2)
            await place.acquire()  # by another step, while this one is still ingested
        occupied.append(place.locked())
        return occupied

    assert asyncio.run(make_two_takes()) == [True, True, False, True]


def test_a_place_is_held_to_the_end_where_a_take_does_not_come() -> None:
    async def lose_a_take() -> list[bool]:
        place = asyncio.Semaphore(1)
        occupied = []
        async with OperationSlot(place) as slot:
            slot.expect_takes((1, 2))
            await slot.record_download(1)
            occupied.append(place.locked())
        occupied.append(place.locked())
        return occupied

    assert asyncio.run(lose_a_take()) == [True, False]
