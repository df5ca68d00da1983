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
from child import child
from run_fakes import Pretend, Set, last_of, shot

from storyboard.errors import InvalidRequest, MoneyRefused
from storyboard.film import Policy
from storyboard.graph.plan import Plan
from storyboard.make import Order, budget
from storyboard.production import Production
from storyboard.providers.base import Failed, Filtered, Request
from storyboard.run.attempts import State
from storyboard.run.ledger import Ledger, lifetime_micros
from storyboard.run.store import Store

ENDS = {
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
def _quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.002")


@dataclass
class Fickle(Pretend):
    """Ends its jobs as it was told, in the order in which they come."""

    ends: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answer = self._end  # type: ignore[assignment]

    def _end(self, request: Request) -> object:
        made = len(self.asked) + len(list(self.folder.glob("*.job")))
        return ENDS[self.ends[made % len(self.ends)]]

    def billed(self, prices: Mapping[str, int]) -> int:
        """Micro-dollars for every job that was made, but for those that cost nothing."""
        jobs = [json.loads(path.read_text()) for path in self.folder.glob("*.job")]
        return sum(prices[job["prompt"]] for job in jobs if job.get("no", ("", "", True))[2])


@dataclass(frozen=True)
class Run:
    """One render: where it dies, what it may spend, and whether its plan knows the prices."""

    dies: str
    most: int | None
    knows: bool


PRICES = st.integers(1, 3_000_001)
RUNS = st.builds(Run, st.sampled_from(POINTS), st.none() | st.integers(0, 8_000_000), st.booleans())


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(PRICES, st.integers(1, 3), st.booleans()), min_size=1, max_size=4),
    ends=st.lists(st.sampled_from([*["made"] * 5, *ENDS]), min_size=1, max_size=6),
    runs=st.lists(RUNS, min_size=1, max_size=4),
    life=st.none() | st.integers(0, 15_000_000),
    retry=st.booleans(),
)
def test_no_limit_is_ever_passed(
    steps: list[tuple[int, int, bool]],
    ends: list[str],
    runs: list[Run],
    life: int | None,
    retry: bool,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        maker = Fickle(root / "remote", ends=ends)
        film = Set(root / "film.yaml", _shots(steps), {"paid": maker}, policy=_policy(life, retry))
        prices = {step.prompt: step.price_micros for step in film.steps}
        for run in runs:
            before = maker.billed(prices)
            held_before = _held(film)
            _rendered(film, maker, run)
            bill = maker.billed(prices)
            attempts = Ledger.read(film.state)
            settled = sum(each.settled_micros for each in attempts)
            assert settled <= bill <= settled + _held(film)
            assert life is None or bill <= settled + _held(film) <= life
            if run.most is not None:
                assert bill - before <= run.most
                assert settled + _held(film) - before <= run.most + held_before
            sold = Counter((a.digest, a.ordinal) for a in attempts if a.state is State.COMMITTED)
            assert all(count == 1 for count in sold.values())
            for each in attempts:
                assert each.settled_micros in (0, prices[f"picture of {each.step}"])


def _shots(told: list[tuple[int, int, bool]]) -> list[Any]:
    steps: list[Any] = []
    for number, (price, takes, hangs) in enumerate(told):
        links = [last_of(steps[-1].id)] if hangs and steps else []
        steps.append(shot(f"SH{number:03d}", price=price, takes=takes, links=links))
    return steps


def _policy(life: int | None, retry: bool) -> Policy:
    usd = None if life is None else Fraction(life, 1_000_000)
    does = "retry" if retry else "fail"
    return replace(Policy(), budget_usd=usd, on_failed=does, on_filtered=does)


def _held(film: Set) -> int:
    return sum(each.held_micros for each in Ledger.read(film.state))


def _rendered(film: Set, maker: Fickle, run: Run) -> None:
    """One run in a process of its own, as the command line does it."""
    maker.die_at = run.dies
    process = child(_render, film, run)
    process.join(30)
    assert process.exitcode in (0, -9)


def _render(film: Set, run: Run) -> None:
    cap: int | None = None

    def priced(plan: Plan, store: Store) -> Plan:
        nonlocal cap
        if not run.knows:
            plan = replace(plan, nodes=tuple(replace(n, cost_micros=0) for n in plan.nodes))
        told = SimpleNamespace(
            film=film.film, state=film.state, selects=film.selects(), store=store
        )
        cap = budget(cast("Production", told), plan, Order(max_cost_micros=run.most))
        return plan

    async def go() -> None:
        store, selects = film.store(), film.selects()
        priced(film.plan(store, selects), store)
        store.close()
        await film.arender(max_cost_micros=cap)

    try:
        asyncio.run(go())
    except MoneyRefused:
        return


def test_lifetime_counts_each_take_once_wherever_it_is_known(tmp_path: Path) -> None:
    maker = Fickle(tmp_path / "remote", ends=["made"])
    film = Set(tmp_path / "film.yaml", _shots([(333_333, 3, False)]), {"paid": maker})
    film.render()
    assert lifetime_micros(Ledger.read(film.state), film.selects().paid()) == 999_999
    assert lifetime_micros((), film.selects().paid()) == 999_999
