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
from storyboard.providers.comet_stream import Answer, read
from storyboard.providers.expiry import expiry
from storyboard.providers.http import Reply, Wire
from storyboard.providers.pictures import picture
from storyboard.providers.support import category, codes, cure, explained

NAMES = "chat/"
"""What every operation of this route begins with."""

_ROUTE = "/v1/chat/completions"
_SILENCE_S = 900.0
_LARGEST_VIDEO = 15_000_000
_SOON_S = 120.0
_MAY_COST = "it is counted as charged; only your account there says whether it was"


class Chat:
    """The chats of one run; a chat can't be asked for again."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._ended: dict[str, Outcome] = {}

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Sends the words and media once, and waits for the answer, which may take minutes."""
        body = await self._body(request, place)
        reply = await self._wire.order(_ROUTE, json=body, read_s=_SILENCE_S, stream=True)
        answer = read(reply.body)
        outcome = self._outcome(answer, reply)
        name = self._name(answer.id)
        self._ended[name] = outcome
        return Operation(name, outcome.samples if isinstance(outcome, Done) else ())

    async def poll(self, operation: Operation) -> Outcome:
        """How a chat of this process ended; raises UnknownOutcome for any other."""
        if operation.name in self._ended:
            return self._ended[operation.name]
        raise UnknownOutcome(
            "the answer of this chat was lost with the run that waited for it, and CometAPI keeps"
            " none",
            provider=self._wire.provider,
        )

    def _outcome(self, answer: Answer, reply: Reply) -> Done | Failed | Filtered:
        if (url := answer.url) and not self._wire.discreet.shows(url):
            return Done((Sample(uri=url, expires_at=expiry(url)),))
        if not answer.ended:
            why = f"broke off ({reply.broken})" if reply.broken else "stopped before its end"
            raise self._wire.unknown(f"its answer {why if answer.chat else 'is no chat'}")
        if not answer.chat:
            raise self._wire.unknown("its answer is no chat")
        reason = self._wire.discreet(answer.reason)
        if codes(reason):
            seen = category(reason)
            told = f"{explained(reason)}; {_MAY_COST}"
            return Filtered(told, seen, billed=True, hint=cure(seen))
        told = f"CometAPI's chat ended without a video: {reason or 'it says nothing'}"
        return Failed(f"{told}; {_MAY_COST}", billed=True)

    def _name(self, id: str) -> str:
        sound = re.fullmatch(r"[\w.-]{1,100}", id) and not self._wire.discreet.shows(id)
        name = f"{NAMES}{id}" if sound else ""
        return name if name and name not in self._ended else f"{NAMES}{secrets.token_hex(8)}"

    async def _body(self, request: Request, place: Workplace) -> dict[str, Any]:
        settings = request.settings
        google: dict[str, Any] = {}
        for role, name in ((Role.FIRST_FRAME, "image"), (Role.LAST_FRAME, "lastFrame")):
            if given := request.input(role):
                google[name] = await self._picture(given, place)
        references = [each for each in request.inputs if each.role is Role.REFERENCE]
        if references:
            google["referenceImages"] = [
                {"image": await self._picture(each, place), "referenceType": "asset"}
                for each in references
            ]
        if video := request.input(Role.VIDEO):
            google["video"] = {"uri": await self._video(video)}
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

    async def _picture(self, given: Input, place: Workplace) -> dict[str, str]:
        data, mime = await picture(given, place, self._wire.provider)
        return {"uri": _data_uri(data, mime)}

    async def _video(self, given: Input) -> str:
        """The prior video's own address while it holds, else its bytes, where they are few."""
        expired = given.expires_at is not None and given.expires_at < time.time() + _SOON_S
        if given.uri.startswith(("https://", "http://")) and not expired:
            return given.uri
        if given.path is not None and given.path.stat().st_size <= _LARGEST_VIDEO:
            return _data_uri(await asyncio.to_thread(given.path.read_bytes), "video/mp4")
        why = "has expired" if expired else "has no address that CometAPI could read"
        raise InvalidRequest(
            f"the video to extend {why}, and is too large to send along",
            hint="make it again with --force, or `continue:` from its last frame instead of "
            "`extend:`; `policy: {on_expired: reanchor}` does that by itself",
            provider=self._wire.provider,
        )


def _data_uri(data: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
