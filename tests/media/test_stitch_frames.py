"""Frames by number, whatever the stream is like; and what probing says of good and bad files."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from storyboard.errors import MediaError
from storyboard.stitching.media.ffmpeg import (
    probe,
    read_frames,
    run_ffmpeg,
    verify_media,
)
from storyboard.stitching.media.yuv import to_rgb, to_yuv_frame
from storyboard.timecode import FrameRange, Rate

STREAMS = {
    "one key frame": ("-g", "250"),
    "many B-frames": ("-g", "12", "-bf", "6", "-x264-params", "b-pyramid=normal"),
    "open groups": ("-x264-params", "open-gop=1:keyint=10:min-keyint=10:bframes=3"),
    "no B-frames": ("-g", "10", "-bf", "0"),
    "moving refresh": ("-x264-params", "intra-refresh=1:keyint=10"),
}


@pytest.mark.parametrize("options", STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_every_frame_is_found_by_its_number(lab, options, suffix):
    take = lab.write_take(5, 36, options=options, suffix=suffix)
    assert take.facts.frames == 36
    assert [lab.read_marks(picture) for picture in read_frames(take.path, FrameRange(0, 36))] == [
        (5, frame) for frame in range(36)
    ]
    for start, end in ((35, 36), (13, 15), (20, 31), (10, 10)):
        frame_numbers = [
            lab.read_marks(picture)[1] for picture in read_frames(take.path, FrameRange(start, end))
        ]
        assert frame_numbers == list(range(start, end))


def test_an_edit_list_hides_frames_and_moves_the_count(lab):
    take = lab.write_take(6, 48, options=("-g", "48"))
    cut = lab.folder / "edited.mp4"
    run_ffmpeg(["-ss", "0.5", "-i", str(take.path), "-c", "copy", str(cut)])
    facts = probe(cut)
    assert facts.frames == 36
    assert lab.read_marks(next(read_frames(cut, FrameRange(0, 1)))) == (6, 12)
    assert lab.read_marks(next(read_frames(cut, FrameRange(30, 31)))) == (6, 42)


def test_a_frame_outside_the_clip_is_refused(lab):
    take = lab.write_take(1, 8)
    with pytest.raises(MediaError, match=r"has only 8 frames; \[7, 9\) is needed"):
        list(read_frames(take.path, FrameRange(7, 9)))


@pytest.mark.parametrize(
    ("rate", "exact", "frames"),
    [("24", Fraction(24), 24), ("24000/1001", Fraction(24000, 1001), 24), ("50", Fraction(50), 20)],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_rate_is_exact(lab, rate, exact, frames, suffix):
    facts = lab.write_take(1, frames, rate=rate, suffix=suffix).facts
    assert (facts.rate, facts.frames) == (Rate(exact), frames)
    assert facts.seconds == frames / exact


def test_pictures_and_sound_are_probed_too(lab):
    tone, picture = lab.folder / "tone.wav", lab.folder / "picture.png"
    run_ffmpeg(["-f", "lavfi", "-i", "sine=d=1.5:r=48000", str(tone)])
    cv2.imwrite(str(picture), np.zeros((40, 60, 3), np.uint8))
    sound, still = probe(tone), probe(picture)
    assert (sound.frames, sound.seconds, sound.has_audio) == (0, Fraction(3, 2), True)
    assert (still.width, still.height, still.frames, still.rate) == (60, 40, 1, None)


def test_size_is_what_a_viewer_sees(lab):
    take = lab.write_take(1, 4)
    turned, wide = lab.folder / "turned.mp4", lab.folder / "wide.mp4"
    run_ffmpeg(["-display_rotation", "90", "-i", str(take.path), "-c", "copy", str(turned)])
    run_ffmpeg(["-i", str(take.path), "-vf", "setsar=4/3", str(wide)])
    assert (probe(turned).width, probe(turned).height) == (180, 320)
    assert (probe(wide).width, probe(wide).height) == (427, 180)


def test_files_that_are_no_media_are_refused_with_the_reason(lab):
    whole = lab.write_take(1, 24, options=("-movflags", "+faststart")).path.read_bytes()
    late = lab.write_take(2, 24).path.read_bytes()
    cases = {
        "is empty: it has 0 bytes": b"",
        "is text (a web page or an error message), not media": b"\n <!DOCTYPE html><html>",
        "is not a readable media file": bytes(range(256)) * 40,
        "is cut off: its index (moov) is missing": late[: len(late) // 2],
        "of 24 frames": whole[: -len(whole) // 4],
    }
    for number, (words, data) in enumerate(cases.items()):
        path = lab.folder / f"bad{number}.mp4"
        path.write_bytes(data)
        with pytest.raises(MediaError) as refused:
            probe(path)
        assert words in str(refused.value)
    with pytest.raises(MediaError, match="No such file"):
        probe(lab.folder / "absent.mp4")


def test_damage_that_a_player_would_hide_is_found(lab):
    take = lab.write_take(3, 48)
    assert verify_media(take.path, 48) == 48
    with pytest.raises(MediaError, match="has 48 frames, not 47"):
        verify_media(take.path, 47)
    data = bytearray(take.path.read_bytes())
    middle = data.index(b"mdat") + 3000
    data[middle : middle + 200] = bytes(200)
    take.path.write_bytes(data)
    with pytest.raises(MediaError):
        verify_media(take.path)


def test_planes_and_rgb_are_each_others_inverse():
    flat = np.random.default_rng(7).integers(0, 256, (18, 32, 3), np.uint8)
    picture = flat.repeat(10, 0).repeat(10, 1)
    assert np.abs(to_rgb(to_yuv_frame(picture)).astype(int) - picture).max() <= 3
