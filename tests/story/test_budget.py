"""Whatever things cost and whatever goes wrong, no limit is passed: exact in micro-dollars."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parents[1] / "fakes"))
from child import start_process
from run_fakes import FakeFilm, FakeProvider, build_step, link_last_frame

from storyboard.errors import InvalidRequest, MoneyRefused
from storyboard.model.film import Policy
from storyboard.pipeline.render import RenderOptions, check_budget_and_compute_cap
from storyboard.pipeline.session import FilmSession
from storyboard.plan.plan import Plan
from storyboard.providers.base import Failed, Filtered, Request
from storyboard.run.ledger.attempts import State
from storyboard.run.ledger.ledger import Ledger, sum_lifetime_cost_micros
from storyboard.run.store.store import Store

OUTCOMES = {
    "made": None,
    "filtered": Filtered("no"),
    "filtered, billed": Filtered("no", billed=True),
    "failed": Failed("broke"),
    "failed, billed": Failed("broke", billed=True),
    "refused": InvalidRequest("wrong"),
    "no answer": ConnectionResetError("gone"),
}
POINTS = ["", "", "submit-before", "submit-after", "poll", "fetch-before", "fetch-after"]


@pytest.fixture(autouse=True)
def _poll_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.002")


@dataclass
class ScriptedProvider(FakeProvider):
    """Ends its jobs as it was told, in the order in which they come."""

    ends: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answer = self._choose_outcome  # type: ignore[assignment]

    def _choose_outcome(self, request: Request) -> object:
        job_count = len(self.requests) + len(list(self.folder.glob("*.job")))
        return OUTCOMES[self.ends[job_count % len(self.ends)]]

    def compute_bill(self, prices: Mapping[str, int]) -> int:
        """Micro-dollars for every job that was made, but for those that cost nothing."""
        jobs = [json.loads(path.read_text()) for path in self.folder.glob("*.job")]
        return sum(prices[job["prompt"]] for job in jobs if job.get("no", ("", "", True))[2])


@dataclass(frozen=True)
class RenderCase:
    """One render: where it dies, what it may spend, and whether its plan knows the prices."""

    die_at: str
    max_cost_micros: int | None
    knows_prices: bool


PRICES = st.integers(1, 3_000_001)
RUNS = st.builds(
    RenderCase, st.sampled_from(POINTS), st.none() | st.integers(0, 8_000_000), st.booleans()
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(PRICES, st.integers(1, 3), st.booleans()), min_size=1, max_size=4),
    ends=st.lists(st.sampled_from([*["made"] * 5, *OUTCOMES]), min_size=1, max_size=6),
    runs=st.lists(RUNS, min_size=1, max_size=4),
    life=st.none() | st.integers(0, 15_000_000),
    retry=st.booleans(),
)
def test_no_limit_is_ever_passed(
    steps: list[tuple[int, int, bool]],
    ends: list[str],
    runs: list[RenderCase],
    life: int | None,
    retry: bool,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        provider = ScriptedProvider(root / "remote", ends=ends)
        film = FakeFilm(
            root / "film.yaml",
            _build_steps(steps),
            {"paid": provider},
            policy=_build_policy(life, retry),
        )
        prices = {step.prompt: step.price_micros for step in film.steps}
        for run in runs:
            billed_before = provider.compute_bill(prices)
            reserved_before = _sum_reserved(film)
            _render_in_process(film, provider, run)
            bill = provider.compute_bill(prices)
            attempts = Ledger.read_attempts(film.state)
            settled = sum(attempt.settled_micros for attempt in attempts)
            assert settled <= bill <= settled + _sum_reserved(film)
            assert life is None or bill <= settled + _sum_reserved(film) <= life
            if run.max_cost_micros is not None:
                assert bill - billed_before <= run.max_cost_micros
                assert (
                    settled + _sum_reserved(film) - billed_before
                    <= run.max_cost_micros + reserved_before
                )
            purchases = Counter(
                (attempt_row.digest, attempt_row.ordinal)
                for attempt_row in attempts
                if attempt_row.state is State.COMMITTED
            )
            assert all(count == 1 for count in purchases.values())
            for attempt in attempts:
                assert attempt.settled_micros in (0, prices[f"picture of {attempt.step}"])


def _build_steps(cases: list[tuple[int, int, bool]]) -> list[Any]:
    steps: list[Any] = []
    for number, (price, takes, depends_on_previous) in enumerate(cases):
        links = [link_last_frame(steps[-1].id)] if depends_on_previous and steps else []
        steps.append(build_step(f"SH{number:03d}", price=price, takes=takes, links=links))
    return steps


def _build_policy(life: int | None, retry: bool) -> Policy:
    usd = None if life is None else Fraction(life, 1_000_000)
    does = "retry" if retry else "fail"
    return replace(Policy(), budget_usd=usd, on_failed=does, on_filtered=does)


def _sum_reserved(film: FakeFilm) -> int:
    return sum(attempt.held_micros for attempt in Ledger.read_attempts(film.state))


def _render_in_process(film: FakeFilm, provider: ScriptedProvider, run: RenderCase) -> None:
    """One run in a process of its own, as the command line does it."""
    provider.die_at = run.die_at
    process = start_process(_render_within_budget, film, run)
    process.join(30)
    assert process.exitcode in (0, -9)


def _render_within_budget(film: FakeFilm, run: RenderCase) -> None:
    cap: int | None = None

    def price_plan(plan: Plan, store: Store) -> Plan:
        nonlocal cap
        if not run.knows_prices:
            plan = replace(plan, nodes=tuple(replace(n, cost_micros=0) for n in plan.nodes))
        session = SimpleNamespace(
            film=film.film, state=film.state, selects=film.open_lock_file(), store=store
        )
        cap = check_budget_and_compute_cap(
            cast("FilmSession", session), plan, RenderOptions(max_cost_micros=run.max_cost_micros)
        )
        return plan

    async def render_film() -> None:
        store, selects = film.open_store(), film.open_lock_file()
        price_plan(film.plan(store, selects), store)
        store.close()
        await film.render_async(max_cost_micros=cap)

    try:
        asyncio.run(render_film())
    except MoneyRefused:
        return


def test_lifetime_counts_each_take_once_wherever_it_is_known(tmp_path: Path) -> None:
    provider = ScriptedProvider(tmp_path / "remote", ends=["made"])
    film = FakeFilm(tmp_path / "film.yaml", _build_steps([(333_333, 3, False)]), {"paid": provider})
    film.render()
    assert (
        sum_lifetime_cost_micros(
            Ledger.read_attempts(film.state), film.open_lock_file().list_prices_micros()
        )
        == 999_999
    )
    assert sum_lifetime_cost_micros((), film.open_lock_file().list_prices_micros()) == 999_999
