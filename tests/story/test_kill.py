"""Killed at any moment, the next run goes on: nothing bought twice, nothing made twice, no damage.

A child process renders a small film and dies by SIGKILL at a named point, or at a random one. The
provider keeps its jobs and its bill on the disk, so the bill is what a real one would send.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "fakes"))
from child import start_process
from run_fakes import FakeFilm, FakeProvider, build_step, kill_process, link_last_frame

from storyboard.run.ledger.attempts import Attempt, State
from storyboard.run.ledger.ledger import Ledger
from storyboard.run.maintenance.store_maintenance import verify_store
from storyboard.run.result import RunResult
from storyboard.run.store.store import Store


@pytest.fixture(autouse=True)
def _poll_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.005")
    monkeypatch.delenv("STORYBOARD_STORE", raising=False)


class DyingLedger(Ledger):
    """Dies right after a state of SH020 is on the disk."""

    def __init__(self, folder: Path, *, die_at: State) -> None:
        super().__init__(folder)
        self.die_at = die_at

    async def reserve_attempts(
        self, attempts: Sequence[Attempt], **options: Any
    ) -> tuple[Attempt, ...]:
        entered = await super().reserve_attempts(attempts, **options)
        self._die_if_reached(entered)
        return entered

    async def transition_together(
        self, attempts: Sequence[Attempt], state: State, **facts: Any
    ) -> tuple[Attempt, ...]:
        moved = await super().transition_together(attempts, state, **facts)
        self._die_if_reached(moved)
        return moved

    def _die_if_reached(self, attempts: Sequence[Attempt]) -> None:
        if any(attempt.step == "SH020" and attempt.state is self.die_at for attempt in attempts):
            kill_process()


class DyingStore(Store):
    """Dies with the bytes of SH020 in the store and no word of them, or with its sidecar there."""

    def __init__(self, root: Path, *, die_at: str) -> None:
        super().__init__(root)
        self.die_at = die_at

    def add_records(self, records: Any, **options: Any) -> None:
        hit = any(record.take.shot == "SH020" for record in records)
        if hit and self.die_at == "bytes":
            kill_process()
        super().add_records(records, **options)
        if hit and self.die_at == "sidecar":
            kill_process()


def build_film(folder: Path, provider: str) -> tuple[FakeFilm, FakeProvider]:
    """SH010 is made first, SH020 hangs on it; whatever is killed, SH010 was finished."""
    fake_provider = FakeProvider(folder / "remote", name=provider, repeatable=provider == "free")
    steps = [
        build_step("SH010", provider=provider),
        build_step("SH020", provider=provider, links=[link_last_frame("SH010")]),
    ]
    return FakeFilm(folder / "film.yaml", steps, {provider: fake_provider}), fake_provider


def render_until_killed(film: FakeFilm, **options: Any) -> None:
    """Renders in a child process, which must not live to tell."""
    process = start_process(film.render, **options)
    process.join(20)
    assert process.exitcode == -signal.SIGKILL


def render_and_verify(film: FakeFilm) -> RunResult:
    """The next run, and the promises that hold after every one."""
    result = film.render()
    store = film.open_store()
    assert verify_store(store) == []
    assert list((store.root / "scratch").iterdir()) == []
    assert store.claims.list_claimed_digests() == frozenset() or result.unknown
    assert result.exit_code or not any(
        attempt.held_micros for attempt in Ledger.read_attempts(film.state)
    )
    store.close()
    film.open_lock_file()
    return result


POINTS = ["submit-before", "submit-after", "poll", "fetch-before", "fetch-after"]
STATES = [
    State.INTENT,
    State.SUBMITTING,
    State.SUBMITTED,
    State.DONE_REMOTE,
    State.FETCHED,
    State.COMMITTED,
]
UNCERTAIN = {"submit-before", "submit-after", State.SUBMITTING}
"""Where nobody but a person can know whether a paid request was sent."""


def kill_in_second_shot(film: FakeFilm, provider: FakeProvider, point: str) -> None:
    """Lets SH010 be finished, then dies at the provider's point."""
    steps = film.steps
    film.steps = steps[:1]
    assert film.render().made == 1
    film.steps = steps
    provider.die_at = point
    render_until_killed(film)
    provider.die_at = ""


@pytest.mark.parametrize("point", [*POINTS, *STATES, "bytes", "sidecar"])
def test_a_paid_step_is_never_bought_twice(tmp_path: Path, point: str) -> None:
    film, provider = build_film(tmp_path, "paid")
    kill_render(film, provider, point)
    bill_before = provider.read_bill()
    result = render_and_verify(film)
    if point in UNCERTAIN:
        assert result.exit_code == 7
        assert provider.read_bill() == bill_before, "a person decides"
        resolve_unknown(film, provider)
        result = render_and_verify(film)
    assert result.exit_code == 0
    assert Counter(provider.read_bill()) == {"picture of SH010": 1, "picture of SH020": 1}
    assert render_and_verify(film).made == 0


