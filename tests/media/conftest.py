"""Clips whose every frame says which clip and which frame it is, readable after decoding."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storyboard.digest import hash_file
from storyboard.graph.timeline import ShotEvent, Slice, Timeline
from storyboard.model.film import Delivery
from storyboard.stitching.cut_inputs import StepMedia
from storyboard.stitching.media.ffmpeg import probe, read_frames, run_ffmpeg
from storyboard.stitching.picture.clips import conform_shown_takes
from storyboard.stitching.picture.compositor import compose_frames, encode_frames
from storyboard.timecode import FrameRange, Rate

SIZE = (320, 180)
DELIVERY = Delivery(resolution="180p")
RATE = Rate(Fraction(24))
DARK, LIGHT = 48, 208
BITS = 8
TAGS = "-color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709".split()


def draw_marked_frame(clip: int, frame: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A grey picture: the frame's number in the upper row of blocks, the clip's in the lower."""
    width, height = size
    picture = np.full((height * 3 // 2, width), 128, np.uint8)
    for row, number in enumerate((frame, clip)):
        for bit in range(BITS):
            level = LIGHT if number >> bit & 1 else DARK
            rows = slice(row * height // 2, (row + 1) * height // 2)
            picture[rows, bit * width // BITS : (bit + 1) * width // BITS] = level
    return picture


def measure_levels(picture: np.ndarray) -> np.ndarray:
    """The mean brightness inside each block, (2, BITS)."""
    height, width = picture.shape[0] * 2 // 3, picture.shape[1]
    blocks = picture[:height].reshape(2, height // 2, BITS, width // BITS).astype(float)
    return blocks[:, 12:-12, :, 10:-10].mean(axis=(1, 3))


def read_marks(picture: np.ndarray) -> tuple[int, int]:
    """(clip, frame) of a marked picture."""
    block_levels = measure_levels(picture)
    assert (np.abs(block_levels - DARK) < 12).__or__(np.abs(block_levels - LIGHT) < 12).all(), (
        block_levels
    )
    frame, clip = ((row > 128) @ (1 << np.arange(BITS)) for row in block_levels)
    return int(clip), int(frame)


@dataclass
class FilmLab:
    """Makes takes, cuts them, and reads the film back."""

    folder: Path
    size = SIZE
    delivery = DELIVERY
    draw_marked_frame = staticmethod(draw_marked_frame)
    measure_levels = staticmethod(measure_levels)
    read_marks = staticmethod(read_marks)

    def write_take(
        self,
        clip: int,
        frames: int,
        *,
        rate: str = "24",
        size: tuple[int, int] = SIZE,
        options: tuple[str, ...] = ("-g", "24"),
        suffix: str = ".mp4",
        first_frame: int = 0,
    ) -> StepMedia:
        path = self.folder / f"take{clip}-{frames}-{rate.replace('/', '_')}{suffix}"
        pictures = (draw_marked_frame(clip, frame, size).data for frame in range(frames))
        run_ffmpeg(
            [
                *("-f", "rawvideo", "-pix_fmt", "yuv420p", "-framerate", rate, *TAGS),
                *("-video_size", f"{size[0]}x{size[1]}", "-i", "pipe:0"),
                *("-c:v", "libx264", "-preset", "veryfast", *TAGS, *options, str(path)),
            ],
            stdin=pictures,
        )
        return StepMedia(path, hash_file(path), probe(path), first_frame)

    def render_timeline(self, timeline: Timeline, media: dict[str, StepMedia]) -> list[np.ndarray]:
        clips = conform_shown_takes(timeline, media, DELIVERY, self.folder / "cache")
        out = self.folder / "cut.mp4"
        encode_frames(compose_frames(timeline, clips, (), SIZE), DELIVERY, out)
        return list(read_frames(out, FrameRange(0, timeline.length)))

    def build_event(self, shot: str, record: tuple[int, int], **rest: Any) -> ShotEvent:
        """A shot that shows one slice of its own take from source frame `source`."""
        visible = FrameRange(*rest.pop("visible", record))
        start, step = rest.pop("source", 0), rest.pop("step", shot)
        source = FrameRange(start, start + visible.length)
        slices = rest.pop("slices", (Slice(step, source),))
        return ShotEvent(shot, FrameRange(*record), visible, slices, **rest)

    def build_timeline(self, *events: ShotEvent) -> Timeline:
        return Timeline(RATE, max(event.record.end for event in events), events)


@pytest.fixture
def lab(tmp_path: Path) -> FilmLab:
    return FilmLab(tmp_path)


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory: pytest.TempPathFactory) -> FilmLab:
    """A studio that the tests of one file share, for takes that nobody changes."""
    return FilmLab(tmp_path_factory.mktemp("stage"))
