"""`make bench`: what the house promises, measured as ratios in one run.

`python -m tests.bench NAME…` repeats parts of it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.cli_latency import measure_previz, measure_startup
from tests.bench.config import ROUNDS
from tests.bench.idle import measure_idle, measure_long_idle
from tests.bench.makespan import measure_makespan
from tests.bench.memory import measure_memory
from tests.bench.plan_table import measure_plan_table
from tests.bench.steps import measure_step_overhead
from tests.bench.stitch import (
    measure_stitch,
    measure_stitch_1080p,
    measure_stitch_many,
    measure_stitch_one_idr,
)

BENCHMARKS: dict[str, Callable[[Path], None]] = {
    "start": measure_startup,
    "idle": measure_idle,
    "idle-long": measure_long_idle,
    "steps": measure_step_overhead,
    "makespan": measure_makespan,
    "memory": measure_memory,
    "plan-table": measure_plan_table,
    "previz": measure_previz,
    "stitch": measure_stitch,
    "stitch-1080p": measure_stitch_1080p,
    "stitch-one-idr": measure_stitch_one_idr,
    "stitch-many": measure_stitch_many,
}


def main(names: list[str]) -> int:
    """Runs the parts, all of them where none is named."""
    if unknown := [name for name in names if name not in BENCHMARKS]:
        known_benchmarks = "\n".join(
            f"  {name:<14} {benchmark.__doc__}" for name, benchmark in BENCHMARKS.items()
        )
        print(f"no such part: {', '.join(unknown)}; there are\n{known_benchmarks}", file=sys.stderr)
        return 2
    version, load = sys.version.split()[0], os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, Python {version}, load {load:.1f}; medians of {ROUNDS} rounds")
    with tempfile.TemporaryDirectory(prefix="storyboard-bench-") as folder:
        for name in names or BENCHMARKS:
            BENCHMARKS[name](Path(folder))
            print(f"  (again: python -m tests.bench {name})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
