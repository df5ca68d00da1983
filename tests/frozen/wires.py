"""HTTP as it leaves the process: kept, and answered without a network.

What is free is answered as the services do; the first POST that could buy something ends it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any
from unittest import mock

import httpx

FILE = "https://generativelanguage.googleapis.com/v1beta/files/abc123:download?alt=media"
KEYS = {
    "GEMINI_API_KEY": "a-gemini-key",
    "COMETAPI_KEY": "a-comet-key",
    "GOOGLE_CLOUD_PROJECT": "a-project",
}
CREDENTIALS = {
    "type": "authorized_user",
    "client_id": "id",
    "client_secret": "secret",
    "refresh_token": "refresh",
}
"""Of a user of Google Cloud; the tokens are answered here too."""

_TRANSPORT_HEADERS = frozenset(
    {"host", "accept-encoding", "connection", "user-agent", "content-length"}
)
_BLOB = re.compile(r"[A-Za-z0-9+/=]{120,}")
_BOUNDARY = re.compile(r"boundary=(\S+)")


class Submitted(BaseException):
    """What buys something has left."""


@contextlib.contextmanager
def capture_requests() -> Iterator[list[dict[str, Any]]]:
    """The requests that leave meanwhile, but those for access tokens."""
    requests: list[dict[str, Any]] = []

    async def answer_request(_: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        requests.append(_record_request(request, await request.aread()))
        if request.method == "POST":
            raise Submitted
        return httpx.Response(200, json={"name": "files/abc123", "uri": FILE, "state": "ACTIVE"})

    def answer_token(_: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"access_token": "a-token", "expires_in": 3600})

    with (
        mock.patch.object(httpx.AsyncHTTPTransport, "handle_async_request", answer_request),
        mock.patch.object(httpx.HTTPTransport, "handle_request", answer_token),
    ):
        yield requests


def _record_request(request: httpx.Request, body: bytes) -> dict[str, Any]:
    kind = request.headers.get("content-type", "")
    if boundary := _BOUNDARY.search(kind):
        recorded_body: Any = _split_form(body, boundary[1].encode())
        kind = kind.replace(boundary[1], "…")
    elif "json" in kind:
        recorded_body = _hash_media(json.loads(body))
    else:
        recorded_body = hashlib.sha256(body).hexdigest() if body else ""
    return {
        "method": request.method,
        "url": str(request.url),
        "headers": sorted(name for name in request.headers if name not in _TRANSPORT_HEADERS),
        "content_type": kind,
        "body": recorded_body,
    }


def _split_form(body: bytes, boundary: bytes) -> list[Any]:
    """The parts of a multipart form in their order."""
    parts = []
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, data = part.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        try:
            content = data.decode()
        except UnicodeDecodeError:
            content = f"sha256:{hashlib.sha256(data).hexdigest()}"
        parts.append([head.decode(), content])
    return parts


def _hash_media(value: Any) -> Any:
    """JSON with its media as their hash."""
    if isinstance(value, dict):
        return {name: _hash_media(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_hash_media(each) for each in value]
    if isinstance(value, str):
        return _BLOB.sub(
            lambda found: f"sha256:{hashlib.sha256(found[0].encode()).hexdigest()}", value
        )
    return value
