"""Veo on Vertex AI: submit and `fetchPredictOperation`, by project or with an API key alone."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storyboard.simulator.answers import google_error, inline, json_body
from storyboard.simulator.clips import FPS, Order
from storyboard.simulator.gate import gate, job_fault
from storyboard.simulator.inputs import clip_facts, picture_problem
from storyboard.simulator.rules import vertex as rules
from storyboard.simulator.rules.veo import Ask, Media, read, size_of
from storyboard.simulator.rules.veo_models import VERTEX, VeoModel
from storyboard.simulator.token import bearer_problem, key_of, key_problem
from storyboard.simulator.veo import PROVISIONING, Shot, begin, fail
from storyboard.simulator.world import Job, World

_TYPE = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"
_RESOURCES = (
    "/projects/{project}/locations/{location}/publishers/google/models/{model}",
    "/publishers/google/models/{model}",
)


def routes(world: World) -> list[Route]:
    """Both versions, with a project and without."""
    wire = _Vertex(world)
    world.landing.append(wire.land)
    return [
        Route(f"/{version}{resource}:{verb}", gate(world, route, handler), methods=["POST"])
        for version in ("v1", "v1beta1")
        for resource in _RESOURCES
        for verb, route, handler in (
            ("predictLongRunning", "submit", wire.submit),
            ("fetchPredictOperation", "poll", wire.poll),
        )
    ]


def access_problem(world: World, request: Request) -> Response | None:
    """The refusal of a request's credential on Vertex: a bearer token, or a key; else None."""
    key = key_of(request)
    if key or "project" not in request.path_params:
        return key_problem(world, "vertex", key)
    return bearer_problem(world, request)


