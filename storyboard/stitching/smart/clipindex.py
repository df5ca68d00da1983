"""What of a clip can be copied: its samples by frame, and where a copy may begin and end."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from storyboard.errors import MediaError
from storyboard.stitching.smart.bitstream import (
    IDR,
    PPS,
    SILENT,
    SLICE,
    SPS,
    PictureSet,
    SequenceSet,
    picture_set,
    reordering,
    sequence_set,
    units,
)
from storyboard.stitching.smart.boxes import Samples, Unreadable, read_samples
from storyboard.timecode import FrameRange

_HOLE = bytes(3)
"""What no unit may hold: a file that was not fetched whole has such holes."""
_BASELINE, _MAIN, _HIGH = 66, 77, 100
_CONSTRAINED = 0x40
_PEEK = 512
"""Bytes of a sample that are read first, to see what units it has."""


class NotCopied(Exception):
    """Why the frames of a clip can't be copied; `paths` are the clips that may be to blame, the
    likeliest first.
    """

    def __init__(self, message: str, *paths: Path) -> None:
        super().__init__(message)
        self.paths = paths


@dataclass(frozen=True, slots=True)
class ClipIndex:
    """An H.264 clip, sample by sample in decoding order."""

    path: Path
    samples: Samples
    width: int
    """Bytes of the length before each unit."""
    sequences: tuple[SequenceSet, ...]
    pictures: tuple[PictureSet, ...]
    raw_sets: frozenset[bytes]
    """The parameter sets as they stand in the file: repeated in a sample they say nothing new."""
    entries: tuple[int, ...]
    """Samples before which decoding may begin: closed IDR pictures. Sample n is then frame n."""
    ends: Sequence[int]
    """Ascending counts n such that the first n samples are exactly the first n frames."""
    ranks: list[int]
    """The frame that each sample is."""
    delay: int
    """Samples by which decoding runs ahead of showing."""

    def copyable(self, wanted: FrameRange) -> FrameRange | None:
        """The largest part of the frames `wanted` that can be copied, if any."""
        first = bisect_left(self.entries, wanted.start)
        if first == len(self.entries):
            return None
        start = self.entries[first]
        last = bisect_right(self.ends, wanted.end) - 1
        if last < 0 or self.ends[last] <= start:
            return None
        return FrameRange(start, self.ends[last])


def clip_index(path: Path, frames: int) -> ClipIndex:
    """The index of `path`, which shows `frames` frames; remembered while the file stays the same.

    Raises NotCopied, with the reason in words, for what is no MP4 with plain H.264.
    """
    found = read_index(path)
    if len(found.ranks) != frames:
        raise NotCopied("it shows only some of the frames that it holds")
    if not found.samples.whole:
        raise NotCopied("its edit list shows frames in another order than it holds them")
    return found


def read_index(path: Path) -> ClipIndex:
    """Like `clip_index`, whatever the file shows of its frames."""
    facts = path.stat()
    return _index(str(path), facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=4096)
def _index(name: str, _size: int, _changed: int) -> ClipIndex:
    path = Path(name)
    try:
        samples = read_samples(path)
        width, raw = _described(samples.config)
        sequences = tuple(sequence_set(each) for each in raw if each[0] & 31 == SPS)
        pictures = tuple(picture_set(each) for each in raw if each[0] & 31 == PPS)
        if not sequences or not pictures:
            raise NotCopied("its parameter sets stand between its pictures")
        if not all(each.plain and each.progressive for each in sequences):
            raise NotCopied("it is not progressive 8-bit 4:2:0")
        if odd := [each.profile for each in sequences if not _mixes(each)]:
            raise NotCopied(f"its H.264 profile, {odd[0]}, does not mix with others")
        with path.open("rb") as stream:
            known = frozenset(raw)
            instant = [
                number
                for number in sorted(samples.sync)
                if _is_idr(stream, samples, number, width, known)
            ]
    except (Unreadable, MediaError) as problem:
        raise NotCopied(str(problem)) from problem
    ranks = _ranks(samples.shown)
    ends = _clean(ranks)
    delay = max((number - rank for number, rank in enumerate(ranks)), default=0)
    whole = frozenset((0, *ends))
    return ClipIndex(
        path=path,
        samples=samples,
        width=width,
        sequences=tuple(reordering(each, delay) for each in sequences),
        pictures=pictures,
        raw_sets=known,
        entries=tuple(number for number in instant if number in whole),
        ends=ends,
        ranks=ranks,
        delay=delay,
    )


def _mixes(sequence: SequenceSet) -> bool:
    """Whether it is of a profile whose pictures a decoder shows alike whatever stands before them.

    Lossless pictures, for one, are decoded by what their encoder says of itself in a message.
    """
    constrained = sequence.constraints & _CONSTRAINED
    return sequence.profile in (_MAIN, _HIGH) or (sequence.profile == _BASELINE and constrained > 0)


def _described(config: bytes) -> tuple[int, list[bytes]]:
    """The length of a unit's length, and the parameter sets of an avcC record."""
    if len(config) < 7 or config[0] != 1:
        raise NotCopied("its decoder configuration can't be read")
    sets: list[bytes] = []
    at = 5
    for mask in (31, 255):
        count = config[at] & mask if at < len(config) else 0
        at += 1
        for _ in range(count):
            size = int.from_bytes(config[at : at + 2], "big")
            sets.append(config[at + 2 : at + 2 + size])
            at += 2 + size
    if at > len(config) or not all(sets):
        raise NotCopied("its decoder configuration is damaged")
    return (config[4] & 3) + 1, sets


def _is_idr(
    stream: BinaryIO, samples: Samples, number: int, width: int, known: frozenset[bytes]
) -> bool:
    """Whether sample `number` is an IDR picture; NotCopied where it says new parameter sets."""
    size = samples.sizes[number]
    stream.seek(samples.offsets[number])
    data = stream.read(min(size, _PEEK))
    at = 0
    while at + width < size:
        if at + width >= len(data):
            data += stream.read(size - len(data))
        start = at + width
        at = start + int.from_bytes(data[at:start], "big")
        kind = data[start] & 31
        if kind in (SLICE, IDR):
            return kind == IDR
        if kind in (SPS, PPS):
            if at > len(data):
                data += stream.read(size - len(data))
            if data[start:at] not in known:
                raise NotCopied("its parameter sets change on the way")
        elif kind not in SILENT:
            return False
    return False


def picture_units(index: ClipIndex, sample: bytes) -> list[bytes]:
    """The slices of one sample, without lengths; NotCopied for what is not plain."""
    kept: list[bytes] = []
    for start, end in units(sample, index.width):
        kind = sample[start] & 31
        if kind in (SLICE, IDR):
            unit = sample[start:end]
            if _HOLE in unit and _HOLE in unit.rstrip(b"\0"):
                raise NotCopied("a part of the file is missing")
            kept.append(unit)
        elif kind in (SPS, PPS):
            if sample[start:end] not in index.raw_sets:
                raise NotCopied("its parameter sets change on the way")
        elif kind not in SILENT:
            raise NotCopied(f"it has units of kind {kind}")
    if not kept:
        raise NotCopied("a sample has no picture")
    return kept


def _ranks(shown: Sequence[int]) -> list[int]:
    ranks = [0] * len(shown)
    for rank, number in enumerate(sorted(range(len(shown)), key=shown.__getitem__)):
        ranks[number] = rank
    return ranks


def _clean(ranks: Sequence[int]) -> list[int]:
    ends: list[int] = []
    highest = -1
    for number, rank in enumerate(ranks):
        highest = max(highest, rank)
        if highest == number:
            ends.append(number + 1)
    return ends
