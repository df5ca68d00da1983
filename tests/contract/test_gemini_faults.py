"""Veo on the Gemini API: fetching its results, and what a fault costs."""

from __future__ import annotations

import base64
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storyboard.errors import (
    AuthenticationError,
    Gone,
    InvalidRequest,
    OperationFailed,
    ProviderError,
    QuotaError,
    RefusedError,
    RetiredModel,
    StoryboardError,
    UnknownOutcome,
    Unreachable,
)
from storyboard.providers.base import Done, Running, Sample, Unusable
from storyboard.providers.http import service as http
from tests.contract.comet import collect_error_text
from tests.contract.gemini_cases import (
    CLIP,
    HOST,
    KEY,
    VEO,
    make_error,
    make_request,
    point_to_server,
    poll_operation,
    run_with_adapter,
    submit_request,
)
from tests.contract.scripted import (
    ReceivedRequest,
    ScriptedAnswer,
    ScriptedServer,
    make_json_answer,
    make_video_answer,
)
from tests.contract.vertex_cases import ThreadWorkspace

SUBMIT = f"POST /v1beta/models/{VEO}:predictLongRunning"
NAME = f"models/{VEO}/operations/vz341u0pmdlc"
POLL = f"GET /v1beta/{NAME}"
FILE = "GET /v1beta/files/abc123xyz456"
DOWNLOAD = f"{FILE}:download?alt=media"
URI = f"{HOST}/v1beta/files/abc123xyz456:download?alt=media"
LOST = "You do not have permission to access the File abc123xyz456 or it may not exist."


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        point_to_server(monkeypatch, server)
        server.script_replies(SUBMIT, make_json_answer({"name": NAME}))
        server.script_replies(
            FILE, make_json_answer({"name": "files/abc123xyz456", "state": "ACTIVE"})
        )
        yield server


@pytest.fixture
def workspace(tmp_path: Path) -> ThreadWorkspace:
    return ThreadWorkspace(tmp_path)


def fetch_file(workspace: ThreadWorkspace, uri: str = URI, expires_at: float | None = None) -> Path:
    sample = run_with_adapter(
        lambda gemini: gemini.fetch(Sample(uri=uri, expires_at=expires_at), workspace)
    )
    assert sample.path is not None
    assert sample.uri == uri
    return sample.path


# fetching


