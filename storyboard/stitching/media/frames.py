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
from storyboard.stitching.media.frame_index import FrameIndex
from storyboard.stitching.media.probe import (
    find_picture_track,
    open_media,
    read_frame_index,
    read_rotation_and_mirroring,
)
from storyboard.timecode import FrameRange
from storyboard.util.output_files import follow_links, replace_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_UNSPECIFIED = 2
_BT709 = 1
_FULL_RANGE = 2
_LIMITED_RANGE = 1
_FULL_FORMATS = ("yuvj", "rgb", "bgr", "gbr", "gray", "pal")


def read_frames(
    path: Path, frame_range: FrameRange, *, threads: int = 0
) -> Iterator[NDArray[np.uint8]]:
    """The frames of `frame_range`, each as yuv420p planes in one (height * 3 / 2, width) array.

    That is the byte layout of `-f rawvideo -pix_fmt yuv420p`: Y, then U, then V. Pixels are as
    coded: pixel aspect and rotation are for `conform_take`. Each array is the caller's own. Raises
    MediaError when the file has fewer frames or one can't be decoded.
    """
    for frame in _decode_range(path, frame_range, threads):
        yield _to_yuv420p(frame)


def extract_frame(path: Path, frame: int, out: Path) -> None:
    """Writes one frame as a PNG without loss: upright, BT.709 unless the file says otherwise.

    `out` appears by rename. Raises MediaError like `read_frames`.
    """
    import cv2
    import numpy as np

    decoded_frame = next(_decode_range(path, FrameRange(frame, frame + 1), 1))
    picture = _to_rgb(decoded_frame)
    rotation, mirrored = read_rotation_and_mirroring(decoded_frame)
    picture = np.rot90(picture[:, ::-1] if mirrored else picture, rotation // 90)
    is_encoded, data = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))
    if not is_encoded:
        raise MediaError(f"frame {frame} of {path} can't be written as PNG")
    unfinished = follow_links(out).with_name(f".{out.name}.{os.getpid()}")
    unfinished.write_bytes(data.tobytes())
    replace_file(unfinished, out)


def _require_picture_index(path: Path) -> FrameIndex:
    index = read_frame_index(path)
    if index is None:
        raise MediaError(f"{path} has no picture, only sound")
    return index


def _decode_range(path: Path, frame_range: FrameRange, threads: int) -> Iterator[Any]:
    """The decoded frames of `frame_range`, checked to be exactly those, in order."""
    index = _require_picture_index(path)
    if frame_range.end > len(index.pts) or frame_range.start < 0:
        raise MediaError(
            f"{path} has {len(index.pts)} frames;"
            f" [{frame_range.start}, {frame_range.end}) is wanted"
        )
    if not frame_range.length:
        return
    has_times = bool(index.entries)
    expected_rank = frame_range.start
    entry = index.find_decoding_start_pts(frame_range.start) if has_times else None
    for rank, frame in _decode_numbered_frames(path, index, entry, frame_range.start, threads):
        if rank < expected_rank:
            continue
        if rank > expected_rank:
            break
        if frame.is_corrupt:
            raise MediaError(f"{path} is damaged: frame {expected_rank} can't be decoded")
        yield frame
        expected_rank += 1
        if expected_rank == frame_range.end:
            return
    raise MediaError(f"frame {expected_rank} of {path} can't be decoded")


def _decode_numbered_frames(
    path: Path, index: FrameIndex, entry_pts: int | None, first_needed_frame: int, threads: int
) -> Iterator[tuple[int, Any]]:
    """(frame number, frame) from `entry_pts` on, as the decoder shows them.

    Before `first_needed_frame`, pictures that no other refers to may be left out.
    """
    ranks = {pts: rank for rank, pts in enumerate(index.pts)}
    with open_media(path) as container:
        stream = find_picture_track(container)
        stream.thread_type = "AUTO" if threads != 1 else "NONE"
        if threads > 1:
            stream.codec_context.thread_count = threads
        if not index.entries:
            yield from enumerate(container.decode(stream))
            return
        has_started = entry_pts is None
        if not has_started:
            container.seek(entry_pts, stream=stream, backward=True)
        for packet in container.demux(stream):
            if not has_started:
                if packet.pts is None or packet.pts > entry_pts:
                    break  # this container's seek overshot: read from the start instead
                if packet.pts < entry_pts:
                    continue
                has_started = True
            if threads == 1 and packet.pts is not None:
                is_early = packet.pts < index.pts[first_needed_frame]
                stream.codec_context.skip_frame = "NONREF" if is_early else "DEFAULT"
            for frame in packet.decode():
                rank = ranks.get(frame.pts)
                if rank is not None:
                    yield rank, frame
        if has_started:
            return
    yield from _decode_numbered_frames(path, index, None, first_needed_frame, threads)


def _to_yuv420p(frame: Any) -> NDArray[np.uint8]:
    if frame.format.name != "yuv420p":
        frame = _convert_pixel_format(frame, "yuv420p", _LIMITED_RANGE)
    array: NDArray[np.uint8] = frame.to_ndarray()
    return array


def _to_rgb(frame: Any) -> NDArray[np.uint8]:
    array: NDArray[np.uint8] = _convert_pixel_format(frame, "rgb24", _FULL_RANGE).to_ndarray()
    return array


def _convert_pixel_format(frame: Any, pixel_format: str, target_range: int) -> Any:
    """`frame` in another pixel format, every property of both sides said.

    Left unsaid, PyAV hands the source's range on, and RGB comes out in 16..235.
    """
    import av

    interpolation = av.video.reformatter.Interpolation
    matrix = _BT709 if int(frame.colorspace) in (0, _UNSPECIFIED) else int(frame.colorspace)
    is_full_range = int(frame.color_range) == _FULL_RANGE or frame.format.name.startswith(
        _FULL_FORMATS
    )
    return frame.reformat(
        format=pixel_format,
        src_colorspace=matrix,
        dst_colorspace=_BT709,
        src_color_range=_FULL_RANGE if is_full_range else _LIMITED_RANGE,
        dst_color_range=target_range,
        interpolation=interpolation.BICUBIC
        | interpolation.ACCURATE_RND
        | interpolation.FULL_CHR_H_INT,
    )
