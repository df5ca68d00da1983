"""Effects on takes: exact frames go in, and the ones that MoviePy asks for come out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from storyboard.errors import StitchError
from storyboard.stitching.effects.apply import apply_effects
from storyboard.stitching.media.ffmpeg import probe, read_frames, run_ffmpeg
from storyboard.stitching.sound.pcm import RATE, WavWriter, decode_audio
from storyboard.timecode import FrameRange


def build_effect_options(frames, *effects, parts=((0, 24),)):
    return {
        "effects": [list(pair) for pair in effects],
        "parts": [list(pair) for pair in parts],
        "frames": frames,
        "rate": "24",
    }


def read_shown_frames(stage, path: Path):
    """The marked numbers of every frame, (clip, frame)."""
    count = probe(path).frames
    return [stage.read_marks(frame) for frame in read_frames(path, FrameRange(0, count))]


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
def test_the_right_frame_stands_at_every_frame(shared_lab, tmp_path, effects, expected):
    take, out = shared_lab.write_take(1, 24), tmp_path / "out.mp4"
    apply_effects([(take.path, 0)], build_effect_options(len(expected), *effects), out)
    assert [frame for _, frame in read_shown_frames(shared_lab, out)] == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.mp4"]


def test_takes_are_joined_from_their_own_material_on(shared_lab, tmp_path):
    first, second = shared_lab.write_take(1, 24), shared_lab.write_take(2, 48)
    out = tmp_path / "out.mp4"
    settings = build_effect_options(20, ("MultiplySpeed", {"factor": 1}), parts=((14, 24), (0, 10)))
    apply_effects([(first.path, 0), (second.path, 24)], settings, out)
    expected = [(1, n) for n in range(14, 24)] + [(2, n) for n in range(24, 34)]
    assert read_shown_frames(shared_lab, out) == expected


def test_what_lets_something_through_lies_on_black_and_the_size_stays(shared_lab, tmp_path):
    out = tmp_path / "out.mp4"
    take = shared_lab.write_take(1, 24)
    apply_effects(
        [(take.path, 0)],
        build_effect_options(24, ("SlideIn", {"duration": 0.5, "side": "left"})),
        out,
    )
    first, last = (next(iter(read_frames(out, FrameRange(n, n + 1)))) for n in (0, 23))
    assert first[:180, 8:].max() < 24
    assert shared_lab.read_marks(last) == (1, 23)
    apply_effects(
        [(take.path, 0)],
        build_effect_options(24, ("Crop", {"x1": 0, "y1": 0, "width": 90, "height": 90})),
        out,
    )
    assert (probe(out).width, probe(out).height) == (320, 180)


def write_sounding_take(stage, tmp_path, wave):
    wav, path = tmp_path / "tone.wav", tmp_path / "heard.mp4"
    with WavWriter(wav) as out:
        out.write(np.stack([wave, wave], axis=1).astype(np.float32))
    picture = stage.write_take(1, 24).path
    codecs = ["-c:v", "copy", "-c:a", "aac", "-b:a", "256k"]
    run_ffmpeg(["-i", str(picture), "-i", str(wav), *codecs, str(path)])
    return path


def measure_pitch(path, start, end):
    wave = np.concatenate(list(decode_audio(path)))[int(start * RATE) : int(end * RATE), 0]
    return np.argmax(np.abs(np.fft.rfft(wave * np.hanning(len(wave))))) * RATE / len(wave)


def test_sound_follows_speed_changes_and_picture_effects_keep_it(shared_lab, tmp_path):
    t = np.arange(RATE) / RATE
    take = write_sounding_take(shared_lab, tmp_path, 0.4 * np.sin(2 * np.pi * 800 * t))
    slow, grey = tmp_path / "slow.mp4", tmp_path / "grey.mp4"
    apply_effects([(take, 0)], build_effect_options(48, ("MultiplySpeed", {"factor": 0.5})), slow)
    assert measure_pitch(slow, 0.5, 1.5) == pytest.approx(400, abs=3)
    apply_effects([(take, 0)], build_effect_options(24, ("BlackAndWhite", {})), grey)
    assert measure_pitch(grey, 0.1, 0.9) == pytest.approx(800, abs=3)
    apply_effects([(take, 0)], build_effect_options(24, ("MultiplyVolume", {"factor": 0.1})), grey)
    quiet = np.concatenate(list(decode_audio(grey)))[RATE // 4 : RATE * 3 // 4]
    assert np.abs(quiet).max() == pytest.approx(0.04, rel=0.15)


def test_a_blink_is_black_when_it_is_off(shared_lab, tmp_path):
    out = tmp_path / "out.mp4"
    blink = ("Blink", {"duration_on": 0.25, "duration_off": 0.25})
    apply_effects([(shared_lab.write_take(1, 24).path, 0)], build_effect_options(24, blink), out)
    lit = [frame[:180].max() > 100 for frame in read_frames(out, FrameRange(0, 24))]
    assert lit == [n % 12 < 6 for n in range(24)]


@pytest.mark.parametrize(
    ("effect", "told"),
    [
        (("Rotate", {"angle": 5, "center": (1,)}), r"the effect Rotate {angle: 5, center: \(1,\)}"),
        (
            ("Crop", {"x1": 400, "x2": 500}),
            "the effect Crop {x1: 400, x2: 500} can't be applied: it",
        ),
        (("Resize", {"new_size": 0.0001}), "the effect Resize {new_size: 0.0001} can't be applied"),
        (("Freeze", {"t": 5, "freeze_duration": 1}), "the effect Freeze {t: 5, freeze_duration"),
    ],
)
def test_an_effect_that_moviepy_can_not_apply_is_named(shared_lab, tmp_path, effect, told):
    effects = ("BlackAndWhite", {}), effect, ("FadeIn", {"duration": 0.5})
    with pytest.raises(StitchError, match=told) as failed:
        apply_effects(
            [(shared_lab.write_take(1, 24).path, 0)],
            build_effect_options(24, *effects),
            tmp_path / "o.mp4",
        )
    assert "fail again" in failed.value.hint
    assert not list(tmp_path.iterdir())


def test_a_sound_beyond_all_bounds_is_refused(shared_lab, tmp_path):
    take = write_sounding_take(shared_lab, tmp_path, np.full(RATE, 0.5))
    louder = [("MultiplyVolume", {"factor": 1e10})] * 5
    with pytest.raises(StitchError, match="too loud"):
        apply_effects([(take, 0)], build_effect_options(24, *louder), tmp_path / "loud.mp4")
