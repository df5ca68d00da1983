"""`generateContent` on both hosts: pictures, words and speech, answered at once."""

from __future__ import annotations

import asyncio
import base64
import secrets
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storyboard.errors import MediaError
from storyboard.simulator.answers import google_error, json_body
from storyboard.simulator.bill import Charge
from storyboard.simulator.gate import gate, job_fault
from storyboard.simulator.rules.content import (
    AUDIO,
    AUDIO_TOKENS_A_SECOND,
    IMAGE,
    TEXT,
    Wanted,
    place_refusal,
    price,
    read_request,
    tokens,
)
from storyboard.simulator.rules.refusal import Refusal, invalid
from storyboard.simulator.sketches import PCM_RATE, draw, speak, write
from storyboard.simulator.token import bearer_problem, key_of, key_problem
from storyboard.simulator.world import World

IMAGE_TOKENS = 1290
_KINDS = {TEXT: "text", IMAGE: "image", AUDIO: "speech"}
_MODEL = "{model}:generateContent"
_VERSIONS = ("v1", "v1beta", "v1beta1")


def routes(world: World) -> list[Route]:
    """`models/MODEL:generateContent`, and the publisher paths with a project or without one."""
    gemini, project, express = (_handler(world, kind) for kind in ("gemini", "vertex", "express"))
    found = []
    for version in _VERSIONS:
        place = f"/{version}/projects/{{project}}/locations/{{location}}"
        for path, handler in (
            (f"/{version}/models/{_MODEL}", gemini),
            (f"{place}/publishers/google/models/{_MODEL}", project),
            (f"/{version}/publishers/google/models/{_MODEL}", express),
        ):
            found.append(Route(path, gate(world, "submit", handler), methods=["POST"]))
    return found


def _handler(world: World, kind: str) -> Any:
    provider = "gemini" if kind == "gemini" else "vertex"

    async def generate(request: Request) -> Response:
        key = key_of(request)
        problem = (
            bearer_problem(world, request)
            if kind == "vertex" and not key
            else key_problem(world, provider, key)
        )
        if problem:
            return problem
        model = request.path_params["model"]
        elsewhere = place_refusal(model, request.path_params.get("location", "global"))
        wanted = elsewhere or read_request(model, await json_body(request))
        if isinstance(wanted, Refusal):
            return google_error(wanted.status, wanted.message, status=wanted.reason)
        if world.settings.latency_s:
            await _until(world, world.clock.now() + world.settings.latency_s)
        if job_fault(world, "failed", wanted.prompt):
            return google_error(500, "An internal error has occurred. Please retry.")
        return await asyncio.to_thread(_answer, world, provider, wanted)

    return generate


async def _until(world: World, at: float) -> None:
    while world.clock.now() < at:
        await asyncio.sleep(0.02)


def _answer(world: World, provider: str, wanted: Wanted) -> Response:
    """The answer, and its line on the bill; what a filter takes costs nothing."""
    identity = secrets.token_urlsafe(16)
    head = {"modelVersion": wanted.model, "responseId": identity}
    read = {"promptTokenCount": wanted.tokens_in, "totalTokenCount": wanted.tokens_in}
    note, seconds, usd = "", 0.0, Decimal(0)
    if fault := job_fault(world, "blocked", wanted.prompt):
        note = "blocked"
        words = f"The prompt was blocked. Support codes: {fault.value or '58061214'}"
        feedback = {"blockReason": "PROHIBITED_CONTENT"}
        if provider == "vertex":
            feedback["blockReasonMessage"] = words
        told: dict[str, Any] = {"promptFeedback": feedback, "usageMetadata": read}
    elif job_fault(world, "filtered", wanted.prompt):
        note = "filtered"
        reason = "IMAGE_SAFETY" if wanted.output == IMAGE else "SAFETY"
        words = "Unable to show the generated result: it may violate the usage guidelines."
        candidate = {"finishReason": reason, "finishMessage": words, "index": 0}
        told = {"candidates": [candidate], "usageMetadata": read}
    else:
        try:
            part, made, seconds = _make(world, wanted)
        except MediaError:
            refusal = invalid("Unable to process input image. Please retry with another one.")
            return google_error(refusal.status, refusal.message)
        content = {"role": "model", "parts": [part]}
        usd = price(wanted, made)
        usage = {**read, "candidatesTokenCount": made, "totalTokenCount": wanted.tokens_in + made}
        told = {
            "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
            "usageMetadata": usage,
        }
    kind = _KINDS[wanted.output]
    now = world.clock.now()
    world.bill.add(Charge(now, provider, wanted.model, kind, seconds, usd, identity, note))
    return JSONResponse({**told, **head})


def _make(world: World, wanted: Wanted) -> tuple[dict[str, Any], int, float]:
    """(part, its tokens, its seconds) of an answer."""
    if wanted.output == TEXT:
        words = write(wanted)
        return {"text": words}, tokens(words), 0.0
    if wanted.output == IMAGE:
        half = job_fault(world, "wrong_size", wanted.prompt) is not None
        return _inline("image/png", draw(wanted, half=half)), IMAGE_TOKENS, 0.0
    data = speak(wanted)
    seconds = len(data) / 2 / PCM_RATE
    if job_fault(world, "wrong_length", wanted.prompt):
        data = data[: len(data) // 4 * 2]
    made = round(seconds * AUDIO_TOKENS_A_SECOND)
    return _inline(f"audio/L16;codec=pcm;rate={PCM_RATE}", data), made, seconds


def _inline(mime: str, data: bytes) -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime, "data": base64.b64encode(data).decode("ascii")}}
