"""What can be copied of a clip: its samples by frame, and where a copy may start and end."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from storyboard.errors import MediaError
from storyboard.stitching.media.h264 import (
    IDR,
    PPS,
    SILENT,
    SLICE,
    SPS,
    PictureParameterSet,
    SequenceParameterSet,
    declare_reordering,
    find_nal_unit_ranges,
    parse_pps,
    parse_sps,
)
from storyboard.stitching.media.mp4_reader import SampleTable, UnsupportedMp4, read_sample_table
from storyboard.timecode import FrameRange
from storyboard.util.file_memory import FileMemory

_HOLE_BYTES = bytes(3)
"""Bytes that no complete unit contains; partly downloaded files have such gaps."""
_BASELINE, _MAIN, _HIGH = 66, 77, 100
_CONSTRAINED = 0x40
_PEEK_BYTES = 512
"""Bytes of a sample to read first; they usually show which units it has."""


class CannotStreamCopy(Exception):
    """Why a clip's frames can't be copied.

    `paths` are the clips that may be the cause, the likeliest first.
    """

    def __init__(self, message: str, *paths: Path) -> None:
        super().__init__(message)
        self.paths = paths


@dataclass(frozen=True, slots=True)
class ClipIndex:
    """An H.264 clip, sample by sample in decoding order."""

    path: Path
    samples: SampleTable
    width: int
    """Bytes of the length field before each unit."""
    sequences: tuple[SequenceParameterSet, ...]
    pictures: tuple[PictureParameterSet, ...]
    raw_sets: frozenset[bytes]
    """The parameter sets exactly as in the file; a sample that repeats one adds nothing."""
    entries: tuple[int, ...]
    """Samples where decoding may start: closed IDR pictures. There, sample n is frame n."""
    ends: Sequence[int]
    """Ascending counts n such that the first n samples are exactly the first n frames."""
    ranks: list[int]
    """The frame number of each sample."""
    delay: int
    """How many samples decoding runs ahead of display."""

    def find_copyable(self, frame_range: FrameRange) -> FrameRange | None:
        """The largest part of `frame_range` that can be copied, if any."""
        first = bisect_left(self.entries, frame_range.start)
        if first == len(self.entries):
            return None
        start = self.entries[first]
        last = bisect_right(self.ends, frame_range.end) - 1
        if last < 0 or self.ends[last] <= start:
            return None
        return FrameRange(start, self.ends[last])


def read_untrimmed_clip_index(path: Path, expected_frames: int) -> ClipIndex:
    """The index of `path`, `expected_frames` long; cached until the file changes.

    Raises CannotStreamCopy with a readable reason if the file is not an MP4 with plain H.264.
    """
    index = read_clip_index(path)
    if len(index.ranks) != expected_frames:
        raise CannotStreamCopy("its edit list hides some of its frames")
    if not index.samples.whole:
        raise CannotStreamCopy("its edit list changes the order of the frames")
    return index


def read_clip_index(path: Path) -> ClipIndex:
    """Like `read_untrimmed_clip_index`, but accepts a file that shows only some of its frames."""
    return _INDEXES(path)


def _build_clip_index(path: Path) -> ClipIndex:
    try:
        samples = read_sample_table(path)
        width, units = _parse_avcc_width_and_sets(samples.config)
        sequences = tuple(
            parse_sps(parameter_set) for parameter_set in units if parameter_set[0] & 31 == SPS
        )
        pictures = tuple(
            parse_pps(parameter_set) for parameter_set in units if parameter_set[0] & 31 == PPS
        )
        if not sequences or not pictures:
            raise CannotStreamCopy("its parameter sets are between its frames")
        if not all(
            parameter_set.plain and parameter_set.progressive for parameter_set in sequences
        ):
            raise CannotStreamCopy("it is not progressive 8-bit 4:2:0")
        if odd_profiles := [
            parameter_set.profile
            for parameter_set in sequences
            if not _has_mixable_profile(parameter_set)
        ]:
            raise CannotStreamCopy(
                f"its H.264 profile, {odd_profiles[0]}, can't be mixed with others"
            )
        with path.open("rb") as stream:
            raw_sets = frozenset(units)
            # Sync samples include recovery points of an open GOP; only an IDR resets the decoder.
            idr_samples = [
                number
                for number in sorted(samples.sync)
                if _is_idr_sample(stream, samples, number, width, raw_sets)
            ]
    except (UnsupportedMp4, MediaError) as problem:
        raise CannotStreamCopy(str(problem)) from problem
    ranks = _rank_by_display_time(samples.shown_at)
    ends = _find_self_contained_prefixes(ranks)
    delay = max((number - rank for number, rank in enumerate(ranks)), default=0)
    clean_starts = frozenset((0, *ends))
    return ClipIndex(
        path=path,
        samples=samples,
        width=width,
        sequences=tuple(declare_reordering(parameter_set, delay) for parameter_set in sequences),
        pictures=pictures,
        raw_sets=raw_sets,
        # A copy may also start only where no earlier sample is shown later, else frames would be
        # lost.
        entries=tuple(number for number in idr_samples if number in clean_starts),
        ends=ends,
        ranks=ranks,
        delay=delay,
    )


_INDEXES = FileMemory(_build_clip_index, max_files=4096)


def _has_mixable_profile(sequence: SequenceParameterSet) -> bool:
    """Whether decoders show pictures of this profile the same way after any other picture.

    Lossless pictures, for example, depend on a message that names their encoder.
    """
    constrained = sequence.constraints & _CONSTRAINED
    return sequence.profile in (_MAIN, _HIGH) or (sequence.profile == _BASELINE and constrained > 0)


def _parse_avcc_width_and_sets(avcc: bytes) -> tuple[int, list[bytes]]:
    """The size of a unit's length field, and the parameter sets of an avcC record."""
    if len(avcc) < 7 or avcc[0] != 1:
        raise CannotStreamCopy("its decoder configuration can't be read")
    sets: list[bytes] = []
    at = 5
    # The count of SPS has five bits, that of PPS eight.
    for mask in (31, 255):
        count = avcc[at] & mask if at < len(avcc) else 0
        at += 1
        for _ in range(count):
            size = int.from_bytes(avcc[at : at + 2], "big")
            sets.append(avcc[at + 2 : at + 2 + size])
            at += 2 + size
    if at > len(avcc) or not all(sets):
        raise CannotStreamCopy("its decoder configuration is damaged")
    return (avcc[4] & 3) + 1, sets


