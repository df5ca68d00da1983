"""What a step costs when it costs nothing: ours through the real executor, and others."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from tests.bench.clock import PeerProcess, Usage, run_interleaved
from tests.bench.config import PEERS, ROOT, ROUNDS
from tests.bench.table import print_heading, print_line, print_step_row

PREFECT_STEPS = 200


def measure_step_overhead(root: Path) -> None:
    """A step's overhead, wide: ours (ledger, store, lock file) by Dask's threads and Prefect."""
    print_heading(
        "overhead of a no-op step; ours is durable, Dask keeps nothing, Prefect keeps records"
    )
    processes = {
        "ours, free": PeerProcess(
            [sys.executable, "-m", "tests.bench.fake_provider", "free"], ROOT, {}
        ),
        "ours, paid": PeerProcess(
            [sys.executable, "-m", "tests.bench.fake_provider", "paid"], ROOT, {}
        ),
        "dask": _start_peer("dask_wide"),
        "prefect": _start_peer("prefect_wide"),
    }
    try:
        for name, process in processes.items():
            if process.skip_reason:
                print_line(f"{name} is left out: {process.skip_reason}")
        processes = {
            name: process for name, process in processes.items() if not process.skip_reason
        }
        _compare_peers(processes, PREFECT_STEPS, ROUNDS)
        processes.pop("prefect", MissingPeer()).stop()
        _compare_peers(processes, 1_000, ROUNDS)
        _compare_peers(processes, 10_000, 3)
    finally:
        for process in processes.values():
            process.stop()


class MissingPeer:
    """In place of a rival that is not there."""

    def stop(self) -> None:
        pass


def _start_peer(name: str) -> PeerProcess:
    script = ROOT / "tests" / "bench" / "peers" / f"{name}.py"
    return PeerProcess([str(PEERS / "python"), str(script)], ROOT, {})


def _compare_peers(processes: dict[str, PeerProcess], n: int, rounds: int) -> None:
    usages = run_interleaved(
        rounds, {name: partial(process.run_steps, n) for name, process in processes.items()}
    )
    for name in usages:
        ratio = aim = ""
        if name.startswith("ours"):
            ratio = ", ".join(
                f"{_format_saving(usages[peer], usages[name])} than {peer}"
                for peer in ("dask", "prefect")
                if peer in usages
            )
            aim = "250 us" + (", 40x Prefect" if "prefect" in usages else ", 10x Dask")
        print_step_row(f"{n} steps: {name}", usages[name], n, ratio, aim)


def _format_saving(theirs: Usage, ours: Usage) -> str:
    cpu, wall = theirs.cpu_s / ours.cpu_s, theirs.wall_s / ours.wall_s
    return f"{cpu:.2f}x CPU, {wall:.2f}x wall less"
