"""What stories of orders share: the services, simulated."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from storyboard.simulator.server import Simulator


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator
