"""Cleaning up a store and losing its notes: what was paid for stays, whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from storyboard.run.ledger import Ledger
from tests.fakes.run_fakes import Pretend, Set, shot
from tests.story.wires import cli

Capsys = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.01")


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Set:
    monkeypatch.chdir(tmp_path)
    return made(tmp_path, "letter")


def made(folder: Path, stem: str, *, prompt: str = "", store: Path | None = None) -> Set:
    """A film of a paid shot and a free one, rendered."""
    folder.mkdir(exist_ok=True)
    providers = {
        name: Pretend(folder / f"{stem}-{name}", name, repeatable=name == "free")
        for name in ("paid", "free")
    }
    steps = [shot("SH010", prompt), shot("SH020", prompt, provider="free")]
    film = Set(folder / f"{stem}.yaml", steps, providers, store_root=store)
    assert film.render().exit_code == 0
    return film


def neighbours(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, other: str
) -> tuple[Set, Set]:
    """Two films of those names in folders of their own, made into one store."""
    store = folder / "store"
    monkeypatch.setenv("STORYBOARD_STORE", str(store))
    one = made(folder / "one", name, prompt="one", store=store)
    return one, made(folder / "other", other, prompt="other", store=store)


def lock(film: Set) -> Path:
    return film.selects().path


def takes(film: Set) -> dict[str, str]:
    """What is left of its takes, by shot."""
    store = film.store()
    try:
        return {r.take.shot: r.take.sha256 for r in store.ls() if store.present(r.take.sha256)}
    finally:
        store.close()


def test_what_a_killed_film_paid_for_is_kept_before_its_lock_file_names_it(
    film: Set, capsys: Capsys
) -> None:
    before = takes(film)
    lock(film).unlink()
    assert cli(capsys, "store", "gc").code == 0
    assert takes(film) == before
    film.render()
    assert len(film.providers["paid"].bill()) == 1


def test_of_older_runs_what_was_paid_for_is_kept_and_what_was_free_goes(
    film: Set, capsys: Capsys
) -> None:
    paid = takes(film)["SH010"]
    film.steps[1:] = []
    film.steps[0] = shot("SH010", "of a pier")
    film.render()
    lock(film).unlink()
    assert "removed 1 takes" in cli(capsys, "store", "gc").err
    store = film.store()
    assert store.present(paid)
    assert {record.take.shot for record in store.ls()} == {"SH010"}
    store.close()


def test_a_film_that_is_being_rendered_is_named_and_nothing_goes(film: Set, capsys: Capsys) -> None:
    before = takes(film)
    lock(film).unlink()
    mine = Ledger(film.state)
    try:
        said = cli(capsys, "store", "gc")
    finally:
        mine.close()
    assert said.code == 4
    assert "letter.yaml is being rendered: process" in said.err
    assert takes(film) == before


def test_a_shared_store_remembers_its_films(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    one, other = neighbours(tmp_path, monkeypatch, "film", "film")
    lock(other).unlink()
    monkeypatch.chdir(one.path.parent)
    assert "removed 0 takes" in cli(capsys, "store", "gc", "film.yaml").err
    other.render()
    assert len(other.providers["paid"].bill()) == 1


def test_takes_of_a_film_that_is_gone_stay_until_a_person_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    one, other = neighbours(tmp_path, monkeypatch, "letter", "storm")
    monkeypatch.chdir(one.path.parent)
    shutil.rmtree(other.path.parent)
    said = cli(capsys, "store", "gc")
    assert "removed 0 takes" in said.err
    assert "(storm)" in said.err
    assert "would remove 2 takes" in cli(capsys, "store", "gc", "--forget-absent", "--dry-run").err
    assert "removed 2 takes" in cli(capsys, "store", "gc", "--forget-absent").err
    assert "stay" not in cli(capsys, "store", "gc").err
    assert set(takes(one)) == {"SH010", "SH020"}


def test_what_stays_for_a_film_that_is_gone_is_told_from_what_nobody_tells_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    one, other = neighbours(tmp_path, monkeypatch, "letter", "storm")
    monkeypatch.chdir(one.path.parent)
    shutil.rmtree(other.path.parent)
    shutil.rmtree(one.state)
    lock(one).unlink()
    one.path.touch()
    said = cli(capsys, "store", "gc", "--dry-run")
    assert said.code == 6
    assert "2 takes stay: films that made them are not here (storm)" in said.err
    assert "1 takes that cost $0.40 stay" in said.err


def test_a_film_that_moves_with_its_store_is_still_known(
    film: Set, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for path in (tmp_path / ".storyboard", lock(film)):
        shutil.move(path, moved)
    monkeypatch.chdir(moved)
    said = cli(capsys, "store", "gc")
    assert "removed 0 takes" in said.err
    assert "stay" not in said.err


def test_with_no_film_in_sight_nothing_is_removed(
    film: Set, capsys: Capsys, tmp_path: Path
) -> None:
    lock(film).unlink()
    shutil.rmtree(film.state)
    shutil.rmtree(tmp_path / ".storyboard" / "store" / "films")
    assert cli(capsys, "store", "gc").code == 2
    assert cli(capsys, "store", "gc", "none.yaml").code == 2
    assert set(takes(film)) == {"SH010", "SH020"}


def test_what_a_store_forgot_it_knows_again_after_a_render(film: Set, capsys: Capsys) -> None:
    root = film.store().root
    before = takes(film)
    for sidecar in root.glob("takes/??/*/t*.json"):
        sidecar.write_bytes(b"")
    for index in root.glob("index.sqlite*"):
        index.unlink()
    assert takes(film) == {}
    film.render()
    assert len(film.providers["paid"].bill()) == 1
    assert takes(film) == before
    store = film.store()
    assert all(record.take.facts.has_audio for record in store.ls())
    store.close()
    assert cli(capsys, "store", "verify").code == 0
