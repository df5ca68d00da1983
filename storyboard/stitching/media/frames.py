"""Exact frames of a clip, by number, as a player shows them, for any encoding.

Decoding starts at the last closed entry before the requested frame, and frames are identified by
their presentation time, never by counting decoder output. `player_view` defines what a player does
to them. All code that needs a picture of a clip reads it here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storyboard.errors import MediaError
from storyboard.stitching.media.ffmpeg_process import read_ffmpeg_output
from storyboard.stitching.media.frame_index import FrameIndex
from storyboard.stitching.media.player_view import (
    BT709,
    FULL_RANGE,
    SCALE_OPTIONS,
    Filter,
    choose_matrix,
    format_filter_chain,
    is_full_range,
    is_hdr,
    list_deinterlace_filters,
    list_sdr_filters,
    list_source_matrix_options,
)
from storyboard.stitching.media.probe import (
    find_picture_track,
    open_media,
    read_frame_index,
)
from storyboard.stitching.media.yuv import split_planes
from storyboard.timecode import FrameRange
from storyboard.util.output_files import follow_links, replace_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LIMITED_RANGE = 1
_PLANES, _PIXELS = "yuv420p", "rgb24"
_SKIPS_UNREFERRED = ("h264", "hevc")
"""Decoders that leave out just the pictures to which no other refers; others lose more."""


def read_frames(
    path: Path, frame_range: FrameRange, *, threads: int = 0
) -> Iterator[NDArray[np.uint8]]:
    """The frames of `frame_range`, each as yuv420p planes in one (height * 3 / 2, width) array.

    That is the byte layout of `-f rawvideo -pix_fmt yuv420p`: Y, then U, then V, in BT.709 and
    limited range. Frames are as a player shows them, upright and with square pixels; an odd size is
    rounded down to even. The caller owns each array. Raises MediaError if the file has fewer frames
    or one can't be decoded.
    """
    index = _require_picture_index(path)
    width, height = _compute_square_size(index)
    size = (width // 2 * 2, height // 2 * 2)
    for frame in _read_square_frames(path, index, frame_range, _PLANES, size, threads):
        yield _turn_planes(frame, index)


def extract_frame(path: Path, frame: int, out: Path) -> None:
    """Writes one frame as a lossless PNG, as a player shows it.

    `out` appears by rename. Raises MediaError like `read_frames`.
    """
    index = _require_picture_index(path)
    frame_range, size = FrameRange(frame, frame + 1), _compute_square_size(index)
    picture = _turn(next(_read_square_frames(path, index, frame_range, _PIXELS, size, 1)), index)
    _write_png(picture, out, f"frame {frame} of {path}")


def convert_picture(path: Path, out: Path) -> None:
    """Writes a picture file as a PNG in 8-bit sRGB, as a viewer shows it: upright, on white.

    `out` appears by rename. Raises MediaError if the file is not a picture.
    """
    import numpy as np
    from PIL import Image, ImageCms, ImageOps

    try:
        with Image.open(path) as coded:
            picture: Image.Image = ImageOps.exif_transpose(coded) or coded
        profile = picture.info.get("icc_profile")
        if picture.mode.startswith(("I", "F")):  # 16-bit grey
            picture = Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8))
        alpha = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
        if profile and picture.mode in ("RGB", "CMYK", "L", "RGBA", "LA"):
            colors = picture.convert(picture.mode.removesuffix("A")) if alpha else picture
            with suppress(ImageCms.PyCMSError):  # a profile for other pixels, or broken
                source = ImageCms.ImageCmsProfile(BytesIO(profile))
                srgb = ImageCms.createProfile("sRGB")
                picture = (
                    ImageCms.profileToProfile(colors, source, srgb, outputMode="RGB") or picture
                )
        picture = picture.convert("RGB")
        if alpha:
            white = Image.new("RGB", picture.size, "white")
            picture = Image.composite(picture, white, alpha)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise MediaError(f"{path.name} is not a readable image", log=str(error)) from error
    _write_png(np.asarray(picture), out, path.name)


def _write_png(picture: NDArray[np.uint8], out: Path, name: str) -> None:
    import cv2
    import numpy as np

    is_encoded, data = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))
    if not is_encoded:
        raise MediaError(f"{name} can't be written as PNG")
    unfinished = follow_links(out).with_name(f".{out.name}.{os.getpid()}")
    unfinished.write_bytes(data.tobytes())
    replace_file(unfinished, out)


def _read_square_frames(
    path: Path,
    index: FrameIndex,
    frame_range: FrameRange,
    pixel_format: str,
    size: tuple[int, int],
    threads: int,
) -> Iterator[NDArray[np.uint8]]:
    """Everything that a player does to the frames except turning them."""
    if not index.interlaced:
        frames = _decode_range(path, frame_range, threads)
    else:  # the missing field is interpolated from the neighbouring frames
        near = FrameRange(max(0, frame_range.start - 1), min(len(index.pts), frame_range.end + 1))
        decoded = _decode_range(path, near if frame_range.length else frame_range, threads)
        filtered = _filter_frames(decoded, list_deinterlace_filters(index))
        skipped = frame_range.start - near.start
        frames = islice(filtered, skipped, skipped + frame_range.length)
    if is_hdr(index):
        yield from _tone_map_frames(frames, index, pixel_format, size)
    elif size != index.coded_size:
        scale = {**SCALE_OPTIONS, **list_source_matrix_options(index)}
        width, height = size
        scaling = ("scale", {"w": f"{width}", "h": f"{height}", **scale})
        for frame in _filter_frames(frames, (scaling, ("format", {"pix_fmts": pixel_format}))):
            yield frame.to_ndarray()
    else:
        for frame in frames:
            yield _to_array(frame, pixel_format)


def _compute_square_size(index: FrameIndex) -> tuple[int, int]:
    """(width, height) with square pixels, before turning."""
    width, height = index.display_size
    return (height, width) if index.rotation in (90, 270) else (width, height)


def _filter_frames(frames: Iterator[Any], filters: tuple[Filter, ...]) -> Iterator[Any]:
    """Passes the frames through a libavfilter chain; as many come out as go in."""
    import av

    graph = None
    for frame in frames:
        if graph is None:
            graph = av.filter.Graph()
            nodes = [
                graph.add_buffer(
                    width=frame.width,
                    height=frame.height,
                    format=frame.format,
                    time_base=frame.time_base,
                ),
                *(graph.add(name, **options) for name, options in filters),
                graph.add("buffersink"),
            ]
            graph.link_nodes(*nodes).configure()
        graph.push(frame)
        yield from _pull_frames(graph)
    if graph is not None:
        graph.push(None)
        yield from _pull_frames(graph)


def _pull_frames(graph: Any) -> Iterator[Any]:
    import av

    while True:
        try:
            yield graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def _tone_map_frames(
    frames: Iterator[Any], index: FrameIndex, pixel_format: str, size: tuple[int, int]
) -> Iterator[NDArray[np.uint8]]:
    """The frames in SDR; needs zimg, which only our ffmpeg has, not PyAV."""
    import numpy as np

    width, height = size
    first = _to_planar(next(frames, None))
    if first is None:
        return

    def write_frames() -> Iterator[bytes]:
        yield _to_raw_bytes(first)
        for frame in frames:
            yield _to_raw_bytes(_to_planar(frame))

    scale = {**SCALE_OPTIONS, **list_source_matrix_options(index)}
    filters = (*list_sdr_filters(index), ("scale", {"w": f"{width}", "h": f"{height}", **scale}))
    arguments = [
        *("-f", "rawvideo", "-pix_fmt", first.format.name),
        *("-video_size", f"{first.width}x{first.height}"),
        *("-color_range", f"{int(first.color_range) or _LIMITED_RANGE}"),
        *("-colorspace", f"{int(first.colorspace)}", "-color_trc", f"{int(first.color_trc)}"),
        *("-color_primaries", f"{int(first.color_primaries)}", "-i", "pipe:0"),
        *("-vf", format_filter_chain(filters), "-fps_mode", "passthrough"),
        *("-f", "rawvideo", "-pix_fmt", pixel_format, "pipe:1"),
    ]
    shape = (height * 3 // 2, width) if pixel_format == _PLANES else (height, width, 3)
    pieces = read_ffmpeg_output(arguments, int(np.prod(shape)), stdin=write_frames())
    for piece in pieces:
        yield np.frombuffer(bytearray(piece), np.uint8).reshape(shape)


def _to_planar(frame: Any) -> Any:
    """The frame with one plane per component, deep enough to lose nothing."""
    if frame is None or len(frame.planes) == len(frame.format.components):
        return frame
    return frame.reformat(format="yuv444p16le")


def _to_raw_bytes(frame: Any) -> bytes:
    """The planes as `-f rawvideo` lays them out; PyAV converts few of the deep formats to
    arrays.
    """
    import numpy as np

    rows = []
    for plane, component in zip(frame.planes, frame.format.components, strict=True):
        width = plane.width * (2 if component.bits > 8 else 1)
        # A plane's lines may be padded, so each is cut to its visible width.
        lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        rows.append(lines[: plane.height, :width].tobytes())
    return b"".join(rows)


def _turn(picture: NDArray[np.uint8], index: FrameIndex) -> NDArray[np.uint8]:
    """The picture turned upright."""
    import numpy as np

    return np.rot90(picture[:, ::-1] if index.mirrored else picture, index.rotation // 90)


def _turn_planes(frame: NDArray[np.uint8], index: FrameIndex) -> NDArray[np.uint8]:
    """The frame with each plane turned upright."""
    import numpy as np

    if not (index.rotation or index.mirrored):
        return frame
    turned = [np.ascontiguousarray(_turn(plane, index)) for plane in split_planes(frame)]
    width = turned[0].shape[1]
    return np.concatenate([plane.reshape(-1) for plane in turned]).reshape(-1, width)


def _require_picture_index(path: Path) -> FrameIndex:
    index = read_frame_index(path)
    if index is None:
        raise MediaError(f"{path} has only sound, no video")
    return index


def _decode_range(path: Path, frame_range: FrameRange, threads: int) -> Iterator[Any]:
    """The decoded frames of `frame_range`, checked to be exactly those, in order."""
    index = _require_picture_index(path)
    if frame_range.end > len(index.pts) or frame_range.start < 0:
        raise MediaError(
            f"{path} has only {len(index.pts)} frames; [{frame_range.start}, "
            f"{frame_range.end}) is needed"
        )
    if not frame_range.length:
        return
    has_times = bool(index.entries)
    expected_rank = frame_range.start
    entry = index.find_decoding_start_pts(frame_range.start) if has_times else None
    for rank, frame in _decode_numbered_frames(path, index, entry, frame_range.start, threads):
        # Frames before the range only serve to decode it; a jump past the next frame means that it
        # is missing.
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
    """Yields (frame number, frame) from `entry_pts` on, in display order.

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
        may_skip = threads == 1 and stream.codec_context.name in _SKIPS_UNREFERRED
        has_started = entry_pts is None
        if not has_started:
            container.seek(entry_pts, stream=stream, backward=True)
        for packet in container.demux(stream):
            if not has_started:
                if packet.pts is None or packet.pts > entry_pts:
                    break  # this container's seek overshot: read from the start instead
                if packet.pts < entry_pts:
                    continue
                if not packet.is_keyframe:
                    break  # a demuxer that starts inside a picture gives wrong times
                has_started = True
            # Frames before the wanted ones need decoding only if other frames refer to them.
            if may_skip and packet.pts is not None:
                is_early = packet.pts < index.pts[first_needed_frame]
                stream.codec_context.skip_frame = "NONREF" if is_early else "DEFAULT"
            for frame in packet.decode():
                # Frames without a number are decoded but not shown, as an edit list demands.
                rank = ranks.get(frame.pts)
                if rank is not None:
                    yield rank, frame
        if has_started:
            return
    yield from _decode_numbered_frames(path, index, None, first_needed_frame, threads)


