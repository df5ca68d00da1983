"""The plan of a long film as a table: twice the shots take twice the time."""

from __future__ import annotations

import gc
import time
from functools import partial
from pathlib import Path

from storyboard.cli.plan_output import format_plan_table, to_plan_document
from storyboard.pipeline.session import FilmSession, check_film
from storyboard.plan.plan import Plan
from tests.bench.clock import Usage, run_interleaved
from tests.bench.config import ROUNDS
from tests.bench.table import print_heading, print_row

SHOT_COUNTS = (5_000, 10_000)
AIM = "below 2.3"


def measure_plan_table(root: Path) -> None:
    """The plan table and its JSON, of 10,000 shots beside 5,000."""
    print_heading("the plan of a long film, shown")
    plans = {count: _plan_long_film(root, count) for count in SHOT_COUNTS}
    for label, show in (("as a table", format_plan_table), ("as JSON", to_plan_document)):
        runs = {
            str(count): partial(_measure_call, partial(show, plan)) for count, plan in plans.items()
        }
        usages = run_interleaved(ROUNDS, runs)
        small, large = (usages[str(count)] for count in SHOT_COUNTS)
        print_row(f"{label}, {SHOT_COUNTS[0]} shots", small)
        ratio = f"{large.cpu_s / small.cpu_s:.2f}x"
        print_row(f"{label}, {SHOT_COUNTS[1]} shots", large, ratio, AIM)


def _plan_long_film(root: Path, count: int) -> Plan:
    """A film on a paid provider, in which every fourth shot is a card or a take used again."""
    film = root / f"plan-{count}.yaml"
    lines = ["storyboard: 1", "defaults: {provider: vertex}", "shots:"]
    for number in range(0, count, 4):
        lines += [
            f"  - {{id: S{number:05d}, prompt: A boat crosses bay {number}, length: 4}}",
            f"  - {{id: S{number + 1:05d}, continue: S{number:05d}, prompt: It lands}}",
            f"  - {{id: S{number + 2:05d}, clip: S{number:05d}, length: 2}}",
            f"  - {{id: S{number + 3:05d}, card: Part {number}, length: 1}}",
        ]
    film.write_text("\n".join(lines) + "\n", encoding="utf-8")
    session = FilmSession(check_film(film))
    try:
        return session.plan()
    finally:
        session.close()


def _measure_call(call: partial[object]) -> Usage:
    gc.collect()
    gc.disable()  # a collection walks both films, and comes when it comes
    try:
        cpu_at, wall_at = time.process_time(), time.monotonic()
        call()
        return Usage(time.process_time() - cpu_at, time.monotonic() - wall_at)
    finally:
        gc.enable()
