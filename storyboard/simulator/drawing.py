"""Clips drawn by previz instead of plain ones: it comes in by the door that all providers use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from math import ceil, gcd
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from storyboard.errors import EnvironmentProblem
from storyboard.providers.base import Done, Intent, Kind, Request, Settings
from storyboard.stitching.media import run_ffmpeg

if TYPE_CHECKING:
    from storyboard.simulator.clips import Order


@dataclass(frozen=True, slots=True)
class _Here:
    """A workplace that computes where it stands: the caller is a thread of its own."""

    scratch: Path

    async def compute(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        return function(*arguments)


def draw(order: Order, out: Path) -> None:
    """Writes what previz makes of the order's prompt, at its size and exact number of frames."""
    found = next(iter(entry_points(group="storyboard.providers", name="previz")), None)
    if found is None:
        raise EnvironmentProblem("previz is not installed", hint="pip install storyboard again")
    width, height = order.size
    shape = gcd(width, height)
    request = Request(
        kind=Kind.GENERATE,
        provider="previz",
        model="previz",
        prompt=order.prompt,
        intent=Intent(prompt=order.prompt),
        settings=Settings(
            duration_s=ceil(order.frames / 24),
            resolution={720: "720p", 1080: "1080p", 2160: "4k"}.get(min(order.size), "360p"),
            aspect_ratio=f"{width // shape}:{height // shape}",
            audio=order.sound,
            seed=order.seed,
        ),
    )
    with TemporaryDirectory(prefix="storyboard-drawn-") as folder:
        drawn = asyncio.run(_drawn(found.load()(), request, _Here(Path(folder))))
        run_ffmpeg(
            [
                *("-i", f"file:{drawn}", "-frames:v", str(order.frames)),
                *("-t", f"{order.frames / 24:.6f}", "-c", "copy", "-f", "mp4", f"file:{out}"),
            ]
        )


async def _drawn(previz: Any, request: Request, place: _Here) -> Path:
    operation = await previz.submit(request, place)
    outcome = await previz.poll(operation, place)
    await previz.close()
    if not isinstance(outcome, Done) or outcome.samples[0].path is None:
        raise EnvironmentProblem(f"previz did not draw it: {outcome}")
    return outcome.samples[0].path
