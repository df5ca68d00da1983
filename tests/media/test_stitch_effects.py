"""Effects on takes: exact frames go in, and the ones that MoviePy asks for come out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from storyboard.errors import StitchError
from storyboard.stitching.effects import affect
from storyboard.stitching.media import probe, read_frames, run_ffmpeg
from storyboard.stitching.pcm import RATE, WavWriter, decoded
from storyboard.timecode import FrameRange


def options(frames, *effects, parts=((0, 24),)):
    return {
        "effects": [list(each) for each in effects],
        "parts": [list(each) for each in parts],
        "frames": frames,
        "rate": "24",
    }


def shown(stage, path: Path):
    """The marked numbers of every frame, (clip, frame)."""
    count = probe(path).frames
    return [stage.read(each) for each in read_frames(path, FrameRange(0, count))]


@pytest.mark.parametrize(
    ("effects", "expected"),
    [
        ([("MultiplySpeed", {"factor": 0.5})], [n // 2 for n in range(48)]),
        ([("MultiplySpeed", {"factor": 2})], [2 * n for n in range(12)]),
        ([("TimeMirror", {})], [23 - n for n in range(24)]),
        (
            [("Freeze", {"t": 0.5, "freeze_duration": 0.5})],
            [*range(12), *[12] * 12, *range(12, 24)],
        ),
        ([("Freeze", {"t": 0.5, "total_duration": 1.5})], [*range(12), *[12] * 12, *range(12, 24)]),
        ([("Loop", {"n": 2})], [*range(24), *range(24)]),
        ([("TimeSymmetrize", {})], [*range(24), *reversed(range(24))]),
        ([("TimeMirror", {}), ("MultiplySpeed", {"factor": 2})], [23 - 2 * n for n in range(12)]),
    ],
)
def test_the_right_frame_stands_at_every_frame(stage, tmp_path, effects, expected):
    take, out = stage.take(1, 24), tmp_path / "out.mp4"
    affect([(take.path, 0)], options(len(expected), *effects), out)
    assert [frame for _, frame in shown(stage, out)] == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.mp4"]


def test_takes_are_joined_from_their_own_material_on(stage, tmp_path):
    first, second = stage.take(1, 24), stage.take(2, 48)
    out = tmp_path / "out.mp4"
    told = options(20, ("MultiplySpeed", {"factor": 1}), parts=((14, 24), (0, 10)))
    affect([(first.path, 0), (second.path, 24)], told, out)
    expected = [(1, n) for n in range(14, 24)] + [(2, n) for n in range(24, 34)]
    assert shown(stage, out) == expected


def test_what_lets_something_through_lies_on_black_and_the_size_stays(stage, tmp_path):
    out = tmp_path / "out.mp4"
    take = stage.take(1, 24)
    affect([(take.path, 0)], options(24, ("SlideIn", {"duration": 0.5, "side": "left"})), out)
    first, last = (next(iter(read_frames(out, FrameRange(n, n + 1)))) for n in (0, 23))
    assert first[:180, 8:].max() < 24
    assert stage.read(last) == (1, 23)
    affect(
        [(take.path, 0)], options(24, ("Crop", {"x1": 0, "y1": 0, "width": 90, "height": 90})), out
    )
    assert (probe(out).width, probe(out).height) == (320, 180)


def heard_take(stage, tmp_path, wave):
    wav, path = tmp_path / "tone.wav", tmp_path / "heard.mp4"
    with WavWriter(wav) as out:
        out.write(np.stack([wave, wave], axis=1).astype(np.float32))
    picture = stage.take(1, 24).path
    codecs = ["-c:v", "copy", "-c:a", "aac", "-b:a", "256k"]
    run_ffmpeg(["-i", str(picture), "-i", str(wav), *codecs, str(path)])
    return path


def pitch(path, start, end):
    wave = np.concatenate(list(decoded(path)))[int(start * RATE) : int(end * RATE), 0]
    return np.argmax(np.abs(np.fft.rfft(wave * np.hanning(len(wave))))) * RATE / len(wave)


def test_the_sound_follows_a_change_of_speed_and_is_kept_by_what_is_only_seen(stage, tmp_path):
    t = np.arange(RATE) / RATE
    take = heard_take(stage, tmp_path, 0.4 * np.sin(2 * np.pi * 800 * t))
    slow, grey = tmp_path / "slow.mp4", tmp_path / "grey.mp4"
    affect([(take, 0)], options(48, ("MultiplySpeed", {"factor": 0.5})), slow)
    assert pitch(slow, 0.5, 1.5) == pytest.approx(400, abs=3)
    affect([(take, 0)], options(24, ("BlackAndWhite", {})), grey)
    assert pitch(grey, 0.1, 0.9) == pytest.approx(800, abs=3)
    affect([(take, 0)], options(24, ("MultiplyVolume", {"factor": 0.1})), grey)
    quiet = np.concatenate(list(decoded(grey)))[RATE // 4 : RATE * 3 // 4]
    assert np.abs(quiet).max() == pytest.approx(0.04, rel=0.15)


def test_a_blink_is_black_when_it_is_off(stage, tmp_path):
    out = tmp_path / "out.mp4"
    blink = ("Blink", {"duration_on": 0.25, "duration_off": 0.25})
    affect([(stage.take(1, 24).path, 0)], options(24, blink), out)
    lit = [each[:180].max() > 100 for each in read_frames(out, FrameRange(0, 24))]
    assert lit == [n % 12 < 6 for n in range(24)]


@pytest.mark.parametrize(
    ("effect", "told"),
    [
        (("Rotate", {"angle": 5, "center": (1,)}), r"the effect Rotate {angle: 5, center: \(1,\)}"),
        (("Crop", {"x1": 400, "x2": 500}), "the effect Crop {x1: 400, x2: 500} can't be done: it"),
        (("Resize", {"new_size": 0.0001}), "the effect Resize {new_size: 0.0001} can't be done"),
        (("Freeze", {"t": 5, "freeze_duration": 1}), "the effect Freeze {t: 5, freeze_duration"),
    ],
)
def test_what_moviepy_can_not_do_is_said_of_its_effect(stage, tmp_path, effect, told):
    others = ("BlackAndWhite", {}), effect, ("FadeIn", {"duration": 0.5})
    with pytest.raises(StitchError, match=told) as failed:
        affect([(stage.take(1, 24).path, 0)], options(24, *others), tmp_path / "o.mp4")
    assert "fail again" in failed.value.hint
    assert not list(tmp_path.iterdir())


def test_a_sound_beyond_all_bounds_is_refused(stage, tmp_path):
    take = heard_take(stage, tmp_path, np.full(RATE, 0.5))
    louder = [("MultiplyVolume", {"factor": 1e10})] * 5
    with pytest.raises(StitchError, match="louder than any"):
        affect([(take, 0)], options(24, *louder), tmp_path / "loud.mp4")
