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
from storyboard.providers.cometapi.provider import CometAPI
from storyboard.providers.google.gemini_files import NotFound
from storyboard.providers.http import service as http
from storyboard.providers.http.download import NotFoundElsewhere
from storyboard.providers.http.safety_codes import suggest_filter_cure
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

T = TypeVar("T")
CREATE = "POST /v1/videos"
JOB = "task_4f1d"
POLL = f"GET /v1/videos/{JOB}"
CONTENT = f"{POLL}/content"
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


def run_with_adapter(action: Callable[[CometAPI], Awaitable[T]]) -> T:
    """What an adapter of its own answers to `action`."""

    async def call_and_close() -> T:
        comet = make_adapter()
        try:
            return await action(comet)
        finally:
            await comet.close()

    return asyncio.run(call_and_close())


def submit_request(
    workspace: InlineWorkspace, *inputs: Input, kind: Kind = Kind.GENERATE, **settings: Any
) -> str:
    provider_request = make_request(kind, *inputs, **settings)
    return run_with_adapter(lambda comet: comet.submit(provider_request, workspace)).name


def poll_operation(workspace: InlineWorkspace, name: str = JOB) -> Any:
    return run_with_adapter(lambda comet: comet.poll(Operation(name), workspace))


def fetch_bytes(workspace: InlineWorkspace, uri: str) -> bytes:
    sample = run_with_adapter(lambda comet: comet.fetch(Sample(uri=uri), workspace))
    assert sample.path is not None
    assert sample.path.parent == workspace.scratch
    return sample.path.read_bytes()


# submitting


