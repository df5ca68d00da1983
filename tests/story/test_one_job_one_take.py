"""A service that gives two orders one job: one clip is never counted for two shots."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "fakes"))
from run_fakes import FakeFilm, FakeProvider, build_step

from storyboard.errors import UnknownOutcome
from storyboard.model.film import Policy
from storyboard.providers.base import (
    Failed,
    Filtered,
    Operation,
    Outcome,
    Request,
    Sample,
    Workplace,
)
from storyboard.run.ledger.attempts import State
from storyboard.run.ledger.ledger import Ledger
from tests.conftest import RunCommand


@pytest.fixture(autouse=True)
def _poll_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.005")


@dataclass
class RepeatingProvider(FakeProvider):
    """Names the first of its jobs again and again."""

    async def submit(self, request: Request, place: Workplace) -> Operation:
        await super().submit(request, place)
        jobs = sorted(self.folder.glob("*.job"), key=lambda path: path.stat().st_mtime_ns)
        return Operation(jobs[0].stem)


def test_the_second_submission_stays_reserved_until_resolved(tmp_path: Path) -> None:
    provider = RepeatingProvider(tmp_path / "remote")
    film = FakeFilm(
        tmp_path / "film.yaml", [build_step("SH010"), build_step("SH020")], {"paid": provider}
    )
    for _ in range(2):
        result = film.render()
        assert result.exit_code == 7
        assert list(result.selects) == ["SH010"]
        (error,) = result.unknown.values()
        assert "which already belongs to SH010:t01" in str(error)
        assert "storyboard resolve FILM SH020:t01" in error.hint
    first, second = Ledger.read_attempts(film.state)
    assert (first.state, second.state, second.operation) == (State.COMMITTED, State.UNKNOWN, "")
    assert (first.settled_micros, second.held_micros) == (400_000, 400_000)
    assert len(provider.requests) == 2


def test_a_job_of_another_films_take_is_not_accepted(tmp_path: Path) -> None:
    provider = RepeatingProvider(tmp_path / "remote")
    store = tmp_path / "store"
    letter = FakeFilm(
        tmp_path / "letter.yaml", [build_step("SH010")], {"paid": provider}, store_root=store
    )
    storm = FakeFilm(
        tmp_path / "storm.yaml", [build_step("SH020")], {"paid": provider}, store_root=store
    )
    assert letter.render().exit_code == 0
    result = storm.render()
    assert result.exit_code == 7
    assert "which already made SH010:t01 of film letter" in str(result.unknown["SH020"])


@dataclass
class PromptNamedProvider(FakeProvider):
    """Names a job by what was asked, and makes it again where it failed."""

    async def submit(self, request: Request, place: Workplace) -> Operation:
        job = await super().submit(request, place)
        name = f"job-of-{request.prompt.replace(' ', '-')}"
        (self.folder / f"{job.name}.job").rename(self.folder / f"{name}.job")
        return Operation(name)


@pytest.mark.parametrize("no", [Failed, Filtered])
def test_a_retry_may_get_the_same_job_after_a_free_failure(
    tmp_path: Path, no: type[Failed | Filtered]
) -> None:
    answers: list[Outcome | None] = [None, no("out of memory"), no("out of memory")]
    provider = PromptNamedProvider(tmp_path / "remote", answer=lambda _: answers.pop())
    retry = Policy(on_failed="retry", on_filtered="retry", retries=1)
    film = FakeFilm(tmp_path / "film.yaml", [build_step("SH010")], {"paid": provider}, policy=retry)
    assert film.render().exit_code == 3
    assert film.render().exit_code == 0
    *_, last = attempts = Ledger.read_attempts(film.state)
    assert (last.state, len(attempts)) == (State.COMMITTED, 3)
    assert {attempt.operation for attempt in attempts} == {"job-of-picture-of-SH010"}
    assert sum(attempt.settled_micros for attempt in attempts) == 400_000


def test_a_charged_job_can_not_serve_a_retry(tmp_path: Path) -> None:
    answers: list[Outcome | None] = [None, Failed("out of memory", billed=True)]
    provider = PromptNamedProvider(tmp_path / "remote", answer=lambda _: answers.pop())
    film = FakeFilm(tmp_path / "film.yaml", [build_step("SH010")], {"paid": provider})
    assert film.render().exit_code == 3
    result = film.render()
    assert result.exit_code == 7
    assert "which already belongs to SH010:t01" in str(result.unknown["SH010"])


def test_a_job_that_failed_free_serves_no_other_take(tmp_path: Path) -> None:
    answers: list[Outcome | None] = [None, Failed("out of memory")]
    provider = RepeatingProvider(tmp_path / "remote", answer=lambda _: answers.pop())
    shots = [build_step("SH010"), build_step("SH020")]
    film = FakeFilm(tmp_path / "film.yaml", shots[:1], {"paid": provider})
    assert film.render().exit_code == 3
    film.steps = shots[1:]
    assert film.render().exit_code == 7


def test_resolve_may_adopt_the_takes_own_job_that_failed_free(tmp_path: Path) -> None:
    answers: list[Outcome | Exception | None] = [UnknownOutcome("no answer"), Failed("no memory")]
    provider = PromptNamedProvider(tmp_path / "remote", answer=lambda _: answers.pop())
    film = FakeFilm(tmp_path / "film.yaml", [build_step("SH010")], {"paid": provider})
    assert film.render().exit_code == 3
    assert film.render().exit_code == 7
    ledger = Ledger(film.state)
    try:
        (unknown,) = ledger.open_attempts
        (adopted,) = asyncio.run(ledger.resolve_attempt(unknown, adopt="job-of-picture-of-SH010"))
    finally:
        ledger.close()
    assert adopted.state is State.SUBMITTED


def test_equal_results_of_two_submissions_count_twice_once_a_person_takes_them(
    cli: RunCommand, write_film: Callable[..., Path], tmp_path: Path
) -> None:
    film = write_film("""
