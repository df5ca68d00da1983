"""Vertex AI by way of the simulator: every kind of job, every way it goes wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from storyboard.errors import (
    AuthenticationError,
    InvalidRequest,
    QuotaError,
    RetiredModel,
    StoryboardError,
    UnknownOutcome,
    Unreachable,
)
from storyboard.providers.base import Done, Failed, Filtered, Kind, Operation, Request, Role, Sample
from storyboard.providers.vertex import Vertex
from storyboard.simulator.serve import Simulator
from storyboard.stitching.media import probe
from tests.contract import vertex_cases as cases
from tests.contract.vertex_cases import Place, asked, given

BUCKET = {"storage_uri": "gs://films/night"}
SHORT: dict[str, Any] = {"duration_s": 4, "seed": 1}
"""With a seed, so that the simulator draws the clip once."""


@pytest.fixture(autouse=True)
def _environment(sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases.without_credentials(monkeypatch, tmp_path)
    for name, value in sim.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "scratch")


def made(request: Request, place: Place, settings: dict[str, Any] | None = None) -> Any:
    """What becomes of a request: its outcome, or its first sample with a file."""

    async def work(vertex: Vertex) -> Any:
        operation = await vertex.submit(request, place)
        outcome = await cases.ended(vertex, operation.name, place)
        if isinstance(outcome, Done):
            return [await vertex.fetch(each, place) for each in outcome.samples]
        return outcome

    vertex = Vertex(settings or {})
    return asyncio.run(cases.closing(vertex, work(vertex)))


def one(request: Request, place: Place, settings: dict[str, Any] | None = None) -> Sample:
    found = made(request, place, settings)
    assert isinstance(found, list), found
    (sample,) = found
    assert sample.path is not None
    return sample


def refused(request: Request, place: Place, settings: dict[str, Any] | None = None) -> Any:
    """The error of the submit."""
    vertex = Vertex(settings or {})
    with pytest.raises(StoryboardError) as caught:
        asyncio.run(cases.closing(vertex, vertex.submit(request, place)))
    return caught.value


def sent(sim: Simulator, route: str = "submit") -> list[Any]:
    return [each for each in sim.world.journal if each.route == route]


def test_a_clip_comes_inline(sim: Simulator, place: Place) -> None:
    sample = one(asked(**SHORT), place)
    facts = probe(sample.path)
    assert (facts.frames, facts.width, facts.height, facts.has_audio) == (96, 1280, 720, True)
    assert sample.uri == ""
    assert sample.path.parent == place.scratch


def test_a_clip_comes_out_of_a_bucket_from_a_prefix_of_its_own(
    sim: Simulator, place: Place
) -> None:
    sample = one(asked(tag="a1b2-7", audio=False, **SHORT), place, BUCKET)
    assert sample.uri.startswith("gs://films/night/a1b2-7/")
    assert not probe(sample.path).has_audio


def test_frames_and_references_go_along(sim: Simulator, place: Place, tmp_path: Path) -> None:
    import cv2
    import numpy as np

    paths = []
    for name, suffix in (("first", "png"), ("last", "jpg"), ("ana", "webp")):
        path = tmp_path / f"{name}.{suffix}"
        assert cv2.imwrite(str(path), np.full((720, 1280, 3), 90, np.uint8))
        paths.append(path)
    first, last, ana = paths
    bridge = asked(
        Kind.INTERPOLATE, given(Role.FIRST_FRAME, first), given(Role.LAST_FRAME, last), **SHORT
    )
    assert probe(one(bridge, place).path).frames == 96
    meeting = asked(Kind.GENERATE, given(Role.REFERENCE, ana, name="ana"), duration_s=5)
    outcome = made(meeting, place)
    assert isinstance(outcome, Failed)
    assert "[8] for feature reference_to_video" in outcome.message


def test_a_take_runs_on_from_its_bucket_or_from_its_bytes(
    sim: Simulator, place: Place, tmp_path: Path
) -> None:
    root = one(asked(**SHORT), place, BUCKET)
    kept = root.path.rename(tmp_path / "root.mp4")
    hop: dict[str, Any] = {"duration_s": 7, "seed": 1}
    stored = given(Role.VIDEO, kept, uri=root.uri)
    assert probe(one(asked(Kind.EXTEND, stored, **hop), place, BUCKET).path).frames == 264
    sim.world.objects.clear()  # as the rules of a bucket do after some days
    assert probe(one(asked(Kind.EXTEND, stored, **hop), place, BUCKET).path).frames == 264
    assert probe(one(asked(Kind.EXTEND, given(Role.VIDEO, kept), **hop), place).path).frames == 264
    assert not sent(sim, "upload")


def test_a_large_take_is_uploaded_once_and_without_a_bucket_refused(
    sim: Simulator, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import storyboard.providers.vertex_veo as adapter

    root = one(asked(**SHORT), place).path.rename(tmp_path / "root.mp4")
    monkeypatch.setattr(adapter, "INLINE", 10_000)
    further = asked(Kind.EXTEND, given(Role.VIDEO, root), duration_s=7, seed=1)
    error = refused(further, place)
    assert isinstance(error, InvalidRequest)
    assert "storage_uri" in error.hint
    assert probe(one(further, place, BUCKET).path).frames == 264
    assert probe(one(further, place, BUCKET).path).frames == 264  # 412: it is there
    inputs = [name for bucket, name in sim.world.objects if name.startswith("night/inputs/")]
    assert len(inputs) == 1
    assert inputs[0].endswith(".mp4")


def test_what_a_filter_takes_is_told_with_its_meaning(sim: Simulator, place: Place) -> None:
    sim.world.faults.add("filtered=17301594")
    outcome = made(asked(**SHORT), place)
    assert isinstance(outcome, Filtered)
    assert outcome.category == "a child"
    assert not outcome.billed
    sim.world.faults.add("blocked=61493863")
    outcome = made(asked(**SHORT), place)
    assert isinstance(outcome, Filtered)
    assert outcome.category == "violence"
    assert "61493863" in outcome.message


def test_samples_that_a_filter_leaves_are_several_files(sim: Simulator, place: Place) -> None:
    sim.world.faults.add("partial=1")

    async def work(vertex: Vertex) -> Any:
        operation = await vertex.submit(asked(samples=3, **SHORT), place)
        return await cases.ended(vertex, operation.name, place)

    vertex = Vertex({})
    outcome = asyncio.run(cases.closing(vertex, work(vertex)))
    assert isinstance(outcome, Done)
    assert len({each.path.read_bytes() for each in outcome.samples if each.path}) == 2
    assert "video safety" in outcome.filtered


def test_what_the_service_finds_wrong_later_is_a_failure(sim: Simulator, place: Place) -> None:
    outcome = made(asked(duration_s=5), place)
    assert isinstance(outcome, Failed)
    assert "supported durations are" in outcome.message
    sim.world.faults.add("failed")
    outcome = made(asked(**SHORT), place)
    assert isinstance(outcome, Failed)
    assert outcome.again_s is None


def test_a_project_that_is_being_set_up_asks_for_patience(
    sim: Simulator, place: Place, tmp_path: Path
) -> None:
    root = one(asked(**SHORT), place).path.rename(tmp_path / "root.mp4")
    sim.world.faults.add("provisioning")
    outcome = made(asked(Kind.EXTEND, given(Role.VIDEO, root), duration_s=7), place)
    assert isinstance(outcome, Failed)
    assert outcome.again_s == 75


def test_a_refused_token_is_renewed_once(sim: Simulator, place: Place) -> None:
    sim.world.faults.add("expired_token@submit")
    sim.world.faults.add("expired_token@poll")
    assert one(asked(**SHORT), place).path
    assert len(sim.world.bill.charges) == 1


@pytest.mark.parametrize(
    ("fault", "kind", "billed"),
    [
        ("rate_limit=3", QuotaError, 0),
        ("server_error=503@submit", UnknownOutcome, 0),
        ("server_error=500@submit", UnknownOutcome, 0),
        ("drop_before", UnknownOutcome, 0),
        ("drop_after", UnknownOutcome, 1),
        ("retired", RetiredModel, 0),
        ("not_found", RetiredModel, 0),
    ],
)
def test_a_submit_is_sent_once_whatever_comes_back(
    sim: Simulator, place: Place, fault: str, kind: type, billed: int
) -> None:
    sim.world.faults.add(fault)
    error = refused(asked(**SHORT), place)
    assert type(error) is kind
    assert len(sent(sim)) == 1
    assert len(sim.world.bill.charges) == billed
    if kind is QuotaError:
        assert error.retry_after_s == 3


def test_a_model_that_is_gone_names_its_successor(sim: Simulator, place: Place) -> None:
    error = refused(asked(model="veo-3.0-generate-001"), place)
    assert isinstance(error, RetiredModel)
    assert (error.model, error.replacement) == ("veo-3.0-generate-001", "veo-3.1-generate-001")
    assert "veo-3.1-generate-001" in error.hint


def test_asking_and_fetching_are_repeated(sim: Simulator, place: Place) -> None:
    for fault in ("server_error=503@poll", "truncated", "server_error=503@download"):
        sim.world.faults.add(fault)
    assert probe(one(asked(**SHORT), place, BUCKET).path).frames == 96
    sim.world.faults.add("redirect@download")
    assert probe(one(asked(**SHORT), place, BUCKET).path).frames == 96


def test_a_redirect_to_elsewhere_gets_no_token(sim: Simulator, place: Place) -> None:
    sim.world.faults.add("redirect@download")
    one(asked(**SHORT), place, BUCKET)
    away = [each for each in sim.world.journal if each.path.startswith("/media/")]
    assert away
    assert all(each.origin == "other" and not each.auth for each in away)
    assert all(each.auth == ["bearer"] for each in sent(sim, "download") if each not in away)


def test_a_web_page_is_no_clip(sim: Simulator, place: Place) -> None:
    sim.world.faults.add("html@download")
    with pytest.raises(StoryboardError, match="words came"):
        made(asked(**SHORT), place, BUCKET)


def test_lossless_needs_a_bucket_before_anything_is_sent(sim: Simulator, place: Place) -> None:
    error = refused(asked(options={"compression": "lossless"}), place)
    assert isinstance(error, InvalidRequest)
    assert "storage_uri" in error.hint
    assert not sent(sim)


def test_what_is_no_picture_is_refused_before_anything_is_sent(
    sim: Simulator, place: Place, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.webp"
    broken.write_bytes(b"RIFF and nothing")
    for path, words in ((broken, "no picture"), (tmp_path / "gone.png", "can't be read")):
        error = refused(asked(Kind.GENERATE, given(Role.FIRST_FRAME, path)), place)
        assert isinstance(error, InvalidRequest)
        assert words in str(error)
    assert not sent(sim)


def test_nobody_there_means_nothing_was_bought(
    sim: Simulator, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYBOARD_VERTEX_BASE_URL", "http://127.0.0.1:9")
    assert type(refused(asked(), place)) is Unreachable


def test_a_key_alone_works_and_a_wrong_one_is_named_by_its_variable(
    sim: Simulator, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = cases.by_key(monkeypatch, tmp_path, sim.world.keys["vertex"])
    assert one(asked(**SHORT), place).path
    assert sent(sim)[-1].path.startswith("/v1/publishers/google/models/")
    monkeypatch.setenv("VERTEX_API_KEY", f"{key}-not")
    error = refused(asked(**SHORT), place)
    assert isinstance(error, AuthenticationError)
    assert "VERTEX_API_KEY" in str(error)
    assert key not in repr(error) + str(error)


def test_stills_words_and_speech_come_with_the_answer(sim: Simulator, place: Place) -> None:
    still = Request(
        kind=Kind.STILL,
        provider="vertex",
        model="gemini-3.1-flash-image",
        prompt="a cat",
        intent=asked().intent,
        settings=asked(resolution="1k").settings,
    )
    assert probe(one(still, place).path).frames == 1


def test_omni_makes_a_clip_and_goes_on_from_it(sim: Simulator, place: Place) -> None:
    sample = one(
        asked(model="gemini-omni-1.2-flash", tag="t1", duration_s=3, resolution="360p"),
        place,
        BUCKET,
    )
    assert sample.uri.startswith("gs://films/night/t1/")
    assert probe(sample.path).frames == 72


def test_a_job_is_followed_by_another_process(sim: Simulator, place: Place, tmp_path: Path) -> None:
    async def begin(vertex: Vertex) -> Operation:
        return await vertex.submit(asked(**SHORT), place)

    first = Vertex({"location": "europe-west4"})
    operation = asyncio.run(cases.closing(first, begin(first)))
    assert "/locations/europe-west4/" in operation.name
    second = Vertex({})
    outcome = asyncio.run(
        cases.closing(second, cases.ended(second, operation.name, Place(tmp_path / "later")))
    )
    assert isinstance(outcome, Done)
