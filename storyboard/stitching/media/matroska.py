"""What a Matroska or WebM file says of its own length: demuxers take one that is cut off."""

from __future__ import annotations

from pathlib import Path

_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


def read_declared_size(path: Path) -> int:
    """The bytes that `path` should have; 0 where it does not say, or is no such file."""
    with path.open("rb") as stream:
        head = stream.read(12)
        if head[:4] != _EBML:
            return 0
        size, width = _parse_ebml_length_and_width(head[4:])
        start = 4 + width + size
        stream.seek(start)
        head = stream.read(12)
    size, width = _parse_ebml_length_and_width(head[4:])
    return start + 4 + width + size if head[:4] == _SEGMENT and size else 0


def _parse_ebml_length_and_width(data: bytes) -> tuple[int, int]:
    """A length and the bytes that it takes; 0 where it is unknown."""
    if not data or not data[0]:
        return 0, 0
    width = 9 - data[0].bit_length()
    most = (1 << 7 * width) - 1
    size = int.from_bytes(data[:width], "big") & most
    return (0 if size == most else size), width
