"""Veo on the Gemini API: submit, operations, files, and the redirected download."""

from __future__ import annotations

import asyncio
import re
import secrets
import string
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from storyboard.simulator.fault_injection import wrap_with_faults
from storyboard.simulator.google.oauth import read_api_key, reject_bad_api_key
from storyboard.simulator.google.veo_jobs import VeoJobSpec, start_veo_job
from storyboard.simulator.media.clip_spec import ClipSpec
from storyboard.simulator.media.clips import FPS
from storyboard.simulator.media.uploaded_media import find_picture_problem, read_clip_facts
from storyboard.simulator.responses import build_google_error, read_json_object
from storyboard.simulator.state import File, Job, SimulatorState
from storyboard.simulator.validation import gemini as rules
from storyboard.simulator.validation.rejection import Rejection, reject_invalid
from storyboard.simulator.validation.veo_models import GEMINI, REHEARSED, VeoModel
from storyboard.simulator.validation.veo_request import (
    ADDED_S,
    VeoRequest,
    find_size,
    read_veo_request,
)

_HOST = "https://generativelanguage.googleapis.com"
_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"
_FILE = re.compile(r"files/([a-z0-9]+)")
_LETTERS = string.ascii_lowercase + string.digits


def build_routes(world: SimulatorState) -> list[Route]:
    """Routes below `/v1beta`."""
    handlers = _GeminiHandlers(world)
    return [
        Route(
            "/v1beta/models/{model}:predictLongRunning",
            wrap_with_faults(world, "submit", handlers.submit_job),
            methods=["POST"],
        ),
        Route(
            "/v1beta/models/{model}/operations/{id}",
            wrap_with_faults(world, "poll", handlers.poll_job),
        ),
        Route(
            "/v1beta/files/{id}:download",
            wrap_with_faults(world, "download", handlers.redirect_to_download),
        ),
        Route(
            "/v1beta/files/{id}", wrap_with_faults(world, "files", handlers.serve_file_description)
        ),
    ]


def build_file_uri(world: SimulatorState, file: File) -> str:
    """The URI of a file in replies."""
    host = world.url if world.settings.own_uris else _HOST
    return f"{host}/v1beta/files/{file.id}:download?alt=media"


def find_unexpired_file(world: SimulatorState, uri: str) -> File | None:
    """The file that a URI names, unless it has expired."""
    match = _FILE.search(uri)
    file = world.files.get(match[1]) if match else None
    return file if file and file.expires > world.clock.now() else None


def describe_file(world: SimulatorState, file: File) -> dict[str, Any]:
    """A file as the service describes it."""
    stamp = world.clock.format_timestamp
    return {
        "name": f"files/{file.id}",
        "mimeType": file.mime,
        "sizeBytes": str(file.path.stat().st_size),
        "createTime": stamp(file.created),
        "updateTime": stamp(file.created),
        "expirationTime": stamp(file.expires),
        "state": file.state,
        "source": "GENERATED" if file.made_by else "UPLOADED",
        "uri": build_file_uri(world, file).partition(":download")[0],
        "downloadUri": build_file_uri(world, file),
    }


