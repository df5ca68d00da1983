"""Nothing is bought twice: what an edit costs, and what a lock file saves.

A paid provider of the tests' own bills every job, so purchases are counted, not believed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunCommand, run_command

Write = Callable[..., Path]
Bill = Callable[[], list[dict[str, Any]]]

FILM = """\
storyboard: 1
title: Bought
defaults: {provider: studio, model: studio-1}
shots:
  - {id: SH010, prompt: One, length: 0.5, duration: 4}
  - {id: SH020, prompt: Two, length: 0.5, duration: 4, seed: 7}
  - {id: SH030, continue: SH020, prompt: Three, length: 0.5}
"""


@pytest.fixture(scope="module")
def paid_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film whose three takes were paid for."""
    folder = tmp_path_factory.mktemp("paid")
    (folder / "film.yaml").write_text(FILM)
    assert run_command(folder, "render", "film.yaml", "--yes", "-q").code == 0
    return folder


@pytest.fixture
def bought_film(paid_folder: Path, tmp_path: Path, read_bill: Bill) -> Path:
    """The paid film in a folder of the test's own."""
    shutil.copytree(paid_folder, tmp_path, dirs_exist_ok=True)
    assert len(read_bill()) == 3
    return tmp_path / "film.yaml"


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("a shot renamed", "id: SH010", "id: OPENING"),
        ("the film retitled", "title: Bought", "title: Paid"),
        ("an independent shot retrimmed", "One, length: 0.5", "One, trim: {start: 1}, length: 0.5"),
        ("another transition", "prompt: Two,", "prompt: Two, transition: {fade: 0.2},"),
        ("a note", "prompt: One,", "prompt: One, note: brighter,"),
        ("a gain", "prompt: One,", "prompt: One, gain_db: -3,"),
        ("a card", "shots:\n", "shots:\n  - {card: Bought, length: 0.5}\n"),
    ],
)
def test_an_edit_of_the_cut_buys_nothing(
    cli: RunCommand, bought_film: Path, name: str, old: str, new: str
) -> None:
    bought_film.write_text(FILM.replace(old, new))
    plan = cli("plan", bought_film, "--json", "--exit-code")
    assert plan.json["totals"]["cost_usd"] == "0.00", name
    assert {node["action"] for node in plan.json["nodes"]} == {"keep"}
    assert plan.code == 0


def test_reordering_buys_nothing(cli: RunCommand, bought_film: Path) -> None:
    lines = FILM.splitlines(keepends=True)
    bought_film.write_text("".join([*lines[:4], lines[5], lines[4], lines[6]]))
    assert cli("plan", bought_film, "--exit-code").code == 0


def test_a_changed_prompt_makes_the_shot_and_its_dependants(
    cli: RunCommand, bought_film: Path, read_bill: Bill
) -> None:
    bought_film.write_text(FILM.replace("prompt: Two", "prompt: Two in the rain"))
    nodes = {node["id"]: node for node in cli("plan", bought_film, "--json").json["nodes"]}
    assert [(n["action"], n["reasons"], n["certain"]) for n in nodes.values()] == [
        ("keep", [], True),
        ("redo", ["prompt_changed"], True),
        ("redo", ["upstream_changed"], False),
    ]
    assert cli("render", bought_film, "--yes", "-q").code == 0
    assert [job["prompt"] for job in read_bill()[3:]] == ["Two in the rain.", "Three."]


def test_a_changed_seed_is_a_changed_setting(cli: RunCommand, bought_film: Path) -> None:
    bought_film.write_text(FILM.replace("seed: 7", "seed: 8"))
    nodes = cli("plan", bought_film, "--json").json["nodes"]
    assert [n["reasons"] for n in nodes] == [[], ["settings_changed"], ["upstream_changed"]]


def test_more_takes_buy_only_the_missing_ones(
    cli: RunCommand, bought_film: Path, read_bill: Bill
) -> None:
    bought_film.write_text(FILM.replace("prompt: Two,", "prompt: Two, takes: 3,"))
    assert cli("render", bought_film, "--yes", "-q").code == 0
    assert len(read_bill()) == 5
    assert len({job["seed"] for job in read_bill() if job["prompt"] == "Two."}) == 3
    assert cli("plan", bought_film, "--exit-code").code == 0


def test_a_retake_is_picked_and_its_dependants_follow(
    cli: RunCommand, bought_film: Path, read_bill: Bill
) -> None:
    plan = cli("plan", bought_film, "--retake", "SH020", "--json").json
    assert [n["reasons"] for n in plan["nodes"]] == [[], ["retake_requested"], ["upstream_changed"]]
    assert plan["totals"]["cost_usd"] == "0.80"
    assert cli("render", bought_film, "--retake", "SH020", "--yes", "-q").code == 0
    assert len(read_bill()) == 5
    takes = [t for t in cli("takes", bought_film, "--json").json["takes"] if t["shot"] == "SH020"]
    assert [(t["take"], t["plays"]) for t in takes] == [("t01", False), ("t02", True)]
    assert cli("pick", bought_film, "SH020", "t01").code == 0
    assert cli("plan", bought_film, "--exit-code").code == 0
    assert len(read_bill()) == 5


