"""The proof of a woven film: its order, its seams, its clock.

Proved of every seam: the frames behind it begin with a closed IDR picture, come in the order of
their clip, and the first of them come out of a decoder that begins there. Of every kind of seam,
between the same two sets of parameters, the cheapest is also decoded across: the last group of
pictures before it and the first frames behind, each out in its turn; those behind, and the first
of the film, must be the pictures that their clip gives alone. Of the file: libav finds every
sample where and when it was laid, decoding times rise, and the sound begins and ends with the
picture. What lies between seams is not decoded: those are a take's own samples, read with the
lengths of their units and looked through for holes, or a window's, as they left the encoder.

Proofs are remembered by the bytes that they are about.
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
from storyboard.stitching.packets import opened
from storyboard.stitching.smart.adts import PACKET
from storyboard.stitching.smart.boxes import contents
from storyboard.stitching.smart.clipindex import ClipIndex, NotCopied, clip_index
from storyboard.stitching.smart.proofs import Proofs, proof_of
from storyboard.stitching.smart.weave import Thread
from storyboard.timecode import FrameRange, Rate

_BEFORE, _BEHIND = 8, 4
"""Frames around a seam that must come out."""
_REVISION = b"2"
"""Part of a proof; raise it when more is proved."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Samples that are decoded; the frames of `due` must come out."""

    samples: FrameRange
    due: FrameRange
    thread: Thread
    """What its last frames are of."""
    before: Thread | None = None
    """What stands in front of that."""
    first: FrameRange | None = None
    """The samples of the thread's own file that must give, alone, the same last pictures."""


def proved(
    path: Path, threads: Sequence[Thread], proofs: Proofs | None = None, *, jobs: int = 2
) -> None:
    """Raises NotCopied unless `path` is `threads`, sample by sample, and decodes at their seams.

    Every thread must begin with an IDR picture that is a place to begin.
    """
    index = clip_index(path, sum(each.part.length for each in threads))

    def prove(stretch: _Stretch) -> None:
        with path.open("rb") as stream:
            samples = list(_samples(stream, index, stretch.samples))
        proof = proof_of(
            (_REVISION, index.samples.config, f"{stretch.due.start - stretch.samples.start}"
             f" {stretch.due.length}".encode()),
            (f"{index.ranks[at] - stretch.samples.start}".encode()
             for at in range(stretch.samples.start, stretch.samples.end)),
            samples,
            (stretch.thread.index.samples.config,) if stretch.first else (),
        )  # fmt: skip
        if proofs is None or proof not in proofs:
            _seen(index, stretch, samples)
            if proofs is not None:
                proofs.add(proof)

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        try:
            for _ in pool.map(prove, _stretches(index, threads)):
                pass
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def in_time(path: Path, frames: int, rate: Rate, proofs: Proofs) -> None:
    """Raises MediaError unless libav finds the film at `path` as it was laid, picture and sound."""
    with path.open("rb") as stream:
        proof = proof_of((_REVISION, contents(stream)))
    if proof in proofs:
        return
    index = clip_index(path, frames)
    table = index.samples
    ticks = int(table.timescale / rate.value)
    number = due = 0
    heard: list[Fraction] = []
    with opened(path) as container:
        for packet in container.demux():
            if packet.dts is None:
                continue
            if packet.stream.type == "video":
                laid = (table.offsets[number], table.sizes[number], index.ranks[number] * ticks)
                if (packet.pos, packet.size, packet.pts) != laid:
                    raise MediaError(f"sample {number} of {path.name} is not where it was laid")
                if packet.dts > packet.pts or (number and packet.dts != due):
                    raise MediaError(f"the decoding times of {path.name} don't rise")
                due = packet.dts + ticks
                number += 1
            elif packet.stream.type == "audio" and not packet.is_discard:
                base = packet.time_base
                heard = [*(heard or [packet.pts * base])[:1], (packet.pts + packet.duration) * base]
    if number != frames:
        raise MediaError(f"{path.name} has {number} frames, not {frames}")
    frame_s = rate.seconds(1)
    if not heard or abs(heard[0]) > frame_s:
        raise MediaError(f"the sound of {path.name} does not start with the picture")
    if abs(heard[-1] - rate.seconds(frames)) > max(frame_s, Fraction(PACKET, 48_000)):
        raise MediaError(f"the sound of {path.name} does not end with the picture")
    proofs.add(proof)


