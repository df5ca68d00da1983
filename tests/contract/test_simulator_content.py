"""Pictures, words and speech by `generateContent`, as the simulator plays them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from storyboard.simulator.media.sample_content import (
    PCM_RATE,
    synthesize_speech_tones,
    write_sample_text,
)
from storyboard.simulator.server import Simulator
from storyboard.simulator.validation.generate_content import (
    ContentRequest,
    compute_answer_price_usd,
    read_content_request,
)
from storyboard.simulator.validation.rejection import Rejection

STILLS, SPEECH, TEXT = "gemini-2.5-flash-image", "gemini-3.8-flash-tts", "gemini-3.8-flash"


def make_body(*parts: Any, **config: Any) -> dict[str, Any]:
    content_parts = [{"text": part} if isinstance(part, str) else part for part in parts]
    return {"contents": [{"role": "user", "parts": content_parts}], "generationConfig": config}


def make_inline_part(data: bytes, mime: str = "image/png") -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime, "data": base64.b64encode(data).decode()}}


def make_voice_config(name: str) -> dict[str, Any]:
    return {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": name}}}


def read_accepted(model: str, body: dict[str, Any]) -> ContentRequest:
    wanted = read_content_request(model, body)
    assert isinstance(wanted, ContentRequest), wanted
    return wanted


@pytest.mark.parametrize(
    ("model", "made", "words"),
    [
        ("gemini-omni-1.2-flash", make_body("x"), "only supports Interactions API"),
        ("gemini-9", make_body("x"), "models/gemini-9 is not found"),
        (STILLS, make_body(), "contents is not specified"),
        (
            STILLS,
            make_body("x", responseModalities=["AUDIO"]),
            "combination of response modalities",
        ),
        (STILLS, make_body("x", imageConfig={"aspectRatio": "5:1"}), "aspectRatio must be"),
        (STILLS, make_body("x", imageConfig={"imageSize": "4K"}), "imageSize must be"),
        (STILLS, make_body("x", *[make_inline_part(b"a")] * 4), "at most 3 images"),
        (STILLS, make_body("x", make_inline_part(b"a", "image/gif")), "Unsupported MIME type"),
        (STILLS, make_body("x", {"inlineData": {"mimeType": "image/png", "data": "?"}}), "Base64"),
        (SPEECH, make_body("x"), "combination of response modalities (TEXT)"),
        (
            SPEECH,
            make_body("x", responseModalities=["AUDIO"], speechConfig=make_voice_config("Bob")),
            "Bob is not",
        ),
        (SPEECH, make_body("word " * 9000, responseModalities=["AUDIO"]), "input token count"),
        (TEXT, make_body("x", responseModalities=["IMAGE"]), "combination of response modalities"),
        (TEXT, make_body("x", responseSchema={"type": "OBJECT"}), "needs `responseMimeType`"),
        (TEXT, {"contents": {"parts": 7}}, "Invalid JSON payload"),
    ],
)
def test_it_refuses(model: str, made: dict[str, Any], words: str) -> None:
    refusal = read_content_request(model, made)
    assert isinstance(refusal, Rejection)
    assert words in refusal.message


def test_a_picture_has_the_size_of_its_aspect_and_a_price_of_its_own() -> None:
    made = make_body("a quay", imageConfig={"aspectRatio": "16:9", "imageSize": "2K"})
    wanted = read_accepted("gemini-3-pro-image", made)
    assert wanted.size == (2688, 1536)
    assert f"{compute_answer_price_usd(wanted, 1290)}" == "0.134"


def test_speech_is_as_long_as_its_words_and_sounds_by_its_voice() -> None:
    config = {"responseModalities": ["AUDIO"], "speechConfig": make_voice_config("Kore")}
    short, long = (
        synthesize_speech_tones(read_accepted(SPEECH, make_body(words, **config)))
        for words in ("No.", "No. " * 9)
    )
    assert len(long) > 6 * len(short)
    assert 0.2 < len(short) / 2 / PCM_RATE < 1
    other = {**config, "speechConfig": make_voice_config("puck")}
    assert synthesize_speech_tones(read_accepted(SPEECH, make_body("No.", **other))) != short
    assert synthesize_speech_tones(read_accepted(SPEECH, make_body("No.", **config))) == short


def test_words_come_in_as_many_sentences_as_were_asked_for() -> None:
    wanted = read_accepted(TEXT, make_body("Write three sentences on the harbour, dry"))
    assert write_sample_text(wanted).count("the harbour dry") == 3
    assert f"{compute_answer_price_usd(wanted, 1_000_000)}" > "3.75"


def test_json_fits_the_schema() -> None:
    schema = {"type": "OBJECT", "properties": {"lines": {"type": "ARRAY", "minItems": 2}}}
    made = make_body("x", responseMimeType="application/json", responseSchema=schema)
    assert write_sample_text(read_accepted(TEXT, made)) == '{"lines": ["x", "x"]}'


# -- over HTTP ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running_simulator() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


@pytest.fixture
def simulator(running_simulator: Simulator) -> Simulator:
    running_simulator.world.reset()
    running_simulator.world.tokens["a-token"] = running_simulator.world.clock.now() + 1e6
    return running_simulator


def post_body(
    sim: Simulator, model: str, body: dict[str, Any], host: str = "gemini"
) -> httpx.Response:
    place, head = {
        "gemini": ("v1beta", {"x-goog-api-key": sim.world.keys["gemini"]}),
        "vertex": (
            "v1/projects/a-project/locations/global/publishers/google",
            {"Authorization": "Bearer a-token"},
        ),
        "express": ("v1beta1/publishers/google", {"x-goog-api-key": sim.world.keys["vertex"]}),
    }[host]
    url = f"{sim.url}/{place}/models/{model}:generateContent"
    return httpx.post(url, json=body, headers=head, timeout=30, verify=False)


def read_picture_size(answer: httpx.Response) -> tuple[int, int]:
    import cv2
    import numpy as np

    part = answer.json()["candidates"][0]["content"]["parts"][0]["inlineData"]
    assert part["mimeType"] == "image/png"
    data = np.frombuffer(base64.b64decode(part["data"]), np.uint8)
    high, wide = cv2.imdecode(data, cv2.IMREAD_COLOR).shape[:2]
    return wide, high


@pytest.mark.parametrize("host", ["gemini", "vertex", "express"])
def test_each_host_answers_and_charges(simulator: Simulator, host: str) -> None:
    answer = post_body(simulator, TEXT, make_body("Write one sentence on the harbour"), host)
    assert answer.json()["candidates"][0]["finishReason"] == "STOP"
    assert "the harbour" in answer.json()["candidates"][0]["content"]["parts"][0]["text"]
    (charge,) = simulator.world.bill.charges
    assert (charge.kind, charge.provider) == ("text", "gemini" if host == "gemini" else "vertex")
    assert charge.usd > 0


def test_a_picture_comes_back_inline_and_can_be_given_again(simulator: Simulator) -> None:
    body = make_body("a quay", responseModalities=["IMAGE"], imageConfig={"aspectRatio": "9:16"})
    first = post_body(simulator, STILLS, body)
    assert read_picture_size(first) == (768, 1344)
    part = first.json()["candidates"][0]["content"]["parts"][0]
    body["contents"][0]["parts"].append(part)
    again = post_body(simulator, STILLS, body)
    assert again.json()["candidates"] != first.json()["candidates"]
    assert f"{simulator.world.bill.total_usd}" == "0.078"
    broken = post_body(simulator, STILLS, make_body("a quay", make_inline_part(b"not a picture")))
    assert "Unable to process" in broken.json()["error"]["message"]


def test_faults_and_filters(simulator: Simulator) -> None:
    body = make_body("a quay")
    simulator.world.faults.add("blocked")
    answer = post_body(simulator, STILLS, body).json()
    assert "candidates" not in answer
    assert answer["promptFeedback"] == {"blockReason": "PROHIBITED_CONTENT"}
    simulator.world.faults.add("filtered")
    candidate = post_body(simulator, STILLS, body).json()["candidates"][0]
    assert (candidate["finishReason"], "content" in candidate) == ("IMAGE_SAFETY", False)
    simulator.world.faults.add("failed")
    assert post_body(simulator, STILLS, body).status_code == 500
    assert simulator.world.bill.total_usd == 0
    simulator.world.faults.add("wrong_size")
    assert read_picture_size(post_body(simulator, STILLS, body)) == (512, 512)
    simulator.world.faults.add("drop_after")
    with pytest.raises(httpx.RemoteProtocolError):
        post_body(simulator, STILLS, body)
    assert len(simulator.world.bill.charges) == 4
    simulator.world.faults.add("html@submit")
    assert post_body(simulator, STILLS, body).headers["content-type"].startswith("text/html")
    regional = "v1/projects/a-project/locations/europe-west4/publishers/google/models"
    token = {"Authorization": "Bearer a-token"}
    away = httpx.post(
        f"{simulator.url}/{regional}/{TEXT}:generateContent", json=body, headers=token
    )
    assert away.status_code == 404
    bare = httpx.post(f"{simulator.url}/v1beta/models/{STILLS}:generateContent", json=body)
    assert bare.status_code == 403


def test_the_official_client_is_content(simulator: Simulator) -> None:
    from google import genai
    from google.genai import types
    from google.oauth2.credentials import Credentials

    options = types.HttpOptions(base_url=simulator.url)
    keyed = genai.Client(api_key=simulator.world.keys["gemini"], http_options=options)
    placed = genai.Client(
        vertexai=True,
        project="a-project",
        location="global",
        credentials=Credentials("a-token"),
        http_options=options,
    )
    spoken = types.GenerateContentConfig(
        response_modalities=["AUDIO"],
        speech_config=types.SpeechConfig(
            voice_config=types.VoiceConfig(
                prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name="Kore")
            )
        ),
    )
    drawn = types.GenerateContentConfig(
        response_modalities=["TEXT", "IMAGE"],
        image_config=types.ImageConfig(aspect_ratio="16:9"),
        system_instruction="Paint it.",
    )
    for client in (keyed, placed):
        speech = client.models.generate_content(model=SPEECH, contents="Hello.", config=spoken)
        blob = speech.candidates[0].content.parts[0].inline_data
        assert blob.mime_type == "audio/L16;codec=pcm;rate=24000"
        assert len(blob.data) > PCM_RATE // 2
        still = client.models.generate_content(model=STILLS, contents="a quay", config=drawn)
        assert still.candidates[0].content.parts[0].inline_data.data.startswith(b"\x89PNG")
        text_answer = client.models.generate_content(
            model=TEXT, contents="Write one sentence on rain"
        )
        assert "on rain" in text_answer.text
