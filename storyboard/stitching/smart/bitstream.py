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
_RICH = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))
"""Profiles whose sequence sets speak of chroma and bit depth."""
_HEAD = 20
"""Bytes that surely hold a slice's first three codes."""
_ESCAPE = re.compile(b"\0\0(?=[\0-\3])")
_TAGGED = "1" + "101" + "0" + "1" + "00000001" * 3
"""video_signal_type: limited range, BT.709 throughout."""
_UNSAID = 2
_LEVEL_1B = 0x10
_ROOM = {
    9: 396, 10: 396, 11: 900, 12: 2376, 13: 2376, 20: 2376, 21: 4752, 22: 8100, 30: 8100,
    31: 18000, 32: 20480, 40: 32768, 41: 32768, 42: 34816, 50: 110400, 51: 184320, 52: 184320,
    60: 696320, 61: 696320, 62: 696320,
}  # fmt: skip
"""Macroblocks that a decoder of each level keeps."""
_REACH = 15
"""Motion vectors may be as long as a level lets them."""
_UNTOLD = (0, _UNSAID, _UNSAID, _UNSAID)
_OWN_SHAPE = 255


class _Bits:
    """Reads an RBSP from its first bit."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text
        self.at = at

    def u(self, count: int) -> int:
        part = self.text[self.at : self.at + count]
        if len(part) < count:
            raise MediaError("an H.264 parameter set ends too soon")
        self.at += count
        return int(part, 2) if part else 0

    def ue(self) -> int:
        one = self.text.find("1", self.at)
        if one < 0:
            raise MediaError("an H.264 code ends too soon")
        zeros = one - self.at
        self.at = one
        return self.u(zeros + 1) - 1

    def se(self) -> int:
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)


@dataclass(frozen=True, slots=True)
class SequenceSet:
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
    tagged: bool = False
    """Colours are said at all."""
    ordered: bool = True
    """How far pictures are reordered is said; else the last bit of `tail` is where it would be."""
    room: int = 16
    """Pictures that a decoder of its level keeps."""


@dataclass(frozen=True, slots=True)
class PictureSet:
    """A picture parameter set: its ids, and the bits behind them."""

    id: int
    sequence: int
    tail: str


def units(sample: bytes, width: int) -> Iterator[tuple[int, int]]:
    """(start, end) of the NAL units in one length-prefixed sample; MediaError where they end
    beyond it.
    """
    at, whole = 0, len(sample)
    while at < whole:
        start = at + width
        at = start + int.from_bytes(sample[at:start], "big")
        if at > whole or at == start:
            raise MediaError("a picture's units don't add up to its size")
        yield start, at


def sequence_set(unit: bytes) -> SequenceSet:
    """Reads a sequence parameter set, NAL header and all."""
    text = _payload(unit)
    bits = _Bits(text)
    profile, constraints, level = bits.u(8), bits.u(8), bits.u(8)
    id = bits.ue()
    behind = bits.at
    plain = True
    if profile in _RICH:
        chroma = bits.ue()
        if chroma == 3:
            bits.u(1)
        plain = chroma == 1 and bits.ue() == 0 and bits.ue() == 0
        if not plain:
            return SequenceSet(id, profile, constraints, level, False, False, "", "")
        bits.u(1)
        if bits.u(1):
            for number in range(8):
                if bits.u(1):
                    _skip_scaling(bits, 16 if number < 6 else 64)
    bits.ue()
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.u(1)
        bits.se()
        bits.se()
        for _ in range(bits.ue()):
            bits.se()
    bits.ue()
    bits.u(1)
    wide, high = 16 * (bits.ue() + 1), 16 * (bits.ue() + 1)
    progressive = bool(bits.u(1))
    if not progressive:
        bits.u(1)
    bits.u(1)
    left, right, top, bottom = (bits.ue() for _ in range(4)) if bits.u(1) else (0,) * 4
    size = (wide - 2 * (left + right), high - 2 * (top + bottom))
    before = text[behind : bits.at]
    usability, square, colors = _usability(bits)
    low = level == 11 and profile not in _RICH and constraints & _LEVEL_1B
    blocks = wide * high // 256 * (1 if progressive else 2)
    return SequenceSet(
        *(id, profile, constraints, level, progressive, plain, text[:24], before + usability),
        size=size,
        square=square,
        colors=colors,
        tagged=colors != _UNTOLD,
        ordered=_ordered(bits),
        room=min(16, _ROOM.get(9 if low else level, 0) // max(1, blocks)),
    )


def reordering(parsed: SequenceSet, delay: int) -> SequenceSet:
    """`parsed`, saying that decoding runs `delay` pictures ahead, unless it says how far it does.

    A decoder that is told nothing finds out as it goes, and loses a picture when it does.
    """
    if parsed.ordered or not delay:
        return parsed
    told = "1" + "1" + golomb(0) * 2 + golomb(_REACH) * 2
    told += golomb(delay) + golomb(max(parsed.room, delay))
    return replace(parsed, tail=parsed.tail[:-1] + told, ordered=True)


def picture_set(unit: bytes) -> PictureSet:
    """Reads a picture parameter set, NAL header and all."""
    text = _payload(unit)
    bits = _Bits(text)
    id, sequence = bits.ue(), bits.ue()
    return PictureSet(id, sequence, text[bits.at :])


def written_sequence(parsed: SequenceSet, id: int) -> bytes:
    """The NAL unit of a sequence parameter set under another id."""
    return _unit(0x67, parsed.head + golomb(id) + parsed.tail)


def written_picture(parsed: PictureSet, id: int, sequence: int) -> bytes:
    """The NAL unit of a picture parameter set under other ids."""
    return _unit(0x68, golomb(id) + golomb(sequence) + parsed.tail)


def golomb(value: int) -> str:
    """The Exp-Golomb code of `value`."""
    code = f"{value + 1:b}"
    return "0" * (len(code) - 1) + code


def renumbered(unit: bytes, ids: Mapping[int, int]) -> bytes:
    """A slice that names picture set `ids[n]` where it named n.

    The codes of both must be equally long modulo 8. Raises KeyError for a set not in `ids`.
    """
    cut = min(_HEAD, len(unit))
    while cut < len(unit) and unit[cut - 1] in (0, 3):
        cut += 1  # not in the middle of an escape
    text = _text(unit[1:cut])
    bits = _Bits(text)
    bits.ue()
    bits.ue()
    start = bits.at
    old = bits.ue()
    new = ids[old]
    if new == old:
        return unit
    text = text[:start] + golomb(new) + text[bits.at :]
    return unit[:1] + _escaped(_bytes(text)) + unit[cut:]


def _usability(bits: _Bits) -> tuple[str, bool, tuple[int, int, int, int] | None]:
    """The bits from the VUI flag on, BT.709 wherever no colours were said; square; the colours."""
    if not bits.u(1):
        return "1" + "00" + _TAGGED + "0" * 6, True, _UNTOLD
    start = bits.at
    shape = bits.u(8) if bits.u(1) else 1
    if shape == _OWN_SHAPE:
        bits.u(32)
    if bits.u(1):
        bits.u(1)
    before = bits.text[start : bits.at]
    if not bits.u(1):
        return "1" + before + _TAGGED + bits.text[bits.at :], shape in (0, 1), _UNTOLD
    form, full = bits.u(3), bits.u(1)
    told = bits.u(1)
    said = [bits.u(8) for _ in range(3)] if told else [_UNSAID] * 3
    tags = "".join(f"{1 if each == _UNSAID else each:08b}" for each in said)
    written = f"1{before}1{form:03b}{full}1{tags}{bits.text[bits.at :]}"
    return written, shape in (0, 1), (full, said[0], said[1], said[2]) if told else None


def _ordered(bits: _Bits) -> bool:
    """Whether what stands behind the colours says how far pictures are reordered."""
    if bits.at == len(bits.text):
        return False  # nothing at all is said
    if bits.u(1):
        bits.ue()
        bits.ue()
    if bits.u(1):
        bits.u(65)
    buffered = [_buffered(bits) for _ in range(2)]
    if any(buffered):
        bits.u(1)
    bits.u(1)
    return bool(bits.u(1))


def _buffered(bits: _Bits) -> bool:
    """Reads over what is said of a buffer, if anything is."""
    if not bits.u(1):
        return False
    count = bits.ue() + 1
    bits.u(8)
    for _ in range(count):
        bits.ue()
        bits.ue()
        bits.u(1)
    bits.u(20)
    return True


def _skip_scaling(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _payload(unit: bytes) -> str:
    """The bits of a set without its header and stop bit."""
    text = _text(unit[1:])
    return text[: text.rindex("1")] if "1" in text else ""


def _unit(header: int, text: str) -> bytes:
    text += "1"
    text += "0" * (-len(text) % 8)
    return bytes((header,)) + _escaped(_bytes(text))


def _text(escaped: bytes) -> str:
    plain = escaped.replace(b"\0\0\3", b"\0\0")
    return f"{int.from_bytes(plain, 'big'):0{8 * len(plain)}b}" if plain else ""


def _bytes(text: str) -> bytes:
    return int(text, 2).to_bytes(len(text) // 8, "big")


def _escaped(plain: bytes) -> bytes:
    return _ESCAPE.sub(b"\0\0\3", plain)
