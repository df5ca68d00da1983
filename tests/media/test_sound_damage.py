"""Sound that is cut off or has a hole is named before it is believed."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from storyboard.errors import MediaError
from storyboard.stitching.media.decode_check import check_whole_input
from storyboard.stitching.media.ffmpeg import run_ffmpeg

KINDS = {
    "plain.wav": "",
    "deep.wav": "-c:a pcm_s24le",
    "large.wav": "-rf64 always",
    "plain.flac": "",
    "counted.mp3": "-b:a 128k",
    "uncounted.mp3": "-b:a 128k -write_xing 0",
    "slow.mp3": "-ar 22050 -b:a 64k -write_xing 0",
    "variable.mp3": "-q:a 2",
    "first.m4a": "-movflags +faststart",
    "last.m4a": "",
    "parts.m4a": "-movflags frag_keyframe+empty_moov",
    "vorbis.ogg": "-c:a libvorbis",
    "opus.ogg": "-c:a libopus",
    "flac.ogg": "-c:a flac",
}
UNCOMPRESSED = (".wav",)
"""A hole in these is a silence, which may be meant."""
FOUND = r"is damaged|is cut off|is not a readable|no sound can be"


def write_sound(folder: Path, name: str) -> Path:
    path = folder / name
    run_ffmpeg(["-f", "lavfi", "-i", "aevalsrc=random(0)-0.5:d=4", *KINDS[name].split(), str(path)])
    return path


def damage_sound(path: Path) -> None:
    """Overwrites some packets of the sound track."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(audio=0) if packet.size]
        places = [(packet.pos, packet.size) for packet in packets]
    data = bytearray(path.read_bytes())
    for start, size in places[20:24]:
        data[start : start + size] = b"\xff" * size
    path.write_bytes(data)


@pytest.mark.parametrize("name", KINDS)
def test_sound_that_is_cut_off_is_found_wherever_the_cut_is(tmp_path: Path, name: str) -> None:
    path = write_sound(tmp_path, name)
    check_whole_input(path)
    whole = path.read_bytes()
    for share in (0.97, 0.8, 0.4):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(MediaError, match=FOUND):
            check_whole_input(path)


@pytest.mark.parametrize("name", [name for name in KINDS if not name.endswith(UNCOMPRESSED)])
def test_a_hole_in_the_sound_is_found(tmp_path: Path, name: str) -> None:
    path = write_sound(tmp_path, name)
    data = bytearray(path.read_bytes())
    size = len(data) // 6
    data[len(data) // 2 : len(data) // 2 + size] = bytes(size)
    path.write_bytes(data)
    with pytest.raises(MediaError, match="is damaged"):
        check_whole_input(path)


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_the_sound_of_footage_is_decoded_too(tmp_path: Path, suffix: str) -> None:
    """A mix would stop at it, after everything is bought."""
    path = tmp_path / f"clip{suffix}"
    picture = ["-f", "lavfi", "-i", "color=gray:s=64x64:r=24:d=2"]
    sound = ["-f", "lavfi", "-i", "aevalsrc=random(0)-0.5:d=2"]
    run_ffmpeg([*picture, *sound, "-c:v", "libx264", "-c:a", "aac", str(path)])
    check_whole_input(path)
    damage_sound(path)
    with pytest.raises(MediaError, match="its sound track 1"):
        check_whole_input(path)
