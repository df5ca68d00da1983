"""Cast and reference pictures go out as a viewer shows them, and only those that need it change."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from storyboard.errors import MediaError
from storyboard.stitching.media.ffmpeg import convert_picture
from storyboard.util.picture_header import describe_picture_reading

ORIENTATION = 0x0112
SIZE = (60, 40)


def draw_picture(mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right."""
    pixels = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    pixels[:, :30], pixels[:, 30:] = (200, 40, 30), (30, 40, 200)
    return Image.fromarray(pixels).convert(mode)


def read_converted(path: Path) -> np.ndarray:
    out = path.with_name("out.png")
    convert_picture(path, out)
    assert describe_picture_reading(out) == ""
    return cv2.imread(str(out), cv2.IMREAD_UNCHANGED)[..., ::-1].astype(int)


def turn_upright(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif.tobytes()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize(("orientation", "top"), [(6, (200, 40, 30)), (8, (30, 40, 200))])
def test_a_picture_from_a_camera_held_on_its_side_is_upright(tmp_path, suffix, orientation, top):
    path = tmp_path / f"ana{suffix}"
    draw_picture().save(path, exif=turn_upright(orientation), quality=95)
    assert describe_picture_reading(path) == f"orientation {orientation}"
    picture = read_converted(path)
    assert picture.shape == (60, 40, 3)
    assert np.abs(picture[10, 20] - top).max() < 16


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".jpg", {}),
        (".jpg", {"exif": turn_upright(1)}),
        (".jpg", {"icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))}),
        (".png", {}),
        (".webp", {}),
    ],
)
def test_a_plain_picture_is_sent_as_it_is(tmp_path, suffix, options):
    path = tmp_path / f"plain{suffix}"
    if "icc_profile" in options:
        options = {"icc_profile": options["icc_profile"].tobytes()}
    draw_picture().save(path, **options)
    assert describe_picture_reading(path) == ""


def build_wide_profile() -> bytes:
    """sRGB under another name, its red and blue exchanged, so that nobody can miss it."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"xxYZ").replace(b"bXYZ", b"rXYZ").replace(b"xxYZ", b"bXYZ")
    name = "sRGB".encode("utf-16-be")
    return swapped.replace(name, "Wide".encode("utf-16-be"), 1)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_profile_is_applied(tmp_path, suffix):
    path = tmp_path / f"wide{suffix}"
    draw_picture().save(path, icc_profile=build_wide_profile(), quality=95)
    assert describe_picture_reading(path).startswith("profile Wide")
    picture = read_converted(path)
    assert np.abs(picture[20, 10] - (30, 40, 200)).max() < 16, "red became blue"


def test_a_profile_that_is_broken_is_passed_over(tmp_path):
    path = tmp_path / "odd.png"
    draw_picture().save(path, icc_profile=build_wide_profile()[:200] + bytes(300))
    assert np.abs(read_converted(path)[20, 10] - (200, 40, 30)).max() < 4


def test_four_inks_become_three_colours(tmp_path):
    path = tmp_path / "print.jpg"
    draw_picture("CMYK").save(path, quality=95)
    assert describe_picture_reading(path) == "CMYK"
    assert np.abs(read_converted(path)[20, 10] - (200, 40, 30)).max() < 16


@pytest.mark.parametrize("is_grey", [True, False])
def test_sixteen_bits_become_eight(tmp_path, is_grey):
    path = tmp_path / "deep.png"
    deep = np.zeros((40, 60, 3), np.uint16)
    deep[...] = (30 * 257, 40 * 257, 200 * 257)  # as cv2 has it: blue, green, red
    cv2.imwrite(str(path), deep[..., 2] if is_grey else deep)
    assert describe_picture_reading(path) == "16 bit"
    assert tuple(read_converted(path)[20, 10]) == ((200,) * 3 if is_grey else (200, 40, 30))


def test_what_shows_through_is_white(tmp_path):
    path = tmp_path / "cut-out.png"
    picture = draw_picture("RGBA")
    picture.putalpha(Image.fromarray(np.repeat(np.uint8([[0, 255]]), 30, 1).repeat(40, 0)))
    picture.save(path, exif=turn_upright(3))
    converted = read_converted(path)
    assert tuple(converted[20, 50]) == (255, 255, 255)
    assert tuple(converted[20, 10]) == (30, 40, 200)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff\xe1\xff", b"\x89PNG\r\n\x1a\n\0\0", b"RIFF"])
def test_what_is_no_picture_is_said_by_whoever_reads_it(tmp_path, data):
    path = tmp_path / "no.jpg"
    path.write_bytes(data)
    assert describe_picture_reading(path) == ""
    with pytest.raises(MediaError, match=r"no\.jpg is not a readable image"):
        convert_picture(path, tmp_path / "out.png")


def test_many_headers_are_read_and_damaged_ones_raise_nothing(tmp_path):
    stream = BytesIO()
    draw_picture().save(
        stream, "JPEG", exif=turn_upright(6), icc_profile=build_wide_profile(), quality=60
    )
    data, path = stream.getvalue(), tmp_path / "cut.jpg"
    for size in range(0, len(data), 7):
        path.write_bytes(data[:size])
        describe_picture_reading(path)
