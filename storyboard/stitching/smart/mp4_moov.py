"""The moov box of a film: one picture track, one sound track, and metadata."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from storyboard.model.film import Delivery
from storyboard.stitching.media.mp4_reader import (
    MATRIX,
    build_box,
    build_full_box,
    pack_big_endian,
    pack_run_lengths,
)
from storyboard.stitching.picture.conform import choose_timescale
from storyboard.stitching.sound.adts import PACKET, AdtsFile

_UNDETERMINED = struct.pack(">HH", 0x55C4, 0)
"""The language code `und`, undetermined."""
_KEYS = {"title": b"\xa9nam", "artist": b"\xa9ART", "copyright": b"cprt", "comment": b"\xa9cmt"}
_UTF8 = 1
_DATA_REFERENCE = build_box(
    b"dinf", build_full_box(b"dref", struct.pack(">I", 1), build_full_box(b"url ", flags=1))
)


@dataclass(frozen=True, slots=True)
class Chunks:
    """Where the samples of one track are: runs of adjacent samples, and the size of each sample."""

    ends: Sequence[int]
    """The number of samples up to the end of each run."""
    offsets: array[int]
    sizes: array[int]

    @classmethod
    def from_ends(cls, ends: Sequence[int], count: int) -> Chunks:
        """`count` samples in runs that stop before each of `ends`; offsets and sizes are still
        zero.
        """
        ends = [min(end, count) for end in ends]
        return cls(ends, array("Q", bytes(8 * len(ends))), array("I", bytes(4 * count)))

    def find_sample_range(self, chunk_number: int) -> tuple[int, int]:
        """The samples of chunk `chunk_number`, as a range."""
        return (self.ends[chunk_number - 1] if chunk_number else 0), self.ends[chunk_number]

    def build_boxes(self) -> bytes:
        counts = [self.ends[0], *(end - start for start, end in pairwise(self.ends))]
        runs: list[int] = []
        for number, count in enumerate(counts, 1):
            if not runs or count != runs[-2]:
                # stsc has an entry only where the number of samples per chunk changes: (first
                # chunk, samples, description).
                runs += (number, count, 1)
        return b"".join(
            (
                build_full_box(b"stsc", struct.pack(">I", len(runs) // 3), pack_big_endian(runs)),
                build_full_box(
                    b"stsz", struct.pack(">II", 0, len(self.sizes)), pack_big_endian(self.sizes)
                ),
                build_full_box(
                    b"co64",
                    struct.pack(">I", len(self.offsets)),
                    pack_big_endian(self.offsets, "Q"),
                ),
            )
        )


def build_moov(
    delivery: Delivery,
    config: bytes,
    composition_shifts: Sequence[int],
    key_samples: Sequence[int],
    delay_frames: int,
    picture: Chunks,
    sound: tuple[AdtsFile, Chunks] | None,
    tags: Mapping[str, str],
) -> bytes:
    """The moov box. Its size depends only on the numbers of samples, keys and chunks.

    `config` is the avcC record; `composition_shifts` says by how many frames each sample is shown
    later than it is decoded, counted from `delay_frames` before the film; `key_samples` are sync
    samples from 1.
    """
    scale = choose_timescale(delivery.rate.value)
    ticks = int(scale / delivery.rate.value)
    length = len(composition_shifts) * ticks
    mvhd = build_full_box(
        b"mvhd",
        struct.pack(">QQIQIH10x", 0, 0, scale, length, 1 << 16, 0x0100),
        MATRIX,
        bytes(24),
        struct.pack(">I", 3 if sound else 2),
        version=1,
    )
    width, height = delivery.size
    entry = build_box(
        b"avc1",
        struct.pack(">6xH16xHHIIIH32xHh", 1, width, height, 72 << 16, 72 << 16, 0, 1, 24, -1),
        build_box(b"avcC", config),
        build_box(b"colr", b"nclx", struct.pack(">HHHB", 1, 1, 1, 0)),
        build_box(b"pasp", struct.pack(">II", 1, 1)),
    )
    picture_track = _build_track(
        1,
        (width, height),
        # The edit starts at the decoder's delay, so the first frame is shown at time 0.
        (length, delay_frames * ticks),
        (b"vide", b"picture\0", scale, length),
        build_full_box(b"vmhd", bytes(8), flags=1),
        build_full_box(b"stsd", struct.pack(">I", 1), entry),
        build_full_box(b"stts", struct.pack(">III", 1, len(composition_shifts), ticks)),
        build_full_box(b"ctts", pack_run_lengths([shift * ticks for shift in composition_shifts])),
        build_full_box(b"stss", struct.pack(">I", len(key_samples)), pack_big_endian(key_samples)),
        picture.build_boxes(),
    )
    return build_box(
        b"moov",
        mvhd,
        picture_track,
        _build_sound_track(*sound, length) if sound else b"",
        _build_metadata(tags),
    )


def _build_sound_track(sound: AdtsFile, chunks: Chunks, film_ticks: int) -> bytes:
    """The sound track; its edit skips the packet before the film's start."""
    count = len(sound.sizes)
    # The descriptors of ISO 14496-1 (3 stream, 4 decoder, 5 codec configuration, 6 sync layer) that
    # esds holds.
    config = _build_mpeg4_descriptor(5, sound.config)
    rate = 8 * sum(sound.sizes) * sound.rate // (count * PACKET)
    coding = _build_mpeg4_descriptor(
        4, struct.pack(">BBHBII", 0x40, 0x15, 0, 0, rate, rate), config
    )
    stream = _build_mpeg4_descriptor(
        3, struct.pack(">HB", 2, 0), coding, _build_mpeg4_descriptor(6, b"\2")
    )
    entry = build_box(
        b"mp4a",
        struct.pack(">6xH8xHH4xI", 1, 2, 16, sound.rate << 16),
        build_full_box(b"esds", stream),
    )
    return _build_track(
        2,
        None,
        (film_ticks, PACKET),
        (b"soun", b"sound\0", sound.rate, count * PACKET),
        build_full_box(b"smhd", bytes(4)),
        build_full_box(b"stsd", struct.pack(">I", 1), entry),
        build_full_box(b"stts", struct.pack(">III", 1, count, PACKET)),
        chunks.build_boxes(),
        # decoding from any packet needs the one before it
        build_full_box(b"sgpd", b"roll", struct.pack(">IIh", 2, 1, -1), version=1),
        build_full_box(b"sbgp", b"roll", struct.pack(">III", 1, count, 1)),
    )


