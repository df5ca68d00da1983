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
from storyboard.providers import files
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
from tests.contract.gemini_cases import (
    CLIP,
    HOST,
    KEY,
    VEO,
    asked,
    picture,
    pointed,
    polled,
    submitted,
    wrong,
)
from tests.contract.scripted import Answer, Scripted, told
from tests.contract.vertex_cases import PNG, Place

SUBMIT = f"POST /v1beta/models/{VEO}:predictLongRunning"
NAME = f"models/{VEO}/operations/vz341u0pmdlc"
POLL = f"GET /v1beta/{NAME}"
FILE = "GET /v1beta/files/abc123xyz456"
URI = f"{HOST}/v1beta/files/abc123xyz456:download?alt=media"
B64 = {"bytesBase64Encoded": base64.b64encode(PNG).decode(), "mimeType": "image/png"}
SOURCE = Input(Role.VIDEO, sha256="v", uri=URI)
LOST = "You do not have permission to access the File abc123xyz456 or it may not exist."


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    with Scripted() as server:
        pointed(monkeypatch, server)
        server.say(SUBMIT, told({"name": NAME}))
        server.say(FILE, told({"name": "files/abc123xyz456", "state": "ACTIVE"}))
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def finished(**response: Any) -> Answer:
    return told({"name": NAME, "done": True, "response": {"generateVideoResponse": response}})


# what is sent


def test_words_alone(service: Scripted, place: Place) -> None:
    assert submitted(asked(duration_s=8, resolution="1080p", negative_prompt="rain"), place).name
    (sent,) = service.asked
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


def test_pictures_go_along_as_bytes(service: Scripted, place: Place, tmp_path: Path) -> None:
    first, last = picture(tmp_path), picture(tmp_path, Role.LAST_FRAME, "q")
    submitted(asked(Kind.INTERPOLATE, first, last), place)
    references = [picture(tmp_path, Role.REFERENCE, name) for name in ("ana", "ben", "kay")]
    submitted(asked(Kind.GENERATE, *references), place)
    frames, people = (each.json["instances"] for each in service.asked)
    assert frames == [{"prompt": "a cat", "image": B64, "lastFrame": B64}]
    assert [each["image"] for each in people[0]["referenceImages"]] == [B64] * 3
    assert {each["referenceType"].lower() for each in people[0]["referenceImages"]} == {"asset"}


def test_an_extension_names_its_source_as_the_service_named_it(
    service: Scripted, place: Place
) -> None:
    submitted(asked(Kind.EXTEND, SOURCE, duration_s=7, resolution="1080p"), place)
    sent = service.asked[-1].json
    assert sent["instances"] == [{"prompt": "a cat", "video": {"uri": URI}}]
    assert sent["parameters"]["resolution"] == "720p"
    assert sent["parameters"].get("durationSeconds", 8) == 8


def test_no_other_parameter_is_invented(service: Scripted, place: Place) -> None:
    submitted(asked(audio=False, options={"enhance_prompt": True}), place)
    parameters = service.asked[0].json["parameters"]
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
    service: Scripted,
    place: Place,
    tmp_path: Path,
    kind: Kind,
    roles: tuple[Role, ...],
    wish: str,
    legal: str,
) -> None:
    inputs = [SOURCE if role is Role.VIDEO else picture(tmp_path, role, role) for role in roles]
    with pytest.raises(InvalidRequest, match=wish) as refused:
        submitted(asked(kind, *inputs, options={"person_generation": wish}), place)
    assert f"person_generation: {legal}" in refused.value.hint
    assert not service.asked
    submitted(asked(kind, *inputs, options={"person_generation": legal}), place)
    assert service.asked[-1].json["parameters"]["personGeneration"] == legal


# going on from a take


def test_it_waits_until_the_source_is_ready(service: Scripted, place: Place) -> None:
    busy = told({"name": "files/abc123xyz456", "state": "PROCESSING"})
    service.say(FILE, busy, busy, told({"state": "ACTIVE"}))
    submitted(asked(Kind.EXTEND, SOURCE), place)
    assert [each.method for each in service.asked] == ["GET", "GET", "GET", "POST"]


