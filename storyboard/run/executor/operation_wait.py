"""How long a run waits for an operation or a download, and what it reports meanwhile."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine
from typing import Any, TypeVar

from storyboard.money import format_usd, micros_to_usd
from storyboard.providers.catalog import Model
from storyboard.providers.registry import load_full_catalog
from storyboard.run import events as ev
from storyboard.run.durations import format_rough_duration, format_usual_time
from storyboard.run.executor.errors import StillRunning
from storyboard.run.ledger.attempts import Attempt

T = TypeVar("T")

_USUAL_PATIENCE_S = 1800.0
"""For a model that the catalogue does not know."""


class Patience:
    """How long each operation is waited for: `limit_s` for all, else what the catalogue says."""

    def __init__(self, limit_s: float | None = None) -> None:
        self._limit_s = limit_s

    def find_limit_s(self, attempt: Attempt) -> float:
        """Seconds after which the run stops to wait; local work may take as long as it takes."""
        if attempt.repeatable:
            return math.inf
        if self._limit_s is not None:
            return self._limit_s
        model = _find_model(attempt)
        return model.patience_s if model else _USUAL_PATIENCE_S

    def find_usual_s(self, attempt: Attempt) -> tuple[int, ...]:
        """The least and the most seconds that such an operation usually takes; or empty."""
        model = _find_model(attempt)
        return model.latency_s if model else ()


class OperationWait:
    """One wait of this run for an attempt; begins when it is made."""

    def __init__(
        self, attempt: Attempt, patience: Patience, emit: ev.EventSink, report_interval_s: float
    ) -> None:
        self._attempt = attempt
        self._emit = emit
        self._usual_s = patience.find_usual_s(attempt)
        self._limit_s = patience.find_limit_s(attempt)
        self._report_interval_s = max(report_interval_s, 0.01)
        self._clock = asyncio.get_running_loop().time
        self._started_at = self._clock()

    @property
    def elapsed_s(self) -> float:
        return self._clock() - self._started_at

    def report_progress(self, message: str) -> None:
        """Tells how long it has taken so far."""
        self._emit(
            ev.OperationProgress(
                step=self._attempt.step,
                shot=self._attempt.shot,
                operation=self._attempt.operation,
                elapsed_s=round(self.elapsed_s, 1),
                message=message,
                usual_s=self._usual_s,
                cost_usd=micros_to_usd(self._attempt.reserved_micros) or None,
            )
        )

    async def pause(self, seconds: float) -> None:
        """Sleeps, at most until the limit. Raises StillRunning where that is over."""
        if self._remaining_s <= 0:
            raise self._build_error("still runs")
        await asyncio.sleep(min(seconds, self._remaining_s))

    async def run_request(self, request: Coroutine[Any, Any, T], action: str) -> T:
        """Awaits a free request and reports progress; cancels it where the limit is over.

        `action` says in the present tense what the operation does. Raises StillRunning.
        """
        if self._attempt.repeatable:
            return await request
        task = asyncio.create_task(request)
        try:
            while True:
                timeout_s = min(self._report_interval_s, max(self._remaining_s, 0.0))
                await asyncio.wait({task}, timeout=timeout_s)
                if task.done():
                    return task.result()
                if self._remaining_s <= 0:
                    raise self._build_error(action)
                self.report_progress(action)
        finally:
            task.cancel()

    @property
    def _remaining_s(self) -> float:
        return self._limit_s - self.elapsed_s

    def _build_error(self, action: str) -> StillRunning:
        attempt, usual = self._attempt, format_usual_time(self._usual_s)
        reserved = format_usd(attempt.reserved_micros)
        return StillRunning(
            f"{attempt.name} {action} at {attempt.provider} after"
            f" {format_rough_duration(self.elapsed_s)}{f' ({usual})' if usual else ''}",
            hint=f"the job is kept and {reserved} stays reserved; render again goes on asking"
            " (--patience MINUTES waits longer,"
            f" `storyboard resolve FILM {attempt.name} --assume-lost` gives it up)",
            provider=attempt.provider,
        )


def _find_model(attempt: Attempt) -> Model | None:
    return load_full_catalog((attempt.provider,)).models.get((attempt.provider, attempt.model))
