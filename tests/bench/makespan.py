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

from storyboard.graph.forecast import forecast
from storyboard.graph.pace import WINDOW_S, Pace
from storyboard.graph.steps import Step
from storyboard.providers.base import Done, Operation, Outcome, Request, Running, Sample, Workplace
from storyboard.run.quota import Windows
from tests.bench.paper import Instant, PaperFilm
from tests.bench.table import heading, line
from tests.fakes.run_fakes import last_of, shot

FASTER = 20
LEEWAY_S = 0.1 * FASTER
"""Between the count of a request and its departure lies the ledger's flush."""
QUOTA = 10
JOB_S = 75.0
SHOTS = 100
FILMS = {"10 chains of 6, 40 alone": 6, "10 chains of 10": 10, "none hangs on another": 1}
"""By what is drawn, the length of its ten chains."""


class FastLoop(asyncio.SelectorEventLoop):
    """A loop on whose clock FASTER seconds pass in one."""

    def __init__(self) -> None:
        super().__init__(_FastSelector())

    def time(self) -> float:
        return time.monotonic() * FASTER


class _FastSelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> Any:
        return super().select(None if timeout is None else timeout / FASTER)


@dataclass
class Platform(Instant):
    """A platform whose every job takes JOB_S; it tells when each was sent."""

    sent: dict[str, float] = field(default_factory=dict)

    async def submit(self, request: Request, place: Workplace) -> Operation:
        operation = await super().submit(request, place)
        self.sent[operation.name] = asyncio.get_running_loop().time()
        return operation

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        if asyncio.get_running_loop().time() - self.sent[operation.name] < JOB_S:
            return Running()
        return Done((Sample(uri=operation.name),))


def makespan(root: Path) -> None:
    """100 shots under a quota, beside max(critical path, quota), and what was forecast."""
    os.environ.pop("STORYBOARD_POLL_S", None)
    heading(f"{SHOTS} shots, {QUOTA} requests a minute, {JOB_S:.0f} s a job, polled as by default")
    for name, length in FILMS.items():
        steps = _film(length)
        took, told, most = _played(steps)
        least = bound({step.id: step.parents for step in steps})
        listed = schedule({step.id: step.parents for step in steps})
        ratio = f"{took / least - 1:+.1%} of the least possible; forecast {told / took - 1:+.1%}"
        seconds = f"{took:6.0f} s; at least {least:.0f} s, by a list schedule {listed:.0f} s"
        line(f"{name:<26} {seconds}; {most} sent in the fullest minute", ratio, "within 5%")


def _film(length: int) -> list[Step]:
    pace = Pace(per_minute=QUOTA, typical_s=JOB_S)
    steps = []
    for number in range(SHOTS):
        chain, place = divmod(number, length)
        links = (last_of(f"SH{number - 1:03d}"),) if place and chain < 10 else ()
        steps.append(replace(shot(f"SH{number:03d}", links=links), pace=pace))
    return steps


def _played(steps: list[Step]) -> tuple[float, float, int]:
    """Seconds that the run took and that the forecast told; jobs sent in the fullest minute."""
    clock = partial(_now, time.time())
    windows = partial(Windows, clock=clock)
    platform = Platform("paid", repeatable=False)
    with (
        tempfile.TemporaryDirectory(prefix="storyboard-makespan-") as folder,
        patch("storyboard.run.local.Windows", windows),
        asyncio.Runner(loop_factory=FastLoop) as runner,
    ):
        film = PaperFilm(Path(folder), steps, {"paid": platform})
        nodes = tuple(replace(node, ordinals=(1,)) for node in film.plan.nodes)
        film.plan = replace(film.plan, nodes=nodes)
        told = forecast(film.plan)
        began = time.monotonic()
        result = runner.run(film.run())
        took = (time.monotonic() - began) * FASTER
    assert told is not None
    assert result.made == len(steps), result
    at, window = sorted(platform.sent.values()), WINDOW_S - LEEWAY_S
    return took, told.seconds, max(sum(a <= b < a + window for b in at) for a in at)


def _now(began: float) -> float:
    """Seconds since the epoch, on the fast clock."""
    return began + (time.time() - began) * FASTER


Parents = Mapping[str, tuple[str, ...]]


def bound(parents: Parents) -> float:
    """Seconds that no schedule can go below.

    Take the jobs that have at least `head` seconds of work before them and `tail` seconds from
    their own start to the end: none of them is sent before `head`, the last of them not before
    the quota lets through as many, and then its tail is still to come. The most of that over
    every head and tail holds the critical path (one job) and the quota (all of them).
    """
    head, tail = _depths(parents)
    most = 0.0
    for first in {*head.values()}:
        for last in {*tail.values()}:
            jobs = sum(head[id] >= first and tail[id] >= last for id in parents)
            if jobs:
                most = max(most, first + (jobs - 1) // QUOTA * WINDOW_S + last)
    return most


def schedule(parents: Parents) -> float:
    """Seconds of one good schedule: whenever there is room, whoever has the longest way to go."""
    _, tail = _depths(parents)
    ready = {id: 0.0 for id, before in parents.items() if not before}
    ends: dict[str, float] = {}
    sent: list[float] = []
    heap = [0.0]
    while len(ends) < len(parents):
        now = heapq.heappop(heap)
        for id in sorted((id for id, at in ready.items() if at <= now), key=lambda id: -tail[id]):
            if sum(at > now - WINDOW_S for at in sent) >= QUOTA:
                heapq.heappush(heap, sent[-QUOTA] + WINDOW_S)
                break
            sent.append(now)
            ends[id] = now + JOB_S
            del ready[id]
            for child, before in parents.items():
                if id in before and all(each in ends for each in before):
                    ready[child] = max(ends[each] for each in before)
            heapq.heappush(heap, ends[id])
        heap = [at for at, _ in groupby(sorted(heap))]
    return max(ends.values())


def _depths(parents: Parents) -> tuple[dict[str, float], dict[str, float]]:
    """By job, seconds of work before it, and from its start to the end of what hangs on it."""
    head: dict[str, float] = {}
    tail = dict.fromkeys(parents, JOB_S)
    for id, before in parents.items():
        head[id] = max((head[each] + JOB_S for each in before), default=0.0)
    for id, before in reversed(parents.items()):
        for each in before:
            tail[each] = max(tail[each], tail[id] + JOB_S)
    return head, tail
