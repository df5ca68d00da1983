"""Checks a smart cut: its order, its seams, its timestamps.

At every seam, the following frames must begin with a closed IDR picture, keep the order of their
clip, and the first of them must decode from there. For every kind of seam, between the same two
sets of parameters, the cheapest one is also decoded across: the last group of pictures before it
and the first frames after it, each in its turn; the frames after it, and the first of the film,
must equal those decoded from their clip alone. In the file, libav must find every sample at its
planned position and time, decoding times must rise, and the sound must start and end with the
picture. Frames between seams are not decoded: they are a take's own samples, whose unit lengths
were read and which were searched for gaps, or a window's, as encoded.

Passed checks are remembered by the bytes that they cover.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

from storyboard.errors import MediaError
from storyboard.stitching.media.clip_index import (
    CannotStreamCopy,
    ClipIndex,
    read_untrimmed_clip_index,
)
from storyboard.stitching.media.mp4_reader import read_moov
from storyboard.stitching.media.probe import open_media
from storyboard.stitching.smart.checked_seams import CheckedSeams, hash_parts
from storyboard.stitching.smart.mp4_writer import SampleRange
from storyboard.stitching.sound.adts import PACKET
from storyboard.timecode import FrameRange, Rate

_BEFORE, _BEHIND = 8, 4
"""Frames before and after a seam that must be decoded."""
_REVISION = b"2"
"""Part of a check's digest; raise it when more is checked."""


@dataclass(frozen=True, slots=True)
class _SeamWindow:
    """Samples to decode; they must yield the frames of `expected`."""

    samples: FrameRange
    expected: FrameRange
    sample_range: SampleRange
    """The range that its last frames belong to."""
    previous: SampleRange | None = None
    """The range before that one."""
    original_samples: FrameRange | None = None
    """The samples of the range's own file that, decoded alone, must yield the same last
    pictures.
    """


def check_seams(
    path: Path,
    sample_ranges: Sequence[SampleRange],
    proofs: CheckedSeams | None = None,
    *,
    jobs: int = 2,
) -> None:
    """Raises CannotStreamCopy unless `path` consists of `sample_ranges`, and decodes at their
    seams.

    The order is compared sample by sample. Every range must begin with an IDR picture at which
    decoding may start.
    """
    index = read_untrimmed_clip_index(
        path, sum(sample_range.part.length for sample_range in sample_ranges)
    )

    def check_window(window: _SeamWindow) -> None:
        with path.open("rb") as stream:
            samples = list(_read_samples(stream, index, window.samples))
        # All that decides the result: the sets, the frames that must come out, the order, and the
        # bytes.
        proof = hash_parts(
            (_REVISION, index.samples.config, f"{window.expected.start - window.samples.start}"
             f" {window.expected.length}".encode()),
            (f"{index.ranks[at] - window.samples.start}".encode()
             for at in range(window.samples.start, window.samples.end)),
            samples,
            (window.sample_range.index.samples.config,) if window.original_samples else (),
        )  # fmt: skip
        if proofs is None or proof not in proofs:
            _check_pictures(index, window, samples)
            if proofs is not None:
                proofs.add(proof)

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        try:
            for _ in pool.map(check_window, _plan_seam_windows(index, sample_ranges)):
                pass
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def check_timestamps(path: Path, expected_frames: int, rate: Rate, proofs: CheckedSeams) -> None:
    """Raises MediaError unless libav finds picture and sound of `path` as they were written."""
    with path.open("rb") as stream:
        proof = hash_parts((_REVISION, read_moov(stream)))
    if proof in proofs:
        return
    index = read_untrimmed_clip_index(path, expected_frames)
    table = index.samples
    ticks = int(table.timescale / rate.value)
    number = next_dts = 0
    sound_span: list[Fraction] = []
    with open_media(path) as container:
        for packet in container.demux():
            # Packets without a decoding time carry no sample.
            if packet.dts is None:
                continue
            if packet.stream.type == "video":
                expected = (table.offsets[number], table.sizes[number], index.ranks[number] * ticks)
                if (packet.pos, packet.size, packet.pts) != expected:
                    raise MediaError(f"sample {number} of {path.name} is in the wrong place")
                if packet.dts > packet.pts or (number and packet.dts != next_dts):
                    raise MediaError(f"the decoding times of {path.name} don't increase")
                next_dts = packet.dts + ticks
                number += 1
            elif packet.stream.type == "audio" and not packet.is_discard:
                base = packet.time_base
                sound_span = [
                    *(sound_span or [packet.pts * base])[:1],
                    (packet.pts + packet.duration) * base,
                ]
    if number != expected_frames:
        raise MediaError(f"{path.name} has {number} frames, not {expected_frames}")
    frame_s = rate.to_seconds(1)
    if not sound_span or abs(sound_span[0]) > frame_s:
        raise MediaError(f"the sound of {path.name} doesn't start with the picture")
    if abs(sound_span[-1] - rate.to_seconds(expected_frames)) > max(
        frame_s, Fraction(PACKET, 48_000)
    ):
        raise MediaError(f"the sound of {path.name} doesn't end with the picture")
    proofs.add(proof)


