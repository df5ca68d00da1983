"""The example plug-in is what it says: installable, on the contract, and good for a film."""

from __future__ import annotations

import os
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, CommandResult, run_command

HOME = ROOT / "examples" / "plugin"
sys.path.insert(0, str(HOME))
try:
    from test_filmlab import TestFilmlab as TestFilmlab
    from test_flipbook import TestFlipbook as TestFlipbook
finally:
    sys.path.remove(str(HOME))


@pytest.fixture(scope="module")
def plugin_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as an installer would leave it: the module, and a dist-info with entry points."""
    folder = tmp_path_factory.mktemp("site")
    project = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
    for name in HOME.glob("storyboard_*.py"):
        shutil.copy(name, folder)
    info = folder / f"storyboard_flipbook-{project['version']}.dist-info"
    info.mkdir()
    lines = [f"Name: {project['name']}", f"Version: {project['version']}", ""]
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\n" + "\n".join(lines))
    points = project["entry-points"]["storyboard.providers"]
    text = "\n".join(f"{name} = {value}" for name, value in points.items())
    info.joinpath("entry_points.txt").write_text(f"[storyboard.providers]\n{text}\n")
    return folder


@pytest.fixture
def run_with_plugin(plugin_folder: Path, tmp_path: Path) -> Any:
    shutil.copytree(HOME / "pages", tmp_path / "pages")

    def run_command_here(*arguments: object) -> CommandResult:
        return run_command(tmp_path, *arguments, PYTHONPATH=f"{ROOT}{os.pathsep}{plugin_folder}")

    return run_command_here


def test_its_film_is_valid(run_with_plugin: Any, tmp_path: Path) -> None:
    shutil.copy(HOME / "flipbook.yaml", tmp_path)
    checked = run_with_plugin("check", "--strict", "flipbook.yaml")
    assert checked.code == 0, checked.err
    totals = run_with_plugin("plan", "flipbook.yaml", "--json").json["totals"]
    assert (totals["create"], totals["cost_usd"]) == (3, "0.00")
    assert "flipbook-1" in run_with_plugin("models", "flipbook").out


FILM = """\
storyboard: 1
title: Pages
defaults: {provider: flipbook, model: flipbook-1}
shots:
  - {id: SH010, first_frame: pages/hill.png, prompt: A hill, camera: pan left, duration: 1}
"""


def test_a_film_renders_and_only_what_the_plugin_reads_remakes_it(
    run_with_plugin: Any, tmp_path: Path
) -> None:
    film = tmp_path / "film.yaml"
    film.write_text(FILM)
    done = run_with_plugin("render", "film.yaml", "-q")
    assert done.code == 0, done.err
    assert (tmp_path / done.out.strip()).stat().st_size > 10_000
    film.write_text(FILM.replace("A hill", "A green hill"))
    assert run_with_plugin("plan", "film.yaml", "--exit-code").code == 0
    film.write_text(FILM.replace("pan left", "pan right"))
    assert run_with_plugin("plan", "film.yaml", "--exit-code").code == 5


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("duration: 1", "duration: 1, options: {paper: white}", "paper"),
        ("duration: 1", "duration: 1, options: {ink: black}", "ink"),
        ("shots:", "providers: {flipbook: {threads: many}}\nshots:", "threads"),
        ("shots:", "providers: {flipbook: {thread: 2}}\nshots:", "thread"),
        ("duration: 1", "duration: 31", "31"),
    ],
)
def test_what_it_does_not_know_is_refused_by_check(
    run_with_plugin: Any, tmp_path: Path, old: str, new: str, words: str
) -> None:
    (tmp_path / "film.yaml").write_text(FILM.replace(old, new))
    checked = run_with_plugin("check", "film.yaml")
    assert checked.code == 1
    assert words in checked.err + checked.out
