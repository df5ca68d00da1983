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
from storyboard.model.film import MediaFacts
from storyboard.providers.base import Done, Failed, Filtered, Input, Kind, Role, Sample
from storyboard.providers.google.gemini import Gemini
from storyboard.simulator.server import Simulator
from storyboard.stitching.media.ffmpeg import probe
from tests.contract.gemini_cases import (
    GREY_PNG,
    OMNI,
    VEO,
    make_request,
    make_speech_request,
    run_with_adapter,
    submit_and_wait,
    submit_request,
    write_picture,
)
from tests.contract.vertex_cases import ThreadWorkspace

STILL, TEXT = "gemini-3.1-flash-image", "gemini-3.8-flash"
SMALL: dict[str, Any] = {"model": OMNI, "resolution": "360p", "duration_s": 3}


@pytest.fixture(autouse=True)
def _use_simulator(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in simulator.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def workspace(tmp_path: Path) -> ThreadWorkspace:
    return ThreadWorkspace(tmp_path / "scratch")


async def make_sample(
    gemini: Gemini, workspace: ThreadWorkspace, *arguments: Any, **named: Any
) -> Sample:
    """The sample of a request, with its file."""
    outcome = await submit_and_wait(gemini, make_request(*arguments, **named), workspace)
    assert isinstance(outcome, Done), outcome
    return await gemini.fetch(outcome.samples[0], workspace)


def write_still_input(folder: Path, role: Role, name: str = "") -> Input:
    return write_picture(folder, role, name or role, GREY_PNG)


def make_source_input(sample: Sample) -> Input:
    """A take, as the step that goes on from it is handed it."""
    return Input(
        Role.VIDEO, sha256="v", path=sample.path, uri=sample.uri, expires_at=sample.expires_at
    )


def probe_sample(sample: Sample) -> MediaFacts:
    assert sample.path is not None
    return probe(sample.path)


def test_a_chain_of_veo(simulator: Simulator, workspace: ThreadWorkspace) -> None:
    simulator.world.change_settings(processing=2)

    async def shoot_chain(gemini: Gemini) -> tuple[Sample, int, Sample]:
        first = await make_sample(gemini, workspace, duration_s=4)
        frames = probe_sample(first).frames
        further = await make_sample(
            gemini, workspace, Kind.EXTEND, make_source_input(first), duration_s=7
        )
        return first, frames, further

    first, frames, further = run_with_adapter(shoot_chain)
    assert frames == 4 * 24
    assert probe_sample(further).frames == 11 * 24
    assert first.expires_at is not None
    assert 47 * 3600 < first.expires_at - simulator.world.clock.now() <= 48 * 3600
    sent = [each for each in simulator.world.journal if each.route == "submit"]
    assert len(sent) == 2
    simulator.world.clock.advance(49 * 3600)
    with pytest.raises(Gone):
        submit_request(make_request(Kind.EXTEND, make_source_input(first), duration_s=7), workspace)
    with pytest.raises(Gone):
        run_with_adapter(
            lambda gemini: gemini.fetch(Sample(uri=first.uri, expires_at=1.0), workspace)
        )


@pytest.mark.parametrize("get_uri", [False, True])
def test_a_chain_of_omni(simulator: Simulator, workspace: ThreadWorkspace, get_uri: bool) -> None:
    simulator.world.change_settings(omni_get_uri=get_uri, processing=1)

    async def shoot_chain(gemini: Gemini) -> tuple[int, Sample]:
        first = await make_sample(gemini, workspace, **SMALL)
        frames = probe_sample(first).frames
        return frames, await make_sample(
            gemini, workspace, Kind.EXTEND, make_source_input(first), **SMALL
        )

    frames, further = run_with_adapter(shoot_chain)
    assert frames == 3 * 24
    further_facts = probe_sample(further)
    assert (further_facts.frames, further_facts.width, further_facts.height) == (6 * 24, 640, 360)


def test_omni_is_given_frames_and_people(
    simulator: Simulator, workspace: ThreadWorkspace, tmp_path: Path
) -> None:
    first, last = (
        write_still_input(tmp_path, Role.FIRST_FRAME),
        write_still_input(tmp_path, Role.LAST_FRAME),
    )
    people = [write_still_input(tmp_path, Role.REFERENCE, name) for name in ("ana", "ben")]

    async def shoot_both(gemini: Gemini) -> list[Sample]:
        return [
            await make_sample(gemini, workspace, Kind.INTERPOLATE, first, last, **SMALL),
            await make_sample(gemini, workspace, Kind.GENERATE, *people, **SMALL),
        ]

    run_with_adapter(shoot_both)
    asks = [job.memo["ask"] for job in simulator.world.jobs.values()]
    assert [ask.task for ask in asks] == ["image_to_video", "reference_to_video"]
    assert asks[0].last is not None
    assert len(asks[1].references) == 2


def test_a_picture_some_words_and_a_voice(
    simulator: Simulator, workspace: ThreadWorkspace, tmp_path: Path
) -> None:
    async def make_all_three(gemini: Gemini) -> list[Sample]:
        people = [write_still_input(tmp_path, Role.REFERENCE, name) for name in ("ana", "ben")]
        drawn = await make_sample(
            gemini, workspace, Kind.STILL, *people, model=STILL, resolution="1k"
        )
        text = await make_sample(gemini, workspace, Kind.WRITE, model=TEXT)
        outcome = await submit_and_wait(
            gemini, make_speech_request("Land ahead.", "an old sailor"), workspace
        )
        assert isinstance(outcome, Done)
        return [drawn, text, outcome.samples[0]]

    drawn, text, line = run_with_adapter(make_all_three)
    assert (probe_sample(drawn).frames, probe_sample(drawn).width) == (1, 1344)
    assert text.path is not None
    assert text.path.read_text("utf-8").startswith("Simulated sentence")
    assert probe_sample(line).has_audio
    assert not probe_sample(line).frames


@pytest.mark.parametrize("model", [VEO, OMNI])
def test_what_goes_wrong_with_a_job(
    simulator: Simulator, workspace: ThreadWorkspace, model: str
) -> None:
    request = make_request(model=model, duration_s=4)

    def provoke_outcome(fault: str) -> Any:
        simulator.world.faults.add(fault)
        return run_with_adapter(lambda gemini: submit_and_wait(gemini, request, workspace))

    assert isinstance(provoke_outcome("filtered=29310472"), Filtered)
    assert isinstance(provoke_outcome("blocked=61493863"), Filtered)
    assert isinstance(provoke_outcome("failed"), Failed)
    with pytest.raises(QuotaError) as later:
        provoke_outcome("rate_limit=7")
    assert later.value.retry_after_s == 7
    for fault in ("drop_before", "drop_after", "server_error=503", "server_error=500"):
        with pytest.raises(UnknownOutcome):
            provoke_outcome(fault)
    with pytest.raises(RetiredModel):
        provoke_outcome("retired")


def test_what_goes_wrong_with_a_download(simulator: Simulator, workspace: ThreadWorkspace) -> None:
    async def fetch_with_faults(gemini: Gemini) -> list[int]:
        outcome = await submit_and_wait(gemini, make_request(duration_s=4), workspace)
        assert isinstance(outcome, Done)
        sizes = []
        for fault in ("", "truncated", "redirect", "server_error=503@download"):
            if fault:
                simulator.world.faults.add(fault)
            sample = await gemini.fetch(outcome.samples[0], workspace)
            assert sample.path is not None
            sizes.append(sample.path.stat().st_size)
            sample.path.unlink()
        for fault in ("html", "empty"):
            simulator.world.faults.add(fault)
            with pytest.raises(ProviderError):
                await gemini.fetch(outcome.samples[0], workspace)
        return sizes

    sizes = run_with_adapter(fetch_with_faults)
    assert sizes[0] > 1000
    assert len(set(sizes)) == 1
    away = [each for each in simulator.world.journal if each.origin == "other"]
    assert away
    assert not any(each.auth for each in away)


def test_a_key_that_the_service_does_not_know(
    workspace: ThreadWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-somebody-elses")
    for request in (make_request(), make_request(model=OMNI), make_request(Kind.WRITE, model=TEXT)):
        with pytest.raises(AuthenticationError):
            submit_request(request, workspace)


def test_a_run_that_is_stopped_finds_its_job_again(
    simulator: Simulator, workspace: ThreadWorkspace
) -> None:
    operation = submit_request(make_request(**SMALL), workspace)

    async def poll_again(gemini: Gemini) -> Sample:
        while not isinstance(outcome := await gemini.poll(operation, workspace), Done):
            await asyncio.sleep(0.02)
        kept = Sample(uri=outcome.samples[0].uri)
        return await gemini.fetch(kept, workspace)

    assert probe_sample(run_with_adapter(poll_again)).frames == 72
    assert len([each for each in simulator.world.journal if each.route == "submit"]) == 1
