"""CometAPI's chat: the answer is the whole job, whatever shape it comes in."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storyboard.errors import AuthenticationError, InvalidRequest, QuotaError, UnknownOutcome
from storyboard.providers.base import (
    Done,
    Failed,
    Filtered,
    Input,
    Kind,
    Operation,
    Outcome,
    Role,
    Sample,
)
from tests.contract.comet import (
    KEY,
    PNG,
    InlineWorkspace,
    collect_error_text,
    make_adapter,
    make_request,
    write_picture,
)
from tests.contract.scripted import (
    ScriptedAnswer,
    ScriptedServer,
    make_event_stream,
    make_json_answer,
    make_video_answer,
)

ROUTE = "POST /v1/chat/completions"
URL = "https://storage.test/video/a?X-Goog-Signature=abc&x=1"
CLIP = b"\0\0\0\x18ftypmp42" + bytes(3000)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        monkeypatch.setenv("STORYBOARD_COMETAPI_BASE_URL", server.url)
        monkeypatch.setenv("COMETAPI_KEY", KEY)
        yield server


@pytest.fixture
def workspace(tmp_path: Path) -> InlineWorkspace:
    return InlineWorkspace(tmp_path)


def make_chunk(finish: str | None = None, **delta: str) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    event = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "choices": [choice]}
    return b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n"


USAGE = b'data: {"id":"chatcmpl-7","choices":[],"usage":{"total_tokens":9}}\n\n'
END = b"data: [DONE]\n\n"
PROGRESS = (b": hello\n\n", make_chunk(role="assistant", reasoning_content="3%"),
            make_chunk(reasoning_content="67%"))  # fmt: skip
GOOD = (*PROGRESS, make_chunk("stop", content=f"<video src='{URL}' controls></video>"), USAGE, END)


def submit_and_poll(
    workspace: InlineWorkspace, *inputs: Input, kind: Kind = Kind.GENERATE, **settings: Any
) -> tuple[Operation, Outcome]:
    """The operation, and what asking for it gives in the same process."""

    async def submit_and_poll_once() -> tuple[Operation, Outcome]:
        comet = make_adapter("chat")
        try:
            operation = await comet.submit(make_request(kind, *inputs, **settings), workspace)
            return operation, await comet.poll(operation, workspace)
        finally:
            await comet.close()

    return asyncio.run(submit_and_poll_once())


# what is sent


def test_the_body_is_the_published_example_word_for_word(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    service.script_replies(ROUTE, make_event_stream(GOOD))
    submit_and_poll(workspace, resolution="1080p", audio=False)
    assert service.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert service.requests[0].json == {
        "model": "veo3.1",
        "stream": True,
        "messages": [{"role": "user", "content": "A tram climbs the hill, größer"}],
        "extra_body": {
            "google": {
                "config": {
                    "resolution": "1080p",
                    "durationSeconds": 8,
                    "aspectRatio": "16:9",
                    "generateAudio": False,
                    "numberOfVideos": 1,
                }
            }
        },
    }


def read_google_body(service: ScriptedServer) -> Any:
    return service.requests[0].json["extra_body"]["google"]


def make_data_uri(content: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def test_both_ends_go_along_as_data(service: ScriptedServer, workspace: InlineWorkspace) -> None:
    service.script_replies(ROUTE, make_event_stream(GOOD))
    ends = [
        write_picture(workspace.scratch, r, r.value) for r in (Role.FIRST_FRAME, Role.LAST_FRAME)
    ]
    submit_and_poll(workspace, *ends, kind=Kind.INTERPOLATE)
    assert read_google_body(service)["image"] == {"uri": make_data_uri(PNG + b"first_frame")}
    assert read_google_body(service)["lastFrame"] == {"uri": make_data_uri(PNG + b"last_frame")}


def test_references_keep_their_order(service: ScriptedServer, workspace: InlineWorkspace) -> None:
    service.script_replies(ROUTE, make_event_stream(GOOD))
    submit_and_poll(
        workspace, *(write_picture(workspace.scratch, Role.REFERENCE, name) for name in "cab")
    )
    assert read_google_body(service)["referenceImages"] == [
        {"image": {"uri": make_data_uri(PNG + name.encode())}, "referenceType": "asset"}
        for name in "cab"
    ]


def make_prior_video(
    workspace: InlineWorkspace, *, uri: str = "", expires_in_s: float | None = None, size: int = 9
) -> Input:
    path = workspace.scratch / "prior.mp4"
    with path.open("wb") as stream:
        stream.truncate(size)
    expires = None if expires_in_s is None else time.time() + expires_in_s
    return Input(Role.VIDEO, sha256="v", path=path, uri=uri, expires_at=expires)


@pytest.mark.parametrize(
    ("uri", "expires_in_s", "sent"),
    [
        (URL, None, URL),
        (URL, 3600.0, URL),
        (URL, -1.0, make_data_uri(bytes(9), "video/mp4")),
        ("", None, make_data_uri(bytes(9), "video/mp4")),
        ("/v1/videos/task_1/content", None, make_data_uri(bytes(9), "video/mp4")),
        ("gs://bucket/a.mp4", None, make_data_uri(bytes(9), "video/mp4")),
    ],
)
def test_a_prior_video_is_sent_by_url_until_it_expires(
    service: ScriptedServer,
    workspace: InlineWorkspace,
    uri: str,
    expires_in_s: float | None,
    sent: str,
) -> None:
    service.script_replies(ROUTE, make_event_stream(GOOD))
    given = make_prior_video(workspace, uri=uri, expires_in_s=expires_in_s)
    submit_and_poll(workspace, given, kind=Kind.EXTEND, duration_s=7)
    assert read_google_body(service)["video"] == {"uri": sent}
    assert read_google_body(service)["config"]["durationSeconds"] == 7


def test_a_prior_video_too_large_to_upload_is_refused(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    given = make_prior_video(workspace, uri=URL, expires_in_s=-1, size=15_000_001)
    with pytest.raises(InvalidRequest, match="has expired") as refused:
        submit_and_poll(workspace, given, kind=Kind.EXTEND)
    assert "continue:" in refused.value.hint
    assert service.requests == []


# what comes back

VIDEO = f"<video src='{URL}' controls></video>"
JSON = {"id": "chatcmpl-7", "choices": [{"message": {"role": "assistant", "content": VIDEO}}]}
PARTS = {"choices": [{"message": {"content": [{"type": "video_url", "video_url": {"url": URL}}]}}]}


@pytest.mark.parametrize(
    "answer",
    [
        make_event_stream(GOOD),
        make_event_stream([b"".join(GOOD).replace(b"\n", b"\r\n")]),
        make_event_stream([b"".join(GOOD)[i : i + 7] for i in range(0, len(b"".join(GOOD)), 7)]),
        make_event_stream([*GOOD[:-1], b"data: [DONE]"]),
        make_event_stream(GOOD, cut=True),
        make_event_stream(GOOD[:-2]),
        make_event_stream(GOOD[:-2], cut=True),
        make_event_stream([*PROGRESS, make_chunk(content=VIDEO)], cut=True),
        make_event_stream([make_chunk(content=VIDEO[:20]), make_chunk(content=VIDEO[20:]), END]),
        make_event_stream(
            [make_chunk(content=f'<video width="1" SRC="{URL.replace("&", "&amp;")}">'), END]
        ),
        make_event_stream(
            [make_chunk(content=f"![poster](https://x.test/p.jpg) [▶️ download]({URL})"), END]
        ),
        make_event_stream([make_chunk("stop", content=f"Your video is ready: {URL}."), END]),
        make_event_stream([make_chunk(content=f"see https://docs.test/ and [it]({URL})"), END]),
        make_json_answer(JSON),
        make_json_answer(PARTS),
    ],
)  # fmt: skip
def test_the_video_is_found(
    service: ScriptedServer, workspace: InlineWorkspace, answer: ScriptedAnswer
) -> None:
    service.script_replies(ROUTE, answer)
    operation, outcome = submit_and_poll(workspace)
    assert operation.samples == (Sample(uri=URL),)
    assert outcome == Done(operation.samples)
    assert operation.name.startswith("chat/")


def test_the_expiry_in_a_signed_address_is_used(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    signed = "https://s.test/a.mp4?X-Goog-Date=20261123T120000Z&X-Goog-Expires=3600"
    service.script_replies(ROUTE, make_event_stream([make_chunk("stop", content=signed), END]))
    operation, _ = submit_and_poll(workspace)
    assert operation.samples[0].expires_at == 1795438800.0


def test_the_video_is_fetched_without_the_key(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    with ScriptedServer() as cdn:
        cdn.script_replies("GET /a.mp4", make_video_answer(CLIP))
        service.script_replies(
            ROUTE, make_event_stream([make_chunk("stop", content=f"{cdn.url}/a.mp4"), END])
        )

        async def run() -> Sample:
            comet = make_adapter("chat")
            operation = await comet.submit(make_request(), workspace)
            sample = await comet.fetch(operation.samples[0], workspace)
            await comet.close()
            return sample

        sample = asyncio.run(run())
        assert sample.path is not None
        assert sample.path.read_bytes() == CLIP
        assert "authorization" not in cdn.requests[0].headers


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            make_event_stream(
                [*PROGRESS, make_chunk(reasoning_content="❌ The upstream is busy"), USAGE, END]
            ),
            "❌ The upstream is busy",
        ),
        (
            make_event_stream([make_chunk("stop", content="I can't make that."), END]),
            "I can't make that.",
        ),
        (
            make_event_stream(
                [b'data: {"error": {"message": "no channel", "code": "x"}}\n\n', END]
            ),
            "no channel",
        ),
        (
            make_event_stream(
                [
                    make_chunk(reasoning_content="Begun.\nProgress: 3%\n"),
                    make_chunk(reasoning_content="No room.\n"),
                    USAGE,
                    END,
                ]
            ),
            "video: Begun. No room.;",
        ),
        (make_event_stream([*PROGRESS, USAGE, END]), "no reason given"),
        (
            make_event_stream([make_chunk("stop", content="![only](https://x.test/p.jpg)"), END]),
            "only",
        ),
        (
            make_event_stream([make_chunk(reasoning_content=f"key {KEY} is bad"), END]),
            "key … is bad",
        ),
        (
            make_event_stream([make_chunk("stop", content=f"https://a.test/v.mp4?key={KEY}"), END]),
            "a.test/v.mp4",
        ),
        (make_json_answer({"choices": [{"message": {"content": "No."}}]}), "No."),
        (
            make_json_answer({"error": {"message": "balance", "type": "comet_api_error"}}),
            "balance",
        ),
        (make_json_answer({"error": "closed"}), "closed"),
    ],
)
def test_an_end_without_a_video_is_a_failure_that_may_have_cost(
    service: ScriptedServer, workspace: InlineWorkspace, answer: ScriptedAnswer, reason: str
) -> None:
    service.script_replies(ROUTE, answer)
    operation, outcome = submit_and_poll(workspace)
    assert operation.samples == ()
    assert isinstance(outcome, Failed)
    assert outcome.billed
    assert reason in outcome.message
    assert "your account at CometAPI shows" in outcome.message
    assert KEY not in repr(outcome) + repr(operation)
    assert service.count_requests(ROUTE) == 1


def test_a_safety_filter_is_distinguished_from_a_failure(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    told = "Blocked by the filter. Support codes: 15236754"
    service.script_replies(
        ROUTE, make_event_stream([make_chunk(reasoning_content=told), USAGE, END])
    )
    _, outcome = submit_and_poll(workspace)
    assert isinstance(outcome, Filtered)
    assert outcome.category == "a celebrity"


@pytest.mark.parametrize(
    "answer",
    [
        make_event_stream(PROGRESS, cut=True),
        make_event_stream(PROGRESS),
        make_event_stream([*PROGRESS, make_chunk(content=f"<video src='{URL[:30]}")], cut=True),
        make_event_stream([*PROGRESS, make_chunk(content=URL[:30])], cut=True),
        make_event_stream([]),
        make_event_stream([b"yes"]),
        make_json_answer({"id": "task_1", "object": "video", "status": "queued"}),
        make_json_answer([1]),
        ScriptedAnswer(524),
        None,
    ],
)
def test_an_answer_that_breaks_off_is_unknown(
    service: ScriptedServer, workspace: InlineWorkspace, answer: ScriptedAnswer | None
) -> None:
    service.script_replies(ROUTE, answer)
    with pytest.raises(UnknownOutcome) as raised:
        submit_and_poll(workspace)
    assert KEY not in collect_error_text(raised.value)
    assert service.count_requests(ROUTE) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (make_json_answer({"error": {"message": "bad"}}, 400), InvalidRequest),
        (make_json_answer({"error": {"message": f"bad {KEY}"}}, 401), AuthenticationError),
        (make_json_answer({"error": {"message": "no access to model"}}, 403), InvalidRequest),
        (make_json_answer({"error": {"message": "slowly"}}, 429), QuotaError),
        (
            make_json_answer({"error": {"message": "?", "code": "invalid_request"}}, 500),
            InvalidRequest,
        ),
        (
            ScriptedAnswer(200, (b"<html>",), {"content-type": "text/html; charset=utf-8"}),
            UnknownOutcome,
        ),
    ],
)
def test_an_error_before_the_stream_is_a_rejection(
    service: ScriptedServer,
    workspace: InlineWorkspace,
    answer: ScriptedAnswer,
    error: type[Exception],
) -> None:
    service.script_replies(ROUTE, answer)
    with pytest.raises(error) as raised:
        submit_and_poll(workspace)
    assert KEY not in collect_error_text(raised.value)


def test_a_silent_stream_does_not_time_out(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    patient = ScriptedAnswer(200, GOOD, {"content-type": "text/event-stream"}, pause_s=0.3)
    service.script_replies(ROUTE, patient)
    assert submit_and_poll(workspace)[0].samples


def test_a_chat_cannot_be_polled_by_another_process(
    workspace: InlineWorkspace, service: ScriptedServer
) -> None:
    with pytest.raises(UnknownOutcome, match="lost when the run ended"):
        asyncio.run(make_adapter("chat").poll(Operation("chat/chatcmpl-7"), workspace))
    assert service.requests == []


@pytest.mark.parametrize("id", [KEY, "a/../b", "x" * 300, "", 7, None])
def test_an_operation_name_is_always_safe_to_store(
    service: ScriptedServer, workspace: InlineWorkspace, id: Any
) -> None:
    service.script_replies(
        ROUTE, make_json_answer({**JSON, "id": id}), make_json_answer({**JSON, "id": id})
    )
    names = {submit_and_poll(workspace)[0].name, submit_and_poll(workspace)[0].name}
    assert len(names) == 2
    assert all(len(name) < 30 and KEY not in name for name in names)


def test_two_chats_of_one_id_are_two(service: ScriptedServer, workspace: InlineWorkspace) -> None:
    service.script_replies(ROUTE, make_event_stream(GOOD))

    async def run() -> set[str]:
        comet = make_adapter("chat")
        both = await asyncio.gather(*(comet.submit(make_request(), workspace) for _ in range(2)))
        await comet.close()
        return {operation.name for operation in both}

    assert len(asyncio.run(run())) == 2