def test_a_fresh_clone_is_blocked_and_never_buys(
    cli: RunCommand, bought_film: Path, read_bill: Bill, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    for path in (bought_film, bought_film.with_name("film.selects.yaml")):
        shutil.copy(path, clone)
    plan = cli("plan", "film.yaml", "--json", cwd=clone)
    assert {n["action"] for n in plan.json["nodes"]} == {"blocked"}
    assert plan.json["totals"]["cost_usd"] == "0.00"
    render = cli("render", "film.yaml", "--yes", cwd=clone)
    assert render.code == 7
    assert len(read_bill()) == 3
    store = bought_film.parent / ".storyboard" / "store"
    assert cli("store", "fetch", "film.yaml", "--from", store, cwd=clone).code == 0
    assert cli("plan", "film.yaml", "--exit-code", cwd=clone).code == 0


def test_what_is_lost_is_bought_again_only_when_asked(
    cli: RunCommand, bought_film: Path, read_bill: Bill
) -> None:
    shutil.rmtree(bought_film.parent / ".storyboard")
    plan = cli("plan", bought_film, "--rebuy", "SH010", "--json").json
    assert [n["action"] for n in plan["nodes"]] == ["redo", "blocked", "blocked"]
    assert cli("render", bought_film, "SH010", "--rebuy", "SH010", "--yes", "-q").code == 0
    assert len(read_bill()) == 4


def test_spending_needs_confirmation(cli: RunCommand, write_film: Write, read_bill: Bill) -> None:
    film = write_film(FILM)
    assert cli("render", film).code == 6
    assert cli("render", film, "--yes", "--max-cost", "0.50").code == 6
    film.write_text(FILM + "policy: {budget_usd: 1}\n")
    assert cli("render", film, "--yes").code == 6
    assert read_bill() == []


def test_a_plan_over_a_limit_is_shown_all_the_same(
    cli: RunCommand, write_film: Write, tmp_path: Path
) -> None:
    film = write_film(FILM)
    for limit in (["--max-cost", "0.50"], []):
        result = cli("plan", film, *limit, "--out", "plan.json")
        assert (result.code, "SH010" in result.out, "$1.20" in result.out) == (6, True, True)
        assert "the plan may cost $1.20" in result.err
        answer = cli("plan", film, *limit, "--json")
        assert (answer.code, answer.json["totals"]["cost_usd"]) == (6, "1.20")
        assert answer.json["error"]["exit_code"] == 6
        film.write_text(FILM + "policy: {budget_usd: 1}\n")
    assert not (tmp_path / "plan.json").exists()


def test_a_saved_plan_runs_as_saved_or_not_at_all(
    cli: RunCommand, write_film: Write, read_bill: Bill
) -> None:
    film = write_film(FILM)
    assert cli("plan", film, "--out", "plan.json", "-q").code == 0
    film.write_text(FILM.replace("prompt: One", "prompt: Uno"))
    refused = cli("render", "plan.json")
    assert refused.code == 6
    assert "SH010" in refused.err
    film.write_text(FILM)
    assert cli("render", "plan.json", "-q").code == 0
    assert len(read_bill()) == 3


def test_one_failure_stops_only_its_dependants(
    cli: RunCommand, write_film: Write, read_bill: Bill
) -> None:
    film = write_film(FILM)
    failed = cli("render", film, "--yes", STUDIO_FAIL="Two")
    assert failed.code == 3
    assert failed.out == ""
    assert "SH030: blocked" in failed.err
    assert [job["prompt"] for job in read_bill()] == ["One.", "Two."]
    slated = cli("render", film, "--yes", "--missing", "slate", STUDIO_FAIL="Two")
    assert slated.code == 3
    assert (slated_film := Path(slated.out.strip())).name == "film.mp4"
    assert (film.parent / slated_film).exists()
    assert [job["prompt"] for job in read_bill()] == ["One.", "Two.", "Two."]


def test_two_shots_that_ask_the_same_share_a_take(
    cli: RunCommand, write_film: Write, read_bill: Bill
) -> None:
    film = write_film(
        FILM.replace(
            "prompt: Two, length: 0.5, duration: 4, seed: 7",
            "prompt: One, length: 0.25, duration: 4",
        )
    )
    plan = cli("plan", film, "--json").json
    assert [n["reasons"] for n in plan["nodes"]][1] == ["shared"]
    assert cli("render", film, "--yes", "-q").code == 0
    assert [job["prompt"] for job in read_bill()] == ["One.", "Three."]


def test_the_takes_of_a_rehearsal_live_beside_the_paid_ones(
    cli: RunCommand, bought_film: Path, read_bill: Bill
) -> None:
    plan = cli("plan", bought_film, "--proxy", "--json").json
    assert {n["provider"] for n in plan["nodes"]} == {"previz"}
    assert cli("plan", bought_film, "--exit-code").code == 0
    assert len(read_bill()) == 3
