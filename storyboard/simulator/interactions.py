"""Gemini Omni over the Interactions API, on both hosts: create, wait or poll, go on."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storyboard.simulator.answers import google_error, inline, json_body
from storyboard.simulator.gate import gate
from storyboard.simulator.omni import begin, standing
from storyboard.simulator.rules.omni import GEMINI, VERTEX, Ask, read_ask
from storyboard.simulator.rules.refusal import Refusal
from storyboard.simulator.token import bearer_problem, key_of, key_problem
from storyboard.simulator.world import Job, World

TOKENS_A_SECOND = 5792
"""Of video, on the output."""

_GOOGLE = "https://generativelanguage.googleapis.com"
_GLANCE_S = 0.02
_CODES = {
    "INVALID_ARGUMENT": "invalid_request",
    "FAILED_PRECONDITION": "failed_precondition",
    "NOT_FOUND": "not_found",
    "PERMISSION_DENIED": "permission_denied",
}


def routes(world: World) -> list[Route]:
    """Create and get: `/v1` and `/v1beta` on the Gemini API, below `locations/global` on Vertex."""
    found: list[Route] = []
    places = {
        GEMINI: ("/v1/interactions", "/v1beta/interactions"),
        VERTEX: tuple(
            f"/{version}/projects/{{project}}/locations/{{location}}/interactions"
            for version in ("v1", "v1beta1")
        ),
    }
    for host, paths in places.items():
        create, get = _handlers(world, host)
        for path in paths:
            found.append(Route(path, gate(world, "submit", create), methods=["POST"]))
            found.append(Route(f"{path}/{{id}}", gate(world, "poll", get)))
    return found


def _handlers(world: World, host: str) -> tuple[Any, Any]:
    async def create(request: Request) -> Response:
        if problem := _problem(world, host, request):
            return problem
        ask = read_ask(await json_body(request), host)
        if isinstance(ask, Refusal):
            return _refused(host, ask)
        job = await asyncio.to_thread(begin, world, host, ask)
        if isinstance(job, Refusal):
            return _refused(host, job)
        if not ask.background:
            job.memo["looks"] = 0 if ask.delivery == "inline" else job.memo["looks"]
            while not await world.done(job):
                await asyncio.sleep(_GLANCE_S)
        return JSONResponse(_told(world, host, job, done=not ask.background, get=False))

    async def get(request: Request) -> Response:
        if problem := _problem(world, host, request):
            return problem
        job = world.jobs.get(request.path_params["id"])
        if job is None or job.provider != host or "ask" not in job.memo or not standing(world, job):
            return _refused(host, Refusal(404, "NOT_FOUND", "The interaction was not found."))
        done = await world.done(job)
        if _looked_at(job):
            done = False
        return JSONResponse(_told(world, host, job, done=done, get=True))

    return create, get


def _problem(world: World, host: str, request: Request) -> Response | None:
    if host == GEMINI:
        return key_problem(world, "gemini", key_of(request))
    key = key_of(request)
    if problem := key_problem(world, VERTEX, key) if key else bearer_problem(world, request):
        return problem
    if request.path_params["location"] != "global":
        return google_error(404, "Interactions are served by the location `global` only.")
    return None


def _refused(host: str, refusal: Refusal) -> Response:
    """A refusal: Gemini's Interactions speak of a `code` in words, Vertex as all of Google does."""
    if host == VERTEX:
        return google_error(refusal.status, refusal.message, status=refusal.reason)
    code = _CODES.get(refusal.reason, "invalid_request")
    return JSONResponse({"error": {"message": refusal.message, "code": code}}, refusal.status)


def _looked_at(job: Job) -> bool:
    """Counts a look that the fault `processing` makes fruitless; a file has looks of its own."""
    ask: Ask = job.memo["ask"]
    if ask.delivery == "uri" or job.memo["looks"] < 1:
        return False
    job.memo["looks"] -= 1
    return True


def _told(world: World, host: str, job: Job, *, done: bool, get: bool) -> dict[str, Any]:
    """The interaction as it stands."""
    ask: Ask = job.memo["ask"]
    if done and "ended" not in job.memo:
        job.memo["ended"] = job.memo["updated"] = world.clock.now()
    told: dict[str, Any] = {
        "id": job.name,
        "object": "interaction",
        "model": ask.model,
        "role": "model",
        "status": "in_progress",
        "created": world.clock.stamp(job.memo["created"]),
        "updated": world.clock.stamp(job.memo["updated"]),
    }
    if ask.previous:
        told["previous_interaction_id"] = ask.previous
    if not done:
        return told
    said = {"type": "user_input", "content": [{"type": "text", "text": ask.prompt}]}
    steps: list[dict[str, Any]] = [said, {"type": "thought", "signature": "c2ltdWxhdGVk"}]
    mishap = ("internal_error", job.error[1]) if job.error else None
    if failure := job.memo["error"] or mishap:
        code, message = failure
        told |= {"status": "failed", "errors": [{"code": code, "message": message}]}
        return {**told, "steps": steps}
    video = {"type": "video", "mime_type": "video/mp4", **_delivered(world, host, job, get)}
    steps.append({"type": "model_output", "content": [video]})
    made, read = round(job.memo["seconds"] * TOKENS_A_SECOND), len(ask.prompt) // 4 + 1
    usage = {
        "total_input_tokens": read,
        "total_output_tokens": made,
        "total_tokens": read + made,
        "output_tokens_by_modality": [{"modality": "video", "tokens": made}],
    }
    return {**told, "status": "completed", "steps": steps, "usage": usage}


def _delivered(world: World, host: str, job: Job, get: bool) -> dict[str, str]:
    """`data` or `uri` of the clip; a URI's file or object is made at the first telling.

    Gemini's GET sends bytes whatever delivery was asked for, unless the world is set otherwise.
    """
    ask: Ask = job.memo["ask"]
    clip = job.clips[0]
    plain = get and host == GEMINI and not world.settings.omni_get_uri
    if ask.delivery == "inline" or plain:
        return {"data": inline(clip)}
    if "uri" not in job.memo:
        if host == VERTEX:
            bucket, _, prefix = ask.gcs_uri.removeprefix("gs://").partition("/")
            folder = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
            number = str(secrets.randbelow(9 * 10**18) + 10**18)
            name = f"{folder}{number}/sample_0.mp4"
            world.about[number] = job.prompt
            world.keep_object(bucket, name, clip, "video/mp4")
            job.memo["uri"] = f"gs://{bucket}/{name}"
        else:
            looks = job.memo["looks"] or world.settings.processing
            file = world.keep_file(
                clip, "video/mp4", made_by="omni", looks=looks, prompt=ask.prompt
            )
            origin = world.url if world.settings.own_uris else _GOOGLE
            job.memo["uri"] = f"{origin}/v1beta/files/{file.id}:download?alt=media"
    return {"uri": str(job.memo["uri"])}
