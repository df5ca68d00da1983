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
class Asked:
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
class Answer:
    """What goes back; `pieces` are sent one by one, `cut` closes before the end is said."""

    status: int = 200
    pieces: tuple[bytes, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    pause_s: float = 0.0
    """Before the first piece."""
    each_s: float = 0.0
    """After every piece."""


def told(value: Any, status: int = 200, **headers: str) -> Answer:
    """A JSON answer."""
    kind = {"content-type": "application/json", **headers}
    return Answer(status, (json.dumps(value).encode(),), kind)


def stream(pieces: Iterable[bytes], *, cut: bool = False) -> Answer:
    """Server-sent events, in whatever pieces."""
    return Answer(200, tuple(pieces), {"content-type": "text/event-stream"}, cut)


def video(data: bytes) -> Answer:
    return Answer(200, (data,), {"content-type": "video/mp4"})


Reply: TypeAlias = "Answer | Callable[[Asked], Answer] | None"
"""None closes the connection without a word."""


class Scripted:
    """`say("POST /v1/videos", …)` queues answers of a route; the last one stays."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._script: dict[str, list[Reply]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self.url = ""

    def say(self, route: str, *replies: Reply) -> None:
        self._script[route] = list(replies)

    def count(self, route: str) -> int:
        return sum(f"{a.method} {a.path}" == route for a in self.asked)

    def __enter__(self) -> Scripted:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()  # answers that nobody waits for any more
        await asyncio.gather(*left, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.IncompleteReadError:
            writer.close()
            return
        method, path, _ = head[0].split(" ")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        asked = Asked(method, path, headers, body)
        self.asked.append(asked)
        queue = self._script.get(f"{method} {path}", [told({"error": {"message": "?"}}, 404)])
        reply = queue.pop(0) if len(queue) > 1 else queue[0]
        answer = reply(asked) if callable(reply) else reply
        if answer is not None:
            try:
                with contextlib.suppress(ConnectionError):  # it has heard enough
                    await _send(answer, writer)
            finally:
                writer.close()
        writer.close()


async def _send(answer: Answer, writer: asyncio.StreamWriter) -> None:
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
    if not answer.cut:
        writer.write(b"0\r\n\r\n")
        await writer.drain()
