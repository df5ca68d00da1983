"""The clips that the simulated models make."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from storyboard.errors import MediaError
from storyboard.simulator import pictures
from storyboard.simulator.clips import Clips, Order
from storyboard.stitching.media import probe, run_ffmpeg, verify
from tests.contract.veo_asks import picture

SMALL = (320, 180)


@pytest.fixture
def clips(tmp_path: Path) -> Clips:
    return Clips(tmp_path / "clips")


def colour(clip: Path, frame: int) -> list[int]:
    """Of the middle of a frame (from 1), in BGR."""
    shown = pictures.last_of(clip, frame)
    high, wide = shown.shape[:2]
    middle = shown[high // 3 : high // 2, wide // 3 : wide // 2]
    return [round(float(each)) for each in middle.reshape(-1, 3).mean(0)]


def test_a_clip_has_every_frame_and_its_sound(clips: Clips) -> None:
    clip = clips.make(Order("a ferry", (1280, 720), 30))
    facts = probe(clip)
    assert (facts.width, facts.height, facts.frames, facts.has_audio) == (1280, 720, 30, True)
    assert facts.rate is not None
    assert facts.rate.value == 24
    assert verify(clip, 30) == 30
    assert [pictures.read_number(pictures.last_of(clip, n)) for n in (1, 14, 30)] == [0, 13, 29]


def test_the_same_order_is_made_once_and_another_seed_looks_otherwise(clips: Clips) -> None:
    one = clips.make(Order("a ferry", SMALL, 12, seed=1))
    made = one.stat().st_mtime_ns
    assert clips.make(Order("a ferry", SMALL, 12, seed=1)).stat().st_mtime_ns == made
    other = clips.make(Order("a ferry", SMALL, 12, seed=2))
    assert np.abs(np.subtract(colour(one, 1), colour(other, 1))).max() > 10


def test_it_starts_and_ends_with_the_pictures_that_were_given(clips: Clips) -> None:
    first, last = picture(30, 200, 90), picture(200, 20, 90)
    clip = clips.make(Order("from here", SMALL, 24, first=first))
    both = clips.make(Order("there", SMALL, 24, first=first, last=last, sound=False))
    for found, due in (
        (colour(clip, 1), (30, 200, 90)),
        (colour(both, 1), (30, 200, 90)),
        (colour(both, 24), (200, 20, 90)),
    ):
        assert np.abs(np.subtract(found, due)).max() <= 4
    assert not probe(both).has_audio


def test_a_picture_of_another_shape_gets_bars_or_loses_its_edges(clips: Clips) -> None:
    square = picture(30, 200, 90, (400, 400))
    padded = clips.make(Order("x", SMALL, 2, first=square))
    cropped = clips.make(Order("x", SMALL, 2, first=square, crop=True))
    assert pictures.last_of(padded, 1)[90, 4].max() < 20
    assert pictures.last_of(cropped, 1)[90, 4, 1] > 180


def test_an_extension_is_its_source_and_goes_on_from_its_last_frame(clips: Clips) -> None:
    first = clips.make(Order("x", SMALL, 24, first=picture(30, 200, 90)))
    longer = clips.make(Order("on", SMALL, 36, source=first))
    longest = clips.make(Order("on", SMALL, 12, source=longer))
    assert verify(longest, 72) == 72
    assert np.abs(np.subtract(colour(longest, 25), (30, 200, 90))).max() <= 6
    for n in (5, 24):
        assert np.array_equal(pictures.last_of(longest, n), pictures.last_of(first, n))
    assert abs(float(probe(longest).seconds) - 3) < 0.1


def test_footage_of_another_kind_keeps_every_frame(clips: Clips, tmp_path: Path) -> None:
    ours = clips.make(Order("x", (640, 384), 24))
    theirs = tmp_path / "theirs.mp4"
    reordered = ("-c:v", "libx264", "-bf", "3", "-g", "12", "-c:a", "aac", "-ss", "0.25")
    run_ffmpeg(["-i", f"file:{ours}", *reordered, f"file:{theirs}"])
    clip = clips.make(Order("on", (320, 192), 12, source=theirs))
    assert verify(clip, 18 + 12) == 30
    numbers = [pictures.read_number(pictures.last_of(clip, n)) for n in (1, 18, 19, 30)]
    assert numbers == [6, 23, 0, 11]


def test_a_source_without_sound_gets_silence_before_the_new_sound(clips: Clips) -> None:
    silent = clips.make(Order("x", SMALL, 24, sound=False))
    assert probe(clips.make(Order("on", SMALL, 12, source=silent))).has_audio
    assert not probe(clips.make(Order("on", SMALL, 12, source=silent, sound=False))).has_audio


def test_references_are_seen(clips: Clips) -> None:
    clip = clips.make(Order("x", SMALL, 2, references=(picture(0, 0, 250),)))
    assert pictures.last_of(clip, 1)[20, 40, 2] > 220


def test_what_is_no_picture_makes_no_clip(clips: Clips, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="can't be read"):
        clips.make(Order("x", SMALL, 2, first=b"nonsense"))
    assert list((tmp_path / "clips").glob("*")) == []


def test_previz_draws_the_clips_if_it_is_asked_to(tmp_path: Path) -> None:
    clips = Clips(tmp_path, draw=True)
    clip = clips.make(Order("a ferry at dawn, wide shot", (640, 360), 12))
    facts = probe(clip)
    assert (facts.width, facts.height, facts.frames) == (640, 360, 12)
    assert verify(clips.make(Order("on", (640, 360), 12, source=clip)), 24) == 24