def test_words_alone_are_a_form_all_the_same(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    service.script_replies(CREATE, make_json_answer({"id": JOB, "status": "queued", "progress": 0}))
    assert submit_request(workspace, duration_s=6) == JOB
    form_request = service.requests[0]
    assert form_request.headers["authorization"] == f"Bearer {KEY}"
    assert {name: data.decode() for name, data in form_request.form.items()} == {
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
    service: ScriptedServer, workspace: InlineWorkspace, resolution: str, aspect: str, size: str
) -> None:
    service.script_replies(CREATE, make_json_answer({"id": JOB}))
    submit_request(workspace, resolution=resolution, aspect_ratio=aspect)
    assert service.requests[0].form["size"].decode() == size


def test_a_first_frame_goes_along_as_a_file(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    service.script_replies(CREATE, make_json_answer({"id": JOB}))
    submit_request(workspace, write_picture(workspace.scratch, Role.FIRST_FRAME))
    assert service.requests[0].form["input_reference"] == PNG + b"p"
    assert b'filename="first.png"\r\nContent-Type: image/png' in service.requests[0].body


@pytest.mark.parametrize("role", [Role.LAST_FRAME, Role.REFERENCE, Role.VIDEO])
def test_inputs_without_a_form_field_are_refused_before_sending(
    service: ScriptedServer, workspace: InlineWorkspace, role: Role
) -> None:
    with pytest.raises(InvalidRequest, match=role.value.replace("_", " ")) as refused:
        submit_request(workspace, write_picture(workspace.scratch, role))
    assert "transport: chat" in refused.value.hint
    assert service.requests == []


def test_a_size_that_is_not_sold_is_refused_before_it_is_sent(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    with pytest.raises(InvalidRequest, match="9:16 in 4k"):
        submit_request(workspace, resolution="4k", aspect_ratio="9:16")
    assert service.requests == []


@pytest.mark.parametrize(
    "reply",
    [
        {"id": JOB, "task_id": JOB, "object": "video", "model": "veo_3_1-4K", "status": "queued"},
        {"code": "success", "data": {"task_id": JOB, "status": "NOT_START", "progress": "0%"}},
        {"code": "success", "message": "", "data": {"data": {"id": JOB}}},
        {"task_id": JOB},
    ],
)
def test_a_job_is_found_in_any_wrapping(
    service: ScriptedServer, workspace: InlineWorkspace, reply: Any
) -> None:
    service.script_replies(CREATE, make_json_answer(reply))
    assert submit_request(workspace) == JOB


# what a submit may end in; the money depends on it

ENVELOPE = {"code": "", "message": f"No. (request id: 77) {KEY}", "type": "comet_api_error"}


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (
            make_json_answer({"error": ENVELOPE}, 400),
            InvalidRequest,
            "request rejected: No. (request id: 77)",
        ),
        (make_json_answer({"error": ENVELOPE}, 401), AuthenticationError, "COMETAPI_KEY"),
        (make_json_answer({"error": ENVELOPE}, 403), InvalidRequest, "access denied"),
        (make_json_answer({"error": ENVELOPE}, 413), InvalidRequest, "too large"),
        (make_json_answer({"error": ENVELOPE}, 429), QuotaError, "rate limit exceeded"),
        (
            make_json_answer({"error": {**ENVELOPE, "code": "invalid_request"}}, 500),
            InvalidRequest,
            "request rejected",
        ),
        (
            make_json_answer({"error": {**ENVELOPE, "code": "invalid_request"}}),
            InvalidRequest,
            "request rejected",
        ),
        (
            make_json_answer({"code": "model_not_found", "message": "no"}),
            InvalidRequest,
            "request rejected: no",
        ),
        (
            make_json_answer({"error": {**ENVELOPE, "code": "model_not_found"}}, 503),
            InvalidRequest,
            "request rejected",
        ),
        (
            make_json_answer({"error": {**ENVELOPE, "code": "get_channel_failed"}}, 503),
            UnknownOutcome,
            "503",
        ),
        (make_json_answer({"error": ENVELOPE}), UnknownOutcome, "contains no job id: No."),
        (
            make_json_answer({"code": "fail_to_fetch_task", "message": "slow"}),
            UnknownOutcome,
            "job id: slow",
        ),
        (
            make_json_answer({"code": "0x", "message": "ok, queued"}),
            UnknownOutcome,
            "job id: ok, queued",
        ),
        (make_json_answer({"status": "error"}), UnknownOutcome, "contains no job id"),
        (make_json_answer({"error": ENVELOPE}, 500), UnknownOutcome, "HTTP 500"),
        (ScriptedAnswer(524, (b"<html>timeout</html>",)), UnknownOutcome, "HTTP 524"),
        (ScriptedAnswer(504), UnknownOutcome, "HTTP 504"),
        (ScriptedAnswer(301, (), {"location": "https://example.com/"}), UnknownOutcome, "base URL"),
        (make_json_answer({"error": ENVELOPE}, 404), NotFound, "request rejected: No."),
        (ScriptedAnswer(404, (b"<html>",), {"content-type": "text/html"}), UnknownOutcome, "404"),
        (
            ScriptedAnswer(401, (b"<html>",), {"content-type": "text/html"}),
            UnknownOutcome,
            "a proxy",
        ),
        (ScriptedAnswer(429, (b"error code: 1015",)), QuotaError, "rate limit exceeded"),
        (ScriptedAnswer(429, (b"error code",), cut_off=True), QuotaError, "rate limit exceeded"),
        (
            ScriptedAnswer(413, (b"<html>",), {"content-type": "text/html"}),
            InvalidRequest,
            "too large",
        ),
        (
            ScriptedAnswer(200, (b"<html>",), {"content-type": "text/html"}),
            UnknownOutcome,
            "web page",
        ),
        (ScriptedAnswer(200, (b"yes",)), UnknownOutcome, "not JSON"),
        (ScriptedAnswer(200, (b'{"id": "task',), cut_off=True), UnknownOutcome, "broke"),
        (make_json_answer({"status": "queued"}), UnknownOutcome, "contains no job id"),
        (make_json_answer([]), UnknownOutcome, "contains no job id"),
        (make_json_answer({"id": f"task-{KEY}"}), UnknownOutcome, "contains no job id"),
        (make_json_answer({"id": "../../v1/keys"}), UnknownOutcome, "contains no job id"),
        (None, UnknownOutcome, "connection broke"),
    ],
)
def test_only_a_definite_rejection_is_a_rejection(
    service: ScriptedServer,
    workspace: InlineWorkspace,
    answer: ScriptedAnswer | None,
    error: type[StoryboardError],
    words: str,
) -> None:
    service.script_replies(CREATE, answer)
    with pytest.raises(error) as raised:
        submit_request(workspace)
    assert type(raised.value) is error
    assert words in str(raised.value)
    assert KEY not in collect_error_text(raised.value)
    orders = 2 if error is AuthenticationError else 1  # a refused key made no job
    assert service.count_requests(CREATE) == orders


REJECTING_STATUSES = (400, 402, 404, 405, 410, 411, 413, 414, 415, 422, 431)
UNDECIDED_STATUSES = (
    301,
    302,
    303,
    307,
    308,
    406,
    408,
    409,
    412,
    418,
    421,
    423,
    425,
    428,
    451,
    499,
    501,
)


@pytest.mark.parametrize("status", [*REJECTING_STATUSES, *UNDECIDED_STATUSES])
def test_a_status_rejects_only_if_http_rules_out_processing(
    service: ScriptedServer, workspace: InlineWorkspace, status: int
) -> None:
    service.script_replies(CREATE, make_json_answer({"error": ENVELOPE}, status, location="/login"))
    with pytest.raises(InvalidRequest if status in REJECTING_STATUSES else UnknownOutcome):
        submit_request(workspace)
    assert service.count_requests(CREATE) == 1


BARE = (402, 405, 410, 411, 413, 414, 415, 429, 431)


@pytest.mark.parametrize("status", [*REJECTING_STATUSES, 401, 403, 429, *UNDECIDED_STATUSES])
def test_a_proxy_page_with_such_a_status_is_a_rejection_too(
    service: ScriptedServer, workspace: InlineWorkspace, status: int
) -> None:
    service.script_replies(
        CREATE, ScriptedAnswer(status, (b"<html>",), {"content-type": "text/html"})
    )
    with pytest.raises(StoryboardError) as raised:
        submit_request(workspace)
    kind = QuotaError if status == 429 else InvalidRequest
    assert type(raised.value) is (kind if status in BARE else UnknownOutcome)
    assert raised.value.hint or status not in BARE
    assert service.count_requests(CREATE) == 1


WHOLE = json.dumps({"id": JOB, "status": "queued"}).encode()
JSON = {"content-type": "application/json"}


def test_a_complete_answer_counts_even_if_the_connection_then_breaks(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    service.script_replies(CREATE, ScriptedAnswer(200, (WHOLE,), JSON, cut_off=True))
    assert submit_request(workspace) == JOB


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (WHOLE[:-1], True),
        (b")]}'" + WHOLE, True),
        (WHOLE.replace(JOB.encode(), KEY.encode())[:-1], False),
        (WHOLE[:15], False),
    ],
)
def test_the_operation_name_in_a_broken_answer_is_reported(
    service: ScriptedServer, workspace: InlineWorkspace, body: bytes, named: bool
) -> None:
    service.script_replies(CREATE, ScriptedAnswer(200, (body,), JSON, cut_off=True))
    with pytest.raises(UnknownOutcome) as lost:
        submit_request(workspace)
    assert (f"names the job {JOB}: use it with `--adopt`" in str(lost.value)) is named
    assert KEY not in collect_error_text(lost.value)


