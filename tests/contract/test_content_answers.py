"""Stills, texts and speech: what is believed of the one answer there is."""

from __future__ import annotations

import asyncio
import base64
import io
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storyboard.errors import (
    InvalidRequest,
    ProviderError,
    QuotaError,
    RefusedError,
    RetiredModel,
    UnknownOutcome,
)
from storyboard.providers.base import Done, Failed, Input, Kind, Operation, Outcome, Request, Role
from storyboard.providers.gemini import Gemini
from tests.contract.comet import said
from tests.contract.gemini_cases import KEY, asked, pointed, polled, spoken, submitted, using
from tests.contract.scripted import Answer, Scripted, told
from tests.contract.vertex_cases import PNG, Place

STILL, TEXT = "gemini-3.1-flash-image", "gemini-3.8-flash"
JPEG = b"\xff\xd8\xff\xe0" + bytes(200)
PCM = bytes(range(200)) * 10


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    with Scripted() as server:
        pointed(monkeypatch, server)
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "scratch")


def inline(data: bytes, mime: str, **more: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime, "data": base64.b64encode(data).decode()}, **more}


def words(text: str, **more: Any) -> dict[str, Any]:
    return {"text": text, **more}


def answered(*parts: Any, reason: str = "STOP", **more: Any) -> Answer:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": reason}
    return told({"candidates": [{**candidate, **more}], "responseId": "9Xy_a-1"})


def route(request: Request) -> str:
    return f"POST /v1beta/models/{request.model}:generateContent"


async def both(gemini: Gemini, request: Request, place: Place) -> tuple[Operation, Outcome]:
    operation = await gemini.submit(request, place)
    return operation, await gemini.poll(operation, place)


def made(service: Scripted, request: Request, answer: Answer, place: Place) -> Path:
    """The one file that came of a request."""
    service.say(route(request), answer)
    operation, outcome = using(lambda gemini: both(gemini, request, place))
    assert isinstance(outcome, Done)
    assert operation.samples == outcome.samples
    assert operation.name == "content/9Xy_a-1"
    (sample,) = outcome.samples
    assert sample.path is not None
    assert not sample.uri
    return sample.path


def failed(service: Scripted, request: Request, answer: Answer, place: Place) -> Failed:
    service.say(route(request), answer)
    operation, outcome = using(lambda gemini: both(gemini, request, place))
    assert isinstance(outcome, Failed)
    assert not operation.samples
    return outcome


def test_a_still_keeps_its_format(service: Scripted, place: Place) -> None:
    request = asked(Kind.STILL, model=STILL, resolution="1k")
    for data, mime, suffix in ((PNG, "image/png", ".png"), (JPEG, "image/jpeg", ".jpg")):
        path = made(service, request, answered(words("Here."), inline(data, mime)), place)
        assert (path.suffix, path.read_bytes()) == (suffix, data)


def test_a_sketch_is_not_the_picture(service: Scripted, place: Place) -> None:
    request = asked(Kind.STILL, model=STILL, resolution="1k")
    thought = inline(JPEG, "image/jpeg", thought=True)
    answer = answered(thought, inline(JPEG, "image/jpeg"), inline(PNG, "image/png"))
    assert made(service, request, answer, place).read_bytes() == PNG


def test_a_text_is_its_words_and_nothing_else(service: Scripted, place: Place) -> None:
    request = asked(Kind.WRITE, model=TEXT)
    answer = answered(words("Let me see.", thought=True), words(" Größe "), words("zählt. \n"))
    path = made(service, request, answer, place)
    assert path.name == "write.txt"
    assert path.read_text("utf-8") == "Größe zählt.\n"


@pytest.mark.parametrize(
    ("mime", "rate", "channels"),
    [
        ("audio/L16;codec=pcm;rate=24000", 24000, 1),
        ("audio/l16; rate=16000; channels=2", 16000, 2),
        ("audio/pcm", 24000, 1),
    ],
)
def test_bare_samples_get_a_header(
    service: Scripted, place: Place, mime: str, rate: int, channels: int
) -> None:
    path = made(service, spoken("Land ahead."), answered(inline(PCM, mime)), place)
    with wave.open(str(path), "rb") as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (
            rate,
            channels,
            2,
        )
        assert sound.readframes(10_000) == PCM


