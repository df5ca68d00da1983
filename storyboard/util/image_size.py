"""The size of a picture, read from its header alone: PNG, JPEG and WebP."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers of JPEG without a length."""

_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def read_image_size(path: Path) -> tuple[int, int]:
    """(width, height) in pixels as they are stored; (0, 0) where the header does not say."""
    try:
        with path.open("rb") as stream:
            head = stream.read(30)
            if head.startswith(b"\x89PNG\r\n\x1a\n"):
                return struct.unpack(">II", head[16:24])
            if head[:4] == b"RIFF" and head[8:12] == b"WEBP" and len(head) == 30:
                return _read_webp_size(head)
            if head.startswith(b"\xff\xd8"):
                stream.seek(2)
                return _read_jpeg_size(stream)
    except (OSError, struct.error, IndexError):
        pass
    return 0, 0


def _read_webp_size(head: bytes) -> tuple[int, int]:
    form, body = head[12:16], head[20:]
    if form == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if form == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if form == b"VP8 ":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return 0, 0


def _read_jpeg_size(stream: BinaryIO) -> tuple[int, int]:
    while marker := stream.read(2):
        if marker[0] != 0xFF:
            break
        if marker[1] == 0xFF:  # a fill byte before the marker
            stream.seek(-1, 1)
            continue
        if marker[1] in _STANDALONE:
            continue
        (length,) = struct.unpack(">H", stream.read(2))
        if marker[1] in _FRAME_HEADERS:
            height, width = struct.unpack(">xHH", stream.read(5))
            return width, height
        if marker[1] == 0xDA:  # the picture itself begins without a frame header
            break
        stream.seek(length - 2, 1)
    return 0, 0