def test_an_answer_that_drips_is_not_waited_for(
    service: ScriptedServer, workspace: InlineWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_GRACE_S", 0.05)
    monkeypatch.setattr(http, "_PATIENCE_S", 0.05)
    service.script_replies(POLL, ScriptedAnswer(200, (b" ",) * 40, JSON, each_s=0.02))
    with pytest.raises(ProviderError, match="CometAPI: no answer: the answer arrives too slowly"):
        poll_operation(workspace)
    monkeypatch.setattr(http, "_LONGEST_REQUEST_S", 0.05)
    service.script_replies(POLL, ScriptedAnswer(200, (WHOLE,), JSON, pause_s=0.3))
    with pytest.raises(ProviderError, match="timeout"):
        poll_operation(workspace)


def test_the_retry_delay_of_a_quota_is_reported(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    service.script_replies(
        CREATE, make_json_answer({"error": ENVELOPE}, 429, **{"retry-after": "7"})
    )
    with pytest.raises(QuotaError) as refused:
        submit_request(workspace)
    assert refused.value.retry_after_s == 7


@pytest.mark.parametrize(("told_s", "meant"), [("86400", 86_400), ("inf", 2_678_400), ("-1", None)])
def test_a_long_retry_delay_is_reported_without_sleeping(
    service: ScriptedServer, workspace: InlineWorkspace, told_s: str, meant: float | None
) -> None:
    slowly = make_json_answer({"error": ENVELOPE}, 429, **{"retry-after": told_s})
    service.script_replies(CREATE, slowly)
    with pytest.raises(QuotaError) as refused:
        submit_request(workspace)
    assert refused.value.retry_after_s == meant
    if meant:
        service.script_replies(POLL, slowly)
        with pytest.raises(QuotaError):
            poll_operation(workspace)
        assert service.count_requests(POLL) == 1


def test_nobody_there_is_unreachable(
    workspace: InlineWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYBOARD_COMETAPI_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("COMETAPI_KEY", KEY)
    with pytest.raises(Unreachable):
        submit_request(workspace)


def test_without_a_key_nothing_is_sent(
    service: ScriptedServer, workspace: InlineWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMETAPI_KEY")
    with pytest.raises(AuthenticationError, match="COMETAPI_KEY is not set"):
        submit_request(workspace)
    monkeypatch.setenv("COMETAPI_KEY", "sk-with a\nbreak")
    with pytest.raises(AuthenticationError) as refused:
        submit_request(workspace)
    assert "sk-with" not in collect_error_text(refused.value)
    assert service.requests == []


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
            Failed("CometAPI: the job failed, without a reason"),
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
                "Blocked. Support codes: 61493863 (the filter found: violence)", "violence"
            ),
        ),
        (
            {"status": "failed", "error": {"message": "No. Support codes: 15236754"}},
            Filtered(
                "No. Support codes: 15236754 (the filter found: a celebrity)",
                "a celebrity",
                hint=suggest_filter_cure("a celebrity"),
            ),
        ),
    ],
)  # fmt: skip
def test_job_states_are_read(
    service: ScriptedServer, workspace: InlineWorkspace, reply: Any, outcome: Any
) -> None:
    service.script_replies(POLL, make_json_answer(reply))
    assert poll_operation(workspace) == outcome
    assert service.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "answer",
    [
        make_json_answer({}),
        make_json_answer([]),
        make_json_answer({"id": JOB}),
        ScriptedAnswer(200, (b"<html>",), {}),
        ScriptedAnswer(204),
    ],
)
def test_an_answer_that_does_not_say_is_no_answer(
    service: ScriptedServer, workspace: InlineWorkspace, answer: ScriptedAnswer
) -> None:
    service.script_replies(POLL, answer)
    with pytest.raises(ProviderError, match="the answer has no job state"):
        poll_operation(workspace)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ({"error": {"message": f"rate limited, {KEY}"}}, "state: rate limited, …"),
        ({"code": "get_task_failed", "message": "redis timeout", "data": None}, "redis timeout"),
        ({"status": "error", "message": "bad gateway", "code": 502}, "bad gateway"),
        ({"id": JOB, "error": {"message": "try later"}}, "try later"),
        ({"id": JOB, "status": "unknown", "progress": 3, "error": {"message": "off"}}, "off"),
        ({"id": JOB, "status": "unknown", "code": "get_task_failed", "message": "off"}, "off"),
        ({"status": "unknown", "progress": 3}, "unknown"),
        ({"data": {"status": "SUCCESS", "data": {"status": "weird"}}}, "weird"),
    ],
)
def test_an_error_of_the_poll_says_nothing_about_the_job(
    service: ScriptedServer, workspace: InlineWorkspace, reply: Any, words: str
) -> None:
    service.script_replies(POLL, make_json_answer(reply))
    with pytest.raises(ProviderError) as raised:
        poll_operation(workspace)
    assert type(raised.value) is ProviderError
    assert words in str(raised.value)


