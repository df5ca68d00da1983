"""CometAPI's `/v1/chat/completions` for video: replies with a sentence or a clip's URL.

The reply comes at once or as a stream. When the model fails, the status is still 200: its message
is where progress was, and there is no content.
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
from storyboard.simulator.cometapi.videos import (
    PROVIDER,
    build_gateway_error,
    format_gateway_error,
    reject_bad_gateway_key,
)
from storyboard.simulator.fault_injection import wrap_with_faults
from storyboard.simulator.job_faults import consume_video_job_faults
from storyboard.simulator.media.clip_spec import ClipSpec
from storyboard.simulator.media.clips import FPS
from storyboard.simulator.media.test_patterns import decode_picture
from storyboard.simulator.media.uploaded_media import read_clip_facts
from storyboard.simulator.media_sources import find_path, read_uri_bytes
from storyboard.simulator.responses import read_json_object
from storyboard.simulator.state import Job, SimulatorState
from storyboard.simulator.validation.cometapi_chat import (
    VideoChat,
    explain_model_refusal,
    read_chat,
)
from storyboard.simulator.validation.cometapi_videos import compute_video_price_usd
from storyboard.simulator.validation.rejection import Rejection

_GLANCE_S = 0.02


def build_routes(world: SimulatorState) -> list[Route]:
    """The only route of chat."""

    async def complete_chat(request: Request) -> Response:
        if refusal := reject_bad_gateway_key(world, request):
            return refusal
        chat = read_chat(await read_json_object(request))
        if isinstance(chat, Rejection):
            return build_gateway_error(chat.status, chat.message, chat.reason)
        job_or_failure = await asyncio.to_thread(_start_chat_job_or_explain, world, chat)
        answer = _ChatAnswer(world, chat, job_or_failure)
        if not chat.stream:
            return JSONResponse(await answer.build_completion())
        is_truncated = world.faults.consume_fault("truncated", "submit", chat.prompt) is not None
        return StreamingResponse(
            answer.stream_events(is_truncated=is_truncated), media_type="text/event-stream"
        )

    route = wrap_with_faults(world, "submit", complete_chat, format_gateway_error)
    return [Route("/v1/chat/completions", route, methods=["POST"])]


def _start_chat_job_or_explain(world: SimulatorState, chat: VideoChat) -> Job | str:
    """The started job, or the sentence with which the model refuses."""
    source = find_path(world, chat.video) if chat.video else None
    facts = read_clip_facts(source) if source else None
    if words := explain_model_refusal(chat, facts):
        return words
    if chat.video and facts is None:
        return "video.uri must be a video that was generated here and is still available."
    pictures: dict[str, bytes] = {}
    for uri in (chat.image, chat.last_frame, *chat.references):
        data = read_uri_bytes(world, uri) if uri else None
        try:
            if uri:
                decode_picture(data or b"")
                pictures[uri] = data or b""
        except StoryboardError:
            return f"An image could not be downloaded or decoded: {uri[:60]}"
    size = chat.size
    if facts:
        size = (720, 1280) if facts.height > facts.width else (1280, 720)
    job_faults = consume_video_job_faults(world, chat.prompt)
    clip_spec = ClipSpec(
        chat.prompt,
        job_faults.halve_size_if_faulty(size),
        chat.seconds * FPS - job_faults.missing_frames,
        seed=world.issue_job_number(),
        sound=chat.audio,
        first=pictures.get(chat.image),
        last=pictures.get(chat.last_frame),
        references=tuple(pictures[uri] for uri in chat.references),
        source=source,
    )
    clip_specs = () if job_faults.failure else (clip_spec,)
    job = Job(f"chatcmpl-{secrets.token_hex(12)}", PROVIDER, chat.model, chat.prompt, clip_specs)
    job.memo["failure"] = job_faults.message
    rate = compute_video_price_usd(chat.model, chat.resolution, chat.seconds) / Decimal(
        chat.seconds
    )
    world.charge_job(world.start_job(job), rate, chat.seconds, note=job_faults.failure)
    return job


class _ChatAnswer:
    """The reply to one request."""

    def __init__(self, world: SimulatorState, chat: VideoChat, job_or_failure: Job | str) -> None:
        self._world = world
        self._chat = chat
        self._job = job_or_failure if isinstance(job_or_failure, Job) else None
        self._failure = (
            job_or_failure
            if isinstance(job_or_failure, str)
            else str(job_or_failure.memo["failure"])
        )
        self._id = self._job.name if self._job else f"chatcmpl-{secrets.token_hex(12)}"
        self._created = int(world.clock.now())

    async def build_completion(self) -> dict[str, Any]:
        """A `chat.completion`."""
        await self._wait_for_clip()
        message: dict[str, Any] = {"role": "assistant", "content": self._publish_clip_as_content()}
        if self._failure:
            message["reasoning_content"] = self._failure
        reason = None if self._failure else "stop"
        choice = {"index": 0, "message": message, "finish_reason": reason}
        return {
            **self._build_head("chat.completion"),
            "choices": [choice],
            "usage": self._build_usage(),
        }

    async def stream_events(self, *, is_truncated: bool) -> AsyncIterator[str]:
        """The server-sent events; `is_truncated` ends them before the result."""
        yield self._format_event(
            {"role": "assistant", "reasoning_content": "Video generation started.\n"}
        )
        for percent in (3, 27, 64):
            yield self._format_event({"reasoning_content": f"Progress: {percent}%\n"})
        if is_truncated:
            return
        await self._wait_for_clip()
        if self._failure:
            yield self._format_event({"reasoning_content": self._failure})
        else:
            yield self._format_event({"content": self._publish_clip_as_content()}, "stop")
        usage = {
            **self._build_head("chat.completion.chunk"),
            "choices": [],
            "usage": self._build_usage(),
        }
        yield f"data: {json.dumps(usage)}\n\n"
        yield "data: [DONE]\n\n"

    async def _wait_for_clip(self) -> None:
        # Like the real gateway, the connection stays open until the clip is ready.
        while self._job is not None and not await self._world.is_done(self._job):
            await asyncio.sleep(_GLANCE_S)
        if self._job is not None and self._job.error:
            self._failure = self._job.error[1]

    def _publish_clip_as_content(self) -> str:
        if self._failure or self._job is None:
            return ""
        if "path" not in self._job.memo:
            clip, prompt = self._job.clips[0], self._job.prompt
            self._job.memo["path"] = self._world.publish_file(clip, "video/mp4", prompt)
        elsewhere = self._world.settings.comet_elsewhere
        origin = self._world.other if elsewhere else self._world.url
        url = f"{origin}{self._job.memo['path']}"
        form = self._world.settings.chat_reply
        if form == "usual":
            form = "tag" if self._chat.stream else "markdown"
        tag = f"<video src='{url}' controls style='max-width:100%'></video>"
        return {"tag": tag, "markdown": f"[▶️ Download]({url})", "bare": url}[form]

    def _format_event(self, delta: dict[str, str], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        chunk = {**self._build_head("chat.completion.chunk"), "choices": [choice]}
        return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"

    def _build_head(self, object_type: str) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": object_type,
            "created": self._created,
            "model": self._chat.model,
        }

    def _build_usage(self) -> dict[str, int]:
        prompt_tokens, completion_tokens = len(self._chat.prompt) // 4 + 1, 1290
        return {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        }
