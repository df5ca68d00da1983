"""Says that a program is still at work, where nothing else was said for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Heartbeat:
    """Calls `say` from a thread of its own after `interval_s` without `restart_wait`."""

    def __init__(self, say: Callable[[], None], interval_s: float) -> None:
        self._say = say
        self._interval_s = interval_s
        self._due_at = time.monotonic() + interval_s
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._run_until_stopped, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def restart_wait(self) -> None:
        """Something was said just now."""
        self._due_at = time.monotonic() + self._interval_s

    def stop(self) -> None:
        self._is_stopped.set()
        self._thread.join()

    def _run_until_stopped(self) -> None:
        while not self._is_stopped.wait(max(0.0, self._due_at - time.monotonic())):
            if time.monotonic() >= self._due_at:
                self.restart_wait()
                self._say()
