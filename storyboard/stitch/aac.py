"""AAC in parts that join: each is encoded with a little of what stands before it, which is dropped.

A packet holds 1024 samples; packet i of the film begins at sample (i - 1) * 1024, since the coder
is one packet behind. Parts are kept as ADTS, where every packet says its length.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from storyboard.errors import MediaError
from storyboard.stitch.media import run_ffmpeg
from storyboard.stitch.packets import opened
from storyboard.stitch.pcm import RATE, Samples, silence

PACKET = 1024
PREROLL = 4
"""Packets before a part that are encoded and dropped: the coder's own delay, and three that it
needs to find its pace."""
_ARGUMENTS = ("-c:a", "aac", "-b:a", "192k", "-flags:a", "+bitexact")


def packets_of(samples: int) -> int:
    """How many packets a sound has."""
    return -(-samples // PACKET) + 1


def encoded(sound: Samples, out: Path) -> list[bytes]:
    """The packets of a sound that is encoded alone; `out` is a file to work in."""
    run_ffmpeg(
        [
            *("-f", "f32le", "-ar", f"{RATE}", "-ac", "2", "-i", "pipe:0"),
            *(*_ARGUMENTS, "-f", "adts", f"file:{out}"),
        ],
        stdin=[np.ascontiguousarray(sound, "<f4").data],
    )
    try:
        return list(_packets(out.read_bytes()))
    finally:
        out.unlink()


def heard(packets: list[bytes], out: Path) -> Samples:
    """What packets sound like, from the second one's first sample on; `out` as above."""
    out.write_bytes(b"".join(packets))
    try:
        pieces = [silence(0)]
        with opened(out) as container:
            for frame in container.decode(container.streams.audio[0]):
                planes = frame.to_ndarray()
                pieces.append(np.stack([planes[0], planes[-1]], axis=1))
    finally:
        out.unlink()
    return np.concatenate(pieces)[PACKET:]


def _packets(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        if data[at] != 0xFF or data[at + 1] & 0xF0 != 0xF0:
            raise MediaError("the sound was not encoded as it should be")
        size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        yield data[at : at + size]
        at += size