def _plan_seam_windows(
    index: ClipIndex, sample_ranges: Sequence[SampleRange]
) -> Iterator[_SeamWindow]:
    """The windows to decode; raises CannotStreamCopy where frames are in another order."""
    windows_by_kind: dict[tuple[object, object], _SeamWindow] = {}
    at = 0
    for previous, sample_range in pairwise((None, *sample_ranges)):
        assert sample_range is not None
        place = bisect_left(index.entries, at)
        if place == len(index.entries) or index.entries[place] != at:
            raise CannotStreamCopy(f"frame {at} can't be a starting point")
        shift = at - sample_range.part.start
        expected = sample_range.index.ranks[sample_range.part.start : sample_range.part.end]
        if [rank + shift for rank in expected] != index.ranks[at : at + len(expected)]:
            raise CannotStreamCopy(f"the order of the frames differs from frame {at} on")
        # Up to the next clean end, since only there all decoded frames have come out.
        end = index.ends[bisect_left(index.ends, at + min(_BEHIND, sample_range.part.length))]
        behind, first = FrameRange(at, end), FrameRange(at, end).shift_by(-shift)
        yield _SeamWindow(
            behind, behind, sample_range, original_samples=None if previous else first
        )
        # Decoding across costs the group of pictures before the seam: keep the shortest of each
        # kind.
        if previous:
            start = index.entries[max(0, place - 1)]
            seam_kind = (previous.index.raw_sets, sample_range.index.raw_sets)
            if (
                seam_kind not in windows_by_kind
                or at - start < windows_by_kind[seam_kind].samples.length - _BEHIND
            ):
                expected_frames = FrameRange(max(start, at - _BEFORE), end)
                windows_by_kind[seam_kind] = _SeamWindow(
                    FrameRange(start, end), expected_frames, sample_range, previous, first
                )
        at += sample_range.part.length
    yield from windows_by_kind.values()


def _read_samples(
    stream: BinaryIO, index: ClipIndex, sample_numbers: FrameRange
) -> Iterator[bytes]:
    table = index.samples
    for number in range(sample_numbers.start, sample_numbers.end):
        stream.seek(table.offsets[number])
        yield stream.read(table.sizes[number])


def _check_pictures(index: ClipIndex, window: _SeamWindow, samples: Sequence[bytes]) -> None:
    """Raises CannotStreamCopy unless the expected frames decode as they should."""
    own = window.sample_range.index
    paths = (own.path, *((window.previous.index.path,) if window.previous else ()))
    last = window.original_samples.length if window.original_samples else 0
    try:
        film = _decode_strictly_and_digest(index, window.samples, window.expected, samples, last)
    except CannotStreamCopy as problem:
        raise CannotStreamCopy(str(problem), *paths) from problem
    if window.original_samples is None:
        return
    # Its own file shows what the clip's last pictures look like without any other clip before them.
    with own.path.open("rb") as stream:
        original_samples = list(_read_samples(stream, own, window.original_samples))
    try:
        pictures = _decode_strictly_and_digest(
            own,
            window.original_samples,
            window.original_samples,
            original_samples,
            last,
            infers_reordering=True,
        )
    except CannotStreamCopy as problem:
        raise CannotStreamCopy(f"in its own file: {problem}", own.path) from problem
    if pictures != film:
        raise CannotStreamCopy("its frames look different in the film", *paths)


def _decode_strictly_and_digest(
    index: ClipIndex,
    span: FrameRange,
    expected_frames: FrameRange,
    samples: Sequence[bytes],
    digested_frames: int,
    *,
    infers_reordering: bool = False,
) -> list[bytes]:
    """Decodes the samples of `span` strictly; returns digests of the last `digested_frames`.

    The expected frames must come out in order, and undamaged; a decoder that `infers_reordering`
    needs no statement of the depth of reordering. Of the pictures before them, only those that
    others refer to are decoded.
    """
    import av

    at = expected_frames.start
    digests: list[bytes] = []
    decoder: Any = av.CodecContext.create("h264", "r")
    decoder.extradata = index.samples.config
    decoder.thread_type = "NONE"
    decoder.options = {
        "err_detect": "explode",
        "skip_loop_filter": "all",
        **({"strict": "strict"} if infers_reordering else {}),
    }
    packets: list[Any] = []
    for number, sample in enumerate(samples, span.start):
        packet = av.Packet(sample)
        packet.pts = index.ranks[number]
        packets.append(packet)
    try:
        for next_packet in (*packets, None):
            is_early = next_packet is not None and next_packet.pts < expected_frames.start
            decoder.skip_frame = "NONREF" if is_early else "DEFAULT"
            for frame in decoder.decode(next_packet):
                # Early frames may be skipped or come out; only damage among them counts.
                if frame.pts < expected_frames.start and not frame.is_corrupt:
                    continue
                if frame.pts != at or frame.is_corrupt:
                    raise CannotStreamCopy(f"frame {at} is not decoded at the expected time")
                if at >= expected_frames.end - digested_frames:
                    digests.append(blake2b(frame.to_ndarray(), digest_size=16).digest())
                at += 1
    except (av.error.FFmpegError, MediaError) as error:
        raise CannotStreamCopy(f"frame {at} can't be decoded: {error}") from error
    if at != expected_frames.end:
        raise CannotStreamCopy(f"frame {at} is not decoded at the expected time")
    return digests
