"""H.264 as bits: what parameter sets say, and how they and slices get other ids without loss.

A slice names its picture parameter set in an Exp-Golomb code near its start. Given an id whose
code is as long, or longer by whole bytes, everything behind it keeps its place within a byte: the
rest of the slice is copied as it is, CABAC and CAVLC alike, and its entropy coding is never read.
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
"""Profiles whose sequence sets speak of chroma and bit depth."""
_HEAD = 20
"""Bytes that surely hold a slice's first three codes."""
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
"""Macroblocks that a decoder of each level keeps."""
_REACH = 15
"""Motion vectors may be as long as a level lets them."""
_UNSPECIFIED_COLORS = (0, _UNSPECIFIED, _UNSPECIFIED, _UNSPECIFIED)
_OWN_SHAPE = 255


class _BitReader:
    """Reads an RBSP from its first bit."""

    def __init__(self, bit_text: str, at: int = 0) -> None:
        self.text = bit_text
        self.at = at

    def read_bits(self, count: int) -> int:
        part = self.text[self.at : self.at + count]
        if len(part) < count:
            raise MediaError("an H.264 parameter set ends too soon")
        self.at += count
        return int(part, 2) if part else 0

    def read_unsigned_golomb(self) -> int:
        first_one = self.text.find("1", self.at)
        if first_one < 0:
            raise MediaError("an H.264 code ends too soon")
        zeros = first_one - self.at
        self.at = first_one
        return self.read_bits(zeros + 1) - 1

    def read_signed_golomb(self) -> int:
        code = self.read_unsigned_golomb()
        return (code + 1) // 2 if code % 2 else -(code // 2)


@dataclass(frozen=True, slots=True)
class SequenceParameterSet:
    """What a sequence parameter set says, and its bits around the id."""

    id: int
    profile: int
    constraints: int
    level: int
    progressive: bool
    plain: bool
    """4:2:0 in 8 bits."""
    head: str
    """Bits before the id."""
    tail: str
    """Bits after the id up to the stop bit, with the colours said."""
    size: tuple[int, int] = (0, 0)
    """(width, height) after cropping."""
    square: bool = True
    """No shape of its pixels is said but the square one."""
    colors: tuple[int, int, int, int] | None = None
    """Full range, primaries, transfer and matrix, as numbered there; None: only some are said."""
    states_colors: bool = False
    """Colours are said at all."""
    states_reordering: bool = True
    """How far pictures are reordered is said; else the last bit of `tail` is where it would be."""
    dpb_size: int = 16
    """Pictures that a decoder of its level keeps."""


@dataclass(frozen=True, slots=True)
class PictureParameterSet:
    """A picture parameter set: its ids, and the bits behind them."""

    id: int
    sequence: int
    tail: str


def find_nal_unit_ranges(sample: bytes, length_bytes: int) -> Iterator[tuple[int, int]]:
    """(start, end) of the NAL units in one length-prefixed sample; MediaError where they end
    beyond it.
    """
    at, whole = 0, len(sample)
    while at < whole:
        start = at + length_bytes
        at = start + int.from_bytes(sample[at:start], "big")
        if at > whole or at == start:
            raise MediaError("a picture's units don't add up to its size")
        yield start, at


def parse_sps(unit: bytes) -> SequenceParameterSet:
    """Reads a sequence parameter set, NAL header and all."""
    text = _read_payload_bit_text(unit)
    bits = _BitReader(text)
    profile, constraints, level = bits.read_bits(8), bits.read_bits(8), bits.read_bits(8)
    id = bits.read_unsigned_golomb()
    id_end = bits.at
    plain = True
    if profile in _HIGH_PROFILES:
        chroma = bits.read_unsigned_golomb()
        if chroma == 3:
            bits.read_bits(1)
        plain = (
            chroma == 1 and bits.read_unsigned_golomb() == 0 and bits.read_unsigned_golomb() == 0
        )
        if not plain:
            return SequenceParameterSet(id, profile, constraints, level, False, False, "", "")
        bits.read_bits(1)
        if bits.read_bits(1):
            for number in range(8):
                if bits.read_bits(1):
                    _skip_scaling_list(bits, 16 if number < 6 else 64)
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
    bits.read_unsigned_golomb()
    bits.read_bits(1)
    wide, high = 16 * (bits.read_unsigned_golomb() + 1), 16 * (bits.read_unsigned_golomb() + 1)
    progressive = bool(bits.read_bits(1))
    if not progressive:
        bits.read_bits(1)
    bits.read_bits(1)
    left, right, top, bottom = (
        (bits.read_unsigned_golomb() for _ in range(4)) if bits.read_bits(1) else (0,) * 4
    )
    size = (wide - 2 * (left + right), high - 2 * (top + bottom))
    bits_before_vui = text[id_end : bits.at]
    vui, square, colors = _normalize_vui_and_read_colors(bits)
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
    """`sps`, saying that decoding runs `delay` pictures ahead, unless it says how far it does.

    A decoder that is told nothing finds out as it goes, and loses a picture when it does.
    """
    if sps.states_reordering or not delay:
        return sps
    vui_tail = "1" + "1" + encode_golomb(0) * 2 + encode_golomb(_REACH) * 2
    vui_tail += encode_golomb(delay) + encode_golomb(max(sps.dpb_size, delay))
    return replace(sps, tail=sps.tail[:-1] + vui_tail, states_reordering=True)


def parse_pps(unit: bytes) -> PictureParameterSet:
    """Reads a picture parameter set, NAL header and all."""
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
    """A slice that names picture set `new_ids[n]` where it named n.

    The codes of both must be equally long modulo 8. Raises KeyError for a set not in `new_ids`.
    """
    head_end = min(_HEAD, len(unit))
    while head_end < len(unit) and unit[head_end - 1] in (0, 3):
        head_end += 1  # not in the middle of an escape
    text = _unescape_to_bit_text(unit[1:head_end])
    bits = _BitReader(text)
    bits.read_unsigned_golomb()
    bits.read_unsigned_golomb()
    start = bits.at
    old = bits.read_unsigned_golomb()
    new = new_ids[old]
    if new == old:
        return unit
    text = text[:start] + encode_golomb(new) + text[bits.at :]
    return unit[:1] + _escape_payload(_pack_bit_text(text)) + unit[head_end:]


def _normalize_vui_and_read_colors(
    bits: _BitReader,
) -> tuple[str, bool, tuple[int, int, int, int] | None]:
    """The bits from the VUI flag on, BT.709 wherever no colours were said; square; the colours."""
    if not bits.read_bits(1):
        return "1" + "00" + _BT709_TAGS + "0" * 6, True, _UNSPECIFIED_COLORS
    start = bits.at
    shape = bits.read_bits(8) if bits.read_bits(1) else 1
    if shape == _OWN_SHAPE:
        bits.read_bits(32)
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
    """Whether what stands behind the colours says how far pictures are reordered."""
    if bits.at == len(bits.text):
        return False  # nothing at all is said
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
    """Reads over what is said of a buffer, if anything is."""
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
