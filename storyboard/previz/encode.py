"""Encodes frames and sound as a take: H.264 High 4:2:0 BT.709 and AAC, with reproducible bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from storyboard.errors import MediaError
from storyboard.stitching.media.ffmpeg import run_ffmpeg
from storyboard.stitching.media.player_view import (
    format_filter_chain,
    list_deinterlace_filters,
    list_sdr_filters,
    list_source_matrix_options,
    list_square_filters,
    list_turn_filters,
)
from storyboard.stitching.media.probe import read_frame_index
from storyboard.stitching.sound.pcm import WavWriter, decode_audio

Pixels = NDArray[np.uint8]
"""(height, width, 4) BGRA, or 3 without alpha."""

RATE = 48_000
_THREADS = 2
"""Fixed, since x264's output depends on it."""
_TAGS = (
    *("-color_range", "tv", "-colorspace", "bt709"),
    *("-color_primaries", "bt709", "-color_trc", "bt709"),
)
_BITEXACT = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact")

# BT.709 in limited range: the weights of blue, green and red in Y, U and V.
_SHARE = (0.0722, 0.7152, 0.2126)
_LUMA = tuple(share * 219 / 255 for share in _SHARE)
_BLUE = (0.5 * 224 / 255, *(-share / 1.8556 * 224 / 255 for share in _SHARE[1:]))
_RED = (*(-share / 1.5748 * 224 / 255 for share in _SHARE[:2]), 0.5 * 224 / 255)


