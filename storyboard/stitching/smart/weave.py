"""Copied and encoded runs woven into a film: one avc1 entry, all parameter sets in it.

The film is written once, table of contents in front: how large that table will be follows from
the plan, so room is left for it. Samples are read, told their new ids and written one by one;
memory holds their sizes only.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from storyboard.errors import MediaError
from storyboard.film import Delivery
from storyboard.stitching.smart.adts import PACKET, Sound, packets_of
from storyboard.stitching.smart.bitstream import renumbered
from storyboard.stitching.smart.boxes import box
from storyboard.stitching.smart.clipindex import ClipIndex, NotCopied, picture_units
from storyboard.stitching.smart.contents import Chunks, table_of_contents
from storyboard.stitching.smart.roster import Roster
from storyboard.timecode import FrameRange

_MDAT = 16
_BUFFER = 1 << 20


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
    sound: Sound | None = None,
    said: Mapping[str, str] | None = None,
) -> None:
    """Writes `threads`, one after another, to `out`, with `sound` and what is `said` of the film.

    The sound begins one packet early. Half a second of picture is followed by what is heard with
    it. Raises NotCopied, naming the clip, when its samples are not what its index promises.
    """
    for thread in threads:
        roster.admit(thread.index.sequences, thread.index.pictures)
    frames = sum(each.part.length for each in threads)
    delay = max(each.index.delay for each in threads)
    shifts, keys = array("H", _shifts(threads, delay)), array("I", _keys(threads))
    step = max(1, delivery.rate.nominal // 2)
    ends = [*range(step, frames - step, step), frames]
    samples = (sample for thread in threads for sample in _samples(thread, roster))
    picture = _Track(samples, Chunks.of(ends, frames))
    tracks = [picture]
    if sound:
        due = [delivery.rate.seconds(end) * sound.rate // PACKET + 1 for end in ends[:-1]]
        count = len(sound.sizes)
        tracks.append(_Track(packets_of(sound), Chunks.of([*due, count], count)))

    def contents() -> bytes:
        heard = (sound, tracks[1].chunks) if sound else None
        return table_of_contents(
            *(delivery, roster.config, shifts, keys, delay, picture.chunks, heard, said or {})
        )

    with out.open("wb", buffering=_BUFFER) as stream:
        stream.write(box(b"ftyp", b"isom", bytes((0, 0, 2, 0)), b"isomiso2avc1mp41"))
        start = stream.tell()
        room = len(contents())
        stream.write(bytes(room + _MDAT))
        for number in range(len(ends)):
            for track in tracks:
                track.write(number, stream)
        end = stream.tell()
        stream.seek(start)
        stream.write(contents())
        stream.write(struct.pack(">I4sQ", 1, b"mdat", end - start - room))


@dataclass(slots=True)
class _Track:
    """Samples that have yet to be written, and where they will lie."""

    samples: Iterator[bytes | memoryview]
    chunks: Chunks

    def write(self, number: int, stream: BinaryIO) -> None:
        """Writes chunk `number`."""
        chunks = self.chunks
        chunks.offsets[number] = stream.tell()
        for at in range(*chunks.span(number)):
            sample = next(self.samples)
            chunks.sizes[at] = len(sample)
            stream.write(sample)


def _shifts(threads: Sequence[Thread], delay: int) -> Iterator[int]:
    for thread in threads:
        ranks = thread.index.ranks
        for number in range(thread.part.start, thread.part.end):
            yield ranks[number] - number + delay


def _keys(threads: Sequence[Thread]) -> Iterator[int]:
    """The samples of the film, from 1, at which decoding may begin."""
    at = 1
    for thread in threads:
        for number in thread.index.entries:
            if number in thread.part:
                yield at + number - thread.part.start
        at += thread.part.length


def _samples(thread: Thread, roster: Roster) -> Iterator[bytes]:
    """Samples with four-byte lengths and the film's ids."""
    index = thread.index
    ids = roster.admit(index.sequences, index.pictures)
    same = all(old == new for old, new in ids.items())
    table = index.samples
    with index.path.open("rb", buffering=_BUFFER) as stream:
        for number in range(thread.part.start, thread.part.end):
            sample = _read(stream, table.offsets[number], table.sizes[number])
            try:
                kept = picture_units(index, sample)
                if not same:
                    kept = [renumbered(unit, ids) for unit in kept]
            except (NotCopied, MediaError, KeyError) as problem:
                raise NotCopied(f"frame {number}: {problem}", index.path) from problem
            yield b"".join(part for unit in kept for part in (len(unit).to_bytes(4, "big"), unit))


def _read(stream: BinaryIO, offset: int, size: int) -> bytes:
    if stream.tell() != offset:
        stream.seek(offset)
    return stream.read(size)
