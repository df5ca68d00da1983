"""Requests for a tested adapter: the smallest of everything that its models support."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from storyboard.digest import hash_file
from storyboard.model.film import compute_frame_size
from storyboard.providers.base import (
    Input,
    Intent,
    Kind,
    Request,
    Role,
    Sample,
    Settings,
    SpokenLine,
)
from storyboard.providers.catalog import Extension, Model
from storyboard.stitching.media.ffmpeg import probe

_WORDS = "A tram climbs the hill."


def build_minimal_requests(model: Model, folder: Path) -> list[Request]:
    """The smallest request of every kind that a model supports; pictures are drawn in `folder`."""
    resolution = model.resolutions[0] if model.resolutions else ""
    aspect = model.aspect_ratios[0] if model.aspect_ratios else "16:9"
    settings = Settings(
        duration_s=min(model.list_legal_durations(resolution), default=model.default_duration),
        resolution=resolution,
        aspect_ratio=aspect,
        fps=model.rate,
        audio=model.audio != "none",
    )
    kind = {"still": Kind.STILL, "write": Kind.WRITE, "speech": Kind.SPEECH}.get(model.makes)
    plain = Request(
        kind=kind or Kind.GENERATE,
        provider=model.provider,
        model=model.id,
        prompt=_WORDS,
        intent=Intent(prompt=_WORDS),
        settings=settings,
    )
    if kind is Kind.SPEECH:
        line = SpokenLine("", _WORDS, 0.0, voice="a calm alto")
        spoken = replace(settings, options={"voice": line.voice})
        return [replace(plain, intent=Intent(dialogue=(line,)), settings=spoken)]
    if kind is not None:
        return [plain]
    requests = [plain]
    first, last = (
        draw_input_picture(folder, role, aspect) for role in (Role.FIRST_FRAME, Role.LAST_FRAME)
    )
    if model.first_frame:
        requests.append(replace(plain, inputs=(first,)))
    if model.first_frame and model.last_frame:
        requests.append(replace(plain, kind=Kind.INTERPOLATE, inputs=(first, last)))
    # References may allow fewer durations.
    legal = model.list_legal_durations(resolution, references=True)
    if model.references and legal:
        reference = replace(first, role=Role.REFERENCE, name="ana")
        long = replace(settings, duration_s=min(legal))
        requests.append(replace(plain, inputs=(reference,), settings=long))
    return requests


def draw_input_picture(folder: Path, role: Role, aspect: str) -> Input:
    """A picture for a role, drawn in `folder`."""
    import cv2
    import numpy as np

    width, height = compute_frame_size("720p", aspect)
    pixels = np.full((height, width, 3), 64, np.uint8)
    pixels[: height // 2, :, 1 if role is Role.FIRST_FRAME else 2] = 200
    path = folder / f"{role.value}.png"
    cv2.imwrite(str(path), pixels)
    return Input(role, hash_file(path), path=path, facts=probe(path))


def build_extension_request(
    source_request: Request, sample: Sample, extension: Extension
) -> Request:
    """The request that extends a fetched sample of `source_request` by the model's usual hop."""
    assert sample.path is not None, "fetch() returned no file"
    source_input = Input(
        Role.VIDEO,
        hash_file(sample.path),
        path=sample.path,
        facts=probe(sample.path),
        uri=sample.uri,
        expires_at=sample.expires_at,
    )
    settings = replace(
        source_request.settings,
        duration_s=extension.default_hop,
        resolution=extension.resolution or source_request.settings.resolution,
    )
    return replace(
        source_request,
        kind=Kind.EXTEND,
        settings=settings,
        inputs=(source_input,),
        combined=extension.combined,
    )
