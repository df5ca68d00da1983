"""MP4 as boxes: where the samples of the picture lie in a file, and the boxes of a new one."""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, groupby
from pathlib import Path
from typing import BinaryIO

MATRIX = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
"""Neither turned nor moved."""
_LARGEST = 1 << 28
"""Bytes of a table of contents that is still believed."""
_MOST = 1 << 24
"""Samples of a file that are."""
_NOTHING = -1
"""The place in the media of an edit that only waits."""


class Unreadable(Exception):
    """The file is no MP4 of the plain kind, with one H.264 track whose samples lie in it."""


@dataclass(frozen=True, slots=True)
class Samples:
    """The picture's samples in decoding order."""

    config: bytes
    """The avcC record."""
    offsets: Sequence[int]
    sizes: Sequence[int]
    shown: Sequence[int]
    """When each is shown, in ticks of `timescale`."""
    sync: frozenset[int]
    """Samples that are marked as key frames."""
    timescale: int
    start: int | None
    """What an edit list takes from every time; None when it does more than that."""
    whole: bool
    """Every sample is shown once, in the order of its times: no edit list says otherwise."""
    straight: bool
    """Shown as coded: neither turned nor stretched."""
    tagged: bool
    """The container says something of colours."""
    sounds: bool
    """Sound stands beside it."""


def read_samples(path: Path) -> Samples:
    """The table of the first picture track of `path`; raises Unreadable."""
    with path.open("rb") as stream:
        moov = memoryview(contents(stream))
        size = stream.seek(0, 2)
    try:
        if _all(moov, b"mvex"):
            raise Unreadable("its pictures lie in fragments")
        (scale,) = struct.unpack_from(">I", header := _one(moov, b"mvhd"), 20 if header[0] else 12)
        traks = [(_handler(trak), trak) for trak in _all(moov, b"trak")]
        sounds = any(kind == b"soun" for kind, _ in traks)
        pictures = [trak for kind, trak in traks if kind == b"vide"]
        if len(pictures) == 1:
            return _table(pictures[0], size, scale, sounds)
    except (struct.error, IndexError, ValueError) as error:
        raise Unreadable("its table of contents is damaged") from error
    raise Unreadable("it has not one picture track")


