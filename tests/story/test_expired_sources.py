"""A source that the platform has dropped before anybody's clock said so."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from storyboard.simulator.server import Simulator
from tests.conftest import RunCommand

FILM = """
storyboard: 1
defaults: {provider: gemini, model: veo-3.1-fast, duration: 4}
policy: {on_expired: %s}
shots:
  - {id: SH010, prompt: A boat}
"""
LONGER = "  - {id: SH020, extend: SH010, prompt: It goes on}\n  - {color: black, length: 1}\n"


@pytest.mark.parametrize("allowed", ["error", "reanchor"])
def test_it_is_remembered_and_the_film_decides(
    allowed: str, cli: RunCommand, write_film: Callable[..., Path]
) -> None:
    film = write_film(FILM % allowed)
    with Simulator() as simulator:
        render = partial(cli, "render", film, "--yes", "--allow-retired", **simulator.environment())
        assert render("SH010").code == 0
        write_film(film.read_text() + LONGER)
        simulator.world.clock.advance(49 * 3600)
        first = render("SH020")
        assert first.code == 7
        assert "has expired on" in first.err
        plan = cli("plan", film, "--json", "--allow-retired", **simulator.environment()).json
        node = next(plan_node for plan_node in plan["nodes"] if plan_node["id"] == "SH020")
        if allowed == "error":
            assert (node["action"], "uri_expired" in node["reasons"]) == ("blocked", True)
            return
        assert (node["step"], "starts again" in node["instead"]) == ("generate", True)
        second = render("SH020")
        assert second.code == 0, second.err
        assert len(simulator.world.bill.charges) == 2
