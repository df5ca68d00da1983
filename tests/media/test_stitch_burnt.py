"""Subtitles burnt into the picture: two lines in any frame, clear of the titles beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from storyboard.delivery import Delivery, frame_size
from storyboard.errors import StitchError
from storyboard.film import Anchor, Film, Line, Shot, TitleCue
from storyboard.graph.timeline import Event, Slice, Timeline
from storyboard.stitching.film import stitch_film
from storyboard.stitching.laid import laid
from storyboard.stitching.overlays import Overlays
from storyboard.stitching.planes import solid, split
from storyboard.stitching.subtitles import LINES, cues
from storyboard.stitching.titles import overlay
from storyboard.stitching.typeset import legible, length_of, subtitle
from storyboard.timecode import FrameRange, Rate

RATE = Rate.parse(24)


def scene(*lines, length=240):
    """A film of two shots of 120 frames; the lines are the second one's."""
    half = length // 2
    shots = (Shot("SH010"), Shot("SH020", dialogue=tuple(lines)))
    spans = (FrameRange(0, half), FrameRange(half, length))
    events = tuple(Event(s.id, span, span, ()) for s, span in zip(shots, spans, strict=True))
    film = Film(Path("/film.yaml"), Path("/"), shots=shots)
    return film, Timeline(RATE, length, events)


def test_burnt_subtitles_are_laid_over_the_picture_without_fading():
    film, line = scene(Line("ana", "Wait!", at=30), Line("ben", "Never.", at=90, off=True))
    assert laid(film, line) == ()
    shown = laid(replace(film, subtitles="burn"), line)
    assert [each.title.text for each in shown] == ["Wait!", "Never."]
    assert [each.title.style for each in shown] == ["subtitle", "subtitle-off"]
    assert [each.span for each in shown] == [cue.span for cue in cues(film, line)]
    assert {each.share(each.span.start) for each in shown} == {1.0}


def test_a_burnt_subtitle_stands_at_the_foot_inside_the_picture():
    film, line = scene(Line("ana", "I was not going to tell you about the letter at all", at=30))
    (each,) = laid(replace(film, subtitles="burn"), line)
    for size in ((640, 360), (360, 640)):
        alpha = overlay(each.title, size)[..., 3]
        rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
        assert rows[0] > size[1] * 0.6
        assert rows[-1] < size[1] * 0.97
        assert columns[0] > size[0] * 0.02
        assert columns[-1] < size[0] * 0.98


LETTER = (
    "I was not going to tell you about the letter, not before the boat had left the quay at six."
)
FRAMES = {"9:16": ("360p", "1080p", "180p"), "16:9": ("360p",), "2.39:1": ("1080p",)}


def burnt(film, line, aspect="16:9", resolution="360p", **more):
    delivery = Delivery(aspect, resolution, RATE)
    return laid(replace(film, subtitles="burn", delivery=delivery, **more), line)


@pytest.mark.parametrize(
    ("aspect", "resolution"), [(each, one) for each, them in FRAMES.items() for one in them]
)
def test_burnt_pages_have_two_lines_in_any_frame(aspect, resolution):
    words = f"{LETTER} Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamter!"
    film, line = scene(Line("ana", words, at=0), length=1000)
    size = frame_size(resolution, aspect)
    shown = burnt(film, line, aspect, resolution)
    for each in shown:
        lines = subtitle(each.title.text, size, slanted=False)
        assert len(lines) <= LINES
        assert lines[0].size >= legible(size)
        assert all(length_of(row.text, row.size) <= size[0] * 0.86 for row in lines)
    letters = "".join(each.title.text for each in shown)
    assert "".join(letters.split()) == "".join(words.split())


@pytest.mark.parametrize("aspect", ["9:16", "16:9"])
def test_a_word_of_wide_letters_shrinks_rather_than_run_over(aspect):
    film, line = scene(Line("ana", "W" * 128, at=0), length=1000)
    width, height = frame_size("360p", aspect)
    for each in burnt(film, line, aspect):
        used = np.flatnonzero(overlay(each.title, (width, height))[..., 3].any(0))
        assert used[0] > 0.03 * width
        assert used[-1] < 0.97 * width


def lit(title, aspect):
    """The rows of pixels that show the letters of what is laid over black."""
    size = frame_size("360p", aspect)
    overlays = Overlays([title], size)
    seen = overlays.laid(solid("black", size), title.span.start + title.span.length // 2)
    return {int(row) for row in np.flatnonzero(split(seen)[0].max(axis=1) > 60)}


@pytest.mark.parametrize("aspect", ["9:16", "16:9", "1:1"])
def test_a_burnt_subtitle_stands_above_a_lower_third(aspect):
    said = (Line("ana", "It came on Tuesday.", at=0), Line("ben", LETTER, at=72))
    film, line = scene(*said, length=600)
    beside = TitleCue(Anchor("start", 380), 24, "Havana, 1947\nThe harbour", style="lower-third")
    before = TitleCue(Anchor("start", 0), 90, "Key West", style="lower-third")
    shown = burnt(film, line, aspect, titles=(before, beside))
    (third,) = (each for each in shown if each.title is beside)
    (moved,) = (each for each in shown if each.lift)
    assert moved.span.intersection(third.span)
    assert min(lit(third, aspect)) > max(lit(moved, aspect))
    assert min(lit(replace(moved, lift=0), aspect)) < max(lit(third, aspect))  # it stood on it


def test_a_subtitle_stays_where_a_roll_leaves_it_no_room():
    film, line = scene(Line("ana", "It came on Tuesday.", at=0))
    roll = TitleCue(Anchor("start"), 240, credits=tuple(f"Somebody {n}" for n in range(60)))
    assert [each.lift for each in burnt(film, line, titles=(roll,))] == [0, 0]


def test_letters_that_the_font_lacks_are_not_burnt_in(tmp_path):
    shots = (Shot("SH010", card="x", dialogue=(Line("ana", "こんにちは", at=0),)),)
    span = FrameRange(0, 48)
    events = (Event("SH010", span, span, (Slice("", span, card="x"),)),)
    film = Film(tmp_path / "film.yaml", tmp_path, shots=shots, subtitles="burn")
    with pytest.raises(StitchError, match="can't be burnt in"):
        stitch_film(film, Timeline(RATE, 48, events), {}, tmp_path / "o.mp4", cache=tmp_path / "c")