def box(kind: bytes, *parts: bytes) -> bytes:
    """One box."""
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """One box with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def numbers(values: Sequence[int], form: str = "I") -> bytes:
    """`values` as big-endian integers of one kind of `array`."""
    return _big_endian(array(form, values)).tobytes()


def grouped(values: Sequence[int]) -> bytes:
    """A run-length table, as stts and ctts are: how many, then (count, value)."""
    pairs = [(len(list(same)), value) for value, same in groupby(values)]
    return struct.pack(">I", len(pairs)) + numbers([each for pair in pairs for each in pair])


def contents(stream: BinaryIO) -> bytes:
    """What is in the moov box of a file; raises Unreadable where there is none."""
    while True:
        head = stream.read(8)
        if len(head) < 8:
            raise Unreadable("it is no MP4")
        size, kind = struct.unpack(">I4s", head)
        start = 8
        if size == 1:
            (size,) = struct.unpack(">Q", stream.read(8).ljust(8, b"\0"))
            start = 16
        if kind == b"moov" and start <= size < _LARGEST:
            return stream.read(size - start)
        if size < start or not kind.isalnum():
            raise Unreadable("it is no MP4")
        stream.seek(size - start, 1)


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8:
            return
        yield kind, data[at + 8 : at + size]
        at += size


def _all(data: memoryview, kind: bytes) -> list[memoryview]:
    return [body for name, body in _boxes(data) if name == kind]


def _one(data: memoryview, *kinds: bytes) -> memoryview:
    for kind in kinds:
        found = _all(data, kind)
        if not found:
            raise Unreadable(f"it has no {kind.decode()}")
        data = found[0]
    return data


def _handler(trak: memoryview) -> bytes:
    return bytes(_one(trak, b"mdia", b"hdlr")[8:12])


def _table(trak: memoryview, size: int, scale: int, sounds: bool) -> Samples:
    mdia = _one(trak, b"mdia")
    header = _one(mdia, b"mdhd")
    (timescale,) = struct.unpack_from(">I", header, 20 if header[0] else 12)
    stbl = _one(mdia, b"minf", b"stbl")
    described = _one(stbl, b"stsd")
    entries = list(_boxes(described[8:]))
    if len(entries) != 1 or entries[0][0] not in (b"avc1", b"avc3"):
        raise Unreadable("it is not H.264 of one format")
    sizes = _sizes(_one(stbl, b"stsz"))
    if not sizes:
        raise Unreadable("its pictures lie in fragments")
    offsets = _offsets(stbl, sizes)
    if len(offsets) != len(sizes) or any(
        at + long > size for at, long in zip(offsets, sizes, strict=True)
    ):
        raise Unreadable("it is cut off")
    decoded = list(accumulate(_runs(_one(stbl, b"stts"), "I"), initial=0))
    later = _all(stbl, b"ctts")
    shifts = _runs(later[0], "i") if later else [0] * len(sizes)
    marked = _all(stbl, b"stss")
    keys = _unpacked(marked[0][8:]) if marked else range(1, len(sizes) + 1)
    shown = array("q", (at + more for at, more in zip(decoded, shifts, strict=False)))
    entry = entries[0][1]
    start, whole = _edited(trak, shown, Fraction(timescale, scale))
    return Samples(
        config=bytes(_one(entry[78:], b"avcC")),
        offsets=offsets,
        sizes=sizes,
        shown=shown,
        sync=frozenset(key - 1 for key in keys),
        timescale=timescale,
        start=start,
        whole=whole,
        straight=_straight(_one(trak, b"tkhd"), entry),
        tagged=bool(_all(entry[78:], b"colr")),
        sounds=sounds,
    )


def _edited(trak: memoryview, shown: Sequence[int], ticks: Fraction) -> tuple[int | None, bool]:
    """The start and the wholeness of Samples, as the edit lists of `trak` leave them."""
    lists = [_one(each, b"elst") for each in _all(trak, b"edts")]
    if not lists:
        return 0, True
    form = ">QqI" if lists[0][0] else ">IiI"
    (count,) = struct.unpack_from(">I", lists[0], 4)
    size = struct.calcsize(form)
    edits = [struct.unpack_from(form, lists[0], 8 + size * number) for number in range(count)]
    waits = bool(edits) and edits[0][1] == _NOTHING
    if len(lists) > 1 or count != 1 + waits:
        return None, False
    length, start, speed = edits[-1]
    ends = start + round(length * ticks)
    whole = 0 <= start <= min(shown) and max(shown) < ends and speed == 1 << 16
    return (start if whole and not waits else None), whole


def _straight(tkhd: memoryview, entry: memoryview) -> bool:
    tail = tkhd[-44:]
    width, height = struct.unpack_from(">HH", entry, 24)
    shapes = [struct.unpack(">II", each[:8]) for each in _all(entry[78:], b"pasp")]
    return (
        bytes(tail[:36]) == MATRIX
        and struct.unpack_from(">II", tail, 36) == (width << 16, height << 16)
        and all(across == down for across, down in shapes)
    )


def _unpacked(data: memoryview, form: str = "I") -> array[int]:
    values: array[int] = array(form)
    values.frombytes(data[: len(data) // values.itemsize * values.itemsize])
    return _big_endian(values)


def _big_endian(values: array[int]) -> array[int]:
    if sys.byteorder == "little":
        values.byteswap()
    return values


def _sizes(stsz: memoryview) -> array[int]:
    same, count = struct.unpack_from(">II", stsz, 4)
    if count > _MOST:
        raise Unreadable("its table of contents is damaged")
    return array("I", [same]) * count if same else _unpacked(stsz[12 : 12 + 4 * count])


def _runs(table: memoryview, form: str) -> list[int]:
    """The values of a run-length table, one for each sample."""
    (count,) = struct.unpack_from(">I", table, 4)
    body = table[8 : 8 + 8 * count]
    counts, values = _unpacked(body)[::2], _unpacked(body, form)[1::2]
    if sum(counts) > _MOST:
        raise Unreadable("its table of contents is damaged")
    return [value for many, value in zip(counts, values, strict=True) for _ in range(many)]


def _offsets(stbl: memoryview, sizes: Sequence[int]) -> array[int]:
    wide = _all(stbl, b"co64")
    chunks = _unpacked(wide[0][8:], "Q") if wide else _unpacked(_one(stbl, b"stco")[8:])
    runs = _unpacked(_one(stbl, b"stsc")[8:])
    firsts, counts = runs[::3], runs[1::3]
    found: array[int] = array("Q")
    sample = 0
    for number, many in enumerate(counts):
        end = firsts[number + 1] - 1 if number + 1 < len(firsts) else len(chunks)
        for chunk in chunks[firsts[number] - 1 : end]:
            at = chunk
            for size in sizes[sample : sample + many]:
                found.append(at)
                at += size
            sample += many
    return found
