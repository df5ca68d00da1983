"""Effects: what is known of MoviePy's is true of MoviePy's, and lengths are reckoned backwards."""

from __future__ import annotations

import inspect
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyboard.graph.compiler import Graph, compile_film
from storyboard.graph.effects import adjust_length_for_effects
from storyboard.model.effects import EFFECTS, UNWRITTEN, Effect, compute_duration_after
from storyboard.model.film import Beat, Clip, Footage, Line, MediaFile, Transition, Trim
from storyboard.providers.base import Kind
from storyboard.stitching.media.ffmpeg import load_moviepy
from tests.unit.films import (
    RATE,
    compile_shots,
    list_codes,
    make_film,
    make_footage_facts,
    make_shot,
)

CALLABLE = {"mask", "other_clip", "fx", "fy"}
LEFT_OUT = {"apply_to", "apply_to_mask", "update_start_end", "opacity"}
"""Arguments that mean nothing where one clip is made into one take."""

SLOW = Effect("MultiplySpeed", {"factor": 0.5})
FAST = Effect("MultiplySpeed", {"factor": 2})
FOOTAGE = Clip(file=MediaFile(Path("/films/a.mov"), "a.mov"))
BEATS = (Beat(0, "A tram"), Beat(10 * 24, "It stops"))


def test_every_effect_of_moviepy_is_known_with_its_arguments() -> None:
    moviepy = load_moviepy()
    classes: dict[str, Any] = {}
    for module in (moviepy.vfx, moviepy.afx):
        classes |= {n: c for n, c in vars(module).items() if inspect.isclass(c) and n[0].isupper()}
    classes = {name: kind for name, kind in classes.items() if hasattr(kind, "apply")}
    assert EFFECTS.keys() | UNWRITTEN.keys() == classes.keys() - {"Effect"}
    for name, known in EFFECTS.items():
        takes = inspect.signature(classes[name]).parameters
        assert set(known.arguments) == takes.keys() - CALLABLE - LEFT_OUT, name
        needed = {n for n, each in takes.items() if each.default is each.empty}
        assert needed == {group[0] for group in known.required_groups if len(group) == 1}, name


@pytest.mark.parametrize(
    ("effect", "seconds"),
    [
        (SLOW, 4),
        (FAST, 1),
        (Effect("MultiplySpeed", {"final_duration": 3}), 3),
        (Effect("Loop", {"n": 3}), 6),
        (Effect("Loop", {"duration": 5}), 5),
        (Effect("Freeze", {"freeze_duration": 1}), 3),
        (Effect("Freeze", {"total_duration": 5}), 5),
        (Effect("MakeLoopable", {"overlap_duration": 0.5}), Fraction(3, 2)),
        (Effect("TimeSymmetrize"), 4),
        (Effect("AccelDecel", {"new_duration": 6}), 6),
        (Effect("FadeIn", {"duration": 1}), 2),
    ],
)
def test_lengths_are_those_of_moviepy(effect: Effect, seconds: Fraction) -> None:
    assert compute_duration_after([effect], Fraction(2)) == seconds
    moviepy = load_moviepy()
    clip = moviepy.ColorClip((16, 16), color=(9, 9, 9), duration=2).with_fps(24)
    made = clip.with_effects([getattr(moviepy.vfx, effect.name)(**effect.arguments)])
    assert made.duration == pytest.approx(float(seconds))


@given(
    length=st.integers(1, 200),
    factors=st.lists(st.sampled_from([0.25, 0.5, 0.9, 1.5, 2, 7]), min_size=1, max_size=3),
)
def test_the_fewest_frames_are_taken_that_fill_the_length(
    length: int, factors: list[float]
) -> None:
    effects = tuple(Effect("MultiplySpeed", {"factor": each}) for each in factors)
    taken = adjust_length_for_effects(
        make_shot("SH010", length=length, effects=effects), RATE
    ).length
    assert taken is not None

    def count_output_frames(frames: int) -> int:
        return int(compute_duration_after(effects, RATE.to_seconds(frames)) * RATE.value)

    assert count_output_frames(taken) >= length
    assert taken == 1 or count_output_frames(taken - 1) < length


