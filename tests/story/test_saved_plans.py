"""A plan that was reviewed runs as it was reviewed, or is refused with what moved."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from storyboard.pipeline.plan_snapshot import build_snapshot, describe_snapshot_changes
from storyboard.pipeline.saved_plan import read_saved_plan
from storyboard.pipeline.session import FilmSession, check_film
from storyboard.simulator.server import Simulator
from tests.story.wires import build_environment, run_in_process

Capture = pytest.CaptureFixture[str]
FILM = """\
storyboard: 1
title: Quay
defaults: {provider: vertex, model: veo-3.1-lite, duration: 4}
shots:
  - {id: SH010, prompt: A boat, takes: 2}
  - {id: SH020, prompt: A gull}
"""


@pytest.fixture
def film(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    simulator.world.reset()
    for name, value in build_environment(simulator).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "film.yaml"
    path.write_text(FILM)
    return path


def save_plan(capsys: Capture, *flags: str) -> None:
    said = run_in_process(capsys, "plan", "film.yaml", "--out", "P", "-q", *flags)
    assert said.code == 0, said.err


CHANGES = {
    "prompt: A gull}": ("prompt: A crow}", "SH020: its prompt changed"),
    "A gull}": ("A gull, length: 2}", "SH020: length is 2 s, was 4 s"),
    "takes: 2": ("takes: 1", "SH010: 1 take, was 2"),
    "title: Quay": ("title: Pier", "the title is `Pier`, was `Quay`"),
    "prompt: A gull": ("transition: dissolve, prompt: A gull", "SH020: its transition"),
    "{id: SH020": ("{card: The end, length: 3}\n  - {id: SH020", "a card was added"),
    "storyboard: 1": ("storyboard: 1\nformat: {resolution: 1080p}", "the film is 1920x1080"),
    "A boat,": ("A boat, mute: true,", "SH010: its sound changed"),
    "  - {id: SH020, prompt: A gull}": ("", "SH020 was removed"),
}


@pytest.mark.parametrize("was", CHANGES)
def test_what_moved_in_the_film_is_named(film: Path, capsys: Capture, was: str) -> None:
    save_plan(capsys)
    new_text, line = CHANGES[was]
    film.write_text(FILM.replace(was, new_text))
    result = run_in_process(capsys, "render", "P")
    assert (result.code, line in result.err) == (6, True), result.err
    film.write_text("# only a remark\n" + FILM)
    saved_plan = read_saved_plan(Path("P"))
    assert saved_plan is not None
    session = FilmSession(check_film(film))
    saved_plan.require_same_plan(session, session.plan())
    session.close()


def test_what_moved_among_the_takes_is_named(
    film: Path, capsys: Capture, simulator: Simulator
) -> None:
    save_plan(capsys)
    assert run_in_process(capsys, "render", "P", "-q").code == 0
    assert run_in_process(capsys, "render", "P", "-q").code == 0, "what it was to make is there"
    bought = len(simulator.world.bill.charges)
    for flags in ((), ("--retake", "SH010")):
        save_plan(capsys, *flags)
        run_in_process(capsys, "pick", "film.yaml", "SH010", "t02")
        result = run_in_process(capsys, "render", "P")
        assert (result.code, "t02" in result.err) == (6, True), result.err
        run_in_process(capsys, "pick", "film.yaml", "SH010", "t01")
    save_plan(capsys)
    Path("film.selects.yaml").rename("away")
    result = run_in_process(capsys, "render", "P")
    assert (result.code, "the lock file no longer has takes of SH010, SH020" in result.err) == (
        6,
        True,
    )
    Path("away").rename("film.selects.yaml")
    shutil.rmtree(".storyboard/store")
    result = run_in_process(capsys, "render", "P")
    assert (result.code, "SH010: blocked (take missing), was kept" in result.err) == (6, True)
    assert len(simulator.world.bill.charges) == bought


def test_another_price_is_named_even_a_lower_one(film: Path) -> None:
    session = FilmSession(check_film(film))
    before = build_snapshot(session, session.plan())
    now = json.loads(json.dumps(before))
    now["steps"]["SH020"]["price_micros"] = 40_000
    now["steps"]["SH020"]["cost_micros"] = 40_000
    assert describe_snapshot_changes(before, now) == ["SH020: $0.04 a take, was $0.20"]
    session.close()


def test_the_limit_that_was_reviewed_stays(film: Path, capsys: Capture) -> None:
    save_plan(capsys, "--max-cost", "5")
    saved_plan = read_saved_plan(Path("P"))
    assert saved_plan is not None
    assert (saved_plan.max_cost_micros, saved_plan.cost_micros) == (5_000_000, 600_000)
    assert run_in_process(capsys, "render", "P", "--max-cost", "0.1").code == 6


def test_a_damaged_plan_says_so(film: Path, capsys: Capture) -> None:
    save_plan(capsys)
    plan = Path("P")
    text = plan.read_text()
    content: dict[str, Any] = json.loads(text)
    changes: list[dict[str, Any]] = [
        *({"steps": None}, {"shots": [3]}, {"flags": {"zz": 1}}, {"reviewed": []}),
        *({"wishes": []}, {"film": 3}, {"storyboard_plan": "x"}, {"max_cost_micros": 9_000_000}),
    ]
    broken = [text[:length] for length in (1, 9, 50, len(text) // 2, len(text) - 3)]
    for damaged_text in (*broken, *(json.dumps({**content, **change}) for change in changes)):
        plan.write_text(damaged_text)
        result = run_in_process(capsys, "render", "P")
        assert result.code == 2, (damaged_text[:80], result.err)
        assert "damaged" in result.err
        assert "--out P" in result.err
    plan.write_text(text.replace('"storyboard_plan": 1', '"storyboard_plan": 99'))
    assert "newer version of storyboard" in run_in_process(capsys, "render", "P").err
    save_plan(capsys)
    assert run_in_process(capsys, "plan", "P").code == 2, "it is no film"


def test_a_plan_is_written_over_nothing_but_a_plan(film: Path, capsys: Capture) -> None:
    save_plan(capsys)
    save_plan(capsys)
    problems_by_path = {
        "film.yaml": "a source file of the film",
        "film.selects.yaml": "a source file of the film",
        ".": "is a folder",
        ".storyboard/film/ledger.sqlite": "in the folder of the film's takes",
        "notes.txt": "is not a saved plan",
    }
    Path("notes.txt").write_text("mine")
    for out_path, words in problems_by_path.items():
        result = run_in_process(capsys, "plan", "film.yaml", "--out", out_path)
        assert (result.code, words in result.err) == (2, True), (out_path, result.err)
    assert (film.read_text(), Path("notes.txt").read_text()) == (FILM, "mine")
    save_plan(capsys, "--out", "plans/for/review.json")
    assert read_saved_plan(Path("plans/for/review.json"))
    Path("P").write_text('{"storyboard_plan"')
    save_plan(capsys)
    assert read_saved_plan(Path("P")), "a damaged one is made anew"
