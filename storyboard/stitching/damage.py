"""Whether all of a file's picture can be decoded, before anything of it is believed.

A decoder hides what it can't read under the pictures around it, and players show that without a
word. Once copied or drawn into a film, nothing can tell it from what was shot.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from storyboard.errors import MediaError
from storyboard.film import MediaFacts
from storyboard.stitching.packets import Index, index_of, opened, picture_of, probe


def examine(path: Path) -> MediaFacts:
    """Like `probe`, with every picture decoded: about 5 ms of one core for a frame of 720p.

    Raises MediaError, naming the frame, for the first that is damaged or does not come out.
    """
    facts = probe(path)
    if (index := index_of(path)) is not None:
        _decoded(path, index)
    return facts


def _decoded(path: Path, index: Index) -> None:
    ranks = {pts: rank for rank, pts in enumerate(index.pts)}
    timed = bool(index.entries)
    begins = timed and index.entries[0] <= index.pts[0]
    due = count = 0
    with opened(path) as container:
        stream = picture_of(container)
        stream.thread_type = "NONE"  # with more, a picture may come out before it is found bad
        stream.codec_context.options = {"skip_loop_filter": "all"}
        for packet in container.demux(stream):
            for frame in _frames(packet):
                rank = ranks.get(frame.pts) if timed else min(count, len(index.pts) - 1)
                count += 1
                if rank is None:
                    continue  # decoded and never shown
                if begins and rank > due:
                    raise _damaged(path, index, due)
                if frame.is_corrupt:
                    raise _damaged(path, index, rank)
                begins, due = timed, max(due, rank + 1)
    if begins and due < len(index.pts):
        raise _damaged(path, index, due)


def _frames(packet: Any) -> list[Any]:
    """What comes out when a packet is decoded; where that fails, a frame will be missing."""
    import av

    try:
        return list(packet.decode())
    except av.error.InvalidDataError:
        return []


def _damaged(path: Path, index: Index, frame: int) -> MediaError:
    at = float((index.pts[frame] - index.pts[0]) * index.time_base)
    return MediaError(
        f"{path} is damaged: frame {frame}, at {at:.2f} s, can't be decoded",
        hint="fetch or export the file again, or without that part",
    )
