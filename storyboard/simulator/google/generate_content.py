"""`generateContent` on both hosts: pictures, text and speech, answered at once."""

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
from storyboard.simulator.billing import Charge
from storyboard.simulator.fault_injection import consume_job_fault, wrap_with_faults
from storyboard.simulator.google.oauth import (
    read_api_key,
    reject_bad_api_key,
    reject_bad_bearer_token,
)
from storyboard.simulator.media.sample_content import (
    PCM_RATE,
    draw_picture,
    synthesize_speech_tones,
    write_sample_text,
)
from storyboard.simulator.responses import build_google_error, read_json_object
from storyboard.simulator.state import SimulatorState
from storyboard.simulator.validation.generate_content import (
    AUDIO,
    AUDIO_TOKENS_A_SECOND,
    IMAGE,
    TEXT,
    ContentRequest,
    compute_answer_price_usd,
    estimate_token_count,
    read_content_request,
    reject_unsupported_location,
)
from storyboard.simulator.validation.rejection import Rejection, reject_invalid

IMAGE_TOKENS = 1290
_KINDS = {TEXT: "text", IMAGE: "image", AUDIO: "speech"}
_MODEL = "{model}:generateContent"
_VERSIONS = ("v1", "v1beta", "v1beta1")


def build_routes(world: SimulatorState) -> list[Route]:
    """`models/MODEL:generateContent`, and the publisher paths with and without a project."""
    gemini, project, express = (
        _build_handler(world, kind) for kind in ("gemini", "vertex", "express")
    )
    route_list = []
    for version in _VERSIONS:
        place = f"/{version}/projects/{{project}}/locations/{{location}}"
        for path, handler in (
            (f"/{version}/models/{_MODEL}", gemini),
            (f"{place}/publishers/google/models/{_MODEL}", project),
            (f"/{version}/publishers/google/models/{_MODEL}", express),
        ):
            route_list.append(
                Route(path, wrap_with_faults(world, "submit", handler), methods=["POST"])
            )
    return route_list


def _build_handler(world: SimulatorState, access_kind: str) -> Any:
    provider = "gemini" if access_kind == "gemini" else "vertex"

    async def generate_content(request: Request) -> Response:
        key = read_api_key(request)
        problem = (
            reject_bad_bearer_token(world, request)
            if access_kind == "vertex" and not key
            else reject_bad_api_key(world, provider, key)
        )
        if problem:
            return problem
        model = request.path_params["model"]
        location_rejection = reject_unsupported_location(
            model, request.path_params.get("location", "global")
        )
        content_request = location_rejection or read_content_request(
            model, await read_json_object(request)
        )
        if isinstance(content_request, Rejection):
            return build_google_error(
                content_request.status, content_request.message, status=content_request.reason
            )
        if world.settings.latency_s:
            await _wait_until_clock(world, world.clock.now() + world.settings.latency_s)
        if consume_job_fault(world, "failed", content_request.prompt):
            return build_google_error(500, "An internal error has occurred. Please retry.")
        return await asyncio.to_thread(_answer_and_bill_request, world, provider, content_request)

    return generate_content


async def _wait_until_clock(world: SimulatorState, time_s: float) -> None:
    while world.clock.now() < time_s:
        await asyncio.sleep(0.02)


def _answer_and_bill_request(
    world: SimulatorState, provider: str, content_request: ContentRequest
) -> Response:
    """The reply, and its charge on the bill; a filtered result costs nothing."""
    identity = secrets.token_urlsafe(16)
    head = {"modelVersion": content_request.model, "responseId": identity}
    prompt_usage = {
        "promptTokenCount": content_request.tokens_in,
        "totalTokenCount": content_request.tokens_in,
    }
    note, seconds, usd = "", 0.0, Decimal(0)
    if fault := consume_job_fault(world, "blocked", content_request.prompt):
        note = "blocked"
        words = f"The prompt was blocked. Support codes: {fault.value or '58061214'}"
        feedback = {"blockReason": "PROHIBITED_CONTENT"}
        if provider == "vertex":
            feedback["blockReasonMessage"] = words
        payload: dict[str, Any] = {"promptFeedback": feedback, "usageMetadata": prompt_usage}
    elif consume_job_fault(world, "filtered", content_request.prompt):
        note = "filtered"
        reason = "IMAGE_SAFETY" if content_request.output == IMAGE else "SAFETY"
        words = "Unable to show the generated result: it may violate the usage guidelines."
        candidate = {"finishReason": reason, "finishMessage": words, "index": 0}
        payload = {"candidates": [candidate], "usageMetadata": prompt_usage}
    else:
        try:
            part, tokens_out, seconds = _generate_part_with_usage(world, content_request)
        except MediaError:
            refusal = reject_invalid(
                "Unable to process input image. Please retry with another one."
            )
            return build_google_error(refusal.status, refusal.message)
        content = {"role": "model", "parts": [part]}
        usd = compute_answer_price_usd(content_request, tokens_out)
        usage = {
            **prompt_usage,
            "candidatesTokenCount": tokens_out,
            "totalTokenCount": content_request.tokens_in + tokens_out,
        }
        payload = {
            "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
            "usageMetadata": usage,
        }
    kind = _KINDS[content_request.output]
    now = world.clock.now()
    world.bill.add(Charge(now, provider, content_request.model, kind, seconds, usd, identity, note))
    return JSONResponse({**payload, **head})


def _generate_part_with_usage(
    world: SimulatorState, content_request: ContentRequest
) -> tuple[dict[str, Any], int, float]:
    """(part, its tokens, its seconds) of a reply."""
    if content_request.output == TEXT:
        words = write_sample_text(content_request)
        return {"text": words}, estimate_token_count(words), 0.0
    if content_request.output == IMAGE:
        half = consume_job_fault(world, "wrong_size", content_request.prompt) is not None
        return (
            _encode_inline_part("image/png", draw_picture(content_request, is_half_size=half)),
            IMAGE_TOKENS,
            0.0,
        )
    data = synthesize_speech_tones(content_request)
    seconds = len(data) / 2 / PCM_RATE
    if consume_job_fault(world, "wrong_length", content_request.prompt):
        data = data[: len(data) // 4 * 2]
    tokens_out = round(seconds * AUDIO_TOKENS_A_SECOND)
    return _encode_inline_part(f"audio/L16;codec=pcm;rate={PCM_RATE}", data), tokens_out, seconds


def _encode_inline_part(mime: str, data: bytes) -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime, "data": base64.b64encode(data).decode("ascii")}}
