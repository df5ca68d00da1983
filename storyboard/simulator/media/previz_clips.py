"""Draws clips with previz, which it loads like any provider."""

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
from storyboard.stitching.media.ffmpeg import run_ffmpeg

if TYPE_CHECKING:
    from storyboard.simulator.media.clip_spec import ClipSpec


@dataclass(frozen=True, slots=True)
class _InlineWorkspace:
    """A workspace that computes in the calling thread."""

    scratch: Path

    async def compute(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        return function(*arguments)


def draw_previz_clip(clip_spec: ClipSpec, out: Path) -> None:
    """Writes previz's clip for the prompt, with the exact size and number of frames."""
    entry_point = next(iter(entry_points(group="storyboard.providers", name="previz")), None)
    if entry_point is None:
        raise EnvironmentProblem("previz is not installed", hint="pip install storyboard-film")
    width, height = clip_spec.size
    shape = gcd(width, height)
    request = Request(
        kind=Kind.GENERATE,
        provider="previz",
        model="previz",
        prompt=clip_spec.prompt,
        intent=Intent(prompt=clip_spec.prompt),
        settings=Settings(
            duration_s=ceil(clip_spec.frames / 24),
            resolution={720: "720p", 1080: "1080p", 2160: "4k"}.get(min(clip_spec.size), "360p"),
            aspect_ratio=f"{width // shape}:{height // shape}",
            audio=clip_spec.sound,
            seed=clip_spec.seed,
        ),
    )
    with TemporaryDirectory(prefix="storyboard-drawn-") as folder:
        take_path = asyncio.run(
            _make_previz_take(entry_point.load()(), request, _InlineWorkspace(Path(folder)))
        )
        run_ffmpeg(
            [
                *("-i", f"file:{take_path}", "-frames:v", str(clip_spec.frames)),
                *("-t", f"{clip_spec.frames / 24:.6f}", "-c", "copy", "-f", "mp4", f"file:{out}"),
            ]
        )


async def _make_previz_take(
    previz_provider: Any, request: Request, workspace: _InlineWorkspace
) -> Path:
    operation = await previz_provider.submit(request, workspace)
    outcome = await previz_provider.poll(operation, workspace)
    await previz_provider.close()
    if not isinstance(outcome, Done) or outcome.samples[0].path is None:
        raise EnvironmentProblem(f"previz could not draw the clip: {outcome}")
    return outcome.samples[0].path
