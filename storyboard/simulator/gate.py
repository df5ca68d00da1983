"""The gate that every request passes: the faults that wait for it happen here."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response

from storyboard.simulator.answers import Dropped, Halved, refusal
from storyboard.simulator.faults import Fault
from storyboard.simulator.journal import Entry, words
from storyboard.simulator.world import World

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]
Refuse: TypeAlias = Callable[[int, str, float | None], Response]
"""A wire's error answer from HTTP status, message and seconds to wait, if any."""

ENTRY = "storyboard.entry"
"""Where a request's scope keeps its line of the journal."""

_PAGE = "<!doctype html><html><head><title>Sign in</title></head><body>Sign in</body></html>"
_INLINE = re.compile(rb'(?<=":")[A-Za-z0-9+/]{999,}=*(?=")')
"""Media in a body of JSON."""

_WRONG = base64.b64encode(_PAGE.encode())
_SERVER_ERRORS = {
    500: "An internal error has occurred. Please retry or report the problem.",
    503: "The model is overloaded. Please try again later.",
    504: "The request timed out. Please try again.",
}


_OVER = {"done": True, "status": "completed"}
STRANGE_ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "": {**_OVER, "response": {"@type": "of.another.time", "clips": [{"address": "films/1"}]}},
    "bare": _OVER,
    "null": {**_OVER, "response": None, "outputs": None},
    "empty": {**_OVER, "response": {}, "outputs": []},
    "list": {**_OVER, "response": [], "steps": {}},
    "words": {**_OVER, "response": "ready", "outputs": [{"type": "text", "text": "Here it is."}]},
    "no-videos": {**_OVER, "response": {"videos": [], "generateVideoResponse": {}}},
    "hollow": {
        **_OVER,
        "response": {
            "videos": [{}],
            "generateVideoResponse": {"generatedSamples": [{"video": {}}]},
        },
        "outputs": [{"type": "video"}],
    },
    "error-text": {**_OVER, "error": "internal"},
    "error-empty": {**_OVER, "error": {}},
    "expired": {"object": "video", "status": "expired", "progress": 100, "id": "task_gone"},
}
"""Answers to a poll that say that the job is over, on any wire, and bring nothing usable."""


def gate(world: World, route: str, handler: Handler, refuse: Refuse = refusal) -> Handler:
    """`handler` behind the gate. `route` is one of `faults.ROUTES`; `refuse` speaks its wire.

    A submit counts against the quota. Faults that are about the job itself (`filtered`, `failed`
    and so on) are the handler's: it draws them with `job_fault`.
    """

    async def enter(request: Request) -> Response:
        told = await _told(world, request)
        line: Entry | None = request.scope.get(ENTRY)
        if line is not None:
            line.route = route

        def drawn(kind: str) -> Fault | None:
            return world.faults.draw(kind, route, told)

        if fault := drawn("slow"):
            await asyncio.sleep(fault.number(2.0))
        if drawn("drop_before"):
            return Dropped()
        if answer := _refused(world, route, drawn, refuse):
            return answer
        response = await handler(request)
        if response.status_code >= 400:
            return response
        if drawn("drop_after"):
            return Dropped()
        away = line is not None and line.origin == "other"
        return _spoiled(world, response, drawn, away)

    return enter


def job_fault(world: World, kind: str, told: str) -> Fault | None:
    """A fault of a job that is being submitted; `told` is its prompt."""
    return world.faults.draw(kind, "submit", told)


def _refused(
    world: World, route: str, drawn: Callable[[str], Fault | None], refuse: Refuse
) -> Response | None:
    if fault := drawn("rate_limit"):
        return refuse(429, "Resource has been exhausted (e.g. check quota).", fault.number(1.0))
    if fault := drawn("server_error"):
        status = int(fault.number(503))
        return refuse(status, _SERVER_ERRORS.get(status, "The service is unavailable."), None)
    if fault := drawn("not_found"):
        if fault.value == "page":
            return Response(_PAGE, 404, media_type="text/html; charset=utf-8")
        return refuse(404, "The model is not found, or is not supported for this method.", None)
    if drawn("retired"):
        return refuse(404, "This model is no longer available. Please use a newer model.", None)
    if route == "submit" and (wait := world.wait_for_quota()):
        return refuse(429, "Quota exceeded for requests per minute per project per model.", wait)
    return None


def _spoiled(
    world: World, response: Response, drawn: Callable[[str], Fault | None], away: bool
) -> Response:
    """An answer with what befalls it; one that comes from the other origin leads nowhere else."""
    if isinstance(response, RedirectResponse):
        if fault := drawn("redirect"):
            if fault.value == "gone":
                return RedirectResponse(f"{world.other}/nothing-is-here.mp4", 302)
            response.headers["location"] = response.headers["location"].replace(
                world.url, world.other, 1
            )
        return response
    if drawn("html"):
        return Response(_PAGE, 200, media_type="text/html; charset=utf-8")
    if drawn("empty"):
        return Response(b"", 200, media_type=response.media_type)
    if drawn("excuse"):
        return JSONResponse({"error": {"code": 500, "message": "Upstream error. Try again."}})
    if fault := drawn("strange"):
        return JSONResponse(STRANGE_ANSWERS.get(fault.value, STRANGE_ANSWERS[""]))
    if world.faults.waiting and isinstance(response, JSONResponse):
        spoilt, media = _INLINE.subn(_WRONG, bytes(response.body))
        if media and drawn("damaged"):
            return Response(spoilt, 200, media_type=response.media_type)
    if isinstance(response, FileResponse):
        if not away and (fault := drawn("redirect")):
            if fault.value == "gone":
                return RedirectResponse(f"{world.other}/nothing-is-here.mp4", 302)
            path = world.publish(Path(response.path), response.media_type or "video/mp4")
            return RedirectResponse(world.other + path, 302)
        if drawn("truncated"):
            return Halved(response)
    return response


async def _told(world: World, request: Request) -> str:
    body = await request.body()
    text = words(body, request.headers.get("content-type", ""))
    return world.told(f"{request.url.path}\n{text}")
