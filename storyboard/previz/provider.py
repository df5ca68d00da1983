"""Previz as a provider: free, offline, repeatable; it draws what others sell.

Nothing heavy is imported here: planning reads this class, and only drawing needs the renderer,
which runs in worker processes.
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
    """The embedded renderer behind the port."""

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
    """Of the renderer: raised when the same request would be drawn otherwise."""

    schema: ClassVar[Mapping[str, Any]] = MappingProxyType({"settings": _SETTINGS})

    def __init__(self, settings: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._jobs = LocalJobs(self.name)

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Starts drawing in a worker process; the job dies with this process."""
        from storyboard.previz.render_take import render_take

        return self._jobs.start_job(place.compute(render_take, request, place.scratch))

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """Waits for the drawing to end."""
        return await self._jobs.poll(operation)

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """The sample as it is: its files are here already."""
        return sample

    async def close(self) -> None:
        """Forgets what is still being drawn."""
        await self._jobs.close()

    @staticmethod
    def bed(words: str, seconds: float, seed: int, start_s: float = 0.0) -> Any:
        """An ambience from words, (n, 2) float32 at 48 kHz, for the film's mix."""
        from storyboard.previz.audio.mix import render_described_ambience

        return render_described_ambience(words, seconds, seed, start_s)

    @staticmethod
    def murmur(line: Line, voice: str = "") -> Any:
        """A line that no take speaks, (n, 2) float32 at 48 kHz."""
        from storyboard.previz.audio.mix import murmur_line_in_room

        return murmur_line_in_room(line, voice)
