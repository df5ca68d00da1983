"""A Gemini Omni job, from an interaction that was taken: its media, its clip, its price."""

from __future__ import annotations

import re
import secrets
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

from storyboard.errors import MediaError
from storyboard.simulator.clips import FPS, Order
from storyboard.simulator.inputs import clip_facts
from storyboard.simulator.pictures import decoded
from storyboard.simulator.rules.omni import GEMINI, SIZES, Ask, price, reach
from storyboard.simulator.rules.refusal import Refusal, invalid
from storyboard.simulator.rules.steps import Media
from storyboard.simulator.sources import last_frame, levelled, part, path_of, resized
from storyboard.simulator.troubles import draw_trouble
from storyboard.simulator.world import Job, World

STORED_S = 55 * 24 * 3600.0
"""How long an interaction is kept, and can be gone on from."""

_FILE = re.compile(r"https?://[^/]+/v1(?:beta)?/files/(?P<id>[a-z0-9]+)")
_CODES = {
    "blocked": "prompt_blocked",
    "filtered": "content_filtered",
    "failed": "internal_error",
}


@dataclass(frozen=True, slots=True)
class Source:
    """The video that an edit, an extension or an upscale begins from."""

    path: Path
    frames: int
    size: tuple[int, int]
    generated: bool
    """It is this API's own work."""


def begin(world: World, host: str, ask: Ask) -> Job | Refusal:
    """Takes an interaction on, or says why not. Reads and cuts media: call it in a thread."""
    pictures: list[bytes] = []
    for media in (ask.first, ask.last, *ask.references):
        data = _picture(world, host, media) if media else b""
        if isinstance(data, Refusal):
            return data
        pictures.append(data)
    first, last, references = pictures[0] or None, pictures[1] or None, tuple(pictures[2:])
    size = SIZES[ask.resolution or "720p", ask.aspect_ratio or "16:9"]
    seconds, source, kept = ask.seconds, None, 0
    if ask.video or ask.previous:
        found = _source(world, host, ask)
        if isinstance(found, Refusal):
            return found
        total = world.settings.omni_total_s or None
        length = found.frames / FPS
        reached = reach(ask, host, length, generated=found.generated, total_s=total)
        if isinstance(reached, Refusal):
            return reached
        source, kept = found, round(reached * FPS)
        if ask.task != "extend":
            seconds = length
        size = _size(ask, found.size)
    trouble = draw_trouble(world, ask.prompt)
    job = Job(f"v1_{secrets.token_urlsafe(24)}", host, ask.model, ask.prompt)
    job.memo = {
        "ask": ask,
        "created": world.clock.now(),
        "updated": world.clock.now(),
        "error": (_CODES[trouble.failure], trouble.message) if trouble.failure else None,
        "looks": trouble.looks,
        "seconds": seconds,
    }
    names = {pixels: name for (name, _), pixels in SIZES.items()}
    rate = price(ask.model, names.get(size, "720p"))
    if not trouble.failure and not (source and ask.task == "upscale"):
        order = Order(
            ask.prompt,
            trouble.size(size),
            max(2, round(seconds * FPS) - trouble.shorter),
            seed=ask.seed or world.number(),
            first=first,
            last=last,
            references=references,
        )
        if source and ask.task == "extend":
            order = _extended(world, order, source, kept)
        job.orders = (order,)
    world.charge(world.begin(job), rate, seconds, note=trouble.failure)
    if source and ask.task == "upscale" and not trouble.failure:
        job.made = [_ready(resized(world, source.path, trouble.size(size)))]
    return job


def standing(world: World, job: Job) -> bool:
    """Whether an interaction can still be named: it was stored, and not too long ago."""
    ask: Ask = job.memo["ask"]
    return ask.store and world.clock.now() < float(job.memo["created"]) + STORED_S


def _extended(world: World, order: Order, source: Source, kept: int) -> Order:
    """The order of an extension: after its source, or of the tail alone, as the world is set."""
    if world.settings.omni_extension == "tail":
        return replace(order, first=last_frame(world, source.path, source.frames))
    seam = min(world.settings.omni_seam, kept - FPS)
    path = source.path
    if seam or kept < source.frames:
        path = part(world, path, source.frames - kept, source.frames - seam)
    return replace(order, source=path, frames=order.frames + seam)


def _size(ask: Ask, source: tuple[int, int]) -> tuple[int, int]:
    if not ask.resolution:
        return source
    aspect = "9:16" if source[1] > source[0] else "16:9"
    return SIZES[ask.resolution, aspect]


def _source(world: World, host: str, ask: Ask) -> Source | Refusal:
    generated = True
    if ask.previous:
        job = world.jobs.get(ask.previous)
        if job is None or job.provider != host or "ask" not in job.memo or not standing(world, job):
            return Refusal(404, "NOT_FOUND", f"Interaction {ask.previous} was not found.")
        unmade = world.clock.now() < job.ready_at or not job.made
        if unmade or any(each.exception() for each in job.made):
            return invalid(f"Interaction {ask.previous} has no video.")
        path = job.clips[0]
    else:
        media = ask.video or Media("video")
        read = _path(world, host, media)
        if isinstance(read, Refusal):
            return read
        path = read
        named = _FILE.match(media.uri)
        file = world.files.get(named["id"]) if named else None
        generated = bool(file and file.made_by)
    facts = clip_facts(path)
    if facts is None:
        return invalid("The input video can't be read; it must be an MP4.")
    if facts.frames < facts.fps:
        return invalid("The input video must be at least a second long.")
    if round(facts.fps) != FPS or facts.width % 2 or facts.height % 2:
        path = levelled(world, path)
        facts = clip_facts(path)
        assert facts is not None
    return Source(path, facts.frames, (facts.width, facts.height), generated)


def _picture(world: World, host: str, media: Media) -> bytes | Refusal:
    read = media.data
    if read is None:
        path = _path(world, host, media)
        if isinstance(path, Refusal):
            return path
        read = path.read_bytes()
    try:
        decoded(read)
    except MediaError:
        return invalid("Unable to process input image. Please retry with another one.")
    return read


def _path(world: World, host: str, media: Media) -> Path | Refusal:
    """The file of a medium: files of the Gemini API there, objects of a bucket on Vertex."""
    if media.data is not None:
        return world.keep_bytes(media.data, ".mp4")
    named = _FILE.match(media.uri)
    if (host == GEMINI) != bool(named) or not (named or media.uri.startswith("gs://")):
        return invalid(f"Unsupported file URI: {media.uri[:80]}")
    path = path_of(world, media.uri)
    if path is None:
        words = "You do not have permission to access the file, or it may not exist."
        return Refusal(403, "PERMISSION_DENIED", words)
    file = world.files.get(named["id"]) if named else None
    if file and file.state != "ACTIVE":
        words = f"The File {file.id} is not in an ACTIVE state and usage is not allowed."
        return Refusal(400, "FAILED_PRECONDITION", words)
    return path


def _ready(path: Path) -> Future[Path]:
    made: Future[Path] = Future()
    made.set_result(path)
    return made
