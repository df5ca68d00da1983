"""What is damaged or cut off is named before it is believed."""

from __future__ import annotations

import pytest

from storyboard.errors import MediaError
from storyboard.stitching.media.clip_index import read_clip_index
from storyboard.stitching.media.ffmpeg import probe, probe_and_decode, read_frames, run_ffmpeg
from storyboard.stitching.media.mp4_reader import read_sample_table
from storyboard.timecode import FrameRange

GRAIN = ("-vf", "noise=alls=20:allf=t", "-g", "12", "-bf", "2", "-crf", "12")
UNDAMAGED_OPTIONS = {
    "open.mp4": ("-x264-params", "open-gop=1:keyint=10:min-keyint=10:bframes=3"),
    "refreshed.mkv": ("-x264-params", "intra-refresh=1:keyint=10"),
    "interlaced.ts": ("-flags", "+ilme+ildct"),
    "other.webm": ("-c:v", "libvpx", "-deadline", "realtime"),
    "stills.mov": ("-c:v", "mjpeg", "-color_range", "pc", "-pix_fmt", "yuvj420p"),
}


def damage_frame(take, frame):
    """The take with some bytes of one frame turned over, in its place."""
    data = bytearray(take.path.read_bytes())
    table, ranks = read_sample_table(take.path), read_clip_index(take.path).ranks
    sample = ranks.index(frame)
    at = table.offsets[sample] + table.sizes[sample] // 2
    for byte in range(at, at + 40):
        data[byte] ^= 0xFF
    take.path.write_bytes(data)


@pytest.mark.parametrize("frame", [0, 17, 35])
def test_a_frame_that_a_player_would_hide_is_named(lab, frame):
    take = lab.write_take(3, 36, options=GRAIN)
    assert probe_and_decode(take.path) == take.facts
    damage_frame(take, frame)
    assert probe(take.path) == take.facts
    with pytest.raises(MediaError, match="is damaged: frame") as refused:
        probe_and_decode(take.path)
    named = int(str(refused.value).split("frame ")[1].split(",")[0])
    assert frame - 3 <= named <= frame, "pictures that look ahead to it may stand before it"
    assert "again" in refused.value.hint


def test_a_concealed_frame_is_never_drawn(lab):
    take = lab.write_take(3, 36, options=GRAIN)
    damage_frame(take, 12)
    with pytest.raises(MediaError, match=r"is damaged: frame 1\d can't be decoded"):
        list(read_frames(take.path, FrameRange(6, 30), threads=1))


@pytest.mark.parametrize("frame", [5, 11])
def test_a_frame_that_never_comes_out_is_named(lab, frame):
    take = lab.write_take(3, 12, options=("-bf", "0", "-x264-params", "slices=1"))
    data = bytearray(take.path.read_bytes())
    data[read_sample_table(take.path).offsets[frame] + 4] = 0x1E  # a unit of no known kind
    take.path.write_bytes(data)
    with pytest.raises(MediaError, match=f"damaged: frame {frame},"):
        probe_and_decode(take.path)


@pytest.mark.parametrize("name", UNDAMAGED_OPTIONS)
def test_what_is_whole_is_believed(lab, name):
    take = lab.write_take(4, 24, options=UNDAMAGED_OPTIONS[name], suffix=name[name.index(".") :])
    assert probe_and_decode(take.path) == take.facts


def test_sound_and_stills_have_no_frames_to_lose(lab):
    tone, still = lab.folder / "tone.wav", lab.folder / "still.png"
    run_ffmpeg(["-f", "lavfi", "-i", "sine=d=0.5:r=48000", str(tone)])
    run_ffmpeg(["-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", "1", str(still)])
    assert (probe_and_decode(tone).frames, probe_and_decode(still).frames) == (0, 1)


@pytest.mark.parametrize("suffix", [".mkv", ".webm"])
def test_a_matroska_file_that_is_cut_off_is_refused(lab, suffix):
    options = ("-c:v", "libvpx", "-deadline", "realtime") if suffix == ".webm" else GRAIN
    take = lab.write_take(5, 48, options=options, suffix=suffix)
    data = take.path.read_bytes()
    short = lab.folder / f"short{suffix}"
    short.write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(MediaError, match=rf"cut off: it has \d+ of {len(data)} bytes"):
        probe(short)


def test_a_recording_that_never_said_how_long_it_is_is_taken(lab):
    take = lab.write_take(5, 24, options=(*GRAIN, "-live", "1"), suffix=".mkv")
    assert take.facts.frames == 24
