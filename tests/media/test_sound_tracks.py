"""Of several sound tracks the one is heard that a player plays."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from storyboard.stitching.effects.apply import apply_effects
from storyboard.stitching.media.ffmpeg import probe, run_ffmpeg
from storyboard.stitching.media.probe import read_footage
from storyboard.stitching.sound.pcm import RATE, decode_audio

PITCHES = (400, 700, 1000)


def write_tracks(path: Path, *options: str, count: int = 2) -> Path:
    """A clip whose sound tracks are tones of PITCHES, in that order."""
    tones = [
        word
        for pitch in PITCHES[:count]
        for word in ("-f", "lavfi", "-i", f"sine=f={pitch}:r=48000:d=1")
    ]
    maps = [word for n in range(count + 1) for word in ("-map", f"{n}")]
    picture = ["-f", "lavfi", "-i", "color=gray:s=160x90:r=24:d=1"]
    codecs = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    run_ffmpeg([*picture, *tones, *maps, *codecs, *options, str(path)])
    return path


def measure_pitch(path: Path, track: str = "") -> int:
    wave = np.concatenate(list(decode_audio(path, audio_track=track)))[RATE // 4 : RATE * 3 // 4, 0]
    return round(float(np.argmax(np.abs(np.fft.rfft(wave))) * RATE / len(wave)))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_default_track_is_heard_wherever_it_stands(tmp_path, suffix):
    options = ("-disposition:a:0", "0", "-disposition:a:1", "default")
    assert measure_pitch(write_tracks(tmp_path / f"clip{suffix}", *options)) == 700


def test_of_tracks_that_say_nothing_the_first_is_heard(tmp_path):
    options = ("-disposition:a", "0")
    assert measure_pitch(write_tracks(tmp_path / "clip.mkv", *options)) == 400


def test_a_commentary_is_heard_only_where_nothing_else_is(tmp_path):
    options = ("-disposition:a:0", "comment", "-disposition:a:1", "0")
    assert measure_pitch(write_tracks(tmp_path / "two.mkv", *options)) == 700
    options = ("-disposition:a:0", "comment")
    assert measure_pitch(write_tracks(tmp_path / "one.mkv", *options, count=1)) == 400


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_track_is_chosen_by_its_number_or_its_language(tmp_path, suffix):
    languages = ("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger")
    clip = write_tracks(tmp_path / f"clip{suffix}", *languages, count=3)
    heard = {track: measure_pitch(clip, track) for track in ("", "1", "2", "3", "de", "deu", "en")}
    assert heard == {"": 400, "1": 400, "2": 700, "3": 1000, "de": 700, "deu": 700, "en": 400}
    tracks = read_footage(clip).audio_tracks
    assert [(track.number, track.language) for track in tracks] == [(1, "eng"), (2, "ger"), (3, "")]


def test_an_effect_hears_the_track_that_the_shot_names(tmp_path):
    clip, out = write_tracks(tmp_path / "clip.mp4"), tmp_path / "out.mp4"
    options = {"effects": [["MirrorX", {}]], "parts": [[0, 24]], "frames": 24, "rate": "24"}
    apply_effects([(clip, 0)], {**options, "audio_track": "2"}, out)
    assert measure_pitch(out) == measure_pitch(out, "2") == 700


def make_track_unreadable(path: Path, number: int) -> None:
    """As a phone's spatial sound is to us: a track whose coding nobody knows."""
    data = path.read_bytes()
    for known, unknown in ((b"mp4a", b"apac"), (b"esds", b"free")):
        at = -1
        for _ in range(number + 1):
            at = data.index(known, at + 1)
        data = data[:at] + unknown + data[at + 4 :]
    path.write_bytes(data)


def test_a_track_that_can_not_be_decoded_is_passed_over(tmp_path):
    clip = write_tracks(tmp_path / "clip.mp4", "-disposition:a:0", "default")
    make_track_unreadable(clip, 0)
    assert probe(clip).has_audio
    assert measure_pitch(clip) == 700
    assert [track.is_readable for track in read_footage(clip).audio_tracks] == [False, True]


def test_where_no_track_can_be_decoded_it_is_silent(tmp_path):
    clip = write_tracks(tmp_path / "clip.mp4", count=1)
    make_track_unreadable(clip, 0)
    assert list(decode_audio(clip)) == []


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".ts"])
def test_it_is_known_when_the_sound_ends(tmp_path, suffix):
    clip = tmp_path / f"clip{suffix}"
    picture = ("-f", "lavfi", "-i", "color=gray:s=160x90:r=24:d=1", "-pix_fmt", "yuv420p")
    run_ffmpeg(["-f", "lavfi", "-i", "sine=d=2.5:r=48000", *picture, str(clip)])
    footage = read_footage(clip)
    assert footage.facts.seconds == 1
    assert abs(footage.sound_seconds - Fraction(5, 2)) < Fraction(1, 20)
