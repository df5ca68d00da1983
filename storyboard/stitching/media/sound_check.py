"""Checks that the sound of a file is whole: that it decodes, and that nothing is cut off.

Decoders take a file that ends early for a shorter one, so the header and the last packet are
compared with what comes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storyboard.errors import MediaError
from storyboard.stitching.media.probe import BROADCAST_FORMATS, open_media, require_sound_rate

FETCH_AGAIN = "fetch or export the file again"
_HEAD_BYTES = 1 << 18
_MP3_LENGTHS = (b"Xing", b"Info", b"VBRI")
"""What an MP3 file that says its length begins with."""
_MP3_TAG_BYTES = 30_000_000
"""Cover pictures may be large."""
_MP3_BYTES_PER_S = 40_000
"""At the highest bit rate."""
_MP3_KBITS = (
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
)
"""By index in a frame's header, in MPEG-2 and in MPEG-1."""
_MP3_RATES = (44100, 48000, 32000)
_OGG_PAGE_BYTES = 27 + 255 + 255 * 255
"""The longest page."""
_SLACK_S = 0.5
"""Encoders count what they put before and behind the sound."""


def check_sound_is_whole(path: Path) -> None:
    """Raises MediaError if less sound comes out than the file says, or if a mix would stop."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    size = path.stat().st_size
    missing_bytes = max(_count_missing_wav_bytes(head, size), _count_missing_ogg_bytes(path, head))
    with open_media(path) as container:
        stream = container.streams.audio[0]
        if stream.codec_context is None:
            require_sound_rate(path, stream)
        is_mp3 = container.format.name == "mp3"
        declared_s = float((stream.duration or 0) * stream.time_base)
        if is_mp3 and not any(mark in head for mark in _MP3_LENGTHS):
            declared_s = 0.0  # a guess from the size of the file
        samples, last_bytes, is_damaged = 0, b"", False
        for packet in container.demux(stream):
            try:
                samples += sum(frame.samples for frame in packet.decode())
            except _load_decoding_error():
                is_damaged = True
            last_bytes = bytes(packet) if packet.size else last_bytes
        seconds = samples / require_sound_rate(path, stream)
    if is_mp3:
        _check_mp3_is_sound(path, seconds)
        missing_bytes = max(0, _compute_mp3_frame_bytes(last_bytes) - len(last_bytes))
    if missing_bytes or is_damaged or seconds < declared_s - max(_SLACK_S, declared_s / 50):
        whole = f" of {declared_s:.1f} s" if declared_s > seconds + _SLACK_S else ""
        raise MediaError(
            f"{path} is damaged or cut off: {seconds:.1f} s{whole} of its sound can be decoded",
            hint=f"{FETCH_AGAIN}, or keep what is left: ffmpeg -i {path} new.wav",
        )


def check_sound_tracks_decode(path: Path) -> None:
    """Raises MediaError for footage with a sound track at which a mix would stop."""
    with open_media(path) as container:
        count = len(container.streams.audio)
    for number in range(count):
        with open_media(path) as container:
            track = container.streams.audio[number]
            try:
                for _ in decode_sound(container, track) if track.codec_context else ():
                    pass
            except _load_decoding_error() as error:
                raise MediaError(
                    f"{path} is damaged: its sound track {number + 1} can't be decoded",
                    hint=FETCH_AGAIN,
                    log=str(error),
                ) from error


def decode_sound(container: Any, track: Any) -> Iterator[Any]:
    """The track's frames; a recording of a broadcast may start inside one, which is left out."""
    may_be_cut = container.format.name in BROADCAST_FORMATS
    for packet in container.demux(track):
        try:
            frames = packet.decode()
        except _load_decoding_error():
            if may_be_cut:
                continue
            raise
        for frame in frames:
            may_be_cut = False
            yield frame


def _load_decoding_error() -> type[Exception]:
    """What a decoder raises for damage; AAC has numbers of its own."""
    import av

    error: type[Exception] = av.error.FFmpegError
    return error


def _check_mp3_is_sound(path: Path, seconds: float) -> None:
    """Raises MediaError where the file has far more bytes than its sound can fill."""
    size = path.stat().st_size
    if size > _MP3_TAG_BYTES + 2 * seconds * _MP3_BYTES_PER_S:
        raise MediaError(
            f"{path} is damaged: only {seconds:.1f} s of sound are in its {size / 1e6:.0f} MB",
            hint=FETCH_AGAIN,
        )


def _compute_mp3_frame_bytes(frame: bytes) -> int:
    """How long the MP3 frame is that begins so; 0 for other bytes."""
    version, layer = frame[1] >> 3 & 3 if len(frame) >= 4 else 1, frame[1:2]
    if version == 1 or frame[0] != 0xFF or layer[0] & 6 != 2 or frame[2] & 0xC == 0xC:
        return 0
    kbits = _MP3_KBITS[version == 3][frame[2] >> 4]
    rate = _MP3_RATES[frame[2] >> 2 & 3] >> (0, 1, 2)[(3, 2, 0).index(version)]
    return (144 if version == 3 else 72) * kbits * 1000 // rate + (frame[2] >> 1 & 1)


def _count_missing_ogg_bytes(path: Path, head: bytes) -> int:
    """Bytes that the last page of an Ogg file promises and does not have; 0 for another file."""
    if head[:4] != b"OggS":
        return 0
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _OGG_PAGE_BYTES))
        tail = file.read()
    page = tail[max(tail.rfind(b"OggS"), 0) :]
    segments = page[27 : 27 + page[26]] if len(page) > 26 else b""
    return max(0, 27 + (len(segments) and page[26]) + sum(segments) - len(page))


def _count_missing_wav_bytes(head: bytes, file_size: int) -> int:
    """Bytes of samples that a WAV file promises and does not have; 0 for any other file."""
    if head[:4] not in (b"RIFF", b"RF64"):
        return 0
    at, large_size = 12, 0
    while at + 8 <= len(head):
        size = int.from_bytes(head[at + 4 : at + 8], "little")
        if head[at : at + 4] == b"ds64":
            large_size = int.from_bytes(head[at + 16 : at + 24], "little")
        if head[at : at + 4] == b"data":
            if size == 0xFFFFFFFF and large_size:
                size = large_size
            is_unknown = size in (0, 0xFFFFFFFF)  # written to a pipe
            return 0 if is_unknown else max(0, at + 8 + size - file_size)
        at += 8 + size + size % 2
    return 0
