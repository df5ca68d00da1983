"""What a Veo request says, on either service: read once, judged by the rules of each."""

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
"""(width, height) to the names of resolution and aspect."""

ASPECTS = ("16:9", "9:16")
ADDED_S = 7
"""What one extension adds on both services, whatever duration it asks for."""


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or a clip in a request: bytes, or where they are."""

    data: bytes | None = None
    uri: str = ""
    """`gs://…` on Vertex, a file's URI on the Gemini API."""
    mime: str = ""
    kind: str = ""
    """A reference's type, in small letters."""
    fields: frozenset[str] = frozenset()
    """The keys as they came."""
    spoiled: bool = False
    """Its base64 can't be read."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, in parts."""

    prompt: str
    image: Media | None
    last: Media | None
    references: tuple[Media, ...]
    video: Media | None
    fields: frozenset[str]
    """The keys of the instance as they came."""
    parameters: Mapping[str, Any]

    @property
    def feature(self) -> str:
        """What Vertex calls it in its messages."""
        if self.video is not None:
            return "video_extension"
        if self.references:
            return "reference_to_video"
        return "image_to_video" if self.image is not None else "text_to_video"

    @property
    def pictures(self) -> tuple[Media, ...]:
        given = (self.image, self.last, *self.references)
        return tuple(each for each in given if each is not None)


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What a clip to extend really is."""

    width: int
    height: int
    frames: int
    fps: float
    """0 where its frames don't come at one rate."""

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


def read(body: Mapping[str, Any]) -> Ask | None:
    """The request in a body; None where it has no instance to read."""
    instances = body.get("instances")
    parameters = body.get("parameters", {})
    if not isinstance(instances, list) or len(instances) != 1 or not isinstance(instances[0], dict):
        return None
    if not isinstance(parameters, dict):
        return None
    one = instances[0]
    prompt = one.get("prompt", "")
    listed = one.get("referenceImages", [])
    if not isinstance(prompt, str) or not isinstance(listed, list):
        return None
    return Ask(
        prompt=prompt,
        image=_media(one.get("image")),
        last=_media(one.get("lastFrame")),
        references=tuple(_reference(each) for each in listed),
        video=_media(one.get("video")),
        fields=frozenset(one),
        parameters=parameters,
    )


def size_of(resolution: str, aspect: str) -> tuple[int, int]:
    """(width, height) of a named resolution and aspect."""
    return next(size for size, names in SIZES.items() if names == (resolution, aspect))


def _reference(value: Any) -> Media:
    if not isinstance(value, dict):
        return Media(spoiled=True)
    found = _media(value.get("image")) or Media(spoiled=True)
    kind = str(value.get("referenceType", "")).lower()
    return Media(found.data, found.uri, found.mime, kind, found.fields, found.spoiled)


def _media(value: Any) -> Media | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        return Media(spoiled=True)
    text = value.get("bytesBase64Encoded", value.get("encodedVideo"))
    data, spoiled = None, False
    if text is not None:
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError, TypeError):
            spoiled = True
    return Media(
        data=data,
        uri=str(value.get("gcsUri", value.get("uri", ""))),
        mime=str(value.get("mimeType", value.get("encoding", ""))),
        fields=frozenset(value),
        spoiled=spoiled,
    )
