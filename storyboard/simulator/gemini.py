"""Veo on the Gemini API: submit, operations, files, and the download that leads elsewhere."""

from __future__ import annotations

import asyncio
import re
import secrets
import string
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from storyboard.simulator.answers import google_error, json_body
from storyboard.simulator.clips import FPS, Order
from storyboard.simulator.gate import gate
from storyboard.simulator.inputs import clip_facts, picture_problem
from storyboard.simulator.rules import gemini as rules
from storyboard.simulator.rules.refusal import Refusal, invalid
from storyboard.simulator.rules.veo import ADDED_S, Ask, read, size_of
from storyboard.simulator.rules.veo_models import GEMINI, REHEARSED, VeoModel
from storyboard.simulator.token import key_of, key_problem
from storyboard.simulator.veo import Shot, begin
from storyboard.simulator.world import File, Job, World

_HOST = "https://generativelanguage.googleapis.com"
_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse"
_FILE = re.compile(r"files/([a-z0-9]+)")
_LETTERS = string.ascii_lowercase + string.digits


def routes(world: World) -> list[Route]:
    """Below `/v1beta`."""
    wire = _Gemini(world)
    return [
        Route(
            "/v1beta/models/{model}:predictLongRunning",
            gate(world, "submit", wire.submit),
            methods=["POST"],
        ),
        Route("/v1beta/models/{model}/operations/{id}", gate(world, "poll", wire.poll)),
        Route("/v1beta/files/{id}:download", gate(world, "download", wire.download)),
        Route("/v1beta/files/{id}", gate(world, "files", wire.file)),
    ]


def file_uri(world: World, file: File) -> str:
    """The URI by which replies name a file."""
    host = world.url if world.settings.own_uris else _HOST
    return f"{host}/v1beta/files/{file.id}:download?alt=media"


def file_in(world: World, uri: str) -> File | None:
    """The file that a URI names, unless it is gone."""
    found = _FILE.search(uri)
    file = world.files.get(found[1]) if found else None
    return file if file and file.expires > world.clock.now() else None


def resource(world: World, file: File) -> dict[str, Any]:
    """A file as the service describes it."""
    stamp = world.clock.stamp
    return {
        "name": f"files/{file.id}",
        "mimeType": file.mime,
        "sizeBytes": str(file.path.stat().st_size),
        "createTime": stamp(file.created),
        "updateTime": stamp(file.created),
        "expirationTime": stamp(file.expires),
        "state": file.state,
        "source": "GENERATED" if file.made_by else "UPLOADED",
        "uri": file_uri(world, file).partition(":download")[0],
        "downloadUri": file_uri(world, file),
    }


