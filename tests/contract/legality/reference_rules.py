"""What a user with curl would send for a shot: what it literally says, and nothing cleverer.

Written from the platforms' wires alone, so that it shares no thought with the catalogue. Where a
shot leaves its seconds open, every number of them is tried: a refusal stands only if none works.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import cv2
import numpy as np

from tests.contract.legality.films import Shot, Story
from tests.contract.legality.verdicts import ClipTraits, Source, WireRequest, judge_request

_IDS = {
    "vertex": {
        "veo-3.1": "veo-3.1-generate-001",
        "veo-3.1-fast": "veo-3.1-fast-generate-001",
        "veo-3.1-lite": "veo-3.1-lite-generate-001",
        "omni-flash": "gemini-omni-1.2-flash",
    },
    "gemini": {
        "veo-3.1": "veo-3.1-generate-preview",
        "veo-3.1-fast": "veo-3.1-fast-generate-preview",
        "veo-3.1-lite": "veo-3.1-lite-generate-preview",
        "omni-flash": "gemini-omni-1.2-flash",
    },
    "cometapi": {"veo-3.1": "veo3.1", "veo-3.1-fast": "veo3.1-fast"},
}
_SHORT_SIDE = {"180p": 180, "360p": 360, "480p": 480, "720p": 720, "1080p": 1080, "4k": 2160}
_HOP = {"veo": 7, "chat": 7, "videos": 7, "omni": 8}
"""Seconds of an extension that says none."""
_USUAL_DURATIONS = (None, *range(1, 21))
_UNLIMITED_S = 400


@dataclass(frozen=True)
class ShotRequest:
    """A shot's own words."""

    provider: str
    wire: str
    model: str
    resolution: str
    aspect: str
    silent: bool = False
    words: bool = True
    seed: int | None = None
    negative: str = ""
    options: tuple[tuple[str, Any], ...] = ()
    first: bool = False
    last: bool = False
    references: int = 0
    storage: bool = False
    picture: bytes = b""
    """What is sent for every picture; empty for a small one."""

    @property
    def image(self) -> str:
        return base64.b64encode(self.picture or PICTURE).decode()


def build_requests(
    story: Story, shot: Shot, source: Source | None
) -> Iterator[tuple[WireRequest, ClipTraits]]:
    """Every request that would do what a shot says, each with what it should bring."""
    shot_request = read_shot_request(story, shot)
    for seconds in _list_durations(story, shot_request, shot):
        yield build_request(shot_request, seconds, source if "extend" in shot else None)


def find_longest_take_s(story: Story, shot: Shot) -> int:
    """Seconds of the longest take in hops that the platform makes for a shot with beats."""
    return _search_longest_take_s(read_shot_request(story, shot), story.reanchor)


def read_shot_request(story: Story, shot: Shot) -> ShotRequest:
    """What a shot asks; of what a film may go without, only what the shot itself says."""
    provider = story.route.provider
    named = story.find_value(shot, "model", "veo-3.1")
    model = _IDS[provider].get(named, named)
    wire = "omni" if "omni" in model else story.route.transport or "veo"
    usual = story.defaults.get("options", {})
    lossless = {key: value for key, value in usual.items() if value == "lossless"}
    options = shot.get("options", lossless)
    names = shot.get("references")
    return ShotRequest(
        provider,
        wire,
        model,
        story.find_value(shot, "resolution", "720p"),
        story.find_value(shot, "aspect_ratio", "16:9"),
        silent=story.find_value(shot, "audio", True) is False,
        words="prompt" in shot or "beats" in shot,
        seed=shot.get("seed"),
        negative=shot.get("negative_prompt", ""),
        options=tuple((key, _to_hashable(value)) for key, value in options.items()),
        first="first_frame" in shot or "continue" in shot,
        last="last_frame" in shot,
        references=len(names) if isinstance(names, list) else 0,
        storage=story.storage,
    )


def _list_durations(story: Story, shot_request: ShotRequest, shot: Shot) -> tuple[int | None, ...]:
    if "duration" in shot:
        return (shot["duration"],)
    if "length" in shot:
        return tuple(range(math.ceil(shot["length"]), 21))
    if "extend" in shot:
        return (_HOP[shot_request.wire],)
    usual = story.defaults.get("duration")
    return (usual,) if usual else _USUAL_DURATIONS


