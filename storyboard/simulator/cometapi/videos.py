"""CometAPI's `/v1/videos`: a form creates a task, which is polled until the clip is ready."""

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
from storyboard.simulator.fault_injection import wrap_with_faults
from storyboard.simulator.job_faults import consume_video_job_faults
from storyboard.simulator.media.clip_spec import ClipSpec
from storyboard.simulator.media.clips import FPS
from storyboard.simulator.media.test_patterns import decode_picture
from storyboard.simulator.responses import serve_file
from storyboard.simulator.state import Job, SimulatorState
from storyboard.simulator.validation.cometapi_videos import (
    BACKENDS,
    Upload,
    VideoForm,
    compute_video_price_usd,
    read_form,
)
from storyboard.simulator.validation.rejection import Rejection

PROVIDER = "cometapi"
_OTHER_WIRES = ("projects/", "publishers/", "models/", "files/", "operations/", "interactions")
_QUEUED_SHARE = 0.25
_WRAPPED = {
    "queued": "NOT_START",
    "in_progress": "IN_PROGRESS",
    "completed": "SUCCESS",
    "failed": "FAILURE",
}


def build_gateway_error(
    status: int,
    message: str,
    code: str = "",
    error_type: str = "comet_api_error",
    retry_after_s: float = 0.0,
) -> Response:
    """The gateway's error envelope, with the id of the request in its message."""
    words = f"{message} (request id: {secrets.token_hex(12)})"
    error = {"code": code, "message": words, "param": "", "type": error_type}
    headers = {"Retry-After": str(max(1, round(retry_after_s)))} if retry_after_s else {}
    return JSONResponse({"error": error}, status, headers)


def format_gateway_error(status: int, message: str, retry_after_s: float | None = None) -> Response:
    """The gateway's format for errors of the fault gate."""
    return build_gateway_error(status, message, retry_after_s=retry_after_s or 0.0)


def reject_bad_gateway_key(world: SimulatorState, request: Request) -> Response | None:
    """The 401 for a missing or unknown key; the word Bearer is required."""
    if request.headers.get("authorization") == f"Bearer {world.keys[PROVIDER]}":
        return None
    return build_gateway_error(401, "invalid token")


def build_routes(world: SimulatorState) -> list[Route]:
    """Create, retrieve and content; every other path below `/v1/` gets a page."""

    async def create_video(request: Request) -> Response:
        if refusal := reject_bad_gateway_key(world, request):
            return refusal
        kind = request.headers.get("content-type", "")
        if not kind.startswith("multipart/form-data"):
            return build_gateway_error(
                400, "the body must be multipart/form-data", "invalid_request"
            )
        try:
            form = await _read_upload_form(world, request)
        except HTTPException as error:
            return build_gateway_error(400, error.detail, "invalid_request")
        if isinstance(form, Rejection):
            return build_gateway_error(form.status, form.message, form.reason)
        return JSONResponse(_describe_task(world, _start_job(world, form), "queued", 0))

    async def retrieve_video(request: Request) -> Response:
        if refusal := reject_bad_gateway_key(world, request):
            return refusal
        job = _find_requested_job(world, request)
        if job is None:
            return build_gateway_error(404, "task not found", "task_not_exist")
        status, progress = await _compute_status_and_percent(world, job, consumes_look=True)
        return JSONResponse(_describe_task(world, job, status, progress))

    async def download_video(request: Request) -> Response:
        if refusal := reject_bad_gateway_key(world, request):
            return refusal
        job = _find_requested_job(world, request)
        if job is None:
            return build_gateway_error(404, "task not found", "task_not_exist")
        status, _ = await _compute_status_and_percent(world, job, consumes_look=False)
        if status != "completed":
            words = f"task is not completed yet, current status: {status}"
            return build_gateway_error(400, words, "invalid_request", "invalid_request_error")
        return serve_file(job.clips[0], "video/mp4")

    async def redirect_unknown_path(request: Request) -> Response:
        """Redirects unknown paths to the gateway's home page."""
        if request.path_params["rest"].startswith(_OTHER_WIRES):
            return Response("<!doctype html><title>Not Found</title>", 404, media_type="text/html")
        page = "<!doctype html><title>Moved Permanently</title><a href='/'>Moved</a>"
        return Response(page, 301, {"location": f"{world.url}/"}, "text/html")

    return [
        Route(
            "/v1/videos",
            wrap_with_faults(world, "submit", create_video, format_gateway_error),
            methods=["POST"],
        ),
        Route(
            "/v1/videos/{id}", wrap_with_faults(world, "poll", retrieve_video, format_gateway_error)
        ),
        Route(
            "/v1/videos/{id}/content",
            wrap_with_faults(world, "download", download_video, format_gateway_error),
        ),
        Route(
            "/v1/{rest:path}",
            redirect_unknown_path,
            methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        ),
    ]


