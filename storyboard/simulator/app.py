"""All the services as one application, on one origin: their paths are distinct."""

from __future__ import annotations

from importlib import import_module
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from storyboard.simulator.answers import CONNECTION, google_error, media
from storyboard.simulator.gate import ENTRY, gate
from storyboard.simulator.journal import entry
from storyboard.simulator.world import World

WIRES = (
    *("control", "token", "vertex", "storage", "gemini"),
    *("uploads", "interactions", "content", "chat", "comet"),
)
"""Modules of this package that bring `routes(world) -> list[Route]`, first match first."""


def application(world: World) -> Journaled:
    """The ASGI application of a world."""
    routes = [Route("/media/{name}", gate(world, "download", _Published(world)))]
    for wire in WIRES:
        routes += import_module(f"storyboard.simulator.{wire}").routes(world)
    return Journaled(Starlette(routes=routes, exception_handlers={404: _lost, 405: _lost}), world)


class Journaled:
    """Puts every request into the journal, and its connection where a fault can close it."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        line = entry(
            self._world.clock.now(),
            "other" if self._world.other.endswith(f":{scope['server'][1]}") else "main",
            scope["method"],
            scope["raw_path"].decode("latin-1") if scope.get("raw_path") else scope["path"],
            parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True),
            {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]},
            body,
        )
        ours = line.path.startswith("/_simulator/")
        if not ours:
            self._world.journal.append(line)
        handed = False

        async def again() -> Message:
            nonlocal handed
            if handed:
                return await receive()
            handed = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                line.status = message["status"]
            await send(message)

        # The server's own cycle of this request knows the transport; ASGI has no word for it.
        scope[CONNECTION] = send.__self__.transport  # type: ignore[attr-defined]
        scope[ENTRY] = line
        await self._app(scope, again, noted)
        if self._world.listener and not ours:
            self._world.listener(line)


class _Published:
    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, request: Request) -> Response:
        found = self._world.published.get(request.path_params["name"])
        return media(*found) if found else google_error(404, "Not found.")


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _lost(request: Request, _error: Exception) -> Response:
    """A path that no service knows; Google answers it with a page, not with JSON."""
    page = (
        "<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title>"
        f"<p><b>404.</b> The requested URL <code>{request.url.path}</code> was not found."
    )
    return Response(page, 404, media_type="text/html; charset=UTF-8")
