"""What is known of models, and what a user knows better."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from storyboard.cli.app import run_command_line
from storyboard.errors import EnvironmentProblem
from storyboard.providers.catalog_overrides import read_overrides
from storyboard.simulator.validation.cometapi_videos import compute_video_price_usd
from tests.conftest import CommandResult, RunCommand

FILM = """
storyboard: 1
defaults: {provider: cometapi, model: %s}
shots:
  - {id: SH010, prompt: A boat, duration: 4}
"""


def test_models_lists_everything_that_is_known_of_a_model(cli: RunCommand) -> None:
    result = cli("models", "veo-3.1", "--json")
    by_key = {(model["provider"], model["interface"]): model for model in result.json["models"]}
    assert by_key["vertex", None]["price_silent_usd_per_s"]["720p"] == "0.20"
    assert by_key["vertex", None]["samples"] == 4
    assert by_key["gemini", None]["retention_h"] == 48
    assert by_key["gemini", None]["replacement"] == "gemini-omni-1.2-flash"
    assert by_key["gemini", None]["person_generation"]["text"] == ["allow_all"]
    assert by_key["cometapi", None]["operations"] == ["text", "first_frame"]
    assert "extend" in by_key["cometapi", "chat"]["operations"]
    assert "reference durations" in cli("models", "veo-3.1").out


def test_a_price_of_ones_own_counts_and_the_rest_stays(
    cli: RunCommand, write_film: Callable[..., Path]
) -> None:
    film = write_film(FILM % "house")
    own = write_film(
        """
as_of: "2026-12-01"
aliases: {house: {cometapi: veo3.1-fast}}
models:
  - {provider: cometapi, id: veo3.1-fast, status: live, price: {audio: {720p: "0.05"}}}
""",
        "own.yaml",
    )
    assert cli("plan", film).code == 1, "nobody knows that alias yet"
    result = cli("plan", film, "--json", STORYBOARD_CATALOG=str(own))
    assert result.json["totals"]["cost_usd"] == "0.20"
    models = cli("models", "house", "--json", STORYBOARD_CATALOG=str(own)).json
    assert models["as_of"] == "2026-12-01"
    assert models["models"][0]["price_usd_per_s"] == {
        "720p": "0.05",
        "1080p": "0.096",
        "4k": "0.24",
    }
    assert "own.yaml over it" in cli("models", STORYBOARD_CATALOG=str(own)).err


def test_a_new_model_may_be_taken_before_the_catalogue_knows_it(
    cli: RunCommand, write_film: Callable[..., Path]
) -> None:
    film = write_film(FILM % "veo-9" + "  - {id: SH020, extend: SH010, prompt: On it goes}\n")
    own = write_film(
        "models: [{provider: cometapi, id: veo-9, wire: videos, durations: [4],"
        " resolutions: [720p],"
        ' aspect_ratios: ["16:9"], price: {audio: {720p: 1}}}]\n',
        "own.yaml",
    )
    result = cli("plan", film, STORYBOARD_CATALOG=str(own))
    assert result.code == 1
    assert "veo-9" in result.err, "its limits hold: it has no extension"


def test_a_file_of_ones_own_that_is_wrong_says_where(
    cli: RunCommand, write_film: Callable[..., Path]
) -> None:
    for text, words in (
        ("models: [", "own.yaml:2:1 is not valid YAML"),
        ("modles: []", "unknown key `modles`"),
        ("models: [{id: veo}]", "needs `provider` and `id`"),
        ("models: [{provider: aceme, id: x}]", "names the provider `aceme`"),
        (
            "models: [{provider: vertex, id: x, price: {audio: {720p: dear}}}]",
            "an invalid price 'dear'",
        ),
        ("models: [{provider: vertex, id: x, durations: 4, price: 3}]", "is not a valid catalogue"),
    ):
        own = write_film(text + "\n", "own.yaml")
        result = cli("models", STORYBOARD_CATALOG=str(own))
        assert result.code == 4, text
        assert words in result.err
    result = cli("models", STORYBOARD_CATALOG="/nowhere/own.yaml")
    assert result.code == 4
    assert "can't be read" in result.err


def test_platforms_and_their_models_stand_side_by_side(
    cli: RunCommand, write_film: Callable[..., Path]
) -> None:
    film = write_film("storyboard: 1\nshots:\n  - {id: SH010, prompt: A boat, duration: 4}\n")
    plan = cli("plan", film, "--json", "--compare", "vertex,gemini,gemini:omni-flash,cometapi").json
    rows = {(row["provider"], row["model"]): row for row in plan["compare"]}
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
    with pytest.raises(EnvironmentProblem, match=f"{own.name}:4:27 has an invalid price"):
        read_overrides(own, ["vertex"])
    own.write_text(own.read_text().replace(f"720p: {price}", '720p: "0.07"'))
    assert read_overrides(own, ["vertex"]).models[0]["price"]["confidence"] == "guess"


@pytest.mark.parametrize("amount", ["1/3", "1_000", "\u0661", "nan", "inf", "-1", "1e-9", "", " 1"])
def test_a_limit_that_is_no_amount_is_refused(
    write_film: Callable[..., Path], capsys: pytest.CaptureFixture[str], amount: str
) -> None:
    film = write_film(FILM % "veo-3.1")
    exit_code = run_command_line(["plan", str(film), "--max-cost", amount])
    assert exit_code == 2
    assert "is not an amount in US dollars" in capsys.readouterr().err


OMNI = """
storyboard: 1
defaults: {provider: gemini, model: gemini-omni-1.1-flash}
shots:
  - {id: SH010, prompt: A boat, duration: 4}
