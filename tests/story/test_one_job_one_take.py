"""A service that gives two orders one job: one clip is never counted for two shots."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "fakes"))
from run_fakes import Pretend, Set, shot

from storyboard.providers.base import Operation, Request, Workplace
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
