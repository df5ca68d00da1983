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
from storyboard.providers import omni
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
from storyboard.providers.operation import NOTHING
from tests.contract.comet import said
from tests.contract.gemini_cases import (
    CLIP,
    HOST,
    KEY,
    OMNI,
    asked,
    picture,
    pointed,
    polled,
    submitted,
    using,
)
from tests.contract.scripted import Answer, Asked, Scripted, told
from tests.contract.vertex_cases import Place

SUBMIT = "POST /v1/interactions"
NAME = "interactions/v1_abc-DEF_1"
POLL = "GET /v1/interactions/v1_abc-DEF_1?stream=false"
UPLOAD = "POST /upload/v1beta/files"
DATA = base64.b64encode(CLIP).decode()
VIDEO = {"type": "video", "mime_type": "video/mp4", "data": DATA}
URI = f"{HOST}/v1beta/files/abc123:download?alt=media"
FILE = "GET /v1beta/files/abc123"
GIVEN = {"type": "user_input", "content": [{"type": "video", "uri": f"{HOST}/v1beta/files/other"}]}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    with Scripted() as server:
        pointed(monkeypatch, server)
        server.say(SUBMIT, told({"id": "v1_abc-DEF_1", "status": "in_progress"}))
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "scratch")


@pytest.fixture
def take(tmp_path: Path) -> Input:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(CLIP)
    return Input(Role.VIDEO, sha256="v", path=clip)


def standing(status: str = "completed", *content: Any, **more: Any) -> Answer:
    steps = [GIVEN, {"type": "thought", "signature": "c2ln"}]
    if content:
        steps.append({"type": "model_output", "content": list(content)})
    return told({"id": "v1_abc-DEF_1", "status": status, "steps": steps, **more})


def wrong(status: int, message: str, code: str = "invalid_request") -> Answer:
    return told({"error": {"message": message, "code": code}}, status)


# what is believed


@pytest.mark.parametrize(
    "status", ["queued", "in_progress", "requires_continuation", "a_new_word", "rendering"]
)
def test_a_job_under_way(service: Scripted, place: Place, status: str) -> None:
    service.say(POLL, standing(status))
    outcome = polled(NAME, place)
    assert isinstance(outcome, Running)
    assert outcome.note == status.replace("_", " ")


@pytest.mark.parametrize(
    "answer",
    [
        standing("completed", {"type": "text", "text": "Here."}, VIDEO),
        standing("completed", output_video={"data": DATA, "mime_type": "video/mp4"}),
        told({"status": "completed", "outputs": [{"type": "text"}, VIDEO]}),
        standing("completed", {**VIDEO, "data": base64.b64encode(b"draft").decode()}, VIDEO),
    ],
)
def test_a_result_that_comes_along(service: Scripted, place: Place, answer: Answer) -> None:
    service.say(POLL, answer)
    outcome = polled(NAME, place)
    assert isinstance(outcome, Done)
    (sample,) = outcome.samples
    assert sample.path is not None
    assert sample.path.read_bytes() == CLIP
    assert sample.uri == NAME
    assert abs((sample.expires_at or 0) - time.time() - 55 * 24 * 3600) < 60


def test_a_result_is_asked_for_once_more_by_the_name_of_its_job(
    service: Scripted, place: Place
) -> None:
    service.say(POLL, standing("completed", VIDEO))
    found = using(lambda gemini: gemini.fetch(Sample(uri=NAME), place))
    assert found.path is not None
    assert found.path.read_bytes() == CLIP
    service.say(POLL, standing("completed"))
    with pytest.raises(Gone, match="no video"):
        using(lambda gemini: gemini.fetch(Sample(uri=NAME), place))
    service.say(POLL, wrong(404, "not found", "not_found"))
    with pytest.raises(Gone, match="no longer knows"):
        using(lambda gemini: gemini.fetch(Sample(uri=NAME), place))


