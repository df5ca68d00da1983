"""What the tests of Vertex AI share: a workplace, pictures, requests, and a bare server."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from storyboard.providers.base import (
    Input,
    Intent,
    Kind,
    Outcome,
    Provider,
    Request,
    Role,
    Running,
    Settings,
)

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cfc0f01f00050001ff56c7"
    "2f0d0000000049454e44ae426082"
)
MODEL = "veo-3.1-generate-001"


class ThreadWorkspace:
    """A workplace that computes in a thread."""

    def __init__(self, scratch: Path) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self.scratch = scratch

    async def compute(self, function: Any, /, *arguments: Any) -> Any:
        return await asyncio.to_thread(function, *arguments)


def make_request(
    kind: Kind = Kind.GENERATE,
    *inputs: Input,
    model: str = MODEL,
    prompt: str = "a cat",
    samples: int = 1,
    tag: str = "",
    intent: Intent | None = None,
    **settings: Any,
) -> Request:
    """A request to Vertex AI; further keywords are those of `Settings`."""
    return Request(
        kind=kind,
        provider="vertex",
        model=model,
        prompt=prompt,
        intent=intent or Intent(prompt=prompt),
        settings=Settings(**settings),
        inputs=inputs,
        samples=samples,
        combined=kind is Kind.EXTEND,
        tag=tag,
    )


def make_input(role: Role, path: Path | None = None, *, uri: str = "", name: str = "") -> Input:
    return Input(role, sha256="0" * 64, path=path, uri=uri, name=name)


async def wait_for_outcome(provider: Provider, name: str, workspace: ThreadWorkspace) -> Outcome:
    """What becomes of an operation."""
    from storyboard.providers.base import Operation

    while True:
        outcome = await provider.poll(Operation(name), workspace)
        if not isinstance(outcome, Running):
            return outcome
        await asyncio.sleep(0.02)


def use_only_key(
    monkeypatch: pytest.MonkeyPatch, folder: Path, key: str = "a-key-of-vertex"
) -> str:
    """An environment with a key and no other credentials; returns the key."""
    clear_credentials(monkeypatch, folder)
    monkeypatch.setenv("VERTEX_API_KEY", key)
    return key


def clear_credentials(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """An environment that knows nothing of Google."""
    for name in (
        *("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"),
        *("GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_QUOTA_PROJECT", "VERTEX_API_KEY"),
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(folder / "no-gcloud"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


@dataclass
class ReceivedRequest:
    """One request that a server got."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ServerAnswer:
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    closes_connection: bool = False
    """Closes the connection where the answer should be."""


class Server:
    """Loopback, answered by a function."""

    def __init__(self, answer: Callable[[ReceivedRequest], ServerAnswer]) -> None:
        self.requests: list[ReceivedRequest] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                request = ReceivedRequest(
                    self.command,
                    self.path,
                    {k.lower(): v for k, v in self.headers.items()},
                    self.rfile.read(length),
                )
                server.requests.append(request)
                reply = answer(request)
                if reply.closes_connection:
                    self.close_connection = True
                    return
                body = (
                    reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                )
                self.send_response(reply.status)
                headers = {"content-type": "application/json", **reply.headers}
                for name, value in {**headers, "content-length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = _any

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=lambda: self._http.serve_forever(0.01), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def serve(answer: Callable[[ReceivedRequest], ServerAnswer]) -> Iterator[Server]:
    server = Server(answer)
    try:
        yield server
    finally:
        server.close()


async def run_and_close(provider: Provider, work: Awaitable[Any]) -> Any:
    """What `work` gives; the provider's connections are given back in any case."""
    try:
        return await work
    finally:
        await provider.close()
