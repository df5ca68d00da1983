"""The clips that the simulated models make."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from storyboard.errors import MediaError
from storyboard.simulator.media import test_patterns
from storyboard.simulator.media.clip_spec import ClipSpec
from storyboard.simulator.media.clips import ClipFactory
from storyboard.stitching.media.ffmpeg import probe, run_ffmpeg, verify_media
from tests.contract.veo_asks import draw_picture

SMALL = (320, 180)


@pytest.fixture
def clips(tmp_path: Path) -> ClipFactory:
    return ClipFactory(tmp_path / "clips")


def read_middle_color(clip: Path, frame: int) -> list[int]:
    """Of the middle of a frame (from 1), in BGR."""
    shown = test_patterns.read_last_frame(clip, frame)
    high, wide = shown.shape[:2]
    middle = shown[high // 3 : high // 2, wide // 3 : wide // 2]
    return [round(float(each)) for each in middle.reshape(-1, 3).mean(0)]


def test_a_clip_has_every_frame_and_its_sound(clips: ClipFactory) -> None:
    clip = clips.create_clip(ClipSpec("a ferry", (1280, 720), 30))
    facts = probe(clip)
    assert (facts.width, facts.height, facts.frames, facts.has_audio) == (1280, 720, 30, True)
    assert facts.rate is not None
    assert facts.rate.value == 24
    assert verify_media(clip, 30) == 30
    assert [
        test_patterns.read_frame_number(test_patterns.read_last_frame(clip, n)) for n in (1, 14, 30)
    ] == [
        0,
        13,
        29,
    ]


def test_equal_specs_share_one_clip_and_another_seed_looks_different(clips: ClipFactory) -> None:
    one = clips.create_clip(ClipSpec("a ferry", SMALL, 12, seed=1))
    made = one.stat().st_mtime_ns
    assert clips.create_clip(ClipSpec("a ferry", SMALL, 12, seed=1)).stat().st_mtime_ns == made
    other = clips.create_clip(ClipSpec("a ferry", SMALL, 12, seed=2))
    assert np.abs(np.subtract(read_middle_color(one, 1), read_middle_color(other, 1))).max() > 10


def test_it_starts_and_ends_with_the_pictures_that_were_given(clips: ClipFactory) -> None:
    first, last = draw_picture(30, 200, 90), draw_picture(200, 20, 90)
    clip = clips.create_clip(ClipSpec("from here", SMALL, 24, first=first))
    both = clips.create_clip(ClipSpec("there", SMALL, 24, first=first, last=last, sound=False))
    for shown, due in (
        (read_middle_color(clip, 1), (30, 200, 90)),
        (read_middle_color(both, 1), (30, 200, 90)),
        (read_middle_color(both, 24), (200, 20, 90)),
    ):
        assert np.abs(np.subtract(shown, due)).max() <= 4
    assert not probe(both).has_audio


def test_a_picture_of_another_shape_gets_bars_or_loses_its_edges(clips: ClipFactory) -> None:
    square = draw_picture(30, 200, 90, (400, 400))
    padded = clips.create_clip(ClipSpec("x", SMALL, 2, first=square))
    cropped = clips.create_clip(ClipSpec("x", SMALL, 2, first=square, crop=True))
    assert test_patterns.read_last_frame(padded, 1)[90, 4].max() < 20
    assert test_patterns.read_last_frame(cropped, 1)[90, 4, 1] > 180


def test_an_extension_is_its_source_and_goes_on_from_its_last_frame(clips: ClipFactory) -> None:
    first = clips.create_clip(ClipSpec("x", SMALL, 24, first=draw_picture(30, 200, 90)))
    longer = clips.create_clip(ClipSpec("on", SMALL, 36, source=first))
    longest = clips.create_clip(ClipSpec("on", SMALL, 12, source=longer))
    assert verify_media(longest, 72) == 72
    assert np.abs(np.subtract(read_middle_color(longest, 25), (30, 200, 90))).max() <= 6
    for n in (5, 24):
        assert np.array_equal(
            test_patterns.read_last_frame(longest, n), test_patterns.read_last_frame(first, n)
        )
    assert abs(float(probe(longest).seconds) - 3) < 0.1


def test_footage_of_another_kind_keeps_every_frame(clips: ClipFactory, tmp_path: Path) -> None:
    ours = clips.create_clip(ClipSpec("x", (640, 384), 24))
    theirs = tmp_path / "theirs.mp4"
    reordered = ("-c:v", "libx264", "-bf", "3", "-g", "12", "-c:a", "aac", "-ss", "0.25")
    run_ffmpeg(["-i", f"file:{ours}", *reordered, f"file:{theirs}"])
    clip = clips.create_clip(ClipSpec("on", (320, 192), 12, source=theirs))
    assert verify_media(clip, 18 + 12) == 30
    numbers = [
        test_patterns.read_frame_number(test_patterns.read_last_frame(clip, n))
        for n in (1, 18, 19, 30)
    ]
    assert numbers == [6, 23, 0, 11]


def test_a_source_without_sound_gets_silence_before_the_new_sound(clips: ClipFactory) -> None:
    silent = clips.create_clip(ClipSpec("x", SMALL, 24, sound=False))
    assert probe(clips.create_clip(ClipSpec("on", SMALL, 12, source=silent))).has_audio
    assert not probe(
        clips.create_clip(ClipSpec("on", SMALL, 12, source=silent, sound=False))
    ).has_audio


def test_references_are_seen(clips: ClipFactory) -> None:
    clip = clips.create_clip(ClipSpec("x", SMALL, 2, references=(draw_picture(0, 0, 250),)))
    assert test_patterns.read_last_frame(clip, 1)[20, 40, 2] > 220


def test_what_is_no_picture_makes_no_clip(clips: ClipFactory, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="can't be read"):
        clips.create_clip(ClipSpec("x", SMALL, 2, first=b"nonsense"))
    assert list((tmp_path / "clips").glob("*")) == []


def test_previz_draws_the_clips_if_told_to_in_the_settings(tmp_path: Path) -> None:
    clips = ClipFactory(tmp_path, uses_previz=True)
    clip = clips.create_clip(ClipSpec("a ferry at dawn, wide shot", (640, 360), 12))
    facts = probe(clip)
    assert (facts.width, facts.height, facts.frames) == (640, 360, 12)
    assert verify_media(clips.create_clip(ClipSpec("on", (640, 360), 12, source=clip)), 24) == 24
