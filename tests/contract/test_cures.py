"""What a service says when it says no, and the hint beside it: what helps against that very no."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from storyboard.errors import (
    AuthenticationError,
    InvalidRequest,
    NotNow,
    QuotaError,
    StoryboardError,
)
from storyboard.providers.base import Done, Failed, Filtered, Outcome
from storyboard.providers.google.long_running import read_outcome
from storyboard.providers.http.redaction import Redactor
from storyboard.providers.http.service import ServiceClient
from tests.contract.scripted import ScriptedAnswer, ScriptedServer, make_json_answer

ROUTE = "/v1/jobs"
QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. * Quota "
    "exceeded for metric: generativelanguage.googleapis.com/generate_requests_per_model, "
    "limit: %d, model: veo"
)
QUOTA_FAILURE = "type.googleapis.com/google.rpc.QuotaFailure"


@pytest.fixture
def service() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


async def build_headers(_: bool) -> Mapping[str, str]:
    return {"authorization": "Bearer key"}


def post_and_fail(service: ScriptedServer, answer: ScriptedAnswer) -> StoryboardError:
    """The error of a submission that is answered so; it was sent once."""
    service.script_replies(f"POST {ROUTE}", answer)

    async def post() -> None:
        client = ServiceClient("gemini", service.url, build_headers, Redactor())
        try:
            await client.post_once(ROUTE, json={})
        finally:
            await client.close()

    with pytest.raises(StoryboardError) as failure:
        asyncio.run(post())
    return failure.value


def make_error_answer(status: int, message: str, code: str = "", **more: Any) -> ScriptedAnswer:
    return make_json_answer({"error": {"status": code, "message": message, **more}}, status)


def test_a_quota_that_fills_again_is_asked_for_later(service: ScriptedServer) -> None:
    error = post_and_fail(service, make_error_answer(429, QUOTA % 10, "RESOURCE_EXHAUSTED"))
    assert isinstance(error, QuotaError)
    assert "render again later" in error.hint


@pytest.mark.parametrize(
    "answer",
    [
        make_error_answer(429, QUOTA % 0, "RESOURCE_EXHAUSTED"),
        make_error_answer(
            429,
            "Resource exhausted.",
            details=[
                {"@type": QUOTA_FAILURE, "violations": [{"quotaMetric": "m", "quotaValue": "0"}]}
            ],
        ),
    ],
)
def test_a_quota_of_zero_wants_billing_and_not_time(
    service: ScriptedServer, answer: ScriptedAnswer
) -> None:
    error = post_and_fail(service, answer)
    assert isinstance(error, InvalidRequest)
    assert not isinstance(error, NotNow), "no render waits for it"
    assert "enable billing for the project" in error.hint
    assert "later" not in error.hint


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (402, "Payment required"),
        (429, "Your prepayment credits are depleted."),
        (429, "insufficient_user_quota: pre-charge failed"),
        (429, "The project has exceeded its monthly spending cap."),
    ],
)
def test_an_empty_account_is_to_be_topped_up(
    service: ScriptedServer, status: int, message: str
) -> None:
    error = post_and_fail(service, make_error_answer(status, message))
    assert isinstance(error, InvalidRequest)
    assert "top it up" in error.hint


@pytest.mark.parametrize(
    ("status", "message", "cure"),
    [
        (403, "Vertex AI API has not been used in project 12 before or it is disabled.", "the API"),
        (403, "This API method requires billing to be enabled.", "enable billing"),
        (403, "Permission 'aiplatform.endpoints.predict' denied on resource", "the permission"),
        (403, "The caller does not have permission", "the permission"),
        (403, "Forbidden", "storyboard doctor"),
        (401, "Request had invalid authentication credentials.", "storyboard doctor"),
        (400, "User location is not supported for the API use.", "not offered where you are"),
        (400, "Please enable billing on project 12.", "enable billing"),
        (400, "Unknown name foo", ""),
    ],
)
def test_what_the_account_lacks_is_named(
    service: ScriptedServer, status: int, message: str, cure: str
) -> None:
    error = post_and_fail(service, make_error_answer(status, message, "FAILED"))
    assert isinstance(error, AuthenticationError if status != 400 else InvalidRequest)
    assert cure in error.hint
    assert bool(cure) == bool(error.hint)


def read_answer(answer: Mapping[str, Any], tmp_path: Path) -> Outcome:
    return asyncio.run(read_outcome({"done": True, **answer}, tmp_path, Redactor()))


def build_filtered_response(message: str, **more: Any) -> dict[str, Any]:
    filtered = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [message]}
    return {"response": {**filtered, **more}}


@pytest.mark.parametrize(
    ("message", "cure"),
    [
        (
            "We encountered an issue with the audio for your prompt and could not create your "
            "video. You have not been charged for this attempt.",
            "render again, since filters of sound don't always decide the same way; or set",
        ),
        ("Filtered. Support codes: 58061214", "write the age of adults"),
        ("Filtered. Support codes: 35561574", "brands, titles, characters"),
        ("Filtered. Support codes: 15236754", "describe people without names"),
        ("Filtered. Support codes: 42237218", ""),
    ],
)
def test_a_filter_comes_with_what_helps_against_it(tmp_path: Path, message: str, cure: str) -> None:
    outcome = read_answer(build_filtered_response(message), tmp_path)
    assert isinstance(outcome, Filtered)
    assert cure in outcome.hint
    some = read_answer(
        build_filtered_response(message, videos=[{"gcsUri": "gs://bucket/films/sample_0.mp4"}]),
        tmp_path,
    )
    assert isinstance(some, Done)
    assert some.hint == outcome.hint, "also where other samples came"


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        (3, "change what the message names"),
        (7, "give the account what the message names"),
        (9, "set up what the message names"),
        (13, ""),
        (14, ""),
    ],
)
def test_a_job_that_fails_for_what_was_asked_is_not_said_to_need_another_try(
    tmp_path: Path, code: int, cure: str
) -> None:
    outcome = read_answer({"error": {"code": code, "message": "No."}}, tmp_path)
    assert isinstance(outcome, Failed)
    assert cure in outcome.hint
    assert bool(cure) == bool(outcome.hint), "where it is empty, asking again helps"
