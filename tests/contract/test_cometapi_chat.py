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
from tests.contract.comet import KEY, PNG, Place, adapter, picture, request, said
from tests.contract.scripted import Answer, Scripted, stream, told, video

ROUTE = "POST /v1/chat/completions"
URL = "https://storage.test/video/a?X-Goog-Signature=abc&x=1"
CLIP = b"\0\0\0\x18ftypmp42" + bytes(3000)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    with Scripted() as server:
        monkeypatch.setenv("STORYBOARD_COMETAPI_BASE_URL", server.url)
        monkeypatch.setenv("COMETAPI_KEY", KEY)
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def chunk(finish: str | None = None, **delta: str) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    told = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "choices": [choice]}
    return b"data: " + json.dumps(told, ensure_ascii=False).encode() + b"\n\n"


USAGE = b'data: {"id":"chatcmpl-7","choices":[],"usage":{"total_tokens":9}}\n\n'
END = b"data: [DONE]\n\n"
PROGRESS = (b": hello\n\n", chunk(role="assistant", reasoning_content="3%"),
            chunk(reasoning_content="67%"))  # fmt: skip
GOOD = (*PROGRESS, chunk("stop", content=f"<video src='{URL}' controls></video>"), USAGE, END)


def ordered(
    place: Place, *inputs: Input, kind: Kind = Kind.GENERATE, **settings: Any
) -> tuple[Operation, Outcome]:
    """The operation, and what asking for it gives in the same process."""

    async def run() -> tuple[Operation, Outcome]:
        comet = adapter("chat")
        try:
            operation = await comet.submit(request(kind, *inputs, **settings), place)
            return operation, await comet.poll(operation, place)
        finally:
            await comet.close()

    return asyncio.run(run())


# what is sent


