"""AAC packets in an ADTS file; only their sizes are kept in memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storyboard.errors import MediaError

PACKET = 1024
"""Samples per packet."""
_PIECE = 1 << 20
_HEADER = 7
_LONGER = 2
"""Bytes of the optional checksum."""
_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)


@dataclass(frozen=True, slots=True)
class AdtsFile:
    """A file of packets."""

    path: Path
    sizes: array[int]
    """Size of every packet without its header."""
    rate: int
    config: bytes
    """The AudioSpecificConfig that a decoder needs."""


def index_adts_file(path: Path) -> AdtsFile:
    """Indexes the packets of `path`; raises MediaError unless it is AAC in ADTS."""
    sizes: array[int] = array("I")
    config, rate = b"", 0
    for header, packet in _read_headers_and_packets(path):
        # All packets share one format, so the first header gives the AudioSpecificConfig: five bits
        # of object type, four of rate, four of channels (ISO 14496-3, 1.6.2.1).
        if not config:
            object_type, rate_index = (header[2] >> 6) + 1, header[2] >> 2 & 15
            channels = (header[2] & 1) << 2 | header[3] >> 6
            rate = _RATES[rate_index] if rate_index < len(_RATES) else 0
            config = (object_type << 11 | rate_index << 7 | channels << 3).to_bytes(2, "big")
        sizes.append(len(packet))
    if not rate:
        raise MediaError("the sound of the film was not encoded correctly")
    return AdtsFile(path, sizes, rate, config)


def read_adts_packets(adts_file: AdtsFile) -> Iterator[memoryview]:
    """The packets without their headers; each stays valid until the next is read."""
    return (packet for _, packet in _read_headers_and_packets(adts_file.path))


def _read_headers_and_packets(path: Path) -> Iterator[tuple[memoryview, memoryview]]:
    with path.open("rb") as stream:
        remainder = b""
        while block := stream.read(_PIECE):
            data = memoryview(remainder + block)
            at = 0
            while at + _HEADER <= len(data):
                header = data[at : at + _HEADER]
                # Twelve set bits mark a header; the two layer bits are always zero.
                if header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
                    raise MediaError("the sound of the film was not encoded correctly")
                size = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
                # The block ends inside this packet: carry its bytes over to the next block.
                if at + size > len(data) or size < _HEADER:
                    break
                # The protection bit is set when the header has no checksum.
                yield header, data[at + _HEADER + (0 if header[1] & 1 else _LONGER) : at + size]
                at += size
            remainder = bytes(data[at:])
    if remainder:
        raise MediaError("the sound of the film is cut off")
