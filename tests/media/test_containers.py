"""Footage from any camera: every container gives the same pictures and sound as an MP4."""

from __future__ import annotations

import wave
from pathlib import Path

import cv2
import numpy as np
import pytest

from storyboard.language.builder.media_files import (
    MediaKind,
    detect_media_kind_and_name,
    is_file_reference,
)
from storyboard.stitching.media.decode_check import check_whole_input
from storyboard.stitching.media.ffmpeg import extract_frame, read_frames, run_ffmpeg
from storyboard.stitching.media.probe import read_footage
from storyboard.stitching.sound.pcm import RATE, decode_audio
from storyboard.timecode import FrameRange, Rate
from tests.media.conftest import SIZE, TAGS, draw_marked_frame, read_marks

FRAMES = 30
BEEP_FRAME = 20

H264, MPEG2 = "-c:v libx264 -qp 12 -g 12 -bf 2", "-c:v mpeg2video -q:v 2 -g 12 -bf 2"
KINDS = {
    "mpeg2.mxf": f"{MPEG2} -c:a pcm_s16le",
    "h264.mxf": f"{H264} -c:a pcm_s16le",
    "mpeg4.avi": "-c:v mpeg4 -q:v 2 -c:a pcm_s16le",
    "mjpeg.AVI": "-c:v mjpeg -q:v 2 -pix_fmt yuvj420p -c:a pcm_u8 -ar 11025",
    "b-frames.divx": "-f avi -c:v mpeg4 -q:v 2 -bf 1 -c:a pcm_s16le",
    "avchd.MTS": f"{H264} -f mpegts -mpegts_m2ts_mode 1 -c:a ac3",
    "bluray.m2ts": f"{H264} -c:a ac3",
    "hevc.ts": "-c:v libx265 -x265-params log-level=none:qp=12 -c:a aac",
    "mpeg2.m2t": f"-f mpegts {MPEG2} -c:a mp2",
    "dvd.vob": f"{MPEG2} -c:a ac3",
    "camcorder.MOD": f"-f vob {MPEG2} -c:a ac3",
    "mpeg1.mpg": "-c:v mpeg1video -q:v 2 -bf 2 -c:a mp2",
    "flac.mkv": f"{H264} -c:a flac",
    "vp9.webm": "-c:v libvpx-vp9 -crf 15 -b:v 0 -cpu-used 8 -c:a libopus",
    "av1.webm": "-c:v libsvtav1 -crf 15 -preset 8 -c:a libopus",
    "phone.3gp": f"{H264} -c:a aac -ar 16000",
    "phone.3g2": f"{H264} -c:a aac",
    "screen.wmv": "-c:v wmv2 -q:v 2 -c:a wmav2",
    "screen.asf": "-c:v msmpeg4 -q:v 2 -c:a wmav2",
    "stream.flv": f"{H264} -c:a aac",
    "free.ogv": "-c:v libtheora -q:v 9 -c:a libvorbis",
    "late.mp4": f"{H264} -c:a aac -output_ts_offset 5",
    "late.mkv": f"{H264} -c:a aac -output_ts_offset 7.3",
    "fragments.mp4": f"{H264} -c:a aac -movflags frag_keyframe+empty_moov",
    "live.mkv": f"{H264} -c:a aac -live 1",
}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studio")
    times = np.arange(FRAMES * RATE // 25) / RATE
    tone = np.where(times >= BEEP_FRAME / 25, 0.5 * np.sin(2 * np.pi * 1000 * times), 0)
    with wave.open(str(folder / "beep.wav"), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes((tone * 32767).astype("<i2").tobytes())
    return folder


def write_footage(studio: Path, name: str, options: str) -> Path:
    """Pictures that say their number, and a sound that begins with picture BEEP_FRAME."""
    path = studio / name
    picture = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-framerate", "25", *TAGS]
    size = ["-video_size", f"{SIZE[0]}x{SIZE[1]}", "-i", "pipe:0"]
    words = [*picture, *size, "-i", str(studio / "beep.wav"), *options.split(), str(path)]
    run_ffmpeg(words, stdin=(draw_marked_frame(0, number).data for number in range(FRAMES)))
    return path


def read_numbers(path: Path) -> list[int]:
    """The numbers of the pictures that the clip shows."""
    frames = read_footage(path).facts.frames
    return [read_marks(planes)[1] for planes in read_frames(path, FrameRange(0, frames))]


def read_handed_on_number(path: Path, frame: int) -> int:
    """The number of the picture that a frame reference hands on."""
    out = path.with_name(f"{path.name}.png")
    extract_frame(path, frame, out)
    grey = cv2.cvtColor(cv2.imread(str(out)), cv2.COLOR_BGR2GRAY)
    picture = 16 + grey.astype(float) * 219 / 255
    planes = np.concatenate([picture, np.full_like(picture[: SIZE[1] // 2], 128)])
    return read_marks(planes)[1]


def find_beep(path: Path) -> float:
    """When the sound begins, in frames."""
    samples = np.concatenate(list(decode_audio(path)))
    return float(np.flatnonzero(np.abs(samples[:, 0]) > 0.1)[0]) / RATE * 25


@pytest.mark.parametrize("name", KINDS)
def test_footage_in_any_container_is_read_like_an_mp4(studio: Path, name: str) -> None:
    path = write_footage(studio, name, KINDS[name])
    assert is_file_reference(name)
    assert detect_media_kind_and_name(path)[0] is MediaKind.VIDEO
    facts = read_footage(path).facts
    assert (facts.rate, facts.seconds) == (Rate(25), Rate(25).to_seconds(FRAMES))
    assert read_numbers(path) == list(range(FRAMES))
    handed_on = [read_handed_on_number(path, frame) for frame in range(0, FRAMES, 7)]
    assert handed_on == list(range(0, FRAMES, 7))
    assert find_beep(path) == pytest.approx(BEEP_FRAME, abs=0.6)
    check_whole_input(path)


@pytest.mark.parametrize("is_index_damaged", [False, True])
def test_an_avi_with_a_damaged_index_or_none_is_read(studio: Path, is_index_damaged: bool) -> None:
    path = write_footage(studio, "index.avi", KINDS["mpeg4.avi"])
    data = path.read_bytes()
    end = data.rfind(b"idx1")
    path.write_bytes(data[:end] + bytes(len(data) - end) * is_index_damaged)
    assert read_numbers(path) == list(range(FRAMES))
    assert find_beep(path) == pytest.approx(BEEP_FRAME, abs=0.6)


def test_an_avi_with_dropped_pictures_is_not_taken_for_cut_off(studio: Path) -> None:
    """A capture card writes an empty chunk for a picture that it missed."""
    plain = write_footage(studio, "plain.avi", KINDS["mpeg4.avi"])
    path = studio / "dropped.avi"
    run_ffmpeg(["-itsoffset", "0.2", "-i", str(plain), "-c", "copy", str(path)])
    assert read_numbers(path) == list(range(FRAMES))


@pytest.mark.parametrize("options", [f"{H264} -c:a aac", f"{MPEG2} -c:a mp2"])
def test_a_recording_that_starts_anywhere_begins_with_its_first_whole_picture(
    studio: Path, options: str
) -> None:
    path = write_footage(studio, "broadcast.ts", options)
    data = path.read_bytes()
    path.write_bytes(data[len(data) // 188 // 5 * 188 + 50 :])
    assert detect_media_kind_and_name(path)[0] is MediaKind.VIDEO
    numbers = read_numbers(path)
    assert 0 < numbers[0] < BEEP_FRAME
    assert numbers == list(range(numbers[0], FRAMES))
    assert read_handed_on_number(path, 0) == numbers[0]
    assert find_beep(path) == pytest.approx(BEEP_FRAME - numbers[0], abs=0.6)
