"""Reads H.264 parameter sets, and gives sets and slices other ids without loss.

A slice names its picture parameter set in an Exp-Golomb code near its start. If the new id's code
has the same length, or differs by whole bytes, everything after it keeps its position within a
byte: the rest of the slice is copied unchanged, for CABAC and CAVLC alike, and its entropy coding
is never read. Syntax and names are those of ITU-T H.264, 7.3 and annex E.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from storyboard.errors import MediaError

SLICE, IDR, SPS, PPS = 1, 5, 7, 8
SILENT = frozenset((6, 7, 8, 9, 10, 11, 12))
"""NAL units without picture: messages, parameter sets, delimiters, filler."""
_HIGH_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))
"""Profiles whose sequence sets state chroma format and bit depth."""
_HEAD = 20
"""Enough bytes to hold a slice's first three codes."""
_ESCAPE = re.compile(b"\0\0(?=[\0-\3])")
_BT709_TAGS = "1" + "101" + "0" + "1" + "00000001" * 3
"""video_signal_type: limited range, BT.709 throughout."""
_UNSPECIFIED = 2
_LEVEL_1B = 0x10
_DPB_MACROBLOCKS = {
    9: 396, 10: 396, 11: 900, 12: 2376, 13: 2376, 20: 2376, 21: 4752, 22: 8100, 30: 8100,
    31: 18000, 32: 20480, 40: 32768, 41: 32768, 42: 34816, 50: 110400, 51: 184320, 52: 184320,
    60: 696320, 61: 696320, 62: 696320,
}  # fmt: skip
"""Macroblocks that a decoder of each level stores (table A-1)."""
_REACH = 15
"""log2_max_mv_length: motion vectors up to the limit of any level."""
_UNSPECIFIED_COLORS = (0, _UNSPECIFIED, _UNSPECIFIED, _UNSPECIFIED)
_OWN_SHAPE = 255


class _BitReader:
    """Reads codes from the bits of an RBSP, given as text of 0 and 1."""

    def __init__(self, bit_text: str, at: int = 0) -> None:
        self.text = bit_text
        self.at = at

    def read_bits(self, count: int) -> int:
        part = self.text[self.at : self.at + count]
        if len(part) < count:
            raise MediaError("an H.264 parameter set is cut off")
        self.at += count
        return int(part, 2) if part else 0

    def read_unsigned_golomb(self) -> int:
        first_one = self.text.find("1", self.at)
        if first_one < 0:
            raise MediaError("an H.264 code is cut off")
        zeros = first_one - self.at
        self.at = first_one
        return self.read_bits(zeros + 1) - 1

    def read_signed_golomb(self) -> int:
        code = self.read_unsigned_golomb()
        return (code + 1) // 2 if code % 2 else -(code // 2)


@dataclass(frozen=True, slots=True)
class SequenceParameterSet:
    """The contents of a sequence parameter set, and its bits around the id."""

    id: int
    profile: int
    constraints: int
    level: int
    progressive: bool
    plain: bool
    """4:2:0 in 8 bits."""
    head: str
    """The bits before the id."""
    tail: str
    """The bits after the id, up to the stop bit, with colours always stated."""
    size: tuple[int, int] = (0, 0)
    """(width, height) after cropping."""
    square: bool = True
    """Whether pixels are square, or their shape is not stated."""
    colors: tuple[int, int, int, int] | None = None
    """Full range, primaries, transfer and matrix as H.264 numbers them; None if only some are
    stated.
    """
    states_colors: bool = False
    """Whether any colours are stated."""
    states_reordering: bool = True
    """Whether the depth of reordering is stated; if not, `tail` ends with the flag that says so."""
    dpb_size: int = 16
    """Pictures that a decoder of this level stores."""


@dataclass(frozen=True, slots=True)
class PictureParameterSet:
    """A picture parameter set: its ids, and the bits after them."""

    id: int
    sequence: int
    tail: str


def find_nal_unit_ranges(sample: bytes, length_bytes: int) -> Iterator[tuple[int, int]]:
    """(start, end) of the NAL units in one length-prefixed sample.

    Raises MediaError if the lengths don't add up to the sample's size.
    """
    at, whole = 0, len(sample)
    while at < whole:
        start = at + length_bytes
        at = start + int.from_bytes(sample[at:start], "big")
        if at > whole or at == start:
            raise MediaError("the units of a frame don't add up to its size")
        yield start, at


