"""The Gemini API's resumable upload of a file: announce, send to the given URL, describe."""

from __future__ import annotations

import asyncio
import secrets

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storyboard.simulator.fault_injection import wrap_with_faults
from storyboard.simulator.google.gemini import describe_file
from storyboard.simulator.google.oauth import read_api_key, reject_bad_api_key
from storyboard.simulator.responses import build_google_error, read_json_object
from storyboard.simulator.state import SimulatorState

_SUFFIXES = {"video/mp4": ".mp4", "image/png": ".png", "image/jpeg": ".jpg"}


def build_routes(world: SimulatorState) -> list[Route]:
    """`files` below `/upload/v1beta` and `/upload/v1`: one request announces, one carries the
    file.
    """
    mime_types: dict[str, str] = {}
    """MIME types by upload."""

    async def announce_upload(request: Request) -> Response:
        headers = request.headers
        if headers.get("x-goog-upload-protocol") != "resumable":
            return build_google_error(400, "Only the resumable upload protocol is supported.")
        file_fields = (await read_json_object(request) or {}).get("file", {})
        mime = headers.get("x-goog-upload-header-content-type") or str(
            file_fields.get("mimeType", "")
        )
        if not mime:
            return build_google_error(400, "The MIME type of the file is needed.")
        upload_id = secrets.token_urlsafe(24)
        mime_types[upload_id] = mime
        upload_url = (
            f"{world.url}{request.url.path}?upload_id={upload_id}&upload_protocol=resumable"
        )
        return JSONResponse(
            {}, headers=_build_upload_headers("active", **{"X-Goog-Upload-URL": upload_url})
        )

    async def receive_upload(request: Request, upload_id: str) -> Response:
        mime = mime_types.get(upload_id)
        if mime is None:
            return build_google_error(404, "The upload is not known, or has ended.")
        if request.headers.get("x-goog-upload-command", "") != "upload, finalize":
            return build_google_error(400, "Send the file in one piece, with `upload, finalize`.")
        del mime_types[upload_id]
        suffix = _SUFFIXES.get(mime, "")
        path = await asyncio.to_thread(world.store_bytes, await request.body(), suffix)
        file = world.store_file(path, mime, looks=world.settings.processing)
        return JSONResponse(
            {"file": describe_file(world, file)}, headers=_build_upload_headers("final")
        )

    async def answer_upload(request: Request) -> Response:
        if upload_id := request.query_params.get("upload_id", ""):
            return await receive_upload(request, upload_id)
        if problem := reject_bad_api_key(world, "gemini", read_api_key(request)):
            return problem
        return await announce_upload(request)

    handler = wrap_with_faults(world, "upload", answer_upload)
    paths = ("/upload/v1beta/files", "/upload/v1/files")
    return [Route(path, handler, methods=["POST", "PUT"]) for path in paths]


def _build_upload_headers(status: str, **more: str) -> dict[str, str]:
    return {"X-Goog-Upload-Status": status, **more}
