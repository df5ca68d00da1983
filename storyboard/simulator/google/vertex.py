"""Veo on Vertex AI: submit and `fetchPredictOperation`, by project or with only an API key."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storyboard.simulator.fault_injection import consume_job_fault, wrap_with_faults
from storyboard.simulator.google.oauth import (
    read_api_key,
    reject_bad_api_key,
    reject_bad_bearer_token,
)
from storyboard.simulator.google.veo_jobs import (
    PROVISIONING,
    VeoJobSpec,
    start_failing_job,
    start_veo_job,
)
from storyboard.simulator.media.clip_spec import ClipSpec
from storyboard.simulator.media.clips import FPS
from storyboard.simulator.media.uploaded_media import find_picture_problem, read_clip_facts
from storyboard.simulator.responses import build_google_error, read_base64, read_json_object
from storyboard.simulator.state import Job, SimulatorState
from storyboard.simulator.validation import vertex as rules
from storyboard.simulator.validation.veo_models import VERTEX, VeoModel
from storyboard.simulator.validation.veo_request import (
    RequestMedia,
    VeoRequest,
    find_size,
    read_veo_request,
)

_TYPE = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"
_RESOURCES = (
    "/projects/{project}/locations/{location}/publishers/google/models/{model}",
    "/publishers/google/models/{model}",
)


def build_routes(world: SimulatorState) -> list[Route]:
    """Both API versions, with and without a project."""
    handlers = _VertexHandlers(world)
    world.result_writers.append(handlers.store_results)
    return [
        Route(
            f"/{version}{resource}:{verb}",
            wrap_with_faults(world, route, handler),
            methods=["POST"],
        )
        for version in ("v1", "v1beta1")
        for resource in _RESOURCES
        for verb, route, handler in (
            ("predictLongRunning", "submit", handlers.submit_job),
            ("fetchPredictOperation", "poll", handlers.poll_job),
        )
    ]


def reject_bad_credential(world: SimulatorState, request: Request) -> Response | None:
    """The refusal of a request's credential on Vertex, a bearer token or a key; else None."""
    key = read_api_key(request)
    if key or "project" not in request.path_params:
        return reject_bad_api_key(world, "vertex", key)
    return reject_bad_bearer_token(world, request)


