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
from child import child
from run_fakes import Pretend, Set, die, last_of, shot

from storyboard.run.attempts import Attempt, State
from storyboard.run.ledger import Ledger
from storyboard.run.result import RunResult
from storyboard.run.store import Store
from storyboard.run.upkeep import verify


@pytest.fixture(autouse=True)
def _quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.005")
    monkeypatch.delenv("STORYBOARD_STORE", raising=False)


class DyingLedger(Ledger):
    """Dies right after a state of SH020 is on the disk."""

    def __init__(self, folder: Path, *, die_at: State) -> None:
        super().__init__(folder)
        self.die_at = die_at

    async def begin(self, attempts: Sequence[Attempt], **options: Any) -> tuple[Attempt, ...]:
        entered = await super().begin(attempts, **options)
        self._die(entered)
        return entered

    async def advance_all(
        self, attempts: Sequence[Attempt], state: State, **facts: Any
    ) -> tuple[Attempt, ...]:
        moved = await super().advance_all(attempts, state, **facts)
        self._die(moved)
        return moved

    def _die(self, attempts: Sequence[Attempt]) -> None:
        if any(each.step == "SH020" and each.state is self.die_at for each in attempts):
            die()


class DyingStore(Store):
    """Dies with the bytes of SH020 in the store and no word of them, or with its sidecar there."""

    def __init__(self, root: Path, *, die_at: str) -> None:
        super().__init__(root)
        self.die_at = die_at

    def add_all(self, records: Any) -> None:
        hit = any(record.take.shot == "SH020" for record in records)
        if hit and self.die_at == "bytes":
            die()
        super().add_all(records)
        if hit and self.die_at == "sidecar":
            die()


def the_film(folder: Path, provider: str) -> tuple[Set, Pretend]:
    """SH010 is made first, SH020 hangs on it; whatever is killed, SH010 was finished."""
    maker = Pretend(folder / "remote", name=provider, repeatable=provider == "free")
    steps = [
        shot("SH010", provider=provider),
        shot("SH020", provider=provider, links=[last_of("SH010")]),
    ]
    return Set(folder / "film.yaml", steps, {provider: maker}), maker


def killed(film: Set, **options: Any) -> None:
    """Renders in a child process, which must not live to tell."""
    process = child(film.render, **options)
    process.join(20)
    assert process.exitcode == -signal.SIGKILL


def go_on(film: Set) -> RunResult:
    """The next run, and the promises that hold after every one."""
    result = film.render()
    store = film.store()
    assert verify(store) == []
    assert list((store.root / "scratch").iterdir()) == []
    assert store.claims.known() == frozenset() or result.unknown
    assert result.exit_code or not any(each.held_micros for each in Ledger.read(film.state))
    store.close()
    film.selects()
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


def die_in_sh020(film: Set, maker: Pretend, point: str) -> None:
    """Lets SH010 be finished, then dies at the provider's point."""
    steps = film.steps
    film.steps = steps[:1]
    assert film.render().made == 1
    film.steps = steps
    maker.die_at = point
    killed(film)
    maker.die_at = ""


@pytest.mark.parametrize("point", [*POINTS, *STATES, "bytes", "sidecar"])
def test_a_paid_step_is_never_bought_twice(tmp_path: Path, point: str) -> None:
    film, maker = the_film(tmp_path, "paid")
    kill(film, maker, point)
    sent = maker.bill()
    result = go_on(film)
    if point in UNCERTAIN:
        assert result.exit_code == 7
        assert maker.bill() == sent, "a person decides"
        decide(film, maker)
        result = go_on(film)
    assert result.exit_code == 0
    assert Counter(maker.bill()) == {"picture of SH010": 1, "picture of SH020": 1}
    assert go_on(film).made == 0


def test_of_two_takes_the_one_that_is_on_the_shelf_is_settled_too(tmp_path: Path) -> None:
    film, maker = the_film(tmp_path, "paid")
    film.steps[1] = shot("SH020", links=[last_of("SH010")], takes=2)
    kill(film, maker, "sidecar")
    result = go_on(film)
    assert (result.exit_code, len(maker.bill())) == (0, 3)


