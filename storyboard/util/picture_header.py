"""Reads from the header of a picture file what a viewer does besides showing its pixels.

Nothing is decoded, so a picture can be described before anything is made from it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_ORIENTATION = 0x0112
_SRGB_NAMES = ("srgb", "c2", "urgb")
"""How sRGB profiles name themselves; the short names are those of photo platforms."""
_MAX_CHUNK = 1 << 22
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers of JPEG without a length."""

_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def describe_picture_reading(path: Path) -> str:
    """What a viewer does to the pixels of a PNG, JPEG or WebP; empty if it only shows them.

    Also empty if the file can't be read: the code that decodes it reports that.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(12)
            if start[:2] == b"\xff\xd8":
                return ", ".join(_describe_jpeg(stream))
            if start[:8] == b"\x89PNG\r\n\x1a\n":
                return ", ".join(_describe_png(stream))
            if start[:4] == b"RIFF" and start[8:] == b"WEBP":
                return ", ".join(_describe_webp(stream))
    except (OSError, struct.error, zlib.error, IndexError):
        pass
    return ""


def _describe_jpeg(stream: BinaryIO) -> Iterator[str]:
    profile: dict[int, bytes] = {}
    components = 3
    stream.seek(2)
    while len(head := stream.read(4)) == 4 and head[0] == 0xFF:
        marker, size = head[1], int.from_bytes(head[2:], "big") - 2
        # Start of scan: pixels follow, and no more headers.
        if marker == 0xDA or size < 0:
            break
        body = stream.read(size)
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            yield from _describe_orientation(body[6:])
        # A long profile is split into numbered segments.
        elif marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"):
            profile[body[12]] = body[14:]
        # The start-of-frame markers, without those of Huffman tables and arithmetic coding.
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            components = body[5]
    if components == 4:
        yield "CMYK"
    yield from _describe_profile(b"".join(profile[number] for number in sorted(profile)))


def _describe_png(stream: BinaryIO) -> Iterator[str]:
    stream.seek(8)
    while len(head := stream.read(8)) == 8:
        size, kind = struct.unpack(">I4s", head)
        if kind in (b"IDAT", b"IEND"):
            return
        body = stream.read(size) if size < _MAX_CHUNK else b""
        # Skip the checksum, and the body of a chunk too large to read.
        stream.seek(4 if body or not size else size + 4, 1)
        if kind == b"IHDR" and body[8] == 16:
            yield "16 bit"
        elif kind == b"eXIf":
            yield from _describe_orientation(body)
        elif kind == b"iCCP":
            packed = body[body.index(b"\0") + 2 :]
            yield from _describe_profile(zlib.decompressobj().decompress(packed, _MAX_CHUNK))


def _describe_webp(stream: BinaryIO) -> Iterator[str]:
    while len(head := stream.read(8)) == 8:
        kind, size = struct.unpack("<4sI", head)
        if kind in (b"EXIF", b"ICCP") and size < _MAX_CHUNK:
            body = stream.read(size)
            stream.seek(size % 2, 1)
            is_exif = kind == b"EXIF"
            yield from (_describe_orientation if is_exif else _describe_profile)(body)
        else:
            stream.seek(size + size % 2, 1)


def _describe_orientation(exif: bytes) -> Iterator[str]:
    exif = exif.removeprefix(b"Exif\0\0")
    # The header gives the byte order and the offset of the first directory, whose entries have 12
    # bytes.
    order = "<" if exif[:2] == b"II" else ">"
    (at,) = struct.unpack_from(order + "I", exif, 4)
    (count,) = struct.unpack_from(order + "H", exif, at)
    for number in range(count):
        tag, _, _, value = struct.unpack_from(order + "HHIH", exif, at + 2 + 12 * number)
        if tag == _ORIENTATION and 2 <= value <= 8:
            yield f"orientation {value}"


def _describe_profile(profile: bytes) -> Iterator[str]:
    if not profile:
        return
    (count,) = struct.unpack_from(">I", profile, 128)
    for number in range(count):
        name, at, size = struct.unpack_from(">4sII", profile, 132 + 12 * number)
        if name == b"desc":
            words = _read_profile_name(profile[at : at + size])
            if not words.lower().startswith(_SRGB_NAMES):
                yield f"profile {words}"
            return


def _read_profile_name(description: bytes) -> str:
    """The first text of a `desc` tag, in version 2 (ASCII) or 4 (UTF-16)."""
    if description[:4] == b"mluc":
        size, at = struct.unpack_from(">II", description, 20)
        return description[at : at + size].decode("utf-16-be", "replace").strip("\0 ")
    (size,) = struct.unpack_from(">I", description, 8)
    return description[12 : 12 + size].decode("ascii", "replace").strip("\0 ")


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
