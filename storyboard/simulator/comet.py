"""CometAPI's `/v1/videos`: a form in, a task to look at, and the clip when it is done."""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storyboard.errors import MediaError
from storyboard.simulator.answers import media
from storyboard.simulator.clips import FPS, Order
from storyboard.simulator.gate import gate
from storyboard.simulator.pictures import decoded
from storyboard.simulator.rules.comet import BACKENDS, Upload, VideoForm, price, read_form
from storyboard.simulator.rules.refusal import Refusal
from storyboard.simulator.troubles import draw_trouble
from storyboard.simulator.world import Job, World

PROVIDER = "cometapi"
_OTHER_WIRES = ("projects/", "publishers/", "models/", "files/", "operations/", "interactions")
_QUEUED_SHARE = 0.25
_WRAPPED = {
    "queued": "NOT_START",
    "in_progress": "IN_PROGRESS",
    "completed": "SUCCESS",
    "failed": "FAILURE",
}


def comet_error(
    status: int, message: str, code: str = "", kind: str = "comet_api_error", wait: float = 0.0
) -> Response:
    """The gateway's error envelope, with the id of the request in its words."""
    words = f"{message} (request id: {secrets.token_hex(12)})"
    error = {"code": code, "message": words, "param": "", "type": kind}
    headers = {"Retry-After": str(max(1, round(wait)))} if wait else {}
    return JSONResponse({"error": error}, status, headers)


def refuse(status: int, message: str, wait: float | None = None) -> Response:
    """The gateway's words for what goes wrong at its gate."""
    return comet_error(status, message, wait=wait or 0.0)


def bearer_refusal(world: World, request: Request) -> Response | None:
    """The 401 of a request whose key is missing or unknown; the word Bearer is needed."""
    if request.headers.get("authorization") == f"Bearer {world.keys[PROVIDER]}":
        return None
    return comet_error(401, "invalid token")


