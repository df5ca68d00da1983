"""The Gemini API's adapter against the simulated service: real clips, real waits, real faults."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from storyboard.errors import (
    AuthenticationError,
    Gone,
    ProviderError,
    QuotaError,
    RetiredModel,
    UnknownOutcome,
)
from storyboard.film import MediaFacts
from storyboard.providers.base import Done, Failed, Filtered, Input, Kind, Role, Sample
from storyboard.providers.gemini import Gemini
from storyboard.simulator.serve import Simulator
from storyboard.stitching.media import probe
from tests.contract.gemini_cases import (
    GREY,
    OMNI,
    VEO,
    asked,
    ended,
    picture,
    spoken,
    submitted,
    using,
)
from tests.contract.vertex_cases import Place

STILL, TEXT = "gemini-3.1-flash-image", "gemini-3.8-flash"
SMALL: dict[str, Any] = {"model": OMNI, "resolution": "360p", "duration_s": 3}


@pytest.fixture(autouse=True)
def _environment(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sim.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "scratch")


async def taken(gemini: Gemini, place: Place, *arguments: Any, **named: Any) -> Sample:
    """The sample of a request, with its file."""
    outcome = await ended(gemini, asked(*arguments, **named), place)
    assert isinstance(outcome, Done), outcome
    return await gemini.fetch(outcome.samples[0], place)


def still(folder: Path, role: Role, name: str = "") -> Input:
    return picture(folder, role, name or role, GREY)


def source(sample: Sample) -> Input:
    """A take, as the step that goes on from it is handed it."""
    return Input(
        Role.VIDEO, sha256="v", path=sample.path, uri=sample.uri, expires_at=sample.expires_at
    )


def facts(sample: Sample) -> MediaFacts:
    assert sample.path is not None
    return probe(sample.path)


def test_a_chain_of_veo(sim: Simulator, place: Place) -> None:
    sim.world.change(processing=2)

    async def chain(gemini: Gemini) -> tuple[Sample, int, Sample]:
        first = await taken(gemini, place, duration_s=4)
        frames = facts(first).frames
        further = await taken(gemini, place, Kind.EXTEND, source(first), duration_s=7)
        return first, frames, further

    first, frames, further = using(chain)
    assert frames == 4 * 24
    assert facts(further).frames == 11 * 24
    assert first.expires_at is not None
    assert 47 * 3600 < first.expires_at - sim.world.clock.now() <= 48 * 3600
    sent = [each for each in sim.world.journal if each.route == "submit"]
    assert len(sent) == 2
    sim.world.clock.advance(49 * 3600)
    with pytest.raises(Gone):
        submitted(asked(Kind.EXTEND, source(first), duration_s=7), place)
    with pytest.raises(Gone):
        using(lambda gemini: gemini.fetch(Sample(uri=first.uri, expires_at=1.0), place))


@pytest.mark.parametrize("get_uri", [False, True])
def test_a_chain_of_omni(sim: Simulator, place: Place, get_uri: bool) -> None:
    sim.world.change(omni_get_uri=get_uri, processing=1)

    async def chain(gemini: Gemini) -> tuple[int, Sample]:
        first = await taken(gemini, place, **SMALL)
        frames = facts(first).frames
        return frames, await taken(gemini, place, Kind.EXTEND, source(first), **SMALL)

    frames, further = using(chain)
    assert frames == 3 * 24
    made = facts(further)
    assert (made.frames, made.width, made.height) == (6 * 24, 640, 360)


def test_omni_is_given_frames_and_people(sim: Simulator, place: Place, tmp_path: Path) -> None:
    first, last = still(tmp_path, Role.FIRST_FRAME), still(tmp_path, Role.LAST_FRAME)
    people = [still(tmp_path, Role.REFERENCE, name) for name in ("ana", "ben")]

    async def both(gemini: Gemini) -> list[Sample]:
        return [
            await taken(gemini, place, Kind.INTERPOLATE, first, last, **SMALL),
            await taken(gemini, place, Kind.GENERATE, *people, **SMALL),
        ]

    using(both)
    asks = [job.memo["ask"] for job in sim.world.jobs.values()]
    assert [ask.task for ask in asks] == ["image_to_video", "reference_to_video"]
    assert asks[0].last is not None
    assert len(asks[1].references) == 2


def test_a_picture_some_words_and_a_voice(sim: Simulator, place: Place, tmp_path: Path) -> None:
    async def all_three(gemini: Gemini) -> list[Sample]:
        people = [still(tmp_path, Role.REFERENCE, name) for name in ("ana", "ben")]
        drawn = await taken(gemini, place, Kind.STILL, *people, model=STILL, resolution="1k")
        text = await taken(gemini, place, Kind.WRITE, model=TEXT)
        outcome = await ended(gemini, spoken("Land ahead.", "an old sailor"), place)
        assert isinstance(outcome, Done)
        return [drawn, text, outcome.samples[0]]

    drawn, text, line = using(all_three)
    assert (facts(drawn).frames, facts(drawn).width) == (1, 1344)
    assert text.path is not None
    assert text.path.read_text("utf-8").startswith("Simulated sentence")
    assert facts(line).has_audio
    assert not facts(line).frames


@pytest.mark.parametrize("model", [VEO, OMNI])
def test_what_goes_wrong_with_a_job(sim: Simulator, place: Place, model: str) -> None:
    request = asked(model=model, duration_s=4)

    def becomes(fault: str) -> Any:
        sim.world.faults.add(fault)
        return using(lambda gemini: ended(gemini, request, place))

    assert isinstance(becomes("filtered=29310472"), Filtered)
    assert isinstance(becomes("blocked=61493863"), Filtered)
    assert isinstance(becomes("failed"), Failed)
    with pytest.raises(QuotaError) as later:
        becomes("rate_limit=7")
    assert later.value.retry_after_s == 7
    for fault in ("drop_before", "drop_after", "server_error=503", "server_error=500"):
        with pytest.raises(UnknownOutcome):
            becomes(fault)
    with pytest.raises(RetiredModel):
        becomes("retired")


def test_what_goes_wrong_with_a_download(sim: Simulator, place: Place) -> None:
    async def fetched(gemini: Gemini) -> list[int]:
        outcome = await ended(gemini, asked(duration_s=4), place)
        assert isinstance(outcome, Done)
        sizes = []
        for fault in ("", "truncated", "redirect", "server_error=503@download"):
            if fault:
                sim.world.faults.add(fault)
            found = await gemini.fetch(outcome.samples[0], place)
            assert found.path is not None
            sizes.append(found.path.stat().st_size)
            found.path.unlink()
        for fault in ("html", "empty"):
            sim.world.faults.add(fault)
            with pytest.raises(ProviderError):
                await gemini.fetch(outcome.samples[0], place)
        return sizes

    sizes = using(fetched)
    assert sizes[0] > 1000
    assert len(set(sizes)) == 1
    away = [each for each in sim.world.journal if each.origin == "other"]
    assert away
    assert not any(each.auth for each in away)


def test_a_key_that_the_service_does_not_know(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-somebody-elses")
    for request in (asked(), asked(model=OMNI), asked(Kind.WRITE, model=TEXT)):
        with pytest.raises(AuthenticationError):
            submitted(request, place)


def test_a_run_that_is_stopped_finds_its_job_again(sim: Simulator, place: Place) -> None:
    operation = submitted(asked(**SMALL), place)

    async def later(gemini: Gemini) -> Sample:
        while not isinstance(outcome := await gemini.poll(operation, place), Done):
            await asyncio.sleep(0.02)
        kept = Sample(uri=outcome.samples[0].uri)
        return await gemini.fetch(kept, place)

    assert facts(using(later)).frames == 72
    assert len([each for each in sim.world.journal if each.route == "submit"]) == 1
