"""`make kill`: a thousand renders and more killed at any moment, and what they cost."""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import time
from queue import Empty

from tests.kill.marathon import work
from tests.kill.reel import Tally

KILLS = 1000


def main() -> int:
    """Prints progress and a summary; 1 where a promise was broken."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    hands = max(2, os.cpu_count() or 2)
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    share = -(-kills // hands)
    workers = [
        context.Process(target=work, args=(seed + n, share, told), daemon=False)
        for n in range(hands)
    ]
    for worker in workers:
        worker.start()
    began = time.monotonic()
    total, films, broken, left = Tally(), 0, 0, hands
    while left:
        try:
            which, number, tally, wrong = told.get(timeout=10)
        except Empty:
            if any(worker.exitcode for worker in workers):
                print("a worker died")
                return 1
            continue
        if not number:
            left -= 1
            continue
        films += 1
        total.add(tally)
        if wrong:
            broken += 1
            print(f"seed {which}, film {number}:\n{wrong}", flush=True)
        if films % 10 == 0:
            print(f"{time.monotonic() - began:5.0f} s  {films} films  {line(total)}", flush=True)
    for worker in workers:
        worker.join()
    print(f"seed {seed}: {films} films in {time.monotonic() - began:.0f} s, {broken} broken")
    print(line(total))
    print("killed with an attempt at most", dict(total.at.most_common()))
    return 1 if broken or total.doubled else 0


def line(tally: Tally) -> str:
    return ", ".join(f"{name} {value}" for name, value in vars(tally).items() if name != "at")


if __name__ == "__main__":
    sys.exit(main())
