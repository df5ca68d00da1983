"""Checks that every picture of a file can be decoded.

Decoders hide a damaged picture behind its neighbours, and players show that without a warning. Once
copied or drawn into a film, the damage can't be told from the footage.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from storyboard.errors import MediaError
from storyboard.model.film import MediaFacts
from storyboard.stitching.media.frame_index import FrameIndex
from storyboard.stitching.media.probe import (
    find_picture_track,
    open_media,
    probe,
    read_frame_index,
    require_sound_rate,
)

_FETCH_AGAIN = "fetch or export the file again"
_HEAD_BYTES = 1 << 18
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_JPEG_TAIL_BYTES = 1 << 16
"""Some programs put something behind the picture."""
_MP3_LENGTHS = (b"Xing", b"Info", b"VBRI")
"""What an MP3 file that says its length begins with."""
_MP3_TAG_BYTES = 30_000_000
"""Cover pictures may be large."""
_MP3_BYTES_PER_S = 40_000
"""At the highest bit rate."""
_SLACK_S = 0.5
"""Encoders count what they put before and behind the sound."""


def probe_and_decode(path: Path) -> MediaFacts:
    """Like `probe`, and decodes every picture: about 5 ms of one core per frame of 720p.

    Raises MediaError that names the first frame that is damaged or missing.
    """
    facts = probe(path)
    if (index := read_frame_index(path)) is not None:
        _check_every_frame_decodes(path, index)
    return facts


def _check_every_frame_decodes(path: Path, index: FrameIndex) -> None:
    ranks = {pts: rank for rank, pts in enumerate(index.pts)}
    has_times = bool(index.entries)
    # If the file starts inside an open GOP, its first frames can't be decoded; a gap counts as
    # damage only after the first frame that comes out.
    starts_at_first = has_times and index.entries[0] <= index.pts[0]
    expected_rank = count = 0
    with open_media(path) as container:
        stream = find_picture_track(container)
        stream.thread_type = "NONE"  # with more, a picture may come out before it is found bad
        stream.codec_context.options = {"skip_loop_filter": "all"}
        for packet in container.demux(stream):
            for frame in _decode_packet_if_valid(packet):
                rank = ranks.get(frame.pts) if has_times else min(count, len(index.pts) - 1)
                count += 1
                if rank is None:
                    continue  # decoded and never shown
                if starts_at_first and rank > expected_rank:
                    raise _build_corrupt_frame_error(path, index, expected_rank)
                if frame.is_corrupt:
                    raise _build_corrupt_frame_error(path, index, rank)
                starts_at_first, expected_rank = has_times, max(expected_rank, rank + 1)
    if starts_at_first and expected_rank < len(index.pts):
        raise _build_corrupt_frame_error(path, index, expected_rank)


def _decode_packet_if_valid(packet: Any) -> list[Any]:
    """The frames that come out; none if decoding fails, which shows later as a missing frame."""
    import av

    try:
        return list(packet.decode())
    except av.error.InvalidDataError:
        return []


def _build_corrupt_frame_error(path: Path, index: FrameIndex, frame: int) -> MediaError:
    at = float((index.pts[frame] - index.pts[0]) * index.time_base)
    return MediaError(
        f"{path} is damaged: frame {frame}, at {at:.2f} s, can't be decoded",
        hint="download or export the file again, or export it without that part",
    )


def check_whole_input(path: Path) -> None:
    """Raises MediaError for footage, a picture or sound that is damaged or cut off somewhere."""
    index = read_frame_index(path)
    if index is None:
        _check_sound_is_whole(path)
        return
    with path.open("rb") as stream:
        is_jpeg = stream.read(3) == _JPEG_START
        stream.seek(max(path.stat().st_size - _JPEG_TAIL_BYTES, 0))
        if is_jpeg and _JPEG_END not in stream.read():
            raise MediaError(
                f"{path} is cut off: the end of the picture is missing", hint=_FETCH_AGAIN
            )
    _check_every_frame_decodes(path, index)


def _check_sound_is_whole(path: Path) -> None:
    """Raises MediaError where less sound comes out than the file's header says."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    missing_bytes = _count_missing_wav_bytes(head, path.stat().st_size)
    with open_media(path) as container:
        stream = container.streams.audio[0]
        declared_s = float((stream.duration or 0) * stream.time_base)
        if container.format.name == "mp3" and not any(mark in head for mark in _MP3_LENGTHS):
            declared_s = 0.0  # a guess from the size of the file
        samples = sum(
            frame.samples
            for packet in container.demux(stream)
            for frame in _decode_packet_if_valid(packet)
        )
        seconds = samples / require_sound_rate(path, stream)
        if container.format.name == "mp3":
            _check_mp3_is_sound(path, seconds)
    if missing_bytes or seconds < declared_s - max(_SLACK_S, declared_s / 50):
        whole = f" of {declared_s:.1f} s" if not missing_bytes else ""
        raise MediaError(
            f"{path} is damaged or cut off: {seconds:.1f} s{whole} of its sound can be decoded",
            hint=_FETCH_AGAIN,
        )


def _check_mp3_is_sound(path: Path, seconds: float) -> None:
    """Raises MediaError where the file has far more bytes than its sound can fill."""
    size = path.stat().st_size
    if size > _MP3_TAG_BYTES + 2 * seconds * _MP3_BYTES_PER_S:
        raise MediaError(
            f"{path} is damaged: only {seconds:.1f} s of sound are in its {size / 1e6:.0f} MB",
            hint=_FETCH_AGAIN,
        )


def _count_missing_wav_bytes(head: bytes, file_size: int) -> int:
    """Bytes of samples that a WAV file promises and does not have; 0 for any other file."""
    if head[:4] != b"RIFF":
        return 0
    at = 12
    while at + 8 <= len(head):
        size = int.from_bytes(head[at + 4 : at + 8], "little")
        if head[at : at + 4] == b"data":
            is_unknown = size in (0, 0xFFFFFFFF)  # written to a pipe
            return 0 if is_unknown else max(0, at + 8 + size - file_size)
        at += 8 + size + size % 2
    return 0
