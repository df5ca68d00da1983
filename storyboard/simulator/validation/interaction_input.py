"""The `input` of an interaction: a string, a list of contents, or a list of steps."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from storyboard.simulator.validation.rejection import Rejection, reject_invalid

IMAGES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
VIDEOS = ("video/mp4", "video/mpeg", "video/mpg", "video/mov", "video/quicktime", "video/webm")
INLINE_BYTES = 20_000_000
"""The largest inline picture or video, decoded."""


@dataclass(frozen=True, slots=True)
class InputMedia:
    """One picture or video of the input: inline bytes, or a URI."""

    kind: str
    """`image` or `video`; a `document` is a video unless its type says otherwise."""
    mime: str = ""
    data: bytes | None = None
    uri: str = ""


@dataclass(frozen=True, slots=True)
class InteractionInput:
    """The text and the media of an input, in order."""

    words: str
    media: tuple[InputMedia, ...] = ()


def read_input(value: object) -> InteractionInput | Rejection:
    """Reads an `input`; media of earlier model output among the steps count as input."""
    if isinstance(value, str):
        return InteractionInput(value.strip())
    items = [value] if isinstance(value, Mapping) else value
    if not isinstance(items, list) or not items:
        return reject_invalid("`input` must be a string, a list of contents or a list of steps.")
    contents: list[object] = []
    # Earlier steps may be sent back: their content counts, the model's thoughts don't.
    for item in items:
        if isinstance(item, Mapping) and item.get("type") in ("user_input", "model_output"):
            step_content = item.get("content", [])
            contents += (
                [{"type": "text", "text": step_content}]
                if isinstance(step_content, str)
                else list(step_content)
            )
        elif not (isinstance(item, Mapping) and item.get("type") == "thought"):
            contents.append(item)
    words: list[str] = []
    media: list[InputMedia] = []
    for content in contents:
        parsed = _read_content(content)
        if isinstance(parsed, Rejection):
            return parsed
        if isinstance(parsed, str):
            words.append(parsed)
        else:
            media.append(parsed)
    return InteractionInput(" ".join(words).strip(), tuple(media))


def _read_content(content: object) -> str | InputMedia | Rejection:
    if not isinstance(content, Mapping):
        return reject_invalid("Every content of `input` must be an object with a `type`.")
    kind = content.get("type")
    if kind == "text":
        return str(content.get("text", ""))
    if kind not in ("image", "video", "document"):
        return reject_invalid(f"Content type `{kind}` isn't supported by this model.")
    mime, uri, data = content.get("mime_type", ""), content.get("uri", ""), content.get("data")
    if bool(uri) == (data is not None):
        return reject_invalid(f"A content of type `{kind}` needs exactly one of `data` and `uri`.")
    allowed = {"image": IMAGES, "video": VIDEOS}.get(kind, IMAGES + VIDEOS)
    if data is not None and mime not in allowed:
        return reject_invalid(f"Unsupported `mime_type` {mime!r} for inline {kind}.")
    if kind == "document":
        kind = "image" if mime in IMAGES else "video"
    if data is None:
        return InputMedia(kind, str(mime), uri=str(uri))
    try:
        decoded = base64.b64decode(str(data), validate=True)
    except (binascii.Error, ValueError):
        return reject_invalid(f"`data` of a content of type `{kind}` is not base64.")
    if len(decoded) > INLINE_BYTES:
        return reject_invalid(
            "The request payload exceeds the limit: 20 MB inline. Use a file URI."
        )
    return InputMedia(kind, str(mime), decoded)
