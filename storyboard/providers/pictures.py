"""Pictures as the wires take them: PNG and JPEG as they are, anything else made into PNG."""

from __future__ import annotations

import asyncio
from pathlib import Path

from storyboard.errors import InvalidRequest
from storyboard.providers.base import Input, Workplace

LARGEST = 20_000_000
"""Bytes of one picture."""

_MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_JPEG_QUALITY = 95


async def picture(given: Input, place: Workplace, provider: str = "") -> tuple[bytes, str]:
    """The bytes of an input's picture and their MIME type, at most LARGEST of them.

    Raises InvalidRequest for what is no picture, or stays too large as a JPEG of high quality.
    """
    name = given.name or given.role.value
    if given.path is None:
        raise _refused(f"the picture `{name}` has no file", provider)
    try:
        data = await asyncio.to_thread(given.path.read_bytes)
    except OSError as error:
        raise _refused(f"the picture `{name}` can't be read: {error.strerror}", provider) from None
    mime = kind(data)
    if not mime:
        data, mime = await _again(given.path, ".png", place, provider), "image/png"
    if len(data) > LARGEST:
        data, mime = await _again(given.path, ".jpg", place, provider), "image/jpeg"
    if len(data) <= LARGEST:
        return data, mime
    raise _refused(
        f"{given.path.name} has more than {LARGEST // 1_000_000} MB, even as a JPEG", provider
    )


async def _again(path: Path, suffix: str, place: Workplace, provider: str) -> bytes:
    made: bytes | None = await place.compute(encoded, path, suffix)
    if made is None:
        raise _refused(f"{path.name} is no picture that can be read", provider)
    return made


def kind(data: bytes) -> str:
    """`image/png` or `image/jpeg`, told by the first bytes; empty for anything else."""
    return next((mime for magic, mime in _MAGIC.items() if data.startswith(magic)), "")


def encoded(path: Path, suffix: str) -> bytes | None:
    """The picture in another encoding, `.png` or `.jpg`; None where it can't be read."""
    import cv2
    import numpy as np

    flag = cv2.IMREAD_UNCHANGED if suffix == ".png" else cv2.IMREAD_COLOR
    try:
        pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), flag)
        if pixels is None:
            return None
        wish = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if suffix == ".jpg" else []
        sound, made = cv2.imencode(suffix, pixels, wish)
    except (cv2.error, OSError):
        return None
    return bytes(made) if sound else None


def _refused(message: str, provider: str) -> InvalidRequest:
    return InvalidRequest(message, hint="PNG or JPEG suit every model", provider=provider)
