"""Requests to the simulator itself: bill, clock, faults, settings, request log, reset."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storyboard.simulator.faults import KINDS, Fault
from storyboard.simulator.responses import read_json_object
from storyboard.simulator.settings import parse_setting_values
from storyboard.simulator.state import SimulatorState

_FIELDS = ("kind", "times", "match", "route", "value")


def build_routes(world: SimulatorState) -> list[Route]:
    """The routes below `/_simulator/`."""

    async def serve_bill(_: Request) -> Response:
        return JSONResponse(
            {
                "total_usd": f"{world.bill.total_usd.normalize():f}",
                "charges": [charge.to_record() for charge in world.bill.charges],
            }
        )

    async def show_or_advance_clock(request: Request) -> Response:
        if request.method == "POST":
            body = await read_json_object(request) or {}
            try:
                world.clock.advance(float(body["advance"]))
            except (KeyError, TypeError, ValueError):
                return _answer_bad_request('send {"advance": SECONDS}, forward only')
        return JSONResponse(
            {
                "now": world.clock.now(),
                "stamp": world.clock.format_timestamp(),
                "ahead_s": world.clock.ahead,
            }
        )

    async def list_or_change_faults(request: Request) -> Response:
        if request.method == "DELETE":
            world.faults.clear()
        elif request.method == "POST":
            body = await read_json_object(request)
            if body is None or not set(body) <= set(_FIELDS):
                return _answer_bad_request(
                    f"send an object with some of {', '.join(sorted(_FIELDS))}"
                )
            try:
                if "value" in body:
                    body["value"] = str(body["value"])
                world.faults.add(Fault.from_record(body))
            except (TypeError, ValueError) as error:
                return _answer_bad_request(str(error))
        return JSONResponse(
            {
                "waiting": [fault.to_record() for fault in world.faults.waiting],
                "kinds": {kind: words for kind, (_, words) in KINDS.items()},
            }
        )

    async def serve_request_log(_: Request) -> Response:
        return JSONResponse({"requests": [logged.to_record() for logged in world.journal]})

    async def show_or_change_settings(request: Request) -> Response:
        if request.method == "POST":
            try:
                world.change_settings(**parse_setting_values(await read_json_object(request) or {}))
            except ValueError as error:
                return _answer_bad_request(str(error))
        return JSONResponse(world.settings.to_fields())

    async def reset_state(_: Request) -> Response:
        world.reset()
        return JSONResponse({})

    return [
        Route("/_simulator/bill", serve_bill),
        Route("/_simulator/clock", show_or_advance_clock, methods=["GET", "POST"]),
        Route("/_simulator/faults", list_or_change_faults, methods=["GET", "POST", "DELETE"]),
        Route("/_simulator/journal", serve_request_log),
        Route("/_simulator/settings", show_or_change_settings, methods=["GET", "POST"]),
        Route("/_simulator/reset", reset_state, methods=["POST"]),
    ]


def _answer_bad_request(message: str) -> Response:
    return JSONResponse({"error": {"message": message}}, 400)
