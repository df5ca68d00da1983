"""What Gemini Omni accepts over Interactions, on either host, and what it rejects.

Pure: from a decoded JSON body to an `InteractionRequest` or a `Rejection`. `compute_kept_seconds`
checks what depends on a fetched source video (its length, its origin).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from storyboard.simulator.validation.interaction_input import (
    InputMedia,
    InteractionInput,
    read_input,
)
from storyboard.simulator.validation.rejection import (
    Rejection,
    reject_invalid,
    reject_on_type_errors,
)

GEMINI, VERTEX = "gemini", "vertex"

MODELS = {
    GEMINI: ("gemini-omni-1.2-flash", "gemini-omni-1.1-flash", "gemini-omni-flash-preview"),
    VERTEX: ("gemini-omni-1.2-flash", "gemini-omni-1.1-flash-preview", "gemini-omni-flash-preview"),
}
TASKS = (
    "text_to_video",
    "image_to_video",
    "reference_to_video",
    "edit",
    "extend",
    "upscale",
)
SIZES = {
    ("360p", "16:9"): (640, 360),
    ("360p", "9:16"): (360, 640),
    ("720p", "16:9"): (1280, 720),
    ("720p", "9:16"): (720, 1280),
    ("1080p", "16:9"): (1920, 1080),
    ("1080p", "9:16"): (1080, 1920),
    ("4k", "16:9"): (3840, 2160),
    ("4k", "9:16"): (2160, 3840),
}
SHORTEST_S = 3
LONGEST_S = {"gemini-omni-1.2-flash": 15}
"""10 for the others, and for one hop of an extension."""
HOP_S = 10
UPLOADED_S = 10
"""The longest uploaded or inline video that Gemini edits or extends."""
TOTAL_S = {GEMINI: 30, VERTEX: 40}
"""The longest result of an extension."""
KEPT_S = 30
"""How much of a longer source Vertex keeps: its end."""
MOST_REFERENCES = 3

_USD_720P = {"gemini-omni-1.2-flash": "0.07"}
_SHARE = {"360p": Decimal(1) / 3, "720p": Decimal(1), "1080p": Decimal("1.5"), "4k": Decimal(3)}

_FIRST = re.compile(r"<FIRST_FRAME>(?:@Image(?P<number>\d+))?", re.I)
_LAST = re.compile(r"<LAST_FRAME>(?:@Image(?P<number>\d+))?", re.I)
_FRAMES_IN_WORDS = re.compile(r"\b(transition|interpolat\w+|first (?:and last )?frame)\b", re.I)
_GOING_ON = re.compile(r"\b(extend|extension|continue[sd]?|go(?:es)? on)\b", re.I)

_TOP = {
    "model",
    "input",
    "generation_config",
    "response_format",
    "response_modalities",
    "previous_interaction_id",
    "background",
    "store",
    "stream",
    "labels",
    "service_tier",
}
_NOT_OFFERED = {
    "system_instruction",
    "tools",
    "safety_settings",
    "cached_content",
    "webhook_config",
}
_CONFIG = {"seed", "video_config", "max_output_tokens", "thinking_level", "thinking_summaries"}
_SAMPLING = {"temperature", "top_p", "stop_sequences"}
_FORMAT = {"type", "aspect_ratio", "resolution", "duration", "delivery", "gcs_uri"}


def compute_second_price_usd(model: str, resolution: str) -> Decimal:
    """USD per second of new video: $0.10 at 720p, $0.07 for 1.2; other sizes in proportion."""
    return (Decimal(_USD_720P.get(model, "0.10")) * _SHARE[resolution]).quantize(Decimal("0.0001"))


@dataclass(frozen=True, slots=True)
class InteractionRequest:
    """An accepted interaction."""

    model: str
    prompt: str
    task: str
    first: InputMedia | None = None
    last: InputMedia | None = None
    references: tuple[InputMedia, ...] = ()
    video: InputMedia | None = None
    """The source of an edit, an extension or an upscale, if it is in the input."""
    previous: str = ""
    aspect_ratio: str = ""
    """Empty if not stated: 16:9, or the source's own."""
    resolution: str = ""
    """Empty if not stated: 720p, or the source's own."""
    seconds: float = 10.0
    """Of new video."""
    delivery: str = "inline"
    gcs_uri: str = ""
    background: bool = False
    store: bool = True
    seed: int = 0


