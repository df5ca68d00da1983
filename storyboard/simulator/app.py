"""All services as one application on one origin; their paths don't overlap."""

from __future__ import annotations

from importlib import import_module
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from storyboard.simulator.fault_injection import ENTRY, wrap_with_faults
from storyboard.simulator.request_log import build_logged_request
from storyboard.simulator.responses import CONNECTION, build_google_error, serve_file
from storyboard.simulator.state import SimulatorState

WIRES = (
    *("admin", "google.oauth", "google.vertex", "google.cloud_storage", "google.gemini"),
    *(
        "google.gemini_uploads",
        "google.interactions",
        "google.generate_content",
        "cometapi.chat",
        "cometapi.videos",
    ),
)
"""Modules of this package with `build_routes(world) -> list[Route]`; the first match wins."""


def build_application(world: SimulatorState) -> RequestLogMiddleware:
    """The ASGI application of a simulator state."""
    routes = [Route("/media/{name}", wrap_with_faults(world, "download", _PublishedFiles(world)))]
    for wire in WIRES:
        routes += import_module(f"storyboard.simulator.{wire}").build_routes(world)
    return RequestLogMiddleware(
        Starlette(
            routes=routes, exception_handlers={404: _answer_unknown_path, 405: _answer_unknown_path}
        ),
        world,
    )


class RequestLogMiddleware:
    """Logs every request, and stores its connection where a fault can close it."""

    def __init__(self, app: ASGIApp, world: SimulatorState) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _receive_body(receive)
        logged = build_logged_request(
            self._world.clock.now(),
            "other" if self._world.other.endswith(f":{scope['server'][1]}") else "main",
            scope["method"],
            scope["raw_path"].decode("latin-1") if scope.get("raw_path") else scope["path"],
            parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True),
            {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]},
            body,
        )
        is_admin = logged.path.startswith("/_simulator/")
        if not is_admin:
            self._world.journal.append(logged)
        is_replayed = False

        # The body was read for the log, so hand it to the application once more.
        async def replay_body() -> Message:
            nonlocal is_replayed
            if is_replayed:
                return await receive()
            is_replayed = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def record_status(message: Message) -> None:
            if message["type"] == "http.response.start":
                logged.status = message["status"]
            await send(message)

        # uvicorn's object for this request has the transport, which ASGI doesn't expose.
        scope[CONNECTION] = send.__self__.transport  # type: ignore[attr-defined]
        scope[ENTRY] = logged
        await self._app(scope, replay_body, record_status)
        if self._world.listener and not is_admin:
            self._world.listener(logged)


class _PublishedFiles:
    def __init__(self, world: SimulatorState) -> None:
        self._world = world

    async def __call__(self, request: Request) -> Response:
        published = self._world.published.get(request.path_params["name"])
        return serve_file(*published) if published else build_google_error(404, "Not found.")


async def _receive_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer_unknown_path(request: Request, _error: Exception) -> Response:
    """Answers an unknown path like Google: with a page, not with JSON."""
    page = (
        "<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title>"
        f"<p><b>404.</b> The requested URL <code>{request.url.path}</code> was not found."
    )
    return Response(page, 404, media_type="text/html; charset=UTF-8")
