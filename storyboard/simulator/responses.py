"""Replies that Google's services share: the error envelope, clips, and broken connections."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

CONNECTION = "storyboard.connection"
"""The key of a request's transport in its scope."""

STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def build_google_error(
    code: int,
    message: str,
    *,
    status: str = "",
    details: Sequence[Mapping[str, Any]] = (),
    retry_after_s: float | None = None,
) -> JSONResponse:
    """`{"error": {"code", "message", "status", "details"}}`; `retry_after_s` adds RetryInfo."""
    error: dict[str, Any] = {
        "code": code,
        "message": message,
        "status": status or STATUSES.get(code, "UNKNOWN"),
    }
    error_details = [dict(detail) for detail in details]
    headers = {}
    if retry_after_s is not None:
        delay = f"{retry_after_s:.3f}".rstrip("0").rstrip(".") + "s"
        error_details.append(
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
        )
        headers["Retry-After"] = str(max(1, round(retry_after_s)))
    if error_details:
        error["details"] = error_details
    return JSONResponse({"error": error}, code, headers)


def format_google_error(code: int, message: str, retry_after_s: float | None = None) -> Response:
    """`build_google_error` with the signature that the fault gate uses."""
    return build_google_error(code, message, retry_after_s=retry_after_s)


def serve_file(path: Path, mime: str, headers: Mapping[str, str] | None = None) -> FileResponse:
    """The whole file; a Range request gets its part."""
    return FileResponse(path, media_type=mime, headers=dict(headers or {}))


def compute_base64_md5(path: Path) -> str:
    """The MD5 in Cloud Storage's metadata, in base64."""
    return base64.b64encode(hashlib.md5(path.read_bytes(), usedforsecurity=False).digest()).decode()


def read_base64(path: Path) -> str:
    """A file in base64."""
    return base64.b64encode(path.read_bytes()).decode("ascii")


async def read_json_object(request: Request) -> dict[str, Any] | None:
    """The body as a JSON object; None if it isn't one."""
    try:
        body = await request.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


class DroppedConnection(Response):
    """No reply: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _close_connection(scope, receive)


class TruncatedResponse(Response):
    """The correct header, half of the body, and a closed connection."""

    def __init__(self, whole: Response) -> None:
        self.whole = whole
        self.status_code = whole.status_code
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        remaining = 0

        async def send_half(message: Message) -> None:
            nonlocal remaining
            # The header states the full length, so the client can notice that half is missing.
            if message["type"] == "http.response.start":
                sizes = [v for k, v in message["headers"] if k == b"content-length"]
                remaining = int(sizes[0]) // 2 if sizes else 0
                await send(message)
                return
            part = message.get("body", b"")[:remaining]
            remaining -= len(part)
            if part:
                await send({"type": "http.response.body", "body": part, "more_body": True})

        await self.whole(scope, receive, send_half)
        await _close_connection(scope, receive)


async def _close_connection(scope: Scope, receive: Receive) -> None:
    """Closes the connection once all data has been sent, and waits until it is closed."""
    scope[CONNECTION].close()
    while (await receive())["type"] != "http.disconnect":
        await asyncio.sleep(0)
