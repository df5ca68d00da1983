"""Pictures, words and speech by `generateContent`, as the simulator plays them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from storyboard.simulator.rules.content import Wanted, price, read_request
from storyboard.simulator.rules.refusal import Refusal
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
