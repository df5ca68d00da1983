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
from storyboard.providers.vertex import Vertex
from tests.contract import vertex_cases as cases
from tests.contract.vertex_cases import PNG, Answer, Heard, Place, Server, asked, serving

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from google import genai
    from google.genai import types
    from google.oauth2.credentials import Credentials

PROJECT = {"project": "demo-proj", "location": "us-central1"}
RESOURCE = "projects/demo-proj/locations/us-central1/publishers/google/models"


def _answer(heard: Heard) -> Answer:
    model = heard.path.rpartition("/")[2].partition(":")[0]
    return Answer({"name": f"{RESOURCE}/{model}/operations/op-1"})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(_answer) as server:
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
def _environment(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases.by_key(monkeypatch, folder)
    monkeypatch.setenv("STORYBOARD_VERTEX_BASE_URL", server.url)


@pytest.fixture(scope="module")
def png(folder: Path) -> Path:
    path = folder / "one.png"
    path.write_bytes(PNG)
    return path


def ours(server: Server, request: Request, folder: Path) -> Heard:
    server.heard.clear()
    vertex = Vertex(PROJECT)
    place = Place(folder / "scratch")
    asyncio.run(cases.closing(vertex, vertex.submit(request, place)))
    (heard,) = server.heard
    return heard


def theirs(server: Server, sdk: genai.Client, request: Request) -> Heard:
    """The SDK, asked for what the request means."""
    server.heard.clear()
    said = request.settings
    options = said.options
    config: dict[str, Any] = {
        "number_of_videos": request.samples,
        "duration_seconds": said.duration_s,
        "aspect_ratio": said.aspect_ratio,
        "resolution": said.resolution,
        "generate_audio": said.audio,
        "seed": said.seed,
        "negative_prompt": said.negative_prompt or None,
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
        config["last_frame"] = _image(last[0])
    if references := by_role.get(Role.REFERENCE):
        config["reference_images"] = [
            types.VideoGenerationReferenceImage(image=_image(each), reference_type="asset")
            for each in references
        ]
    first, video = by_role.get(Role.FIRST_FRAME), by_role.get(Role.VIDEO)
    sdk.models.generate_videos(
        model=request.model,
        source=types.GenerateVideosSource(
            prompt=request.prompt or None,
            image=_image(first[0]) if first else None,
            video=_video(video[0]) if video else None,
        ),
        config=types.GenerateVideosConfig(**config),
    )
    (heard,) = server.heard
    return heard


def _image(given: Input) -> types.Image:
    assert given.path is not None
    return types.Image(image_bytes=given.path.read_bytes(), mime_type="image/png")


def _video(given: Input) -> types.Video:
    if given.uri:
        return types.Video(uri=given.uri, mime_type="video/mp4")
    assert given.path is not None
    return types.Video(video_bytes=given.path.read_bytes(), mime_type="video/mp4")


def plain(body: Any) -> Any:
    """A body with reference types in one case, and without what says where the result goes."""
    body.get("parameters", {}).pop("storageUri", None)
    for each in body["instances"][0].get("referenceImages", ()):
        each["referenceType"] = each["referenceType"].lower()
    return body


def same(server: Server, sdk: genai.Client, request: Request, folder: Path) -> None:
    one, other = ours(server, request, folder), theirs(server, sdk, request)
    assert one.path == other.path.replace("/v1beta1/", "/v1/")
    assert one.method == other.method
    assert plain(one.json) == plain(other.json)


def test_every_kind_of_job_is_asked_for_as_the_sdk_does(
    server: Server, sdk: genai.Client, folder: Path, png: Path
) -> None:
    first = cases.given(Role.FIRST_FRAME, png)
    last = cases.given(Role.LAST_FRAME, png)
    references = [cases.given(Role.REFERENCE, png, name=name) for name in ("ana", "ben", "kay")]
    clip = folder / "clip.mp4"
    clip.write_bytes(b"\0\0\0\x18ftypisom")
    stored = cases.given(Role.VIDEO, uri="gs://b/o/sample_0.mp4")
    for request in (
        asked(),
        asked(Kind.GENERATE, first, prompt="wave"),
        asked(Kind.GENERATE, first, prompt=""),
        asked(Kind.INTERPOLATE, first, last),
        asked(Kind.GENERATE, *references, duration_s=8),
        asked(Kind.EXTEND, stored, duration_s=7),
        asked(Kind.EXTEND, cases.given(Role.VIDEO, clip), duration_s=7),
    ):
        same(server, sdk, request, folder)


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
    png: Path,
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
    inputs = [cases.given(Role.FIRST_FRAME, png)] if pictured else []
    request = asked(
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
    same(server, sdk, request, folder)


def test_a_job_is_asked_after_as_the_sdk_does(
    server: Server, sdk: genai.Client, folder: Path
) -> None:
    name = f"{RESOURCE}/{cases.MODEL}/operations/op-1"
    server.heard.clear()
    sdk.operations.get(types.GenerateVideosOperation(name=name))
    vertex = Vertex({"project": "another", "location": "europe-west4"})
    asyncio.run(cases.closing(vertex, vertex.poll(Operation(name), Place(folder / "scratch"))))
    their, our = server.heard
    assert our.path == their.path.replace("/v1beta1/", "/v1/")
    assert (our.method, our.json) == (their.method, their.json)


def test_with_a_key_alone_no_project_is_in_the_path(server: Server, folder: Path) -> None:
    sdk = genai.Client(
        vertexai=True,
        api_key="a-key-of-vertex",
        http_options=types.HttpOptions(base_url=server.url),
    )
    their = theirs(server, sdk, asked())
    server.heard.clear()
    vertex = Vertex({})
    place = Place(folder / "scratch")
    asyncio.run(cases.closing(vertex, vertex.submit(asked(), place)))
    (our,) = server.heard
    assert our.path == their.path.replace("/v1beta1/", "/v1/")
    assert our.path.startswith("/v1/publishers/google/models/")
    assert our.headers["x-goog-api-key"] == their.headers["x-goog-api-key"]
