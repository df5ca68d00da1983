"""Brings a take to the delivery format if it differs.

This covers only the picture: sound stays in the take, since its timing is the same before and
after. The graph is written with ffmpeg-python and run by `media.ffmpeg`; results are cached by
content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from storyboard.digest import digest_value
from storyboard.errors import MediaError
from storyboard.model.film import Delivery
from storyboard.model.framing import PADDED, PLAIN_CROP, FitKind, Framing, ShownFraming
from storyboard.stitching.media.ffmpeg import build_temp_path, run_ffmpeg
from storyboard.stitching.media.frame_index import FrameIndex
from storyboard.stitching.media.player_view import (
    SCALE_OPTIONS,
    has_untagged_sd_colors,
    is_hdr,
    list_deinterlace_filters,
    list_sdr_filters,
    list_source_matrix_options,
    list_turn_filters,
)
from storyboard.stitching.media.probe import read_frame_index
from storyboard.stitching.picture.framing_move import encode_framing_move
from storyboard.timecode import has_nearly_constant_rate
from storyboard.util.output_files import replace_file

_REVISION = 3
"""Part of a result's name; raise it when conforming the same take would give a different result."""
_BLUR = 0.03
"""Sigma of the blurred bars, as a share of the frame's height."""
_DIM = 0.7
"""Brightness of the blurred bars, so that the picture stands out from them."""
_SAME_SHAPE = Fraction(1, 100)
"""Aspect ratios that differ by less than this are scaled to fit; others get black bars."""


def describe_format_differences(index: FrameIndex, delivery: Delivery) -> tuple[str, ...]:
    """How a clip differs from `delivery`, in words; empty if it can be cut as it is."""
    differences: list[str] = []
    if index.coded_size != delivery.size or index.pixel_aspect != 1 or index.rotation:
        differences.append(f"size {index.display_size[0]}x{index.display_size[1]}")
    if index.mirrored:
        differences.append("mirrored")
    if index.rate is not None and not index.constant:
        differences.append("variable frame rate")
    elif index.rate is not None and index.rate != delivery.rate:
        differences.append(f"{float(index.rate.value):.6g} fps")
    if index.interlaced:
        differences.append("interlaced")
    if index.pixel_format != "yuv420p" or index.color_range == 2:
        differences.append(f"pixels {index.pixel_format}")
    if index.colorspace not in (1, 2) or is_hdr(index) or has_untagged_sd_colors(index):
        differences.append("colour")
    if index.rate is not None and not index.entries:
        differences.append(f"{index.codec} without frame times")
    return tuple(differences)


def conform_take(
    path: Path,
    sha256: str,
    delivery: Delivery,
    cache: Path,
    *,
    framing: ShownFraming | None = None,
    still_frames: int = 1,
) -> Path:
    """`path` itself if nothing differs, else its conformed picture in `cache`.

    `sha256` is that of `path` and names the result, so a take is conformed once per delivery and
    framing, wherever its file is. Frames of another rate are dropped or repeated, never mixed; a
    still becomes a clip of one frame, or of `still_frames` if the framing moves over it. Raises
    MediaError when the file can't be read.
    """
    index = read_frame_index(path)
    if index is None:
        raise MediaError(f"{path} has only sound, no video")
    if not describe_format_differences(index, delivery) and not (
        framing and framing.changes_same_shape
    ):
        return path
    is_moving = framing is not None and framing.move is not None
    width, height = delivery.size
    identity: list[Any] = [_REVISION, sha256, width, height, delivery.rate.value]
    if framing:
        identity.append(framing.to_digest_value())
    if is_moving and index.rate is None:
        identity.append(still_frames)
    name = digest_value("conform", identity)
    result = cache / f"{name}.mp4"
    if not result.exists():
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = build_temp_path(result)
        try:
            if is_moving:
                assert framing is not None
                source, frames = path, still_frames
                if index.rate is not None:
                    source = _conform_rate(path, sha256, index, delivery, cache)
                    source_index = read_frame_index(source)
                    assert source_index is not None
                    frames = len(source_index.pts)
                encode_framing_move(
                    source,
                    delivery,
                    framing,
                    unfinished,
                    frames=frames,
                    is_still=index.rate is None,
                )
            else:
                run_ffmpeg(
                    build_ffmpeg_conform_arguments(path, index, delivery, unfinished, framing)
                )
            replace_file(unfinished, result)
        finally:
            unfinished.unlink(missing_ok=True)
    return result


@dataclass(frozen=True, slots=True)
class _SourceFormat(Delivery):
    """The delivery's rate at a clip's own size."""

    frame_size: tuple[int, int] = (0, 0)

    @property
    def size(self) -> tuple[int, int]:
        return self.frame_size


def _conform_rate(
    path: Path, sha256: str, index: FrameIndex, delivery: Delivery, cache: Path
) -> Path:
    """The clip with the frames of the delivery's rate, at its own size."""
    if index.constant and index.rate == delivery.rate:
        return path
    width, height = index.display_size
    size = (_round_to_even(width), _round_to_even(height))
    return conform_take(path, sha256, _SourceFormat(rate=delivery.rate, frame_size=size), cache)


