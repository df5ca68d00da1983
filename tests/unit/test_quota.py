"""Quotas: a minute counts for everybody who shares a store, and lanes don't wait for each other."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyboard.errors import QuotaError
from storyboard.graph.rate_limits import WINDOW_S, RateLimits
from storyboard.graph.steps import Link, Step
from storyboard.plan.forecast import forecast_render, rank_steps_by_urgency
from storyboard.plan.plan import Action, Node, Plan, Reason
from storyboard.providers.base import Kind, Role, Settings
from storyboard.run.executor.rate_limiter import PrioritySemaphore, RateLimiter, SlidingWindow
from tests.unit.films import compile_shots, make_shot


class ManualClock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_minute_takes_so_many_and_then_says_how_long_to_wait(tmp_path: Path) -> None:
    clock = ManualClock()
    windows = SlidingWindow(tmp_path, clock)
    assert [windows.admit_or_compute_wait_s("veo", 2) for _ in range(2)] == [0.0, 0.0]
    clock.now += 20
    assert windows.admit_or_compute_wait_s("veo", 2) == pytest.approx(40)
    assert windows.admit_or_compute_wait_s("omni", 2) == 0.0, "another lane is another window"
    clock.now += 40
    assert windows.admit_or_compute_wait_s("veo", 2) == 0.0
    windows.close()


def test_the_window_outlives_the_run_and_is_shared(tmp_path: Path) -> None:
    clock = ManualClock()
    first = SlidingWindow(tmp_path, clock)
    first.admit_or_compute_wait_s("veo", 1)
    first.close()
    again, beside = SlidingWindow(tmp_path, clock), SlidingWindow(tmp_path, clock)
    assert again.admit_or_compute_wait_s("veo", 1) > 59
    assert beside.admit_or_compute_wait_s("veo", 1) > 59
    again.close()
    beside.close()


def test_a_submission_that_never_left_is_taken_back(tmp_path: Path) -> None:
    windows = SlidingWindow(tmp_path, ManualClock())
    for _ in range(5):
        assert windows.admit_or_compute_wait_s("veo", 2) == 0.0
        windows.take_back_submission("veo")
    assert [windows.admit_or_compute_wait_s("veo", 2) for _ in range(2)] == [0.0, 0.0]
    assert windows.admit_or_compute_wait_s("veo", 2) > 0
    windows.take_back_submission("omni")
    assert windows.admit_or_compute_wait_s("veo", 2) > 0, "another lane is another window"
    windows.close()


def test_a_clock_set_back_never_causes_a_wait_over_a_minute(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    windows = SlidingWindow(tmp_path, clock)
    windows.admit_or_compute_wait_s("veo", 1)
    clock.now -= 86_400
    assert 0 < windows.admit_or_compute_wait_s("veo", 1) <= WINDOW_S
    clock.now += WINDOW_S
    assert windows.admit_or_compute_wait_s("veo", 1) == 0.0
    windows.close()


def _count_granted(folder: str, times: int, out: object) -> None:
    windows = SlidingWindow(Path(folder))
    out.put(sum(windows.admit_or_compute_wait_s("veo", 25) == 0.0 for _ in range(times)))  # type: ignore[attr-defined]
    windows.close()


def test_processes_that_share_a_store_never_pass_the_limit_together(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    SlidingWindow(tmp_path).admit_or_compute_wait_s("other", 1)
    children = [
        context.Process(target=_count_granted, args=(str(tmp_path), 20, queue)) for _ in range(2)
    ]
    for child in children:
        child.start()
    granted = [queue.get(timeout=60) for _ in children]
    for child in children:
        child.join(60)
    assert sum(granted) == 25


def test_queues_submit_in_parallel(tmp_path: Path) -> None:
    windows = SlidingWindow(tmp_path)
    with ThreadPoolExecutor(6) as pool:
        asked = [
            pool.submit(windows.admit_or_compute_wait_s, f"lane {n % 6}", 20) for n in range(180)
        ]
        waits = [each.result() for each in asked]
    windows.close()
    assert waits.count(0.0) == 120


@settings(max_examples=25)
@given(
    limit=st.integers(1, 5),
    pauses=st.lists(st.floats(0, 40), min_size=1, max_size=40),
)
def test_no_minute_ever_holds_more_than_its_limit(
    tmp_path_factory: pytest.TempPathFactory, limit: int, pauses: list[float]
) -> None:
    clock = ManualClock()
    windows = SlidingWindow(tmp_path_factory.mktemp("windows"), clock)
    granted = []
    for pause in pauses:
        clock.now += pause
        if windows.admit_or_compute_wait_s("veo", limit) == 0.0:
            granted.append(clock.now)
    windows.close()
    for at in granted:
        assert sum(at - WINDOW_S < other <= at for other in granted) <= limit


def test_the_step_with_the_most_dependents_goes_first() -> None:
    order = []

    async def wait_for_turn(turns: PrioritySemaphore, name: str, rank: tuple[int, float]) -> None:
        async with turns.acquire_slot(rank):
            order.append(name)
            await asyncio.sleep(0)

    async def run_all() -> None:
        turns = PrioritySemaphore(1)
        async with turns.acquire_slot((0, 0.0)):
            jobs = [
                asyncio.create_task(wait_for_turn(turns, name, rank))
                for name, rank in (
                    ("short", (1, -60.0)),
                    ("long", (1, -300.0)),
                    ("expiring", (0, -60.0)),
                )
            ]
            await asyncio.sleep(0)
            jobs.append(asyncio.create_task(wait_for_turn(turns, "given up", (0, -999.0))))
            await asyncio.sleep(0)
            jobs.pop().cancel()
        await asyncio.gather(*jobs)

    asyncio.run(run_all())
    assert order == ["expiring", "long", "short"]


def test_a_queue_that_has_to_wait_delays_no_other(tmp_path: Path) -> None:
    def make_step_of(model: str) -> Step:
        return Step("S", Kind.GENERATE, "S", "vertex", model, "vertex", Settings())

    async def run_both() -> list[str]:
        lanes = RateLimiter(SlidingWindow(tmp_path), {}, lambda _: None)
        came: list[str] = []

        async def wait_for_turn(model: str) -> None:
            await lanes.wait_for_submission_quota(make_step_of(model), "")
            came.append(model)

        lanes.pause_queue(make_step_of("slow"), 0.2, QuotaError("slowly"))
        await asyncio.gather(wait_for_turn("slow"), wait_for_turn("quick"))
        lanes.close()
        return came

    assert asyncio.run(run_both()) == ["quick", "slow"]


def test_a_queue_closed_for_the_day_stops_and_the_others_continue(tmp_path: Path) -> None:
    def make_step_of(model: str) -> Step:
        return Step("S", Kind.GENERATE, "S", "vertex", model, "vertex", Settings())

    async def run_all() -> list[object]:
        lanes = RateLimiter(SlidingWindow(tmp_path), {}, lambda _: None)
        tomorrow = QuotaError("the day's requests are used up", retry_after_s=86_400.0)
        waits = asyncio.create_task(lanes.wait_for_submission_quota(make_step_of("shut"), ""))
        with pytest.raises(QuotaError, match="used up; the quota resets at 20") as shut:
            lanes.pause_queue(make_step_of("shut"), 99_000.0, tomorrow)
        assert "nothing was submitted" in shut.value.hint
        assert shut.value.retry_after_s == pytest.approx(86_400, abs=5)
        rest = (
            lanes.wait_for_submission_quota(make_step_of(each), "") for each in ("shut", "open")
        )
        came = await asyncio.gather(waits, *rest, return_exceptions=True)
        lanes.close()
        return list(came)

    waits, shut, open = asyncio.run(run_all())
    assert (type(waits), type(shut), open) == (QuotaError, QuotaError, None)


def test_a_late_step_of_higher_priority_goes_first(tmp_path: Path) -> None:
    def make_step_named(id: str) -> Step:
        return Step(id, Kind.GENERATE, id, "vertex", "veo", "vertex", Settings())

    async def run_both() -> list[str]:
        lanes = RateLimiter(
            SlidingWindow(tmp_path), {"chain": (1, -300.0), "alone": (1, -60.0)}, lambda _: None
        )
        came: list[str] = []

        async def wait_for_turn(id: str) -> None:
            await lanes.wait_for_submission_quota(make_step_named(id), "")
            came.append(id)

        lanes.pause_queue(make_step_named("any"), 0.2, QuotaError("slowly"))
        first = asyncio.create_task(wait_for_turn("alone"))
        await asyncio.sleep(0.05)
        await asyncio.gather(wait_for_turn("chain"), first)
        lanes.close()
        return came

    assert asyncio.run(run_both()) == ["chain", "alone"]


# the forecast -----------------------------------------------------------------------------------


def make_plan(*steps: Step) -> Plan:
    nodes = tuple(Node(step, Action.CREATE, ordinals=(1,)) for step in steps)
    graph = compile_shots(make_shot("SH010"))
    return Plan(graph.film, graph, nodes)


def make_step(id: str, pace: RateLimits, *parents: str) -> Step:
    links = tuple(Link(Role.VIDEO, step=parent) for parent in parents)
    step = Step(id, Kind.GENERATE, id, "vertex", "veo", "vertex", Settings(), links=links)
    return replace(step, rate_limits=pace)


def test_a_chain_takes_as_long_as_its_links() -> None:
    pace = RateLimits(typical_s=60)
    told = forecast_render(
        make_plan(make_step("A", pace), make_step("B", pace, "A"), make_step("C", pace, "B"))
    )
    assert told is not None
    assert (told.seconds, told.critical_path_s, told.operations, told.limiting_models) == (
        180,
        180,
        3,
        (),
    )


def test_a_quota_spreads_jobs_over_minutes() -> None:
    pace = RateLimits(per_minute=10, typical_s=30)
    told = forecast_render(make_plan(*(make_step(f"S{n}", pace) for n in range(25))))
    assert told is not None
    assert told.seconds == 2 * WINDOW_S + 30
    assert told.critical_path_s == 30
    assert told.limiting_models == ("veo at vertex",)


def test_so_many_jobs_at_once_and_no_more() -> None:
    pace = RateLimits(at_once=2, typical_s=30)
    told = forecast_render(make_plan(*(make_step(f"S{n}", pace) for n in range(5))))
    assert told is not None
    assert told.seconds == 90


def test_the_chain_goes_first_so_that_the_quota_costs_it_nothing() -> None:
    pace = RateLimits(per_minute=1, typical_s=60)
    loose = [make_step(f"S{n}", pace) for n in range(2)]
    chain = [make_step("A", pace), make_step("B", pace, "A")]
    told = forecast_render(make_plan(*loose, *chain))
    assert told is not None
    assert told.seconds == 4 * 60
    first = rank_steps_by_urgency(make_plan(*loose, *chain).nodes)
    assert min(first, key=first.__getitem__) == "A"


def test_what_soon_expires_goes_before_what_is_long() -> None:
    pace = RateLimits(typical_s=60)
    plan = make_plan(make_step("A", pace), make_step("B", pace, "A"), make_step("X", pace))
    nodes = [
        replace(node, reasons=(Reason.URI_EXPIRING,)) if node.step.id == "X" else node
        for node in plan.nodes
    ]
    first = rank_steps_by_urgency(nodes)
    assert min(first, key=first.__getitem__) == "X"


def test_what_is_made_here_has_no_forecast() -> None:
    assert forecast_render(make_plan(make_step("A", RateLimits()))) is None