def test_a_result_is_fetched_where_the_service_is(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    service.script_replies(DOWNLOAD, ScriptedAnswer(302, (), {"location": "/media/1"}))
    service.script_replies("GET /media/1", make_video_answer(CLIP))
    assert fetch_file(workspace).read_bytes() == CLIP
    assert all(each.headers["x-goog-api-key"] == KEY for each in service.requests)


def test_the_key_is_sent_only_to_the_service(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    with ScriptedServer() as other:
        service.script_replies(
            DOWNLOAD, ScriptedAnswer(302, (), {"location": f"{other.url}/media/1"})
        )
        other.script_replies("GET /media/1", make_video_answer(CLIP))
        assert fetch_file(workspace).read_bytes() == CLIP
        assert fetch_file(workspace, f"{other.url}/media/1").read_bytes() == CLIP
        for each in other.requests:
            assert KEY not in str(each)
        assert len(other.requests) == 2


def test_a_file_uri_of_any_host_is_fetched_from_the_service(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    service.script_replies(DOWNLOAD, make_video_answer(CLIP))
    for uri in (URI, "files/abc123xyz456", "https://elsewhere.test/v1/files/abc123xyz456"):
        assert fetch_file(workspace, uri).read_bytes() == CLIP


def test_what_only_looks_like_a_file_is_asked_for_where_it_is(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    with ScriptedServer() as other:
        path = "/public/files/abc123xyz456/clip.mp4?sig=1"
        other.script_replies(f"GET {path}", make_video_answer(CLIP))
        assert fetch_file(workspace, other.url + path).read_bytes() == CLIP
        assert KEY not in str(other.requests)
    assert not service.requests


def test_a_download_that_breaks_goes_on(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    def send_rest(request: ReceivedRequest) -> ScriptedAnswer:
        assert request.headers["range"] == "bytes=1000-"
        said = {"content-range": f"bytes 1000-{len(CLIP) - 1}/{len(CLIP)}"}
        return ScriptedAnswer(206, (CLIP[1000:],), {"content-type": "video/mp4", **said})

    broken = ScriptedAnswer(
        200, (CLIP[:1000],), {"content-type": "video/mp4", "etag": '"1"'}, cut_off=True
    )
    service.script_replies(DOWNLOAD, broken, send_rest)
    assert fetch_file(workspace).read_bytes() == CLIP


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (make_error(403, LOST, "PERMISSION_DENIED"), AuthenticationError),
        (make_error(404, "Not found.", "NOT_FOUND"), Gone),
        (make_error(410, "Gone.", "NOT_FOUND"), Gone),
        (ScriptedAnswer(200, (b"<html>Sign in",), {"content-type": "text/html"}), ProviderError),
        (ScriptedAnswer(200, (), {"content-type": "video/mp4"}), ProviderError),
        (ScriptedAnswer(302, (), {"location": "http://elsewhere.test/x"}), ProviderError),
    ],
)
def test_what_is_no_video_is_not_believed(
    service: ScriptedServer,
    workspace: ThreadWorkspace,
    answer: ScriptedAnswer,
    error: type[StoryboardError],
) -> None:
    service.script_replies(DOWNLOAD, answer)
    with pytest.raises(error) as failed:
        fetch_file(workspace)
    assert type(failed.value) is error
    assert KEY not in collect_error_text(failed.value)
    assert not [each for each in workspace.scratch.iterdir() if each.suffix == ".mp4"]


@pytest.mark.parametrize("status", [400, 404])
def test_a_result_that_the_service_spoiled_says_why(
    service: ScriptedServer, workspace: ThreadWorkspace, status: int
) -> None:
    service.script_replies(DOWNLOAD, make_error(status, "The File is not in an ACTIVE state."))
    service.script_replies(
        FILE, make_json_answer({"state": "FAILED", "error": {"message": "no frames"}})
    )
    with pytest.raises(OperationFailed, match="no frames") as failed:
        fetch_file(workspace)
    assert failed.value.charged


@pytest.mark.parametrize(
    "answer",
    [
        make_error(404, "Not found.", "NOT_FOUND"),
        make_error(403, LOST, "PERMISSION_DENIED"),
        make_error(500, "internal", "INTERNAL"),
        make_json_answer({"state": "PROCESSING"}),
        make_json_answer({"state": "FAILED"}),
    ],
)
def test_a_downloadable_file_is_fetched_whatever_its_state_says(
    service: ScriptedServer, workspace: ThreadWorkspace, answer: ScriptedAnswer
) -> None:
    service.script_replies(FILE, answer)
    service.script_replies(DOWNLOAD, make_video_answer(CLIP))
    assert fetch_file(workspace).read_bytes() == CLIP
    assert not service.count_requests(FILE)


@pytest.mark.parametrize("status", [400, 404])
def test_a_result_that_is_not_ready_is_waited_for(
    service: ScriptedServer, workspace: ThreadWorkspace, status: int
) -> None:
    service.script_replies(
        DOWNLOAD, make_error(status, "The File is not in an ACTIVE state."), make_video_answer(CLIP)
    )
    service.script_replies(
        FILE, make_json_answer({"state": "PROCESSING"}), make_json_answer({"state": "ACTIVE"})
    )
    assert fetch_file(workspace).read_bytes() == CLIP
    assert service.count_requests(DOWNLOAD) == 2


def test_a_refused_download_of_a_hidden_file_keeps_its_own_error(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    service.script_replies(FILE, make_error(403, LOST, "PERMISSION_DENIED"))
    service.script_replies(DOWNLOAD, make_error(400, "Not like that."))
    with pytest.raises(InvalidRequest, match="Not like that"):
        fetch_file(workspace)
    service.script_replies(DOWNLOAD, make_error(404, "Not found.", "NOT_FOUND"))
    with pytest.raises(Gone, match="two days"):
        fetch_file(workspace)


def test_a_file_that_is_hidden_for_a_while_is_still_awaited(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    service.script_replies(DOWNLOAD, make_error(400, "The File is not in an ACTIVE state."))
    service.script_replies(
        FILE, make_json_answer({"state": "PROCESSING"}), make_error(403, LOST, "PERMISSION_DENIED")
    )
    with pytest.raises(InvalidRequest, match="not in an ACTIVE state"):
        fetch_file(workspace)


def test_a_result_at_no_address_is_an_error_of_ours(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    response = {"generatedSamples": [{"video": {"uri": "https://[/files/abc"}}]}
    service.script_replies(
        POLL, make_json_answer({"done": True, "response": {"generateVideoResponse": response}})
    )
    assert isinstance(poll_operation(NAME, workspace), Done)
    with pytest.raises(ProviderError, match="invalid address"):
        fetch_file(workspace, "https://[/files/abc")


def test_a_hidden_result_expires_only_after_its_retention_time(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    service.script_replies(DOWNLOAD, make_error(403, LOST, "PERMISSION_DENIED"))
    for holds in (None, time.time() + 3600):
        with pytest.raises(AuthenticationError, match="no access") as hidden_error:
            fetch_file(workspace, expires_at=holds)
        assert "GEMINI_API_KEY" in hidden_error.value.hint
    with pytest.raises(Gone):
        fetch_file(workspace, expires_at=time.time() - 1)
    service.script_replies(
        DOWNLOAD, make_error(403, "The caller has no permission", "PERMISSION_DENIED")
    )
    with pytest.raises(AuthenticationError, match="authentication failed"):
        fetch_file(workspace, expires_at=time.time() - 1)


# what a fault costs


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (
            make_error(400, "`seed` isn't supported by this model."),
            InvalidRequest,
            "isn't supported",
        ),
        (
            make_error(400, "API key not valid. Please pass a valid API key."),
            AuthenticationError,
            "key",
        ),
        (make_error(401, "no"), AuthenticationError, "no"),
        (
            make_error(403, "The caller has no permission", "PERMISSION_DENIED"),
            AuthenticationError,
            "no",
        ),
        (make_error(400, "Blocked. Support codes: 17301594"), RefusedError, "a child"),
        (
            make_error(404, "models/x is not found for API version v1beta"),
            RetiredModel,
            "not found",
        ),
        (make_error(503, "overloaded", "UNAVAILABLE"), UnknownOutcome, "503"),
        (make_error(500, "internal", "INTERNAL"), UnknownOutcome, "500"),
        (make_json_answer({}), UnknownOutcome, "returned no name"),
        (make_json_answer({"name": "operations/1"}), UnknownOutcome, "returned no name"),
        (make_json_answer([1]), UnknownOutcome, "returned no name"),
        (
            ScriptedAnswer(200, (b"{",), {"content-type": "application/json"}),
            UnknownOutcome,
            "not JSON",
        ),
        (None, UnknownOutcome, "broke"),
    ],
)
def test_a_submit_says_what_it_cost(
    service: ScriptedServer,
    workspace: ThreadWorkspace,
    answer: ScriptedAnswer | None,
    error: type[StoryboardError],
    words: str,
) -> None:
    service.script_replies(SUBMIT, answer)
    with pytest.raises(error, match=words) as failed:
        submit_request(make_request(), workspace)
    assert isinstance(failed.value, UnknownOutcome) is (error is UnknownOutcome)
    renewed = answer is not None and answer.status == 401
    assert service.count_requests(SUBMIT) == (2 if renewed else 1)
    assert KEY not in collect_error_text(failed.value)


def test_too_many_requests_say_when_to_ask_again(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17.5s"}
    service.script_replies(
        SUBMIT, make_error(429, "Quota exceeded", "RESOURCE_EXHAUSTED", details=[info])
    )
    with pytest.raises(QuotaError) as later:
        submit_request(make_request(), workspace)
    assert later.value.retry_after_s == 17.5
    assert service.count_requests(SUBMIT) == 1


def test_a_retired_model_names_its_heir(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    service.script_replies(
        SUBMIT, make_error(404, f"models/{VEO} is no longer available.", "NOT_FOUND")
    )
    with pytest.raises(RetiredModel) as gone:
        submit_request(make_request(), workspace)
    assert gone.value.model == VEO
    assert gone.value.replacement == "gemini-omni-1.2-flash"
    assert "gemini-omni-1.2-flash" in gone.value.hint


def test_without_a_connection_nothing_was_sent(
    workspace: ThreadWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYBOARD_GEMINI_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    with pytest.raises(Unreachable) as failed:
        submit_request(make_request(), workspace)
    assert KEY not in collect_error_text(failed.value)


def test_the_key_comes_from_the_environment(
    service: ScriptedServer, workspace: ThreadWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "AIza-the-other-one")
    submit_request(make_request(), workspace)
    monkeypatch.delenv("GEMINI_API_KEY")
    submit_request(make_request(), workspace)
    used = [each.headers["x-goog-api-key"] for each in service.requests]
    assert used == [KEY, "AIza-the-other-one"]
    monkeypatch.delenv("GOOGLE_API_KEY")
    with pytest.raises(AuthenticationError, match="GEMINI_API_KEY"):
        submit_request(make_request(), workspace)
    for broken in ("AIza\nX-Evil: 1", "schlüssel", "two words"):
        monkeypatch.setenv("GEMINI_API_KEY", broken)
        with pytest.raises(AuthenticationError, match="GEMINI_API_KEY") as failed:
            submit_request(make_request(), workspace)
        assert broken not in collect_error_text(failed.value)
    assert len(service.requests) == 2


def test_nothing_shows_the_key(service: ScriptedServer, workspace: ThreadWorkspace) -> None:
    service.script_replies(
        SUBMIT, make_error(400, f"key {KEY} may not use https://x.test/?key={KEY}")
    )
    with pytest.raises(InvalidRequest) as failed:
        submit_request(make_request(), workspace)
    assert KEY not in collect_error_text(failed.value)
    service.script_replies(
        POLL, make_json_answer({"done": True, "error": {"code": 13, "message": f"with {KEY}"}})
    )
    assert KEY not in repr(poll_operation(NAME, workspace))


@pytest.mark.parametrize(
    "uri",
    [
        f"{URI}&key={KEY}",
        f"{HOST}/v1beta/files/abc123xyz456:download?key={KEY}&alt=media",
        f"{HOST.replace('//', f'//{KEY}@')}/v1beta/files/abc123xyz456:download?alt=media#{KEY}",
        f"{HOST}/{KEY}/files/abc123xyz456:download?alt=media",
    ],
)
def test_an_address_is_kept_without_the_key_that_it_shows(
    service: ScriptedServer, workspace: ThreadWorkspace, uri: str
) -> None:
    response = {"generatedSamples": [{"video": {"uri": uri}}]}
    service.script_replies(
        POLL, make_json_answer({"done": True, "response": {"generateVideoResponse": response}})
    )
    service.script_replies(DOWNLOAD, make_video_answer(CLIP))
    outcome = poll_operation(NAME, workspace)
    assert isinstance(outcome, Done)
    assert KEY not in repr(outcome)
    assert outcome.samples[0].uri in (URI, "files/abc123xyz456")
    assert fetch_file(workspace, outcome.samples[0].uri).read_bytes() == CLIP
    assert all(KEY not in each.path for each in service.requests)


def test_a_result_is_never_fetched_from_an_address_that_is_a_key(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    shown = {"uri": f"{HOST}/media/1?key={KEY}"}
    along = {**shown, "encodedVideo": base64.b64encode(CLIP).decode()}
    for each, kind in ((along, Done), (shown, Unusable)):
        response = {"generatedSamples": [{"video": each}]}
        service.script_replies(
            POLL, make_json_answer({"done": True, "response": {"generateVideoResponse": response}})
        )
        outcome = poll_operation(NAME, workspace)
        assert isinstance(outcome, kind)
        assert KEY not in repr(outcome)
    assert isinstance(outcome, Unusable)
    assert "contains a key" in outcome.message
    with pytest.raises(ProviderError, match="contains a key") as refused:
        fetch_file(workspace, shown["uri"])
    assert KEY not in collect_error_text(refused.value)
    assert all(KEY not in each.path for each in service.requests)


def test_a_job_that_is_named_by_the_key_is_not_written_down(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    service.script_replies(SUBMIT, make_json_answer({"name": f"models/{VEO}/operations/{KEY}"}))
    with pytest.raises(UnknownOutcome, match="returned no name") as failed:
        submit_request(make_request(), workspace)
    assert KEY not in collect_error_text(failed.value)


# how much is read


def make_endless_answer(
    status: int, answer_count: list[int]
) -> Callable[[ReceivedRequest], ScriptedAnswer]:
    """An answer of 64 MB, which nobody should read to its end."""

    def answer_without_end(request: ReceivedRequest) -> ScriptedAnswer:
        answer_count.append(1)
        return ScriptedAnswer(
            status, (b" " * (1 << 20),) * 64, {"content-type": "application/json"}
        )

    return answer_without_end


def test_an_answer_without_an_end_is_not_read_to_its_end(
    service: ScriptedServer, workspace: ThreadWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[int] = []
    monkeypatch.setattr(http, "_LARGEST_ANSWER", 2 << 20)
    service.script_replies(POLL, make_endless_answer(200, heard))
    with pytest.raises(ProviderError, match="too long"):
        poll_operation(NAME, workspace)
    assert len(heard) == 1


def test_the_status_of_an_endless_error_is_enough(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    heard: list[int] = []
    service.script_replies(POLL, make_endless_answer(400, heard))
    service.script_replies(SUBMIT, make_endless_answer(400, heard))
    tracemalloc.start()
    with pytest.raises(InvalidRequest, match="HTTP 400"):
        poll_operation(NAME, workspace)
    with pytest.raises(UnknownOutcome, match="HTTP 400"):
        submit_request(make_request(), workspace)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(heard) == 2
    assert most < 24 << 20


def test_a_garbled_answer_is_asked_for_again(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    garbled = ScriptedAnswer(200, (b"no gzip",), {"content-encoding": "gzip"})
    service.script_replies(POLL, garbled, make_json_answer({"name": NAME}))
    assert isinstance(poll_operation(NAME, workspace), Running)
    assert service.count_requests(POLL) == 2
