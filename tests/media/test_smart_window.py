"""Windows beside the pictures that were drawn for them, as the metrics of the field see both."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import pairwise

import pytest

from storyboard.graph.timeline import Blend
from storyboard.stitching.media.clip_index import read_untrimmed_clip_index
from storyboard.stitching.media.ffmpeg import find_ffmpeg, read_frames, run_ffmpeg
from storyboard.stitching.picture.clips import conform_shown_takes
from storyboard.stitching.picture.compositor import compose_frames
from storyboard.stitching.smart.window_encoder import encode_window
from storyboard.timecode import FrameRange

FRAMES = 24


@pytest.fixture(scope="module")
def window(shared_lab):
    """A dissolve between two takes with grain: drawn pictures, and the window that was coded."""
    grain = ("-vf", "noise=alls=6:allf=t", "-g", "12", "-crf", "16")
    media = {name: shared_lab.write_take(n, 48, options=grain) for n, name in enumerate("AB", 5)}
    blend = Blend("dissolve", FrameRange(0, 12))
    timeline = shared_lab.build_timeline(
        shared_lab.build_event("A", (0, 12), source=36),
        shared_lab.build_event("B", (0, FRAMES), entering=blend),
    )
    clips = conform_shown_takes(timeline, media, shared_lab.delivery, shared_lab.folder / "cache")
    drawn = [frame.copy() for frame in compose_frames(timeline, clips, (), shared_lab.size)]
    path = shared_lab.folder / "window.mp4"
    progress_calls: list[int] = []
    encode_window(iter(drawn), shared_lab.delivery, path, lambda: progress_calls.append(1))
    assert len(progress_calls) == len(drawn) == FRAMES
    return path, drawn


@pytest.fixture(scope="module")
def raw_inputs(shared_lab, window):
    """Both as raw pictures, as ffmpeg's inputs."""
    path, drawn = window
    arguments = []
    for name, frames in (("coded", read_frames(path, FrameRange(0, FRAMES))), ("drawn", drawn)):
        raw = shared_lab.folder / f"{name}.yuv"
        raw.write_bytes(b"".join(frame.tobytes() for frame in frames))
        size = f"{shared_lab.size[0]}x{shared_lab.size[1]}"
        arguments += ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", size, "-i", str(raw)]
    return arguments


def test_a_window_reorders_nothing(window):
    index = read_untrimmed_clip_index(window[0], FRAMES)
    assert index.entries == (0,)
    assert index.delay == 0
    assert list(index.ranks) == list(range(FRAMES))
    assert (index.sequences[0].id, index.pictures[0].id) == (1, 1)
    assert (index.sequences[0].profile, index.sequences[0].level) == (100, 41)
    assert all(later > earlier for earlier, later in pairwise(index.samples.shown_at))


def test_one_may_seek_in_a_long_window(shared_lab):
    path = shared_lab.folder / "long.mp4"
    frames = (shared_lab.draw_marked_frame(1, number) for number in range(110))
    encode_window(frames, shared_lab.delivery, path, lambda: None)
    assert read_untrimmed_clip_index(path, 110).entries == (0, 48, 96)


@pytest.mark.parametrize(("metric", "found", "least"), [
    ("psnr", r"psnr_y:([\d.]+)|PSNR y:([\d.]+)", 45), ("ssim", r"SSIM Y:([\d.]+)", 0.99),
])  # fmt: skip
def test_a_window_is_as_good_as_what_was_drawn(raw_inputs, metric, found, least):
    log = run_ffmpeg([*raw_inputs, "-lavfi", metric, "-f", "null", "-"], loglevel="info")
    values = re.search(found, log)
    assert values, log
    assert float(next(filter(None, values.groups()))) >= least


def test_a_window_is_at_vmaf_95(shared_lab, raw_inputs):
    filters = subprocess.run([find_ffmpeg(), "-hide_banner", "-filters"], capture_output=True)
    if b"libvmaf" not in filters.stdout:
        pytest.skip("this ffmpeg has no VMAF")
    log = shared_lab.folder / "vmaf.json"
    vmaf_filter = f"libvmaf=log_fmt=json:log_path={log}"
    run_ffmpeg([*raw_inputs, "-lavfi", vmaf_filter, "-f", "null", "-"])
    assert json.loads(log.read_text())["pooled_metrics"]["vmaf"]["mean"] >= 95
