"""n no-op steps on Dask's scheduler, in threads of one process; keeps nothing on disk."""

from __future__ import annotations

import json
import sys
import time
from importlib.util import find_spec


def do_nothing(number: int) -> int:
    return number


def main() -> None:
    if find_spec("distributed") is None:
        print(json.dumps({"skip": "it is not installed"}), flush=True)
        return
    from distributed import Client

    client = Client(processes=False, n_workers=1, threads_per_worker=2, dashboard_address=None)
    print("{}", flush=True)
    for line in sys.stdin:
        wall, cpu = time.monotonic(), time.process_time()
        futures = client.map(do_nothing, range(int(line)), pure=False)
        assert len(client.gather(futures)) == int(line)
        usage = {"cpu_s": time.process_time() - cpu, "wall_s": time.monotonic() - wall}
        del futures
        print(json.dumps(usage), flush=True)
    client.close()


if __name__ == "__main__":
    main()