class _VertexHandlers:
    def __init__(self, world: SimulatorState) -> None:
        self._world = world

    async def submit_job(self, request: Request) -> Response:
        if problem := reject_bad_credential(self._world, request):
            return problem
        model = VERTEX.get(request.path_params["model"])
        resource = _read_model_resource(request)
        if model is None or model.retired_on:
            return build_google_error(
                404,
                f"Publisher Model `{resource}` was not found or your project does not have access "
                "to it. Please ensure you are using a valid model version. For more information, "
                "see: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions",
            )
        body = await read_json_object(request)
        if body is None:
            return build_google_error(400, "Invalid JSON payload received. Unexpected token.")
        veo_request = read_veo_request(body)
        if veo_request is None:
            return build_google_error(400, "Invalid instances: exactly one instance must be given.")
        name = f"{resource}/operations/{uuid.uuid4()}"
        await self._start_job(name, model, veo_request, request.path_params.get("project", ""))
        return JSONResponse({"name": name})

    async def poll_job(self, request: Request) -> Response:
        if problem := reject_bad_credential(self._world, request):
            return problem
        body = await read_json_object(request) or {}
        name = str(body.get("operationName", ""))
        if not name.startswith(f"{_read_model_resource(request)}/operations/"):
            return build_google_error(400, f"Invalid operation name {name or '(empty)'}.")
        job = self._world.jobs.get(name)
        if job is None:
            return build_google_error(404, f"The operation {name} was not found.")
        if not await self._world.is_done(job):
            return JSONResponse({"name": name})
        if job.error:
            code, message = job.error
            error = {"code": code, "message": message}
            return JSONResponse({"name": name, "done": True, "error": error})
        answer: dict[str, Any] = {"@type": _TYPE, "raiMediaFilteredCount": len(job.filtered)}
        if job.filtered:
            answer["raiMediaFilteredReasons"] = list(job.filtered)
        if job.clip_futures:
            answer["videos"] = await asyncio.to_thread(self._store_and_describe_videos, job)
        return JSONResponse({"name": name, "done": True, "response": answer})

    async def _start_job(
        self, name: str, model: VeoModel, veo_request: VeoRequest, project: str
    ) -> Job:
        world = self._world
        job = Job(name, "vertex", model.id, veo_request.prompt)
        # A project's first extension creates its service agents, which the fault lets fail.
        if veo_request.video and project not in world.provisioned:
            world.provisioned.add(project)
            if consume_job_fault(world, "provisioning", veo_request.prompt):
                return start_failing_job(world, job, *PROVISIONING)
        media_problem, source = self._find_media_problem_and_source(veo_request)
        facts = await asyncio.to_thread(read_clip_facts, source) if source else None
        if source and facts is None:
            media_problem = media_problem or "The input video can not be decoded."
        # Vertex accepts such a request and reports the problem as a failed operation.
        if job_failure := rules.find_job_failure(model, veo_request, facts, media_problem):
            return start_failing_job(world, job, rules.INVALID, job_failure)
        parameters = veo_request.parameters
        resolution = parameters.get("resolution", "720p")
        aspect = facts.aspect if facts else parameters.get("aspectRatio", "16:9")
        seed = parameters.get("seed")
        clip_spec = ClipSpec(
            prompt=veo_request.prompt,
            size=find_size(resolution, aspect),
            frames=rules.read_new_seconds(veo_request) * FPS,
            sound=model.has_sound and parameters.get("generateAudio", True),
            first=self._read_bytes(veo_request.image),
            last=self._read_bytes(veo_request.last),
            references=tuple(
                self._read_bytes(reference) or b"" for reference in veo_request.references
            ),
            source=source,
            crop=parameters.get("resizeMode") == "CROP",
        )
        job_spec = VeoJobSpec(
            provider="vertex",
            model=model,
            clip_spec=clip_spec,
            seed=None if seed is None else int(seed),
            samples=int(parameters.get("sampleCount", 1)),
            resolution=resolution,
        )
        job = start_veo_job(world, name, job_spec, _format_filter_notice)
        job.memo["storage"] = parameters.get("storageUri", "")
        return job

    def _find_media_problem_and_source(self, veo_request: VeoRequest) -> tuple[str, Path | None]:
        """(what is wrong with the media, the file of the video to extend)."""
        for picture in veo_request.pictures:
            data = self._read_bytes(picture)
            if data is None and not picture.is_corrupt:
                return _format_unreachable_notice(picture), None
            if data is not None and (problem := find_picture_problem(data)):
                return problem, None
        if veo_request.video is None:
            return "", None
        if veo_request.video.data is not None:
            return "", self._world.store_bytes(veo_request.video.data, ".mp4")
        stored = self._world.find_object(veo_request.video.uri)
        return (
            ("", stored.path) if stored else (_format_unreachable_notice(veo_request.video), None)
        )

    def _read_bytes(self, medium: RequestMedia | None) -> bytes | None:
        if medium is None or medium.data is not None:
            return medium.data if medium else None
        stored = self._world.find_object(medium.uri)
        return stored.path.read_bytes() if stored else None

    async def store_results(self) -> None:
        """Writes the results of finished jobs to their buckets."""
        for job in list(self._world.jobs.values()):
            if job.provider != "vertex" or not job.memo.get("storage") or "uris" in job.memo:
                continue
            if job.clip_futures and await self._world.is_done(job) and not job.error:
                await asyncio.to_thread(self._store_and_describe_videos, job)

    def _store_and_describe_videos(self, job: Job) -> list[dict[str, str]]:
        mime = "video/mp4"
        if not job.memo["storage"]:
            return [
                {"bytesBase64Encoded": read_base64(clip), "mimeType": mime} for clip in job.clips
            ]
        if "uris" not in job.memo:
            bucket, _, prefix = job.memo["storage"].removeprefix("gs://").partition("/")
            number = str(10**18 + secrets.randbelow(9 * 10**18))
            folder = "/".join(part for part in (prefix.strip("/"), number) if part)
            uris = []
            # Sample numbers continue after the filtered ones.
            for sample, clip in enumerate(job.clips, job.memo["lost"]):
                name = f"{folder}/sample_{sample}.mp4"
                self._world.store_object(bucket, name, clip, mime)
                uris.append(f"gs://{bucket}/{name}")
            self._world.prompts_by_id[number] = job.prompt
            job.memo["uris"] = uris
        return [{"gcsUri": uri, "mimeType": mime} for uri in job.memo["uris"]]


def _read_model_resource(request: Request) -> str:
    """The model's full name from the path."""
    return request.url.path.split("/", 2)[2].rpartition(":")[0]


def _format_unreachable_notice(medium: RequestMedia) -> str:
    return f"The Cloud Storage object {medium.uri} does not exist, or may not be read."


def _format_filter_notice(support_codes: str) -> str:
    return (
        "Veo could not generate 1 videos based on the prompt provided. You will not be charged "
        "for this attempt. Try rephrasing the prompt. If you think this was an error, send "
        f"feedback. Support codes: {support_codes}"
    )