@pytest.mark.parametrize("point", [*POINTS, *STATES, "bytes", "sidecar"])
def test_a_free_step_simply_runs_again(tmp_path: Path, point: str) -> None:
    film, maker = the_film(tmp_path, "free")
    kill(film, maker, point)
    result = go_on(film)
    assert result.exit_code == 0
    assert Counter(maker.bill())["picture of SH010"] == 1, "what was finished is not made again"
    if point in ("sidecar", State.COMMITTED):
        assert result.made == 0
    assert go_on(film).made == 0


def test_another_film_does_not_buy_what_a_dead_one_has_ordered(tmp_path: Path) -> None:
    first, maker = the_film(tmp_path, "paid")
    (tmp_path / "other").mkdir()
    other = Set(
        tmp_path / "other" / "other.yaml",
        first.steps,
        first.providers,
        store_root=first.store().root,
    )
    first.path.touch()
    die_in_sh020(first, maker, "poll")
    result = other.render()
    assert result.exit_code == 7
    assert "render that film first" in result.unknown["SH020"].hint
    assert go_on(first).exit_code == 0
    result = other.render()
    assert (result.exit_code, result.made) == (0, 0)
    assert len(maker.bill()) == 2


@pytest.mark.parametrize("seed", [7, 11])
def test_killed_again_and_again_at_random_it_still_buys_everything_once(
    tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    paid = Pretend(tmp_path / "remote", pause_s=0.004)
    free = Pretend(tmp_path / "local", name="free", repeatable=True, pause_s=0.004)
    steps = [shot("SH010"), shot("SH015", provider="free", takes=2)]
    for number in range(2, 7):
        steps.append(shot(f"SH0{number}0", links=[last_of(steps[-2].id)]))
    film = Set(tmp_path / "film.yaml", steps, {"paid": paid, "free": free})
    kills = 0
    for _ in range(40):
        process = child(film.render)
        process.join(dice.uniform(0.03, 0.17))
        if process.exitcode == 0 and not film_is_uncertain(film):
            break
        if process.exitcode is None:
            process.kill()
            kills += 1
        process.join()
        decide(film, paid)
    result = go_on(film)
    told = f"seed {seed}, {kills} kills: {paid.bill()}"
    assert result.exit_code == 0, told
    assert Counter(paid.bill()) == {step.prompt: 1 for step in steps if step.provider == "paid"}, (
        told
    )
    assert kills, told


def test_killed_while_the_lock_file_is_written_it_is_whole(tmp_path: Path) -> None:
    film, _ = the_film(tmp_path, "free")
    film.steps = [shot(f"SH{n:03d}", provider="free") for n in range(30)]
    for wait in (0.04, 0.07, 0.1, 0.14):
        process = child(film.render)
        time.sleep(wait)
        process.kill()
        process.join()
        film.selects()
    assert go_on(film).exit_code == 0


def kill(film: Set, maker: Pretend, point: str) -> None:
    """Dies at a point of the provider, of the ledger, or of the store."""
    if point in POINTS:
        die_in_sh020(film, maker, point)
    elif point in ("bytes", "sidecar"):
        killed(film, store_class=partial(DyingStore, die_at=point))
    else:
        killed(film, ledger_class=partial(DyingLedger, die_at=State(point)))


def film_is_uncertain(film: Set) -> bool:
    return any(each.state is State.UNKNOWN for each in Ledger.read(film.state))


def decide(film: Set, maker: Pretend) -> None:
    """What a person does: looks at the provider's list, and tells the ledger what is there."""
    ledger = Ledger(film.state)
    taken = {each.operation for each in Ledger.read(film.state)}
    jobs = {
        path.stem: json.loads(path.read_text())
        for path in maker.folder.glob("*.job")
        if path.stem not in taken
    }

    async def tell() -> None:
        for unknown in ledger.open:
            if unknown.state is not State.UNKNOWN:
                continue
            prompt = f"picture of {unknown.step}"
            found = [name for name, job in jobs.items() if job["prompt"] == prompt]
            if found:
                await ledger.resolve(unknown, adopt=found[0])
            else:
                await ledger.resolve(unknown, not_sent=True)

    asyncio.run(tell())
    ledger.close()
