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

from tests.contract.legality_films import Shot, Story
from tests.contract.legality_judges import Made, Order, Source, verdict

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
_TRIED = (None, *range(1, 21))
_FOREVER = 400


@dataclass(frozen=True)
class Wish:
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


def attempts(story: Story, shot: Shot, source: Source | None) -> Iterator[tuple[Order, Made]]:
    """Every request that would do what a shot says, each with what it should bring."""
    wish = wish_of(story, shot)
    for seconds in _seconds(story, wish, shot):
        yield asked(wish, seconds, source if "extend" in shot else None)


def reach(story: Story, shot: Shot) -> int:
    """Seconds of the longest take in hops that the platform makes for a shot with beats."""
    return _reach(wish_of(story, shot), story.reanchor)


def wish_of(story: Story, shot: Shot) -> Wish:
    """What a shot asks; of what a film may go without, only what the shot itself says."""
    provider = story.route.provider
    named = story.said(shot, "model", "veo-3.1")
    model = _IDS[provider].get(named, named)
    wire = "omni" if "omni" in model else story.route.transport or "veo"
    usual = story.defaults.get("options", {})
    lossless = {key: value for key, value in usual.items() if value == "lossless"}
    options = shot.get("options", lossless)
    names = shot.get("references")
    return Wish(
        provider,
        wire,
        model,
        story.said(shot, "resolution", "720p"),
        story.said(shot, "aspect_ratio", "16:9"),
        silent=story.said(shot, "audio", True) is False,
        words="prompt" in shot or "beats" in shot,
        seed=shot.get("seed"),
        negative=shot.get("negative_prompt", ""),
        options=tuple((key, _hashable(value)) for key, value in options.items()),
        first="first_frame" in shot or "continue" in shot,
        last="last_frame" in shot,
        references=len(names) if isinstance(names, list) else 0,
        storage=story.storage,
    )


def _seconds(story: Story, wish: Wish, shot: Shot) -> tuple[int | None, ...]:
    if "duration" in shot:
        return (shot["duration"],)
    if "length" in shot:
        return tuple(range(math.ceil(shot["length"]), 21))
    if "extend" in shot:
        return (_HOP[wish.wire],)
    usual = story.defaults.get("duration")
    return (usual,) if usual else _TRIED


@cache
def _reach(wish: Wish, reanchor: bool) -> int:
    def taken(order: tuple[Order, Made]) -> bool:
        return not verdict(order[0]).against(order[1])

    roots = [s for s in range(1, 21) if taken(asked(wish, s, None))]
    plain = replace(wish, references=0)
    again = replace(plain, first=True)
    if reanchor and roots and any(taken(asked(again, s, None)) for s in range(2, 21)):
        return _FOREVER
    best, seen, open_ = 0, set(), [(seconds, 0) for seconds in roots]
    while open_:
        run, hops = open_.pop()
        best = max(best, run)
        if run >= _FOREVER:
            return _FOREVER
        source = Source(run, wish.resolution, wish.aspect, wish.wire, hops)
        for hop in range(1, 21):
            longer = (run + hop, hops + 1 if wish.provider == "gemini" else 0)
            if longer not in seen and taken(asked(plain, hop, source)):
                seen.add(longer)
                open_.append(longer)
    return best


def asked(wish: Wish, seconds: int | None, source: Source | None) -> tuple[Order, Made]:
    """One request, and what it asks for."""
    build = {"veo": _veo, "omni": _omni, "videos": _videos, "chat": _chat}[wish.wire]
    order = Order(wish.provider, wish.wire, wish.model, build(wish, seconds, source), source)
    return order, Made(
        seconds,
        wish.resolution,
        wish.aspect,
        False if wish.silent else None,
        wish.seed,
        wish.negative or None,
        {name: _plain(value) for name, value in wish.options},
        wish.first,
        wish.last,
        wish.references,
        source is not None,
    )


def _veo(wish: Wish, seconds: int | None, source: Source | None) -> dict[str, Any]:
    image = {"bytesBase64Encoded": wish.image, "mimeType": "image/png"}
    instance: dict[str, Any] = {"prompt": "A tram"} if wish.words else {}
    if wish.first:
        instance["image"] = image
    if wish.last:
        instance["lastFrame"] = image
    if wish.references:
        reference = {"image": image, "referenceType": "asset"}
        instance["referenceImages"] = [reference] * wish.references
    if source and wish.provider == "vertex":
        instance["video"] = {"gcsUri": "gs://bucket/clip.mp4", "mimeType": "video/mp4"}
    elif source:
        instance["video"] = {"uri": "https://example.test/v1beta/files/abc"}
    parameters: dict[str, Any] = {"resolution": wish.resolution, "aspectRatio": wish.aspect}
    if seconds is not None and not (source and wish.provider == "gemini" and seconds == 7):
        parameters["durationSeconds"] = seconds  # Gemini's seven are those that go unsaid
    if wish.silent:
        parameters["generateAudio"] = False
    if wish.seed is not None:
        parameters["seed"] = wish.seed
    if wish.negative:
        parameters["negativePrompt"] = wish.negative
    if wish.storage:
        parameters["storageUri"] = "gs://bucket/out"
    body: dict[str, Any] = {"instances": [instance], "parameters": parameters}
    names = {"person_generation": "personGeneration", "enhance_prompt": "enhancePrompt"}
    shouted = {"resize": "resizeMode", "compression": "compressionQuality"}
    for name, value in wish.options:
        if name == "labels":
            body["labels"] = _plain(value)
        elif name in shouted:
            parameters[shouted[name]] = str(value).upper()
        else:
            parameters[names[name]] = value
    return body