def test_a_result_that_lies_among_the_files(service: Scripted, place: Place) -> None:
    service.say(POLL, standing("completed", {"type": "video", "uri": URI}))
    outcome = polled(NAME, place)
    assert isinstance(outcome, Done)
    assert outcome.samples[0].path is None
    service.say(FILE, wrong(404, "not found", "not_found"))
    service.say(f"{FILE}:download?alt=media", Answer(200, (CLIP,), {"content-type": "video/mp4"}))
    found = using(lambda gemini: gemini.fetch(outcome.samples[0], place))
    assert found.path is not None
    assert found.path.read_bytes() == CLIP
    assert not service.count(FILE)


def test_a_file_that_is_not_shown_is_gone_two_days_after_it_was_made(
    service: Scripted, place: Place
) -> None:
    service.say(f"{FILE}:download?alt=media", wrong(403, "No permission, or it may not exist."))
    for updated, error in (
        ("2020-01-01T00:00:00Z", Gone),
        ("2999-01-01T00:00:00Z", AuthenticationError),
        ("soon", AuthenticationError),
    ):
        service.say(POLL, standing("completed", {"type": "video", "uri": URI}, updated=updated))
        with pytest.raises(error):
            using(lambda gemini: gemini.fetch(Sample(uri=NAME), place))


