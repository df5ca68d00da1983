"""Reads from packets what a media file contains: facts, and the index of its frames.

A frame's number is the rank of its presentation time among the frames that are shown, so B-frames,
edit lists and leading pictures of an open GOP are counted as a player counts them.
"""

from __future__ import annotations

import errno
import struct
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from math import atan2, degrees
from os import SEEK_CUR
from pathlib import Path
from typing import Any

from storyboard.errors import MediaError
from storyboard.model.film import AudioTrack, Footage, MediaFacts, find_audio_track
from storyboard.stitching.media.frame_index import FrameIndex
from storyboard.stitching.media.limits import check_stream_limits
from storyboard.stitching.media.player_view import describe_clip_reading, describe_frame_reading
from storyboard.timecode import Rate
from storyboard.util.file_memory import FileMemory
from storyboard.util.machine_errors import explain_read_error

_USUAL_RATES = tuple(
    Fraction(text)
    for text in "24 25 30 50 60 48 120 12 15 24000/1001 30000/1001 60000/1001".split()
)
_PAGE_STARTS = (b"<!doctype", b"<html", b"<?xml", b"<error", b"{", b"[")
_PLAYLIST_STARTS = (b"#extm3u", b"ffconcat", b"v=0", b"#!rtsp", b"rtsp")
"""Texts that name other files, which libav would open in their place."""
BROADCAST_FORMATS = ("mpegts", "mpeg")
"""Formats in which a file may start anywhere."""
_TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)
_IDR = 5
_DEFAULT, _ATTACHED_PICTURE = 0x1, 0x400
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_ASIDE = 0x8 | 0x80 | 0x100
"""Dispositions of a comment, and of mixes for the hearing or visually impaired."""


def probe(path: Path) -> MediaFacts:
    """Facts about `path`: pixels as shown, exact number of frames, exact rate, length.

    A still picture has one frame and no rate; sound has no frames. Raises MediaError with a
    readable message when the file is missing, empty, a web page, cut off or not media.
    """
    return read_footage(path).facts


def read_footage(path: Path) -> Footage:
    """Facts about `path`, and what a player does to it; raises MediaError like `probe`."""
    index = read_frame_index(path)
    if index is None:
        return Footage(MediaFacts(seconds=_measure_sound_seconds(path), has_audio=True))
    sound_seconds, audio_tracks = _check_first_picture_and_read_sound(path)
    width, height = index.display_size
    facts = MediaFacts(
        width=width,
        height=height,
        frames=len(index.pts),
        rate=index.rate,
        seconds=index.seconds,
        has_audio=index.has_audio,
    )
    return Footage(
        facts,
        frame_reading=describe_frame_reading(index),
        clip_reading=describe_clip_reading(index),
        frame_times=() if index.constant else index.frame_times,
        sound_seconds=sound_seconds,
        audio_tracks=audio_tracks,
    )


def _check_first_picture_and_read_sound(path: Path) -> tuple[Fraction, tuple[AudioTrack, ...]]:
    """When the sound ends, in seconds after the first picture, and the sound tracks.

    The end is 0 if the container doesn't state it. Raises MediaError unless the first picture can
    be decoded.
    """
    with open_media(path) as container:
        stream = find_picture_track(container)
        stream.thread_type = "NONE"
        first = next(container.decode(stream), None)
        if first is None:
            raise MediaError(f"{path} has a video track, but no frame can be decoded")
        tracks = _list_audio_tracks(container)
        sound = find_sound_track(container)
        start = find_picture_start(container, stream, first)
        if sound is None or sound.duration is None or start is None:
            return Fraction(0), tracks
        end = ((sound.start_time or 0) + sound.duration) * sound.time_base
        return Fraction(end - start), tracks


def find_picture_start(container: Any, track: Any, first: Any) -> Fraction | None:
    """The container's time of `first`, the first picture that the track's decoder puts out.

    A recording of a broadcast may start with pictures that can't be decoded. None if unknown.
    """
    is_broadcast = first is not None and container.format.name in BROADCAST_FORMATS
    start = first.pts if is_broadcast else track.start_time
    return None if start is None else Fraction(start * track.time_base)


