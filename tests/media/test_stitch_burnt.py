"""Subtitles burnt into the picture: two lines in any frame, clear of the titles beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from storyboard.errors import StitchError
from storyboard.graph.timeline import ShotEvent, Slice, Timeline
from storyboard.model.delivery import Delivery, compute_frame_size
from storyboard.model.film import Anchor, Film, Line, Shot, TitleCue
from storyboard.stitching.cut_inputs import CutInputs
from storyboard.stitching.media.yuv import create_solid_frame, split_planes
from storyboard.stitching.stitch import stitch_film
from storyboard.stitching.text.overlay_layout import lay_out_overlays
from storyboard.stitching.text.subtitles import LINES, build_subtitle_cues
from storyboard.stitching.text.title_timing import Overlays
from storyboard.stitching.text.titles import draw_title
from storyboard.stitching.text.typesetting import (
    compute_legible_size,
    measure_text_width,
    typeset_subtitle,
)
from storyboard.timecode import FrameRange, Rate

RATE = Rate.parse(24)


def build_scene(*lines, length=240):
    """A film of two shots of 120 frames; the lines are the second one's."""
    half = length // 2
    shots = (Shot("SH010"), Shot("SH020", dialogue=tuple(lines)))
    spans = (FrameRange(0, half), FrameRange(half, length))
    events = tuple(
        ShotEvent(shot.id, span, span, ()) for shot, span in zip(shots, spans, strict=True)
    )
    film = Film(Path("/film.yaml"), Path("/"), shots=shots)
    return film, Timeline(RATE, length, events)


def test_burnt_subtitles_are_laid_over_the_picture_without_fading():
    film, line = build_scene(Line("ana", "Wait!", at=30), Line("ben", "Never.", at=90, off=True))
    assert lay_out_overlays(film, line) == ()
    overlay_items = lay_out_overlays(replace(film, subtitles="burn"), line)
    assert [overlay_item.title.text for overlay_item in overlay_items] == ["Wait!", "Never."]
    assert [overlay_item.title.style for overlay_item in overlay_items] == [
        "subtitle",
        "subtitle-off",
    ]
    assert [overlay_item.span for overlay_item in overlay_items] == [
        cue.span for cue in build_subtitle_cues(film, line)
    ]
    assert {
        overlay_item.compute_opacity(overlay_item.span.start) for overlay_item in overlay_items
    } == {1.0}


def test_a_burnt_subtitle_stands_at_the_foot_inside_the_picture():
    film, line = build_scene(
        Line("ana", "I was not going to tell you about the letter at all", at=30)
    )
    (subtitle_item,) = lay_out_overlays(replace(film, subtitles="burn"), line)
    for size in ((640, 360), (360, 640)):
        alpha = draw_title(subtitle_item.title, size)[..., 3]
        rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
        assert rows[0] > size[1] * 0.6
        assert rows[-1] < size[1] * 0.97
        assert columns[0] > size[0] * 0.02
        assert columns[-1] < size[0] * 0.98


LETTER = (
    "I was not going to tell you about the letter, not before the boat had left the quay at six."
)
RESOLUTIONS_BY_ASPECT = {"9:16": ("360p", "1080p", "180p"), "16:9": ("360p",), "2.39:1": ("1080p",)}


def burn_subtitles(film, line, aspect="16:9", resolution="360p", **more):
    delivery = Delivery(aspect, resolution, RATE)
    return lay_out_overlays(replace(film, subtitles="burn", delivery=delivery, **more), line)


@pytest.mark.parametrize(
    ("aspect", "resolution"),
    [(each, one) for each, them in RESOLUTIONS_BY_ASPECT.items() for one in them],
)
def test_burnt_pages_have_two_lines_in_any_frame(aspect, resolution):
    words = f"{LETTER} Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamter!"
    film, line = build_scene(Line("ana", words, at=0), length=1000)
    size = compute_frame_size(resolution, aspect)
    subtitle_items = burn_subtitles(film, line, aspect, resolution)
    for subtitle_item in subtitle_items:
        lines = typeset_subtitle(subtitle_item.title.text, size, slanted=False)
        assert len(lines) <= LINES
        assert lines[0].size >= compute_legible_size(size)
        assert all(measure_text_width(row.text, row.size) <= size[0] * 0.86 for row in lines)
    letters = "".join(subtitle_item.title.text for subtitle_item in subtitle_items)
    assert "".join(letters.split()) == "".join(words.split())


@pytest.mark.parametrize("aspect", ["9:16", "16:9"])
def test_a_word_of_wide_letters_shrinks_rather_than_run_over(aspect):
    film, line = build_scene(Line("ana", "W" * 128, at=0), length=1000)
    width, height = compute_frame_size("360p", aspect)
    for subtitle_item in burn_subtitles(film, line, aspect):
        used = np.flatnonzero(draw_title(subtitle_item.title, (width, height))[..., 3].any(0))
        assert used[0] > 0.03 * width
        assert used[-1] < 0.97 * width


def find_lit_rows(title, aspect):
    """The rows of pixels that show the letters of what is laid over black."""
    size = compute_frame_size("360p", aspect)
    overlays = Overlays([title], size)
    drawn_frame = overlays.draw_titles(
        create_solid_frame("black", size), title.span.start + title.span.length // 2
    )
    return {int(row) for row in np.flatnonzero(split_planes(drawn_frame)[0].max(axis=1) > 60)}


@pytest.mark.parametrize("aspect", ["9:16", "16:9", "1:1"])
def test_a_burnt_subtitle_stands_above_a_lower_third(aspect):
    dialogue = (Line("ana", "It came on Tuesday.", at=0), Line("ben", LETTER, at=72))
    film, line = build_scene(*dialogue, length=600)
    beside = TitleCue(Anchor("start", 380), 24, "Havana, 1947\nThe harbour", style="lower-third")
    before = TitleCue(Anchor("start", 0), 90, "Key West", style="lower-third")
    overlay_items = burn_subtitles(film, line, aspect, titles=(before, beside))
    (third,) = (overlay_item for overlay_item in overlay_items if overlay_item.title is beside)
    (moved,) = (overlay_item for overlay_item in overlay_items if overlay_item.lift)
    assert moved.span.intersect_with(third.span)
    assert min(find_lit_rows(third, aspect)) > max(find_lit_rows(moved, aspect))
    assert min(find_lit_rows(replace(moved, lift=0), aspect)) < max(
        find_lit_rows(third, aspect)
    )  # it stood on it


def test_a_subtitle_stays_where_a_roll_leaves_it_no_room():
    film, line = build_scene(Line("ana", "It came on Tuesday.", at=0))
    roll = TitleCue(Anchor("start"), 240, credits=tuple(f"Somebody {n}" for n in range(60)))
    assert [each.lift for each in burn_subtitles(film, line, titles=(roll,))] == [0, 0]


def test_letters_that_the_font_lacks_are_not_burnt_in(tmp_path):
    shots = (Shot("SH010", card="x", dialogue=(Line("ana", "こんにちは", at=0),)),)
    span = FrameRange(0, 48)
    events = (ShotEvent("SH010", span, span, (Slice("", span, card="x"),)),)
    film = Film(tmp_path / "film.yaml", tmp_path, shots=shots, subtitles="burn")
    with pytest.raises(StitchError, match="can't be burnt in"):
        stitch_film(
            CutInputs(film, Timeline(RATE, 48, events), {}),
            tmp_path / "o.mp4",
            cache=tmp_path / "c",
        )