def to_yuv_planes(picture: Pixels) -> bytes:
    """One picture as yuv420p planes, BT.709 limited range; its sides are even."""
    high, wide = picture.shape[:2]
    small = cv2.resize(picture, (wide // 2, high // 2), interpolation=cv2.INTER_AREA)
    return b"".join(
        (
            _mix_channels_into_plane(picture, _LUMA, 16.0),
            _mix_channels_into_plane(small, _BLUE, 128.0),
            _mix_channels_into_plane(small, _RED, 128.0),
        )
    )


def _mix_channels_into_plane(
    picture: Pixels, bgr_weights: tuple[float, ...], offset: float
) -> bytes:
    """One plane, mixed so that intermediate results stay within 0 to 255 and nothing is clipped."""
    blue, green, red = cv2.split(picture)[:3]
    if bgr_weights is _BLUE:
        half = cv2.addWeighted(blue, bgr_weights[0], green, bgr_weights[1], offset)
        plane = cv2.addWeighted(half, 1.0, red, bgr_weights[2], 0.0)
    else:
        half = cv2.addWeighted(red, bgr_weights[2], green, bgr_weights[1], offset)
        plane = cv2.addWeighted(half, 1.0, blue, bgr_weights[0], 0.0)
    return bytes(plane.data)


def encode_video(frames: Iterable[Pixels], size: tuple[int, int], fps: int, out: Path) -> None:
    """Writes frames to `out`, picture only, with a closed key frame every two seconds."""
    width, height = size
    run_ffmpeg(
        [
            *("-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{width}x{height}"),
            *("-framerate", str(fps), *_TAGS, "-i", "pipe:0", *_build_video_encoder_args(fps, out)),
        ],
        stdin=map(to_yuv_planes, frames),
    )


def conform_video(source: Path, size: tuple[int, int], fps: int, out: Path) -> None:
    """Writes the picture of foreign footage in the format of `encode_video`."""
    index = read_frame_index(source)
    if index is None:
        raise MediaError(f"{source.name} has no picture, only sound")
    width, height = size
    turns = list_turn_filters(index)
    view = format_filter_chain(
        (
            *list_deinterlace_filters(index),
            *list_sdr_filters(index),
            *list_square_filters(index),
            *turns,
        )
    )
    matrix = list_source_matrix_options(index).get("in_color_matrix")
    video_filter = (
        f"{view}{',' if view else ''}"
        f"scale={width}:{height}:force_original_aspect_ratio=increase:out_color_matrix=bt709"
        f":out_range=tv{f':in_color_matrix={matrix}' if matrix else ''}"
        f",crop={width}:{height},fps={fps},setsar=1,format=yuv420p"
    )
    run_ffmpeg(
        [
            *(("-display_rotation", "0") if turns else ()),
            *("-i", f"file:{source}", "-map", f"0:v:{index.track}"),
            *("-vf", video_filter, "-an", *_build_video_encoder_args(fps, out)),
        ]
    )


def _build_video_encoder_args(fps: int, out: Path) -> tuple[str, ...]:
    return (
        *_TAGS,
        *("-c:v", "libx264", "-profile:v", "high", "-preset", "superfast", "-crf", "18"),
        *("-g", str(2 * fps), "-keyint_min", str(2 * fps), "-sc_threshold", "0"),
        *("-threads", str(_THREADS), "-video_track_timescale", str(fps * 512)),
        *("-map_metadata", "-1", *_BITEXACT, "-f", "mp4", f"file:{out}"),
    )


def append_video_tail(source: Path, tail: Path, out: Path) -> None:
    """Writes the picture of `source` followed by that of `tail`, copied without encoding.

    Both were written by `encode_video`, at the same size and rate.
    """
    video_only = out.with_name(f"{out.stem}.source.mp4")
    listing = out.with_name(f"{out.stem}.txt")
    copy_args = ("-map", "0:v:0", "-c", "copy", "-map_metadata", "-1")
    try:
        run_ffmpeg(
            ["-i", f"file:{source}", *copy_args, *_BITEXACT, "-f", "mp4", f"file:{video_only}"]
        )
        names = (str(path).replace("'", "'\\''") for path in (video_only, tail))
        listing.write_text("".join(f"file 'file:{name}'\n" for name in names), "utf-8")
        run_ffmpeg(
            [
                *("-f", "concat", "-safe", "0", "-i", f"file:{listing}", *copy_args),
                *(*_BITEXACT, "-f", "mp4", f"file:{out}"),
            ]
        )
    finally:
        video_only.unlink(missing_ok=True)
        listing.unlink(missing_ok=True)


def write_take(
    video: Path, sound: NDArray[np.float32] | None, out: Path, *, source: Path | None = None
) -> None:
    """Joins a picture with its sound, (n, 2) float32 at 48 kHz; None makes a take without sound.

    `source` is that of an extension: its own sound goes first, to the sample.
    """
    if sound is None:
        run_ffmpeg(
            ["-i", f"file:{video}", "-map", "0:v:0", "-c", "copy", *_build_take_output_args(out)],
        )
        return
    wav = out.with_name(f"{out.stem}.wav")
    try:
        with WavWriter(wav) as writer:
            for block in chain(_read_source_sound(source, video, len(sound)), [sound]):
                writer.write(block)
        run_ffmpeg(
            [
                *("-i", f"file:{video}", "-i", f"file:{wav}", "-map", "0:v:0", "-map", "1:a:0"),
                *("-c:v", "copy", "-c:a", "aac", "-b:a", "192k", *_build_take_output_args(out)),
            ]
        )
    finally:
        wav.unlink(missing_ok=True)


def _build_take_output_args(out: Path) -> tuple[str, ...]:
    return (
        *("-map_metadata", "-1", "-movflags", "+faststart"),
        *(*_BITEXACT, "-f", "mp4", f"file:{out}"),
    )


def _read_source_sound(
    source: Path | None, whole_video: Path, new_sample_count: int
) -> Iterator[NDArray[np.float32]]:
    """The source's sound, as long as its picture; padded with silence."""
    if source is None:
        return
    from storyboard.stitching.media.ffmpeg import probe

    whole = probe(whole_video)
    remaining = round(whole.seconds * RATE) - new_sample_count
    for block in decode_audio(source) if probe(source).has_audio else ():
        piece = block[:remaining]
        remaining -= len(piece)
        yield piece
        if remaining <= 0:
            return
    yield np.zeros((remaining, 2), np.float32)
