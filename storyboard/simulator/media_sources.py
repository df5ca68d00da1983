"""Finds media that a request names: by a URI of this simulator, or as a data URI."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

from storyboard.simulator.media.clips import FPS
from storyboard.simulator.state import SimulatorState
from storyboard.stitching.media.ffmpeg import extract_frame, run_ffmpeg

_DATA = re.compile(r"data:[\w.+/-]+;base64,(?P<data>.*)", re.DOTALL)
_FILE = re.compile(r"/files/(?P<id>[a-z0-9]+)")
_OBJECT = re.compile(r"/storage/v1/b/(?P<bucket>[^/]+)/o/(?P<name>[^/]+)$")


def find_path(world: SimulatorState, uri: str) -> Path | None:
    """The file behind a URI of this simulator; None for any other URI, and for expired files.

    Handles `gs://`, files of the Gemini API, objects by their JSON URL, and published clips.
    """
    if uri.startswith("gs://"):
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        stored = world.objects.get((bucket, name))
        return stored.path if stored else None
    address = urlsplit(uri)
    if match := _FILE.search(address.path):
        file = world.files.get(match["id"])
        return file.path if file and file.expires > world.clock.now() else None
    if f"{address.scheme}://{address.netloc}" not in (world.url, world.other):
        return None
    if match := _OBJECT.search(address.path):
        stored = world.objects.get((match["bucket"], unquote(match["name"])))
        return stored.path if stored else None
    published = world.published.get(address.path.removeprefix("/media/"))
    return published[0] if published else None


def read_uri_bytes(world: SimulatorState, uri: str) -> bytes | None:
    """The content of a data URI, or of the file behind a URI."""
    if match := _DATA.fullmatch(uri):
        try:
            return base64.b64decode(match["data"], validate=True)
        except (binascii.Error, ValueError):
            return None
    path = find_path(world, uri)
    return path.read_bytes() if path else None


def trim_clip(world: SimulatorState, clip: Path, start: int, stop: int) -> Path:
    """A file of a clip's frames from `start` up to `stop`, with their sound."""
    out = world.folder / f"{secrets.token_hex(8)}.mp4"
    span = f"start={start / FPS:.6f}:end={stop / FPS:.6f}"
    run_ffmpeg(
        [
            *("-i", f"file:{clip}", "-map", "0:v:0", "-map", "0:a:0?"),
            *("-vf", f"trim=start_frame={start}:end_frame={stop},setpts=PTS-STARTPTS"),
            *("-af", f"atrim={span},asetpts=PTS-STARTPTS"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-r", str(FPS)),
            *("-c:a", "aac", f"file:{out}"),
        ]
    )
    return out


def resize_clip(world: SimulatorState, clip: Path, size: tuple[int, int]) -> Path:
    """A clip at another size, frame by frame."""
    out = world.folder / f"{secrets.token_hex(8)}.mp4"
    run_ffmpeg(
        [
            *("-i", f"file:{clip}", "-map", "0:v:0", "-map", "0:a:0?"),
            *("-vf", f"scale={size[0]}:{size[1]},setsar=1"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", "-c:a", "copy"),
            f"file:{out}",
        ]
    )
    return out


def normalize_clip(world: SimulatorState, clip: Path) -> Path:
    """A clip at 24 frames per second and an even size, as all models read it."""
    out = world.folder / f"{secrets.token_hex(8)}.mp4"
    run_ffmpeg(
        [
            *("-i", f"file:{clip}", "-map", "0:v:0", "-map", "0:a:0?"),
            *("-vf", f"fps={FPS},scale=trunc(iw/2)*2:trunc(ih/2)*2,setsar=1,format=yuv420p"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-c:a", "aac"),
            f"file:{out}",
        ]
    )
    return out


def extract_last_frame(world: SimulatorState, clip: Path, frame_count: int) -> bytes:
    """The last of a clip's `frame_count` frames, as PNG."""
    out = world.folder / f"{secrets.token_hex(8)}.png"
    extract_frame(clip, frame_count - 1, out)
    return out.read_bytes()
