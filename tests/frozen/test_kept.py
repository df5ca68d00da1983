"""Ledgers, stores, lock files and saved plans of earlier versions are read for good."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.frozen.doors import cli
from tests.frozen.keep import KEPT, move_plan

VERSIONS = sorted(path.name for path in KEPT.iterdir())


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> Path:
    return KEPT / str(request.param)


def opened(kept: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the film with its state, as on the day when it was kept."""
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    (folder / "state").rename(folder / ".storyboard")
    monkeypatch.chdir(folder)


@pytest.fixture
def whole(version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(version / "whole", tmp_path, monkeypatch)


@pytest.fixture
def troubled(version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(version / "troubled", tmp_path, monkeypatch)


@pytest.fixture
def drawn(version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(version / "drawn", tmp_path, monkeypatch)


def actions() -> dict[str, str]:
    told = cli("plan", "film.yaml", "--json").json
    return {each["id"]: each["action"] for each in told["nodes"]}


KEEP = dict.fromkeys(("SH010", "SH020", "SH030"), "keep")


@pytest.mark.usefixtures("whole")
def test_nothing_of_a_kept_film_is_made_again() -> None:
    assert actions() == KEEP
    takes = cli("takes", "film.yaml", "--json").json["takes"]
    assert {each["step"]: each["price_usd"] for each in takes} == {
        "SH010": "1.60",
        "SH020": "1.60",
        "SH030": "0.00",
    }
    assert [each["step"] for each in takes if each["picked"]] == ["SH010"]
    assert cli("store", "verify").code == 0


@pytest.mark.usefixtures("whole")
def test_a_kept_plan_still_runs_and_buys_nothing() -> None:
    move_plan(Path("saved.plan"), Path("film.yaml").resolve())
    told = cli("render", "saved.plan", "--json")
    assert told.code == 0, told.err
    summary = next(each for each in told.lines if each["type"] == "summary")
    assert (summary["made"], summary["kept"], summary["cost_usd"]) == (0, 3, 0.0)


@pytest.mark.usefixtures("whole")
def test_the_records_beside_kept_takes_rebuild_the_index() -> None:
    Path(".storyboard/store/index.sqlite").unlink()
    assert actions() == KEEP


@pytest.mark.usefixtures("whole")
def test_a_kept_lock_file_alone_protects_what_was_bought() -> None:
    shutil.rmtree(".storyboard")
    assert actions() == {
        "SH010": "blocked",
        "SH020": "blocked",
        "SH030": "import",
    }


@pytest.mark.usefixtures("whole")
def test_a_kept_ledger_tells_what_was_spent() -> None:
    told = cli("runs", "film.yaml", "--json").json
    assert [(run["made"], run["spent_usd"]) for run in told["runs"]] == [(2, "3.20")]
    Path(".storyboard/film/ledger.sqlite").unlink()
    again = cli("runs", "film.yaml", "--rebuild", "--json")
    assert again.code == 0, again.err


@pytest.mark.usefixtures("troubled")
def test_a_kept_ledger_holds_what_is_open() -> None:
    told = cli("runs", "film.yaml", "--json").json
    found = {each["attempt"]: each["state"] for each in told["open"]}
    assert found == {"SH040:t01": "unknown", "SH050:t01": "submitted"}
    assert told["cost"]["held_usd"] == "2.56"
    plan = cli("plan", "film.yaml", "--json").json
    reasons = {each["id"]: each["reasons"] for each in plan["nodes"]}
    assert reasons["SH010"] == []
    assert "filtered" in reasons["SH030"]
    assert "undecided" in reasons["SH040"]
    assert "in_flight" in reasons["SH050"]
    lost = cli("resolve", "film.yaml", "SH040:t01", "--assume-not-sent")
    assert lost.code == 0, lost.err
    assert cli("runs", "film.yaml", "--json").json["cost"]["held_usd"] == "1.28"


@pytest.mark.usefixtures("drawn")
def test_a_kept_scene_is_continued() -> None:
    with Path("film.yaml").open("a", encoding="utf-8") as film:
        film.write("  - {id: SH020, continue: SH010, prompt: She stops}\n")
    told = cli("render", "film.yaml", "--proxy", "--json")
    assert told.code == 0, told.err
    summary = next(each for each in told.lines if each["type"] == "summary")
    assert (summary["made"], summary["kept"]) == (1, 1)
