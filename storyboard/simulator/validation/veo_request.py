"""Reads a Veo request of either service; each service's rules check it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SIZES = {
    (wide, high): (name, aspect)
    for name, long, short in (("720p", 1280, 720), ("1080p", 1920, 1080), ("4k", 3840, 2160))
    for wide, high, aspect in ((long, short, "16:9"), (short, long, "9:16"))
}
"""(width, height) to the names of resolution and aspect ratio."""

ASPECTS = ("16:9", "9:16")
ADDED_S = 7
"""Seconds that one extension adds on both services, for any requested duration."""


@dataclass(frozen=True, slots=True)
class RequestMedia:
    """A picture or a clip in a request: bytes, or a URI."""

    data: bytes | None = None
    uri: str = ""
    """`gs://…` on Vertex, a file's URI on the Gemini API."""
    mime: str = ""
    kind: str = ""
    """A reference's type, in lower case."""
    fields: frozenset[str] = frozenset()
    """The keys as received."""
    is_corrupt: bool = False
    """Whether its base64 can't be decoded."""


@dataclass(frozen=True, slots=True)
class VeoRequest:
    """The parts of one request."""

    prompt: str
    image: RequestMedia | None
    last: RequestMedia | None
    references: tuple[RequestMedia, ...]
    video: RequestMedia | None
    fields: frozenset[str]
    """The keys of the instance as received."""
    parameters: Mapping[str, Any]

    @property
    def feature(self) -> str:
        """The name of the feature in Vertex's messages."""
        if self.video is not None:
            return "video_extension"
        if self.references:
            return "reference_to_video"
        return "image_to_video" if self.image is not None else "text_to_video"

    @property
    def pictures(self) -> tuple[RequestMedia, ...]:
        candidates = (self.image, self.last, *self.references)
        return tuple(medium for medium in candidates if medium is not None)


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """The facts of a clip to extend."""

    width: int
    height: int
    frames: int
    fps: float
    """0 if its frame rate varies."""

    @property
    def seconds(self) -> float:
        return self.frames / self.fps if self.fps else 0.0

    @property
    def resolution(self) -> str:
        """Its name; empty for other sizes."""
        return SIZES.get((self.width, self.height), ("", ""))[0]

    @property
    def aspect(self) -> str:
        return SIZES.get((self.width, self.height), ("", ""))[1]


def read_veo_request(body: Mapping[str, Any]) -> VeoRequest | None:
    """The request in a body; None if it has no readable instance."""
    instances = body.get("instances")
    parameters = body.get("parameters", {})
    if not isinstance(instances, list) or len(instances) != 1 or not isinstance(instances[0], dict):
        return None
    if not isinstance(parameters, dict):
        return None
    instance = instances[0]
    prompt = instance.get("prompt", "")
    reference_list = instance.get("referenceImages", [])
    if not isinstance(prompt, str) or not isinstance(reference_list, list):
        return None
    return VeoRequest(
        prompt=prompt,
        image=_read_media(instance.get("image")),
        last=_read_media(instance.get("lastFrame")),
        references=tuple(_read_reference(reference) for reference in reference_list),
        video=_read_media(instance.get("video")),
        fields=frozenset(instance),
        parameters=parameters,
    )


def find_size(resolution: str, aspect: str) -> tuple[int, int]:
    """(width, height) of a named resolution and aspect ratio."""
    return next(size for size, names in SIZES.items() if names == (resolution, aspect))


def _read_reference(value: Any) -> RequestMedia:
    if not isinstance(value, dict):
        return RequestMedia(is_corrupt=True)
    medium = _read_media(value.get("image")) or RequestMedia(is_corrupt=True)
    kind = str(value.get("referenceType", "")).lower()
    return RequestMedia(
        medium.data, medium.uri, medium.mime, kind, medium.fields, medium.is_corrupt
    )


def _read_media(value: Any) -> RequestMedia | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        return RequestMedia(is_corrupt=True)
    text = value.get("bytesBase64Encoded", value.get("encodedVideo"))
    data, is_corrupt = None, False
    if text is not None:
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError, TypeError):
            is_corrupt = True
    return RequestMedia(
        data=data,
        uri=str(value.get("gcsUri", value.get("uri", ""))),
        mime=str(value.get("mimeType", value.get("encoding", ""))),
        fields=frozenset(value),
        is_corrupt=is_corrupt,
    )