storyboard: 1
defaults: {provider: studio, model: studio-1, duration: 4, seed: 7}
shots:
  - {id: SH010, prompt: A boat lies still at the quay of a small harbour at noon}
  - {id: SH020, prompt: A boat lies still at the quay of a small harbour at dusk}
""")
    held = cli("render", film, "--yes", STORYBOARD_POLL_S="0.01")
    assert held.code == 7
    assert "brought the very bytes of" in held.err
    (attempt,) = cli("runs", film, "--json").json["open"]
    assert cli("resolve", film, attempt["attempt"], "--adopt", attempt["operation"]).code == 0
    assert cli("render", film, "--yes", STORYBOARD_POLL_S="0.01").code == 0
    provenance = json.loads((tmp_path / "build" / "film.provenance.json").read_text())
    one, other = provenance["ranges"]
    assert one["sha256"] == other["sha256"]
    assert provenance["price_usd"] == one["price_usd"] + other["price_usd"]


@dataclass
class SameVideoProvider(FakeProvider):
    """Has a job for each submission, and delivers the first one's video for all of them."""

    is_mended: bool = False

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        if self.is_mended:
            return await super().fetch(sample, place)
        jobs = sorted(self.folder.glob("*.job"), key=lambda path: path.stat().st_mtime_ns)
        return await super().fetch(replace(sample, uri=jobs[0].stem), place)


def test_a_video_that_is_delivered_for_two_shots_makes_one_take(tmp_path: Path) -> None:
    provider = SameVideoProvider(tmp_path / "remote")
    film = FakeFilm(
        tmp_path / "film.yaml", [build_step("SH010"), build_step("SH020")], {"paid": provider}
    )
    for _ in range(2):
        result = film.render()
        assert result.exit_code == 7
        (held,) = {"SH010", "SH020"} - set(result.selects)
        (error,) = result.unknown.values()
        assert "brought the very bytes of" in str(error)
        assert f"storyboard resolve FILM {held}:t01" in error.hint
    states = sorted(attempt.state for attempt in Ledger.read_attempts(film.state))
    assert states == [State.COMMITTED, State.UNKNOWN]
    assert sum(attempt.held_micros for attempt in Ledger.read_attempts(film.state)) == 400_000
    assert len(provider.requests) == 2, "nothing is bought again"


def test_a_video_of_another_films_take_is_held(tmp_path: Path) -> None:
    provider = SameVideoProvider(tmp_path / "remote")
    store = tmp_path / "store"
    letter, storm = (
        FakeFilm(tmp_path / name, [build_step(shot)], {"paid": provider}, store_root=store)
        for name, shot in (("letter.yaml", "SH010"), ("storm.yaml", "SH020"))
    )
    assert letter.render().exit_code == 0
    result = storm.render()
    assert result.exit_code == 7
    assert "the very bytes of SH010:t01 of film letter" in str(result.unknown["SH020"])


def test_a_held_video_is_fetched_once_more_when_a_person_adopts_its_job(tmp_path: Path) -> None:
    provider = SameVideoProvider(tmp_path / "remote")
    film = FakeFilm(tmp_path / "film.yaml", [build_step("SH010")], {"paid": provider})
    assert film.render().exit_code == 0
    film.steps = [build_step("SH010"), build_step("SH020")]
    assert film.render().exit_code == 7
    provider.is_mended = True
    ledger = Ledger(film.state)
    try:
        (held,) = ledger.open_attempts
        asyncio.run(ledger.resolve_attempt(held, adopt=held.operation))
    finally:
        ledger.close()
    result = film.render()
    assert (result.exit_code, set(result.selects)) == (0, {"SH010", "SH020"})
    assert len({take.sha256 for take in result.selects.values()}) == 2
    assert sum(a.settled_micros for a in Ledger.read_attempts(film.state)) == 800_000


def test_free_steps_may_make_the_same_bytes(tmp_path: Path) -> None:
    provider = SameVideoProvider(tmp_path / "remote", repeatable=True)
    film = FakeFilm(
        tmp_path / "film.yaml", [build_step("SH010"), build_step("SH020")], {"paid": provider}
    )
    assert film.render().exit_code == 0