def _stretches(index: ClipIndex, threads: Sequence[Thread]) -> Iterator[_Stretch]:
    """What is to be decoded; raises NotCopied where the order of frames is not the threads'."""
    kinds: dict[tuple[object, object], _Stretch] = {}
    at = 0
    for before, thread in pairwise((None, *threads)):
        assert thread is not None
        place = bisect_left(index.entries, at)
        if place == len(index.entries) or index.entries[place] != at:
            raise NotCopied(f"frame {at} is no place to begin")
        shift = at - thread.part.start
        expected = thread.index.ranks[thread.part.start : thread.part.end]
        if [rank + shift for rank in expected] != index.ranks[at : at + len(expected)]:
            raise NotCopied(f"the order of the frames from {at} on is another one")
        end = index.ends[bisect_left(index.ends, at + min(_BEHIND, thread.part.length))]
        behind, first = FrameRange(at, end), FrameRange(at, end).shifted(-shift)
        yield _Stretch(behind, behind, thread, first=None if before else first)
        if before:
            start = index.entries[max(0, place - 1)]
            kind = (before.index.raw_sets, thread.index.raw_sets)
            if kind not in kinds or at - start < kinds[kind].samples.length - _BEHIND:
                due = FrameRange(max(start, at - _BEFORE), end)
                kinds[kind] = _Stretch(FrameRange(start, end), due, thread, before, first)
        at += thread.part.length
    yield from kinds.values()


def _samples(stream: BinaryIO, index: ClipIndex, wanted: FrameRange) -> Iterator[bytes]:
    table = index.samples
    for number in range(wanted.start, wanted.end):
        stream.seek(table.offsets[number])
        yield stream.read(table.sizes[number])


def _seen(index: ClipIndex, stretch: _Stretch, samples: Sequence[bytes]) -> None:
    """Raises NotCopied unless the frames that are due are seen as they should be."""
    own = stretch.thread.index
    paths = (own.path, *((stretch.before.index.path,) if stretch.before else ()))
    last = stretch.first.length if stretch.first else 0
    try:
        film = _decoded(index, stretch.samples, stretch.due, samples, last)
    except NotCopied as problem:
        raise NotCopied(str(problem), *paths) from problem
    if stretch.first is None:
        return
    with own.path.open("rb") as stream:
        alone = list(_samples(stream, own, stretch.first))
    try:
        pictures = _decoded(own, stretch.first, stretch.first, alone, last, patient=True)
    except NotCopied as problem:
        raise NotCopied(f"in its own file {problem}", own.path) from problem
    if pictures != film:
        raise NotCopied("its pictures are others in the film", *paths)


def _decoded(
    index: ClipIndex,
    span: FrameRange,
    due: FrameRange,
    samples: Sequence[bytes],
    last: int,
    *,
    patient: bool = False,
) -> list[bytes]:
    """Decodes the samples of `span` strictly; returns digests of the `last` frames.

    Those that are due must come out in their turn, and none damaged; a `patient` decoder need not
    be told how far they are reordered. Of the pictures before them, only those that others refer
    to are decoded.
    """
    import av

    at = due.start
    found: list[bytes] = []
    coder: Any = av.CodecContext.create("h264", "r")
    coder.extradata = index.samples.config
    coder.thread_type = "NONE"
    coder.options = {
        "err_detect": "explode",
        "skip_loop_filter": "all",
        **({"strict": "strict"} if patient else {}),
    }
    packets: list[Any] = []
    for number, sample in enumerate(samples, span.start):
        packet = av.Packet(sample)
        packet.pts = index.ranks[number]
        packets.append(packet)
    try:
        for each in (*packets, None):
            early = each is not None and each.pts < due.start
            coder.skip_frame = "NONREF" if early else "DEFAULT"
            for frame in coder.decode(each):
                if frame.pts < due.start and not frame.is_corrupt:
                    continue
                if frame.pts != at or frame.is_corrupt:
                    raise NotCopied(f"frame {at} does not come out when it is due")
                if at >= due.end - last:
                    found.append(blake2b(frame.to_ndarray(), digest_size=16).digest())
                at += 1
    except (av.error.FFmpegError, MediaError) as error:
        raise NotCopied(f"frame {at} can't be decoded: {error}") from error
    if at != due.end:
        raise NotCopied(f"frame {at} does not come out when it is due")
    return found
