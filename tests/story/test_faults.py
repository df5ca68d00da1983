"""What a user can get wrong, and what a machine can: one message, the right code, nothing lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storyboard.digest import hash_file
from tests.conftest import RunCommand

Write = Callable[..., Path]
Bill = Callable[[], list[dict[str, Any]]]

CARDS = 'storyboard: 1\nshots:\n  - {card: "A", length: 0.5}\n'
PAID = """\
storyboard: 1
defaults: {provider: studio, model: studio-1}
shots:
  - {id: SH010, prompt: One, length: 0.25, duration: 4}
  - {id: SH020, continue: SH010, prompt: Two, length: 0.25}
"""


@pytest.mark.parametrize(
    "out", ["film.yaml", "film.selects.yaml", ".", "film.yaml/x.mp4", ".storyboard/x.mp4"]
)
def test_a_render_never_writes_over_what_the_film_reads(
    cli: RunCommand, write_film: Write, out: str
) -> None:
    film = write_film(CARDS)
    before = film.read_bytes()
    assert cli("render", film, "-o", out).code == 2
    assert film.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["render", "film.yaml", "--provider", "nope"], 2),
        (["plan", "film.yaml", "--model", "nope"], 2),
        (["plan", "film.yaml", "--compare", "vertex,nope"], 2),
        (["new", "/proc/nowhere"], 4),
        (["render", "film.yaml", "--deps", "/proc/nowhere/x.d"], 4),
        (["resolve", "film.yaml", "SH010"], 2),
    ],
)
def test_faults_have_their_codes(
    cli: RunCommand, write_film: Write, arguments: list[str], code: int
) -> None:
    write_film(CARDS)
    assert cli(*arguments).code == code


def test_json_answers_in_json_when_the_film_is_wrong(cli: RunCommand, write_film: Write) -> None:
    film = write_film("storyboard: 1\nshots:\n  - {id: SH010, promt: x}\n")
    for verb in ("plan", "show", "takes"):
        said = cli(verb, film, "--json")
        assert (said.code, said.json["format"]) == (1, 1)
        assert said.json["diagnostics"][0]["code"] == "SB101"


def test_a_damaged_take_is_known_before_anything_is_bought_on_it(
    cli: RunCommand, write_film: Write, read_bill: Bill
) -> None:
    film = write_film(PAID)
    assert cli("render", film, "--yes", "-q").code == 0
    take = next(
        take_row
        for take_row in cli("takes", film, "--json").json["takes"]
        if take_row["shot"] == "SH010"
    )
    path = Path(take["path"])
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    node = cli("plan", film, "--json").json["nodes"][0]
    assert (node["action"], node["reasons"]) == ("blocked", ["take_corrupt"])
    film.write_text(PAID.replace("prompt: Two", "prompt: Deux"))
    assert cli("render", film, "--yes").code == 7
    assert "its file in the store is damaged" in cli("render", film, "--yes").err
    assert len(read_bill()) == 2
    assert cli("store", "verify").code == 3
    result = cli("store", "verify", "--repair")
    assert "not bought again automatically: SH010 t01" in result.err
    assert "--rebuy SH010" in result.err
    assert "for nothing" not in result.err
    assert "its file is not in the store" in cli("render", film, "--yes").err
    assert cli("store", "verify").code == 3, "it is still missing"
    assert cli("render", film, "SH010", "--rebuy", "SH010", "--yes", "-q").code == 0
    assert len(read_bill()) == 3


def test_a_free_damaged_take_is_made_again(cli: RunCommand, write_film: Write) -> None:
    film = write_film(
        "storyboard: 1\nshots:\n  - {id: SH010, prompt: A boat, duration: 4, length: 0.25}\n"
    )
    assert cli("render", film, "--proxy", "-q").code == 0
    take = cli("takes", film, "--proxy", "--json").json["takes"][0]
    path = Path(take["path"])
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-9] + b"damaged!!")
    node = cli("plan", film, "--proxy", "--json").json["nodes"][0]
    assert (node["action"], node["reasons"]) == ("redo", ["take_corrupt"])
    assert "made again by the next render, free of charge: SH010 t01" in cli("store", "verify").err
    assert cli("render", film, "--proxy", "-q").code == 0
    assert hash_file(path) == take["sha256"]


def test_a_take_that_only_the_lock_file_remembers_is_heard_as_well_as_seen(
    cli: RunCommand, write_film: Write, read_bill: Bill, tmp_path: Path
) -> None:
    film = write_film(PAID)
    assert cli("render", film, "SH010", "--yes", "-q").code == 0
    store = tmp_path / ".storyboard" / "store"
    (sidecar,) = store.glob("takes/??/*/t01.json")
    whole = json.loads(sidecar.read_text())
    sidecar.write_text("x")
    for path in store.glob("index.sqlite*"):
        path.unlink()
    assert "1 unreadable, moved to damaged" in cli("store", "verify", "--repair").err
    film.write_text(PAID.partition("  - {id: SH020")[0])
    result = cli("render", film, "--yes")
    assert result.code == 0
    assert "silent" not in result.err
    assert len(read_bill()) == 1
    again = json.loads(sidecar.read_text())
    assert {key: again[key] for key in again} == {key: whole[key] for key in again}
    assert again["facts"]["has_audio"]


def test_films_of_one_store_share_what_was_bought_and_both_keep_it(
    cli: RunCommand, write_film: Write, read_bill: Bill, tmp_path: Path
) -> None:
    one = write_film(PAID.replace("prompt: One,", "prompt: One, takes: 2,"))
    other = write_film(one.read_text().replace("SH0", "X0"), "other.yaml")
    store = {"STORYBOARD_STORE": str(tmp_path / "store")}
    assert cli("render", one, "--yes", "-q", **store).code == 0
    assert cli("render", other, "--yes", "-q", **store).code == 0
    assert len(read_bill()) == 3
    lock = (tmp_path / "other.selects.yaml").read_text()
    assert '"ordinal": 2' in lock
    assert "SH0" not in lock


def test_a_saved_plan_takes_no_flags(cli: RunCommand, write_film: Write) -> None:
    film = write_film(PAID)
    assert cli("plan", film, "--out", "p.json", "-q").code == 0
    assert cli("render", "p.json", "--profile", "draft").code == 2
    assert cli("render", "p.json", "SH010").code == 2
    assert json.loads((film.parent / "p.json").read_text())["storyboard_plan"] == 1


def test_previz_fills_the_missing_takes_of_a_partly_made_film(
    cli: RunCommand, write_film: Write, read_bill: Bill
) -> None:
    film = write_film(PAID)
    assert cli("render", film, "SH010", "--yes", "-q").code == 0
    result = cli("render", film, "SH010", "--missing", "previz", "--yes", "-q")
    assert (result.code, result.out) == (0, "build/film.mp4\n")
    assert len(read_bill()) == 1


def test_a_take_of_another_film_is_picked_under_this_films_name(
    cli: RunCommand, write_film: Write, tmp_path: Path
) -> None:
    one = write_film(PAID)
    other = write_film(PAID.replace("SH0", "X0"), "other.yaml")
    store = {"STORYBOARD_STORE": str(tmp_path / "store")}
    assert cli("render", one, "--yes", "-q", **store).code == 0
    assert cli("pick", other, "X010", "t01", **store).code == 0
    lock = (tmp_path / "other.selects.yaml").read_text()
    assert '"shot": "X010"' in lock
    assert "pick" in lock
    assert cli("reject", other, "X010", "t01", **store).code == 0
    take = cli("takes", other, "X010", "--json", **store).json["takes"][0]
    assert (take["picked"], take["rejected"]) == (False, True)
