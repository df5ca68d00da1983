"""Takes of another size, rate or make are brought to the delivery format, and only those."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from storyboard.model.film import Delivery
from storyboard.stitching.media.ffmpeg import extract_frame, probe, read_frames, run_ffmpeg
from storyboard.stitching.media.probe import read_frame_index
from storyboard.stitching.picture.conform import (
    build_ffmpeg_conform_arguments,
    conform_take,
    describe_format_differences,
)
from storyboard.timecode import FrameRange, Rate


def conform_to_delivery(studio, take, delivery=None):
    cache = studio.folder / "cache"
    return conform_take(take.path, take.sha256, delivery or studio.delivery, cache)


def test_a_take_in_the_delivery_format_is_used_as_it_is(lab):
    take = lab.write_take(1, 12)
    assert conform_to_delivery(lab, take) == take.path
    assert not (lab.folder / "cache").exists()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_the_container_makes_no_difference(lab, suffix):
    take = lab.write_take(1, 24, suffix=suffix)
    assert conform_to_delivery(lab, take) == take.path


@pytest.mark.parametrize(
    ("rate", "frames", "due"),
    [
        ("24000/1001", 48, [0, 1, 2, 24, 47]),
        ("25", 50, [0, 1, 2, 25, 49]),
        ("30", 60, [0, 1, 2, 30, 59]),
        ("30000/1001", 60, [0, 1, 2, 30, 59]),
        ("60", 120, [0, 2, 5, 60, 118]),
        ("12", 24, [0, 0, 1, 12, 23]),
    ],
)
def test_another_rate_keeps_the_seconds(lab, rate, frames, due):
    take = lab.write_take(7, frames, rate=rate)
    path = conform_to_delivery(lab, take)
    facts = probe(path)
    assert (facts.rate, facts.frames) == (Rate(Fraction(24)), 48)
    frame_numbers = [lab.read_marks(frame)[1] for frame in read_frames(path, FrameRange(0, 48))]
    assert frame_numbers == sorted(frame_numbers)
    for film_frame, take_frame in zip((0, 1, 2, 24, 47), due, strict=True):
        assert abs(frame_numbers[film_frame] - take_frame) <= 1


def test_frames_at_uneven_times_are_set_on_the_grid(lab):
    take, uneven = lab.write_take(2, 48), lab.folder / "uneven.mp4"
    drop = "select='not(eq(mod(n,5),3))'"
    run_ffmpeg(["-i", str(take.path), "-vf", drop, "-fps_mode", "vfr", "-g", "24", str(uneven)])
    assert describe_format_differences(read_frame_index(uneven), lab.delivery) == (
        "variable frame rate",
    )
    path = conform_take(uneven, "uneven", lab.delivery, lab.folder / "cache")
    frame_numbers = [lab.read_marks(frame)[1] for frame in read_frames(path, FrameRange(0, 48))]
    assert frame_numbers == [frame - (frame % 5 == 3) for frame in range(48)]


def test_another_size_of_the_same_shape_is_scaled_without_bars(lab):
    take = lab.write_take(3, 4, size=(640, 368))
    path = conform_to_delivery(lab, take)
    facts = probe(path)
    assert (facts.width, facts.height) == lab.size
    assert lab.read_marks(next(read_frames(path, FrameRange(2, 3)))) == (3, 2)


def test_another_shape_stands_in_black_bars(lab):
    take = lab.write_take(255, 4, size=(240, 240))
    luma = next(read_frames(conform_to_delivery(lab, take), FrameRange(0, 1)))[:180].astype(int)
    assert np.abs(luma[:, :68] - 16).max() < 4
    assert np.abs(luma[:, -68:] - 16).max() < 4
    assert np.abs(luma[110:, 72:-72] - 208).max() < 8


def test_turned_and_stretched_pictures_come_out_as_a_viewer_sees_them(lab):
    upright = Delivery(resolution="180p", aspect_ratio="9:16")
    take, turned = lab.write_take(4, 4), lab.folder / "turned.mp4"
    run_ffmpeg(["-display_rotation", "90", "-i", str(take.path), "-c", "copy", str(turned)])
    path = conform_take(turned, "turned", upright, lab.folder / "cache")
    frame = next(read_frames(path, FrameRange(1, 2)))
    assert frame.shape == (480, 180)
    back = np.rot90(frame[:320], -1)
    planes = np.full((270, 320), 128, np.uint8)
    planes[:180] = back
    assert lab.read_marks(planes) == (4, 1)


@pytest.mark.parametrize("option", ["-display_hflip", "-display_vflip"])
def test_mirrored_pictures_come_out_as_a_viewer_sees_them(lab, option):
    take, mirrored, out = lab.write_take(4, 4), lab.folder / "m.mp4", lab.folder / "out.png"
    run_ffmpeg([option, "-i", str(take.path), "-c", "copy", str(mirrored)])
    assert "mirrored" in describe_format_differences(read_frame_index(mirrored), lab.delivery)
    path = conform_take(mirrored, option, lab.delivery, lab.folder / "cache")
    frame = next(read_frames(path, FrameRange(1, 2)))
    axis = 1 if option == "-display_hflip" else 0
    frame[:180] = np.flip(frame[:180], axis)
    assert lab.read_marks(frame) == (4, 1)
    extract_frame(mirrored, 1, out)
    upright = np.full((270, 320), 128, np.uint8)
    upright[:180] = np.flip(cv2.imread(str(out), cv2.IMREAD_GRAYSCALE) * 0.8 + 18, axis)
    assert lab.read_marks(upright) == (4, 1)


@pytest.mark.parametrize(
    "second",
    [{"size": (160, 90)}, {"options": ("-pix_fmt", "yuv422p")}, {"options": ("-crf", "30")}],
    ids=["size", "depth", "sets"],
)
def test_what_changes_on_the_way_loses_no_frame(lab, second):
    parts = [
        lab.write_take(1, 20, size=(640, 360), suffix=".mkv"),
        lab.write_take(2, 20, **{"size": (640, 360), "suffix": ".mkv", **second}),
    ]
    list_file, joined = lab.folder / "list.txt", lab.folder / "joined.mkv"
    list_file.write_text("".join(f"file '{part.path}'\n" for part in parts))
    run_ffmpeg(
        ["-f", "concat", "-safe", "0", "-i", str(list_file), "-c", "copy",
         "-bsf:v", "h264_mp4toannexb", str(joined)]
    )  # fmt: skip
    path = conform_take(joined, "joined", lab.delivery, lab.folder / "cache")
    frame_numbers = [lab.read_marks(frame) for frame in read_frames(path, FrameRange(0, 40))]
    assert frame_numbers == [(clip, frame) for clip in (1, 2) for frame in range(20)]


def test_frames_that_stray_a_little_from_the_films_rate_are_shown_once_each(lab):
    take, strayed = lab.write_take(2, 40), lab.folder / "strayed.mkv"
    late = "setts=ts=TS+if(gte(TS\\,20/24/TB)\\,0.6/24/TB\\,0)"
    run_ffmpeg(["-i", str(take.path), "-c", "copy", "-bsf:v", late, str(strayed)])
    assert describe_format_differences(read_frame_index(strayed), lab.delivery) == (
        "variable frame rate",
    )
    path = conform_take(strayed, "strayed", lab.delivery, lab.folder / "cache")
    frame_numbers = [lab.read_marks(frame)[1] for frame in read_frames(path, FrameRange(0, 40))]
    assert frame_numbers == list(range(40))


def test_of_two_pictures_the_default_one_is_taken(lab):
    first, second = lab.write_take(1, 12, size=(640, 360)), lab.write_take(2, 12, size=(240, 180))
    both = lab.folder / "both.mp4"
    run_ffmpeg(
        ["-i", str(first.path), "-i", str(second.path), "-map", "0", "-map", "1", "-c", "copy",
         "-disposition:v:0", "0", "-disposition:v:1", "default", str(both)]
    )  # fmt: skip
    assert (probe(both).width, probe(both).frames) == (240, 12)
    path = conform_take(both, "both", lab.delivery, lab.folder / "cache")
    luma = next(read_frames(path, FrameRange(5, 6)))
    assert luma[:180, :30].max() < 20, "it gets black bars"
    assert [lab.read_marks(frame)[0] for frame in read_frames(both, FrameRange(3, 4))] == [2]


def test_full_range_and_deep_pixels_become_what_is_delivered(lab):
    take = lab.write_take(9, 4)
    for name, options in {
        "full": ["-vf", "scale=out_range=pc", "-pix_fmt", "yuvj420p"],
        "deep": ["-pix_fmt", "yuv422p10le"],
    }.items():
        other = lab.folder / f"{name}.mp4"
        run_ffmpeg(["-i", str(take.path), *options, str(other)])
        path = conform_take(other, name, lab.delivery, lab.folder / "cache")
        assert path != other
        assert describe_format_differences(read_frame_index(path), lab.delivery) == ()
        assert lab.read_marks(next(read_frames(path, FrameRange(3, 4)))) == (9, 3)


def test_a_still_becomes_one_frame_in_its_own_colours(lab):
    still, out = lab.folder / "still.png", lab.folder / "out.png"
    cv2.imwrite(str(still), np.full((90, 160, 3), (0x99, 0x66, 0x33), np.uint8))
    path = conform_take(still, "still", lab.delivery, lab.folder / "cache")
    assert probe(path).frames == 1
    extract_frame(path, 0, out)
    assert np.abs(cv2.imread(str(out)).astype(int) - (0x99, 0x66, 0x33)).max() <= 2


def test_a_conformed_take_is_found_again_by_its_content(lab):
    take = lab.write_take(1, 12, rate="25")
    path = conform_to_delivery(lab, take)
    modified_ns = path.stat().st_mtime_ns
    moved = take.path.rename(lab.folder / "elsewhere.mp4")
    assert conform_take(moved, take.sha256, lab.delivery, lab.folder / "cache") == path
    assert path.stat().st_mtime_ns == modified_ns
    assert [cached_file.name for cached_file in path.parent.iterdir()] == [path.name]


def test_the_graph_says_only_what_is_needed(lab):
    take = lab.write_take(1, 4, rate="25", size=(240, 180))
    graph = " ".join(
        build_ffmpeg_conform_arguments(
            take.path, read_frame_index(take.path), lab.delivery, lab.folder / "out.mp4"
        )
    )
    assert "fps=fps=24" in graph
    assert "pad=320:180:40:0" in graph
    assert "bwdif" not in graph
    assert "tonemap" not in graph
