"""The proof of a woven film: decoded across its seams, one of every kind."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from storyboard.errors import MediaError
from storyboard.stitch.packets import opened
from storyboard.stitch.smart.clipindex import NotCopied, clip_index
from storyboard.stitch.smart.weave import Thread
from storyboard.timecode import FrameRange

_BEFORE, _BEHIND = 8, 4
"""Frames around a seam that must come out."""


def proved(path: Path, threads: Sequence[Thread]) -> None:
    """Raises NotCopied unless `path` is `threads`, sample by sample, and decodes at their seams.

    Every thread must begin with an IDR picture that is a place to begin. Seams between the same
    two sets of parameters are of one kind; of each the cheapest is decoded: the last group of
    pictures before it, and the first frames behind it.
    """
    frames = sum(each.part.length for each in threads)
    index = clip_index(path, frames)
    seams: dict[tuple[object, object], FrameRange] = {}
    at = 0
    for before, thread in pairwise((None, *threads)):
        assert thread is not None
        place = bisect_left(index.entries, at)
        if place == len(index.entries) or index.entries[place] != at:
            raise NotCopied(f"frame {at} is no place to begin")
        start = index.entries[max(0, place - 1)]
        kind = (before and before.index.raw_sets, thread.index.raw_sets)
        if kind not in seams or at - start < seams[kind].length - _BEHIND:
            seams[kind] = FrameRange(start, at + _BEHIND)
        shift = at - thread.part.start
        expected = thread.index.ranks[thread.part.start : thread.part.end]
        if [rank + shift for rank in expected] != index.ranks[at : at + len(expected)]:
            raise NotCopied(f"the order of the frames from {at} on is another one")
        at += thread.part.length
    times = sorted(index.samples.shown)
    for seam in seams.values():
        first = max(seam.start, seam.end - _BEHIND - _BEFORE)
        _decoded(path, times, seam.start, FrameRange(first, min(seam.end, frames)))


def _decoded(path: Path, times: Sequence[int], start: int, due: FrameRange) -> None:
    """Decodes from frame `start` strictly; those of `due` must come out in their turn.

    Of the pictures before them, only those that others refer to are decoded.
    """
    import av

    at = due.start
    try:
        with opened(path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            codec = stream.codec_context
            codec.options = {"err_detect": "explode", "skip_loop_filter": "all"}
            shift = (stream.start_time or 0) - times[0]
            container.seek(times[start] + shift, stream=stream, backward=True)
            for packet in container.demux(stream):
                early = packet.pts is not None and packet.pts < times[due.start] + shift
                codec.skip_frame = "NONREF" if early else "DEFAULT"
                for frame in packet.decode():
                    if frame.pts < times[due.start] + shift and not frame.is_corrupt:
                        continue
                    if frame.pts != times[at] + shift or frame.is_corrupt:
                        raise NotCopied(f"frame {at} does not come out when it is due")
                    at += 1
                    if at == due.end:
                        return
    except (av.error.FFmpegError, MediaError) as error:
        raise NotCopied(f"frame {at} can't be decoded: {error}") from error
    raise NotCopied(f"frame {at} does not come out when it is due")
