"""Our requests to Vertex AI are those of Google's own SDK for the same intent."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyboard.providers.base import Input, Kind, Operation, Request, Role
from storyboard.providers.google.vertex import Vertex
from tests.contract import vertex_cases as cases
from tests.contract.vertex_cases import (
    PNG,
    ReceivedRequest,
    Server,
    ServerAnswer,
    ThreadWorkspace,
    make_request,
    serve,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from google import genai
    from google.genai import types
    from google.oauth2.credentials import Credentials

PROJECT = {"project": "demo-proj", "location": "us-central1"}
RESOURCE = "projects/demo-proj/locations/us-central1/publishers/google/models"


def _answer_request(heard: ReceivedRequest) -> ServerAnswer:
    model = heard.path.rpartition("/")[2].partition(":")[0]
    return ServerAnswer({"name": f"{RESOURCE}/{model}/operations/op-1"})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(_answer_request) as server:
        yield server


@pytest.fixture(scope="module")
def sdk(server: Server) -> genai.Client:
    return genai.Client(
        vertexai=True,
        credentials=Credentials("a-token"),  # type: ignore[no-untyped-call]
        http_options=types.HttpOptions(base_url=server.url),
        **PROJECT,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vertex")


@pytest.fixture(autouse=True)
def _use_server_with_key(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases.use_only_key(monkeypatch, folder)
    monkeypatch.setenv("STORYBOARD_VERTEX_BASE_URL", server.url)


@pytest.fixture(scope="module")
def png_path(folder: Path) -> Path:
    path = folder / "one.png"
    path.write_bytes(PNG)
    return path


def capture_our_request(server: Server, request: Request, folder: Path) -> ReceivedRequest:
    server.requests.clear()
    vertex = Vertex(PROJECT)
    workspace = ThreadWorkspace(folder / "scratch")
    asyncio.run(cases.run_and_close(vertex, vertex.submit(request, workspace)))
    (heard,) = server.requests
    return heard


def capture_sdk_request(server: Server, sdk: genai.Client, request: Request) -> ReceivedRequest:
    """The SDK, asked for what the request means."""
    server.requests.clear()
    settings = request.settings
    options = settings.options
    config: dict[str, Any] = {
        "number_of_videos": request.samples,
        "duration_seconds": settings.duration_s,
        "aspect_ratio": settings.aspect_ratio,
        "resolution": settings.resolution,
        "generate_audio": settings.audio,
        "seed": settings.seed,
        "negative_prompt": settings.negative_prompt or None,
        "person_generation": options.get("person_generation"),
        "enhance_prompt": options.get("enhance_prompt"),
        "resize_mode": options["resize"].upper() if "resize" in options else None,
        "compression_quality": options["compression"].upper() if "compression" in options else None,
        "labels": options.get("labels"),
    }
    by_role: dict[Role, list[Input]] = {}
    for each in request.inputs:
        by_role.setdefault(each.role, []).append(each)
    if last := by_role.get(Role.LAST_FRAME):
        config["last_frame"] = _make_sdk_image(last[0])
    if references := by_role.get(Role.REFERENCE):
        config["reference_images"] = [
            types.VideoGenerationReferenceImage(image=_make_sdk_image(each), reference_type="asset")
            for each in references
        ]
    first, video = by_role.get(Role.FIRST_FRAME), by_role.get(Role.VIDEO)
    sdk.models.generate_videos(
        model=request.model,
        source=types.GenerateVideosSource(
            prompt=request.prompt or None,
            image=_make_sdk_image(first[0]) if first else None,
            video=_make_sdk_video(video[0]) if video else None,
        ),
        config=types.GenerateVideosConfig(**config),
    )
    (heard,) = server.requests
    return heard


def _make_sdk_image(picture_input: Input) -> types.Image:
    assert picture_input.path is not None
    return types.Image(image_bytes=picture_input.path.read_bytes(), mime_type="image/png")


def _make_sdk_video(video_input: Input) -> types.Video:
    if video_input.uri:
        return types.Video(uri=video_input.uri, mime_type="video/mp4")
    assert video_input.path is not None
    return types.Video(video_bytes=video_input.path.read_bytes(), mime_type="video/mp4")


def normalize_body(body: Any) -> Any:
    """A body with reference types in one case, and without what says where the result goes."""
    body.get("parameters", {}).pop("storageUri", None)
    for each in body["instances"][0].get("referenceImages", ()):
        each["referenceType"] = each["referenceType"].lower()
    return body


def assert_same_request(server: Server, sdk: genai.Client, request: Request, folder: Path) -> None:
    our_request, sdk_request = (
        capture_our_request(server, request, folder),
        capture_sdk_request(server, sdk, request),
    )
    assert our_request.path == sdk_request.path.replace("/v1beta1/", "/v1/")
    assert our_request.method == sdk_request.method
    assert normalize_body(our_request.json) == normalize_body(sdk_request.json)


def test_every_kind_of_job_is_submitted_as_the_sdk_does(
    server: Server, sdk: genai.Client, folder: Path, png_path: Path
) -> None:
    first = cases.make_input(Role.FIRST_FRAME, png_path)
    last = cases.make_input(Role.LAST_FRAME, png_path)
    references = [
        cases.make_input(Role.REFERENCE, png_path, name=name) for name in ("ana", "ben", "kay")
    ]
    clip = folder / "clip.mp4"
    clip.write_bytes(b"\0\0\0\x18ftypisom")
    stored = cases.make_input(Role.VIDEO, uri="gs://b/o/sample_0.mp4")
    for request in (
        make_request(),
        make_request(Kind.GENERATE, first, prompt="wave"),
        make_request(Kind.GENERATE, first, prompt=""),
        make_request(Kind.INTERPOLATE, first, last),
        make_request(Kind.GENERATE, *references, duration_s=8),
        make_request(Kind.EXTEND, stored, duration_s=7),
        make_request(Kind.EXTEND, cases.make_input(Role.VIDEO, clip), duration_s=7),
    ):
        assert_same_request(server, sdk, request, folder)


_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "person_generation": st.sampled_from(["allow_adult", "dont_allow", "allow_all"]),
        "enhance_prompt": st.just(True),
        "resize": st.sampled_from(["pad", "crop"]),
        "compression": st.just("optimized"),
        "labels": st.dictionaries(
            st.sampled_from(["show", "shot"]), st.text(max_size=8), min_size=1
        ),
    },
)


@given(
    options=_OPTIONS,
    seed=st.none() | st.integers(0, 2**32 - 1),
    negative=st.sampled_from(["", "rain"]),
    duration_s=st.sampled_from([4, 6, 8]),
    resolution=st.sampled_from(["720p", "1080p", "4k"]),
    aspect=st.sampled_from(["16:9", "9:16"]),
    audio=st.booleans(),
    samples=st.integers(1, 4),
    pictured=st.booleans(),
)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_parameter_is_sent_as_the_sdk_sends_it(
    server: Server,
    sdk: genai.Client,
    folder: Path,
    png_path: Path,
    options: dict[str, Any],
    seed: int | None,
    negative: str,
    duration_s: int,
    resolution: str,
    aspect: str,
    audio: bool,
    samples: int,
    pictured: bool,
) -> None:
    inputs = [cases.make_input(Role.FIRST_FRAME, png_path)] if pictured else []
    request = make_request(
        Kind.GENERATE,
        *inputs,
        samples=samples,
        options=options,
        seed=seed,
        negative_prompt=negative,
        duration_s=duration_s,
        resolution=resolution,
        aspect_ratio=aspect,
        audio=audio,
    )
    assert_same_request(server, sdk, request, folder)


def test_a_job_is_polled_as_the_sdk_does(server: Server, sdk: genai.Client, folder: Path) -> None:
    name = f"{RESOURCE}/{cases.MODEL}/operations/op-1"
    server.requests.clear()
    sdk.operations.get(types.GenerateVideosOperation(name=name))
    vertex = Vertex({"project": "another", "location": "europe-west4"})
    asyncio.run(
        cases.run_and_close(
            vertex, vertex.poll(Operation(name), ThreadWorkspace(folder / "scratch"))
        )
    )
    their, our = server.requests
    assert our.path == their.path.replace("/v1beta1/", "/v1/")
    assert (our.method, our.json) == (their.method, their.json)


def test_with_a_key_alone_no_project_is_in_the_path(server: Server, folder: Path) -> None:
    sdk = genai.Client(
        vertexai=True,
        api_key="a-key-of-vertex",
        http_options=types.HttpOptions(base_url=server.url),
    )
    their = capture_sdk_request(server, sdk, make_request())
    server.requests.clear()
    vertex = Vertex({})
    workspace = ThreadWorkspace(folder / "scratch")
    asyncio.run(cases.run_and_close(vertex, vertex.submit(make_request(), workspace)))
    (our,) = server.requests
    assert our.path == their.path.replace("/v1beta1/", "/v1/")
    assert our.path.startswith("/v1/publishers/google/models/")
    assert our.headers["x-goog-api-key"] == their.headers["x-goog-api-key"]
