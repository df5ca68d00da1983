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
from run_fakes import Pretend, Set

from storyboard.disk import DiskProblem
from storyboard.run.attempts import Attempt, State
from storyboard.run.claims import Claims
from storyboard.run.ledger import Ledger
from tests.story import test_kill
from tests.story.test_kill import die_in_sh020, go_on, kill, the_film

_quick_polls = test_kill._quick_polls


def deleted(film: Set) -> None:
    for path in film.state.glob("ledger.sqlite*"):
        path.unlink()


def older(film: Set) -> None:
    """A backup from before the order."""
    deleted(film)
    Ledger(film.state).close()


@pytest.mark.parametrize("lose", [deleted, older])
@pytest.mark.parametrize("point", ["submit-before", "poll", State.FETCHED])
def test_a_lost_ledger_buys_no_open_job_again(
    tmp_path: Path, lose: Callable[[Set], None], point: str
) -> None:
    film, maker = the_film(tmp_path, "paid")
    kill(film, maker, point)
    sent = maker.bill()
    lose(film)
    for _ in range(2):
        result = film.render()
        assert result.exit_code == 7
        assert "knows nothing of that run" in str(result.unknown["SH020"])
        assert "--rebuild" in result.unknown["SH020"].hint
    assert maker.bill() == sent


def test_a_free_film_needs_no_ledger(tmp_path: Path) -> None:
    film, maker = the_film(tmp_path, "free")
    kill(film, maker, "poll")
    deleted(film)
    assert go_on(film).exit_code == 0


def test_a_ledger_that_was_there_vouches_for_what_was_never_ordered(tmp_path: Path) -> None:
    film, maker = the_film(tmp_path, "paid")
    kill(film, maker, State.INTENT)
    film.state.rename(tmp_path / ".storyboard" / "movie")
    moved = Set(tmp_path / "movie.yaml", film.steps, film.providers)
    assert go_on(moved).exit_code == 0
    assert len(maker.bill()) == 2


def shared(tmp_path: Path) -> tuple[Set, Set, Pretend]:
    """Two films of the same shots with one store; the first died with an order at the provider."""
    maker = the_film(tmp_path, "paid")[1]
    films = []
    for name in ("letter", "storm"):
        path = tmp_path / name / f"{name}.yaml"
        path.parent.mkdir()
        path.touch()
        steps = the_film(tmp_path, "paid")[0].steps
        films.append(Set(path, steps, {"paid": maker}, store_root=tmp_path / "store"))
    die_in_sh020(films[0], maker, "poll")
    return films[0], films[1], maker


def test_what_a_film_ordered_that_has_moved_is_not_bought_by_another(tmp_path: Path) -> None:
    letter, storm, maker = shared(tmp_path)
    (tmp_path / "letter").rename(tmp_path / "moved")
    for _ in range(2):
        result = storm.render()
        assert result.exit_code == 7
        assert str(letter.state) in str(result.unknown["SH020"])
        assert "storyboard resolve FILM" in result.unknown["SH020"].hint
    letter.path = tmp_path / "moved" / "letter.yaml"
    assert go_on(letter).exit_code == 0
    assert go_on(storm).exit_code == 0
    assert len(maker.bill()) == 2


def test_of_a_film_that_is_gone_for_good_a_person_may_say_so(tmp_path: Path) -> None:
    _, storm, maker = shared(tmp_path)
    shutil.rmtree(tmp_path / "letter")
    assert storm.render().exit_code == 7
    claims = Claims(tmp_path / "store" / "claims")
    ((digest, _),) = claims.left()
    claims.forget(digest)
    assert go_on(storm).exit_code == 0
    assert len(maker.bill()) == 3


def test_a_film_that_was_renamed_is_told_from_one_that_is_there(tmp_path: Path) -> None:
    film, maker = the_film(tmp_path, "paid")
    die_in_sh020(film, maker, "poll")
    renamed = Set(tmp_path / "movie.yaml", film.steps, film.providers)
    (tmp_path / "movie.yaml").touch()
    hint = renamed.render().unknown["SH020"].hint
    assert "film.yaml is not there any more" in hint
    assert f"mv {film.state} {renamed.state}" in hint
    renamed.state.rename(tmp_path / "empty")
    film.state.rename(renamed.state)
    assert go_on(renamed).exit_code == 0
    assert len(maker.bill()) == 2


class FullLedger(Ledger):
    """Finds no room for the names of operations."""

    async def advance_all(
        self, attempts: Sequence[Attempt], state: State, **facts: Any
    ) -> tuple[Attempt, ...]:
        if state is State.SUBMITTED:
            raise DiskProblem("the ledger can't be written: database or disk is full")
        return await super().advance_all(attempts, state, **facts)


def test_a_job_that_could_not_be_written_down_is_named_for_a_person_to_keep(
    tmp_path: Path,
) -> None:
    film, maker = the_film(tmp_path, "paid")
    film.steps = film.steps[:1]
    with pytest.raises(DiskProblem) as raised:
        film.render(ledger_class=FullLedger)
    (job,) = (path.stem for path in maker.folder.glob("*.job"))
    assert job in str(raised.value)
    assert raised.value.hint.endswith(f"storyboard resolve FILM SH010:t01 --adopt {job}")
    assert any(job in note["message"] for note in film.told("note"))
    ledger = Ledger(film.state)
    asyncio.run(ledger.resolve(ledger.find("SH010:t01")[0], adopt=job))
    ledger.close()
    assert go_on(film).exit_code == 0
    assert len(maker.bill()) == 1