class _GeminiHandlers:
    def __init__(self, world: SimulatorState) -> None:
        self._world = world

    async def submit_job(self, request: Request) -> Response:
        if problem := self._reject_bad_key(request):
            return problem
        model = GEMINI.get(request.path_params["model"])
        if model is None:
            return build_google_error(
                404,
                f"models/{request.path_params['model']} is not found for API version v1beta, or "
                "is not supported for predictLongRunning. Call ListModels to see the list of "
                "available models and their supported methods.",
            )
        if self._world.settings.retired or model.id not in REHEARSED:
            return build_google_error(
                404,
                f"This model models/{model.id} is no longer available. Please update your code "
                "to use a newer model for the latest features and improvements.",
            )
        body = await read_json_object(request)
        if body is None:
            return build_google_error(400, "Invalid JSON payload received. Unexpected token.")
        veo_request = read_veo_request(body)
        if veo_request is None:
            return build_google_error(400, "Request contains an invalid argument.")
        job_or_rejection = rules.reject_unsupported_request(
            model, body, veo_request
        ) or await self._check_media_and_start_job(model, veo_request)
        if isinstance(job_or_rejection, Rejection):
            return build_google_error(
                job_or_rejection.status, job_or_rejection.message, status=job_or_rejection.reason
            )
        return JSONResponse({"name": job_or_rejection.name})

    async def poll_job(self, request: Request) -> Response:
        if problem := self._reject_bad_key(request):
            return problem
        params = request.path_params
        name = f"models/{params['model']}/operations/{params['id']}"
        job = self._world.jobs.get(name)
        if job is None:
            return build_google_error(404, f"Operation {name} not found.")
        if not await self._world.is_done(job):
            return JSONResponse({"name": name})
        if job.error:
            code, message = job.error
            error = {"code": code, "message": message}
            return JSONResponse({"name": name, "done": True, "error": error})
        answer: dict[str, Any] = {}
        if job.clip_futures:
            uris = [build_file_uri(self._world, file) for file in self._store_job_files_once(job)]
            answer["generatedSamples"] = [{"video": {"uri": uri}} for uri in uris]
        if job.filtered:
            answer["raiMediaFilteredCount"] = len(job.filtered)
            answer["raiMediaFilteredReasons"] = list(job.filtered)
        response = {"@type": _TYPE, "generateVideoResponse": answer}
        return JSONResponse({"name": name, "done": True, "response": response})

    async def serve_file_description(self, request: Request) -> Response:
        file = self._authorize_and_find_file(request)
        if isinstance(file, Response):
            return file
        description = describe_file(self._world, file)
        file.looks_left = max(0, file.looks_left - 1)
        return JSONResponse(description)

    async def redirect_to_download(self, request: Request) -> Response:
        file = self._authorize_and_find_file(request)
        if isinstance(file, Response):
            return file
        if request.query_params.get("alt") != "media":
            return build_google_error(400, "Only alt=media is supported for file downloads.")
        if file.state != "ACTIVE":
            words = f"The File {file.id} is not in an ACTIVE state and usage is not allowed."
            return build_google_error(400, words, status="FAILED_PRECONDITION")
        path = self._world.publish_file(file.path, file.mime, file.prompt)
        return RedirectResponse(self._world.url + path, 302)

    def _reject_bad_key(self, request: Request) -> Response | None:
        return reject_bad_api_key(self._world, "gemini", read_api_key(request))

    def _authorize_and_find_file(self, request: Request) -> File | Response:
        if problem := self._reject_bad_key(request):
            return problem
        name = f"files/{request.path_params['id']}"
        return find_unexpired_file(self._world, name) or build_google_error(
            403,
            f"You do not have permission to access the File {name.removeprefix('files/')} or it "
            "may not exist.",
        )

    async def _check_media_and_start_job(
        self, model: VeoModel, veo_request: VeoRequest
    ) -> Job | Rejection:
        world = self._world
        for picture in veo_request.pictures:
            if problem := find_picture_problem(picture.data or b""):
                return reject_invalid(f"{rules.UNREADABLE} {problem}")
        parameters = veo_request.parameters
        resolution, aspect = (
            parameters.get("resolution", "720p"),
            parameters.get("aspectRatio", "16:9"),
        )
        source = find_unexpired_file(world, veo_request.video.uri) if veo_request.video else None
        if veo_request.video:
            facts = await asyncio.to_thread(read_clip_facts, source.path) if source else None
            rejection = rules.reject_unsupported_source(
                veo_request,
                facts,
                is_made_by_veo=bool(source and source.made_by == "veo"),
                is_active=bool(source and source.state == "ACTIVE"),
                hops=source.hops if source else 0,
            )
            if rejection:
                return rejection
        seconds = ADDED_S if source else int(parameters.get("durationSeconds", 8))
        clip_spec = ClipSpec(
            prompt=veo_request.prompt,
            size=find_size(resolution, aspect),
            frames=seconds * FPS,
            sound=model.has_sound,
            first=veo_request.image.data if veo_request.image else None,
            last=veo_request.last.data if veo_request.last else None,
            references=tuple(picture.data or b"" for picture in veo_request.references),
            source=source.path if source else None,
        )
        name = f"models/{model.id}/operations/{''.join(secrets.choice(_LETTERS) for _ in 'x' * 12)}"
        # The service returns one sample, however many are requested.
        job_spec = VeoJobSpec(
            "gemini", model, clip_spec, seed=None, samples=1, resolution=resolution
        )
        job = start_veo_job(world, name, job_spec, _format_filter_notice)
        job.memo["hops"] = source.hops + 1 if source else 0
        return job

    def _store_job_files_once(self, job: Job) -> list[File]:
        if "files" not in job.memo:
            looks = job.memo.get("looks", self._world.settings.processing)
            job.memo["files"] = [
                self._world.store_file(
                    clip,
                    "video/mp4",
                    made_by="veo",
                    looks=looks,
                    hops=job.memo["hops"],
                    prompt=job.prompt,
                )
                for clip in job.clips
            ]
        files: list[File] = job.memo["files"]
        return files


def _format_filter_notice(support_codes: str) -> str:
    return (
        "We encountered an issue with your prompt or with the audio for it and could not create "
        "your video. You have not been charged for this attempt. Please try rephrasing your "
        f"prompt. Support codes: {support_codes}"
    )
