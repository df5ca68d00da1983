"""Writes picture and sound into one file, and checks it against the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from storyboard.errors import MediaError
from storyboard.model.film import Film
from storyboard.stitching.media.ffmpeg import build_temp_path, run_ffmpeg
from storyboard.stitching.media.frames import read_frames
from storyboard.stitching.media.probe import open_media, read_frame_index
from storyboard.stitching.picture.conform import choose_timescale
from storyboard.stitching.smart.checked_seams import CheckedSeams
from storyboard.stitching.smart.mp4_writer import SampleRange
from storyboard.stitching.smart.seam_check import check_seams
from storyboard.stitching.sound.aac import PACKET
from storyboard.stitching.sound.pcm import RATE
from storyboard.timecode import FrameRange
from storyboard.util.output_files import replace_file

_EARLY = ("-itsoffset", f"{-PACKET / RATE:.9f}")
_PACKET_S = Fraction(PACKET, RATE)


def mux_and_check_film(
    picture: Path,
    sound: Path,
    film: Film,
    expected_frames: int,
    out: Path,
    sample_ranges: Sequence[SampleRange] = (),
    proofs: CheckedSeams | None = None,
    *,
    captions: Path | None = None,
) -> None:
    """Writes the film with `picture` and `sound` copied and the index in front; it appears by
    rename.

    `sound` is ADTS and begins one packet early. `captions` is an SRT file that becomes a subtitle
    track. The unfinished file is checked before it is renamed. Raises MediaError when it does not
    have `expected_frames` or its sound does not start and end with the picture, and
    CannotStreamCopy when it does not consist of the given `sample_ranges`.
    """
    unfinished = build_temp_path(out)
    tags = [f"{name}={text}" for name, text in build_metadata_tags(film).items()]
    try:
        run_ffmpeg(
            [
                *("-i", f"file:{picture}", *_EARLY, "-i", f"file:{sound}"),
                *(("-i", f"file:{captions}") if captions else ()),
                *("-map", "0:v:0", "-map", "1:a:0", "-map_metadata", "-1"),
                *(("-map", "2:s:0", "-c:s", "mov_text") if captions else ()),
                *("-c:v", "copy", "-c:a", "copy", "-bsf:a", "aac_adtstoasc"),
                *("-video_track_timescale", f"{choose_timescale(film.delivery.rate.value)}"),
                *(part for tag in tags for part in ("-metadata", tag)),
                *("-movflags", "+faststart", "-fflags", "+bitexact"),
                *("-f", "mp4", f"file:{unfinished}"),
            ]
        )
        if sample_ranges:
            check_seams(unfinished, sample_ranges, proofs)
        check_film_timing(unfinished, expected_frames, film, already_decoded=bool(sample_ranges))
        replace_file(unfinished, out)
    finally:
        unfinished.unlink(missing_ok=True)


def build_metadata_tags(film: Film) -> dict[str, str]:
    """The film's metadata under ffmpeg's names."""
    tags = {
        "title": film.title,
        "artist": film.author,
        "copyright": film.copyright,
        "comment": "\n".join(film.credits),
    }
    return {name: text for name, text in tags.items() if text}


def check_film_timing(
    path: Path, expected_frames: int, film: Film, *, already_decoded: bool = False
) -> None:
    """Raises MediaError unless every frame of `path` is in its place, with sound beside it.

    Reads all packets, and decodes the first and the last frame unless `already_decoded`;
    `verify_media` decodes the rest.
    """
    rate = film.delivery.rate
    index = read_frame_index(path)
    if index is None or len(index.pts) != expected_frames:
        raise MediaError(
            f"{path.name} has {len(index.pts) if index else 0} frames, not {expected_frames}"
        )
    if not index.constant or index.rate != rate or index.pts[0] != 0:
        raise MediaError(f"the frame times of {path.name} don't match {rate} frames per second")
    for frame in () if already_decoded else {0, expected_frames - 1}:
        for _ in read_frames(path, FrameRange(frame, frame + 1), threads=1):
            pass
    last_dts = -(2**62)
    sound_span: list[int] = []  # start and end of the sound
    with open_media(path, codec_whitelist="none") as container:  # packets are enough, no decoder
        for packet in container.demux():
            if packet.dts is None:
                continue
            if packet.stream.type == "video":
                if packet.dts <= last_dts:
                    raise MediaError(f"the decoding times of {path.name} don't increase")
                last_dts = packet.dts
            elif packet.stream.type == "audio" and not packet.is_discard:
                sound_span = [
                    *(sound_span or [packet.pts])[:1],
                    packet.pts + (packet.duration or 0),
                ]
        tick = container.streams.audio[0].time_base if sound_span else Fraction(0)
    frame_s = rate.to_seconds(1)
    if not sound_span or abs(sound_span[0] * tick) > frame_s:
        raise MediaError(f"the sound of {path.name} doesn't start with the picture")
    # AAC comes in whole packets, so the sound may end up to one packet late.
    if abs(sound_span[-1] * tick - rate.to_seconds(expected_frames)) > max(frame_s, _PACKET_S):
        raise MediaError(f"the sound of {path.name} doesn't end with the picture")
