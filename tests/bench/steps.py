"""What a step costs when it costs nothing: ours through the real executor, and others."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from tests.bench.clock import Rival, Took, interleaved
from tests.bench.places import PEERS, ROOT, ROUNDS
from tests.bench.table import heading, line, step_row

PREFECT_STEPS = 200


def steps(root: Path) -> None:
    """A step's overhead, wide: ours (ledger, store, lock file) by Dask's threads and Prefect."""
    heading("overhead of a no-op step; ours is durable, Dask keeps nothing, Prefect keeps records")
    rivals = {
        "ours, free": Rival([sys.executable, "-m", "tests.bench.paper", "free"], ROOT, {}),
        "ours, paid": Rival([sys.executable, "-m", "tests.bench.paper", "paid"], ROOT, {}),
        "dask": _peer("dask_wide"),
        "prefect": _peer("prefect_wide"),
    }
    try:
        for name, rival in rivals.items():
            if rival.skip:
                line(f"{name} is left out: {rival.skip}")
        rivals = {name: rival for name, rival in rivals.items() if not rival.skip}
        _race(rivals, PREFECT_STEPS, ROUNDS)
        rivals.pop("prefect", Rest()).end()
        _race(rivals, 1_000, ROUNDS)
        _race(rivals, 10_000, 3)
    finally:
        for rival in rivals.values():
            rival.end()


class Rest:
    """In place of a rival that is not there."""

    def end(self) -> None:
        pass


def _peer(name: str) -> Rival:
    script = ROOT / "tests" / "bench" / "peers" / f"{name}.py"
    return Rival([str(PEERS / "python"), str(script)], ROOT, {})


def _race(rivals: dict[str, Rival], n: int, rounds: int) -> None:
    took = interleaved(rounds, {name: partial(each.work, n) for name, each in rivals.items()})
    for name in took:
        ratio = aim = ""
        if name.startswith("ours"):
            ratio = ", ".join(
                f"{_less(took[peer], took[name])} than {peer}"
                for peer in ("dask", "prefect")
                if peer in took
            )
            aim = "250 us" + (", 40x Prefect" if "prefect" in took else ", 10x Dask")
        step_row(f"{n} steps: {name}", took[name], n, ratio, aim)


def _less(theirs: Took, ours: Took) -> str:
    cpu, wall = theirs.cpu_s / ours.cpu_s, theirs.wall_s / ours.wall_s
    return f"{cpu:.2f}x CPU, {wall:.2f}x wall less"
