"""What a player does to coded frames: deinterlace, tone-map, make square, turn, and time them.

This is the only definition. `frames` reads by it, conforming follows it, and `describe_*_reading`
puts it into words for the identity of what was made from a clip.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from storyboard.stitching.media.frame_index import FrameIndex

Filter: TypeAlias = tuple[str, Mapping[str, str]]
"""A libavfilter filter and its options."""

BT709, UNSAID, BT601 = 1, 2, 5
"""Matrices, libav's numbers."""
FULL_RANGE = 2
_HDR_CURVES = {16: "PQ", 18: "HLG"}
_RGB_FORMATS = ("rgb", "gbr", "bgr", "pal")
_FULL_FORMATS = ("yuvj", "rgb", "bgr", "gbr", "gray", "pal")
_TURNS: Mapping[int, tuple[Filter, ...]] = MappingProxyType(
    {
        90: (("transpose", {"dir": "cclock"}),),
        180: (("hflip", {}), ("vflip", {})),
        270: (("transpose", {"dir": "clock"}),),
    }
)
"""By degrees counter-clockwise."""
_SD_SIZE = (1280, 576)
"""Players take an untagged picture narrower than this, and no taller, for SD."""

SCALE_OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "flags": "lanczos+accurate_rnd+full_chroma_int",
        "out_color_matrix": "bt709",
        "out_range": "tv",
    }
)


def is_hdr(index: FrameIndex) -> bool:
    """Whether the transfer curve is PQ or HLG."""
    return index.transfer in _HDR_CURVES


def list_deinterlace_filters(index: FrameIndex) -> tuple[Filter, ...]:
    """Filters that make one whole picture of each frame's two fields; none if the clip is
    progressive.
    """
    return (("bwdif", {"mode": "send_frame", "deint": "all"}),) if index.interlaced else ()


def list_sdr_filters(index: FrameIndex) -> tuple[Filter, ...]:
    """Filters from an HDR curve and wide primaries to BT.709; none if the clip is SDR."""
    if not is_hdr(index):
        return ()
    # Tone mapping works on linear light in floating-point RGB; the result stays at ten bits until
    # scaled.
    return (
        ("zscale", {"t": "linear", "npl": "100"}),
        ("format", {"pix_fmts": "gbrpf32le"}),
        ("zscale", {"p": "bt709"}),
        ("tonemap", {"tonemap": "hable", "desat": "0"}),
        ("zscale", {"t": "bt709", "m": "bt709", "r": "tv"}),
        ("format", {"pix_fmts": "yuv420p10le"}),
    )


def list_turn_filters(index: FrameIndex) -> tuple[Filter, ...]:
    """Filters that turn the picture upright; to run after deinterlacing, since fields are rows."""
    return (("hflip", {}),) * index.mirrored + _TURNS.get(index.rotation, ())


def list_square_filters(index: FrameIndex) -> tuple[Filter, ...]:
    """Filters that widen or narrow the picture until its pixels are square."""
    if index.pixel_aspect == 1:
        return ()
    return (("scale", {"w": "iw*sar", "h": "ih", **SCALE_OPTIONS}), ("setsar", {"sar": "1"}))


def format_filter_chain(filters: Iterable[Filter]) -> str:
    """The filters as an argument of ffmpeg's `-vf`."""
    return ",".join(
        f"{name}={':'.join(f'{key}={value}' for key, value in options.items())}".removesuffix("=")
        for name, options in filters
    )


def list_source_matrix_options(index: FrameIndex) -> dict[str, str]:
    """Options that tell `scale` the matrix when the clip states none, or tone mapping has replaced
    it.
    """
    if is_hdr(index):
        return {"in_color_matrix": "bt709"}
    if index.colorspace not in (0, UNSAID) or index.pixel_format.startswith(_RGB_FORMATS):
        return {}
    is_sd = choose_matrix(index.colorspace, index.coded_size) == BT601
    return {"in_color_matrix": "bt601" if is_sd else "bt709"}


def choose_matrix(colorspace: int, coded_size: tuple[int, int]) -> int:
    """The picture's matrix; if it states none, BT.601 for SD and BT.709 for HD, as in players."""
    if colorspace not in (0, UNSAID):
        return colorspace
    width, height = coded_size
    return BT601 if width < _SD_SIZE[0] and height <= _SD_SIZE[1] else BT709


def is_full_range(color_range: int, pixel_format: str) -> bool:
    """Whether black is 0 and white the highest value."""
    return color_range == FULL_RANGE or pixel_format.startswith(_FULL_FORMATS)


def has_untagged_sd_colors(index: FrameIndex) -> bool:
    """Whether a player assumes BT.601 because the clip states no colours."""
    return "bt601" in list_source_matrix_options(index).values()


def describe_frame_reading(index: FrameIndex) -> str:
    """What a player does to one frame besides decoding and turning it; empty if nothing."""
    words = (
        "deinterlaced" if index.interlaced else "",
        f"tone-mapped from {_HDR_CURVES[index.transfer]}" if is_hdr(index) else "",
        f"pixels {index.pixel_aspect} wide" if index.pixel_aspect != 1 else "",
        "BT.601 untagged" if has_untagged_sd_colors(index) and index.rate is not None else "",
    )
    return ", ".join(filter(None, words))


def describe_clip_reading(index: FrameIndex) -> str:
    """What a player does to a clip whose coded frames are not yet what it shows; empty if
    nothing.
    """
    words = (
        describe_frame_reading(index),
        f"turned by {index.rotation}" if index.rotation else "",
        "mirrored" if index.mirrored else "",
        "" if index.constant else "at uneven times",
    )
    return ", ".join(filter(None, words))