def test_of_two_takes_the_stored_one_is_settled_too(tmp_path: Path) -> None:
    film, provider = build_film(tmp_path, "paid")
    film.steps[1] = build_step("SH020", links=[link_last_frame("SH010")], takes=2)
    kill_render(film, provider, "sidecar")
    result = render_and_verify(film)
    assert (result.exit_code, len(provider.read_bill())) == (0, 3)


@pytest.mark.parametrize("point", [*POINTS, *STATES, "bytes", "sidecar"])
def test_a_free_step_simply_runs_again(tmp_path: Path, point: str) -> None:
    film, provider = build_film(tmp_path, "free")
    kill_render(film, provider, point)
    result = render_and_verify(film)
    assert result.exit_code == 0
    assert Counter(provider.read_bill())["picture of SH010"] == 1, (
        "what was finished is not made again"
    )
    if point in ("sidecar", State.COMMITTED):
        assert result.made == 0
    assert render_and_verify(film).made == 0


def test_another_film_does_not_buy_what_a_dead_one_has_submitted(tmp_path: Path) -> None:
    first, provider = build_film(tmp_path, "paid")
    (tmp_path / "other").mkdir()
    other = FakeFilm(
        tmp_path / "other" / "other.yaml",
        first.steps,
        first.providers,
        store_root=first.open_store().root,
    )
    first.path.touch()
    kill_in_second_shot(first, provider, "poll")
    result = other.render()
    assert result.exit_code == 7
    assert "render that film first" in result.unknown["SH020"].hint
    assert render_and_verify(first).exit_code == 0
    result = other.render()
    assert (result.exit_code, result.made) == (0, 0)
    assert len(provider.read_bill()) == 2


@pytest.mark.parametrize("seed", [7, 11])
def test_killed_again_and_again_at_random_it_still_buys_everything_once(
    tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    paid = FakeProvider(tmp_path / "remote", pause_s=0.004)
    free = FakeProvider(tmp_path / "local", name="free", repeatable=True, pause_s=0.004)
    steps = [build_step("SH010"), build_step("SH015", provider="free", takes=2)]
    for number in range(2, 7):
        steps.append(build_step(f"SH0{number}0", links=[link_last_frame(steps[-2].id)]))
    film = FakeFilm(tmp_path / "film.yaml", steps, {"paid": paid, "free": free})
    kills = 0
    for _ in range(40):
        process = start_process(film.render)
        process.join(dice.uniform(0.03, 0.17))
        if process.exitcode == 0 and not has_unknown_attempts(film):
            break
        if process.exitcode is None:
            process.kill()
            kills += 1
        process.join()
        resolve_unknown(film, paid)
    result = render_and_verify(film)
    context = f"seed {seed}, {kills} kills: {paid.read_bill()}"
    assert result.exit_code == 0, context
    assert Counter(paid.read_bill()) == {
        step.prompt: 1 for step in steps if step.provider == "paid"
    }, context
    assert kills, context


def test_killed_while_the_lock_file_is_written_it_is_whole(tmp_path: Path) -> None:
    film, _ = build_film(tmp_path, "free")
    film.steps = [build_step(f"SH{n:03d}", provider="free") for n in range(30)]
    for wait in (0.04, 0.07, 0.1, 0.14):
        process = start_process(film.render)
        time.sleep(wait)
        process.kill()
        process.join()
        film.open_lock_file()
    assert render_and_verify(film).exit_code == 0


def kill_render(film: FakeFilm, provider: FakeProvider, point: str) -> None:
    """Dies at a point of the provider, of the ledger, or of the store."""
    if point in POINTS:
        kill_in_second_shot(film, provider, point)
    elif point in ("bytes", "sidecar"):
        render_until_killed(film, store_class=partial(DyingStore, die_at=point))
    else:
        render_until_killed(film, ledger_class=partial(DyingLedger, die_at=State(point)))


def has_unknown_attempts(film: FakeFilm) -> bool:
    return any(attempt.state is State.UNKNOWN for attempt in Ledger.read_attempts(film.state))


def resolve_unknown(film: FakeFilm, provider: FakeProvider) -> None:
    """What a person does: looks at the provider's list, and tells the ledger what is there."""
    ledger = Ledger(film.state)
    known_operations = {attempt.operation for attempt in Ledger.read_attempts(film.state)}
    jobs = {
        path.stem: json.loads(path.read_text())
        for path in provider.folder.glob("*.job")
        if path.stem not in known_operations
    }

    async def resolve_attempts() -> None:
        for unknown in ledger.open_attempts:
            if unknown.state is not State.UNKNOWN:
                continue
            prompt = f"picture of {unknown.step}"
            matching_jobs = [name for name, job in jobs.items() if job["prompt"] == prompt]
            if matching_jobs:
                await ledger.resolve_attempt(unknown, adopt=matching_jobs[0])
            else:
                await ledger.resolve_attempt(unknown, not_sent=True)

    asyncio.run(resolve_attempts())
    ledger.close()