def build_ffmpeg_conform_arguments(
    path: Path,
    index: FrameIndex,
    delivery: Delivery,
    out: Path,
    framing: ShownFraming | None = None,
) -> list[str]:
    """The ffmpeg arguments that conform `path` to `out`."""
    import ffmpeg

    rate = delivery.rate.value
    # ffmpeg rebuilds the graph where size or format change, and the new one counts from zero.
    # Scaling accepts any size, so one graph is kept unless another filter comes before it.
    first = index.interlaced or is_hdr(index) or index.rotation or index.mirrored
    # ffmpeg would turn the picture first, and then look for fields in its columns
    turned = {"display_rotation": 0} if list_turn_filters(index) else {}
    source = ffmpeg.input(f"file:{path}", **turned, **({} if first else {"reinit_filter": 0}))
    picture = source[f"v:{index.track}"]
    for name, options in (
        *list_deinterlace_filters(index),
        *list_sdr_filters(index),
        *list_turn_filters(index),
    ):
        picture = picture.filter(name, **options)
    picture = _add_framing_filters(picture, index, delivery, framing)
    # Times within a frame of a constant rate are numbered anew, so that `fps` neither drops nor
    # repeats.
    if index.rate is not None and has_nearly_constant_rate(index.frame_times, delivery.rate):
        picture = picture.filter("setpts", f"N/({rate}*TB)")
    else:
        picture = picture.filter("setpts", "PTS-STARTPTS")
    if index.rate is not None:
        picture = picture.filter("fps", fps=f"{rate}")
    encoded = ffmpeg.output(
        picture.filter("setsar", "1").filter("format", "yuv420p"),
        f"file:{out}",
        vcodec="libx264",
        preset="veryfast",
        crf=12,
        g=delivery.rate.nominal,
        threads=2,
        color_range="tv",
        colorspace="bt709",
        color_primaries="bt709",
        color_trc="bt709",
        video_track_timescale=choose_timescale(rate),
        **({"frames:v": 1, "r": f"{rate}"} if index.rate is None else {}),
    )
    compiled: list[str] = encoded.get_args()
    return compiled


def choose_timescale(rate: Fraction) -> int:
    """Ticks per second for which every frame of `rate` lasts a whole number of ticks."""
    return rate.numerator * (1000 if rate.denominator == 1 else 1)


def compute_fitted_size(index: FrameIndex, delivery: Delivery) -> tuple[int, int]:
    """The part of the delivered frame that a clip fills, (width, height); the rest is black."""
    width, height = delivery.size
    across, down = index.display_size
    shape = Fraction(across, down) / Fraction(width, height)
    if abs(shape - 1) <= _SAME_SHAPE:
        return width, height
    return (
        (width, _round_to_even(height / shape))
        if shape > 1
        else (_round_to_even(width * shape), height)
    )


def _add_framing_filters(
    stream: Any, index: FrameIndex, delivery: Delivery, framing: ShownFraming | None
) -> Any:
    """Scales to the delivery size; where the aspect ratios differ, bars, a blur or a crop."""
    still = framing.fit[0] if framing else PADDED
    matrix = list_source_matrix_options(index)
    if still.kind is FitKind.CROP:
        return _add_crop_filters(stream, index, delivery, still, matrix)
    width, height = delivery.size
    inner = compute_fitted_size(index, delivery)
    if inner == (width, height):
        return stream.filter("scale", *inner, **SCALE_OPTIONS, **matrix)
    left, top = _round_to_even((width - inner[0]) / 2), _round_to_even((height - inner[1]) / 2)
    if still.kind is FitKind.PAD:
        stream = stream.filter("scale", *inner, **SCALE_OPTIONS, **matrix)
        return stream.filter("pad", width, height, left, top, color="black")
    both = stream.filter_multi_output("split")
    behind = _add_crop_filters(both[0], index, delivery, PLAIN_CROP, matrix)
    behind = behind.filter("gblur", sigma=f"{_BLUR * height:.2f}", steps=3)
    behind = behind.filter("lutyuv", y=f"16+(val-16)*{_DIM}")
    front = both[1].filter("scale", *inner, **SCALE_OPTIONS, **matrix)
    return behind.overlay(front, x=left, y=top)


def _add_crop_filters(
    stream: Any,
    index: FrameIndex,
    delivery: Delivery,
    framing: Framing,
    matrix: Mapping[str, str],
) -> Any:
    """Scales until the picture covers the frame, and cuts off the rest."""
    width, height = delivery.size
    across, down = index.display_size
    shape = Fraction(across, down) / Fraction(width, height)
    zoom = Fraction(framing.zoom)
    if abs(shape - 1) <= _SAME_SHAPE:
        shape = Fraction(1)
    wider, taller = (shape, Fraction(1)) if shape > 1 else (Fraction(1), 1 / shape)
    covering = (
        max(width, _round_to_even(width * zoom * wider)),
        max(height, _round_to_even(height * zoom * taller)),
    )
    stream = stream.filter("scale", *covering, **SCALE_OPTIONS, **matrix)
    if covering == (width, height):
        return stream
    # chroma has half the resolution, so the cut is at an even pixel
    left, top = (
        _round_to_even((covering[n] - (width, height)[n]) * framing.position[n]) for n in (0, 1)
    )
    return stream.filter("format", "yuv420p").filter("crop", width, height, left, top)


def _round_to_even(length: Fraction | float) -> int:
    return round(length / 2) * 2
