"""A ledger that is lost, replaced or left behind: what it may have bought is not bought again."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "fakes"))
from run_fakes import FakeFilm, FakeProvider

from storyboard.run.ledger.attempts import Attempt, State
from storyboard.run.ledger.ledger import Ledger
from storyboard.run.store.claims import Claims
from storyboard.util.machine_errors import MachineProblem
from tests.story import test_kill
from tests.story.test_kill import build_film, kill_in_second_shot, kill_render, render_and_verify

_poll_quickly = test_kill._poll_quickly


def delete_ledger(film: FakeFilm) -> None:
    for path in film.state.glob("ledger.sqlite*"):
        path.unlink()


def restore_older_ledger(film: FakeFilm) -> None:
    """A backup from before the order."""
    delete_ledger(film)
    Ledger(film.state).close()


@pytest.mark.parametrize("lose", [delete_ledger, restore_older_ledger])
@pytest.mark.parametrize("point", ["submit-before", "poll", State.FETCHED])
def test_a_lost_ledger_buys_no_open_job_again(
    tmp_path: Path, lose: Callable[[FakeFilm], None], point: str
) -> None:
    film, provider = build_film(tmp_path, "paid")
    kill_render(film, provider, point)
    bill_before = provider.read_bill()
    lose(film)
    for _ in range(2):
        result = film.render()
        assert result.exit_code == 7
        assert "has no record of that run" in str(result.unknown["SH020"])
        assert "--rebuild" in result.unknown["SH020"].hint
    assert provider.read_bill() == bill_before


def test_a_free_film_needs_no_ledger(tmp_path: Path) -> None:
    film, provider = build_film(tmp_path, "free")
    kill_render(film, provider, "poll")
    delete_ledger(film)
    assert render_and_verify(film).exit_code == 0


def test_a_moved_ledger_shows_that_nothing_was_submitted(tmp_path: Path) -> None:
    film, provider = build_film(tmp_path, "paid")
    kill_render(film, provider, State.INTENT)
    film.state.rename(tmp_path / ".storyboard" / "movie")
    moved = FakeFilm(tmp_path / "movie.yaml", film.steps, film.providers)
    assert render_and_verify(moved).exit_code == 0
    assert len(provider.read_bill()) == 2


def build_shared_films(tmp_path: Path) -> tuple[FakeFilm, FakeFilm, FakeProvider]:
    """Two films of the same shots with one store; the first died with an order at the provider."""
    provider = build_film(tmp_path, "paid")[1]
    films = []
    for name in ("letter", "storm"):
        path = tmp_path / name / f"{name}.yaml"
        path.parent.mkdir()
        path.touch()
        steps = build_film(tmp_path, "paid")[0].steps
        films.append(FakeFilm(path, steps, {"paid": provider}, store_root=tmp_path / "store"))
    kill_in_second_shot(films[0], provider, "poll")
    return films[0], films[1], provider


def test_another_film_does_not_buy_what_a_moved_film_submitted(tmp_path: Path) -> None:
    letter, storm, provider = build_shared_films(tmp_path)
    (tmp_path / "letter").rename(tmp_path / "moved")
    for _ in range(2):
        result = storm.render()
        assert result.exit_code == 7
        assert str(letter.state) in str(result.unknown["SH020"])
        assert "storyboard resolve FILM" in result.unknown["SH020"].hint
    letter.path = tmp_path / "moved" / "letter.yaml"
    assert render_and_verify(letter).exit_code == 0
    assert render_and_verify(storm).exit_code == 0
    assert len(provider.read_bill()) == 2


def test_an_abandoned_claim_can_be_discarded(tmp_path: Path) -> None:
    _, storm, provider = build_shared_films(tmp_path)
    shutil.rmtree(tmp_path / "letter")
    assert storm.render().exit_code == 7
    claims = Claims(tmp_path / "store" / "claims")
    ((digest, _),) = claims.list_abandoned_claims()
    claims.discard_abandoned_claim(digest)
    assert render_and_verify(storm).exit_code == 0
    assert len(provider.read_bill()) == 3


def test_a_renamed_film_gets_a_hint_to_move_its_state(tmp_path: Path) -> None:
    film, provider = build_film(tmp_path, "paid")
    kill_in_second_shot(film, provider, "poll")
    renamed = FakeFilm(tmp_path / "movie.yaml", film.steps, film.providers)
    (tmp_path / "movie.yaml").touch()
    hint = renamed.render().unknown["SH020"].hint
    assert "film.yaml no longer exists" in hint
    assert f"mv {film.state} {renamed.state}" in hint
    renamed.state.rename(tmp_path / "empty")
    film.state.rename(renamed.state)
    assert render_and_verify(renamed).exit_code == 0
    assert len(provider.read_bill()) == 2


class FullLedger(Ledger):
    """Finds no room for the names of operations."""

    async def transition_together(
        self, attempts: Sequence[Attempt], state: State, **facts: Any
    ) -> tuple[Attempt, ...]:
        if state is State.SUBMITTED:
            raise MachineProblem("the ledger can't be written: database or disk is full")
        return await super().transition_together(attempts, state, **facts)


def test_a_job_that_the_ledger_could_not_record_is_named(
    tmp_path: Path,
) -> None:
    film, provider = build_film(tmp_path, "paid")
    film.steps = film.steps[:1]
    with pytest.raises(MachineProblem) as raised:
        film.render(ledger_class=FullLedger)
    (job,) = (path.stem for path in provider.folder.glob("*.job"))
    assert job in str(raised.value)
    assert raised.value.hint.endswith(f"storyboard resolve FILM SH010:t01 --adopt {job}")
    assert any(job in note["message"] for note in film.find_events("note"))
    ledger = Ledger(film.state)
    asyncio.run(ledger.resolve_attempt(ledger.find_attempts_by_name("SH010:t01")[0], adopt=job))
    ledger.close()
    assert render_and_verify(film).exit_code == 0
    assert len(provider.read_bill()) == 1
