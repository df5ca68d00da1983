"""Cards and titles: set inside the frame, from our own font, coming and going in time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyboard.errors import StitchError
from storyboard.model.film import Anchor, TitleCue
from storyboard.stitching.media.yuv import create_solid_frame, split_planes
from storyboard.stitching.text import typesetting
from storyboard.stitching.text.fonts import find_bundled_font, read_font_face
from storyboard.stitching.text.title_timing import Layer, Overlays, place_titles
from storyboard.stitching.text.titles import draw_title, draw_title_card
from storyboard.stitching.text.typesetting import find_missing_letters
from storyboard.timecode import FrameRange

GROUND = "#405060"


@pytest.fixture
def film(lab):
    return lab.build_timeline(lab.build_event("SH010", (0, 48)), lab.build_event("SH020", (48, 96)))


def find_ink_bounds(plane, least=120):
    """(left, right, top, bottom) of what is bright."""
    rows, columns = (np.flatnonzero((plane > least).any(axis)) for axis in (1, 0))
    return columns[0], columns[-1] + 1, rows[0], rows[-1] + 1


@pytest.mark.parametrize(
    "text",
    [
        "THE LETTER",
        "I",
        "Жизнь — Ωμέγα, ça n’existe",
        "A line\nand another one\n\nwith a quieter word below",
        "Three years later, at the very end of the line, nobody remembered her name. " * 4,
        "Donaudampfschifffahrtsgesellschaftskapitänskajütentürschlüssel",
    ],
)
def test_a_card_stands_in_the_middle_and_inside_the_frame(text):
    card = draw_title_card(text, (320, 180))
    left, right, top, bottom = find_ink_bounds(card[:180])
    assert abs((left + right) / 2 - 160) < 6
    assert abs((top + bottom) / 2 - 90) < 10
    assert left >= 16
    assert right <= 304
    assert top >= 10
    assert bottom <= 170


def test_a_card_fits_a_tall_frame_too():
    left, right, *_ = find_ink_bounds(draw_title_card("THE LETTER", (180, 320))[:320])
    assert left > 9
    assert right < 171


def test_a_lower_third_keeps_to_its_corner():
    title = TitleCue(Anchor("start"), 48, text="Havana\nNovember 1947", style="lower-third")
    left, right, top, bottom = find_ink_bounds(draw_title(title, (320, 180))[..., 3])
    assert left < 30
    assert right < 220
    assert top > 100
    assert bottom < 170


def test_an_upper_third_keeps_to_the_top():
    title = TitleCue(Anchor("start"), 48, text="Havana", style="upper-third")
    left, _, top, bottom = find_ink_bounds(draw_title(title, (320, 180))[..., 3])
    assert left < 30
    assert 10 < top < bottom < 60


SHAPES = [(1280, 720), (640, 360), (360, 640), (360, 360), (320, 180), (180, 320)]


def measure_title_bounds(title, size):
    """(left, right, top, bottom) of its letters, as parts of the frame."""
    left, right, top, bottom = find_ink_bounds(draw_title(title, size)[..., 3])
    return left / size[0], right / size[0], top / size[1], bottom / size[1]


@pytest.mark.parametrize("size", SHAPES)
@pytest.mark.parametrize("style", ["lower-third", "upper-third", "center", "credits"])
@pytest.mark.parametrize(
    "text",
    [
        "Bundesverfassungsgerichtspräsidentin\nDr. Anna Müller",
        "Ana\nwww.theletterfilm-official.example.com/credits",
        "\n".join(f"line {number}" for number in range(22)),
    ],
)
def test_whatever_its_style_a_title_stays_inside_the_frame(text, style, size):
    title = TitleCue(Anchor("start"), 48, text=text, style=style)
    if style == "credits" and text.startswith("line"):
        return  # they are rolled
    left, right, top, bottom = measure_title_bounds(title, size)
    assert left > 0.05
    assert right < 0.93
    assert top > 0.08
    assert bottom < 0.92


def test_credits_with_a_long_word_are_all_set_smaller_and_still_roll():
    names = [f"Somebody number {number}" for number in range(24)]
    address = "www.theletterfilm-official.example.com/credits"
    size = (360, 640)
    plain = draw_title(TitleCue(Anchor("start"), 90, credits=tuple(names)), size)
    picture = draw_title(TitleCue(Anchor("start"), 90, credits=(*names, address)), size)
    left, right, *_ = find_ink_bounds(picture[..., 3])
    assert left > 0.08 * 360
    assert right < 0.92 * 360
    assert 640 < picture.shape[0] <= plain.shape[0]


def test_a_card_of_many_lines_stands_in_a_proxy_as_in_its_film():
    text = "\n".join(f"line {number}" for number in range(40))
    film = find_ink_bounds(draw_title_card(text, (1280, 720))[:720])
    proxy = find_ink_bounds(draw_title_card(text, (320, 180))[:180], 40)
    assert film[2] >= 720 * 0.14
    assert film[3] <= 720 * 0.86
    assert np.abs(np.array(film) / 4 - proxy).max() < 6


@pytest.mark.parametrize("text", ["\n".join(["line"] * 400), "x" * 4000])
def test_what_no_type_is_small_enough_for_is_refused_and_not_cut_off(text):
    with pytest.raises(StitchError, match="is too long for one picture"):
        draw_title_card(text, (320, 180))
    for style in ("center", "lower-third", "upper-third"):
        title = TitleCue(Anchor("start"), 48, text=text, style=style)
        with pytest.raises(StitchError, match="is too long for one picture"):
            draw_title(title, (320, 180))


def test_a_title_without_a_letter_is_nothing():
    for style in ("", "lower-third", "credits"):
        assert not draw_title(TitleCue(Anchor("start"), 48, style=style), (320, 180))[..., :3].any()


def test_a_style_that_does_not_exist_is_refused():
    with pytest.raises(StitchError, match="unknown title style 'sideways'"):
        draw_title(TitleCue(Anchor("start"), 48, text="x", style="sideways"), (320, 180))


def test_letters_that_the_font_lacks_are_listed():
    assert find_missing_letters("Grüße, 日本 → Ωμέγα") == "日本"


def test_the_letters_that_the_font_is_not_asked_for_are_in_it():
    usual = [
        chr(code) for code in range(0x3000) if typesetting._COVERED_LETTERS.fullmatch(chr(code))
    ]
    letters = read_font_face(find_bundled_font()).letters
    assert not [char for char in usual if char.isprintable() and ord(char) not in letters]
    widest = max(
        typesetting.measure_text_width(char + typesetting.HAIR_SPACE, 100) for char in usual
    )
    assert widest < 100 * typesetting._WIDEST


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.text(st.sampled_from("Wm il\n"), max_size=60), max_size=8).map(" ".join),
    st.sampled_from([(1280, 720), (360, 640), (180, 180), (180, 900)]),
)
def test_what_is_predicted_to_fit_fits(text, size):
    least = typesetting.compute_legible_size(size)
    if typesetting.is_certain_to_fit(text, size, least):
        for block in (
            typesetting.typeset_card,
            typesetting.typeset_centered_title,
            typesetting.typeset_lower_or_upper_third,
        ):
            assert block(text, size, least).fits
            assert block(text.upper(), size, least).fits


def test_titles_stand_at_their_anchors_and_end_with_the_film(film):
    titles = (
        TitleCue(Anchor("SH020", -6), 24, text="b"),
        TitleCue(Anchor("start"), 12, text="a"),
        TitleCue(Anchor("end", -10), 24, text="c"),
        TitleCue(Anchor("end", 0), 24, text="never"),
    )
    assert [
        (placed_title.title.text, placed_title.span) for placed_title in place_titles(titles, film)
    ] == [
        ("a", FrameRange(0, 12)),
        ("b", FrameRange(42, 66)),
        ("c", FrameRange(86, 96)),
    ]


def test_a_title_at_a_shot_outside_the_cut_is_named(film):
    with pytest.raises(StitchError, match="starts at SH900, which is not in the cut"):
        place_titles((TitleCue(Anchor("SH900"), 24, text="Late"),), film)


def test_a_title_fades_in_and_out_and_leaves_the_picture_alone_elsewhere(film, lab):
    title = TitleCue(Anchor("start", 4), 40, text="Havana", style="center")
    overlays = Overlays(place_titles((title,), film), lab.size)
    ground = create_solid_frame(GROUND, lab.size)
    before = ground.copy()
    frames = [overlays.draw_titles(ground, frame) for frame in range(60)]
    assert (ground == before).all()
    bright = [int(picture[:180].max()) for picture in frames]
    assert bright[:4] == [bright[0]] * 4
    assert bright[4:17] == sorted(bright[4:17])
    assert min(bright[16:32]) == max(bright) > 200
    assert bright[32:44] == sorted(bright[32:44], reverse=True)
    assert frames[44] is ground
    assert (frames[20][:40] == ground[:40]).all()


def test_long_credits_roll_from_below_the_frame_to_above_it(film, lab):
    names = tuple(f"Somebody number {number}" for number in range(24))
    title = TitleCue(Anchor("start"), 90, credits=names)
    overlays = Overlays(place_titles((title,), film), lab.size)
    ground = create_solid_frame("black", lab.size)
    frames = [overlays.draw_titles(ground, frame)[:180] for frame in range(90)]
    assert frames[2][:150].max() == 16
    assert frames[45][:40].max() > 120
    assert frames[45][140:].max() > 120
    assert frames[87][30:].max() == 16
    # what stands at a height in one frame stands higher by the roll's speed in the next
    ten = [frames[k].astype(float).mean(axis=1) for k in (40, 41)]
    shifts = [np.abs(ten[0][by:] - ten[1][: 180 - by]).mean() for by in range(12)]
    speed = (180 + draw_title(title, lab.size).shape[0]) / 90
    assert abs(int(np.argmin(shifts)) - speed) <= 1


def test_a_layer_mixes_colour_by_its_alpha(lab):
    picture = np.zeros((180, 320, 4), np.uint8)
    picture[50:100, 61:121] = (255, 0, 0, 128)
    frame = create_solid_frame(GROUND, lab.size)
    clear, red = create_solid_frame(GROUND, lab.size), create_solid_frame("#ff0000", lab.size)
    Layer(picture).blend_onto(frame, 1)
    for plane, ground, color, at in zip(
        split_planes(frame),
        split_planes(clear),
        split_planes(red),
        ((70, 90), (35, 45), (35, 45)),
        strict=True,
    ):
        due = (int(ground[0, 0]) * 127 + int(color[0, 0]) * 128) / 255
        assert abs(int(plane[at]) - due) <= 2
        assert plane[0, 0] == ground[0, 0]
