"""The Gemini API's resumable upload of a file: announced, sent to the address given, described."""

from __future__ import annotations

import asyncio
import secrets

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storyboard.simulator.answers import google_error, json_body
from storyboard.simulator.gate import gate
from storyboard.simulator.gemini import resource
from storyboard.simulator.token import key_of, key_problem
from storyboard.simulator.world import World

_SUFFIXES = {"video/mp4": ".mp4", "image/png": ".png", "image/jpeg": ".jpg"}


def routes(world: World) -> list[Route]:
    """`files` below `/upload/v1beta` and `/upload/v1`: one request announces, one carries it."""
    announced: dict[str, str] = {}
    """MIME types by upload."""

    async def announce(request: Request) -> Response:
        headers = request.headers
        if headers.get("x-goog-upload-protocol") != "resumable":
            return google_error(400, "Only the resumable upload protocol is supported.")
        told = (await json_body(request) or {}).get("file", {})
        mime = headers.get("x-goog-upload-header-content-type") or str(told.get("mimeType", ""))
        if not mime:
            return google_error(400, "The MIME type of the file is needed.")
        upload = secrets.token_urlsafe(24)
        announced[upload] = mime
        place = f"{world.url}{request.url.path}?upload_id={upload}&upload_protocol=resumable"
        return JSONResponse({}, headers=_told("active", **{"X-Goog-Upload-URL": place}))

    async def carry(request: Request, upload: str) -> Response:
        mime = announced.get(upload)
        if mime is None:
            return google_error(404, "The upload is not known, or has ended.")
        if request.headers.get("x-goog-upload-command", "") != "upload, finalize":
            return google_error(400, "Send the file in one piece, with `upload, finalize`.")
        del announced[upload]
        suffix = _SUFFIXES.get(mime, "")
        path = await asyncio.to_thread(world.keep_bytes, await request.body(), suffix)
        file = world.keep_file(path, mime, looks=world.settings.processing)
        return JSONResponse({"file": resource(world, file)}, headers=_told("final"))

    async def upload(request: Request) -> Response:
        if named := request.query_params.get("upload_id", ""):
            return await carry(request, named)
        if problem := key_problem(world, "gemini", key_of(request)):
            return problem
        return await announce(request)

    handler = gate(world, "upload", upload)
    paths = ("/upload/v1beta/files", "/upload/v1/files")
    return [Route(path, handler, methods=["POST", "PUT"]) for path in paths]


def _told(status: str, **more: str) -> dict[str, str]:
    return {"X-Goog-Upload-Status": status, **more}
