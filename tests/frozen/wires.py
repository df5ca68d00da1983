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

_OF_HTTP = frozenset({"host", "accept-encoding", "connection", "user-agent", "content-length"})
_BLOB = re.compile(r"[A-Za-z0-9+/=]{120,}")
_BOUNDARY = re.compile(r"boundary=(\S+)")


class Submitted(BaseException):
    """What buys something has left."""


@contextlib.contextmanager
def caught() -> Iterator[list[dict[str, Any]]]:
    """The requests that leave meanwhile, but those for access tokens."""
    seen: list[dict[str, Any]] = []

    async def answer(_: httpx.AsyncHTTPTransport, asked: httpx.Request) -> httpx.Response:
        seen.append(_record(asked, await asked.aread()))
        if asked.method == "POST":
            raise Submitted
        return httpx.Response(200, json={"name": "files/abc123", "uri": FILE, "state": "ACTIVE"})

    def token(_: httpx.HTTPTransport, asked: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"access_token": "a-token", "expires_in": 3600})

    with (
        mock.patch.object(httpx.AsyncHTTPTransport, "handle_async_request", answer),
        mock.patch.object(httpx.HTTPTransport, "handle_request", token),
    ):
        yield seen


def _record(asked: httpx.Request, body: bytes) -> dict[str, Any]:
    kind = asked.headers.get("content-type", "")
    if found := _BOUNDARY.search(kind):
        told: Any = _form(body, found[1].encode())
        kind = kind.replace(found[1], "…")
    elif "json" in kind:
        told = _lighter(json.loads(body))
    else:
        told = hashlib.sha256(body).hexdigest() if body else ""
    return {
        "method": asked.method,
        "url": str(asked.url),
        "headers": sorted(name for name in asked.headers if name not in _OF_HTTP),
        "content_type": kind,
        "body": told,
    }


def _form(body: bytes, boundary: bytes) -> list[Any]:
    """The parts of a multipart form in their order."""
    parts = []
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, data = part.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        try:
            told = data.decode()
        except UnicodeDecodeError:
            told = f"sha256:{hashlib.sha256(data).hexdigest()}"
        parts.append([head.decode(), told])
    return parts


def _lighter(value: Any) -> Any:
    """JSON with its media as their hash."""
    if isinstance(value, dict):
        return {name: _lighter(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_lighter(each) for each in value]
    if isinstance(value, str):
        return _BLOB.sub(
            lambda found: f"sha256:{hashlib.sha256(found[0].encode()).hexdigest()}", value
        )
    return value