def test_the_body_is_the_published_example_word_for_word(service: Scripted, place: Place) -> None:
    service.say(ROUTE, stream(GOOD))
    ordered(place, resolution="1080p", audio=False)
    assert service.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert service.asked[0].json == {
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


def google(service: Scripted) -> Any:
    return service.asked[0].json["extra_body"]["google"]


def data(content: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def test_both_ends_go_along_as_data(service: Scripted, place: Place) -> None:
    service.say(ROUTE, stream(GOOD))
    ends = [picture(place.scratch, r, r.value) for r in (Role.FIRST_FRAME, Role.LAST_FRAME)]
    ordered(place, *ends, kind=Kind.INTERPOLATE)
    assert google(service)["image"] == {"uri": data(PNG + b"first_frame")}
    assert google(service)["lastFrame"] == {"uri": data(PNG + b"last_frame")}


def test_references_keep_their_order(service: Scripted, place: Place) -> None:
    service.say(ROUTE, stream(GOOD))
    ordered(place, *(picture(place.scratch, Role.REFERENCE, name) for name in "cab"))
    assert google(service)["referenceImages"] == [
        {"image": {"uri": data(PNG + name.encode())}, "referenceType": "asset"} for name in "cab"
    ]


def prior(
    place: Place, *, uri: str = "", expires_in_s: float | None = None, size: int = 9
) -> Input:
    path = place.scratch / "prior.mp4"
    with path.open("wb") as stream:
        stream.truncate(size)
    expires = None if expires_in_s is None else time.time() + expires_in_s
    return Input(Role.VIDEO, sha256="v", path=path, uri=uri, expires_at=expires)


@pytest.mark.parametrize(
    ("uri", "expires_in_s", "sent"),
    [
        (URL, None, URL),
        (URL, 3600.0, URL),
        (URL, -1.0, data(bytes(9), "video/mp4")),
        ("", None, data(bytes(9), "video/mp4")),
        ("/v1/videos/task_1/content", None, data(bytes(9), "video/mp4")),
        ("gs://bucket/a.mp4", None, data(bytes(9), "video/mp4")),
    ],
)
def test_a_prior_video_goes_by_its_address_while_that_holds(
    service: Scripted, place: Place, uri: str, expires_in_s: float | None, sent: str
) -> None:
    service.say(ROUTE, stream(GOOD))
    given = prior(place, uri=uri, expires_in_s=expires_in_s)
    ordered(place, given, kind=Kind.EXTEND, duration_s=7)
    assert google(service)["video"] == {"uri": sent}
    assert google(service)["config"]["durationSeconds"] == 7


def test_a_prior_video_that_can_only_be_sent_and_is_too_large_is_refused(
    service: Scripted, place: Place
) -> None:
    given = prior(place, uri=URL, expires_in_s=-1, size=15_000_001)
    with pytest.raises(InvalidRequest, match="has expired") as refused:
        ordered(place, given, kind=Kind.EXTEND)
    assert "continue:" in refused.value.hint
    assert service.asked == []


# what comes back

VIDEO = f"<video src='{URL}' controls></video>"
JSON = {"id": "chatcmpl-7", "choices": [{"message": {"role": "assistant", "content": VIDEO}}]}
PARTS = {"choices": [{"message": {"content": [{"type": "video_url", "video_url": {"url": URL}}]}}]}


@pytest.mark.parametrize(
    "answer",
    [
        stream(GOOD),
        stream([b"".join(GOOD).replace(b"\n", b"\r\n")]),
        stream([b"".join(GOOD)[i : i + 7] for i in range(0, len(b"".join(GOOD)), 7)]),
        stream([*GOOD[:-1], b"data: [DONE]"]),
        stream(GOOD, cut=True),
        stream(GOOD[:-2]),
        stream(GOOD[:-2], cut=True),
        stream([*PROGRESS, chunk(content=VIDEO)], cut=True),
        stream([chunk(content=VIDEO[:20]), chunk(content=VIDEO[20:]), END]),
        stream([chunk(content=f'<video width="1" SRC="{URL.replace("&", "&amp;")}">'), END]),
        stream([chunk(content=f"![poster](https://x.test/p.jpg) [▶️ download]({URL})"), END]),
        stream([chunk("stop", content=f"Your video is ready: {URL}."), END]),
        stream([chunk(content=f"see https://docs.test/ and [it]({URL})"), END]),
        told(JSON),
        told(PARTS),
    ],
)  # fmt: skip
def test_the_video_is_found(service: Scripted, place: Place, answer: Answer) -> None:
    service.say(ROUTE, answer)
    operation, outcome = ordered(place)
    assert operation.samples == (Sample(uri=URL),)
    assert outcome == Done(operation.samples)
    assert operation.name.startswith("chat/")


def test_an_address_that_says_until_when_it_holds_is_believed(
    service: Scripted, place: Place
) -> None:
    signed = "https://s.test/a.mp4?X-Goog-Date=20261123T120000Z&X-Goog-Expires=3600"
    service.say(ROUTE, stream([chunk("stop", content=signed), END]))
    operation, _ = ordered(place)
    assert operation.samples[0].expires_at == 1795438800.0


def test_the_video_is_fetched_without_the_key(service: Scripted, place: Place) -> None:
    with Scripted() as cdn:
        cdn.say("GET /a.mp4", video(CLIP))
        service.say(ROUTE, stream([chunk("stop", content=f"{cdn.url}/a.mp4"), END]))

        async def run() -> Sample:
            comet = adapter("chat")
            operation = await comet.submit(request(), place)
            sample = await comet.fetch(operation.samples[0], place)
            await comet.close()
            return sample

        sample = asyncio.run(run())
        assert sample.path is not None
        assert sample.path.read_bytes() == CLIP
        assert "authorization" not in cdn.asked[0].headers


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (stream([*PROGRESS, chunk(reasoning_content="❌ The upstream is busy"), USAGE, END]),
         "❌ The upstream is busy"),
        (stream([chunk("stop", content="I can't make that."), END]), "I can't make that."),
        (stream([b'data: {"error": {"message": "no channel", "code": "x"}}\n\n', END]),
         "no channel"),
        (stream([chunk(reasoning_content="Begun.\nProgress: 3%\n"),
                 chunk(reasoning_content="No room.\n"), USAGE, END]), "video: Begun. No room.;"),
        (stream([*PROGRESS, USAGE, END]), "it says nothing"),
        (stream([chunk("stop", content="![only](https://x.test/p.jpg)"), END]), "only"),
        (stream([chunk(reasoning_content=f"key {KEY} is bad"), END]), "key … is bad"),
        (stream([chunk("stop", content=f"https://a.test/v.mp4?key={KEY}"), END]), "a.test/v.mp4"),
        (told({"choices": [{"message": {"content": "No."}}]}), "No."),
        (told({"error": {"message": "no money", "type": "comet_api_error"}}), "no money"),
        (told({"error": "closed"}), "closed"),
    ],
)  # fmt: skip
def test_an_end_without_a_video_is_a_failure_that_may_have_cost(
    service: Scripted, place: Place, answer: Answer, reason: str
) -> None:
    service.say(ROUTE, answer)
    operation, outcome = ordered(place)
    assert operation.samples == ()
    assert isinstance(outcome, Failed)
    assert outcome.billed
    assert reason in outcome.message
    assert "only your account there says" in outcome.message
    assert KEY not in repr(outcome) + repr(operation)
    assert service.count(ROUTE) == 1