def _list_audio_tracks(container: Any) -> tuple[AudioTrack, ...]:
    return tuple(
        AudioTrack(
            number,
            "" if (language := track.language or "") == "und" else language,
            track.codec_context is not None,
        )
        for number, track in enumerate(container.streams.audio, 1)
    )


def read_frame_index(path: Path) -> FrameIndex | None:
    """The index of `path`, cached until the file changes; None if it has only sound.

    Raises MediaError like `probe`.
    """
    try:
        return _INDEXES(path)
    except OSError as error:
        if problem := explain_read_error(error, str(path)):
            raise problem from error
        raise MediaError(f"{path} can't be read: {error.strerror}") from error


def find_picture_track(container: Any) -> Any:
    """The picture track that a player shows: the default one, else the first; None if there is
    none.

    The cover picture of a sound file doesn't count.
    """
    tracks = [
        track for track in container.streams.video if not int(track.disposition) & _ATTACHED_PICTURE
    ]
    return next(
        (track for track in tracks if int(track.disposition) & _DEFAULT), [*tracks, None][0]
    )


def find_sound_track(container: Any, wanted: str = "") -> Any:
    """The sound track named by `wanted`, else the one that a player plays.

    None if no track can be decoded. A player plays the default track (in an MP4: one that is not
    disabled), else the first; it plays a comment or a mix for the impaired only if there is no
    other.
    """
    if wanted and (named := find_audio_track(_list_audio_tracks(container), wanted)):
        return container.streams.audio[named.number - 1]
    tracks = [track for track in container.streams.audio if track.codec_context is not None]
    tracks.sort(key=lambda track: bool(int(track.disposition) & _ASIDE))
    return next(
        (track for track in tracks if int(track.disposition) & _DEFAULT), [*tracks, None][0]
    )


def read_rotation_and_mirroring(frame: Any) -> tuple[int, bool]:
    """How a player turns the picture: degrees counter-clockwise, and whether it mirrors it
    first.
    """
    matrix = frame.side_data.get("DISPLAYMATRIX")
    across, down, right, below = (1, 0, 0, 1)
    if matrix is not None:
        across, down, _, right, below = struct.unpack_from("=5i", bytes(matrix))
    # A negative determinant means mirroring: undo it, so that only a rotation remains.
    if mirrored := across * below < down * right:
        across, down = -across, -down
    return round(-degrees(atan2(down, across))) % 360, mirrored


@contextmanager
def open_media(path: Path, **options: str) -> Iterator[Any]:
    """Opens the file as a PyAV container; raises MediaError if it is not media.

    Only local files are followed, so a disguised playlist can't reach anything else. `options` are
    libav's own.
    """
    import av

    try:
        if _starts_with(path, (*_PAGE_STARTS, *_PLAYLIST_STARTS)):
            raise MediaError(_describe_unreadable_file(path))
        container = av.open(
            f"file:{path}",
            options={"protocol_whitelist": "file", **options},
            metadata_errors="replace",  # a title in another encoding is no reason to refuse a file
        )
    except (av.error.FFmpegError, OSError) as error:
        if error.errno == errno.ENOMEM:
            raise MemoryError from error
        # libav says EIO of a damaged file too, so of its errors only a lack of files counts.
        is_ours = not isinstance(error, av.error.FFmpegError) or error.errno in _TOO_MANY_FILES
        if is_ours:
            unreadable = MediaError(f"{path} can't be read: {error.strerror}")
            raise explain_read_error(error, str(path)) or unreadable from error
        raise MediaError(_describe_unreadable_file(path), log=str(error)) from error
    try:
        check_stream_limits(path, container)
        yield container
    except av.error.FFmpegError as error:
        if error.errno == errno.ENOMEM:
            raise MemoryError from error
        # The other numbers tell a person nothing.
        reason = f": {error.strerror}" if isinstance(error, av.error.InvalidDataError) else ""
        raise MediaError(f"{path} is damaged{reason}", log=str(error)) from error
    finally:
        container.close()


