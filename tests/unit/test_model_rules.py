"""What a model makes of a shot: every rule answers with a value, and only texts have words."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

import storyboard
from storyboard.errors import Severity
from storyboard.graph.limits import rejections
from storyboard.graph.limits.model_limits import ModelRules
from storyboard.graph.limits.model_lookup import ModelLookup
from storyboard.graph.limits.rejection_texts import build_diagnostic, explain_finding
from storyboard.graph.limits.rejections import (
    DroppedSetting,
    Finding,
    IllegalDuration,
    LongLength,
    Rejection,
    RetiredModel,
    UnknownModel,
    UnknownProvider,
    UnknownSetting,
)
from storyboard.graph.limits.shot_request import ShotRequest
from storyboard.model.film import Origin, Shot, ValueSource
from storyboard.providers.base import Settings
from storyboard.providers.catalog import Model, load_catalog
from tests.unit.films import make_film, make_shot

PAID = {"provider": "vertex", "model": "veo-3.1"}
CATALOG = load_catalog()
RULES = ModelRules(make_film(), ModelLookup(CATALOG), CATALOG.preferred, CATALOG.option_names)


def make_request(shot: Shot, **values: object) -> ShotRequest:
    model = ModelLookup(load_catalog()).find_shot_model(shot)
    assert isinstance(model, Model)
    return replace(ShotRequest(shot, model, resolution="720p", seconds=8), **values)


def list_finding_classes() -> list[type[Finding]]:
    """All that say a code: the others only share what several have."""
    classes = [each for each in vars(rejections).values() if isinstance(each, type)]
    return [each for each in classes if issubclass(each, Finding) and hasattr(each, "code")]


def test_a_legal_request_becomes_its_settings() -> None:
    request = make_request(make_shot("A", seed=7, aspect_ratio="9:16", **PAID))
    assert RULES.check(request, "a boat") == Settings(
        duration_s=8, resolution="720p", aspect_ratio="9:16", seed=7
    )


def test_all_that_is_wrong_is_found_at_once_and_nothing_is_reported() -> None:
    shot = make_shot("A", aspect_ratio="1:1", options={"colour": "red"}, **PAID)
    found = RULES.check(make_request(shot), "a boat")
    assert isinstance(found, tuple)
    assert [(each.code, each.key) for each in found] == [
        ("SB412", "aspect_ratio"),
        ("SB419", "options.colour"),
    ]
    assert RULES.check(make_request(shot), "a boat") == found


def test_a_rejection_holds_the_limits_it_was_measured_by() -> None:
    shot = make_shot("A", length=24 * 9, **PAID)
    found = RULES.choose_seconds(make_request(shot))
    assert isinstance(found, LongLength)
    assert (found.wanted_s, found.longest_s) == (9, 8)
    shot = make_shot("A", duration=24 * 5, **PAID)
    found = RULES.choose_seconds(make_request(shot))
    assert isinstance(found, IllegalDuration)
    assert (found.wanted_s, found.legal_s) == (Fraction(5), (4, 6, 8))


def test_a_default_that_the_model_lacks_is_dropped_and_a_key_of_the_shot_is_rejected() -> None:
    shot = make_shot("A", seed=7, provider="vertex", model="omni-flash")
    (rejection,) = RULES.select_optional_settings(make_request(shot)).rejections
    assert isinstance(rejection, UnknownSetting)
    default = Origin(ValueSource.DEFAULTS)
    inherited = replace(shot, origins={**shot.origins, "seed": default})
    optional = RULES.select_optional_settings(make_request(inherited))
    assert optional.rejections == ()
    assert optional.dropped == (DroppedSetting(inherited, "seed", rejection),)
    note = build_diagnostic(optional.dropped[0], make_film())
    assert (note.code, note.severity) == ("SB420", Severity.NOTE)


@pytest.mark.parametrize(
    ("named", "kind"),
    [
        ({"provider": "vertx"}, UnknownProvider),
        ({"provider": "vertex", "model": "veo-9"}, UnknownModel),
        ({"provider": "vertex", "model": "veo-2.0-generate-001"}, RetiredModel),
        ({"provider": "previz", "target": "vertx"}, UnknownProvider),
    ],
)
def test_a_model_that_is_not_to_be_had_is_a_value_too(
    named: dict[str, str], kind: type[Rejection]
) -> None:
    assert isinstance(ModelLookup(load_catalog()).find_shot_model(make_shot("A", **named)), kind)


def test_retired_models_are_used_where_that_is_allowed() -> None:
    models = ModelLookup(load_catalog(), allow_retired=True)
    found = models.find_shot_model(make_shot("A", provider="vertex", model="veo-2.0-generate-001"))
    assert isinstance(found, Model)


@pytest.mark.parametrize("kind", list_finding_classes())
def test_every_finding_has_words_of_its_own(kind: type[Finding]) -> None:
    assert explain_finding.dispatch(kind) is not explain_finding.dispatch(Finding)
    assert kind.severity in Severity


def test_what_a_flag_says_is_reported_at_a_place_that_there_is(tmp_path: Path) -> None:
    film = tmp_path / "film.yaml"
    film.write_text("storyboard: 1\nshots:\n  - {id: A, prompt: a}\n  - {id: B, prompt: b}\n")
    found = storyboard.check_film(film, provider="cometapi").diagnostics
    assert {(each.code, each.span.file, each.span.line) for each in found} == {
        ("SB404", str(film), 1)
    }
