"""Which voice a few words mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyboard.providers.google.voices import USUAL_VOICE, VOICES, choose_voice_name

WOMEN = {each.name for each in VOICES if each.is_woman}


def test_there_are_thirty() -> None:
    assert len({each.name for each in VOICES}) == 30


@pytest.mark.parametrize(
    ("words", "voice"),
    [
        ("", USUAL_VOICE),
        ("…", USUAL_VOICE),
        ("Charon", "Charon"),
        ("the voice of charon, a little hoarse", "Charon"),
        ("an old, gravelly man", "Algenib"),
        ("gruff sailor", "Algenib"),
        ("a young woman, youthful", "Leda"),
        ("warm woman", "Sulafat"),
        ("a breathy man", "Enceladus"),
        ("easy-going woman", "Callirrhoe"),
        ("baritone", "Algieba"),
        ("bass", "Algenib"),
        ("tenor", "Iapetus"),
        ("alto", "Gacrux"),
    ],
)
def test_words_mean_a_voice(words: str, voice: str) -> None:
    assert choose_voice_name(words) == voice


def test_women_and_men_are_told_apart() -> None:
    for words in ("a woman", "a girl who laughs", "her mother", "queen of the north"):
        assert choose_voice_name(words) in WOMEN
    for words in ("a man", "tired boy", "his father", "the king"):
        assert choose_voice_name(words) not in WOMEN


def test_people_of_whom_little_is_said_sound_different() -> None:
    said = [f"a man from {town}" for town in ("Bern", "Oslo", "Lyon", "Cork", "Graz", "Turin")]
    assert len({choose_voice_name(words) for words in said}) > 3


@given(st.text())
def test_the_same_words_are_always_the_same_voice(words: str) -> None:
    assert choose_voice_name(words) in {each.name for each in VOICES}
    assert (
        choose_voice_name(words) == choose_voice_name(words.upper().lower()) or not words.isascii()
    )