class _Vertex:
    def __init__(self, world: World) -> None:
        self._world = world

    async def submit(self, request: Request) -> Response:
        if problem := access_problem(self._world, request):
            return problem
        model = VERTEX.get(request.path_params["model"])
        resource = _resource(request)
        if model is None or model.retired_on:
            return google_error(
                404,
                f"Publisher Model `{resource}` was not found or your project does not have access "
                "to it. Please ensure you are using a valid model version. For more information, "
                "see: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions",
            )
        body = await json_body(request)
        if body is None:
            return google_error(400, "Invalid JSON payload received. Unexpected token.")
        ask = read(body)
        if ask is None:
            return google_error(400, "Invalid instances: exactly one instance must be given.")
        name = f"{resource}/operations/{uuid.uuid4()}"
        await self._begin(name, model, ask, request.path_params.get("project", ""))
        return JSONResponse({"name": name})

    async def poll(self, request: Request) -> Response:
        if problem := access_problem(self._world, request):
            return problem
        body = await json_body(request) or {}
        name = str(body.get("operationName", ""))
        if not name.startswith(f"{_resource(request)}/operations/"):
            return google_error(400, f"Invalid operation name {name or '(empty)'}.")
        job = self._world.jobs.get(name)
        if job is None:
            return google_error(404, f"The operation {name} was not found.")
        if not await self._world.done(job):
            return JSONResponse({"name": name})
        if job.error:
            code, message = job.error
            error = {"code": code, "message": message}
            return JSONResponse({"name": name, "done": True, "error": error})
        answer: dict[str, Any] = {"@type": _TYPE, "raiMediaFilteredCount": len(job.filtered)}
        if job.filtered:
            answer["raiMediaFilteredReasons"] = list(job.filtered)
        if job.made:
            answer["videos"] = await asyncio.to_thread(self._videos, job)
        return JSONResponse({"name": name, "done": True, "response": answer})

    async def _begin(self, name: str, model: VeoModel, ask: Ask, project: str) -> Job:
        world = self._world
        job = Job(name, "vertex", model.id, ask.prompt)
        if ask.video and project not in world.provisioned:
            world.provisioned.add(project)
            if job_fault(world, "provisioning", ask.prompt):
                return fail(world, job, *PROVISIONING)
        trouble, source = self._looked_at(ask)
        facts = await asyncio.to_thread(clip_facts, source) if source else None
        if source and facts is None:
            trouble = trouble or "The input video can not be decoded."
        if wrong := rules.failure(model, ask, facts, trouble):
            return fail(world, job, rules.INVALID, wrong)
        given = ask.parameters
        resolution = given.get("resolution", "720p")
        aspect = facts.aspect if facts else given.get("aspectRatio", "16:9")
        seed = given.get("seed")
        order = Order(
            prompt=ask.prompt,
            size=size_of(resolution, aspect),
            frames=rules.duration(ask) * FPS,
            sound=model.has_sound and given.get("generateAudio", True),
            first=self._bytes(ask.image),
            last=self._bytes(ask.last),
            references=tuple(self._bytes(each) or b"" for each in ask.references),
            source=source,
            crop=given.get("resizeMode") == "CROP",
        )
        shot = Shot(
            provider="vertex",
            model=model,
            order=order,
            seed=None if seed is None else int(seed),
            samples=int(given.get("sampleCount", 1)),
            resolution=resolution,
        )
        job = begin(world, name, shot, _filtered)
        job.memo["storage"] = given.get("storageUri", "")
        return job

    def _looked_at(self, ask: Ask) -> tuple[str, Path | None]:
        """(what is wrong with the media, the file of the video to extend)."""
        for each in ask.pictures:
            data = self._bytes(each)
            if data is None and not each.spoiled:
                return _unreachable(each), None
            if data is not None and (problem := picture_problem(data)):
                return problem, None
        if ask.video is None:
            return "", None
        if ask.video.data is not None:
            return "", self._world.keep_bytes(ask.video.data, ".mp4")
        stored = self._world.object_at(ask.video.uri)
        return ("", stored.path) if stored else (_unreachable(ask.video), None)

    def _bytes(self, each: Media | None) -> bytes | None:
        if each is None or each.data is not None:
            return each.data if each else None
        stored = self._world.object_at(each.uri)
        return stored.path.read_bytes() if stored else None

    async def land(self) -> None:
        """Writes the results of jobs that have ended into their buckets."""
        for job in list(self._world.jobs.values()):
            if job.provider != "vertex" or not job.memo.get("storage") or "uris" in job.memo:
                continue
            if job.made and await self._world.done(job) and not job.error:
                await asyncio.to_thread(self._videos, job)

    def _videos(self, job: Job) -> list[dict[str, str]]:
        mime = "video/mp4"
        if not job.memo["storage"]:
            return [{"bytesBase64Encoded": inline(clip), "mimeType": mime} for clip in job.clips]
        if "uris" not in job.memo:
            bucket, _, prefix = job.memo["storage"].removeprefix("gs://").partition("/")
            number = str(10**18 + secrets.randbelow(9 * 10**18))
            folder = "/".join(part for part in (prefix.strip("/"), number) if part)
            uris = []
            for sample, clip in enumerate(job.clips, job.memo["lost"]):
                name = f"{folder}/sample_{sample}.mp4"
                self._world.keep_object(bucket, name, clip, mime)
                uris.append(f"gs://{bucket}/{name}")
            self._world.about[number] = job.prompt
            job.memo["uris"] = uris
        return [{"gcsUri": uri, "mimeType": mime} for uri in job.memo["uris"]]


def _resource(request: Request) -> str:
    """The model's name in full, as the path has it."""
    return request.url.path.split("/", 2)[2].rpartition(":")[0]


def _unreachable(each: Media) -> str:
    return f"The Cloud Storage object {each.uri} does not exist, or may not be read."


def _filtered(codes: str) -> str:
    return (
        "Veo could not generate 1 videos based on the prompt provided. You will not be charged "
        "for this attempt. Try rephrasing the prompt. If you think this was an error, send "
        f"feedback. Support codes: {codes}"
    )
