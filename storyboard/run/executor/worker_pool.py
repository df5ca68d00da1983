"""Processes to compute in.

`multiprocessing` starts its processes with our whole environment, and lets them import from the
current folder. Ours get neither: a film's folder may hold anything, and keys are none of their
business.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from storyboard.errors import EnvironmentProblem
from storyboard.providers.registry import list_credential_variables
from storyboard.util.child_environment import build_child_environment, select_absolute_paths

_PROGRAM = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from storyboard.run.executor.worker_process import serve; serve(int(sys.argv[1]))"
)


class WorkerPool:
    """At most `jobs` processes, each started when there is work and none is free."""

    def __init__(self, jobs: int) -> None:
        # One thread waits for each process. To the kernel it is the parent that a process dies
        # with, and it lives as long as this object does.
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="worker")
        self._lock = threading.Lock()
        self._closed = False
        self._all: set[Worker] = set()
        self._free: list[Worker] = []

    async def compute(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        """Runs a picklable function in a process.

        When the process dies the call is tried once more in a new one; then EnvironmentProblem.
        """
        call = pickle.dumps((function, arguments))
        loop = asyncio.get_running_loop()
        returned, result = await loop.run_in_executor(self._threads, self._compute_with_retry, call)
        if not returned:
            raise result
        return result

    def close(self, *, kill_running: bool = False) -> None:
        """Ends the processes; `kill_running` does not wait for work under way."""
        with self._lock:
            self._closed = True
            if kill_running:
                for worker in self._all:
                    worker.process.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._all:
            worker.stop()

    def _compute_with_retry(self, call: bytes) -> Any:
        for _ in range(2):
            worker = self._acquire_worker()
            try:
                answer = worker.send_call(call)
            except (EOFError, OSError, pickle.UnpicklingError):
                self._drop_worker(worker)
                continue
            with self._lock:
                self._free.append(worker)
            return pickle.loads(answer)
        raise EnvironmentProblem(
            "a worker process was killed twice, possibly for lack of memory",
            hint="try again with --jobs 1",
        )

    def _acquire_worker(self) -> Worker:
        with self._lock:
            if self._closed:
                raise RuntimeError("the worker processes were stopped")
            if self._free:
                return self._free.pop()
            worker = Worker()
            self._all.add(worker)
            return worker

    def _drop_worker(self, worker: Worker) -> None:
        with self._lock:
            self._all.discard(worker)
        worker.stop()


class Worker:
    """One process and the line to it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._line = ours.makefile("rwb")
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _PROGRAM,
                    str(os.getpid()),
                    *select_absolute_paths(sys.path),
                ],
                env=build_child_environment(list_credential_variables()),
                stdin=theirs.fileno(),
            )

    def send_call(self, call: bytes) -> bytes:
        """Sends a call and waits for its answer; EOFError or OSError when the process dies."""
        pickle.dump(call, self._line)
        self._line.flush()
        answer: bytes = pickle.load(self._line)
        return answer

    def stop(self) -> None:
        """Ends the process; whatever it still does is lost."""
        self.process.kill()
        self.process.wait()
        self._line.close()
