"""Encodes media for requests and answers: pictures as PNG or JPEG, and bytes as base64 in JSON.

It converts a picture that is neither PNG nor JPEG to PNG.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from pathlib import Path

from storyboard.errors import InvalidRequest, ProviderError
from storyboard.providers.base import Input, Workplace

MAX_PICTURE_BYTES = 20_000_000
"""Bytes of one picture."""

_MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_JPEG_QUALITY = 95


async def read_picture_with_mime(
    picture_input: Input, place: Workplace, provider: str = ""
) -> tuple[bytes, str]:
    """The bytes of an input's picture and their MIME type, at most MAX_PICTURE_BYTES of them.

    Raises InvalidRequest if it is not a picture, or if it is too large even as a JPEG of high
    quality.
    """
    name = picture_input.name or picture_input.role.value
    if picture_input.path is None:
        raise _picture_error(f"the image `{name}` has no file", provider)
    try:
        data = await asyncio.to_thread(picture_input.path.read_bytes)
    except OSError as error:
        raise _picture_error(
            f"the image `{name}` can't be read: {error.strerror}", provider
        ) from None
    mime = detect_mime(data)
    if not mime:
        data, mime = (
            await _reencode_picture(picture_input.path, ".png", place, provider),
            "image/png",
        )
    if len(data) > MAX_PICTURE_BYTES:
        data, mime = (
            await _reencode_picture(picture_input.path, ".jpg", place, provider),
            "image/jpeg",
        )
    if len(data) <= MAX_PICTURE_BYTES:
        return data, mime
    raise _picture_error(
        f"{picture_input.path.name} is too large: more than {MAX_PICTURE_BYTES // 1000000} "
        "MB, even as a JPEG",
        provider,
    )


async def _reencode_picture(path: Path, suffix: str, place: Workplace, provider: str) -> bytes:
    data: bytes | None = await place.compute(convert_picture_file, path, suffix)
    if data is None:
        raise _picture_error(f"{path.name} is not a readable image", provider)
    return data


def detect_mime(data: bytes) -> str:
    """`image/png` or `image/jpeg`, from the first bytes; empty for anything else."""
    return next((mime for magic, mime in _MAGIC.items() if data.startswith(magic)), "")


def convert_picture_file(path: Path, suffix: str) -> bytes | None:
    """The picture in another encoding, `.png` or `.jpg`; None if it can't be read."""
    import cv2
    import numpy as np

    flag = cv2.IMREAD_UNCHANGED if suffix == ".png" else cv2.IMREAD_COLOR
    try:
        pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), flag)
        if pixels is None:
            return None
        parameters = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if suffix == ".jpg" else []
        is_encoded, data = cv2.imencode(suffix, pixels, parameters)
    except (cv2.error, OSError):
        return None
    return bytes(data) if is_encoded else None


def _picture_error(message: str, provider: str) -> InvalidRequest:
    return InvalidRequest(
        message, hint="save it as PNG or JPEG; every model accepts these", provider=provider
    )


MAX_INLINE_BYTES = 15_000_000
"""The largest medium in bytes that a request can contain; its base64 stays below 20 MB."""


def encode_base64(data: bytes) -> str:
    """The bytes as base64."""
    return base64.b64encode(data).decode("ascii")


def decode_base64_medium(text: object, provider: str) -> bytes:
    """The bytes of a base64 text; raises ProviderError for anything else, and for no bytes."""
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise ProviderError("the result is not a media file", provider=provider)
    return data


async def write_base64_medium(text: object, out: Path, provider: str) -> Path:
    """Writes the bytes of a base64 text to the file `out`, completely or not at all."""
    return await asyncio.to_thread(lambda: write_file(decode_base64_medium(text, provider), out))


def write_file(data: bytes, out: Path) -> Path:
    """Writes the bytes to the file `out`, completely or not at all."""
    part = out.with_name(f".{out.name}.part")
    part.write_bytes(data)
    return part.replace(out)
