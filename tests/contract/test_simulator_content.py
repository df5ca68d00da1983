"""Pictures, words and speech by `generateContent`, as the simulator plays them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from storyboard.simulator.rules.content import Wanted, price, read_request
from storyboard.simulator.rules.refusal import Refusal
from storyboard.simulator.serve import Simulator
from storyboard.simulator.sketches import PCM_RATE, speak, write

STILLS, SPEECH, TEXT = "gemini-2.5-flash-image", "gemini-3.8-flash-tts", "gemini-3.8-flash"


def body(*parts: Any, **config: Any) -> dict[str, Any]:
    held = [{"text": part} if isinstance(part, str) else part for part in parts]
    return {"contents": [{"role": "user", "parts": held}], "generationConfig": config}


def inline(data: bytes, mime: str = "image/png") -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime, "data": base64.b64encode(data).decode()}}


def voice(name: str) -> dict[str, Any]:
    return {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": name}}}


def accepted(model: str, made: dict[str, Any]) -> Wanted:
    wanted = read_request(model, made)
    assert isinstance(wanted, Wanted), wanted
    return wanted


@pytest.mark.parametrize(
    ("model", "made", "words"),
    [
        ("gemini-omni-1.2-flash", body("x"), "only supports Interactions API"),
        ("gemini-9", body("x"), "models/gemini-9 is not found"),
        (STILLS, body(), "contents is not specified"),
        (STILLS, body("x", responseModalities=["AUDIO"]), "combination of response modalities"),
        (STILLS, body("x", imageConfig={"aspectRatio": "5:1"}), "aspectRatio must be"),
        (STILLS, body("x", imageConfig={"imageSize": "4K"}), "imageSize must be"),
        (STILLS, body("x", *[inline(b"a")] * 4), "at most 3 images"),
        (STILLS, body("x", inline(b"a", "image/gif")), "Unsupported MIME type"),
        (STILLS, body("x", {"inlineData": {"mimeType": "image/png", "data": "?"}}), "Base64"),
        (SPEECH, body("x"), "combination of response modalities (TEXT)"),
        (SPEECH, body("x", responseModalities=["AUDIO"], speechConfig=voice("Bob")), "Bob is not"),
        (SPEECH, body("word " * 9000, responseModalities=["AUDIO"]), "input token count"),
        (TEXT, body("x", responseModalities=["IMAGE"]), "combination of response modalities"),
        (TEXT, body("x", responseSchema={"type": "OBJECT"}), "needs `responseMimeType`"),
        (TEXT, {"contents": {"parts": 7}}, "Invalid JSON payload"),
    ],
)
def test_it_refuses(model: str, made: dict[str, Any], words: str) -> None:
    refusal = read_request(model, made)
    assert isinstance(refusal, Refusal)
    assert words in refusal.message


def test_a_picture_has_the_size_of_its_aspect_and_a_price_of_its_own() -> None:
    made = body("a quay", imageConfig={"aspectRatio": "16:9", "imageSize": "2K"})
    wanted = accepted("gemini-3-pro-image", made)
    assert wanted.size == (2688, 1536)
    assert f"{price(wanted, 1290)}" == "0.134"


def test_speech_is_as_long_as_its_words_and_sounds_by_its_voice() -> None:
    config = {"responseModalities": ["AUDIO"], "speechConfig": voice("Kore")}
    short, long = (speak(accepted(SPEECH, body(words, **config))) for words in ("No.", "No. " * 9))
    assert len(long) > 6 * len(short)
    assert 0.2 < len(short) / 2 / PCM_RATE < 1
    other = {**config, "speechConfig": voice("puck")}
    assert speak(accepted(SPEECH, body("No.", **other))) != short
    assert speak(accepted(SPEECH, body("No.", **config))) == short


def test_words_come_in_as_many_sentences_as_were_asked_for() -> None:
    wanted = accepted(TEXT, body("Write three sentences on the harbour, dry"))
    assert write(wanted).count("the harbour dry") == 3
    assert f"{price(wanted, 1_000_000)}" > "3.75"


def test_json_fits_the_schema() -> None:
    schema = {"type": "OBJECT", "properties": {"lines": {"type": "ARRAY", "minItems": 2}}}
    made = body("x", responseMimeType="application/json", responseSchema=schema)
    assert write(accepted(TEXT, made)) == '{"lines": ["x", "x"]}'


# -- over HTTP ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    running.world.reset()
    running.world.tokens["a-token"] = running.world.clock.now() + 1e6
    return running


def post(sim: Simulator, model: str, made: dict[str, Any], host: str = "gemini") -> httpx.Response:
    place, head = {
        "gemini": ("v1beta", {"x-goog-api-key": sim.world.keys["gemini"]}),
        "vertex": (
            "v1/projects/a-project/locations/global/publishers/google",
            {"Authorization": "Bearer a-token"},
        ),
        "express": ("v1beta1/publishers/google", {"x-goog-api-key": sim.world.keys["vertex"]}),
    }[host]
    url = f"{sim.url}/{place}/models/{model}:generateContent"
    return httpx.post(url, json=made, headers=head, timeout=30, verify=False)


def size_of(answer: httpx.Response) -> tuple[int, int]:
    import cv2
    import numpy as np

    part = answer.json()["candidates"][0]["content"]["parts"][0]["inlineData"]
    assert part["mimeType"] == "image/png"
    data = np.frombuffer(base64.b64decode(part["data"]), np.uint8)
    high, wide = cv2.imdecode(data, cv2.IMREAD_COLOR).shape[:2]
    return wide, high


@pytest.mark.parametrize("host", ["gemini", "vertex", "express"])
def test_each_host_answers_and_charges(sim: Simulator, host: str) -> None:
    answer = post(sim, TEXT, body("Write one sentence on the harbour"), host)
    assert answer.json()["candidates"][0]["finishReason"] == "STOP"
    assert "the harbour" in answer.json()["candidates"][0]["content"]["parts"][0]["text"]
    (charge,) = sim.world.bill.charges
    assert (charge.kind, charge.provider) == ("text", "gemini" if host == "gemini" else "vertex")
    assert charge.usd > 0


def test_a_picture_comes_back_inline_and_can_be_given_again(sim: Simulator) -> None:
    made = body("a quay", responseModalities=["IMAGE"], imageConfig={"aspectRatio": "9:16"})
    first = post(sim, STILLS, made)
    assert size_of(first) == (768, 1344)
    part = first.json()["candidates"][0]["content"]["parts"][0]
    made["contents"][0]["parts"].append(part)
    again = post(sim, STILLS, made)
    assert again.json()["candidates"] != first.json()["candidates"]
    assert f"{sim.world.bill.total_usd}" == "0.078"
    broken = post(sim, STILLS, body("a quay", inline(b"not a picture")))
    assert "Unable to process" in broken.json()["error"]["message"]


def test_faults_and_filters(sim: Simulator) -> None:
    made = body("a quay")
    sim.world.faults.add("blocked")
    told = post(sim, STILLS, made).json()
    assert "candidates" not in told
    assert told["promptFeedback"] == {"blockReason": "PROHIBITED_CONTENT"}
    sim.world.faults.add("filtered")
    candidate = post(sim, STILLS, made).json()["candidates"][0]
    assert (candidate["finishReason"], "content" in candidate) == ("IMAGE_SAFETY", False)
    sim.world.faults.add("failed")
    assert post(sim, STILLS, made).status_code == 500
    assert sim.world.bill.total_usd == 0
    sim.world.faults.add("wrong_size")
    assert size_of(post(sim, STILLS, made)) == (512, 512)
    sim.world.faults.add("drop_after")
    with pytest.raises(httpx.RemoteProtocolError):
        post(sim, STILLS, made)
    assert len(sim.world.bill.charges) == 4
    sim.world.faults.add("html@submit")
    assert post(sim, STILLS, made).headers["content-type"].startswith("text/html")
    regional = "v1/projects/a-project/locations/europe-west4/publishers/google/models"
    token = {"Authorization": "Bearer a-token"}
    away = httpx.post(f"{sim.url}/{regional}/{TEXT}:generateContent", json=made, headers=token)
    assert away.status_code == 404
    bare = httpx.post(f"{sim.url}/v1beta/models/{STILLS}:generateContent", json=made)
    assert bare.status_code == 403


def test_the_official_client_is_content(sim: Simulator) -> None:
    from google import genai
    from google.genai import types
    from google.oauth2.credentials import Credentials

    options = types.HttpOptions(base_url=sim.url)
    keyed = genai.Client(api_key=sim.world.keys["gemini"], http_options=options)
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
        told = client.models.generate_content(model=TEXT, contents="Write one sentence on rain")
        assert "on rain" in told.text
