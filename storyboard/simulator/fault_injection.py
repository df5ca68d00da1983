"""The fault gate of every request: waiting faults are injected here."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response

from storyboard.simulator.faults import Fault
from storyboard.simulator.request_log import LoggedRequest, extract_searchable_text
from storyboard.simulator.responses import DroppedConnection, TruncatedResponse, format_google_error
from storyboard.simulator.state import SimulatorState

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]
ErrorFormatter: TypeAlias = Callable[[int, str, float | None], Response]
"""A service's error reply from HTTP status, message and seconds to wait, if any."""

ENTRY = "storyboard.entry"
"""The key of a request's log entry in its scope."""

_PAGE = "<!doctype html><html><head><title>Sign in</title></head><body>Sign in</body></html>"
_INLINE = re.compile(rb'(?<=":")[A-Za-z0-9+/]{999,}=*(?=")')
"""Media in a JSON body."""

_PAGE_BASE64 = base64.b64encode(_PAGE.encode())
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
"""Replies to a poll, for any service, that say that the job is over and contain nothing usable."""


def wrap_with_faults(
    world: SimulatorState,
    route_kind: str,
    handler: Handler,
    format_error: ErrorFormatter = format_google_error,
) -> Handler:
    """`handler` behind the fault gate.

    `route_kind` is one of `faults.ROUTES`; `format_error` is the service's. A submission counts
    against the quota. Faults of the job itself (`filtered`, `failed` and so on) belong to the
    handler, which takes them with `consume_job_fault`.
    """

    async def answer_with_faults(request: Request) -> Response:
        match_text = await _collect_text_for_fault_match(world, request)
        logged: LoggedRequest | None = request.scope.get(ENTRY)
        if logged is not None:
            logged.route = route_kind

        def consume_fault(kind: str) -> Fault | None:
            return world.faults.consume_fault(kind, route_kind, match_text)

        if fault := consume_fault("slow"):
            await asyncio.sleep(fault.read_number_value(2.0))
        # Before the handler: the job is never made. After it: the job is made and billed, but no
        # reply arrives.
        if consume_fault("drop_before"):
            return DroppedConnection()
        if answer := _inject_fault_or_quota_error(world, route_kind, consume_fault, format_error):
            return answer
        response = await handler(request)
        # A refused request keeps its faults for the next one.
        if response.status_code >= 400:
            return response
        if consume_fault("drop_after"):
            return DroppedConnection()
        is_elsewhere = logged is not None and logged.origin == "other"
        return _spoil_response(world, response, consume_fault, is_elsewhere)

    return answer_with_faults


def consume_job_fault(world: SimulatorState, fault_kind: str, searched_text: str) -> Fault | None:
    """Takes a fault for a job that is being submitted; `searched_text` is the job's."""
    return world.faults.consume_fault(fault_kind, "submit", searched_text)


def _inject_fault_or_quota_error(
    world: SimulatorState,
    route_kind: str,
    consume_fault: Callable[[str], Fault | None],
    format_error: ErrorFormatter,
) -> Response | None:
    if fault := consume_fault("rate_limit"):
        return format_error(
            429, "Resource has been exhausted (e.g. check quota).", fault.read_number_value(1.0)
        )
    if fault := consume_fault("server_error"):
        status = int(fault.read_number_value(503))
        return format_error(status, _SERVER_ERRORS.get(status, "The service is unavailable."), None)
    if fault := consume_fault("not_found"):
        if fault.value == "page":
            return Response(_PAGE, 404, media_type="text/html; charset=utf-8")
        return format_error(
            404, "The model is not found, or is not supported for this method.", None
        )
    if consume_fault("retired"):
        return format_error(
            404, "This model is no longer available. Please use a newer model.", None
        )
    if route_kind == "submit" and (wait := world.count_submit_against_quota()):
        return format_error(
            429, "Quota exceeded for requests per minute per project per model.", wait
        )
    return None


def _spoil_response(
    world: SimulatorState,
    response: Response,
    consume_fault: Callable[[str], Fault | None],
    is_on_other_origin: bool,
) -> Response:
    """Applies faults to a finished reply; a reply of the other origin is not redirected again."""
    if isinstance(response, RedirectResponse):
        if fault := consume_fault("redirect"):
            if fault.value == "gone":
                return RedirectResponse(f"{world.other}/nothing-is-here.mp4", 302)
            response.headers["location"] = response.headers["location"].replace(
                world.url, world.other, 1
            )
        return response
    if consume_fault("html"):
        return Response(_PAGE, 200, media_type="text/html; charset=utf-8")
    if consume_fault("empty"):
        return Response(b"", 200, media_type=response.media_type)
    if consume_fault("excuse"):
        return JSONResponse({"error": {"code": 500, "message": "Upstream error. Try again."}})
    if fault := consume_fault("strange"):
        return JSONResponse(STRANGE_ANSWERS.get(fault.value, STRANGE_ANSWERS[""]))
    # Replacing media is expensive, so first check that any fault is waiting at all.
    if world.faults.waiting and isinstance(response, JSONResponse):
        spoiled_body, media_count = _INLINE.subn(_PAGE_BASE64, bytes(response.body))
        if media_count and consume_fault("damaged"):
            return Response(spoiled_body, 200, media_type=response.media_type)
    if isinstance(response, FileResponse):
        if not is_on_other_origin and (fault := consume_fault("redirect")):
            if fault.value == "gone":
                return RedirectResponse(f"{world.other}/nothing-is-here.mp4", 302)
            path = world.publish_file(Path(response.path), response.media_type or "video/mp4")
            return RedirectResponse(world.other + path, 302)
        if consume_fault("truncated"):
            return TruncatedResponse(response)
    return response


async def _collect_text_for_fault_match(world: SimulatorState, request: Request) -> str:
    body = await request.body()
    text = extract_searchable_text(body, request.headers.get("content-type", ""))
    return world.append_named_prompts(f"{request.url.path}\n{text}")
