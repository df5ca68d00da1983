"""What is asked of the simulator itself: bill, clock, faults, settings, journal, reset."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storyboard.simulator.answers import json_body
from storyboard.simulator.faults import KINDS, Fault
from storyboard.simulator.manner import read_settings
from storyboard.simulator.world import World

_FIELDS = ("kind", "times", "match", "route", "value")


def routes(world: World) -> list[Route]:
    """The routes below `/_simulator/`."""

    async def bill(_: Request) -> Response:
        return JSONResponse(
            {
                "total_usd": f"{world.bill.total_usd.normalize():f}",
                "charges": [each.record() for each in world.bill.charges],
            }
        )

    async def clock(request: Request) -> Response:
        if request.method == "POST":
            asked = await json_body(request) or {}
            try:
                world.clock.advance(float(asked["advance"]))
            except (KeyError, TypeError, ValueError):
                return _wrong('send {"advance": SECONDS}, forward only')
        return JSONResponse(
            {
                "now": world.clock.now(),
                "stamp": world.clock.stamp(),
                "ahead_s": world.clock.ahead,
            }
        )

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            world.faults.clear()
        elif request.method == "POST":
            asked = await json_body(request)
            if asked is None or not set(asked) <= set(_FIELDS):
                return _wrong(f"send an object with some of {', '.join(sorted(_FIELDS))}")
            try:
                if "value" in asked:
                    asked["value"] = str(asked["value"])
                world.faults.add(Fault.from_record(asked))
            except (TypeError, ValueError) as error:
                return _wrong(str(error))
        return JSONResponse(
            {
                "waiting": [each.record() for each in world.faults.waiting],
                "kinds": {kind: words for kind, (_, words) in KINDS.items()},
            }
        )

    async def journal(_: Request) -> Response:
        return JSONResponse({"requests": [each.record() for each in world.journal]})

    async def settings(request: Request) -> Response:
        if request.method == "POST":
            try:
                world.change(**read_settings(await json_body(request) or {}))
            except ValueError as error:
                return _wrong(str(error))
        return JSONResponse(world.settings.to_fields())

    async def reset(_: Request) -> Response:
        world.reset()
        return JSONResponse({})

    return [
        Route("/_simulator/bill", bill),
        Route("/_simulator/clock", clock, methods=["GET", "POST"]),
        Route("/_simulator/faults", faults, methods=["GET", "POST", "DELETE"]),
        Route("/_simulator/journal", journal),
        Route("/_simulator/settings", settings, methods=["GET", "POST"]),
        Route("/_simulator/reset", reset, methods=["POST"]),
    ]


def _wrong(message: str) -> Response:
    return JSONResponse({"error": {"message": message}}, 400)
