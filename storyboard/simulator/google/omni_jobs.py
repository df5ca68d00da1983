"""A Gemini Omni job from an accepted interaction: its media, its clip, its price."""

from __future__ import annotations

import re
import secrets
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

from storyboard.errors import MediaError
from storyboard.simulator.job_faults import consume_video_job_faults
from storyboard.simulator.media.clip_spec import ClipSpec
from storyboard.simulator.media.clips import FPS
from storyboard.simulator.media.test_patterns import decode_picture
from storyboard.simulator.media.uploaded_media import read_clip_facts
from storyboard.simulator.media_sources import (
    extract_last_frame,
    find_path,
    normalize_clip,
    resize_clip,
    trim_clip,
)
from storyboard.simulator.state import Job, SimulatorState
from storyboard.simulator.validation.interaction_input import InputMedia
from storyboard.simulator.validation.omni import (
    GEMINI,
    SIZES,
    InteractionRequest,
    compute_kept_seconds,
    compute_second_price_usd,
)
from storyboard.simulator.validation.rejection import Rejection, reject_invalid

STORED_S = 55 * 24 * 3600.0
"""How long an interaction is stored and can be continued."""

_FILE = re.compile(r"https?://[^/]+/v1(?:beta)?/files/(?P<id>[a-z0-9]+)")
_CODES = {
    "blocked": "prompt_blocked",
    "filtered": "content_filtered",
    "failed": "internal_error",
}


@dataclass(frozen=True, slots=True)
class SourceVideo:
    """The source video of an edit, an extension or an upscale."""

    path: Path
    frames: int
    size: tuple[int, int]
    generated: bool
    """Whether this API made it."""


def start_omni_job(
    world: SimulatorState, service: str, interaction: InteractionRequest
) -> Job | Rejection:
    """Starts the job of an interaction, or rejects it. Reads and cuts media: call it in a
    thread.
    """
    pictures: list[bytes] = []
    for media in (interaction.first, interaction.last, *interaction.references):
        data = _read_picture(world, service, media) if media else b""
        if isinstance(data, Rejection):
            return data
        pictures.append(data)
    first, last, references = pictures[0] or None, pictures[1] or None, tuple(pictures[2:])
    size = SIZES[interaction.resolution or "720p", interaction.aspect_ratio or "16:9"]
    seconds, source, kept_frames = interaction.seconds, None, 0
    if interaction.video or interaction.previous:
        source_video = _find_source_video(world, service, interaction)
        if isinstance(source_video, Rejection):
            return source_video
        total = world.settings.omni_total_s or None
        length = source_video.frames / FPS
        kept_seconds = compute_kept_seconds(
            interaction, service, length, is_generated=source_video.generated, total_s=total
        )
        if isinstance(kept_seconds, Rejection):
            return kept_seconds
        source, kept_frames = source_video, round(kept_seconds * FPS)
        # Edits and upscales are as long as their source.
        if interaction.task != "extend":
            seconds = length
        size = _choose_size(interaction, source_video.size)
    job_faults = consume_video_job_faults(world, interaction.prompt)
    job = Job(f"v1_{secrets.token_urlsafe(24)}", service, interaction.model, interaction.prompt)
    job.memo = {
        "ask": interaction,
        "created": world.clock.now(),
        "updated": world.clock.now(),
        "error": (_CODES[job_faults.failure], job_faults.message) if job_faults.failure else None,
        "looks": job_faults.looks,
        "seconds": seconds,
    }
    names = {pixels: name for (name, _), pixels in SIZES.items()}
    rate = compute_second_price_usd(interaction.model, names.get(size, "720p"))
    if not job_faults.failure and not (source and interaction.task == "upscale"):
        clip_spec = ClipSpec(
            interaction.prompt,
            job_faults.halve_size_if_faulty(size),
            max(2, round(seconds * FPS) - job_faults.missing_frames),
            seed=interaction.seed or world.issue_job_number(),
            first=first,
            last=last,
            references=references,
        )
        if source and interaction.task == "extend":
            clip_spec = _plan_extension(world, clip_spec, source, kept_frames)
        job.clip_specs = (clip_spec,)
    # Bill the job even if it fails: the note says that there is nothing to pay.
    world.charge_job(world.start_job(job), rate, seconds, note=job_faults.failure)
    if source and interaction.task == "upscale" and not job_faults.failure:
        job.clip_futures = [
            _build_finished_future(
                resize_clip(world, source.path, job_faults.halve_size_if_faulty(size))
            )
        ]
    return job