"""


def list_codes(result: CommandResult) -> dict[str, str]:
    return {each["code"]: each["message"] for each in result.json["diagnostics"]}


def test_a_model_that_is_switched_off_soon_is_noted_and_then_refused(
    cli: RunCommand, write_film: Callable[..., Path]
) -> None:
    film = write_film(OMNI)
    before = list_codes(cli("check", film, "--json", STORYBOARD_TODAY="2026-11-02"))
    assert "SB405" not in before, "more than thirty days are left"
    plan = cli("plan", film, STORYBOARD_TODAY="2026-11-30")
    assert plan.code == 0
    assert "is switched off on 2026-12-03, in 3 days" in plan.err + plan.out
    assert "gemini-omni-1.2-flash replaces it" in plan.err + plan.out
    table = cli("models", "gemini", STORYBOARD_TODAY="2026-11-30").out
    assert "is switched off on 2026-12-03, in 3 days, use gemini-omni-1.2-flash" in table
    for day in ("2026-12-03", "2027-01-01"):
        refused = cli("plan", film, STORYBOARD_TODAY=day)
        assert refused.code == 1, "as a model is refused that is long gone"
        assert "was switched off at gemini on 2026-12-03" in refused.err + refused.out
        assert "model: gemini-omni-1.2-flash" in refused.err + refused.out
    assert cli("plan", film, "--allow-retired", STORYBOARD_TODAY="2026-12-03").code == 0
    assert "gemini-omni-1.1-flash" not in cli("models", STORYBOARD_TODAY="2026-12-03").out


def test_a_model_that_lives_until_a_day_at_least_is_noted_and_never_refused(
    cli: RunCommand, write_film: Callable[..., Path]
) -> None:
    film = write_film(
        "storyboard: 1\ndefaults: {provider: vertex}\n"
        "shots:\n  - {id: SH010, prompt: A boat, duration: 4}\n"
    )
    notes = list_codes(cli("check", film, "--json", STORYBOARD_TODAY="2027-04-20"))
    assert "may be switched off from 2027-05-04 on" in notes["SB405"]
    assert cli("check", film, STORYBOARD_TODAY="2027-06-01").code == 0


def test_facts_that_were_checked_long_ago_are_noted(
    cli: RunCommand, write_film: Callable[..., Path]
) -> None:
    film = write_film(OMNI.replace("gemini-omni-1.1-flash", "omni-flash"))
    assert "SB406" not in list_codes(cli("check", film, "--json", STORYBOARD_TODAY="2027-01-29"))
    later = {"STORYBOARD_TODAY": "2027-01-30"}
    plan = cli("plan", film, **later)
    assert plan.code == 0
    assert "are as of 2026-11-30, 61 days ago" in plan.err + plan.out
    assert "as of 2026-11-30, 61 days ago" in cli("models", **later).out
    own = write_film(
        'as_of: "2027-01-20"\nmodels: [{provider: gemini, id: gemini-omni-1.2-flash}]\n', "own.yaml"
    )
    later["STORYBOARD_CATALOG"] = str(own)
    assert "SB406" not in list_codes(cli("check", film, "--json", **later)), (
        "newer facts of one's own"
    )
    card = cli("models", "gemini-omni-1.2-flash", "--json", **later).json["models"]
    by_provider = {record["provider"]: record for record in card}
    assert by_provider["gemini"]["notes"] == []
    assert by_provider["vertex"]["notes"] == ["as of 2026-11-30, 61 days ago"], (
        "the entry's own day"
    )


def test_a_price_that_changes_on_a_day_counts_from_that_day_on(cli: RunCommand) -> None:
    prices = {
        day: {
            record["id"]: (record["price_usd_each"] or record["price_speech_usd_per_s"])
            for record in cli("models", "vertex", "--json", STORYBOARD_TODAY=day).json["models"]
            if record["makes"] in ("write", "speech")
        }
        for day in ("2026-12-31", "2027-01-01")
    }
    assert prices["2026-12-31"]["gemini-3.8-flash"] == {"": "0.0085"}
    assert prices["2027-01-01"]["gemini-3.8-flash"] == {"": "0.017"}
    assert prices["2027-01-01"]["gemini-3.8-flash-tts"] == "0.00045"
    assert prices["2027-01-01"]["gemini-3.8-flash-lite-tts"] == "0.0003"


def test_a_day_that_is_none_is_refused(cli: RunCommand) -> None:
    result = cli("models", STORYBOARD_TODAY="tomorrow")
    assert result.code == 4
    assert "STORYBOARD_TODAY is 'tomorrow'" in result.err


@pytest.mark.parametrize("seconds", [4, 8])
def test_a_model_that_is_sold_by_the_take_costs_the_same_whatever_its_length(
    cli: RunCommand, write_film: Callable[..., Path], seconds: int
) -> None:
    film = write_film((FILM % "veo3.1-pro").replace("duration: 4", f"duration: {seconds}"))
    plan = cli("plan", film, "--json")
    assert plan.json["totals"]["cost_usd"] == "2.00"
    assert Decimal("2.00") == compute_video_price_usd("veo3.1-pro", "720p", seconds)
    assert "2.00 a take" in cli("models", "cometapi").out


def test_a_price_a_second_of_ones_own_replaces_one_a_take(
    cli: RunCommand, write_film: Callable[..., Path]
) -> None:
    own = write_film(
        "models: [{provider: cometapi, id: veo3.1-pro, price: {audio: {720p: '0.30'}}}]\n",
        "own.yaml",
    )
    plan = cli("plan", write_film(FILM % "veo3.1-pro"), "--json", STORYBOARD_CATALOG=str(own))
    assert plan.json["totals"]["cost_usd"] == "1.20"
