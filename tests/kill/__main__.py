"""`make kill`: a thousand renders and more killed at any moment, and what they cost."""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import time
from queue import Empty

from tests.kill.scenarios import Tally
from tests.kill.soak import run_worker

KILLS = 1000


def main() -> int:
    """Prints progress and a summary; 1 where a promise was broken."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    worker_count = max(2, os.cpu_count() or 2)
    context = multiprocessing.get_context("spawn")
    reports = context.Queue()
    share = -(-kills // worker_count)
    workers = [
        context.Process(target=run_worker, args=(seed + n, share, reports), daemon=False)
        for n in range(worker_count)
    ]
    for worker in workers:
        worker.start()
    started_at = time.monotonic()
    total, films, broken, running = Tally(), 0, 0, worker_count
    while running:
        try:
            worker_seed, number, tally, problem = reports.get(timeout=10)
        except Empty:
            if any(worker.exitcode for worker in workers):
                print("a worker died")
                return 1
            continue
        if not number:
            running -= 1
            continue
        films += 1
        total.add_tally(tally)
        if problem:
            broken += 1
            print(f"seed {worker_seed}, film {number}:\n{problem}", flush=True)
        if films % 10 == 0:
            print(
                f"{time.monotonic() - started_at:5.0f} s  {films} films  {format_tally(total)}",
                flush=True,
            )
    for worker in workers:
        worker.join()
    print(f"seed {seed}: {films} films in {time.monotonic() - started_at:.0f} s, {broken} broken")
    print(format_tally(total))
    print("killed with an attempt at most", dict(total.at.most_common()))
    return 1 if broken or total.doubled else 0


def format_tally(tally: Tally) -> str:
    return ", ".join(f"{name} {value}" for name, value in vars(tally).items() if name != "at")


if __name__ == "__main__":
    sys.exit(main())