def routes(world: World) -> list[Route]:
    """Create, retrieve and content; every other path below `/v1/` leads to a page."""

    async def create(request: Request) -> Response:
        if refusal := bearer_refusal(world, request):
            return refusal
        kind = request.headers.get("content-type", "")
        if not kind.startswith("multipart/form-data"):
            return comet_error(400, "the body must be multipart/form-data", "invalid_request")
        try:
            form = await _form(world, request)
        except HTTPException as error:
            return comet_error(400, error.detail, "invalid_request")
        if isinstance(form, Refusal):
            return comet_error(form.status, form.message, form.reason)
        return JSONResponse(_told(world, _begin(world, form), "queued", 0))

    async def retrieve(request: Request) -> Response:
        if refusal := bearer_refusal(world, request):
            return refusal
        job = _job(world, request)
        if job is None:
            return comet_error(404, "task not found", "task_not_exist")
        status, progress = await _standing(world, job, look=True)
        return JSONResponse(_told(world, job, status, progress))

    async def content(request: Request) -> Response:
        if refusal := bearer_refusal(world, request):
            return refusal
        job = _job(world, request)
        if job is None:
            return comet_error(404, "task not found", "task_not_exist")
        status, _ = await _standing(world, job, look=False)
        if status != "completed":
            words = f"task is not completed yet, current status: {status}"
            return comet_error(400, words, "invalid_request", "invalid_request_error")
        return media(job.clips[0], "video/mp4")

    async def lost(request: Request) -> Response:
        """The gateway sends a path that it doesn't know to its home page."""
        if request.path_params["rest"].startswith(_OTHER_WIRES):
            return Response("<!doctype html><title>Not Found</title>", 404, media_type="text/html")
        page = "<!doctype html><title>Moved Permanently</title><a href='/'>Moved</a>"
        return Response(page, 301, {"location": f"{world.url}/"}, "text/html")

    return [
        Route("/v1/videos", gate(world, "submit", create, refuse), methods=["POST"]),
        Route("/v1/videos/{id}", gate(world, "poll", retrieve, refuse)),
        Route("/v1/videos/{id}/content", gate(world, "download", content, refuse)),
        Route("/v1/{rest:path}", lost, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]


async def _form(world: World, request: Request) -> VideoForm | Refusal:
    fields: dict[str, str] = {}
    files: list[Upload] = []
    async with request.form() as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                fields[name] = value
            elif isinstance(value, UploadFile) and name == "input_reference":
                held = await value.read()
                files.append(Upload(value.filename or "", value.content_type or "", held))
    read = read_form(fields, files, two_frames=world.settings.comet_two_frames)
    try:
        for upload in files:
            decoded(upload.data)
    except MediaError:
        return Refusal(500, "invalid_request", "input_reference could not be decoded")
    return read


def _begin(world: World, form: VideoForm) -> Job:
    trouble = draw_trouble(world, f"/v1/videos\n{form.prompt}")
    order = Order(
        form.prompt,
        trouble.size((form.width, form.height)),
        form.seconds * FPS - trouble.shorter,
        seed=world.number(),
        first=form.first,
        last=form.last,
    )
    job = Job(
        f"task_{secrets.token_hex(16)}",
        PROVIDER,
        form.model,
        form.prompt,
        () if trouble.failure else (order,),
        memo={
            "created": world.clock.now(),
            "looks": trouble.looks,
            "failure": trouble.message,
            "size": f"{form.width}x{form.height}",
            "seconds": str(form.seconds),
        },
    )
    rate = price(form.model, form.resolution, form.seconds) / Decimal(form.seconds)
    world.charge(world.begin(job), rate, form.seconds, note=trouble.failure)
    return job


def _job(world: World, request: Request) -> Job | None:
    job = world.jobs.get(request.path_params["id"])
    return job if job is not None and job.provider == PROVIDER else None


async def _standing(world: World, job: Job, *, look: bool) -> tuple[str, int]:
    """(status, per cent) of a task; a look is one that the fault `processing` counts."""
    if job.memo["looks"] > 0:
        if look:
            job.memo["looks"] -= 1
        return "in_progress", 50
    if not await world.done(job):
        begun = job.memo["created"]
        share = (world.clock.now() - begun) / max(0.001, job.ready_at - begun)
        return (
            ("queued", 0) if share < _QUEUED_SHARE else ("in_progress", min(99, int(share * 100)))
        )
    if job.error and not job.memo["failure"]:
        job.memo["failure"] = job.error[1]
    return ("failed", 100) if job.memo["failure"] else ("completed", 100)


def _told(world: World, job: Job, status: str, progress: int) -> dict[str, Any]:
    """A task in the form of reply that the world is set to."""
    settings = world.settings
    percent = f"{progress}%" if settings.comet_percent else progress
    url = _url(world, job) if status == "completed" else ""
    flat: dict[str, Any] = {
        "id": job.name,
        "task_id": job.name,
        "object": "video",
        "model": BACKENDS[job.model],
        "status": status,
        "progress": percent,
        "created_at": int(job.memo["created"]),
        "seconds": job.memo["seconds"],
        "size": job.memo["size"],
    }
    if url:
        flat |= {"completed_at": int(world.clock.now()), "video_url": url}
    if status == "failed":
        flat["error"] = {"message": job.memo["failure"], "code": "generation_failed"}
    if settings.comet_reply == "flat":
        return flat
    ended = status in ("completed", "failed")
    reason = job.memo["failure"] if status == "failed" else ""
    data: dict[str, Any] = {
        "task_id": job.name,
        "action": "generate",
        "status": _WRAPPED[status],
        "fail_reason": url if settings.comet_reply == "fail_reason" else reason,
        "submit_time": int(job.memo["created"]),
        "start_time": int(job.memo["created"]),
        "finish_time": int(world.clock.now()) if ended else 0,
        "progress": f"{progress}%",
        "data": {"id": job.name, "status": status, "video_url": url},
    }
    if settings.comet_reply == "fail_reason":
        data |= {"data": None, "fail_reason": url or reason}
    return {"code": "success", "message": "", "data": data}


def _url(world: World, job: Job) -> str:
    """Where anybody may read the clip, on this origin or the second; the same at every look."""
    if "path" not in job.memo:
        job.memo["path"] = world.publish(job.clips[0], "video/mp4", job.prompt)
    origin = world.other if world.settings.comet_elsewhere else world.url
    return origin + str(job.memo["path"])