def _omni(wish: Wish, seconds: int | None, source: Source | None) -> dict[str, Any]:
    image = {"type": "image", "mime_type": "image/png", "data": wish.image}
    content: list[dict[str, Any]] = [image] * (wish.first + wish.last + wish.references)
    config: dict[str, Any] = {"video_config": {"task": _task(wish, source)}}
    body: dict[str, Any] = {"model": wish.model, "background": True, "generation_config": config}
    if source and source.wire == "omni":
        body["previous_interaction_id"] = "v1_abc"
    elif source:
        uri = "https://generativelanguage.googleapis.com/v1beta/files/abc"
        uri = "gs://bucket/clip.mp4" if wish.provider == "vertex" else uri
        content.append({"type": "video", "mime_type": "video/mp4", "uri": uri})
    tags = "<FIRST_FRAME> " * wish.first + "<LAST_FRAME> " * wish.last
    if wish.words:
        content.append({"type": "text", "text": f"{tags}A tram"})
    body["input"] = [{"type": "user_input", "content": content}]
    wanted = {"type": "video", "resolution": wish.resolution, "aspect_ratio": wish.aspect}
    if seconds is not None:
        wanted["duration"] = f"{seconds}s"
    body["response_format"] = wanted
    if wish.seed is not None:
        config["seed"] = wish.seed
    if wish.negative:
        config["negative_prompt"] = wish.negative
    if wish.silent:
        config["generate_audio"] = False
    for name, value in wish.options:
        (body if name == "labels" else config)[name] = _plain(value)
    return body


def _task(wish: Wish, source: Source | None) -> str:
    if source:
        return "extend"
    if wish.references:
        return "reference_to_video"
    return "image_to_video" if wish.first else "text_to_video"


def _videos(wish: Wish, seconds: int | None, source: Source | None) -> Any:
    short = _SHORT_SIDE[wish.resolution]
    wide, high = (int(side) for side in wish.aspect.split(":"))
    width = short * wide // min(wide, high)
    height = short * high // min(wide, high)
    fields = {"model": wish.model, "size": f"{width}x{height}"}
    if wish.words:
        fields["prompt"] = "A tram"
    if seconds is not None:
        fields["seconds"] = str(seconds)
    # It documents no field for any of these; a gateway passes over what it does not know.
    given = {"seed": wish.seed, "negative_prompt": wish.negative, **dict(wish.options)}
    fields |= {name: str(value) for name, value in given.items() if value not in (None, "")}
    if wish.silent:
        fields["generate_audio"] = "false"
    if source:
        fields["video"] = "https://example.test/clip.mp4"
    file = ("a.png", wish.picture or PICTURE, "image/png")
    frames = [("input_reference", file)] * (wish.first + wish.last)
    return fields, frames + [("reference_images", file)] * wish.references


def _chat(wish: Wish, seconds: int | None, source: Source | None) -> dict[str, Any]:
    image = {"uri": f"data:image/png;base64,{wish.image}"}
    config: dict[str, Any] = {"resolution": wish.resolution, "aspectRatio": wish.aspect}
    google: dict[str, Any] = {"config": config}
    if wish.first:
        google["image"] = image
    if wish.last:
        google["lastFrame"] = image
    if wish.references:
        google["referenceImages"] = [{"image": image, "referenceType": "asset"}] * wish.references
    if source:
        google["video"] = {"uri": "https://example.test/clip.mp4"}
    if seconds is not None:
        config["durationSeconds"] = seconds
    given = {"seed": wish.seed, "negativePrompt": wish.negative, **dict(wish.options)}
    config |= {name: _plain(value) for name, value in given.items() if value not in (None, "")}
    if wish.silent:
        config["generateAudio"] = False
    words = "A tram" if wish.words else ""
    return {
        "model": wish.model,
        "messages": [{"role": "user", "content": words}],
        "extra_body": {"google": google},
    }


def _hashable(value: Any) -> Any:
    return tuple(value.items()) if isinstance(value, dict) else value


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, tuple) else value


def _tiny() -> bytes:
    pixels = np.full((9, 16, 3), 90, np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


PICTURE = _tiny()
