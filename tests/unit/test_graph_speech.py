"""Speech: a line stands in the film where its take speaks it, or is said to be cut away."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyboard.graph.compiler import Graph
from storyboard.graph.dialogue_timing import PlacedLine, place_dialogue
from storyboard.model.effects import Effect
from storyboard.model.film import (
    Beat,
    Clip,
    Line,
    MediaFile,
    Policy,
    Transition,
    Trim,
)
from storyboard.timecode import FrameRange
from tests.unit.films import RATE, compile_shots, list_codes, make_shot

TUESDAY = "It came on Tuesday."  # four words: 37 frames


def list_lines(graph: Graph) -> list[PlacedLine]:
    return list(place_dialogue(graph.film, graph.timeline))


def find_spoken_frames(graph: Graph, words: str) -> list[int]:
    """The film frames at which the takes begin to speak the words, as they are asked for them."""
    starts = []
    for event in graph.timeline.events:
        cursor = event.visible.start
        for part in event.slices:
            step = graph.steps.get(part.step)
            for line in step.intent.dialogue if step else ():
                frame = RATE.to_frames(line.at_s)
                if line.words == words and frame in part.source:
                    starts.append(cursor + frame - part.source.start)
            cursor += part.source.length
    return starts


def test_a_line_keeps_its_moment_of_the_take_when_the_take_is_trimmed() -> None:
    graph = compile_shots(
        make_shot("SH010", color="black", length=24),
        make_shot(
            "SH020",
            duration=8 * 24,
            trim=Trim(start=48),
            length=6 * 24,
            dialogue=(Line("ana", TUESDAY, at=84),),
        ),
    )
    (line,) = list_lines(graph)
    assert line.audible_range == FrameRange(24 + 36, 24 + 36 + 37)
    assert find_spoken_frames(graph, TUESDAY) == [24 + 36]
    assert list_codes(graph, "warning") == []


@settings(max_examples=40, deadline=None)
@given(
    trim=st.integers(-60, 100),
    length=st.integers(24, 90),
    at=st.integers(0, 180),
    blend=st.sampled_from([0, 12]),
)
def test_what_is_heard_is_what_the_takes_were_asked_to_speak(
    trim: int, length: int, at: int, blend: int
) -> None:
    graph = compile_shots(
        make_shot("SH010", length=48),
        make_shot(
            "SH020",
            duration=8 * 24,
            trim=Trim(start=trim),
            length=length if trim >= 0 else None,
            transition=Transition("dissolve", blend),
            dialogue=(Line("ana", TUESDAY, at=at),),
        ),
        make_shot("SH030", color="black", length=48),
    )
    (line,) = list_lines(graph)
    heard = find_spoken_frames(graph, TUESDAY)
    if heard:
        assert line.audible_range
        assert heard == [line.audible_range.start]
    else:
        assert line.audible_range is None or line.audible_range.start != line.span.start


def test_lines_of_a_chain_count_from_what_each_shot_adds() -> None:
    graph = compile_shots(
        make_shot("SH010", length=8 * 24),
        make_shot(
            "SH020",
            extends="SH010",
            trim=Trim(start=24),
            length=5 * 24,
            dialogue=(Line("ana", TUESDAY, at=48),),
        ),
    )
    (line,) = list_lines(graph)
    assert line.span.start == 8 * 24 + 24
    assert find_spoken_frames(graph, TUESDAY) == [line.span.start]


@pytest.mark.parametrize(("seconds", "at"), [(20, 14), (200, 170)])
def test_lines_of_a_long_take_stand_in_the_hop_that_speaks_them(seconds: int, at: int) -> None:
    dialogue = (Line("ana", "Who is it?", at=4 * 24), Line("ben", TUESDAY, at=at * 24))
    length = seconds * 24
    graph = compile_shots(
        make_shot("SH010", beats=(Beat(0, "A tram climbs"),), length=length, dialogue=dialogue),
        make_shot(
            "SH020", clip=Clip(shot="SH010"), trim=Trim(start=3 * 24), length=length - 3 * 24
        ),
        policy=Policy(on_limit="reanchor"),
    )
    assert len([step for step in graph.steps if step.startswith("SH010.")]) > 1
    first, second, third, fourth = list_lines(graph)
    assert find_spoken_frames(graph, "Who is it?") == [first.span.start, third.span.start]
    assert third.span.start == length + 24
    for heard, line in zip(find_spoken_frames(graph, TUESDAY), (second, fourth), strict=True):
        assert abs(heard - line.span.start) <= 1  # a new run repeats a frame before its own


def test_a_voice_over_a_colour_counts_from_the_shot_and_rings_on() -> None:
    graph = compile_shots(
        make_shot(
            "SH010",
            color="black",
            trim=Trim(start=24),
            length=48,
            dialogue=(Line("ana", TUESDAY, at=24, off=True),),
        ),
        make_shot("SH020", length=48),
    )
    (line,) = list_lines(graph)
    assert (line.by_take, line.audible_range) == (False, FrameRange(24, 24 + 37))
    assert list_codes(graph, "warning") == []


def test_a_line_that_is_cut_away_is_warned_of_and_not_heard() -> None:
    dialogue = (Line("ana", TUESDAY, at=24), Line("ben", "Three days, Ana.", at=100))
    graph = compile_shots(
        make_shot("SH010", duration=8 * 24, trim=Trim(start=72), length=36, dialogue=dialogue)
    )
    first, second = list_lines(graph)
    assert first.audible_range is None
    assert second.audible_range == FrameRange(28, 36)
    assert list_codes(graph, "warning") == ["SB366", "SB366"]
    part, outside = (each.message for each in graph.diagnostics)
    assert outside == "this line is outside the used range of SH010's take (3 to 4.5 s)"
    assert part.startswith("about 0.8 s of this line is outside")


def test_what_a_lag_or_a_lead_lets_through_is_heard() -> None:
    late = make_shot(
        "SH010", duration=8 * 24, length=72, audio_lag=48, dialogue=(Line("a", TUESDAY, at=60),)
    )
    early = make_shot(
        "SH020",
        duration=8 * 24,
        trim=Trim(start=72),
        length=72,
        audio_lead=48,
        dialogue=(Line("b", TUESDAY, at=30),),
    )
    graph = compile_shots(late, early)
    first, second = list_lines(graph)
    assert first.audible_range == first.span == FrameRange(60, 97)
    assert second.audible_range == second.span == FrameRange(72 - 42, 72 - 42 + 37)
    assert list_codes(graph, "warning") == []


def test_a_take_used_again_brings_its_lines_along() -> None:
    dialogue = (Line("ana", TUESDAY, at=108),)
    first = make_shot("SH010", duration=8 * 24, length=72, dialogue=dialogue)
    again = make_shot("SH020", clip=Clip(shot="SH010"), trim=Trim(start=96), length=96)
    graph = compile_shots(first, again)
    first_line, heard = list_lines(graph)
    assert first_line.audible_range is None
    assert (heard.is_borrowed, heard.audible_range) == (True, FrameRange(72 + 12, 72 + 12 + 37))
    assert list_codes(graph, "warning") == []  # it is heard after all
    muted = make_shot("SH020", clip=Clip(shot="SH010"), trim=Trim(start=96), length=96, mute=True)
    assert list_codes(compile_shots(first, muted), "warning") == ["SB366"]


def test_speech_that_is_slowed_stands_later() -> None:
    slow = (Effect("MultiplySpeed", {"factor": 0.5}),)
    graph = compile_shots(
        make_shot("SH010", length=8 * 24, effects=slow, dialogue=(Line("ana", TUESDAY, at=24),))
    )
    (line,) = list_lines(graph)
    assert line.audible_range == FrameRange(48, 48 + 74)


def test_a_pace_is_that_of_the_effect_however_much_of_it_is_played() -> None:
    slow = (Effect("MultiplySpeed", {"final_duration": 16}),)
    said = (Line("ana", TUESDAY, at=24),)
    graph = compile_shots(
        make_shot("SH010", duration=8 * 24, length=72, effects=slow, dialogue=said)
    )
    (line,) = list_lines(graph)
    assert line.span == FrameRange(48, 48 + 74)


def test_a_frame_less_of_a_line_is_nothing_to_speak_of() -> None:
    said = (Line("ana", TUESDAY, at=0),)
    graph = compile_shots(
        make_shot("SH010", duration=8 * 24, trim=Trim(start=1), length=5 * 24, dialogue=said)
    )
    assert list_codes(graph, "warning") == []


def test_lines_over_a_clip_are_timed_from_its_used_part_by_default() -> None:
    def place_line(*said: Line) -> list[FrameRange]:
        footage = MediaFile(Path("/films/harbour.mp4"), "harbour.mp4")
        clip = make_shot(
            "FOOT", clip=Clip(file=footage), trim=Trim(start=48), length=120, dialogue=said
        )
        graph = compile_shots(clip)
        assert list_codes(graph, "warning") == []
        return [line.span for line in list_lines(graph)]

    assert place_line(Line("ana", TUESDAY)) == [FrameRange(12, 12 + 37)]
    assert place_line(Line("ana", TUESDAY, at=72)) == [FrameRange(24, 24 + 37)]
