"""Gemini Omni over the Interactions API, on both hosts: create, wait or poll, continue."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storyboard.simulator.fault_injection import wrap_with_faults
from storyboard.simulator.google.oauth import (
    read_api_key,
    reject_bad_api_key,
    reject_bad_bearer_token,
)
from storyboard.simulator.google.omni_jobs import is_interaction_stored, start_omni_job
from storyboard.simulator.responses import build_google_error, read_base64, read_json_object
from storyboard.simulator.state import Job, SimulatorState
from storyboard.simulator.validation.omni import (
    GEMINI,
    VERTEX,
    InteractionRequest,
    read_interaction,
)
from storyboard.simulator.validation.rejection import Rejection

TOKENS_A_SECOND = 5792
"""Output tokens per second of video."""

_GOOGLE = "https://generativelanguage.googleapis.com"
_GLANCE_S = 0.02
_CODES = {
    "INVALID_ARGUMENT": "invalid_request",
    "FAILED_PRECONDITION": "failed_precondition",
    "NOT_FOUND": "not_found",
    "PERMISSION_DENIED": "permission_denied",
}


def build_routes(world: SimulatorState) -> list[Route]:
    """Create and get: `/v1` and `/v1beta` on the Gemini API, below `locations/global` on Vertex."""
    route_list: list[Route] = []
    places = {
        GEMINI: ("/v1/interactions", "/v1beta/interactions"),
        VERTEX: tuple(
            f"/{version}/projects/{{project}}/locations/{{location}}/interactions"
            for version in ("v1", "v1beta1")
        ),
    }
    for host, paths in places.items():
        create_handler, get_handler = _build_handlers(world, host)
        for path in paths:
            route_list.append(
                Route(path, wrap_with_faults(world, "submit", create_handler), methods=["POST"])
            )
            route_list.append(Route(f"{path}/{{id}}", wrap_with_faults(world, "poll", get_handler)))
    return route_list


def _build_handlers(world: SimulatorState, service: str) -> tuple[Any, Any]:
    async def create_interaction(request: Request) -> Response:
        if problem := _reject_bad_access(world, service, request):
            return problem
        interaction = read_interaction(await read_json_object(request), service)
        if isinstance(interaction, Rejection):
            return _format_rejection(service, interaction)
        job = await asyncio.to_thread(start_omni_job, world, service, interaction)
        if isinstance(job, Rejection):
            return _format_rejection(service, job)
        # Without `background` the create request itself waits for the result.
        if not interaction.background:
            job.memo["looks"] = 0 if interaction.delivery == "inline" else job.memo["looks"]
            while not await world.is_done(job):
                await asyncio.sleep(_GLANCE_S)
        return JSONResponse(
            _describe_interaction(
                world, service, job, is_done=not interaction.background, is_from_get=False
            )
        )

    async def get_interaction(request: Request) -> Response:
        if problem := _reject_bad_access(world, service, request):
            return problem
        job = world.jobs.get(request.path_params["id"])
        if (
            job is None
            or job.provider != service
            or "ask" not in job.memo
            or not is_interaction_stored(world, job)
        ):
            return _format_rejection(
                service, Rejection(404, "NOT_FOUND", "The interaction was not found.")
            )
        done = await world.is_done(job)
        if _consume_look(job):
            done = False
        return JSONResponse(
            _describe_interaction(world, service, job, is_done=done, is_from_get=True)
        )

    return create_interaction, get_interaction


def _reject_bad_access(world: SimulatorState, service: str, request: Request) -> Response | None:
    if service == GEMINI:
        return reject_bad_api_key(world, "gemini", read_api_key(request))
    key = read_api_key(request)
    if (
        problem := reject_bad_api_key(world, VERTEX, key)
        if key
        else reject_bad_bearer_token(world, request)
    ):
        return problem
    if request.path_params["location"] != "global":
        return build_google_error(404, "Interactions are served by the location `global` only.")
    return None


def _format_rejection(service: str, rejection: Rejection) -> Response:
    """A refusal: Gemini's Interactions use a `code` in words, Vertex Google's usual format."""
    if service == VERTEX:
        return build_google_error(rejection.status, rejection.message, status=rejection.reason)
    code = _CODES.get(rejection.reason, "invalid_request")
    return JSONResponse({"error": {"message": rejection.message, "code": code}}, rejection.status)


def _consume_look(job: Job) -> bool:
    """Counts a poll that the fault `processing` leaves without result; a file counts its own
    polls.
    """
    interaction: InteractionRequest = job.memo["ask"]
    if interaction.delivery == "uri" or job.memo["looks"] < 1:
        return False
    job.memo["looks"] -= 1
    return True


def _describe_interaction(
    world: SimulatorState, service: str, job: Job, *, is_done: bool, is_from_get: bool
) -> dict[str, Any]:
    """The interaction's current state."""
    interaction: InteractionRequest = job.memo["ask"]
    if is_done and "ended" not in job.memo:
        job.memo["ended"] = job.memo["updated"] = world.clock.now()
    payload: dict[str, Any] = {
        "id": job.name,
        "object": "interaction",
        "model": interaction.model,
        "role": "model",
        "status": "in_progress",
        "created": world.clock.format_timestamp(job.memo["created"]),
        "updated": world.clock.format_timestamp(job.memo["updated"]),
    }
    if interaction.previous:
        payload["previous_interaction_id"] = interaction.previous
    if not is_done:
        return payload
    user_step = {"type": "user_input", "content": [{"type": "text", "text": interaction.prompt}]}
    steps: list[dict[str, Any]] = [user_step, {"type": "thought", "signature": "c2ltdWxhdGVk"}]
    job_failure = ("internal_error", job.error[1]) if job.error else None
    if failure := job.memo["error"] or job_failure:
        code, message = failure
        payload |= {"status": "failed", "errors": [{"code": code, "message": message}]}
        return {**payload, "steps": steps}
    video = {
        "type": "video",
        "mime_type": "video/mp4",
        **_deliver_clip_data_or_uri(world, service, job, is_from_get),
    }
    steps.append({"type": "model_output", "content": [video]})
    tokens_out, tokens_in = (
        round(job.memo["seconds"] * TOKENS_A_SECOND),
        len(interaction.prompt) // 4 + 1,
    )
    usage = {
        "total_input_tokens": tokens_in,
        "total_output_tokens": tokens_out,
        "total_tokens": tokens_in + tokens_out,
        "output_tokens_by_modality": [{"modality": "video", "tokens": tokens_out}],
    }
    return {**payload, "status": "completed", "steps": steps, "usage": usage}