async def _read_upload_form(world: SimulatorState, request: Request) -> VideoForm | Rejection:
    fields: dict[str, str] = {}
    files: list[Upload] = []
    async with request.form() as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                fields[name] = value
            elif isinstance(value, UploadFile) and name == "input_reference":
                data = await value.read()
                files.append(Upload(value.filename or "", value.content_type or "", data))
    video_form = read_form(fields, files, accepts_last_frame=world.settings.comet_two_frames)
    try:
        for upload in files:
            decode_picture(upload.data)
    except MediaError:
        return Rejection(500, "invalid_request", "input_reference could not be decoded")
    return video_form


def _start_job(world: SimulatorState, form: VideoForm) -> Job:
    job_faults = consume_video_job_faults(world, f"/v1/videos\n{form.prompt}")
    clip_spec = ClipSpec(
        form.prompt,
        job_faults.halve_size_if_faulty((form.width, form.height)),
        form.seconds * FPS - job_faults.missing_frames,
        seed=world.issue_job_number(),
        first=form.first,
        last=form.last,
    )
    job = Job(
        f"task_{secrets.token_hex(16)}",
        PROVIDER,
        form.model,
        form.prompt,
        () if job_faults.failure else (clip_spec,),
        memo={
            "created": world.clock.now(),
            "looks": job_faults.looks,
            "failure": job_faults.message,
            "size": f"{form.width}x{form.height}",
            "seconds": str(form.seconds),
        },
    )
    rate = compute_video_price_usd(form.model, form.resolution, form.seconds) / Decimal(
        form.seconds
    )
    world.charge_job(world.start_job(job), rate, form.seconds, note=job_faults.failure)
    return job


def _find_requested_job(world: SimulatorState, request: Request) -> Job | None:
    job = world.jobs.get(request.path_params["id"])
    return job if job is not None and job.provider == PROVIDER else None


async def _compute_status_and_percent(
    world: SimulatorState, job: Job, *, consumes_look: bool
) -> tuple[str, int]:
    """(status, per cent) of a task; `consumes_look` lets the poll count for the fault
    `processing`.
    """
    if job.memo["looks"] > 0:
        if consumes_look:
            job.memo["looks"] -= 1
        return "in_progress", 50
    # Before the clip is ready, progress follows the clock between start and `ready_at`.
    if not await world.is_done(job):
        started_at = job.memo["created"]
        share = (world.clock.now() - started_at) / max(0.001, job.ready_at - started_at)
        return (
            ("queued", 0) if share < _QUEUED_SHARE else ("in_progress", min(99, int(share * 100)))
        )
    if job.error and not job.memo["failure"]:
        job.memo["failure"] = job.error[1]
    return ("failed", 100) if job.memo["failure"] else ("completed", 100)


def _describe_task(world: SimulatorState, job: Job, status: str, progress: int) -> dict[str, Any]:
    """A task in the reply format that the settings choose."""
    settings = world.settings
    percent = f"{progress}%" if settings.comet_percent else progress
    url = _publish_clip_url(world, job) if status == "completed" else ""
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
        # Some of the gateway's replies put the URL into `fail_reason`, even on success.
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


def _publish_clip_url(world: SimulatorState, job: Job) -> str:
    """The clip's public URL, on this origin or the second; the same at every poll."""
    if "path" not in job.memo:
        job.memo["path"] = world.publish_file(job.clips[0], "video/mp4", job.prompt)
    origin = world.other if world.settings.comet_elsewhere else world.url
    return origin + str(job.memo["path"])
