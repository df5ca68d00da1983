"""`make bench`: what the house promises, measured as ratios in one run.

`python -m tests.bench NAME…` repeats parts of it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.idle import idle, idle_long
from tests.bench.makespan import makespan
from tests.bench.memory import memory
from tests.bench.places import ROUNDS
from tests.bench.small import previz, start
from tests.bench.steps import steps
from tests.bench.stitch import stitch, stitch_1080p, stitch_many, stitch_one_idr

PARTS: dict[str, Callable[[Path], None]] = {
    "start": start,
    "idle": idle,
    "idle-long": idle_long,
    "steps": steps,
    "makespan": makespan,
    "memory": memory,
    "previz": previz,
    "stitch": stitch,
    "stitch-1080p": stitch_1080p,
    "stitch-one-idr": stitch_one_idr,
    "stitch-many": stitch_many,
}


def main(names: list[str]) -> int:
    """Runs the parts, all of them where none is named."""
    if unknown := [name for name in names if name not in PARTS]:
        told = "\n".join(f"  {name:<14} {part.__doc__}" for name, part in PARTS.items())
        print(f"no such part: {', '.join(unknown)}; there are\n{told}", file=sys.stderr)
        return 2
    version, load = sys.version.split()[0], os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, Python {version}, load {load:.1f}; medians of {ROUNDS} rounds")
    with tempfile.TemporaryDirectory(prefix="storyboard-bench-") as folder:
        for name in names or PARTS:
            PARTS[name](Path(folder))
            print(f"  (again: python -m tests.bench {name})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
