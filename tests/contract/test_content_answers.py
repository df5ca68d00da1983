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
from storyboard.providers.google.gemini import Gemini
from tests.contract.comet import collect_error_text
from tests.contract.gemini_cases import (
    KEY,
    make_request,
    make_speech_request,
    point_to_server,
    poll_operation,
    run_with_adapter,
    submit_request,
)
from tests.contract.scripted import ScriptedAnswer, ScriptedServer, make_json_answer
from tests.contract.vertex_cases import PNG, ThreadWorkspace

STILL, TEXT = "gemini-3.1-flash-image", "gemini-3.8-flash"
JPEG = b"\xff\xd8\xff\xe0" + bytes(200)
PCM = bytes(range(200)) * 10


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        point_to_server(monkeypatch, server)
        yield server


@pytest.fixture
def workspace(tmp_path: Path) -> ThreadWorkspace:
    return ThreadWorkspace(tmp_path / "scratch")


def make_inline_part(data: bytes, mime: str, **more: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime, "data": base64.b64encode(data).decode()}, **more}


def make_text_part(text: str, **more: Any) -> dict[str, Any]:
    return {"text": text, **more}


def make_answer(*parts: Any, reason: str = "STOP", **more: Any) -> ScriptedAnswer:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": reason}
    return make_json_answer({"candidates": [{**candidate, **more}], "responseId": "9Xy_a-1"})


def find_route(request: Request) -> str:
    return f"POST /v1beta/models/{request.model}:generateContent"


async def submit_and_poll(
    gemini: Gemini, request: Request, workspace: ThreadWorkspace
) -> tuple[Operation, Outcome]:
    operation = await gemini.submit(request, workspace)
    return operation, await gemini.poll(operation, workspace)


def fetch_single_file(
    service: ScriptedServer, request: Request, answer: ScriptedAnswer, workspace: ThreadWorkspace
) -> Path:
    """The one file that came of a request."""
    service.script_replies(find_route(request), answer)
    operation, outcome = run_with_adapter(
        lambda gemini: submit_and_poll(gemini, request, workspace)
    )
    assert isinstance(outcome, Done)
    assert operation.samples == outcome.samples
    assert operation.name == "content/9Xy_a-1"
    (sample,) = outcome.samples
    assert sample.path is not None
    assert not sample.uri
    return sample.path


def fetch_failure(
    service: ScriptedServer, request: Request, answer: ScriptedAnswer, workspace: ThreadWorkspace
) -> Failed:
    service.script_replies(find_route(request), answer)
    operation, outcome = run_with_adapter(
        lambda gemini: submit_and_poll(gemini, request, workspace)
    )
    assert isinstance(outcome, Failed)
    assert not operation.samples
    return outcome


def test_a_still_keeps_its_format(service: ScriptedServer, workspace: ThreadWorkspace) -> None:
    request = make_request(Kind.STILL, model=STILL, resolution="1k")
    for data, mime, suffix in ((PNG, "image/png", ".png"), (JPEG, "image/jpeg", ".jpg")):
        path = fetch_single_file(
            service,
            request,
            make_answer(make_text_part("Here."), make_inline_part(data, mime)),
            workspace,
        )
        assert (path.suffix, path.read_bytes()) == (suffix, data)


def test_a_sketch_is_not_the_picture(service: ScriptedServer, workspace: ThreadWorkspace) -> None:
    request = make_request(Kind.STILL, model=STILL, resolution="1k")
    thought = make_inline_part(JPEG, "image/jpeg", thought=True)
    answer = make_answer(
        thought, make_inline_part(JPEG, "image/jpeg"), make_inline_part(PNG, "image/png")
    )
    assert fetch_single_file(service, request, answer, workspace).read_bytes() == PNG


def test_a_text_is_its_words_and_nothing_else(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    request = make_request(Kind.WRITE, model=TEXT)
    answer = make_answer(
        make_text_part("Let me see.", thought=True),
        make_text_part(" Größe "),
        make_text_part("zählt. \n"),
    )
    path = fetch_single_file(service, request, answer, workspace)
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
    service: ScriptedServer, workspace: ThreadWorkspace, mime: str, rate: int, channels: int
) -> None:
    path = fetch_single_file(
        service,
        make_speech_request("Land ahead."),
        make_answer(make_inline_part(PCM, mime)),
        workspace,
    )
    with wave.open(str(path), "rb") as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (
            rate,
            channels,
            2,
        )
        assert sound.readframes(10_000) == PCM


