"""One simulator for all Veo contract tests, emptied for each."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from storyboard.simulator.serve import Simulator
from tests.contract.veo_asks import Asker


@pytest.fixture(scope="session")
def running() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    """The simulator, with nothing in it."""
    running.world.reset()
    return running


@pytest.fixture
def ask(sim: Simulator) -> Iterator[Asker]:
    """A client of it that knows no more than HTTP."""
    with httpx.Client(timeout=30) as http:
        yield Asker(sim, http)