def is_interaction_stored(world: SimulatorState, job: Job) -> bool:
    """Whether an interaction can still be referenced: it was stored, not too long ago."""
    interaction: InteractionRequest = job.memo["ask"]
    return interaction.store and world.clock.now() < float(job.memo["created"]) + STORED_S


def _plan_extension(
    world: SimulatorState, clip_spec: ClipSpec, source_video: SourceVideo, kept_frames: int
) -> ClipSpec:
    """The clip of an extension: with its source, or only the tail, depending on the settings."""
    if world.settings.omni_extension == "tail":
        return replace(
            clip_spec, first=extract_last_frame(world, source_video.path, source_video.frames)
        )
    # Omni remakes the last frames before the seam: cut them from the source and add them to the new
    # part.
    seam = min(world.settings.omni_seam, kept_frames - FPS)
    path = source_video.path
    if seam or kept_frames < source_video.frames:
        path = trim_clip(world, path, source_video.frames - kept_frames, source_video.frames - seam)
    return replace(clip_spec, source=path, frames=clip_spec.frames + seam)


def _choose_size(interaction: InteractionRequest, source_size: tuple[int, int]) -> tuple[int, int]:
    if not interaction.resolution:
        return source_size
    aspect = "9:16" if source_size[1] > source_size[0] else "16:9"
    return SIZES[interaction.resolution, aspect]


def _find_source_video(
    world: SimulatorState, service: str, interaction: InteractionRequest
) -> SourceVideo | Rejection:
    generated = True
    if interaction.previous:
        job = world.jobs.get(interaction.previous)
        if (
            job is None
            or job.provider != service
            or "ask" not in job.memo
            or not is_interaction_stored(world, job)
        ):
            return Rejection(404, "NOT_FOUND", f"Interaction {interaction.previous} was not found.")
        is_unmade = world.clock.now() < job.ready_at or not job.clip_futures
        if is_unmade or any(future.exception() for future in job.clip_futures):
            return reject_invalid(f"Interaction {interaction.previous} has no video.")
        path = job.clips[0]
    else:
        media = interaction.video or InputMedia("video")
        media_path = _resolve_media_path(world, service, media)
        if isinstance(media_path, Rejection):
            return media_path
        path = media_path
        match = _FILE.match(media.uri)
        file = world.files.get(match["id"]) if match else None
        generated = bool(file and file.made_by)
    facts = read_clip_facts(path)
    if facts is None:
        return reject_invalid("The input video can't be read; it must be an MP4.")
    if facts.frames < facts.fps:
        return reject_invalid("The input video must be at least a second long.")
    if round(facts.fps) != FPS or facts.width % 2 or facts.height % 2:
        path = normalize_clip(world, path)
        facts = read_clip_facts(path)
        assert facts is not None
    return SourceVideo(path, facts.frames, (facts.width, facts.height), generated)


def _read_picture(world: SimulatorState, service: str, media: InputMedia) -> bytes | Rejection:
    data = media.data
    if data is None:
        path = _resolve_media_path(world, service, media)
        if isinstance(path, Rejection):
            return path
        data = path.read_bytes()
    try:
        decode_picture(data)
    except MediaError:
        return reject_invalid("Unable to process input image. Please retry with another one.")
    return data


def _resolve_media_path(world: SimulatorState, service: str, media: InputMedia) -> Path | Rejection:
    """The file of a medium: a file of the Gemini API there, a bucket object on Vertex."""
    if media.data is not None:
        return world.store_bytes(media.data, ".mp4")
    match = _FILE.match(media.uri)
    if (service == GEMINI) != bool(match) or not (match or media.uri.startswith("gs://")):
        return reject_invalid(f"Unsupported file URI: {media.uri[:80]}")
    path = find_path(world, media.uri)
    if path is None:
        words = "You do not have permission to access the file, or it may not exist."
        return Rejection(403, "PERMISSION_DENIED", words)
    file = world.files.get(match["id"]) if match else None
    if file and file.state != "ACTIVE":
        words = f"The File {file.id} is not in an ACTIVE state and usage is not allowed."
        return Rejection(400, "FAILED_PRECONDITION", words)
    return path


def _build_finished_future(path: Path) -> Future[Path]:
    future: Future[Path] = Future()
    future.set_result(path)
    return future
