"""The table of contents of a film: one track of picture, one of sound, and what is said of it."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from storyboard.film import Delivery
from storyboard.stitching.conform import timescale
from storyboard.stitching.smart.adts import PACKET, Sound
from storyboard.stitching.smart.boxes import MATRIX, box, full, grouped, numbers

_UNSAID = struct.pack(">HH", 0x55C4, 0)
"""Undetermined language."""
_KEYS = {"title": b"\xa9nam", "artist": b"\xa9ART", "copyright": b"cprt", "comment": b"\xa9cmt"}
_UTF8 = 1
_HERE = box(b"dinf", full(b"dref", struct.pack(">I", 1), full(b"url ", flags=1)))


@dataclass(frozen=True, slots=True)
class Chunks:
    """Where the samples of one track lie: runs of neighbours, and the size of each sample."""

    ends: Sequence[int]
    """The number of samples up to the end of each run."""
    offsets: array[int]
    sizes: array[int]

    @classmethod
    def of(cls, ends: Sequence[int], count: int) -> Chunks:
        """`count` samples in runs of which each stops before one of `ends`; places unknown."""
        ends = [min(end, count) for end in ends]
        return cls(ends, array("Q", bytes(8 * len(ends))), array("I", bytes(4 * count)))

    def span(self, number: int) -> tuple[int, int]:
        """The samples of run `number`, as a range."""
        return (self.ends[number - 1] if number else 0), self.ends[number]

    def boxes(self) -> bytes:
        counts = [self.ends[0], *(end - start for start, end in pairwise(self.ends))]
        runs: list[int] = []
        for number, count in enumerate(counts, 1):
            if not runs or count != runs[-2]:
                runs += (number, count, 1)
        return b"".join(
            (
                full(b"stsc", struct.pack(">I", len(runs) // 3), numbers(runs)),
                full(b"stsz", struct.pack(">II", 0, len(self.sizes)), numbers(self.sizes)),
                full(b"co64", struct.pack(">I", len(self.offsets)), numbers(self.offsets, "Q")),
            )
        )


def table_of_contents(
    delivery: Delivery,
    config: bytes,
    shifts: Sequence[int],
    keys: Sequence[int],
    delay: int,
    picture: Chunks,
    sound: tuple[Sound, Chunks] | None,
    said: Mapping[str, str],
) -> bytes:
    """The moov box. Its size follows from the numbers of samples, keys and chunks.

    `config` is the avcC record; `shifts` says by how many frames each sample is shown later than
    it is decoded, counted from `delay` frames before the film; `keys` are sync samples from 1.
    """
    scale = timescale(delivery.rate.value)
    ticks = int(scale / delivery.rate.value)
    length = len(shifts) * ticks
    mvhd = full(
        b"mvhd",
        struct.pack(">QQIQIH10x", 0, 0, scale, length, 1 << 16, 0x0100),
        MATRIX,
        bytes(24),
        struct.pack(">I", 3 if sound else 2),
        version=1,
    )
    width, height = delivery.size
    entry = box(
        b"avc1",
        struct.pack(">6xH16xHHIIIH32xHh", 1, width, height, 72 << 16, 72 << 16, 0, 1, 24, -1),
        box(b"avcC", config),
        box(b"colr", b"nclx", struct.pack(">HHHB", 1, 1, 1, 0)),
        box(b"pasp", struct.pack(">II", 1, 1)),
    )
    seen = _track(
        1,
        (width, height),
        (length, delay * ticks),
        (b"vide", b"picture\0", scale, length),
        full(b"vmhd", bytes(8), flags=1),
        full(b"stsd", struct.pack(">I", 1), entry),
        full(b"stts", struct.pack(">III", 1, len(shifts), ticks)),
        full(b"ctts", grouped([shift * ticks for shift in shifts])),
        full(b"stss", struct.pack(">I", len(keys)), numbers(keys)),
        picture.boxes(),
    )
    return box(b"moov", mvhd, seen, _heard(*sound, length) if sound else b"", _said(said))


def _heard(sound: Sound, chunks: Chunks, length: int) -> bytes:
    """The track of sound, without the packet before the film's beginning."""
    count = len(sound.sizes)
    config = _descriptor(5, sound.config)
    rate = 8 * sum(sound.sizes) * sound.rate // (count * PACKET)
    coding = _descriptor(4, struct.pack(">BBHBII", 0x40, 0x15, 0, 0, rate, rate), config)
    stream = _descriptor(3, struct.pack(">HB", 2, 0), coding, _descriptor(6, b"\2"))
    entry = box(
        b"mp4a",
        struct.pack(">6xH8xHH4xI", 1, 2, 16, sound.rate << 16),
        full(b"esds", stream),
    )
    return _track(
        2,
        None,
        (length, PACKET),
        (b"soun", b"sound\0", sound.rate, count * PACKET),
        full(b"smhd", bytes(4)),
        full(b"stsd", struct.pack(">I", 1), entry),
        full(b"stts", struct.pack(">III", 1, count, PACKET)),
        chunks.boxes(),
        # a decoder that begins anywhere needs the packet before
        full(b"sgpd", b"roll", struct.pack(">IIh", 2, 1, -1), version=1),
        full(b"sbgp", b"roll", struct.pack(">III", 1, count, 1)),
    )


def _track(
    number: int,
    size: tuple[int, int] | None,
    edit: tuple[int, int],
    media: tuple[bytes, bytes, int, int],
    head: bytes,
    *tables: bytes,
) -> bytes:
    """A track; `edit` is its length in the film's ticks and where it begins in its own."""
    handler, name, scale, length = media
    width, height = size or (0, 0)
    group, loud = (0, 0) if size else (1, 0x0100)
    return box(
        b"trak",
        full(
            b"tkhd",
            struct.pack(">QQIIQ8xHHHH", 0, 0, number, 0, edit[0], 0, group, loud, 0),
            MATRIX,
            struct.pack(">II", width << 16, height << 16),
            version=1,
            flags=3,
        ),
        box(b"edts", full(b"elst", struct.pack(">IQqHH", 1, *edit, 1, 0), version=1)),
        box(
            b"mdia",
            full(b"mdhd", struct.pack(">QQIQ", 0, 0, scale, length), _UNSAID, version=1),
            full(b"hdlr", bytes(4), handler, bytes(12), name),
            box(b"minf", head, _HERE, box(b"stbl", *tables)),
        ),
    )


def _descriptor(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes((tag, len(body))) + body


def _said(said: Mapping[str, str]) -> bytes:
    items = [
        box(_KEYS[key], box(b"data", struct.pack(">II", _UTF8, 0), text.encode()))
        for key, text in said.items()
        if text
    ]
    if not items:
        return b""
    handler = full(b"hdlr", bytes(4), b"mdirappl", bytes(9))
    return box(b"udta", full(b"meta", handler, box(b"ilst", *items)))
