"""Subtitles: what is said, when it is said, in lines that can be read."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pysubs2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyboard.graph.dialogue_timing import place_dialogue
from storyboard.graph.timeline import NarrationItem, ShotEvent, Timeline
from storyboard.model.film import Film, Line, Shot
from storyboard.stitching.media.ffmpeg import run_ffmpeg
from storyboard.stitching.text.line_breaking import break_lines, count_columns
from storyboard.stitching.text.subtitle_files import JOINER, list_sidecar_paths, write_cues
from storyboard.stitching.text.subtitle_timing import GAP, LONGEST_S, READING
from storyboard.stitching.text.subtitles import LINES, build_subtitle_cues
from storyboard.timecode import FrameRange, Rate

RATE = Rate.parse(24)


def build_scene(*lines, narration=(), length=240):
    """A film of two shots of 120 frames; the lines are the second one's."""
    half = length // 2
    shots = (Shot("SH010"), Shot("SH020", dialogue=tuple(lines)))
    spans = (FrameRange(0, half), FrameRange(half, length))
    events = tuple(
        ShotEvent(shot.id, span, span, ()) for shot, span in zip(shots, spans, strict=True)
    )
    film = Film(Path("/film.yaml"), Path("/"), shots=shots)
    return film, Timeline(RATE, length, events, tuple(narration))


def write_sidecars(film, line, folder):
    """The files beside a film that wants them."""
    cues = build_subtitle_cues(film, line)
    paths = list_sidecar_paths(replace(film, subtitles="sidecar"), cues, folder / "film.mp4")
    write_cues(cues, line.rate, paths)
    return paths


def test_a_line_stands_where_it_is_said():
    film, line = build_scene(Line("ana", "It came on Tuesday.", at=24))
    (cue,) = build_subtitle_cues(film, line)
    assert cue.lines == ("It came on Tuesday.",)
    assert cue.span == FrameRange(144, 144 + 37)  # four words at 2.6 a second


def test_lines_without_a_time_follow_one_another():
    film, line = build_scene(Line("ana", "It came on Tuesday."), Line("ben", "Three days, Ana."))
    first, second = build_subtitle_cues(film, line)
    assert first.span.start > 120
    assert second.span.start >= first.span.end + GAP


def test_a_short_word_can_be_read():
    film, line = build_scene(Line("ben", "No.", at=0))
    assert build_subtitle_cues(film, line)[0].span.length == 24


def test_two_who_speak_at_once_share_the_screen():
    film, line = build_scene(Line("ana", "Wait!", at=10), Line("ben", "Never.", at=12))
    (cue,) = build_subtitle_cues(film, line)
    assert cue.lines == ("- Wait!", "- Never.")


def test_long_speech_is_broken_evenly_into_pages():
    words = "I was not going to tell you about the letter, not before the boat had left the quay"
    film, line = build_scene(Line("ana", words, at=0), length=600)
    subtitle_cues = build_subtitle_cues(film, line)
    assert " ".join(" ".join(cue.lines) for cue in subtitle_cues) == words
    first = subtitle_cues[0].lines
    assert len(first) == 2
    film, line = build_scene(
        Line("ana", "She had left twice before, and twice she came back", at=0)
    )
    (cue,) = build_subtitle_cues(film, line)
    assert abs(len(cue.lines[0]) - len(cue.lines[1])) < 10


def test_the_sidecars_say_the_same_in_both_formats(tmp_path):
    words = Line("ana", "She had left twice before.")
    narration = [NarrationItem("narration.1", FrameRange(12, 59), words)]
    film, line = build_scene(Line("ben", "Größe & «guillemets»", at=0), narration=narration)
    written = write_sidecars(film, line, tmp_path)
    assert [path.name for path in written] == ["film.srt", "film.vtt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.srt", "film.vtt"]
    srt, vtt = (path.read_text(encoding="utf-8") for path in written)
    assert "00:00:00,500 --> 00:00:02,458\n<i>She had left twice before.</i>" in srt
    assert vtt.startswith("WEBVTT")
    assert "00:00:05.000 --> " in vtt
    for path in written:
        assert read_words(path) == ["She had left twice before.", "Größe & «guillemets»"]


ODD_TEXTS = (
    "I <3 you & R&D {really}.",
    "<b>Bold</b> & <font face=a color=red size=9>x</font> 1 < 2 > 0, <3>",
    "He wrote a --> b.",
    "00:00:01,000 --> 00:00:02,000",
    r"{\i1}brace\Nnewline\hx{b} \n {\an8}",
    "1984",
    "It was before the year of our good Lord 1984",
    "<i>never closed &amp; </b>",
    "<v Ben> NOTE STYLE WEBVTT <00:00:01.000>",
    "7",
)


def read_words(path):
    """The words of a file as pysubs2 reads them, which leaves WebVTT's own escapes in place."""
    texts = [event.plaintext for event in pysubs2.load(str(path))]
    if path.suffix == ".vtt":
        texts = [re.sub("&(lt|gt|amp);", lambda sign: html.unescape(sign[0]), t) for t in texts]
    return [to_plain_words(text) for text in texts]


