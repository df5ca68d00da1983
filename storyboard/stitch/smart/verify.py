"""The proof of a woven film: decoded across its seams, one of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from storyboard.errors import MediaError
from storyboard.stitch.packets import opened
from storyboard.stitch.smart.clipindex import NotCopied, clip_index
from storyboard.stitch.smart.weave import Thread

_BEHIND = 4
"""Frames that are decoded behind a seam."""


def proved(path: Path, threads: Sequence[Thread]) -> None:
    """Raises NotCopied unless `path` is `threads`, sample by sample, and decodes at their seams.

    Every thread must begin with an IDR picture that is a place to begin. Seams between the same
    two sets of parameters are of one kind, and of each kind the first is decoded: the last group
    of pictures before it, and the first frames behind it.
    """
    frames = sum(each.part.length for each in threads)
    index = clip_index(path, frames)
    entries = frozenset(index.entries)
    at = 0
    seen: set[tuple[object, object]] = set()
    seams: list[int] = []
    for before, thread in pairwise((None, *threads)):
        assert thread is not None
        if at not in entries:
            raise NotCopied(f"frame {at} is no place to begin")
        kind = (before and before.index.raw_sets, thread.index.raw_sets)
        if kind not in seen:
            seen.add(kind)
            seams.append(at)
        expected = thread.index.ranks[thread.part.start : thread.part.end]
        shift = at - thread.part.start
        if [rank + shift for rank in expected] != list(index.ranks[at : at + len(expected)]):
            raise NotCopied(f"the order of the frames from {at} on is another one")
        at += thread.part.length
    times = sorted(index.samples.shown)
    for seam in seams:
        start = max((each for each in index.entries if each < seam), default=0)
        _decoded(path, times, start, min(seam + _BEHIND, frames))


def _decoded(path: Path, times: Sequence[int], start: int, end: int) -> None:
    """Decodes frames [start, end) strictly; each must come out at its time and in its turn."""
    import av

    due = start
    try:
        with opened(path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            stream.codec_context.options = {"err_detect": "explode"}
            shift = (stream.start_time or 0) - times[0]
            container.seek(times[start] + shift, stream=stream, backward=True)
            for frame in container.decode(stream):
                if frame.pts is None or (frame.pts < times[due] + shift and due == start):
                    continue
                if frame.pts != times[due] + shift or frame.is_corrupt:
                    break
                due += 1
                if due == end:
                    return
    except (av.error.FFmpegError, MediaError) as error:
        raise NotCopied(f"frame {due} can't be decoded: {error}") from error
    raise NotCopied(f"frame {due} does not come out when it is due")