@cache
def _search_longest_take_s(shot_request: ShotRequest, reanchor: bool) -> int:
    def is_accepted(candidate: tuple[WireRequest, ClipTraits]) -> bool:
        return not judge_request(candidate[0]).find_mismatch(candidate[1])

    first_durations = [s for s in range(1, 21) if is_accepted(build_request(shot_request, s, None))]
    plain = replace(shot_request, references=0)
    again = replace(plain, first=True)
    if (
        reanchor
        and first_durations
        and any(is_accepted(build_request(again, s, None)) for s in range(2, 21))
    ):
        return _UNLIMITED_S
    best, seen, queue = 0, set(), [(seconds, 0) for seconds in first_durations]
    while queue:
        run, hops = queue.pop()
        best = max(best, run)
        if run >= _UNLIMITED_S:
            return _UNLIMITED_S
        source = Source(run, shot_request.resolution, shot_request.aspect, shot_request.wire, hops)
        for hop in range(1, 21):
            longer = (run + hop, hops + 1 if shot_request.provider == "gemini" else 0)
            if longer not in seen and is_accepted(build_request(plain, hop, source)):
                seen.add(longer)
                queue.append(longer)
    return best


def build_request(
    shot_request: ShotRequest, seconds: int | None, source: Source | None
) -> tuple[WireRequest, ClipTraits]:
    """One request, and what it asks for."""
    build = {
        "veo": _build_veo_body,
        "omni": _build_omni_body,
        "videos": _build_videos_form,
        "chat": _build_chat_body,
    }[shot_request.wire]
    wire_request = WireRequest(
        shot_request.provider,
        shot_request.wire,
        shot_request.model,
        build(shot_request, seconds, source),
        source,
    )
    return wire_request, ClipTraits(
        seconds,
        shot_request.resolution,
        shot_request.aspect,
        False if shot_request.silent else None,
        shot_request.seed,
        shot_request.negative or None,
        {name: _to_plain_value(value) for name, value in shot_request.options},
        shot_request.first,
        shot_request.last,
        shot_request.references,
        source is not None,
    )


def _build_veo_body(
    shot_request: ShotRequest, seconds: int | None, source: Source | None
) -> dict[str, Any]:
    image = {"bytesBase64Encoded": shot_request.image, "mimeType": "image/png"}
    instance: dict[str, Any] = {"prompt": "A tram"} if shot_request.words else {}
    if shot_request.first:
        instance["image"] = image
    if shot_request.last:
        instance["lastFrame"] = image
    if shot_request.references:
        reference = {"image": image, "referenceType": "asset"}
        instance["referenceImages"] = [reference] * shot_request.references
    if source and shot_request.provider == "vertex":
        instance["video"] = {"gcsUri": "gs://bucket/clip.mp4", "mimeType": "video/mp4"}
    elif source:
        instance["video"] = {"uri": "https://example.test/v1beta/files/abc"}
    parameters: dict[str, Any] = {
        "resolution": shot_request.resolution,
        "aspectRatio": shot_request.aspect,
    }
    if seconds is not None and not (source and shot_request.provider == "gemini" and seconds == 7):
        parameters["durationSeconds"] = seconds  # Gemini's seven are those that go unsaid
    if shot_request.silent:
        parameters["generateAudio"] = False
    if shot_request.seed is not None:
        parameters["seed"] = shot_request.seed
    if shot_request.negative:
        parameters["negativePrompt"] = shot_request.negative
    if shot_request.storage:
        parameters["storageUri"] = "gs://bucket/out"
    body: dict[str, Any] = {"instances": [instance], "parameters": parameters}
    names = {"person_generation": "personGeneration", "enhance_prompt": "enhancePrompt"}
    shouted = {"resize": "resizeMode", "compression": "compressionQuality"}
    for name, value in shot_request.options:
        if name == "labels":
            body["labels"] = _to_plain_value(value)
        elif name in shouted:
            parameters[shouted[name]] = str(value).upper()
        else:
            parameters[names[name]] = value
    return body