def to_plain_words(text):
    """The words that somebody sees: full width braces are braces, a joiner is nothing."""
    words = unicodedata.normalize("NFKC", text).replace(JOINER, "")
    return " ".join(words.split())


# pysubs2 wonders whether a cue begins where somebody speaks a time, and takes it for words
@pytest.mark.filterwarnings("ignore:Possible missed subtitle start")
def test_odd_words_are_read_back_as_they_were_said(tmp_path):
    lines = [Line("ana", words, at=72 * n) for n, words in enumerate(ODD_TEXTS)]
    film, line = build_scene(*lines, length=2000)
    written = write_sidecars(film, line, tmp_path)
    for path in written:
        assert read_words(path) == list(ODD_TEXTS), path.suffix
        assert [to_plain_words(words) for words in read_words_by_ffmpeg(path)] == list(ODD_TEXTS), (
            path.suffix
        )
    picture = tmp_path / "picture.mp4"
    run_ffmpeg(
        [
            *("-f", "lavfi", "-i", "color=s=16x16:r=4:d=84", "-i", f"{written[0]}"),
            *("-map", "0:v", "-map", "1:s", "-c:s", "mov_text", f"{picture}"),
        ]
    )
    with av.open(str(picture)) as container:
        packets = [bytes(each) for each in container.demux(container.streams.subtitles[0])]
    words = [each[2 : 2 + int.from_bytes(each[:2], "big")].decode() for each in packets]
    assert [to_plain_words(each) for each in words if each] == list(ODD_TEXTS)


def read_words_by_ffmpeg(path):
    """The words of a file as ffmpeg hands them to a player, which obeys what stands in braces."""
    with av.open(str(path)) as container:
        events = [each.ass.decode() for packet in container.demux() for each in packet.decode()]
    texts = [event.split(",", 8)[-1] for event in events]
    return [re.sub(r"\{[^}]*\}", "", text).replace(r"\N", "\n") for text in texts]


def test_off_lines_stay_in_italics_whatever_they_say(tmp_path):
    film, line = build_scene(Line("ana", "a <b> {c}", at=0, off=True))
    srt, vtt = (each.read_text() for each in write_sidecars(film, line, tmp_path))
    assert f"<i>a <{JOINER}b> ｛c｝</i>" in srt
    assert "<i>a &lt;b&gt; ｛c｝</i>" in vtt


def test_a_silent_film_has_none(tmp_path):
    film, line = build_scene()
    assert write_sidecars(film, line, tmp_path) == ()
    assert not list(tmp_path.iterdir())


WORDS = [
    *"a word letter quay Tuesday 手紙は火曜日に来ました。".split(),
    "Schifffahrt" * 5,
    "W" * 90,
]
LINES_OF_DIALOGUE = st.builds(
    Line,
    speaker=st.sampled_from(["ana", "ben"]),
    words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=25).map(" ".join),
    at=st.one_of(st.none(), st.integers(0, 400)),
    off=st.booleans(),
)


@settings(max_examples=50)
@given(
    lines=st.lists(LINES_OF_DIALOGUE, max_size=8),
    length=st.integers(240, 2400),
    width=st.integers(12, 42),
)
def test_cues_can_be_read_one_after_the_other_and_lose_no_word(lines, length, width):
    film, line = build_scene(*lines, length=length)
    subtitle_cues = build_subtitle_cues(film, line, width)
    for cue in subtitle_cues:
        assert 1 <= len(cue.lines) <= LINES
        assert all(0 < count_columns(text) <= width for text in cue.lines)
        assert 0 <= cue.span.start < cue.span.end <= length
        assert cue.span.length <= LONGEST_S * 24
    for before, after in pairwise(subtitle_cues):
        assert after.span.start - before.span.end >= GAP
    ends = [*(cue.span.start for cue in subtitle_cues[1:]), length + GAP][: len(subtitle_cues)]
    crowded = len(subtitle_cues) * (24 + GAP) - GAP > length
    for cue, following in zip(subtitle_cues, ends, strict=True):
        assert cue.span.length >= 24 or crowded
        quick = cue.span.length < 24 * sum(map(count_columns, cue.lines)) // READING
        idle = following - cue.span.end - GAP
        assert not quick or idle <= 6 or cue.span.length == LONGEST_S * 24  # six to wait for a cut
    spoken_words = "".join(
        spoken_line.line.words
        for spoken_line in place_dialogue(film, line)
        if spoken_line.audible_range
    )
    shown_words = "".join(text.removeprefix("- ") for cue in subtitle_cues for text in cue.lines)
    assert Counter(spoken_words.replace(" ", "")) == Counter(shown_words.replace(" ", ""))


def list_durations(subtitle_cues):
    return [round(cue.span.length / 24, 2) for cue in subtitle_cues]


