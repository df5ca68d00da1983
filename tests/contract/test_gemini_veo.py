"""Veo on the Gemini API: what is sent, and what is believed of the answers."""

from __future__ import annotations

import base64
import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storyboard.errors import (
    Gone,
    InvalidRequest,
    NotNow,
    ProviderError,
    QuotaError,
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
from storyboard.providers.google import gemini_files
from storyboard.providers.google.long_running import NO_RESULT
from tests.contract.gemini_cases import (
    CLIP,
    HOST,
    KEY,
    VEO,
    make_error,
    make_request,
    point_to_server,
    poll_operation,
    submit_request,
    write_picture,
)
from tests.contract.scripted import ScriptedAnswer, ScriptedServer, make_json_answer
from tests.contract.vertex_cases import PNG, ThreadWorkspace

SUBMIT = f"POST /v1beta/models/{VEO}:predictLongRunning"
NAME = f"models/{VEO}/operations/vz341u0pmdlc"
POLL = f"GET /v1beta/{NAME}"
FILE = "GET /v1beta/files/abc123xyz456"
URI = f"{HOST}/v1beta/files/abc123xyz456:download?alt=media"
B64 = {"bytesBase64Encoded": base64.b64encode(PNG).decode(), "mimeType": "image/png"}
SOURCE = Input(Role.VIDEO, sha256="v", uri=URI)
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


def make_finished_answer(**response: Any) -> ScriptedAnswer:
    return make_json_answer(
        {"name": NAME, "done": True, "response": {"generateVideoResponse": response}}
    )


# what is sent


def test_words_alone(service: ScriptedServer, workspace: ThreadWorkspace) -> None:
    assert submit_request(
        make_request(duration_s=8, resolution="1080p", negative_prompt="rain"), workspace
    ).name
    (sent,) = service.requests
    assert sent.json == {
        "instances": [{"prompt": "a cat"}],
        "parameters": {
            "durationSeconds": 8,
            "aspectRatio": "16:9",
            "resolution": "1080p",
            "negativePrompt": "rain",
        },
    }
    assert sent.headers["x-goog-api-key"] == KEY
    assert KEY not in sent.path


def test_pictures_go_along_as_bytes(
    service: ScriptedServer, workspace: ThreadWorkspace, tmp_path: Path
) -> None:
    first, last = write_picture(tmp_path), write_picture(tmp_path, Role.LAST_FRAME, "q")
    submit_request(make_request(Kind.INTERPOLATE, first, last), workspace)
    references = [write_picture(tmp_path, Role.REFERENCE, name) for name in ("ana", "ben", "kay")]
    submit_request(make_request(Kind.GENERATE, *references), workspace)
    frames, people = (each.json["instances"] for each in service.requests)
    assert frames == [{"prompt": "a cat", "image": B64, "lastFrame": B64}]
    assert [each["image"] for each in people[0]["referenceImages"]] == [B64] * 3
    assert {each["referenceType"].lower() for each in people[0]["referenceImages"]} == {"asset"}


def test_an_extension_names_its_source_as_the_service_named_it(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    submit_request(make_request(Kind.EXTEND, SOURCE, duration_s=7, resolution="1080p"), workspace)
    sent = service.requests[-1].json
    assert sent["instances"] == [{"prompt": "a cat", "video": {"uri": URI}}]
    assert sent["parameters"]["resolution"] == "720p"
    assert sent["parameters"].get("durationSeconds", 8) == 8


def test_no_other_parameter_is_invented(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    submit_request(make_request(audio=False, options={"enhance_prompt": True}), workspace)
    parameters = service.requests[0].json["parameters"]
    assert set(parameters) == {"durationSeconds", "aspectRatio", "resolution", "enhancePrompt"}


@pytest.mark.parametrize(
    ("kind", "roles", "wish", "legal"),
    [
        (Kind.GENERATE, (), "allow_adult", "allow_all"),
        (Kind.GENERATE, (Role.FIRST_FRAME,), "allow_all", "allow_adult"),
        (Kind.INTERPOLATE, (Role.FIRST_FRAME, Role.LAST_FRAME), "dont_allow", "allow_adult"),
        (Kind.GENERATE, (Role.REFERENCE,), "allow_all", "allow_adult"),
        (Kind.EXTEND, (Role.VIDEO,), "allow_adult", "allow_all"),
    ],
)
def test_people_are_allowed_as_each_operation_has_it(
    service: ScriptedServer,
    workspace: ThreadWorkspace,
    tmp_path: Path,
    kind: Kind,
    roles: tuple[Role, ...],
    wish: str,
    legal: str,
) -> None:
    inputs = [
        SOURCE if role is Role.VIDEO else write_picture(tmp_path, role, role) for role in roles
    ]
    with pytest.raises(InvalidRequest, match=wish) as refused:
        submit_request(make_request(kind, *inputs, options={"person_generation": wish}), workspace)
    assert f"person_generation: {legal}" in refused.value.hint
    assert not service.requests
    submit_request(make_request(kind, *inputs, options={"person_generation": legal}), workspace)
    assert service.requests[-1].json["parameters"]["personGeneration"] == legal


# going on from a take


def test_it_waits_until_the_source_is_ready(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    busy = make_json_answer({"name": "files/abc123xyz456", "state": "PROCESSING"})
    service.script_replies(FILE, busy, busy, make_json_answer({"state": "ACTIVE"}))
    submit_request(make_request(Kind.EXTEND, SOURCE), workspace)
    assert [each.method for each in service.requests] == ["GET", "GET", "GET", "POST"]


def test_a_source_that_never_gets_ready_costs_nothing(
    service: ScriptedServer, workspace: ThreadWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gemini_files, "_PATIENCE_S", 0.5)
    service.script_replies(FILE, make_json_answer({"state": "PROCESSING"}))
    with pytest.raises(NotNow, match="processing"):
        submit_request(make_request(Kind.EXTEND, SOURCE), workspace)
    service.script_replies(
        FILE, make_json_answer({"state": "FAILED", "error": {"message": "no frames"}})
    )
    with pytest.raises(InvalidRequest, match="no frames"):
        submit_request(make_request(Kind.EXTEND, SOURCE), workspace)
    assert not service.count_requests(SUBMIT)


@pytest.mark.parametrize(
    "answer", [make_error(403, LOST, "PERMISSION_DENIED"), make_error(404, "Not found")]
)
def test_a_source_that_expired_says_so(
    service: ScriptedServer, workspace: ThreadWorkspace, answer: ScriptedAnswer
) -> None:
    service.script_replies(FILE, answer)
    with pytest.raises(Gone, match=r"two days|no longer"):
        submit_request(make_request(Kind.EXTEND, SOURCE), workspace)
    assert not service.count_requests(SUBMIT)


def test_a_take_of_another_service_cannot_be_extended(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    for uri in ("", "gs://bucket/sample_0.mp4"):
        with pytest.raises(InvalidRequest, match="only its own results"):
            submit_request(
                make_request(Kind.EXTEND, dataclasses.replace(SOURCE, uri=uri)), workspace
            )
    assert not service.requests


def test_a_source_that_is_not_processed_yet_is_retried(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    words = "Input video must be a video that was generated by VEO that has been processed."
    service.script_replies(SUBMIT, make_error(400, words))
    with pytest.raises(NotNow) as later:
        submit_request(make_request(Kind.EXTEND, SOURCE), workspace)
    assert later.value.retry_after_s == 10
    assert not isinstance(later.value, QuotaError)


# what is believed


def test_a_job_without_done_is_running(service: ScriptedServer, workspace: ThreadWorkspace) -> None:
    service.script_replies(POLL, make_json_answer({"name": NAME}))
    assert poll_operation(NAME, workspace) == Running()


def test_a_result_expires_when_its_file_does(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    done = make_finished_answer(generatedSamples=[{"video": {"uri": URI}}])
    service.script_replies(POLL, done)
    service.script_replies(
        FILE, make_json_answer({"state": "PROCESSING", "expirationTime": "2026-11-25T08:00:00.5Z"})
    )
    outcome = poll_operation(NAME, workspace)
    assert isinstance(outcome, Done)
    assert outcome.samples == (Sample(uri=URI, expires_at=1795593600.5),)
    for answer in (make_json_answer({}), make_error(403, LOST), make_error(400, "what?")):
        service.script_replies(FILE, answer)
        outcome = poll_operation(NAME, workspace)
        assert isinstance(outcome, Done)
        assert abs((outcome.samples[0].expires_at or 0) - time.time() - 48 * 3600) < 60


def test_a_result_that_comes_as_bytes(service: ScriptedServer, workspace: ThreadWorkspace) -> None:
    data = base64.b64encode(CLIP).decode()
    service.script_replies(
        POLL, make_finished_answer(generatedSamples=[{"video": {"encodedVideo": data}}])
    )
    outcome = poll_operation(NAME, workspace)
    assert isinstance(outcome, Done)
    path = outcome.samples[0].path
    assert path is not None
    assert path.read_bytes() == CLIP


def test_a_filter_explains_itself(service: ScriptedServer, workspace: ThreadWorkspace) -> None:
    words = "Veo could not generate videos. You will not be charged. Support codes: 29310472"
    service.script_replies(
        POLL, make_finished_answer(raiMediaFilteredCount=1, raiMediaFilteredReasons=[words])
    )
    outcome = poll_operation(NAME, workspace)
    assert isinstance(outcome, Filtered)
    assert "a celebrity" in outcome.message
    assert outcome.category == "a celebrity"
    assert not outcome.billed
    both = make_finished_answer(
        generatedSamples=[{"video": {"uri": URI}}],
        raiMediaFilteredCount=1,
        raiMediaFilteredReasons=[words],
    )
    service.script_replies(POLL, both)
    outcome = poll_operation(NAME, workspace)
    assert isinstance(outcome, Done)
    assert "a celebrity" in outcome.filtered


EMPTY = "{generateVideoResponse: {generatedSamples: [{}]}}"
HEAD = "{name: text, done: true, "
STRANGE = "the job ended with an error in an unknown format"
BAD = {"video": {"encodedVideo": "!!"}}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"error": {"code": 13, "message": "Internal."}}, Failed("Internal.")),
        ({"error": {"code": 8, "message": "Busy."}}, Failed("Busy.", again_s=60.0)),
        ({"error": "boom"}, Unusable(f"{STRANGE}: boom")),
        ({"response": {}}, Unusable(f"{NO_RESULT}: {HEAD}response: {{}}}}")),
        (
            {"response": {"generateVideoResponse": {"generatedSamples": [{}]}}},
            Unusable(f"{NO_RESULT}: {HEAD}response: {EMPTY}}}"),
        ),
        ({}, Unusable(f"{NO_RESULT}: {{name: text, done: true}}")),
        (
            {"response": {"generateVideoResponse": {"generatedSamples": [BAD]}}},
            Done((Sample(problem="the result is not a media file"),)),
        ),
    ],
)
def test_only_an_error_says_that_a_job_came_to_nothing(
    service: ScriptedServer, workspace: ThreadWorkspace, answer: dict[str, Any], outcome: Any
) -> None:
    service.script_replies(POLL, make_json_answer({"name": NAME, "done": True, **answer}))
    assert poll_operation(NAME, workspace) == outcome


def test_a_blocked_prompt_is_filtered(service: ScriptedServer, workspace: ThreadWorkspace) -> None:
    error = {"code": 3, "message": "The prompt could not be submitted. Support codes: 61493863"}
    service.script_replies(POLL, make_json_answer({"name": NAME, "done": True, "error": error}))
    outcome = poll_operation(NAME, workspace)
    assert isinstance(outcome, Filtered)
    assert outcome.category == "violence"


def test_what_is_no_job_of_ours_is_not_asked_for(
    service: ScriptedServer, workspace: ThreadWorkspace
) -> None:
    for name in ("models/../files/x/operations/1", "https://elsewhere/operations/1", ""):
        with pytest.raises(ProviderError, match="not a job"):
            poll_operation(name, workspace)
    assert not service.requests
    service.script_replies(POLL, make_error(404, "Operation not found"))
    with pytest.raises(Gone, match="job not found"):
        poll_operation(NAME, workspace)
