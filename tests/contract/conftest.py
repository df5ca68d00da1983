"""One simulator for all Veo contract tests, emptied for each."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from storyboard.simulator.server import Simulator
from tests.contract.veo_asks import SimulatorClient


@pytest.fixture(scope="session")
def running_simulator() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


@pytest.fixture
def simulator(running_simulator: Simulator) -> Simulator:
    """The simulator, with nothing in it."""
    running_simulator.world.reset()
    return running_simulator


@pytest.fixture
def asker(simulator: Simulator) -> Iterator[SimulatorClient]:
    """A client of it that knows no more than HTTP."""
    with httpx.Client(timeout=30) as http:
        yield SimulatorClient(simulator, http)