def _build_omni_body(
    shot_request: ShotRequest, seconds: int | None, source: Source | None
) -> dict[str, Any]:
    image = {"type": "image", "mime_type": "image/png", "data": shot_request.image}
    content: list[dict[str, Any]] = [image] * (
        shot_request.first + shot_request.last + shot_request.references
    )
    config: dict[str, Any] = {"video_config": {"task": _name_omni_task(shot_request, source)}}
    body: dict[str, Any] = {
        "model": shot_request.model,
        "background": True,
        "generation_config": config,
    }
    if source and source.wire == "omni":
        body["previous_interaction_id"] = "v1_abc"
    elif source:
        uri = "https://generativelanguage.googleapis.com/v1beta/files/abc"
        uri = "gs://bucket/clip.mp4" if shot_request.provider == "vertex" else uri
        content.append({"type": "video", "mime_type": "video/mp4", "uri": uri})
    tags = "<FIRST_FRAME> " * shot_request.first + "<LAST_FRAME> " * shot_request.last
    if shot_request.words:
        content.append({"type": "text", "text": f"{tags}A tram"})
    body["input"] = [{"type": "user_input", "content": content}]
    response_format = {
        "type": "video",
        "resolution": shot_request.resolution,
        "aspect_ratio": shot_request.aspect,
    }
    if seconds is not None:
        response_format["duration"] = f"{seconds}s"
    body["response_format"] = response_format
    if shot_request.seed is not None:
        config["seed"] = shot_request.seed
    if shot_request.negative:
        config["negative_prompt"] = shot_request.negative
    if shot_request.silent:
        config["generate_audio"] = False
    for name, value in shot_request.options:
        (body if name == "labels" else config)[name] = _to_plain_value(value)
    return body


def _name_omni_task(shot_request: ShotRequest, source: Source | None) -> str:
    if source:
        return "extend"
    if shot_request.references:
        return "reference_to_video"
    return "image_to_video" if shot_request.first else "text_to_video"


def _build_videos_form(
    shot_request: ShotRequest, seconds: int | None, source: Source | None
) -> Any:
    short = _SHORT_SIDE[shot_request.resolution]
    wide, high = (int(side) for side in shot_request.aspect.split(":"))
    width = short * wide // min(wide, high)
    height = short * high // min(wide, high)
    fields = {"model": shot_request.model, "size": f"{width}x{height}"}
    if shot_request.words:
        fields["prompt"] = "A tram"
    if seconds is not None:
        fields["seconds"] = str(seconds)
    # It documents no field for any of these; a gateway passes over what it does not know.
    optional_fields = {
        "seed": shot_request.seed,
        "negative_prompt": shot_request.negative,
        **dict(shot_request.options),
    }
    fields |= {
        name: str(value) for name, value in optional_fields.items() if value not in (None, "")
    }
    if shot_request.silent:
        fields["generate_audio"] = "false"
    if source:
        fields["video"] = "https://example.test/clip.mp4"
    file = ("a.png", shot_request.picture or PICTURE, "image/png")
    frames = [("input_reference", file)] * (shot_request.first + shot_request.last)
    return fields, frames + [("reference_images", file)] * shot_request.references


def _build_chat_body(
    shot_request: ShotRequest, seconds: int | None, source: Source | None
) -> dict[str, Any]:
    image = {"uri": f"data:image/png;base64,{shot_request.image}"}
    config: dict[str, Any] = {
        "resolution": shot_request.resolution,
        "aspectRatio": shot_request.aspect,
    }
    google: dict[str, Any] = {"config": config}
    if shot_request.first:
        google["image"] = image
    if shot_request.last:
        google["lastFrame"] = image
    if shot_request.references:
        google["referenceImages"] = [
            {"image": image, "referenceType": "asset"}
        ] * shot_request.references
    if source:
        google["video"] = {"uri": "https://example.test/clip.mp4"}
    if seconds is not None:
        config["durationSeconds"] = seconds
    parameters = {
        "seed": shot_request.seed,
        "negativePrompt": shot_request.negative,
        **dict(shot_request.options),
    }
    config |= {
        name: _to_plain_value(value)
        for name, value in parameters.items()
        if value not in (None, "")
    }
    if shot_request.silent:
        config["generateAudio"] = False
    words = "A tram" if shot_request.words else ""
    return {
        "model": shot_request.model,
        "messages": [{"role": "user", "content": words}],
        "extra_body": {"google": google},
    }


def _to_hashable(value: Any) -> Any:
    return tuple(value.items()) if isinstance(value, dict) else value


def _to_plain_value(value: Any) -> Any:
    return dict(value) if isinstance(value, tuple) else value


def _draw_tiny_picture() -> bytes:
    pixels = np.full((9, 16, 3), 90, np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


PICTURE = _draw_tiny_picture()
