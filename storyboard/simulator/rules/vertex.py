"""What Veo on Vertex AI refuses. It takes nearly anything and says so when the job is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from storyboard.simulator.rules.veo import ADDED_S, ASPECTS, Ask, ClipFacts, Media
from storyboard.simulator.rules.veo_models import VeoModel

INVALID = 3
"""The gRPC code of every failure here."""

_SEEDS = range(2**32)
_PEOPLE = ("allow_adult", "dont_allow", "allow_all")
_IMAGES = ("image/png", "image/jpeg")


def failure(model: VeoModel, ask: Ask, clip: ClipFacts | None, trouble: str = "") -> str | None:
    """Why the job fails, with code INVALID; None where it can be made.

    `clip` is the video to extend, where there is one that can be read; `trouble` is what was
    found wrong in the media themselves. Parameters that the service does not know, and known ones
    in snake_case, are not looked at: it ignores them.
    """
    found = (
        *_shape(model, ask),
        *_media(ask),
        *([trouble] if trouble else []),
        *_source(ask, clip),
        *_settings(model, ask, clip),
    )
    return found[0] if found else None


def duration(ask: Ask) -> int:
    """Seconds of new material."""
    return ADDED_S if ask.video else int(ask.parameters.get("durationSeconds", 8))


def _shape(model: VeoModel, ask: Ask) -> Iterator[str]:
    if not (ask.prompt.strip() or ask.image or ask.video):
        yield "Text prompt, image or video must be provided."
    if ask.image and ask.video:
        yield "Image and video can not be both set."
    if ask.last and not ask.image:
        yield "The last frame requires an input image as the first frame."
    if ask.last and not model.last_frame:
        yield f"Last frame is not supported by {model.id}."
    if ask.references:
        if not model.references:
            yield f"Reference images are not supported by {model.id}."
        if ask.image or ask.last or ask.video:
            yield "Reference images can not be used with image, last frame or video."
        if len(ask.references) > model.references:
            yield f"At most {model.references} asset reference images are supported."
        for each in ask.references:
            if each.kind != "asset":
                yield f"Unsupported reference type {each.kind or 'unspecified'} for {model.id}."
        if not ask.prompt.strip():
            yield "Reference images require a text prompt."
    if ask.video and not model.extends:
        yield f"Video extension is not supported by {model.id}."
    if "mask" in ask.fields:
        yield f"Mask is not supported by {model.id}."


def _media(ask: Ask) -> Iterator[str]:
    for each in ask.pictures:
        yield from _one(each, "image", _IMAGES)
    if ask.video:
        yield from _one(ask.video, "video", ("video/mp4",))


def _one(each: Media, name: str, mimes: tuple[str, ...]) -> Iterator[str]:
    held = each.fields & {"gcsUri", "bytesBase64Encoded"}
    if len(held) != 1:
        yield f"Exactly one of gcsUri and bytesBase64Encoded must be set for the {name}."
    elif each.spoiled:
        yield f"The {name} is not valid base64."
    elif "gcsUri" in held and not each.uri.startswith("gs://"):
        yield f"Invalid Cloud Storage URI {each.uri}."
    if not each.mime:
        yield f"The mimeType of the {name} is empty."
    elif each.mime not in mimes:
        yield f"Unsupported {name} mime type {each.mime}, supported are {_listed(mimes)}."


def _source(ask: Ask, clip: ClipFacts | None) -> Iterator[str]:
    if not ask.video or clip is None:
        return
    if clip.fps != 24:
        yield f"Input video must have 24 frames per second, but got {clip.fps:g}."
    if clip.resolution not in ("720p", "1080p"):
        yield f"Input video must be 720p or 1080p, but got {clip.width}x{clip.height}."
    if not 1 <= clip.seconds <= 30:
        yield f"Input video must be 1 to 30 seconds, but got {clip.seconds:g} seconds."
    aspect = ask.parameters.get("aspectRatio", clip.aspect)
    if clip.aspect and aspect in ASPECTS and aspect != clip.aspect:
        yield f"Aspect ratio of the input video must be {aspect}, but got: {clip.aspect}"


def _settings(model: VeoModel, ask: Ask, clip: ClipFacts | None) -> Iterator[str]:
    given = ask.parameters
    feature = ask.feature
    lengths = {"video_extension": (ADDED_S,), "reference_to_video": (8,)}
    allowed = lengths.get(feature, model.durations)
    seconds = given.get("durationSeconds", allowed[0])
    if not _whole(seconds) or seconds not in allowed:
        yield (
            f"Unsupported output video duration {seconds} seconds, supported durations are "
            f"{_listed(allowed)} for feature {feature}."
        )
    resolutions = ("720p",) if ask.video else model.resolutions
    if (resolution := given.get("resolution", "720p")) not in resolutions:
        yield (
            f"Unsupported output video resolution {resolution}, supported resolutions are "
            f"{_listed(resolutions)} for feature {feature}."
        )
    if (aspect := given.get("aspectRatio", "16:9")) not in ASPECTS:
        yield f"Unsupported aspect ratio {aspect}, supported aspect ratios are {_listed(ASPECTS)}."
    if aspect == "9:16" and resolution in resolutions and resolution not in model.portrait:
        yield f"Unsupported output video resolution {resolution} for aspect ratio 9:16."
    samples = given.get("sampleCount", 1)
    if not _whole(samples) or not 1 <= samples <= 4:
        yield f"sampleCount must be between 1 and 4, but got {samples}."
    if "seed" in given and not (_whole(given["seed"]) and given["seed"] in _SEEDS):
        yield f"seed must be between 0 and 4294967295, but got {given['seed']}."
    if given.get("fps", 24) != 24:
        yield f"Unsupported fps {given['fps']}, supported is 24."
    for name in ("generateAudio", "enhancePrompt"):
        if not isinstance(given.get(name, True), bool):
            yield f"{name} must be a boolean, but got {given[name]}."
    if given.get("generateAudio") is True and not model.has_sound:
        yield f"generateAudio is not supported by {model.id}."
    if given.get("enhancePrompt") is False and model.has_sound:
        yield f"enhancePrompt can not be turned off for {model.id}."
    if str(given.get("personGeneration", "allow_adult")).lower() not in _PEOPLE:
        yield f"Unsupported personGeneration {given['personGeneration']}."
    storage = given.get("storageUri")
    if storage is not None and not str(storage).startswith("gs://"):
        yield f"Invalid storageUri {storage}: it must be a Cloud Storage URI."
    quality = given.get("compressionQuality", "OPTIMIZED")
    if quality not in ("OPTIMIZED", "LOSSLESS"):
        yield f"Unsupported compressionQuality {quality}."
    if quality == "LOSSLESS" and not storage:
        yield "Output storage URI is required for lossless compression."
    if "resizeMode" in given:
        if given["resizeMode"] not in ("PAD", "CROP"):
            yield f"Unsupported resizeMode {given['resizeMode']}."
        elif not ask.image:
            yield "resizeMode is only supported for image to video."


def _whole(value: Any) -> bool:
    """Whether a JSON number is a whole one; `8.0` is."""
    return not isinstance(value, bool) and isinstance(value, int | float) and value % 1 == 0


def _listed(values: tuple[Any, ...]) -> str:
    return f"[{','.join(map(str, values))}]"
