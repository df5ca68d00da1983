"""Copied and encoded runs woven into one track: one avc1 entry, all parameter sets in it.

Samples are read, told their new ids and written one by one, so memory holds their sizes only.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from storyboard.errors import MediaError
from storyboard.film import Delivery
from storyboard.stitch.conform import timescale
from storyboard.stitch.smart.bitstream import IDR, renumbered
from storyboard.stitch.smart.boxes import MATRIX, box, full, grouped, numbers
from storyboard.stitch.smart.clipindex import ClipIndex, NotCopied, picture_units
from storyboard.stitch.smart.roster import Roster
from storyboard.timecode import FrameRange

_ENGLISH = struct.pack(">HH", 0x55C4, 0)
"""Undetermined language."""


@dataclass(frozen=True, slots=True)
class Thread:
    """Consecutive samples of one clip, from a closed IDR picture to a clean end."""

    index: ClipIndex
    part: FrameRange


def woven(
    threads: Sequence[Thread],
    delivery: Delivery,
    out: Path,
    *,
    roster: Roster,
) -> None:
    """Writes the picture track of `threads`, one after another, to `out`.

    Raises NotCopied, naming the clip, when its samples are not what its index promises.
    """
    sizes: array[int] = array("I")
    keys: list[int] = []
    delay = max(each.index.delay for each in threads)
    with out.open("wb") as stream:
        stream.write(box(b"ftyp", b"isom", bytes((0, 0, 2, 0)), b"isomiso2avc1mp41"))
        start = stream.tell()
        stream.write(struct.pack(">I4sQ", 1, b"mdat", 0))
        for thread in threads:
            for sample, instant in _samples(thread, roster):
                if instant:
                    keys.append(len(sizes) + 1)
                sizes.append(len(sample))
                stream.write(sample)
        end = stream.tell()
        stream.write(_moov(threads, delivery, roster.config, sizes, keys, delay, start + 16))
        stream.seek(start + 8)
        stream.write(struct.pack(">Q", end - start))


def _samples(thread: Thread, roster: Roster) -> Iterator[tuple[bytes, bool]]:
    """(sample with four-byte lengths and the film's ids, whether it is an IDR picture)."""
    index = thread.index
    ids = roster.admit(index.sequences, index.pictures)
    same = all(old == new for old, new in ids.items())
    table = index.samples
    with index.path.open("rb") as stream:
        for number in range(thread.part.start, thread.part.end):
            sample = _read(stream, table.offsets[number], table.sizes[number])
            try:
                kept = picture_units(index, sample)
                if not same:
                    kept = [renumbered(unit, ids) for unit in kept]
            except (NotCopied, MediaError, KeyError) as problem:
                raise NotCopied(f"frame {number}: {problem}", index.path) from problem
            yield (
                b"".join(part for unit in kept for part in (len(unit).to_bytes(4, "big"), unit)),
                kept[0][0] & 31 == IDR,
            )


def _read(stream: BinaryIO, offset: int, size: int) -> bytes:
    if stream.tell() != offset:
        stream.seek(offset)
    return stream.read(size)


def _moov(
    threads: Sequence[Thread],
    delivery: Delivery,
    config: bytes,
    sizes: Sequence[int],
    keys: Sequence[int],
    delay: int,
    start: int,
) -> bytes:
    width, height = delivery.size
    scale = timescale(delivery.rate.value)
    ticks = int(scale / delivery.rate.value)
    frames = len(sizes)
    length = frames * ticks
    shifts = [
        (each.index.ranks[number] - number + delay) * ticks
        for each in threads
        for number in range(each.part.start, each.part.end)
    ]
    color = box(b"colr", b"nclx", struct.pack(">HHHB", 1, 1, 1, 0))
    entry = box(
        b"avc1",
        struct.pack(">6xH16xHHIIIH32xHh", 1, width, height, 72 << 16, 72 << 16, 0, 1, 24, -1),
        box(b"avcC", config),
        color,
        box(b"pasp", struct.pack(">II", 1, 1)),
    )
    stbl = box(
        b"stbl",
        full(b"stsd", struct.pack(">I", 1), entry),
        full(b"stts", struct.pack(">III", 1, frames, ticks)),
        full(b"ctts", grouped(shifts)),
        full(b"stss", struct.pack(">I", len(keys)), numbers(keys)),
        full(b"stsc", struct.pack(">IIII", 1, 1, frames, 1)),
        full(b"stsz", struct.pack(">II", 0, frames), numbers(sizes)),
        full(b"co64", struct.pack(">IQ", 1, start)),
    )
    minf = box(
        b"minf",
        full(b"vmhd", bytes(8), flags=1),
        box(b"dinf", full(b"dref", struct.pack(">I", 1), full(b"url ", flags=1))),
        stbl,
    )
    mdia = box(
        b"mdia",
        full(b"mdhd", struct.pack(">QQIQ", 0, 0, scale, length), _ENGLISH, version=1),
        full(b"hdlr", bytes(4), b"vide", bytes(12), b"picture\0"),
        minf,
    )
    tkhd = full(
        b"tkhd",
        struct.pack(">QQIIQ8xHHHH", 0, 0, 1, 0, length, 0, 0, 0, 0),
        MATRIX,
        struct.pack(">II", width << 16, height << 16),
        version=1,
        flags=3,
    )
    edits = box(
        b"edts",
        full(b"elst", struct.pack(">IQqHH", 1, length, delay * ticks, 1, 0), version=1),
    )
    mvhd = full(
        b"mvhd",
        struct.pack(">QQIQIH10x", 0, 0, scale, length, 1 << 16, 0x0100),
        MATRIX,
        bytes(24),
        struct.pack(">I", 2),
        version=1,
    )
    return box(b"moov", mvhd, box(b"trak", tkhd, edits, mdia))
