"""Previz as a provider: free, offline, repeatable; it draws what paid providers generate.

Imports nothing heavy: planning reads this class, and only drawing needs the renderer, which runs in
worker processes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from storyboard.model.sound import Line
from storyboard.providers.base import Operation, Outcome, Request, Sample, Workplace
from storyboard.providers.declaration import build_settings_schema
from storyboard.providers.local_jobs import LocalJobs

_SETTINGS = build_settings_schema("Previz", "The offline renderer has no settings.")


class Previz:
    """The built-in renderer as a provider."""

    name = "previz"
    repeatable = True
    reads = frozenset(
        {
            "kind",
            "intent",
            "settings.duration_s",
            "settings.resolution",
            "settings.aspect_ratio",
            "settings.fps",
            "settings.audio",
            "settings.seed",
            "settings.options.burn_in",
            "settings.options.slate",
            "combined",
        }
    )
    revision = "1"
    """Revision of the renderer; raise it when the same request would be drawn differently."""

    schema: ClassVar[Mapping[str, Any]] = MappingProxyType({"settings": _SETTINGS})

    def __init__(self, settings: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._jobs = LocalJobs(self.name)

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Starts drawing in a worker process; the operation ends with this process."""
        from storyboard.previz.render_take import render_take

        return self._jobs.start_job(place.compute(render_take, request, place.scratch))

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """Waits until the drawing ends."""
        return await self._jobs.poll(operation)

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """Returns the sample unchanged: its files are already local."""
        return sample

    async def close(self) -> None:
        """Drops all unfinished operations."""
        await self._jobs.close()

    @staticmethod
    def bed(words: str, seconds: float, seed: int, start_s: float = 0.0) -> Any:
        """Ambience from a description, (n, 2) float32 at 48 kHz, for the film's mix."""
        from storyboard.previz.audio.mix import render_described_ambience

        return render_described_ambience(words, seconds, seed, start_s)

    @staticmethod
    def murmur(line: Line, voice: str = "") -> Any:
        """A line without a take, (n, 2) float32 at 48 kHz."""
        from storyboard.previz.audio.mix import murmur_line_in_room

        return murmur_line_in_room(line, voice)
