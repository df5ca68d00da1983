"""The functions for media files and ffmpeg, in one module.

`ffmpeg_process` starts ffmpeg; `probe`, `frames` and `frame_match` use PyAV to probe files and read
exact frames. Callers import all of it from here.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from pathlib import Path
from types import ModuleType

from storyboard.errors import MediaError
from storyboard.stitching.media.decode_check import probe_and_decode
from storyboard.stitching.media.ffmpeg_process import (
    build_temp_path,
    find_ffmpeg,
    read_ffmpeg_output,
    run_ffmpeg,
)
from storyboard.stitching.media.frame_match import count_source_frames_in_result
from storyboard.stitching.media.frames import convert_picture, extract_frame, read_frames
from storyboard.stitching.media.probe import probe, read_frame_index

__all__ = [
    "build_temp_path",
    "convert_picture",
    "count_source_frames_in_result",
    "extract_frame",
    "find_ffmpeg",
    "load_moviepy",
    "probe",
    "probe_and_decode",
    "read_ffmpeg_output",
    "read_frames",
    "run_ffmpeg",
    "verify_media",
]

_IMPORTING = threading.Lock()


def load_moviepy() -> ModuleType:
    """MoviePy with our ffmpeg; every import of MoviePy goes through here.

    Its own `config` module reads a `.env` file into our environment on import, and starts ffmpeg
    and any ffplay with our API keys. A module with the same values replaces it.
    """
    with _IMPORTING:
        if "moviepy" not in sys.modules:
            config = ModuleType("moviepy.config")
            vars(config).update(FFMPEG_BINARY=find_ffmpeg(), FFPLAY_BINARY="unset")
            sys.modules["moviepy.config"] = config
            import_module("moviepy")
        return sys.modules["moviepy"]


def verify_media(path: Path, required_frames: int | None = None) -> int:
    """Decodes all of `path`, picture and sound, and returns its number of frames.

    Raises MediaError for any damage, or if the number is not `required_frames`.
    """
    index = read_frame_index(path)
    index_frames = len(index.pts) if index else 0
    progress = [0]
    log = run_ffmpeg(
        [
            *("-xerror", "-err_detect", "explode", "-i", f"file:{path}"),
            *("-map", "0:v?", "-map", "0:a?", "-fps_mode", "passthrough", "-f", "null", "-"),
        ],
        on_progress=progress.append,
        loglevel="error",
    )
    if log.strip():
        raise MediaError(f"{path} is damaged: {log.splitlines()[0]}", log=log)
    for expected_frames in (index_frames, required_frames):
        if expected_frames is not None and progress[-1] != expected_frames:
            raise MediaError(f"{path} has {progress[-1]} frames, not {expected_frames}")
    return progress[-1]
