"""How long a film of 100 shots takes under a quota, beside the least that it could take.

Time runs faster here: one loop, its sleeps and the quota's windows all go by one clock, so a run of
a quarter of an hour is over in seconds, and whatever the engine itself costs counts as often over.
"""

from __future__ import annotations

import asyncio
import heapq
import os
import selectors
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any
from unittest.mock import patch

from storyboard.graph.rate_limits import WINDOW_S, RateLimits
from storyboard.graph.steps import Step
from storyboard.plan.forecast import forecast_render
from storyboard.providers.base import Done, Operation, Outcome, Request, Running, Sample, Workplace
from storyboard.run.executor.rate_limiter import SlidingWindow
from tests.bench.fake_provider import InstantProvider, PlannedFilm
from tests.bench.table import print_heading, print_line
from tests.fakes.run_fakes import build_step, link_last_frame

SPEEDUP = 20
LEEWAY_S = 0.1 * SPEEDUP
"""Between the count of a request and its departure lies the ledger's flush."""
QUOTA = 10
OPERATION_S = 75.0
SHOTS = 100
CHAIN_LENGTHS = {"10 chains of 6, 40 alone": 6, "10 chains of 10": 10, "none hangs on another": 1}
"""By what is drawn, the length of its ten chains."""


class FastLoop(asyncio.SelectorEventLoop):
    """A loop on whose clock FASTER seconds pass in one."""

    def __init__(self) -> None:
        super().__init__(_FastSelector())

    def time(self) -> float:
        return time.monotonic() * SPEEDUP


class _FastSelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> Any:
        return super().select(None if timeout is None else timeout / SPEEDUP)


@dataclass
class TimedProvider(InstantProvider):
    """A platform whose every job takes OPERATION_S; it tells when each was sent."""

    submitted_at: dict[str, float] = field(default_factory=dict)

    async def submit(self, request: Request, place: Workplace) -> Operation:
        operation = await super().submit(request, place)
        self.submitted_at[operation.name] = asyncio.get_running_loop().time()
        return operation

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        if asyncio.get_running_loop().time() - self.submitted_at[operation.name] < OPERATION_S:
            return Running()
        return Done((Sample(uri=operation.name),))


def measure_makespan(root: Path) -> None:
    """100 shots under a quota, beside max(critical path, quota), and what was forecast."""
    os.environ.pop("STORYBOARD_POLL_S", None)
    print_heading(
        f"{SHOTS} shots, {QUOTA} requests a minute, {OPERATION_S:.0f} s a job, polled as by default"
    )
    for name, length in CHAIN_LENGTHS.items():
        steps = _build_steps(length)
        run_s, forecast_s, most_submitted = _run_steps(steps)
        least_s = compute_lower_bound({step.id: step.parents for step in steps})
        list_schedule_s = compute_list_schedule({step.id: step.parents for step in steps})
        ratio = (
            f"{run_s / least_s - 1:+.1%} of the least possible;"
            f" forecast {forecast_s / run_s - 1:+.1%}"
        )
        seconds = (
            f"{run_s:6.0f} s; at least {least_s:.0f} s, by a list schedule {list_schedule_s:.0f} s"
        )
        print_line(
            f"{name:<26} {seconds}; {most_submitted} sent in the fullest minute", ratio, "within 5%"
        )


def _build_steps(length: int) -> list[Step]:
    rate_limits = RateLimits(per_minute=QUOTA, typical_s=OPERATION_S)
    steps = []
    for number in range(SHOTS):
        chain, position = divmod(number, length)
        links = (link_last_frame(f"SH{number - 1:03d}"),) if position and chain < 10 else ()
        steps.append(replace(build_step(f"SH{number:03d}", links=links), rate_limits=rate_limits))
    return steps


def _run_steps(steps: list[Step]) -> tuple[float, float, int]:
    """Seconds that the run took and that the forecast told; jobs sent in the fullest minute."""
    clock = partial(_read_fast_clock, time.time())
    windows = partial(SlidingWindow, clock=clock)
    provider = TimedProvider("paid", repeatable=False)
    with (
        tempfile.TemporaryDirectory(prefix="storyboard-makespan-") as folder,
        patch("storyboard.run.executor.executor.SlidingWindow", windows),
        asyncio.Runner(loop_factory=FastLoop) as runner,
    ):
        film = PlannedFilm(Path(folder), steps, {"paid": provider})
        nodes = tuple(replace(node, ordinals=(1,)) for node in film.plan.nodes)
        film.plan = replace(film.plan, nodes=nodes)
        predicted = forecast_render(film.plan)
        started_at = time.monotonic()
        result = runner.run(film.run_plan())
        run_s = (time.monotonic() - started_at) * SPEEDUP
    assert predicted is not None
    assert result.made == len(steps), result
    at, window = sorted(provider.submitted_at.values()), WINDOW_S - LEEWAY_S
    return run_s, predicted.seconds, max(sum(a <= b < a + window for b in at) for a in at)


def _read_fast_clock(started_at: float) -> float:
    """Seconds since the epoch, on the fast clock."""
    return started_at + (time.time() - started_at) * SPEEDUP


Parents = Mapping[str, tuple[str, ...]]


def compute_lower_bound(parents: Parents) -> float:
    """Seconds that no schedule can go below.

    Take the jobs that have at least `head` seconds of work before them and `tail` seconds from
    their own start to the end: none of them is sent before `head`, the last of them not before
    the quota lets through as many, and then its tail is still to come. The most of that over
    every head and tail holds the critical path (one job) and the quota (all of them).
    """
    head, tail = _measure_depths(parents)
    most = 0.0
    for first in {*head.values()}:
        for last in {*tail.values()}:
            count = sum(head[id] >= first and tail[id] >= last for id in parents)
            if count:
                most = max(most, first + (count - 1) // QUOTA * WINDOW_S + last)
    return most


def compute_list_schedule(parents: Parents) -> float:
    """Seconds of one good schedule: whenever there is room, whoever has the longest way to go."""
    _, tail = _measure_depths(parents)
    ready = {id: 0.0 for id, step_parents in parents.items() if not step_parents}
    ends: dict[str, float] = {}
    submitted_at: list[float] = []
    heap = [0.0]
    while len(ends) < len(parents):
        now = heapq.heappop(heap)
        for id in sorted((id for id, at in ready.items() if at <= now), key=lambda id: -tail[id]):
            if sum(at > now - WINDOW_S for at in submitted_at) >= QUOTA:
                heapq.heappush(heap, submitted_at[-QUOTA] + WINDOW_S)
                break
            submitted_at.append(now)
            ends[id] = now + OPERATION_S
            del ready[id]
            for child, step_parents in parents.items():
                if id in step_parents and all(parent in ends for parent in step_parents):
                    ready[child] = max(ends[parent] for parent in step_parents)
            heapq.heappush(heap, ends[id])
        heap = [at for at, _ in groupby(sorted(heap))]
    return max(ends.values())


def _measure_depths(parents: Parents) -> tuple[dict[str, float], dict[str, float]]:
    """By job, seconds of work before it, and from its start to the end of what hangs on it."""
    head: dict[str, float] = {}
    tail = dict.fromkeys(parents, OPERATION_S)
    for id, step_parents in parents.items():
        head[id] = max((head[parent] + OPERATION_S for parent in step_parents), default=0.0)
    for id, step_parents in reversed(parents.items()):
        for parent in step_parents:
            tail[parent] = max(tail[parent], tail[id] + OPERATION_S)
    return head, tail
