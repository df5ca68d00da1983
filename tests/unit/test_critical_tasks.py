"""What must not be cut short is finished, though nobody waits for it any more."""

from __future__ import annotations

import asyncio

import pytest

from storyboard.run.executor.critical_tasks import CriticalTasks


def test_a_task_goes_on_when_its_waiter_is_cancelled() -> None:
    async def stop_while_submitting() -> list[str]:
        tasks, done = CriticalTasks(), []

        async def submit() -> None:
            await asyncio.sleep(0.01)
            done.append("submitted")

        waiter = asyncio.create_task(tasks.run_to_end(submit()))
        await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        await tasks.wait_for_tasks(5)
        await tasks.wait_for_tasks(5)  # nothing is left to wait for
        return done

    assert asyncio.run(stop_while_submitting()) == ["submitted"]


def test_a_second_stop_cuts_it_short() -> None:
    async def stop_twice() -> None:
        tasks = CriticalTasks()
        waiter = asyncio.create_task(tasks.run_to_end(asyncio.Event().wait()))
        await asyncio.sleep(0)
        tasks.cancel_tasks()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(waiter, 5)

    asyncio.run(stop_twice())


def test_its_result_and_its_error_reach_the_waiter() -> None:
    async def fail() -> None:
        raise ValueError("refused")

    async def run_both() -> str:
        tasks = CriticalTasks()
        with pytest.raises(ValueError, match="refused"):
            await tasks.run_to_end(fail())
        return await tasks.run_to_end(asyncio.sleep(0, "taken"))

    assert asyncio.run(run_both()) == "taken"
