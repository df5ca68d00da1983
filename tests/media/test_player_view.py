"""A clip is one thing: frames that are handed on, effects and the cut show what a player shows."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from storyboard.model.film import Delivery
from storyboard.previz.encode import conform_video
from storyboard.stitching.effects.apply import apply_effects
from storyboard.stitching.media.ffmpeg import extract_frame, probe, read_frames, run_ffmpeg
from storyboard.stitching.media.player_view import describe_clip_reading, describe_frame_reading
from storyboard.stitching.media.probe import read_footage, read_frame_index
from storyboard.stitching.media.yuv import create_solid_frame, to_rgb
from storyboard.stitching.picture.conform import conform_take
from storyboard.timecode import FrameRange, Rate, find_shown_frames

FILM = Delivery(resolution="360p")
PICTURE = "testsrc=size=640x360:rate=24:duration=1"
STRIPE = (
    "color=black:s=720x576:r=50:d=1,"
    "geq=lum=if(between(X\\,50+8*N\\,90+8*N)\\,235\\,16):cb=128:cr=128"
)
X265 = "lossless=1:log-level=none"
HDR = "-c:v libx265 -pix_fmt yuv420p10le -tag:v hvc1"
WIDE = "range=tv:color_primaries=bt2020:colorspace=bt2020nc"
TAGGED = "-color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709"


def write_clip(path: Path, source: str, *words: str) -> Path:
    options = [option for text in words for option in text.split()]
    run_ffmpeg(["-f", "lavfi", "-i", source, *options, str(path)])
    return path


def turn(folder: Path, option: str) -> Path:
    upright = write_clip(folder / "upright.mp4", PICTURE, "-pix_fmt yuv420p", TAGGED)
    turned = folder / f"turned{option.strip('-').replace(' ', '')}.mp4"
    run_ffmpeg([*option.split(), "-i", str(upright), "-c", "copy", str(turned)])
    return turned


def write_turned(folder: Path) -> Path:
    return turn(folder, "-display_rotation 90")


def write_mirrored(folder: Path) -> Path:
    return turn(folder, "-display_hflip")


def write_interlaced(folder: Path) -> Path:
    tinterlace = "-vf tinterlace=interleave_top,setfield=tff,setsar=16/15"
    flags = "-flags +ildct+ilme -c:v libx264 -x264-params tff=1 -pix_fmt yuv420p"
    return write_clip(folder / "interlaced.mp4", STRIPE, tinterlace, flags)


def write_anamorphic(folder: Path) -> Path:
    source = PICTURE.replace("640x360", "720x480")
    return write_clip(folder / "ana.mp4", source, "-vf setsar=32/27 -pix_fmt yuv420p", TAGGED)


def write_hdr(folder: Path, curve: str, color: str) -> Path:
    source = f"color={color}:s=640x360:r=24:d=0.5,setparams={WIDE}:color_trc={curve}"
    path = folder / f"{curve}.mov"
    return write_clip(path, source, HDR, f"-x265-params {X265}")


def write_hlg(folder: Path) -> Path:
    return write_hdr(folder, "arib-std-b67", "0xB06D4F")


def write_pq(folder: Path) -> Path:
    return write_hdr(folder, "smpte2084", "0x949494")


def write_untagged(folder: Path) -> Path:
    return write_clip(folder / "untagged.mp4", PICTURE, "-pix_fmt yuv420p -c:v libx264 -qp 8")


WRITERS = {
    "turned by 90": write_turned,
    "mirrored": write_mirrored,
    "deinterlaced, pixels 16/15 wide, BT.601 untagged": write_interlaced,
    "pixels 32/27 wide": write_anamorphic,
    "tone-mapped from HLG": write_hlg,
    "tone-mapped from PQ": write_pq,
    "BT.601 untagged": write_untagged,
}


def read_handed_on(clip: Path, frame: int) -> np.ndarray:
    """The picture that a frame reference hands on."""
    out = clip.with_suffix(".png")
    extract_frame(clip, frame, out)
    return cv2.imread(str(out))[..., ::-1]


def read_cut(clip: Path, film_frame: int) -> np.ndarray:
    """The frame as the film shows it, without its bars."""
    conformed = conform_take(clip, clip.name, FILM, clip.parent / "cache")
    picture = to_rgb(next(read_frames(conformed, FrameRange(film_frame, film_frame + 1))))
    facts = probe(clip)
    width = round(min(640, 360 * facts.width / facts.height) / 2) * 2
    left = (640 - width) // 2
    return picture[:, left : left + width]


def measure_difference(one: np.ndarray, other: np.ndarray) -> float:
    """The mean difference of two pictures of one shape, without their finest detail."""
    assert one.shape[1] / one.shape[0] == pytest.approx(other.shape[1] / other.shape[0], rel=0.02)
    small = [
        cv2.resize(np.ascontiguousarray(picture), (80, 80), interpolation=cv2.INTER_AREA)
        for picture in (one, other)
    ]
    return float(cv2.absdiff(*small).mean())


@pytest.mark.parametrize("reading", WRITERS)
def test_a_frame_that_is_handed_on_is_the_one_that_the_film_shows(tmp_path, reading):
    clip = WRITERS[reading](tmp_path)
    assert describe_clip_reading(read_frame_index(clip)) == reading
    rate = read_frame_index(clip).rate
    film_frame = 7
    shown = rate.to_frames(FILM.rate.to_seconds(film_frame))
    cut = read_cut(clip, film_frame)
    assert measure_difference(read_handed_on(clip, shown), cut) < 6
    planes = to_rgb(next(read_frames(clip, FrameRange(shown, shown + 1))))
    assert measure_difference(planes, cut) < 6


@pytest.mark.parametrize(
    "coding",
    ["-profile:v 3 -pix_fmt yuv422p10le", "-profile:v 5 -pix_fmt yuv444p12le"],
)
def test_what_an_editor_hands_over_in_prores_is_read_as_well(tmp_path, coding):
    source = f"color=0xB06D4F:s=640x360:r=24:d=0.5,setparams={WIDE}:color_trc=arib-std-b67"
    clip = write_clip(tmp_path / "master.mov", source, "-c:v prores_ks", coding)
    assert describe_clip_reading(read_frame_index(clip)) == "tone-mapped from HLG"
    assert measure_difference(read_handed_on(clip, 7), read_cut(clip, 7)) < 3


def test_frames_come_out_alike_one_by_one_and_in_a_row(tmp_path):
    for write in (write_interlaced, write_hlg, write_turned):
        clip = write(tmp_path)
        row = list(read_frames(clip, FrameRange(2, 8)))
        for number in (2, 5, 7):
            alone = next(read_frames(clip, FrameRange(number, number + 1)))
            assert np.abs(alone.astype(int) - row[number - 2]).max() <= 2, (clip, number)


def test_fields_are_not_combed(tmp_path):
    picture = read_handed_on(write_interlaced(tmp_path), 5).astype(int)
    assert picture.shape == (576, 768, 3)
    assert np.abs(picture[101:400] - picture[100:399]).mean() < 1


def test_a_camera_that_stood_on_its_side_kept_its_fields_apart(tmp_path):
    upright = write_interlaced(tmp_path)
    clip = tmp_path / "side.mp4"
    run_ffmpeg(["-display_rotation", "90", "-i", str(upright), "-c", "copy", str(clip)])
    cut = read_cut(clip, 7).astype(int)
    assert np.abs(cut[:, 41:140] - cut[:, 40:139]).mean() < 1
    assert measure_difference(read_handed_on(clip, 7), cut.astype(np.uint8)) < 6


@pytest.mark.parametrize(("size", "is_sd"), [("720x576", True), ("1280x720", False)])
def test_colours_that_no_tag_explains_are_those_of_their_size(tmp_path, size, is_sd):
    matrix = "bt601" if is_sd else "bt709"
    clip = write_clip(
        tmp_path / "plain.mp4",
        f"color=0x336699:s={size}:r=24:d=0.2",
        f"-vf format=rgb24,scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p",
        "-c:v libx264 -qp 0 -bsf:v h264_metadata=matrix_coefficients=2",
    )
    index = read_frame_index(clip)
    assert index.colorspace == 2
    assert describe_frame_reading(index) == ("BT.601 untagged" if is_sd else "")
    for picture in (read_handed_on(clip, 1), read_cut(clip, 1)):
        middle = picture[picture.shape[0] // 2, picture.shape[1] // 2].astype(int)
        assert np.abs(middle - (0x33, 0x66, 0x99)).max() <= 3


def test_a_plain_clip_is_read_as_it_is_coded(lab):
    take = lab.write_take(1, 8)
    footage = read_footage(take.path)
    assert (footage.frame_reading, footage.clip_reading, footage.frame_times) == ("", "", ())


def write_uneven(folder: Path) -> Path:
    """Four seconds at 30 and then at 60 frames a second; every odd half second is white."""
    bright = "if(eq(mod(floor(T*2)\\,2)\\,1)\\,235\\,16)"
    return write_clip(
        folder / "uneven.mp4",
        "color=black:s=160x90:r=60:d=4",
        f"-vf geq=lum={bright}:cb=128:cr=128,select='gte(t,2)+not(mod(n,2))' -fps_mode vfr",
        "-pix_fmt yuv420p -c:v libx264 -g 30",
        TAGGED,
    )


def is_white(frame: np.ndarray) -> bool:
    return bool(frame[: len(frame) * 2 // 3].mean() > 120)


def test_uneven_frames_stand_at_their_time_for_effects_too(tmp_path):
    clip, out = write_uneven(tmp_path), tmp_path / "out.mp4"
    assert describe_clip_reading(read_frame_index(clip)) == "at uneven times"
    assert describe_frame_reading(read_frame_index(clip)) == ""
    options = {"effects": [["MirrorX", {}]], "parts": [[0, 96]], "frames": 96, "rate": "24"}
    apply_effects([(clip, 0)], options, out)
    cut = conform_take(clip, "uneven", FILM, tmp_path / "cache")
    expected = [frame // 12 % 2 == 1 for frame in range(96)]
    for path in (out, cut):
        assert [is_white(frame) for frame in read_frames(path, FrameRange(0, 96))] == expected


def test_the_frame_at_a_time_is_the_one_that_the_cut_shows_there(tmp_path):
    clip = write_uneven(tmp_path)
    times = read_footage(clip).frame_times
    shown = find_shown_frames(times, range(96), FILM.rate)
    assert [is_white(next(read_frames(clip, FrameRange(n, n + 1)))) for n in shown[10:40:3]] == [
        frame // 12 % 2 == 1 for frame in range(10, 40, 3)
    ]


@pytest.mark.parametrize("reading", ["turned by 90", "tone-mapped from PQ", "pixels 32/27 wide"])
def test_effects_work_on_what_is_shown(tmp_path, reading):
    clip, out = WRITERS[reading](tmp_path), tmp_path / "out.mp4"
    options = {"effects": [["MirrorX", {}]], "parts": [[0, 10]], "frames": 10, "rate": "24"}
    apply_effects([(clip, 0)], options, out)
    assert abs(probe(out).width - probe(clip).width) <= 1
    mirrored = to_rgb(next(read_frames(out, FrameRange(7, 8))))
    assert measure_difference(mirrored[:, ::-1], read_handed_on(clip, 7)) < 6


@pytest.mark.parametrize("reading", WRITERS)
def test_previz_goes_on_from_what_is_shown(tmp_path, reading):
    clip, out = WRITERS[reading](tmp_path), tmp_path / "source.mp4"
    facts = probe(clip)
    size = (facts.width // 2 * 2, facts.height // 2 * 2)
    conform_video(clip, size, 24, out)
    assert (probe(out).width, probe(out).height) == size
    shown = facts.rate.to_frames(FILM.rate.to_seconds(7))
    picture = to_rgb(next(read_frames(out, FrameRange(7, 8))))
    assert measure_difference(picture, read_handed_on(clip, shown)) < 6


def test_a_clips_frames_on_the_grid_are_counted_and_rounded():
    half = [Fraction(n, 2) for n in range(4)]
    assert find_shown_frames(half, range(8), Rate(Fraction(4))) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert find_shown_frames(half, range(6), Rate(Fraction(2))) == [0, 1, 2, 3, 3, 3]
    uneven = [Fraction(0), Fraction(1, 10), Fraction(1)]
    assert find_shown_frames(uneven, range(5), Rate(Fraction(2))) == [1, 1, 2, 2, 2]


def test_a_solid_colour_stays_itself_through_the_door(lab):
    raw = "-f rawvideo -pix_fmt yuv420p -video_size 320x180 -framerate 24".split()
    clip = lab.folder / "solid.mp4"
    feed = [create_solid_frame("#336699", lab.size).data] * 3
    tags = TAGGED.split()
    run_ffmpeg([*raw, *tags, "-i", "pipe:0", "-qp", "0", *tags, str(clip)], stdin=feed)
    assert np.abs(read_handed_on(clip, 2).astype(int) - (0x33, 0x66, 0x99)).max() <= 1
