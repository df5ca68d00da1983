"""What became of a long-running operation of Google's that makes videos."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from storyboard.errors import ProviderError
from storyboard.providers.base import Done, Failed, Filtered, Outcome, Running, Sample, Unusable
from storyboard.providers.discreet import Discreet
from storyboard.providers.gcs import object_uri
from storyboard.providers.inline import unpacked, written
from storyboard.providers.shape import shape
from storyboard.providers.support import category, codes, cure, explained

_INVALID, _EXHAUSTED, _PRECONDITION = 3, 8, 9
"""Codes of gRPC."""

UNSAFE = "the service names its result by an address that is none or shows a key; it is not kept"
"""Of a result that can be had in no other way."""

NOTHING = "the job ended and brought nothing that is understood"

_NO_VIDEO = "what was delivered is no video"
_BUSY_S = 60.0
_PROVISIONING_S = 75.0


async def outcome(value: Any, scratch: Path, discreet: Discreet) -> Outcome:
    """How the operation stands; results that came along are written below `scratch`.

    Raises ProviderError for an answer that does not say.
    """
    if (told := standing(value, discreet)) is not None:
        return told
    response = value.get("response")
    response = response if isinstance(response, Mapping) else {}
    videos = response.get("videos")
    if not videos or not isinstance(videos, list):
        return missing(value, response, discreet)
    samples = [await _sample(each, scratch, discreet) for each in videos]
    if all(each.problem == UNSAFE for each in samples):
        return Unusable(UNSAFE)
    return Done(tuple(samples), filtered_because(response, discreet), taken(response))


def standing(value: Any, discreet: Discreet) -> Running | Failed | Filtered | Unusable | None:
    """What an answer says of an operation; None of one that ended well.

    Only an error of Google's form says that the job came to nothing. Raises ProviderError for an
    answer that says neither that it is done nor that it is not.
    """
    told: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    done, error = told.get("done"), told.get("error")
    wrong = isinstance(error, Mapping) and bool(error.get("code") or error.get("message"))
    if done is True:
        if isinstance(error, Mapping) and wrong:
            return failure(error, discreet)
        if error and not told.get("response"):
            said = discreet(error) if isinstance(error, str) else shape(error)
            return Unusable(f"the job ended with an error of no known form: {said}")
        return None
    if error or not isinstance(value, Mapping) or not (done is None or done is False):
        said = shape(value)
        if isinstance(error, Mapping) and wrong:
            said = discreet(error.get("message") or f"code {error.get('code')}")
        raise ProviderError(f"what came tells nothing of the job: {said}")
    return Running()


def missing(
    value: Mapping[str, Any], response: Mapping[str, Any], discreet: Discreet
) -> Filtered | Unusable:
    """Why a job that ended well has no result: its filter, or nobody knows."""
    if reasons := filtered_because(response, discreet):
        seen = category(reasons)
        return Filtered(reasons, seen, hint=cure(seen), taken=taken(response))
    return Unusable(f"{NOTHING}: {discreet(shape(value))}")


def failure(error: Mapping[str, Any], discreet: Discreet) -> Failed | Filtered:
    """What an operation's `error` means; its code is one of gRPC."""
    code = error.get("code")
    message = discreet(error.get("message") or f"code {code}")
    if code == _INVALID and codes(message):
        seen = category(message)
        return Filtered(explained(message), seen, hint=cure(seen))
    if code == _PRECONDITION and "service agents are being provisioned" in message.lower():
        return Failed(message, again_s=_PROVISIONING_S)
    return Failed(message, again_s=_BUSY_S if code == _EXHAUSTED else None)


def filtered_because(response: Mapping[str, Any], discreet: Discreet) -> str:
    """Why samples are missing from a response; empty where none are."""
    told = response.get("raiMediaFilteredReasons")
    listed = told if isinstance(told, list) else [told]
    reasons = [each for each in listed if isinstance(each, str) and each.strip()]
    if reasons:
        return " ".join(explained(discreet(each)) for each in dict.fromkeys(reasons))
    count = taken(response)
    return f"a safety filter took {count} of them" if count else ""


def taken(response: Mapping[str, Any]) -> int | None:
    """How many a filter took, where a response counts them."""
    told = response.get("raiMediaFilteredCount")
    number = isinstance(told, int | str) and re.fullmatch(r"[1-9]\d{0,3}", str(told))
    return int(number[0]) if number else None


async def _sample(video: Any, scratch: Path, discreet: Discreet) -> Sample:
    if not isinstance(video, Mapping):
        return Sample(problem=_NO_VIDEO)
    if uri := object_uri(video.get("gcsUri"), discreet):
        return Sample(uri=uri)
    told = video.get("bytesBase64Encoded")
    if not told and video.get("gcsUri"):
        return Sample(problem=UNSAFE)
    path = scratch / f"{secrets.token_hex(6)}.mp4"
    kept = await asyncio.to_thread(_kept, told, path)
    return Sample(path=path) if kept else Sample(problem=_NO_VIDEO)


def _kept(told: object, path: Path) -> bool:
    """Whether the text was an MP4 file, which is at `path` now."""
    try:
        data = unpacked(told, "")
    except ProviderError:
        return False
    if data[4:8] != b"ftyp":
        return False
    written(data, path)
    return True
