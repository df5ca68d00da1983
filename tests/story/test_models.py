"""What is known of models, and what a user knows better."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from storyboard.cli.main import run
from storyboard.errors import EnvironmentProblem
from storyboard.providers.overrides import read_overrides
from tests.conftest import Cli

FILM = """
storyboard: 1
defaults: {provider: cometapi, model: %s}
shots:
  - {id: SH010, prompt: A boat, duration: 4}
"""


def test_a_model_tells_everything_that_is_known_of_it(cli: Cli) -> None:
    said = cli("models", "veo-3.1", "--json")
    by_key = {(m["provider"], m["interface"]): m for m in said.json["models"]}
    assert by_key["vertex", None]["price_silent_usd_per_s"]["720p"] == "0.20"
    assert by_key["vertex", None]["samples"] == 4
    assert by_key["gemini", None]["retention_h"] == 48
    assert by_key["gemini", None]["replacement"] == "gemini-omni-1.2-flash"
    assert by_key["gemini", None]["person_generation"]["text"] == ["allow_all"]
    assert by_key["cometapi", None]["operations"] == ["text", "first_frame"]
    assert "extend" in by_key["cometapi", "chat"]["operations"]
    assert "reference durations" in cli("models", "veo-3.1").out


def test_a_price_of_ones_own_counts_and_the_rest_stays(
    cli: Cli, write: Callable[..., Path]
) -> None:
    film = write(FILM % "house")
    own = write(
        """
as_of: "2026-12-01"
aliases: {house: {cometapi: veo3.1-fast}}
models:
  - {provider: cometapi, id: veo3.1-fast, status: live, price: {audio: {720p: "0.05"}}}
""",
        "own.yaml",
    )
    assert cli("plan", film).code == 1, "nobody knows that alias yet"
    said = cli("plan", film, "--json", STORYBOARD_CATALOG=str(own))
    assert said.json["totals"]["cost_usd"] == "0.20"
    told = cli("models", "house", "--json", STORYBOARD_CATALOG=str(own)).json
    assert told["as_of"] == "2026-12-01"
    assert told["models"][0]["price_usd_per_s"] == {"720p": "0.05", "1080p": "0.096", "4k": "0.24"}
    assert "own.yaml over it" in cli("models", STORYBOARD_CATALOG=str(own)).err


def test_a_new_model_may_be_taken_before_the_catalogue_knows_it(
    cli: Cli, write: Callable[..., Path]
) -> None:
    film = write(FILM % "veo-9" + "  - {id: SH020, extend: SH010, prompt: On it goes}\n")
    own = write(
        "models: [{provider: cometapi, id: veo-9, wire: videos, durations: [4],"
        " resolutions: [720p],"
        ' aspect_ratios: ["16:9"], price: {audio: {720p: 1}}}]\n',
        "own.yaml",
    )
    said = cli("plan", film, STORYBOARD_CATALOG=str(own))
    assert said.code == 1
    assert "veo-9" in said.err, "its limits hold: it has no extension"


def test_a_file_of_ones_own_that_is_wrong_says_where(cli: Cli, write: Callable[..., Path]) -> None:
    for text, words in (
        ("models: [", "own.yaml:2:1 is no YAML"),
        ("modles: []", "unknown key `modles`"),
        ("models: [{id: veo}]", "needs `provider` and `id`"),
        ("models: [{provider: aceme, id: x}]", "names the provider `aceme`"),
        ("models: [{provider: vertex, id: x, price: {audio: {720p: dear}}}]", "a price of 'dear'"),
        ("models: [{provider: vertex, id: x, durations: 4, price: 3}]", "does not fit"),
    ):
        own = write(text + "\n", "own.yaml")
        said = cli("models", STORYBOARD_CATALOG=str(own))
        assert said.code == 4, text
        assert words in said.err
    said = cli("models", STORYBOARD_CATALOG="/nowhere/own.yaml")
    assert said.code == 4
    assert "can't be read" in said.err


def test_platforms_and_their_models_stand_side_by_side(
    cli: Cli, write: Callable[..., Path]
) -> None:
    film = write("storyboard: 1\nshots:\n  - {id: SH010, prompt: A boat, duration: 4}\n")
    told = cli("plan", film, "--json", "--compare", "vertex,gemini,gemini:omni-flash,cometapi").json
    rows = {(row["provider"], row["model"]): row for row in told["compare"]}
    assert rows["vertex", "veo-3.1-generate-001"]["cost_usd"] == "1.60"
    assert rows["gemini", "gemini-omni-1.2-flash"]["legal"]
    switched_off = next(row for (provider, _), row in rows.items() if not row["legal"])
    assert switched_off["provider"] == "gemini"
    assert "switched off" in switched_off["errors"][0]


@pytest.mark.parametrize(
    "price", ['"-1"', '"1e400"', '"nan"', "null", "true", "1_000", '"1/3"', "x"]
)
def test_a_price_that_is_none_is_named_by_its_place(tmp_path: Path, price: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "models:\n  - provider: vertex\n    id: veo-3.1-lite-generate-001\n"
        f"    price: {{audio: {{720p: {price}, 1080p: 0.10}}, confidence: guess}}\n"
    )
    with pytest.raises(EnvironmentProblem, match=f"{own.name}:4:27 has a price of"):
        read_overrides(own, ["vertex"])
    own.write_text(own.read_text().replace(f"720p: {price}", '720p: "0.07"'))
    assert read_overrides(own, ["vertex"]).models[0]["price"]["confidence"] == "guess"


@pytest.mark.parametrize("amount", ["1/3", "1_000", "\u0661", "nan", "inf", "-1", "1e-9", "", " 1"])
def test_a_limit_that_is_no_amount_is_refused(
    write: Callable[..., Path], capsys: pytest.CaptureFixture[str], amount: str
) -> None:
    film = write(FILM % "veo-3.1")
    said = run(["plan", str(film), "--max-cost", amount])
    assert said == 2
    assert "is no amount in US dollars" in capsys.readouterr().err
