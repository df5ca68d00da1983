"""What CometAPI's `/v1/videos` accepts, and its prices.

The gateway checks the form itself and replies with 400; the backend behind it checks sizes and
lengths, and the gateway passes its refusal on as 500 with the code `invalid_request`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from storyboard.simulator.validation.rejection import Rejection

BACKENDS = {"veo3.1": "veo_3_1", "veo3.1-fast": "veo_3_1-fast", "veo3.1-pro": "veo_3_1-4K"}
"""The id that a reply names instead of the requested alias."""

SIZES = {
    "1280x720": "720p",
    "720x1280": "720p",
    "1920x1080": "1080p",
    "3840x2160": "4k",
}
SECONDS = ("4", "6", "8")
IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp")
LARGEST_IMAGE = 20_000_000
"""Bytes. The gateway states no limit; this is the limit of the models behind it."""

_PER_SECOND = {
    "veo3.1": {"720p": "0.32", "1080p": "0.32", "4k": "0.48"},
    "veo3.1-fast": {"720p": "0.08", "1080p": "0.096", "4k": "0.24"},
}
_PER_REQUEST = {"veo3.1-pro": "2.00"}


def compute_video_price_usd(model: str, resolution: str, seconds: int) -> Decimal:
    """USD for one video of `seconds`, from the vendor's table of 2026-08-13; pro is priced per
    request.
    """
    if model in _PER_REQUEST:
        return Decimal(_PER_REQUEST[model])
    return Decimal(_PER_SECOND[model][resolution]) * seconds


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a form."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class VideoForm:
    """An accepted form."""

    model: str
    prompt: str
    seconds: int
    width: int
    height: int
    resolution: str
    first: bytes | None = None
    last: bytes | None = None


def reject_unknown_model(model_id: str) -> Rejection | None:
    """The rejection if no channel serves that model, else None."""
    if not model_id:
        return Rejection(400, "invalid_request", "model is required")
    if model_id not in BACKENDS:
        return Rejection(
            403,
            "model_not_found",
            f"this key has no access to model {model_id}, or it does not exist",
        )
    return None


def read_form(
    fields: Mapping[str, str], references: Sequence[Upload], *, accepts_last_frame: bool = False
) -> VideoForm | Rejection:
    """Reads a create form.

    `references` are the files named `input_reference`, in order. The first one is the first frame;
    a second one is the last frame if `accepts_last_frame` is set (the older page), else it is
    rejected.
    """
    model = fields.get("model", "veo3.1-fast")
    if rejection := reject_unknown_model(model):
        return rejection
    prompt = fields.get("prompt", "").strip()
    if not prompt:
        return Rejection(400, "invalid_request", "prompt is required")
    limit = 2 if accepts_last_frame else 1
    if len(references) > limit:
        message = f"input_reference accepts {limit} file(s), got {len(references)}"
        return Rejection(400, "invalid_request", message)
    for upload in references:
        if upload.mime not in IMAGE_TYPES:
            message = f"input_reference must be an image, got {upload.mime or 'no content type'}"
            return Rejection(400, "invalid_request", message)
        if not upload.data:
            return Rejection(400, "invalid_request", f"input_reference {upload.name} is empty")
        if len(upload.data) > LARGEST_IMAGE:
            return Rejection(413, "", "request entity too large")
    seconds = fields.get("seconds", SECONDS[0])
    if seconds not in SECONDS:
        message = f"seconds must be one of {', '.join(SECONDS)}, got {seconds}"
        return Rejection(500, "invalid_request", message)
    size = fields.get("size", "1280x720")
    if size not in SIZES:
        message = f"size must be one of {', '.join(SIZES)}, got {size}"
        return Rejection(500, "invalid_request", message)
    width, height = (int(side) for side in size.split("x"))
    frames = [upload.data for upload in references]
    return VideoForm(
        model=model,
        prompt=prompt,
        seconds=int(seconds),
        width=width,
        height=height,
        resolution=SIZES[size],
        first=frames[0] if frames else None,
        last=frames[1] if len(frames) > 1 else None,
    )
