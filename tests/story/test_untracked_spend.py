"""Ledger and lock file are both gone: the sidecars of the store alone know what was paid."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import RunCommand

SHOTS = """
storyboard: 1
defaults: {provider: studio, model: studio-1, duration: 4}
policy: {budget_usd: 0.8}
shots:
  - {id: SH010, prompt: A boat}
  - {id: SH020, prompt: A gull}
"""
MORE = SHOTS + "  - {id: SH030, prompt: A rope}\n"
POLL = {"STORYBOARD_POLL_S": "0.01"}


def delete_records(film: Path) -> None:
    film.with_suffix(".selects.yaml").unlink()
    shutil.rmtree(film.parent / ".storyboard" / "film")


@pytest.fixture
def film(cli: RunCommand, write_film: Callable[..., Path], tmp_path: Path) -> Path:
    """A film that was rendered, and whose notes are lost."""
    path = write_film(SHOTS)
    clip = {"STUDIO_CLIP": str(tmp_path / "clip.mp4")}
    assert cli("render", path, "--yes", **POLL, **clip).code == 0
    delete_records(path)
    return path


def count_clips(folder: Path) -> int:
    return len(list(folder.glob("**/takes/**/*.mp4")))


def test_untracked_spending_is_reported_counted_and_rebuilt(
    cli: RunCommand, film: Path, write_film: Callable[..., Path]
) -> None:
    result = cli("runs", film)
    assert "2 takes for $0.80 are in the store" in result.err
    assert "--rebuild" in result.err
    assert cli("runs", film, "--json").json["cost"]["total_usd"] == "0.80"
    write_film(MORE)
    refused = cli("render", film, "--yes", **POLL)
    assert (refused.code, "$0.80 of the film's $0.80" in refused.err) == (6, True)

    rebuilt = cli("runs", film, "--rebuild")
    assert "2 takes found in the store (of this film 2 by today's plan)" in rebuilt.err
    assert cli("runs", film, "--json").json["cost"]["shot"] == {"SH010": "0.40", "SH020": "0.40"}
    assert cli("runs", film, "--rebuild").err.count("0 takes found in the store") == 1
    assert cli("render", film, "--yes", **POLL).code == 6
    assert cli("store", "gc").code == 0
    assert count_clips(film.parent) == 2


def test_paid_takes_are_removed_only_with_a_flag(
    cli: RunCommand, film: Path, write_film: Callable[..., Path]
) -> None:
    write_film(SHOTS.replace("A boat", "A barge"))  # what the plan no longer asks for was paid too
    result = cli("store", "gc")
    assert result.code == 6
    assert "2 takes that cost $0.80 stay" in result.err
    assert cli("store", "gc", "--dry-run", "--json").json["unaccounted"] == 2
    assert count_clips(film.parent) == 2
    removal = cli("store", "gc", "--forget-paid")
    assert (removal.code, "which had cost $0.80" in removal.err, count_clips(film.parent)) == (
        0,
        True,
        0,
    )


def test_of_two_films_with_one_name_the_plan_identifies_the_takes(
    cli: RunCommand, write_film: Callable[..., Path], tmp_path: Path
) -> None:
    store = {
        "STORYBOARD_STORE": str(tmp_path / "store"),
        "STUDIO_CLIP": str(tmp_path / "clip.mp4"),
        **POLL,
    }
    one, other = (
        write_film(SHOTS, "one/film.yaml"),
        write_film(MORE.replace("A ", "Two "), "two/film.yaml"),
    )
    assert cli("render", one, "--yes", **store).code == 0
    assert cli("render", other, "SH010", "--yes", **store).code == 0
    delete_records(one)
    delete_records(other)
    assert cli("runs", one, "--json", **store).json["cost"]["total_usd"] == "0.00"
    rebuilt = cli("runs", one, "--rebuild", **store)
    assert "2 takes found in the store (of this film 2 by today's plan)" in rebuilt.err
    assert "1 takes for $0.40 are left out" in rebuilt.err
    result = cli("store", "gc", one, cwd=one.parent, **store)
    assert (result.code, "1 takes that cost $0.40 stay" in result.err) == (6, True)
    assert count_clips(tmp_path) == 3
