"""How far a render is: the steps that are done of those planned, the time and the money."""

from __future__ import annotations

import time
from collections.abc import Callable

from storyboard.money import format_decimal_usd, usd_to_micros
from storyboard.plan.forecast import forecast_render
from storyboard.plan.plan import Action, Plan
from storyboard.run import events as ev

_LEAST_PACE = 2
"""Steps that must be done before their pace says how long the others take."""


class RunTally:
    """Counts the events of one run."""

    def __init__(self, read_clock: Callable[[], float] = time.monotonic) -> None:
        self._read_clock = read_clock
        self._started_at = read_clock()
        self._planned: frozenset[str] = frozenset()
        self._done: set[str] = set()
        self._failed: set[str] = set()
        self._forecast_s: float | None = None
        self.is_paid = False
        """Whether anything of it costs money."""
        self._cost_by_step: dict[str, int] = {}
        self._stitched: ev.StitchProgress | None = None
        self.running: dict[str, None] = {}
        """The steps that run now, oldest first."""

    def set_plan(self, plan: Plan) -> None:
        """What there is to do, and how long paid work is expected to take."""
        idle = (Action.KEEP, Action.BLOCKED)
        self._planned = frozenset(n.step.id for n in plan.nodes if n.action not in idle)
        self.is_paid = bool(plan.cost_micros or plan.held_micros)
        forecast = forecast_render(plan)
        self._forecast_s = forecast.seconds if forecast else None

    def count_event(self, event: ev.Event) -> None:
        match event:
            case ev.StepStarted():
                self.running[event.step] = None
            case ev.StepFinished():
                self.running.pop(event.step, None)
                self._done.add(event.step)
            case ev.StepFailed() | ev.StepBlocked():
                self.running.pop(event.step, None)
                self._failed.add(event.step)
            case ev.TakeAdded():
                cost = self._cost_by_step.get(event.step, 0) + usd_to_micros(event.cost_usd)
                self._cost_by_step[event.step] = cost
            case ev.StitchProgress():
                self._stitched = event

    @property
    def total_count(self) -> int:
        """Steps that the plan wants made."""
        return len(self._planned)

    @property
    def done_count(self) -> int:
        """Steps of those that are done."""
        return len(self._planned & self._done)

    @property
    def elapsed_s(self) -> float:
        return self._read_clock() - self._started_at

    @property
    def expected_s(self) -> float | None:
        """Seconds that all of it may take: as forecast, or at the pace so far."""
        if self._forecast_s is not None:
            return self._forecast_s
        if _LEAST_PACE <= self.done_count < self.total_count:
            return self.elapsed_s * self.total_count / self.done_count
        return None

    def find_cost(self, step: str) -> int:
        """Micro-dollars that the takes of a step cost in this run."""
        return self._cost_by_step.get(step, 0)

    def describe_count(self) -> str:
        """`3 of 8 done, 1 failed`; of a cut, its frames."""
        if self._stitched is not None:
            return f"cutting: {self._stitched.frames} of {self._stitched.of_frames} frames"
        failed_count = len(self._failed - self._done)
        failed = f", {failed_count} failed" if failed_count else ""
        return f"{self.done_count} of {self.total_count} done{failed}"

    def describe_rest(self) -> str:
        """The time that is expected and the money so far; empty where there is neither."""
        phrases = []
        if self._stitched is None and self.expected_s is not None:
            phrases.append(f"about {format_clock(self.expected_s)} expected")
        spent_micros = sum(self._cost_by_step.values())
        if spent_micros or self.is_paid:
            phrases.append(f"${format_decimal_usd(spent_micros)} so far")
        return ", ".join(phrases)


def format_clock(seconds: float) -> str:
    """`0:07`, `12:30`, `1:02:03`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
