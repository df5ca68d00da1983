"""Media that travel inside JSON, as base64."""

from __future__ import annotations

import asyncio
import base64
import binascii
from pathlib import Path

from storyboard.errors import ProviderError

MAX_INLINE_BYTES = 15_000_000
"""Bytes of a medium that still goes along with a request; its base64 stays below 20 MB."""


def encode_base64(data: bytes) -> str:
    """The bytes as base64."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: object, provider: str) -> bytes:
    """The bytes of a base64 text; ProviderError for anything else, and where none are in it."""
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise ProviderError("what was delivered is no medium", provider=provider)
    return data


async def write_base64(text: object, out: Path, provider: str) -> Path:
    """The bytes of a base64 text as the file `out`, complete or not at all."""
    return await asyncio.to_thread(lambda: write_file(decode_base64(text, provider), out))


def write_file(data: bytes, out: Path) -> Path:
    """The bytes as the file `out`, complete or not at all."""
    part = out.with_name(f".{out.name}.part")
    part.write_bytes(data)
    return part.replace(out)
