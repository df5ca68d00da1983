"""Writes copied and encoded ranges as one film: one avc1 entry with all parameter sets.

The film is written once, with the table of contents in front: the plan determines the size of the
table, so its space is reserved. Samples are read, given their new ids and written one by one;
memory holds only their sizes.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from storyboard.errors import MediaError
from storyboard.model.film import Delivery
from storyboard.stitching.media.clip_index import CannotStreamCopy, ClipIndex, extract_slice_units
from storyboard.stitching.media.h264 import renumber_slice_picture_set
from storyboard.stitching.media.mp4_reader import build_box
from storyboard.stitching.smart.mp4_moov import Chunks, build_moov
from storyboard.stitching.smart.parameter_sets import ParameterSets
from storyboard.stitching.sound.adts import PACKET, AdtsFile, read_adts_packets
from storyboard.timecode import FrameRange

_MDAT_HEADER_BYTES = 16
_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class SampleRange:
    """Consecutive samples of one clip, from a closed IDR picture to a clean end."""

    index: ClipIndex
    part: FrameRange


def write_mp4(
    sample_ranges: Sequence[SampleRange],
    delivery: Delivery,
    out: Path,
    *,
    parameter_sets: ParameterSets,
    sound: AdtsFile | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Writes `sample_ranges`, one after another, to `out`, with `sound` and the film's `tags`.

    The sound begins one packet early. Half a second of picture alternates with the sound of the
    same time. Raises CannotStreamCopy, naming the clip, when its samples differ from its index.
    """
    # All ids must be known before the first sample is written, since the config is in front.
    for sample_range in sample_ranges:
        parameter_sets.assign_picture_set_ids(
            sample_range.index.sequences, sample_range.index.pictures
        )
    frames = sum(item.part.length for item in sample_ranges)
    delay = max(item.index.delay for item in sample_ranges)
    shifts, keys = (
        array("H", _compute_composition_shifts(sample_ranges, delay)),
        array("I", _find_key_samples(sample_ranges)),
    )
    step = max(1, delivery.rate.nominal // 2)
    ends = [*range(step, frames - step, step), frames]
    samples = (
        sample
        for sample_range in sample_ranges
        for sample in _read_renumbered_samples(sample_range, parameter_sets)
    )
    picture = _TrackWriter(samples, Chunks.from_ends(ends, frames))
    tracks = [picture]
    if sound:
        # A chunk of sound ends one packet after its picture, for the packet that comes early.
        chunk_ends = [delivery.rate.to_seconds(end) * sound.rate // PACKET + 1 for end in ends[:-1]]
        count = len(sound.sizes)
        tracks.append(
            _TrackWriter(read_adts_packets(sound), Chunks.from_ends([*chunk_ends, count], count))
        )

    def build_film_moov() -> bytes:
        sound_chunks = (sound, tracks[1].chunks) if sound else None
        return build_moov(
            *(
                delivery,
                parameter_sets.config,
                shifts,
                keys,
                delay,
                picture.chunks,
                sound_chunks,
                tags or {},
            )
        )

    with out.open("wb", buffering=_BUFFER_BYTES) as stream:
        stream.write(build_box(b"ftyp", b"isom", bytes((0, 0, 2, 0)), b"isomiso2avc1mp41"))
        start = stream.tell()
        # The offsets and sizes are still zero, but the box has its final size.
        moov_bytes = len(build_film_moov())
        stream.write(bytes(moov_bytes + _MDAT_HEADER_BYTES))
        for number in range(len(ends)):
            for track in tracks:
                track.write_chunk(number, stream)
        end = stream.tell()
        stream.seek(start)
        stream.write(build_film_moov())
        stream.write(struct.pack(">I4sQ", 1, b"mdat", end - start - moov_bytes))


@dataclass(slots=True)
class _TrackWriter:
    """Samples that are still to be written, and where they go."""

    samples: Iterator[bytes | memoryview]
    chunks: Chunks

    def write_chunk(self, chunk_number: int, stream: BinaryIO) -> None:
        """Writes chunk `chunk_number`."""
        chunks = self.chunks
        chunks.offsets[chunk_number] = stream.tell()
        for at in range(*chunks.find_sample_range(chunk_number)):
            sample = next(self.samples)
            chunks.sizes[at] = len(sample)
            stream.write(sample)


def _compute_composition_shifts(sample_ranges: Sequence[SampleRange], delay: int) -> Iterator[int]:
    for sample_range in sample_ranges:
        ranks = sample_range.index.ranks
        for number in range(sample_range.part.start, sample_range.part.end):
            # A sample is shown `rank - number` frames after it is decoded; the delay keeps all of
            # these from being negative.
            yield ranks[number] - number + delay


def _find_key_samples(sample_ranges: Sequence[SampleRange]) -> Iterator[int]:
    """The film's samples, from 1, where decoding may start."""
    at = 1
    for sample_range in sample_ranges:
        for number in sample_range.index.entries:
            if number in sample_range.part:
                yield at + number - sample_range.part.start
        at += sample_range.part.length


def _read_renumbered_samples(
    sample_range: SampleRange, parameter_sets: ParameterSets
) -> Iterator[bytes]:
    """Samples with four-byte lengths and the film's ids."""
    index = sample_range.index
    ids = parameter_sets.assign_picture_set_ids(index.sequences, index.pictures)
    keeps_ids = all(old == new for old, new in ids.items())
    table = index.samples
    with index.path.open("rb", buffering=_BUFFER_BYTES) as stream:
        for number in range(sample_range.part.start, sample_range.part.end):
            sample = _read_bytes(stream, table.offsets[number], table.sizes[number])
            try:
                slices = extract_slice_units(index, sample)
                if not keeps_ids:
                    slices = [renumber_slice_picture_set(unit, ids) for unit in slices]
            except (CannotStreamCopy, MediaError, KeyError) as problem:
                raise CannotStreamCopy(f"frame {number}: {problem}", index.path) from problem
            yield b"".join(part for unit in slices for part in (len(unit).to_bytes(4, "big"), unit))


def _read_bytes(stream: BinaryIO, offset: int, size: int) -> bytes:
    if stream.tell() != offset:
        stream.seek(offset)
    return stream.read(size)
