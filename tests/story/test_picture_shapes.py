"""A picture of another shape than the shot is noted before anything is bought."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from storyboard.errors import Severity
from storyboard.pipeline.session import check_film
from storyboard.util.picture_header import read_image_size

FILM = """
storyboard: 1
defaults: {provider: %s, model: %s, duration: 8}
cast:
  mira: {image: mira.png}
shots:
  - {id: SH010, prompt: A boat, %s}
"""


def draw_picture(path: Path, width: int, height: int) -> None:
    cv2.imwrite(str(path), np.full((height, width, 3), 90, np.uint8))


def list_notes(path: Path) -> list[str]:
    return [each.message for each in check_film(path).diagnostics if each.code == "SB433"]


@pytest.fixture
def check_shot(write_film: Callable[..., Path]) -> Callable[..., list[str]]:
    def check(shot: str, provider: str = "vertex", model: str = "veo-3.1") -> list[str]:
        path = write_film(FILM % (provider, model, shot))
        for name, size in (("mira", (600, 800)), ("square", (720, 720)), ("wide", (1376, 768))):
            draw_picture(path.parent / f"{name}.png", *size)
        return list_notes(path)

    return check


def test_a_first_and_a_last_frame_of_another_shape_are_noted_with_their_size(
    check_shot: Callable[..., list[str]],
) -> None:
    assert check_shot("first_frame: square.png, last_frame: mira.png") == [
        "SH010 is 16:9, and its first frame square.png is 720x720: another shape",
        "SH010 is 16:9, and its last frame mira.png is 600x800: another shape",
    ]


def test_a_reference_of_another_shape_is_noted(check_shot: Callable[..., list[str]]) -> None:
    note = "SH010 is 16:9, and its reference mira.png is 600x800: another shape"
    assert check_shot("references: [mira]") == [note]
    assert check_shot("cast: [mira]") == [note]


def test_a_few_pixels_are_no_other_shape(check_shot: Callable[..., list[str]]) -> None:
    assert check_shot("first_frame: wide.png") == []


def test_a_rehearsal_that_names_no_platform_is_left_alone(
    check_shot: Callable[..., list[str]],
) -> None:
    assert check_shot("first_frame: square.png", provider="previz") == []


def test_a_frame_of_another_shot_counts_too(write_film: Callable[..., Path]) -> None:
    path = write_film("""
storyboard: 1
defaults: {provider: vertex, duration: 8}
shots:
  - {id: SH010, prompt: A boat, aspect_ratio: "9:16"}
  - {id: SH020, prompt: It goes on, first_frame: SH010.last}
""")
    assert list_notes(path) == [
        "SH020 is 16:9, and its first frame SH010 is 720x1280: another shape"
    ]


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_a_header_tells_the_size(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"picture.{suffix}"
    draw_picture(path, 321, 123)
    assert read_image_size(path) == (321, 123)
    path.write_bytes(path.read_bytes()[:18])
    assert read_image_size(path) == (0, 0), "a header that is cut off says nothing"


@pytest.mark.parametrize(("order", "mark"), [("<", b"II"), (">", b"MM")])
def test_a_photo_that_lies_on_its_side_is_as_tall_as_a_viewer_shows_it(
    write_film: Callable[..., Path], order: str, mark: bytes
) -> None:
    film = write_film(FILM % ("vertex", "veo-3.1", "first_frame: phone.jpg"))
    draw_picture(film.parent / "mira.png", 1280, 720)
    path = film.parent / "phone.jpg"
    draw_picture(path, 320, 180)
    tag = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, 6, 0)
    tiff = mark + struct.pack(f"{order}HIH", 42, 8, 1) + tag + bytes(4)
    exif = b"Exif\0\0" + tiff
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    (note,) = list_notes(film)
    assert "phone.jpg is 180x320" in note


def test_a_long_take_that_is_refused_has_no_shape(write_film: Callable[..., Path]) -> None:
    path = write_film("""
storyboard: 1
policy: {on_limit: reanchor}
defaults: {provider: gemini, model: omni-flash}
shots:
  - id: SH010
    seed: 4
    length: 60
    beats: [{at: 0, prompt: It sails}, {at: 30, prompt: It sinks}]
""")
    codes = [each.code for each in check_film(path).diagnostics if each.severity is Severity.ERROR]
    assert set(codes) == {"SB419"}
    assert list_notes(path) == []