def test_a_source_that_never_gets_ready_costs_nothing(
    service: Scripted, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_PATIENCE_S", 0.5)
    service.say(FILE, told({"state": "PROCESSING"}))
    with pytest.raises(NotNow, match="made ready"):
        submitted(asked(Kind.EXTEND, SOURCE), place)
    service.say(FILE, told({"state": "FAILED", "error": {"message": "no frames"}}))
    with pytest.raises(InvalidRequest, match="no frames"):
        submitted(asked(Kind.EXTEND, SOURCE), place)
    assert not service.count(SUBMIT)


@pytest.mark.parametrize("answer", [wrong(403, LOST, "PERMISSION_DENIED"), wrong(404, "Not found")])
def test_a_source_that_expired_says_so(service: Scripted, place: Place, answer: Answer) -> None:
    service.say(FILE, answer)
    with pytest.raises(Gone, match=r"two days|no longer"):
        submitted(asked(Kind.EXTEND, SOURCE), place)
    assert not service.count(SUBMIT)


def test_a_take_of_another_service_is_not_gone_on_from(service: Scripted, place: Place) -> None:
    for uri in ("", "gs://bucket/sample_0.mp4"):
        with pytest.raises(InvalidRequest, match="own results only"):
            submitted(asked(Kind.EXTEND, dataclasses.replace(SOURCE, uri=uri)), place)
    assert not service.asked


def test_not_processed_yet_is_worth_another_try(service: Scripted, place: Place) -> None:
    words = "Input video must be a video that was generated by VEO that has been processed."
    service.say(SUBMIT, wrong(400, words))
    with pytest.raises(NotNow) as later:
        submitted(asked(Kind.EXTEND, SOURCE), place)
    assert later.value.retry_after_s == 10
    assert not isinstance(later.value, QuotaError)


# what is believed


def test_a_job_without_done_is_running(service: Scripted, place: Place) -> None:
    service.say(POLL, told({"name": NAME}))
    assert polled(NAME, place) == Running()


def test_a_result_expires_when_its_file_does(service: Scripted, place: Place) -> None:
    done = finished(generatedSamples=[{"video": {"uri": URI}}])
    service.say(POLL, done)
    service.say(FILE, told({"state": "PROCESSING", "expirationTime": "2026-11-25T08:00:00.5Z"}))
    outcome = polled(NAME, place)
    assert isinstance(outcome, Done)
    assert outcome.samples == (Sample(uri=URI, expires_at=1795593600.5),)
    for answer in (told({}), wrong(403, LOST), wrong(400, "what?")):
        service.say(FILE, answer)
        outcome = polled(NAME, place)
        assert isinstance(outcome, Done)
        assert abs((outcome.samples[0].expires_at or 0) - time.time() - 48 * 3600) < 60


def test_a_result_that_comes_as_bytes(service: Scripted, place: Place) -> None:
    data = base64.b64encode(CLIP).decode()
    service.say(POLL, finished(generatedSamples=[{"video": {"encodedVideo": data}}]))
    outcome = polled(NAME, place)
    assert isinstance(outcome, Done)
    path = outcome.samples[0].path
    assert path is not None
    assert path.read_bytes() == CLIP


def test_a_filter_explains_itself(service: Scripted, place: Place) -> None:
    words = "Veo could not generate videos. You will not be charged. Support codes: 29310472"
    service.say(POLL, finished(raiMediaFilteredCount=1, raiMediaFilteredReasons=[words]))
    outcome = polled(NAME, place)
    assert isinstance(outcome, Filtered)
    assert "a celebrity" in outcome.message
    assert outcome.category == "a celebrity"
    assert not outcome.billed
    both = finished(
        generatedSamples=[{"video": {"uri": URI}}],
        raiMediaFilteredCount=1,
        raiMediaFilteredReasons=[words],
    )
    service.say(POLL, both)
    outcome = polled(NAME, place)
    assert isinstance(outcome, Done)
    assert "a celebrity" in outcome.filtered


EMPTY = "{generateVideoResponse: {generatedSamples: [{}]}}"
HEAD = "{name: text, done: true, "
STRANGE = "the job ended with an error of no known form"
BAD = {"video": {"encodedVideo": "!!"}}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"error": {"code": 13, "message": "Internal."}}, Failed("Internal.")),
        ({"error": {"code": 8, "message": "Busy."}}, Failed("Busy.", again_s=60.0)),
        ({"error": "boom"}, Unusable(f"{STRANGE}: boom")),
        ({"response": {}}, Unusable(f"{NOTHING}: {HEAD}response: {{}}}}")),
        (
            {"response": {"generateVideoResponse": {"generatedSamples": [{}]}}},
            Unusable(f"{NOTHING}: {HEAD}response: {EMPTY}}}"),
        ),
        ({}, Unusable(f"{NOTHING}: {{name: text, done: true}}")),
        (
            {"response": {"generateVideoResponse": {"generatedSamples": [BAD]}}},
            Done((Sample(problem="what was delivered is no medium"),)),
        ),
    ],
)
def test_only_an_error_says_that_a_job_came_to_nothing(
    service: Scripted, place: Place, answer: dict[str, Any], outcome: Any
) -> None:
    service.say(POLL, told({"name": NAME, "done": True, **answer}))
    assert polled(NAME, place) == outcome


def test_a_blocked_prompt_is_filtered(service: Scripted, place: Place) -> None:
    error = {"code": 3, "message": "The prompt could not be submitted. Support codes: 61493863"}
    service.say(POLL, told({"name": NAME, "done": True, "error": error}))
    outcome = polled(NAME, place)
    assert isinstance(outcome, Filtered)
    assert outcome.category == "violence"


def test_what_is_no_job_of_ours_is_not_asked_for(service: Scripted, place: Place) -> None:
    for name in ("models/../files/x/operations/1", "https://elsewhere/operations/1", ""):
        with pytest.raises(ProviderError, match="no job"):
            polled(name, place)
    assert not service.asked
    service.say(POLL, wrong(404, "Operation not found"))
    with pytest.raises(Gone, match="no longer knows"):
        polled(NAME, place)
