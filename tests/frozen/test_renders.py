"""Films rendered small, and at the simulated services, leave what they left when frozen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storyboard.simulator.server import Simulator
from tests.frozen import doors, records, renders


@pytest.fixture(scope="module")
def services() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


@pytest.mark.parametrize("name", renders.FILMS)
def test_a_render_leaves_what_it_left(services: Simulator, tmp_path: Path, name: str) -> None:
    left = renders.record_render(name, tmp_path, services.url, services.environment())
    frozen = (renders.RENDERS / f"{name}.json").read_text("utf-8")
    assert records.to_json_text(left) == frozen


def test_every_event_reads_as_it_did() -> None:
    assert records.to_json_text(doors.list_event_records()) == records.EVENTS.read_text("utf-8")
