"""Cloud Storage, the part of its JSON API that a film needs: put, look, read, list."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storyboard.simulator.answers import md5_of, media
from storyboard.simulator.gate import Handler, gate
from storyboard.simulator.token import bearer_problem
from storyboard.simulator.world import Stored, World


def routes(world: World) -> list[Route]:
    """Below `/storage/v1` and `/upload/storage/v1`."""
    wire = _Storage(world)
    return [
        Route(
            "/upload/storage/v1/b/{bucket}/o", gate(world, "upload", wire.upload), methods=["POST"]
        ),
        Route("/storage/v1/b/{bucket}/o", gate(world, "files", wire.list), methods=["GET"]),
        Route(
            "/storage/v1/b/{bucket}/o/{name:path}",
            _by_kind(gate(world, "download", wire.read), gate(world, "files", wire.look)),
            methods=["GET"],
        ),
    ]


def _by_kind(read: Handler, look: Handler) -> Handler:
    async def either(request: Request) -> Response:
        handler = read if request.query_params.get("alt") == "media" else look
        return await handler(request)

    return either


class _Storage:
    def __init__(self, world: World) -> None:
        self._world = world

    async def upload(self, request: Request) -> Response:
        if problem := bearer_problem(self._world, request):
            return problem
        query = request.query_params
        bucket, name = request.path_params["bucket"], query.get("name", "")
        if query.get("uploadType") != "media":
            return _error(400, "Unsupported uploadType; only media is understood here.", "invalid")
        if not name:
            return _error(400, "Required parameter: name", "required")
        there = self._world.objects.get((bucket, name))
        due = query.get("ifGenerationMatch")
        if due is not None and due != str(there.generation if there else 0):
            return _error(
                412,
                "At least one of the pre-conditions you specified did not hold.",
                "conditionNotMet",
            )
        mime = request.headers.get("content-type", "application/octet-stream")
        path = self._world.keep_bytes(await request.body(), ".bin")
        stored = self._world.keep_object(bucket, name, path, mime)
        return JSONResponse(self._resource(bucket, name, stored))

    async def list(self, request: Request) -> Response:
        if problem := bearer_problem(self._world, request):
            return problem
        bucket, prefix = request.path_params["bucket"], request.query_params.get("prefix", "")
        for land in self._world.landing:
            await land()
        items = [
            self._resource(bucket, name, stored)
            for (where, name), stored in sorted(self._world.objects.items())
            if where == bucket and name.startswith(prefix)
        ]
        answer: dict[str, Any] = {"kind": "storage#objects"}
        if items:
            answer["items"] = items
        return JSONResponse(answer)

    async def look(self, request: Request) -> Response:
        found = self._found(request)
        if isinstance(found, Response):
            return found
        params = request.path_params
        return JSONResponse(self._resource(params["bucket"], params["name"], found))

    async def read(self, request: Request) -> Response:
        found = self._found(request)
        if isinstance(found, Response):
            if found.status_code == 404:  # to who asks for bytes it says so in plain words
                params = request.path_params
                words = f"No such object: {params['bucket']}/{params['name']}"
                return Response(words, 404, media_type="text/html; charset=UTF-8")
            return found
        headers = {
            "x-goog-generation": str(found.generation),
            "x-goog-hash": f"md5={md5_of(found.path)}",
        }
        return media(found.path, found.mime, headers)

    def _found(self, request: Request) -> Stored | Response:
        if problem := bearer_problem(self._world, request):
            return problem
        bucket, name = request.path_params["bucket"], request.path_params["name"]
        raw = request.scope.get("raw_path", b"").partition(b"/o/")[2]
        stored = self._world.objects.get((bucket, name))
        if stored is None or b"/" in raw:  # an object's name is one segment, percent-encoded
            return _error(404, f"No such object: {bucket}/{name}", "notFound")
        return stored

    def _resource(self, bucket: str, name: str, stored: Stored) -> dict[str, Any]:
        where = f"{self._world.url}/storage/v1/b/{bucket}/o/{quote(name, safe='')}"
        created = self._world.clock.stamp(stored.created)
        return {
            "kind": "storage#object",
            "id": f"{bucket}/{name}/{stored.generation}",
            "selfLink": where,
            "mediaLink": f"{where}?generation={stored.generation}&alt=media",
            "name": name,
            "bucket": bucket,
            "generation": str(stored.generation),
            "metageneration": "1",
            "contentType": stored.mime,
            "storageClass": "STANDARD",
            "size": str(stored.path.stat().st_size),
            "md5Hash": md5_of(stored.path),
            "timeCreated": created,
            "updated": created,
        }


def _error(code: int, message: str, reason: str) -> Response:
    """Cloud Storage's own form of error: no status, but a list of reasons."""
    each = {"message": message, "domain": "global", "reason": reason}
    return JSONResponse({"error": {"code": code, "message": message, "errors": [each]}}, code)