def test_speech_may_come_in_pieces_or_with_a_header(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    mime = "audio/L16;rate=24000"
    path = fetch_single_file(
        service,
        make_speech_request("Land."),
        make_answer(make_inline_part(PCM, mime), make_inline_part(PCM[:101], mime)),
        workspace,
    )
    with wave.open(str(path), "rb") as sound:
        assert sound.readframes(10_000) == PCM + PCM[:100]
    whole = io.BytesIO()
    with wave.open(whole, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(48_000)
        sound.writeframes(PCM)
    path = fetch_single_file(
        service,
        make_speech_request("Land."),
        make_answer(make_inline_part(whole.getvalue(), "audio/wav")),
        workspace,
    )
    assert path.read_bytes() == whole.getvalue()


def test_speech_reads_words_that_an_earlier_step_wrote(
    service: ScriptedServer, workspace: ThreadWorkspace, tmp_path: Path
) -> None:
    text = tmp_path / "words.txt"
    text.write_text("Land ahead.\n", "utf-8")
    written = Input(Role.TEXT, sha256="t", path=text)
    request = replace(make_speech_request("", "Puck"), prompt="Say slowly:", inputs=(written,))
    fetch_single_file(
        service, request, make_answer(make_inline_part(PCM, "audio/L16;rate=24000")), workspace
    )
    sent = service.requests[0].json
    assert sent["contents"][0]["parts"] == [{"text": "Say slowly: Land ahead."}]
    voice = sent["generationConfig"]["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"]
    assert voice == {"voiceName": "Puck"}
    text.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidRequest, match="can't be read"):
        submit_request(request, workspace)
    text.unlink()
    with pytest.raises(InvalidRequest, match="can't be read"):
        submit_request(request, workspace)
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (make_json_answer({"promptFeedback": {"blockReason": "SAFETY"}}), "safety"),
        (make_json_answer({"promptFeedback": {"blockReason": "A_NEW_WORD"}}), "a new word"),
        (
            make_json_answer({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}),
            "prohibited content",
        ),
        (
            make_json_answer({"candidates": [{"finishReason": "IMAGE_SAFETY"}]}),
            "safety of the image",
        ),
        (make_answer(make_text_part("So"), reason="PROHIBITED_CONTENT"), "prohibited content"),
        (make_answer(reason="RECITATION", finishMessage="It is known."), "copied text"),
        (make_answer(reason="SPII"), "personal data"),
    ],
)
def test_a_refusal_is_explained(
    service: ScriptedServer, workspace: ThreadWorkspace, answer: ScriptedAnswer, seen: str
) -> None:
    request = make_request(Kind.STILL, model=STILL, resolution="1k")
    service.script_replies(find_route(request), answer)
    with pytest.raises(RefusedError, match=seen) as refused:
        submit_request(request, workspace)
    assert refused.value.category == seen