def parse_sps(unit: bytes) -> SequenceParameterSet:
    """Parses a sequence parameter set, including its NAL header."""
    text = _read_payload_bit_text(unit)
    bits = _BitReader(text)
    profile, constraints, level = bits.read_bits(8), bits.read_bits(8), bits.read_bits(8)
    id = bits.read_unsigned_golomb()
    id_end = bits.at
    plain = True
    if profile in _HIGH_PROFILES:
        chroma = bits.read_unsigned_golomb()
        # separate_colour_plane_flag; then the bit depths of luma and chroma.
        if chroma == 3:
            bits.read_bits(1)
        plain = (
            chroma == 1 and bits.read_unsigned_golomb() == 0 and bits.read_unsigned_golomb() == 0
        )
        if not plain:
            return SequenceParameterSet(id, profile, constraints, level, False, False, "", "")
        # qpprime_y_zero_transform_bypass_flag, and the scaling lists of a set that has them.
        bits.read_bits(1)
        if bits.read_bits(1):
            for number in range(8):
                if bits.read_bits(1):
                    _skip_scaling_list(bits, 16 if number < 6 else 64)
    # Skip log2_max_frame_num and pic_order_cnt_type with its fields: only their length matters.
    bits.read_unsigned_golomb()
    order = bits.read_unsigned_golomb()
    if order == 0:
        bits.read_unsigned_golomb()
    elif order == 1:
        bits.read_bits(1)
        bits.read_signed_golomb()
        bits.read_signed_golomb()
        for _ in range(bits.read_unsigned_golomb()):
            bits.read_signed_golomb()
    # max_num_ref_frames and gaps_in_frame_num_value_allowed_flag, then the size in macroblocks.
    bits.read_unsigned_golomb()
    bits.read_bits(1)
    wide, high = 16 * (bits.read_unsigned_golomb() + 1), 16 * (bits.read_unsigned_golomb() + 1)
    progressive = bool(bits.read_bits(1))
    if not progressive:
        bits.read_bits(1)
    # direct_8x8_inference_flag, then frame_cropping_flag; in 4:2:0 the crop counts in units of two.
    bits.read_bits(1)
    left, right, top, bottom = (
        (bits.read_unsigned_golomb() for _ in range(4)) if bits.read_bits(1) else (0,) * 4
    )
    size = (wide - 2 * (left + right), high - 2 * (top + bottom))
    bits_before_vui = text[id_end : bits.at]
    vui, square, colors = _normalize_vui_and_read_colors(bits)
    # Outside the High profiles, level 11 with this constraint bit means level 1b.
    low = level == 11 and profile not in _HIGH_PROFILES and constraints & _LEVEL_1B
    blocks = wide * high // 256 * (1 if progressive else 2)
    return SequenceParameterSet(
        *(id, profile, constraints, level, progressive, plain, text[:24], bits_before_vui + vui),
        size=size,
        square=square,
        colors=colors,
        states_colors=colors != _UNSPECIFIED_COLORS,
        states_reordering=_has_reordering_statement(bits),
        dpb_size=min(16, _DPB_MACROBLOCKS.get(9 if low else level, 0) // max(1, blocks)),
    )


def declare_reordering(sps: SequenceParameterSet, delay: int) -> SequenceParameterSet:
    """`sps`, declaring that decoding runs `delay` pictures ahead, unless it states the depth
    already.

    A decoder without this statement adapts as it goes, and loses a picture when it does.
    """
    if sps.states_reordering or not delay:
        return sps
    # bitstream_restriction_flag and motion_vectors_over_pic_boundaries_flag, no limits on bytes and
    # bits, both vector lengths, then max_num_reorder_frames and max_dec_frame_buffering.
    vui_tail = "1" + "1" + encode_golomb(0) * 2 + encode_golomb(_REACH) * 2
    vui_tail += encode_golomb(delay) + encode_golomb(max(sps.dpb_size, delay))
    return replace(sps, tail=sps.tail[:-1] + vui_tail, states_reordering=True)


def parse_pps(unit: bytes) -> PictureParameterSet:
    """Parses a picture parameter set, including its NAL header."""
    text = _read_payload_bit_text(unit)
    bits = _BitReader(text)
    id, sequence = bits.read_unsigned_golomb(), bits.read_unsigned_golomb()
    return PictureParameterSet(id, sequence, text[bits.at :])


def build_sps_unit(sps: SequenceParameterSet, new_id: int) -> bytes:
    """The NAL unit of a sequence parameter set under another id."""
    return _build_nal_unit(0x67, sps.head + encode_golomb(new_id) + sps.tail)


def build_pps_unit(pps: PictureParameterSet, new_id: int, new_sequence_id: int) -> bytes:
    """The NAL unit of a picture parameter set under other ids."""
    return _build_nal_unit(0x68, encode_golomb(new_id) + encode_golomb(new_sequence_id) + pps.tail)


def encode_golomb(value: int) -> str:
    """The Exp-Golomb code of `value`."""
    code = f"{value + 1:b}"
    return "0" * (len(code) - 1) + code


def renumber_slice_picture_set(unit: bytes, new_ids: Mapping[int, int]) -> bytes:
    """The slice with picture set id `new_ids[n]` in place of n.

    Both codes must have the same length modulo 8. Raises KeyError for a set that `new_ids` lacks.
    """
    head_end = min(_HEAD, len(unit))
    while head_end < len(unit) and unit[head_end - 1] in (0, 3):
        head_end += 1  # not in the middle of an escape sequence
    text = _unescape_to_bit_text(unit[1:head_end])
    bits = _BitReader(text)
    # first_mb_in_slice and slice_type come before the id.
    bits.read_unsigned_golomb()
    bits.read_unsigned_golomb()
    start = bits.at
    old = bits.read_unsigned_golomb()
    new = new_ids[old]
    if new == old:
        return unit
    # The head's length in bits stays a multiple of 8, so the rest of the slice is copied as it is.
    text = text[:start] + encode_golomb(new) + text[bits.at :]
    return unit[:1] + _escape_payload(_pack_bit_text(text)) + unit[head_end:]


def _normalize_vui_and_read_colors(
    bits: _BitReader,
) -> tuple[str, bool, tuple[int, int, int, int] | None]:
    """The bits from the VUI flag on, with BT.709 where no colours are stated; squareness; the
    colours.
    """
    if not bits.read_bits(1):
        # No VUI: add one that states nothing but the colours; its last flag is that of
        # bitstream_restriction.
        return "1" + "00" + _BT709_TAGS + "0" * 6, True, _UNSPECIFIED_COLORS
    start = bits.at
    shape = bits.read_bits(8) if bits.read_bits(1) else 1
    if shape == _OWN_SHAPE:
        bits.read_bits(32)
    # overscan_info_present_flag and overscan_appropriate_flag
    if bits.read_bits(1):
        bits.read_bits(1)
    before = bits.text[start : bits.at]
    if not bits.read_bits(1):
        return (
            "1" + before + _BT709_TAGS + bits.text[bits.at :],
            shape in (0, 1),
            _UNSPECIFIED_COLORS,
        )
    form, full = bits.read_bits(3), bits.read_bits(1)
    has_colors = bits.read_bits(1)
    color_codes = [bits.read_bits(8) for _ in range(3)] if has_colors else [_UNSPECIFIED] * 3
    tags = "".join(f"{1 if code == _UNSPECIFIED else code:08b}" for code in color_codes)
    vui = f"1{before}1{form:03b}{full}1{tags}{bits.text[bits.at :]}"
    return (
        vui,
        shape in (0, 1),
        (full, color_codes[0], color_codes[1], color_codes[2]) if has_colors else None,
    )


def _has_reordering_statement(bits: _BitReader) -> bool:
    """Whether the bits after the colours state the depth of reordering."""
    if bits.at == len(bits.text):
        return False  # there was no VUI
    # chroma_loc_info, timing_info, then both HRD parameter sets and pic_struct_present_flag.
    if bits.read_bits(1):
        bits.read_unsigned_golomb()
        bits.read_unsigned_golomb()
    if bits.read_bits(1):
        bits.read_bits(65)
    buffered = [_skip_hrd_if_present(bits) for _ in range(2)]
    if any(buffered):
        bits.read_bits(1)
    bits.read_bits(1)
    return bool(bits.read_bits(1))


def _skip_hrd_if_present(bits: _BitReader) -> bool:
    """Skips one set of HRD parameters, if present; returns whether it was."""
    if not bits.read_bits(1):
        return False
    count = bits.read_unsigned_golomb() + 1
    bits.read_bits(8)
    for _ in range(count):
        bits.read_unsigned_golomb()
        bits.read_unsigned_golomb()
        bits.read_bits(1)
    bits.read_bits(20)
    return True


def _skip_scaling_list(bits: _BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        # Once a delta leads to 0, the rest of the list repeats the last value and has no codes
        # (7.3.2.1.1.1).
        if following:
            following = (last + bits.read_signed_golomb()) % 256
        last = following or last


def _read_payload_bit_text(unit: bytes) -> str:
    """The bits of a set without its header and stop bit."""
    text = _unescape_to_bit_text(unit[1:])
    return text[: text.rindex("1")] if "1" in text else ""


def _build_nal_unit(header: int, bit_text: str) -> bytes:
    bit_text += "1"
    bit_text += "0" * (-len(bit_text) % 8)
    return bytes((header,)) + _escape_payload(_pack_bit_text(bit_text))


def _unescape_to_bit_text(escaped: bytes) -> str:
    plain = escaped.replace(b"\0\0\3", b"\0\0")
    return f"{int.from_bytes(plain, 'big'):0{8 * len(plain)}b}" if plain else ""


def _pack_bit_text(bit_text: str) -> bytes:
    return int(bit_text, 2).to_bytes(len(bit_text) // 8, "big")


def _escape_payload(plain: bytes) -> bytes:
    return _ESCAPE.sub(b"\0\0\3", plain)
