"""Options: what a shot asks of its model by the model's own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from storyboard.errors import Diagnostic, Severity
from storyboard.pipeline.session import Overrides, check_film

DEFAULTS = "provider: vertex, model: veo-3.1"


def check_options(folder: Path, defaults: str = "", shot: str = "") -> tuple[Diagnostic, ...]:
    """What is said of a shot on Vertex AI with these options, besides its price."""
    path = folder / "film.yaml"
    own = f", options: {{{shot}}}" if shot else ""
    path.write_text(
        f"storyboard: 1\ndefaults: {{{DEFAULTS}, options: {{{defaults}}}}}\n"
        f"shots: [{{id: A, prompt: a market{own}}}]\n"
    )
    return check_film(path).diagnostics


@pytest.mark.parametrize("name", ["personGeneration", "person-generation", "person_genration"])
@pytest.mark.parametrize("where", ["defaults", "shot"])
def test_a_misspelt_option_is_refused_wherever_it_stands(
    tmp_path: Path, where: str, name: str
) -> None:
    """A note would let a film be bought without the safety setting that its author wrote."""
    (told,) = check_options(tmp_path, **{where: f"{name}: dont_allow"})
    assert (told.severity, told.code) == (Severity.ERROR, "SB419")
    assert told.hint == "did you mean `person_generation`?"


def test_an_option_like_no_other_is_answered_with_those_that_there_are(tmp_path: Path) -> None:
    (told,) = check_options(tmp_path, "zoom: 3")
    assert "person_generation, resize" in told.hint


def test_a_default_option_of_another_platform_is_only_noted(tmp_path: Path) -> None:
    path = tmp_path / "film.yaml"
    path.write_text(
        "storyboard: 1\ndefaults: {provider: vertex, model: veo-3.1, options: {resize: crop}}\n"
        "shots: [{id: A, prompt: a market}]\n"
    )
    elsewhere = Overrides(provider="gemini", model="gemini-omni-1.2-flash")
    (told,) = check_film(path, elsewhere).diagnostics
    assert (told.severity, told.code) == (Severity.NOTE, "SB420")


def test_an_authors_own_key_among_the_options_says_nothing(tmp_path: Path) -> None:
    assert check_options(tmp_path, "x-why: no crowds", "x-seen: 2") == ()
