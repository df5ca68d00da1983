"""Legality is sound and complete: what `check` passes is taken, and what it refuses is not.

Thousands of random films, a few for each way to a platform. Every step of a shot that passes
becomes the request that our adapter would send, and the simulator's rules must take it and make
exactly what the plan says. Every shot that is refused for a limit becomes what it literally says,
as somebody with curl would send it, and the rules must turn it down, or make something else than
was asked. The rules are written from the wires and share nothing with the catalogue.

LEGALITY_FILMS is the number of films for each of the six ways; a bug seen once is a case below.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storyboard.diagnostics.codes import CODES
from storyboard.errors import Severity
from storyboard.providers.base import Kind
from tests.contract.legality import reference_rules as naive
from tests.contract.legality.films import ROUTES, Shot, Story, generate_story, write_media
from tests.contract.legality.harness import LIMITS, CheckedStory, ShotError, StoryChecker
from tests.contract.legality.verdicts import judge_request

MANY = int(os.environ.get("LEGALITY_FILMS", "500"))

FILM_ERRORS = frozenset(
    # Names that nobody has, and models that are off or unconfirmed.
    "SB401 SB402 SB403 SB404 SB405 SB406 "
    # Notes, which refuse nothing.
    "SB420 SB423 SB424 SB427 SB433 SB435 "
    # The language's own: beats begin from words alone; a platform without any image model.
    "SB425 SB426 "
    # A warning of a voice that is nearly the name of another.
    "SB434".split()
)
"""What is wrong with a film on every platform, or isn't an error at all; so is all of SB3xx, the
arithmetic of the cut."""

OPEN = {
    "omni seed": "The request has a place for a seed; nobody reports that Omni heeds it, and the "
    "language counts it among the models without one.",
    "omni labels": "The request has a place for labels; what they do with Omni is not written "
    "anywhere.",
    "omni references beside a frame or a video": "Tags would bind them; that Omni makes anything "
    "good of both is not known.",
    "foreign source": "Vertex AI's present words take any video of 1 to 30 s, its older ones only "
    "Veo's own: that is the safe rule. Nothing is said of Omni and what others made.",
}
"""Where `check` refuses what the simulator takes: open questions, on the safe side."""


@pytest.fixture(scope="module")
def media_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("films")
    write_media(made)
    return made


@pytest.fixture
def checker(media_folder: Path, monkeypatch: pytest.MonkeyPatch) -> StoryChecker:
    return StoryChecker.create(media_folder, monkeypatch)


def find_open_question(checked_story: CheckedStory, error: ShotError, shot: Shot) -> str:
    """The open question that a refusal is on the safe side of; empty for none."""
    wire = naive.read_shot_request(checked_story.story, shot).wire
    if error.code == "SB421":
        return "foreign source"
    if wire == "omni" and error.code == "SB419":
        name = next((each for each in ("seed", "labels") if f"`{each}`" in error.message), "")
        return f"omni {name}" if name else ""
    if wire == "omni" and error.code == "SB417" and "together with" in error.message:
        return "omni references beside a frame or a video"
    return ""


@pytest.mark.parametrize("name", ROUTES)
def test_check_passes_exactly_what_the_services_accept(name: str, checker: StoryChecker) -> None:
    seen: Counter[str] = Counter()
    for seed in range(MANY):
        read = checker.check_story(generate_story(ROUTES[name], seed))
        if read.examined.graph is None:
            continue
        assert [*read.find_wrong_passes()] == [], read.story.text
        for refusal, shot in read.find_wrong_errors():
            question = find_open_question(read, refusal, shot)
            assert question in OPEN, f"{refusal} would have been made:\n{read.story.text}"
            seen[question] += 1
        seen["sound films"] += read.examined.is_valid
        seen["refusals"] += sum(each.code in LIMITS for each in read.shot_errors)
    assert seen["sound films"] > MANY * 0.15, seen
    assert seen["refusals"] > MANY * 0.3, seen


@pytest.mark.parametrize("name", ROUTES)
def test_a_rehearsal_is_refused_what_the_film_is_refused(name: str, checker: StoryChecker) -> None:
    for seed in range(2_000_000, 2_000_000 + MANY // 25):
        film = generate_story(ROUTES[name], seed)
        paid, drawn = checker.check_story(film), checker.check_story(film, previz=True)
        assert [error for error, _ in drawn.find_limit_errors()] == [
            error for error, _ in paid.find_limit_errors()
        ], film.text


def test_every_code_is_a_limit_or_an_error_of_the_film() -> None:
    assert {code for code in CODES if code.startswith("SB4")} == LIMITS | FILM_ERRORS
    assert not LIMITS & FILM_ERRORS


# what was found, case by case ------------------------------------------------------------------


def check_shots(checker: StoryChecker, way: str, *shots: Shot, **more: Any) -> CheckedStory:
    """A film of those shots, on one of the six ways."""
    route = ROUTES[way]
    story_values = {"cast": {}, "storage": False, "reanchor": False, **more}
    defaults = {"model": next(iter(route.models)), **story_values.pop("defaults", {})}
    numbered = tuple({"id": f"SH{n:02}0", **shot} for n, shot in enumerate(shots, 1))
    return checker.check_story(Story(route, defaults, numbered, **story_values))


TRAM = {"prompt": "A tram"}
ON = {"prompt": "It goes on", "extend": "SH010"}
FRAMED = {"first_frame": "ana.png"}
CASES: dict[str, tuple[str, tuple[Shot, ...], str]] = {
    "an extension keeps the ratio of its source": (
        "vertex veo",
        (TRAM, {**ON, "aspect_ratio": "9:16"}),
        "SB432",
    ),
    "Veo on the Gemini API extends what Veo made": (
        "gemini veo",
        ({**TRAM, "model": "omni-flash"}, ON),
        "SB421",
    ),
    "Omni makes nothing of a frame without words": ("gemini omni", (FRAMED,), "SB430"),
    "nor does CometAPI's form": ("cometapi videos", (FRAMED,), "SB430"),
    "text on the Gemini API shows everybody or nobody says so": (
        "gemini veo",
        ({**TRAM, "options": {"person_generation": "allow_adult"}},),
        "SB428",
    ),
    "a frame there shows adults": (
        "gemini veo",
        ({**TRAM, **FRAMED, "options": {"person_generation": "allow_all"}},),
        "SB428",
    ),
    "words alone are not resized": (
        "vertex veo",
        ({**TRAM, "options": {"resize": "crop"}},),
        "SB428",
    ),
    "lossless wants a bucket": (
        "vertex veo",
        ({**TRAM, "options": {"compression": "lossless"}},),
        "SB429",
    ),
    "Veo 3.0 made 1080p in landscape only": (
        "vertex veo",
        (
            {
                **TRAM,
                "model": "veo-3.0-generate-001",
                "aspect_ratio": "9:16",
                "resolution": "1080p",
            },
        ),
        "SB411",
    ),
    "Lite on the Gemini API is not known to end on a frame": (
        "gemini veo",
        ({**TRAM, **FRAMED, "last_frame": "cat.png", "model": "veo-3.1-lite"},),
        "SB414",
    ),
    "Omni on Vertex AI cuts away what is longer than 30 s": (
        "vertex omni",
        (
            {**TRAM, "duration": 15},
            {**ON, "duration": 10},
            {**ON, "extend": "SH020", "duration": 10},
            {**ON, "extend": "SH030", "duration": 3},
        ),
        "SB416",
    ),
    "chat extends 720p": (
        "cometapi chat",
        ({**TRAM, "resolution": "1080p"}, {**ON, "resolution": "720p"}),
        "SB411",
    ),
    "Veo on the Gemini API extends 720p": (
        "gemini veo",
        ({**TRAM, "resolution": "1080p"}, {**ON, "resolution": "720p"}),
        "SB411",
    ),
    "reference images want their eight seconds": (
        "vertex veo",
        ({**TRAM, "references": ["ana"], "duration": 4},),
        "SB410",
    ),
    "a seed has 32 bits": ("vertex veo", ({**TRAM, "seed": 2**32},), ""),
    "the Gemini API writes prompts anew, whether one likes it or not": (
        "gemini veo",
        ({**TRAM, "options": {"enhance_prompt": False}},),
        "",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_limit_that_was_overlooked_once(name: str, checker: StoryChecker) -> None:
    way, shots, code = CASES[name]
    read = check_shots(checker, way, *shots, cast={"ana": ["ana.png"]})
    errors = [each for each in read.examined.diagnostics if each.severity is Severity.ERROR]
    assert [each.code for each in errors if not code or each.code == code]
    assert [*read.find_wrong_errors()] == []


@pytest.mark.parametrize(
    ("way", "options"),
    [
        ("vertex veo", {"resize": "crop"}),
        ("gemini veo", {"person_generation": "allow_adult"}),
        ("gemini omni", {"person_generation": "allow_adult"}),
    ],
)
def test_a_default_option_is_not_sent_to_steps_that_do_not_take_it(
    way: str, options: dict[str, str], checker: StoryChecker
) -> None:
    film = {"defaults": {"options": options}}
    read = check_shots(checker, way, TRAM, {**TRAM, "first_frame": "ana.png"}, **film)
    told = [each.code for each in read.examined.diagnostics if "is not sent" in each.message]
    assert (read.examined.is_valid, set(told)) == (True, {"SB420"})
    assert not read.graph.steps["SH010"].settings.options
    assert [*read.find_wrong_passes()] == []


def test_a_refused_option_names_the_values_that_are_taken(checker: StoryChecker) -> None:
    shot = {**TRAM, "options": {"person_generation": "allow_adult"}}
    (told,) = check_shots(checker, "gemini veo", shot).examined.diagnostics
    assert told.hint == "options: {person_generation: allow_all}"


def test_unlisted_pictures_are_not_sent_if_an_option_excludes_them(checker: StoryChecker) -> None:
    """`references: auto` never makes a film illegal."""
    everybody = {"person_generation": "allow_all"}
    shot = {**TRAM, "duration": 8, "cast": ["ana"], "options": everybody}
    read = check_shots(checker, "gemini veo", shot, cast={"ana": ["ana.png"]})
    assert (read.examined.is_valid, read.graph.steps["SH010"].links) == (True, ())
    assert [each.code for each in read.examined.diagnostics] == ["SB423"]


def test_a_long_take_in_1080p_is_made_of_new_runs(checker: StoryChecker) -> None:
    beats = [{"at": 0, "prompt": "A tram"}, {"at": 9, "prompt": "It stops"}]
    take = {"length": 14, "beats": beats, "resolution": "1080p"}
    read = check_shots(checker, "vertex veo", take, reanchor=True)
    kinds = [step.kind for step in read.graph.steps.values()]
    assert (read.examined.is_valid, kinds) == (True, [Kind.GENERATE, Kind.GENERATE])
    refused = check_shots(checker, "vertex veo", take)
    assert {each.code for each in refused.shot_errors} == {"SB411"}


@pytest.mark.parametrize("name", ROUTES)
def test_the_longest_take_is_as_long_as_the_platform_makes_it(
    name: str, checker: StoryChecker
) -> None:
    """To the second: the rules are asked for every chain of hops, and `check` for the two ends."""
    for model in ROUTES[name].models:
        take = {"length": 3, "beats": [{"at": 0, "prompt": "A tram"}], "model": model}
        longest = naive.find_longest_take_s(check_shots(checker, name, take).story, take)
        ends = [check_shots(checker, name, {**take, "length": longest + more}) for more in (0, 1)]
        assert [each.examined.is_valid for each in ends] == [True, False], (model, longest)
        assert [*ends[0].find_wrong_passes()] == []


def test_omni_on_the_gemini_api_extends_what_the_service_still_has(checker: StoryChecker) -> None:
    """Sent again as a file, its own take would be an upload, of ten seconds at most."""
    read = check_shots(checker, "gemini omni", TRAM, ON)
    assert read.graph.steps["SH020"].remote


@pytest.mark.parametrize("way", ROUTES)
def test_a_picture_of_more_than_20_mb_is_refused_at_once(way: str, checker: StoryChecker) -> None:
    big = checker.folder / "big.png"
    big.write_bytes((checker.folder / "ana.png").read_bytes())
    os.truncate(big, 28_000_000)  # so many zeroes weigh nothing on the disk
    read = check_shots(checker, way, {**TRAM, "first_frame": "big.png"})
    assert [each.code for each in read.shot_errors] == ["SB431"]
    assert "28.0 MB" in read.shot_errors[0].message
    wish = replace(
        naive.read_shot_request(read.story, read.story.shots[0]), picture=big.read_bytes()
    )
    assert judge_request(naive.build_request(wish, 8, None)[0]).rejection


def test_what_is_preferred_is_what_the_catalogue_says(
    checker: StoryChecker, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = {"defaults": {"seed": 7}}
    assert check_shots(checker, "gemini omni", TRAM, **film).examined.is_valid
    known = checker.find_catalog(ROUTES["gemini omni"])
    strict = replace(known, preferred=known.preferred - {"seed"})
    monkeypatch.setattr("storyboard.pipeline.session.registry.load_full_catalog", lambda _: strict)
    assert [
        each.code for each in check_shots(checker, "gemini omni", TRAM, **film).shot_errors
    ] == ["SB419"]


def test_an_operation_may_have_fewer_seconds_than_its_model(
    checker: StoryChecker, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = checker.find_catalog(ROUTES["gemini veo"])
    key = ("gemini", "veo-3.1-generate-preview")
    fewer = known.extend_with_models(
        [{**known.entries[key], "operation_durations": {"interpolate": [8]}}]
    )
    monkeypatch.setattr("storyboard.pipeline.session.registry.load_full_catalog", lambda _: fewer)
    both = {**TRAM, **FRAMED, "last_frame": "cat.png"}
    assert {
        seconds: [each.code for each in check_shots(checker, "gemini veo", shot).shot_errors]
        for seconds, shot in {
            4: {**both, "duration": 4},
            8: {**both, "duration": 8},
            0: {**TRAM, **FRAMED, "duration": 4},
        }.items()
    } == {4: ["SB410"], 8: [], 0: []}
