"""Gemini Omni over Interactions: what is believed of its answers, and what a fault costs."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storyboard.errors import (
    AuthenticationError,
    Gone,
    InvalidRequest,
    NotNow,
    ProviderError,
    QuotaError,
    RefusedError,
    RetiredModel,
    StoryboardError,
    UnknownOutcome,
)
from storyboard.providers.base import (
    Done,
    Failed,
    Filtered,
    Input,
    Kind,
    Role,
    Running,
    Sample,
    Unusable,
)
from storyboard.providers.google import omni
from storyboard.providers.google.long_running import NO_RESULT
from tests.contract.comet import collect_error_text
from tests.contract.gemini_cases import (
    CLIP,
    HOST,
    KEY,
    OMNI,
    make_request,
    point_to_server,
    poll_operation,
    run_with_adapter,
    submit_request,
    write_picture,
)
from tests.contract.scripted import (
    ReceivedRequest,
    ScriptedAnswer,
    ScriptedServer,
    make_json_answer,
)
from tests.contract.vertex_cases import ThreadWorkspace

SUBMIT = "POST /v1/interactions"
NAME = "interactions/v1_abc-DEF_1"
POLL = "GET /v1/interactions/v1_abc-DEF_1?stream=false"
UPLOAD = "POST /upload/v1beta/files"
DATA = base64.b64encode(CLIP).decode()
VIDEO = {"type": "video", "mime_type": "video/mp4", "data": DATA}
URI = f"{HOST}/v1beta/files/abc123:download?alt=media"
FILE = "GET /v1beta/files/abc123"
USER_STEP = {
    "type": "user_input",
    "content": [{"type": "video", "uri": f"{HOST}/v1beta/files/other"}],
}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        point_to_server(monkeypatch, server)
        server.script_replies(
            SUBMIT, make_json_answer({"id": "v1_abc-DEF_1", "status": "in_progress"})
        )
        yield server


@pytest.fixture
def workspace(tmp_path: Path) -> ThreadWorkspace:
    return ThreadWorkspace(tmp_path / "scratch")


@pytest.fixture
def take_input(tmp_path: Path) -> Input:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(CLIP)
    return Input(Role.VIDEO, sha256="v", path=clip)


def make_interaction(status: str = "completed", *content: Any, **more: Any) -> ScriptedAnswer:
    steps = [USER_STEP, {"type": "thought", "signature": "c2ln"}]
    if content:
        steps.append({"type": "model_output", "content": list(content)})
    return make_json_answer({"id": "v1_abc-DEF_1", "status": status, "steps": steps, **more})


def make_error(status: int, message: str, code: str = "invalid_request") -> ScriptedAnswer:
    return make_json_answer({"error": {"message": message, "code": code}}, status)


# what is believed


@pytest.mark.parametrize(
    "status", ["queued", "in_progress", "requires_continuation", "a_new_word", "rendering"]
)
def test_a_job_under_way(service: ScriptedServer, workspace: ThreadWorkspace, status: str) -> None:
    service.script_replies(POLL, make_interaction(status))
    outcome = poll_operation(NAME, workspace)
    assert isinstance(outcome, Running)
    assert outcome.note == status.replace("_", " ")


@pytest.mark.parametrize(
    "answer",
    [
        make_interaction("completed", {"type": "text", "text": "Here."}, VIDEO),
        make_interaction("completed", output_video={"data": DATA, "mime_type": "video/mp4"}),
        make_json_answer({"status": "completed", "outputs": [{"type": "text"}, VIDEO]}),
        make_interaction(
            "completed", {**VIDEO, "data": base64.b64encode(b"draft").decode()}, VIDEO
        ),
    ],
)
def test_a_result_that_comes_along(
    service: ScriptedServer, workspace: ThreadWorkspace, answer: ScriptedAnswer
) -> None:
    service.script_replies(POLL, answer)
    outcome = poll_operation(NAME, workspace)
    assert isinstance(outcome, Done)
    (sample,) = outcome.samples
    assert sample.path is not None
    assert sample.path.read_bytes() == CLIP
    assert sample.uri == NAME
    assert abs((sample.expires_at or 0) - time.time() - 55 * 24 * 3600) < 60


def test_a_result_is_requested_again_by_its_operation_name(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    service.script_replies(POLL, make_interaction("completed", VIDEO))
    sample = run_with_adapter(lambda gemini: gemini.fetch(Sample(uri=NAME), workspace))
    assert sample.path is not None
    assert sample.path.read_bytes() == CLIP
    service.script_replies(POLL, make_interaction("completed"))
    with pytest.raises(Gone, match="no longer contains a video"):
        run_with_adapter(lambda gemini: gemini.fetch(Sample(uri=NAME), workspace))
    service.script_replies(POLL, make_error(404, "not found", "not_found"))
    with pytest.raises(Gone, match="not found"):
        run_with_adapter(lambda gemini: gemini.fetch(Sample(uri=NAME), workspace))


def test_a_result_that_lies_among_the_files(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    service.script_replies(POLL, make_interaction("completed", {"type": "video", "uri": URI}))
    outcome = poll_operation(NAME, workspace)
    assert isinstance(outcome, Done)
    assert outcome.samples[0].path is None
    service.script_replies(FILE, make_error(404, "not found", "not_found"))
    service.script_replies(
        f"{FILE}:download?alt=media", ScriptedAnswer(200, (CLIP,), {"content-type": "video/mp4"})
    )
    sample = run_with_adapter(lambda gemini: gemini.fetch(outcome.samples[0], workspace))
    assert sample.path is not None
    assert sample.path.read_bytes() == CLIP
    assert not service.count_requests(FILE)


def test_a_hidden_file_expires_two_days_after_it_was_made(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    service.script_replies(
        f"{FILE}:download?alt=media", make_error(403, "No permission, or it may not exist.")
    )
    for updated, error in (
        ("2020-01-01T00:00:00Z", Gone),
        ("2999-01-01T00:00:00Z", AuthenticationError),
        ("soon", AuthenticationError),
    ):
        service.script_replies(
            POLL, make_interaction("completed", {"type": "video", "uri": URI}, updated=updated)
        )
        with pytest.raises(error):
            run_with_adapter(lambda gemini: gemini.fetch(Sample(uri=NAME), workspace))


@pytest.mark.parametrize(
    ("answer", "category"),
    [
        (
            make_interaction(
                "failed", errors=[{"code": "content_filtered", "message": "Not that."}]
            ),
            "content filtered",
        ),
        (
            make_interaction(
                "failed", errors=[{"code": "x", "message": "No. Support codes: 29310472"}]
            ),
            "a celebrity",
        ),
        (make_interaction("failed", errors=[{"code": "prompt_blocked"}]), "prompt blocked"),
        (
            make_json_answer(
                {
                    "status": "failed",
                    "steps": [{"error": {"code": 3, "message": "Support code: 90789179"}}],
                }
            ),
            "sexual content",
        ),
    ],
)
def test_a_filter_explains_itself(
    service: ScriptedServer, workspace: ThreadWorkspace, answer: ScriptedAnswer, category: str
) -> None:
    service.script_replies(POLL, answer)
    outcome = poll_operation(NAME, workspace)
    assert isinstance(outcome, Filtered)
    assert outcome.category == category
    assert category in outcome.message or "Not that" in outcome.message
    assert not outcome.billed


NO_TOKENS = {"total_input_tokens": 7, "total_output_tokens": 0}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (
            make_interaction("failed", errors=[{"code": "internal_error", "message": "Oh."}]),
            Failed("Oh."),
        ),
        (
            make_interaction("completed", errors=[{"code": "internal_error", "message": "Oh."}]),
            Unusable("Oh."),
        ),
        (
            make_json_answer({"status": "completed", "result": {"video": {"uri": URI}}}),
            Unusable(f"{NO_RESULT}: {{status: text, result: {{video: {{uri: text}}}}}}"),
        ),
        (
            make_interaction("completed", {"type": "text", "text": "I'd rather not."}),
            Unusable("the model returned no video and answered: I'd rather not."),
        ),
        (
            make_interaction("completed", {"type": "text", "text": "No."}, usage=NO_TOKENS),
            Failed("the model returned no video and answered: No."),
        ),
        (make_interaction("cancelled"), Failed("the job ended with state `cancelled`")),
        (
            make_interaction("budget_exceeded"),
            Failed("the job ended with state `budget exceeded`", billed=True),
        ),
        (
            make_interaction("incomplete", VIDEO),
            Failed("the job ended with state `incomplete`", billed=True),
        ),
        (make_interaction("CANCELLED"), Failed("the job ended with state `cancelled`")),
    ],
)
def test_a_job_can_end_without_a_result(
    service: ScriptedServer,
    workspace: ThreadWorkspace,
    answer: ScriptedAnswer,
    outcome: Failed | Unusable,
) -> None:
    service.script_replies(POLL, answer)
    assert poll_operation(NAME, workspace) == outcome


def test_nonsense_is_no_outcome(service: ScriptedServer, workspace: ThreadWorkspace) -> None:
    for answer in (
        make_json_answer([]),
        make_json_answer("x"),
        ScriptedAnswer(200, (b"<html>",), {"content-type": "text/html"}),
    ):
        service.script_replies(POLL, answer)
        with pytest.raises(ProviderError):
            poll_operation(NAME, workspace)
    for value in ({"id": "v1_abc"}, {"error": {"code": 500, "message": "Oh."}}, {"status": 7}):
        service.script_replies(POLL, make_json_answer(value))
        with pytest.raises(ProviderError, match="has no job state"):
            poll_operation(NAME, workspace)
    service.script_replies(POLL, make_interaction("completed", {**VIDEO, "data": "?"}))
    outcome = poll_operation(NAME, workspace)
    assert isinstance(outcome, Done)
    assert (outcome.samples[0].path, outcome.samples[0].uri) == (None, NAME)
    with pytest.raises(ProviderError, match="not a media file"):
        run_with_adapter(lambda gemini: gemini.fetch(outcome.samples[0], workspace))
    service.script_replies(POLL, make_error(503, "later"), make_interaction("in_progress"))
    assert isinstance(poll_operation(NAME, workspace), Running)


def test_a_strange_name_stays_one_step_of_the_path(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    with pytest.raises(ProviderError):
        poll_operation("interactions/../files?x=1#y", workspace)
    assert service.requests[0].path == "/v1/interactions/..%2Ffiles%3Fx%3D1%23y?stream=false"


# going on from a take


def test_a_take_too_large_to_inline_is_uploaded_first(
    service: ScriptedServer,
    workspace: ThreadWorkspace,
    take_input: Input,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(omni, "MAX_INLINE_BYTES", 100)

    def answer_upload_start(request: ReceivedRequest) -> ScriptedAnswer:
        assert request.headers["x-goog-upload-command"] == "start"
        assert request.headers["x-goog-upload-protocol"] == "resumable"
        assert request.headers["x-goog-upload-header-content-length"] == str(len(CLIP))
        assert request.headers["x-goog-upload-header-content-type"] == "video/mp4"
        return make_json_answer({}, **{"x-goog-upload-url": f"{service.url}/up?upload_id=1"})

    def answer_upload_end(request: ReceivedRequest) -> ScriptedAnswer:
        assert request.headers["x-goog-upload-command"] == "upload, finalize"
        assert request.headers["x-goog-upload-offset"] == "0"
        assert request.body == CLIP
        return make_json_answer(
            {"file": {"name": "files/abc123", "uri": f"{HOST}/v1beta/files/abc123"}}
        )

    service.script_replies(UPLOAD, answer_upload_start)
    service.script_replies("POST /up?upload_id=1", answer_upload_end)
    service.script_replies(
        FILE, make_json_answer({"state": "PROCESSING"}), make_json_answer({"state": "ACTIVE"})
    )
    submit_request(make_request(Kind.EXTEND, take_input, model=OMNI), workspace)
    video = service.requests[-1].json["input"][0]["content"][0]
    assert video == {
        "type": "video",
        "mime_type": "video/mp4",
        "uri": f"{HOST}/v1beta/files/abc123",
    }


def test_an_upload_goes_nowhere_else(
    service: ScriptedServer,
    workspace: ThreadWorkspace,
    take_input: Input,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(omni, "MAX_INLINE_BYTES", 100)
    with ScriptedServer() as other:
        service.script_replies(
            UPLOAD,
            make_json_answer({}, **{"x-goog-upload-url": f"{other.url}/up"}),
            make_json_answer({}),
        )
        for _ in range(2):
            with pytest.raises(ProviderError, match="not an address of"):
                submit_request(make_request(Kind.EXTEND, take_input, model=OMNI), workspace)
        assert not other.requests
    assert not service.count_requests(SUBMIT)


def test_ways_to_name_the_source_of_an_extension(
    service: ScriptedServer, workspace: ThreadWorkspace, take_input: Input
) -> None:
    def read_sent_input(source: Input) -> Any:
        submit_request(make_request(Kind.EXTEND, source, model=OMNI), workspace)
        return service.requests[-1].json

    service.script_replies(FILE, make_json_answer({"state": "ACTIVE"}))
    later = time.time() + 60
    by_name = read_sent_input(replace(take_input, uri=NAME, expires_at=later))
    assert by_name["previous_interaction_id"] == "v1_abc-DEF_1"
    assert by_name["input"] == "a cat"
    for source, key in (
        (replace(take_input, uri=URI, expires_at=later), "uri"),
        (replace(take_input, uri=URI, expires_at=1.0), "data"),
        (replace(take_input, uri=NAME, expires_at=1.0), "data"),
        (replace(take_input, uri="gs://bucket/a.mp4"), "data"),
    ):
        body = read_sent_input(source)
        assert set(body["input"][0]["content"][0]) == {"type", "mime_type", key}
        assert "previous_interaction_id" not in body


def test_a_take_that_expired_at_the_service_is_sent_along(
    service: ScriptedServer, workspace: ThreadWorkspace, take_input: Input
) -> None:
    service.script_replies(FILE, make_error(403, "You have no permission, or it may not exist."))
    submit_request(make_request(Kind.EXTEND, replace(take_input, uri=URI), model=OMNI), workspace)
    assert service.requests[-1].json["input"][0]["content"][0]["data"] == DATA
    with pytest.raises(Gone):
        submit_request(
            make_request(Kind.EXTEND, replace(take_input, uri=URI, path=None), model=OMNI),
            workspace,
        )


def test_a_take_without_file_or_address_cannot_be_extended(
    service: ScriptedServer, workspace: ThreadWorkspace, take_input: Input
) -> None:
    for source in (
        replace(take_input, path=None),
        replace(take_input, path=None, uri=NAME, expires_at=1.0),
    ):
        with pytest.raises(InvalidRequest, match="its file is not in the store"):
            submit_request(make_request(Kind.EXTEND, source, model=OMNI), workspace)
    with pytest.raises(InvalidRequest, match="no video to extend"):
        submit_request(make_request(Kind.EXTEND, model=OMNI), workspace)
    missing = replace(take_input, path=workspace.scratch / "gone.mp4")
    with pytest.raises(InvalidRequest, match="can't be read"):
        submit_request(make_request(Kind.EXTEND, missing, model=OMNI), workspace)
    assert not service.requests


def test_going_on_without_words_says_that(
    service: ScriptedServer, workspace: ThreadWorkspace, take_input: Input
) -> None:
    request = replace(
        make_request(Kind.EXTEND, replace(take_input, uri=NAME), model=OMNI), prompt=""
    )
    submit_request(request, workspace)
    assert service.requests[0].json["input"] == "Continue the scene."


def test_a_job_that_the_service_forgot_cannot_be_extended(
    service: ScriptedServer, workspace: ThreadWorkspace, take_input: Input
) -> None:
    service.script_replies(
        SUBMIT, make_error(404, "Interaction v1_abc was not found.", "not_found")
    )
    with pytest.raises(Gone, match="not found"):
        submit_request(
            make_request(Kind.EXTEND, replace(take_input, uri=NAME), model=OMNI), workspace
        )


# what a fault costs


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (make_error(400, "Unsupported duration '2s'"), InvalidRequest),
        (make_error(400, "No. Support codes: 58061214"), RefusedError),
        (make_error(403, "no"), AuthenticationError),
        (make_error(404, f"Model {OMNI} is no longer available."), RetiredModel),
        (make_error(404, "Interaction v1_x was not found.", "not_found"), InvalidRequest),
        (make_error(429, "slow down"), QuotaError),
        (make_error(500, "oh"), UnknownOutcome),
        (make_error(504, "oh"), UnknownOutcome),
        (make_json_answer({"status": "in_progress"}), UnknownOutcome),
        (make_json_answer({"id": ".."}), UnknownOutcome),
        (make_json_answer({"id": "interactions/"}), UnknownOutcome),
        (None, UnknownOutcome),
    ],
)
def test_a_submit_says_what_it_cost(
    service: ScriptedServer,
    workspace: ThreadWorkspace,
    answer: ScriptedAnswer | None,
    error: type[StoryboardError],
) -> None:
    service.script_replies(SUBMIT, answer)
    with pytest.raises(error) as failed:
        submit_request(make_request(model=OMNI), workspace)
    assert isinstance(failed.value, error)
    assert isinstance(failed.value, NotNow) is (error is QuotaError)
    assert service.count_requests(SUBMIT) == 1
    assert KEY not in collect_error_text(failed.value)


def test_a_picture_that_is_none_is_not_sent(
    service: ScriptedServer, workspace: ThreadWorkspace, tmp_path: Path
) -> None:
    broken = write_picture(tmp_path)
    assert broken.path is not None
    broken.path.write_bytes(b"GIF89a")
    with pytest.raises(InvalidRequest, match="readable image"):
        submit_request(make_request(Kind.GENERATE, broken, model=OMNI), workspace)
    assert not service.requests


def test_no_key_comes_out_of_an_answer(service: ScriptedServer, workspace: ThreadWorkspace) -> None:
    service.script_replies(SUBMIT, make_json_answer({"id": KEY, "status": "in_progress"}))
    with pytest.raises(UnknownOutcome, match="returned no name"):
        submit_request(make_request(model=OMNI), workspace)
    shown = {"type": "video", "uri": f"{HOST}/media/1?key={KEY}"}
    service.script_replies(POLL, make_interaction("completed", shown))
    outcome = poll_operation(NAME, workspace)
    assert isinstance(outcome, Unusable)
    assert KEY not in repr(outcome)
    service.script_replies(POLL, make_interaction("completed", {**shown, "data": DATA}))
    outcome = poll_operation(NAME, workspace)
    assert isinstance(outcome, Done)
    assert KEY not in repr(outcome)
    assert outcome.samples[0].path is not None
    service.script_replies(
        POLL, make_interaction("completed", {"type": "video", "uri": f"gs://films/a.mp4?key={KEY}"})
    )
    outcome = poll_operation(NAME, workspace)
    assert isinstance(outcome, Done)
    assert outcome.samples[0].uri == "gs://films/a.mp4"
    service.script_replies(
        POLL, make_interaction("completed", {"type": "video", "uri": f"{URI}&key={KEY}"})
    )
    service.script_replies(
        f"{FILE}:download?alt=media", ScriptedAnswer(200, (CLIP,), {"content-type": "video/mp4"})
    )
    sample = run_with_adapter(lambda gemini: gemini.fetch(Sample(uri=NAME), workspace))
    assert KEY not in repr(sample)
    assert all(KEY not in each.path for each in service.requests)
