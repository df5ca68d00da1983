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

from storyboard.errors import Severity
from storyboard.graph.codes import CODES
from storyboard.providers.base import Kind
from tests.contract import legality_naive as naive
from tests.contract.legality_desk import LIMITS, Desk, Read, Refusal
from tests.contract.legality_films import ROUTES, Shot, Story, lay_out, story
from tests.contract.legality_judges import verdict

MANY = int(os.environ.get("LEGALITY_FILMS", "500"))

FILM_ERRORS = frozenset(
    # Names that nobody has, and models that are off or unconfirmed.
    "SB401 SB402 SB403 SB404 "
    # Notes, which refuse nothing.
    "SB420 SB423 SB424 SB427 "
    # The language's own: beats begin from words alone; a platform without any image model.
    "SB425 SB426".split()
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
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("films")
    lay_out(made)
    return made


@pytest.fixture
def desk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.prepared(folder, monkeypatch)


def opened(read: Read, refusal: Refusal, shot: Shot) -> str:
    """The open question that a refusal is on the safe side of; empty for none."""
    wire = naive.wish_of(read.story, shot).wire
    if refusal.code == "SB421":
        return "foreign source"
    if wire == "omni" and refusal.code == "SB419":
        name = next((each for each in ("seed", "labels") if f"`{each}`" in refusal.message), "")
        return f"omni {name}" if name else ""
    if wire == "omni" and refusal.code == "SB417" and "beside" in refusal.message:
        return "omni references beside a frame or a video"
    return ""


@pytest.mark.parametrize("name", ROUTES)
def test_what_check_passes_is_taken_and_what_it_refuses_is_not(name: str, desk: Desk) -> None:
    seen: Counter[str] = Counter()
    for seed in range(MANY):
        read = desk.read(story(ROUTES[name], seed))
        if read.examined.graph is None:
            continue
        assert [*read.unsound()] == [], read.story.text
        for refusal, shot in read.incomplete():
            question = opened(read, refusal, shot)
            assert question in OPEN, f"{refusal} would have been made:\n{read.story.text}"
            seen[question] += 1
        seen["sound films"] += read.examined.sound
        seen["refusals"] += sum(each.code in LIMITS for each in read.refusals)
    assert seen["sound films"] > MANY * 0.15, seen
    assert seen["refusals"] > MANY * 0.3, seen


@pytest.mark.parametrize("name", ROUTES)
def test_a_rehearsal_is_refused_what_the_film_is_refused(name: str, desk: Desk) -> None:
    for seed in range(2_000_000, 2_000_000 + MANY // 25):
        film = story(ROUTES[name], seed)
        paid, drawn = desk.read(film), desk.read(film, previz=True)
        assert [r for r, _ in drawn.limited()] == [r for r, _ in paid.limited()], film.text


def test_every_code_is_a_limit_or_an_error_of_the_film() -> None:
    assert {code for code in CODES if not code.startswith("SB3")} == LIMITS | FILM_ERRORS
    assert not LIMITS & FILM_ERRORS


# what was found, case by case ------------------------------------------------------------------


def checked(desk: Desk, way: str, *shots: Shot, **more: Any) -> Read:
    """A film of those shots, on one of the six ways."""
    route = ROUTES[way]
    told = {"cast": {}, "storage": False, "reanchor": False, **more}
    defaults = {"model": next(iter(route.models)), **told.pop("defaults", {})}
    numbered = tuple({"id": f"SH{n:02}0", **shot} for n, shot in enumerate(shots, 1))
    return desk.read(Story(route, defaults, numbered, **told))


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
def test_a_limit_that_was_overlooked_once(name: str, desk: Desk) -> None:
    way, shots, code = CASES[name]
    read = checked(desk, way, *shots, cast={"ana": ["ana.png"]})
    errors = [each for each in read.examined.diagnostics if each.severity is Severity.ERROR]
    assert [each.code for each in errors if not code or each.code == code]
    assert [*read.incomplete()] == []


@pytest.mark.parametrize(
    ("way", "options"),
    [
        ("vertex veo", {"resize": "crop"}),
        ("gemini veo", {"person_generation": "allow_adult"}),
        ("gemini omni", {"person_generation": "allow_adult"}),
    ],
)
def test_an_option_of_the_defaults_goes_unsent_where_a_step_takes_none(
    way: str, options: dict[str, str], desk: Desk
) -> None:
    film = {"defaults": {"options": options}}
    read = checked(desk, way, TRAM, {**TRAM, "first_frame": "ana.png"}, **film)
    told = [each.code for each in read.examined.diagnostics if "is not sent" in each.message]
    assert (read.examined.sound, set(told)) == (True, {"SB420"})
    assert not read.graph.steps["SH010"].settings.options
    assert [*read.unsound()] == []


def test_a_refused_option_names_the_values_that_are_taken(desk: Desk) -> None:
    shot = {**TRAM, "options": {"person_generation": "allow_adult"}}
    (told,) = checked(desk, "gemini veo", shot).examined.diagnostics
    assert told.hint == "options: {person_generation: allow_all}"


def test_pictures_that_nobody_listed_stay_away_where_an_option_excludes_them(desk: Desk) -> None:
    """`references: auto` never makes a film illegal."""
    everybody = {"person_generation": "allow_all"}
    shot = {**TRAM, "duration": 8, "cast": ["ana"], "options": everybody}
    read = checked(desk, "gemini veo", shot, cast={"ana": ["ana.png"]})
    assert (read.examined.sound, read.graph.steps["SH010"].links) == (True, ())
    assert [each.code for each in read.examined.diagnostics] == ["SB423"]


def test_a_long_take_in_1080p_is_made_of_new_runs(desk: Desk) -> None:
    beats = [{"at": 0, "prompt": "A tram"}, {"at": 9, "prompt": "It stops"}]
    take = {"length": 14, "beats": beats, "resolution": "1080p"}
    read = checked(desk, "vertex veo", take, reanchor=True)
    kinds = [step.kind for step in read.graph.steps.values()]
    assert (read.examined.sound, kinds) == (True, [Kind.GENERATE, Kind.GENERATE])
    refused = checked(desk, "vertex veo", take)
    assert {each.code for each in refused.refusals} == {"SB411"}


@pytest.mark.parametrize("name", ROUTES)
def test_the_longest_take_is_as_long_as_the_platform_makes_it(name: str, desk: Desk) -> None:
    """To the second: the rules are asked for every chain of hops, and `check` for the two ends."""
    for model in ROUTES[name].models:
        take = {"length": 3, "beats": [{"at": 0, "prompt": "A tram"}], "model": model}
        longest = naive.reach(checked(desk, name, take).story, take)
        ends = [checked(desk, name, {**take, "length": longest + more}) for more in (0, 1)]
        assert [each.examined.sound for each in ends] == [True, False], (model, longest)
        assert [*ends[0].unsound()] == []


def test_omni_on_the_gemini_api_goes_on_from_what_it_still_keeps(desk: Desk) -> None:
    """Sent again as a file, its own take would be an upload, of ten seconds at most."""
    read = checked(desk, "gemini omni", TRAM, ON)
    assert read.graph.steps["SH020"].remote


@pytest.mark.parametrize("way", ROUTES)
def test_a_picture_of_more_than_20_mb_is_refused_at_once(way: str, desk: Desk) -> None:
    big = desk.folder / "big.png"
    big.write_bytes((desk.folder / "ana.png").read_bytes())
    os.truncate(big, 28_000_000)  # so many zeroes weigh nothing on the disk
    read = checked(desk, way, {**TRAM, "first_frame": "big.png"})
    assert [each.code for each in read.refusals] == ["SB431"]
    assert "28.0 MB" in read.refusals[0].message
    wish = replace(naive.wish_of(read.story, read.story.shots[0]), picture=big.read_bytes())
    assert verdict(naive.asked(wish, 8, None)[0]).refusal


def test_what_is_preferred_is_what_the_catalogue_says(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = {"defaults": {"seed": 7}}
    assert checked(desk, "gemini omni", TRAM, **film).examined.sound
    known = desk.known(ROUTES["gemini omni"])
    strict = replace(known, preferred=known.preferred - {"seed"})
    monkeypatch.setattr("storyboard.production.registry.full_catalog", lambda _: strict)
    assert [each.code for each in checked(desk, "gemini omni", TRAM, **film).refusals] == ["SB419"]


def test_an_operation_may_have_fewer_seconds_than_its_model(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = desk.known(ROUTES["gemini veo"])
    key = ("gemini", "veo-3.1-generate-preview")
    fewer = known.extended([{**known.entries[key], "operation_durations": {"interpolate": [8]}}])
    monkeypatch.setattr("storyboard.production.registry.full_catalog", lambda _: fewer)
    both = {**TRAM, **FRAMED, "last_frame": "cat.png"}
    assert {
        seconds: [each.code for each in checked(desk, "gemini veo", shot).refusals]
        for seconds, shot in {
            4: {**both, "duration": 4},
            8: {**both, "duration": 8},
            0: {**TRAM, **FRAMED, "duration": 4},
        }.items()
    } == {4: ["SB410"], 8: [], 0: []}
