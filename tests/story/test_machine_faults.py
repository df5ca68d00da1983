"""What the machine can't do is told as that, and nothing is bought twice or lost by it."""

from __future__ import annotations

import random
from pathlib import Path

from tests.faults.sweep import FaultSweep, list_faults

COUNT = 100


def test_a_hundred_failing_calls_are_told_by_their_cause(tmp_path: Path) -> None:
    """A sample of `make faults`; most of it where a run is short."""
    sweep = FaultSweep(tmp_path)
    try:
        faults = list_faults(sweep)
        rng = random.Random(7)
        chosen = [fault for fault in faults if "render" not in fault[0]]
        for scenario, count in (("previz render", 10), ("paid render", COUNT - 10 - len(chosen))):
            chosen += rng.sample([fault for fault in faults if fault[0] == scenario], count)
        for fault in chosen:
            sweep.try_fault(*fault)
    finally:
        sweep.close()
    assert sweep.tally.count == COUNT
    assert not sweep.tally.wrong, sweep.tally.describe()