def find_effect_step(graph: Graph) -> Any:
    step = graph.steps["SH010.effects"]
    assert (step.kind, step.provider, step.price_micros) == (Kind.EFFECT, "effects", 0)
    return step


def test_length_stays_the_seconds_on_screen() -> None:
    graph = compile_shots(make_shot("SH010", length=4 * 24, effects=(FAST,)))
    assert graph.steps["SH010"].settings.duration_s == 8
    assert find_effect_step(graph).settings.options["parts"] == [[0, 8 * 24]]
    assert graph.timeline.length == 4 * 24
    assert [part.step for part in graph.timeline.events[0].slices] == ["SH010.effects"]
    slow = compile_shots(make_shot("SH010", length=8 * 24, effects=(SLOW,)))
    assert slow.steps["SH010"].settings.duration_s == 4


def test_without_a_length_all_of_the_take_plays() -> None:
    graph = compile_shots(make_shot("SH010", duration=4 * 24, effects=(SLOW,)))
    assert graph.timeline.length == 8 * 24


def test_what_is_the_same_on_every_frame_keeps_the_handles() -> None:
    blend = Transition("dissolve", 12)
    plain = (Effect("BlackAndWhite"),)
    graph = compile_shots(
        make_shot("SH010", length=3 * 24, effects=plain),
        make_shot("SH020", length=48, transition=blend),
    )
    assert find_effect_step(graph).settings.options["parts"] == [[0, 4 * 24]]
    assert graph.timeline.length == 5 * 24
    faded = (Effect("FadeOut", {"duration": 1}),)
    graph = compile_shots(
        make_shot("SH010", length=3 * 24, effects=faded),
        make_shot("SH020", length=48, transition=blend),
    )
    assert find_effect_step(graph).settings.options["parts"] == [[0, 3 * 24]]
    assert list_codes(graph, "warning") == ["SB355"]


def test_a_take_is_used_again_without_the_effects_of_its_first_shot() -> None:
    graph = compile_shots(
        make_shot("SH010", length=48, effects=(SLOW,)),
        make_shot("SH020", clip=Clip(shot="SH010"), length=48),
    )
    assert [part.step for part in graph.timeline.events[1].slices] == ["SH010"]
    assert graph.steps["SH010.effects"].parents == ("SH010",)


def test_a_frame_is_the_take_s_own() -> None:
    graph = compile_shots(
        make_shot("SH010", length=48, effects=(SLOW,)), make_shot("SH020", continues="SH010")
    )
    assert graph.steps["SH020"].parents == ("SH010",)


def test_what_effects_can_not_fill_is_refused() -> None:
    loop = Effect("Loop", {"duration": 2})
    assert list_codes(compile_shots(make_shot("SH010", length=72, effects=(loop,)))) == ["SB358"]
    lag = make_shot("SH010", length=48, effects=(SLOW,), audio_lag=12)
    assert list_codes(compile_shots(lag)) == ["SB358"]


@pytest.mark.parametrize(
    ("shot", "message", "hint"),
    [
        (
            {"length": 20 * 24, "effects": (FAST,)},
            "`MultiplySpeed` of SH010 needs 40 s of the take to play 20 s; one take of"
            " veo-3.1-generate-001 on vertex is at most 8 s",
            "length: 4   # 8 s of the take play as 4 s",
        ),
        (
            {"length": 100 * 24, "effects": (FAST,), "beats": BEATS},
            "`MultiplySpeed` of SH010 needs 200 s of the take to play 100 s; ",
            " s of the take play as ",
        ),
        (
            {"clip": FOOTAGE, "length": 6 * 24, "effects": (FAST,)},
            "`MultiplySpeed` of SH010 needs 12 s of a.mov, which has only 10 s",
            "`effects` that need less of the take",
        ),
        (
            {"clip": FOOTAGE, "effects": (Effect("MultiplySpeed", {"factor": 1000}),)},
            "`MultiplySpeed` of SH010 makes 0 s, but the shot needs 0.083 s",
            "other effects",
        ),
    ],
)
def test_effects_that_ask_for_an_illegal_length_are_named_in_one_error(
    shot: dict[str, Any], message: str, hint: str
) -> None:
    dissolve = Transition("dissolve", 12)
    graph = compile_shots(
        make_shot("SH010", provider="vertex", **shot),
        make_shot("SH020", color="red", length=48, transition=dissolve),
        length=5,
    )
    (told,) = graph.diagnostics
    assert message in told.message
    assert hint in told.hint
    assert told.span == graph.film.shots[0].origins["effects"].value


