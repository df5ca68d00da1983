"""CometAPI's `/v1/chat/completions` with Google's fields: the answer is the whole job.

Unverified: no page of CometAPI's reference has this route for videos. The body is the published
example's, word for word: `extra_body` is a key of the JSON, where OpenAI's own client would merge
it into the top level. That pictures may be `data:` URIs is a guess from services of its kind.
"""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
import time
from typing import Any

from storyboard.errors import InvalidRequest, UnknownOutcome
from storyboard.providers.base import (
    Done,
    Failed,
    Filtered,
    Input,
    Operation,
    Outcome,
    Request,
    Role,
    Sample,
    Workplace,
)
from storyboard.providers.cometapi.chat_stream import ChatAnswer, parse_answer
from storyboard.providers.http.request_media import read_picture_with_mime
from storyboard.providers.http.safety_codes import (
    append_support_code_meaning,
    find_filter_categories,
    find_support_codes,
    suggest_filter_cure,
)
from storyboard.providers.http.service import Response, ServiceClient
from storyboard.providers.http.signed_urls import parse_url_expiry

OPERATION_PREFIX = "chat/"
"""What every operation of this route begins with."""

_ROUTE = "/v1/chat/completions"
_SILENCE_S = 900.0
_LARGEST_VIDEO = 15_000_000
_SOON_S = 120.0
_CHARGED_NOTE = "it counts as charged; your account at CometAPI shows whether it was"


class ChatRoute:
    """The chats of one run; a chat can't be asked for again."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client
        self._outcomes: dict[str, Outcome] = {}

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Sends the words and media once, and waits for the answer, which may take minutes."""
        body = await self._build_body(request, place)
        reply = await self._client.post_once(
            _ROUTE, json=body, max_silence_s=_SILENCE_S, is_partial_allowed=True
        )
        answer = parse_answer(reply.body)
        outcome = self._read_outcome(answer, reply)
        name = self._choose_operation_name(answer.id)
        self._outcomes[name] = outcome
        return Operation(name, outcome.samples if isinstance(outcome, Done) else ())

    async def poll(self, operation: Operation) -> Outcome:
        """How a chat of this process ended; raises UnknownOutcome for any other."""
        if operation.name in self._outcomes:
            return self._outcomes[operation.name]
        raise UnknownOutcome(
            "the answer of this chat was lost when the run ended, and CometAPI keeps no copy",
            provider=self._client.provider,
        )

    def _read_outcome(self, answer: ChatAnswer, reply: Response) -> Done | Failed | Filtered:
        if (url := answer.url) and not self._client.redactor.contains_secret(url):
            return Done((Sample(uri=url, expires_at=parse_url_expiry(url)),))
        if not answer.has_ended:
            why = f"broke off ({reply.interruption})" if reply.interruption else "ended too early"
            raise self._client.unknown_outcome_error(
                f"its answer {why if answer.is_chat else 'is not a chat'}"
            )
        if not answer.is_chat:
            raise self._client.unknown_outcome_error("its answer is not a chat")
        reason = self._client.redactor(answer.reason)
        if find_support_codes(reason):
            concern = find_filter_categories(reason)
            message = f"{append_support_code_meaning(reason)}; {_CHARGED_NOTE}"
            return Filtered(message, concern, billed=True, hint=suggest_filter_cure(concern))
        message = f"CometAPI: the chat ended without a video: {reason or 'no reason given'}"
        return Failed(f"{message}; {_CHARGED_NOTE}", billed=True)

    def _choose_operation_name(self, chat_id: str) -> str:
        is_usable = re.fullmatch(
            r"[\w.-]{1,100}", chat_id
        ) and not self._client.redactor.contains_secret(chat_id)
        name = f"{OPERATION_PREFIX}{chat_id}" if is_usable else ""
        return (
            name
            if name and name not in self._outcomes
            else f"{OPERATION_PREFIX}{secrets.token_hex(8)}"
        )

    async def _build_body(self, request: Request, place: Workplace) -> dict[str, Any]:
        settings = request.settings
        google: dict[str, Any] = {}
        for role, name in ((Role.FIRST_FRAME, "image"), (Role.LAST_FRAME, "lastFrame")):
            if frame := request.input(role):
                google[name] = await self._encode_picture_as_data_uri(frame, place)
        references = [reference for reference in request.inputs if reference.role is Role.REFERENCE]
        if references:
            google["referenceImages"] = [
                {
                    "image": await self._encode_picture_as_data_uri(reference, place),
                    "referenceType": "asset",
                }
                for reference in references
            ]
        if video := request.input(Role.VIDEO):
            google["video"] = {"uri": await self._choose_video_uri(video)}
        google["config"] = {
            "resolution": settings.resolution,
            "durationSeconds": settings.duration_s,
            "aspectRatio": settings.aspect_ratio,
            "generateAudio": settings.audio,
            "numberOfVideos": 1,
        }
        return {
            "model": request.model,
            "stream": True,
            "messages": [{"role": "user", "content": request.prompt}],
            "extra_body": {"google": google},
        }

    async def _encode_picture_as_data_uri(self, picture: Input, place: Workplace) -> dict[str, str]:
        data, mime = await read_picture_with_mime(picture, place, self._client.provider)
        return {"uri": _to_data_uri(data, mime)}

    async def _choose_video_uri(self, video: Input) -> str:
        """The prior video's own address while it is valid, else its bytes, if they are few."""
        expired = video.expires_at is not None and video.expires_at < time.time() + _SOON_S
        if video.uri.startswith(("https://", "http://")) and not expired:
            return video.uri
        if video.path is not None and video.path.stat().st_size <= _LARGEST_VIDEO:
            return _to_data_uri(await asyncio.to_thread(video.path.read_bytes), "video/mp4")
        why = "has expired" if expired else "has no address that CometAPI can read"
        raise InvalidRequest(
            f"the video to extend {why} and is too large to send with the request",
            hint="make it again with --force, or use `continue:` instead of `extend:`; to do "
            "that automatically, set `policy: {on_expired: reanchor}`",
            provider=self._client.provider,
        )


def _to_data_uri(data: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
