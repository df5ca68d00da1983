"""Windows beside the pictures that were drawn for them, as the metrics of the field see both."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import pairwise

import pytest

from storyboard.film import TransitionKind
from storyboard.graph.timeline import Blend
from storyboard.stitching.material import prepared
from storyboard.stitching.media import ffmpeg_path, read_frames, run_ffmpeg
from storyboard.stitching.picture import draw
from storyboard.stitching.smart.clipindex import clip_index
from storyboard.stitching.smart.coder import coded
from storyboard.timecode import FrameRange

FRAMES = 24


@pytest.fixture(scope="module")
def window(stage):
    """A dissolve between two takes with grain: drawn pictures, and the window that was coded."""
    grain = ("-vf", "noise=alls=6:allf=t", "-g", "12", "-crf", "16")
    media = {name: stage.take(n, 48, options=grain) for n, name in enumerate("AB", 5)}
    blend = Blend(TransitionKind.DISSOLVE, FrameRange(0, 12))
    timeline = stage.timeline(
        stage.event("A", (0, 12), source=36),
        stage.event("B", (0, FRAMES), entering=blend),
    )
    clips = prepared(timeline, media, stage.delivery, stage.folder / "cache")
    drawn = [frame.copy() for frame in draw(timeline, clips, (), stage.size)]
    path = stage.folder / "window.mp4"
    told: list[int] = []
    coded(iter(drawn), stage.delivery, path, lambda: told.append(1))
    assert len(told) == len(drawn) == FRAMES
    return path, drawn


@pytest.fixture(scope="module")
def sides(stage, window):
    """Both as raw pictures, as ffmpeg's inputs."""
    path, drawn = window
    arguments = []
    for name, frames in (("coded", read_frames(path, FrameRange(0, FRAMES))), ("drawn", drawn)):
        raw = stage.folder / f"{name}.yuv"
        raw.write_bytes(b"".join(frame.tobytes() for frame in frames))
        size = f"{stage.size[0]}x{stage.size[1]}"
        arguments += ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", size, "-i", str(raw)]
    return arguments


def test_a_window_reorders_nothing(window):
    index = clip_index(window[0], FRAMES)
    assert index.entries == (0,)
    assert index.delay == 0
    assert list(index.ranks) == list(range(FRAMES))
    assert (index.sequences[0].id, index.pictures[0].id) == (1, 1)
    assert (index.sequences[0].profile, index.sequences[0].level) == (100, 41)
    assert all(later > earlier for earlier, later in pairwise(index.samples.shown))


def test_one_may_seek_in_a_long_window(stage):
    path = stage.folder / "long.mp4"
    frames = (stage.marked(1, number) for number in range(110))
    coded(frames, stage.delivery, path, lambda: None)
    assert clip_index(path, 110).entries == (0, 48, 96)


@pytest.mark.parametrize(("metric", "found", "least"), [
    ("psnr", r"psnr_y:([\d.]+)|PSNR y:([\d.]+)", 45), ("ssim", r"SSIM Y:([\d.]+)", 0.99),
])  # fmt: skip
def test_a_window_is_as_good_as_what_was_drawn(sides, metric, found, least):
    log = run_ffmpeg([*sides, "-lavfi", metric, "-f", "null", "-"], loglevel="info")
    values = re.search(found, log)
    assert values, log
    assert float(next(filter(None, values.groups()))) >= least


def test_a_window_is_at_vmaf_95(stage, sides):
    filters = subprocess.run([ffmpeg_path(), "-hide_banner", "-filters"], capture_output=True)
    if b"libvmaf" not in filters.stdout:
        pytest.skip("this ffmpeg has no VMAF")
    log = stage.folder / "vmaf.json"
    asked = f"libvmaf=log_fmt=json:log_path={log}"
    run_ffmpeg([*sides, "-lavfi", asked, "-f", "null", "-"])
    assert json.loads(log.read_text())["pooled_metrics"]["vmaf"]["mean"] >= 95