class _Gemini:
    def __init__(self, world: World) -> None:
        self._world = world

    async def submit(self, request: Request) -> Response:
        if problem := self._key_problem(request):
            return problem
        known = GEMINI.get(request.path_params["model"])
        if known is None:
            return google_error(
                404,
                f"models/{request.path_params['model']} is not found for API version v1beta, or "
                "is not supported for predictLongRunning. Call ListModels to see the list of "
                "available models and their supported methods.",
            )
        if self._world.settings.retired or known.id not in REHEARSED:
            return google_error(
                404,
                f"This model models/{known.id} is no longer available. Please update your code "
                "to use a newer model for the latest features and improvements.",
            )
        body = await json_body(request)
        if body is None:
            return google_error(400, "Invalid JSON payload received. Unexpected token.")
        ask = read(body)
        if ask is None:
            return google_error(400, "Request contains an invalid argument.")
        begun = rules.refusal(known, body, ask) or await self._begin(known, ask)
        if isinstance(begun, Refusal):
            return google_error(begun.status, begun.message, status=begun.reason)
        return JSONResponse({"name": begun.name})

    async def poll(self, request: Request) -> Response:
        if problem := self._key_problem(request):
            return problem
        params = request.path_params
        name = f"models/{params['model']}/operations/{params['id']}"
        job = self._world.jobs.get(name)
        if job is None:
            return google_error(404, f"Operation {name} not found.")
        if not await self._world.done(job):
            return JSONResponse({"name": name})
        if job.error:
            code, message = job.error
            error = {"code": code, "message": message}
            return JSONResponse({"name": name, "done": True, "error": error})
        answer: dict[str, Any] = {}
        if job.made:
            uris = [file_uri(self._world, each) for each in self._files(job)]
            answer["generatedSamples"] = [{"video": {"uri": uri}} for uri in uris]
        if job.filtered:
            answer["raiMediaFilteredCount"] = len(job.filtered)
            answer["raiMediaFilteredReasons"] = list(job.filtered)
        response = {"@type": _TYPE, "generateVideoResponse": answer}
        return JSONResponse({"name": name, "done": True, "response": response})

    async def file(self, request: Request) -> Response:
        found = self._found(request)
        if isinstance(found, Response):
            return found
        told = resource(self._world, found)
        found.looks_left = max(0, found.looks_left - 1)
        return JSONResponse(told)

    async def download(self, request: Request) -> Response:
        found = self._found(request)
        if isinstance(found, Response):
            return found
        if request.query_params.get("alt") != "media":
            return google_error(400, "Only alt=media is supported for file downloads.")
        if found.state != "ACTIVE":
            words = f"The File {found.id} is not in an ACTIVE state and usage is not allowed."
            return google_error(400, words, status="FAILED_PRECONDITION")
        path = self._world.publish(found.path, found.mime, found.prompt)
        return RedirectResponse(self._world.url + path, 302)

    def _key_problem(self, request: Request) -> Response | None:
        return key_problem(self._world, "gemini", key_of(request))

    def _found(self, request: Request) -> File | Response:
        if problem := self._key_problem(request):
            return problem
        name = f"files/{request.path_params['id']}"
        return file_in(self._world, name) or google_error(
            403,
            f"You do not have permission to access the File {name.removeprefix('files/')} or it "
            "may not exist.",
        )

    async def _begin(self, model: VeoModel, ask: Ask) -> Job | Refusal:
        world = self._world
        for each in ask.pictures:
            if problem := picture_problem(each.data or b""):
                return invalid(f"{rules.UNREADABLE} {problem}")
        given = ask.parameters
        resolution, aspect = given.get("resolution", "720p"), given.get("aspectRatio", "16:9")
        source = file_in(world, ask.video.uri) if ask.video else None
        if ask.video:
            facts = await asyncio.to_thread(clip_facts, source.path) if source else None
            refused = rules.source_refusal(
                ask,
                facts,
                by_veo=bool(source and source.made_by == "veo"),
                active=bool(source and source.state == "ACTIVE"),
                hops=source.hops if source else 0,
            )
            if refused:
                return refused
        seconds = ADDED_S if source else int(given.get("durationSeconds", 8))
        order = Order(
            prompt=ask.prompt,
            size=size_of(resolution, aspect),
            frames=seconds * FPS,
            sound=model.has_sound,
            first=ask.image.data if ask.image else None,
            last=ask.last.data if ask.last else None,
            references=tuple(each.data or b"" for each in ask.references),
            source=source.path if source else None,
        )
        name = f"models/{model.id}/operations/{''.join(secrets.choice(_LETTERS) for _ in 'x' * 12)}"
        # However many are asked for, one comes back.
        shot = Shot("gemini", model, order, seed=None, samples=1, resolution=resolution)
        job = begin(world, name, shot, _filtered)
        job.memo["hops"] = source.hops + 1 if source else 0
        return job

    def _files(self, job: Job) -> list[File]:
        if "files" not in job.memo:
            looks = job.memo.get("looks", self._world.settings.processing)
            job.memo["files"] = [
                self._world.keep_file(
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


def _filtered(codes: str) -> str:
    return (
        "We encountered an issue with your prompt or with the audio for it and could not create "
        "your video. You have not been charged for this attempt. Please try rephrasing your "
        f"prompt. Support codes: {codes}"
    )
