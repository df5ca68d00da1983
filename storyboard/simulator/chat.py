from __future__ import annotations

from starlette.routing import Route

from storyboard.simulator.world import World


def routes(world: World) -> list[Route]:
    return []
