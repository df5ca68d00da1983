"""Styles and pictures over the film: sizes in shares of the frame, a place, a box, a fade."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from storyboard.model.film import Anchor, MediaFile, TextStyle, TitleCue
from storyboard.stitching.text.title_timing import PlacedTitle
from storyboard.stitching.text.titles import draw_title, find_title_pixel_rows
from storyboard.timecode import FrameRange

SIZES = [(1280, 720), (320, 180), (360, 640), (858, 360)]


def style_title(text: str = "Havana", **look: object) -> TitleCue:
    return TitleCue(Anchor("start"), 48, text, look=TextStyle(**look))  # type: ignore[arg-type]


def find_ink(picture: np.ndarray, least: int = 120) -> tuple[float, float, float, float]:
    """(left, right, top, bottom) of what is not transparent, as shares of the frame."""
    alpha = picture[..., 3] > least
    rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    height, width = alpha.shape
    return columns[0] / width, (columns[-1] + 1) / width, rows[0] / height, (rows[-1] + 1) / height


@pytest.mark.parametrize("size", SIZES)
def test_a_size_is_a_share_of_the_height_of_the_delivered_frame(size: tuple[int, int]) -> None:
    _, _, top, bottom = find_ink(draw_title(style_title("H", size=10), size))
    assert bottom - top == pytest.approx(0.10 * 0.73, abs=2.5 / size[1])


@pytest.mark.parametrize("size", SIZES)
def test_nine_words_name_nine_places_inside_the_frame(size: tuple[int, int]) -> None:
    for row, vertical in (("top", 0), ("", 1), ("bottom", 2)):
        for column, horizontal in (("left", 0), ("", 1), ("right", 2)):
            word = "-".join(part for part in (row, column) if part) or "center"
            left, right, top, bottom = find_ink(draw_title(style_title(pos=word, size=6), size))
            assert int((left + right) / 2 * 3) == horizontal
            assert int((top + bottom) / 2 * 3) == vertical
            assert min(left, top) > 0.05
            assert max(right, bottom) < 0.95


def test_two_numbers_say_where_the_middle_is() -> None:
    left, right, top, bottom = find_ink(draw_title(style_title(pos=(0.3, 0.7)), (1280, 720)))
    assert (left + right) / 2 == pytest.approx(0.3, abs=0.01)
    assert (top + bottom) / 2 == pytest.approx(0.7, abs=0.02)


def test_a_place_at_the_edge_keeps_all_of_the_text_in_the_frame() -> None:
    for pos in ((0.0, 0.0), (1.0, 1.0)):
        whole = find_ink(draw_title(style_title(pos=(0.5, 0.5)), (640, 360)))
        moved = find_ink(draw_title(style_title(pos=pos), (640, 360)))
        assert moved[1] - moved[0] == pytest.approx(whole[1] - whole[0], abs=0.01)
        assert moved[3] - moved[2] == pytest.approx(whole[3] - whole[2], abs=0.01)


def test_letters_and_box_have_their_colours_and_the_box_encloses_the_letters() -> None:
    title = style_title(color="#ff0000", box="#0000ff80", pos="center", size=10)
    picture = draw_title(title, (640, 360))
    red = (picture[..., 0] > 200) & (picture[..., 2] < 90) & (picture[..., 3] > 200)
    blue = (picture[..., 2] > 200) & (picture[..., 0] < 60)
    assert red.any()
    assert np.unique(picture[..., 3][blue & (picture[..., 3] > 100)]).tolist()[:1] == [128]
    for axis in (0, 1):
        letters, box = (np.flatnonzero(mask.any(axis)) for mask in (red, blue))
        assert box[0] < letters[0]
        assert letters[-1] < box[-1]


def test_a_style_of_a_third_changes_its_colour_and_leaves_its_place() -> None:
    usual = TitleCue(Anchor("start"), 48, "Havana", style="lower-third")
    red = TitleCue(
        Anchor("start"), 48, "Havana", style="lower-third", look=TextStyle(color="#ff0000")
    )
    rows = find_title_pixel_rows(usual, (640, 360))
    assert find_title_pixel_rows(red, (640, 360)) == rows
    picture = draw_title(red, (640, 360))
    assert picture[..., 0][picture[..., 3] == 255].min() > 200
    assert picture[..., 1][picture[..., 3] == 255].max() < 60


@pytest.mark.parametrize(("fade", "first"), [(0, 1.0), (3, 0.25), (None, 1 / 13)])
def test_a_title_fades_as_long_as_its_style_says(fade: int | None, first: float) -> None:
    placed = PlacedTitle(style_title(fade=fade), FrameRange(10, 58))
    assert placed.compute_opacity(10) == pytest.approx(first)
    assert placed.compute_opacity(57) == pytest.approx(first)
    assert placed.compute_opacity(34) == 1.0


def write_logo(folder: Path, width: int, height: int) -> MediaFile:
    path = folder / "logo.png"
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[...] = (0, 0, 255, 255)
    pixels[: height // 2, :, 3] = 128
    cv2.imwrite(str(path), pixels)
    return MediaFile(path, "logo.png", width=width, height=height)


@pytest.mark.parametrize("size", SIZES)
def test_a_picture_takes_its_share_of_the_width_and_keeps_its_shape(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    title = TitleCue(
        Anchor("start"), 48, image=write_logo(tmp_path, 40, 20), width=12,
        look=TextStyle(pos="bottom-right"),
    )  # fmt: skip
    picture = draw_title(title, size)
    assert picture.shape == (size[1], size[0], 4)
    left, right, top, bottom = find_ink(picture, 60)
    assert right - left == pytest.approx(0.12, abs=2 / size[0])
    assert (bottom - top) * size[1] == pytest.approx((right - left) * size[0] / 2, abs=2)
    assert right == pytest.approx(0.94, abs=2 / size[0])
    assert bottom == pytest.approx(0.94, abs=2 / size[1])


def test_a_transparent_picture_stays_transparent_and_keeps_its_colour(tmp_path: Path) -> None:
    title = TitleCue(Anchor("start"), 48, image=write_logo(tmp_path, 40, 20), width=50)
    picture = draw_title(title, (640, 360))
    assert picture[:, :, 3].min() == 0
    assert {128, 255} <= set(np.unique(picture[..., 3]).tolist())
    shown = picture[picture[..., 3] > 100]
    assert shown[:, 0].min() > 250
    assert shown[:, 2].max() < 5


def test_a_tall_picture_is_never_taller_than_the_frame(tmp_path: Path) -> None:
    title = TitleCue(Anchor("start"), 48, image=write_logo(tmp_path, 20, 200), width=50)
    assert draw_title(title, (640, 360)).shape == (360, 640, 4)
    assert find_title_pixel_rows(title, (640, 360)) == (0, 360)
