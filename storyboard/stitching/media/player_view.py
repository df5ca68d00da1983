"""What a player makes of coded frames: deinterlaced, tone-mapped, square, upright, at their time.

The one description of it. `frames` reads by it, the cut conforms by it, and `describe_*_reading`
puts it into words for the identity of what was made of a clip.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from storyboard.stitching.media.frame_index import FrameIndex

Filter: TypeAlias = tuple[str, Mapping[str, str]]
"""A filter of libavfilter and its options."""

BT709, UNSAID, BT601 = 1, 2, 5
"""Matrices as libav numbers them."""
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
"""An untagged picture that is narrower than this, and no taller, is SD to a player."""

SCALE_OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "flags": "lanczos+accurate_rnd+full_chroma_int",
        "out_color_matrix": "bt709",
        "out_range": "tv",
    }
)


def is_hdr(index: FrameIndex) -> bool:
    """Whether the brightness follows PQ or HLG."""
    return index.transfer in _HDR_CURVES


def list_deinterlace_filters(index: FrameIndex) -> tuple[Filter, ...]:
    """One whole picture of each frame's two fields; nothing where the clip is progressive."""
    return (("bwdif", {"mode": "send_frame", "deint": "all"}),) if index.interlaced else ()


def list_sdr_filters(index: FrameIndex) -> tuple[Filter, ...]:
    """From an HDR curve and wide primaries to BT.709; nothing where the clip is SDR."""
    if not is_hdr(index):
        return ()
    return (
        ("zscale", {"t": "linear", "npl": "100"}),
        ("format", {"pix_fmts": "gbrpf32le"}),
        ("zscale", {"p": "bt709"}),
        ("tonemap", {"tonemap": "hable", "desat": "0"}),
        ("zscale", {"t": "bt709", "m": "bt709", "r": "tv"}),
        ("format", {"pix_fmts": "yuv420p10le"}),
    )


def list_turn_filters(index: FrameIndex) -> tuple[Filter, ...]:
    """Upright; to be done once the fields, which lie in rows, are no longer told apart."""
    return (("hflip", {}),) * index.mirrored + _TURNS.get(index.rotation, ())


def list_square_filters(index: FrameIndex) -> tuple[Filter, ...]:
    """As many pixels across as a square shape needs."""
    if index.pixel_aspect == 1:
        return ()
    return (("scale", {"w": "iw*sar", "h": "ih", **SCALE_OPTIONS}), ("setsar", {"sar": "1"}))


def format_filter_chain(filters: Iterable[Filter]) -> str:
    """The filters as ffmpeg's `-vf` takes them."""
    return ",".join(
        f"{name}={':'.join(f'{key}={value}' for key, value in options.items())}".removesuffix("=")
        for name, options in filters
    )


def list_source_matrix_options(index: FrameIndex) -> dict[str, str]:
    """What `scale` must be told of the matrix, where the clip says none or has lost its own."""
    if is_hdr(index):
        return {"in_color_matrix": "bt709"}
    if index.colorspace not in (0, UNSAID) or index.pixel_format.startswith(_RGB_FORMATS):
        return {}
    is_sd = choose_matrix(index.colorspace, index.coded_size) == BT601
    return {"in_color_matrix": "bt601" if is_sd else "bt709"}


def choose_matrix(colorspace: int, coded_size: tuple[int, int]) -> int:
    """The matrix of a picture; where it says none, players take BT.601 for SD and BT.709 for HD."""
    if colorspace not in (0, UNSAID):
        return colorspace
    width, height = coded_size
    return BT601 if width < _SD_SIZE[0] and height <= _SD_SIZE[1] else BT709


def is_full_range(color_range: int, pixel_format: str) -> bool:
    """Whether black is 0 and white the highest value."""
    return color_range == FULL_RANGE or pixel_format.startswith(_FULL_FORMATS)


def has_untagged_sd_colors(index: FrameIndex) -> bool:
    """Whether a player takes BT.601 for colours that the clip says nothing of."""
    return "bt601" in list_source_matrix_options(index).values()


def describe_frame_reading(index: FrameIndex) -> str:
    """What is done to one frame beyond decoding and turning it; empty where nothing is."""
    words = (
        "deinterlaced" if index.interlaced else "",
        f"tone-mapped from {_HDR_CURVES[index.transfer]}" if is_hdr(index) else "",
        f"pixels {index.pixel_aspect} wide" if index.pixel_aspect != 1 else "",
        "BT.601 untagged" if has_untagged_sd_colors(index) and index.rate is not None else "",
    )
    return ", ".join(filter(None, words))


def describe_clip_reading(index: FrameIndex) -> str:
    """What is done to a clip whose coded frames, one by one, are not yet what a player shows."""
    words = (
        describe_frame_reading(index),
        f"turned by {index.rotation}" if index.rotation else "",
        "mirrored" if index.mirrored else "",
        "" if index.constant else "at uneven times",
    )
    return ", ".join(filter(None, words))