def _index_media_file(path: Path) -> FrameIndex | None:
    file_size = path.stat().st_size
    if file_size == 0:
        raise MediaError(f"{path} is empty: it has 0 bytes")
    if _starts_with(path, _PAGE_STARTS):
        raise MediaError(_describe_unreadable_file(path))
    from storyboard.stitching.media.fast_index import read_plain_mp4_index

    # Most files are plain MP4s, for which the table of contents is enough.
    if plain := read_plain_mp4_index(path):
        return plain
    if file_size < (declared_size := _read_matroska_size(path)):
        raise _build_cut_off_error(path, file_size, declared_size, "bytes")
    with open_media(path) as container:
        if find_picture_track(container) is None:
            if container.streams.audio:
                return None
            raise MediaError(f"{path} has neither video nor sound")
        return _build_index_from_packets(path, container)


_INDEXES = FileMemory(_index_media_file, max_files=4096)


def _build_index_from_packets(path: Path, container: Any) -> FrameIndex:
    stream = find_picture_track(container)
    stream.thread_type = "NONE"  # the first picture then comes after the fewest packets
    packet_times: list[int | None] = []
    shown_times: list[int] = []
    key_packets: list[int] = []
    first_frames: list[Any] = []
    length, has_display_times = 0, False
    for packet in container.demux(stream):
        # An empty packet flushes the decoder, which may hold back the first picture until then.
        if packet.size == 0:
            first_frames = first_frames or stream.decode()
            continue
        if packet.is_corrupt:
            raise _build_cut_off_error(path, len(packet_times), stream.frames)
        first_frames = first_frames or packet.decode()
        if not packet.is_discard and packet.pts is not None:
            shown_times.append(packet.pts)
            length = packet.duration or length
        if packet.pts is not None and _can_decode_from_packet(packet, stream):
            key_packets.append(len(packet_times))
        packet_times.append(packet.pts)
        has_display_times |= packet.pts != packet.dts
    # An edit list may hide samples from the demuxer, and an AVI may have empty ones, so count again
    # before reporting a cut-off file.
    if stream.frames > len(packet_times) and stream.frames > (
        packet_count := _count_picture_packets(path, stream.index)
    ):
        raise _build_cut_off_error(path, packet_count, stream.frames)
    if not first_frames:
        raise MediaError(f"{path} has a video track, but no frame can be decoded")
    # Without usable packet times, frames are numbered as the decoder puts them out.
    has_times = None not in packet_times and len(set(shown_times)) == len(shown_times)
    if container.format.name == "mxf" and stream.codec_context.has_b_frames:
        has_times = has_times and has_display_times  # else they are in the order of decoding
    if not has_times:
        shown_times, key_packets = _number_frames_by_decoding(path), []
    entries = _find_closed_entry_times(key_packets, packet_times)
    pts = tuple(sorted(shown_times))
    if has_times and entries[:1] != pts[:1]:
        # The recording starts inside a group of pictures: its first frames need earlier ones.
        pts = pts[bisect_left(pts, first_frames[0].pts or 0) :]
    time_base = Fraction(stream.time_base)
    still = len(pts) == 1 and container.format.name.endswith(("_pipe", "image2"))
    rate, constant = (
        (None, True)
        if still
        else _infer_rate_and_constancy(pts if has_times else (), time_base, stream)
    )
    seconds = (pts[-1] - pts[0] + length) * time_base
    if rate is not None and (constant or not has_times):
        seconds = rate.to_seconds(len(pts))
    frame = first_frames[0]
    rotation, mirrored = read_rotation_and_mirroring(frame)
    sample = stream.sample_aspect_ratio
    return FrameIndex(
        pts=pts,
        entries=entries,
        time_base=time_base,
        rate=rate,
        constant=constant,
        codec=stream.codec_context.name,
        pixel_format=frame.format.name,
        coded_size=(frame.width, frame.height),
        pixel_aspect=Fraction(sample) if sample else Fraction(1),
        rotation=rotation,
        mirrored=mirrored,
        interlaced=bool(frame.interlaced_frame),
        color_range=int(frame.color_range),
        colorspace=int(frame.colorspace),
        transfer=int(frame.color_trc),
        has_audio=find_sound_track(container) is not None,
        seconds=Fraction(0) if still else seconds,
        track=container.streams.video.index(stream),
    )


