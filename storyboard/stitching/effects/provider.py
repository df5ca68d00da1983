"""The provider of effects: free, offline, repeatable; MoviePy runs in a worker process."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

from storyboard.providers.base import Operation, Outcome, Request, Sample, Workplace
from storyboard.providers.local_jobs import LocalJobs

_REVISION = 1
"""Raise it when the same effects would give a different result."""


class Effects:
    """Applies effects with MoviePy, as a provider."""

    name = "effects"
    repeatable = True
    reads = frozenset({"settings.options"})
    revision = f"{_REVISION}, MoviePy {version('moviepy')}"

    def __init__(self, settings: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._jobs = LocalJobs(self.name)

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Starts the work in a worker process; the operation ends with this process."""
        from storyboard.stitching.effects.apply import apply_effects

        options = request.settings.options
        takes = [(source.path, source.source_frames) for source in request.inputs]
        out = place.scratch / "effects.mp4"
        return self._jobs.start_job(
            _apply_effects_in_worker(place, apply_effects, takes, dict(options), out)
        )

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """Waits until the work ends."""
        return await self._jobs.poll(operation)

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """Returns the sample unchanged: its file is already local."""
        return sample

    async def close(self) -> None:
        """Drops all unfinished operations."""
        await self._jobs.close()


async def _apply_effects_in_worker(
    place: Workplace, effects_function: Any, takes_and_first_frames: Any, options: Any, out: Any
) -> Sample:
    await place.compute(effects_function, takes_and_first_frames, options, out)
    return Sample(path=out)