def make_freeze(**given: Any) -> tuple[Effect, ...]:
    return (Effect("Freeze", given),)


def test_the_frame_of_a_freeze_is_within_the_used_range() -> None:
    for effects in (make_freeze(t=1, total_duration=3), make_freeze(t=1, freeze_duration=2)):
        graph = compile_shots(make_shot("SH010", length=72, effects=effects))
        assert find_effect_step(graph).settings.options["parts"] == [[0, 25]]
    graph = compile_shots(
        make_shot("SH010", length=24, effects=make_freeze(t=1, freeze_duration=1))
    )
    assert find_effect_step(graph).settings.options["parts"] == [[0, 25]]


def test_a_freeze_beyond_the_shot_or_longer_than_it_may_be_is_refused() -> None:
    for effects, message in (
        (make_freeze(t=5, freeze_duration=1), "freezes the picture at 5 s, but gets only 4 s"),
        (
            make_freeze(t="end", padding_end=6, freeze_duration=1),
            "at 6 s before the end, but gets only",
        ),
        (make_freeze(total_duration=3), "it 3 s long: it already has 4 s"),
        ((FAST, *make_freeze(t=3, freeze_duration=1)), "at 3 s, but gets only 2 s"),
    ):
        graph = compile_shots(make_shot("SH010", duration=4 * 24, effects=effects))
        (error,) = (each for each in graph.diagnostics if each.severity == "error")
        assert error.code == "SB358"
        assert message in error.message
    whole = compile_shots(
        make_shot("SH010", duration=4 * 24, effects=make_freeze(t=4, freeze_duration=1))
    )
    assert whole.timeline.length == 5 * 24, "the last picture is held"


def test_footage_that_ends_before_its_effects_are_satisfied_is_refused() -> None:
    clip = Clip(file=MediaFile(Path("/films/a.mov"), "a.mov"))
    graph = compile_shots(
        make_shot("SH010", clip=clip, length=24, effects=make_freeze(t=100, freeze_duration=1))
    )
    (error,) = (each for each in graph.diagnostics if each.severity == "error")
    assert error.code == "SB358"
    assert "`effects` that need less of the take" in error.hint


def test_what_a_trim_leaves_is_used_as_it_is_where_that_makes_the_length() -> None:
    effects = make_freeze(t=1, total_duration=3)
    for length in ({}, {"length": 72}):
        cut = make_shot("SH010", duration=4 * 24, trim=Trim(24, 72), effects=effects, **length)
        step = find_effect_step(compile_shots(cut))
        assert (step.settings.options["parts"], step.settings.options["frames"]) == ([[24, 72]], 72)


def test_words_that_are_slowed_are_warned_of() -> None:
    said = (Line("ana", "It came on Tuesday."),)
    assert list_codes(
        compile_shots(make_shot("SH010", length=96, effects=(SLOW,), dialogue=said)), "warning"
    ) == ["SB365"]
    graph = compile_shots(make_shot("SH010", length=96, effects=(SLOW,), narration=said))
    assert list_codes(graph, "warning") == []


def test_the_identity_of_an_effect_says_what_a_player_does_to_its_clip() -> None:
    clip = Clip(file=MediaFile(Path("/films/a.mp4"), "a.mp4"))
    film = make_film(make_shot("SH010", clip=clip, effects=(FAST,)))
    told = []
    for reading in ("", "turned by 90"):
        footage = Footage(make_footage_facts(), clip_reading=reading)
        graph = compile_film(film, read_footage=lambda _, footage=footage: footage)
        told.append(graph.steps["SH010.effects"].settings.options.get("readings"))
    assert told == [None, ["turned by 90"]]
