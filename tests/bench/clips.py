"""The clips that are cut: moving pictures with grain and a tone, as a camera might have made."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from storyboard.stitching.media.ffmpeg import run_ffmpeg
from tests.bench.clock import run_command
from tests.bench.config import ROOT

SECONDS, RATE = 8, 24
FRAMES = SECONDS * RATE
Size = tuple[int, int]
HD: Size = (1280, 720)
FULL_HD: Size = (1920, 1080)
_BITRATES = {HD: "7M", FULL_HD: "12M"}


def write_clips(
    folder: Path, count: int, size: Size = HD, key_interval: int = 2 * RATE
) -> list[Path]:
    """`count` clips of 8 s in `folder`, a key frame every `key_interval` frames.

    They are made by a process of their own: one that is started is said to hold what its parent
    held, so the parent of those that are measured must be small.
    """
    folder.mkdir(parents=True)
    arguments = [str(folder), f"{count}", *map(str, size), f"{key_interval}"]
    run_command([sys.executable, "-m", "tests.bench.clips", *arguments], ROOT)
    return sorted(folder.iterdir())


def _write_clip(path: Path, number: int, size: Size, key_interval: int) -> None:
    run_ffmpeg(
        [
            *("-f", "rawvideo", "-pix_fmt", "bgr24", "-video_size", f"{size[0]}x{size[1]}"),
            *("-framerate", f"{RATE}", "-i", "pipe:0"),
            *("-f", "lavfi", "-i", f"sine=f={220 + 55 * number}:r=48000:d={SECONDS}"),
            *("-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"),
            *("-c:v", "libx264", "-preset", "faster", "-b:v", _BITRATES[size]),
            *("-g", f"{key_interval}", "-sc_threshold", "0" if key_interval > FRAMES else "40"),
            *("-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709"),
            *("-color_trc", "bt709", "-c:a", "aac", "-b:a", "192k", "-ac", "2", str(path)),
        ],
        stdin=_draw_frames(number, size),
    )


def _draw_frames(number: int, size: Size) -> Iterator[memoryview]:
    """A pan over rough ground, a subject that crosses it, and grain."""
    import cv2
    import numpy as np

    width, height = size
    random = np.random.default_rng(number)
    ground = np.full((height + 200, width + 400, 3), 110.0 + 10 * number, np.float32)
    for octave in (4, 8, 16, 32, 64, 128):
        shape = (512 // octave + 2, 896 // octave + 2, 3)
        noise = random.standard_normal(shape).astype(np.float32) * octave / 4
        ground += cv2.resize(noise, ground.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    picture = np.clip(ground, 0, 255).astype(np.uint8)
    grain = random.integers(-3, 4, (8, height, width, 1), dtype=np.int16).repeat(3, axis=3)
    for frame in range(FRAMES):
        left = 1.5 * frame if number % 2 else 380 - 1.5 * frame
        move = np.array([[1, 0, -left], [0, 1, -50 - 30 * np.sin(frame / 40 + number)]])
        frame_picture = cv2.warpAffine(picture, move, size, borderMode=cv2.BORDER_REFLECT)
        cv2.circle(
            frame_picture,
            (300 + 4 * frame, int(360 + 80 * np.sin(frame / 10))),
            60,
            (40, 80, 220),
            -1,
        )
        yield cv2.add(frame_picture, grain[frame % 8], dtype=cv2.CV_8U).data


if __name__ == "__main__":
    count, width, height, keys = map(int, sys.argv[2:])
    for number in range(count):
        _write_clip(Path(sys.argv[1]) / f"{number}.mp4", number, (width, height), keys)
