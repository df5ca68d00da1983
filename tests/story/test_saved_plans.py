"""A plan that was reviewed runs as it was reviewed, or is refused with what moved."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from storyboard.production import Production, examine
from storyboard.reviewed import moved, reviewed
from storyboard.saved import read_plan
from storyboard.simulator.serve import Simulator
from tests.story.wires import cli, environment

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
def film(services: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    services.world.reset()
    for name, value in environment(services).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "film.yaml"
    path.write_text(FILM)
    return path


def save(capsys: Capture, *flags: str) -> None:
    said = cli(capsys, "plan", "film.yaml", "--out", "P", "-q", *flags)
    assert said.code == 0, said.err


MOVES = {
    "prompt: A gull}": ("prompt: A crow}", "SH020: its prompt changed"),
    "A gull}": ("A gull, length: 2}", "SH020: plays 2 s, was 4 s"),
    "takes: 2": ("takes: 1", "SH010: 1 take, was 2"),
    "title: Quay": ("title: Pier", "the title is `Pier`, was `Quay`"),
    "prompt: A gull": ("transition: dissolve, prompt: A gull", "SH020: its transition"),
    "{id: SH020": ("{card: The end, length: 3}\n  - {id: SH020", "a card was added"),
    "storyboard: 1": ("storyboard: 1\nformat: {resolution: 1080p}", "the film is 1920x1080"),
    "A boat,": ("A boat, mute: true,", "SH010: its sound changed"),
    "  - {id: SH020, prompt: A gull}": ("", "SH020 is gone"),
}


@pytest.mark.parametrize("was", MOVES)
def test_what_moved_in_the_film_is_named(film: Path, capsys: Capture, was: str) -> None:
    save(capsys)
    becomes, line = MOVES[was]
    film.write_text(FILM.replace(was, becomes))
    said = cli(capsys, "render", "P")
    assert (said.code, line in said.err) == (6, True), said.err
    film.write_text("# only a remark\n" + FILM)
    told = read_plan(Path("P"))
    assert told is not None
    production = Production(examine(film))
    told.confirm(production, production.plan())
    production.close()


def test_what_moved_among_the_takes_is_named(
    film: Path, capsys: Capture, services: Simulator
) -> None:
    save(capsys)
    assert cli(capsys, "render", "P", "-q").code == 0
    assert cli(capsys, "render", "P", "-q").code == 0, "what it was to make is there"
    bought = len(services.world.bill.charges)
    for flags in ((), ("--retake", "SH010")):
        save(capsys, *flags)
        cli(capsys, "pick", "film.yaml", "SH010", "t02")
        said = cli(capsys, "render", "P")
        assert (said.code, "t02" in said.err) == (6, True), said.err
        cli(capsys, "pick", "film.yaml", "SH010", "t01")
    save(capsys)
    Path("film.selects.yaml").rename("away")
    said = cli(capsys, "render", "P")
    assert (said.code, "the lock file has lost takes of SH010, SH020" in said.err) == (6, True)
    Path("away").rename("film.selects.yaml")
    shutil.rmtree(".storyboard/store")
    said = cli(capsys, "render", "P")
    assert (said.code, "SH010: blocked (take missing), was kept" in said.err) == (6, True)
    assert len(services.world.bill.charges) == bought


def test_another_price_is_named_even_a_lower_one(film: Path) -> None:
    production = Production(examine(film))
    before = reviewed(production, production.plan())
    now = json.loads(json.dumps(before))
    now["steps"]["SH020"]["price_micros"] = 40_000
    now["steps"]["SH020"]["cost_micros"] = 40_000
    assert moved(before, now) == ["SH020: $0.04 a take, was $0.20"]
    production.close()


def test_the_limit_that_was_reviewed_stays(film: Path, capsys: Capture) -> None:
    save(capsys, "--max-cost", "5")
    told = read_plan(Path("P"))
    assert told is not None
    assert (told.max_cost_micros, told.cost_micros) == (5_000_000, 600_000)
    assert cli(capsys, "render", "P", "--max-cost", "0.1").code == 6


def test_a_damaged_plan_says_so(film: Path, capsys: Capture) -> None:
    save(capsys)
    plan = Path("P")
    text = plan.read_text()
    told: dict[str, Any] = json.loads(text)
    odd: list[dict[str, Any]] = [
        *({"steps": None}, {"shots": [3]}, {"flags": {"zz": 1}}, {"reviewed": []}),
        *({"wishes": []}, {"film": 3}, {"storyboard_plan": "x"}, {"max_cost_micros": 9_000_000}),
    ]
    broken = [text[:n] for n in (1, 9, 50, len(text) // 2, len(text) - 3)]
    for each in (*broken, *(json.dumps({**told, **more}) for more in odd)):
        plan.write_text(each)
        said = cli(capsys, "render", "P")
        assert said.code == 2, (each[:80], said.err)
        assert "damaged" in said.err
        assert "--out P" in said.err
    plan.write_text(text.replace('"storyboard_plan": 1', '"storyboard_plan": 99'))
    assert "newer storyboard" in cli(capsys, "render", "P").err
    save(capsys)
    assert cli(capsys, "plan", "P").code == 2, "it is no film"


def test_a_plan_is_written_over_nothing_but_a_plan(film: Path, capsys: Capture) -> None:
    save(capsys)
    save(capsys)
    places = {
        "film.yaml": "a file of the film itself",
        "film.selects.yaml": "a file of the film itself",
        ".": "is a folder",
        ".storyboard/film/ledger.sqlite": "among the film's takes",
        "notes.txt": "is no saved plan",
    }
    Path("notes.txt").write_text("mine")
    for place, words in places.items():
        said = cli(capsys, "plan", "film.yaml", "--out", place)
        assert (said.code, words in said.err) == (2, True), (place, said.err)
    assert (film.read_text(), Path("notes.txt").read_text()) == (FILM, "mine")
    save(capsys, "--out", "plans/for/review.json")
    assert read_plan(Path("plans/for/review.json"))
    Path("P").write_text('{"storyboard_plan"')
    save(capsys)
    assert read_plan(Path("P")), "a damaged one is made anew"
