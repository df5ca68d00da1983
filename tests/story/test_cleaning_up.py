"""Cleaning up a store and losing its notes: what was paid for stays, whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from storyboard.run.ledger.ledger import Ledger
from storyboard.run.paths import locate_free_takes
from tests.fakes.run_fakes import FakeFilm, FakeProvider, build_step
from tests.story.wires import run_in_process

Capsys = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _poll_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.01")


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeFilm:
    monkeypatch.chdir(tmp_path)
    return render_film(tmp_path, "letter")


def render_film(
    folder: Path, stem: str, *, prompt: str = "", store: Path | None = None
) -> FakeFilm:
    """A film of a paid shot and a free one, rendered."""
    folder.mkdir(exist_ok=True)
    providers = {
        name: FakeProvider(folder / f"{stem}-{name}", name, repeatable=name == "free")
        for name in ("paid", "free")
    }
    steps = [build_step("SH010", prompt), build_step("SH020", prompt, provider="free")]
    film = FakeFilm(folder / f"{stem}.yaml", steps, providers, store_root=store)
    assert film.render().exit_code == 0
    return film


def render_two_films(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, other: str
) -> tuple[FakeFilm, FakeFilm]:
    """Two films of those names in folders of their own, made into one store."""
    store = folder / "store"
    monkeypatch.setenv("STORYBOARD_STORE", str(store))
    one = render_film(folder / "one", name, prompt="one", store=store)
    return one, render_film(folder / "other", other, prompt="other", store=store)


def locate_lock_file(film: FakeFilm) -> Path:
    return film.open_lock_file().path


def list_kept_takes(film: FakeFilm) -> dict[str, str]:
    """What is left of its takes, by shot."""
    store = film.open_store()
    try:
        return {
            record.take.shot: record.take.sha256
            for record in store.list_records()
            if store.has_complete_file(record.take.sha256)
        }
    finally:
        store.close()


def test_a_paid_take_of_a_killed_film_is_kept_without_a_lock_entry(
    film: FakeFilm, capsys: Capsys
) -> None:
    before = list_kept_takes(film)
    locate_lock_file(film).unlink()
    assert run_in_process(capsys, "store", "gc").code == 0
    assert list_kept_takes(film) == before
    film.render()
    assert len(film.providers["paid"].read_bill()) == 1


def test_paid_takes_of_older_runs_are_kept_and_free_ones_removed(
    film: FakeFilm, capsys: Capsys
) -> None:
    paid = list_kept_takes(film)["SH010"]
    film.steps[1:] = []
    film.steps[0] = build_step("SH010", "of a pier")
    film.render()
    locate_lock_file(film).unlink()
    locate_free_takes(locate_lock_file(film)).unlink()
    assert "removed 1 takes" in run_in_process(capsys, "store", "gc").err
    store = film.open_store()
    assert store.has_complete_file(paid)
    assert {record.take.shot for record in store.list_records()} == {"SH010"}
    store.close()


def test_a_film_that_is_being_rendered_is_named_and_nothing_goes(
    film: FakeFilm, capsys: Capsys
) -> None:
    before = list_kept_takes(film)
    locate_lock_file(film).unlink()
    ledger = Ledger(film.state)
    try:
        result = run_in_process(capsys, "store", "gc")
    finally:
        ledger.close()
    assert result.code == 4
    assert "letter.yaml is being rendered: process" in result.err
    assert list_kept_takes(film) == before


def test_a_shared_store_remembers_its_films(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    one, other = render_two_films(tmp_path, monkeypatch, "film", "film")
    locate_lock_file(other).unlink()
    monkeypatch.chdir(one.path.parent)
    assert "removed 0 takes" in run_in_process(capsys, "store", "gc", "film.yaml").err
    other.render()
    assert len(other.providers["paid"].read_bill()) == 1


def test_takes_of_an_absent_film_stay_until_the_user_forgets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    one, other = render_two_films(tmp_path, monkeypatch, "letter", "storm")
    monkeypatch.chdir(one.path.parent)
    shutil.rmtree(other.path.parent)
    result = run_in_process(capsys, "store", "gc")
    assert "removed 0 takes" in result.err
    assert "(storm)" in result.err
    assert (
        "would remove 2 takes"
        in run_in_process(capsys, "store", "gc", "--forget-absent", "--dry-run").err
    )
    assert "removed 2 takes" in run_in_process(capsys, "store", "gc", "--forget-absent").err
    assert "stay" not in run_in_process(capsys, "store", "gc").err
    assert set(list_kept_takes(one)) == {"SH010", "SH020"}


def test_takes_of_absent_films_and_untracked_takes_are_listed_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    one, other = render_two_films(tmp_path, monkeypatch, "letter", "storm")
    monkeypatch.chdir(one.path.parent)
    shutil.rmtree(other.path.parent)
    shutil.rmtree(one.state)
    locate_lock_file(one).unlink()
    one.path.touch()
    result = run_in_process(capsys, "store", "gc", "--dry-run")
    assert result.code == 6
    assert "2 takes stay: films that made them are not here (storm)" in result.err
    assert "1 takes that cost $0.40 stay" in result.err


def test_a_film_that_moves_with_its_store_is_still_known(
    film: FakeFilm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for path in (tmp_path / ".storyboard", locate_lock_file(film)):
        shutil.move(path, moved)
    monkeypatch.chdir(moved)
    result = run_in_process(capsys, "store", "gc")
    assert "removed 0 takes" in result.err
    assert "stay" not in result.err


def test_with_no_film_in_sight_nothing_is_removed(
    film: FakeFilm, capsys: Capsys, tmp_path: Path
) -> None:
    locate_lock_file(film).unlink()
    shutil.rmtree(film.state)
    shutil.rmtree(tmp_path / ".storyboard" / "store" / "films")
    assert run_in_process(capsys, "store", "gc").code == 2
    assert run_in_process(capsys, "store", "gc", "none.yaml").code == 2
    assert set(list_kept_takes(film)) == {"SH010", "SH020"}


def test_a_render_restores_lost_take_records(film: FakeFilm, capsys: Capsys) -> None:
    root = film.open_store().root
    before = list_kept_takes(film)
    for sidecar in root.glob("takes/??/*/t*.json"):
        sidecar.write_bytes(b"")
    for index in root.glob("index.sqlite*"):
        index.unlink()
    assert list_kept_takes(film) == {}
    film.render()
    assert len(film.providers["paid"].read_bill()) == 1
    assert list_kept_takes(film) == before
    store = film.open_store()
    assert all(record.take.facts.has_audio for record in store.list_records())
    store.close()
    assert run_in_process(capsys, "store", "verify").code == 0


def test_a_damaged_list_of_films_stops_nothing(cli, tmp_path: Path) -> None:
    film = tmp_path / "film.yaml"
    film.write_text("storyboard: 1\nshots: [{id: A, prompt: A quay, length: 1}]\n")
    assert cli("render", film, "--proxy", "-o", "o.mp4").code == 0
    listed = tmp_path / ".storyboard" / "store" / "films"
    (listed / "damaged.txt").write_bytes(b"\xff\xfe\0")
    (listed / "strange.txt").write_bytes(b"/no/\xff/film.yaml\n")
    for arguments in (("ls",), ("gc", "--dry-run"), ("why", "A"), ("verify",)):
        assert cli("store", *arguments).code == 0, arguments


def test_a_film_whose_path_is_no_text_is_refused_by_name(cli, tmp_path: Path) -> None:
    film = Path(os.fsdecode(os.fsencode(tmp_path) + b"/f\xffilm.yaml"))
    film.write_text("storyboard: 1\nshots: [{id: A, prompt: A quay, length: 1}]\n")
    for verb in ("check", "plan", "render", "takes", "runs"):
        done = cli(verb, film)
        assert done.code == 4
        assert "\\udcff" in done.err
