"""What Gemini Omni takes over Interactions, on either host, and what it refuses.

Pure: a decoded JSON body in, an `Ask` or a `Refusal` out. What hangs on a fetched source video (its
length, where it comes from) is judged by `reach`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from storyboard.simulator.rules.refusal import Refusal, invalid, typed
from storyboard.simulator.rules.steps import Given, Media, read_input

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
"""10 for the others, and for one turn of an extension."""
HOP_S = 10
UPLOADED_S = 10
"""The longest uploaded or inline video that Gemini edits or extends."""
TOTAL_S = {GEMINI: 30, VERTEX: 40}
"""The longest result of an extension."""
KEPT_S = 30
"""What Vertex keeps of a longer source: its end."""
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


def price(model: str, resolution: str) -> Decimal:
    """USD a second of new video: $0.10 at 720p, 1.2 $0.07; other sizes by their share of it."""
    return (Decimal(_USD_720P.get(model, "0.10")) * _SHARE[resolution]).quantize(Decimal("0.0001"))


@dataclass(frozen=True, slots=True)
class Ask:
    """An accepted interaction."""

    model: str
    prompt: str
    task: str
    first: Media | None = None
    last: Media | None = None
    references: tuple[Media, ...] = ()
    video: Media | None = None
    """The source of an edit, an extension or an upscale, where it is given in the input."""
    previous: str = ""
    aspect_ratio: str = ""
    """Empty where it wasn't said: 16:9, or the source's own."""
    resolution: str = ""
    """Empty where it wasn't said: 720p, or the source's own."""
    seconds: float = 10.0
    """Of new video."""
    delivery: str = "inline"
    gcs_uri: str = ""
    background: bool = False
    store: bool = True
    seed: int = 0


@typed("INVALID_ARGUMENT")
def read_ask(body: object, host: str) -> Ask | Refusal:
    """Reads a create body for `host`, which is `gemini` or `vertex`."""
    if not isinstance(body, Mapping):
        return invalid("Invalid JSON payload received.")
    if refusal := _unknown(body, _TOP, _NOT_OFFERED):
        return refusal
    model = body.get("model", "")
    if model not in MODELS[host]:
        return Refusal(404, "NOT_FOUND", f"Model {model!r} is not found or not supported here.")
    modalities = body.get("response_modalities", ["video"])
    if [str(each).lower() for each in modalities] != ["video"]:
        return invalid("This model outputs video only.")
    if body.get("stream"):
        return invalid("`stream` isn't supported for video output here. Please poll instead.")
    config = body.get("generation_config", {})
    video_config = config.get("video_config", {}) if isinstance(config, Mapping) else None
    if not isinstance(config, Mapping) or not isinstance(video_config, Mapping):
        return invalid("`generation_config` and `video_config` must be objects.")
    for part, known, refused in ((config, _CONFIG, _SAMPLING), (video_config, {"task"}, set())):
        if refusal := _unknown(part, known, refused):
            return refusal
    seed = config.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool):
        return invalid("`seed` must be an integer.")
    given = read_input(body.get("input"))
    if isinstance(given, Refusal):
        return given
    ask = Ask(
        model=model,
        prompt=given.words,
        task=str(video_config.get("task", "")),
        previous=str(body.get("previous_interaction_id", "")),
        background=bool(body.get("background", False)),
        store=bool(body.get("store", True)),
        seed=seed,
    )
    if ask.background and not ask.store:
        return invalid("`background` needs `store`.")
    placed = _place(ask, given)
    if isinstance(placed, Refusal):
        return placed
    return _format(placed, body.get("response_format", {}), host)


def _place(ask: Ask, given: Given) -> Ask | Refusal:
    """Gives every picture and video its part, by the task, else by tags and words."""
    images = [each for each in given.media if each.kind == "image"]
    videos = [each for each in given.media if each.kind == "video"]
    source = bool(videos or ask.previous)
    first, last = _FIRST.search(ask.prompt), _LAST.search(ask.prompt)
    if not ask.prompt:
        return invalid("`input` needs a text content.")
    if len(videos) > 1:
        return invalid("Referencing or reasoning across multiple videos is not supported.")
    if videos and ask.previous:
        return invalid("Give a video or `previous_interaction_id`, not both.")
    if last and not first:
        return invalid("<LAST_FRAME> must be used with <FIRST_FRAME>.")
    task = ask.task or _infer(ask.prompt, len(images), source, first is not None)
    if task not in TASKS:
        return invalid(f"Unknown task {task!r}; allowed: {', '.join(TASKS)}.")
    if source != (task in ("edit", "extend", "upscale")):
        told = "needs a source video" if not source else "can't take a source video"
        return invalid(f"Task {task} {told}.")
    if task == "text_to_video" and images:
        return invalid("Task text_to_video can't take images.")
    frames: list[int] = []
    if task in ("image_to_video", "reference_to_video"):
        frames = [_bound(tag, at) for at, tag in enumerate((first, last)) if tag]
    if task == "image_to_video":
        frames = frames if len(frames) == 2 or len(images) == 1 else [0, 1]
        frames = frames or [0]
        if set(frames) != set(range(len(images))):
            return invalid("Task image_to_video takes one image, or a first and a last frame.")
    if frames and max(frames) >= len(images):
        return invalid("A tag names an image that is not in the input.")
    references = tuple(each for n, each in enumerate(images) if n not in frames)
    if task == "reference_to_video" and not references:
        return invalid("Task reference_to_video needs a reference image.")
    if len(references) > MOST_REFERENCES:
        return invalid(f"At most {MOST_REFERENCES} reference images are supported.")
    return replace(
        ask,
        task=task,
        first=images[frames[0]] if frames else None,
        last=images[frames[1]] if len(frames) > 1 else None,
        references=references,
        video=videos[0] if videos else None,
    )


def _bound(tag: re.Match[str], otherwise: int) -> int:
    """Which image of the input a tag means: the one that it names, or the one at its place."""
    return int(tag["number"]) - 1 if tag["number"] else otherwise


def _infer(prompt: str, images: int, source: bool, tagged: bool) -> str:
    if source:
        return "extend" if _GOING_ON.search(prompt) else "edit"
    if not images:
        return "text_to_video"
    if images == 1 or (images == 2 and (tagged or _FRAMES_IN_WORDS.search(prompt))):
        return "image_to_video"
    return "reference_to_video"


def _format(ask: Ask, value: object, host: str) -> Ask | Refusal:
    listed = value if isinstance(value, list) else [value]
    if len(listed) != 1 or not isinstance(listed[0], Mapping):
        return invalid("`response_format` must be one object.")
    wanted = listed[0]
    if refusal := _unknown(wanted, _FORMAT, set()):
        return refusal
    if wanted.get("type", "video") != "video":
        return invalid("This model outputs video only.")
    aspect, resolution = wanted.get("aspect_ratio", ""), wanted.get("resolution", "")
    if (resolution or "720p", aspect or "16:9") not in SIZES:
        return invalid(f"Unsupported video output: {resolution} {aspect}.")
    if ask.model == "gemini-omni-flash-preview" and resolution not in ("", "720p"):
        return invalid(f"Resolution {resolution} isn't supported by {ask.model}.")
    if ask.task == "upscale" and resolution not in ("1080p", "4k"):
        return invalid("Task upscale needs resolution 1080p or 4k.")
    longest = HOP_S if ask.task == "extend" else LONGEST_S.get(ask.model, HOP_S)
    said = str(wanted.get("duration", "10s"))
    match = re.fullmatch(r"(\d+(?:\.\d+)?)s", said)
    if not match or not SHORTEST_S <= float(match[1]) <= longest:
        bounds = f"{SHORTEST_S}s to {longest}s"
        return invalid(f"Unsupported duration {said!r}; task {ask.task} takes {bounds}.")
    if "duration" in wanted and ask.task in ("edit", "upscale"):
        return invalid(f"Task {ask.task} keeps the duration of its source.")
    delivery, gcs_uri = wanted.get("delivery", "inline"), str(wanted.get("gcs_uri", ""))
    if delivery not in ("inline", "uri"):
        return invalid(f"Unknown delivery {delivery!r}.")
    if host == GEMINI and gcs_uri:
        return invalid("`gcs_uri` isn't supported by this API.")
    if host == VERTEX and delivery == "uri" and not re.fullmatch(r"gs://[^/]+(/.*)?", gcs_uri):
        return invalid("`gcs_uri` is required when `delivery` is `uri`.")
    return replace(
        ask,
        aspect_ratio=aspect,
        resolution=resolution,
        seconds=float(match[1]),
        delivery=delivery,
        gcs_uri=gcs_uri,
    )


def reach(
    ask: Ask, host: str, source_s: float, *, generated: bool, total_s: float | None = None
) -> float | Refusal:
    """How many seconds of the source, counted from its end, go into the result.

    `generated` says that the source is this API's own work. `total_s` overrides the longest result.
    """
    if host == GEMINI and not generated and source_s > UPLOADED_S + 0.1:
        return invalid(f"Uploaded videos must be {UPLOADED_S} seconds or less for editing.")
    if ask.task != "extend":
        return source_s
    most = TOTAL_S[host] if total_s is None else total_s
    kept = min(source_s, KEPT_S) if host == VERTEX else source_s
    if kept + ask.seconds > most + 0.1:
        said = f"{source_s:g} s + {ask.seconds:g} s"
        return invalid(f"Videos can be extended up to {most:g} seconds in total, got {said}.")
    return kept


def _unknown(part: Mapping[str, Any], known: set[str], refused: set[str]) -> Refusal | None:
    for name in part:
        if name in refused:
            return invalid(f"`{name}` isn't supported by this model. Please remove it.")
        if name not in known:
            return invalid(f"Unknown parameter: {name!r}.")
    return None
