"""The clock of the simulated services: real time plus an offset."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime


class Clock:
    """Seconds since 1970; moving it forward makes files age and operations end at once."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._lock = threading.Lock()

    @property
    def ahead(self) -> float:
        """Seconds by which it is ahead of real time."""
        return self._ahead

    def now(self) -> float:
        return time.time() + self._ahead

    def advance(self, seconds: float) -> float:
        """Moves it forward and returns the new time; ValueError for a step back."""
        if seconds < 0:
            raise ValueError("the clock goes forward only")
        with self._lock:
            self._ahead += seconds
        return self.now()

    def format_timestamp(self, at: float | None = None) -> str:
        """`at`, or now, as the services write it: `2026-11-23T07:30:00.000Z`."""
        when = datetime.fromtimestamp(self.now() if at is None else at, UTC)
        return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