def _can_decode_from_packet(packet: Any, stream: Any) -> bool:
    """Whether decoding may start at this packet; for H.264 only an IDR guarantees it."""
    if not packet.is_keyframe:
        return False
    if stream.codec_context.name != "h264":
        return True
    return _IDR in _find_nal_types(bytes(packet), bytes(stream.codec_context.extradata or b""))


def _find_nal_types(data: bytes, extradata: bytes) -> set[int]:
    """The NAL unit types in one H.264 packet, length-prefixed (avcC) or with start codes."""
    nal_types: set[int] = set()
    if extradata[:1] == b"\x01":
        width, at = (extradata[4] & 3) + 1, 0
        while at + width < len(data):
            nal_types.add(data[at + width] & 31)
            at += width + int.from_bytes(data[at : at + width], "big")
        return nal_types
    at = data.find(b"\0\0\1")
    while 0 <= at < len(data) - 3:
        nal_types.add(data[at + 3] & 31)
        at = data.find(b"\0\0\1", at + 3)
    return nal_types


def _find_closed_entry_times(
    candidate_positions: list[int], packet_times: list[int | None]
) -> tuple[int, ...]:
    """Times of the key packets after which no earlier time is shown."""
    entries: list[int] = []
    earliest: int | None = None
    key_packets = set(candidate_positions)
    # Walking backwards, `earliest` is the least display time of all later packets.
    for at in range(len(packet_times) - 1, -1, -1):
        pts = packet_times[at]
        if pts is None:
            return ()
        if at in key_packets and (earliest is None or pts < earliest):
            entries.append(pts)
        earliest = pts if earliest is None else min(pts, earliest)
    return tuple(reversed(entries))


def _infer_rate_and_constancy(
    pts: tuple[int, ...], time_base: Fraction, stream: Any
) -> tuple[Rate, bool]:
    """The rate that the frame times follow, and whether all of them do."""
    sources = (stream.average_rate, stream.guessed_rate, stream.codec_context.framerate)
    stated_rates = [Fraction(rate) for rate in sources if rate and rate <= 240]
    count = len(pts) - 1
    if count < 1:
        return Rate(stated_rates[0] if stated_rates else Fraction(24)), True
    span = (pts[-1] - pts[0]) * time_base
    candidates = [*stated_rates, *_USUAL_RATES]
    steps = {later - earlier for earlier, later in pairwise(pts)}
    # With a fine enough time base, equal steps give the rate exactly, also one that is not usual.
    if len(steps) == 1 and time_base <= Fraction(1, 2000):
        candidates.insert(0, 1 / (steps.pop() * time_base))
    for candidate in candidates:
        step = 1 / (candidate * time_base)
        # Containers round times to ticks, so a frame may be one tick off.
        if all(abs(at - pts[0] - rank * step) <= 1 for rank, at in enumerate(pts)):
            return Rate(candidate), True
    # Uneven times: use the usual rate within half a percent of the mean, else the mean itself.
    mean = count / span
    nearest = min(_USUAL_RATES, key=lambda usual: abs(usual - mean))
    return Rate(nearest if abs(nearest - mean) < mean / 200 else mean), False


def _number_frames_by_decoding(path: Path) -> list[int]:
    """Frame numbers of a file whose packets have no usable times, counted while decoding."""
    with open_media(path) as container:
        return list(range(sum(1 for _ in container.decode(find_picture_track(container)))))