def _deliver_clip_data_or_uri(
    world: SimulatorState, service: str, job: Job, is_from_get: bool
) -> dict[str, str]:
    """`data` or `uri` of the clip; the file or object of a URI is created on first use.

    Gemini's GET returns bytes for any requested delivery, unless `omni_get_uri` is set.
    """
    interaction: InteractionRequest = job.memo["ask"]
    clip = job.clips[0]
    sends_bytes = is_from_get and service == GEMINI and not world.settings.omni_get_uri
    if interaction.delivery == "inline" or sends_bytes:
        return {"data": read_base64(clip)}
    if "uri" not in job.memo:
        if service == VERTEX:
            bucket, _, prefix = interaction.gcs_uri.removeprefix("gs://").partition("/")
            folder = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
            number = str(secrets.randbelow(9 * 10**18) + 10**18)
            name = f"{folder}{number}/sample_0.mp4"
            world.prompts_by_id[number] = job.prompt
            world.store_object(bucket, name, clip, "video/mp4")
            job.memo["uri"] = f"gs://{bucket}/{name}"
        else:
            looks = job.memo["looks"] or world.settings.processing
            file = world.store_file(
                clip, "video/mp4", made_by="omni", looks=looks, prompt=interaction.prompt
            )
            origin = world.url if world.settings.own_uris else _GOOGLE
            job.memo["uri"] = f"{origin}/v1beta/files/{file.id}:download?alt=media"
    return {"uri": str(job.memo["uri"])}
