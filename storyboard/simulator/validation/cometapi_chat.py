"""What CometAPI's chat route accepts for video: a message, and `google` media in the extra body.

The gateway rejects what it can't route, with an HTTP status. What the model behind it can't do
comes back with status 200, as a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from storyboard.simulator.validation.cometapi_videos import LARGEST_IMAGE, reject_unknown_model
from storyboard.simulator.validation.rejection import Rejection, reject_on_type_errors
from storyboard.simulator.validation.veo_request import ClipFacts

SIZES = {
    ("720p", "16:9"): (1280, 720),
    ("720p", "9:16"): (720, 1280),
    ("1080p", "16:9"): (1920, 1080),
    ("1080p", "9:16"): (1080, 1920),
    ("4k", "16:9"): (3840, 2160),
    ("4k", "9:16"): (2160, 3840),
}
DURATIONS = (4, 6, 8)
HOP_S = 7
MOST_REFERENCES = 3
SOURCE_S = (1, 30)
_KINDS: dict[str, type[Any]] = {
    "resolution": str,
    "aspectRatio": str,
    "durationSeconds": int,
    "fps": int,
    "numberOfVideos": int,
    "generateAudio": bool,
}


@dataclass(frozen=True, slots=True)
class VideoChat:
    """A routed request; `explain_model_refusal` tells whether the model can do it. Media are
    URIs.
    """

    model: str
    prompt: str
    stream: bool
    image: str = ""
    last_frame: str = ""
    video: str = ""
    references: tuple[str, ...] = ()
    resolution: str = "720p"
    seconds: int = 8
    aspect_ratio: str = "16:9"
    fps: int = 24
    audio: bool = True
    samples: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of an allowed combination."""
        return SIZES[self.resolution, self.aspect_ratio]


@reject_on_type_errors("invalid_request")
def read_chat(body: object) -> VideoChat | Rejection:
    """Reads a chat body: `google` is below a literal `extra_body` key, or at the top level.

    The OpenAI client's `extra_body=` argument merges into the top level, so both occur. Keys in
    another spelling than camelCase are ignored, as gateways do, and leave the default.
    """
    if not isinstance(body, Mapping):
        return _reject_request("the body must be a JSON object")
    model = str(body.get("model", ""))
    if rejection := reject_unknown_model(model):
        return rejection
    prompt = _find_last_user_prompt(body.get("messages"))
    if prompt is None:
        return _reject_request("messages is required")
    extra = body.get("extra_body", body)
    google = extra.get("google", {}) if isinstance(extra, Mapping) else None
    config = google.get("config", {}) if isinstance(google, Mapping) else None
    if not isinstance(google, Mapping) or not isinstance(config, Mapping):
        return _reject_request("extra_body.google must be an object")
    for name, kind in _KINDS.items():
        if not isinstance(config.get(name, kind()), kind):
            return _reject_request(f"{name} must be of type {kind.__name__}")
    reference_list = google.get("referenceImages", [])
    if not isinstance(reference_list, list):
        return _reject_request("referenceImages must be a list")
    chat = VideoChat(
        model=model,
        prompt=prompt,
        stream=bool(body.get("stream", False)),
        image=_read_uri(google.get("image")),
        last_frame=_read_uri(google.get("lastFrame")),
        video=_read_uri(google.get("video")),
        references=tuple(
            _read_uri(reference.get("image")) if isinstance(reference, Mapping) else ""
            for reference in reference_list
        ),
        resolution=config.get("resolution", "720p"),
        seconds=config.get("durationSeconds", HOP_S if google.get("video") else 8),
        aspect_ratio=config.get("aspectRatio", "16:9"),
        fps=config.get("fps", 24),
        audio=config.get("generateAudio", True),
        samples=config.get("numberOfVideos", 1),
    )
    largest = max(map(len, (chat.image, chat.last_frame, *chat.references)))
    if largest > LARGEST_IMAGE * 4 / 3 + 64:
        return Rejection(413, "", "request entity too large")
    return chat


def explain_model_refusal(chat: VideoChat, source_clip: ClipFacts | None = None) -> str:
    """Why the model can't make that; empty if it can. `source_clip` is the video to extend."""
    presence = bool(chat.image), bool(chat.last_frame), bool(chat.video), bool(chat.references)
    image, last, video, references = presence
    if not chat.prompt and not (image or video):
        return "A prompt is needed."
    if (chat.resolution, chat.aspect_ratio) not in SIZES:
        return f"Unsupported size: {chat.resolution} {chat.aspect_ratio}."
    if chat.fps != 24 or chat.samples != 1:
        return "Only fps 24 and one video are supported."
    if last and not image:
        return "lastFrame needs image."
    if image and video:
        return "image and video can't be given together."
    if references and (image or video):
        return "referenceImages can't be given with image, lastFrame or video."
    if len(chat.references) > MOST_REFERENCES or "" in chat.references:
        return f"At most {MOST_REFERENCES} reference images, each with image.uri."
    return _explain_duration_or_source_refusal(chat, source_clip)


def _explain_duration_or_source_refusal(chat: VideoChat, source_clip: ClipFacts | None) -> str:
    feature, allowed = "text_to_video", list(DURATIONS)
    if chat.video:
        feature, allowed = "video_extension", [HOP_S]
    elif chat.references:
        feature, allowed = "reference_to_video", [8]
    elif chat.image:
        feature = "image_to_video"
    if chat.seconds not in allowed:
        allowed_text = ",".join(str(duration) for duration in allowed)
        return (
            f"Unsupported output video duration {chat.seconds} seconds, "
            f"supported durations are [{allowed_text}] for feature {feature}."
        )
    if chat.video and chat.resolution != "720p":
        return "Video extension supports resolution 720p only."
    if source_clip and not SOURCE_S[0] <= source_clip.seconds <= SOURCE_S[1]:
        return f"The input video must be {SOURCE_S[0]} to {SOURCE_S[1]} seconds long."
    # The service behind the gateway is unknown: apply the stricter of Google's two rules.
    if source_clip and min(source_clip.width, source_clip.height) > 720:
        return "The input video must be 720p."
    return ""


def _find_last_user_prompt(messages: object) -> str | None:
    """The text of the user's last message; None if there is no such message."""
    if not isinstance(messages, list):
        return None
    for message in reversed(messages):
        if isinstance(message, Mapping) and message.get("role") == "user":
            content = message.get("content", "")
            if isinstance(content, str):
                return content.strip()
            parts = content if isinstance(content, list) else []
            words = [part.get("text", "") for part in parts if isinstance(part, Mapping)]
            return " ".join(word for word in words if isinstance(word, str)).strip()
    return None


def _read_uri(media: object) -> str:
    return str(media.get("uri", "")) if isinstance(media, Mapping) else ""


def _reject_request(message: str) -> Rejection:
    return Rejection(400, "invalid_request", message)
