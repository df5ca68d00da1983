"""MP4 boxes: finds the picture's samples in a file, and builds the boxes of a new one."""

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
"""The identity matrix: neither turned nor moved."""
_MAX_MOOV_BYTES = 1 << 28
"""A larger table of contents is taken for damage."""
_MAX_SAMPLES = 1 << 24
"""Likewise for more samples than this."""
_EMPTY_EDIT = -1
"""The media time of an edit that only delays the start."""


class UnsupportedMp4(Exception):
    """The file is not a plain MP4, with one H.264 track whose samples are all in it."""


@dataclass(frozen=True, slots=True)
class SampleTable:
    """The picture's samples in decoding order."""

    config: bytes
    """The avcC record."""
    offsets: Sequence[int]
    sizes: Sequence[int]
    shown_at: Sequence[int]
    """Display time of each, in ticks of `timescale`."""
    sync: frozenset[int]
    """Samples that are marked as key frames."""
    timescale: int
    start: int | None
    """What the edit list subtracts from every time; None if it does more than that."""
    whole: bool
    """Whether every sample is shown once, in the order of its times, with any edit list applied."""
    straight: bool
    """Whether the picture is shown as coded, neither turned nor stretched."""
    tagged: bool
    """Whether the container states any colours."""
    has_audio: bool
    """Whether the file has a sound track."""


def read_sample_table(path: Path) -> SampleTable:
    """The table of the only picture track of `path`; raises UnsupportedMp4."""
    with path.open("rb") as stream:
        moov = memoryview(read_moov(stream))
        size = stream.seek(0, 2)
    try:
        if _find_box_bodies(moov, b"mvex"):
            raise UnsupportedMp4("it is a fragmented MP4")
        (scale,) = struct.unpack_from(
            ">I", header := _find_nested_box_body(moov, b"mvhd"), 20 if header[0] else 12
        )
        traks = [(_read_handler_type(trak), trak) for trak in _find_box_bodies(moov, b"trak")]
        has_audio = any(kind == b"soun" for kind, _ in traks)
        pictures = [trak for kind, trak in traks if kind == b"vide"]
        if len(pictures) == 1:
            return _read_track_sample_table(pictures[0], size, scale, has_audio)
    except (struct.error, IndexError, ValueError) as error:
        raise UnsupportedMp4("its index (moov) is damaged") from error
    raise UnsupportedMp4("it doesn't have exactly one video track")


