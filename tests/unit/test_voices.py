"""Which voice a few words mean."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyboard.pipeline.session import check_film
from storyboard.providers.catalog import load_catalog
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


def test_the_catalogue_lists_the_voices_of_every_speech_model() -> None:
    models = [model for model in load_catalog().models.values() if model.makes == "speech"]
    assert models
    assert all(model.voices == tuple(voice.name for voice in VOICES) for model in models)


def warn_of_voice(folder: Path, voice: str) -> list[tuple[str, str]]:
    """Code and hint of each warning about a cast member with that voice."""
    path = folder / "film.yaml"
    path.write_text(
        "storyboard: 1\ndefaults: {provider: vertex, model: veo-3.1}\n"
        f"cast: {{nan: {{voice: '{voice}'}}}}\n"
        "shots: [{id: A, color: red, length: 4, narration: {nan: hello}}]\n"
    )
    return [(each.code, each.hint) for each in check_film(path).diagnostics]


@pytest.mark.parametrize("voice", ["Korre", "korre", "Callirhoe", "Algeiba, gravelly"])
def test_a_misspelt_voice_is_warned_of_with_the_nearest(tmp_path: Path, voice: str) -> None:
    ((code, hint),) = warn_of_voice(tmp_path, voice)
    assert code == "SB434"
    assert hint.startswith("did you mean `")


@pytest.mark.parametrize(
    "voice",
    [
        "Kore",
        "CHARON",
        "charon, a little hoarse",
        "old gravelly man bright upbeat firm youthful breezy smooth soft even mature warm",
        "casual gentle lively forward clear breathy excitable easy-going informative friendly",
        "a core of steel, an orc, lead singer, pack leader, chair, odd",
    ],
)
def test_free_words_are_no_misspelt_voices(tmp_path: Path, voice: str) -> None:
    assert warn_of_voice(tmp_path, voice) == []
