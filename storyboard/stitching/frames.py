"""Exact frames of a clip, by number, however it was encoded.

Decoding begins at the last closed entry before the wanted frame, and frames are told apart by
their presentation time, never by counting what a decoder happens to put out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storyboard.errors import MediaError
from storyboard.outlet import end_of, put
from storyboard.stitching.packets import Index, index_of, opened, picture_of, turned
from storyboard.timecode import FrameRange

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_UNSPECIFIED = 2
_BT709 = 1
_FULL_RANGE = 2
_LIMITED_RANGE = 1
_FULL_FORMATS = ("yuvj", "rgb", "bgr", "gbr", "gray", "pal")


def read_frames(path: Path, wanted: FrameRange, *, threads: int = 0) -> Iterator[NDArray[np.uint8]]:
    """The frames of `wanted` in order, each as yuv420p planes in one (height * 3 / 2, width) array.

    That is the byte layout of `-f rawvideo -pix_fmt yuv420p`: Y, then U, then V. Pixels are as
    coded: pixel aspect and rotation are for `conform`. Each array is the caller's own. Raises
    MediaError when the file has fewer frames or one can't be decoded.
    """
    for frame in _decoded(path, wanted, threads):
        yield _planes(frame)


def extract_frame(path: Path, frame: int, out: Path) -> None:
    """Writes one frame as a PNG without loss: upright, BT.709 unless the file says otherwise.

    `out` appears by rename. Raises MediaError like `read_frames`.
    """
    import cv2
    import numpy as np

    decoded = next(_decoded(path, FrameRange(frame, frame + 1), 1))
    picture = _rgb(decoded)
    rotation, mirrored = turned(decoded)
    picture = np.rot90(picture[:, ::-1] if mirrored else picture, rotation // 90)
    done, data = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))
    if not done:
        raise MediaError(f"frame {frame} of {path} can't be written as PNG")
    unfinished = end_of(out).with_name(f".{out.name}.{os.getpid()}")
    unfinished.write_bytes(data.tobytes())
    put(unfinished, out)


def _picture(path: Path) -> Index:
    index = index_of(path)
    if index is None:
        raise MediaError(f"{path} has no picture, only sound")
    return index


def _decoded(path: Path, wanted: FrameRange, threads: int) -> Iterator[Any]:
    """The decoded frames of `wanted`, checked to be exactly those, in order."""
    index = _picture(path)
    if wanted.end > len(index.pts) or wanted.start < 0:
        raise MediaError(
            f"{path} has {len(index.pts)} frames; [{wanted.start}, {wanted.end}) is wanted"
        )
    if not wanted.length:
        return
    timed = bool(index.entries)
    due = wanted.start
    entry = index.entry(wanted.start) if timed else None
    for rank, frame in _ranked(path, index, entry, wanted.start, threads):
        if rank < due:
            continue
        if rank > due:
            break
        if frame.is_corrupt:
            raise MediaError(f"{path} is damaged: frame {due} can't be decoded")
        yield frame
        due += 1
        if due == wanted.end:
            return
    raise MediaError(f"frame {due} of {path} can't be decoded")


def _ranked(
    path: Path, index: Index, entry: int | None, due: int, threads: int
) -> Iterator[tuple[int, Any]]:
    """(frame number, frame) from `entry` on, as the decoder shows them; from `due` on all of them.

    Before that, pictures that no other refers to may be left out.
    """
    ranks = {pts: rank for rank, pts in enumerate(index.pts)}
    with opened(path) as container:
        stream = picture_of(container)
        stream.thread_type = "AUTO" if threads != 1 else "NONE"
        if threads > 1:
            stream.codec_context.thread_count = threads
        if not index.entries:
            yield from enumerate(container.decode(stream))
            return
        started = entry is None
        if not started:
            container.seek(entry, stream=stream, backward=True)
        for packet in container.demux(stream):
            if not started:
                if packet.pts is None or packet.pts > entry:
                    break  # this container's seek overshot: read from the start instead
                if packet.pts < entry:
                    continue
                started = True
            if threads == 1 and packet.pts is not None:
                early = packet.pts < index.pts[due]
                stream.codec_context.skip_frame = "NONREF" if early else "DEFAULT"
            for frame in packet.decode():
                rank = ranks.get(frame.pts)
                if rank is not None:
                    yield rank, frame
        if started:
            return
    yield from _ranked(path, index, None, due, threads)


def _planes(frame: Any) -> NDArray[np.uint8]:
    if frame.format.name != "yuv420p":
        frame = _converted(frame, "yuv420p", _LIMITED_RANGE)
    array: NDArray[np.uint8] = frame.to_ndarray()
    return array


def _rgb(frame: Any) -> NDArray[np.uint8]:
    array: NDArray[np.uint8] = _converted(frame, "rgb24", _FULL_RANGE).to_ndarray()
    return array


def _converted(frame: Any, form: str, to_range: int) -> Any:
    """`frame` in another pixel format, every property of both sides said.

    Left unsaid, PyAV hands the source's range on, and RGB comes out in 16..235.
    """
    import av

    how = av.video.reformatter.Interpolation
    matrix = _BT709 if int(frame.colorspace) in (0, _UNSPECIFIED) else int(frame.colorspace)
    full = int(frame.color_range) == _FULL_RANGE or frame.format.name.startswith(_FULL_FORMATS)
    return frame.reformat(
        format=form,
        src_colorspace=matrix,
        dst_colorspace=_BT709,
        src_color_range=_FULL_RANGE if full else _LIMITED_RANGE,
        dst_color_range=to_range,
        interpolation=how.BICUBIC | how.ACCURATE_RND | how.FULL_CHR_H_INT,
    )
