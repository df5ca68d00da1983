"""Picture and sound into one file, and the proof that it is what the timeline asked for."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from storyboard.errors import MediaError
from storyboard.film import Film
from storyboard.outlet import put
from storyboard.stitching.aac import PACKET
from storyboard.stitching.conform import timescale
from storyboard.stitching.frames import read_frames
from storyboard.stitching.media import beside, run_ffmpeg
from storyboard.stitching.packets import index_of, opened
from storyboard.stitching.pcm import RATE
from storyboard.stitching.smart.proofs import Proofs
from storyboard.stitching.smart.verify import proved
from storyboard.stitching.smart.weave import Thread
from storyboard.timecode import FrameRange

_EARLY = ("-itsoffset", f"{-PACKET / RATE:.9f}")
_PACKET_S = Fraction(PACKET, RATE)


def mux(
    picture: Path,
    sound: Path,
    film: Film,
    frames: int,
    out: Path,
    threads: Sequence[Thread] = (),
    proofs: Proofs | None = None,
    *,
    captions: Path | None = None,
) -> None:
    """Writes the film: `picture` and `sound` copied, the index in front; by rename.

    `sound` is ADTS and begins one packet early.

    `captions` is an SRT file that becomes a track of subtitles.

    The unfinished file is checked before it takes its name. Raises MediaError when it is not
    `frames` long or its sound does not start and end with it, and NotCopied when it is not made
    of `threads`, where those are given.
    """
    unfinished = beside(out)
    try:
        run_ffmpeg(
            [
                *("-i", f"file:{picture}", *_EARLY, "-i", f"file:{sound}"),
                *(("-i", f"file:{captions}") if captions else ()),
                *("-map", "0:v:0", "-map", "1:a:0", "-map_metadata", "-1"),
                *(("-map", "2:s:0", "-c:s", "mov_text") if captions else ()),
                *("-c:v", "copy", "-c:a", "copy", "-bsf:a", "aac_adtstoasc"),
                *("-video_track_timescale", f"{timescale(film.delivery.rate.value)}"),
                *metadata(film),
                *("-movflags", "+faststart", "-fflags", "+bitexact"),
                *("-f", "mp4", f"file:{unfinished}"),
            ]
        )
        if threads:
            proved(unfinished, threads, proofs)
        check(unfinished, frames, film, decoded=bool(threads))
        put(unfinished, out)
    finally:
        unfinished.unlink(missing_ok=True)


def metadata(film: Film) -> list[str]:
    """What the file says of itself, as arguments."""
    said = {
        "title": film.title,
        "artist": film.author,
        "copyright": film.copyright,
        "comment": "\n".join(film.credits),
    }
    return [part for key, text in said.items() if text for part in ("-metadata", f"{key}={text}")]


def check(path: Path, frames: int, film: Film, *, decoded: bool = False) -> None:
    """Raises MediaError unless `path` is the film: every frame in its place, sound beside it.

    Reads all packets, and decodes the first and the last frame unless that is `decoded` already;
    `media.verify` decodes the rest.
    """
    rate = film.delivery.rate
    index = index_of(path)
    if index is None or len(index.pts) != frames:
        raise MediaError(f"{path.name} has {len(index.pts) if index else 0} frames, not {frames}")
    if not index.constant or index.rate != rate or index.pts[0] != 0:
        raise MediaError(f"the frames of {path.name} don't stand where {rate} frames a second do")
    for frame in () if decoded else {0, frames - 1}:
        for _ in read_frames(path, FrameRange(frame, frame + 1), threads=1):
            pass
    due = -(2**62)
    heard: list[int] = []  # where the sound starts and ends
    with opened(path, codec_whitelist="none") as container:  # packets are asked, not decoders
        for packet in container.demux():
            if packet.dts is None:
                continue
            if packet.stream.type == "video":
                if packet.dts <= due:
                    raise MediaError(f"the decoding times of {path.name} don't rise")
                due = packet.dts
            elif packet.stream.type == "audio" and not packet.is_discard:
                heard = [*(heard or [packet.pts])[:1], packet.pts + (packet.duration or 0)]
        tick = container.streams.audio[0].time_base if heard else Fraction(0)
    frame_s = rate.seconds(1)
    if not heard or abs(heard[0] * tick) > frame_s:
        raise MediaError(f"the sound of {path.name} does not start with the picture")
    if abs(heard[-1] * tick - rate.seconds(frames)) > max(frame_s, _PACKET_S):
        raise MediaError(f"the sound of {path.name} does not end with the picture")