def test_speech_may_come_in_pieces_or_with_a_header(service: Scripted, place: Place) -> None:
    mime = "audio/L16;rate=24000"
    path = made(
        service, spoken("Land."), answered(inline(PCM, mime), inline(PCM[:101], mime)), place
    )
    with wave.open(str(path), "rb") as sound:
        assert sound.readframes(10_000) == PCM + PCM[:100]
    whole = io.BytesIO()
    with wave.open(whole, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(48_000)
        sound.writeframes(PCM)
    path = made(service, spoken("Land."), answered(inline(whole.getvalue(), "audio/wav")), place)
    assert path.read_bytes() == whole.getvalue()


def test_speech_reads_words_that_an_earlier_step_wrote(
    service: Scripted, place: Place, tmp_path: Path
) -> None:
    text = tmp_path / "words.txt"
    text.write_text("Land ahead.\n", "utf-8")
    written = Input(Role.TEXT, sha256="t", path=text)
    request = replace(spoken("", "Puck"), prompt="Say slowly:", inputs=(written,))
    made(service, request, answered(inline(PCM, "audio/L16;rate=24000")), place)
    sent = service.asked[0].json
    assert sent["contents"][0]["parts"] == [{"text": "Say slowly: Land ahead."}]
    voice = sent["generationConfig"]["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"]
    assert voice == {"voiceName": "Puck"}
    text.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidRequest, match="can't be read"):
        submitted(request, place)
    text.unlink()
    with pytest.raises(InvalidRequest, match="can't be read"):
        submitted(request, place)
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (told({"promptFeedback": {"blockReason": "SAFETY"}}), "safety"),
        (told({"promptFeedback": {"blockReason": "A_NEW_WORD"}}), "a new word"),
        (told({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}), "prohibited content"),
        (told({"candidates": [{"finishReason": "IMAGE_SAFETY"}]}), "safety of the picture"),
        (answered(words("So"), reason="PROHIBITED_CONTENT"), "prohibited content"),
        (answered(reason="RECITATION", finishMessage="It is known."), "somebody else's words"),
        (answered(reason="SPII"), "personal data"),
    ],
)
def test_a_refusal_is_told_in_words(
    service: Scripted, place: Place, answer: Answer, seen: str
) -> None:
    request = asked(Kind.STILL, model=STILL, resolution="1k")
    service.say(route(request), answer)
    with pytest.raises(RefusedError, match=seen) as refused:
        submitted(request, place)
    assert refused.value.category == seen
    assert not list(place.scratch.iterdir())


def test_an_answer_of_no_use_is_no_take(service: Scripted, place: Place) -> None:
    still, text = asked(Kind.STILL, model=STILL, resolution="1k"), asked(Kind.WRITE, model=TEXT)
    told_no = failed(service, still, answered(words("I can't.")), place)
    assert told_no == Failed("the model made no picture and said: I can't.", billed=True)
    cut_off = failed(service, still, answered(reason="MAX_TOKENS"), place)
    assert cut_off == Failed("the model made no picture (max tokens)", billed=True)
    assert failed(service, still, told({}), place) == Failed(
        "the model made no picture; what came is {}", billed=True
    )
    strange = {"inline_data": {"mime_type": "image/png", "data": "aGk="}}
    assert failed(service, still, answered(strange), place).message.endswith(
        "what came is {role: text, parts: [{inline_data: {mime_type: text, data: text}}]}"
    )
    assert failed(service, text, answered(), place).billed
    assert failed(service, text, answered(words("Once"), reason="MAX_TOKENS"), place) == Failed(
        "the text was cut off at 2048 tokens", billed=True
    )
    broken = {"inlineData": {"mimeType": "audio/L16", "data": "?"}}
    assert failed(service, spoken("Land."), answered(broken), place).billed
    silent = failed(service, spoken("Land."), answered(inline(PNG, "image/png")), place)
    assert (silent.message.partition(";")[0], silent.billed) == ("the model made no speech", True)


