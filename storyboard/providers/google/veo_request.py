"""The body that asks a Veo model for a job, on both hosts that speak its wire.

Words and media stand in `instances[0]`, everything else in `parameters`. Names are camelCase: a
name in snake_case would be ignored, and the default bought. Sources: the REST references of Vertex
AI and of the Gemini API, and what Google's own SDK sends for the same intent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from storyboard.providers.base import Kind, Request, Role
from storyboard.providers.http.request_media import encode_base64

Medium: TypeAlias = Mapping[str, str]
"""A picture or a video as the wire has it."""

_PLACES: Mapping[Role, str] = MappingProxyType(
    {Role.FIRST_FRAME: "image", Role.LAST_FRAME: "lastFrame", Role.VIDEO: "video"}
)
_COMMON = {"person_generation": "personGeneration", "enhance_prompt": "enhancePrompt"}
_SHOUTED = {"resize": "resizeMode", "compression": "compressionQuality"}


def to_inline_medium(data: bytes, mime: str) -> Medium:
    """Bytes that go along; for a video, of Vertex only."""
    return {"bytesBase64Encoded": encode_base64(data), "mimeType": mime}


def to_bucket_medium(uri: str, mime: str) -> Medium:
    """An object `gs://…`, which only Vertex reads."""
    return {"gcsUri": uri, "mimeType": mime}


def to_gemini_result_medium(uri: str) -> Medium:
    """A result of the Gemini API, by the URI that it gave; the only video that it runs on."""
    return {"uri": uri}


def build_vertex_body(
    request: Request, media: Sequence[Medium], *, has_audio_choice: bool
) -> dict[str, Any]:
    """What Vertex AI is sent, but for the storage.

    `media` stand in the order of `request.inputs`. `has_audio_choice` says that the model lets one
    choose whether there is sound.
    """
    settings = request.settings
    parameters: dict[str, Any] = {
        "sampleCount": request.samples,
        "durationSeconds": settings.duration_s,
    }
    parameters |= _build_common_parameters(request)
    if settings.seed is not None:
        parameters["seed"] = settings.seed
    if has_audio_choice:
        parameters["generateAudio"] = settings.audio
    for option, name in _SHOUTED.items():
        if value := settings.options.get(option):
            parameters[name] = str(value).upper()
    body: dict[str, Any] = {
        "instances": [_build_instance(request, media)],
        "parameters": parameters,
    }
    if labels := settings.options.get("labels"):
        body["labels"] = {str(key): str(value) for key, value in labels.items()}
    return body


def build_gemini_body(request: Request, media: Sequence[Medium]) -> dict[str, Any]:
    """The body for the Gemini API; `media` are in the order of `request.inputs`.

    An extension has only one length there, and the body must not name it.
    """
    parameters: dict[str, Any] = {}
    if request.kind is not Kind.EXTEND:
        parameters["durationSeconds"] = request.settings.duration_s
    if request.samples > 1:
        parameters["sampleCount"] = request.samples
    parameters |= _build_common_parameters(request)
    return {"instances": [_build_instance(request, media)], "parameters": parameters}


def _build_instance(request: Request, media: Sequence[Medium]) -> dict[str, Any]:
    instance: dict[str, Any] = {"prompt": request.prompt} if request.prompt else {}
    references = []
    for source, medium in zip(request.inputs, media, strict=True):
        if source.role is Role.REFERENCE:
            references.append({"image": dict(medium), "referenceType": "ASSET"})
        else:
            instance[_PLACES[source.role]] = dict(medium)
    if references:
        instance["referenceImages"] = references
    return instance


def _build_common_parameters(request: Request) -> dict[str, Any]:
    settings = request.settings
    parameters: dict[str, Any] = {
        "aspectRatio": settings.aspect_ratio,
        "resolution": settings.resolution,
    }
    if settings.negative_prompt:
        parameters["negativePrompt"] = settings.negative_prompt
    for option, name in _COMMON.items():
        if (value := settings.options.get(option)) is not None:
            parameters[name] = value
    return parameters