@reject_on_type_errors("INVALID_ARGUMENT")
def read_interaction(body: object, service: str) -> InteractionRequest | Rejection:
    """Reads a create body for `service`, which is `gemini` or `vertex`."""
    if not isinstance(body, Mapping):
        return reject_invalid("Invalid JSON payload received.")
    if rejection := _reject_unknown_fields(body, _TOP, _NOT_OFFERED):
        return rejection
    model = body.get("model", "")
    if model not in MODELS[service]:
        return Rejection(404, "NOT_FOUND", f"Model {model!r} is not found or not supported here.")
    modalities = body.get("response_modalities", ["video"])
    if [str(modality).lower() for modality in modalities] != ["video"]:
        return reject_invalid("This model outputs video only.")
    if body.get("stream"):
        return reject_invalid(
            "`stream` isn't supported for video output here. Please poll instead."
        )
    config = body.get("generation_config", {})
    video_config = config.get("video_config", {}) if isinstance(config, Mapping) else None
    if not isinstance(config, Mapping) or not isinstance(video_config, Mapping):
        return reject_invalid("`generation_config` and `video_config` must be objects.")
    for part, known_fields, refused_fields in (
        (config, _CONFIG, _SAMPLING),
        (video_config, {"task"}, set()),
    ):
        if rejection := _reject_unknown_fields(part, known_fields, refused_fields):
            return rejection
    seed = config.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool):
        return reject_invalid("`seed` must be an integer.")
    interaction_input = read_input(body.get("input"))
    if isinstance(interaction_input, Rejection):
        return interaction_input
    interaction = InteractionRequest(
        model=model,
        prompt=interaction_input.words,
        task=str(video_config.get("task", "")),
        previous=str(body.get("previous_interaction_id", "")),
        background=bool(body.get("background", False)),
        store=bool(body.get("store", True)),
        seed=seed,
    )
    if interaction.background and not interaction.store:
        return reject_invalid("`background` needs `store`.")
    with_media = _assign_media(interaction, interaction_input)
    if isinstance(with_media, Rejection):
        return with_media
    return _apply_response_format(with_media, body.get("response_format", {}), service)


def _assign_media(
    interaction: InteractionRequest, interaction_input: InteractionInput
) -> InteractionRequest | Rejection:
    """Assigns every picture and video its role, by the task, else by tags and words."""
    images = [medium for medium in interaction_input.media if medium.kind == "image"]
    videos = [medium for medium in interaction_input.media if medium.kind == "video"]
    source = bool(videos or interaction.previous)
    first, last = _FIRST.search(interaction.prompt), _LAST.search(interaction.prompt)
    if not interaction.prompt:
        return reject_invalid("`input` needs a text content.")
    if len(videos) > 1:
        return reject_invalid("Referencing or reasoning across multiple videos is not supported.")
    if videos and interaction.previous:
        return reject_invalid("Give a video or `previous_interaction_id`, not both.")
    if last and not first:
        return reject_invalid("<LAST_FRAME> must be used with <FIRST_FRAME>.")
    # Without a task the model guesses it from the input.
    task = interaction.task or _infer_task(
        interaction.prompt, len(images), source, first is not None
    )
    if task not in TASKS:
        return reject_invalid(f"Unknown task {task!r}; allowed: {', '.join(TASKS)}.")
    if source != (task in ("edit", "extend", "upscale")):
        problem = "needs a source video" if not source else "can't take a source video"
        return reject_invalid(f"Task {task} {problem}.")
    if task == "text_to_video" and images:
        return reject_invalid("Task text_to_video can't take images.")
    frames: list[int] = []
    if task in ("image_to_video", "reference_to_video"):
        frames = [_find_tagged_image_index(tag, at) for at, tag in enumerate((first, last)) if tag]
    # One image is the first frame; two without tags are the first and the last, in that order.
    if task == "image_to_video":
        frames = frames if len(frames) == 2 or len(images) == 1 else [0, 1]
        frames = frames or [0]
        if set(frames) != set(range(len(images))):
            return reject_invalid(
                "Task image_to_video takes one image, or a first and a last frame."
            )
    if frames and max(frames) >= len(images):
        return reject_invalid("A tag names an image that is not in the input.")
    # Images that are no frames are references.
    references = tuple(medium for n, medium in enumerate(images) if n not in frames)
    if task == "reference_to_video" and not references:
        return reject_invalid("Task reference_to_video needs a reference image.")
    if len(references) > MOST_REFERENCES:
        return reject_invalid(f"At most {MOST_REFERENCES} reference images are supported.")
    return replace(
        interaction,
        task=task,
        first=images[frames[0]] if frames else None,
        last=images[frames[1]] if len(frames) > 1 else None,
        references=references,
        video=videos[0] if videos else None,
    )


