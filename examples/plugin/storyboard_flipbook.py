"""Flipbook: a provider for `storyboard` that shows drawn pages, with a move of the camera on each.

It is free and local, and it sells one model, `flipbook-1`: the shot's `first_frame`, its
`references` and its `last_frame`, one after another.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from storyboard.errors import InvalidRequest, StoryboardError
from storyboard.model.film import compute_frame_size
from storyboard.providers.base import (
    Done,
    Failed,
    Operation,
    Outcome,
    Request,
    Role,
    Sample,
    Workplace,
)
from storyboard.stitching.media.ffmpeg import run_ffmpeg

_ROLE_ORDER = (Role.FIRST_FRAME, Role.REFERENCE, Role.LAST_FRAME)
_PAPER = "#f4efe4"
_ZOOM = 0.12


class Flipbook:
    """Pages on the port. Everything that changes a picture is in `reads`, and nothing else."""

    name = "flipbook"
    repeatable = True
    reads = frozenset(
        {
            "intent.camera",
            "settings.duration_s",
            "settings.resolution",
            "settings.aspect_ratio",
            "settings.fps",
            "settings.options",
        }
    )
    revision = "1"
    """Raised when the same request would look otherwise."""

    models = (
        {
            "id": "flipbook-1",
            "durations": list(range(1, 31)),
            "default_duration": 4,
            "resolutions": ["720p", "1080p", "4k"],
            "aspect_ratios": ["16:9", "9:16"],
            "first_frame": True,
            "last_frame": True,
            "references": {"max": 12},
            "audio": "none",
            "options": ["page_s", "paper"],
            "price": {"audio": {"720p": "0", "1080p": "0", "4k": "0"}},
        },
    )
    schema: ClassVar[dict[str, Any]] = {
        "settings": {
            "type": "object",
            "properties": {
                "threads": {
                    "title": "Threads",
                    "description": "Of the encoder; the pictures are the same with any number.",
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 16,
                }
            },
            "additionalProperties": False,
        },
        "options": {
            "type": "object",
            "properties": {
                "page_s": {
                    "title": "Seconds a page",
                    "description": "Absent: the pages share the shot's length.",
                    "type": "number",
                    "minimum": 0.1,
                    "maximum": 30,
                },
                "paper": {
                    "title": "Paper",
                    "description": "Colour around a page of another shape.",
                    "type": "string",
                    "pattern": "^#[0-9a-fA-F]{6}$",
                    "x-wants": 'a colour such as "#f4efe4"',
                },
            },
            "additionalProperties": False,
        },
    }

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._threads = settings.get("threads", 2)
        self._drawings: dict[str, asyncio.Task[Path]] = {}

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Starts drawing in one of the run's processes."""
        pages = [
            given.path for role in _ROLE_ORDER for given in request.inputs if given.role is role
        ]
        if not pages or None in pages:
            raise InvalidRequest(
                "Flipbook has no page to show",
                hint="give the shot a `first_frame:`, or `references:` to a cast with images",
                provider=self.name,
            )
        name = f"flipbook-{secrets.token_hex(6)}"
        out = place.scratch / f"{name}.mp4"
        drawing = place.compute(draw_clip, request, pages, self._threads, out)
        self._drawings[name] = asyncio.ensure_future(drawing)
        return Operation(name)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """Waits for the drawing, which takes a second or two."""
        drawing = self._drawings.get(operation.name)
        if drawing is None:
            return Failed("Flipbook was stopped before it had drawn this")
        try:
            return Done((Sample(path=await asyncio.shield(drawing)),))
        except StoryboardError as error:
            return Failed(str(error))

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """The sample as it is; a job that is done has its file here."""
        if sample.path is None:
            raise InvalidRequest("Flipbook keeps nothing elsewhere", provider=self.name)
        return sample

    async def close(self) -> None:
        """Waits for what is still being drawn; a process can't be called back."""
        await asyncio.gather(*self._drawings.values(), return_exceptions=True)


def draw_clip(request: Request, pages: list[Path], threads: int, out: Path) -> Path:
    """Draws the clip in a worker process: each page held, with the shot's first camera move."""
    settings = request.settings
    width, height = compute_frame_size(settings.resolution, settings.aspect_ratio)
    paper = str(settings.options.get("paper") or _PAPER).replace("#", "0x")
    move = request.intent.camera[0].words.lower() if request.intent.camera else ""
    frames = settings.duration_s * settings.fps
    page_lengths = _plan_pages(len(pages), frames, settings.options.get("page_s"), settings.fps)
    inputs = [word for page, _ in page_lengths for word in ("-i", str(pages[page]))]
    graph = [
        f"[{n}:v]scale={2 * width}:{2 * height}:force_original_aspect_ratio=decrease,"
        f"pad={2 * width}:{2 * height}:(ow-iw)/2:(oh-ih)/2:{paper},"
        f"{_build_zoompan_filter(move, count)}:s={width}x{height}:fps={settings.fps},setsar=1[p{n}]"
        for n, (_, count) in enumerate(page_lengths)
    ]
    concat_filter = (
        "".join(f"[p{n}]" for n in range(len(page_lengths))) + f"concat=n={len(page_lengths)}[v]"
    )
    run_ffmpeg(
        [*inputs, "-filter_complex", ";".join([*graph, concat_filter]), "-map", "[v]",
         "-frames:v", str(frames), "-c:v", "libx264", "-preset", "veryfast", "-crf", "16",
         "-pix_fmt", "yuv420p", "-threads", str(threads), str(out)]
    )  # fmt: skip
    return out


def _plan_pages(pages: int, frames: int, page_s: float | None, fps: int) -> list[tuple[int, int]]:
    """(page, frames) of every page as it is shown; they begin anew where `page_s` leaves time."""
    if page_s is None:
        ends = [frames * n // pages for n in range(pages + 1)]
        return [(n, ends[n + 1] - ends[n]) for n in range(pages) if ends[n + 1] > ends[n]]
    frames_a_page = max(1, round(page_s * fps))
    starts = range(0, frames, frames_a_page)
    return [(n % pages, min(frames_a_page, frames - start)) for n, start in enumerate(starts)]


def _build_zoompan_filter(move: str, frames: int) -> str:
    """The filter for a move, in words of the film: in, out, left, right, up, down, static."""
    progress = f"on/{max(1, frames - 1)}"
    zoom, across, down = f"1+{_ZOOM}*{progress}", "0.5", "0.5"
    if "static" in move or "locked" in move:
        zoom = "1"
    elif "out" in move or "pull" in move:
        zoom = f"1+{_ZOOM}*(1-{progress})"
    elif any(side in move for side in ("left", "right", "up", "down")):
        zoom = f"1+{_ZOOM}"
        across = {"left": f"1-{progress}", "right": progress}.get(_find_side(move), "0.5")
        down = {"up": f"1-{progress}", "down": progress}.get(_find_side(move), "0.5")
    position = f"x='(iw-iw/zoom)*({across})':y='(ih-ih/zoom)*({down})'"
    return f"zoompan=z='{zoom}':{position}:d={frames}"


def _find_side(move: str) -> str:
    return next(side for side in ("left", "right", "up", "down") if side in move)
