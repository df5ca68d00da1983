"""The part of Cloud Storage's JSON API that a film needs: upload, metadata, download, list."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storyboard.simulator.fault_injection import Handler, wrap_with_faults
from storyboard.simulator.google.oauth import reject_bad_bearer_token
from storyboard.simulator.responses import compute_base64_md5, serve_file
from storyboard.simulator.state import BucketObject, SimulatorState


def build_routes(world: SimulatorState) -> list[Route]:
    """Routes below `/storage/v1` and `/upload/storage/v1`."""
    handlers = _StorageHandlers(world)
    return [
        Route(
            "/upload/storage/v1/b/{bucket}/o",
            wrap_with_faults(world, "upload", handlers.upload_object),
            methods=["POST"],
        ),
        Route(
            "/storage/v1/b/{bucket}/o",
            wrap_with_faults(world, "files", handlers.list_objects),
            methods=["GET"],
        ),
        Route(
            "/storage/v1/b/{bucket}/o/{name:path}",
            _build_alt_dispatcher(
                wrap_with_faults(world, "download", handlers.download_object),
                wrap_with_faults(world, "files", handlers.show_object),
            ),
            methods=["GET"],
        ),
    ]


def _build_alt_dispatcher(download_handler: Handler, metadata_handler: Handler) -> Handler:
    async def dispatch_request(request: Request) -> Response:
        handler = (
            download_handler if request.query_params.get("alt") == "media" else metadata_handler
        )
        return await handler(request)

    return dispatch_request


class _StorageHandlers:
    def __init__(self, world: SimulatorState) -> None:
        self._world = world

    async def upload_object(self, request: Request) -> Response:
        if problem := reject_bad_bearer_token(self._world, request):
            return problem
        query = request.query_params
        bucket, name = request.path_params["bucket"], query.get("name", "")
        if query.get("uploadType") != "media":
            return _build_storage_error(
                400, "Unsupported uploadType; only media is understood here.", "invalid"
            )
        if not name:
            return _build_storage_error(400, "Required parameter: name", "required")
        existing = self._world.objects.get((bucket, name))
        # Generation 0 means "only if the object doesn't exist", which makes uploads idempotent.
        expected_generation = query.get("ifGenerationMatch")
        if expected_generation is not None and expected_generation != str(
            existing.generation if existing else 0
        ):
            return _build_storage_error(
                412,
                "At least one of the pre-conditions you specified did not hold.",
                "conditionNotMet",
            )
        mime = request.headers.get("content-type", "application/octet-stream")
        path = self._world.store_bytes(await request.body(), ".bin")
        stored = self._world.store_object(bucket, name, path, mime)
        return JSONResponse(self._describe_object(bucket, name, stored))

    async def list_objects(self, request: Request) -> Response:
        if problem := reject_bad_bearer_token(self._world, request):
            return problem
        bucket, prefix = request.path_params["bucket"], request.query_params.get("prefix", "")
        # Results of finished jobs appear in a bucket without a poll, so write them before listing.
        for store_results in self._world.result_writers:
            await store_results()
        items = [
            self._describe_object(bucket, name, stored)
            for (where, name), stored in sorted(self._world.objects.items())
            if where == bucket and name.startswith(prefix)
        ]
        answer: dict[str, Any] = {"kind": "storage#objects"}
        if items:
            answer["items"] = items
        return JSONResponse(answer)

    async def show_object(self, request: Request) -> Response:
        stored = self._authorize_and_find_object(request)
        if isinstance(stored, Response):
            return stored
        params = request.path_params
        return JSONResponse(self._describe_object(params["bucket"], params["name"], stored))

    async def download_object(self, request: Request) -> Response:
        stored = self._authorize_and_find_object(request)
        if isinstance(stored, Response):
            if stored.status_code == 404:  # for a download, the real service replies with text
                params = request.path_params
                words = f"No such object: {params['bucket']}/{params['name']}"
                return Response(words, 404, media_type="text/html; charset=UTF-8")
            return stored
        headers = {
            "x-goog-generation": str(stored.generation),
            "x-goog-hash": f"md5={compute_base64_md5(stored.path)}",
        }
        return serve_file(stored.path, stored.mime, headers)

    def _authorize_and_find_object(self, request: Request) -> BucketObject | Response:
        if problem := reject_bad_bearer_token(self._world, request):
            return problem
        bucket, name = request.path_params["bucket"], request.path_params["name"]
        raw = request.scope.get("raw_path", b"").partition(b"/o/")[2]
        stored = self._world.objects.get((bucket, name))
        if stored is None or b"/" in raw:  # an object's name is one percent-encoded segment
            return _build_storage_error(404, f"No such object: {bucket}/{name}", "notFound")
        return stored

    def _describe_object(self, bucket: str, name: str, stored: BucketObject) -> dict[str, Any]:
        where = f"{self._world.url}/storage/v1/b/{bucket}/o/{quote(name, safe='')}"
        created = self._world.clock.format_timestamp(stored.created)
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
            "md5Hash": compute_base64_md5(stored.path),
            "timeCreated": created,
            "updated": created,
        }


def _build_storage_error(code: int, message: str, reason: str) -> Response:
    """Cloud Storage's own error format: a list of reasons instead of a status."""
    reason_entry = {"message": message, "domain": "global", "reason": reason}
    return JSONResponse(
        {"error": {"code": code, "message": message, "errors": [reason_entry]}}, code
    )
