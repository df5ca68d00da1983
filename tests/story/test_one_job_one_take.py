"""A service that gives two orders one job: one clip is never counted for two shots."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "fakes"))
from run_fakes import Pretend, Set, shot

from storyboard.errors import UnknownOutcome
from storyboard.film import Policy
from storyboard.providers.base import (
    Failed,
    Filtered,
    Operation,
    Outcome,
    Request,
    Workplace,
)
from storyboard.run.attempts import State
from storyboard.run.ledger import Ledger
from tests.conftest import Cli


@pytest.fixture(autouse=True)
def _quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.005")


@dataclass
class Forgetful(Pretend):
    """Names the first of its jobs again and again."""

    async def submit(self, request: Request, place: Workplace) -> Operation:
        await super().submit(request, place)
        jobs = sorted(self.folder.glob("*.job"), key=lambda path: path.stat().st_mtime_ns)
        return Operation(jobs[0].stem)


def test_the_second_order_is_held_and_a_person_is_asked(tmp_path: Path) -> None:
    maker = Forgetful(tmp_path / "remote")
    film = Set(tmp_path / "film.yaml", [shot("SH010"), shot("SH020")], {"paid": maker})
    for _ in range(2):
        result = film.render()
        assert result.exit_code == 7
        assert list(result.selects) == ["SH010"]
        (told,) = result.unknown.values()
        assert "which is the job of SH010:t01" in str(told)
        assert "storyboard resolve FILM SH020:t01" in told.hint
    first, second = Ledger.read(film.state)
    assert (first.state, second.state, second.operation) == (State.COMMITTED, State.UNKNOWN, "")
    assert (first.settled_micros, second.held_micros) == (400_000, 400_000)
    assert len(maker.asked) == 2


def test_a_job_that_made_a_take_of_another_film_is_no_job_of_this_one(tmp_path: Path) -> None:
    maker = Forgetful(tmp_path / "remote")
    store = tmp_path / "store"
    letter = Set(tmp_path / "letter.yaml", [shot("SH010")], {"paid": maker}, store_root=store)
    storm = Set(tmp_path / "storm.yaml", [shot("SH020")], {"paid": maker}, store_root=store)
    assert letter.render().exit_code == 0
    result = storm.render()
    assert result.exit_code == 7
    assert "which made SH010:t01 of film letter" in str(result.unknown["SH020"])


@dataclass
class Steady(Pretend):
    """Names a job by what was asked, and makes it again where it failed."""

    async def submit(self, request: Request, place: Workplace) -> Operation:
        job = await super().submit(request, place)
        name = f"job-of-{request.prompt.replace(' ', '-')}"
        (self.folder / f"{job.name}.job").rename(self.folder / f"{name}.job")
        return Operation(name)


@pytest.mark.parametrize("no", [Failed, Filtered])
def test_a_take_may_be_given_its_own_job_again_that_failed_free(
    tmp_path: Path, no: type[Failed | Filtered]
) -> None:
    answers: list[Outcome | None] = [None, no("out of memory"), no("out of memory")]
    maker = Steady(tmp_path / "remote", answer=lambda _: answers.pop())
    retry = Policy(on_failed="retry", on_filtered="retry", retries=1)
    film = Set(tmp_path / "film.yaml", [shot("SH010")], {"paid": maker}, policy=retry)
    assert film.render().exit_code == 3
    assert film.render().exit_code == 0
    *_, last = attempts = Ledger.read(film.state)
    assert (last.state, len(attempts)) == (State.COMMITTED, 3)
    assert {each.operation for each in attempts} == {"job-of-picture-of-SH010"}
    assert sum(each.settled_micros for each in attempts) == 400_000


def test_what_was_charged_is_no_job_to_be_given_again(tmp_path: Path) -> None:
    answers: list[Outcome | None] = [None, Failed("out of memory", billed=True)]
    maker = Steady(tmp_path / "remote", answer=lambda _: answers.pop())
    film = Set(tmp_path / "film.yaml", [shot("SH010")], {"paid": maker})
    assert film.render().exit_code == 3
    result = film.render()
    assert result.exit_code == 7
    assert "which is the job of SH010:t01" in str(result.unknown["SH010"])


def test_a_job_that_failed_free_is_still_no_other_takes(tmp_path: Path) -> None:
    answers: list[Outcome | None] = [None, Failed("out of memory")]
    maker = Forgetful(tmp_path / "remote", answer=lambda _: answers.pop())
    shots = [shot("SH010"), shot("SH020")]
    film = Set(tmp_path / "film.yaml", shots[:1], {"paid": maker})
    assert film.render().exit_code == 3
    film.steps = shots[1:]
    assert film.render().exit_code == 7


def test_a_person_may_adopt_a_job_of_the_takes_own_that_failed_free(tmp_path: Path) -> None:
    answers: list[Outcome | Exception | None] = [UnknownOutcome("no answer"), Failed("no memory")]
    maker = Steady(tmp_path / "remote", answer=lambda _: answers.pop())
    film = Set(tmp_path / "film.yaml", [shot("SH010")], {"paid": maker})
    assert film.render().exit_code == 3
    assert film.render().exit_code == 7
    ledger = Ledger(film.state)
    try:
        (held,) = ledger.open
        (adopted,) = asyncio.run(ledger.resolve(held, adopt="job-of-picture-of-SH010"))
    finally:
        ledger.close()
    assert adopted.state is State.SUBMITTED


def test_two_orders_whose_results_are_equal_were_paid_for_twice(
    cli: Cli, write: Callable[..., Path], tmp_path: Path
) -> None:
    film = write("""
storyboard: 1
defaults: {provider: studio, model: studio-1, duration: 4, seed: 7}
shots:
  - {id: SH010, prompt: A boat lies still at the quay of a small harbour at noon}
  - {id: SH020, prompt: A boat lies still at the quay of a small harbour at dusk}
""")
    assert cli("render", film, "--yes", STORYBOARD_POLL_S="0.01").code == 0
    told = json.loads((tmp_path / "build" / "film.provenance.json").read_text())
    one, other = told["ranges"]
    assert one["sha256"] == other["sha256"]
    assert told["price_usd"] == one["price_usd"] + other["price_usd"]
