"""The most memory that a long film takes."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench.clock import Rival
from tests.bench.idle import paper_film
from tests.bench.places import ROOT
from tests.bench.table import heading, memory_row

SHOTS = 10_000


def memory(root: Path) -> None:
    """Peak memory of check, plan and an idle render of 10,000 shots, and of a run of as many."""
    heading(f"memory, {SHOTS} shots")
    film = paper_film(root, SHOTS)
    for name in ("check", "plan", "render"):
        memory_row(f"storyboard {name}, nothing to do", getattr(film, name)())
    for kind in ("free", "paid"):
        run = Rival([sys.executable, "-m", "tests.bench.paper", kind], ROOT, {})
        memory_row(f"a run of {SHOTS} no-op steps, {kind}", run.work(SHOTS))
        run.end()