@pytest.mark.parametrize(
    ("usage", "billed"),
    [
        ({"promptTokenCount": 9, "totalTokenCount": 9}, False),
        ({"promptTokenCount": 9, "candidatesTokenCount": 0}, False),
        ({"promptTokenCount": 9, "candidatesTokenCount": 1290}, True),
        ({"promptTokenCount": 9, "thoughtsTokenCount": 40}, True),
        ({}, True),
        (None, True),
    ],
)
def test_an_answer_of_no_use_costs_what_it_says_it_used(
    service: Scripted, place: Place, usage: Any, billed: bool
) -> None:
    still = asked(Kind.STILL, model=STILL, resolution="1k")
    answer = {"candidates": [{"finishReason": "NO_IMAGE"}], "usageMetadata": usage}
    assert failed(service, still, told(answer), place).billed is billed


def test_an_error_in_place_of_an_answer_says_nothing_of_money(
    service: Scripted, place: Place
) -> None:
    request = asked(Kind.WRITE, model=TEXT)
    service.say(route(request), told({"error": {"code": 13, "message": "Internal"}}))
    with pytest.raises(UnknownOutcome, match="in place of an answer: Internal"):
        submitted(request, place)


@pytest.mark.parametrize("value", [[], "x", {"candidates": [7]}, {"candidates": {"a": 1}}])
def test_nonsense_is_no_take(service: Scripted, place: Place, value: Any) -> None:
    assert isinstance(failed(service, asked(Kind.WRITE, model=TEXT), told(value), place), Failed)


def test_after_a_crash_the_answer_is_lost(service: Scripted, place: Place) -> None:
    outcome = polled("content/9Xy_a-1", place)
    assert isinstance(outcome, Failed)
    assert outcome.billed
    assert "can't be asked for again" in outcome.message
    assert not service.asked


def test_a_fault_says_what_it_cost(service: Scripted, place: Place) -> None:
    request = asked(Kind.WRITE, model=TEXT)
    error = {"code": 404, "message": "models/x is no longer available", "status": "NOT_FOUND"}
    for answer, kind in (
        (None, UnknownOutcome),
        (told({"error": {"message": "overloaded"}}, 503), UnknownOutcome),
        (told({"error": {"message": "slowly"}}, 429), QuotaError),
        (told({"error": error}, 404), RetiredModel),
        (told({"error": {"message": f"not with {KEY}"}}, 400), InvalidRequest),
    ):
        service.asked.clear()
        service.say(route(request), answer)
        with pytest.raises(kind) as wrong:
            submitted(request, place)
        assert len(service.asked) == 1
        assert KEY not in said(wrong.value)


def test_names_of_answers_hold_nothing_strange(service: Scripted, place: Place) -> None:
    request = asked(Kind.WRITE, model=TEXT)
    for told_name in ("../../x", "", 7, "a" * 200):
        candidate = {"content": {"parts": [words("So.")]}, "finishReason": "STOP"}
        service.say(route(request), told({"candidates": [candidate], "responseId": told_name}))
        name = submitted(request, place).name
        assert name.startswith("content/")
        assert name.removeprefix("content/").isalnum()


def test_a_model_that_the_catalogue_does_not_know_goes_by_its_kind(
    service: Scripted, place: Place
) -> None:
    service.say("POST /v1beta/models/new-words:generateContent", answered(words("So.")))
    service.say("POST /v1/interactions", told({"id": "v1_1"}))
    service.say("POST /v1beta/models/veo-9:predictLongRunning", told({"error": {}}, 400))
    assert submitted(asked(Kind.WRITE, model="new-words"), place).samples
    assert submitted(asked(model="gemini-omni-9"), place).name == "interactions/v1_1"
    with pytest.raises(ProviderError):
        submitted(asked(model="veo-9"), place)


def test_two_answers_at_once_are_not_mixed_up(service: Scripted, tmp_path: Path) -> None:
    request = asked(Kind.WRITE, model=TEXT)
    candidates = [{"candidates": [{"content": {"parts": [words(w)]}}]} for w in ("one", "two")]
    service.say(route(request), *(told(each) for each in candidates))
    places = [Place(tmp_path / name) for name in "ab"]

    async def together(gemini: Gemini) -> list[Operation]:
        return list(await asyncio.gather(*(gemini.submit(request, each) for each in places)))

    for operation, each in zip(using(together), places, strict=True):
        path = operation.samples[0].path
        assert path is not None
        assert path.parent == each.scratch
