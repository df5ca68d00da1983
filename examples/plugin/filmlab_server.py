"""Filmlab's service as a small HTTP server on this machine, for the tests of its provider."""

from __future__ import annotations

import base64
import json
import os
import secrets
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from storyboard.model.film import compute_frame_size
from storyboard.stitching.media.ffmpeg import run_ffmpeg

KEY = "flk_ThisIsTheOnlyKeyThatWorks123"


class FilmlabServer(ThreadingHTTPServer):
    """Makes clips of one colour, and counts what it was paid for.

    `next_answers` are (status, body) that the next posts get instead of a job; None for a body
    breaks the connection after the job was made.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.jobs: dict[str, dict[str, Any]] = {}
        self.next_answers: list[tuple[int, Any]] = []
        self.polls: Counter[str] = Counter()
        self.posts = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def add_job(self, body: dict[str, Any]) -> str:
        name = secrets.token_hex(8)
        self.jobs[name] = body
        return name


class _Handler(BaseHTTPRequestHandler):
    server: FilmlabServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.posts += 1
        if not self._has_key():
            return
        status, answer = self.server.next_answers.pop(0) if self.server.next_answers else (200, {})
        if status != 200:
            self._answer(status, answer)
            return
        if "first_frame" in body:
            base64.b64decode(body["first_frame"]["data"], validate=True)
        name = self.server.add_job(body)
        if answer is None:  # the job is made and paid for, and nobody is told
            self.close_connection = True
            return
        self._answer(200, {"id": name})

    def do_GET(self) -> None:
        if not self._has_key():
            return
        *_, kind, name = self.path.split("/")
        body = self.server.jobs.get(name)
        if body is None:
            self._answer(404, {"error": {"code": "not_found", "message": "there is no such job"}})
        elif kind == "clips":
            self._answer_bytes(200, _make_clip(body), "video/mp4")
        elif not self.server.polls[name]:
            self.server.polls[name] += 1
            self._answer(200, {"status": "running"})
        else:
            self._answer(200, {"status": "done", "clip": f"{self.server.url}/v1/clips/{name}"})

    def _has_key(self) -> bool:
        given = self.headers.get("authorization", "")
        if given != f"Key {KEY}":  # it says the key back, as services do
            error = {"code": "unauthorized", "message": f"unknown credential {given}"}
            self._answer(401, {"error": error})
            return False
        return True

    def _answer(self, status: int, value: Any) -> None:
        self._answer_bytes(status, json.dumps(value).encode(), "application/json")

    def _answer_bytes(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextmanager
def run_server() -> Iterator[FilmlabServer]:
    """The server while it runs, with the variables that lead to it."""
    server = FilmlabServer()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    variables = {"STORYBOARD_FILMLAB_BASE_URL": server.url, "FILMLAB_ACCESS": KEY}
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield server
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
        server.shutdown()
        server.server_close()


def _make_clip(body: dict[str, Any]) -> bytes:
    width, height = compute_frame_size(body["resolution"], body["aspect_ratio"])
    source = f"color=c=teal:s={width}x{height}:r=24:d={body['seconds']}"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "clip.mp4"
        run_ffmpeg(
            ["-f", "lavfi", "-i", source, "-c:v", "libx264", "-pix_fmt", "yuv420p", str(out)]
        )
        return out.read_bytes()