def test_the_filter_of_a_project_is_mended_in_its_template(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    request = make_request(Kind.STILL, model=STILL, resolution="1k")
    service.script_replies(find_route(request), make_answer(reason="MODEL_ARMOR"))
    with pytest.raises(RefusedError) as refused:
        submit_request(request, workspace)
    assert "Model Armor template" in refused.value.hint
    assert not list(workspace.scratch.iterdir())


def test_an_answer_of_no_use_is_no_take(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    still, text = (
        make_request(Kind.STILL, model=STILL, resolution="1k"),
        make_request(Kind.WRITE, model=TEXT),
    )
    told_no = fetch_failure(service, still, make_answer(make_text_part("I can't.")), workspace)
    assert told_no == Failed("the model returned no image and answered: I can't.", billed=True)
    cut_off = fetch_failure(service, still, make_answer(reason="MAX_TOKENS"), workspace)
    assert cut_off == Failed("the model returned no image (max tokens)", billed=True)
    assert fetch_failure(service, still, make_json_answer({}), workspace) == Failed(
        "the model returned no image; received {}", billed=True
    )
    strange = {"inline_data": {"mime_type": "image/png", "data": "aGk="}}
    assert fetch_failure(service, still, make_answer(strange), workspace).message.endswith(
        "received {role: text, parts: [{inline_data: {mime_type: text, data: text}}]}"
    )
    assert fetch_failure(service, text, make_answer(), workspace).billed
    assert fetch_failure(
        service, text, make_answer(make_text_part("Once"), reason="MAX_TOKENS"), workspace
    ) == Failed("the text was cut off at 2048 tokens", billed=True)
    broken = {"inlineData": {"mimeType": "audio/L16", "data": "?"}}
    assert fetch_failure(
        service, make_speech_request("Land."), make_answer(broken), workspace
    ).billed
    silent = fetch_failure(
        service,
        make_speech_request("Land."),
        make_answer(make_inline_part(PNG, "image/png")),
        workspace,
    )
    assert (silent.message.partition(";")[0], silent.billed) == (
        "the model returned no speech",
        True,
    )


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
    service: ScriptedServer, workspace: ThreadWorkspace, usage: Any, billed: bool
) -> None:
    still = make_request(Kind.STILL, model=STILL, resolution="1k")
    answer = {"candidates": [{"finishReason": "NO_IMAGE"}], "usageMetadata": usage}
    assert fetch_failure(service, still, make_json_answer(answer), workspace).billed is billed


def test_an_error_in_place_of_an_answer_leaves_the_cost_open(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    request = make_request(Kind.WRITE, model=TEXT)
    service.script_replies(
        find_route(request), make_json_answer({"error": {"code": 13, "message": "Internal"}})
    )
    with pytest.raises(UnknownOutcome, match="the answer is an error: Internal"):
        submit_request(request, workspace)


@pytest.mark.parametrize("value", [[], "x", {"candidates": [7]}, {"candidates": {"a": 1}}])
def test_nonsense_is_no_take(
    service: ScriptedServer, workspace: ThreadWorkspace, value: Any
) -> None:
    assert isinstance(
        fetch_failure(
            service, make_request(Kind.WRITE, model=TEXT), make_json_answer(value), workspace
        ),
        Failed,
    )


def test_after_a_crash_the_answer_is_lost(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    outcome = poll_operation("content/9Xy_a-1", workspace)
    assert isinstance(outcome, Failed)
    assert outcome.billed
    assert "can't be requested again" in outcome.message
    assert not service.requests


def test_a_fault_says_what_it_cost(service: ScriptedServer, workspace: ThreadWorkspace) -> None:
    request = make_request(Kind.WRITE, model=TEXT)
    error = {"code": 404, "message": "models/x is no longer available", "status": "NOT_FOUND"}
    for answer, kind in (
        (None, UnknownOutcome),
        (make_json_answer({"error": {"message": "overloaded"}}, 503), UnknownOutcome),
        (make_json_answer({"error": {"message": "slowly"}}, 429), QuotaError),
        (make_json_answer({"error": error}, 404), RetiredModel),
        (make_json_answer({"error": {"message": f"not with {KEY}"}}, 400), InvalidRequest),
    ):
        service.requests.clear()
        service.script_replies(find_route(request), answer)
        with pytest.raises(kind) as wrong:
            submit_request(request, workspace)
        assert len(service.requests) == 1
        assert KEY not in collect_error_text(wrong.value)


def test_names_of_answers_hold_nothing_strange(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    request = make_request(Kind.WRITE, model=TEXT)
    for told_name in ("../../x", "", 7, "a" * 200):
        candidate = {"content": {"parts": [make_text_part("So.")]}, "finishReason": "STOP"}
        service.script_replies(
            find_route(request),
            make_json_answer({"candidates": [candidate], "responseId": told_name}),
        )
        name = submit_request(request, workspace).name
        assert name.startswith("content/")
        assert name.removeprefix("content/").isalnum()


def test_a_model_that_the_catalogue_does_not_know_goes_by_its_kind(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    service.script_replies(
        "POST /v1beta/models/new-words:generateContent", make_answer(make_text_part("So."))
    )
    service.script_replies("POST /v1/interactions", make_json_answer({"id": "v1_1"}))
    service.script_replies(
        "POST /v1beta/models/veo-9:predictLongRunning", make_json_answer({"error": {}}, 400)
    )
    assert submit_request(make_request(Kind.WRITE, model="new-words"), workspace).samples
    assert (
        submit_request(make_request(model="gemini-omni-9"), workspace).name == "interactions/v1_1"
    )
    with pytest.raises(ProviderError):
        submit_request(make_request(model="veo-9"), workspace)


def test_two_answers_at_once_are_not_mixed_up(service: ScriptedServer, tmp_path: Path) -> None:
    request = make_request(Kind.WRITE, model=TEXT)
    candidates = [
        {"candidates": [{"content": {"parts": [make_text_part(w)]}}]} for w in ("one", "two")
    ]
    service.script_replies(find_route(request), *(make_json_answer(each) for each in candidates))
    places = [ThreadWorkspace(tmp_path / name) for name in "ab"]

    async def submit_and_poll_all(gemini: Gemini) -> list[Operation]:
        return list(await asyncio.gather(*(gemini.submit(request, each) for each in places)))

    for operation, each in zip(run_with_adapter(submit_and_poll_all), places, strict=True):
        path = operation.samples[0].path
        assert path is not None
        assert path.parent == each.scratch
