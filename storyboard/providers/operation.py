"""What became of a long-running operation of Google's that makes videos."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from storyboard.errors import ProviderError
from storyboard.providers.base import Done, Failed, Filtered, Outcome, Running, Sample
from storyboard.providers.discreet import Discreet
from storyboard.providers.gcs import object_uri
from storyboard.providers.inline import unpacked, written
from storyboard.providers.support import category, codes, cure, explained

_INVALID, _EXHAUSTED, _PRECONDITION = 3, 8, 9
"""Codes of gRPC."""

UNSAFE = "the service names its result by an address that is none or shows a key; it is not kept"
"""Of a result that can be had in no other way."""

_BUSY_S = 60.0
_PROVISIONING_S = 75.0


async def outcome(value: Any, scratch: Path, discreet: Discreet) -> Outcome:
    """How the operation stands; results that came along are written below `scratch`."""
    if not isinstance(value, Mapping) or not value.get("done"):
        return Running()
    if error := value.get("error"):
        return failure(error if isinstance(error, Mapping) else {"message": error}, discreet)
    response = value.get("response")
    response = response if isinstance(response, Mapping) else {}
    videos = response.get("videos")
    reasons = filtered_because(response, discreet)
    if not videos or not isinstance(videos, Sequence):
        if reasons:
            seen = category(reasons)
            return Filtered(reasons, seen, hint=cure(seen))
        return Failed("the job ended without a result")
    samples = [await _sample(each, scratch, discreet) for each in videos]
    sound = tuple(each for each in samples if each is not None)
    if not sound:
        named = any(isinstance(each, Mapping) and each.get("gcsUri") for each in videos)
        return Failed(UNSAFE if named else "what was delivered is no video", billed=True)
    return Done(sound, reasons)


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
    reasons = response.get("raiMediaFilteredReasons")
    if isinstance(reasons, str):
        reasons = [reasons]
    if isinstance(reasons, Sequence) and reasons:
        return " ".join(explained(discreet(each)) for each in dict.fromkeys(map(str, reasons)))
    count = response.get("raiMediaFilteredCount")
    return f"a safety filter took {count} of them" if count else ""


async def _sample(video: Any, scratch: Path, discreet: Discreet) -> Sample | None:
    if not isinstance(video, Mapping):
        return None
    if uri := object_uri(video.get("gcsUri"), discreet):
        return Sample(uri=uri)
    path = scratch / f"{secrets.token_hex(6)}.mp4"
    return (
        Sample(path=path)
        if await asyncio.to_thread(_kept, video.get("bytesBase64Encoded"), path)
        else None
    )


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
