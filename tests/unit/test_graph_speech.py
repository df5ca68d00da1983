"""Speech: a line stands in the film where its take speaks it, or is said to be cut away."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyboard.effects import Effect
from storyboard.film import Beat, Clip, Line, MediaFile, Policy, Transition, TransitionKind, Trim
from storyboard.graph.compile import Graph
from storyboard.graph.speech import Spoken, spoken
from storyboard.timecode import FrameRange
from tests.unit.films import RATE, codes, compiled, shot

TUESDAY = "It came on Tuesday."  # four words: 37 frames


def lines(graph: Graph) -> list[Spoken]:
    return list(spoken(graph.film, graph.timeline))


def sounding(graph: Graph, words: str) -> list[int]:
    """The film frames at which the takes begin to speak the words, as they are asked for them."""
    found = []
    for event in graph.timeline.events:
        cursor = event.visible.start
        for part in event.slices:
            step = graph.steps.get(part.step)
            for line in step.intent.dialogue if step else ():
                frame = RATE.frames(line.at_s)
                if line.words == words and frame in part.source:
                    found.append(cursor + frame - part.source.start)
            cursor += part.source.length
    return found


def test_a_line_keeps_its_moment_of_the_take_when_the_take_is_trimmed() -> None:
    graph = compiled(
        shot("SH010", color="black", length=24),
        shot(
            "SH020",
            duration=8 * 24,
            trim=Trim(start=48),
            length=6 * 24,
            dialogue=(Line("ana", TUESDAY, at=84),),
        ),
    )
    (line,) = lines(graph)
    assert line.heard == FrameRange(24 + 36, 24 + 36 + 37)
    assert sounding(graph, TUESDAY) == [24 + 36]
    assert codes(graph, "warning") == []


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
    graph = compiled(
        shot("SH010", length=48),
        shot(
            "SH020",
            duration=8 * 24,
            trim=Trim(start=trim),
            length=length if trim >= 0 else None,
            transition=Transition(TransitionKind.DISSOLVE, blend),
            dialogue=(Line("ana", TUESDAY, at=at),),
        ),
        shot("SH030", color="black", length=48),
    )
    (line,) = lines(graph)
    heard = sounding(graph, TUESDAY)
    if heard:
        assert line.heard
        assert heard == [line.heard.start]
    else:
        assert line.heard is None or line.heard.start != line.span.start


def test_lines_of_a_chain_count_from_what_each_shot_adds() -> None:
    graph = compiled(
        shot("SH010", length=8 * 24),
        shot(
            "SH020",
            extends="SH010",
            trim=Trim(start=24),
            length=5 * 24,
            dialogue=(Line("ana", TUESDAY, at=48),),
        ),
    )
    (line,) = lines(graph)
    assert line.span.start == 8 * 24 + 24
    assert sounding(graph, TUESDAY) == [line.span.start]


@pytest.mark.parametrize(("seconds", "at"), [(20, 14), (200, 170)])
def test_lines_of_a_long_take_stand_in_the_hop_that_speaks_them(seconds: int, at: int) -> None:
    said = (Line("ana", "Who is it?", at=4 * 24), Line("ben", TUESDAY, at=at * 24))
    length = seconds * 24
    graph = compiled(
        shot("SH010", beats=(Beat(0, "A tram climbs"),), length=length, dialogue=said),
        shot("SH020", clip=Clip(shot="SH010"), trim=Trim(start=3 * 24), length=length - 3 * 24),
        policy=Policy(on_limit="reanchor"),
    )
    assert len([step for step in graph.steps if step.startswith("SH010.")]) > 1
    first, second, third, fourth = lines(graph)
    assert sounding(graph, "Who is it?") == [first.span.start, third.span.start]
    assert third.span.start == length + 24
    for heard, line in zip(sounding(graph, TUESDAY), (second, fourth), strict=True):
        assert abs(heard - line.span.start) <= 1  # a new run repeats a frame before its own


def test_a_voice_over_a_colour_counts_from_the_shot_and_rings_on() -> None:
    graph = compiled(
        shot(
            "SH010",
            color="black",
            trim=Trim(start=24),
            length=48,
            dialogue=(Line("ana", TUESDAY, at=24, off=True),),
        ),
        shot("SH020", length=48),
    )
    (line,) = lines(graph)
    assert (line.by_take, line.heard) == (False, FrameRange(24, 24 + 37))
    assert codes(graph, "warning") == []


def test_a_line_that_is_cut_away_is_warned_of_and_not_heard() -> None:
    said = (Line("ana", TUESDAY, at=24), Line("ben", "Three days, Ana.", at=100))
    graph = compiled(shot("SH010", duration=8 * 24, trim=Trim(start=72), length=36, dialogue=said))
    first, second = lines(graph)
    assert first.heard is None
    assert second.heard == FrameRange(28, 36)
    assert codes(graph, "warning") == ["SB366", "SB366"]
    outside, part = (each.message for each in graph.diagnostics)
    assert outside == "this line lies outside what SH010 plays of the take, 3 to 4.5 s"
    assert part.startswith("about 0.8 s of this line lies outside")


def test_what_a_lag_or_a_lead_lets_through_is_heard() -> None:
    late = shot(
        "SH010", duration=8 * 24, length=72, audio_lag=48, dialogue=(Line("a", TUESDAY, at=60),)
    )
    early = shot(
        "SH020",
        duration=8 * 24,
        trim=Trim(start=72),
        length=72,
        audio_lead=48,
        dialogue=(Line("b", TUESDAY, at=30),),
    )
    graph = compiled(late, early)
    first, second = lines(graph)
    assert first.heard == first.span == FrameRange(60, 97)
    assert second.heard == second.span == FrameRange(72 - 42, 72 - 42 + 37)
    assert codes(graph, "warning") == []


def test_a_take_used_again_brings_its_lines_along() -> None:
    said = (Line("ana", TUESDAY, at=108),)
    first = shot("SH010", duration=8 * 24, length=72, dialogue=said)
    again = shot("SH020", clip=Clip(shot="SH010"), trim=Trim(start=96), length=96)
    graph = compiled(first, again)
    left, heard = lines(graph)
    assert left.heard is None
    assert (heard.borrowed, heard.heard) == (True, FrameRange(72 + 12, 72 + 12 + 37))
    assert codes(graph, "warning") == []  # it is heard after all
    muted = shot("SH020", clip=Clip(shot="SH010"), trim=Trim(start=96), length=96, mute=True)
    assert codes(compiled(first, muted), "warning") == ["SB366"]


def test_speech_that_is_slowed_stands_later() -> None:
    slow = (Effect("MultiplySpeed", {"factor": 0.5}),)
    graph = compiled(
        shot("SH010", length=8 * 24, effects=slow, dialogue=(Line("ana", TUESDAY, at=24),))
    )
    (line,) = lines(graph)
    assert line.heard == FrameRange(48, 48 + 74)


def test_a_pace_is_that_of_the_effect_however_much_of_it_is_played() -> None:
    slow = (Effect("MultiplySpeed", {"final_duration": 16}),)
    said = (Line("ana", TUESDAY, at=24),)
    graph = compiled(shot("SH010", duration=8 * 24, length=72, effects=slow, dialogue=said))
    (line,) = lines(graph)
    assert line.span == FrameRange(48, 48 + 74)


def test_a_frame_less_of_a_line_is_nothing_to_speak_of() -> None:
    said = (Line("ana", TUESDAY, at=0),)
    graph = compiled(
        shot("SH010", duration=8 * 24, trim=Trim(start=1), length=5 * 24, dialogue=said)
    )
    assert codes(graph, "warning") == []


def test_words_over_a_clip_begin_where_it_is_used_unless_they_say_otherwise() -> None:
    def over(*said: Line) -> list[FrameRange]:
        footage = MediaFile(Path("/films/harbour.mp4"), "harbour.mp4")
        clip = shot("FOOT", clip=Clip(file=footage), trim=Trim(start=48), length=120, dialogue=said)
        graph = compiled(clip)
        assert codes(graph, "warning") == []
        return [line.span for line in lines(graph)]

    assert over(Line("ana", TUESDAY)) == [FrameRange(12, 12 + 37)]
    assert over(Line("ana", TUESDAY, at=72)) == [FrameRange(24, 24 + 37)]
