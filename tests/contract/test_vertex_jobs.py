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
from storyboard.providers.google.vertex import Vertex
from storyboard.simulator.server import Simulator
from storyboard.stitching.media.ffmpeg import probe
from tests.contract import vertex_cases as cases
from tests.contract.vertex_cases import ThreadWorkspace, make_input, make_request

BUCKET = {"storage_uri": "gs://films/night"}
SHORT: dict[str, Any] = {"duration_s": 4, "seed": 1}
"""With a seed, so that the simulator draws the clip once."""


@pytest.fixture(autouse=True)
def _use_simulator(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases.clear_credentials(monkeypatch, tmp_path)
    for name, value in simulator.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def workspace(tmp_path: Path) -> ThreadWorkspace:
    return ThreadWorkspace(tmp_path / "scratch")


def submit_and_fetch(
    request: Request, workspace: ThreadWorkspace, settings: dict[str, Any] | None = None
) -> Any:
    """What becomes of a request: its outcome, or its first sample with a file."""

    async def submit_wait_and_fetch(vertex: Vertex) -> Any:
        operation = await vertex.submit(request, workspace)
        outcome = await cases.wait_for_outcome(vertex, operation.name, workspace)
        if isinstance(outcome, Done):
            return [await vertex.fetch(each, workspace) for each in outcome.samples]
        return outcome

    vertex = Vertex(settings or {})
    return asyncio.run(cases.run_and_close(vertex, submit_wait_and_fetch(vertex)))


def fetch_single_sample(
    request: Request, workspace: ThreadWorkspace, settings: dict[str, Any] | None = None
) -> Sample:
    samples = submit_and_fetch(request, workspace, settings)
    assert isinstance(samples, list), samples
    (sample,) = samples
    assert sample.path is not None
    return sample


def expect_rejection(
    request: Request, workspace: ThreadWorkspace, settings: dict[str, Any] | None = None
) -> Any:
    """The error of the submit."""
    vertex = Vertex(settings or {})
    with pytest.raises(StoryboardError) as caught:
        asyncio.run(cases.run_and_close(vertex, vertex.submit(request, workspace)))
    return caught.value


def list_requests(sim: Simulator, route: str = "submit") -> list[Any]:
    return [each for each in sim.world.journal if each.route == route]


def test_a_clip_comes_inline(simulator: Simulator, workspace: ThreadWorkspace) -> None:
    sample = fetch_single_sample(make_request(**SHORT), workspace)
    facts = probe(sample.path)
    assert (facts.frames, facts.width, facts.height, facts.has_audio) == (96, 1280, 720, True)
    assert sample.uri == ""
    assert sample.path.parent == workspace.scratch


def test_a_clip_comes_out_of_a_bucket_from_a_prefix_of_its_own(
    simulator: Simulator, workspace: ThreadWorkspace
) -> None:
    sample = fetch_single_sample(
        make_request(tag="a1b2-7", audio=False, **SHORT), workspace, BUCKET
    )
    assert sample.uri.startswith("gs://films/night/a1b2-7/")
    assert not probe(sample.path).has_audio


def test_frames_and_references_go_along(
    simulator: Simulator, workspace: ThreadWorkspace, tmp_path: Path
) -> None:
    import cv2
    import numpy as np

    paths = []
    for name, suffix in (("first", "png"), ("last", "jpg"), ("ana", "webp")):
        path = tmp_path / f"{name}.{suffix}"
        assert cv2.imwrite(str(path), np.full((720, 1280, 3), 90, np.uint8))
        paths.append(path)
    first, last, ana = paths
    bridge = make_request(
        Kind.INTERPOLATE,
        make_input(Role.FIRST_FRAME, first),
        make_input(Role.LAST_FRAME, last),
        **SHORT,
    )
    assert probe(fetch_single_sample(bridge, workspace).path).frames == 96
    meeting = make_request(Kind.GENERATE, make_input(Role.REFERENCE, ana, name="ana"), duration_s=5)
    outcome = submit_and_fetch(meeting, workspace)
    assert isinstance(outcome, Failed)
    assert "[8] for feature reference_to_video" in outcome.message


def test_a_take_is_extended_from_its_bucket_or_from_its_bytes(
    simulator: Simulator, workspace: ThreadWorkspace, tmp_path: Path
) -> None:
    root = fetch_single_sample(make_request(**SHORT), workspace, BUCKET)
    local_file = root.path.rename(tmp_path / "root.mp4")
    hop: dict[str, Any] = {"duration_s": 7, "seed": 1}
    stored = make_input(Role.VIDEO, local_file, uri=root.uri)
    assert (
        probe(
            fetch_single_sample(make_request(Kind.EXTEND, stored, **hop), workspace, BUCKET).path
        ).frames
        == 264
    )
    simulator.world.objects.clear()  # as the rules of a bucket do after some days
    assert (
        probe(
            fetch_single_sample(make_request(Kind.EXTEND, stored, **hop), workspace, BUCKET).path
        ).frames
        == 264
    )
    assert (
        probe(
            fetch_single_sample(
                make_request(Kind.EXTEND, make_input(Role.VIDEO, local_file), **hop), workspace
            ).path
        ).frames
        == 264
    )
    assert not list_requests(simulator, "upload")


def test_a_large_take_is_uploaded_once_and_without_a_bucket_refused(
    simulator: Simulator,
    workspace: ThreadWorkspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import storyboard.providers.google.vertex_veo as adapter

    root = fetch_single_sample(make_request(**SHORT), workspace).path.rename(tmp_path / "root.mp4")
    monkeypatch.setattr(adapter, "MAX_INLINE_BYTES", 10_000)
    further = make_request(Kind.EXTEND, make_input(Role.VIDEO, root), duration_s=7, seed=1)
    error = expect_rejection(further, workspace)
    assert isinstance(error, InvalidRequest)
    assert "storage_uri" in error.hint
    assert probe(fetch_single_sample(further, workspace, BUCKET).path).frames == 264
    assert (
        probe(fetch_single_sample(further, workspace, BUCKET).path).frames == 264
    )  # 412: it is there
    inputs = [name for bucket, name in simulator.world.objects if name.startswith("night/inputs/")]
    assert len(inputs) == 1
    assert inputs[0].endswith(".mp4")


def test_filtered_samples_are_counted_and_explained(
    simulator: Simulator, workspace: ThreadWorkspace
) -> None:
    simulator.world.faults.add("filtered=17301594")
    outcome = submit_and_fetch(make_request(**SHORT), workspace)
    assert isinstance(outcome, Filtered)
    assert outcome.category == "a child"
    assert not outcome.billed
    simulator.world.faults.add("blocked=61493863")
    outcome = submit_and_fetch(make_request(**SHORT), workspace)
    assert isinstance(outcome, Filtered)
    assert outcome.category == "violence"
    assert "61493863" in outcome.message


def test_samples_that_a_filter_leaves_are_several_files(
    simulator: Simulator, workspace: ThreadWorkspace
) -> None:
    simulator.world.faults.add("partial=1")

    async def submit_wait_and_fetch(vertex: Vertex) -> Any:
        operation = await vertex.submit(make_request(samples=3, **SHORT), workspace)
        return await cases.wait_for_outcome(vertex, operation.name, workspace)

    vertex = Vertex({})
    outcome = asyncio.run(cases.run_and_close(vertex, submit_wait_and_fetch(vertex)))
    assert isinstance(outcome, Done)
    assert len({each.path.read_bytes() for each in outcome.samples if each.path}) == 2
    assert "video safety" in outcome.filtered


def test_what_the_service_finds_wrong_later_is_a_failure(
    simulator: Simulator, workspace: ThreadWorkspace
) -> None:
    outcome = submit_and_fetch(make_request(duration_s=5), workspace)
    assert isinstance(outcome, Failed)
    assert "supported durations are" in outcome.message
    simulator.world.faults.add("failed")
    outcome = submit_and_fetch(make_request(**SHORT), workspace)
    assert isinstance(outcome, Failed)
    assert outcome.again_s is None


def test_a_project_that_is_being_set_up_asks_for_patience(
    simulator: Simulator, workspace: ThreadWorkspace, tmp_path: Path
) -> None:
    root = fetch_single_sample(make_request(**SHORT), workspace).path.rename(tmp_path / "root.mp4")
    simulator.world.faults.add("provisioning")
    outcome = submit_and_fetch(
        make_request(Kind.EXTEND, make_input(Role.VIDEO, root), duration_s=7), workspace
    )
    assert isinstance(outcome, Failed)
    assert outcome.again_s == 75


def test_a_refused_token_is_renewed_once(simulator: Simulator, workspace: ThreadWorkspace) -> None:
    simulator.world.faults.add("expired_token@submit")
    simulator.world.faults.add("expired_token@poll")
    assert fetch_single_sample(make_request(**SHORT), workspace).path
    assert len(simulator.world.bill.charges) == 1


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
    simulator: Simulator, workspace: ThreadWorkspace, fault: str, kind: type, billed: int
) -> None:
    simulator.world.faults.add(fault)
    error = expect_rejection(make_request(**SHORT), workspace)
    assert type(error) is kind
    assert len(list_requests(simulator)) == 1
    assert len(simulator.world.bill.charges) == billed
    if kind is QuotaError:
        assert error.retry_after_s == 3


def test_a_model_that_is_gone_names_its_successor(
    simulator: Simulator, workspace: ThreadWorkspace
) -> None:
    error = expect_rejection(make_request(model="veo-3.0-generate-001"), workspace)
    assert isinstance(error, RetiredModel)
    assert (error.model, error.replacement) == ("veo-3.0-generate-001", "veo-3.1-generate-001")
    assert "veo-3.1-generate-001" in error.hint


def test_polling_and_fetching_are_retried(simulator: Simulator, workspace: ThreadWorkspace) -> None:
    for fault in ("server_error=503@poll", "truncated", "server_error=503@download"):
        simulator.world.faults.add(fault)
    assert probe(fetch_single_sample(make_request(**SHORT), workspace, BUCKET).path).frames == 96
    simulator.world.faults.add("redirect@download")
    assert probe(fetch_single_sample(make_request(**SHORT), workspace, BUCKET).path).frames == 96


def test_a_redirect_to_elsewhere_gets_no_token(
    simulator: Simulator, workspace: ThreadWorkspace
) -> None:
    simulator.world.faults.add("redirect@download")
    fetch_single_sample(make_request(**SHORT), workspace, BUCKET)
    away = [each for each in simulator.world.journal if each.path.startswith("/media/")]
    assert away
    assert all(each.origin == "other" and not each.auth for each in away)
    assert all(
        each.auth == ["bearer"] for each in list_requests(simulator, "download") if each not in away
    )


def test_a_web_page_is_no_clip(simulator: Simulator, workspace: ThreadWorkspace) -> None:
    simulator.world.faults.add("html@download")
    with pytest.raises(StoryboardError, match="is text"):
        submit_and_fetch(make_request(**SHORT), workspace, BUCKET)


def test_lossless_needs_a_bucket_before_anything_is_sent(
    simulator: Simulator, workspace: ThreadWorkspace
) -> None:
    error = expect_rejection(make_request(options={"compression": "lossless"}), workspace)
    assert isinstance(error, InvalidRequest)
    assert "storage_uri" in error.hint
    assert not list_requests(simulator)


def test_what_is_no_picture_is_refused_before_anything_is_sent(
    simulator: Simulator, workspace: ThreadWorkspace, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.webp"
    broken.write_bytes(b"RIFF and nothing")
    for path, words in ((broken, "not a readable image"), (tmp_path / "gone.png", "can't be read")):
        error = expect_rejection(
            make_request(Kind.GENERATE, make_input(Role.FIRST_FRAME, path)), workspace
        )
        assert isinstance(error, InvalidRequest)
        assert words in str(error)
    assert not list_requests(simulator)


def test_a_refused_connection_means_nothing_was_bought(
    simulator: Simulator, workspace: ThreadWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYBOARD_VERTEX_BASE_URL", "http://127.0.0.1:9")
    assert type(expect_rejection(make_request(), workspace)) is Unreachable


def test_a_key_alone_works_and_a_wrong_one_is_named_by_its_variable(
    simulator: Simulator,
    workspace: ThreadWorkspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = cases.use_only_key(monkeypatch, tmp_path, simulator.world.keys["vertex"])
    assert fetch_single_sample(make_request(**SHORT), workspace).path
    assert list_requests(simulator)[-1].path.startswith("/v1/publishers/google/models/")
    monkeypatch.setenv("VERTEX_API_KEY", f"{key}-not")
    error = expect_rejection(make_request(**SHORT), workspace)
    assert isinstance(error, AuthenticationError)
    assert "VERTEX_API_KEY" in str(error)
    assert key not in repr(error) + str(error)


def test_stills_words_and_speech_come_with_the_answer(
    simulator: Simulator, workspace: ThreadWorkspace
) -> None:
    still = Request(
        kind=Kind.STILL,
        provider="vertex",
        model="gemini-3.1-flash-image",
        prompt="a cat",
        intent=make_request().intent,
        settings=make_request(resolution="1k").settings,
    )
    assert probe(fetch_single_sample(still, workspace).path).frames == 1


def test_omni_makes_a_clip_and_extends_it(simulator: Simulator, workspace: ThreadWorkspace) -> None:
    sample = fetch_single_sample(
        make_request(model="gemini-omni-1.2-flash", tag="t1", duration_s=3, resolution="360p"),
        workspace,
        BUCKET,
    )
    assert sample.uri.startswith("gs://films/night/t1/")
    assert probe(sample.path).frames == 72


def test_a_job_is_followed_by_another_process(
    simulator: Simulator, workspace: ThreadWorkspace, tmp_path: Path
) -> None:
    async def submit_first(vertex: Vertex) -> Operation:
        return await vertex.submit(make_request(**SHORT), workspace)

    first = Vertex({"location": "europe-west4"})
    operation = asyncio.run(cases.run_and_close(first, submit_first(first)))
    assert "/locations/europe-west4/" in operation.name
    second = Vertex({})
    outcome = asyncio.run(
        cases.run_and_close(
            second,
            cases.wait_for_outcome(second, operation.name, ThreadWorkspace(tmp_path / "later")),
        )
    )
    assert isinstance(outcome, Done)
