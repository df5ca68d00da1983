"""Subtitles: what is said, when it is said, in lines that can be read."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyboard.errors import StitchError
from storyboard.film import Film, Line, Shot
from storyboard.graph.timeline import Event, Narrated, Slice, Timeline
from storyboard.stitch.film import stitch_film
from storyboard.stitch.laid import laid
from storyboard.stitch.subtitles import (
    GAP,
    LINES,
    LONGEST_S,
    READING,
    WIDTH,
    cues,
    write_subtitles,
)
from storyboard.stitch.titles import overlay
from storyboard.timecode import FrameRange, Rate

RATE = Rate.parse(24)


def scene(*lines, told=(), length=240):
    """A film of two shots of 120 frames; the lines are the second one's."""
    half = length // 2
    shots = (Shot("SH010"), Shot("SH020", dialogue=tuple(lines)))
    spans = (FrameRange(0, half), FrameRange(half, length))
    events = tuple(Event(s.id, span, span, ()) for s, span in zip(shots, spans, strict=True))
    film = Film(Path("/film.yaml"), Path("/"), shots=shots)
    return film, Timeline(RATE, length, events, tuple(told))


def test_a_line_stands_where_it_is_said():
    film, line = scene(Line("ana", "It came on Tuesday.", at=24))
    (cue,) = cues(film, line)
    assert cue.lines == ("It came on Tuesday.",)
    assert cue.span == FrameRange(144, 144 + 37)  # four words at 2.6 a second


def test_lines_without_a_time_follow_one_another():
    film, line = scene(Line("ana", "It came on Tuesday."), Line("ben", "Three days, Ana."))
    first, second = cues(film, line)
    assert first.span.start > 120
    assert second.span.start >= first.span.end + GAP


def test_a_short_word_can_be_read():
    film, line = scene(Line("ben", "No.", at=0))
    assert cues(film, line)[0].span.length == 24


def test_two_who_speak_at_once_share_the_screen():
    film, line = scene(Line("ana", "Wait!", at=10), Line("ben", "Never.", at=12))
    (cue,) = cues(film, line)
    assert cue.lines == ("- Wait!", "- Never.")


def test_long_speech_is_broken_evenly_into_pages():
    words = "I was not going to tell you about the letter, not before the boat had left the quay"
    film, line = scene(Line("ana", words, at=0), length=600)
    found = cues(film, line)
    assert " ".join(" ".join(cue.lines) for cue in found) == words
    first = found[0].lines
    assert len(first) == 2
    film, line = scene(Line("ana", "She had left twice before, and twice she came back", at=0))
    (cue,) = cues(film, line)
    assert abs(len(cue.lines[0]) - len(cue.lines[1])) < 10


def test_the_sidecars_say_the_same_in_both_formats(tmp_path):
    words = Line("ana", "She had left twice before.")
    told = [Narrated("narration.1", FrameRange(12, 59), words)]
    film, line = scene(Line("ben", "Größe & «guillemets»", at=0), told=told)
    written = write_subtitles(film, line, tmp_path / "film.mp4")
    assert [path.name for path in written] == ["film.srt", "film.vtt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.srt", "film.vtt"]
    srt, vtt = (path.read_text(encoding="utf-8") for path in written)
    assert "00:00:00,500 --> 00:00:02,458\n<i>She had left twice before.</i>" in srt
    assert vtt.startswith("WEBVTT")
    assert "00:00:05.000 --> " in vtt
    for path in written:
        loaded = pysubs2.load(str(path))
        assert [event.plaintext for event in loaded] == [
            "She had left twice before.",
            "Größe & «guillemets»",
        ]


def test_a_silent_film_has_none(tmp_path):
    film, line = scene()
    assert write_subtitles(film, line, tmp_path / "film.mp4") == ()
    assert not list(tmp_path.iterdir())


LINES_OF_DIALOGUE = st.builds(
    Line,
    speaker=st.just("ana"),
    words=st.lists(
        st.sampled_from("a word letter quay Tuesday".split()), min_size=1, max_size=40
    ).map(" ".join),
    at=st.one_of(st.none(), st.integers(0, 200)),
)


@given(st.lists(LINES_OF_DIALOGUE, max_size=6))
def test_cues_never_overlap_and_always_fit(lines):
    film, line = scene(*lines, length=2400)
    found = cues(film, line)
    for cue in found:
        assert len(cue.lines) <= LINES
        assert all(len(text) <= WIDTH for text in cue.lines)
        assert 0 <= cue.span.start < cue.span.end <= line.length
        assert cue.span.length >= 24 or cue.span.end == line.length
    for before, after in pairwise(found):
        assert after.span.start - before.span.end >= GAP


def test_a_cue_stands_as_long_as_it_takes_to_read():
    words = "Extraordinarily straightforward considerations notwithstanding"
    film, line = scene(Line("ana", words, at=0), length=600)
    (cue,) = cues(film, line)
    assert cue.span.length >= 24 * sum(map(len, cue.lines)) // READING
    film, line = scene(Line("ana", "No.", at=0), Line("ben", "Yes.", at=400), length=2000)
    assert all(cue.span.length <= LONGEST_S * 24 for cue in cues(film, line))


def test_a_cue_close_to_a_cut_begins_and_ends_with_it():
    film, line = scene(Line("ana", "It came on Tuesday.", at=4))
    assert cues(film, line)[0].span.start == 120
    lines = (Shot("SH010", dialogue=(Line("ana", "It came on Tuesday.", at=90),)), Shot("SH020"))
    film = Film(Path("/film.yaml"), Path("/"), shots=lines)
    (cue,) = cues(film, line)
    assert cue.span == FrameRange(90, 120 - GAP)  # it was to end seven frames after the cut


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


def test_letters_that_the_font_lacks_are_not_burnt_in(tmp_path):
    shots = (Shot("SH010", card="x", dialogue=(Line("ana", "こんにちは", at=0),)),)
    span = FrameRange(0, 48)
    events = (Event("SH010", span, span, (Slice("", span, card="x"),)),)
    film = Film(tmp_path / "film.yaml", tmp_path, shots=shots, subtitles="burn")
    with pytest.raises(StitchError, match="can't be burnt in"):
        stitch_film(film, Timeline(RATE, 48, events), {}, tmp_path / "o.mp4", cache=tmp_path / "c")