def _build_track(
    number: int,
    size: tuple[int, int] | None,
    edit: tuple[int, int],
    media: tuple[bytes, bytes, int, int],
    media_header: bytes,
    *tables: bytes,
) -> bytes:
    """A track; `edit` is its length in the film's ticks and its start in its own."""
    handler, name, scale, length = media
    width, height = size or (0, 0)
    group, loud = (0, 0) if size else (1, 0x0100)
    return build_box(
        b"trak",
        build_full_box(
            b"tkhd",
            struct.pack(">QQIIQ8xHHHH", 0, 0, number, 0, edit[0], 0, group, loud, 0),
            MATRIX,
            struct.pack(">II", width << 16, height << 16),
            version=1,
            flags=3,
        ),
        build_box(
            b"edts", build_full_box(b"elst", struct.pack(">IQqHH", 1, *edit, 1, 0), version=1)
        ),
        build_box(
            b"mdia",
            build_full_box(
                b"mdhd", struct.pack(">QQIQ", 0, 0, scale, length), _UNDETERMINED, version=1
            ),
            build_full_box(b"hdlr", bytes(4), handler, bytes(12), name),
            build_box(b"minf", media_header, _DATA_REFERENCE, build_box(b"stbl", *tables)),
        ),
    )


def _build_mpeg4_descriptor(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes((tag, len(body))) + body


def _build_metadata(tags: Mapping[str, str]) -> bytes:
    items = [
        build_box(_KEYS[key], build_box(b"data", struct.pack(">II", _UTF8, 0), text.encode()))
        for key, text in tags.items()
        if text
    ]
    if not items:
        return b""
    handler = build_full_box(b"hdlr", bytes(4), b"mdirappl", bytes(9))
    return build_box(b"udta", build_full_box(b"meta", handler, build_box(b"ilst", *items)))
