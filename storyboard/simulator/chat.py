"""CometAPI's `/v1/chat/completions` for video: a sentence or a clip's URL, at once or as a stream.

A failure of the model is HTTP 200: its sentence stands where progress stood, and there is no
content.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from storyboard.errors import StoryboardError
from storyboard.simulator.answers import json_body
from storyboard.simulator.clips import FPS, Order
from storyboard.simulator.comet import PROVIDER, bearer_refusal, comet_error, refuse
from storyboard.simulator.gate import gate
from storyboard.simulator.inputs import clip_facts
from storyboard.simulator.pictures import decoded
from storyboard.simulator.rules.chat import VideoChat, read_chat, sentence
from storyboard.simulator.rules.comet import price
from storyboard.simulator.rules.refusal import Refusal
from storyboard.simulator.sources import bytes_of, path_of
from storyboard.simulator.troubles import draw_trouble
from storyboard.simulator.world import Job, World

_GLANCE_S = 0.02


def routes(world: World) -> list[Route]:
    """The one route of chat."""

    async def complete(request: Request) -> Response:
        if refusal := bearer_refusal(world, request):
            return refusal
        chat = read_chat(await json_body(request))
        if isinstance(chat, Refusal):
            return comet_error(chat.status, chat.message, chat.reason)
        begun = await asyncio.to_thread(_begin, world, chat)
        answer = _Answer(world, chat, begun)
        if not chat.stream:
            return JSONResponse(await answer.whole())
        halved = world.faults.draw("truncated", "submit", chat.prompt) is not None
        return StreamingResponse(answer.chunks(halved=halved), media_type="text/event-stream")

    route = gate(world, "submit", complete, refuse)
    return [Route("/v1/chat/completions", route, methods=["POST"])]


def _begin(world: World, chat: VideoChat) -> Job | str:
    """The job, or the sentence of the model that won't make it."""
    source = path_of(world, chat.video) if chat.video else None
    facts = clip_facts(source) if source else None
    if words := sentence(chat, facts):
        return words
    if chat.video and facts is None:
        return "video.uri must be a video that was generated here and is still available."
    pictures: dict[str, bytes] = {}
    for uri in (chat.image, chat.last_frame, *chat.references):
        data = bytes_of(world, uri) if uri else None
        try:
            if uri:
                decoded(data or b"")
                pictures[uri] = data or b""
        except StoryboardError:
            return f"An image could not be downloaded or decoded: {uri[:60]}"
    size = chat.size
    if facts:
        size = (720, 1280) if facts.height > facts.width else (1280, 720)
    trouble = draw_trouble(world, chat.prompt)
    order = Order(
        chat.prompt,
        trouble.size(size),
        chat.seconds * FPS - trouble.shorter,
        seed=world.number(),
        sound=chat.audio,
        first=pictures.get(chat.image),
        last=pictures.get(chat.last_frame),
        references=tuple(pictures[uri] for uri in chat.references),
        source=source,
    )
    made = () if trouble.failure else (order,)
    job = Job(f"chatcmpl-{secrets.token_hex(12)}", PROVIDER, chat.model, chat.prompt, made)
    job.memo["failure"] = trouble.message
    rate = price(chat.model, chat.resolution, chat.seconds) / Decimal(chat.seconds)
    world.charge(world.begin(job), rate, chat.seconds, note=trouble.failure)
    return job


class _Answer:
    """What goes back for one request."""

    def __init__(self, world: World, chat: VideoChat, begun: Job | str) -> None:
        self._world = world
        self._chat = chat
        self._job = begun if isinstance(begun, Job) else None
        self._failure = begun if isinstance(begun, str) else str(begun.memo["failure"])
        self._id = self._job.name if self._job else f"chatcmpl-{secrets.token_hex(12)}"
        self._created = int(world.clock.now())

    async def whole(self) -> dict[str, Any]:
        """A `chat.completion`."""
        await self._finish()
        message: dict[str, Any] = {"role": "assistant", "content": self._content()}
        if self._failure:
            message["reasoning_content"] = self._failure
        reason = None if self._failure else "stop"
        choice = {"index": 0, "message": message, "finish_reason": reason}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self._usage()}

    async def chunks(self, *, halved: bool) -> AsyncIterator[str]:
        """The server-sent events; `halved` ends them before there is a result."""
        yield self._event({"role": "assistant", "reasoning_content": "Video generation started.\n"})
        for percent in (3, 27, 64):
            yield self._event({"reasoning_content": f"Progress: {percent}%\n"})
        if halved:
            return
        await self._finish()
        if self._failure:
            yield self._event({"reasoning_content": self._failure})
        else:
            yield self._event({"content": self._content()}, "stop")
        usage = {**self._head("chat.completion.chunk"), "choices": [], "usage": self._usage()}
        yield f"data: {json.dumps(usage)}\n\n"
        yield "data: [DONE]\n\n"

    async def _finish(self) -> None:
        while self._job is not None and not await self._world.done(self._job):
            await asyncio.sleep(_GLANCE_S)
        if self._job is not None and self._job.error:
            self._failure = self._job.error[1]

    def _content(self) -> str:
        if self._failure or self._job is None:
            return ""
        if "path" not in self._job.memo:
            clip, prompt = self._job.clips[0], self._job.prompt
            self._job.memo["path"] = self._world.publish(clip, "video/mp4", prompt)
        elsewhere = self._world.settings.comet_elsewhere
        origin = self._world.other if elsewhere else self._world.url
        url = f"{origin}{self._job.memo['path']}"
        form = self._world.settings.chat_reply
        if form == "usual":
            form = "tag" if self._chat.stream else "markdown"
        tag = f"<video src='{url}' controls style='max-width:100%'></video>"
        return {"tag": tag, "markdown": f"[▶️ Download]({url})", "bare": url}[form]

    def _event(self, delta: dict[str, str], reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        chunk = {**self._head("chat.completion.chunk"), "choices": [choice]}
        return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": kind,
            "created": self._created,
            "model": self._chat.model,
        }

    def _usage(self) -> dict[str, int]:
        read, made = len(self._chat.prompt) // 4 + 1, 1290
        return {"prompt_tokens": read, "completion_tokens": made, "total_tokens": read + made}
