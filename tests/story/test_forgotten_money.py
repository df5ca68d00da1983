"""Ledger and lock file are both gone: the sidecars of the store alone know what was paid."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Cli

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


def forget(film: Path) -> None:
    film.with_suffix(".selects.yaml").unlink()
    shutil.rmtree(film.parent / ".storyboard" / "film")


@pytest.fixture
def film(cli: Cli, write: Callable[..., Path], tmp_path: Path) -> Path:
    """A film that was rendered, and whose notes are lost."""
    path = write(SHOTS)
    clip = {"STUDIO_CLIP": str(tmp_path / "clip.mp4")}
    assert cli("render", path, "--yes", **POLL, **clip).code == 0
    forget(path)
    return path


def media(folder: Path) -> int:
    return len(list(folder.glob("**/takes/**/*.mp4")))


def test_the_money_is_told_counted_and_entered_again(
    cli: Cli, film: Path, write: Callable[..., Path]
) -> None:
    told = cli("runs", film)
    assert "2 takes for $0.80 are in the store" in told.err
    assert "--rebuild" in told.err
    assert cli("runs", film, "--json").json["cost"]["total_usd"] == "0.80"
    write(MORE)
    refused = cli("render", film, "--yes", **POLL)
    assert (refused.code, "$0.80 of the film's $0.80" in refused.err) == (6, True)

    rebuilt = cli("runs", film, "--rebuild")
    assert "2 takes told by the store (of this film 2 by today's plan)" in rebuilt.err
    assert cli("runs", film, "--json").json["cost"]["shot"] == {"SH010": "0.40", "SH020": "0.40"}
    assert cli("runs", film, "--rebuild").err.count("0 takes told by the store") == 1
    assert cli("render", film, "--yes", **POLL).code == 6
    assert cli("store", "gc").code == 0
    assert media(film.parent) == 2


def test_what_was_paid_for_is_cleared_away_only_by_name(
    cli: Cli, film: Path, write: Callable[..., Path]
) -> None:
    write(SHOTS.replace("A boat", "A barge"))  # what the plan no longer asks for was paid too
    kept = cli("store", "gc")
    assert kept.code == 6
    assert "2 takes that cost $0.80 stay" in kept.err
    assert cli("store", "gc", "--dry-run", "--json").json["unaccounted"] == 2
    assert media(film.parent) == 2
    gone = cli("store", "gc", "--forget-paid")
    assert (gone.code, "which had cost $0.80" in gone.err, media(film.parent)) == (0, True, 0)


def test_where_two_films_have_one_name_only_the_plan_says_whose_a_take_is(
    cli: Cli, write: Callable[..., Path], tmp_path: Path
) -> None:
    store = {
        "STORYBOARD_STORE": str(tmp_path / "store"),
        "STUDIO_CLIP": str(tmp_path / "clip.mp4"),
        **POLL,
    }
    one, other = write(SHOTS, "one/film.yaml"), write(MORE.replace("A ", "Two "), "two/film.yaml")
    assert cli("render", one, "--yes", **store).code == 0
    assert cli("render", other, "SH010", "--yes", **store).code == 0
    forget(one)
    forget(other)
    assert cli("runs", one, "--json", **store).json["cost"]["total_usd"] == "0.00"
    rebuilt = cli("runs", one, "--rebuild", **store)
    assert "2 takes told by the store (of this film 2 by today's plan)" in rebuilt.err
    assert "1 takes for $0.40 stay out" in rebuilt.err
    kept = cli("store", "gc", one, cwd=one.parent, **store)
    assert (kept.code, "1 takes that cost $0.40 stay" in kept.err) == (6, True)
    assert media(tmp_path) == 3