def _is_idr_sample(
    stream: BinaryIO,
    samples: SampleTable,
    sample_number: int,
    length_bytes: int,
    known_sets: frozenset[bytes],
) -> bool:
    """Whether the sample is an IDR picture. Raises CannotStreamCopy if it changes the parameter
    sets.
    """
    size = samples.sizes[sample_number]
    stream.seek(samples.offsets[sample_number])
    data = stream.read(min(size, _PEEK_BYTES))
    at = 0
    while at + length_bytes < size:
        # A long message may come before the picture: read the rest only then.
        if at + length_bytes >= len(data):
            data += stream.read(size - len(data))
        start = at + length_bytes
        at = start + int.from_bytes(data[at:start], "big")
        kind = data[start] & 31
        if kind in (SLICE, IDR):
            return kind == IDR
        if kind in (SPS, PPS):
            if at > len(data):
                data += stream.read(size - len(data))
            if data[start:at] not in known_sets:
                raise CannotStreamCopy("its parameter sets change inside the file")
        elif kind not in SILENT:
            return False
    return False


def extract_slice_units(index: ClipIndex, sample: bytes) -> list[bytes]:
    """The slices of one sample without their length fields; CannotStreamCopy if it is not plain."""
    slices: list[bytes] = []
    for start, end in find_nal_unit_ranges(sample, index.width):
        kind = sample[start] & 31
        if kind in (SLICE, IDR):
            unit = sample[start:end]
            # Trailing zeros are padding; three zeros inside a unit would have been escaped.
            if _HOLE_BYTES in unit and _HOLE_BYTES in unit.rstrip(b"\0"):
                raise CannotStreamCopy("a part of the file is missing")
            slices.append(unit)
        elif kind in (SPS, PPS):
            if sample[start:end] not in index.raw_sets:
                raise CannotStreamCopy("its parameter sets change inside the file")
        elif kind not in SILENT:
            raise CannotStreamCopy(f"it has units of kind {kind}")
    if not slices:
        raise CannotStreamCopy("a sample contains no frame")
    return slices


def _rank_by_display_time(shown_times: Sequence[int]) -> list[int]:
    ranks = [0] * len(shown_times)
    for rank, number in enumerate(sorted(range(len(shown_times)), key=shown_times.__getitem__)):
        ranks[number] = rank
    return ranks


def _find_self_contained_prefixes(display_ranks: Sequence[int]) -> list[int]:
    ends: list[int] = []
    highest = -1
    # n samples are the first n frames exactly when the highest frame among them is n - 1.
    for number, rank in enumerate(display_ranks):
        highest = max(highest, rank)
        if highest == number:
            ends.append(number + 1)
    return ends
