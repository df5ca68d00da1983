"""Reads the outcome of a long-running operation of Google that makes videos."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from storyboard.errors import ProviderError
from storyboard.providers.base import Done, Failed, Filtered, Outcome, Running, Sample, Unusable
from storyboard.providers.google.cloud_storage import extract_safe_object_uri
from storyboard.providers.http.redaction import Redactor
from storyboard.providers.http.request_media import decode_base64_medium, write_file
from storyboard.providers.http.response_shape import describe_shape
from storyboard.providers.http.safety_codes import (
    append_support_code_meaning,
    find_filter_categories,
    find_support_codes,
    suggest_filter_cure,
)

_INVALID, _EXHAUSTED, _PRECONDITION = 3, 8, 9
"""Codes of gRPC."""

_CURES = {
    3: "the same request fails again: change what the message names",
    5: "see that what the message names is there; until then the same request fails again",
    7: "give the account what the message names; until then the same request fails again",
    9: "set up what the message names; until then the same request fails again",
    16: "see `storyboard doctor` for the keys that are set",
}
"""By code: what helps, if sending the same request once more does not."""

UNSAFE_ADDRESS = "the address of the result is invalid or contains a key; it is not saved"
"""Said of a result that has no other address."""

NO_RESULT = "the job ended, but its result has an unknown format"

_NO_VIDEO = "the result is not a video"
_BUSY_S = 60.0
_PROVISIONING_S = 75.0


async def read_outcome(answer: Any, scratch: Path, redactor: Redactor) -> Outcome:
    """The state of the operation; writes results that the answer contains below `scratch`.

    Raises ProviderError for an answer without a state.
    """
    if (state := read_operation_state(answer, redactor)) is not None:
        return state
    response = answer.get("response")
    response = response if isinstance(response, Mapping) else {}
    videos = response.get("videos")
    if not videos or not isinstance(videos, list):
        return classify_missing_result(answer, response, redactor)
    samples = [await _save_video_sample(item, scratch, redactor) for item in videos]
    if all(item.problem == UNSAFE_ADDRESS for item in samples):
        return Unusable(UNSAFE_ADDRESS)
    return build_done_outcome(samples, response, redactor)


def build_done_outcome(
    samples: Sequence[Sample], response: Mapping[str, Any], redactor: Redactor
) -> Done:
    """The samples of the answer, and why others are missing."""
    reasons = explain_filtered_samples(response, redactor)
    concern = find_filter_categories(reasons)
    return Done(
        tuple(samples),
        reasons,
        count_filtered_samples(response),
        concern,
        suggest_filter_cure(concern),
    )


def read_operation_state(
    answer: Any, redactor: Redactor
) -> Running | Failed | Filtered | Unusable | None:
    """The error of an operation; None if it ended well.

    Only an error in Google's own form says that the job failed. Raises ProviderError for an answer
    that says neither that the job is done nor that it is not.
    """
    payload: Mapping[str, Any] = answer if isinstance(answer, Mapping) else {}
    is_done, error = payload.get("done"), payload.get("error")
    has_error = isinstance(error, Mapping) and bool(error.get("code") or error.get("message"))
    if is_done is True:
        if isinstance(error, Mapping) and has_error:
            return classify_operation_error(error, redactor)
        if error and not payload.get("response"):
            detail = redactor(error) if isinstance(error, str) else describe_shape(error)
            return Unusable(f"the job ended with an error in an unknown format: {detail}")
        return None
    if error or not isinstance(answer, Mapping) or not (is_done is None or is_done is False):
        detail = describe_shape(answer)
        if isinstance(error, Mapping) and has_error:
            detail = redactor(error.get("message") or f"code {error.get('code')}")
        raise ProviderError(f"the answer has no job state: {detail}")
    return Running()


def classify_missing_result(
    answer: Mapping[str, Any], response: Mapping[str, Any], redactor: Redactor
) -> Filtered | Unusable:
    """Why a job that ended well has no result: a filter, or unknown."""
    if reasons := explain_filtered_samples(response, redactor):
        concern = find_filter_categories(reasons)
        return Filtered(
            reasons,
            concern,
            hint=suggest_filter_cure(concern),
            taken=count_filtered_samples(response),
        )
    return Unusable(f"{NO_RESULT}: {redactor(describe_shape(answer))}")


def classify_operation_error(error: Mapping[str, Any], redactor: Redactor) -> Failed | Filtered:
    """What an operation's `error` means; its code is a gRPC code."""
    code = error.get("code")
    message = redactor(error.get("message") or f"code {code}")
    if code == _INVALID and find_support_codes(message):
        concern = find_filter_categories(message)
        return Filtered(
            append_support_code_meaning(message), concern, hint=suggest_filter_cure(concern)
        )
    if code == _PRECONDITION and "service agents are being provisioned" in message.lower():
        return Failed(message, again_s=_PROVISIONING_S)
    return Failed(
        message,
        again_s=_BUSY_S if code == _EXHAUSTED else None,
        hint=_CURES.get(code, "") if isinstance(code, int) else "",
    )


def explain_filtered_samples(response: Mapping[str, Any], redactor: Redactor) -> str:
    """Why samples are missing from a response; empty where none are."""
    raw_reasons = response.get("raiMediaFilteredReasons")
    candidates = raw_reasons if isinstance(raw_reasons, list) else [raw_reasons]
    reasons = [reason for reason in candidates if isinstance(reason, str) and reason.strip()]
    if reasons:
        return " ".join(
            append_support_code_meaning(redactor(reason)) for reason in dict.fromkeys(reasons)
        )
    count = count_filtered_samples(response)
    return f"a safety filter removed {count} results" if count else ""


def count_filtered_samples(response: Mapping[str, Any]) -> int | None:
    """How many samples a filter took, if a response counts them."""
    raw_count = response.get("raiMediaFilteredCount")
    match = isinstance(raw_count, int | str) and re.fullmatch(r"[1-9]\d{0,3}", str(raw_count))
    return int(match[0]) if match else None


async def _save_video_sample(video: Any, scratch: Path, redactor: Redactor) -> Sample:
    if not isinstance(video, Mapping):
        return Sample(problem=_NO_VIDEO)
    if uri := extract_safe_object_uri(video.get("gcsUri"), redactor):
        return Sample(uri=uri)
    encoded = video.get("bytesBase64Encoded")
    if not encoded and video.get("gcsUri"):
        return Sample(problem=UNSAFE_ADDRESS)
    path = scratch / f"{secrets.token_hex(6)}.mp4"
    is_saved = await asyncio.to_thread(_save_base64_mp4, encoded, path)
    return Sample(path=path) if is_saved else Sample(problem=_NO_VIDEO)


def _save_base64_mp4(base64_text: object, path: Path) -> bool:
    """Whether the text was an MP4 file; the file is then at `path`."""
    try:
        data = decode_base64_medium(base64_text, "")
    except ProviderError:
        return False
    if data[4:8] != b"ftyp":
        return False
    write_file(data, path)
    return True
