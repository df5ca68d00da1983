"""Our requests for Omni, stills, texts and speech are those of Google's own SDK."""

from __future__ import annotations

import asyncio
import base64
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storyboard.providers.base import WRITE_TOKENS, Input, Kind, Operation, Request, Role
from storyboard.providers.google.generate_content import build_content_body
from storyboard.providers.google.omni import build_omni_body
from tests.contract import gemini_cases as cases
from tests.contract.gemini_cases import (
    OMNI,
    make_request,
    make_speech_request,
    poll_operation,
    submit_request,
    write_picture,
)
from tests.contract.vertex_cases import (
    PNG,
    ReceivedRequest,
    Server,
    ServerAnswer,
    ThreadWorkspace,
    serve,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from google import genai
    from google.genai import types
    from google.oauth2.credentials import Credentials

STILL, TEXT, SPEECH = "gemini-3.1-flash-image", "gemini-3.8-flash", "gemini-3.8-flash-tts"
IMAGE = {"type": "image", "data": base64.b64encode(PNG).decode(), "mime_type": "image/png"}
MOVING = base64.b64encode(cases.CLIP).decode()
URI = f"{cases.HOST}/v1beta/files/abc"


def _answer_request(heard: ReceivedRequest) -> ServerAnswer:
    if "interactions" in heard.path:
        return ServerAnswer({"id": "int_123", "object": "interaction", "status": "in_progress"})
    if "/files/" in heard.path:
        return ServerAnswer({"name": "files/abc", "state": "ACTIVE"})
    part = {"text": "Two words."}
    return ServerAnswer({"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(_answer_request) as server:
        yield server


@pytest.fixture(scope="module")
def sdk(server: Server) -> genai.Client:
    return genai.Client(
        api_key=cases.KEY, http_options=types.HttpOptions(base_url=server.url, retry_options=None)
    )


@pytest.fixture(autouse=True)
def _environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYBOARD_GEMINI_BASE_URL", server.url)
    monkeypatch.setenv("GEMINI_API_KEY", cases.KEY)
    server.requests.clear()


@pytest.fixture
def workspace(tmp_path: Path) -> ThreadWorkspace:
    return ThreadWorkspace(tmp_path / "scratch")


def capture_sdk_interaction(server: Server, sdk: genai.Client, **arguments: Any) -> ReceivedRequest:
    """What the SDK sends to begin an interaction."""
    server.requests.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sdk.interactions.create(model=OMNI, background=True, store=True, **arguments)
    (heard,) = server.requests
    return heard


def capture_our_request(
    server: Server, request: Request, workspace: ThreadWorkspace
) -> ReceivedRequest:
    server.requests.clear()
    submit_request(request, workspace)
    return server.requests[-1]


def make_response_format(**more: Any) -> dict[str, Any]:
    return {"type": "video", "resolution": "720p", "duration": "8s", "delivery": "uri", **more}


def test_omni_is_asked_for_words_alone(
    server: Server, sdk: genai.Client, workspace: ThreadWorkspace
) -> None:
    their = capture_sdk_interaction(
        server,
        sdk,
        input="a cat",
        generation_config={"video_config": {"task": "text_to_video"}},
        response_format=make_response_format(aspect_ratio="16:9"),
    )
    our = capture_our_request(server, make_request(model=OMNI), workspace)
    assert (our.method, our.path) == (their.method, their.path) == ("POST", "/v1/interactions")
    assert our.json == their.json
    assert our.headers["x-goog-api-key"] == their.headers["x-goog-api-key"]


@pytest.mark.parametrize(
    ("kind", "roles", "task", "tags"),
    [
        (Kind.GENERATE, [Role.FIRST_FRAME], "image_to_video", ""),
        (
            Kind.INTERPOLATE,
            [Role.FIRST_FRAME, Role.LAST_FRAME],
            "image_to_video",
            "[# Sources <FIRST_FRAME>@Image1 <LAST_FRAME>@Image2] ",
        ),
        (
            Kind.GENERATE,
            [Role.REFERENCE, Role.REFERENCE],
            "reference_to_video",
            "[# References <IMAGE_REF_0>@Image1 <IMAGE_REF_1>@Image2] ",
        ),
        (
            Kind.GENERATE,
            [Role.FIRST_FRAME, Role.REFERENCE],
            "reference_to_video",
            "[# Sources <FIRST_FRAME>@Image1] [# References <IMAGE_REF_0>@Image2] ",
        ),
    ],
)
def test_omni_is_given_pictures(
    server: Server,
    sdk: genai.Client,
    workspace: ThreadWorkspace,
    tmp_path: Path,
    kind: Kind,
    roles: list[Role],
    task: str,
    tags: str,
) -> None:
    text = {"type": "text", "text": f"{tags}a cat"}
    their = capture_sdk_interaction(
        server,
        sdk,
        input=[{"type": "user_input", "content": [*[IMAGE] * len(roles), text]}],
        generation_config={"seed": 7, "video_config": {"task": task}},
        response_format=make_response_format(aspect_ratio="9:16"),
    )
    inputs = [write_picture(tmp_path, role, str(n)) for n, role in enumerate(roles)]
    request = make_request(kind, *inputs, model=OMNI, seed=7, aspect_ratio="9:16")
    assert capture_our_request(server, request, workspace).json == their.json


def test_omni_extends_a_video(
    server: Server, sdk: genai.Client, workspace: ThreadWorkspace, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(cases.CLIP)
    config = {"video_config": {"task": "extend"}}
    text = {"type": "text", "text": "a cat"}
    for source, media in (
        (Input(Role.VIDEO, "v", uri=URI, path=clip), {"uri": URI}),
        (Input(Role.VIDEO, "v", uri=URI, path=clip, expires_at=1.0), {"data": MOVING}),
        (Input(Role.VIDEO, "v", path=clip), {"data": MOVING}),
    ):
        video = {"type": "video", "mime_type": "video/mp4", **media}
        their = capture_sdk_interaction(
            server,
            sdk,
            input=[{"type": "user_input", "content": [video, text]}],
            generation_config=config,
            response_format=make_response_format(),
        )
        assert (
            capture_our_request(
                server, make_request(Kind.EXTEND, source, model=OMNI), workspace
            ).json
            == their.json
        )
    their = capture_sdk_interaction(
        server,
        sdk,
        input="a cat",
        previous_interaction_id="int_1",
        generation_config=config,
        response_format=make_response_format(),
    )
    source = Input(Role.VIDEO, "v", uri="interactions/int_1", path=clip)
    assert (
        capture_our_request(server, make_request(Kind.EXTEND, source, model=OMNI), workspace).json
        == their.json
    )


def test_an_interaction_is_polled(
    server: Server, sdk: genai.Client, workspace: ThreadWorkspace
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sdk.interactions.get("int_123")
    poll_operation("interactions/int_123", workspace)
    their, our = server.requests
    assert (our.method, our.path) == (their.method, their.path)


def test_on_vertex_the_body_is_the_same(server: Server) -> None:
    sdk = genai.Client(
        vertexai=True,
        project="demo-proj",
        location="global",
        credentials=Credentials("a-token"),  # type: ignore[no-untyped-call]
        http_options=types.HttpOptions(base_url=server.url),
    )
    response_format = {"delivery": "uri", "gcs_uri": "gs://b/films"}
    their = capture_sdk_interaction(
        server,
        sdk,
        input="a cat",
        generation_config={"video_config": {"task": "text_to_video"}},
        response_format=make_response_format(aspect_ratio="16:9", **response_format),
    )
    assert their.path == "/v1beta1/projects/demo-proj/locations/global/interactions"
    assert build_omni_body(make_request(model=OMNI), [], {}, response_format) == their.json


def normalize_body(value: Any) -> Any:
    """A body with names and base64 in one spelling; protobuf reads both, and the SDK mixes them."""
    if isinstance(value, dict) and "data" in value:
        value = {**value, "data": value["data"].translate({ord("-"): "+", ord("_"): "/"})}
    if isinstance(value, dict):
        return {
            re.sub(r"_(\w)", lambda m: m[1].upper(), k): normalize_body(v) for k, v in value.items()
        }
    return [normalize_body(each) for each in value] if isinstance(value, list) else value


def capture_sdk_content(
    server: Server, sdk: genai.Client, model: str, contents: Any, **config: Any
) -> ReceivedRequest:
    server.requests.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sdk.models.generate_content(
            model=model, contents=contents, config=types.GenerateContentConfig(**config)
        )
    (heard,) = server.requests
    return heard


def assert_same_request(
    server: Server, request: Request, their: ReceivedRequest, workspace: ThreadWorkspace
) -> None:
    our = capture_our_request(server, request, workspace)
    assert our.path == their.path.replace("/v1/", "/v1beta/")
    assert our.json == normalize_body(their.json)
    assert our.json == asyncio.run(build_content_body(request, workspace))
    assert our.headers["x-goog-api-key"] == their.headers["x-goog-api-key"]


def test_a_still(
    server: Server, sdk: genai.Client, workspace: ThreadWorkspace, tmp_path: Path
) -> None:
    part = types.Part.from_bytes(data=PNG, mime_type="image/png")
    for seed, aspect, size in ((None, "16:9", "1k"), (7, "21:9", "4k")):
        their = capture_sdk_content(
            server,
            sdk,
            STILL,
            ["a cat", part, part],
            seed=seed,
            response_modalities=["IMAGE"],
            image_config=types.ImageConfig(aspect_ratio=aspect, image_size=size.upper()),
        )
        references = [write_picture(tmp_path, Role.REFERENCE, name) for name in ("ana", "ben")]
        image_settings = {"seed": seed, "aspect_ratio": aspect, "resolution": size}
        assert_same_request(
            server,
            make_request(Kind.STILL, *references, model=STILL, **image_settings),
            their,
            workspace,
        )


def test_a_text(server: Server, sdk: genai.Client, workspace: ThreadWorkspace) -> None:
    their = capture_sdk_content(server, sdk, TEXT, "a cat", max_output_tokens=WRITE_TOKENS)
    assert_same_request(server, make_request(Kind.WRITE, model=TEXT), their, workspace)


def test_a_line(server: Server, sdk: genai.Client, workspace: ThreadWorkspace) -> None:
    voice = types.VoiceConfig(prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name="Algenib"))
    their = capture_sdk_content(
        server,
        sdk,
        SPEECH,
        "Say slowly: Land ahead.",
        response_modalities=["AUDIO"],
        speech_config=types.SpeechConfig(voice_config=voice),
    )
    for words in ("Algenib", "algenib", "an old, gravelly man"):
        assert_same_request(
            server, make_speech_request("Land ahead.", words, "slowly"), their, workspace
        )


def test_an_operation_is_named(server: Server, workspace: ThreadWorkspace) -> None:
    assert submit_request(make_request(model=OMNI), workspace) == Operation("interactions/int_123")
