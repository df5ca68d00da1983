"""`make faults`: every call of a render, a plan and a `store gc` fails once, in each way."""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from tests.faults.sweep import FaultSweep, list_faults


def main() -> int:
    """Prints the figures; 1 where a promise was broken. An argument limits the number."""
    with tempfile.TemporaryDirectory() as name:
        sweep = FaultSweep(Path(name))
        try:
            faults = list_faults(sweep)
            if len(sys.argv) > 1:
                faults = random.Random(1).sample(faults, min(int(sys.argv[1]), len(faults)))
            for fault in faults:
                sweep.try_fault(*fault)
        finally:
            sweep.close()
    print(sweep.tally.describe())
    return 1 if sweep.tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
