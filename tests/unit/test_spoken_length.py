"""A line takes as long as it is spoken, in whatever script it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyboard.errors import Severity
from storyboard.model.spoken_length import (
    WORDS_PER_SECOND,
    count_spoken_words,
    measure_spoken_length,
)
from storyboard.pipeline.session import FilmSession, check_film
from storyboard.simulator.media.sample_content import PCM_RATE, synthesize_speech_tones
from storyboard.simulator.validation.generate_content import ContentRequest

SAME_LINE = {
    # a sentence of some four seconds, at the common pace of each language
    "English": ("The old man climbed two hundred steps every evening.", 2.8, 4.2),
    "Chinese": ("老人每天晚上都要爬两百级台阶去点灯。", 3.2, 5.0),
    "Japanese": ("老人は毎晩、二百段の階段を登って灯りをともした。", 3.2, 5.2),
    "Korean": ("노인은 매일 저녁 이백 개의 계단을 올라 불을 켰다.", 2.6, 4.8),
    "Thai": ("ชายชราปีนบันไดสองร้อยขั้นทุกเย็นเพื่อจุดไฟ", 2.2, 5.0),
}


@pytest.mark.parametrize("language", SAME_LINE)
def test_one_sentence_takes_about_as_long_in_every_language(language: str) -> None:
    text, shortest_s, longest_s = SAME_LINE[language]
    assert shortest_s < float(count_spoken_words(text) / WORDS_PER_SECOND) < longest_s


@given(st.text(alphabet=st.characters(max_codepoint=0x24F)))
def test_words_between_blanks_are_counted_as_ever(text: str) -> None:
    assert count_spoken_words(text) == len(text.split())


LETTERS = st.text(alphabet="ab 老人きゃーกัน한글เ")


@given(LETTERS, LETTERS)
def test_a_longer_text_never_takes_less_time(text: str, more: str) -> None:
    assert count_spoken_words(f"{text} {more}") >= count_spoken_words(text)


def test_marks_and_small_kana_take_no_time_of_their_own() -> None:
    assert count_spoken_words("きょう") == count_spoken_words("きう")
    assert count_spoken_words("กำ") >= count_spoken_words("ก")
    assert count_spoken_words("老人。") == count_spoken_words("老人")


NARRATED = """\
storyboard: 1
format: {resolution: 720p}
defaults: {provider: gemini, model: omni-flash}
cast: {li: {description: a ferryman, voice: Kore}}
shots:
  - id: SH010
    prompt: Li on the quay
    duration: 4
    cast: [li]
    dialogue: [{li: %s}]
  - {id: SH020, color: black, length: 20, narration: [{li: %s}]}
"""
LONG = "昨天夜里我在码头等了整整三个钟头，雨一直没有停，你却没有来，也没有给我打电话。"


def test_a_line_that_nobody_can_say_in_time_is_refused(tmp_path: Path) -> None:
    film = tmp_path / "film.yaml"
    film.write_text(NARRATED % (LONG * 2, LONG), encoding="utf-8")
    (error,) = (d for d in check_film(film).diagnostics if d.severity is Severity.ERROR)
    assert error.code == "SB309"
    assert "characters in 4 s" in error.message
    assert "4.2 per second" in error.hint


def test_narration_is_planned_and_priced_for_as_long_as_it_is_spoken(tmp_path: Path) -> None:
    film = tmp_path / "film.yaml"
    film.write_text(NARRATED % ("好。", LONG), encoding="utf-8")
    plan = FilmSession(check_film(film)).plan()
    (item,) = plan.timeline.narration
    planned_s = float(plan.timeline.rate.to_seconds(item.span.length))
    spoken = synthesize_speech_tones(ContentRequest("tts", "AUDIO", LONG))
    spoken_s = len(spoken) / 2 / PCM_RATE
    assert 7 < planned_s < 12
    assert planned_s * 0.9 < spoken_s < planned_s * 1.3
    (price,) = (node.step.price_micros for node in plan.nodes if node.step.id == item.step)
    assert price >= spoken_s * 225, "the plan is an upper bound"


def test_people_count_what_they_see() -> None:
    assert measure_spoken_length(["老人每天", "点灯"]).unit == "characters"
    assert measure_spoken_length(["老人每天", "点灯"]).count == 6
    assert measure_spoken_length(["Two words"]).unit == "words"
