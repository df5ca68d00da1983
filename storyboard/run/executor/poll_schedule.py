"""When to poll an operation: backing off, and by how long the last ones of its model took."""

from __future__ import annotations

import os
import random
from collections import defaultdict, deque

from storyboard.environment import POLL_S_VARIABLE
from storyboard.errors import EnvironmentProblem
from storyboard.run.ledger.attempts import Attempt

_USUAL_POLL_S = 10.0
_BACKOFF = 1.05
"""A twentieth: asking late costs a chain of shots as much at every hop; asking costs nothing."""
_MAX_BACKOFF = 3.0
_GAP_PARTS = 4


class PollSchedule:
    """How long the last operations of each model took, so that one is polled when it may be done.

    Of an operation it is only known when it was last seen running and when it was first seen done.
    Before the quickest was seen done others are polled more often, so the next gap is smaller.
    """

    def __init__(self, run: str, interval_s: float) -> None:
        self._run = run
        self._shortest_pause_s = interval_s / 10
        self._longest_pause_s = interval_s * _MAX_BACKOFF
        self._durations: dict[tuple[str, ...], deque[tuple[float, float]]] = defaultdict(
            lambda: deque(maxlen=8)
        )

    def record_job_times(
        self, attempt: Attempt, last_running_s: float, first_done_s: float
    ) -> None:
        """Remembers when an operation still ran and when it was done, in seconds from its start.

        Of an earlier run's operation nobody knows that.
        """
        if attempt.run == self._run:
            self._durations[_to_schedule_key(attempt)].append((last_running_s, first_done_s))

    def choose_pause_s(self, attempt: Attempt, elapsed_s: float, default_pause_s: float) -> float:
        """Seconds to the next poll: `default_pause_s`, less if the quickest was done then."""
        if not (durations := self._durations[_to_schedule_key(attempt)]):
            return default_pause_s
        done_s = min(done_s for _, done_s in durations)
        if elapsed_s >= done_s:
            return default_pause_s
        running_s = max(running_s for running_s, _ in durations if running_s < done_s)
        step = max((done_s - running_s) / _GAP_PARTS, self._shortest_pause_s)
        return min(default_pause_s, max(running_s - elapsed_s, 0.0) + step)

    def lengthen_pause(self, pause_s: float) -> float:
        """The default pause after one of `pause_s`."""
        return min(pause_s * _BACKOFF, self._longest_pause_s)


def _to_schedule_key(attempt: Attempt) -> tuple[str, ...]:
    return attempt.provider, attempt.model, attempt.kind


def read_poll_interval_s() -> float:
    """STORYBOARD_POLL_S: seconds until a job is asked for the second time; 10 by default."""
    text = os.environ.get(POLL_S_VARIABLE, "")
    try:
        seconds = float(text) if text else _USUAL_POLL_S
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise EnvironmentProblem(
            f"{POLL_S_VARIABLE} is not a number of seconds: {text!r}",
            hint="set it to seconds, for example 10",
        )
    return seconds


def add_jitter(seconds: float) -> float:
    return seconds * random.uniform(0.85, 1.15)


def pad_delay(seconds: float) -> float:
    """A little more: a service that names a pause means no less."""
    return seconds * random.uniform(1.0, 1.15)