def build_box(kind: bytes, *parts: bytes) -> bytes:
    """One box."""
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def build_full_box(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """One box with a version and flags."""
    return build_box(kind, struct.pack(">I", version << 24 | flags), *parts)


def pack_big_endian(values: Sequence[int], type_code: str = "I") -> bytes:
    """`values` as big-endian integers of an `array` type code."""
    return _swap_bytes_for_big_endian(array(type_code, values)).tobytes()


def pack_run_lengths(values: Sequence[int]) -> bytes:
    """A run-length table as in stts and ctts: the number of runs, then (count, value) of each."""
    pairs = [(len(list(group)), value) for value, group in groupby(values)]
    return struct.pack(">I", len(pairs)) + pack_big_endian(
        [number for pair in pairs for number in pair]
    )


def read_moov(stream: BinaryIO) -> bytes:
    """The content of the moov box; raises UnsupportedMp4 if there is none."""
    while True:
        head = stream.read(8)
        if len(head) < 8:
            raise UnsupportedMp4("it is not an MP4 file")
        size, kind = struct.unpack(">I4s", head)
        start = 8
        # A size of 1 means that a 64-bit size follows; 0 (up to the end of the file) is not
        # supported.
        if size == 1:
            (size,) = struct.unpack(">Q", stream.read(8).ljust(8, b"\0"))
            start = 16
        if kind == b"moov" and start <= size < _MAX_MOOV_BYTES:
            return stream.read(size - start)
        if size < start or not kind.isalnum():
            raise UnsupportedMp4("it is not an MP4 file")
        stream.seek(size - start, 1)


def _parse_boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8:
            return
        yield kind, data[at + 8 : at + size]
        at += size


def _find_box_bodies(data: memoryview, kind: bytes) -> list[memoryview]:
    return [body for name, body in _parse_boxes(data) if name == kind]


def _find_nested_box_body(data: memoryview, *kinds: bytes) -> memoryview:
    for kind in kinds:
        matches = _find_box_bodies(data, kind)
        if not matches:
            raise UnsupportedMp4(f"it has no {kind.decode()}")
        data = matches[0]
    return data


def _read_handler_type(trak: memoryview) -> bytes:
    return bytes(_find_nested_box_body(trak, b"mdia", b"hdlr")[8:12])


def _read_track_sample_table(
    trak: memoryview, file_size: int, movie_timescale: int, has_audio: bool
) -> SampleTable:
    mdia = _find_nested_box_body(trak, b"mdia")
    header = _find_nested_box_body(mdia, b"mdhd")
    (timescale,) = struct.unpack_from(">I", header, 20 if header[0] else 12)
    stbl = _find_nested_box_body(mdia, b"minf", b"stbl")
    stsd = _find_nested_box_body(stbl, b"stsd")
    entries = list(_parse_boxes(stsd[8:]))
    if len(entries) != 1 or entries[0][0] not in (b"avc1", b"avc3"):
        raise UnsupportedMp4("its video is not H.264 in one single format")
    sizes = _read_sample_sizes(_find_nested_box_body(stbl, b"stsz"))
    if not sizes:
        raise UnsupportedMp4("it is a fragmented MP4")
    offsets = _read_sample_offsets(stbl, sizes)
    if len(offsets) != len(sizes) or any(
        at + sample_size > file_size for at, sample_size in zip(offsets, sizes, strict=True)
    ):
        raise UnsupportedMp4("it is cut off")
    # Decoding time is the sum of the durations before a sample; ctts adds the delay until it is
    # shown.
    decode_times = list(
        accumulate(_expand_run_length_table(_find_nested_box_body(stbl, b"stts"), "I"), initial=0)
    )
    ctts = _find_box_bodies(stbl, b"ctts")
    shifts = _expand_run_length_table(ctts[0], "i") if ctts else [0] * len(sizes)
    stss = _find_box_bodies(stbl, b"stss")
    # Without stss, every sample is a key frame.
    keys = _unpack_big_endian(stss[0][8:]) if stss else range(1, len(sizes) + 1)
    shown_times = array("q", (at + shift for at, shift in zip(decode_times, shifts, strict=False)))
    entry = entries[0][1]
    start, whole = _read_edit_start_and_wholeness(
        trak, shown_times, Fraction(timescale, movie_timescale)
    )
    return SampleTable(
        config=bytes(_find_nested_box_body(entry[78:], b"avcC")),
        offsets=offsets,
        sizes=sizes,
        shown_at=shown_times,
        sync=frozenset(key - 1 for key in keys),
        timescale=timescale,
        start=start,
        whole=whole,
        straight=_is_shown_as_coded(_find_nested_box_body(trak, b"tkhd"), entry),
        tagged=bool(_find_box_bodies(entry[78:], b"colr")),
        has_audio=has_audio,
    )


def _read_edit_start_and_wholeness(
    trak: memoryview, shown_times: Sequence[int], timescale_ratio: Fraction
) -> tuple[int | None, bool]:
    """The `start` and `whole` of a SampleTable, with the track's edit list applied."""
    lists = [_find_nested_box_body(edts, b"elst") for edts in _find_box_bodies(trak, b"edts")]
    if not lists:
        return 0, True
    form = ">QqI" if lists[0][0] else ">IiI"
    (count,) = struct.unpack_from(">I", lists[0], 4)
    size = struct.calcsize(form)
    edits = [struct.unpack_from(form, lists[0], 8 + size * number) for number in range(count)]
    has_empty_edit = bool(edits) and edits[0][1] == _EMPTY_EDIT
    # Plain is one edit, with at most one empty edit in front of it that delays the start.
    if len(lists) > 1 or count != 1 + has_empty_edit:
        return None, False
    length, start, speed = edits[-1]
    ends = start + round(length * timescale_ratio)
    whole = 0 <= start <= min(shown_times) and max(shown_times) < ends and speed == 1 << 16
    # An empty edit shifts the picture against the sound, so only a demuxer can tell the start.
    return (start if whole and not has_empty_edit else None), whole


def _is_shown_as_coded(tkhd: memoryview, sample_entry: memoryview) -> bool:
    # The last 44 bytes of tkhd are the matrix, width and height, in either version.
    tail = tkhd[-44:]
    width, height = struct.unpack_from(">HH", sample_entry, 24)
    shapes = [
        struct.unpack(">II", pasp[:8]) for pasp in _find_box_bodies(sample_entry[78:], b"pasp")
    ]
    return (
        bytes(tail[:36]) == MATRIX
        and struct.unpack_from(">II", tail, 36) == (width << 16, height << 16)
        and all(across == down for across, down in shapes)
    )


def _unpack_big_endian(data: memoryview, type_code: str = "I") -> array[int]:
    values: array[int] = array(type_code)
    values.frombytes(data[: len(data) // values.itemsize * values.itemsize])
    return _swap_bytes_for_big_endian(values)


def _swap_bytes_for_big_endian(values: array[int]) -> array[int]:
    if sys.byteorder == "little":
        values.byteswap()
    return values


def _read_sample_sizes(stsz: memoryview) -> array[int]:
    common_size, count = struct.unpack_from(">II", stsz, 4)
    if count > _MAX_SAMPLES:
        raise UnsupportedMp4("its index (moov) is damaged")
    return (
        array("I", [common_size]) * count
        if common_size
        else _unpack_big_endian(stsz[12 : 12 + 4 * count])
    )


def _expand_run_length_table(table: memoryview, type_code: str) -> list[int]:
    """The values of a run-length table, one per sample."""
    (count,) = struct.unpack_from(">I", table, 4)
    body = table[8 : 8 + 8 * count]
    counts, values = _unpack_big_endian(body)[::2], _unpack_big_endian(body, type_code)[1::2]
    if sum(counts) > _MAX_SAMPLES:
        raise UnsupportedMp4("its index (moov) is damaged")
    return [value for many, value in zip(counts, values, strict=True) for _ in range(many)]


def _read_sample_offsets(stbl: memoryview, sizes: Sequence[int]) -> array[int]:
    wide = _find_box_bodies(stbl, b"co64")
    chunks = (
        _unpack_big_endian(wide[0][8:], "Q")
        if wide
        else _unpack_big_endian(_find_nested_box_body(stbl, b"stco")[8:])
    )
    runs = _unpack_big_endian(_find_nested_box_body(stbl, b"stsc")[8:])
    firsts, counts = runs[::3], runs[1::3]
    offsets: array[int] = array("Q")
    sample = 0
    for number, samples_per_chunk in enumerate(counts):
        # stsc gives samples per chunk for runs of chunks: each run ends before the next one's first
        # chunk.
        end = firsts[number + 1] - 1 if number + 1 < len(firsts) else len(chunks)
        for chunk in chunks[firsts[number] - 1 : end]:
            at = chunk
            for size in sizes[sample : sample + samples_per_chunk]:
                offsets.append(at)
                at += size
            sample += samples_per_chunk
    return offsets
