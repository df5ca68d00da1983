"""Ledgers, stores, lock files and saved plans of earlier versions are read for good."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.frozen.doors import run_cli
from tests.frozen.keep import KEPT, move_saved_plan

VERSIONS = sorted(path.name for path in KEPT.iterdir())


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> Path:
    return KEPT / str(request.param)


def open_kept_film(kept: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the film with its state, as on the day when it was kept."""
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    (folder / "state").rename(folder / ".storyboard")
    monkeypatch.chdir(folder)


@pytest.fixture
def whole(version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_kept_film(version / "whole", tmp_path, monkeypatch)


@pytest.fixture
def troubled(version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_kept_film(version / "troubled", tmp_path, monkeypatch)


@pytest.fixture
def drawn(version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_kept_film(version / "drawn", tmp_path, monkeypatch)


def read_actions() -> dict[str, str]:
    plan = run_cli("plan", "film.yaml", "--json").json
    return {each["id"]: each["action"] for each in plan["nodes"]}


KEEP = dict.fromkeys(("SH010", "SH020", "SH030"), "keep")


@pytest.mark.usefixtures("whole")
def test_nothing_of_a_kept_film_is_made_again() -> None:
    assert read_actions() == KEEP
    takes = run_cli("takes", "film.yaml", "--json").json["takes"]
    assert {each["step"]: each["price_usd"] for each in takes} == {
        "SH010": "1.60",
        "SH020": "1.60",
        "SH030": "0.00",
    }
    assert [each["step"] for each in takes if each["picked"]] == ["SH010"]
    assert run_cli("store", "verify").code == 0


@pytest.mark.usefixtures("whole")
def test_a_kept_plan_still_runs_and_buys_nothing() -> None:
    move_saved_plan(Path("saved.plan"), Path("film.yaml").resolve())
    events = run_cli("render", "saved.plan", "--json")
    assert events.code == 0, events.err
    summary = next(each for each in events.lines if each["type"] == "summary")
    assert (summary["made"], summary["kept"], summary["cost_usd"]) == (0, 3, 0.0)


@pytest.mark.usefixtures("whole")
def test_the_records_beside_kept_takes_rebuild_the_index() -> None:
    Path(".storyboard/store/index.sqlite").unlink()
    assert read_actions() == KEEP


@pytest.mark.usefixtures("whole")
def test_a_kept_lock_file_alone_protects_what_was_bought() -> None:
    shutil.rmtree(".storyboard")
    assert read_actions() == {
        "SH010": "blocked",
        "SH020": "blocked",
        "SH030": "import",
    }


@pytest.mark.usefixtures("whole")
def test_a_kept_ledger_shows_what_was_spent() -> None:
    before = run_cli("runs", "film.yaml", "--json").json
    assert [(run["made"], run["spent_usd"]) for run in before["runs"]] == [(2, "3.20")]
    Path(".storyboard/film/ledger.sqlite").unlink()
    again = run_cli("runs", "film.yaml", "--rebuild", "--json")
    assert again.code == 0, again.err


@pytest.mark.usefixtures("troubled")
def test_a_kept_ledger_still_lists_open_attempts() -> None:
    runs = run_cli("runs", "film.yaml", "--json").json
    states = {each["attempt"]: each["state"] for each in runs["open"]}
    assert states == {"SH040:t01": "unknown", "SH050:t01": "submitted"}
    assert runs["cost"]["held_usd"] == "2.56"
    plan = run_cli("plan", "film.yaml", "--json").json
    reasons = {each["id"]: each["reasons"] for each in plan["nodes"]}
    assert reasons["SH010"] == []
    assert "filtered" in reasons["SH030"]
    assert "undecided" in reasons["SH040"]
    assert "in_flight" in reasons["SH050"]
    lost = run_cli("resolve", "film.yaml", "SH040:t01", "--assume-not-sent")
    assert lost.code == 0, lost.err
    assert run_cli("runs", "film.yaml", "--json").json["cost"]["held_usd"] == "1.28"


@pytest.mark.usefixtures("drawn")
def test_a_kept_scene_is_continued() -> None:
    with Path("film.yaml").open("a", encoding="utf-8") as film:
        film.write("  - {id: SH020, continue: SH010, prompt: She stops}\n")
    events = run_cli("render", "film.yaml", "--proxy", "--json")
    assert events.code == 0, events.err
    summary = next(each for each in events.lines if each["type"] == "summary")
    assert (summary["made"], summary["kept"]) == (1, 1)
