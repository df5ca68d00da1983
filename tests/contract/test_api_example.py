"""A stranger's program: it runs outside this tree, and type checkers know what it calls."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PROGRAM = ROOT / "examples" / "api" / "rehearse.py"
MISTAKES = """\
import storyboard

storyboard.render("film.yaml", on_event=print, jobs="two")
storyboard.list_takes("film.yaml")[0].take.nonsense
storyboard.nonsense
"""
"""A program with one mistake in each of its last three lines."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the stranger's, with the program, a film and nothing of ours."""
    shutil.copy(PROGRAM, tmp_path)
    shutil.copytree(ROOT / "examples" / "02-dissolve", tmp_path / "film")
    (tmp_path / "mistakes.py").write_text(MISTAKES, "utf-8")
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict"}))
    return tmp_path


def run_module(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def run_mypy(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    cache = ROOT / ".mypy_cache" / "programs"
    return run_module(folder, "-m", "mypy", "--strict", "--cache-dir", str(cache), name)


def run_pyright(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    return run_module(folder, "-m", "basedpyright", "--pythonpath", sys.executable, name)


def find_lines(output: str, name: str = "mistakes.py") -> set[int]:
    """The lines of that file in which a type checker finds an error."""
    return {
        int(line.split(f"{name}:")[1].split(":")[0])
        for line in output.splitlines()
        if f"{name}:" in line and "error" in line
    }


def test_it_runs_on_a_film_and_picks_a_take(folder: Path) -> None:
    done = run_module(folder, "rehearse.py", "film/film.yaml")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "2 steps, at most $0.00" in lines
    assert "film: rehearsal.mp4, 2 takes made" in lines
    assert "SH010 t01 by previz picked" in lines
    assert lines[-1].startswith("frames ")
    assert (folder / "rehearsal.mp4").stat().st_size
    assert "pick" in (folder / "film" / "film.selects.yaml").read_text("utf-8")


def test_it_says_what_is_wrong_with_a_film(folder: Path) -> None:
    (folder / "film" / "film.yaml").write_text("storyboard: 1\nshots: [{id: SH010}]\n", "utf-8")
    done = run_module(folder, "rehearse.py", "film/film.yaml")
    assert done.returncode == 1
    assert "film.yaml:2:" in done.stdout
    assert done.stderr.startswith("error: 1 error in the storyboard")


def test_mypy_knows_what_it_calls(folder: Path) -> None:
    done = run_mypy(folder, "rehearse.py")
    assert done.returncode == 0, done.stdout
    assert find_lines(run_mypy(folder, "mistakes.py").stdout) == {3, 4, 5}


def test_pyright_knows_what_it_calls(folder: Path) -> None:
    done = run_pyright(folder, "rehearse.py")
    assert done.returncode == 0, done.stdout
    assert find_lines(run_pyright(folder, "mistakes.py").stdout) >= {3, 4, 5}