def test_two_who_talk_over_each_other_can_both_be_read():
    film, line = build_scene(
        Line("ana", "I talk at length here for a while okay.", at=24),
        Line("ben", "And I talk over her at the same time okay.", at=36),
        length=480,
    )
    first, second = build_subtitle_cues(film, line)
    assert first.span.start == 240 + 24
    assert all(
        24 * count_columns(cue.lines[0]) <= READING * cue.span.length for cue in (first, second)
    )


def test_a_crowd_shares_what_time_there_is():
    words = "Nobody has the time to listen, I say."  # two seconds to read
    dialogue = [Line(f"voice {n}", words, at=n * 12) for n in range(8)]
    subtitle_cues = build_subtitle_cues(*build_scene(*dialogue[:4], length=480))
    assert list_durations(subtitle_cues) == [2.08] * 4
    crowded = list_durations(build_subtitle_cues(*build_scene(*dialogue, length=600)))
    assert len(crowded) == 8
    assert min(crowded) > 1.1


def test_a_line_that_runs_over_the_cut_does_not_rush_the_next_one():
    shots = (
        Shot("SH010", dialogue=(Line("ana", "This line runs over the cut into the next.", at=84),)),
        Shot("SH020", dialogue=(Line("ben", "He starts before she is done.", at=2),)),
    )
    _, line = build_scene()
    film = Film(Path("/film.yaml"), Path("/"), shots=shots)
    for cue in build_subtitle_cues(film, line):
        assert 24 * count_columns(cue.lines[0]) <= READING * cue.span.length


def test_the_last_word_of_a_film_comes_earlier_rather_than_too_shortly():
    film, line = build_scene(Line("ana", "End", at=115))
    assert build_subtitle_cues(film, line)[0].span == FrameRange(216, 240)
    film, line = build_scene(Line("ana", "And that is the end of it all, for now.", at=110))
    assert build_subtitle_cues(film, line)[0].span.end == 240
    assert build_subtitle_cues(film, line)[0].span.length >= 52  # 39 letters


def test_one_voice_that_says_two_short_things_is_not_two():
    film, line = build_scene(Line("eve", "No", at=10), Line("eve", "I do", at=14))
    assert build_subtitle_cues(film, line)[0].lines == ("No", "I do")


def test_a_voice_in_the_picture_shares_no_cue_with_one_that_is_not():
    film, line = build_scene(Line("ana", "Wait!", at=10), Line("ben", "Never.", at=12, off=True))
    assert [cue.off for cue in build_subtitle_cues(film, line)] == [False, True]


def test_letters_that_are_two_columns_wide_count_as_two():
    words = "日本語の字幕はここにありますそして長い文がここに"
    film, line = build_scene(Line("ana", words, at=0), length=600)
    (cue,) = build_subtitle_cues(film, line)
    assert [count_columns(text) for text in cue.lines] == [24, 24]
    assert cue.span.length >= 64  # 48 columns at 18 a second; to say them takes longer


@pytest.mark.parametrize(
    ("width", "text", "broken"),
    [
        (14, "日本語の字幕はここに、", ["日本語の字幕", "はここに、"]),
        (14, "日本語の字「幕」はここに", ["日本語の字", "「幕」はここに"]),
        (16, "한국어 자막은 여기에", ["한국어 자막은", "여기에"]),
        (12, "ABCDEFGHIJKLMNOPQ", ["ABCDEFGHI", "JKLMNOPQ"]),
        (12, "e\u0301" * 17, ["e\u0301" * 9, "e\u0301" * 8]),
        (16, "a few more words, no more", ["a few more", "words, no more"]),
        (16, "", []),
    ],
)
def test_rows_are_even_and_break_where_the_writing_allows_it(width, text, broken):
    assert break_lines(text, width) == broken


def test_a_cue_stands_as_long_as_it_takes_to_read():
    words = "Extraordinarily straightforward considerations notwithstanding"
    film, line = build_scene(Line("ana", words, at=0), length=600)
    (cue,) = build_subtitle_cues(film, line)
    assert cue.span.length >= 24 * sum(map(len, cue.lines)) // READING
    film, line = build_scene(Line("ana", "No.", at=0), Line("ben", "Yes.", at=400), length=2000)
    assert all(cue.span.length <= LONGEST_S * 24 for cue in build_subtitle_cues(film, line))


def test_a_cue_close_to_a_cut_begins_and_ends_with_it():
    film, line = build_scene(Line("ana", "It came on Tuesday.", at=4))
    assert build_subtitle_cues(film, line)[0].span.start == 120
    lines = (Shot("SH010", dialogue=(Line("ana", "It came on Tuesday.", at=90),)), Shot("SH020"))
    film = Film(Path("/film.yaml"), Path("/"), shots=lines)
    (cue,) = build_subtitle_cues(film, line)
    assert cue.span == FrameRange(90, 120 - GAP)  # it was to end seven frames after the cut
