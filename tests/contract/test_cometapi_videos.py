"""CometAPI's documented route: what is sent, what is believed, and what a fault costs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from storyboard.errors import (
    AuthenticationError,
    EnvironmentProblem,
    Gone,
    InvalidRequest,
    ProviderError,
    QuotaError,
    StoryboardError,
    UnknownOutcome,
    Unreachable,
)
from storyboard.providers import http
from storyboard.providers.base import (
    Done,
    Failed,
    Filtered,
    Input,
    Kind,
    Operation,
    Role,
    Running,
    Sample,
)
from storyboard.providers.cometapi import CometAPI
from storyboard.providers.download import NotFoundElsewhere
from storyboard.providers.files import Missing
from storyboard.providers.support import cure
from tests.contract.comet import KEY, PNG, Place, adapter, picture, request, said
from tests.contract.scripted import Answer, Scripted, stream, told, video

T = TypeVar("T")
CREATE = "POST /v1/videos"
JOB = "task_4f1d"
POLL = f"GET /v1/videos/{JOB}"
CONTENT = f"{POLL}/content"
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


def using(act: Callable[[CometAPI], Awaitable[T]]) -> T:
    """What an adapter of its own answers to `act`."""

    async def run() -> T:
        comet = adapter()
        try:
            return await act(comet)
        finally:
            await comet.close()

    return asyncio.run(run())


def submitted(place: Place, *inputs: Input, kind: Kind = Kind.GENERATE, **settings: Any) -> str:
    asked = request(kind, *inputs, **settings)
    return using(lambda comet: comet.submit(asked, place)).name


def polled(place: Place, name: str = JOB) -> Any:
    return using(lambda comet: comet.poll(Operation(name), place))


def fetched(place: Place, uri: str) -> bytes:
    sample = using(lambda comet: comet.fetch(Sample(uri=uri), place))
    assert sample.path is not None
    assert sample.path.parent == place.scratch
    return sample.path.read_bytes()


# submitting


def test_words_alone_are_a_form_all_the_same(service: Scripted, place: Place) -> None:
    service.say(CREATE, told({"id": JOB, "status": "queued", "progress": 0}))
    assert submitted(place, duration_s=6) == JOB
    asked = service.asked[0]
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert {name: data.decode() for name, data in asked.form.items()} == {
        "model": "veo3.1",
        "prompt": "A tram climbs the hill, größer",
        "seconds": "6",
        "size": "1280x720",
    }


@pytest.mark.parametrize(
    ("resolution", "aspect", "size"),
    [
        ("720p", "9:16", "720x1280"),
        ("1080p", "16:9", "1920x1080"),
        ("4k", "16:9", "3840x2160"),
    ],
)
def test_resolution_and_aspect_are_one_size(
    service: Scripted, place: Place, resolution: str, aspect: str, size: str
) -> None:
    service.say(CREATE, told({"id": JOB}))
    submitted(place, resolution=resolution, aspect_ratio=aspect)
    assert service.asked[0].form["size"].decode() == size


def test_a_first_frame_goes_along_as_a_file(service: Scripted, place: Place) -> None:
    service.say(CREATE, told({"id": JOB}))
    submitted(place, picture(place.scratch, Role.FIRST_FRAME))
    assert service.asked[0].form["input_reference"] == PNG + b"p"
    assert b'filename="first.png"\r\nContent-Type: image/png' in service.asked[0].body


@pytest.mark.parametrize("role", [Role.LAST_FRAME, Role.REFERENCE, Role.VIDEO])
def test_what_the_route_has_no_field_for_is_refused_before_it_is_sent(
    service: Scripted, place: Place, role: Role
) -> None:
    with pytest.raises(InvalidRequest, match=role.value.replace("_", " ")) as refused:
        submitted(place, picture(place.scratch, role))
    assert "transport: chat" in refused.value.hint
    assert service.asked == []


def test_a_size_that_is_not_sold_is_refused_before_it_is_sent(
    service: Scripted, place: Place
) -> None:
    with pytest.raises(InvalidRequest, match="9:16 in 4k"):
        submitted(place, resolution="4k", aspect_ratio="9:16")
    assert service.asked == []


@pytest.mark.parametrize(
    "reply",
    [
        {"id": JOB, "task_id": JOB, "object": "video", "model": "veo_3_1-4K", "status": "queued"},
        {"code": "success", "data": {"task_id": JOB, "status": "NOT_START", "progress": "0%"}},
        {"code": "success", "message": "", "data": {"data": {"id": JOB}}},
        {"task_id": JOB},
    ],
)
def test_a_job_is_found_in_any_wrapping(service: Scripted, place: Place, reply: Any) -> None:
    service.say(CREATE, told(reply))
    assert submitted(place) == JOB


# what a submit may end in; the money depends on it

ENVELOPE = {"code": "", "message": f"No. (request id: 77) {KEY}", "type": "comet_api_error"}


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (told({"error": ENVELOPE}, 400), InvalidRequest, "refuses: No. (request id: 77)"),
        (told({"error": ENVELOPE}, 401), AuthenticationError, "COMETAPI_KEY"),
        (told({"error": ENVELOPE}, 403), InvalidRequest, "does not let this key in"),
        (told({"error": ENVELOPE}, 413), InvalidRequest, "so large"),
        (told({"error": ENVELOPE}, 429), QuotaError, "too many requests"),
        (told({"error": {**ENVELOPE, "code": "invalid_request"}}, 500), InvalidRequest, "refuses"),
        (told({"error": {**ENVELOPE, "code": "invalid_request"}}), InvalidRequest, "refuses"),
        (told({"code": "model_not_found", "message": "no"}), InvalidRequest, "refuses: no"),
        (told({"error": {**ENVELOPE, "code": "model_not_found"}}, 503), InvalidRequest, "refuses"),
        (told({"error": {**ENVELOPE, "code": "get_channel_failed"}}, 503), UnknownOutcome, "503"),
        (told({"error": ENVELOPE}), UnknownOutcome, "names no job: No."),
        (told({"code": "fail_to_fetch_task", "message": "slow"}), UnknownOutcome, "job: slow"),
        (told({"code": "0x", "message": "ok, queued"}), UnknownOutcome, "job: ok, queued"),
        (told({"status": "error"}), UnknownOutcome, "names no job"),
        (told({"error": ENVELOPE}, 500), UnknownOutcome, "status 500"),
        (Answer(524, (b"<html>timeout</html>",)), UnknownOutcome, "status 524"),
        (Answer(504), UnknownOutcome, "status 504"),
        (Answer(301, (), {"location": "https://example.com/"}), UnknownOutcome, "base URL"),
        (told({"error": ENVELOPE}, 404), Missing, "refuses: No."),
        (Answer(404, (b"<html>",), {"content-type": "text/html"}), UnknownOutcome, "404"),
        (Answer(401, (b"<html>",), {"content-type": "text/html"}), UnknownOutcome, "a proxy"),
        (Answer(429, (b"error code: 1015",)), QuotaError, "too many requests"),
        (Answer(429, (b"error code",), cut=True), QuotaError, "too many requests"),
        (Answer(413, (b"<html>",), {"content-type": "text/html"}), InvalidRequest, "so large"),
        (Answer(200, (b"<html>",), {"content-type": "text/html"}), UnknownOutcome, "web page"),
        (Answer(200, (b"yes",)), UnknownOutcome, "no JSON"),
        (Answer(200, (b'{"id": "task',), cut=True), UnknownOutcome, "broke"),
        (told({"status": "queued"}), UnknownOutcome, "names no job"),
        (told([]), UnknownOutcome, "names no job"),
        (told({"id": f"task-{KEY}"}), UnknownOutcome, "names no job"),
        (told({"id": "../../v1/keys"}), UnknownOutcome, "names no job"),
        (None, UnknownOutcome, "connection broke"),
    ],
)
def test_only_a_definite_no_is_a_no(
    service: Scripted,
    place: Place,
    answer: Answer | None,
    error: type[StoryboardError],
    words: str,
) -> None:
    service.say(CREATE, answer)
    with pytest.raises(error) as raised:
        submitted(place)
    assert type(raised.value) is error
    assert words in str(raised.value)
    assert KEY not in said(raised.value)
    orders = 2 if error is AuthenticationError else 1  # a refused key made no job
    assert service.count(CREATE) == orders


REFUSES = (400, 402, 404, 405, 410, 411, 413, 414, 415, 422, 431)
LEAVES_OPEN = (301, 302, 303, 307, 308, 406, 408, 409, 412, 418, 421, 423, 425, 428, 451, 499, 501)


@pytest.mark.parametrize("status", [*REFUSES, *LEAVES_OPEN])
def test_a_status_refuses_only_where_http_says_that_nothing_was_done(
    service: Scripted, place: Place, status: int
) -> None:
    service.say(CREATE, told({"error": ENVELOPE}, status, location="/login"))
    with pytest.raises(InvalidRequest if status in REFUSES else UnknownOutcome):
        submitted(place)
    assert service.count(CREATE) == 1


BARE = (402, 405, 410, 411, 413, 414, 415, 429, 431)


@pytest.mark.parametrize("status", [*REFUSES, 401, 403, 429, *LEAVES_OPEN])
def test_where_http_says_so_itself_a_page_of_a_proxy_refuses_too(
    service: Scripted, place: Place, status: int
) -> None:
    service.say(CREATE, Answer(status, (b"<html>",), {"content-type": "text/html"}))
    with pytest.raises(StoryboardError) as raised:
        submitted(place)
    kind = QuotaError if status == 429 else InvalidRequest
    assert type(raised.value) is (kind if status in BARE else UnknownOutcome)
    assert raised.value.hint or status not in BARE
    assert service.count(CREATE) == 1


WHOLE = json.dumps({"id": JOB, "status": "queued"}).encode()
JSON = {"content-type": "application/json"}


def test_an_answer_that_came_whole_counts_whatever_broke_behind_it(
    service: Scripted, place: Place
) -> None:
    service.say(CREATE, Answer(200, (WHOLE,), JSON, cut=True))
    assert submitted(place) == JOB


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (WHOLE[:-1], True),
        (b")]}'" + WHOLE, True),
        (WHOLE.replace(JOB.encode(), KEY.encode())[:-1], False),
        (WHOLE[:15], False),
    ],
)
def test_the_name_in_an_answer_that_broke_is_told(
    service: Scripted, place: Place, body: bytes, named: bool
) -> None:
    service.say(CREATE, Answer(200, (body,), JSON, cut=True))
    with pytest.raises(UnknownOutcome) as lost:
        submitted(place)
    assert (f"names {JOB}, which `--adopt` takes" in str(lost.value)) is named
    assert KEY not in said(lost.value)


def test_an_answer_that_drips_is_not_waited_for(
    service: Scripted, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_GRACE_S", 0.05)
    monkeypatch.setattr(http, "_PATIENCE_S", 0.05)
    service.say(POLL, Answer(200, (b" ",) * 40, JSON, each_s=0.02))
    with pytest.raises(ProviderError, match="no answer from CometAPI: it only drips"):
        polled(place)
    monkeypatch.setattr(http, "_WHOLE_S", 0.05)
    service.say(POLL, Answer(200, (WHOLE,), JSON, pause_s=0.3))
    with pytest.raises(ProviderError, match="it takes too long"):
        polled(place)


def test_the_wait_that_a_quota_asks_for_is_handed_on(service: Scripted, place: Place) -> None:
    service.say(CREATE, told({"error": ENVELOPE}, 429, **{"retry-after": "7"}))
    with pytest.raises(QuotaError) as refused:
        submitted(place)
    assert refused.value.retry_after_s == 7


@pytest.mark.parametrize(("told_s", "meant"), [("86400", 86_400), ("inf", 2_678_400), ("-1", None)])
def test_a_long_wait_is_handed_on_as_it_is_and_nobody_sleeps_it_out(
    service: Scripted, place: Place, told_s: str, meant: float | None
) -> None:
    slowly = told({"error": ENVELOPE}, 429, **{"retry-after": told_s})
    service.say(CREATE, slowly)
    with pytest.raises(QuotaError) as refused:
        submitted(place)
    assert refused.value.retry_after_s == meant
    if meant:
        service.say(POLL, slowly)
        with pytest.raises(QuotaError):
            polled(place)
        assert service.count(POLL) == 1


def test_nobody_there_is_unreachable(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYBOARD_COMETAPI_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("COMETAPI_KEY", KEY)
    with pytest.raises(Unreachable):
        submitted(place)


def test_without_a_key_nothing_is_sent(
    service: Scripted, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMETAPI_KEY")
    with pytest.raises(AuthenticationError, match="COMETAPI_KEY is not set"):
        submitted(place)
    monkeypatch.setenv("COMETAPI_KEY", "sk-with a\nbreak")
    with pytest.raises(AuthenticationError) as refused:
        submitted(place)
    assert "sk-with" not in said(refused.value)
    assert service.asked == []


def test_an_unknown_transport_is_refused() -> None:
    with pytest.raises(EnvironmentProblem, match="telepathy"):
        CometAPI({"transport": "telepathy"})


# asking


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ({"id": JOB, "status": "queued", "progress": 0}, Running("0%")),
        ({"id": JOB, "status": "in_progress", "progress": 42}, Running("42%")),
        ({"data": {"status": "IN_PROGRESS", "progress": "37%"}}, Running("37%")),
        ({"id": JOB, "object": "video", "status": "unknown", "progress": 3}, Running("3%")),
        ({"id": JOB, "status": "unknown", "error": None}, Running("unknown")),
        ({"code": "success", "data": {"task_id": JOB, "progress": "0%"}}, Running("0%")),
        ({"data": {"status": "SUCCESS", "data": {"status": "in_progress"}}}, Running()),
        (
            {"status": "completed", "progress": 100, "video_url": "https://cdn.test/a.mp4"},
            Done((Sample(uri="https://cdn.test/a.mp4"),)),
        ),
        (
            {
                "code": "success",
                "data": {
                    "task_id": JOB,
                    "status": "SUCCESS",
                    "progress": "100%",
                    "fail_reason": "",
                    "data": {"status": "completed", "output_video": "https://cdn.test/b.mp4"},
                },
            },
            Done((Sample(uri="https://cdn.test/b.mp4"),)),
        ),
        (
            {"data": {"status": "SUCCESS", "fail_reason": "https://cdn.test/c.mp4"}},
            Done((Sample(uri="https://cdn.test/c.mp4"),)),
        ),
        ({"status": "completed"}, Done((Sample(uri=f"/v1/videos/{JOB}/content"),))),
        (
            {"data": {"status": "FAILURE", "fail_reason": "https://cdn.test/help"}},
            Failed("CometAPI says that it failed, and not why"),
        ),
        ({"data": {"status": "FAILURE", "fail_reason": "backend down"}}, Failed("backend down")),
        (
            {"status": "failed", "error": {"code": "x", "message": f"no {KEY} worked"}},
            Failed("no … worked"),
        ),
        ({"id": JOB, "status": "error", "error": "out of memory"}, Failed("out of memory")),
        (
            {"status": "failed", "error": {"message": "Blocked. Support codes: 61493863"}},
            Filtered(
                "Blocked. Support codes: 61493863 (the filter saw: violence)", "violence"
            ),
        ),
        (
            {"status": "failed", "error": {"message": "No. Support codes: 15236754"}},
            Filtered(
                "No. Support codes: 15236754 (the filter saw: a celebrity)",
                "a celebrity",
                hint=cure("a celebrity"),
            ),
        ),
    ],
)  # fmt: skip
def test_how_a_job_stands(service: Scripted, place: Place, reply: Any, outcome: Any) -> None:
    service.say(POLL, told(reply))
    assert polled(place) == outcome
    assert service.asked[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "answer", [told({}), told([]), told({"id": JOB}), Answer(200, (b"<html>",), {}), Answer(204)]
)
def test_an_answer_that_does_not_say_is_no_answer(
    service: Scripted, place: Place, answer: Answer
) -> None:
    service.say(POLL, answer)
    with pytest.raises(ProviderError, match="tells nothing of the job"):
        polled(place)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ({"error": {"message": f"rate limited, {KEY}"}}, "the job: rate limited, …"),
        ({"code": "get_task_failed", "message": "redis timeout", "data": None}, "redis timeout"),
        ({"status": "error", "message": "bad gateway", "code": 502}, "bad gateway"),
        ({"id": JOB, "error": {"message": "try later"}}, "try later"),
        ({"id": JOB, "status": "unknown", "progress": 3, "error": {"message": "off"}}, "off"),
        ({"id": JOB, "status": "unknown", "code": "get_task_failed", "message": "off"}, "off"),
        ({"status": "unknown", "progress": 3}, "unknown"),
        ({"data": {"status": "SUCCESS", "data": {"status": "weird"}}}, "weird"),
    ],
)
def test_an_error_about_the_asking_says_nothing_of_the_job(
    service: Scripted, place: Place, reply: Any, words: str
) -> None:
    service.say(POLL, told(reply))
    with pytest.raises(ProviderError) as raised:
        polled(place)
    assert type(raised.value) is ProviderError
    assert words in str(raised.value)


def test_an_address_with_the_key_in_it_is_not_kept(service: Scripted, place: Place) -> None:
    service.say(POLL, told({"status": "completed", "url": f"https://cdn.test/a?key={KEY}"}))
    assert polled(place) == Done((Sample(uri=f"/v1/videos/{JOB}/content"),))


def test_asking_is_repeated_where_that_may_help(service: Scripted, place: Place) -> None:
    service.say(POLL, None, told({}, 503), told({"status": "queued"}))
    assert polled(place) == Running()
    assert service.count(POLL) == 3


def test_a_job_that_the_service_does_not_know_is_an_error(service: Scripted, place: Place) -> None:
    service.say(POLL, told({"error": {**ENVELOPE, "code": "invalid_request"}}, 500))
    with pytest.raises(InvalidRequest) as raised:
        polled(place)
    assert KEY not in said(raised.value)


# fetching


def test_a_result_elsewhere_never_sees_the_key(service: Scripted, place: Place) -> None:
    with Scripted() as cdn:
        cdn.say("GET /a.mp4?sig=1", video(CLIP))
        assert fetched(place, f"{cdn.url}/a.mp4?sig=1") == CLIP
        assert "authorization" not in cdn.asked[0].headers


def test_the_content_route_is_asked_with_the_key(service: Scripted, place: Place) -> None:
    service.say(CONTENT, video(CLIP))
    assert fetched(place, f"/v1/videos/{JOB}/content") == CLIP
    assert service.asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_content_route_that_names_an_address_is_followed(service: Scripted, place: Place) -> None:
    with Scripted() as cdn:
        cdn.say("GET /b.mp4", video(CLIP))
        service.say(CONTENT, told({"url": f"{cdn.url}/b.mp4"}))
        assert fetched(place, f"/v1/videos/{JOB}/content") == CLIP
        assert "authorization" not in cdn.asked[0].headers


def test_a_redirect_to_another_origin_goes_without_the_key(service: Scripted, place: Place) -> None:
    with Scripted() as cdn:
        cdn.say("GET /c.mp4", video(CLIP))
        service.say(CONTENT, Answer(302, (), {"location": f"{cdn.url}/c.mp4"}))
        assert fetched(place, f"/v1/videos/{JOB}/content") == CLIP
        assert "authorization" not in cdn.asked[0].headers


def test_when_the_address_fails_the_content_route_has_it_too(
    service: Scripted, place: Place
) -> None:
    with Scripted() as cdn:
        cdn.say("GET /gone.mp4", Answer(403, (b"<Error/>",), {"content-type": "application/xml"}))
        service.say(POLL, told({"status": "completed", "video_url": f"{cdn.url}/gone.mp4"}))
        service.say(CONTENT, video(CLIP))

        async def act(comet: CometAPI) -> Sample:
            outcome = await comet.poll(Operation(JOB), place)
            assert isinstance(outcome, Done)
            return await comet.fetch(outcome.samples[0], place)

        sample = using(act)
        assert sample.path is not None
        assert sample.path.read_bytes() == CLIP
        assert sample.uri == f"{cdn.url}/gone.mp4"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (told({"error": {"type": "invalid_request_error", "message": "not ready"}}, 400), None),
        (told({"status": "in_progress"}), ProviderError),
        (told({"error": {"type": "not_found", "message": "no such video"}}, 404), Gone),
        (Answer(404), NotFoundElsewhere),
        (Answer(404, (b"<html>",), {"content-type": "text/html"}), NotFoundElsewhere),
        (Answer(200, (), {"content-type": "video/mp4"}), ProviderError),
        (Answer(200, (b"<html>",), {"content-type": "text/html"}), ProviderError),
        (told({"url": "http://example.com/plain.mp4"}), ProviderError),
        (told({"url": "file:///etc/passwd"}), ProviderError),
    ],
)
def test_what_is_no_video_is_not_kept(
    service: Scripted, place: Place, answer: Answer, error: type[ProviderError] | None
) -> None:
    service.say(CONTENT, answer)
    with pytest.raises(error or InvalidRequest):
        fetched(place, f"/v1/videos/{JOB}/content")
    assert not list(place.scratch.glob("*.mp4"))


def test_a_result_that_breaks_off_is_asked_for_again(service: Scripted, place: Place) -> None:
    service.say(CONTENT, Answer(200, (CLIP[:100],), cut=True), video(CLIP))
    assert fetched(place, f"/v1/videos/{JOB}/content") == CLIP


def test_an_unused_stream_answer_is_no_job(service: Scripted, place: Place) -> None:
    service.say(CREATE, stream([b"data: {}\n\n"]))
    with pytest.raises(UnknownOutcome):
        submitted(place)