def _find_tagged_image_index(tag: re.Match[str], otherwise: int) -> int:
    """The index of the image that a tag means: the named one, or the one at its position."""
    return int(tag["number"]) - 1 if tag["number"] else otherwise


def _infer_task(prompt: str, image_count: int, has_source: bool, has_frame_tag: bool) -> str:
    if has_source:
        return "extend" if _GOING_ON.search(prompt) else "edit"
    if not image_count:
        return "text_to_video"
    if image_count == 1 or (
        image_count == 2 and (has_frame_tag or _FRAMES_IN_WORDS.search(prompt))
    ):
        return "image_to_video"
    return "reference_to_video"


def _apply_response_format(
    interaction: InteractionRequest, response_format: object, service: str
) -> InteractionRequest | Rejection:
    formats = response_format if isinstance(response_format, list) else [response_format]
    if len(formats) != 1 or not isinstance(formats[0], Mapping):
        return reject_invalid("`response_format` must be one object.")
    output_format = formats[0]
    if rejection := _reject_unknown_fields(output_format, _FORMAT, set()):
        return rejection
    if output_format.get("type", "video") != "video":
        return reject_invalid("This model outputs video only.")
    aspect, resolution = output_format.get("aspect_ratio", ""), output_format.get("resolution", "")
    if (resolution or "720p", aspect or "16:9") not in SIZES:
        return reject_invalid(f"Unsupported video output: {resolution} {aspect}.")
    if interaction.model == "gemini-omni-flash-preview" and resolution not in ("", "720p"):
        return reject_invalid(f"Resolution {resolution} isn't supported by {interaction.model}.")
    if interaction.task == "upscale" and resolution not in ("1080p", "4k"):
        return reject_invalid("Task upscale needs resolution 1080p or 4k.")
    longest = HOP_S if interaction.task == "extend" else LONGEST_S.get(interaction.model, HOP_S)
    duration = str(output_format.get("duration", "10s"))
    match = re.fullmatch(r"(\d+(?:\.\d+)?)s", duration)
    if not match or not SHORTEST_S <= float(match[1]) <= longest:
        bounds = f"{SHORTEST_S}s to {longest}s"
        return reject_invalid(
            f"Unsupported duration {duration!r}; task {interaction.task} takes {bounds}."
        )
    if "duration" in output_format and interaction.task in ("edit", "upscale"):
        return reject_invalid(f"Task {interaction.task} keeps the duration of its source.")
    delivery, gcs_uri = (
        output_format.get("delivery", "inline"),
        str(output_format.get("gcs_uri", "")),
    )
    if delivery not in ("inline", "uri"):
        return reject_invalid(f"Unknown delivery {delivery!r}.")
    if service == GEMINI and gcs_uri:
        return reject_invalid("`gcs_uri` isn't supported by this API.")
    if service == VERTEX and delivery == "uri" and not re.fullmatch(r"gs://[^/]+(/.*)?", gcs_uri):
        return reject_invalid("`gcs_uri` is required when `delivery` is `uri`.")
    return replace(
        interaction,
        aspect_ratio=aspect,
        resolution=resolution,
        seconds=float(match[1]),
        delivery=delivery,
        gcs_uri=gcs_uri,
    )


def compute_kept_seconds(
    interaction: InteractionRequest,
    service: str,
    source_s: float,
    *,
    is_generated: bool,
    total_s: float | None = None,
) -> float | Rejection:
    """How many seconds of the source, counted from its end, go into the result.

    `is_generated` says that this API made the source. `total_s` overrides the longest result.
    """
    if service == GEMINI and not is_generated and source_s > UPLOADED_S + 0.1:
        return reject_invalid(f"Uploaded videos must be {UPLOADED_S} seconds or less for editing.")
    if interaction.task != "extend":
        return source_s
    max_total_s = TOTAL_S[service] if total_s is None else total_s
    kept_s = min(source_s, KEPT_S) if service == VERTEX else source_s
    if kept_s + interaction.seconds > max_total_s + 0.1:
        lengths = f"{source_s:g} s + {interaction.seconds:g} s"
        return reject_invalid(
            f"Videos can be extended up to {max_total_s:g} seconds in total, got {lengths}."
        )
    return kept_s


def _reject_unknown_fields(
    part: Mapping[str, Any], known_fields: set[str], refused_fields: set[str]
) -> Rejection | None:
    for name in part:
        if name in refused_fields:
            return reject_invalid(f"`{name}` isn't supported by this model. Please remove it.")
        if name not in known_fields:
            return reject_invalid(f"Unknown parameter: {name!r}.")
    return None