def test_a_safety_filter_is_told_from_a_fault(service: Scripted, place: Place) -> None:
    told = "Blocked by the filter. Support codes: 15236754"
    service.say(ROUTE, stream([chunk(reasoning_content=told), USAGE, END]))
    _, outcome = ordered(place)
    assert isinstance(outcome, Filtered)
    assert outcome.category == "a celebrity"


@pytest.mark.parametrize(
    "answer",
    [
        stream(PROGRESS, cut=True),
        stream(PROGRESS),
        stream([*PROGRESS, chunk(content=f"<video src='{URL[:30]}")], cut=True),
        stream([*PROGRESS, chunk(content=URL[:30])], cut=True),
        stream([]),
        stream([b"yes"]),
        told({"id": "task_1", "object": "video", "status": "queued"}),
        told([1]),
        Answer(524),
        None,
    ],
)
def test_an_answer_that_breaks_off_is_unknown(
    service: Scripted, place: Place, answer: Answer | None
) -> None:
    service.say(ROUTE, answer)
    with pytest.raises(UnknownOutcome) as raised:
        ordered(place)
    assert KEY not in said(raised.value)
    assert service.count(ROUTE) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (told({"error": {"message": "bad"}}, 400), InvalidRequest),
        (told({"error": {"message": f"bad {KEY}"}}, 401), AuthenticationError),
        (told({"error": {"message": "no access to model"}}, 403), InvalidRequest),
        (told({"error": {"message": "slowly"}}, 429), QuotaError),
        (told({"error": {"message": "?", "code": "invalid_request"}}, 500), InvalidRequest),
        (Answer(200, (b"<html>",), {"content-type": "text/html; charset=utf-8"}), UnknownOutcome),
    ],
)
def test_a_no_before_the_stream_is_a_no(
    service: Scripted, place: Place, answer: Answer, error: type[Exception]
) -> None:
    service.say(ROUTE, answer)
    with pytest.raises(error) as raised:
        ordered(place)
    assert KEY not in said(raised.value)


def test_silence_is_borne_for_as_long_as_it_takes(service: Scripted, place: Place) -> None:
    patient = Answer(200, GOOD, {"content-type": "text/event-stream"}, pause_s=0.3)
    service.say(ROUTE, patient)
    assert ordered(place)[0].samples


def test_a_chat_can_not_be_asked_for_by_another_process(place: Place, service: Scripted) -> None:
    with pytest.raises(UnknownOutcome, match="lost with the run"):
        asyncio.run(adapter("chat").poll(Operation("chat/chatcmpl-7"), place))
    assert service.asked == []


@pytest.mark.parametrize("id", [KEY, "a/../b", "x" * 300, "", 7, None])
def test_a_name_is_always_fit_to_keep(service: Scripted, place: Place, id: Any) -> None:
    service.say(ROUTE, told({**JSON, "id": id}), told({**JSON, "id": id}))
    names = {ordered(place)[0].name, ordered(place)[0].name}
    assert len(names) == 2
    assert all(len(name) < 30 and KEY not in name for name in names)


def test_two_chats_of_one_id_are_two(service: Scripted, place: Place) -> None:
    service.say(ROUTE, stream(GOOD))

    async def run() -> set[str]:
        comet = adapter("chat")
        both = await asyncio.gather(*(comet.submit(request(), place) for _ in range(2)))
        await comet.close()
        return {operation.name for operation in both}

    assert len(asyncio.run(run())) == 2
