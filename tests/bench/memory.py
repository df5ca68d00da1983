"""The most memory that a long film takes."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench.clock import PeerProcess
from tests.bench.config import ROOT
from tests.bench.idle import prepare_film
from tests.bench.table import print_heading, print_memory_row

SHOTS = 10_000


def measure_memory(root: Path) -> None:
    """Peak memory of check, plan and an idle render of 10,000 shots, and of a run of as many."""
    print_heading(f"memory, {SHOTS} shots")
    film = prepare_film(root, SHOTS)
    for name in ("check", "plan", "render"):
        print_memory_row(f"storyboard {name}, nothing to do", getattr(film, name)())
    for kind in ("free", "paid"):
        process = PeerProcess([sys.executable, "-m", "tests.bench.fake_provider", kind], ROOT, {})
        print_memory_row(f"a run of {SHOTS} no-op steps, {kind}", process.run_steps(SHOTS))
        process.stop()