def test_an_address_with_the_key_in_it_is_not_kept(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    service.script_replies(
        POLL, make_json_answer({"status": "completed", "url": f"https://cdn.test/a?key={KEY}"})
    )
    assert poll_operation(workspace) == Done((Sample(uri=f"/v1/videos/{JOB}/content"),))


def test_asking_is_repeated_where_that_may_help(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    service.script_replies(
        POLL, None, make_json_answer({}, 503), make_json_answer({"status": "queued"})
    )
    assert poll_operation(workspace) == Running()
    assert service.count_requests(POLL) == 3


def test_a_job_that_the_service_does_not_know_is_an_error(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    service.script_replies(
        POLL, make_json_answer({"error": {**ENVELOPE, "code": "invalid_request"}}, 500)
    )
    with pytest.raises(InvalidRequest) as raised:
        poll_operation(workspace)
    assert KEY not in collect_error_text(raised.value)


# fetching


def test_a_result_elsewhere_never_sees_the_key(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    with ScriptedServer() as cdn:
        cdn.script_replies("GET /a.mp4?sig=1", make_video_answer(CLIP))
        assert fetch_bytes(workspace, f"{cdn.url}/a.mp4?sig=1") == CLIP
        assert "authorization" not in cdn.requests[0].headers


def test_the_content_route_is_asked_with_the_key(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    service.script_replies(CONTENT, make_video_answer(CLIP))
    assert fetch_bytes(workspace, f"/v1/videos/{JOB}/content") == CLIP
    assert service.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_content_route_that_names_an_address_is_followed(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    with ScriptedServer() as cdn:
        cdn.script_replies("GET /b.mp4", make_video_answer(CLIP))
        service.script_replies(CONTENT, make_json_answer({"url": f"{cdn.url}/b.mp4"}))
        assert fetch_bytes(workspace, f"/v1/videos/{JOB}/content") == CLIP
        assert "authorization" not in cdn.requests[0].headers


def test_a_redirect_to_another_origin_goes_without_the_key(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    with ScriptedServer() as cdn:
        cdn.script_replies("GET /c.mp4", make_video_answer(CLIP))
        service.script_replies(CONTENT, ScriptedAnswer(302, (), {"location": f"{cdn.url}/c.mp4"}))
        assert fetch_bytes(workspace, f"/v1/videos/{JOB}/content") == CLIP
        assert "authorization" not in cdn.requests[0].headers


def test_when_the_address_fails_the_content_route_has_it_too(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    with ScriptedServer() as cdn:
        cdn.script_replies(
            "GET /gone.mp4",
            ScriptedAnswer(403, (b"<Error/>",), {"content-type": "application/xml"}),
        )
        service.script_replies(
            POLL, make_json_answer({"status": "completed", "video_url": f"{cdn.url}/gone.mp4"})
        )
        service.script_replies(CONTENT, make_video_answer(CLIP))

        async def poll_and_fetch(comet: CometAPI) -> Sample:
            outcome = await comet.poll(Operation(JOB), workspace)
            assert isinstance(outcome, Done)
            return await comet.fetch(outcome.samples[0], workspace)

        sample = run_with_adapter(poll_and_fetch)
        assert sample.path is not None
        assert sample.path.read_bytes() == CLIP
        assert sample.uri == f"{cdn.url}/gone.mp4"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (
            make_json_answer(
                {"error": {"type": "invalid_request_error", "message": "not ready"}}, 400
            ),
            None,
        ),
        (make_json_answer({"status": "in_progress"}), ProviderError),
        (make_json_answer({"error": {"type": "not_found", "message": "no such video"}}, 404), Gone),
        (ScriptedAnswer(404), NotFoundElsewhere),
        (ScriptedAnswer(404, (b"<html>",), {"content-type": "text/html"}), NotFoundElsewhere),
        (ScriptedAnswer(200, (), {"content-type": "video/mp4"}), ProviderError),
        (ScriptedAnswer(200, (b"<html>",), {"content-type": "text/html"}), ProviderError),
        (make_json_answer({"url": "http://example.com/plain.mp4"}), ProviderError),
        (make_json_answer({"url": "file:///etc/passwd"}), ProviderError),
    ],
)
def test_what_is_no_video_is_not_kept(
    service: ScriptedServer,
    workspace: InlineWorkspace,
    answer: ScriptedAnswer,
    error: type[ProviderError] | None,
) -> None:
    service.script_replies(CONTENT, answer)
    with pytest.raises(error or InvalidRequest):
        fetch_bytes(workspace, f"/v1/videos/{JOB}/content")
    assert not list(workspace.scratch.glob("*.mp4"))


def test_a_result_that_breaks_off_is_asked_for_again(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    service.script_replies(
        CONTENT, ScriptedAnswer(200, (CLIP[:100],), cut_off=True), make_video_answer(CLIP)
    )
    assert fetch_bytes(workspace, f"/v1/videos/{JOB}/content") == CLIP


def test_an_unused_stream_answer_is_no_job(
    service: ScriptedServer, workspace: InlineWorkspace
) -> None:
    service.script_replies(CREATE, make_event_stream([b"data: {}\n\n"]))
    with pytest.raises(UnknownOutcome):
        submit_request(workspace)
