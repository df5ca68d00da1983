"""What Veo on Vertex AI rejects: it accepts nearly any request and lets the job fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from storyboard.simulator.validation.veo_models import VeoModel
from storyboard.simulator.validation.veo_request import (
    ADDED_S,
    ASPECTS,
    ClipFacts,
    RequestMedia,
    VeoRequest,
)

INVALID = 3
"""The gRPC code of every failure here."""

_SEEDS = range(2**32)
_PEOPLE = ("allow_adult", "dont_allow", "allow_all")
_IMAGES = ("image/png", "image/jpeg")


def find_job_failure(
    model: VeoModel, veo_request: VeoRequest, source_clip: ClipFacts | None, media_problem: str = ""
) -> str | None:
    """Why the job fails, with code INVALID; None if it can be made.

    `source_clip` is the video to extend, if it can be read; `media_problem` is a problem found in
    the media themselves. Unknown parameters, and known ones in snake_case, are not checked: the
    service ignores them.
    """
    problems = (
        *_find_shape_problems(model, veo_request),
        *_find_media_problems(veo_request),
        *([media_problem] if media_problem else []),
        *_find_source_problems(veo_request, source_clip),
        *_find_setting_problems(model, veo_request, source_clip),
    )
    return problems[0] if problems else None


def read_new_seconds(veo_request: VeoRequest) -> int:
    """Seconds of new material."""
    return ADDED_S if veo_request.video else int(veo_request.parameters.get("durationSeconds", 8))


def _find_shape_problems(model: VeoModel, veo_request: VeoRequest) -> Iterator[str]:
    if not (veo_request.prompt.strip() or veo_request.image or veo_request.video):
        yield "Text prompt, image or video must be provided."
    if veo_request.image and veo_request.video:
        yield "Image and video can not be both set."
    if veo_request.last and not veo_request.image:
        yield "The last frame requires an input image as the first frame."
    if veo_request.last and not model.last_frame:
        yield f"Last frame is not supported by {model.id}."
    if veo_request.references:
        if not model.references:
            yield f"Reference images are not supported by {model.id}."
        if veo_request.image or veo_request.last or veo_request.video:
            yield "Reference images can not be used with image, last frame or video."
        if len(veo_request.references) > model.references:
            yield f"At most {model.references} asset reference images are supported."
        for reference in veo_request.references:
            if reference.kind != "asset":
                kind = reference.kind or "unspecified"
                yield f"Unsupported reference type {kind} for {model.id}."
        if not veo_request.prompt.strip():
            yield "Reference images require a text prompt."
    if veo_request.video and not model.extends:
        yield f"Video extension is not supported by {model.id}."
    if "mask" in veo_request.fields:
        yield f"Mask is not supported by {model.id}."


def _find_media_problems(veo_request: VeoRequest) -> Iterator[str]:
    for picture in veo_request.pictures:
        yield from _find_medium_problems(picture, "image", _IMAGES)
    if veo_request.video:
        yield from _find_medium_problems(veo_request.video, "video", ("video/mp4",))


def _find_medium_problems(medium: RequestMedia, name: str, mimes: tuple[str, ...]) -> Iterator[str]:
    sources = medium.fields & {"gcsUri", "bytesBase64Encoded"}
    if len(sources) != 1:
        yield f"Exactly one of gcsUri and bytesBase64Encoded must be set for the {name}."
    elif medium.is_corrupt:
        yield f"The {name} is not valid base64."
    elif "gcsUri" in sources and not medium.uri.startswith("gs://"):
        yield f"Invalid Cloud Storage URI {medium.uri}."
    if not medium.mime:
        yield f"The mimeType of the {name} is empty."
    elif medium.mime not in mimes:
        yield f"Unsupported {name} mime type {medium.mime}, supported are {_format_list(mimes)}."


def _find_source_problems(veo_request: VeoRequest, clip: ClipFacts | None) -> Iterator[str]:
    if not veo_request.video or clip is None:
        return
    if clip.fps != 24:
        yield f"Input video must have 24 frames per second, but got {clip.fps:g}."
    if clip.resolution not in ("720p", "1080p"):
        yield f"Input video must be 720p or 1080p, but got {clip.width}x{clip.height}."
    if not 1 <= clip.seconds <= 30:
        yield f"Input video must be 1 to 30 seconds, but got {clip.seconds:g} seconds."
    aspect = veo_request.parameters.get("aspectRatio", clip.aspect)
    if clip.aspect and aspect in ASPECTS and aspect != clip.aspect:
        yield f"Aspect ratio of the input video must be {aspect}, but got: {clip.aspect}"


def _find_setting_problems(
    model: VeoModel, veo_request: VeoRequest, clip: ClipFacts | None
) -> Iterator[str]:
    parameters = veo_request.parameters
    feature = veo_request.feature
    lengths = {"video_extension": (ADDED_S,), "reference_to_video": (8,)}
    allowed = lengths.get(feature, model.durations)
    seconds = parameters.get("durationSeconds", allowed[0])
    if not _is_whole(seconds) or seconds not in allowed:
        yield (
            f"Unsupported output video duration {seconds} seconds, supported durations are "
            f"{_format_list(allowed)} for feature {feature}."
        )
    resolutions = ("720p",) if veo_request.video else model.resolutions
    if (resolution := parameters.get("resolution", "720p")) not in resolutions:
        yield (
            f"Unsupported output video resolution {resolution}, supported resolutions are "
            f"{_format_list(resolutions)} for feature {feature}."
        )
    if (aspect := parameters.get("aspectRatio", "16:9")) not in ASPECTS:
        supported = _format_list(ASPECTS)
        yield f"Unsupported aspect ratio {aspect}, supported aspect ratios are {supported}."
    if aspect == "9:16" and resolution in resolutions and resolution not in model.portrait:
        yield f"Unsupported output video resolution {resolution} for aspect ratio 9:16."
    samples = parameters.get("sampleCount", 1)
    if not _is_whole(samples) or not 1 <= samples <= 4:
        yield f"sampleCount must be between 1 and 4, but got {samples}."
    if "seed" in parameters and not (
        _is_whole(parameters["seed"]) and parameters["seed"] in _SEEDS
    ):
        yield f"seed must be between 0 and 4294967295, but got {parameters['seed']}."
    if parameters.get("fps", 24) != 24:
        yield f"Unsupported fps {parameters['fps']}, supported is 24."
    for name in ("generateAudio", "enhancePrompt"):
        if not isinstance(parameters.get(name, True), bool):
            yield f"{name} must be a boolean, but got {parameters[name]}."
    if parameters.get("generateAudio") is True and not model.has_sound:
        yield f"generateAudio is not supported by {model.id}."
    if parameters.get("enhancePrompt") is False and model.has_sound:
        yield f"enhancePrompt can not be turned off for {model.id}."
    if str(parameters.get("personGeneration", "allow_adult")).lower() not in _PEOPLE:
        yield f"Unsupported personGeneration {parameters['personGeneration']}."
    storage = parameters.get("storageUri")
    if storage is not None and not str(storage).startswith("gs://"):
        yield f"Invalid storageUri {storage}: it must be a Cloud Storage URI."
    quality = parameters.get("compressionQuality", "OPTIMIZED")
    if quality not in ("OPTIMIZED", "LOSSLESS"):
        yield f"Unsupported compressionQuality {quality}."
    if quality == "LOSSLESS" and not storage:
        yield "Output storage URI is required for lossless compression."
    if "resizeMode" in parameters:
        if parameters["resizeMode"] not in ("PAD", "CROP"):
            yield f"Unsupported resizeMode {parameters['resizeMode']}."
        elif not veo_request.image:
            yield "resizeMode is only supported for image to video."


def _is_whole(value: Any) -> bool:
    """Whether a JSON number is whole; `8.0` is."""
    return not isinstance(value, bool) and isinstance(value, int | float) and value % 1 == 0


def _format_list(values: tuple[Any, ...]) -> str:
    return f"[{','.join(map(str, values))}]"