def _count_picture_packets(path: Path, stream_number: int) -> int:
    """The pictures in the file, including those that an edit list hides or that are empty."""
    if (chunk_count := _count_avi_chunks(path, stream_number)) is not None:
        return chunk_count
    with open_media(path, ignore_editlist="1") as container:
        return sum(packet.size > 0 for packet in container.demux(find_picture_track(container)))


def _count_avi_chunks(path: Path, stream_number: int) -> int | None:
    """The whole chunks of one stream of an AVI; None for another kind of file.

    An empty chunk repeats the last picture, and the demuxer passes over it.
    """
    count, size = 0, path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"AVI ":
            return None
        while len(head := file.read(8)) == 8:
            name, length = head[:4], int.from_bytes(head[4:], "little")
            if name in (b"RIFF", b"LIST"):
                kind = file.read(4)
                if kind in (b"AVIX", b"movi", b"rec "):
                    continue  # its chunks come next
                length -= 4
            elif name[:2] == b"%02d" % stream_number and file.tell() + length <= size:
                count += name[2:] in (b"dc", b"db")
            file.seek(length + length % 2, SEEK_CUR)
    return count


def _measure_sound_seconds(path: Path) -> Fraction:
    with open_media(path) as container:
        stream = container.streams.audio[0]
        if stream.codec_context is None:
            require_sound_rate(path, stream)
        if stream.duration and stream.time_base:
            return Fraction(stream.duration * stream.time_base)
        samples = sum(frame.samples for frame in container.decode(stream))
        return Fraction(samples, require_sound_rate(path, stream))


def require_sound_rate(path: Path, stream: Any) -> int:
    """Samples a second of a sound track; raises MediaError if the file doesn't tell."""
    # Without a decoder, a stream has no rate.
    rate: int = stream.rate or 0 if stream.codec_context is not None else 0
    if not rate:
        raise MediaError(f"{path} has a sound track, but no sound can be decoded")
    return rate


def _build_cut_off_error(
    path: Path, present: int, declared: int, unit: str = "frames"
) -> MediaError:
    return MediaError(
        f"{path} is cut off: it has {present} of {declared or 'more'} {unit}",
        hint="download or export the file again",
    )


def _starts_with(path: Path, starts: tuple[bytes, ...]) -> bool:
    with path.open("rb") as stream:
        start = stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith(starts)


def _describe_unreadable_file(path: Path) -> str:
    if _starts_with(path, _PAGE_STARTS):
        return f"{path} is text (a web page or an error message), not media"
    if _starts_with(path, _PLAYLIST_STARTS):
        return f"{path} is a playlist, which names other files; name the media file itself"
    with path.open("rb") as stream:
        start = stream.read(12)
    if start[4:8] == b"ftyp":
        return f"{path} is cut off: its index (moov) is missing"
    return f"{path} is not a readable media file"


def _read_matroska_size(path: Path) -> int:
    """The size in bytes that a Matroska or WebM file should have; demuxers accept one that is cut
    off.

    0 if it doesn't state its size, or is another kind of file.
    """
    with path.open("rb") as stream:
        head = stream.read(12)
        if head[:4] != _EBML:
            return 0
        size, width = _parse_ebml_length_and_width(head[4:])
        start = 4 + width + size
        stream.seek(start)
        head = stream.read(12)
    size, width = _parse_ebml_length_and_width(head[4:])
    return start + 4 + width + size if head[:4] == _SEGMENT and size else 0


def _parse_ebml_length_and_width(data: bytes) -> tuple[int, int]:
    """An EBML length and the bytes that it takes; the length is 0 if unknown."""
    if not data or not data[0]:
        return 0, 0
    # The leading zeros of the first byte give the width; all value bits set means an unknown
    # length.
    width = 9 - data[0].bit_length()
    most = (1 << 7 * width) - 1
    size = int.from_bytes(data[:width], "big") & most
    return (0 if size == most else size), width