def _to_array(frame: Any, pixel_format: str) -> NDArray[np.uint8]:
    """The frame as an array, converted to `pixel_format` and BT.709 only if it differs."""
    matrix = choose_matrix(int(frame.colorspace), (frame.width, frame.height))
    is_full = is_full_range(int(frame.color_range), frame.format.name)
    if frame.format.name != pixel_format or matrix != BT709 or is_full:
        target_range = FULL_RANGE if pixel_format == _PIXELS else _LIMITED_RANGE
        frame = _convert_frame(frame, pixel_format, matrix, is_full, target_range)
    array: NDArray[np.uint8] = frame.to_ndarray()
    return array


def _convert_frame(
    frame: Any, pixel_format: str, matrix: int, is_full: bool, target_range: int
) -> Any:
    """`frame` in another pixel format, with the properties of both sides stated.

    If they are not stated, PyAV keeps the source's range, and RGB comes out in 16..235.
    """
    import av

    interpolation = av.video.reformatter.Interpolation
    return frame.reformat(
        format=pixel_format,
        src_colorspace=matrix,
        dst_colorspace=BT709,
        src_color_range=FULL_RANGE if is_full else _LIMITED_RANGE,
        dst_color_range=target_range,
        interpolation=interpolation.BICUBIC
        | interpolation.ACCURATE_RND
        | interpolation.FULL_CHR_H_INT,
    )
