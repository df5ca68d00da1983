"""A service that says what a test tells it to, over real HTTP on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True)
class ReceivedRequest:
    """One request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, bytes]:
        """The parts of a multipart form, by name."""
        kind, _, rest = self.headers["content-type"].partition("; boundary=")
        assert kind == "multipart/form-data"
        parts = {}
        for part in self.body.split(b"--" + rest.encode())[1:-1]:
            head, _, data = part.strip(b"\r\n").partition(b"\r\n\r\n")
            name = head.split(b'name="')[1].split(b'"')[0].decode()
            assert name not in parts
            parts[name] = data
        return parts


@dataclass(frozen=True)
class ScriptedAnswer:
    """What goes back; `pieces` are sent one by one, `cut_off` closes before the end is said."""

    status: int = 200
    pieces: tuple[bytes, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_off: bool = False
    pause_s: float = 0.0
    """Before the first piece."""
    each_s: float = 0.0
    """After every piece."""


def make_json_answer(value: Any, status: int = 200, **headers: str) -> ScriptedAnswer:
    """A JSON answer."""
    headers_sent = {"content-type": "application/json", **headers}
    return ScriptedAnswer(status, (json.dumps(value).encode(),), headers_sent)


def make_event_stream(pieces: Iterable[bytes], *, cut: bool = False) -> ScriptedAnswer:
    """Server-sent events, in whatever pieces."""
    return ScriptedAnswer(200, tuple(pieces), {"content-type": "text/event-stream"}, cut)


def make_video_answer(data: bytes) -> ScriptedAnswer:
    return ScriptedAnswer(200, (data,), {"content-type": "video/mp4"})


Reply: TypeAlias = "ScriptedAnswer | Callable[[ReceivedRequest], ScriptedAnswer] | None"
"""None closes the connection without a word."""


class ScriptedServer:
    """`script_replies("POST /v1/videos", …)` queues answers of a route; the last one stays."""

    def __init__(self) -> None:
        self.requests: list[ReceivedRequest] = []
        self._script: dict[str, list[Reply]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run_loop, daemon=True)
        self._ready = threading.Event()
        self.url = ""

    def script_replies(self, route: str, *replies: Reply) -> None:
        self._script[route] = list(replies)

    def count_requests(self, route: str) -> int:
        return sum(f"{request.method} {request.path}" == route for request in self.requests)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run_loop(self) -> None:
        self._loop.run_until_complete(self._serve_until_stopped())
        self._loop.close()

    async def _serve_until_stopped(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._answer_request, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()
        open_tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in open_tasks:
            task.cancel()  # answers that nobody waits for any more
        await asyncio.gather(*open_tasks, return_exceptions=True)

    async def _answer_request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.IncompleteReadError:
            writer.close()
            return
        method, path, _ = head[0].split(" ")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = ReceivedRequest(method, path, headers, body)
        self.requests.append(request)
        queue = self._script.get(
            f"{method} {path}", [make_json_answer({"error": {"message": "?"}}, 404)]
        )
        reply = queue.pop(0) if len(queue) > 1 else queue[0]
        answer = reply(request) if callable(reply) else reply
        if answer is not None:
            try:
                with contextlib.suppress(ConnectionError):  # it has heard enough
                    await _send_answer(answer, writer)
            finally:
                writer.close()
        writer.close()


async def _send_answer(answer: ScriptedAnswer, writer: asyncio.StreamWriter) -> None:
    head = {"transfer-encoding": "chunked", "connection": "close", **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} Said", *(f"{k}: {v}" for k, v in head.items()), "", ""]
    writer.write("\r\n".join(lines).encode("latin-1"))
    await writer.drain()
    await asyncio.sleep(answer.pause_s)
    for piece in filter(None, answer.pieces):
        writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        await writer.drain()
        if len(answer.pieces) < 50:
            await asyncio.sleep(answer.each_s)
    if not answer.cut_off:
        writer.write(b"0\r\n\r\n")
        await writer.drain()
