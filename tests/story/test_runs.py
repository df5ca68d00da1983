"""What was rendered, what it cost, and what nobody knows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.conftest import RunCommand

FILM = """
storyboard: 1
defaults: {provider: studio, model: studio-1, duration: 4}
shots:
  - {id: SH010, prompt: A boat, takes: 2}
  - {id: SH020, prompt: A car that fails}
"""


def test_every_cent_is_listed_by_shot_by_model_and_by_day(
    cli: RunCommand, write_film: Callable[..., Path]
) -> None:
    film = write_film(FILM)
    assert cli("runs", film).err.strip() == "no runs yet"
    cli("render", film, "--yes", STUDIO_FAIL="fails", STORYBOARD_POLL_S="0.01")
    cli("render", film, "SH020", "--yes", STORYBOARD_POLL_S="0.01")
    report = cli("runs", film, "--json").json
    assert [(run["made"], run["failed"], run["spent_usd"]) for run in report["runs"]] == [
        (2, 1, "0.80"),
        (1, 0, "0.40"),
    ]
    cost = report["cost"]
    assert cost["total_usd"] == "1.20"
    assert cost["shot"] == {"SH010": "0.80", "SH020": "0.40"}
    assert cost["model"] == {"studio-1 at studio": "1.20"}
    assert sum(map(float, cost["day"].values())) == 1.2
    result = cli("runs", film, "--cost")
    assert "SH010" in result.out
    assert "$1.20 spent or reserved in total" in result.err
    assert cli("runs", film, "-v").out.count("committed") == 3


def test_what_others_bought_counts_in_the_life_of_the_film(
    cli: RunCommand, write_film: Callable[..., Path], tmp_path: Path
) -> None:
    film = write_film(FILM)
    cli("render", film, "--yes", STORYBOARD_POLL_S="0.01")
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in ("film.yaml", "film.selects.yaml"):
        (clone / name).write_text((tmp_path / name).read_text())
    report = cli("runs", clone / "film.yaml", "--json").json
    assert report["runs"] == []
    assert report["cost"]["elsewhere_usd"] == report["cost"]["total_usd"] == "1.20"
    assert "from the lock file" in cli("runs", clone / "film.yaml").err


def test_a_film_that_is_not_there_has_no_runs(cli: RunCommand) -> None:
    assert cli("runs", "nothing.yaml").code == 2


def test_costs_of_a_lost_take_and_its_purchase_elsewhere_add_up(
    cli: RunCommand, write_film: Callable[..., Path], tmp_path: Path
) -> None:
    one, other = write_film(FILM, "one/film.yaml"), write_film(FILM, "other/film.yaml")
    store = {"STORYBOARD_STORE": str(tmp_path / "store"), "STORYBOARD_POLL_S": "0.01"}
    shot = ("SH020", "--yes")
    cli("render", one, *shot, STUDIO_FAIL="fails", **store)
    (ledger,) = tmp_path.glob("one/.storyboard/*/ledger.sqlite")
    with closing(sqlite3.connect(ledger)) as rows, rows:  # it was charged all the same
        rows.execute("UPDATE attempts SET state = 'lost', settled_micros = reserved_micros")
    for film in (other, one):
        assert cli("render", film, *shot, **store).code == 0
    cost = cli("runs", one, "--json", **store).json["cost"]
    assert (cost["total_usd"], cost["elsewhere_usd"]) == ("0.80", "0.40")
    assert cost["shot"] == {"SH020": "0.40"}
    assert (
        "$0.80 spent or reserved in total, $0.40 of it by others" in cli("runs", one, **store).err
    )