@pytest.mark.parametrize(
    ("answer", "category"),
    [
        (
            standing("failed", errors=[{"code": "content_filtered", "message": "Not that."}]),
            "content filtered",
        ),
        (
            standing("failed", errors=[{"code": "x", "message": "No. Support codes: 29310472"}]),
            "a celebrity",
        ),
        (standing("failed", errors=[{"code": "prompt_blocked"}]), "prompt blocked"),
        (
            told(
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
    service: Scripted, place: Place, answer: Answer, category: str
) -> None:
    service.say(POLL, answer)
    outcome = polled(NAME, place)
    assert isinstance(outcome, Filtered)
    assert outcome.category == category
    assert category in outcome.message or "Not that" in outcome.message
    assert not outcome.billed


NO_TOKENS = {"total_input_tokens": 7, "total_output_tokens": 0}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (
            standing("failed", errors=[{"code": "internal_error", "message": "Oh."}]),
            Failed("Oh."),
        ),
        (
            standing("completed", errors=[{"code": "internal_error", "message": "Oh."}]),
            Unusable("Oh."),
        ),
        (
            told({"status": "completed", "result": {"video": {"uri": URI}}}),
            Unusable(f"{NOTHING}: {{status: text, result: {{video: {{uri: text}}}}}}"),
        ),
        (
            standing("completed", {"type": "text", "text": "I'd rather not."}),
            Unusable("the model made no video and said: I'd rather not."),
        ),
        (
            standing("completed", {"type": "text", "text": "No."}, usage=NO_TOKENS),
            Failed("the model made no video and said: No."),
        ),
        (standing("cancelled"), Failed("the job ended as `cancelled`")),
        (
            standing("budget_exceeded"),
            Failed("the job ended as `budget exceeded`", billed=True),
        ),
        (standing("incomplete", VIDEO), Failed("the job ended as `incomplete`", billed=True)),
        (standing("CANCELLED"), Failed("the job ended as `cancelled`")),
    ],
)
def test_a_job_can_end_without_a_result(
    service: Scripted, place: Place, answer: Answer, outcome: Failed | Unusable
) -> None:
    service.say(POLL, answer)
    assert polled(NAME, place) == outcome


def test_nonsense_is_no_outcome(service: Scripted, place: Place) -> None:
    for answer in (told([]), told("x"), Answer(200, (b"<html>",), {"content-type": "text/html"})):
        service.say(POLL, answer)
        with pytest.raises(ProviderError):
            polled(NAME, place)
    for value in ({"id": "v1_abc"}, {"error": {"code": 500, "message": "Oh."}}, {"status": 7}):
        service.say(POLL, told(value))
        with pytest.raises(ProviderError, match="tells nothing of the job"):
            polled(NAME, place)
    service.say(POLL, standing("completed", {**VIDEO, "data": "?"}))
    outcome = polled(NAME, place)
    assert isinstance(outcome, Done)
    assert (outcome.samples[0].path, outcome.samples[0].uri) == (None, NAME)
    with pytest.raises(ProviderError, match="no medium"):
        using(lambda gemini: gemini.fetch(outcome.samples[0], place))
    service.say(POLL, wrong(503, "later"), standing("in_progress"))
    assert isinstance(polled(NAME, place), Running)


def test_a_strange_name_stays_one_step_of_the_path(service: Scripted, place: Place) -> None:
    with pytest.raises(ProviderError):
        polled("interactions/../files?x=1#y", place)
    assert service.asked[0].path == "/v1/interactions/..%2Ffiles%3Fx%3D1%23y?stream=false"


# going on from a take


def test_a_take_too_large_to_go_along_is_sent_up_first(
    service: Scripted, place: Place, take: Input, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(omni, "INLINE", 100)

    def begun(request: Asked) -> Answer:
        assert request.headers["x-goog-upload-command"] == "start"
        assert request.headers["x-goog-upload-protocol"] == "resumable"
        assert request.headers["x-goog-upload-header-content-length"] == str(len(CLIP))
        assert request.headers["x-goog-upload-header-content-type"] == "video/mp4"
        return told({}, **{"x-goog-upload-url": f"{service.url}/up?upload_id=1"})

    def done(request: Asked) -> Answer:
        assert request.headers["x-goog-upload-command"] == "upload, finalize"
        assert request.headers["x-goog-upload-offset"] == "0"
        assert request.body == CLIP
        return told({"file": {"name": "files/abc123", "uri": f"{HOST}/v1beta/files/abc123"}})

    service.say(UPLOAD, begun)
    service.say("POST /up?upload_id=1", done)
    service.say(FILE, told({"state": "PROCESSING"}), told({"state": "ACTIVE"}))
    submitted(asked(Kind.EXTEND, take, model=OMNI), place)
    video = service.asked[-1].json["input"][0]["content"][0]
    assert video == {
        "type": "video",
        "mime_type": "video/mp4",
        "uri": f"{HOST}/v1beta/files/abc123",
    }


def test_an_upload_goes_nowhere_else(
    service: Scripted, place: Place, take: Input, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(omni, "INLINE", 100)
    with Scripted() as other:
        service.say(UPLOAD, told({}, **{"x-goog-upload-url": f"{other.url}/up"}), told({}))
        for _ in range(2):
            with pytest.raises(ProviderError, match="not its own"):
                submitted(asked(Kind.EXTEND, take, model=OMNI), place)
        assert not other.asked
    assert not service.count(SUBMIT)


def test_what_a_take_can_be_gone_on_from_by(service: Scripted, place: Place, take: Input) -> None:
    def sent(source: Input) -> Any:
        submitted(asked(Kind.EXTEND, source, model=OMNI), place)
        return service.asked[-1].json

    service.say(FILE, told({"state": "ACTIVE"}))
    later = time.time() + 60
    by_name = sent(replace(take, uri=NAME, expires_at=later))
    assert by_name["previous_interaction_id"] == "v1_abc-DEF_1"
    assert by_name["input"] == "a cat"
    for source, key in (
        (replace(take, uri=URI, expires_at=later), "uri"),
        (replace(take, uri=URI, expires_at=1.0), "data"),
        (replace(take, uri=NAME, expires_at=1.0), "data"),
        (replace(take, uri="gs://bucket/a.mp4"), "data"),
    ):
        body = sent(source)
        assert set(body["input"][0]["content"][0]) == {"type", "mime_type", key}
        assert "previous_interaction_id" not in body


def test_a_take_that_expired_there_goes_along(service: Scripted, place: Place, take: Input) -> None:
    service.say(FILE, wrong(403, "You have no permission, or it may not exist."))
    submitted(asked(Kind.EXTEND, replace(take, uri=URI), model=OMNI), place)
    assert service.asked[-1].json["input"][0]["content"][0]["data"] == DATA
    with pytest.raises(Gone):
        submitted(asked(Kind.EXTEND, replace(take, uri=URI, path=None), model=OMNI), place)


def test_a_take_that_is_nowhere_is_not_gone_on_from(
    service: Scripted, place: Place, take: Input
) -> None:
    for source in (replace(take, path=None), replace(take, path=None, uri=NAME, expires_at=1.0)):
        with pytest.raises(InvalidRequest, match="its file is not here"):
            submitted(asked(Kind.EXTEND, source, model=OMNI), place)
    with pytest.raises(InvalidRequest, match="no video"):
        submitted(asked(Kind.EXTEND, model=OMNI), place)
    missing = replace(take, path=place.scratch / "gone.mp4")
    with pytest.raises(InvalidRequest, match="can't be read"):
        submitted(asked(Kind.EXTEND, missing, model=OMNI), place)
    assert not service.asked


def test_going_on_without_words_says_that(service: Scripted, place: Place, take: Input) -> None:
    request = replace(asked(Kind.EXTEND, replace(take, uri=NAME), model=OMNI), prompt="")
    submitted(request, place)
    assert service.asked[0].json["input"] == "Continue the scene."


def test_a_job_that_the_service_forgot_is_not_gone_on_from(
    service: Scripted, place: Place, take: Input
) -> None:
    service.say(SUBMIT, wrong(404, "Interaction v1_abc was not found.", "not_found"))
    with pytest.raises(Gone, match="no longer knows"):
        submitted(asked(Kind.EXTEND, replace(take, uri=NAME), model=OMNI), place)


# what a fault costs


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (wrong(400, "Unsupported duration '2s'"), InvalidRequest),
        (wrong(400, "No. Support codes: 58061214"), RefusedError),
        (wrong(403, "no"), AuthenticationError),
        (wrong(404, f"Model {OMNI} is no longer available."), RetiredModel),
        (wrong(404, "Interaction v1_x was not found.", "not_found"), InvalidRequest),
        (wrong(429, "slow down"), QuotaError),
        (wrong(500, "oh"), UnknownOutcome),
        (wrong(504, "oh"), UnknownOutcome),
        (told({"status": "in_progress"}), UnknownOutcome),
        (told({"id": ".."}), UnknownOutcome),
        (told({"id": "interactions/"}), UnknownOutcome),
        (None, UnknownOutcome),
    ],
)
def test_a_submit_says_what_it_cost(
    service: Scripted, place: Place, answer: Answer | None, error: type[StoryboardError]
) -> None:
    service.say(SUBMIT, answer)
    with pytest.raises(error) as failed:
        submitted(asked(model=OMNI), place)
    assert isinstance(failed.value, error)
    assert isinstance(failed.value, NotNow) is (error is QuotaError)
    assert service.count(SUBMIT) == 1
    assert KEY not in said(failed.value)


def test_a_picture_that_is_none_is_not_sent(
    service: Scripted, place: Place, tmp_path: Path
) -> None:
    broken = picture(tmp_path)
    assert broken.path is not None
    broken.path.write_bytes(b"GIF89a")
    with pytest.raises(InvalidRequest, match="picture"):
        submitted(asked(Kind.GENERATE, broken, model=OMNI), place)
    assert not service.asked


def test_no_key_comes_out_of_an_answer(service: Scripted, place: Place) -> None:
    service.say(SUBMIT, told({"id": KEY, "status": "in_progress"}))
    with pytest.raises(UnknownOutcome, match="named none"):
        submitted(asked(model=OMNI), place)
    shown = {"type": "video", "uri": f"{HOST}/media/1?key={KEY}"}
    service.say(POLL, standing("completed", shown))
    outcome = polled(NAME, place)
    assert isinstance(outcome, Unusable)
    assert KEY not in repr(outcome)
    service.say(POLL, standing("completed", {**shown, "data": DATA}))
    outcome = polled(NAME, place)
    assert isinstance(outcome, Done)
    assert KEY not in repr(outcome)
    assert outcome.samples[0].path is not None
    service.say(
        POLL, standing("completed", {"type": "video", "uri": f"gs://films/a.mp4?key={KEY}"})
    )
    outcome = polled(NAME, place)
    assert isinstance(outcome, Done)
    assert outcome.samples[0].uri == "gs://films/a.mp4"
    service.say(POLL, standing("completed", {"type": "video", "uri": f"{URI}&key={KEY}"}))
    service.say(f"{FILE}:download?alt=media", Answer(200, (CLIP,), {"content-type": "video/mp4"}))
    found = using(lambda gemini: gemini.fetch(Sample(uri=NAME), place))
    assert KEY not in repr(found)
    assert all(KEY not in each.path for each in service.asked)
