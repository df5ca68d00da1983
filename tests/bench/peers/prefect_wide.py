"""n no-op tasks of one Prefect flow, with the server that it starts for itself."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from importlib.util import find_spec

QUIET_ENVIRONMENT = {
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "DO_NOT_TRACK": "1",
}


def main() -> None:
    if find_spec("prefect") is None:
        print(json.dumps({"skip": "it is not installed"}), flush=True)
        return
    with tempfile.TemporaryDirectory(prefix="prefect-", ignore_cleanup_errors=True) as home:
        os.environ.update(QUIET_ENVIRONMENT, PREFECT_HOME=home)
        try:
            _serve_rounds()
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            print(json.dumps({"skip": reason[:200]}), flush=True)


def _serve_rounds() -> None:
    from prefect import flow, task

    @task
    def do_nothing(number: int) -> int:
        return number

    @flow
    def run_wide_flow(n: int) -> int:
        return sum(1 for each in do_nothing.map(range(n)) if each.result() is not None)

    run_wide_flow(1)  # starts the server
    print("{}", flush=True)
    for line in sys.stdin:
        wall, cpu = time.monotonic(), time.process_time()
        assert run_wide_flow(int(line)) == int(line)
        usage = {"cpu_s": time.process_time() - cpu, "wall_s": time.monotonic() - wall}
        print(json.dumps(usage), flush=True)


if __name__ == "__main__":
    main()
